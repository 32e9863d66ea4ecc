// Keeps up with what people publish, by the streams of the peers: whoever is followed is known without being looked up.
import { hex } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { publicMaster } from '../record/rendezvous.js';

/** Changes come in groups: a list, a place, a certificate. */
const GATHER_MILLIS = 500;
const AGAIN_MILLIS = 30_000;
const MAX_FOLLOWED = 500;
const MAX_TOLD = 64;
const SEQUENCES = 'sequences';

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {import('./evidence.js').Entry} Entry */
/** @typedef {import('./locator.js').HowToFind} HowToFind */
/** @typedef {import('./locator.js').Lookup} Lookup */
/** own: also whoever is certified for the address; how: of the look-up that news cause
 * @typedef {{friendsKey: Uint8Array | null, own?: boolean, how: () => HowToFind, changed: (found: Lookup) => void}} Wish */
/** @typedef {{wish: Wish, name: string, places: {tells: () => boolean, isTelling: () => boolean, stop: () => void}[], complete: boolean, told: Entry[], cancel: () => void, over: boolean}} Followed */

/**
 * @param {{store: import('../types.js').Store, timer: (ms: number, task: () => void) => () => void, network: () => string, places?: ReturnType<typeof import('./places.js').placesWatched>, believe: (kind: Kind, address: string, bytes: Uint8Array) => Promise<Entry>, again: (address: string, told: Entry[], how: HowToFind) => Promise<Lookup>}} around
 */
export function following(around) {
  /** @type {Map<string, Followed>} */
  const all = new Map();
  let closed = false;

  /** @param {string} address @param {Wish} wish */
  function follow(address, wish) {
    const name = `${around.network()} ${wish.friendsKey ? hex(wish.friendsKey) : ''}`;
    const before = all.get(address);
    if (before?.name === name) return void (before.wish = wish);
    unfollow(address);
    if (closed || !around.places || all.size >= MAX_FOLLOWED) return;
    /** @type {Followed} */
    const it = { wish, name, places: [], complete: false, told: [], cancel: () => {}, over: false };
    all.set(address, it);
    open(address, it).catch(warn);
  }

  /** @param {string} address @param {Followed} it */
  async function open(address, it) {
    const watch = (/** @type {Kind} */ kind, /** @type {Uint8Array} */ master) => {
      const place = around.places?.watch(kind, master, (bytes) => heard(address, it, kind, bytes));
      if (place) it.places.push(place);
    };
    if (it.wish.friendsKey) watch('LOCATION', it.wish.friendsKey);
    const master = await publicMaster(address, around.network());
    if (it.over) return;
    /** @type {Kind[]} */
    const kinds = ['DEVICES', 'REVOKED'];
    if (it.wish.own) kinds.push('CERT');
    else if (!it.wish.friendsKey) kinds.push('LOCATION');
    for (const kind of kinds) watch(kind, master);
    it.complete = true;
  }

  /** @param {string} address @param {Followed} it @param {Kind} kind @param {Uint8Array<ArrayBuffer>} bytes */
  async function heard(address, it, kind, bytes) {
    const entry = await around.believe(kind, address, bytes);
    const { device, sequence } = entry.record;
    const last = (await around.store.get(SEQUENCES, `${kind} ${address} ${device}`)) ?? 0;
    if (sequence <= last || it.over || it.told.length >= MAX_TOLD) return;
    it.told.push(entry);
    soon(address, it, GATHER_MILLIS);
  }

  /** @param {string} address @param {Followed} it @param {number} wait */
  function soon(address, it, wait) {
    it.cancel();
    it.cancel = around.timer(wait, () => void look(address, it).catch(warn));
  }

  /** @param {string} address @param {Followed} it */
  async function look(address, it) {
    if (it.over) return;
    const told = it.told;
    it.told = [];
    /** @type {Lookup} */
    let found = { kind: 'unreachable' };
    try {
      found = await around.again(address, told, it.wish.how());
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
    if (it.over) return;
    if (found.kind === 'unreachable') {
      it.told = [...told, ...it.told].slice(0, MAX_TOLD);
      return soon(address, it, AGAIN_MILLIS);
    }
    it.wish.changed(found);
  }

  /** @param {string} address */
  function unfollow(address) {
    const it = all.get(address);
    if (!it) return;
    it.over = true;
    it.cancel();
    for (const place of it.places) place.stop();
    all.delete(address);
  }

  return {
    follow,
    unfollow,
    has: (/** @type {string} */ address) => all.has(address),
    close() {
      closed = true;
      for (const address of [...all.keys()]) unfollow(address);
    },
    /** Whether the streams tell of all that an address publishes, or are about to. @param {string} address */
    isBeingTold(address) {
      const it = all.get(address);
      return !!it?.complete && it.places.every((place) => place.isTelling());
    },

    /** Whether the streams tell of all that an address publishes. @param {string} address */
    isTold(address) {
      const it = all.get(address);
      return !!it?.complete && it.told.length === 0 && it.places.every((place) => place.tells());
    },
  };
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: following', e instanceof Error ? e.message : e);
