// What a log says of one certificate: docs/protocols/log.md, section 2.
import { concat, encode, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { parseCertificate } from './certificate.js';
import { HASH_BYTES } from './log-merkle.js';
import { MAX_TIME } from './log-note.js';
import { scrypt } from '../scrypt.js';

/** certificate: SHA-256 of its DER; notAfter: Unix ms; evidence: SHA-256, or zeros @typedef {{ownerTag: Uint8Array, certificate: Uint8Array, notAfter: number, evidence: Uint8Array}} LogEntry */

export const ENTRY_BYTES = 1 + 3 * HASH_BYTES + 8;
const VERSION = 1;

/** @type {Map<string, Promise<Uint8Array>>} */
const tags = new Map();

/** What the log `origin` calls an address: scrypt, slow by intention, so remembered for a few hundred addresses. @param {string} address @param {string} origin */
export function ownerTag(address, origin) {
  const name = `${origin} ${address}`;
  let tag = tags.get(name);
  if (!tag) {
    const salt = encode(`starling/1 log ${origin}`);
    tag = scrypt(encode(address), salt, 14);
    tags.set(name, tag);
    if (tags.size > 500) tags.delete(/** @type {string} */ (tags.keys().next().value));
  }
  return tag;
}

/** The entry for a certificate. @param {Uint8Array} tag @param {Uint8Array} der @param {Uint8Array} [evidence] @returns {Promise<LogEntry>} */
export async function entryOf(tag, der, evidence = new Uint8Array(HASH_BYTES)) {
  return { ownerTag: tag, certificate: await sha256(der), notAfter: parseCertificate(der).notAfter, evidence };
}

/** @param {Uint8Array} bytes @returns {LogEntry} */
export function parseEntry(bytes) {
  need(bytes.length === ENTRY_BYTES && bytes[0] === VERSION, 'malformed', 'size or version of an entry');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const seconds = view.getUint32(65) * 2 ** 32 + view.getUint32(69);
  need(seconds <= MAX_TIME, 'malformed', 'end of a certificate');
  return {
    ownerTag: bytes.slice(1, 33),
    certificate: bytes.slice(33, 65),
    notAfter: seconds * 1000,
    evidence: bytes.slice(73),
  };
}

/** @param {LogEntry} entry @returns {Uint8Array} */
export function entryBytes({ ownerTag: tag, certificate, notAfter, evidence }) {
  const end = new Uint8Array(8);
  const seconds = notAfter / 1000;
  new DataView(end.buffer).setUint32(0, Math.floor(seconds / 2 ** 32));
  new DataView(end.buffer).setUint32(4, seconds % 2 ** 32);
  return concat(Uint8Array.of(VERSION), tag, certificate, end, evidence);
}
