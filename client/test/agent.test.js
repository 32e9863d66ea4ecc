// What people do with an agent, without a network: contacts, messages and their states, presence, own devices.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { outbox } from '../core/agent/outbox.js';
import { first } from '../core/sip/message.js';
import { memoryStore } from '../core/store/memory.js';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

async function friends() {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  return { it, alice, bob };
}
const states = async (one, who) => (await one.messages(who)).map((m) => m.state);
const texts = async (one, who) => (await one.messages(who)).map((m) => m.text);

test('a message goes from waiting to sent, delivered and read, and counts as unread until then', async () => {
  const { it, alice, bob } = await friends();
  assert.equal((await alice.sendMessage(BOB, 'hello')).state, 'waiting');
  await it.until(bob, (s) => contact(s, ALICE).unread === 1, 'unread');
  await it.until(alice, async () => (await states(alice, BOB))[0] === 'delivered', 'delivered');
  await bob.markRead(ALICE);
  assert.equal(contact(bob.state, ALICE).unread, 0);
  await it.until(alice, async () => (await states(alice, BOB))[0] === 'read', 'read');
});

test('many messages leave before the first is answered, and are shown in the order in which they were written', async () => {
  const { it, alice, bob } = await friends();
  const answers = [];
  it.alter((m) => (m.status === 200 && m.method === 'MESSAGE' ? (answers.push(m), null) : m));
  const wanted = Array.from({ length: 6 }, (_, i) => `message ${i}`);
  await Promise.all(wanted.map((text) => alice.sendMessage(BOB, text)));
  await it.until(bob, (s) => contact(s, ALICE).unread >= 2, 'two of them without an answer');
  it.alter((m) => m);
  await it.until(bob, (s) => contact(s, ALICE).unread === 6, 'all of them');
  assert.deepEqual(await texts(bob, ALICE), wanted);
  await it.until(alice, async () => (await states(alice, BOB)).every((s) => s === 'delivered'), 'delivered');
});

test('receipts go together, and read stands for delivered', async () => {
  const { it, alice, bob } = await friends();
  // Hedged copies of one message share its Call-ID.
  const letters = () => {
    const all = it.peers.flatMap((p) => p.relay.log).filter((m) => m.method === 'MESSAGE' && !m.status);
    return new Set(all.map((m) => first(m, 'call-id'))).size;
  };
  for (let i = 0; i < 10; i++) await alice.sendMessage(BOB, `message ${i}`);
  await it.until(alice, async () => (await states(alice, BOB)).every((s) => s === 'delivered'), 'delivered');
  const before = letters();
  await bob.markRead(ALICE);
  await it.until(alice, async () => (await states(alice, BOB)).every((s) => s === 'read'), 'read');
  assert.equal(letters() - before, 1);
  const store = memoryStore();
  const box = outbox({ store, now: () => 1 });
  for (const state of [1, 2])
    for (let i = 0; i < 250; i++) box.owes(box.owe(ALICE, String(i), i < 10 || state === 1 ? state : 1));
  const { made } = box.gather(ALICE);
  assert.deepEqual(
    made.map(({ content }) => [content.state, content.ids.length]),
    [
      [1, 200],
      [1, 40],
      [2, 10],
    ],
  );
});

test('nobody is told that a message was read when the user does not want it', async () => {
  const { it, alice, bob } = await friends();
  await bob.set({ sendReadMarks: false });
  await alice.sendMessage(BOB, 'hello');
  await it.until(alice, async () => (await states(alice, BOB))[0] === 'delivered', 'delivered');
  await bob.markRead(ALICE);
  await it.pass(5000);
  assert.deepEqual(await states(alice, BOB), ['delivered']);
});

test('the outbox is bounded, and says so', async () => {
  const { it, alice, bob } = await friends();
  it.alter((m) => (m.method === 'MESSAGE' ? null : m));
  for (let i = 0; i < 2000; i++) await alice.sendMessage(BOB, 'x');
  await assert.rejects(alice.sendMessage(BOB, 'x'), (e) => e.key === 'outbox-full');
  assert.equal((await alice.messages(BOB, undefined, 5000)).length, 2000, 'nothing is shown that does not wait');
  assert.equal(contact(bob.state, ALICE).unread, 0);
});

test('a declined request is answered, a blocked one is not, and nothing of a blocked person is heard', async () => {
  const it = await world();
  worlds.push(it);
  const [alice, bob, eve] = [await it.online(ALICE), await it.online(BOB), await it.online('eve@example.net')];
  await alice.requestContact(BOB, { text: 'hello' });
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.declineRequest(ALICE);
  await it.until(alice, (s) => s.notices.some((n) => n.key === 'declined'), 'declined');
  assert.equal(contact(alice.state, BOB).state, 'removed');
  await eve.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request of eve');
  await bob.block('eve@example.net');
  assert.equal(bob.state.requests.length, 0);
  const looked = () => it.peers.flatMap((p) => p.requests).length;
  const before = looked();
  await eve.requestContact(BOB, { text: 'again' });
  await it.pass(5000);
  assert.equal(bob.state.requests.length, 0);
  assert.ok(looked() - before < 40, 'no look-up on behalf of somebody blocked');
  assert.deepEqual(bob.state.blocked, ['eve@example.net']);
  await bob.unblock('eve@example.net');
  assert.deepEqual(bob.state.blocked, []);
  await eve.requestContact(BOB, { text: 'once more' });
  await it.until(bob, (s) => s.requests[0]?.text === 'once more', 'request of eve, let through again');
});

test('who asked each other are contacts without another question', async () => {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = [await it.online(ALICE), await it.online(BOB)];
  await Promise.all([alice.requestContact(BOB, {}), bob.requestContact(ALICE, {})]);
  await it.until(alice, (s) => contact(s, BOB)?.presence === 'online', 'bob');
  await it.until(bob, (s) => contact(s, ALICE)?.presence === 'online', 'alice');
  assert.deepEqual([alice.state.requests, bob.state.requests], [[], []]);
});

test('removing a contact changes the friends key for everybody else, and takes the old place away', async () => {
  const { it, alice, bob } = await friends();
  const carol = await it.online('carol@example.net');
  await carol.requestContact(ALICE, {});
  await it.until(alice, (s) => s.requests.length === 1, 'request of carol');
  await alice.acceptRequest('carol@example.net');
  await it.until(carol, (s) => contact(s, ALICE)?.state === 'accepted', 'accepted');
  const before = carol.ctx.contacts.get(ALICE).friendsKey;
  await alice.sendMessage(BOB, 'bye');
  await it.until(bob, (s) => contact(s, ALICE).unread === 1, 'last word');
  await alice.removeContact(BOB);
  await it.until(carol, () => carol.ctx.contacts.get(ALICE).version === 2, 'rotated');
  assert.notDeepEqual(carol.ctx.contacts.get(ALICE).friendsKey, before);
  assert.deepEqual(carol.ctx.contacts.get(ALICE).friendsKey, alice.ctx.profile.friendsKey);
  assert.deepEqual(bob.ctx.contacts.get(ALICE).friendsKey, before, 'bob was not told');
  await bob.sendMessage(ALICE, 'still there?');
  // Kept by the peers: nobody tells bob more.
  await it.until(bob, async () => (await states(bob, ALICE))[1] === 'sent', 'sent');
  assert.equal(contact(alice.state, BOB), undefined);
  assert.deepEqual(await states(bob, ALICE), ['received', 'sent']);
  await it.pass(3000);
  assert.deepEqual(await alice.messages(BOB), await alice.messages(BOB, undefined, 1), 'alice hears nothing');
});

test('who asks for somebody before their peers know them asks again soon', async () => {
  const it = await world();
  worlds.push(it);
  for (const peer of it.peers) peer.early = 3;
  const start = it.now();
  const [alice, bob] = await it.friends();
  await it.until(alice, (s) => contact(s, BOB)?.presence === 'online', 'bob');
  await it.until(bob, (s) => contact(s, ALICE)?.presence === 'online', 'alice');
  assert.ok(it.now() - start < 60_000, `${it.now() - start} ms`);
});

test('a listener that throws keeps no other one from hearing, and loses no message', async () => {
  const { it, alice, bob } = await friends();
  const heard = [];
  const bad = () => {
    throw new Error('bad listener');
  };
  const { error } = console;
  const said = [];
  console.error = (...what) => said.push(what.at(-1)?.message);
  try {
    for (const listen of [(fn) => bob.subscribe(fn), (fn) => bob.on('message', fn)]) listen(bad);
    bob.subscribe((s) => heard.push(contact(s, ALICE).last?.text));
    bob.on('message', (message) => heard.push(message.id));
    const { id } = await alice.sendMessage(BOB, 'still heard');
    await it.until(alice, async () => (await states(alice, BOB))[0] === 'delivered', 'delivered');
    assert.ok(heard.includes('still heard') && heard.includes(id));
    assert.ok(said.length >= 2 && said.every((each) => each === 'bad listener'));
  } finally {
    console.error = error;
  }
});

test('presence follows what is chosen, invisible looks like away from the computer, and a sign-off shows at once', async () => {
  const { it, alice, bob } = await friends();
  for (const [chosen, shown] of [
    ['away', 'away'],
    ['busy', 'busy'],
    ['invisible', 'offline'],
    ['available', 'online'],
  ]) {
    await bob.setAvailability(chosen, 'note');
    await it.until(alice, (s) => contact(s, BOB).presence === shown, shown);
    assert.equal(contact(alice.state, BOB).note, shown === 'offline' ? '' : 'note');
  }
  const began = it.time.now();
  await bob.close();
  await it.until(alice, (s) => contact(s, BOB).presence === 'offline', 'signed off');
  assert.ok(it.time.now() - began < 2000);
});

test('a second browser asks the first one, is given the contacts, and never starts a list of its own', async () => {
  const { it, alice } = await friends();
  const second = await it.agent(ALICE);
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked');
  assert.equal(alice.state.endorsements[0].checkCode, second.state.me.checkCode);
  await it.pass(30_000);
  assert.equal(second.ctx.devices.lists(second.ctx.profile.key.id), false);
  await alice.allowDevice(second.ctx.profile.key.id);
  await it.until(second, (s) => s.me.status === 'online', 'allowed');
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'contacts');
  await alice.sendMessage(BOB, 'from the first');
  await it.until(second, (s) => contact(s, BOB)?.last?.text === 'from the first', 'copy');
  await alice.removeDevice(second.ctx.profile.key.id);
  assert.deepEqual(
    alice.state.devices.map((d) => d.self),
    [true],
  );
  await it.until(alice, () => alice.ctx.endorsement.guests().length === 0, 'told');
  const targets = await alice.ctx.contacts.targets(ALICE, true);
  assert.deepEqual(
    targets.map((t) => t.id),
    [alice.ctx.profile.key.id],
  );
});

test('what is exported holds people and messages, and no key', async () => {
  const { it, alice, bob } = await friends();
  await bob.sendMessage(ALICE, 'keep this');
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'message');
  const text = await (await alice.exportData()).text();
  const data = JSON.parse(text);
  assert.equal(data.messages[0].text, 'keep this');
  assert.equal(data.contacts[0].address, BOB);
  assert.ok(!/key|token|chain/i.test(Object.keys(data).join() + JSON.stringify(data.contacts)));
});

test('deleting everything withdraws the records and empties the store', async () => {
  const { it, alice, bob } = await friends();
  const { store } = alice.ctx;
  await alice.deleteEverything();
  assert.deepEqual(await store.list('me'), []);
  assert.deepEqual(await store.list('messages'), []);
  assert.equal(await bob.lookup(ALICE), 'absent');
  await it.until(bob, (s) => contact(s, ALICE).presence === 'offline', 'offline');
});

test('what comes after deleting everything is stored nowhere', async () => {
  const { alice } = await friends();
  const { store } = alice.ctx;
  await alice.deleteEverything();
  await assert.rejects(alice.setName('Alice'));
  await assert.rejects(alice.sendMessage(BOB, 'too late'));
  for (const table of ['me', 'messages', 'contacts']) assert.deepEqual(await store.list(table), [], table);
});

test('after a reload everything is there again', async () => {
  const { it, alice, bob } = await friends();
  await alice.setName('Alice');
  await bob.sendMessage(ALICE, 'hello');
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'message');
  await alice.close();
  const again = await it.online(ALICE, { store: alice.ctx.store });
  assert.equal(again.state.me.name, 'Alice');
  assert.equal(contact(again.state, BOB).unread, 1);
  await it.until(again, (s) => contact(s, BOB).presence === 'online', 'bob online');
  await again.sendMessage(BOB, 'back');
  await it.until(bob, (s) => contact(s, ALICE).last.text === 'back', 'message');
});
