// What a client asks of the store while nothing happens, and what it does when its own record is gone.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
let it;
afterEach(() => it.close());

const reads = () => it.peers.flatMap((p) => p.requests).filter((r) => r.startsWith('GET key/')).length;

test('while nothing happens nobody is looked up, and a dial needs no look-up', async () => {
  it = await world();
  const [alice, bob] = await it.friends();
  await it.pass(5000);
  assert.ok(alice.ctx.locator.isTold(BOB), 'the streams tell alice of bob');
  assert.ok(alice.ctx.locator.isTold(ALICE), 'and of herself');
  const before = reads();
  await it.pass(1_500_000, 2000);
  const while25Minutes = reads() - before;
  // Each reads its own record back, one key at two peers, each 24 minutes or so.
  assert.ok(while25Minutes <= 2 * 2 * 2, `${while25Minutes} reads`);
  const warm = reads();
  await alice.sendMessage(BOB, 'warm');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'warm', 'message');
  assert.equal(reads() - warm, 0);
});

test('a record that vanished is noticed, said, and published anew', async () => {
  it = await world();
  const alice = await it.online(ALICE);
  await it.pass(2000);
  for (const peer of it.peers) peer.swallows = true;
  for (const values of it.dht.values()) values.clear();
  await it.pass(1_800_000, 2000);
  assert.equal(alice.state.me.status, 'one-server', 'noticed within half an hour');
  assert.match(alice.state.me.detail, /could not be read back/);
  for (const peer of it.peers) peer.swallows = false;
  await it.until(alice, (s) => s.me.status === 'online', 'healed');
  assert.ok([...it.dht.values()].some((values) => values.size > 0));
});

test('who signs on while a peer is away says so, and publishes no more than once a while', async () => {
  it = await world();
  const [, second] = it.peers;
  const store = await it.card(ALICE);
  const before = await it.online(ALICE, { store });
  await before.close();
  second.die();
  const alice = await it.agent(ALICE, { store });
  await it.until(alice, (s) => s.me.status === 'one-server', 'one server');
  await it.pass(60_000, 500);
  const writes = () => it.peers.flatMap((p) => p.requests).filter((r) => r.startsWith('POST key/')).length;
  const [read, wrote] = [reads(), writes()];
  await it.pass(600_000, 1000);
  assert.ok(reads() - read <= 160, `${reads() - read} reads`);
  assert.ok(writes() - wrote <= 30, `${writes() - wrote} writes`);
});

test('a peer that stays away is tried again, and nothing is looked up because of it', async () => {
  it = await world();
  const [alice] = await it.friends();
  await it.pass(5000);
  const [, second] = it.peers;
  second.die();
  await it.until(alice, (s) => s.me.status === 'one-server', 'noticed');
  await it.pass(60_000, 500);
  const before = reads();
  const tries = second.relay.opened;
  await it.pass(120_000, 500);
  assert.ok(second.relay.opened - tries > 10, 'it is tried');
  const read = reads() - before;
  assert.ok(read <= 8, `${read} reads`);
});

test('a peer that forgot who follows whom is asked before anybody is shown wrongly', async () => {
  it = await world();
  const [alice, bob] = await it.friends();
  const shown = () => contact(alice.state, BOB).presence;
  for (const peer of it.peers) peer.forgetWatchers();
  for (let i = 0; i < 80; i++) {
    await it.pass(20_000, 2000);
    assert.equal(shown(), 'online', `${(i + 1) * 20} s later`);
  }
  await bob.close();
  await it.until(alice, () => shown() === 'offline', 'told again');
});

test("a change of one's own is looked at once", async () => {
  it = await world();
  const alice = await it.online(ALICE);
  await it.pass(5000);
  assert.ok(alice.ctx.locator.isTold(ALICE), 'the streams tell alice of herself');
  const before = reads();
  alice.ctx.devices.stale();
  await alice.ctx.devices.publishAll();
  await it.pass(5000, 100);
  const read = reads() - before;
  assert.ok(read > 0 && read <= 10, `${read} reads`);
});

test('somebody online over midnight stays to be found by those who look at one day only', async () => {
  it = await world({ start: Date.UTC(2026, 10, 24, 21, 59) });
  const alice = await it.online(ALICE);
  const days = new Set();
  const seen = async () => {
    const { publicMaster, rendezvous } = await import('../core/record/rendezvous.js');
    const { hex } = await import('../core/bytes.js');
    for (const day of ['2026-11-24', '2026-11-25']) {
      const place = await rendezvous(await publicMaster(ALICE, 'local'), 'LOCATION', day);
      if (it.dht.get(hex(place.dhtKey))?.size) days.add(day);
    }
    return days.size;
  };
  assert.equal(await seen(), 1);
  await it.pass(3_600_000 + 55 * 60_000, 2000);
  assert.equal(new Date(it.time.now()).toISOString().slice(11, 13), '23');
  assert.equal(await seen(), 2);
  assert.equal(alice.state.me.status, 'online');
});
