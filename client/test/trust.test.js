// CAs that come with the app: believed like the app, replaced with it, removed and taken back by the person.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { trustBook } from '../core/agent/trust.js';
import { anchorId, parseAnchors } from '../core/identity/anchors.js';
import { memoryStore } from '../core/store/memory.js';
import { authority } from './authority.js';
import { pem } from './fake/world.js';

let one;
let two;
before(async () => {
  const now = Date.UTC(2026, 10, 29);
  [one, two] = [await authority(now), await authority(now)].map((ca) => pem(ca.certificate.der));
});

/** The agent's part, started anew on a store. */
async function started(store, anchors) {
  const ctx = { store, around: { anchors }, anchors: [], update: () => {} };
  const book = trustBook(ctx);
  await book.load();
  return { book, ctx, count: () => ctx.anchors.length };
}

const id = async (text) => anchorId(parseAnchors(text)[0]);

test('what came with the app is believed, also when the app is opened without its server', async () => {
  const store = memoryStore();
  const first = await started(store, async () => one);
  await first.book.settled();
  assert.equal(first.count(), 1);
  const listed = await first.book.list();
  assert.deepEqual(
    listed.map((each) => [each.id, each.test]),
    [[await id(one), false]],
  );
  const later = await started(store, () => Promise.reject(new TypeError('nobody')));
  await later.book.settled();
  assert.equal(later.count(), 1);
});

test('another app brings others in their place', async () => {
  const store = memoryStore();
  await (await started(store, async () => one)).book.settled();
  const { book, count } = await started(store, async () => two);
  await book.settled();
  assert.equal(count(), 1);
  assert.equal((await book.list())[0].id, await id(two));
});

test('nonsense, or no answer, changes nothing that is there; an app without any brings none', async () => {
  const store = memoryStore();
  await (await started(store, async () => one)).book.settled();
  const { book, count } = await started(store, async () => 'x'.repeat(100));
  await book.settled();
  assert.equal(count(), 1);
  const failed = await started(store, () => Promise.reject(new Error('status 502')));
  await failed.book.settled();
  assert.equal(failed.count(), 1);
  const none = await started(store, async () => '');
  await none.book.settled();
  assert.equal(none.count(), 0);
});

test('what the person removed stays removed, until the person adds it', async () => {
  const store = memoryStore();
  const { book, count } = await started(store, async () => one);
  await book.settled();
  await book.remove(await id(one));
  assert.equal(count(), 0);
  const again = await started(store, async () => one);
  await again.book.settled();
  assert.equal(again.count(), 0);
  await again.book.add(one, [await id(one)]);
  assert.equal(again.count(), 1);
  const last = await started(store, async () => one);
  await last.book.settled();
  assert.equal(last.count(), 1, 'once, not twice');
});
