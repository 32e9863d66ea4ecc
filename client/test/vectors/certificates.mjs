// Chains with their verdicts: each reason of docs/protocols/formats.md, section 3, and what is most easily read in two ways.
import { base64, concat, encode, hex, sha256 } from '../../core/bytes.js';
import { bits, integer, octets, oid, sequence, tlv } from '../../core/identity/der.js';
import { makeDeviceKey } from '../../core/identity/device.js';
import { POLICY_ARC } from '../../core/identity/verifier.js';
import * as f from '../forge.js';
import { paths } from './paths.mjs';

const BOB = 'bob@example.net';
const leaf = f.leafExtensions;

/** @param {number} now Unix ms */
export async function certificates(now) {
  const root = await f.ecAuthority(f.nameOf(f.utf8('Vectors root')));
  const anchor = await f.forge(root, root.spki, now, f.authorityExtensions(), {
    subject: root.name,
    to: f.utc(now + 3650 * f.DAY),
  });
  const device = await makeDeviceKey();
  const cases = [];
  const add = (what, verdict, chain, more = {}) =>
    cases.push({ what, verdict, chain: chain.map(base64), address: BOB, allowTest: true, ...more });
  const one = async (what, verdict, extensions, but = {}, more = {}, by = root) =>
    add(what, verdict, [await f.forge(by, more.spki ?? device.spki, now, { ...leaf(BOB), ...extensions }, but)], {
      ...more,
      spki: undefined,
    });

  await good({ one, add, root, anchor, device, now });
  await shapes({ one, add, device, now, root });
  await algorithms({ one, add, root, device, now });
  await authorities({ add, root, anchor, device, now });
  await uses({ one, add, root, device, now });
  await paths({ add, root, anchor, device, now });
  return { now: now / 1000, anchors: [base64(anchor)], cases };
}

async function good({ one, add, root, anchor, device, now }) {
  for (const [number, level] of [
    [9, 'test'],
    [1, 'code'],
    [2, 'reply'],
    [3, 'call'],
    [7, 'other'],
  ])
    await one(`level ${level}`, 'ok', leaf(BOB, number), {}, { level, device: device.id });
  await one('a phone number', 'ok', leaf('+4930123456', 3), {}, { address: '+4930123456', level: 'call' });
  await one('no policies', 'ok', { policies: null }, {}, { level: 'other' });
  await one(
    'two policies, one a test',
    'ok',
    {
      policies: f.policies(`${POLICY_ARC}.1`, `${POLICY_ARC}.9`),
    },
    {},
    { level: 'test' },
  );
  await one('whatever it names', 'ok', {}, {}, { address: null, named: BOB });
  await one('upper case in the name', 'ok', { san: f.san([f.email('Bob@EXAMPLE.Net')]) });
  await one(
    'an A-label',
    'ok',
    { san: f.san([f.email('bob@xn--bcher-kva.example')]) },
    {},
    {
      address: 'bob@xn--bcher-kva.example',
    },
  );
  await one('no key usage', 'ok', { usage: null });
  await one('no extended key usage', 'ok', { extended: null });
  await one('emailProtection among others', 'ok', {
    extended: f.extendedUsage('1.3.6.1.5.5.7.3.2', f.EMAIL_PROTECTION),
  });
  await one('an unknown extension that is not critical', 'ok', { more: f.extension('1.2.3.4', false, encode('x')) });
  await one(
    'a subject, the name not critical',
    'ok',
    { san: f.san([f.email(BOB)], false) },
    {
      subject: f.nameOf(f.utf8('Bob')),
    },
  );
  await one('a time after 2049', 'ok', {}, { to: f.generalized(Date.UTC(9999, 11, 31, 23, 59, 59)) });
  await one('a generalized time before 2050', 'ok', {}, { to: f.generalized(now + f.DAY) });
  await one('a serial number of 20 bytes', 'ok', {}, { serial: new Uint8Array(20).fill(0x55) });
  await one('a serial number with a sign byte', 'ok', {}, { serial: Uint8Array.of(0, 0x80) });
  await one('just valid', 'ok', {}, { from: f.utc(now) });
  await one('still valid', 'ok', {}, { to: f.utc(now) });
  await one('the issuer named by its key', 'ok', { authority: f.authorityKey(Uint8Array.of(1, 2, 3)) });
  add('the anchor itself behind the leaf', 'ok', [await f.forge(root, device.spki, now, leaf(BOB)), anchor]);
}

async function shapes({ one, add, device, now, root }) {
  add('nothing', 'no-certificate', []);
  const whole = await f.forge(root, device.spki, now, leaf(BOB));
  add('six of them', 'chain-too-long', [whole, whole, whole, whole, whole, whole]);
  add('no bytes', 'malformed', [new Uint8Array()]);
  add('text', 'malformed', [encode('-----BEGIN CERTIFICATE-----')]);
  add('a byte behind', 'malformed', [concat(whole, Uint8Array.of(0))]);
  add('a byte missing', 'malformed', [whole.slice(0, -1)]);
  add('a length in a longer form', 'malformed', [concat(Uint8Array.of(0x30, 0x83, 0), whole.slice(2))]);
  add('an indefinite length', 'malformed', [concat(Uint8Array.of(0x30, 0x80), whole.slice(4), new Uint8Array(2))]);
  await one('over 8 KiB', 'malformed', { more: f.extension('1.2.3.4', false, new Uint8Array(8192)) });
  const but = (what, change) => one(what, 'malformed', {}, change);
  await but('a fourth part', { after: [integer(0)] });
  await but('version 1', { version: new Uint8Array() });
  await but('version 2', { version: tlv(0xa0, integer(1)) });
  await but('a negative serial number', { serial: Uint8Array.of(0xff, 1) });
  await but('the serial number zero', { serial: Uint8Array.of(0) });
  await but('a serial number in a longer form', { serial: Uint8Array.of(0, 1) });
  await but('a serial number of 21 bytes', { serial: new Uint8Array(21).fill(0x55) });
  await but('two signature algorithms', { inner: sequence(oid('1.2.840.10045.4.3.3')) });
  await but('no issuer', { issuer: sequence() });
  await but('a name with an empty part', { subject: sequence(tlv(0x31)) });
  await but('a time without seconds', { to: tlv(0x17, encode('2612241200Z')) });
  await but('a time zone', { to: tlv(0x17, encode('261224120000+0000')) });
  await but('a month 13', { to: tlv(0x17, encode('261324120000Z')) });
  await but('a 30 February', { to: tlv(0x17, encode('270230120000Z')) });
  await but('a second 60', { to: tlv(0x17, encode('261224120060Z')) });
  await but('a unique identifier', { more: [tlv(0x82, Uint8Array.of(0, 1))] });
  await but('two sets of extensions', { more: [tlv(0xa3, sequence())] });
  await extensionShapes(one);
}

async function extensionShapes(one) {
  const bad = (what, extensions, change) => one(what, 'malformed', extensions, change);
  await bad('an extension twice', { again: leaf(BOB).extended });
  await bad('critical FALSE written out', {
    more: sequence(oid('1.2.3.4'), Uint8Array.of(1, 1, 0), octets(Uint8Array.of(1))),
  });
  await bad('critical neither TRUE nor FALSE', {
    more: sequence(oid('1.2.3.4'), Uint8Array.of(1, 1, 1), octets(Uint8Array.of(1))),
  });
  await bad('an extension without a value', { more: sequence(oid('1.2.3.4')) });
  await bad('an object identifier that does not end', {
    more: sequence(tlv(6, Uint8Array.of(42, 0x83)), octets(sequence())),
  });
  await bad('an object identifier with a leading zero', {
    more: sequence(tlv(6, Uint8Array.of(42, 0x80, 1)), octets(sequence())),
  });
  await bad('bytes behind the name', { san: f.extension('2.5.29.17', true, concat(sequence(f.email(BOB)), tlv(5))) });
  await bad('a name that is no GeneralName', { san: f.san([f.utf8(BOB)]) });
  await bad('the name not critical, the subject empty', { san: f.san([f.email(BOB)], false) });
  await bad('a key usage without bits', { usage: f.extension('2.5.29.15', true, tlv(3, Uint8Array.of())) });
  await bad('a key usage with set unused bits', { usage: f.keyUsage(0x89, true, 3) });
  await bad('an empty extended key usage', { extended: f.extension('2.5.29.37', false, sequence()) });
  await bad('empty policies', { policies: f.extension('2.5.29.32', false, sequence()) });
  await bad('policies that are text', { policies: f.extension('2.5.29.32', false, encode('code')) });
  await bad('basic constraints FALSE written out', { basic: f.basic(Uint8Array.of(1, 1, 0)) });
  await bad('a negative path length', { basic: f.basic(f.isCa, tlv(2, Uint8Array.of(0xff))) });
  await bad('a path length and no CA', { basic: f.basic(integer(1)) });
  await bad('an authority key identifier that is text', { authority: f.extension('2.5.29.35', false, encode('x')) });
  await one('an unknown critical extension', 'unknown-critical-extension', {
    more: f.extension('1.2.3.4', true, sequence()),
  });
}

async function algorithms({ one, add, root, device, now }) {
  const other = (what, verdict, spki) => one(what, verdict, {}, {}, { spki });
  const bad = 'unsupported-algorithm';
  await other('a leaf on P-384', bad, (await f.curveAuthority(root.name, 'P-384', 'SHA-384')).spki);
  await other('a leaf with an RSA key', bad, (await f.rsaAuthority(root.name, 2048)).spki);
  const off = device.spki.slice();
  off[90] ^= 1;
  await other('a leaf off the curve', bad, off);
  const prime = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const beyond = concat(device.spki.slice(0, 27), fromBig(prime + 5n), fromBig(prime + 1n));
  await other('a point not reduced', bad, beyond);
  const compressed = sequence(
    sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
    bits(concat(Uint8Array.of(2), device.spki.slice(27, 59))),
  );
  await other('a compressed point', bad, compressed);
  await other('no key at all', bad, sequence());
  const named = (algorithm) => ({ ...root, algorithm });
  await one('SHA-1', bad, {}, {}, {}, named(sequence(oid('1.2.840.10045.4.1'))));
  await one('SHA-512 with ECDSA', bad, {}, {}, {}, named(sequence(oid('1.2.840.10045.4.3.4'))));
  await one('parameters beside ECDSA', bad, {}, {}, {}, named(sequence(oid('1.2.840.10045.4.3.2'), tlv(5))));
  await one('RSA-PSS', bad, {}, {}, {}, named(sequence(oid('1.2.840.113549.1.1.10'), sequence())));
  for (const [what, verdict, ca] of [
    ['an RSA intermediate of 2048 bits', 'ok', await f.rsaAuthority(f.nameOf(f.utf8('RSA')), 2048)],
    ['an RSA intermediate, SHA-512', 'ok', await f.rsaAuthority(f.nameOf(f.utf8('RSA')), 2048, 'SHA-512', 13)],
    ['an RSA intermediate of 1024 bits', bad, await f.rsaAuthority(f.nameOf(f.utf8('RSA')), 1024)],
    ['a P-384 intermediate', 'ok', await f.curveAuthority(f.nameOf(f.utf8('P384')), 'P-384', 'SHA-384')],
    ['a P-521 intermediate', bad, await f.curveAuthority(f.nameOf(f.utf8('P521')), 'P-521', 'SHA-512')],
    [
      'an RSA signature named as ECDSA',
      'bad-signature',
      {
        ...(await f.rsaAuthority(f.nameOf(f.utf8('RSA')), 2048)),
        algorithm: f.ECDSA_SHA256,
      },
    ],
  ]) {
    const middle = await f.forge(root, ca.spki, now, f.authorityExtensions(0), { subject: ca.name });
    add(what, verdict, [await f.forge(ca, device.spki, now, leaf(BOB)), middle]);
  }
}

const fromBig = (n) =>
  Uint8Array.from((n % 2n ** 256n).toString(16).padStart(64, '0').match(/../g), (h) => parseInt(h, 16));

async function authorities({ add, root, anchor, device, now }) {
  const stranger = await f.ecAuthority(f.nameOf(f.utf8('Stranger')));
  add('an issuer nobody knows', 'unknown-anchor', [await f.forge(stranger, device.spki, now, leaf(BOB))]);
  const namesake = await f.ecAuthority(root.name);
  add('the name of an anchor, another key', 'unknown-anchor', [await f.forge(namesake, device.spki, now, leaf(BOB))]);
  add('a changed signature', 'unknown-anchor', [
    await f.forge(root, device.spki, now, leaf(BOB), { breakSignature: true }),
  ]);
  add('a signature with a negative half', 'unknown-anchor', [
    await f.forge(root, device.spki, now, leaf(BOB), { signature: negative }),
  ]);
  const cased = { ...root, name: f.nameOf(f.utf8('VECTORS ROOT')) };
  add('the issuer in other letters', 'unknown-anchor', [await f.forge(cased, device.spki, now, leaf(BOB))]);
  const printable = { ...root, name: f.nameOf(f.utf8('Vectors root', 0x13)) };
  add('the issuer as another kind of string', 'unknown-anchor', [
    await f.forge(printable, device.spki, now, leaf(BOB)),
  ]);
  add('the anchor as the leaf', 'key-usage', [anchor]);
  add('no anchors', 'unknown-anchor', [await f.forge(root, device.spki, now, leaf(BOB))], { anchors: [] });
  await keyIdentifiers({ add, root, device, now });
  const ca = await f.ecAuthority(f.nameOf(tlv(0x1e, concat(Uint8Array.of(0, 0x43), Uint8Array.of(0, 0x41)))));
  const below = await f.forge(ca, device.spki, now, leaf(BOB));
  const middle = async (what, verdict, extensions = {}, but = {}) =>
    add(what, verdict, [
      below,
      await f.forge(root, ca.spki, now, { ...f.authorityExtensions(0), ...extensions }, { subject: ca.name, ...but }),
    ]);
  await middle('a chain of two, the name in BMP letters', 'ok');
  await middle('an intermediate without basic constraints', 'not-a-ca', { basic: null });
  await middle('an intermediate that says it is none', 'not-a-ca', { basic: f.basic() });
  await middle('an intermediate that may not sign', 'key-usage', { usage: f.keyUsage(0x80, true, 7) });
  await middle('an intermediate without key usage', 'ok', { usage: null });
  await middle('a path length of 128', 'ok', { basic: f.basic(f.isCa, tlv(2, Uint8Array.of(0, 0x80))) });
  await middle('an intermediate not yet valid', 'not-yet-valid', {}, { from: f.utc(now + 1000) });
  await middle('an expired intermediate', 'expired', {}, { to: f.utc(now - 1000) });
  await middle('an intermediate of another name', 'bad-signature', {}, { subject: f.nameOf(f.utf8('CA')) });
  const lower = await f.ecAuthority(f.nameOf(f.utf8('lower')));
  const two = [
    await f.forge(lower, device.spki, now, leaf(BOB)),
    await f.forge(ca, lower.spki, now, f.authorityExtensions(0), { subject: lower.name }),
  ];
  const upper = (length) => f.forge(root, ca.spki, now, f.authorityExtensions(length), { subject: ca.name });
  add('a chain of three', 'ok', [...two, await upper(1)]);
  add('a chain longer than allowed', 'path-length', [...two, await upper(0)]);
  add('a missing link', 'unknown-anchor', two);
  add('a chain in the wrong order', 'bad-signature', [two[0], await upper(1), two[1]].slice(0, 2));
  add('a leaf signed by a leaf', 'not-a-ca', await leafBelowLeaf({ root, now, device }));
}

async function leafBelowLeaf({ root, now, device }) {
  const mallory = await f.ecAuthority(f.nameOf(f.utf8('Mallory')));
  return [
    await f.forge(mallory, device.spki, now, leaf(BOB)),
    await f.forge(root, mallory.spki, now, leaf('mallory@example.net'), { subject: mallory.name }),
  ];
}

async function keyIdentifiers({ add, root, device, now }) {
  const id = (await sha256(root.spki)).slice(0, 20);
  const anchor = await f.forge(
    root,
    root.spki,
    now,
    { ...f.authorityExtensions(), key: f.subjectKey(id) },
    {
      subject: root.name,
    },
  );
  const anchors = [base64(anchor)];
  const named = async (what, verdict, key) =>
    add(what, verdict, [await f.forge(root, device.spki, now, { ...leaf(BOB), key: f.authorityKey(key) })], {
      anchors,
    });
  await named('the key identifier of the anchor', 'ok', id);
  await named('the key identifier of another', 'unknown-anchor', id.slice().reverse());
}

/** r with its sign byte cut off: another encoding of the same number for a careless reader. */
function negative(signature) {
  for (let at = 2; at < signature.length; at += 2 + signature[at + 1])
    if (signature[at + 2] === 0) {
      const all = concat(signature.slice(0, at + 2), signature.slice(at + 3));
      all[1]--;
      all[at + 1]--;
      return all;
    }
  return Uint8Array.of(0x30, 6, 2, 1, 0xff, 2, 1, 1);
}

async function uses({ one, add, root, device, now }) {
  await one('not yet valid', 'not-yet-valid', {}, { from: f.utc(now + 1000) });
  await one('expired a second ago', 'expired', {}, { to: f.utc(now - 1000) });
  await one('ended before it began', 'not-yet-valid', {}, { from: f.utc(now + 2000), to: f.utc(now + 1000) });
  await one(
    'expired before 2000',
    'expired',
    {},
    { from: tlv(0x17, encode('980101000000Z')), to: tlv(0x17, encode('990101000000Z')) },
  );
  await one('may not sign', 'key-usage', { usage: f.keyUsage(0x08, true, 3) });
  await one('for servers only', 'extended-key-usage', { extended: f.extendedUsage('1.3.6.1.5.5.7.3.1') });
  await one('for any purpose', 'extended-key-usage', { extended: f.extendedUsage('2.5.29.37.0') });
  await one('no name', 'no-name', { san: null });
  await one('no extensions', 'no-name', { san: null, usage: null, extended: null, policies: null });
  await one('an empty list of names', 'no-name', { san: f.san([]) });
  await one('a directory name', 'no-name', { san: f.san([tlv(0xa4, f.nameOf(f.utf8(BOB)))]) });
  await one('a host name', 'no-name', { san: f.san([tlv(0x82, encode('example.net'))]) });
  await one('a web address', 'no-name', { san: f.san([tlv(0x86, encode('https://example.net/'))]) });
  await one('an address in a constructed name', 'no-name', { san: f.san([tlv(0xa1, f.utf8(BOB))]) });
  await one('two names', 'more-than-one-name', { san: f.san([f.email(BOB), f.email('eve@example.net')]) });
  await one('the same name twice', 'more-than-one-name', { san: f.san([f.email(BOB), f.email(BOB)]) });
  await one("somebody else's name", 'wrong-name', { san: f.san([f.email('eve@example.net')]) });
  await one('a NUL in the name', 'wrong-name', { san: f.san([f.email(`${BOB}\0.evil.example`)]) });
  await one(
    'letters beyond ASCII',
    'wrong-name',
    {
      san: f.san([
        tlv(
          0x81,
          Uint8Array.from('bob@bücher.example', (c) => c.charCodeAt(0)),
        ),
      ]),
    },
    {},
    {
      address: 'bob@xn--bcher-kva.example',
    },
  );
  await one('no address in the name', 'wrong-name', { san: f.san([f.email('bob')]) }, {}, { address: null });
  await one(
    'a phone number as an e-mail address',
    'wrong-name',
    { san: f.san([f.email('+4930123456')]) },
    {},
    { address: null },
  );
  await one(
    'an e-mail address as a phone number',
    'wrong-name',
    { san: f.san([tlv(0x86, encode(`tel:${BOB}`))]) },
    {},
    { address: null },
  );
  await one('a test certificate where none counts', 'test-certificate', {}, {}, { allowTest: false });
  await one('a mail code where no test counts', 'ok', leaf(BOB, 1), {}, { allowTest: false });
  await one('a revoked device', 'revoked', {}, {}, { revoked: [device.id] });
  await one('a revoked serial number', 'revoked', {}, { serial: Uint8Array.of(0x40, 2) }, { revoked: ['4002'] });
  await one('another revoked', 'ok', {}, {}, { revoked: [hex(new Uint8Array(32))] });
  add('revoked and expired', 'expired', [await f.forge(root, device.spki, now, leaf(BOB), { to: f.utc(now - 1000) })], {
    revoked: [device.id],
  });
}
