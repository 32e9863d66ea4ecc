// DER, strictly: one form only, so that no two readers can understand it differently. What is not that is `malformed`.
import { StarlingError } from '../errors.js';

const MAX_DEPTH = 24;
const MAX_OID_BYTES = 64;
const SET = 0x31;

/** One item: identifier octet, and where its content lies. The whole input was checked before the first one is handed out. */
export class Item {
  #in;
  #start;
  #content;
  #end;

  /** @param {Uint8Array} bytes @param {number} start @param {number} limit */
  constructor(bytes, start, limit) {
    if (limit - start < 2) throw bad('cut off');
    if ((bytes[start] & 31) === 31) throw bad('long tag');
    const first = bytes[start + 1];
    const more = first < 128 ? 0 : first - 128;
    if (first === 128 || more > 3 || limit - start < 2 + more) throw bad('length');
    let size = first;
    if (more > 0) {
      size = 0;
      for (let i = 0; i < more; i++) size = size * 256 + bytes[start + 2 + i];
      if (size < 128 || size < 2 ** (8 * (more - 1))) throw bad('length form');
    }
    this.#in = bytes;
    this.#start = start;
    this.#content = start + 2 + more;
    this.#end = this.#content + size;
    if (this.#end > limit) throw bad('cut off');
  }

  /** 1 universal, 2 application, 3 context, 4 private */
  get tagClass() {
    return (this.#in[this.#start] >> 6) + 1;
  }

  get tag() {
    return this.#in[this.#start] & 31;
  }

  get constructed() {
    return (this.#in[this.#start] & 32) !== 0;
  }

  /** The index behind this item. */
  get end() {
    return this.#end;
  }

  /** @returns {Item[]} */
  get items() {
    if (!this.constructed) throw bad('not constructed');
    const items = [];
    for (let at = this.#content; at < this.#end; at = items[items.length - 1].end)
      items.push(new Item(this.#in, at, this.#end));
    return items;
  }

  /** The content bytes. @returns {Uint8Array<ArrayBuffer>} */
  get content() {
    return new Uint8Array(this.#in.subarray(this.#content, this.#end));
  }

  /** The whole encoding. @returns {Uint8Array<ArrayBuffer>} */
  get der() {
    return new Uint8Array(this.#in.subarray(this.#start, this.#end));
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

  /** The items of a SEQUENCE that has at least `least` and at most `most`. @param {number} least @param {number} most @returns {Item[]} */
  sequence(least, most) {
    const items = this.expect(16).items;
    if (items.length < least || items.length > most) throw bad(`${items.length} items`);
    return items;
  }

  /** The bytes of a BIT STRING that has no unused bits. @returns {Uint8Array<ArrayBuffer>} */
  get wholeBits() {
    const content = this.expect(3).content;
    if (content[0] !== 0) throw bad('unused bits');
    return content.slice(1);
  }

  /** A small number: an INTEGER of at most six bytes. @returns {number} */
  get integer() {
    const content = this.expect(2).content;
    if (content.length > 6) throw bad('number too large');
    let value = content[0] & 128 ? -1 : 0;
    for (const byte of content) value = value * 256 + byte;
    return value;
  }

  /** @returns {string} dotted */
  get oid() {
    this.expect(6);
    return dotted(this.content);
  }

  /** @param {number} depth */
  check(depth) {
    if (depth > MAX_DEPTH) throw bad('too deep');
    if (this.tagClass === 1) {
      if (this.constructed !== (this.tag === 16 || this.tag === 17) || this.tag === 0) throw bad('tag');
      if (!formFits(this.tag, this.#in.subarray(this.#content, this.#end))) throw bad(`form of tag ${this.tag}`);
    }
    if (!this.constructed) return;
    let last = new Uint8Array();
    for (const item of this.items) {
      item.check(depth + 1);
      if (this.#in[this.#start] !== SET) continue;
      const next = item.der;
      if (compare(last, next) > 0) throw bad('set order');
      last = next;
    }
  }
}

/** The one form that a value may have. @param {number} tag @param {Uint8Array} c content */
function formFits(tag, c) {
  switch (tag) {
    case 1:
      return c.length === 1 && (c[0] === 0 || c[0] === 255);
    case 2:
      return c.length > 0 && (c.length === 1 || c[0] !== (c[1] & 128 ? 255 : 0));
    case 3:
      if (c.length < 2) return c.length === 1 && c[0] === 0;
      return c[0] <= 7 && (c[c.length - 1] & ((1 << c[0]) - 1)) === 0;
    case 5:
      return c.length === 0;
    case 6:
      return (
        c.length > 0 &&
        c.length <= MAX_OID_BYTES &&
        c[c.length - 1] < 128 &&
        c.every((byte, i) => byte !== 128 || (i > 0 && c[i - 1] >= 128))
      );
    default:
      return true;
  }
}

/** Reads one item that fills `bytes`. @param {Uint8Array} bytes @param {number} [max] @returns {Item} */
export function parseDer(bytes, max = 65536) {
  if (bytes.length > max) throw bad('too long');
  const item = new Item(new Uint8Array(bytes), 0, bytes.length);
  if (item.end !== bytes.length) throw bad('trailing bytes');
  item.check(0);
  return item;
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
export const setOf = (...parts) => tlv(SET, ...[...parts].sort(compare));
/** @param {number} tag  of an implicit SET OF @param {...Uint8Array} parts */
export const taggedSetOf = (tag, ...parts) => tlv(tag, ...[...parts].sort(compare));
/** @param {Uint8Array} bytes */
export const octets = (bytes) => tlv(4, bytes);
/** @param {number} n 0-127 */
export const integer = (n) => tlv(2, Uint8Array.of(n));
/** @param {Uint8Array} bytes */
export const bits = (bytes) => tlv(3, Uint8Array.of(0), bytes);

/** The order of DER. @param {Uint8Array} a @param {Uint8Array} b */
export function compare(a, b) {
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

/** Back to r || s; both positive and no longer than the curve's order. @param {Uint8Array} der @param {number} size of each half */
export function plainSignature(der, size) {
  const all = new Uint8Array(size * 2);
  parseDer(der, 200)
    .sequence(2, 2)
    .forEach((half, i) => {
      const content = half.expect(2).content;
      const bytes = content[0] === 0 ? content.slice(1) : content;
      if (content[0] & 128 || bytes.length > size) throw bad('signature');
      all.set(bytes, size * (i + 1) - bytes.length);
    });
  return all;
}
