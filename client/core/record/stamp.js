// The stamp of a KNOCK: work that makes contact requests to many people dear. docs/protocols/formats.md, section 6.
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, encode, unhex } from '../bytes.js';
import { need } from '../errors.js';

const BYTES = 10;
const MAX_BITS = 32;

/** `01 || bits || counter (8)`, or nothing. @param {Uint8Array} stamp */
export function checkStamp(stamp) {
  need(stamp.length === 0 || (stamp.length === BYTES && stamp[0] === 1 && stamp[1] <= MAX_BITS), 'malformed', 'stamp');
  return stamp;
}

/** What is stamped: this request, to this address. @param {string} address of the addressee @param {string} id hex @param {Uint8Array} cms */
const subject = (address, id, cms) => concat(encode(`starling/1 knock\0${address}\0`), unhex(id), sha256(cms));

/**
 * How many bits of work the stamp proves; 0 when it proves nothing. Costs two hashes.
 * @param {Uint8Array} stamp @param {string} address @param {string} id @param {Uint8Array} cms
 */
export function stampBits(stamp, address, id, cms) {
  if (checkStamp(stamp).length === 0) return 0;
  return leadingZeros(sha256(concat(subject(address, id, cms), stamp))) >= stamp[1] ? stamp[1] : 0;
}

/** Takes about 2^bits hashes. @param {number} bits @param {string} address @param {string} id @param {Uint8Array} cms */
export function makeStamp(bits, address, id, cms) {
  need(bits >= 0 && bits <= MAX_BITS, 'out-of-range');
  const head = subject(address, id, cms);
  const all = concat(head, Uint8Array.of(1, bits), new Uint8Array(8));
  const counter = new DataView(all.buffer, head.length + 2);
  for (let n = 0n; leadingZeros(sha256(all)) < bits;) counter.setBigUint64(0, ++n);
  return all.slice(head.length);
}

/** @param {Uint8Array} hash */
function leadingZeros(hash) {
  const at = hash.findIndex((byte) => byte !== 0);
  return at < 0 ? hash.length * 8 : at * 8 + Math.clz32(hash[at]) - 24;
}
