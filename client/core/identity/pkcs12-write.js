// A PKCS #12 file (RFC 7292) with one key and its certificates, as OpenSSL, Java and NSS read it: PBES2 with AES-256 (RFC 8018), a MAC with SHA-256.
// Departs from RFC 9579: PBMAC1 is too new for many readers, so the MAC's key is derived as in appendix B.2. docs/decisions/0053.
import { concat, encode, random } from '../bytes.js';
import { need } from '../errors.js';
import { macKey } from './pkcs12.js';
import { integer, octets, oid, sequence, setOf, tlv } from './der.js';

/** Of PBKDF2, once for the key and once for the certificates. */
const ITERATIONS = 600_000;
/** Of the MAC's key, whose steps are made one by one. */
const MAC_ITERATIONS = 100_000;
const SALT_BYTES = 16;
const HASH = 'SHA-256';
/** Java takes no other letters. */
const LETTERS = /^[\x20-\x7e]+$/;
export const MIN_PASSPHRASE = 12;
const MAX_PASSPHRASE = 200;

const DATA = oid('1.2.840.113549.1.7.1');
const ENCRYPTED = oid('1.2.840.113549.1.7.6');
const PBES2 = oid('1.2.840.113549.1.5.13');
const PBKDF2 = oid('1.2.840.113549.1.5.12');
const HMAC_SHA256 = oid('1.2.840.113549.2.9');
const AES_256_CBC = oid('2.16.840.1.101.3.4.1.42');
const SHA256 = oid('2.16.840.1.101.3.4.2.1');
const SHROUDED_KEY = oid('1.2.840.113549.1.12.10.1.2');
const CERTIFICATE = oid('1.2.840.113549.1.12.10.1.3');
const X509 = oid('1.2.840.113549.1.9.22.1');
const FRIENDLY_NAME = oid('1.2.840.113549.1.9.20');
const LOCAL_KEY_ID = oid('1.2.840.113549.1.9.21');
const NULL = tlv(5);

/** @param {string} passphrase  throws `backup.short` or `backup.letters` */
export function checkPassphrase(passphrase) {
  need(passphrase.length >= MIN_PASSPHRASE, 'backup.short');
  need(LETTERS.test(passphrase) && passphrase.length <= MAX_PASSPHRASE, 'backup.letters');
}

/**
 * @param {{pkcs8: Uint8Array, chain: Uint8Array[], name: string, id: Uint8Array, passphrase: string}} what  chain: DER, that of the key first; name: for people, in the Basic Multilingual Plane; id: by which key and certificate find each other
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function writePkcs12({ pkcs8, chain, name, id, passphrase }) {
  checkPassphrase(passphrase);
  const named = setOf(sequence(FRIENDLY_NAME, setOf(tlv(0x1e, wide(name)))), sequence(LOCAL_KEY_ID, setOf(octets(id))));
  const certificates = chain.map((der, i) =>
    sequence(CERTIFICATE, tagged(sequence(X509, tagged(octets(der)))), ...(i === 0 ? [named] : [])),
  );
  const [first, second] = [await encrypted(sequence(...certificates), passphrase), await encrypted(pkcs8, passphrase)];
  // RFC 5652, section 8: the content is [0] IMPLICIT OCTET STRING.
  const sealed = sequence(integer(0), sequence(DATA, first.algorithm, tlv(0x80, first.sealed)));
  const key = sequence(sequence(SHROUDED_KEY, tagged(sequence(second.algorithm, octets(second.sealed))), named));
  const safe = sequence(sequence(ENCRYPTED, tagged(sealed)), sequence(DATA, tagged(octets(key))));
  return sequence(integer(3), sequence(DATA, tagged(octets(safe))), await mac(safe, passphrase));
}

/** PBES2 (RFC 8018, section 6.2). @param {Uint8Array} plain @param {string} passphrase */
async function encrypted(plain, passphrase) {
  const [salt, iv] = [random(SALT_BYTES), random(16)];
  const secret = await crypto.subtle.importKey('raw', encode(passphrase), 'PBKDF2', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: HASH, salt, iterations: ITERATIONS },
    secret,
    { name: 'AES-CBC', length: 256 },
    false,
    ['encrypt'],
  );
  const sealed = await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, /** @type {any} */ (plain));
  const derivation = sequence(octets(salt), number(ITERATIONS), sequence(HMAC_SHA256, NULL));
  const algorithm = sequence(PBES2, sequence(sequence(PBKDF2, derivation), sequence(AES_256_CBC, octets(iv))));
  return { algorithm, sealed: new Uint8Array(sealed) };
}

/** RFC 7292, section 4: MacData. @param {Uint8Array<ArrayBuffer>} content @param {string} passphrase */
async function mac(content, passphrase) {
  const salt = random(SALT_BYTES);
  const raw = await macKey(HASH, salt, passphrase, MAC_ITERATIONS);
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: HASH }, false, ['sign']);
  const value = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
  return sequence(sequence(sequence(SHA256, NULL), octets(value)), octets(salt), number(MAC_ITERATIONS));
}

/** [0] EXPLICIT. @param {Uint8Array} content */
const tagged = (content) => tlv(0xa0, content);

/** BMPString: two octets a letter. @param {string} text */
const wide = (text) =>
  Uint8Array.from([...text].flatMap((letter) => [letter.charCodeAt(0) >> 8, letter.charCodeAt(0) & 255]));

/** A positive INTEGER below 2^31. @param {number} n */
function number(n) {
  const all = Uint8Array.of(n >> 24, n >> 16, n >> 8, n);
  const from = all.findIndex((byte) => byte !== 0);
  const short = all.subarray(from);
  return tlv(2, short[0] & 128 ? concat(Uint8Array.of(0), short) : short);
}
