// The addresses of one person: the present one, those that were left and are still read, and one that is to come. Each is an agent with its own keys,
// store and flows; who listens here hears one person.
import { tell } from '../errors.js';
import { Starling } from '../starling.js';
import { within } from '../store/within.js';
import { heard, loadTold } from './leaving.js';
import { merged, talking } from './merging.js';

export const UP = ['online', 'one-server'];

/** @typedef {import('./leaving.js').Self} Self */
/** @typedef {import('../types.js').State} State */
/** @typedef {import('../types.js').Surroundings} Surroundings */
/** Agents by the number of their store. @typedef {Map<number, Starling>} Family */
/** now, coming: numbers of stores; former: the newest first; next: a number not used yet; quiet: another device of ours tells our contacts; anew: at the one to come every other device is lost, so that this one tells; turned: when the present one became it, Unix ms @typedef {{now: number, former: number[], coming: number | null, next: number, quiet: boolean, anew?: boolean, turned?: number}} Identities */
/** @typedef {[string, string, any]} Write */

/** @param {unknown} e */
export const warn = (e) => console.warn('starling: change of address', e instanceof Error ? e.message : e);
/** @returns {Identities} */
const one = () => ({ now: 0, former: [], coming: null, next: 1, quiet: false });

export class Selves {
  /** @type {Set<(state: State) => void>} */
  #listeners = new Set();
  /** @type {Map<string, Set<(what: any) => void>>} */
  #events = new Map();
  /** @type {Map<Starling, (() => void)[]>} */
  #stops = new Map();
  /** By the address that is shown. @type {Map<string, Self>} */
  #owners = new Map();
  /** @type {Self[]} */
  former = [];
  /** @type {Self | null} */
  coming = null;
  closed = false;
  /** Whoever looks whether something is to be done. */
  changed = () => this.draw();

  /** @param {Surroundings} around @returns {Promise<Selves>} */
  static async open(around) {
    const ids = /** @type {Identities} */ ((await around.store.get('me', 'identities')) ?? one());
    /** @type {Family} */
    const family = new Map();
    const selves = new Selves(around, ids, family, await openSelf(around, ids.now, false, family));
    for (const n of ids.former) selves.former.push(await openSelf(around, n, true, family));
    if (ids.coming !== null) selves.coming = await openSelf(around, ids.coming, false, family);
    for (const self of selves.everyone()) selves.follow(self);
    return selves;
  }

  /** @param {Surroundings} around @param {Identities} ids @param {Family} family @param {Self} now @private */
  constructor(around, ids, family, now) {
    this.around = around;
    this.ids = ids;
    this.family = family;
    this.now = now;
    this.state = now.starling.state;
  }

  /** Those that are read. */
  read = () => [this.now, ...this.former];
  everyone = () => [...this.read(), ...(this.coming ? [this.coming] : [])];
  get main() {
    return this.now.starling;
  }
  /** @param {string} address  as it is shown */
  owner = (address) => (this.#owners.get(address) ?? this.now).starling;
  /** The one with the call. */
  caller = () => (talking(this.read()) ?? this.now).starling;
  timer = (/** @type {number} */ ms, /** @type {() => void} */ task) => this.main.ctx.timer(ms, task);

  /** @param {number} n @param {boolean} former */
  openSelf = (n, former) => openSelf(this.around, n, former, this.family);

  /** What is what, with what belongs into the same step. @param {Identities} ids @param {Write[]} [writes] */
  async save(ids, writes = []) {
    await this.around.store.batch([...writes, ['me', 'identities', ids]]);
    this.ids = ids;
  }

  /** @param {Self} self */
  follow(self) {
    const { starling } = self;
    const events = /** @type {const} */ (['message', 'call', 'request', 'missed']);
    this.#stops.set(starling, [
      starling.subscribe(() => this.changed()),
      ...events.map((event) => starling.on(event, (what) => tell(this.#events.get(event) ?? [], what))),
      starling.on('accepted', (address) => {
        for (const old of this.former)
          if (self === this.now) void heard(old, address, self).then(() => this.draw(), warn);
      }),
    ]);
  }

  /** @param {Self} self */
  forget({ n, starling }) {
    this.family.delete(n);
    for (const stop of this.#stops.get(starling) ?? []) stop();
    this.#stops.delete(starling);
  }

  draw() {
    const { state, owners } = merged(this.read(), this.coming);
    this.state = state;
    this.#owners = owners;
    tell(this.#listeners, state);
  }

  /** @param {(state: State) => void} fn */
  subscribe = (fn) => {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  };

  /** @param {'message'|'call'|'request'|'missed'} event @param {(what: any) => void} fn */
  on = (event, fn) => {
    const all = this.#events.get(event) ?? new Set();
    this.#events.set(event, all.add(fn));
    return () => void all.delete(fn);
  };
}

/** @param {Surroundings} around @param {number} n @param {boolean} former @param {Family} family @returns {Promise<Self>} */
async function openSelf(around, n, former, family) {
  const busy = () =>
    [...family].some(([each, { state }]) => each !== n && !!state.call && state.call.state !== 'ended');
  const starling = await Starling.open({ ...around, store: within(around.store, n), former, busy });
  family.set(n, starling);
  /** @type {Self} */
  const self = { n, starling, told: new Map() };
  await loadTold(self);
  return self;
}
