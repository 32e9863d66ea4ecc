// Trickle ICE in calls over relays that may lie: who tells whom which candidates, and what others may inject: nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../core/bytes.js';
import { first } from '../core/sip/message.js';
import { accepted, hostCandidate, relayCandidate } from './fake/people.js';
import { ALICE, BOB, bothRing, over, requests, ringing, running, soon, talking, two } from './fake/two.js';

const places = (leg) => leg.added.map(({ candidate }) => candidate);
const without = (m, name) => ({ ...m, headers: m.headers.filter(([each]) => each !== name) });
/** Enough for whatever is on its way in one process. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

test('between contacts candidates go both ways while it rings, and on after the answer', async () => {
  const it = await two();
  await bothRing(it);
  const [alices, bobs] = [it.alice.legs[0], it.bob.legs[0]];
  assert.deepEqual([alices.whole, bobs.whole], [[false], [false]], 'nobody waits for candidates');
  alices.find(hostCandidate(1));
  bobs.find(hostCandidate(2));
  await soon(() => alices.added.length && bobs.added.length, 'candidates while it rings');
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  alices.find(relayCandidate(3));
  bobs.find(null);
  await soon(() => bobs.added.length === 2 && alices.added.length === 2, 'candidates in the call');
  assert.deepEqual(places(bobs), [hostCandidate(1), relayCandidate(3)]);
  assert.deepEqual(places(alices), [hostCandidate(2), '']);
  await it.alice.calls.hangUp();
  await it.bob.until(over);
  alices.find(hostCandidate(4));
  await settled();
  assert.equal(bobs.added.length, 2, 'nothing after the end');
});

test('what was found before the other side rang goes at once when it does, in one INFO', async () => {
  const it = await two();
  const kept = [];
  it.relay.alter = (m) => (m.status === 180 ? (kept.push(m), null) : m);
  await it.alice.calls.call(BOB);
  await soon(() => kept.length, 'the 180');
  it.alice.legs[0].find(hostCandidate(1));
  it.alice.legs[0].find(relayCandidate(2));
  await settled();
  assert.deepEqual(requests(it.relay, 'INFO'), [], 'not without a dialog');
  it.relay.alter = (m) => m;
  it.relay.pass(kept[0]);
  await soon(() => it.bob.legs[0].added.length === 2, 'both');
  assert.equal(requests(it.relay, 'INFO').length, 1);
});

test('candidates that overtake the ringing are not lost', async () => {
  const it = await two();
  const kept = [];
  it.relay.alter = (m) => (m.status === 180 ? (kept.push(m), null) : m);
  await it.alice.calls.call(BOB);
  await soon(() => kept.length, 'the 180');
  it.bob.legs[0].find(hostCandidate(1));
  await soon(() => requests(it.relay, 'INFO').length, 'INFO');
  await settled();
  assert.deepEqual(it.alice.legs[0].added, []);
  it.relay.alter = (m) => m;
  it.relay.pass(kept[0]);
  await soon(() => it.alice.legs[0].added.length === 1, 'the candidate');
});

test('towards whoever says nowhere that it takes candidates the description is whole, and no INFO goes', async () => {
  const it = await two({ capabilities: ['message', 'audio'] });
  it.relay.alter = (m) => (m.method === 'INVITE' ? without(m, 'recv-info') : m);
  await talking(it);
  const [alices, bobs] = [it.alice.legs[0], it.bob.legs[0]];
  assert.deepEqual([alices.whole, bobs.whole], [[true], [true]]);
  alices.find(hostCandidate(1));
  bobs.find(hostCandidate(1));
  await settled();
  assert.deepEqual(requests(it.relay, 'INFO'), []);
});

test('an old record, and it takes candidates after all: a whole offer, and late relays follow it', async () => {
  const it = await two({ capabilities: ['message', 'audio'] });
  await bothRing(it);
  assert.deepEqual([it.alice.legs[0].whole, it.bob.legs[0].whole], [[true], [false]]);
  it.alice.legs[0].find(relayCandidate());
  await soon(() => it.bob.legs[0].added.length, 'the relay');
});

test('a stranger is told of relays only until he answers, and tells nothing until then', async () => {
  const it = await two({ contacts: false });
  it.bob.ctx.state.settings.strangersRing = true;
  await bothRing(it);
  const [alices] = it.alice.legs;
  alices.find(hostCandidate(1));
  alices.find(relayCandidate(2));
  alices.find(null);
  await soon(() => requests(it.relay, 'INFO').length, 'INFO');
  await settled();
  const before = requests(it.relay, 'INFO').map((m) => decode(m.body));
  assert.equal(before.length, 1);
  assert.match(before[0], /203\.0\.113\.1 2 typ relay raddr 0\.0\.0\.0 rport 9/);
  assert.doesNotMatch(before[0], /192\.168|198\.51|end-of-candidates/);
  assert.equal(it.bob.legs.length, 0, 'who is called has no media, and so no candidate');
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  const [bobs] = it.bob.legs;
  await soon(() => bobs.added.length === 3, 'the rest');
  assert.deepEqual(places(bobs).slice(1), [hostCandidate(1), '']);
});

test('each device that rings is told of the media that are meant for it', async () => {
  const it = await two({ bobs: 2 });
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing), it.others[0].until(ringing)]);
  const [first, second] = it.alice.legs;
  first.find(hostCandidate(1));
  second.find(hostCandidate(2));
  const [one, other] = [it.bob.legs[0], it.others[0].legs[0]];
  await soon(() => one.added.length && other.added.length, 'candidates');
  const of = (leg) => (leg.remote === first.local ? hostCandidate(1) : hostCandidate(2));
  assert.deepEqual([places(one), places(other)], [[of(one)], [of(other)]]);
});

/** What becomes of an INFO of alice that a peer alters. */
async function altered(alter) {
  const it = await two();
  await bothRing(it);
  const statuses = [];
  it.relay.alter = (m) => {
    if (m.method === 'INFO' && m.status) statuses.push(m.status);
    return m.method === 'INFO' && !m.status ? alter(m) : m;
  };
  it.alice.legs[0].find(hostCandidate(1));
  await soon(() => statuses.length, 'an answer');
  assert.deepEqual(it.bob.legs[0].added, []);
  return statuses[0];
}

test('a peer can neither alter candidates nor write its own', async () => {
  const moved = (m) => ({ ...m, body: encode(decode(m.body).replace('192.168.1.5', '198.51.100.66')) });
  assert.equal(await altered(moved), 438);
  assert.equal(await altered((m) => without(m, 'identity')), 428);
  const otherCall = (m) => ({
    ...m,
    headers: m.headers.map(([name, value]) => [name, name === 'call-id' ? 'another' : value]),
  });
  assert.equal(await altered(otherCall), 438);
});

test('an INFO that is played again says nothing', async () => {
  const it = await two();
  await bothRing(it);
  let kept = null;
  it.relay.alter = (m) => ((kept ??= m.method === 'INFO' && !m.status ? m : null), m);
  it.alice.legs[0].find(hostCandidate(1));
  await soon(() => it.bob.legs[0].added.length, 'the candidate');
  const answer = await new Promise((resolve) => it.relay.pass(kept, resolve));
  assert.equal(answer.status, 403);
});

test('somebody else with a good signature, who knows the dialog, tells no candidates: 481', async () => {
  const it = await two();
  const mallory = await it.make('mallory@example.net');
  it.bob.ctx.book.set('mallory@example.net', accepted('mallory@example.net'));
  await bothRing(it);
  it.alice.legs[0].find(hostCandidate(1));
  await soon(() => it.bob.legs[0].added.length, 'hers');
  const [info] = requests(it.relay, 'INFO');
  for (const answered of [false, true]) {
    if (answered) {
      await it.bob.calls.accept();
      await it.bob.until(running);
    }
    const outcome = await mallory.ua.send(mallory.ua.ready[0], 'INFO', info.uri, {
      callId: first(info, 'call-id'),
      fromTag: /tag=(\S+)/.exec(first(info, 'from'))[1],
      to: first(info, 'to'),
      cseq: 99,
      type: 'application/trickle-ice-sdpfrag',
      body: encode(decode(info.body).replace('192.168.1.5', '198.51.100.66')),
      more: [['info-package', 'trickle-ice']],
    });
    assert.equal(outcome.status, 481);
  }
  assert.equal(it.bob.legs[0].added.length, 1);
});

test('an INFO outside of any call is 481, one of an unknown package 469', async () => {
  const it = await two();
  const uri = `sip:${BOB};gr=${it.bob.device}`;
  const ask = (how) => it.alice.ua.send(it.alice.ua.ready[0], 'INFO', uri, how);
  assert.equal((await ask({ more: [['info-package', 'trickle-ice']] })).status, 481);
  await talking(it);
  const { callId, localTag, remoteTag } = {
    callId: first(requests(it.relay, 'INVITE')[0], 'call-id'),
    localTag: /tag=(\S+)/.exec(first(requests(it.relay, 'ACK')[0], 'from'))[1],
    remoteTag: /tag=(\S+)/.exec(first(requests(it.relay, 'ACK')[0], 'to'))[1],
  };
  const inside = { callId, fromTag: localTag, to: `<sip:${BOB}>;tag=${remoteTag}`, cseq: 50 };
  const { status, message } = await ask({ ...inside, more: [['info-package', 'dtmf']] });
  assert.equal(status, 469);
  assert.equal(first(message, 'recv-info'), 'trickle-ice');
  assert.equal(it.bob.call.state, 'running');
  assert.equal(it.bob.call.address, ALICE);
});
