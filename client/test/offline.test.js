// Messages to people who are away: kept by peers, fetched once, shown once and in order, acknowledged, and taken back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { certify } from './authority.js';
import { hex, random, unbase64 } from '../core/bytes.js';
import { parseRecord } from '../core/record/record.js';
import { unseal } from '../core/record/rendezvous.js';
import { cardOf, heldBack, knownKeys, leave, letter, stateOf, textsOf } from './fake/letters.js';
import { closeNow, contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const CAROL = 'carol@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

async function make(how) {
  const it = await world(how);
  worlds.push(it);
  return it;
}

/** Alice is there, bob is not. */
async function bobAway(how) {
  const it = await make(how);
  const [alice, bob] = await it.friends();
  await bob.close();
  await it.until(alice, (s) => contact(s, BOB).presence === 'offline', 'offline');
  return { it, alice, bob };
}

const back = (it, one, how = {}) => it.online(one.ctx.profile.address, { store: one.ctx.store, ...how });
const became = (it, one, who, text, state) =>
  it.until(one, async () => (await stateOf(one, who, text)) === state, `${text}: ${state}`);
const shows = (it, one, who, count) => it.until(one, (s) => contact(s, who)?.unread === count, `${count} unread`);
const inboxOf = async (it, one) => (await it.under(one.ctx.profile.friendsKey, 'INBOX')).values.size;

/** Of what lies there only what one device left: one's own devices leave each other letters there, too. */
async function leftBy(it, from, one) {
  const { place, values } = await it.under(one.ctx.profile.friendsKey, 'INBOX');
  const payloads = await Promise.all([...values.values()].map((data) => unseal(place, unbase64(data))));
  return payloads.filter((bytes) => parseRecord(bytes).device === from.ctx.profile.key.id).length;
}

/** All that it has to say is held by two peers. */
const keeps = (it, one) =>
  it.until(
    one,
    async () => {
      const items = (await one.ctx.store.list('outbox')).filter(([, item]) => item.type !== 'endorseGrant');
      const held = items.every(([, item]) => Object.values(item.held).some((each) => each.kept.length === 2));
      return items.length > 0 && held && (await one.ctx.store.list('receipts')).length === 0;
    },
    'everything held',
  );

test('who are never there together: every message comes once and in order, and the sender learns of it', async () => {
  const { it, alice, bob } = await bobAway();
  const wanted = ['one', 'two', 'three', 'four', 'five'];
  for (const text of wanted) assert.equal((await alice.sendMessage(BOB, text)).state, 'waiting');
  const began = it.time.now();
  for (const text of wanted) await became(it, alice, BOB, text, 'sent');
  assert.ok(it.time.now() - began < 2000, `${it.time.now() - began} ms`);
  assert.equal(await inboxOf(it, bob), 2 * wanted.length, 'each at two peers');
  await alice.close();
  const bob2 = await back(it, bob);
  await shows(it, bob2, ALICE, wanted.length);
  assert.deepEqual(await textsOf(bob2, ALICE), wanted);
  await keeps(it, bob2);
  await bob2.close();
  const alice2 = await back(it, alice);
  for (const text of wanted) await became(it, alice2, BOB, text, 'delivered');
  await it.until(alice2, async () => (await inboxOf(it, bob)) === 0, 'taken back');
  assert.deepEqual(await alice2.ctx.store.list('outbox'), []);
  assert.deepEqual(await alice2.ctx.store.list('stops'), []);
  const bob3 = await back(it, bob2);
  await it.pass(3000);
  assert.deepEqual(await textsOf(bob3, ALICE), wanted);
  assert.equal(contact(bob3.state, ALICE).unread, wanted.length);
});

test('a message is sent only when two peers were seen to keep it; where there is one peer, that one', async () => {
  const { it, alice } = await bobAway();
  it.peers[1].swallows = true;
  await alice.sendMessage(BOB, 'hello');
  await it.pass(20_000);
  assert.equal(await stateOf(alice, BOB, 'hello'), 'waiting');
  it.peers[1].swallows = false;
  await became(it, alice, BOB, 'hello', 'sent');
  // One peer is all that alice has, from now on.
  const { base } = it.peers[1];
  await alice.removePeer(base);
  it.peers[1].die();
  await alice.sendMessage(BOB, 'by one alone');
  await became(it, alice, BOB, 'by one alone', 'sent');
});

test('a store that refuses keeps nothing from waiting, and being sent when it takes it', async () => {
  const { it, alice, bob } = await bobAway();
  for (const peer of it.peers) peer.full = 4;
  for (const text of ['one', 'two', 'three']) await alice.sendMessage(BOB, text);
  await it.pass(20_000);
  const states = (await alice.messages(BOB)).map((m) => m.state);
  assert.deepEqual(states.sort(), ['sent', 'sent', 'waiting']);
  for (const peer of it.peers) peer.full = 0;
  for (const text of ['one', 'two', 'three']) await became(it, alice, BOB, text, 'sent');
  await alice.close();
  const bob2 = await back(it, bob);
  await shows(it, bob2, ALICE, 3);
});

test('copies leave room at the peers for what a device says of itself', async () => {
  const { it, alice } = await bobAway();
  await alice.close();
  const held = { key: '00'.repeat(20), id: '1', until: 2 ** 40, size: 4096, bases: [], kept: [] };
  for (let i = 0; i < 798; i++) {
    const item = {
      id: `${String(i).padStart(15, '0')} x`,
      bodyId: 'x',
      to: 'ghost@example.org',
      type: 'text',
      content: {},
    };
    const created = it.time.now();
    await alice.ctx.store.put('outbox', item.id, {
      ...item,
      created,
      done: [],
      only: '',
      token: null,
      held: { d: held },
    });
  }
  const alice2 = await back(it, alice);
  for (const text of ['one', 'two', 'three']) await alice2.sendMessage(BOB, text);
  const sent = async () => (await alice2.messages(BOB)).filter((m) => m.state === 'sent').length;
  await it.until(alice2, async () => (await sent()) === 2, 'two of three');
  await it.pass(20_000);
  assert.equal(await sent(), 2);
  alice2.ctx.delivery.withdraw((item) => item.to === 'ghost@example.org').drop();
  await it.until(alice2, async () => (await sent()) === 3, 'all');
});

test('a copy under a certificate that ends soon is given anew under the next one', async () => {
  const it = await make();
  const store = await it.card(ALICE);
  const profile = await store.get('me', 'profile');
  const days = 86_400_000;
  profile.chain = [await certify(it.ca, ALICE, profile.key.spki, it.time.now() - 27 * days)];
  await store.put('me', 'profile', profile);
  const [alice, bob] = [await it.online(ALICE, { store }), await it.online(BOB)];
  await alice.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(alice, (s) => contact(s, BOB)?.state === 'accepted', 'accepted');
  await bob.close();
  await alice.sendMessage(BOB, 'hello');
  await became(it, alice, BOB, 'hello', 'sent');
  const until = async () => Object.values((await store.list('outbox'))[0][1].held)[0].until * 1000 - it.time.now();
  assert.ok((await until()) <= 3 * days);
  alice.ctx.profile.chain = [await certify(it.ca, ALICE, profile.key.spki, it.time.now())];
  await it.until(alice, async () => (await until()) > 6.9 * days, 'given anew');
  await alice.close();
  await it.daysPass(5, [ALICE, BOB]);
  const bob2 = await back(it, bob);
  await shows(it, bob2, ALICE, 1);
});

test('a message to somebody with two devices is sent when both will have it, and delivered when one has it', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  const second = await it.agent(BOB);
  await it.until(bob, (s) => s.endorsements.length === 1, 'asked');
  await bob.allowDevice(second.ctx.profile.key.id);
  await it.until(second, (s) => s.me.status === 'online' && contact(s, ALICE)?.state === 'accepted', 'allowed');
  await it.until(alice, async () => (await alice.ctx.contacts.targets(BOB, true)).length === 2, 'both are known');
  await Promise.all([bob.close(), second.close()]);
  // Room for the copy of one device only.
  for (const peer of it.peers) peer.full = 2;
  await alice.sendMessage(BOB, 'hello');
  await it.until(alice, async () => (await inboxOf(it, second)) === 2, 'one copy');
  await it.pass(10_000);
  assert.equal(await stateOf(alice, BOB, 'hello'), 'waiting');
  for (const peer of it.peers) peer.full = 0;
  await became(it, alice, BOB, 'hello', 'sent');
  const bob2 = await back(it, bob);
  await became(it, alice, BOB, 'hello', 'delivered');
  await it.until(alice, async () => (await leftBy(it, alice, second)) === 2, 'the copy of the other stays');
  assert.equal((await alice.ctx.store.list('outbox')).length, 1);
  const again = await back(it, second);
  await it.until(again, async () => (await textsOf(again, ALICE)).length === 1, 'the other one');
  await it.until(alice, async () => (await alice.ctx.store.list('outbox')).length === 0, 'all have it');
  await it.until(alice, async () => (await leftBy(it, alice, second)) === 0, 'taken back');
  assert.deepEqual(await textsOf(bob2, ALICE), ['hello']);
});

test('the sender’s peers are gone after it was sent: the addressee gets it through others', async () => {
  const it = await make({ peers: 4 });
  const [p0, p1, p2, p3] = it.peers.map((peer) => peer.base);
  const alice = await it.online(ALICE, { peers: [p0, p1] });
  const bob = await it.online(BOB, { peers: [p2, p3] });
  await alice.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(alice, (s) => contact(s, BOB)?.state === 'accepted', 'accepted');
  await bob.close();
  await alice.sendMessage(BOB, 'remember me');
  await became(it, alice, BOB, 'remember me', 'sent');
  await alice.close();
  it.peers[0].die();
  it.peers[1].die();
  const bob2 = await back(it, bob, { peers: [p2, p3] });
  await shows(it, bob2, ALICE, 1);
  assert.deepEqual(await textsOf(bob2, ALICE), ['remember me']);
});

/** Only copies pass. */
const onlyCopies = (it) => it.alter((m) => (m.method === 'MESSAGE' && !m.status ? null : m));

test('a copy that comes later than the message after it stands before it, and what came both ways is shown once', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  const watch = heldBack(bob);
  await bob.ctx.boxes.look();
  onlyCopies(it);
  for (const text of ['first', 'second']) {
    await alice.sendMessage(BOB, text);
    await became(it, alice, BOB, text, 'sent');
  }
  const place = await it.under(bob.ctx.profile.friendsKey, 'INBOX');
  const values = [...place.values.values()].map(unbase64);
  assert.equal(values.length, 4);
  for (const [unread, pair] of [values.slice(2), values.slice(0, 2)].entries()) {
    for (const value of pair) watch.give(hex(place.place.dhtKey), value);
    await shows(it, bob, ALICE, unread + 1);
  }
  assert.deepEqual(await textsOf(bob, ALICE), ['first', 'second']);
  for (const value of values) watch.give(hex(place.place.dhtKey), value);
  it.alter((m) => m);
  await became(it, alice, BOB, 'second', 'delivered');
  await it.until(alice, async () => (await alice.ctx.store.list('outbox')).length === 0, 'nothing waits');
  assert.deepEqual(await textsOf(bob, ALICE), ['first', 'second']);
  assert.equal(contact(bob.state, ALICE).unread, 2);
  await it.until(alice, async () => (await inboxOf(it, bob)) === 0, 'taken back');
});

test('what is watched follows the days and the friends key, and ends with the agent', async () => {
  const it = await make();
  const [, bob] = await it.friends();
  const watch = heldBack(bob);
  await bob.ctx.boxes.look();
  const noon = [...watch.keys()];
  assert.equal(noon.length, 16, 'eight days of letters, eight of knocks');
  it.time.advance(11.5 * 3_600_000);
  await it.until(bob, () => watch.keys().size === 18, 'tomorrow too');
  await bob.removeContact(ALICE);
  await bob.ctx.boxes.look();
  assert.equal(watch.keys().size, 27, 'and under the former friends key');
  await bob.close();
  assert.equal(watch.keys().size, 0);
});

test('a message that nobody fetches is not delivered after seven days, is taken back, and can be tried again', async () => {
  const { it, alice, bob } = await bobAway();
  await alice.sendMessage(BOB, 'are you there?');
  await became(it, alice, BOB, 'are you there?', 'sent');
  await alice.close();
  await it.daysPass(7, [ALICE, BOB]);
  it.time.advance(3_600_000);
  const alice2 = await back(it, alice);
  await became(it, alice2, BOB, 'are you there?', 'failed');
  const [{ id }] = await alice2.messages(BOB);
  await alice2.retry(id);
  await became(it, alice2, BOB, 'are you there?', 'sent');
  await alice2.close();
  const bob2 = await back(it, bob);
  await shows(it, bob2, ALICE, 1);
});

test('a message is still there on the seventh day, whatever the hour', async () => {
  const { it, alice, bob } = await bobAway();
  it.time.advance(12 * 3_600_000 - (it.time.now() % 86_400_000) + 11.9 * 3_600_000);
  await alice.sendMessage(BOB, 'late in the evening');
  await became(it, alice, BOB, 'late in the evening', 'sent');
  await alice.close();
  await it.daysPass(6, [ALICE, BOB]);
  it.time.advance(23 * 3_600_000);
  const bob2 = await back(it, bob);
  await shows(it, bob2, ALICE, 1);
});

test('peers are told to stop also when they were away, and also after a restart', async () => {
  const { it, alice, bob } = await bobAway();
  await alice.sendMessage(BOB, 'hello');
  await became(it, alice, BOB, 'hello', 'sent');
  const [here, gone] = it.peers;
  const left = async () => [...(await it.under(bob.ctx.profile.friendsKey, 'INBOX')).values.keys()];
  gone.die();
  const bob2 = await it.agent(BOB, { store: bob.ctx.store });
  await became(it, alice, BOB, 'hello', 'delivered');
  await it.until(alice, async () => (await left()).length === 1, 'gone from the peer that is there');
  assert.ok((await left())[0].startsWith(gone.id));
  closeNow(alice);
  const alice2 = await it.agent(ALICE, { store: alice.ctx.store });
  await it.pass(5000);
  assert.equal((await alice2.ctx.store.list('stops')).length, 1);
  gone.rise();
  await it.until(alice2, async () => (await left()).length === 0, 'gone from the other one');
  await it.until(alice2, async () => (await alice2.ctx.store.list('stops')).length === 0, 'and forgotten');
  assert.ok(here.requests.some((line) => line.startsWith('DELETE ')));
  assert.deepEqual(await textsOf(bob2, ALICE), ['hello']);
});

test('what one’s own other browser was not there for, it finds when it comes', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  const second = await it.agent(ALICE);
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked');
  await alice.allowDevice(second.ctx.profile.key.id);
  await it.until(second, (s) => s.me.status === 'online' && contact(s, BOB)?.state === 'accepted', 'allowed');
  await second.close();
  await it.until(bob, async () => (await bob.ctx.contacts.targets(ALICE, true)).length === 2, 'both devices are known');
  await alice.sendMessage(BOB, 'from the first');
  await became(it, alice, BOB, 'from the first', 'delivered');
  await bob.sendMessage(ALICE, 'to both');
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'to the first');
  await keeps(it, bob);
  await keeps(it, alice);
  assert.equal(await stateOf(bob, ALICE, 'to both'), 'delivered', 'one device has it and said so');
  await Promise.all([alice.close(), bob.close()]);
  const again = await back(it, second);
  await it.until(again, async () => (await textsOf(again, BOB)).length === 2, 'both');
  assert.deepEqual(
    (await again.messages(BOB)).map((m) => [m.text, m.mine]),
    [
      ['from the first', true],
      ['to both', false],
    ],
  );
});

test('a contact who was away too long to be told of a new friends key knocks, and is told', async () => {
  const { it, alice, bob } = await bobAway();
  const old = alice.ctx.contacts.get(BOB);
  await alice.close();
  const bob2 = await back(it, bob);
  // As if the rotation had never been heard of, and eight days ago.
  Object.assign(bob2.ctx.profile, { friendsKey: random(32), friendsVersion: 2 });
  await bob2.ctx.saveProfile();
  await bob2.close();
  const alice2 = await back(it, alice);
  await alice2.sendMessage(BOB, 'nobody reads here any more');
  await became(it, alice2, BOB, 'nobody reads here any more', 'sent');
  await alice2.close();
  await it.daysPass(7, [ALICE, BOB]);
  it.time.advance(3_600_000);
  const alice3 = await back(it, alice2);
  await became(it, alice3, BOB, 'nobody reads here any more', 'failed');
  const knocks = async () => (await it.under(await knownKeys.address(BOB), 'KNOCK')).values.size;
  await it.until(alice3, async () => (await knocks()) === 2, 'a knock');
  await alice3.close();
  const bob3 = await back(it, bob2);
  await it.until(bob3, async () => (await inboxOf(it, alice)) > 0, 'answered unasked');
  await keeps(it, bob3);
  assert.deepEqual(bob3.state.requests, []);
  await bob3.close();
  const alice4 = await back(it, alice3);
  await it.until(alice4, () => alice4.ctx.contacts.get(BOB).version === 2, 'told');
  assert.notDeepEqual(alice4.ctx.contacts.get(BOB).friendsKey, old.friendsKey);
});

test('somebody who is away is asked by a knock, answers by a copy, and writes: never there together', async () => {
  const it = await make();
  const [bob, alice] = [await it.online(BOB), await it.online(ALICE)];
  await bob.close();
  await alice.requestContact(BOB, { text: 'It is me' });
  const knocked = async () => (await it.under(await knownKeys.address(BOB), 'KNOCK')).values.size === 2;
  await it.until(alice, knocked, 'a knock at two peers');
  assert.equal(contact(alice.state, BOB).state, 'waiting');
  await alice.close();
  const bob2 = await back(it, bob);
  await it.until(bob2, (s) => s.requests[0]?.text === 'It is me', 'request');
  await bob2.acceptRequest(ALICE);
  await bob2.sendMessage(ALICE, 'Welcome');
  await became(it, bob2, ALICE, 'Welcome', 'sent');
  await it.until(bob2, async () => (await inboxOf(it, alice)) >= 4, 'acceptance and message');
  await bob2.close();
  const alice2 = await back(it, alice);
  await it.until(alice2, (s) => contact(s, BOB).state === 'accepted', 'accepted');
  await shows(it, alice2, BOB, 1);
  await it.until(alice2, async () => !(await knocked()), 'the knock is taken back');
  await it.until(alice2, async () => (await it.under(await knownKeys.address(BOB), 'KNOCK')).values.size === 0, 'both');
});

test('a text and a new friends key that are read before the acceptance count when that is there', async () => {
  const it = await make();
  const [alice, bob] = [await it.online(ALICE), await it.online(BOB)];
  await bob.close();
  await alice.requestContact(BOB, {});
  const leaves = async (type, content, sent) => {
    const bytes = await letter(it, cardOf(bob), alice, { body: { type, content, sent }, sequence: sent });
    await leave(it, alice, bytes);
  };
  const monday = it.time.now() - 60_000;
  const [old, young] = [random(32), random(32)];
  await leaves('text', { text: 'on tuesday' }, monday + 2000);
  await leaves('rotate', { friendsKey: young, version: 2 }, monday + 1000);
  await it.pass(400_000, 1000);
  assert.equal(contact(alice.state, BOB).state, 'waiting');
  assert.deepEqual(await textsOf(alice, BOB), []);
  await leaves('accept', { name: 'Bob', friendsKey: old, version: 1, token: random(32) }, monday);
  await it.until(alice, async () => (await textsOf(alice, BOB)).length === 1, 'the text');
  assert.deepEqual(await textsOf(alice, BOB), ['on tuesday']);
  assert.equal(hex(alice.ctx.contacts.get(BOB).friendsKey), hex(young));
  // Once: what was judged is not judged again.
  await it.pass(70_000, 1000);
  assert.equal(contact(alice.state, BOB).unread, 1);
});

test('a refusal reaches somebody who is away too', async () => {
  const it = await make();
  const [bob, alice] = [await it.online(BOB), await it.online(ALICE)];
  await alice.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await alice.close();
  await bob.declineRequest(ALICE);
  await it.until(bob, async () => (await inboxOf(it, alice)) === 2, 'kept');
  await bob.close();
  const alice2 = await back(it, alice);
  await it.until(alice2, (s) => s.notices.some((n) => n.key === 'declined'), 'declined');
});

test('a contact who was not told of a new friends key is heard under the old one, and told', async () => {
  const { it, alice, bob } = await bobAway();
  const carol = await it.online(CAROL);
  await alice.close();
  const bob2 = await back(it, bob);
  await carol.requestContact(BOB, {});
  await it.until(bob2, (s) => s.requests.length === 1, 'request');
  await bob2.acceptRequest(CAROL);
  await it.until(carol, (s) => contact(s, BOB)?.state === 'accepted', 'accepted');
  const before = bob2.ctx.profile.friendsKey;
  await bob2.removeContact(CAROL);
  assert.notDeepEqual(bob2.ctx.profile.friendsKey, before);
  await it.until(bob2, async () => (await inboxOf(it, alice)) === 2, 'the new key is kept for alice');
  await bob2.close();
  // Alice does not look before she writes.
  for (const peer of it.peers) peer.hides = false;
  const alice2 = await it.agent(ALICE, { store: alice.ctx.store });
  await alice2.sendMessage(BOB, 'under the old key');
  await it.until(alice2, () => alice2.ctx.contacts.get(BOB).version === 2, 'told by the copy');
  await became(it, alice2, BOB, 'under the old key', 'sent');
  await alice2.sendMessage(BOB, 'under the new key');
  await became(it, alice2, BOB, 'under the new key', 'sent');
  await alice2.close();
  await carol.sendMessage(BOB, 'let me in');
  await became(it, carol, BOB, 'let me in', 'sent');
  const bob3 = await back(it, bob2);
  await shows(it, bob3, ALICE, 2);
  assert.deepEqual(await textsOf(bob3, ALICE), ['under the old key', 'under the new key']);
  await it.pass(3000);
  assert.deepEqual(await textsOf(bob3, CAROL), [], 'somebody removed is not heard');
});

test('what comes while other letters are judged is judged too', async () => {
  const it = await make();
  const [alice, bob] = await it.friends();
  const watch = heldBack(bob);
  await bob.ctx.boxes.look();
  onlyCopies(it);
  // While the first is looked at, the second comes.
  const { judge } = bob.ctx.inbox;
  let meanwhile = async () => {};
  bob.ctx.inbox.judge = async (letters) => {
    const then = meanwhile;
    meanwhile = async () => {};
    await then();
    return judge(letters);
  };
  const values = async () => [...(await it.under(bob.ctx.profile.friendsKey, 'INBOX')).values.values()].map(unbase64);
  const { place } = await it.under(bob.ctx.profile.friendsKey, 'INBOX');
  for (const text of ['one', 'two']) {
    await alice.sendMessage(BOB, text);
    await became(it, alice, BOB, text, 'sent');
  }
  const [one, , two] = await values();
  meanwhile = async () => watch.give(hex(place.dhtKey), two);
  watch.give(hex(place.dhtKey), one);
  await shows(it, bob, ALICE, 2);
});
