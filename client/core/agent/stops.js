// Tells peers to stop keeping a copy that was received, or that nobody wants any more: durable, repeated until the peer
// says so or the copy's time is over.
import { removeValue } from '../locate/gate.js';

const STOPS = 'stops';
const MAX_STOPS = 20_000;
const FIRST_AGAIN_MILLIS = 30_000;
const LAST_AGAIN_MILLIS = 900_000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./outbox.js').Held} Held */
/** @typedef {{base: string, key: string, id: string, until: number}} Stop  base: of the peer that keeps it; until: Unix s */

/** @param {Context} ctx */
export function stops(ctx) {
  /** @type {Map<string, Stop>} */
  const waiting = new Map();
  let again = FIRST_AGAIN_MILLIS;
  let running = false;
  /** Something came during a run. */
  let more = false;
  let cancel = () => {};
  let closed = false;

  /** @param {Stop} stop */
  const name = ({ base, key, id }) => `${base} ${key} ${id}`;

  /** @param {string[]} names */
  async function forget(names) {
    if (!names.length) return;
    await ctx.inTurn(() => ctx.store.batch(names.map((each) => [STOPS, each, undefined])));
    for (const each of names) waiting.delete(each);
  }

  async function flush() {
    if (running) return void (more = true);
    if (!waiting.size || !ctx.profile?.chain.length) return;
    running = true;
    cancel();
    try {
      do {
        more = false;
        const now = ctx.now() / 1000;
        await forget([...waiting].filter(([, stop]) => stop.until <= now).map(([key]) => key));
        const all = await Promise.all([...ctx.peers.known.values()].map(tell));
        if (all.every((answered) => answered)) again = FIRST_AGAIN_MILLIS;
      } while (more);
    } finally {
      running = false;
      if (waiting.size && !closed) later();
    }
  }

  function later() {
    cancel();
    cancel = ctx.timer(again, soon);
    again = Math.min(LAST_AGAIN_MILLIS, again * 2);
  }

  const soon = () =>
    void flush().catch((e) => console.warn('starling: stopping copies', e instanceof Error ? e.message : e));

  /** One that does not answer is not asked about every copy. @param {import('../locate/gate.js').Gate} gate */
  async function tell(gate) {
    const { address } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    for (const [key, stop] of [...waiting].filter(([, each]) => each.base === gate.base)) {
      const around = { fetch: ctx.around.fetch, now: ctx.now };
      if (closed || !(await removeValue(around, gate, ctx.signer(), address, stop))) return false;
      await forget([key]);
    }
    return true;
  }

  return {
    async load() {
      for (const [key, stop] of await ctx.store.list(STOPS)) waiting.set(key, stop);
    },
    /** To be in one batch with whatever makes the copies needless. @param {Held[]} copies @returns {import('./reception.js').Change} */
    of(copies) {
      const room = Math.max(0, MAX_STOPS - waiting.size);
      const all = copies
        .flatMap(({ key, id, until, bases }) => bases.map((base) => ({ base, key, id, until })))
        .slice(0, room);
      return {
        writes: all.map((stop) => [STOPS, name(stop), stop]),
        done() {
          for (const stop of all) waiting.set(name(stop), stop);
          if (all.length) soon();
        },
      };
    },
    soon,
    size: () => waiting.size,
    close() {
      closed = true;
      cancel();
    },
  };
}
