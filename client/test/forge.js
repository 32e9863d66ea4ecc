// Certificates of every kind, good and bad, for tests: whatever is not said is as the profile wants it.
import { encode, random } from '../core/bytes.js';
import { bits, derSignature, integer, octets, oid, sequence, setOf, tlv } from '../core/identity/der.js';
import { makeDeviceKey, sign } from '../core/identity/device.js';
import { POLICY_ARC } from '../core/identity/verifier.js';

const TRUE = Uint8Array.of(1, 1, 255);
export const DAY = 86_400_000;
export const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
export const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';

/** @typedef {{name: Uint8Array, spki: Uint8Array, sign: (tbs: Uint8Array) => Promise<Uint8Array>, algorithm: Uint8Array}} Authority */

export const extension = (id, critical, value) => sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
export const utf8 = (text, tag = 0x0c) => tlv(tag, encode(text));
export const nameOf = (value) => sequence(setOf(sequence(oid('2.5.4.3'), value)));
export const email = (address) => tlv(0x81, encode(address));
export const san = (names, critical = true) => extension('2.5.29.17', critical, sequence(...names));
export const keyUsage = (byte, critical = true, unused = 0) =>
  extension('2.5.29.15', critical, tlv(3, Uint8Array.of(unused, byte)));
export const extendedUsage = (...oids) => extension('2.5.29.37', false, sequence(...oids.map(oid)));
export const basic = (...parts) => extension('2.5.29.19', true, sequence(...parts));
export const policies = (...oids) =>
  extension('2.5.29.32', false, sequence(...oids.map((each) => sequence(oid(each)))));
export const authorityKey = (bytes) => extension('2.5.29.35', false, sequence(tlv(0x80, bytes)));
export const subjectKey = (bytes) => extension('2.5.29.14', false, octets(bytes));
export const isCa = TRUE;

export const utc = (at) => tlv(0x17, encode(`${stamp(at).slice(2)}Z`));
export const generalized = (at) => tlv(0x18, encode(`${stamp(at)}Z`));
const stamp = (at) => new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, '');

/** The extensions of a device's certificate, some replaced. */
export const leafExtensions = (address, level = 9) => ({
  san: san([address.includes('@') ? email(address) : tlv(0x86, encode(`tel:${address}`))]),
  usage: keyUsage(0x88, true, 3),
  extended: extendedUsage(EMAIL_PROTECTION),
  policies: policies(`${POLICY_ARC}.${level}`),
});
export const authorityExtensions = (below) => ({
  basic: basic(TRUE, ...(below === undefined ? [] : [integer(below)])),
  usage: keyUsage(0x06, true, 1),
});

/** A certificate in DER. `but` replaces single fields, also by what is not allowed. @param {Authority} by @param {Uint8Array} spki */
export async function forge(by, spki, now, extensions, but = {}) {
  const serial = but.serial ?? Uint8Array.of(0x40, ...random(15));
  const all = Object.values(extensions).filter(Boolean);
  const tbs = sequence(
    but.version ?? tlv(0xa0, integer(2)),
    tlv(2, serial),
    but.inner ?? by.algorithm,
    but.issuer ?? by.name,
    but.validity ?? sequence(but.from ?? utc(now - 300_000), but.to ?? utc(now + 30 * DAY)),
    but.subject ?? sequence(),
    spki,
    ...(all.length ? [tlv(0xa3, sequence(...all))] : []),
    ...(but.more ?? []),
  );
  const signature = await by.sign(tbs);
  if (but.breakSignature) signature[signature.length - 1] ^= 1;
  return sequence(tbs, by.algorithm, bits(but.signature?.(signature) ?? signature), ...(but.after ?? []));
}

/** An authority with a P-256 key. @returns {Promise<Authority>} */
export async function ecAuthority(name, key) {
  const own = key ?? (await makeDeviceKey());
  return {
    name,
    spki: own.spki,
    algorithm: ECDSA_SHA256,
    sign: async (tbs) => derSignature(await sign(own.sign, tbs)),
    key: own,
  };
}

const subtle = crypto.subtle;

/** @returns {Promise<Authority>} */
export async function rsaAuthority(name, modulusLength, hash = 'SHA-256', number = 11) {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent: Uint8Array.of(1, 0, 1), hash };
  const pair = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return {
    name,
    spki: new Uint8Array(await subtle.exportKey('spki', pair.publicKey)),
    algorithm: sequence(oid(`1.2.840.113549.1.1.${number}`), tlv(5)),
    pkcs8: async () => new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey)),
    sign: async (tbs) => new Uint8Array(await subtle.sign(algorithm.name, pair.privateKey, tbs)),
  };
}

const ECDSA_HASHES = {
  'SHA-256': '1.2.840.10045.4.3.2',
  'SHA-384': '1.2.840.10045.4.3.3',
  'SHA-512': '1.2.840.10045.4.3.4',
};

/** A key on another curve. @returns {Promise<Authority>} */
export async function curveAuthority(name, namedCurve, hash) {
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);
  const half = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }[namedCurve];
  const unsigned = (bytes) => {
    const short = bytes.subarray(bytes.findIndex((b) => b !== 0));
    return short[0] & 128 ? tlv(2, Uint8Array.of(0), short) : tlv(2, short);
  };
  return {
    name,
    spki: new Uint8Array(await subtle.exportKey('spki', pair.publicKey)),
    algorithm: sequence(oid(ECDSA_HASHES[hash])),
    pkcs8: async () => new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey)),
    sign: async (tbs) => {
      const plain = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash }, pair.privateKey, tbs));
      return sequence(unsigned(plain.subarray(0, half)), unsigned(plain.subarray(half)));
    },
  };
}
