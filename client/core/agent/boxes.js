// Where others leave what is for us while we are away: INBOX under our friends key, where contacts write, and KNOCK under our
// address, where everybody can. Eight days of each are watched; what comes is judged in rounds, each value once.
import { base64, hex, sha256 } from '../bytes.js';
import { readValues } from '../locate/gate.js';
import { parseRecord } from '../record/record.js';
import { daysOfLetters, publicMaster, rendezvous, unseal } from '../record/rendezvous.js';
import { readableKeys } from './friends-keys.js';

/** What comes together is put into order together. */
const GATHER_MILLIS = 150;
const MAX_WAITING = 12_288;
const MAX_WAITING_BYTES = 32 << 20;
const MAX_JUDGED = 50_000;
/** Another day has come, or, without a watch, something may have. */
const AGAIN_MILLIS = 600_000;
/** Until a stream that was just opened should have told what is there. */
const UNTOLD_MILLIS = 4_000;
/** Until more of a flood is judged. */
const REST_MILLIS = 10_000;
/** Until what could not be decided is judged again: a list of devices may not be there yet. */
const UNDECIDED_MILLIS = 60_000;
const MAX_TRIES = 5;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../record/rendezvous.js').Rendezvous} Rendezvous */
/** judged: it need not be looked at again @typedef {{name: string, record: import('../record/record.js').SignedRecord, bytes: Uint8Array, tries: number, judged: () => void}} Letter */
/** rest: not looked at yet; undecided: to be tried again @typedef {{rest: Letter[], undecided: Letter[]}} Outcome */

/** @param {Context} ctx */
export function boxes(ctx) {
  /** By DHT key. @type {Map<string, {place: Rendezvous, stop: () => void}>} */
  const watched = new Map();
  /** Hashes of values. @type {Set<string>} */
  const judged = new Set();
  /** @type {{place: Rendezvous, value: Uint8Array}[]} */
  let waiting = [];
  let bytes = 0;
  /** For a later round, by name. @type {Map<string, Letter>} */
  let later = new Map();
  /** Something was not taken for want of room. */
  let overflown = false;
  let closed = false;
  /** @type {Promise<void>} */
  let round = Promise.resolve();
  let cancelGathering = () => {};
  let cancelLater = () => {};
  let gathering = false;
  let cancelLook = () => {};
  let cancelUntold = () => {};

  /** @returns {Promise<Map<string, Rendezvous>>} by DHT key */
  async function places() {
    const profile = /** @type {import('./context.js').Profile} */ (ctx.profile);
    const own = await publicMaster(profile.address, ctx.network());
    const days = daysOfLetters(ctx.now());
    const all = await Promise.all([
      ...readableKeys(profile, ctx.now()).flatMap((key) => days.map((day) => rendezvous(key, 'INBOX', day))),
      ...days.map((day) => rendezvous(own, 'KNOCK', day)),
    ]);
    return new Map(all.map((place) => [hex(place.dhtKey), place]));
  }

  /** @param {Rendezvous} place @param {Uint8Array} value */
  function arrived(place, value) {
    if (closed) return;
    if (waiting.length >= MAX_WAITING || bytes + value.length > MAX_WAITING_BYTES) return void (overflown = true);
    waiting.push({ place, value });
    bytes += value.length;
    if (gathering) return;
    gathering = true;
    cancelGathering = ctx.timer(GATHER_MILLIS, gathered);
  }

  function gathered() {
    gathering = false;
    inRound();
  }

  /** One round at a time. */
  function inRound() {
    round = round.then(judge).catch((e) => console.warn('starling: boxes', e instanceof Error ? e.message : e));
  }

  async function judge() {
    const batch = waiting;
    waiting = [];
    bytes = 0;
    const before = later;
    later = new Map();
    const letters = [...before.values()];
    // Two peers give the same values.
    const names = new Set(before.keys());
    for (const { place, value } of batch) {
      const name = base64(await sha256(value)).slice(0, 24);
      if (names.has(name) || judged.has(name)) continue;
      names.add(name);
      const letter = await opened(name, place, value);
      if (letter) letters.push(letter);
    }
    if (closed) return;
    const of = (/** @type {string} */ kind) => letters.filter(({ record }) => record.kind === kind);
    let outcomes;
    try {
      outcomes = [await ctx.inbox.judge(of('INBOX')), await ctx.knocks.judge(of('KNOCK'))];
    } catch (e) {
      // Nothing can be stored now: what was not judged is kept for when it can.
      for (const each of letters) if (!judged.has(each.name)) later.set(each.name, each);
      judgeLater(UNDECIDED_MILLIS);
      throw e;
    }
    const rest = outcomes.flatMap((each) => each.rest);
    const undecided = outcomes.flatMap((each) => each.undecided).filter(isTriedAgain);
    for (const each of [...rest, ...undecided].slice(0, MAX_WAITING)) later.set(each.name, each);
    if (closed) return;
    if (overflown) {
      overflown = false;
      cancelLook();
      cancelLook = ctx.timer(REST_MILLIS, () => void look(true));
    }
    if (later.size) judgeLater(rest.length ? REST_MILLIS : UNDECIDED_MILLIS);
  }

  /** @param {number} millis */
  function judgeLater(millis) {
    cancelLater();
    if (!closed) cancelLater = ctx.timer(millis, inRound);
  }

  /** @param {Letter} letter */
  function isTriedAgain(letter) {
    if (++letter.tries < MAX_TRIES) return true;
    letter.judged();
    return false;
  }

  /** @param {string} name @param {Rendezvous} place @param {Uint8Array} value @returns {Promise<Letter | null>} */
  async function opened(name, place, value) {
    const enough = () => {
      judged.add(name);
      if (judged.size > MAX_JUDGED) judged.delete(/** @type {string} */ (judged.values().next().value));
    };
    try {
      const payload = await unseal(place, value);
      const record = parseRecord(payload);
      if (record.kind === place.kind && record.body) return { name, record, bytes: payload, tries: 0, judged: enough };
    } catch {
      // Junk: whoever knows the place may leave any bytes there.
    }
    enough();
    return null;
  }

  /** @param {Map<string, Rendezvous>} wanted */
  async function readAll(wanted) {
    const around = { fetch: ctx.around.fetch, now: ctx.now };
    const enough = new AbortController();
    await Promise.allSettled(
      [...ctx.peers.known.values()].flatMap((gate) =>
        [...wanted].map(([key, place]) => {
          const take = async (/** @type {Uint8Array} */ value) => {
            arrived(place, value);
            if (closed || overflown) enough.abort();
          };
          return readValues(around, gate, key, take, enough.signal);
        }),
      ),
    );
  }

  /** @param {boolean} [again]  also what a watch has given before */
  async function look(again = false) {
    if (closed || !ctx.profile?.chain.length) return;
    cancelLook();
    cancelLook = ctx.timer(AGAIN_MILLIS, () => void look());
    cancelUntold();
    try {
      const wanted = await places();
      const { watch } = ctx;
      if (!watch || again) return await readAll(wanted);
      if (closed) return;
      follow(watch, wanted);
      cancelUntold = ctx.timer(UNTOLD_MILLIS, () => void readUntold(wanted));
    } catch (e) {
      console.warn('starling: boxes', e instanceof Error ? e.message : e);
    }
  }

  /** Of which no stream tells: the peers have none for us, or a key holds more than a stream takes. @param {Map<string, Rendezvous>} wanted */
  function readUntold(wanted) {
    const untold = [...wanted].filter(([key]) => ctx.watching?.tells(key) === false);
    return readAll(new Map(untold));
  }

  /** @param {NonNullable<Context['watch']>} watch @param {Map<string, Rendezvous>} wanted */
  function follow(watch, wanted) {
    for (const [key, { stop }] of [...watched])
      if (!wanted.has(key)) {
        stop();
        watched.delete(key);
      }
    for (const [key, place] of wanted)
      if (!watched.has(key)) watched.set(key, { place, stop: watch(key, (value) => arrived(place, value)) });
  }

  return {
    look,
    close() {
      closed = true;
      cancelGathering();
      cancelLater();
      cancelLook();
      cancelUntold();
      for (const { stop } of watched.values()) stop();
      watched.clear();
    },
  };
}
