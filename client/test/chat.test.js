// Receipts of what another device of ours sent, which come before our copy of it: kept for a while, so many.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { hex, random } from '../core/bytes.js';
import { chat } from '../core/agent/chat.js';
import { nothing } from '../core/agent/own.js';
import { memoryStore } from '../core/store/memory.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const OLD = 'bob@old.example';
const DAY = 86_400_000;
let now, store, takers;

beforeEach(() => {
  now = Date.UTC(2026, 10, 24, 12);
  store = memoryStore();
  open();
});

function open() {
  takers = new Map();
  return chat({
    store,
    profile: { address: ALICE },
    around: { now: () => now },
    now: () => now,
    reception: { on: (type, taker) => takers.set(type, taker) },
    devices: { others: () => ['ab'.repeat(32)] },
    delivery: { acknowledged: nothing },
    contacts: { get: () => undefined, show: () => {} },
    moves: { earlier: () => [OLD] },
  });
}

async function said(type, address, content) {
  const change = await takers.get(type)({ address, device: 'cd'.repeat(32) }, { content });
  await store.batch(change.writes);
  change.done();
}
const ids = (count) => Array.from({ length: count }, () => hex(random(16)));
const receipt = (some, state = 1) => said('receipt', BOB, { ids: some, state });
const copy = (id) => said('sentCopy', ALICE, { to: BOB, id, text: 'x', sent: now });
const early = async () => (await store.list('early')).map(([key]) => key);
const stateOf = async (id) => (await store.get('messages', await store.get('message-keys', id))).state;

test('receipts of unknown messages take a bounded room, the oldest go first, also after a restart', async () => {
  const first = ids(200);
  await receipt(first);
  for (let i = 0; i < 4; i++) await receipt(ids(200));
  assert.equal((await early()).length, 1000);
  assert.ok((await early()).includes(`${BOB} ${first[0]}`));
  now += 1;
  const last = ids(200);
  await receipt(last);
  assert.equal((await early()).length, 1000);
  const left = await early();
  assert.ok(first.every((id) => !left.includes(`${BOB} ${id}`)));
  assert.ok(last.every((id) => left.includes(`${BOB} ${id}`)));
  await open().load();
  now += 1;
  const more = ids(200);
  await receipt(more);
  assert.equal((await early()).length, 1000);
  const after = await early();
  assert.ok([...last, ...more].every((id) => after.includes(`${BOB} ${id}`)));
});

test('pages hold each message once, however many are of the same millisecond, also of several addresses of one person', async () => {
  const it = open();
  const wanted = [];
  for (let i = 0; i < 40; i++) {
    const [id] = ids(1);
    const [to, sent] = [i % 3 ? BOB : OLD, now + (i < 30 ? 0 : i)];
    await said('sentCopy', ALICE, { to, id, text: 'x', sent });
    wanted.push(id);
  }
  for (const limit of [1, 7, 10]) {
    const found = [];
    let before;
    for (let i = 0; i <= wanted.length; i++) {
      const page = await it.messages(BOB, before, limit);
      if (!page.length) break;
      found.unshift(...page.map(({ id }) => id));
      before = page[0];
    }
    assert.deepEqual(found.toSorted(), wanted.toSorted(), `pages of ${limit}`);
  }
});

test('our copy that comes after its receipts shows what they said, and one that never comes is forgotten', async () => {
  const [one, two, never] = ids(3);
  await receipt([one, two, never]);
  await receipt([two], 2);
  await copy(one);
  await copy(two);
  assert.deepEqual([await stateOf(one), await stateOf(two)], ['delivered', 'read']);
  assert.deepEqual(await early(), [`${BOB} ${never}`]);
  now += 10 * DAY;
  const [other] = ids(1);
  await receipt([other]);
  assert.deepEqual(await early(), [`${BOB} ${other}`]);
});
