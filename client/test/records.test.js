// Records, device chains and messages with certificates made here: what is genuine opens, everything else has its reason.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encode, hex, random, unhex } from '../core/bytes.js';
import { decodeBody, encodeBody, openBody, sealBody } from '../core/cms/bodies.js';
import { gruu } from '../core/identity/device.js';
import { fresh, makeToken, parseToken, ReplayCache, sipClaims, verifyToken } from '../core/identity/passport.js';
import { verifyChain } from '../core/identity/verifier.js';
import { makeLink, relation, verifyDevices } from '../core/record/devices.js';
import { isPrivateTarget, locationBody, openRecord, parseRecord, signRecord } from '../core/record/record.js';
import { daysAround, publicMaster, rendezvous, seal, unseal, valueId } from '../core/record/rendezvous.js';
import { authority, issue } from './authority.js';

const NOW = Date.UTC(2026, 10, 24, 12);
const NETWORK = 'local';
let ca, trust, alice, bob, ghost;
before(async () => {
  ca = await authority(NOW);
  trust = { anchors: [ca.certificate], allowTest: true };
  alice = await issue(ca, 'alice@example.net', NOW);
  bob = await issue(ca, 'bob@example.net', NOW);
  ghost = await issue(ca, 'bob@example.net', NOW);
});

const reason = (key) => (e) => {
  assert.equal(e.key, key, e.message);
  return true;
};

test('a certificate proves its address, and only that', async () => {
  const verified = await verifyChain(bob.chain, 'bob@example.net', NOW, trust);
  assert.equal(verified.device, bob.key.id);
  assert.equal(verified.level, 'test');
  await assert.rejects(verifyChain(bob.chain, 'alice@example.net', NOW, trust), reason('wrong-name'));
  await assert.rejects(
    verifyChain(bob.chain, 'bob@example.net', NOW, { anchors: [], allowTest: true }),
    reason('unknown-anchor'),
  );
  await assert.rejects(
    verifyChain(bob.chain, 'bob@example.net', NOW, { ...trust, allowTest: false }),
    reason('test-certificate'),
  );
  await assert.rejects(verifyChain(bob.chain, 'bob@example.net', NOW + 40 * 86_400_000, trust), reason('expired'));
  await assert.rejects(verifyChain([], 'bob@example.net', NOW, trust), reason('no-certificate'));
  const other = await authority(NOW);
  const forged = await issue(other, 'bob@example.net', NOW);
  await assert.rejects(verifyChain(forged.chain, 'bob@example.net', NOW, trust), reason('unknown-anchor'));
  const altered = bob.chain[0].slice();
  altered[altered.length - 1] ^= 1;
  await assert.rejects(verifyChain([altered], 'bob@example.net', NOW, trust));
});

const location = (who, more = {}) => ({
  kind: 'LOCATION',
  address: who.address,
  device: who.key.id,
  sequence: NOW,
  issued: NOW / 1000,
  expires: NOW / 1000 + 3600,
  body: locationBody({
    peers: [{ uri: 'sip:192.0.2.1:5061;transport=tls', id: 'ab'.repeat(32), base: '' }],
    gruu: gruu(who.address, who.key.id),
    capabilities: ['message'],
  }),
  ...more,
});
const how = (more = {}) => ({
  kind: 'LOCATION',
  address: 'bob@example.net',
  network: NETWORK,
  now: NOW,
  trust,
  ...more,
});

test('a record opens, and each wrong one has its reason', async () => {
  const good = await signRecord(bob.signer, NETWORK, location(bob));
  assert.equal((await openRecord(good, how())).record.device, bob.key.id);
  await assert.rejects(openRecord(good, how({ kind: 'CERT' })), reason('wrong-kind'));
  await assert.rejects(openRecord(good, how({ address: 'alice@example.net' })), reason('wrong-address'));
  await assert.rejects(openRecord(good, how({ now: NOW + 4_000_000 })), reason('expired'));
  await assert.rejects(openRecord(good, how({ now: NOW - 700_000 })), reason('not-yet'));
  await assert.rejects(openRecord(good, how({ network: 'starling' })), reason('bad-signature'));
  await assert.rejects(
    openRecord(good, how(), () => NOW + 1),
    reason('old-sequence'),
  );
  await assert.rejects(
    openRecord(await signRecord(bob.signer, NETWORK, location(bob, { expires: NOW / 1000 + 86_401 })), how()),
    reason('too-long'),
  );
  await assert.rejects(openRecord(await signRecord(alice.signer, NETWORK, location(bob)), how()), reason('wrong-name'));
  await assert.rejects(
    openRecord(await signRecord({ key: ghost.key.sign, chain: bob.chain }, NETWORK, location(bob)), how()),
    reason('bad-signature'),
  );
  await assert.rejects(
    openRecord(await signRecord(ghost.signer, NETWORK, location(bob)), how()),
    reason('wrong-device'),
  );
  await assert.rejects(
    openRecord(await signRecord(bob.signer, NETWORK, location(bob, { body: new Map([[1, []]]) })), how()),
    reason('bad-body'),
  );
  const tombstone = await signRecord(bob.signer, NETWORK, location(bob, { body: null }));
  assert.equal((await openRecord(tombstone, how())).record.body, null);
});

test('no changed byte of a record goes unnoticed', async () => {
  const good = await signRecord(bob.signer, NETWORK, location(bob));
  for (let i = 0; i < good.length; i += 7) {
    const bad = good.slice();
    bad[i] ^= 1 << (i % 8);
    await assert.rejects(openRecord(bad, how()), (e) => typeof e.key === 'string');
  }
});

test('sealing hides, pads, and opens only in its place', async () => {
  const master = await publicMaster('bob@example.net', NETWORK);
  const place = await rendezvous(master, 'LOCATION', '2026-11-24');
  const value = await seal(place, encode('hello'));
  assert.equal(value.length, 1024);
  assert.deepEqual(await unseal(place, value), encode('hello'));
  assert.equal((await seal(place, new Uint8Array(1000))).length, 2048);
  const nonces = new Set();
  for (let i = 0; i < 500; i++) nonces.add(hex((await seal(place, encode('hello'))).slice(1, 13)));
  assert.equal(nonces.size, 500, 'no nonce twice');
  const tomorrow = await rendezvous(master, 'LOCATION', '2026-11-25');
  assert.notEqual(hex(place.dhtKey), hex(tomorrow.dhtKey));
  await assert.rejects(unseal(tomorrow, value), reason('not-sealed'));
  value[500] ^= 1;
  await assert.rejects(unseal(place, value), reason('not-sealed'));
  assert.match(await valueId(place, bob.key.id), /^[0-9]{1,20}$/);
});

test('around midnight two days count', () => {
  assert.deepEqual(daysAround(Date.UTC(2026, 10, 24, 12)), ['2026-11-24']);
  assert.deepEqual(daysAround(Date.UTC(2026, 10, 24, 23, 30)), ['2026-11-24', '2026-11-25']);
  assert.deepEqual(daysAround(Date.UTC(2026, 10, 25, 0, 30)), ['2026-11-25', '2026-11-24']);
});

const listed = (who, name) => ({ id: who.key.id, spki: who.key.spki, name, added: NOW / 1000 });

test('a device list grows only by a device that stands on it', async () => {
  const b2 = await issue(ca, 'bob@example.net', NOW);
  const root = await makeLink(bob.key, [], [listed(bob, 'one')], NOW / 1000, 'bob@example.net', NETWORK);
  const chain = await verifyDevices([root], 'bob@example.net', NETWORK);
  const next = await makeLink(
    bob.key,
    [chain[0].hash],
    [listed(bob, 'one'), listed(b2, 'two')],
    NOW / 1000,
    'bob@example.net',
    NETWORK,
  );
  const two = await verifyDevices([root, next], 'bob@example.net', NETWORK);
  assert.equal(relation(two, chain), 'newer');
  assert.equal(relation(chain, two), 'older');
  const byGhost = await makeLink(
    ghost.key,
    [chain[0].hash],
    [listed(bob, 'one'), listed(ghost, 'x')],
    NOW / 1000,
    'bob@example.net',
    NETWORK,
  );
  await assert.rejects(verifyDevices([root, byGhost], 'bob@example.net', NETWORK), reason('not-a-device'));
  await assert.rejects(verifyDevices([root, next], 'alice@example.net', NETWORK), reason('bad-link-signature'));
  await assert.rejects(verifyDevices([next], 'bob@example.net', NETWORK), reason('no-root'));
  await assert.rejects(verifyDevices([root, root], 'bob@example.net', NETWORK), reason('bad-parent'));
  await assert.rejects(verifyDevices([], 'bob@example.net', NETWORK), reason('no-root'));
  const other = await verifyDevices(
    [await makeLink(ghost.key, [], [listed(ghost, 'x')], NOW / 1000, 'bob@example.net', NETWORK)],
    'bob@example.net',
    NETWORK,
  );
  assert.equal(relation(other, chain), 'new-root');
});

test('two versions with one parent merge, and removal wins', async () => {
  const b2 = await issue(ca, 'bob@example.net', NOW);
  const b3 = await issue(ca, 'bob@example.net', NOW);
  const make = (parents, devices, at) => makeLink(bob.key, parents, devices, at, 'bob@example.net', NETWORK);
  const root = await make([], [listed(bob, '1'), listed(b2, '2')], 1);
  const [r] = await verifyDevices([root], 'bob@example.net', NETWORK);
  const removed = await make([r.hash], [listed(bob, '1')], 2);
  const added = await make([r.hash], [listed(bob, '1'), listed(b2, '2'), listed(b3, '3')], 3);
  const three = await verifyDevices([root, removed, added], 'bob@example.net', NETWORK);
  const heads = [three[1].hash, three[2].hash];
  const good = await make(heads, [listed(bob, '1'), listed(b3, '3')], 4);
  assert.deepEqual(
    [...(await verifyDevices([root, removed, added, good], 'bob@example.net', NETWORK))[3].devices.keys()].sort(),
    [bob.key.id, b3.key.id].sort(),
  );
  const bad = await make(heads, [listed(bob, '1'), listed(b2, '2'), listed(b3, '3')], 4);
  await assert.rejects(verifyDevices([root, removed, added, bad], 'bob@example.net', NETWORK), reason('bad-merge'));
});

const text = (to) => ({
  type: 'text',
  id: hex(random(16)),
  sent: NOW,
  from: 'alice@example.net',
  to: to.address,
  device: to.key.id,
  content: { text: 'Grüße 👋' },
});

test('a message opens for its device and nobody else, and not when altered', async () => {
  const body = text(bob);
  const sealed = await sealBody(alice.signer, bob.chain[0], body, NOW);
  const us = { agree: bob.key.agree, address: 'bob@example.net', device: bob.key.id, now: NOW, trust };
  const opened = await openBody(sealed, us);
  assert.deepEqual(opened.body, body);
  assert.equal(opened.signer.address, 'alice@example.net');
  await assert.rejects(openBody(sealed, { ...us, agree: ghost.key.agree }), reason('not-for-this-key'));
  for (let i = 0; i < sealed.length; i += 13) {
    const bad = sealed.slice();
    bad[i] ^= 1;
    await openBody(bad, us).then(
      (other) => assert.deepEqual(other.body, body),
      (e) => assert.equal(typeof e.key, 'string', e.stack),
    );
  }
  const forwarded = await sealBody(alice.signer, ghost.chain[0], body, NOW);
  await assert.rejects(
    openBody(forwarded, { ...us, agree: ghost.key.agree, device: ghost.key.id }),
    reason('not-for-us'),
  );
  const asAlice = await sealBody(ghost.signer, bob.chain[0], body, NOW);
  await assert.rejects(openBody(asAlice, us), reason('wrong-name'));
});

test('every kind of body survives the way', () => {
  const key = new Uint8Array(32).fill(7);
  const contents = {
    receipt: { ids: [hex(random(16))], state: 2 },
    request: { name: 'Alice', text: 'hello', friendsKey: key, version: 1, token: key },
    accept: { name: 'Bob', friendsKey: key, version: 3, token: key },
    decline: {},
    rotate: { friendsKey: key, version: 2 },
    endorseRequest: { name: 'Firefox', spki: new Uint8Array(91) },
    endorseGrant: {
      ownKey: key,
      friendsKey: key,
      version: 1,
      contacts: [
        { address: 'bob@example.net', name: 'Bob', theirToken: key, ourToken: key, friendsKey: key, version: 1 },
      ],
    },
    sentCopy: { to: 'bob@example.net', id: hex(random(16)), text: 'x', sent: NOW },
    endorseRefusal: {},
    readMark: { address: 'bob@example.net', upTo: NOW },
  };
  for (const [type, content] of Object.entries(contents)) {
    const body = { ...text(bob), type, content };
    assert.deepEqual(decodeBody(encodeBody(body)), body, type);
  }
});

test('a PASSporT covers the message, is fresh, and counts once', async () => {
  const about = {
    method: 'MESSAGE',
    callId: 'c1',
    cseq: 1,
    orig: 'sip:alice@example.net',
    dest: gruu('bob@example.net', bob.key.id),
    contacts: [],
    expires: '',
    body: encode('x'),
    sdp: false,
    token: random(32),
  };
  const compact = await makeToken(alice.signer, 'passport', '', fresh(await sipClaims(about), NOW));
  const replays = new ReplayCache();
  const check = (more, now = NOW) =>
    sipClaims({ ...about, ...more }).then((expected) => verifyToken(compact, expected, { trust, replays, now }));
  const code = (wanted) => (e) => (assert.equal(e.args.code, wanted, e.message), true);
  await assert.rejects(check({ body: encode('y') }), code('438'));
  await assert.rejects(check({ dest: gruu('bob@example.net', ghost.key.id) }), code('438'));
  await assert.rejects(check({}, NOW + 61_000), code('403'));
  await assert.rejects(verifyToken('', {}, { trust, replays, now: NOW }), code('428'));
  await assert.rejects(verifyToken('a.b.c', {}, { trust, replays, now: NOW }), code('436'));
  await assert.rejects(
    verifyToken(compact, {}, { trust: { anchors: [], allowTest: true }, replays, now: NOW }),
    code('437'),
  );
  assert.equal((await check({})).signer.address, 'alice@example.net');
  await assert.rejects(check({}), code('403'));
  assert.equal(parseToken(compact).claims.tok.length, 43);
});

test('hostile bytes only ever give our own errors', async () => {
  let seed = 20261124;
  const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8;
  const record = await signRecord(bob.signer, NETWORK, location(bob));
  const sealed = await sealBody(alice.signer, bob.chain[0], text(bob), NOW);
  const us = { agree: bob.key.agree, address: 'bob@example.net', device: bob.key.id, now: NOW, trust };
  for (let i = 0; i < 400; i++) {
    const source = i % 2 ? record : sealed;
    const bytes = source.slice(0, i % 5 ? source.length : next() % source.length);
    for (let n = next() % 6; n >= 0; n--) bytes[next() % bytes.length] = next() & 255;
    const ours = (e) => assert.equal(typeof e.key, 'string', e.stack);
    await openRecord(bytes, how()).then(() => {}, ours);
    await openBody(bytes, us).then(() => {}, ours);
    try {
      parseRecord(bytes);
    } catch (e) {
      ours(e);
    }
  }
});

test('addresses that only a local peer may use are known', () => {
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '172.20.0.1',
    '169.254.1.1',
    '100.64.0.1',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]',
    'localhost',
    'printer',
  ])
    assert.ok(isPrivateTarget(`sip:${host}:5061;transport=tls`), host);
  for (const host of ['192.0.2.1', '8.8.8.8', 'peer.example.net', '[2a00::1]'])
    assert.ok(!isPrivateTarget(`sip:${host}:5061;transport=tls`), host);
  assert.equal(unhex('00ff').length, 2);
});
