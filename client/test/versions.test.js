// Two versions of a list that both continue the remembered one: a stolen device may have made one of them, and which came first says nothing.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { contactBook } from '../core/agent/contacts.js';
import { ownDevices } from '../core/agent/devices.js';
import { pack } from '../core/agent/entries.js';
import { nothing } from '../core/agent/own.js';
import { ownRecords, placeOf } from '../core/agent/sync.js';
import { furthest, tips } from '../core/agent/versions.js';
import { hex } from '../core/bytes.js';
import { ownBody } from '../core/record/bodies.js';
import { headOf } from '../core/record/devices.js';
import { sealEntry } from '../core/record/own.js';
import { authority, issue } from './authority.js';
import { desk, foundOf, known, version } from './fake/desk.js';

const BOB = 'bob@example.net';
const now = () => Date.UTC(2026, 10, 24, 12);
let phone, laptop, tablet, people, root, mine, theirs;

before(async () => {
  const ca = await authority(now());
  people = [];
  for (let i = 0; i < 3; i++) people.push(await issue(ca, BOB, now()));
  [phone, laptop, tablet] = people;
  root = await version([], phone, people, BOB);
  mine = await version(root, phone, [phone, tablet], BOB, 2);
  theirs = await version(root, laptop, [laptop, tablet], BOB, 3);
});

/** Alice's book, with this list of bob's remembered. */
async function book(chain, find) {
  const ctx = desk('alice@example.net', await issue(await authority(now()), 'alice@example.net', now()), { now, find });
  const contacts = contactBook(ctx);
  await known(ctx, contacts, BOB, { chain });
  return contacts;
}
const nobody = { key: { id: 'ee'.repeat(32) } };
const idsOf = (...some) => some.map((each) => each.key.id).sort();
const targets = async (contacts) => (await contacts.targets(BOB)).map((each) => each.id).sort();
const head = (chain) => chain && headOf(chain).hash;
const ORDERS = [
  ['the owner’s first', () => [mine, theirs]],
  ['the thief’s first', () => [theirs, mine]],
];

for (const [order, chains] of ORDERS) {
  test(`a contact takes neither of two versions, ${order}`, async () => {
    let found = foundOf(chains(), people);
    const contacts = await book(root, () => found);
    assert.deepEqual(await targets(contacts), idsOf(tablet));
    assert.equal(head(contacts.get(BOB).chain), head(root));
    for (const [one, heard] of [
      [phone, false],
      [laptop, false],
      [tablet, true],
    ])
      assert.equal(await contacts.isListed(BOB, one.key.id), heard);
    // What the owner said counts as the remembered list has it, and is remembered.
    found = foundOf(chains(), people, [[phone, laptop]]);
    assert.deepEqual(await targets(contacts), idsOf(tablet));
    assert.deepEqual(contacts.get(BOB).revoked, idsOf(laptop));
    found = foundOf([theirs], people);
    assert.deepEqual(await targets(contacts), idsOf(tablet));
    assert.equal(head(contacts.get(BOB).chain), head(root));
    found = foundOf([mine], people);
    assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
    assert.equal(head(contacts.get(BOB).chain), head(mine));
    assert.equal(await contacts.isListed(BOB, phone.key.id), true);
  });

  test(`somebody of whom no list is remembered is sent to where both agree, and none is remembered, ${order}`, async () => {
    const contacts = await book(null, () => foundOf(chains(), people));
    assert.deepEqual(await targets(contacts), idsOf(tablet));
    assert.equal(contacts.get(BOB).chain, null);
    assert.equal(await contacts.isListed(BOB, laptop.key.id), false);
  });

  test(`a device that one of two versions leaves out does not leave, ${order}`, async () => {
    const alone = await version(root, laptop, [laptop], BOB, 3);
    const found = foundOf(chains()[0] === mine ? [mine, alone] : [alone, mine], people, [
      [phone, laptop],
      [laptop, tablet],
    ]);
    const { ctx, devices } = await own(tablet, root, () => found);
    assert.equal(await devices.look(), 'listed');
    assert.equal(head(devices.chain()), head(root));
    assert.equal(ctx.hasLeft, false);
  });

  test(`a device that stands on both versions makes one of both, ${order}`, async () => {
    const a = await version(root, phone, [...people], BOB, 4);
    const b = await version(root, laptop, [...people], BOB, 5);
    const found = foundOf(chains()[0] === mine ? [a, b] : [b, a], people);
    for (const remembered of [root, null]) {
      const { ctx, devices } = await own(tablet, remembered, () => found);
      await devices.look();
      await devices.look();
      assert.deepEqual([...headOf(devices.chain()).parents].sort(), [head(a), head(b)].sort());
      assert.equal(ctx.published.filter(([kind]) => kind === 'DEVICES').length, 1);
    }
  });
}

/** A device of bob that remembers this list. */
async function own(card, chain, find) {
  const ctx = desk(BOB, card, { now, find });
  if (chain) await ctx.store.put('me', 'chain', chain);
  const devices = ownDevices(ctx);
  ctx.devices = devices;
  await devices.load();
  return { ctx, devices };
}

test('of versions in one line the furthest is taken, and where two end apart the last that both continue', async () => {
  const next = await version(mine, phone, [phone], BOB, 6);
  const other = await version(mine, tablet, [tablet], BOB, 7);
  assert.equal(furthest([next, mine, root]), next);
  assert.equal(furthest([next, other, mine, root]), mine);
  assert.equal(furthest([next, other]), null);
  assert.equal(furthest([]), null);
  assert.deepEqual(tips([root, next, mine, next, other]), [next, other]);
  const contacts = await book(root, () => foundOf([next, other, mine], people));
  assert.deepEqual(await targets(contacts), []);
  assert.equal(head(contacts.get(BOB).chain), head(mine));
});

test('whoever was taken out takes nobody out in return', async () => {
  const revocations = [
    [phone, laptop],
    [laptop, phone],
    [laptop, tablet],
  ];
  const contacts = await book(root, () => foundOf([mine], people, revocations));
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  const { ctx, devices } = await own(tablet, root, () => foundOf([mine], people, revocations));
  assert.equal(await devices.look(), 'listed');
  assert.equal(ctx.hasLeft, false);
  assert.equal(head(devices.chain()), head(mine));
});

test('who is out is remembered anew also when as many are out as before', async () => {
  let revocations = [[phone, laptop]];
  const contacts = await book(root, () => foundOf([root], people, revocations));
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  revocations = [[laptop, tablet]];
  contacts.changed(BOB, { revoked: ['00'.repeat(32)] }).done();
  assert.deepEqual(await targets(contacts), idsOf(phone, laptop));
  assert.deepEqual(contacts.get(BOB).revoked, idsOf(tablet));
});

test('a look-up that began earlier takes nothing back, and what was taken back leaves nothing behind', async () => {
  const before = foundOf([root], people, [[phone, tablet]]);
  let found = foundOf([root], people, [[phone, laptop]]);
  const contacts = await book(root, () => found);
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  found = before;
  assert.deepEqual(await targets(contacts), idsOf(phone));
  found = foundOf([root], people, [[phone, nobody]]);
  assert.deepEqual(await targets(contacts), idsOf(laptop, phone, tablet));
  assert.deepEqual(contacts.get(BOB).revokedBy, {});
  // Whoever took it back need not do so again when somebody else took it out in between.
  found = foundOf([root], people, [[tablet, laptop]]);
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  found = foundOf([root], people, [[tablet, nobody]]);
  assert.deepEqual(await targets(contacts), idsOf(laptop, phone, tablet));
});

test('whoever agrees to a list that was begun anew writes to all of its devices', async () => {
  let found = foundOf([root], people, [[phone, laptop]]);
  const contacts = await book(root, () => found);
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  const anew = await version([], laptop, [laptop], BOB, 9);
  found = foundOf([anew], people, [[phone, laptop]]);
  assert.deepEqual(await targets(contacts), idsOf(phone, tablet));
  await assert.rejects(contacts.decide(BOB, true), (e) => e.key === 'changed.wait');
  contacts.changed(BOB, { changedAt: 0 }).done();
  await contacts.decide(BOB, true);
  assert.deepEqual(await targets(contacts), idsOf(laptop));
});

test('of our own devices one that was taken out is not heard, nor is what it left believed, while the list still names it', async () => {
  let revocations = [];
  const find = () => foundOf([root], people, revocations);
  const { ctx, devices } = await own(phone, root, find);
  const contacts = contactBook(ctx);
  const { ownKey } = ctx.profile;
  const { master, id } = await placeOf(ownKey, 0);
  const body = ownBody({ id, entry: await sealEntry(ownKey, id, pack([])[0], new Uint8Array(12)) });
  const from = (one) => [{ record: { body, device: one.key.id } }];
  let left = [];
  let merged = 0;
  Object.assign(ctx.own, { isJoined: () => true, all: () => [], merge: async () => (merged++, nothing()) });
  ctx.locator.recordsAt = async (_kind, _address, where) => (hex(where) === hex(master) ? left : []);
  const sync = ownRecords(ctx);
  sync.start();
  const counts = async (one) => {
    merged = 0;
    left = from(one);
    await sync.run();
    return [await contacts.isListed(BOB, one.key.id), merged];
  };
  await devices.look();
  assert.deepEqual(await counts(laptop), [true, 1]);
  revocations = [[tablet, laptop]];
  await devices.look();
  assert.deepEqual(await counts(laptop), [false, 0]);
  assert.deepEqual(await counts(tablet), [true, 1]);
});
