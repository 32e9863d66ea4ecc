// PKCS #12 (RFC 7292): the file in which people keep an S/MIME key. Opened in the page; the key stays in memory and cannot be taken out.
// Read are files encrypted with PBES2 and AES (RFC 8018), as programs write them today; older ones are named as such. docs/decisions/0013.
import { concat, encode, hex, same } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { octetsOf, readBer } from './ber.js';
import { parseCertificate } from './certificate.js';
import { deviceKeys } from './device.js';
import { oid, sequence, tlv } from './der.js';

const MAX_BYTES = 256 * 1024;
/** Of one derivation, and of all that a file asks for: seconds, not hours. */
const MAX_ITERATIONS = 5_000_000;
const MAX_ALL_ITERATIONS = 10_000_000;
/** Those of the old key derivation are made one by one. */
const MAX_OLD_ITERATIONS = 300_000;
const MAX_CERTIFICATES = 32;
const MAX_KEYS = 4;

const name = (/** @type {string} */ dots) => hex(oid(dots));
const DATA = name('1.2.840.113549.1.7.1');
const ENCRYPTED = name('1.2.840.113549.1.7.6');
const PBES2 = name('1.2.840.113549.1.5.13');
const PBKDF2 = name('1.2.840.113549.1.5.12');
const PBMAC1 = name('1.2.840.113549.1.5.14');
const KEY = name('1.2.840.113549.1.12.10.1.1');
const SHROUDED_KEY = name('1.2.840.113549.1.12.10.1.2');
const CERTIFICATE = name('1.2.840.113549.1.12.10.1.3');
const X509 = name('1.2.840.113549.1.9.22.1');
const RSA = name('1.2.840.113549.1.1.1');
const EC = name('1.2.840.10045.2.1');
/** The beginnings of the ciphers of the nineties: PKCS #12's own, and PBES1. */
const OLD = [hex(oid('1.2.840.113549.1.12.1').slice(2)), hex(oid('1.2.840.113549.1.5').slice(2))];
/** @type {Record<string, number>} bits of the key */
const AES_CBC = {
  [name('2.16.840.1.101.3.4.1.2')]: 128,
  [name('2.16.840.1.101.3.4.1.22')]: 192,
  [name('2.16.840.1.101.3.4.1.42')]: 256,
};
/** @type {Record<string, string>} */
const HMAC = {
  [name('1.2.840.113549.2.7')]: 'SHA-1',
  [name('1.2.840.113549.2.9')]: 'SHA-256',
  [name('1.2.840.113549.2.10')]: 'SHA-384',
  [name('1.2.840.113549.2.11')]: 'SHA-512',
};
/** @type {Record<string, string>} */
const HASHES = {
  [name('1.3.14.3.2.26')]: 'SHA-1',
  [name('2.16.840.1.101.3.4.2.1')]: 'SHA-256',
  [name('2.16.840.1.101.3.4.2.2')]: 'SHA-384',
  [name('2.16.840.1.101.3.4.2.3')]: 'SHA-512',
};
/** @type {Record<string, {namedCurve: string, hash: string, algorithm: Uint8Array}>} */
const CURVES = {
  [name('1.2.840.10045.3.1.7')]: {
    namedCurve: 'P-256',
    hash: 'SHA-256',
    algorithm: sequence(oid('1.2.840.10045.4.3.2')),
  },
  [name('1.3.132.0.34')]: { namedCurve: 'P-384', hash: 'SHA-384', algorithm: sequence(oid('1.2.840.10045.4.3.3')) },
};

/** @typedef {import('./ber.js').Ber} Ber */
/** @typedef {import('./certificate.js').Certificate} Certificate */
/** left: iterations that its file may still ask for @typedef {{passphrase: string, left: number}} Opener */
/** algorithm: AlgorithmIdentifier; sign: as a certificate has it; keys: for both uses of a device key, where it is a P-256 key @typedef {{certificate: Certificate, algorithm: Uint8Array, sign: (message: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>, keys: {sign: CryptoKey, agree: CryptoKey} | null}} Owner */

/** @param {Uint8Array} bytes @param {string} passphrase @returns {Promise<{owners: Owner[], others: Certificate[]}>} keys with their certificates, and the certificates without */
export async function openPkcs12(bytes, passphrase) {
  need(bytes.length <= MAX_BYTES, 'p12.malformed', 'too long');
  try {
    return await open(bytes, { passphrase, left: MAX_ALL_ITERATIONS });
  } catch (e) {
    if (e instanceof StarlingError && e.key.startsWith('p12.')) throw e;
    throw new StarlingError('p12.malformed', {}, e instanceof Error ? e.message : '');
  }
}

/** @param {Uint8Array} bytes @param {Opener} opener */
async function open(bytes, opener) {
  const [version, safe, mac] = readBer(bytes).items;
  need(hex(version.der) === '020103' && hex(safe.items[0].der) === DATA, 'p12.malformed', 'not version 3 with a MAC');
  const content = octetsOf(safe.items[1].items[0]);
  if (mac) await checkMac(mac, content, opener);
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const keys = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const certificates = [];
  for (const info of readBer(content).items) {
    const [type, value] = info.items;
    const bags = hex(type.der) === DATA ? octetsOf(value.items[0]) : await encrypted(type, value, opener);
    for (const bag of readBer(bags).items) await take(bag, opener, keys, certificates);
  }
  need(keys.length > 0, 'p12.no-key');
  return matched(
    keys,
    certificates.map(readable).filter((each) => each !== null),
  );
}

/** @param {Ber} bag @param {Opener} opener @param {Uint8Array[]} keys @param {Uint8Array[]} certificates */
async function take(bag, opener, keys, certificates) {
  const [type, value] = bag.items;
  const kind = hex(type.der);
  // Before it is decrypted: that takes as long as whoever wrote it wants.
  if (kind === KEY || kind === SHROUDED_KEY) need(keys.length < MAX_KEYS, 'p12.no-key', 'too many keys');
  if (kind === CERTIFICATE) need(certificates.length < MAX_CERTIFICATES, 'p12.no-key', 'too many certificates');
  if (kind === KEY) keys.push(value.items[0].der);
  if (kind === SHROUDED_KEY) {
    const [algorithm, sealed] = value.items[0].items;
    keys.push(await decrypt(algorithm, octetsOf(sealed), opener));
  }
  if (kind === CERTIFICATE) {
    const [what, der] = value.items[0].items;
    if (hex(what.der) === X509) certificates.push(octetsOf(der.items[0]));
  }
}

/** EncryptedData (RFC 5652, section 8). @param {Ber} type @param {Ber} value @param {Opener} opener */
async function encrypted(type, value, opener) {
  need(hex(type.der) === ENCRYPTED, 'p12.unsupported', 'encrypted for a public key');
  const [, algorithm, sealed] = value.items[0].items[1].items;
  return decrypt(algorithm, octetsOf(sealed), opener);
}

/** PBES2 (RFC 8018, section 6.2). @param {Ber} algorithm @param {Uint8Array<ArrayBuffer>} sealed @param {Opener} opener */
async function decrypt(algorithm, sealed, opener) {
  const scheme = hex(algorithm.items[0].der);
  if (scheme !== PBES2)
    throw new StarlingError(OLD.some((each) => scheme.slice(4).startsWith(each)) ? 'p12.old' : 'p12.unsupported');
  const [derivation, cipher] = algorithm.items[1].items;
  const length = AES_CBC[hex(cipher.items[0].der)];
  if (!length) throw new StarlingError('p12.old');
  const key = await derived(derivation, opener, { name: 'AES-CBC', length }, ['decrypt']);
  try {
    const plain = await crypto.subtle.decrypt({ name: 'AES-CBC', iv: octetsOf(cipher.items[1]) }, key, sealed);
    return new Uint8Array(plain);
  } catch {
    throw new StarlingError('p12.passphrase');
  }
}

/** PBKDF2. @param {Ber} derivation @param {Opener} opener @param {any} wanted @param {KeyUsage[]} usages */
async function derived(derivation, opener, wanted, usages) {
  need(hex(derivation.items[0].der) === PBKDF2, 'p12.unsupported', 'key derivation');
  const [salt, count, ...rest] = derivation.items[1].items;
  const prf = rest.find((each) => each.tag === 0x30);
  const hash = prf ? HMAC[hex(prf.items[0].der)] : 'SHA-1';
  const iterations = number(count);
  need(!!hash && iterations > 0 && iterations <= MAX_ITERATIONS, 'p12.unsupported', 'iterations');
  need(iterations <= opener.left, 'p12.unsupported', 'iterations of all');
  opener.left -= iterations;
  const secret = await crypto.subtle.importKey('raw', encode(opener.passphrase), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash, salt: octetsOf(salt), iterations },
    secret,
    wanted,
    false,
    usages,
  );
}

/** @param {Ber} item */
const number = (item) => item.content.reduce((sum, byte) => sum * 256 + byte, 0);

/** A wrong passphrase shows here. @param {Ber} mac @param {Uint8Array<ArrayBuffer>} content @param {Opener} opener */
async function checkMac(mac, content, opener) {
  const [digest, salt, count] = mac.items;
  const [algorithm, value] = digest.items;
  const kind = hex(algorithm.items[0].der);
  let key;
  if (kind === PBMAC1) {
    const [derivation, hmac] = algorithm.items[1].items;
    const hash = HMAC[hex(hmac.items[0].der)];
    need(!!hash, 'p12.unsupported', 'MAC');
    const length = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 }[hash];
    key = await derived(derivation, opener, { name: 'HMAC', hash, length }, ['sign']);
  } else {
    const hash = HASHES[kind];
    const iterations = count ? number(count) : 1;
    need(!!hash && iterations > 0 && iterations <= MAX_OLD_ITERATIONS, 'p12.unsupported', 'MAC');
    const raw = await macKey(hash, octetsOf(salt), opener.passphrase, iterations);
    key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, ['sign']);
  }
  const made = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
  need(same(made, octetsOf(value)), 'p12.passphrase');
}

/** RFC 7292, appendix B.2 with ID 3, for as many bytes as the hash has. @param {string} hash @param {Uint8Array} salt @param {string} passphrase @param {number} iterations */
export async function macKey(hash, salt, passphrase, iterations) {
  const block = hash === 'SHA-1' || hash === 'SHA-256' ? 64 : 128;
  const letters = new Uint8Array((passphrase.length + 1) * 2);
  for (let i = 0; i < passphrase.length; i++)
    letters.set([passphrase.charCodeAt(i) >> 8, passphrase.charCodeAt(i) & 255], i * 2);
  const filled = (/** @type {Uint8Array} */ bytes) =>
    Uint8Array.from({ length: Math.ceil(bytes.length / block) * block }, (_, i) => bytes[i % bytes.length]);
  let key = concat(new Uint8Array(block).fill(3), filled(salt), filled(letters));
  for (let i = 0; i < iterations; i++) key = new Uint8Array(await crypto.subtle.digest(hash, key));
  return key;
}

/** One that we do not read (an old root, say) is left out. @param {Uint8Array} der */
function readable(der) {
  try {
    return parseCertificate(der);
  } catch {
    return null;
  }
}

/** @param {Uint8Array<ArrayBuffer>[]} keys @param {Certificate[]} certificates */
async function matched(keys, certificates) {
  /** @type {Owner[]} */
  const owners = [];
  for (const pkcs8 of keys) {
    const key = await imported(pkcs8).finally(() => pkcs8.fill(0));
    for (const certificate of certificates) if (await key.fits(certificate.spki)) owners.push({ certificate, ...key });
  }
  need(owners.length > 0, 'p12.no-key');
  return { owners, others: certificates.filter((each) => !owners.some((owner) => owner.certificate === each)) };
}

/** @param {Uint8Array<ArrayBuffer>} pkcs8 */
async function imported(pkcs8) {
  const [type, curve] = readBer(pkcs8).items[1].items;
  const kind = hex(type.der);
  const ec = kind === EC ? CURVES[hex(curve.der)] : undefined;
  need(kind === RSA || !!ec, 'p12.key');
  const algorithm = ec
    ? { name: 'ECDSA', namedCurve: ec.namedCurve, hash: ec.hash }
    : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const plain = async (/** @type {any} */ message) => new Uint8Array(await crypto.subtle.sign(algorithm, key, message));
  const both = ec?.namedCurve === 'P-256';
  return {
    keys: both ? await deviceKeys(pkcs8) : null,
    algorithm: ec?.algorithm ?? sequence(oid('1.2.840.113549.1.1.11'), tlv(5)),
    sign: async (/** @type {Uint8Array} */ message) => (ec ? derPair(await plain(message)) : plain(message)),
    async fits(/** @type {any} */ spki) {
      const message = encode('starling');
      try {
        const own = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
        return await crypto.subtle.verify(algorithm, own, await plain(message), message);
      } catch {
        return false;
      }
    },
  };
}

/** An ECDSA signature of two halves as DER. @param {Uint8Array} pair */
function derPair(pair) {
  const half = (/** @type {Uint8Array} */ bytes) => {
    let at = 0;
    while (at < bytes.length - 1 && bytes[at] === 0) at++;
    const short = bytes.subarray(at);
    return short[0] & 128 ? tlv(2, Uint8Array.of(0), short) : tlv(2, short);
  };
  return sequence(half(pair.subarray(0, pair.length / 2)), half(pair.subarray(pair.length / 2)));
}
