// Peers that die, come back, lie about what they keep or what time it is, and computers that sleep: the agent comes
// back by itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PeerClock } from '../core/sip/clock.js';
import { closeNow, contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

async function make(how) {
  const it = await world(how);
  worlds.push(it);
  return it;
}

test('a peer that was killed has its clients back within ten seconds, however long it was away', async () => {
  const it = await make();
  const alice = await it.online(ALICE);
  for (const away of [2_000, 120_000]) {
    it.peers[0].die();
    await it.until(alice, (s) => s.me.status === 'one-server', 'one server');
    await it.pass(away);
    it.peers[0].rise();
    const began = it.time.now();
    await it.until(alice, () => alice.ctx.ua.ready.length === 2, 'both');
    assert.ok(it.time.now() - began <= 10_000, `${it.time.now() - began} ms`);
    await it.until(alice, (s) => s.me.status === 'online', 'online');
  }
});

test('a peer that swallows everything is noticed, and taken back when it answers', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  const [mute] = it.peers;
  mute.alter = () => null;
  await it.pass(110_000, 500);
  await it.until(alice, () => alice.ctx.ua.ready.length === 1, 'noticed without being told');
  await alice.sendMessage(BOB, 'along the other');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'along the other', 'message');
  mute.alter = (m) => m;
  const began = it.time.now();
  await it.until(alice, () => alice.ctx.ua.ready.length === 2, 'both');
  assert.ok(it.time.now() - began <= 10_000, `${it.time.now() - began} ms`);
});

test('after sleep a dead flow is found out by looking, in seconds', async () => {
  const it = await make();
  const alice = await it.online(ALICE);
  for (const peer of it.peers) peer.alter = () => null;
  alice.hurry();
  const began = it.time.now();
  await it.until(alice, (s) => s.me.status === 'offline', 'offline');
  assert.ok(it.time.now() - began <= 5000);
  for (const peer of it.peers) peer.alter = (m) => m;
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  assert.ok(it.time.now() - began <= 15_000);
});

test('a clock that is set while we run is corrected by what the peers say; a wrong one stops us until it is right', async () => {
  const it = await make();
  let skew = 0;
  const alice = await it.online(ALICE, { now: () => it.time.now() + skew });
  const bob = await it.online(BOB);
  await alice.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(alice, (s) => contact(s, BOB)?.state === 'accepted', 'accepted');
  for (const change of [-300_000, 240_000]) {
    skew = change;
    await it.until(alice, () => Math.abs(alice.ctx.now() - it.time.now()) < 2000, 'corrected');
    const text = `clock off by ${change}`;
    await alice.sendMessage(BOB, text);
    await it.until(bob, (s) => contact(s, ALICE).last?.text === text, text);
    await bob.sendMessage(ALICE, text);
    await it.until(alice, (s) => contact(s, BOB).unread > 0 && contact(s, BOB).last?.text === text, 'answer');
  }
  skew = 1_200_000;
  await it.until(alice, (s) => s.me.status === 'clock', 'clock');
  skew = 0;
  await it.until(alice, (s) => s.me.status === 'online', 'online again');
});

test('one peer alone does not change the clock where two are needed, and two do', () => {
  const clock = new PeerClock(
    () => 1_000_000_000_000,
    () => 2,
  );
  const at = (ms) => new Date(1_000_000_000_000 + ms).toUTCString();
  clock.hear('a', at(3_600_000));
  assert.equal(clock.isWrong, false);
  assert.equal(clock.now(), 1_000_000_000_000);
  clock.hear('b', at(0));
  assert.equal(clock.isWrong, false);
  clock.hear('b', at(3_602_000));
  assert.equal(clock.isWrong, true);
  clock.forget('b');
  assert.equal(clock.isWrong, false);
  clock.hear('b', 'no date');
  assert.equal(clock.now(), 1_000_000_000_000);
});

test('a peer that takes records and keeps nothing is named; with both such, nobody is called reachable by look-up', async () => {
  const it = await make();
  it.peers[0].swallows = true;
  const alice = await it.online(ALICE);
  assert.equal(alice.state.me.detail, 'one server does not keep your record');
  closeNow(alice);
  const other = await make();
  for (const peer of other.peers) peer.swallows = true;
  const bob = await other.agent(BOB);
  await other.until(bob, (s) => /could not be read back/.test(s.me.detail), 'not read back');
  assert.notEqual(bob.state.me.status, 'online');
  for (const peer of other.peers) peer.swallows = false;
  await other.until(bob, (s) => s.me.status === 'online', 'kept at last');
});

test('a peer that shows what only it was given does not make us reachable', async () => {
  const it = await make();
  const [liar, empty] = it.peers;
  empty.swallows = true;
  empty.hides = true;
  const alice = await it.agent(ALICE);
  await it.until(alice, (s) => /could not be read back/.test(s.me.detail), 'not read back');
  assert.equal(liar.swallows, false);
});

test('with the store gone, contacts go on after a reload, and new look-ups say why they fail', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  await alice.sendMessage(BOB, 'before');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'before', 'before');
  const { store } = alice.ctx;
  await alice.close();
  for (const peer of it.peers) peer.down = true;
  const again = await it.agent(ALICE, { store });
  await it.until(again, () => again.ctx.ua?.ready.length === 2, 'flows');
  await again.sendMessage(BOB, 'the store is gone');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'the store is gone', 'message');
  assert.equal(await again.lookup('new@example.net'), 'unreachable');
});

test('the network is that of the enrolment: a peer of another one is refused with a notice', async () => {
  const it = await make();
  it.peers[0].network = 'elsewhere';
  const alice = await it.agent(ALICE);
  await it.until(alice, (s) => s.notices.some((n) => n.key === 'other-network'), 'notice');
  await it.until(alice, (s) => s.me.status === 'one-server', 'the other one');
  assert.deepEqual(
    alice.peers().map((p) => p.base),
    [it.peers[1].base],
  );
  assert.equal(alice.ctx.network(), 'local');
  await assert.rejects(alice.addPeer(it.peers[0].base), (e) => e.key === 'other-network');
});

test('a start with what is known needs no word of the peers about themselves', async () => {
  const it = await make();
  const alice = await it.online(ALICE);
  const { store } = alice.ctx;
  await alice.close();
  const answered = [];
  const again = await it.agent(ALICE, {
    store,
    fetch: (url, init) => {
      if (String(url).endsWith('peer.json')) return new Promise(() => {});
      answered.push(url);
      return it.peers.find((p) => String(url).startsWith(p.base)).fetch(String(url), init);
    },
  });
  await it.until(again, (s) => s.me.status === 'online', 'online');
  assert.ok(answered.length > 0);
});
