// Removing a device: a REVOKED record goes out, and nothing is sent to a device that somebody entitled took out.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { contactBook } from '../core/agent/contacts.js';
import { ownDevices } from '../core/agent/devices.js';
import { revokedOf } from '../core/record/bodies.js';
import { authority, issue } from './authority.js';
import { desk, foundOf, known, version } from './fake/desk.js';

const BOB = 'bob@example.net';
/** What was not taken is offered again, ever more rarely. */
const AGAIN_MILLIS = [60_000, 120_000, 240_000, 480_000, 900_000];
const REFRESH_MILLIS = 4 * 3_600_000;
let now, ca, laptop, phone, published, armed;

const chainOf = (...people) => version([], laptop, people, BOB);

beforeEach(async () => {
  now = Date.UTC(2026, 10, 24, 12);
  ca = await authority(now);
  [laptop, phone] = [await issue(ca, BOB, now), await issue(ca, BOB, now)];
});

/** The agent of whoever's laptop this is, with a store that only takes. */
async function agent(address, find) {
  const ctx = desk(address, laptop, { now: () => now, find });
  ({ published, armed } = ctx);
  await ctx.store.put('me', 'chain', await chainOf(laptop, phone));
  return ctx;
}
const revocations = () => published.filter(([kind]) => kind === 'REVOKED').map(([, record]) => revokedOf(record.body));

/** Everything is published anew: what no peer took is to be offered again, and that is decided when all of it was offered. */
async function publishAnew(devices) {
  armed.length = 0;
  devices.stale();
  await devices.publishAll();
  await offered();
}

/** All of it was offered to the peers. */
async function offered() {
  // Everything on its schedule, and then what is left.
  const isOffered = () => armed.some((ms) => ms > REFRESH_MILLIS / 2) && AGAIN_MILLIS.includes(armed.at(-1));
  while (!isOffered()) await new Promise(setImmediate);
}

test('a removed device is revoked before the new list goes out', async () => {
  const devices = ownDevices(await agent(BOB));
  await devices.load();
  await devices.remove(phone.key.id);
  await offered();
  assert.deepEqual(
    published.slice(0, 2).map(([kind]) => kind),
    ['REVOKED', 'DEVICES'],
  );
  assert.deepEqual(revocations().slice(0, 1), [{ devices: [phone.key.id], reason: 'removed', since: now / 1000 }]);
  assert.equal(devices.lists(phone.key.id), false);
});

test('a revocation is repeated as long as a certificate of the device may live, and then no more', async () => {
  const devices = ownDevices(await agent(BOB));
  await devices.load();
  await devices.remove(phone.key.id);
  await offered();
  published.length = 0;
  await publishAnew(devices);
  await publishAnew(devices);
  assert.equal(revocations().length, 2);
  const [first, second] = published.filter(([kind]) => kind === 'REVOKED').map(([, record]) => record.sequence);
  assert.ok(second > first);
  now += 31 * 86_400_000;
  await publishAnew(devices);
  assert.equal(revocations().length, 2);
});

test('this device is not revoked by itself', async () => {
  const devices = ownDevices(await agent(BOB));
  await devices.load();
  await devices.remove(laptop.key.id);
  assert.deepEqual(published, []);
  assert.ok(devices.lists(laptop.key.id));
});

test('nothing is sent to a revoked device of a contact, also when the store keeps the revocation back later', async () => {
  const chain = await chainOf(laptop, phone);
  let revoked = true;
  const found = () => foundOf([chain], [laptop, phone], revoked ? [[laptop, phone]] : []);
  const ctx = await agent('alice@example.net', found);
  const contacts = contactBook(ctx);
  await known(ctx, contacts, BOB, { chain });
  const to = async () => (await contacts.targets(BOB)).map((t) => t.id);
  assert.deepEqual(await to(), [laptop.key.id]);
  assert.equal(await contacts.isListed(BOB, phone.key.id), false);
  revoked = false;
  assert.deepEqual(await to(), [laptop.key.id]);
  assert.equal(await contacts.isListed(BOB, phone.key.id), false);
  assert.equal(await contacts.isListed(BOB, laptop.key.id), true);
});
