// Single values for somebody else, given to peers to keep: each sealed anew, so that it can be told whose copy is seen.
import { base64, encode, hex, sha256 } from '../bytes.js';
import { seal } from '../record/rendezvous.js';
import { readValues, writeValue } from './gate.js';

/** Letters have 8 KiB at least. */
const CROWD_BYTES = 64 * 1024;
const MAX_CROWDED = 512;
const PROVEN_MILLIS = 60_000;
/** Under one key, until it is read again. */
const MAX_BELIEVED = 64;

/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {import('./gate.js').GateAround} Around */
/** @typedef {{base: string, key: string, id: string, data: string}} Written */
/** @typedef {{base: string, key: string, id: string, digest: string}} Believed */
/** looked: what was believed and is looked for; there: what of it was seen; kept: what of the new was seen
 * @typedef {{bytes: number, whole: boolean, kept: Set<Written>, there: Set<Believed>, looked: Believed[]}} Reading */

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
      return took ? [{ base: gate.base, key, id, data: base64(data) }] : [];
    }),
  );
  return all.flat();
}

/**
 * Tells which were kept, as seen through another peer; where there is only one, through that one. Where a lot lies under a key, reading back would cost
 * as much for each letter as all the letters there: what peers take of which everything was seen elsewhere a moment ago is believed to be kept, and looked
 * for when that key is read next.
 * @param {Around & {random?: () => number}} around @param {() => Gate[]} gates @param {(lost: Believed[]) => unknown} lost  believed to be kept, and not there
 */
export function readingBack(around, gates, lost) {
  /** Keys under which a lot lies, and what is believed to lie there. @type {Map<string, Believed[]>} */
  const crowded = new Map();
  /** By base: until when they are believed, Unix ms. @type {Map<string, number>} */
  const proven = new Map();

  /** @param {Written} each */
  const isBelieved = ({ base, key }) =>
    (crowded.get(key)?.length ?? MAX_BELIEVED) < MAX_BELIEVED && (proven.get(base) ?? 0) > around.now();

  /** @param {Written} each */
  async function believe({ base, key, id, data }) {
    const digest = await digestOf(data);
    crowded.get(key)?.push({ base, key, id, digest });
  }

  /** Ends as soon as all were seen. @param {Gate} gate @param {string} key @param {Written[]} written @param {Believed[]} believed @returns {Promise<Reading>} */
  async function read(gate, key, written, believed) {
    const isShown = (/** @type {{base: string}} */ { base }) => base !== gate.base || gates().length === 1;
    const wanted = new Map(written.filter(isShown).map((each) => [each.data, each]));
    const old = new Map(believed.filter(isShown).map((each) => [each.digest, each]));
    /** @type {Reading} */
    const reading = { bytes: 0, whole: false, kept: new Set(), there: new Set(), looked: [...old.values()] };
    if (!wanted.size && !old.size) return reading;
    const enough = new AbortController();
    const look = async (/** @type {Uint8Array} */ value) => {
      reading.bytes += value.length;
      const data = base64(value);
      const seen = wanted.get(data);
      if (seen) reading.kept.add(seen);
      wanted.delete(data);
      const digest = old.size ? await digestOf(data) : '';
      const before = old.get(digest);
      if (before) reading.there.add(before);
      old.delete(digest);
      if (!wanted.size && !old.size) enough.abort();
    };
    try {
      reading.whole = await readValues(around, gate, key, look, enough.signal);
    } catch {
      // Who does not answer says nothing.
    }
    return reading;
  }

  /** @param {string} key @param {Written[]} written @returns {Promise<Set<Written>>} */
  async function readKey(key, written) {
    const believed = crowded.get(key) ?? [];
    const all = await Promise.all(gates().map((gate) => read(gate, key, written, believed)));
    crowded.delete(key);
    if (Math.max(0, ...all.map(({ bytes }) => bytes)) > CROWD_BYTES) {
      const looked = new Set(all.flatMap((each) => (each.whole ? each.looked : [...each.there])));
      crowded.set(
        key,
        believed.filter((each) => !looked.has(each)),
      );
      if (crowded.size > MAX_CROWDED) crowded.delete(/** @type {string} */ (crowded.keys().next().value));
    }
    const there = new Set(all.flatMap((each) => [...each.there]));
    const gone = all.flatMap((each) => (each.whole ? each.looked.filter((one) => !there.has(one)) : []));
    if (gone.length) await lost(gone);
    return new Set(all.flatMap((each) => [...each.kept]));
  }

  /** @param {Written[]} written @returns {Promise<Set<Written>>} */
  return async (written) => {
    const keys = [...new Set(written.filter((each) => !isBelieved(each)).map((each) => each.key))];
    const asked = written.filter((each) => keys.includes(each.key));
    const rest = written.filter((each) => !keys.includes(each.key));
    await Promise.all(rest.map(believe));
    const seen = await Promise.all(
      keys.map((key) =>
        readKey(
          key,
          asked.filter((each) => each.key === key),
        ),
      ),
    );
    const kept = new Set([...rest, ...seen.flatMap((each) => [...each])]);
    for (const base of new Set(asked.map((each) => each.base)))
      if (asked.every((each) => each.base !== base || kept.has(each)))
        // With chance in it: a peer must not know when it will be looked at.
        proven.set(base, around.now() + PROVEN_MILLIS * (0.5 + (around.random ?? Math.random)()));
      else proven.delete(base);
    return kept;
  };
}

/** @param {string} data */
const digestOf = async (data) => hex(await sha256(encode(data)));
