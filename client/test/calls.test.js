// Calls between user agents over relays that may lie: docs/protocols/sip.md, section 7.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, hex, random } from '../core/bytes.js';
import { first, response } from '../core/sip/message.js';
import { accepted } from './fake/people.js';
import { ALICE, BOB, over, requests, ringing, running, soon, talking, two } from './fake/two.js';

test('a call rings, is accepted, and ends at both sides', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  assert.equal(it.alice.legs[0].speaking || it.bob.legs[0].speaking, false, 'no microphone before the answer');
  assert.equal(it.alice.legs[0].remote, it.bob.legs[0].local, 'media connect while it rings');
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  assert.equal(it.bob.legs[0].remote, it.alice.legs[0].local);
  it.time.advance(5000);
  await it.alice.calls.hangUp();
  await it.bob.until(over);
  assert.deepEqual([it.alice.past[0].result, it.bob.past[0].result], ['answered', 'answered']);
  assert.equal(it.alice.past[0].seconds, 5);
  assert.ok(it.alice.legs[0].closed && it.bob.legs[0].closed);
  assert.equal(requests(it.relay, 'ACK').length, 1);
});

test('keys are pressed while the call runs, not before and not afterwards', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await it.bob.until(ringing);
  assert.equal(it.alice.calls.press('1'), false);
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  assert.ok(it.alice.calls.press('4') && it.alice.calls.press('#'));
  assert.equal(it.alice.legs[0].pressed, '4#');
  await it.alice.calls.hangUp();
  await it.bob.until(over);
  assert.equal(it.alice.calls.press('2'), false);
});

test('an end that is known for a relay only later is told so, and back', async () => {
  const it = await two();
  await talking(it);
  assert.equal(it.alice.call.direct, true);
  it.alice.legs[0].direct = false;
  it.time.advance(2000);
  await it.alice.until((s) => s.call?.direct === false);
  it.alice.legs[0].direct = true;
  it.time.advance(2000);
  await it.alice.until((s) => s.call?.direct === true);
  assert.equal(it.bob.call.direct, true);
});

test('the called side hangs up too', async () => {
  const it = await two();
  await talking(it);
  await it.bob.calls.hangUp();
  await it.alice.until(over);
  assert.equal(it.alice.past[0].result, 'answered');
});

test('the called side gives up at any moment after it accepted: the call ends at both', async () => {
  for (let turns = 0; turns <= 60; turns += 2) {
    const it = await two();
    await it.alice.calls.call(BOB);
    await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
    const accepting = it.bob.calls.accept();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    if (turns > 40) await new Promise((resolve) => setImmediate(resolve));
    await it.bob.calls.hangUp();
    await accepting;
    await it.alice.until(over);
    assert.equal(it.bob.call, null, `after ${turns} turns`);
  }
});

test('declined, also with a message', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await it.bob.until(ringing);
  await it.bob.calls.decline('later');
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.declined');
  assert.equal(it.bob.past[0].result, 'declined');
  assert.deepEqual(it.bob.ctx.events.at(-1), ['sent', { to: ALICE, text: 'later' }]);
});

test('cancelled by the caller is missed by the called', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  await it.alice.calls.hangUp();
  await it.bob.until(over);
  assert.equal(it.bob.past[0].result, 'missed');
  assert.equal(it.alice.past[0].result, 'cancelled');
  assert.ok(it.bob.legs[0].closed);
});

test('somebody who talks is busy', async () => {
  const it = await two();
  await talking(it);
  const carol = await it.make('carol@example.net');
  carol.ctx.book.set(BOB, accepted(BOB));
  it.bob.ctx.book.set('carol@example.net', accepted('carol@example.net'));
  await carol.calls.call(BOB);
  await carol.until(over);
  assert.equal(carol.call.why, 'call.busy');
  assert.equal(it.bob.call.state, 'running');
});

test('a stranger is refused, and rings without learning an address when that is allowed', async () => {
  const it = await two({ contacts: false });
  await it.alice.calls.call(BOB);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.refused');
  assert.equal(it.bob.legs.length, 0);
  it.bob.ctx.state.settings.strangersRing = true;
  await it.alice.calls.hangUp();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  assert.equal(it.bob.legs.length, 0, 'no media before the answer');
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
});

test('where it is not known yet that a contact lets us through, it is asked again in a moment, and not for ever', async () => {
  const it = await two();
  const kept = it.bob.ctx.book.get(ALICE);
  it.bob.ctx.book.delete(ALICE);
  const invites = () => requests(it.relay, 'INVITE').length;
  /** Time passes until one more has come. @returns {Promise<number>} ms */
  const oneMore = async () => {
    const [start, count] = [it.time.now(), invites()];
    await soon(() => invites() > count || void it.time.advance(50), 'an INVITE');
    return it.time.now() - start;
  };
  await it.alice.calls.call(BOB);
  await soon(() => invites() === 1, 'the first');
  for (const pause of [1000, 2000, 4000]) assert.ok((await oneMore()) >= pause);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.refused');
  assert.equal(invites(), 4);
  await it.alice.calls.hangUp();
  await it.alice.calls.call(BOB);
  await soon(() => invites() === 5, 'one of another call');
  it.bob.ctx.book.set(ALICE, kept);
  await soon(() => it.bob.call || void it.time.advance(50), 'a ring');
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
});

test('one of two devices answers, the other one says so', async () => {
  const it = await two({ bobs: 2 });
  const [second] = it.others;
  await it.alice.calls.call(BOB);
  await Promise.all([it.bob.until(ringing), second.until(ringing)]);
  await second.calls.accept();
  await Promise.all([it.alice.until(running), second.until(running), it.bob.until(over)]);
  assert.equal(it.bob.past[0].result, 'elsewhere');
  assert.match(first(requests(it.relay, 'CANCEL')[0], 'reason'), /cause=200/);
});

test('one of two devices declines: the other one stops ringing, and nothing was missed there', async () => {
  const it = await two({ bobs: 2 });
  const [second] = it.others;
  await it.alice.calls.call(BOB);
  await Promise.all([it.bob.until(ringing), second.until(ringing)]);
  await second.calls.decline();
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.alice.call.why, 'call.declined');
  assert.deepEqual([it.bob.past[0].result, second.past[0].result], ['declined', 'declined']);
  assert.match(first(requests(it.relay, 'CANCEL')[0], 'reason'), /cause=603/);
  assert.ok(it.bob.ctx.events.every(([event]) => event !== 'missed'));
});

test('one of two devices is busy: the other one goes on ringing', async () => {
  const it = await two({ bobs: 2 });
  const [second] = it.others;
  const carol = await it.make('carol@example.net');
  second.ctx.book.set('carol@example.net', accepted('carol@example.net'));
  carol.ctx.book.set(BOB, accepted(BOB));
  const directory = it.directory.get(BOB);
  it.directory.set(
    BOB,
    directory.filter((each) => each.id === second.device),
  );
  await carol.calls.call(BOB);
  await second.until(ringing);
  await second.calls.accept();
  await second.until(running);
  it.directory.set(BOB, directory);
  await it.alice.calls.call(BOB);
  await it.bob.until(ringing);
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
});

test('two devices answer at once: one is talked to, the other one gets ACK and BYE', async () => {
  const it = await two({ bobs: 2 });
  const [second] = it.others;
  await it.alice.calls.call(BOB);
  await Promise.all([it.bob.until(ringing), second.until(ringing)]);
  it.relay.alter = (m) => (m.method === 'CANCEL' ? null : m);
  await Promise.all([it.bob.calls.accept(), second.calls.accept()]);
  await it.alice.until(running);
  const [loser] = await Promise.race([it.bob, second].map(async (each) => (await each.until(over), [each])));
  assert.equal(loser.legs[0].closed, true);
  assert.equal(requests(it.relay, 'BYE').length, 1);
  assert.equal(it.alice.call.state, 'running');
});

test('a silent way is helped by a second one after 300 ms, and the copy is answered 482', async () => {
  const it = await two({ peers: 2 });
  const [second, way] = it.relays;
  way.alter = (m) => (m.status === 180 ? null : m);
  const merged = new Promise((resolve) => (second.alter = (m) => (m.status === 482 && resolve(m), m)));
  await it.alice.calls.call(BOB);
  await it.bob.until(ringing);
  it.time.advance(299);
  assert.equal(requests(second, 'INVITE').length, 0);
  it.time.advance(1);
  await merged;
  const [one] = requests(way, 'INVITE');
  const [copy] = requests(second, 'INVITE');
  for (const name of ['call-id', 'from', 'cseq']) assert.equal(first(one, name), first(copy, name));
  assert.notEqual(first(one, 'identity'), first(copy, 'identity'));
  assert.equal(it.bob.legs.length, 1);
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
});

test('of two peers the dead one is passed by', async () => {
  const it = await two({ peers: 2 });
  const way = it.relays[1];
  way.alter = (m) => (m.method === 'INVITE' && !m.status ? { answer: response(m, 503, 'Full') } : m);
  await talking(it);
  assert.equal(requests(it.relays[0], 'INVITE').length, 1);
});

const forged = (m) =>
  m.method === 'INVITE' && !m.status
    ? { answer: response(m, 200, 'OK', [['contact', `<${m.uri}>`]], 'x', 'application/sdp', swap(m).body) }
    : m;

test('a 200 that the device did not sign is nobody: nothing is applied, and it gets ACK and BYE', async () => {
  const it = await two();
  const bye = new Promise((resolve) => (it.relay.alter = (m) => (m.method === 'BYE' && resolve(m), forged(m))));
  await it.alice.calls.call(BOB);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.not-genuine');
  assert.equal(it.alice.legs[0].remote, '');
  assert.equal(it.alice.legs[0].speaking, false);
  await bye;
  assert.equal(requests(it.relay, 'ACK').length, 1);
});

test('a peer that forges an answer does not keep the genuine one away', async () => {
  const it = await two({ peers: 2 });
  it.relays[1].alter = forged;
  await talking(it);
  assert.equal(it.alice.legs[0].remote, it.bob.legs[0].local);
});

const SWAPPED = hex(random(32)).toUpperCase().match(/../g).join(':');
const swap = (m) => ({
  ...m,
  body: encode(new TextDecoder().decode(m.body).replace(/sha-256 \S+/, `sha-256 ${SWAPPED}`)),
});

test('a fingerprint swapped in the answer fails the call, nothing is applied', async () => {
  for (const status of [180, 200]) {
    const it = await two();
    it.relay.alter = (m) => (m.method === 'INVITE' && m.status === status && m.body.length ? swap(m) : m);
    await it.alice.calls.call(BOB);
    if (status === 200) {
      await it.bob.until(ringing);
      await it.bob.calls.accept();
    }
    await it.alice.until(over);
    assert.equal(it.alice.call.why, 'call.not-genuine', String(status));
    assert.ok(!it.alice.legs.some((leg) => leg.remote.includes(SWAPPED) || leg.speaking));
    await it.bob.until(over);
  }
});

test('a fingerprint swapped in the offer never rings', async () => {
  const it = await two();
  it.relay.alter = (m) => (m.method === 'INVITE' && !m.status ? swap(m) : m);
  const forged = new Promise((resolve) => it.bob.ua.handlers.set('forged', resolve));
  await it.alice.calls.call(BOB);
  await forged;
  await it.alice.until(over);
  assert.equal(it.bob.call, null);
  assert.equal(it.bob.legs.length, 0);
});

test('an 180 without a signature is not believed', async () => {
  const it = await two();
  it.relay.alter = (m) =>
    m.method === 'INVITE' && m.status === 180 ? { ...m, headers: m.headers.filter(([n]) => n !== 'identity') } : m;
  await it.alice.calls.call(BOB);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.not-genuine');
  assert.equal(it.alice.legs[0].remote, '');
});

test('an INVITE that is played again does not ring', async () => {
  const it = await two();
  let kept = null;
  it.relay.alter = (m) => ((kept ??= m.method === 'INVITE' && !m.status ? m : null), m);
  await it.alice.calls.call(BOB);
  await it.bob.until(ringing);
  await it.alice.calls.hangUp();
  await it.bob.until(over);
  const answered = new Promise((resolve) => it.relay.pass(kept, (m) => m.status >= 200 && resolve(m)));
  assert.equal((await answered).status, 403);
  assert.equal(it.bob.call, null);
});

test('nobody answers: after two minutes it is over', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  it.time.advance(120_000);
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.bob.past[0].result, 'missed');
  assert.equal(it.alice.call.why, 'call.no-answer');
});

test('without ACK the answered call ends', async () => {
  const it = await two();
  it.relay.alter = (m) => (m.method === 'ACK' ? null : m);
  await talking(it);
  it.time.advance(32_000);
  await Promise.all([it.bob.until(over), it.alice.until(over)]);
});

test('both call each other: one call comes of it, without a question', async () => {
  const it = await two();
  await Promise.all([it.alice.calls.call(BOB), it.bob.calls.call(ALICE)]);
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  assert.equal(it.alice.call.incoming, false);
  assert.equal(it.bob.call.incoming, true);
});

test('the flow of a call is lost: it goes on, and hangs up along the other one', async () => {
  const it = await two({ peers: 2 });
  await talking(it);
  const used = it.relays.find((r) => requests(r, 'INVITE').length);
  used.die();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(it.alice.call.state, 'running');
  await it.alice.calls.hangUp();
  await it.bob.until(over);
});

test('a microphone that may not be opened ends the call at both sides', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  it.bob.legs[0].speak = async () => Promise.reject(new Error('no'));
  await it.bob.calls.accept();
  await it.alice.until(over);
  assert.equal(it.bob.call.why, 'microphone.blocked');
});

test('whoever thinks about the first question for the microphone for half a minute has the call', async () => {
  const it = await two();
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  const [leg] = it.bob.legs;
  const { speak } = leg;
  let allow = () => {};
  const asked = new Promise((resolve) => {
    leg.speak = () => (resolve(), new Promise((allowed) => (allow = () => allowed(speak()))));
  });
  void it.bob.calls.accept();
  await asked;
  it.time.advance(30_000);
  assert.equal(it.bob.call.state, 'connecting');
  allow();
  await it.bob.until(running);
});

test('BYE of another dialog changes nothing', async () => {
  const it = await two();
  await talking(it);
  const flow = it.alice.ua.ready[0];
  const outcome = await it.alice.ua.send(flow, 'BYE', `sip:${BOB};gr=${it.bob.device}`, {
    callId: first(requests(it.relay, 'INVITE')[0], 'call-id'),
    to: `<sip:${BOB}>;tag=guessed`,
    signed: false,
  });
  assert.equal(outcome.status, 481);
  assert.equal(it.bob.call.state, 'running');
});
