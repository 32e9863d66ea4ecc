// Watches where records of one kind lie, today and, around midnight, at the neighbour's: docs/protocols/formats.md, section 5.
import { hex } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { daysAround, rendezvous, unseal } from '../record/rendezvous.js';

const HOUR_MILLIS = 3_600_000;
/** Not all at once, and well before anybody has to be there. */
const SPREAD_MILLIS = 600_000;
const DAY_MILLIS = 24 * HOUR_MILLIS;

/**
 * Until when in the hour before midnight everything is published for the day to come as well: spread, and early enough for clocks that differ.
 * @param {number} now Unix ms @param {() => number} [random]
 */
export function untilNextDay(now, random = Math.random) {
  const window = Math.floor((now + HOUR_MILLIS) / DAY_MILLIS) * DAY_MILLIS + DAY_MILLIS - HOUR_MILLIS;
  return window - now + (0.1 + random() * 0.6) * HOUR_MILLIS;
}

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {(bytes: Uint8Array<ArrayBuffer>) => unknown} TakeRecord */
/** @typedef {{kind: Kind, master: Uint8Array, take: TakeRecord, complete: () => void, days: () => string[], watched: Map<string, () => void>, keys: Map<string, string>, over: boolean}} Place */

/** @param {{now: () => number, timer: (ms: number, task: () => void) => () => void, watch: ReturnType<typeof import('./watch.js').watcher>, random?: () => number}} around */
export function placesWatched(around) {
  /** @type {Set<Place>} */
  const places = new Set();
  let cancel = () => {};

  /** At the full hours days come and go. */
  function tick() {
    cancel();
    const wait = HOUR_MILLIS - (around.now() % HOUR_MILLIS);
    cancel = around.timer(wait + (around.random ?? Math.random)() * SPREAD_MILLIS, () => {
      for (const place of places) void settle(place).catch(warn);
      if (places.size) tick();
    });
  }

  /** @param {Place} place */
  async function settle(place) {
    const days = place.days();
    for (const [day, stop] of place.watched) {
      if (days.includes(day)) continue;
      stop();
      place.watched.delete(day);
      place.keys.delete(day);
    }
    for (const day of days) {
      if (place.watched.has(day)) continue;
      // Held at once: a second call while the key is made must not watch it twice.
      place.watched.set(day, () => {});
      const at = await rendezvous(place.master, place.kind, day);
      if (place.over || !place.watched.has(day)) continue;
      const key = hex(at.dhtKey);
      place.keys.set(day, key);
      const stop = around.watch.watch(key, (value) => open(place, at, value), place.complete);
      place.watched.set(day, stop);
    }
  }

  /** What was not sealed for this place is anybody's junk. @param {Place} place @param {import('../record/rendezvous.js').Rendezvous} at @param {Uint8Array<ArrayBuffer>} value */
  async function open(place, at, value) {
    try {
      await place.take(await unseal(at, value));
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
  }

  return {
    /**
     * @param {Kind} kind @param {Uint8Array} master @param {TakeRecord} take  unsealed, not verified; what it refuses with a StarlingError is passed over
     * @param {{complete?: () => void, days?: () => string[]}} [more]  days: which to watch, when not those around now
     */
    watch(kind, master, take, { complete = () => {}, days = () => daysAround(around.now()) } = {}) {
      /** @type {Place} */
      const place = { kind, master, take, complete, days, watched: new Map(), keys: new Map(), over: false };
      places.add(place);
      if (places.size === 1) tick();
      settle(place).catch(warn);
      return {
        /** Whether the streams tell of it now, for each of its days. */
        tells: () => place.keys.size > 0 && [...place.keys.values()].every(around.watch.tells),
        /** The same, or they are about to. */
        isTelling: () => place.keys.size > 0 && [...place.keys.values()].every(around.watch.isTelling),
        stop() {
          place.over = true;
          places.delete(place);
          for (const stop of place.watched.values()) stop();
          if (!places.size) cancel();
        },
      };
    },

    /** The clock was corrected: it may be another day. */
    settle() {
      for (const place of places) void settle(place).catch(warn);
      if (places.size) tick();
    },

    close() {
      cancel();
      for (const place of places) place.over = true;
      places.clear();
    },
  };
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: watch', e instanceof Error ? e.message : e);
