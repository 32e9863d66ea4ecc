// One kind of box, INBOX or KNOCK, as far as it is held in memory: what waits to be judged, what is kept for a later round, and what need not be
// taken again. Everybody can fill a KNOCK, so each kind has a budget of its own, and what was seen before costs nothing of it.
import { base64, sha256 } from '../bytes.js';

const MAX_WAITING = 6144;
const MAX_WAITING_BYTES = 16 << 20;
const MAX_LATER = 6144;
/** Twice the payload: the record read from it, too. */
const MAX_LATER_BYTES = 16 << 20;
const MAX_JUDGED = 50_000;
/** Of somebody who was not known: looked at again so much later. */
const PASSED_MILLIS = 3_600_000;
/** Until more of a flood is read, doubled as long as that brings nothing. */
export const REST_MILLIS = 10_000;
const LONGEST_REST_MILLIS = 3_600_000;
/** So much may be read again and again. */
const CHEAP_BYTES = 1 << 20;

/** @typedef {import('../record/rendezvous.js').Rendezvous} Rendezvous */
/** @typedef {import('./boxes.js').Letter} Letter */
/** @typedef {{name: string, place: Rendezvous, value: Uint8Array}} Arrival */

/** @param {'INBOX'|'KNOCK'} kind @param {() => number} now  Unix ms */
export function box(kind, now) {
  /** Names of values. @type {Set<string>} */
  const judged = new Set();
  /** Looked at, and neither judged nor kept. @type {Map<string, {address: string, until: number}>} */
  const passed = new Map();
  /** @type {Map<string, Arrival>} */
  let waiting = new Map();
  let waitingBytes = 0;
  /** @type {Map<string, Letter>} */
  let later = new Map();
  /** In the round that is going on. @type {Set<string>} */
  let inRound = new Set();
  /** Something was not taken for want of room. */
  let overflown = false;
  let pause = REST_MILLIS;
  let notBefore = 0;

  /** @param {Map<string, any> | Set<string>} names */
  const bound = (names) => {
    if (names.size > MAX_JUDGED) names.delete(/** @type {string} */ (names.keys().next().value));
  };

  return {
    kind,
    isOverflown: () => overflown,
    /** When it may be read whole again, Unix ms. */
    notBefore: () => notBefore,

    /** @param {Rendezvous} place @param {Uint8Array} value @returns {Promise<'taken'|'again'|'known'|'full'>}  again: it was passed over some time ago */
    async take(place, value) {
      const name = base64(await sha256(value)).slice(0, 24);
      const until = passed.get(name)?.until ?? 0;
      if (judged.has(name) || later.has(name) || waiting.has(name) || inRound.has(name) || until > now())
        return 'known';
      if (waiting.size >= MAX_WAITING || waitingBytes + value.length > MAX_WAITING_BYTES) {
        overflown = true;
        return 'full';
      }
      waiting.set(name, { name, place, value });
      waitingBytes += value.length;
      return until ? 'again' : 'taken';
    },

    /** For a round: what was kept, and what waits. @returns {{letters: Letter[], arrivals: Arrival[]}} */
    begin() {
      const all = { letters: [...later.values()], arrivals: [...waiting.values()] };
      inRound = new Set([...later.keys(), ...waiting.keys()]);
      later = new Map();
      waiting = new Map();
      waitingBytes = 0;
      return all;
    },

    isJudged: (/** @type {string} */ name) => judged.has(name),
    /** @param {string} name */
    judge(name) {
      judged.add(name);
      passed.delete(name);
      bound(judged);
    },

    /**
     * After a round: what was looked at is kept, as far as there is room, judged, or passed over. What was not looked at for want of time or of room is read again.
     * @param {Letter[]} kept @param {Letter[]} rest @param {Letter[]} all
     */
    end(kept, rest, all) {
      let bytes = 0;
      const keep = (/** @type {Letter} */ letter) => {
        bytes += 2 * letter.bytes.length;
        const fits = bytes <= MAX_LATER_BYTES && later.size < MAX_LATER;
        if (fits) later.set(letter.name, letter);
        return fits;
      };
      for (const letter of kept) if (!judged.has(letter.name)) keep(letter);
      const left = new Set(rest.filter((letter) => !keep(letter)).map(({ name }) => name));
      if (left.size) overflown = true;
      for (const { name, record } of all) {
        if (later.has(name) || judged.has(name) || left.has(name)) continue;
        passed.delete(name);
        passed.set(name, { address: record.address, until: now() + PASSED_MILLIS });
        bound(passed);
      }
      inRound = new Set();
    },

    /** They are known now: what they left is wanted. @param {string} address @returns {boolean} whether there was something that is to be read again */
    forgive(address) {
      const theirs = [...passed].filter(([, each]) => each.address === address);
      for (const [name] of theirs) passed.delete(name);
      if (theirs.length) notBefore = 0;
      return theirs.length > 0;
    },

    /** Everything is about to be read. */
    reading() {
      overflown = false;
    },

    /** It was read. What brings nothing new is read ever more rarely; what everybody can fill, also while it overflows. @param {number} news @param {number} bytes */
    read(news, bytes) {
      const inVain = news === 0 && (overflown || bytes > CHEAP_BYTES);
      const isFlood = kind === 'KNOCK' && overflown;
      pause = inVain || isFlood ? Math.min(2 * pause, LONGEST_REST_MILLIS) : REST_MILLIS;
      notBefore = inVain || isFlood ? now() + pause : 0;
    },
    pause: () => Math.max(REST_MILLIS, notBefore - now()),
  };
}
