// What a peer, a stranger, or a CA that issues wrongly can try: nothing of it is shown as true, nothing leaks, and the
// genuine one still gets through.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { base64, encode, hex, random } from '../core/bytes.js';
import { sealBody } from '../core/cms/bodies.js';
import { gruu } from '../core/identity/device.js';
import { locator } from '../core/locate/locator.js';
import { makeLink } from '../core/record/devices.js';
import { locationBody, signRecord } from '../core/record/record.js';
import { publicMaster, rendezvous, seal, valueId } from '../core/record/rendezvous.js';
import { first, response } from '../core/sip/message.js';
import { memoryStore } from '../core/store/memory.js';
import { issue } from './authority.js';
import { person } from './fake/people.js';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

async function friends(how) {
  const it = await world(how);
  worlds.push(it);
  const [alice, bob] = await it.friends();
  const [first] = alice.ctx.delivery.paths((await bobAt(alice))[0]);
  return { it, alice, bob, bad: it.peers.find((p) => p.id === first.flow.peer.id) };
}
const bobAt = (alice) => alice.ctx.contacts.targets(BOB);
const isMessage = (m) => m.method === 'MESSAGE' && !m.status;
const stateOf = async (alice, text) => (await alice.messages(BOB)).find((m) => m.text === text)?.state;
const shown = async (bob, text) => (await bob.messages(ALICE)).filter((m) => m.text === text).length;

/** Says it, and sees it come through once, whatever the first peer of bob does. */
async function getsThrough({ it, alice, bob }, text) {
  await alice.sendMessage(BOB, text);
  await it.until(alice, async () => (await stateOf(alice, text)) === 'delivered', text);
  assert.equal(await shown(bob, text), 1);
}

for (const [what, alter] of [
  ['alters', (m) => ({ ...m, body: encode('something else') })],
  ['drops', () => null],
  ['answers for bob with 200', (m) => ({ answer: response(m, 200, 'OK') })],
  ['answers for bob with 603', (m) => ({ answer: response(m, 603, 'Declined') })],
  ['answers 202', (m) => ({ answer: response(m, 202, 'Accepted') })],
  ['answers 404', (m) => ({ answer: response(m, 404, 'Not Found') })],
])
  test(`a peer that ${what}: the message goes the other way, and is shown once`, async () => {
    const all = await friends();
    all.bad.alter = (m) => (isMessage(m) ? alter(m) : m);
    await getsThrough(all, what);
  });

test('a peer that drops costs less than a second', async () => {
  const { it, alice, bob, bad } = await friends();
  bad.alter = (m) => (isMessage(m) ? null : m);
  const began = it.time.now();
  await alice.sendMessage(BOB, 'quick');
  await it.until(bob, async () => (await shown(bob, 'quick')) === 1, 'quick');
  assert.ok(it.time.now() - began < 1000, `${it.time.now() - began} ms`);
});

test('where both peers forge every answer and keep no copy, a message is never more than waiting', async () => {
  const { it, alice, bob } = await friends();
  for (const peer of it.peers) peer.swallows = true;
  for (const status of [200, 202, 603]) {
    it.alter((m) => (isMessage(m) ? { answer: response(m, status, 'x') } : m));
    await alice.sendMessage(BOB, `forged ${status}`);
    await it.pass(8000);
    assert.equal(await stateOf(alice, `forged ${status}`), 'waiting');
  }
  it.alter((m) => m);
  const all = async () => (await alice.messages(BOB)).every((m) => m.state === 'delivered');
  await it.until(alice, all, 'all of them');
  assert.deepEqual(
    (await bob.messages(ALICE)).map((m) => m.text),
    ['forged 200', 'forged 202', 'forged 603'],
  );
});

test('a peer that plays messages and answers again changes nothing', async () => {
  const { it, alice, bob, bad } = await friends();
  const kept = [];
  bad.alter = (m) => (isMessage(m) && kept.push(m), m);
  await getsThrough({ it, alice, bob }, 'once');
  bad.alter = (m) => m;
  const other = it.peers.find((p) => p !== bad);
  const answers = [];
  for (const peer of [bad, other]) for (const m of kept) peer.relay.pass(m, (answer) => answers.push(answer.status));
  await it.until(bob, () => answers.length >= 2 * kept.length, 'answers');
  assert.ok(answers.every((status) => status === 403));
  assert.equal(await shown(bob, 'once'), 1);
  assert.equal(contact(bob.state, ALICE).unread, 1);
});

test('a peer that holds one message back and lets later ones pass does not change their order', async () => {
  const { it, alice, bob, bad } = await friends();
  let held = null;
  bad.alter = (m) => {
    if (!isMessage(m) || held) return m;
    held = m;
    return null;
  };
  for (const text of ['one', 'two', 'three']) await alice.sendMessage(BOB, text);
  await it.until(bob, (s) => contact(s, ALICE).unread === 3, 'three');
  assert.deepEqual(
    (await bob.messages(ALICE)).map((m) => m.text),
    ['one', 'two', 'three'],
  );
});

test('a late copy of a message that came the other way is answered, and shown once', async () => {
  const { it, alice, bob, bad } = await friends();
  let late = null;
  bad.alter = (m) => (isMessage(m) && !late ? ((late = m), null) : m);
  await getsThrough({ it, alice, bob }, 'hedged');
  const status = await new Promise((resolve) => bad.relay.pass(late, (m) => resolve(m.status)));
  assert.equal(status, 200);
  assert.equal(await shown(bob, 'hedged'), 1);
  assert.equal(contact(bob.state, ALICE).unread, 1);
});

test('a presence that a peer forges is never shown, and one peer alone shows nobody offline', async () => {
  const { it, alice, bob } = await friends();
  const [bad] = it.peers;
  const genuine = it.peers.flatMap((p) => p.relay.log).find((m) => first(m, 'event') === 'presence');
  const notify = (change) => (bad.alter = (m) => (m.method === 'NOTIFY' && !m.status ? change(m) : m));
  notify((m) => ({ ...m, body: encode(new TextDecoder().decode(m.body).replace('open', 'open ')) }));
  await bob.setAvailability('busy', '');
  await it.until(alice, (s) => contact(s, BOB).presence === 'busy', 'busy, by the other peer');
  notify((m) => ({ ...m, body: new Uint8Array(0), headers: m.headers.filter(([n]) => n !== 'content-type') }));
  await bob.setAvailability('away', '');
  await it.until(alice, (s) => contact(s, BOB).presence === 'away', 'away, by the other peer');
  // What bob said before is genuine, but not what he says now.
  notify((m) => ({
    ...m,
    headers: m.headers.map(([n, v]) => [n, n === 'starling-signature' ? first(genuine, n) : v]),
    body: genuine.body,
  }));
  await it.pass(2000);
  await bob.setAvailability('busy', '');
  await it.until(alice, (s) => contact(s, BOB).presence === 'busy', 'busy again');
  await it.pass(2000);
  assert.equal(contact(alice.state, BOB).presence, 'busy');
});

/** Publishes a record of a foreign key for an address, as somebody who knows the address can. */
async function plant(it, card, kind, body) {
  const now = it.time.now();
  const record = await signRecord(card.signer, 'local', {
    kind,
    address: card.address,
    device: card.key.id,
    sequence: now,
    issued: Math.floor(now / 1000),
    expires: Math.floor(now / 1000) + 3600,
    body,
  });
  const place = await rendezvous(await publicMaster(card.address, 'local'), kind, '2026-11-24');
  const key = hex(place.dhtKey);
  const values = it.dht.get(key) ?? new Map();
  it.dht.set(key, values.set(`ghost ${await valueId(place, card.key.id)}`, base64(await seal(place, record))));
}

const placeAt = (it, card) =>
  locationBody({
    peers: it.peers.map((p) => ({ uri: p.relay.uri, id: p.id, base: p.base })),
    gruu: gruu(card.address, card.key.id),
    capabilities: ['message'],
  });

test('a device that the CA added behind our back is shown to us, and nothing is ever sent to it', async () => {
  const { it, alice, bob } = await friends();
  const ghost = await issue(it.ca, ALICE, it.time.now());
  await plant(it, ghost, 'CERT', new Map());
  await plant(it, ghost, 'LOCATION', placeAt(it, ghost));
  await it.pass(610_000);
  await it.until(alice, (s) => s.notices.some((n) => n.id === `ghost ${ghost.key.id}`), 'notice');
  assert.ok(alice.state.devices.some((d) => d.deviceId === ghost.key.id && !d.listed));
  await bob.sendMessage(ALICE, 'for alice alone');
  await it.until(bob, async () => (await bob.messages(ALICE))[0].state === 'delivered', 'delivered');
  await bob.call(ALICE);
  await it.until(alice, (s) => s.call?.state === 'ringing', 'ringing');
  await bob.hangUp();
  const sent = it.peers.flatMap((p) => p.relay.log).filter((m) => m.uri.includes(ghost.key.id));
  assert.deepEqual(sent, []);
});

test('a new root for a known person is shown and gets nothing; without memory, two roots get nothing', async () => {
  const { it, alice, bob } = await friends();
  const ghost = await issue(it.ca, ALICE, it.time.now());
  const listed = [{ id: ghost.key.id, spki: ghost.key.spki, name: 'ghost', added: 1 }];
  const link = await makeLink(ghost.key, [], listed, Math.floor(it.time.now() / 1000), ALICE, 'local');
  await plant(it, ghost, 'CERT', new Map());
  await plant(it, ghost, 'LOCATION', placeAt(it, ghost));
  await plant(it, ghost, 'DEVICES', new Map([[1, [link]]]));
  const carol = await it.online('carol@example.net');
  await carol.requestContact(ALICE, {});
  await it.pass(5000);
  assert.equal(alice.state.requests.length, 0, 'carol cannot know which of the two is alice');
  await bob.sendMessage(ALICE, 'to the one I know');
  await it.until(bob, async () => (await bob.messages(ALICE))[0].state === 'delivered', 'delivered');
  const toGhost = () => it.peers.flatMap((p) => p.relay.log).filter((m) => m.uri.includes(ghost.key.id)).length;
  assert.equal(toGhost(), 0);
  // Now only the new one is to be found.
  await carol.close();
  for (const values of it.dht.values())
    for (const slot of values.keys()) if (!slot.startsWith('ghost')) values.delete(slot);
  await bob.lookup(ALICE);
  await bob.ctx.contacts.targets(ALICE, true);
  await it.until(bob, (s) => contact(s, ALICE).trust === 'changed', 'changed');
  await bob.sendMessage(ALICE, 'to whom?');
  await it.pass(5000);
  assert.equal(toGhost(), 0);
  await bob.answerNotice(`changed ${ALICE}`, 'keep');
  await bob.ctx.contacts.targets(ALICE, true);
  assert.notEqual(contact(bob.state, ALICE).trust, 'changed', 'asked once');
});

test('a location at a private address is used in local mode only', async () => {
  const { it, bob } = await friends();
  for (const local of [true, false]) {
    const find = locator({
      fetch: it.peers[0].fetch,
      now: it.time.now,
      timer: it.time.timer,
      store: memoryStore(),
      network: () => 'local',
      trust: () => ({ anchors: [it.ca.certificate], allowTest: true }),
      gates: () => [it.peers[0]],
      local: () => local,
    });
    const found = await find.find(BOB);
    assert.equal(found.kind, 'found');
    const device = found.devices.get(bob.ctx.profile.key.id);
    assert.equal(device.location !== null, local);
    assert.ok(device.certificate, 'messages can be encrypted all the same');
  }
});

test('strangers who flood are bounded in look-ups, requests and questions, and contacts get through', async () => {
  const { it, alice, bob } = await friends();
  const relays = it.peers.map((p) => p.relay);
  const crowd = [];
  for (let i = 0; i < 40; i++)
    crowd.push(await person({ ca: it.ca, time: it.time, relays, address: `s${i}@example.org`, directory: new Map() }));
  const before = it.peers.flatMap((p) => p.requests).length;
  const target = (await bobAt(alice))[0];
  const statuses = await Promise.all(
    crowd.map(async (one) => {
      const address = one.ua.us.address;
      const content = { name: 'x', text: '', friendsKey: random(32), version: 1, token: random(32) };
      const about = { id: hex(random(16)), sent: it.time.now(), from: address, to: BOB, device: target.id };
      const body = await sealBody(
        one.ua.us.signer,
        target.certificate,
        { type: 'request', ...about, content },
        it.time.now(),
      );
      const uri = gruu(BOB, target.id);
      return (await one.ua.send(one.ua.ready[0], 'MESSAGE', uri, { body, type: 'application/pkcs7-mime' })).status;
    }),
  );
  // None of them stands on a list of devices.
  assert.ok(statuses.every((status) => status === 403));
  assert.deepEqual(bob.state.requests, []);
  const looked = it.peers.flatMap((p) => p.requests).length - before;
  // Four kinds of records at each peer.
  assert.ok(looked <= 20 * 4 * it.peers.length + 20, `${looked} requests to the store`);
  await getsThrough({ it, alice, bob }, 'still here');
  await Promise.all(crowd.map((one) => one.ua.close()));
});
