// Bytes and their texts.

const utf8 = new TextEncoder();

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const encode = (text) => utf8.encode(text);
/** @param {Uint8Array} bytes @returns {string} throws on invalid UTF-8 */
export const decode = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

/** @param {...Uint8Array} parts @returns {Uint8Array<ArrayBuffer>} */
export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} in time that depends on the length only */
export function same(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

const PAIRS = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'));

/** @param {Uint8Array} bytes @returns {string} lower case */
export function hex(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += PAIRS[bytes[i]];
  return text;
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function unhex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new TypeError('not hex');
  return Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
}

/** @param {Uint8Array} bytes @returns {string} with a character for each byte (ISO 8859-1) */
export function latin(bytes) {
  let text = '';
  // Not by spreading, which goes through an iterator: several times slower.
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode.apply(null, /** @type {any} */ (bytes.subarray(i, i + 8192)));
  return text;
}

/** @param {Uint8Array} bytes */
export const base64 = (bytes) => btoa(latin(bytes));

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function unbase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** @param {Uint8Array} bytes @returns {string} base64url without padding */
export const b64u = (bytes) => base64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function unb64u(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError('not base64url');
  const bytes = unbase64(text.replace(/-/g, '+').replace(/_/g, '/'));
  if (b64u(bytes) !== text) throw new TypeError('not canonical base64url');
  return bytes;
}

/** @param {number} length */
export const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
export const sha256 = async (bytes) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', /** @type {any} */ (bytes)));

/** @param {Uint8Array} key @param {Uint8Array} message @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function hmac(key, message) {
  const imported = await crypto.subtle.importKey(
    'raw',
    /** @type {any} */ (key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, /** @type {any} */ (message)));
}
