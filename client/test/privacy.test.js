// What docs/privacy.md says that each one can see, and no more. Its rows name these tests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base64, hex, random } from '../core/bytes.js';
import { withoutPlaces } from '../core/call/places.js';
import { gruu } from '../core/identity/device.js';
import { first } from '../core/sip/message.js';
import { contact, gruuOf, world } from './fake/world.js';
import { person } from './fake/people.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const ADDRESS_OF_ALICE = '203.0.113.77';
let it;
let alice;
let bob;
before(async () => {
  it = await world();
  [alice, bob] = await it.friends();
});
after(() => it.close());

const SDP = [
  'v=0',
  `o=- 1 1 IN IP4 ${ADDRESS_OF_ALICE}`,
  's=-',
  't=0 0',
  'm=audio 50000 UDP/TLS/RTP/SAVPF 111',
  `c=IN IP4 ${ADDRESS_OF_ALICE}`,
  `a=rtcp:50001 IN IP4 ${ADDRESS_OF_ALICE}`,
  `a=candidate:1 1 udp 2122260223 ${ADDRESS_OF_ALICE} 50000 typ host`,
  'a=candidate:2 1 udp 1686052607 198.51.100.9 50000 typ srflx raddr 203.0.113.77 rport 50000',
  'a=end-of-candidates',
  'a=ice-ufrag:abcd',
  `a=fingerprint:sha-256 ${hex(random(32)).toUpperCase().match(/../g).join(':')}`,
  '',
].join('\r\n');

/** Every stored value, as bytes and as text. */
function stored() {
  const all = [];
  for (const [key, values] of it.dht)
    for (const [slot, data] of values) all.push({ key, slot, bytes: Buffer.from(data, 'base64') });
  return all;
}

/** Whether something can be read in it, in any of the ways in which bytes are written. */
const holds = (haystack, needle) =>
  [needle, base64(Buffer.from(needle)).replace(/=+$/, ''), hex(Buffer.from(needle))].some(
    (form) => haystack.includes(form) || haystack.toString('latin1').toLowerCase().includes(form.toLowerCase()),
  );

test('no stored value holds an address, a contact, a name or a place in clear, nor do its key and id', async () => {
  await alice.setName('Alice Liddell');
  await alice.sendMessage(BOB, 'meet me at the river');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'meet me at the river', 'message');
  await alice.setAvailability('busy', 'at the river');
  await it.pass(2000);
  const values = stored();
  assert.ok(values.length >= 2 * 4, `${values.length} values`);
  const devices = [alice, bob].map((one) => one.ctx.profile.key.id);
  const secrets = [ALICE, BOB, 'example.net', 'alice', 'Liddell', 'river', '127.0.0.1', 'sip:', ...devices];
  secrets.push(...it.peers.flatMap((peer) => [peer.id, peer.base]));
  for (const { key, slot, bytes } of values) {
    assert.ok([1, 2, 4, 8, 16, 32].map((k) => k * 1024).includes(bytes.length), `${bytes.length} bytes`);
    for (const secret of secrets) {
      assert.ok(!holds(bytes, secret), `${secret} in a value`);
      assert.ok(!key.includes(secret) && !slot.split(' ')[1].includes(secret), `${secret} in its name`);
    }
  }
});

test('values of one size look alike: no two share more than chance, also of one record sealed twice', async () => {
  const values = stored();
  const starts = new Set(values.map(({ bytes }) => bytes.subarray(0, 13).toString('hex')));
  assert.equal(starts.size, values.length, 'each has a nonce of its own');
  const ids = values.map(({ slot }) => slot.split(' ')[1]);
  const byKey = new Map();
  values.forEach(({ key }, i) => byKey.set(key, [...(byKey.get(key) ?? []), ids[i]]));
  const days = [...byKey.values()].map((each) => new Set(each).size);
  assert.ok(
    days.every((n) => n === 1),
    'one device, one id under a key',
  );
  assert.equal(new Set([...byKey.values()].map((each) => each[0])).size, byKey.size, 'and another one elsewhere');
});

test('a sign-off and a sign-on change no record', async () => {
  const carol = await it.online('carol@example.net');
  await it.pass(2000);
  const before = new Map(stored().map(({ key, slot, bytes }) => [`${key} ${slot}`, bytes.toString('hex')]));
  await carol.close();
  await it.pass(5000);
  const after = new Map(stored().map(({ key, slot, bytes }) => [`${key} ${slot}`, bytes.toString('hex')]));
  assert.deepEqual([...after].sort(), [...before].sort());
});

/** A stranger who knows bob's address and device, and asks. */
async function stranger(address) {
  const relays = it.peers.map((p) => p.relay);
  return person({ ca: it.ca, time: it.time, relays, address, directory: new Map() });
}

test('whoever rings and is no contact learns nothing of where the callee is before the answer', async () => {
  await bob.set({ strangersRing: true });
  const mallory = await stranger('mallory@example.org');
  mallory.directory?.set?.(BOB, []);
  const { key } = bob.ctx.profile;
  bob.ctx.contacts.isListed = async () => true;
  const heard = [];
  const sent = mallory.ua.send(mallory.ua.ready[0], 'INVITE', gruu(BOB, key.id), {
    contact: `<${gruuOf('mallory@example.org', mallory.ua.us.device)}>`,
    cseq: 1,
    type: 'application/sdp',
    body: new TextEncoder().encode(SDP),
    provisional: (message) => heard.push(message),
    timeout: 5000,
  });
  await it.until(bob, (s) => s.call?.state === 'ringing', 'ringing');
  await it.until(bob, () => heard.some((m) => m.status === 180), 'heard');
  for (const message of heard) {
    assert.equal(message.body.length, 0, 'no SDP while it rings');
    assert.ok(!/\d+\.\d+\.\d+\.\d+/.test(first(message, 'contact')), first(message, 'contact'));
  }
  await bob.declineCall();
  await it.pass(6000);
  await sent;
  await mallory.ua.close();
});

test('an offer to somebody who is no contact names no candidate and no host; one to a contact does', async () => {
  const offers = [];
  it.alter((message) => {
    if (message.method === 'INVITE' && !message.status) offers.push(new TextDecoder().decode(message.body));
    return message;
  });
  const { create } = alice.media;
  alice.media.create = async () => ({ ...(await create()), offer: async () => SDP });
  await alice.call(BOB);
  await it.until(alice, () => offers.length > 0, 'offer');
  assert.match(offers[0], /a=candidate/);
  await alice.hangUp();
  await it.pass(2000);
  offers.length = 0;
  const { get } = alice.ctx.contacts;
  alice.ctx.contacts.get = (who) => ({ ...get(who), state: 'waiting' });
  await alice.call(BOB);
  await it.until(alice, () => offers.length > 0, 'offer');
  for (const offer of offers) {
    assert.ok(!/candidate/.test(offer), offer);
    assert.ok(!offer.includes(ADDRESS_OF_ALICE) && !offer.includes('198.51.100.9'), offer);
    assert.match(offer, /a=fingerprint/);
    assert.match(offer, /a=ice-ufrag/);
  }
  alice.ctx.contacts.get = get;
  it.alter((message) => message);
});

test('an offer without places is still an offer', () => {
  const hidden = withoutPlaces(SDP);
  assert.match(hidden, /^m=audio 9 /m);
  assert.match(hidden, /^c=IN IP4 0\.0\.0\.0\r$/m);
  assert.equal(withoutPlaces(hidden), hidden);
});
