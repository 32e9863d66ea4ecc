// The devices of somebody to which a call goes. What is known of them may be minutes old, and the flow to our server may just be opened again: whether somebody
// is not reachable is said only after a moment's wait and another look.

/** A flow that was lost is opened again within a second, unless its server is gone. */
const FLOW_MILLIS = 5000;

/** @typedef {import('../agent/context.js').Context} Context */
/** @typedef {import('../agent/ways.js').Target} Target */

/** @param {Context} ctx */
export function callees(ctx) {
  /** @type {Set<() => void>} */
  const waiting = new Set();
  const isThere = () => !!ctx.ua?.ready.length;

  /** Until there is a flow, or time is up. */
  const flow = () =>
    new Promise((/** @type {(nothing: void) => void} */ resolve) => {
      const done = () => {
        waiting.delete(done);
        stop();
        resolve();
      };
      const stop = ctx.timer(FLOW_MILLIS, done);
      waiting.add(done);
    });

  /** @param {string} address @param {boolean} again @returns {Promise<Target[]>} */
  async function look(address, again) {
    const targets = await ctx.contacts.targets(address, again).catch((e) => {
      console.warn('starling: looking for somebody to call', e instanceof Error ? e.message : e);
      return [];
    });
    const reachable = targets.filter((target) => target.location && ctx.delivery.paths(target).length);
    if (!reachable.length) console.warn(`starling: none of ${targets.length} devices can be called`);
    return reachable;
  }

  return {
    /** A flow may have been opened. */
    opened: () => isThere() && waiting.forEach((done) => done()),

    /** @param {string} address @returns {Promise<Target[]>}  none: not reachable */
    async of(address) {
      if (!isThere()) await flow();
      const known = await look(address, false);
      return known.length || !isThere() ? known : look(address, true);
    },

    /** Those that were not called yet where they are said to be now. @param {string} address @param {Target[]} called @returns {Promise<Target[]>} */
    async more(address, called) {
      const before = new Set(called.map(place));
      return (await look(address, true)).filter((target) => !before.has(place(target)));
    },
  };
}

/** @param {Target} target */
const place = ({ id, location }) => [id, ...(location?.peers ?? []).map((peer) => peer.id)].join(' ');
