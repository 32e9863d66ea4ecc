// What is left for us by whoever likes: a flood of it is read a bounded number of times, is held within bounds, and takes no room from letters of friends.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { random } from '../core/bytes.js';
import { box } from '../core/agent/box.js';
import { rendezvous } from '../core/record/rendezvous.js';
import { knownKeys, leaveValue } from './fake/letters.js';
import { world } from './fake/world.js';

const BOB = 'bob@example.net';
const HOUR = 3_600_000;
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

const letterOf = (name, length = 100, address = BOB) => ({ name, record: { address }, bytes: new Uint8Array(length) });
/** Takes a value, and opens it as a letter of so many bytes. */
async function held(one, length, address) {
  await one.take({}, random(40));
  const { letters, arrivals } = one.begin();
  return [...letters, ...arrivals.map(({ name }) => letterOf(name, length, address))];
}

test('what waits, is in a round, was kept, judged or passed over takes no room and is no news', async () => {
  let now = 0;
  const one = box('KNOCK', () => now);
  const value = random(40);
  const take = () => one.take({}, value);
  assert.equal(await take(), 'taken');
  assert.equal(await take(), 'known');
  const [{ name }] = one.begin().arrivals;
  assert.equal(await take(), 'known');
  one.end([letterOf(name)], [], [letterOf(name)]);
  assert.equal(await take(), 'known');
  assert.equal(one.begin().letters.length, 1);
  one.end([], [], [letterOf(name)]);
  assert.equal(await take(), 'known');
  now += HOUR;
  assert.equal(await take(), 'again');
  one.begin();
  one.judge(name);
  one.end([], [], [letterOf(name)]);
  now += HOUR;
  assert.equal(await take(), 'known');
  assert.deepEqual(one.begin(), { letters: [], arrivals: [] });
});

test('so many bytes wait and so many are kept, and of what did not fit is known that it is to be read', async () => {
  const one = box('KNOCK', () => 0);
  let taken = 0;
  while ((await one.take({}, random(32768))) === 'taken') taken++;
  assert.equal(taken, 512);
  assert.ok(one.isOverflown());
  const letters = one.begin().arrivals.map(({ name }) => letterOf(name, 32_000));
  one.reading();
  one.end([], letters, letters);
  assert.ok(one.isOverflown());
  const kept = one.begin().letters;
  assert.ok(kept.length >= 250 && kept.length < 270, `${kept.length}`);
  // What is to wait for somebody, and does not fit, is passed over until they are known.
  const other = box('INBOX', () => 0);
  let all = [];
  for (let i = 0; i < 3; i++) other.end((all = await held(other, 4 << 20, BOB)), [], all);
  assert.equal(other.isOverflown(), false);
  assert.equal(other.begin().letters.length, 2);
  assert.equal(other.forgive('alice@example.net'), false);
  assert.equal(other.forgive(BOB), true);
});

test('what brings nothing new is read ever more rarely, up to an hour; news of letters ends that', () => {
  let now = 0;
  const one = box('INBOX', () => now);
  const pauses = [];
  for (let i = 0; i < 11; i++) {
    one.read(0, 2 << 20);
    pauses.push(one.pause());
    now = one.notBefore();
  }
  assert.deepEqual(pauses.slice(0, 3), [20_000, 40_000, 80_000]);
  assert.equal(pauses.at(-1), HOUR);
  one.read(0, 1000);
  assert.ok(one.notBefore() <= now);
  one.read(0, 2 << 20);
  one.read(1, 2 << 20);
  assert.ok(one.notBefore() <= now);
});

test('a flood of requests that fills the room is read a few times, not for ever', async () => {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  const before = bob.ctx.store;
  await bob.close();
  const place = await rendezvous(await knownKeys.address(BOB), 'KNOCK', '2026-11-24');
  for (let i = 0; i < 700; i++) leaveValue(it, place, random(32768));
  const bob2 = await it.online(BOB, { store: before });
  await alice.sendMessage(BOB, 'through it');
  await it.until(bob2, async () => (await bob2.messages('alice@example.net')).length === 1, 'a letter');
  await it.pass(5 * 60_000, 1000);
  const read = () => it.peers.flatMap((each) => each.requests).filter((each) => each.startsWith('GET key/')).length;
  const early = read();
  await it.pass(HOUR, 5000);
  const late = read() - early;
  console.log(`${early} look-ups in the first minutes of the flood, ${late} in the hour after it`);
  assert.ok(late < 400, `${late} look-ups`);
});
