// What the devices of one person share, entry by entry: which of two versions stays, how the whole is told apart and cut into pieces.
// No storage, no network: docs/protocols/formats.md, section 10.
import { sha256 } from '@noble/hashes/sha2.js';
import { encode, hex } from '../bytes.js';
import { entryMaps, readEntries } from '../cms/bodies.js';
import { need } from '../errors.js';
import { compare } from '../identity/der.js';
import { asList, asNumber, decodeMap, encodeCbor } from '../record/cbor.js';

/** A clock may be so much ahead; what is further ahead is not taken, and comes again when its time is there. */
export const AHEAD_MILLIS = 600_000;
export const MAX_ENTRIES = 6000;
/** That something was taken away is remembered longer than a device stays away. */
const GONE_MILLIS = 400 * 86_400_000;
const MAX_GONE = 1000;
const DIGESTS = 16;
const DIGEST_BYTES = 8;
/** What seals into one record, with its certificates. */
const PACK_BYTES = 26_000;
export const MAX_PACKS = 64;

/** @typedef {import('../cms/bodies.js').Entry} Entry */

/** The later one stays; at the same time what was taken away, then the larger bytes: the same on every device, in whatever order they come. @param {Entry} a @param {Entry} b */
export function wins(a, b) {
  if (a.time !== b.time) return a.time > b.time;
  if (!a.value.length || !b.value.length) return !a.value.length && b.value.length > 0;
  return compare(a.value, b.value) > 0;
}

export class Register {
  /** @type {Map<string, Entry>} */
  #entries = new Map();

  /** @param {string} name */
  get = (name) => this.#entries.get(name);
  all = () => [...this.#entries.values()];
  /** @param {Entry} entry */
  set = (entry) => void this.#entries.set(entry.name, entry);
  /** @param {string} name */
  drop = (name) => void this.#entries.delete(name);
  clear = () => this.#entries.clear();

  /** Those that change something, the best of each name. @param {Entry[]} offered @param {number} now @returns {Entry[]} */
  news(offered, now) {
    /** @type {Map<string, Entry>} */
    const best = new Map();
    let room = MAX_ENTRIES - this.#entries.size;
    for (const entry of offered) {
      const old = best.get(entry.name) ?? this.get(entry.name);
      if (entry.time > now + AHEAD_MILLIS || (old && !wins(entry, old)) || (!old && room <= 0)) continue;
      if (!old) room--;
      best.set(entry.name, entry);
    }
    return [...best.values()];
  }

  /** Names of what was taken away so long ago that nobody needs to know. @param {number} now */
  stale(now) {
    const gone = this.all().filter((entry) => !entry.value.length);
    gone.sort((a, b) => b.time - a.time);
    return gone.filter((entry, i) => i >= MAX_GONE || entry.time < now - GONE_MILLIS).map((entry) => entry.name);
  }
}

/** @param {string} name */
const place = (name) => sha256(encode(name));

/** What a device holds, in sixteen parts: those that differ are sent. @param {Entry[]} entries @returns {Uint8Array<ArrayBuffer>} */
export function digests(entries) {
  const all = new Uint8Array(DIGESTS * DIGEST_BYTES);
  /** @type {Entry[][]} */
  const parts = Array.from({ length: DIGESTS }, () => []);
  for (const entry of entries) parts[partOf(entry)].push(entry);
  for (const [i, part] of parts.entries()) {
    part.sort((a, b) => (a.name < b.name ? -1 : 1));
    const hashes = entryMaps(part).map((each) => sha256(encodeCbor(each)));
    if (part.length) all.set(sha256(encodeCbor([hashes])).slice(0, DIGEST_BYTES), i * DIGEST_BYTES);
  }
  return all;
}

/** @param {Entry} entry */
const partOf = (entry) => place(entry.name)[0] >> 4;

/** The entries of the parts in which two devices differ. @param {Entry[]} entries @param {Uint8Array} theirs */
export function differing(entries, theirs) {
  const ours = digests(entries);
  const differs = Array.from({ length: DIGESTS }, (_, i) => {
    const part = (/** @type {Uint8Array} */ all) => hex(all.slice(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES));
    return part(ours) !== part(theirs);
  });
  return { any: differs.includes(true), entries: entries.filter((entry) => differs[partOf(entry)]) };
}

const sizeOf = (/** @type {Entry} */ entry) => encode(entry.name).length + entry.value.length + 20;

/** In pieces that fit into one message each. @param {Entry[]} entries @param {number} bytes @param {number} most */
export function pieces(entries, bytes, most) {
  /** @type {Entry[][]} */
  const all = [];
  let room = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (!all.length || size > room || all[all.length - 1].length >= most) {
      all.push([]);
      room = bytes;
    }
    all[all.length - 1].push(entry);
    room -= size;
  }
  return all;
}

/** All entries in as few packs as possible, a power of two, each by the hash of its name. @param {Entry[]} entries @returns {Uint8Array<ArrayBuffer>[]} */
export function pack(entries) {
  const places = entries.map((entry) => place(entry.name)[1]);
  for (let of = 1; ; of *= 2) {
    /** @type {Entry[][]} */
    const packs = Array.from({ length: of }, () => []);
    for (const [i, entry] of entries.entries()) packs[places[i] % of].push(entry);
    const fits = packs.every((each) => each.reduce((sum, entry) => sum + sizeOf(entry), 0) <= PACK_BYTES);
    need(fits || of < MAX_PACKS, 'too-many');
    if (fits)
      return packs.map((each, index) =>
        encodeCbor(
          new Map(
            /** @type {[number, any][]} */ ([
              [1, index],
              [2, of],
              [3, entryMaps(each)],
            ]),
          ),
        ),
      );
  }
}

/** @param {Uint8Array} bytes @returns {{index: number, of: number, entries: Entry[]}} */
export function unpack(bytes) {
  const map = decodeMap(bytes);
  const of = asNumber(map.get(2), 1, MAX_PACKS);
  const list = asList(map.get(3), 0, MAX_ENTRIES);
  return { index: asNumber(map.get(1), 0, of - 1), of, entries: list.length ? readEntries(list, MAX_ENTRIES) : [] };
}
