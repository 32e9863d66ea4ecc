// Where others leave what is for us while we are away: INBOX under our friends key, where contacts write, and KNOCK under our
// address, where everybody can. Eight days of each are watched; what comes is judged in rounds, each value once.
import { hex } from '../bytes.js';
import { readValues } from '../locate/gate.js';
import { parseRecord } from '../record/record.js';
import { daysOfLetters, publicMaster, rendezvous, unseal } from '../record/rendezvous.js';
import { box, REST_MILLIS } from './box.js';
import { readableKeys } from './friends-keys.js';

/** What comes together is put into order together. */
const GATHER_MILLIS = 150;
/** Another day has come, or, without a watch, something may have. */
const AGAIN_MILLIS = 600_000;
/** Until a stream that was just opened should have told what is there. */
const UNTOLD_MILLIS = 4_000;
/** The same where a peer began to tell and is slow: to read everything besides would make it slower. */
const SLOWLY_MILLIS = 60_000;
/** Until what could not be decided is judged again: a list of devices may not be there yet. */
const UNDECIDED_MILLIS = 60_000;
const MAX_TRIES = 5;
/** So much a stream may tell of a box of letters, in base64: a day's are hundreds, of 8 KiB each. Who knows the key may write there: contacts, and whoever they tell. */
const MAX_LETTERS = 8 << 20;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../record/rendezvous.js').Rendezvous} Rendezvous */
/** @typedef {ReturnType<typeof box>} Box */
/** judged: it need not be looked at again; held: it waits until its author is known @typedef {{name: string, record: import('../record/record.js').SignedRecord, bytes: Uint8Array, tries: number, judged: () => void, held?: boolean}} Letter */
/** rest: not looked at yet; undecided: to be tried again; held: until somebody is known @typedef {{rest: Letter[], undecided: Letter[], held?: Letter[]}} Outcome */

/** @param {Context} ctx */
export function boxes(ctx) {
  /** By DHT key. @type {Map<string, {place: Rendezvous, stop: () => void}>} */
  const watched = new Map();
  const [letters, requests] = [box('INBOX', ctx.around.now), box('KNOCK', ctx.around.now)];
  const kinds = [letters, requests];
  let closed = false;
  /** @type {Promise<void>} */
  let round = Promise.resolve();
  let cancelGathering = () => {};
  let cancelLater = () => {};
  let gathering = false;
  let cancelLook = () => {};
  /** @type {Map<Box, () => void>} */
  const rereading = new Map();
  let cancelUntold = () => {};
  /** When slow streams have had their time, Unix ms; a new look does not put it off. */
  let slowAt = Infinity;

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
  async function arrived(place, value) {
    if (closed) return 'full';
    const how = await (place.kind === 'KNOCK' ? requests : letters).take(place, value);
    if (how === 'taken' || how === 'again') gather();
    return how;
  }

  function gather() {
    if (gathering || closed) return;
    gathering = true;
    cancelGathering = ctx.timer(GATHER_MILLIS, gathered);
  }

  function gathered() {
    gathering = false;
    inRound();
  }

  /** One round at a time. */
  function inRound() {
    round = round.then(judge).catch(warn);
  }

  async function judge() {
    cancelLater();
    let again = Infinity;
    /** @type {unknown} */
    let failed = null;
    for (const each of kinds) {
      try {
        again = Math.min(again, await judgeBox(each));
      } catch (e) {
        // Nothing can be stored now.
        again = Math.min(again, UNDECIDED_MILLIS);
        failed = e;
      }
    }
    if (again < Infinity) judgeLater(again);
    if (failed) throw failed;
  }

  /** @param {Box} each @returns {Promise<number>} when again, ms */
  async function judgeBox(each) {
    const round = each.begin();
    const all = [...round.letters];
    for (const { name, place, value } of round.arrivals) {
      const letter = await opened(each, name, place, value);
      if (letter) all.push(letter);
    }
    if (closed) return Infinity;
    /** @type {Outcome} */
    let outcome;
    try {
      outcome = await (each === letters ? ctx.inbox : ctx.knocks).judge(all);
    } catch (e) {
      // What was not judged is kept for when it can be stored.
      const left = all.filter((letter) => !each.isJudged(letter.name));
      each.end([], left, left);
      throw e;
    }
    const undecided = outcome.undecided.filter(isTriedAgain);
    each.end([...undecided, ...(outcome.held ?? [])], outcome.rest, all);
    if (outcome.rest.length) return REST_MILLIS;
    if (each.isOverflown()) reread(each);
    return undecided.length ? UNDECIDED_MILLIS : Infinity;
  }

  /** There was no room for all of it; now there is. @param {Box} each */
  function reread(each) {
    if (closed) return;
    rereading.get(each)?.();
    const again = () =>
      void places()
        .then((wanted) => readAll(wanted, [each]))
        .catch(warn);
    rereading.set(each, ctx.timer(each.pause(), again));
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

  /** @param {Box} each @param {string} name @param {Rendezvous} place @param {Uint8Array} value @returns {Promise<Letter | null>} */
  async function opened(each, name, place, value) {
    const enough = () => each.judge(name);
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

  /** @param {Map<string, Rendezvous>} wanted @param {Box[]} [of]  those whose turn it is */
  async function readAll(wanted, of = kinds) {
    const now = ctx.around.now();
    await Promise.all(of.filter((each) => each.notBefore() <= now).map((each) => readBox(each, wanted)));
  }

  /** @param {Box} each @param {Map<string, Rendezvous>} wanted */
  async function readBox(each, wanted) {
    const around = { fetch: ctx.around.fetch, now: ctx.now };
    const enough = new AbortController();
    let [news, bytes] = [0, 0];
    const places = [...wanted].filter(([, place]) => place.kind === each.kind);
    each.reading();
    await Promise.allSettled(
      [...ctx.peers.known.values()].flatMap((gate) =>
        places.map(([key, place]) => {
          const take = async (/** @type {Uint8Array} */ value) => {
            bytes += value.length;
            if ((await arrived(place, value)) === 'taken') news++;
            if (closed || each.isOverflown()) enough.abort();
          };
          return readValues(around, gate, key, take, enough.signal);
        }),
      ),
    );
    each.read(news, bytes);
    // After the round in which there is room again, or, when nothing of it was taken, some time.
    if (each.isOverflown() && !gathering) inRound();
  }

  async function look() {
    if (closed || !ctx.profile?.chain.length) return;
    cancelLook();
    cancelLook = ctx.timer(AGAIN_MILLIS, () => void look());
    cancelUntold();
    try {
      const wanted = await places();
      const { watch } = ctx;
      if (!watch) return await readAll(wanted);
      if (closed) return;
      follow(watch, wanted);
      slowAt = Math.min(slowAt, ctx.around.now() + SLOWLY_MILLIS);
      cancelUntold = ctx.timer(UNTOLD_MILLIS, () => {
        const read = untold(wanted, (key) => !ctx.watching.isTelling(key));
        void readThose(read);
        cancelUntold = ctx.timer(Math.max(0, slowAt - ctx.around.now()), () => {
          slowAt = Infinity;
          void readThose(untold(wanted, (key) => !read.has(key)));
        });
      });
    } catch (e) {
      warn(e);
    }
  }

  /** Of which no stream tells: the peers have none for us, or a key holds more than a stream takes. @param {Map<string, Rendezvous>} wanted @param {(key: string) => boolean} which */
  const untold = (wanted, which) =>
    new Map([...wanted].filter(([key]) => ctx.watching?.tells(key) === false && which(key)));

  /** @param {Map<string, Rendezvous>} some */
  const readThose = (some) => (some.size ? readAll(some).catch(warn) : undefined);

  /** Whoever was not known when their letters came is known now. @param {string} address */
  async function welcome(address) {
    if (closed) return;
    inRound();
    if (!letters.forgive(address)) return;
    await places()
      .then((wanted) => readAll(wanted, [letters]))
      .catch(warn);
  }

  /** @param {NonNullable<Context['watch']>} watch @param {Map<string, Rendezvous>} wanted */
  function follow(watch, wanted) {
    for (const [key, { stop }] of [...watched])
      if (!wanted.has(key)) {
        stop();
        watched.delete(key);
      }
    for (const [key, place] of wanted)
      if (!watched.has(key)) {
        const most = place.kind === 'INBOX' ? MAX_LETTERS : undefined;
        watched.set(key, { place, stop: watch(key, (value) => void arrived(place, value), undefined, most) });
      }
  }

  return {
    look,
    welcome,
    close() {
      closed = true;
      cancelGathering();
      cancelLater();
      cancelLook();
      cancelUntold();
      for (const cancel of rereading.values()) cancel();
      for (const { stop } of watched.values()) stop();
      watched.clear();
    },
  };
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: boxes', e instanceof Error ? e.message : e);
