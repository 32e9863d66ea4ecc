// Told by the peers what changes in the DHT under the keys that somebody here watches: docs/protocols/sip.md, section 1. One stream to each peer
// for all keys (a few when there are very many). A stream that ends or falls silent is opened again; then what is there is told anew,
// so nothing is missed. What two peers tell is given once.
import { encode, hex, sha256, unbase64 } from '../bytes.js';

const KEYS_A_STREAM = 512;
/** Browsers open six connections to one server at most. */
const MAX_STREAMS = 3;
const MAX_LINE = 64 * 1024;
const SETTLE_MILLIS = 100;
/** The peer gives a sign of life each 20 s. */
const SILENCE_MILLIS = 50_000;
const FIRST_PAUSE_MILLIS = 500;
const LAST_PAUSE_MILLIS = 120_000;
/** What one stream tells of one key beyond this in ten minutes is a flood, unless who watches expects more: that key is left to look-ups for a while. */
const FLOOD_BYTES = 1 << 20;
const COUNTED_MILLIS = 600_000;
const FLOOD_MILLIS = 3_600_000;
const MAX_SEEN = 4096;

/** @typedef {(value: Uint8Array<ArrayBuffer>) => unknown} Take  must not wait long: the values behind it do */
/** @typedef {{take: Take, complete: () => void, most: number, seen: Set<string>}} Watch */
/** @typedef {{base: string}} Gate */
/** @typedef {{keys: string[], gate: Gate, pause: number, waiting: boolean, told: Set<string>, bytes: Map<string, number>, end: () => void}} Stream  told: of which keys it told what was there; bytes: by key, lately */

/** @param {{fetch: typeof fetch, timer: (ms: number, task: () => void) => () => void, gates: () => Gate[], random?: () => number}} around */
export function watcher(around) {
  /** @type {Map<string, Set<Watch>>} */
  const watches = new Map();
  /** By base URL and number. @type {Map<string, Stream>} */
  const streams = new Map();
  /** Told of more than anybody would publish. @type {Map<string, () => void>} */
  const flooded = new Map();
  /** Keys whose values somebody new has not seen. @type {Set<string>} */
  const anew = new Set();
  let cancelSettle = () => {};
  let settling = false;
  let closed = false;

  function soon() {
    if (settling || closed) return;
    settling = true;
    cancelSettle = around.timer(SETTLE_MILLIS, () => {
      settling = false;
      settle();
    });
  }

  /** Opens, ends and changes streams until they tell of what is watched now. */
  function settle() {
    if (closed) return;
    const keys = [...watches.keys()].filter((key) => !flooded.has(key)).slice(0, KEYS_A_STREAM * MAX_STREAMS);
    /** @type {Set<string>} */
    const wanted = new Set();
    for (const gate of around.gates())
      for (let at = 0; at < keys.length; at += KEYS_A_STREAM) {
        const name = `${gate.base} ${at}`;
        const part = keys.slice(at, at + KEYS_A_STREAM);
        wanted.add(name);
        const open = streams.get(name);
        if (open && equal(open.keys, part) && !part.some((key) => anew.has(key))) continue;
        open?.end();
        begin(name, gate, part, FIRST_PAUSE_MILLIS);
      }
    anew.clear();
    for (const [name, stream] of streams) if (!wanted.has(name)) remove(name, stream);
  }

  /** @param {string} name @param {Stream} stream */
  function remove(name, stream) {
    stream.end();
    if (streams.get(name) === stream) streams.delete(name);
  }

  /** @param {string} name @param {Gate} gate @param {string[]} keys @param {number} pause */
  function begin(name, gate, keys, pause) {
    const abort = new AbortController();
    let cancel = () => {};
    let cancelCount = () => {};
    let over = false;
    /** @type {Stream} */
    const stream = {
      keys,
      gate,
      pause,
      waiting: false,
      told: new Set(),
      bytes: new Map(),
      end() {
        over = true;
        cancel();
        cancelCount();
        abort.abort();
      },
    };
    streams.set(name, stream);
    const alive = () => {
      cancel();
      if (!over) cancel = around.timer(SILENCE_MILLIS, () => abort.abort());
    };
    alive();
    // What is published again every few hours is no flood, however long the stream lives.
    const countAnew = () => {
      stream.bytes.clear();
      cancelCount = around.timer(COUNTED_MILLIS, countAnew);
    };
    countAnew();
    read(stream, abort.signal, alive)
      .catch(() => 0)
      .then((least) => {
        if (over || closed) return;
        cancel();
        cancelCount();
        stream.told.clear();
        stream.waiting = true;
        // With jitter: many clients lose a peer at the same moment.
        const wait = Math.max(stream.pause, least ?? 0);
        cancel = around.timer(wait * (0.5 + (around.random ?? Math.random)()), () => {
          if (streams.get(name) === stream) begin(name, gate, keys, Math.min(LAST_PAUSE_MILLIS, stream.pause * 2));
        });
      });
  }

  /** @param {Stream} stream @param {AbortSignal} signal @param {() => void} alive @returns {Promise<number>} how long to leave the peer alone at least, ms */
  async function read(stream, signal, alive) {
    const response = await around.fetch(`${stream.gate.base}listen`, {
      method: 'POST',
      credentials: 'omit',
      // As text: so a browser need not ask first whether it may.
      body: JSON.stringify({ keys: stream.keys }),
      signal,
    });
    // A peer that knows no such stream, or has none to spare.
    if (!response.ok || !response.body)
      return response.status === 404 || response.status === 405 ? LAST_PAUSE_MILLIS : 10_000;
    let text = '';
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        if (signal.aborted) return 0;
        alive();
        text += decoder.decode(piece.value, { stream: true });
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        if (text.length > MAX_LINE) return LAST_PAUSE_MILLIS;
        for (const line of lines) if (line.trim() && line.length <= MAX_LINE) await one(line, stream, signal);
      }
    } finally {
      reader.cancel().catch(() => {});
    }
    return 0;
  }

  /** @param {string} line @param {Stream} stream @param {AbortSignal} signal */
  async function one(line, stream, signal) {
    let said;
    try {
      said = JSON.parse(line);
    } catch {
      return;
    }
    const key = said?.key;
    if (typeof key !== 'string' || flooded.has(key)) return;
    if (said.complete === true) {
      stream.pause = FIRST_PAUSE_MILLIS;
      stream.told.add(key);
      for (const watch of watches.get(key) ?? []) watch.complete();
      return;
    }
    if (typeof said.data !== 'string') return;
    const sum = (stream.bytes.get(key) ?? 0) + said.data.length;
    stream.bytes.set(key, sum);
    if (sum > Math.max(0, ...[...(watches.get(key) ?? [])].map((each) => each.most))) return flood(key);
    const digest = hex(await sha256(encode(said.data)));
    if (said.expired) {
      for (const watch of watches.get(key) ?? []) watch.seen.delete(digest);
      return;
    }
    let value;
    try {
      value = unbase64(said.data);
    } catch {
      return;
    }
    for (const watch of [...(watches.get(key) ?? [])]) {
      if (signal.aborted || watch.seen.has(digest)) continue;
      watch.seen.add(digest);
      if (watch.seen.size > MAX_SEEN) watch.seen.delete(/** @type {string} */ (watch.seen.values().next().value));
      try {
        await watch.take(value);
      } catch (e) {
        console.warn('starling: watch', e instanceof Error ? e.message : e);
      }
    }
  }

  /** @param {string} key */
  function flood(key) {
    if (!watches.has(key)) return;
    const cancel = around.timer(FLOOD_MILLIS, () => {
      flooded.delete(key);
      soon();
    });
    flooded.set(key, cancel);
    soon();
  }

  return {
    /**
     * Gives what lies under a key, and what comes to lie there, to `take`, each value once.
     * @param {string} key  40 hex digits @param {Take} take
     * @param {() => void} [complete]  what was there at the beginning has been given, by one peer
     * @param {number} [most]  what one stream may tell of it in ten minutes, characters
     * @returns {() => void} ends it
     */
    watch(key, take, complete = () => {}, most = FLOOD_BYTES) {
      const watch = { take, complete, most, seen: new Set() };
      const others = watches.get(key);
      if (others) anew.add(key);
      watches.set(key, (others ?? new Set()).add(watch));
      soon();
      return () => {
        const all = watches.get(key);
        if (!all?.delete(watch) || all.size) return;
        watches.delete(key);
        anew.delete(key);
        flooded.get(key)?.();
        flooded.delete(key);
        soon();
      };
    },

    /** Whether a stream tells of this key now. @param {string} key */
    tells: (key) => !flooded.has(key) && [...streams.values()].some((stream) => stream.told.has(key)),

    /** Whether a stream is about to tell of this key: a peer was asked, and has not refused. @param {string} key */
    isTelling: (key) =>
      !flooded.has(key) && [...streams.values()].some((stream) => !stream.waiting && stream.keys.includes(key)),

    /** The gates are others now. */
    soon,

    /** The network is back: what waits to be opened again is opened now. */
    hurry() {
      for (const [name, stream] of [...streams]) if (stream.waiting) remove(name, stream);
      soon();
    },

    close() {
      closed = true;
      cancelSettle();
      for (const cancel of flooded.values()) cancel();
      for (const [name, stream] of [...streams]) remove(name, stream);
    },
  };
}

/** @param {string[]} a @param {string[]} b */
const equal = (a, b) => a.length === b.length && a.every((each, i) => each === b[i]);
