// Entries that the devices of one person share: sealed under their own key. docs/protocols/formats.md, section 6.
import { concat, encode, random, unhex } from '../bytes.js';
import { need } from '../errors.js';

const NONCE = 12;
const TAG = 16;

/** @param {Uint8Array} key 32 bytes @param {'encrypt'|'decrypt'} use */
function imported(key, use) {
  need(key.length === 32, 'wrong-length');
  return crypto.subtle.importKey('raw', /** @type {any} */ (key), 'AES-GCM', false, [use]);
}

/** @param {string} id of the entry, hex @param {Uint8Array} iv */
const gcm = (id, iv) => ({
  name: 'AES-GCM',
  iv: /** @type {any} */ (iv),
  additionalData: concat(encode('starling/1 own'), unhex(id)),
  tagLength: TAG * 8,
});

/** @param {Uint8Array} ownKey @param {string} id of the entry, hex @param {Uint8Array} entry @param {Uint8Array} [nonce] for vectors */
export async function sealEntry(ownKey, id, entry, nonce = random(NONCE)) {
  const sealed = await crypto.subtle.encrypt(
    gcm(id, nonce),
    await imported(ownKey, 'encrypt'),
    /** @type {any} */ (entry),
  );
  return concat(nonce, new Uint8Array(sealed));
}

/** @param {Uint8Array} ownKey @param {string} id @param {Uint8Array} sealed @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function openEntry(ownKey, id, sealed) {
  need(sealed.length >= NONCE + TAG, 'not-sealed', 'size');
  try {
    const plain = await crypto.subtle.decrypt(
      gcm(id, sealed.slice(0, NONCE)),
      await imported(ownKey, 'decrypt'),
      /** @type {any} */ (sealed.slice(NONCE)),
    );
    return new Uint8Array(plain);
  } catch {
    need(false, 'not-sealed', 'wrong key or altered');
  }
}
