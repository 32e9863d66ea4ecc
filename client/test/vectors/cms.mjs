// Sealed messages and what becomes of them: docs/protocols/formats.md, section 9. Holds private keys, made for this file alone.
import { base64, concat, hex, unhex } from '../../core/bytes.js';
import { encodeBody, sealBody } from '../../core/cms/bodies.js';
import { encodeCbor } from '../../core/record/cbor.js';
import { integer, octets, oid, sequence, setOf, tlv } from '../../core/identity/der.js';
import { deviceId } from '../../core/identity/device.js';
import * as f from '../forge.js';
import * as c from '../forge-cms.js';
import { body, layout } from './bodies.mjs';

/** A key that can be written down, as a vector must. */
async function openKey() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return { sign: pair.privateKey, spki, pkcs8, id: await deviceId(spki) };
}

export async function cms(now) {
  const root = await f.ecAuthority(f.nameOf(f.utf8('Vectors root')));
  const anchor = await f.forge(root, root.spki, now, f.authorityExtensions(), {
    subject: root.name,
    to: f.utc(now + 3650 * f.DAY),
  });
  const issuing = await f.ecAuthority(f.nameOf(f.utf8('Vectors issuing')));
  const middle = await f.forge(root, issuing.spki, now, f.authorityExtensions(0), { subject: issuing.name });
  const person = async (address, but) => {
    const key = await openKey();
    const chain = [await f.forge(issuing, key.spki, now, f.leafExtensions(address), but), middle];
    return { address, key, chain, signer: { key: key.sign, chain } };
  };
  const around = {
    now,
    middle,
    alice: await person('alice@example.net'),
    bob: await person('bob@example.net'),
    eve: await person('eve@example.net'),
    old: await person('alice@example.net', { to: f.utc(now - 1000) }),
  };
  const told = (who) => ({ address: who.address, pkcs8: base64(who.key.pkcs8), chain: who.chain.map(base64) });
  return {
    now: now / 1000,
    anchor: base64(anchor),
    alice: told(around.alice),
    bob: told(around.bob),
    cases: [...(await people(around)), ...(await signatures(around)), ...(await envelopes(around))].map((each) => ({
      ...each,
      der: base64(each.der),
    })),
  };
}

const toBob = ({ bob }, more = {}) => body('text', { text: 'Grüße 👋' }, { device: bob.key.id, ...more });

async function people(around) {
  const { alice, bob, eve, old, now } = around;
  const sealed = (from, to, said) => sealBody(from.signer, to.chain[0], said, now);
  const good = toBob(around);
  const raw = async (bytes) => c.envelope(bob.chain[0], await c.signed(alice.signer, bytes));
  const unknown = layout(good).set(1, 99);
  const long = layout(good);
  long.get(7).set(1, 'x'.repeat(16385));
  const cases = [
    ['a message', 'ok', await sealed(alice, bob, good), good],
    ['another key', 'not-for-this-key', await sealed(alice, eve, good)],
    ['passed on to another', 'not-for-us', await sealed(alice, bob, toBob(around, { device: eve.key.id }))],
    ['to another address', 'not-for-us', await sealed(alice, bob, toBob(around, { to: 'eve@example.net' }))],
    ['signed by somebody else', 'wrong-name', await sealed(eve, bob, good)],
    ['signed with an expired certificate', 'expired', await sealed(old, bob, good)],
    ['a body of no known type', 'unknown-type', await raw(encodeCbor(unknown))],
    ['a text too long', 'too-long', await raw(encodeCbor(long))],
    ['a body that is no CBOR', 'malformed', await raw(unhex('ff00'))],
    ['an empty body', 'malformed', await raw(new Uint8Array())],
    ['the body unsigned', 'malformed', await c.envelope(bob.chain[0], encodeBody(good))],
    ['data in place of a signature', 'malformed', await c.envelope(bob.chain[0], data(encodeBody(good)))],
    ['nothing inside', 'malformed', await c.envelope(bob.chain[0], new Uint8Array())],
  ];
  return cases.map(([what, verdict, der, said]) => ({ what, verdict, der, ...(said ? { said } : {}) }));
}

const data = (bytes) => sequence(c.OID.data, tlv(0xa0, octets(bytes)));

async function signatures(around) {
  const { alice, bob, eve } = around;
  const plain = encodeBody(toBob(around));
  const good = await c.attributes(plain);
  const cases = [];
  const add = async (what, verdict, but, signer = alice.signer, content = plain) =>
    cases.push({ what, verdict, der: await c.envelope(bob.chain[0], await c.signed(signer, content, but)) });
  const changed = plain.slice();
  changed[changed.length - 1] ^= 1;
  const later = [
    good[0],
    good[1],
    sequence(oid('1.2.840.113549.1.9.5'), setOf(tlv(0x17, unhex('3236313132353132303030305a')))),
  ];
  await add('signed by hand', 'ok', {});
  await add('a changed content', 'bad-signature', { content: changed });
  await add('changed attributes', 'bad-signature', { sent: later });
  await add('a changed signature', 'bad-signature', { signature: flip });
  await add('a signature of 64 plain bytes', 'bad-signature', { signature: () => new Uint8Array(64).fill(1) });
  await add('no signature', 'bad-signature', { signature: () => new Uint8Array() });
  await add("a key that is not the certificate's", 'bad-signature', {}, { key: eve.key.sign, chain: alice.chain });
  await add('two signers', 'malformed', { infos: (info) => [info, info] });
  await add('no signer', 'malformed', { infos: () => [] });
  await add('no certificates', 'malformed', { certificates: [] });
  await add('an empty set of certificates', 'no-certificate', { chain: [] });
  await add('the intermediate missing', 'unknown-anchor', { chain: alice.chain.slice(0, 1) });
  await add("somebody else's certificate as well", 'malformed', { chain: [...alice.chain, eve.chain[0]] });
  await add("the signer's certificate missing", 'malformed', { chain: [around.middle] });
  await add('five certificates', 'malformed', { chain: [...alice.chain, ...alice.chain, eve.chain[0]] });
  await add('six certificates', 'chain-too-long', { chain: [...alice.chain, ...alice.chain, ...eve.chain] });
  const broken = alice.chain[0].slice();
  broken[broken.length - 1] ^= 1;
  await add('a changed certificate', 'bad-signature', { chain: [broken, around.middle] });
  await add('certificates out of order', 'malformed', { certificates: [tlv(0xa0, ...unsorted(alice.chain))] });
  await add('a certificate that is none', 'malformed', { chain: [...alice.chain, sequence(integer(1))] });
  await add('attributes out of order', 'malformed', { attributesDer: tlv(0xa0, ...unsorted(good)) });
  await add('no signing time', 'malformed', { attributes: good.slice(0, 2) });
  await add('no digest', 'malformed', { attributes: [good[0], good[2]] });
  await add('no attributes', 'malformed', { attributes: [] });
  await add('an attribute twice', 'malformed', { attributes: [good[0], good[1], good[1]] });
  await add('a fourth attribute', 'malformed', { attributes: [...good, sequence(oid('1.2.3.4'), setOf(integer(1)))] });
  await add('another content type in the attributes', 'malformed', {
    attributes: [sequence(oid('1.2.840.113549.1.9.3'), setOf(c.OID.signed)), good[1], good[2]],
  });
  await add('another content type', 'malformed', { contentType: oid('1.2.3.4') });
  await add('SHA-1', 'malformed', { digest: c.OID.sha1 });
  await add('version 3', 'malformed', { version: 3 });
  await add('unsigned attributes', 'malformed', { unsigned: [tlv(0xa1)] });
  await add('bytes behind the signature', 'malformed', { behind: [integer(1)] });
  await add('a signer named by key identifier', 'malformed', { sid: tlv(0x80, new Uint8Array(20)) });
  return cases;
}

const flip = (signature) => {
  signature[signature.length - 1] ^= 1;
  return signature;
};
const unsorted = (list) => [...list].sort((a, b) => (hex(a) < hex(b) ? 1 : -1));

async function envelopes(around) {
  const { alice, bob } = around;
  const plain = await c.signed(alice.signer, encodeBody(toBob(around)));
  const cases = [];
  const add = async (what, verdict, but) =>
    cases.push({ what, verdict, der: await c.envelope(bob.chain[0], plain, but) });
  const secret = 'not-for-this-key';
  await add('made by hand', 'ok', {});
  await add('a changed content', secret, { alter: (p) => (p.text[10] ^= 1) });
  await add('a changed tag', secret, { alter: (p) => (p.tag[0] ^= 1) });
  await add('a changed nonce', secret, { alter: (p) => (p.iv[0] ^= 1) });
  await add('a changed key', secret, { alter: (p) => (p.wrapped[0] ^= 1) });
  await add('a point off the curve', secret, { alter: (p) => (p.point[64] ^= 1) });
  await add('the point at infinity', 'malformed', { alter: (p) => (p.point = Uint8Array.of(0)) });
  await add('a compressed point', 'malformed', { alter: (p) => (p.point = p.point.slice(0, 33).fill(2, 0, 1)) });
  await add('an empty content', secret, { alter: (p) => (p.text = new Uint8Array()) });
  await add('a key of 24 bytes', 'malformed', { alter: (p) => (p.wrapped = p.wrapped.slice(0, 24)) });
  await add('a tag of 12 bytes', 'malformed', { alter: (p) => (p.tag = p.tag.slice(0, 12)), tagLength: 12 });
  await add("a tag length that is not the tag's", 'malformed', { tagLength: 12 });
  await add('a nonce of 16 bytes', 'malformed', { nonceBytes: 16 });
  await add('two recipients', 'malformed', { recipients: (kari) => [kari, kari] });
  await add('no recipient', 'malformed', { recipients: () => [] });
  await add('key transport', 'malformed', { recipients: () => [sequence(integer(0))] });
  await add('keying material beside it', 'malformed', { ukm: new Uint8Array(16) });
  await add('the KDF with SHA-1', 'malformed', { scheme: oid('1.3.133.16.840.63.0.2') });
  await add('EnvelopedData', 'malformed', { type: c.OID.enveloped });
  await add('SignedData inside by its name', 'malformed', { contentType: c.OID.signed });
  await add('AES-256-CBC', 'malformed', { cipher: oid('2.16.840.1.101.3.4.1.42') });
  await add('content in pieces', 'malformed', { pieces: true });
  await add('version 1', 'malformed', { version: 1 });
  const good = await c.envelope(bob.chain[0], plain);
  for (const [what, der] of [
    ['bytes behind', concat(good, Uint8Array.of(0))],
    ['cut off', good.slice(0, -1)],
    ['no bytes', new Uint8Array()],
    ['only signed', plain],
    ['over 48 KiB', await c.envelope(bob.chain[0], new Uint8Array(48 * 1024))],
    ['an indefinite length', concat(Uint8Array.of(0x30, 0x80), good.slice(4), new Uint8Array(2))],
  ])
    cases.push({ what, verdict: 'malformed', der });
  return cases;
}
