// Somebody with a genuine certificate for the address, and somebody who once was on its list: neither gets in, and neither keeps anybody out.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hex, random } from '../core/bytes.js';
import { placeOf } from '../core/agent/sync.js';
import { keyValue, textValue } from '../core/agent/shared.js';
import { pack } from '../core/agent/entries.js';
import { ownBody } from '../core/record/bodies.js';
import { devicesBody, headOf, makeLink, verifyDevices } from '../core/record/devices.js';
import { sealEntry } from '../core/record/own.js';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));
const idOf = (one) => one.ctx.profile.key.id;

async function scene() {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  return { it, alice, bob };
}

/** Certified for alice by whoever reads her mail, with a list of its own. */
async function impostor(it) {
  const evil = await it.agent(ALICE, { deviceName: 'evil' });
  await it.until(evil, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await evil.recover();
  await it.until(evil, (s) => s.me.status === 'online', 'a list of its own');
  return evil;
}

async function added(it, alice) {
  alice.showDeviceCode();
  const second = await it.agent(ALICE, { deviceName: 'phone' });
  await second.useDeviceCode(alice.state.adding.code);
  await it.until(second, (s) => s.me.status === 'online' && second.ctx.own.isJoined(), 'let in');
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'contacts');
  return second;
}

test('a new browser that was told a code joins the list of whoever showed it, and no other', async () => {
  const { it, alice } = await scene();
  const evil = await impostor(it);
  alice.showDeviceCode();
  const { code } = alice.state.adding;
  // The impostor is quicker, and has the new browser on its list before anybody else.
  alice.ctx.ua.handlers.set('MESSAGE', (incoming) => incoming.answer(480, 'Later'));
  const second = await it.agent(ALICE, { deviceName: 'phone' });
  await second.useDeviceCode(code);
  await it.until(evil, (s) => s.endorsements.length === 1, 'the impostor is asked, too');
  await evil.allowDevice(idOf(second));
  assert.ok(evil.ctx.devices.lists(idOf(second)));
  await it.pass(30_000);
  assert.equal(second.ctx.own.isJoined(), false);
  assert.equal(second.ctx.devices.chain(), null);
  alice.ctx.ua.handlers.set('MESSAGE', alice.ctx.reception.received);
  await it.until(second, (s) => s.me.status === 'online', 'let in');
  assert.ok(second.ctx.devices.lists(idOf(alice)));
  assert.equal(second.ctx.devices.lists(idOf(evil)), false);
  assert.equal(hex(second.ctx.profile.ownKey), hex(alice.ctx.profile.ownKey));
});

test('of two lists nobody is asked without a code, and nobody’s word is taken', async () => {
  const { it, alice } = await scene();
  const evil = await impostor(it);
  const second = await it.agent(ALICE, { deviceName: 'phone' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await it.pass(10_000);
  assert.deepEqual([alice.state.endorsements, evil.state.endorsements], [[], []]);
  await evil.ctx.devices.allow(idOf(second), second.ctx.profile.key.spki, 'phone');
  await it.pass(10_000);
  assert.equal(second.ctx.devices.chain(), null);
  alice.showDeviceCode();
  await second.useDeviceCode(alice.state.adding.code);
  await it.until(second, (s) => s.me.status === 'online', 'let in by the code');
  assert.ok(second.ctx.devices.lists(idOf(alice)));
});

test('a removed device that makes another version of the list takes nobody out, and stays out', async () => {
  const { it, alice, bob } = await scene();
  const second = await added(it, alice);
  const before = second.ctx.devices.chain();
  await alice.removeDevice(idOf(second));
  await it.until(second, (s) => s.me.status === 'removed', 'removed');
  await it.until(bob, () => !headOf(bob.ctx.contacts.get(ALICE).chain).devices.has(idOf(second)), 'bob knows');
  const { key } = second.ctx.profile;
  const own = [...headOf(before).devices.values()].filter((d) => d.id === key.id);
  const link = await makeLink(key, [headOf(before).hash], own, Math.floor(it.time.now() / 1000), ALICE, 'local');
  const forked = await verifyDevices([...before.map((each) => each.encoded), link], ALICE, 'local');
  await second.ctx.devices.publish('CERT', new Map(), 86_400);
  await second.ctx.devices.publish('DEVICES', devicesBody(forked), 86_400);
  for (let i = 0; i < 3; i++) {
    const targets = await bob.ctx.contacts.targets(ALICE, true);
    assert.deepEqual(
      targets.map((each) => each.id),
      [idOf(alice)],
    );
    await alice.ctx.devices.look();
  }
  assert.deepEqual([...headOf(alice.ctx.devices.chain()).devices.keys()], [idOf(alice)]);
  assert.equal(await bob.ctx.contacts.isListed(ALICE, idOf(second)), false);
});

test('nobody changes what is shown: not by another device, not under the id of somebody else’s message', async () => {
  const { it, alice, bob } = await scene();
  const second = await added(it, alice);
  await alice.sendMessage(BOB, 'as it was');
  await it.until(bob, (s) => contact(s, ALICE)?.unread === 1, 'the message');
  const [first] = await bob.messages(ALICE);
  const mine = await bob.sendMessage(ALICE, 'my own');
  await it.until(alice, (s) => contact(s, BOB)?.unread === 1, 'the answer');
  const { id: device, address } = { id: idOf(second), address: ALICE };
  for (const { id, at } of [first, mine]) {
    const body = { type: 'text', id, sent: at, content: { text: 'otherwise' } };
    const answer = await bob.ctx.reception.judge({ body, signer: { address, device } }, { address, device }, false);
    assert.deepEqual(answer, [200, 'OK']);
  }
  assert.deepEqual(
    (await bob.messages(ALICE)).map((each) => each.text),
    ['as it was', 'my own'],
  );
  assert.equal((await bob.ctx.chat.byId(mine.id)).mine, true, 'receipts of it find it still');
  assert.equal(contact(bob.state, ALICE).unread, 1);
});

test('entries and keys count only from listed devices of the same person', async () => {
  const { it, alice, bob } = await scene();
  const second = await added(it, alice);
  const keys = () => [alice, second].map((one) => hex(one.ctx.profile.ownKey)).join();
  const before = keys();
  const entry = { name: 'name', time: it.time.now(), value: textValue('Mallory') };
  await bob.ctx.delivery.enqueue(
    { to: ALICE, type: 'entries', content: { entries: [entry] } },
    { to: ALICE, type: 'ownKey', content: { ownKey: random(32), version: 9 } },
    { to: ALICE, type: 'summary', content: { version: 9, digests: new Uint8Array(128), state: 1 } },
    {
      to: ALICE,
      type: 'endorseGrant',
      content: { ownKey: random(32), friendsKey: random(32), version: 9, contacts: [] },
    },
    { to: ALICE, type: 'endorseRefusal', content: {} },
  );
  await it.pass(10_000);
  assert.equal(keys(), before);
  for (const one of [alice, second]) {
    assert.equal(one.state.me.name, '');
    assert.equal(one.state.me.refused, false);
    assert.equal(one.state.me.status, 'online');
  }
});

test('what somebody who knew an old own key puts into the store is not merged', async () => {
  const { it, alice } = await scene();
  const second = await added(it, alice);
  const key = second.ctx.profile.ownKey;
  await alice.removeDevice(idOf(second));
  await it.until(second, (s) => s.me.status === 'removed', 'removed');
  const third = await added(it, alice);
  const entries = [
    { name: 'name', time: it.time.now(), value: textValue('Mallory') },
    { name: 'friends', time: 99, value: keyValue(random(32), 99) },
  ];
  // Under the old key, and, had somebody told it, under the new one: it is signed by a device that is not listed.
  for (const own of [key, alice.ctx.profile.ownKey]) {
    const { master, id } = await placeOf(own, 0);
    const sealed = await sealEntry(own, id, pack(entries)[0]);
    await second.ctx.devices.publish('OWN', ownBody({ id, entry: sealed }), 86_400, [master]);
  }
  for (const one of [alice, third]) {
    await one.ctx.sync.run();
    assert.equal(one.state.me.name, '');
    assert.ok(one.ctx.profile.friendsVersion < 99);
  }
});
