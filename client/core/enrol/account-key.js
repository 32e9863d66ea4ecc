// A key that the operator of a CA gave out for one new account there: external account binding, RFC 8555, section 7.3.4.
import { b64u, encode, hmac, unb64u } from '../bytes.js';
import { need } from '../errors.js';

/** RFC 7518, section 3.2. */
const LEAST_BYTES = 32;
const MAX_LENGTH = 1000;
/** @typedef {{id: string, mac: Uint8Array<ArrayBuffer>}} AccountKey */

/** Reads what `starling ca eab` prints, or just the two, the id first. @param {string} text @returns {AccountKey} throws `account-key.none`, never with what it read */
export function readAccountKey(text) {
  const labelled = (/** @type {RegExp} */ label) => label.exec(text)?.[1];
  const words = text.trim().split(/\s+/);
  const id = labelled(/^\s*key id\s+(\S+)\s*$/m);
  const mac = labelled(/^\s*HMAC key\s+(\S+)\s*$/m);
  const [name, key] = id && mac ? [id, mac] : words.length === 2 ? words : ['', ''];
  need(text.length <= MAX_LENGTH && /^[!-~]{1,100}$/.test(name), 'account-key.none');
  let bytes;
  try {
    bytes = unb64u(key.replace(/=+$/, ''));
  } catch {
    bytes = new Uint8Array();
  }
  need(bytes.length >= LEAST_BYTES, 'account-key.none');
  return { id: name, mac: bytes };
}

/** The member `externalAccountBinding` of a request for a new account. @param {AccountKey} key @param {object} jwk  the account's public key @param {string} url  of the request */
export async function binding({ id, mac }, jwk, url) {
  const head = b64u(encode(JSON.stringify({ alg: 'HS256', kid: id, url })));
  const payload = b64u(encode(JSON.stringify(jwk)));
  return { protected: head, payload, signature: b64u(await hmac(mac, encode(`${head}.${payload}`))) };
}
