// Hashes of a Merkle tree, and the two proofs about it: RFC 9162, section 2.1, with SHA-256. Sizes are numbers up to 2^53 - 1, so they are
// halved, never shifted.
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, same } from '../bytes.js';

export const HASH_BYTES = 32;
/** As long as the path of any proof can be. */
export const MAX_PATH = 63;

/** @typedef {Uint8Array} Hash */
/** How many entries a log has, and the hash over all of them. @typedef {{size: number, root: Hash}} TreeHead */

/** @type {TreeHead} */
export const EMPTY = { size: 0, root: sha256(new Uint8Array()) };

/** @param {TreeHead} a @param {TreeHead} b */
export const sameHead = (a, b) => a.size === b.size && same(a.root, b.root);

/** @param {Uint8Array} entry @returns {Hash} */
export const leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));

/** @param {Hash} left @param {Hash} right @returns {Hash} */
export const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

/** Of a complete subtree over these hashes; their number is a power of two. @param {Hash[]} hashes @returns {Hash} */
export function perfectRoot(hashes) {
  let level = hashes;
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i < level.length; i += 2) above.push(nodeHash(level[i], level[i + 1]));
    level = above;
  }
  return level[0];
}

/**
 * Whether `path` shows that the entry with this leaf hash is the one at `index`.
 * @param {TreeHead} head @param {number} index @param {Hash} hash @param {Hash[]} path
 */
export function includes(head, index, hash, path) {
  // RFC 9162, section 2.1.3.2, with its names.
  if (!isIndex(index) || index >= head.size || !areHashes(path)) return false;
  let [fn, sn, r] = [index, head.size - 1, hash];
  for (const p of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r);
      while (!isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
    } else r = nodeHash(r, p);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && same(r, head.root);
}

/**
 * Whether `proof` shows that the entries under `newer` begin with all those under `older`.
 * @param {TreeHead} older @param {TreeHead} newer @param {Hash[]} proof
 */
export function isExtended(older, newer, proof) {
  if (!isIndex(older.size) || !isIndex(newer.size) || older.size > newer.size || !areHashes(proof)) return false;
  if (older.size === newer.size) return proof.length === 0 && same(older.root, newer.root);
  if (older.size === 0) return proof.length === 0 && sameHead(older, EMPTY);
  // RFC 9162, section 2.1.4.2, with its names.
  if (proof.length === 0) return false;
  let [fn, sn] = [older.size - 1, newer.size - 1];
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  // What is left of a power of two less one is nothing.
  const path = fn === 0 ? [older.root, ...proof] : proof;
  let [fr, sr] = [path[0], path[0]];
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (!isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, c);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && same(fr, older.root) && same(sr, newer.root);
}

/**
 * The right edge of a growing tree: the roots of its complete subtrees, largest first. Whoever adds each entry of a log to it has checked
 * that the log only grew.
 */
export class Frontier {
  /** @param {number} [size] @param {Hash[]} [hashes] one for each bit set in `size` */
  constructor(size = 0, hashes = []) {
    if (hashes.length !== [...size.toString(2)].filter((bit) => bit === '1').length)
      throw new TypeError('edge of a tree');
    this.size = size;
    this.hashes = [...hashes];
  }

  /** @param {Hash} hash */
  add(hash) {
    for (let full = this.size; isOdd(full); full = half(full))
      hash = nodeHash(/** @type {Hash} */ (this.hashes.pop()), hash);
    this.hashes.push(hash);
    this.size++;
  }

  /** @returns {TreeHead} */
  get head() {
    return this.size === 0
      ? EMPTY
      : { size: this.size, root: this.hashes.reduceRight((right, left) => nodeHash(left, right)) };
  }
}

/** @param {number} n */
const isIndex = (n) => Number.isSafeInteger(n) && n >= 0;
/** @param {number} n */
const isOdd = (n) => n % 2 === 1;
/** @param {number} n */
const half = (n) => Math.floor(n / 2);
/** @param {Hash[]} path */
const areHashes = (path) => path.length <= MAX_PATH && path.every((p) => p.length === HASH_BYTES);
