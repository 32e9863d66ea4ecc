// An S/MIME key in a PKCS #12 file as identity, CAs that a person adds, and what becomes of withdrawn certificates.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { base64, concat, encode, hex, unbase64 } from '../core/bytes.js';
import { anchorText, parseAnchors } from '../core/identity/anchors.js';
import { readBer } from '../core/identity/ber.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { openPkcs12 } from '../core/identity/pkcs12.js';
import { memoryStore } from '../core/store/memory.js';
import { contact, world } from './fake/world.js';
import * as f from './forge.js';
import { makeCrl } from './vectors/crls.mjs';
import { company, pkcs12 } from './vectors/pkcs12.mjs';
import { octets, oid, sequence, tlv } from '../core/identity/der.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const MINUTE = 60_000;
const URL_OF_LIST = 'http://crl.example.net/a.crl';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));
const fails = (key) => (e) => e.key === key || assert.fail(`${e.key} instead of ${key}: ${e.stack}`);

async function newWorld() {
  const it = await world();
  worlds.push(it);
  return it;
}

/** The CA of the company as a file. @param {string} [lines] */
const anchorOf = ({ rootDer }, lines = 'purposes: smime') => `${lines}\n${anchorText(parseCertificate(rootDer))}`;

async function believe(one, text) {
  const found = await one.readAnchors(text);
  await one.addAnchors(
    text,
    found.map((each) => each.id),
  );
}

/** Somebody with a blank browser and a file. */
async function withFile(it, file, { address = BOB, agree = true, store = memoryStore() } = {}) {
  const one = await it.agent(address, { store });
  const opened = await one.openCertificate(file, 'Bürger & Söhne');
  const certified = it.time.now();
  await one.useCertificate(address, agree);
  await it.until(one, (s) => s.me.status === 'online', `${address} online`);
  return Object.assign(one, { opened, store, certified });
}

test('files of OpenSSL open with their passphrase, or say why not', async () => {
  const v = JSON.parse(await readFile(new URL('../../vectors/pkcs12.json', import.meta.url), 'utf8'));
  for (const c of v.good) {
    const { owners, others } = await openPkcs12(unbase64(c.file), v.passphrase);
    assert.deepEqual(
      owners.map((owner) => base64(owner.certificate.der)),
      [c.certificate],
      c.what,
    );
    assert.equal(others.length, 1, c.what);
  }
  for (const c of v.bad) await assert.rejects(openPkcs12(unbase64(c.file), c.passphrase), fails(c.reason), c.what);
});

/** A file without a MAC, of as many keys and of parts that are encrypted, each after that many rounds. @param {number} keys @param {number} parts @param {number} rounds */
async function slow(keys, parts, rounds) {
  const [salt, iv] = [new Uint8Array(8), new Uint8Array(16)];
  const count = tlv(2, Uint8Array.of(0, rounds >> 16, (rounds >> 8) & 255, rounds & 255));
  const pbkdf2 = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), count));
  const aes = sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv));
  const algorithm = sequence(oid('1.2.840.113549.1.5.13'), sequence(pbkdf2, aes));
  const sealed = async (plain) =>
    new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, await quick(), plain));
  const data = oid('1.2.840.113549.1.7.1');
  const shrouded = oid('1.2.840.113549.1.12.10.1.2');
  const bag = sequence(shrouded, tlv(0xa0, sequence(algorithm, octets(await sealed(sequence())))));
  const bags = sequence(...Array.from({ length: keys }, () => bag));
  const none = sequence(data, algorithm, tlv(0x80, await sealed(sequence())));
  const part = sequence(oid('1.2.840.113549.1.7.6'), tlv(0xa0, sequence(tlv(2, Uint8Array.of(0)), none)));
  const all = sequence(...Array.from({ length: parts }, () => part), sequence(data, tlv(0xa0, octets(bags))));
  return sequence(tlv(2, Uint8Array.of(3)), sequence(data, tlv(0xa0, octets(all))));
}
const quick = () =>
  crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'AES-CBC' }, false, ['encrypt', 'decrypt']);

test('a file does not keep us busy for longer than a person waits, whatever it asks for', async (t) => {
  let rounds = 0;
  t.mock.method(crypto.subtle, 'deriveKey', ({ iterations }) => ((rounds += iterations), quick()));
  for (const [keys, parts, each, reason] of [
    [500, 0, 1, 'p12.no-key'],
    [4, 0, 5_000_000, 'p12.unsupported'],
    [0, 400, 5_000_000, 'p12.unsupported'],
    [1, 0, 5_000_001, 'p12.unsupported'],
    // As many as that are read; these are no keys.
    [4, 1, 2_000_000, 'p12.malformed'],
  ]) {
    rounds = 0;
    await assert.rejects(openPkcs12(await slow(keys, parts, each), ''), fails(reason));
    assert.ok(rounds <= 10_000_000, `${keys} ${parts} ${rounds}`);
    if (each === 1) assert.equal(rounds, 4);
    if (reason === 'p12.malformed') assert.equal(rounds, 10_000_000);
  }
});

test('octets in pieces and lengths to come are read, endless ones are not', () => {
  const pieces = Uint8Array.of(0x24, 0x80, 4, 1, 1, 4, 0x81, 1, 2, 0, 0);
  assert.equal(hex(readBer(pieces).items[1].content), '02');
  for (const bad of [
    [0x24, 0x80, 4, 1],
    [4, 0x80, 0, 0],
    [0x30, 0x85, 0, 0, 0, 0, 1, 0],
    [0x1f, 1, 0],
    [4, 2, 0],
  ])
    assert.throws(() => readBer(Uint8Array.from(bad)), fails('p12.malformed'));
  const deep = concat(...Array.from({ length: 40 }, () => Uint8Array.of(0x30, 0x80)));
  assert.throws(() => readBer(concat(deep, new Uint8Array(80))), fails('p12.malformed'));
});

test('bob comes with an RSA certificate of his company: request, message and call with alice from the test CA', async () => {
  const it = await newWorld();
  const ltd = await company(it.time.now());
  const alice = await it.online(ALICE);
  const bob = await withFile(it, await pkcs12(ltd));
  assert.deepEqual(bob.opened.addresses, [BOB, 'robert@example.net']);
  assert.equal(bob.opened.issuer, 'Example Ltd CA, Example Ltd');
  assert.equal(bob.ctx.profile.chain.length, 2);
  // Whom alice does not believe, she does not find.
  assert.equal(await alice.lookup(BOB), 'forged');
  await believe(alice, anchorOf(ltd, 'name: Example Ltd\npurposes: smime\ndomains: example.org'));
  assert.equal(await alice.lookup(BOB), 'forged');
  await believe(alice, anchorOf(ltd, 'name: Example Ltd\npurposes: smime\ndomains: example.net'));
  assert.equal(await alice.lookup(BOB), 'found');
  await alice.requestContact(BOB, { text: 'It is me' });
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(alice, (s) => contact(s, BOB)?.presence === 'online', 'bob seen online');
  assert.equal(contact(alice.state, BOB).trust, 'verified');
  await bob.sendMessage(ALICE, 'from the company');
  await it.until(alice, (s) => contact(s, BOB).last?.text === 'from the company', 'message');
  await alice.sendMessage(BOB, 'to the company');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'to the company', 'message back');
  const talking = alice.call(BOB);
  await it.until(bob, (s) => s.call?.state === 'ringing', 'ringing');
  await bob.acceptCall();
  await it.until(alice, (s) => s.call?.state === 'running', 'running');
  await alice.hangUp();
  await talking;
  // Without the CA nothing of bob's is believed any more.
  await alice.removeAnchor((await alice.anchors()).find((each) => !each.test).id);
  assert.equal(await alice.lookup(BOB), 'forged');
});

test('neither the S/MIME key nor the passphrase is kept', async () => {
  const it = await newWorld();
  const ltd = await company(it.time.now(), { kind: 'P-256' });
  const bob = await withFile(it, await pkcs12(ltd));
  const secret = hex(ltd.pkcs8.slice(-100, -70));
  const texts = [];
  const look = (value) => {
    if (value instanceof Uint8Array) texts.push(hex(value));
    else if (typeof value === 'string') texts.push(value);
    else if (value && typeof value === 'object') Object.values(value).forEach(look);
  };
  for (const table of ['me', 'anchors', 'peers', 'outbox', 'crls']) look((await bob.store.list(table)).flat());
  assert.ok(texts.length > 10);
  assert.ok(!texts.some((text) => text.includes(secret) || text.includes('Bürger')));
  await assert.rejects(bob.useCertificate(BOB, true), 'nothing is open any more');
});

test('a CA that nobody looked at is not believed', async () => {
  const it = await newWorld();
  const ltd = await company(it.time.now(), { kind: 'P-256' });
  const bob = await it.agent(BOB, { store: memoryStore() });
  const { unknownCa } = await bob.openCertificate(await pkcs12(ltd), 'Bürger & Söhne');
  assert.equal(unknownCa, (await bob.readAnchors(anchorOf(ltd)))[0].id);
  await assert.rejects(bob.useCertificate(BOB, false), fails('smime.unknown-ca'));
  assert.equal((await bob.anchors()).filter((each) => !each.test).length, 0);
  assert.equal(bob.ctx.profile, null);
  const bare = await pkcs12(ltd, [], { withRoot: false });
  await assert.rejects(bob.openCertificate(bare, 'Bürger & Söhne'), fails('smime.unknown-ca'));
  await believe(bob, anchorOf(ltd));
  assert.equal((await bob.openCertificate(bare, 'Bürger & Söhne')).unknownCa, '');
});

test('only what was compared is added, and it is there after a reload', async () => {
  const it = await newWorld();
  const [one, two] = [await company(it.time.now()), await company(it.time.now())];
  const store = await it.card(ALICE);
  const alice = await it.agent(ALICE, { store });
  const text = `${anchorOf(one)}\n${anchorOf(two, 'name: Two\npurposes: smime\ndomains: example.org')}`;
  const found = await alice.readAnchors(text);
  await alice.addAnchors(text, [found[1].id]);
  const again = await it.agent(ALICE, { store });
  const own = (await again.anchors()).filter((each) => !each.test);
  assert.deepEqual(own, [found[1]]);
  assert.deepEqual(own[0].domains, ['example.org']);
  await assert.rejects(async () => alice.readAnchors('domain: x'), fails('malformed'));
});

test('certificates that cannot stand for a person are named', async () => {
  const it = await newWorld();
  const now = it.time.now();
  const bob = await it.agent(BOB, { store: memoryStore() });
  const open = async (how) =>
    bob.openCertificate(await pkcs12(await company(now, { kind: 'P-256', ...how })), 'Bürger & Söhne');
  await assert.rejects(open({ to: now - 1000 }), fails('smime.expired'));
  await assert.rejects(open({ san: [tlv(0x82, encode('example.net'))] }), fails('smime.no-address'));
});

test('the file is asked for again before the device key is out of date, and renews it', async () => {
  const it = await newWorld();
  const ltd = await company(it.time.now(), { kind: 'P-256' });
  const file = await pkcs12(ltd);
  const bob = await withFile(it, file);
  const { id } = bob.ctx.profile.key;
  const before = parseCertificate(bob.ctx.profile.chain[0]);
  assert.equal(before.notAfter, Math.floor(bob.certified / 1000) * 1000 + 30 * f.DAY);
  assert.ok(!bob.state.notices.some((each) => each.id === 'renew-smime'));
  it.time.sleep(21 * f.DAY);
  await it.until(bob, (s) => s.notices.some((each) => each.id === 'renew-smime'), 'notice');
  await bob.openCertificate(file, 'Bürger & Söhne');
  await bob.useCertificate(BOB, true);
  assert.equal(bob.ctx.profile.key.id, id);
  assert.ok(parseCertificate(bob.ctx.profile.chain[0]).notAfter > before.notAfter);
  assert.ok(!bob.state.notices.some((each) => each.id === 'renew-smime'));
  await bob.openCertificate(file, 'Bürger & Söhne');
  await assert.rejects(bob.useCertificate('robert@example.net', true), fails('smime.other-address'));
});

test('a certificate on a list of its CA ends, whatever a peer says of the list', async () => {
  const it = await newWorld();
  const now = it.time.now();
  const point = f.extension('2.5.29.31', false, list(URL_OF_LIST));
  const ltd = await company(now, { kind: 'P-256', crl: { crl: point } });
  const { serial } = parseCertificate(ltd.der);
  const serialBytes = Uint8Array.from(serial.match(/../g), (two) => parseInt(two, 16));
  const store = await it.card(ALICE);
  const alice = await it.online(ALICE, { store });
  await believe(alice, anchorOf(ltd));
  await withFile(it, await pkcs12(ltd));
  const { revocations } = alice.ctx;
  const serve = (der) =>
    it.peers.forEach((peer) => (der ? peer.lists.set(URL_OF_LIST, der) : peer.lists.delete(URL_OF_LIST)));
  const made = (by, serials, at = it.time.now()) =>
    makeCrl(by, at, serials, { to: f.utc(it.time.now() + 60 * MINUTE) });
  // A failure is tried again after ten minutes, a list after its end.
  const after = async (minutes) => {
    it.time.advance(minutes * MINUTE);
    await alice.lookup(BOB);
    await revocations.settled();
    return alice.lookup(BOB);
  };
  assert.equal(await after(11), 'found', 'no list stops nobody');
  serve(await made(await f.rsaAuthority(ltd.root.name, 2048), [serialBytes]));
  assert.equal(await after(11), 'found', 'a list of somebody else');
  serve(await made(ltd.root, [Uint8Array.of(0x40, 1)]));
  assert.equal(await after(11), 'found', 'a list without it');
  serve(await made(ltd.root, [serialBytes]));
  assert.equal(await after(40), 'found', 'the old list is good still');
  assert.equal(await after(11), 'forged', 'withdrawn');
  // An older list does not bring it back, nor does none, nor a reload.
  serve(await made(ltd.root, [], now));
  assert.equal(await after(62), 'forged', 'an old list');
  serve(null);
  assert.equal(await after(11), 'forged', 'no list');
  const again = await it.agent(ALICE, { store });
  await it.until(again, (s) => s.me.status === 'online', 'online again');
  assert.equal(await again.lookup(BOB), 'forged', 'after a reload');
});

/** CRL distribution points. @param {string} url */
const list = (url) => tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, encode(url))))));

test('an anchor text reads back as it was', async () => {
  const ltd = await company(Date.UTC(2026, 10, 24, 12), { kind: 'P-256' });
  const text = anchorText(parseAnchors(anchorOf(ltd, 'name: x\ncrls: http://a.example/'))[0]);
  assert.equal(anchorText(parseAnchors(text)[0]), text);
});
