// Single values for somebody else, given to peers to keep: each sealed anew, so that it can be told whose copy is seen.
import { base64, hex } from '../bytes.js';
import { seal } from '../record/rendezvous.js';
import { readValues, writeValue } from './gate.js';

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
 * Which were kept, as seen through another peer; where there is only one, through that one. Ends as soon as all were seen.
 * @param {Around} around @param {Gate[]} gates @param {Written[]} written
 * @returns {Promise<Set<Written>>}
 */
export async function keptElsewhere(around, gates, written) {
  /** @type {Set<Written>} */
  const kept = new Set();
  const read = async (/** @type {Gate} */ gate, /** @type {string} */ key) => {
    const wanted = new Map(
      written
        .filter((each) => each.key === key && (each.base !== gate.base || gates.length === 1))
        .map((each) => [each.data, each]),
    );
    if (!wanted.size) return;
    const enough = new AbortController();
    const look = async (/** @type {Uint8Array} */ value) => {
      const data = base64(value);
      const seen = wanted.get(data);
      if (seen) kept.add(seen);
      if (wanted.delete(data) && !wanted.size) enough.abort();
    };
    await readValues(around, gate, key, look, enough.signal);
  };
  const keys = [...new Set(written.map((each) => each.key))];
  await Promise.allSettled(gates.flatMap((gate) => keys.map((key) => read(gate, key))));
  return kept;
}
