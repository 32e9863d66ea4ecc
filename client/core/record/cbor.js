// Deterministic CBOR (RFC 8949, section 4.2.1), the subset of docs/protocols/formats.md, section 4. In JavaScript: number, Uint8Array, string, Array, Map with
// integer keys, boolean, null.
import { concat, encode as utf8, decode as fromUtf8 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 16;

/** @param {any} value @returns {Uint8Array<ArrayBuffer>} */
export function encodeCbor(value) {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (typeof value === 'string') {
    const bytes = utf8(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encodeCbor));
  if (value instanceof Map) {
    const keys = [...value.keys()].sort(order);
    return concat(head(5, keys.length), ...keys.flatMap((key) => [encodeCbor(key), encodeCbor(value.get(key))]));
  }
  if (value === false || value === true || value === null)
    return Uint8Array.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4);
  throw new TypeError(`no CBOR for ${typeof value}`);
}

/** 0, 1, 2 …, then -1, -2 … @param {number} a @param {number} b */
function order(a, b) {
  return a < 0 === b < 0 ? Math.abs(a) - Math.abs(b) : a < 0 ? 1 : -1;
}

/** @param {number} major @param {number} value */
function head(major, value) {
  if (!Number.isSafeInteger(value)) throw new TypeError('no safe integer');
  const size = value < 24 ? 0 : value < 2 ** 8 ? 1 : value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (major << 5) | (size === 0 ? value : 24 + Math.log2(size));
  for (let i = size, rest = value; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** @param {Uint8Array} bytes @returns {any} */
export function decodeCbor(bytes) {
  need(bytes.length <= MAX_BYTES, 'malformed', 'too long');
  const reader = { bytes, at: 0 };
  const value = item(reader, 0);
  need(reader.at === bytes.length, 'malformed', 'trailing bytes');
  return value;
}

/** @param {Uint8Array} bytes @returns {Map<number, any>} */
export function decodeMap(bytes) {
  const value = decodeCbor(bytes);
  need(value instanceof Map, 'malformed', 'not a map');
  return value;
}

/** @param {{bytes: Uint8Array, at: number}} r @param {number} depth @returns {any} */
function item(r, depth) {
  need(depth <= MAX_DEPTH, 'malformed', 'too deep');
  const first = next(r);
  const major = first >> 5;
  const info = first & 31;
  if (major === 7) {
    if (info === 20) return false;
    if (info === 21) return true;
    if (info === 22) return null;
    throw new StarlingError('malformed', {}, 'simple value');
  }
  const value = argument(r, info);
  switch (major) {
    case 0:
      return value;
    case 1:
      need(Number.isSafeInteger(-1 - value), 'malformed', 'number too large');
      return -1 - value;
    case 2:
      return take(r, value);
    case 3:
      try {
        return fromUtf8(take(r, value));
      } catch (e) {
        throw e instanceof StarlingError ? e : new StarlingError('malformed', {}, 'not UTF-8');
      }
    case 4: {
      need(value <= r.bytes.length - r.at, 'malformed', 'cut off');
      const list = [];
      for (let i = 0; i < value; i++) list.push(item(r, depth + 1));
      return list;
    }
    case 5:
      return map(r, value, depth);
    default:
      throw new StarlingError('malformed', {}, 'tag');
  }
}

/** @param {{bytes: Uint8Array, at: number}} r @param {number} size @param {number} depth */
function map(r, size, depth) {
  need(size <= (r.bytes.length - r.at) / 2, 'malformed', 'cut off');
  const result = new Map();
  let last = null;
  for (let i = 0; i < size; i++) {
    const key = item(r, depth + 1);
    need(typeof key === 'number', 'malformed', 'map key is no integer');
    need(last === null || order(last, key) < 0, 'malformed', 'map keys out of order');
    last = key;
    result.set(key, item(r, depth + 1));
  }
  return result;
}

/** @param {{bytes: Uint8Array, at: number}} r @param {number} info */
function argument(r, info) {
  if (info < 24) return info;
  need(info <= 27, 'malformed', 'indefinite length');
  const size = 2 ** (info - 24);
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + next(r);
  need(Number.isSafeInteger(value), 'malformed', 'number too large');
  need(value >= (size === 1 ? 24 : 2 ** (size * 4)), 'malformed', 'not the shortest form');
  return value;
}

/** @param {{bytes: Uint8Array, at: number}} r @param {number} length */
function take(r, length) {
  need(length <= r.bytes.length - r.at, 'malformed', 'cut off');
  r.at += length;
  return new Uint8Array(r.bytes.subarray(r.at - length, r.at));
}

/** @param {{bytes: Uint8Array, at: number}} r */
function next(r) {
  need(r.at < r.bytes.length, 'malformed', 'cut off');
  return r.bytes[r.at++];
}

// Getters that refuse what has another type or is out of bounds.

/** @param {any} value @param {number} min @param {number} max @returns {Uint8Array<ArrayBuffer>} */
export function asBytes(value, min, max) {
  need(value instanceof Uint8Array && value.length >= min && value.length <= max, 'malformed', 'bytes expected');
  return /** @type {Uint8Array<ArrayBuffer>} */ (value);
}
/** @param {any} value @param {number} max UTF-16 code units @returns {string} */
export function asText(value, max) {
  need(typeof value === 'string' && value.length <= max, 'malformed', 'text expected');
  return value;
}
/** @param {any} value @param {number} min @param {number} max @returns {number} */
export function asNumber(value, min, max) {
  need(typeof value === 'number' && value >= min && value <= max, 'malformed', 'number expected');
  return value;
}
/** @param {any} value @param {number} min @param {number} max @returns {any[]} */
export function asList(value, min, max) {
  need(Array.isArray(value) && value.length >= min && value.length <= max, 'malformed', 'list expected');
  return value;
}
/** @param {any} value @returns {Map<number, any>} */
export function asMap(value) {
  need(value instanceof Map, 'malformed', 'map expected');
  return value;
}
