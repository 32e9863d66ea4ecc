// A device is one P-256 key pair that leaves this browser in a backup at most (docs/decisions/0053): docs/protocols/formats.md, section 2.
import { base64, hex, sha256 } from '../bytes.js';
import { sipUri } from './address.js';

const SIGN = { name: 'ECDSA', namedCurve: 'P-256' };
const AGREE = { name: 'ECDH', namedCurve: 'P-256' };
export const ES256 = { name: 'ECDSA', hash: 'SHA-256' };

/**
 * @typedef {object} DeviceKey
 * @property {CryptoKey} sign  ECDSA, not extractable
 * @property {CryptoKey} agree  ECDH, not extractable
 * @property {Uint8Array<ArrayBuffer>} spki  SubjectPublicKeyInfo, 91 bytes
 * @property {string} id  device id, hex
 */

/** One key for signing and key agreement: made extractable, imported twice not extractable, the rest dropped. @returns {Promise<DeviceKey>} */
export const makeDeviceKey = async () => (await makeSparedKey()).key;

/** The same with what is dropped there: for a backup, and never for a store. @returns {Promise<{key: DeviceKey, spare: CryptoKey}>} spare: the private key, extractable */
export async function makeSparedKey() {
  const pair = await crypto.subtle.generateKey(SIGN, true, ['sign', 'verify']);
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  try {
    return { key: { ...(await deviceKeys(pkcs8)), spki, id: await deviceId(spki) }, spare: pair.privateKey };
  } finally {
    pkcs8.fill(0);
  }
}

/** @param {Uint8Array<ArrayBuffer>} pkcs8  of a P-256 key @returns {Promise<{sign: CryptoKey, agree: CryptoKey}>} not extractable */
export const deviceKeys = async (pkcs8) => ({
  sign: await crypto.subtle.importKey('pkcs8', pkcs8, SIGN, false, ['sign']),
  agree: await crypto.subtle.importKey('pkcs8', pkcs8, AGREE, false, ['deriveBits']),
});

/** @param {Uint8Array} spki @returns {Promise<string>} hex */
export const deviceId = async (spki) => hex(await sha256(spki));

/** RFC 5626, section 4.1, with a version-8 UUID (RFC 9562). @param {string} id @returns {string} */
export function instanceId(id) {
  const h = id.slice(0, 12) + '8' + id.slice(13, 16) + ((parseInt(id[16], 16) & 3) | 8).toString(16) + id.slice(17, 32);
  return `urn:uuid:${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

/** @param {string} address @param {string} id */
export const gruu = (address, id) => `${sipUri(address)};gr=${id}`;

/** @param {string} id of a peer */
export const peerUri = (id) => `sip:${id}@peer.starling.invalid`;

/** @param {CryptoKey} key @param {Uint8Array} message @returns {Promise<Uint8Array<ArrayBuffer>>} 64 bytes */
export const sign = async (key, message) =>
  new Uint8Array(await crypto.subtle.sign(ES256, key, /** @type {any} */ (message)));

/** @param {Uint8Array} spki @param {Uint8Array} message @param {Uint8Array} signature @returns {Promise<boolean>} */
export async function verify(spki, message, signature) {
  if (spki.length !== 91 || signature.length !== 64) return false;
  try {
    const key = await publicKey(spki);
    return await crypto.subtle.verify(ES256, key, /** @type {any} */ (signature), /** @type {any} */ (message));
  } catch {
    return false;
  }
}

const MAX_KEYS = 500;
/** Importing costs more than verifying. @type {Map<string, CryptoKey>} */
const keys = new Map();

/** @param {Uint8Array} spki @returns {Promise<CryptoKey>} */
async function publicKey(spki) {
  const name = base64(spki);
  const key =
    keys.get(name) ?? (await crypto.subtle.importKey('spki', /** @type {any} */ (spki), SIGN, false, ['verify']));
  keys.set(name, key);
  if (keys.size > MAX_KEYS) keys.delete(/** @type {string} */ (keys.keys().next().value));
  return key;
}
