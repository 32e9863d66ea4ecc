// What was given to peers is seen through another one before it counts as kept; where much lies, peers that were seen to keep it are believed a moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, random } from '../core/bytes.js';
import { readingBack } from '../core/locate/letters.js';

const [ONE, TWO] = ['https://one.example/', 'https://two.example/'];
const [KEY, OTHER] = ['aa'.repeat(20), 'bb'.repeat(20)];

/** Two peers of one DHT, of which one may swallow what it is given. */
function world() {
  const it = {
    now: 0,
    gates: [{ base: ONE }, { base: TWO }],
    /** @type {Map<string, string[]>} */
    stored: new Map(),
    reads: 0,
    given: 0,
    down: new Set(),
    /** @param {string} base @param {string} key */
    give(base, key, isKept = true, bytes = 8192) {
      const data = base64(random(bytes));
      if (isKept) it.stored.set(key, [...(it.stored.get(key) ?? []), data]);
      return { base, key, id: `${++it.given}`, data };
    },
    kept: null,
    lost: [],
  };
  const fetch = async (url) => {
    it.reads++;
    const [, base, key] = /^(.*\/)key\/(.*)$/.exec(url);
    if (it.down.has(base)) return new Response('', { status: 502 });
    return new Response((it.stored.get(key) ?? []).map((data) => JSON.stringify({ id: '1', data }) + '\n').join(''));
  };
  const around = { fetch, now: () => it.now, random: () => 0.5 };
  it.kept = readingBack(
    around,
    () => it.gates,
    (lost) => it.lost.push(...lost.map(({ base, id }) => `${base} ${id}`)),
  );
  return it;
}

/** So much that it counts as a crowd. */
async function crowd(w, key = KEY) {
  for (let i = 0; i < 20; i++) w.give(ONE, key);
  const all = [w.give(ONE, key), w.give(TWO, key)];
  assert.equal((await w.kept(all)).size, 2);
  return w;
}

test('where little lies, each letter is read back through the other peer', async () => {
  const w = world();
  for (let i = 0; i < 3; i++) assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.equal(w.reads, 6);
  const [swallowed, there] = [w.give(ONE, KEY, false), w.give(TWO, KEY)];
  assert.deepEqual([...(await w.kept([swallowed, there]))], [there]);
});

test('where a lot lies, peers that were seen to keep what they take are believed for a minute', async () => {
  const w = await crowd(world());
  const before = w.reads;
  for (let i = 0; i < 5; i++) assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.equal(w.reads, before);
  w.now += 61_000;
  assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.equal(w.reads, before + 2);
});

test('what was believed is looked for when the box is read next, and what is not there is said to be lost', async () => {
  const w = await crowd(world());
  const [swallowed, kept] = [w.give(ONE, KEY, false), w.give(TWO, KEY)];
  assert.equal((await w.kept([swallowed, kept])).size, 2, 'both are believed');
  w.now += 61_000;
  assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.deepEqual(w.lost, [`${ONE} ${swallowed.id}`]);
  w.now += 61_000;
  assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.equal(w.lost.length, 1, 'once');
});

test('only so many are believed before the box is read again', async () => {
  const w = await crowd(world());
  const before = w.reads;
  for (let i = 0; i < 40; i++) await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)]);
  assert.ok(w.reads >= before + 2, `${w.reads - before} reads`);
  assert.ok(w.reads <= before + 4, `${w.reads - before} reads`);
  assert.deepEqual(w.lost, []);
});

test('one that swallows a letter is not believed until it was seen to keep one', async () => {
  const w = await crowd(world());
  w.now += 61_000;
  const there = w.give(TWO, KEY);
  assert.deepEqual([...(await w.kept([w.give(ONE, KEY, false), there]))], [there]);
  const [swallowed, next] = [w.give(ONE, KEY, false), w.give(TWO, KEY)];
  assert.deepEqual([...(await w.kept([swallowed, next]))], [next]);
  const before = w.reads;
  assert.equal((await w.kept([w.give(ONE, KEY), w.give(TWO, KEY)])).size, 2);
  assert.ok(w.reads > before);
});

test('one that cannot be asked proves nothing, and other keys are read all the same', async () => {
  const w = await crowd(world());
  w.give(ONE, OTHER);
  const before = w.reads;
  assert.equal((await w.kept([w.give(ONE, OTHER), w.give(TWO, OTHER)])).size, 2);
  assert.equal(w.reads, before + 2);
  w.now += 61_000;
  w.down.add(TWO);
  const [one, two] = [w.give(ONE, KEY), w.give(TWO, KEY)];
  assert.deepEqual([...(await w.kept([one, two]))], [two]);
  assert.equal((await w.kept([w.give(ONE, KEY)])).size, 0);
});

test('the only peer is asked itself', async () => {
  const w = world();
  w.gates = [{ base: ONE }];
  const all = [w.give(ONE, KEY), w.give(ONE, KEY, false)];
  assert.deepEqual([...(await w.kept(all))], [all[0]]);
});
