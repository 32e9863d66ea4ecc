// The network of a call changes: ICE restart from either side, at both at once, along another way, refused, forged, in vain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, hex, random } from '../core/bytes.js';
import { first } from '../core/sip/message.js';
import { hostCandidate } from './fake/people.js';
import { bothRing, over, requests, soon, talking, two } from './fake/two.js';

const LOST_MILLIS = 45_000;
const lost = (s) => s.call?.link === 'lost';
const back = (s) => s.call?.link === 'back';
const reinvites = (it) =>
  it.relays.flatMap((each) => requests(each, 'INVITE')).filter((m) => /;tag=/.test(first(m, 'to')));
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

async function inCall(options) {
  const it = await two(options);
  await talking(it);
  const [alices, bobs] = [it.alice.legs[0], it.bob.legs[0]];
  // What is answered connects at whoever answers, too.
  for (const leg of [alices, bobs]) {
    const { answer } = leg;
    leg.answer = async (...how) => {
      const sdp = await answer(...how);
      queueMicrotask(() => leg.tell('connected', { direct: true }));
      return sdp;
    };
  }
  return { ...it, alices, bobs };
}

test('the caller loses the sound: it is connected anew, and both are told', async () => {
  const it = await inCall();
  it.alices.tell('disconnected', {});
  it.bobs.tell('disconnected', {});
  await Promise.all([it.alice.until(lost), it.bob.until(lost)]);
  assert.equal(reinvites(it).length, 0, 'another pair may do');
  it.time.advance(1000);
  await Promise.all([it.alice.until(back), it.bob.until(back)]);
  assert.deepEqual([it.alices.restarts, it.bobs.restarts], [1, 0]);
  assert.equal(it.bobs.remote, it.alices.local);
  assert.equal(it.alices.remote, it.bobs.local);
  const [reinvite] = reinvites(it);
  assert.equal(first(reinvite, 'recv-info'), 'trickle-ice');
  assert.ok(first(reinvite, 'identity'));
  await soon(() => requests(it.relay, 'ACK').length === 2, 'the ACK');
  it.time.advance(4000);
  assert.deepEqual([it.alice.call.link, it.bob.call.link], ['', '']);
  it.time.advance(LOST_MILLIS);
  assert.equal(it.alice.call.state, 'running');
});

test('the called side does the same, a moment later', async () => {
  const it = await inCall();
  it.bobs.tell('failed', {});
  await it.bob.until(lost);
  it.time.advance(2500);
  await it.bob.until(back);
  assert.deepEqual([it.alices.restarts, it.bobs.restarts], [0, 1]);
  assert.equal(it.alice.call.link, '');
});

test('the network changed while it rang: the call is connected anew once it is answered', async () => {
  const it = await two();
  await bothRing(it);
  const [alices, bobs] = [it.alice.legs[0], it.bob.legs[0]];
  alices.tell('failed', {});
  alices.speak = async () => {};
  await it.bob.calls.accept();
  await it.alice.until((s) => s.call?.link === 'lost');
  it.time.advance(1000);
  await it.alice.until(back);
  assert.equal(bobs.remote, alices.local);
  assert.equal(alices.restarts, 1);
});

test('a pair that comes back by itself needs nothing', async () => {
  const it = await inCall();
  it.alices.tell('disconnected', {});
  it.time.advance(900);
  it.alices.direct = false;
  it.alices.tell('connected', { direct: false });
  it.time.advance(60_000);
  await settled();
  assert.equal(reinvites(it).length, 0);
  assert.equal(it.alice.call.state, 'running');
  assert.equal(it.alice.call.direct, false);
});

test('candidates of the new generation follow, those of the old one no more', async () => {
  const it = await inCall();
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await it.alice.until(back);
  it.alices.find(hostCandidate(7));
  it.bobs.find(hostCandidate(8));
  await soon(() => it.alices.added.length && it.bobs.added.length, 'candidates');
  const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
  assert.equal(it.bobs.added[0].ufrag, ufrag(it.alices.local));
  assert.equal(it.alices.added[0].ufrag, ufrag(it.bobs.local));
});

test('RFC 3261, section 14.1: both at once get 491, and one comes through', async () => {
  const it = await inCall();
  const statuses = [];
  const kept = [];
  it.relay.alter = (m) => {
    if (m.method !== 'INVITE' || m.status < 200) return m;
    statuses.push(m.status);
    // Neither hears the answer before it has refused the other.
    return statuses.length <= 2 ? (kept.push(m), null) : m;
  };
  it.alices.tell('failed', {});
  it.bobs.tell('failed', {});
  it.time.advance(2500);
  await soon(() => statuses.length === 2, 'both refusals');
  assert.deepEqual(statuses, [491, 491]);
  it.relay.alter = (m) => (m.method === 'INVITE' && m.status >= 200 && statuses.push(m.status), m);
  for (const each of kept) it.relay.pass(each);
  await soon(() => it.alices.undone && it.bobs.undone, 'both offers to be undone');
  for (let i = 0; i < 40 && !(back(it.alice.ctx.state) && back(it.bob.ctx.state)); i++) {
    it.time.advance(110);
    await settled();
  }
  assert.ok(back(it.alice.ctx.state) && back(it.bob.ctx.state));
  assert.equal(statuses.at(-1), 200);
});

test('the peer of the dialog is dead: INVITE, ACK and INFO take another way, signed and with what opens the door', async () => {
  const it = await inCall({ peers: 2 });
  const used = it.relays.find((each) => requests(each, 'INVITE').length);
  const other = it.relays.find((each) => each !== used);
  used.die();
  await settled();
  it.alices.tell('disconnected', {});
  it.time.advance(1000);
  await it.alice.until(back);
  it.alices.find(hostCandidate(1));
  await soon(() => it.bobs.added.length, 'a candidate');
  for (const method of ['INVITE', 'ACK', 'INFO']) {
    const [one] = requests(other, method);
    assert.ok(first(one, 'identity') && first(one, 'starling-token'), method);
    assert.deepEqual(one.headers.filter(([name]) => name === 'route').length, 0, method);
  }
  await it.alice.calls.hangUp();
  await it.bob.until(over);
});

test('no way at all: it is tried at once when there is one again', async () => {
  const it = await inCall();
  it.relay.die();
  it.alices.tell('disconnected', {});
  await it.alice.until(lost);
  it.time.advance(10_000);
  await settled();
  assert.equal(reinvites(it).length, 0);
  it.relay.dead = false;
  for (let i = 0; i < 60 && !back(it.alice.ctx.state); i++) {
    it.time.advance(200);
    await settled();
  }
  assert.ok(back(it.alice.ctx.state));
});

test('in vain: after 45 s the call ends, plainly, at both sides', async () => {
  const it = await inCall();
  it.relay.alter = (m) => (m.method === 'INVITE' ? null : m);
  it.alices.tell('failed', {});
  await it.alice.until(lost);
  let seconds = 0;
  const pass = async () => {
    it.time.advance(1000);
    seconds++;
    await settled();
  };
  for (const n of [1, 2]) while (seconds < 30 && reinvites(it).length < n) await pass();
  while (seconds < 46) await pass();
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.alice.call.why, 'call.lost');
  assert.equal(it.alice.past[0].result, 'answered');
  const tries = reinvites(it).length;
  assert.ok(tries > 1 && tries <= 10, `${tries} attempts`);
});

test('an older client says 488: no second attempt, and an end after 45 s', async () => {
  const it = await inCall();
  it.bob.ua.handlers.set('INVITE', ({ answer }) => answer(488, 'Not Acceptable Here'));
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await soon(() => it.alices.undone === 1, 'the refusal');
  for (let i = 0; i < 9; i++) {
    it.time.advance(LOST_MILLIS / 9);
    await settled();
  }
  await it.alice.until(over);
  assert.equal(reinvites(it).length, 1);
  assert.equal(it.alice.call.why, 'call.lost');
});

test('the other side has no such call any more: it ends', async () => {
  const it = await inCall();
  it.bob.ua.handlers.set('INVITE', ({ answer }) => answer(481, 'Dialog does not exist'));
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.lost');
});

/** What bob's side says to a re-INVITE of alice, and of what it made use. */
async function refused(it, alter) {
  const before = it.bobs.remote;
  const statuses = [];
  it.relay.alter = (m) => {
    if (m.method !== 'INVITE') return m;
    if (m.status >= 200) statuses.push(m.status);
    return m.status ? m : alter(m);
  };
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await soon(() => statuses.length, 'an answer');
  assert.equal(it.bobs.remote, before, 'nothing of it is used');
  assert.equal(it.bob.call.state, 'running');
  return statuses[0];
}

test('a peer cannot offer anything in a call, nor alter what is offered', async () => {
  const moved = (m) => ({ ...m, body: encode(decode(m.body).replace(/ice-pwd:\S+/, `ice-pwd:${hex(random(12))}`)) });
  assert.equal(await refused(await inCall(), moved), 438);
  const unsigned = (m) => ({ ...m, headers: m.headers.filter(([name]) => name !== 'identity') });
  assert.equal(await refused(await inCall(), unsigned), 428);
});

test('the other device itself cannot put another one in its place: 488', async () => {
  const it = await inCall();
  const { restart } = it.alices;
  const print = hex(random(32)).toUpperCase().match(/../g).join(':');
  it.alices.restart = async (how) => (await restart(how)).replace(/sha-256 \S+/, `sha-256 ${print}`);
  assert.equal(await refused(it, (m) => m), 488);
});

test('a forged answer is not used, and the next attempt comes through', async () => {
  const it = await inCall();
  let forged = 0;
  it.relay.alter = (m) => {
    if (m.method !== 'INVITE' || m.status !== 200 || forged++) return m;
    return { ...m, body: encode(decode(m.body).replace(/ice-ufrag:\S+/, 'ice-ufrag:evil')) };
  };
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await soon(() => it.alices.undone === 1, 'the forgery');
  assert.doesNotMatch(it.alices.remote, /evil/);
  it.time.advance(1000);
  await it.alice.until(back);
});

test('an offer that cannot be answered is 488, and the call goes on', async () => {
  const it = await inCall();
  it.bobs.answer = async () => Promise.reject(new Error('no'));
  const statuses = [];
  it.relay.alter = (m) => (m.method === 'INVITE' && m.status >= 200 && statuses.push(m.status), m);
  it.alices.tell('failed', {});
  it.time.advance(1000);
  await soon(() => statuses.length, 'an answer');
  assert.deepEqual(statuses, [488]);
  assert.equal(it.bobs.undone, 1);
  assert.equal(it.bob.call.state, 'running');
});
