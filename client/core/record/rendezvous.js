// Where records lie, and sealing them there: docs/protocols/formats.md, section 5.
import { concat, encode, hex, hmac, random, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { scrypt } from '../scrypt.js';

/** @typedef {'CERT'|'DEVICES'|'LOCATION'|'INBOX'|'KNOCK'|'OWN'|'REVOKED'|'PEERS'} Kind */
/** @type {Record<Kind, number>} */
export const KIND = { CERT: 1, DEVICES: 2, LOCATION: 3, INBOX: 4, KNOCK: 5, OWN: 6, REVOKED: 7, PEERS: 8 };
/** @typedef {{kind: Kind, day: string, dhtKey: Uint8Array<ArrayBuffer>, sealingKey: Uint8Array<ArrayBuffer>}} Rendezvous */

const HEAD = 13;
const TAG = 16;
export const MAX_PAYLOAD = 32768 - HEAD - TAG - 4;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** @type {Map<string, Promise<Uint8Array>>} */
const masters = new Map();

/** scrypt of the address: slow by intention, so remembered for a few hundred addresses. @param {string} address @param {string} network */
export function publicMaster(address, network) {
  const name = `${network} ${address}`;
  let master = masters.get(name);
  if (!master) {
    master = scrypt(encode(address), encode(`starling/1${network}`), 14);
    masters.set(name, master);
    if (masters.size > 500) masters.delete(/** @type {string} */ (masters.keys().next().value));
  }
  return master;
}

/** @param {Uint8Array} master @param {Kind} kind @param {string} day 2026-11-24 @returns {Promise<Rendezvous>} */
export async function rendezvous(master, kind, day) {
  const ikm = await crypto.subtle.importKey('raw', /** @type {any} */ (master), 'HKDF', false, ['deriveBits']);
  const info = encode(`starling/1 rendezvous ${kind} ${day}`);
  const okm = new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }, ikm, 52 * 8),
  );
  return { kind, day, dhtKey: okm.slice(0, 20), sealingKey: okm.slice(20) };
}

/** Today, and between 23:00 and 01:00 UTC the neighbour. @param {number} now Unix ms @returns {string[]} */
export function daysAround(now) {
  const day = (/** @type {number} */ at) => new Date(at).toISOString().slice(0, 10);
  const days = new Set([day(now), day(now + HOUR), day(now - HOUR)]);
  return [...days].sort((a) => (a === day(now) ? -1 : 1));
}

/** @param {number} now @returns {number} Unix seconds: one hour after the end of the day */
export const endOfDay = (now) => (Math.floor(now / DAY) * DAY + DAY + HOUR) / 1000;

/** @param {Rendezvous} place @param {string} device hex @returns {Promise<string>} decimal */
export const valueId = (place, device) => idOf(place, device);

/** In INBOX and KNOCK every message has a value of its own for each device. @param {Rendezvous} place @param {string} from  hex @param {string} message  hex @param {string} to  hex @returns {Promise<string>} decimal */
export const messageValueId = (place, from, message, to) => idOf(place, from + message + to);

/** @param {Rendezvous} place @param {string} name  hex */
async function idOf(place, name) {
  const mac = await hmac(place.sealingKey, concat(encode('id'), unhex(name)));
  return BigInt(`0x${hex(mac.slice(0, 8))}`).toString();
}

/** The days on which what still counts was sent: eight, and tomorrow's from 23:00 UTC, for clocks ahead of ours. @param {number} now Unix ms @returns {string[]} newest first */
export function daysOfLetters(now) {
  const day = (/** @type {number} */ at) => new Date(at).toISOString().slice(0, 10);
  return [...new Set([day(now + HOUR), ...Array.from({ length: 8 }, (_, i) => day(now - i * DAY))])];
}

/** Bytes of the value that holds so many. @param {number} length */
export const sealedSize = (length) => Math.max(1024, 2 ** Math.ceil(Math.log2(HEAD + 4 + length + TAG)));

/** @param {Rendezvous} place @param {Uint8Array} payload @param {Uint8Array} [nonce] for tests @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function seal(place, payload, nonce = random(12)) {
  need(payload.length <= MAX_PAYLOAD, 'too-long');
  const padded = new Uint8Array(sealedSize(payload.length) - HEAD - TAG);
  new DataView(padded.buffer).setUint32(0, payload.length);
  padded.set(payload, 4);
  const sealed = await crypto.subtle.encrypt(gcm(place, nonce), await key(place, 'encrypt'), padded);
  return concat(Uint8Array.of(1), nonce, new Uint8Array(sealed));
}

/** @param {Rendezvous} place @param {Uint8Array} value @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function unseal(place, value) {
  need(
    [1024, 2048, 4096, 8192, 16384, 32768].includes(value.length) && value[0] === 1,
    'not-sealed',
    'size or version',
  );
  let padded;
  try {
    padded = new Uint8Array(
      await crypto.subtle.decrypt(
        gcm(place, value.slice(1, HEAD)),
        await key(place, 'decrypt'),
        /** @type {any} */ (value.slice(HEAD)),
      ),
    );
  } catch {
    need(false, 'not-sealed', 'wrong key or altered');
  }
  const length = new DataView(padded.buffer).getUint32(0);
  need(length <= padded.length - 4, 'not-sealed', 'length');
  need(
    padded.subarray(4 + length).every((b) => b === 0),
    'not-sealed',
    'padding',
  );
  return padded.slice(4, 4 + length);
}

/** @param {Rendezvous} place @param {'encrypt'|'decrypt'} use */
const key = (place, use) => crypto.subtle.importKey('raw', place.sealingKey, 'AES-GCM', false, [use]);

/** @param {Rendezvous} place @param {Uint8Array} iv */
const gcm = (place, iv) => ({
  name: 'AES-GCM',
  iv: /** @type {any} */ (iv),
  additionalData: concat(Uint8Array.of(1, KIND[place.kind]), place.dhtKey),
  tagLength: 128,
});
