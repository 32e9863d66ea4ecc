// Lost everything, or somebody reads the mailbox: a list begun anew, who is told, who objects, and when contacts are asked.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WAIT_MILLIS } from '../core/agent/new-roots.js';
import { MAX_OBJECTIONS, objectors } from '../core/agent/objections.js';
import { checkBody } from '../core/record/bodies.js';
import { devicesBody, headOf, objectionsOf } from '../core/record/devices.js';
import { closeNow, contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const DAY_MILLIS = 86_400_000;
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));
const idOf = (one) => one.ctx.profile.key.id;
const notice = (one, id) => one.state.notices.find((each) => each.id === id || each.key === id);

/** Alice and bob know each other, and somebody else is certified for alice and begins anew. */
async function begun() {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  const second = await it.agent(ALICE, { deviceName: 'new laptop' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await second.recover();
  await it.until(second, (s) => s.me.status === 'online', 'recovered');
  return { it, alice, bob, second };
}

/** Bob reads all that lies there of alice. */
async function looks({ bob }) {
  await bob.ctx.locator.find(ALICE, { ...bob.ctx.contacts.howToFind(ALICE), fresh: true, whole: true });
  return (await bob.ctx.contacts.targets(ALICE)).map((each) => each.id);
}
const seen = async (all) => {
  await looks(all);
  assert.equal(notice(all.bob, `changed ${ALICE}`)?.key, 'changed.wait');
};
async function objects({ alice }) {
  await alice.ctx.devices.look();
  await alice.answerNotice(notice(alice, 'other-list').id, 'keep');
}

test('a contact is told at once, goes on with the devices that are known, and cannot agree before the time is over', async () => {
  const all = await begun();
  const { it, alice, bob, second } = all;
  assert.deepEqual(await looks(all), [idOf(alice)]);
  assert.equal(contact(bob.state, ALICE).trust, 'changed');
  const told = notice(bob, `changed ${ALICE}`);
  assert.equal(told.key, 'changed.wait');
  assert.equal(told.args.devices, 'new laptop');
  assert.deepEqual(
    told.actions.map(({ id }) => id),
    ['ok'],
  );
  await assert.rejects(bob.decideChanged(ALICE, true), (e) => e.key === 'changed.wait');
  await bob.sendMessage(ALICE, 'to the one I know');
  await it.until(bob, async () => (await bob.messages(ALICE))[0].state === 'delivered', 'delivered');
  assert.equal((await second.messages(BOB)).length, 0);
  await it.pass(10_000);
  const asked = notice(bob, `changed ${ALICE}`);
  assert.deepEqual([asked.key, asked.actions.map(({ id }) => id).join()], ['changed', 'keep,agree']);
  await bob.answerNotice(asked.id, 'agree');
  assert.deepEqual(await looks(all), [idOf(second)]);
});

test('out of local mode the time is a day, counted from when the contact saw it, and survives a reload', async () => {
  assert.equal(WAIT_MILLIS, DAY_MILLIS);
  const all = await begun();
  const { it, bob } = all;
  bob.ctx.local = () => false;
  await bob.ctx.contacts.targets(ALICE);
  bob.ctx.contacts.get(ALICE).changed = null;
  bob.ctx.local = () => true;
  await looks(all);
  bob.ctx.local = () => false;
  const { changedAt } = bob.ctx.contacts.get(ALICE);
  assert.ok(it.time.now() - changedAt < 60_000);
  await it.pass(10_000);
  await assert.rejects(bob.decideChanged(ALICE, true), (e) => e.key === 'changed.wait');
  it.time.sleep(DAY_MILLIS);
  await bob.decideChanged(ALICE, true);
  assert.equal(bob.ctx.contacts.get(ALICE).changed, null);
  const again = await begun();
  await seen(again);
  closeNow(again.bob);
  const reloaded = await again.it.agent(BOB, { store: again.bob.ctx.store });
  assert.ok(notice(reloaded, `changed ${ALICE}`), 'told after a reload');
});

test('a device that is alive is asked, objects, and contacts are not asked: also when its record is gone again', async () => {
  const all = await begun();
  const { it, alice, bob, second } = all;
  await seen(all);
  await objects(all);
  await it.until(
    bob,
    async () => (await looks(all), notice(bob, `changed ${ALICE}`)?.key === 'changed.objected'),
    'heard',
  );
  assert.equal(contact(bob.state, ALICE).trust, 'test', 'as before');
  assert.deepEqual(await looks(all), [idOf(alice)]);
  await second.ctx.devices.look();
  assert.equal(notice(second, `objected ${idOf(alice)}`).args.devices, 'test', 'whoever began is told, too');
  await bob.answerNotice(`changed ${ALICE}`, 'ok');
  await it.pass(20_000);
  // The word of alice is kept back, with her list.
  await closeNow(alice);
  for (const values of it.dht.values())
    for (const slot of values.keys()) if (slot.includes(idOf(alice).slice(0, 8))) values.delete(slot);
  await looks(all);
  await it.pass(20_000);
  assert.equal(notice(bob, `changed ${ALICE}`), undefined);
  await assert.doesNotReject(bob.decideChanged(ALICE, true));
  assert.ok(
    headOf(bob.ctx.contacts.get(ALICE).chain).devices.has(idOf(alice)),
    'nothing was offered, so nothing is agreed to',
  );
});

test('whoever objected by mistake joins the new list, and contacts are asked after all', async () => {
  const all = await begun();
  const { it, alice, bob, second } = all;
  await objects(all);
  await it.until(
    bob,
    async () => (await looks(all), notice(bob, `changed ${ALICE}`)?.key === 'changed.objected'),
    'heard',
  );
  await alice.answerNotice(notice(alice, 'objecting').id, 'join');
  await it.until(second, (s) => s.endorsements.length === 1, 'asked');
  await second.allowDevice(idOf(alice));
  await it.until(alice, (s) => s.me.status === 'online' && alice.ctx.devices.lists(idOf(second)), 'joined');
  await it.until(bob, async () => (await looks(all), !!bob.ctx.contacts.get(ALICE).changed), 'shown again');
  await it.until(bob, () => notice(bob, `changed ${ALICE}`)?.key === 'changed', 'asked');
});

test('the word of a stranger, of a removed device and of a device on the new list counts for nothing', async () => {
  const all = await begun();
  const { it, alice, bob, second } = all;
  // A third one is certified for alice, too, and objects to the second, with a list of its own.
  const third = await it.agent(ALICE, { deviceName: 'third' });
  await it.until(third, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await third.recover();
  await it.until(third, (s) => s.me.status === 'online', 'recovered');
  await third.ctx.devices.look();
  const list = second.ctx.devices.chain();
  const against = [list[0].hash];
  assert.deepEqual(objectors([{ device: idOf(alice), against }], list), [idOf(alice)]);
  assert.deepEqual(objectors([{ device: idOf(second), against }], list), []);
  assert.deepEqual(objectors([{ device: idOf(alice), against: ['00'.repeat(32)] }], list), []);
  const other = third.state.notices.find((each) => each.key === 'other-list' && each.args.devices === 'new laptop');
  if (other) await third.answerNotice(other.id, 'keep');
  else await third.ctx.store.put('me', 'objections', against);
  await it.pass(1000);
  await looks(all);
  assert.notEqual(notice(bob, `changed ${ALICE}`)?.key, 'changed.objected');
});

test('objections are bounded, and a record with others is refused', () => {
  const record = (value) => ({
    kind: 'DEVICES',
    body: new Map([
      [1, [1]],
      [3, value],
    ]),
  });
  const hash = new Uint8Array(32);
  assert.doesNotThrow(() => checkBody(record(Array(MAX_OBJECTIONS).fill(hash))));
  for (const bad of [[], Array(MAX_OBJECTIONS + 1).fill(hash), [new Uint8Array(31)], hash, 1])
    assert.throws(() => checkBody(record(bad)));
  const hashes = ['ab'.repeat(32)];
  assert.deepEqual(objectionsOf(devicesBody([{ encoded: 1, parents: [] }], hashes)), hashes);
  assert.equal(devicesBody([{ encoded: 1, parents: [] }]).has(3), false);
});
