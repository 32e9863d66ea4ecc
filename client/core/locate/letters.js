// Single values for somebody else, given to peers to keep: each sealed anew, so that it can be told whose copy is seen.
import { base64, hex } from '../bytes.js';
import { seal } from '../record/rendezvous.js';
import { readValues, writeValue } from './gate.js';

/** Letters have 8 KiB at least. */
const CROWD_BYTES = 64 * 1024;
const MAX_CROWDED = 512;
const PROVEN_MILLIS = 60_000;

/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {import('./gate.js').GateAround} Around */
/** @typedef {{base: string, key: string, data: string}} Written */

/**
 * @param {Around} around @param {Gate[]} gates @param {import('../identity/passport.js').Signer} signer @param {string} address
 * @param {{place: import('../record/rendezvous.js').Rendezvous, bytes: Uint8Array, id: string, until: number}} letter  until: Unix s
 * @returns {Promise<Written[]>} by which peers it was said to be taken
 */
export async function put(around, gates, signer, address, { place, bytes, id, until }) {
  const key = hex(place.dhtKey);
  const all = await Promise.all(
    gates.map(async (gate) => {
      const data = await seal(place, bytes);
      const took = await writeValue(around, gate, signer, address, { key, id, data, until });
      return took ? [{ base: gate.base, key, data: base64(data) }] : [];
    }),
  );
  return all.flat();
}

/**
 * Tells which were kept, as seen through another peer; where there is only one, through that one. Where a lot lies under a key, reading back would cost
 * as much for each letter as all the letters there: what peers take of which everything was seen elsewhere a moment ago is believed to be kept.
 * @param {Around & {random?: () => number}} around @param {() => Gate[]} gates
 */
export function readingBack(around, gates) {
  /** Keys under which a lot lies. @type {Set<string>} */
  const crowded = new Set();
  /** By base: until when they are believed, Unix ms. @type {Map<string, number>} */
  const proven = new Map();

  /** @param {Written} each */
  const isBelieved = (each) => crowded.has(each.key) && (proven.get(each.base) ?? 0) > around.now();

  /** @param {string} key @param {number} bytes */
  function measured(key, bytes) {
    crowded.delete(key);
    if (bytes <= CROWD_BYTES) return;
    crowded.add(key);
    if (crowded.size > MAX_CROWDED) crowded.delete(/** @type {string} */ (crowded.values().next().value));
  }

  /** Ends as soon as all were seen. @param {Gate} gate @param {string} key @param {Written[]} written @param {Set<Written>} kept */
  async function read(gate, key, written, kept) {
    const wanted = new Map(written.map((each) => [each.data, each]));
    const enough = new AbortController();
    let bytes = 0;
    const look = async (/** @type {Uint8Array} */ value) => {
      bytes += value.length;
      const data = base64(value);
      const seen = wanted.get(data);
      if (seen) kept.add(seen);
      if (wanted.delete(data) && !wanted.size) enough.abort();
    };
    await readValues(around, gate, key, look, enough.signal).finally(() => measured(key, bytes));
  }

  /** @param {Written[]} written @returns {Promise<Set<Written>>} */
  return async (written) => {
    const keys = [...new Set(written.filter((each) => !isBelieved(each)).map((each) => each.key))];
    /** @type {Set<Written>} */
    const kept = new Set(written.filter((each) => !keys.includes(each.key)));
    const asked = written.filter((each) => keys.includes(each.key));
    const all = gates();
    const reads = all.flatMap((gate) =>
      keys.map((key) => {
        const theirs = asked.filter((each) => each.key === key && (each.base !== gate.base || all.length === 1));
        return theirs.length ? read(gate, key, theirs, kept) : undefined;
      }),
    );
    await Promise.allSettled(reads);
    for (const base of new Set(asked.map((each) => each.base)))
      if (asked.every((each) => each.base !== base || kept.has(each)))
        // With chance in it: a peer must not know when it will be looked at.
        proven.set(base, around.now() + PROVEN_MILLIS * (0.5 + (around.random ?? Math.random)()));
      else proven.delete(base);
    return kept;
  };
}
