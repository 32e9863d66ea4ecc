// What every reader must survive: nesting, points and curves that are none of ours, numbers that no signature has. As certificates, with their verdicts; and as the
// halves of a signature, to put in place of those of any good one.
import { base64, concat, encode, unbase64, unhex } from '../../core/bytes.js';
import { bits, integer, octets, oid, sequence, tlv } from '../../core/identity/der.js';
import { makeDeviceKey } from '../../core/identity/device.js';
import * as f from '../forge.js';

const BOB = 'bob@example.net';
const EC = '1.2.840.10045.2.1';
const P256 = '1.2.840.10045.3.1.7';
const P = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
const A = 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc';
const B = '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b';
const G =
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';
const N = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const ZERO = '00'.repeat(32);
const ONE = `${'00'.repeat(31)}01`;
const MOST = 'ff'.repeat(32);

/** r and s, hex, of which none is from 1 to n - 1. */
const HALVES = [
  [ZERO, ZERO],
  [ZERO, ONE],
  [ONE, ZERO],
  [N, N],
  [N, ONE],
  [ONE, N],
  [MOST, MOST],
];

const number = (text) => {
  const bytes = unhex(text.replace(/^(00)+(?=..)/, ''));
  return bytes[0] & 128 ? tlv(2, Uint8Array.of(0), bytes) : tlv(2, bytes);
};
const pair = (r, s) => sequence(number(r), number(s));

/** The curve of every key here, spelled out (RFC 3279, section 2.3.5). */
const spelled = sequence(
  integer(1),
  sequence(oid('1.2.840.10045.1.1'), number(P)),
  sequence(octets(unhex(A)), octets(unhex(B))),
  octets(unhex(G)),
  number(N),
  integer(1),
);

/** SubjectPublicKeyInfo. */
const key = (point, parameters = oid(P256)) => sequence(sequence(oid(EC), parameters), bits(point));

/** One SEQUENCE in another. */
function nested(depth) {
  let item = new Uint8Array();
  for (let i = 0; i < depth; i++) item = sequence(item);
  return item;
}

/** @param {number} now Unix ms */
export async function hostile(now) {
  const root = await f.ecAuthority(f.nameOf(f.utf8('Hostile root')));
  const anchor = await f.forge(root, root.spki, now, f.authorityExtensions(), {
    subject: root.name,
    to: f.utc(now + 3650 * f.DAY),
  });
  const middle = await f.ecAuthority(f.nameOf(f.utf8('Hostile middle')));
  const device = await makeDeviceKey();
  const point = device.spki.slice(-65);
  const cases = [];
  const add = (what, verdict, chain, more = {}) =>
    cases.push({ what, verdict, chain: chain.map(base64), address: BOB, allowTest: true, ...more });
  const one = async (what, verdict, extensions, but = {}, spki = device.spki) =>
    add(what, verdict, [await f.forge(root, spki, now, { ...f.leafExtensions(BOB), ...extensions }, but)]);
  const below = async (what, verdict, spki, but = {}, extensions = f.authorityExtensions()) =>
    add(what, verdict, [
      await f.forge(middle, device.spki, now, f.leafExtensions(BOB), but),
      await f.forge(root, spki, now, extensions, { subject: middle.name }),
    ]);

  add('as deep as it may be long', 'malformed', [nested(2000)]);
  await one('a name 30 deep', 'malformed', {}, { subject: nested(30) });
  await one('a key 30 deep', 'malformed', {}, {}, nested(30));
  await one('a name in a name', 'malformed', { san: f.san([tlv(0xa4, nested(30))]) });
  await one('the last second of the year 9999', 'ok', {}, { to: f.generalized(Date.UTC(9999, 11, 31, 23, 59, 59)) });
  await one('from the year 9999 on', 'not-yet-valid', {}, { from: f.generalized(Date.UTC(9999, 0, 1)) });
  await one(
    'the year 0',
    'expired',
    {},
    { from: tlv(0x18, encode('00000101000000Z')), to: tlv(0x18, encode('00000201000000Z')) },
  );
  await names(one);

  const flipped = point.slice();
  flipped[64] ^= 1;
  const even = point[64] & 1;
  for (const [what, bytes] of [
    ['the point at infinity', Uint8Array.of(0)],
    ['no point', new Uint8Array()],
    ['zero and zero', concat(Uint8Array.of(4), new Uint8Array(64))],
    ['a hybrid point', concat(Uint8Array.of(6 + even), point.slice(1))],
    ['a point and a byte', concat(point, Uint8Array.of(0))],
    ['a point cut off', point.slice(0, 64)],
  ]) {
    await one(`a leaf: ${what}`, 'unsupported-algorithm', {}, {}, key(bytes));
    // That a point is on the curve is seen of a leaf at once, of a CA when its key is used.
    await below(`a CA: ${what}`, what === 'zero and zero' ? 'bad-signature' : 'unsupported-algorithm', key(bytes));
  }
  await below('a CA: a point off the curve', 'bad-signature', key(flipped));
  await below(
    'a CA: a compressed point',
    'unsupported-algorithm',
    key(concat(Uint8Array.of(2 + even), point.slice(1, 33))),
  );
  await one('a leaf: the curve spelled out', 'unsupported-algorithm', {}, {}, key(point, spelled));
  await below('a CA: the curve spelled out', 'unsupported-algorithm', key(middle.spki.slice(-65), spelled));
  await one('a leaf: the curve left to the CA', 'unsupported-algorithm', {}, {}, key(point, tlv(5)));
  await one(
    'a leaf: another curve with a point of this one',
    'unsupported-algorithm',
    {},
    {},
    key(point, oid('1.3.132.0.10')),
  );

  for (const [r, s] of HALVES) {
    const what = `r ${r.slice(0, 4)}…${r.slice(-4)}, s ${s.slice(0, 4)}…${s.slice(-4)}`;
    await one(`by the anchor: ${what}`, 'unknown-anchor', {}, { signature: () => pair(r, s) });
    await below(`by a CA: ${what}`, 'bad-signature', middle.spki, { signature: () => pair(r, s) });
  }
  await below('a signature of a third number', 'bad-signature', middle.spki, {
    signature: (good) => sequence(good.slice(2), integer(1)),
  });
  await below('a signature and a byte', 'bad-signature', middle.spki, {
    signature: (good) => concat(good, Uint8Array.of(0)),
  });
  await below('no signature', 'bad-signature', middle.spki, { signature: () => new Uint8Array() });
  const huge = tlv(2, Uint8Array.of(1), new Uint8Array(40));
  await below(
    'a path length of 2^320',
    'malformed',
    middle.spki,
    {},
    { ...f.authorityExtensions(), basic: f.basic(f.isCa, huge) },
  );

  return { now: now / 1000, anchors: [base64(anchor)], cases, signatures: HALVES.map((each) => each.join('')) };
}

/** Names of every kind that is not ours, and letters that have no place in an IA5String. */
async function names(one) {
  const kinds = [
    ['otherName', tlv(0xa0, oid('1.3.6.1.5.5.7.8.9'), tlv(0xa0, f.utf8(BOB)))],
    ['x400Address', tlv(0xa3)],
    ['ediPartyName', tlv(0xa5, tlv(0xa1, f.utf8(BOB)))],
    ['iPAddress', tlv(0x87, Uint8Array.of(127, 0, 0, 1))],
    ['registeredID', tlv(0x88, Uint8Array.of(42, 3, 4))],
  ];
  for (const [what, name] of kinds) await one(`the name is of the kind ${what}`, 'no-name', { san: f.san([name]) });
  for (const [what, text] of [
    ['a NUL at the end of the name', 'bob@example.net\0'],
    ['a NUL and another domain', 'bob@example.net\0.evil.test'],
    ['a line end in the name', 'bob@example.net\r\n'],
    ['a Cyrillic letter in the name', 'bоb@example.net'],
    ['a domain in Unicode', 'bob@bücher.example'],
    ['a sub-address', 'bob+x@example.net'],
    ['a name in brackets', '<bob@example.net>'],
  ])
    await one(what, 'wrong-name', { san: f.san([f.email(text)]) });
  await one('a byte of Latin-1 in the name', 'wrong-name', {
    san: f.san([tlv(0x81, unbase64('YvZiQGV4YW1wbGUubmV0'))]),
  });
}
