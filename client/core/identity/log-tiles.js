// A log as it is served, in tiles of up to 256 entries or hashes (C2SP tlog-tiles): docs/protocols/log.md, section 6.
import { need } from '../errors.js';
import { Frontier, HASH_BYTES, perfectRoot } from './log-merkle.js';

/** @typedef {import('./log-merkle.js').Hash} Hash */
/**
 * A whole log, read from wherever it is. What it gives is not believed.
 * @typedef {object} LogReader
 * @property {() => Promise<Uint8Array>} checkpoint  the newest signed head
 * @property {(path: string, width: number) => Promise<Uint8Array>} tile  of a wider one that is there the first `width` entries or hashes
 */

export const FULL = 256;
/** The level of entries. */
export const ENTRIES = 'entries';

/** @param {number | 'entries'} level @param {number} index @param {number} width @returns {string} */
export function tilePath(level, index, width) {
  const parts = [];
  for (let rest = index; parts.length === 0 || rest > 0; rest = Math.floor(rest / 1000))
    parts.unshift(`${parts.length === 0 ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`);
  return `tile/${level}/${parts.join('/')}${width === FULL ? '' : `.p/${width}`}`;
}

/** How wide a tile is in a tree of `size` entries; 0 when it is not there. @param {number} size @param {number | 'entries'} level @param {number} index */
export function widthIn(size, level, index) {
  const hashes = level === ENTRIES ? size : Math.floor(size / FULL ** level);
  return Math.max(0, Math.min(FULL, hashes - index * FULL));
}

/** Just `width` entries, whatever is in them. @param {Uint8Array} bytes @param {number} width @returns {Uint8Array[]} */
export function parseBundle(bytes, width) {
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    need(bytes.length - at >= 2 && entries.length < width, 'malformed', 'entries of a bundle');
    const end = at + 2 + bytes[at] * 256 + bytes[at + 1];
    need(end <= bytes.length, 'malformed', 'an entry that is cut off');
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  need(entries.length === width, 'malformed', 'entries of a bundle');
  return entries;
}

/** @param {Uint8Array} bytes @param {number} width @returns {Hash[]} */
export function parseHashes(bytes, width) {
  need(bytes.length === width * HASH_BYTES, 'malformed', 'size of a tile');
  return Array.from({ length: width }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/**
 * The right edge of the first `first` entries of a tree of `size`, as the tiles say: only when the entries behind it lead to a head that is
 * believed, it is right.
 * @param {LogReader} log @param {number} size @param {number} first @returns {Promise<Frontier>}
 */
export async function frontierOf(log, size, first) {
  const hashes = [];
  for (let at = 0; at < first;) {
    let height = 0;
    while (at + 2 ** (height + 1) <= first) height++;
    const level = Math.floor(height / 8);
    const position = at / FULL ** level;
    const index = Math.floor(position / FULL);
    const width = widthIn(size, level, index);
    const tile = parseHashes(await log.tile(tilePath(level, index, width), width), width);
    const offset = position % FULL;
    hashes.push(perfectRoot(tile.slice(offset, offset + 2 ** (height % 8))));
    at += 2 ** height;
  }
  return new Frontier(first, hashes);
}
