// DER, strictly: asn1js reads, and what it would write again must be the same bytes.
import * as asn1 from 'asn1js';
import { StarlingError } from '../errors.js';
import { same } from '../bytes.js';

/** One parsed item: tag class (0 universal, 2 … as in asn1js 1-based), number, and its children or content. */
export class Item {
  /** @param {any} block an asn1js block */
  constructor(block) {
    this.block = block;
  }

  get tagClass() {
    return this.block.idBlock.tagClass;
  }

  get tag() {
    return this.block.idBlock.tagNumber;
  }

  get constructed() {
    return this.block.idBlock.isConstructed;
  }

  /** @returns {Item[]} */
  get items() {
    if (!this.constructed || !Array.isArray(this.block.valueBlock.value)) throw bad('not constructed');
    return this.block.valueBlock.value.map((/** @type {any} */ each) => new Item(each));
  }

  /** The content bytes. @returns {Uint8Array<ArrayBuffer>} */
  get content() {
    const whole = this.der;
    return whole.slice(whole.length - length(whole));
  }

  /** The whole encoding. @returns {Uint8Array<ArrayBuffer>} */
  get der() {
    return new Uint8Array(this.block.valueBeforeDecodeView.slice());
  }

  /** @param {number} tag @param {number} [tagClass] 1 universal, 3 context */
  is(tag, tagClass = 1) {
    return this.tag === tag && this.tagClass === tagClass;
  }

  /** @param {number} tag @param {number} [tagClass] @returns {Item} this */
  expect(tag, tagClass = 1) {
    if (!this.is(tag, tagClass)) throw bad(`tag ${tag} expected, found ${this.tag}`);
    return this;
  }

  /** @returns {string} dotted */
  get oid() {
    this.expect(6);
    return dotted(this.content);
  }
}

/** @param {Uint8Array} whole @returns {number} content length by the header */
function length(whole) {
  const first = whole[1];
  if (first < 128) return first;
  let value = 0;
  for (let i = 0; i < first - 128; i++) value = value * 256 + whole[2 + i];
  return value;
}

/** @param {Uint8Array} bytes @param {number} [max] @returns {Item} */
export function parseDer(bytes, max = 65536) {
  if (bytes.length > max || bytes.length < 2) throw bad('size');
  let parsed;
  try {
    parsed = asn1.fromBER(/** @type {any} */ (bytes.slice()));
  } catch {
    throw bad('not ASN.1');
  }
  if (parsed.offset !== bytes.length) throw bad('trailing bytes');
  const again = new Uint8Array(parsed.result.toBER());
  if (!same(again, bytes)) throw bad('not DER');
  checkLengths(bytes, 0, bytes.length, 0);
  return new Item(parsed.result);
}

/** Definite lengths in shortest form, all the way down: DER is canonical. @param {Uint8Array} b @param {number} from @param {number} to @param {number} depth */
function checkLengths(b, from, to, depth) {
  if (depth > 24) throw bad('too deep');
  let at = from;
  while (at < to) {
    const tag = b[at];
    if ((tag & 31) === 31) throw bad('long tag');
    const first = b[at + 1];
    let size = first;
    let head = 2;
    if (first === 128 || first > 131 || first === undefined) throw bad('length');
    if (first > 128) {
      size = 0;
      head = 2 + first - 128;
      for (let i = 2; i < head; i++) size = size * 256 + (b[at + i] ?? 0);
      if (size < 128 || size < 2 ** (8 * (head - 3))) throw bad('length form');
    }
    if (at + head + size > to) throw bad('cut off');
    if (tag & 32) checkLengths(b, at + head, at + head + size, depth + 1);
    at += head + size;
  }
}

/** @param {Uint8Array} content */
function dotted(content) {
  const parts = [];
  let value = 0n;
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 127);
    if (byte & 128) continue;
    if (parts.length === 0) {
      const first = value < 40n ? 0n : value < 80n ? 1n : 2n;
      parts.push(first, value - first * 40n);
    } else parts.push(value);
    value = 0n;
  }
  return parts.join('.');
}

/** @param {string} why */
const bad = (why) => new StarlingError('malformed', {}, why);

// Writing: our own few shapes.

/** @param {number} tag @param {...Uint8Array} parts @returns {Uint8Array<ArrayBuffer>} */
export function tlv(tag, ...parts) {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head =
    size < 128
      ? [tag, size]
      : size < 256
        ? [tag, 129, size]
        : size < 65536
          ? [tag, 130, size >> 8, size & 255]
          : [tag, 131, size >> 16, (size >> 8) & 255, size & 255];
  const all = new Uint8Array(head.length + size);
  all.set(head);
  let at = head.length;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {...Uint8Array} parts */
export const sequence = (...parts) => tlv(0x30, ...parts);
/** @param {...Uint8Array} parts SET OF, sorted as DER wants */
export const setOf = (...parts) => tlv(0x31, ...parts.sort(compare));
/** @param {Uint8Array} bytes */
export const octets = (bytes) => tlv(4, bytes);
/** @param {number} n 0-127 */
export const integer = (n) => tlv(2, Uint8Array.of(n));
/** @param {Uint8Array} bytes */
export const bits = (bytes) => tlv(3, Uint8Array.of(0), bytes);

/** @param {Uint8Array} a @param {Uint8Array} b */
function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** @param {string} dots @returns {Uint8Array<ArrayBuffer>} */
export function oid(dots) {
  const [first, second, ...rest] = dots.split('.').map(BigInt);
  const bytes = [];
  for (const value of [first * 40n + second, ...rest]) {
    const seven = [Number(value & 127n)];
    for (let v = value >> 7n; v > 0n; v >>= 7n) seven.unshift(Number(v & 127n) | 128);
    bytes.push(...seven);
  }
  return tlv(6, Uint8Array.from(bytes));
}

/** An ECDSA signature of 64 bytes as DER. @param {Uint8Array} p1363 */
export const derSignature = (p1363) => sequence(unsigned(p1363.subarray(0, 32)), unsigned(p1363.subarray(32)));

/** @param {Uint8Array} bytes */
function unsigned(bytes) {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  const short = bytes.subarray(at);
  return short[0] & 128 ? tlv(2, Uint8Array.of(0), short) : tlv(2, short);
}

/** Back to r || s. @param {Uint8Array} der @param {number} size of each half */
export function plainSignature(der, size) {
  const halves = parseDer(der, 200).expect(16).items;
  if (halves.length !== 2) throw bad('signature');
  const all = new Uint8Array(size * 2);
  halves.forEach((half, i) => {
    half.expect(2);
    let bytes = half.content;
    while (bytes.length > 1 && bytes[0] === 0) bytes = bytes.slice(1);
    if (bytes.length > size) throw bad('signature');
    all.set(bytes, size * (i + 1) - bytes.length);
  });
  return all;
}
