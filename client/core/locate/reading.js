// Reads one place through every gate at once. What two gates of one DHT give alike is looked at once; a value that does not verify is
// counted and thrown away.
import { base64, hex } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { daysAround, rendezvous, unseal } from '../record/rendezvous.js';
import { readValues } from './gate.js';

/** One gate that has an answer does not wait longer for another. */
export const GRACE_MILLIS = 300;

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {{fetch: typeof fetch, now: () => number, timer: (ms: number, task: () => void) => () => void, gates: () => Gate[]}} ReadingAround */
/** answered: gates that told all, of the day where fewest did; forged: sealed for this place, and not believed
 * @typedef {{answered: number, forged: number}} Outcome */
/** @typedef {{done: Promise<Outcome>, stop: () => void}} Reading */

/**
 * @param {ReadingAround} around @param {Kind} kind @param {Uint8Array | Promise<Uint8Array>} master
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>} believe  throws a StarlingError for what it does not
 * @returns {Reading} stop: what was read until then counts
 */
export function readPlace(around, kind, master, believe) {
  const abort = new AbortController();
  const days = daysAround(around.now()).map((day) => readDay(around, kind, master, day, believe, abort));
  return {
    done: Promise.all(days).then((all) => ({
      answered: Math.min(...all.map((each) => each.answered)),
      forged: all.reduce((sum, each) => sum + each.forged, 0),
    })),
    stop: () => abort.abort(),
  };
}

/**
 * @param {ReadingAround} around @param {Kind} kind @param {Uint8Array | Promise<Uint8Array>} master @param {string} day
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>} believe @param {AbortController} abort
 */
async function readDay(around, kind, master, day, believe, abort) {
  const place = await rendezvous(await master, kind, day);
  /** @type {Map<string, Promise<unknown>>} */
  const records = new Map();
  /** @type {unknown[]} */
  const defects = [];
  let forged = 0;
  const told = await askAll(around, hex(place.dhtKey), abort.signal, async (value) => {
    try {
      const bytes = await unseal(place, value);
      const key = base64(bytes);
      const before = records.get(key);
      const believed = before ?? believe(bytes);
      records.set(key, believed);
      await believed;
      return true;
    } catch (e) {
      if (!(e instanceof StarlingError)) defects.push(e);
      else if (e.key !== 'not-sealed') forged++;
      return false;
    }
  });
  if (defects.length) throw defects[0];
  await Promise.allSettled(records.values());
  return { ...told, forged };
}

/**
 * One gate that lies by leaving out does not win against one that answers.
 * @param {ReadingAround} around @param {string} key  40 hex digits @param {AbortSignal} stopped
 * @param {(value: Uint8Array<ArrayBuffer>) => Promise<boolean>} take  true: this was one
 * @returns {Promise<{answered: number}>}
 */
function askAll(around, key, stopped, take) {
  return new Promise((resolve) => {
    const gates = around.gates();
    const over = new AbortController();
    const signal = AbortSignal.any([stopped, over.signal]);
    let answered = 0;
    let left = gates.length;
    let stop = () => {};
    const end = () => {
      stop();
      // Whoever is late is not read to his end.
      over.abort();
      resolve({ answered });
    };
    if (!left || stopped.aborted) return end();
    stopped.addEventListener('abort', end, { once: true });
    for (const gate of gates) {
      let some = false;
      let all = false;
      const one = async (/** @type {Uint8Array<ArrayBuffer>} */ value) => {
        if (!signal.aborted) some = (await take(value)) || some;
      };
      readValues(around, gate, key, one, signal)
        .then(
          (whole) => {
            all = whole;
            if (whole) answered++;
          },
          // This gate does not answer, or broke off: what came before counts, and the others are asked.
          () => {},
        )
        .then(() => {
          if (some && all && left > 1 && !signal.aborted) stop = around.timer(GRACE_MILLIS, end);
          if (--left === 0) end();
        });
    }
  });
}
