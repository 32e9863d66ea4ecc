// What waits to be delivered: durable, bounded, in the order in which it was written. A change becomes true in one batch
// of the store together with whatever it belongs to, and only then here.
import { hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';

const OUTBOX = 'outbox';
const RECEIPTS = 'receipts';
const MAX_TEXTS = 2000;
const MAX_ITEMS = 10_000;
const MAX_RECEIPTS = 5000;
/** As many as one receipt carries: docs/protocols/formats.md, section 9. */
const IDS_A_RECEIPT = 200;
/** So long anything is tried, and kept for whoever is away. */
export const LIFE_MILLIS = 7 * 86_400_000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../cms/bodies.js').BodyType} BodyType */
/** @typedef {[string, string, any]} Write */
/** A copy kept for one device: key and id in the DHT, until in Unix s; size in bytes; bases: peers that took it; kept: those of them that were seen to have it @typedef {{key: string, id: string, until: number, size: number, bases: string[], kept: string[]}} Held */
/** done: devices that have it; only: one device, else all listed; token, friendsKey: for somebody who is no contact; held: copies by device; wanted: the devices listed when it was held @typedef {{id: string, bodyId: string, to: string, type: BodyType, content: any, created: number, done: string[], only: string, token: Uint8Array | null, friendsKey: Uint8Array | null, held: Record<string, Held>, wanted: string[]}} Item */
/** @typedef {{to: string, type: BodyType, content: any, bodyId?: string, only?: string, token?: Uint8Array | null, friendsKey?: Uint8Array | null}} Wish */

/** @param {Context} ctx */
export function outbox(ctx) {
  /** @type {Map<string, Item>} in order of their ids */
  const items = new Map();
  /** Receipts owed: `address id` -> 1 delivered, 2 read. @type {Map<string, number>} */
  const owed = new Map();
  let last = 0;

  /** @param {Wish} wish @returns {Item} not kept yet */
  function make({ to, type, content, bodyId = hex(random(16)), only = '', token = null, friendsKey = null }) {
    const texts = [...items.values()].filter((each) => each.type === 'text').length;
    if (items.size >= MAX_ITEMS || (type === 'text' && texts >= MAX_TEXTS)) throw new StarlingError('outbox-full');
    // Strictly rising, so that what was written later stands later, whatever the clock does.
    last = Math.max(last + 1, ctx.now());
    const id = `${String(last).padStart(15, '0')} ${bodyId}`;
    return { id, bodyId, to, type, content, created: last, done: [], only, token, friendsKey, held: {}, wanted: [] };
  }

  return {
    make,

    async load() {
      for (const [id, item] of await ctx.store.list(OUTBOX)) {
        items.set(id, { friendsKey: null, held: {}, wanted: [], ...item });
        last = Math.max(last, item.created);
      }
      for (const [key, state] of await ctx.store.list(RECEIPTS)) owed.set(key, state);
    },

    /** @param {Item} item @returns {Write} */
    write: (item) => [OUTBOX, item.id, item],
    /** @param {Item} item @returns {Write} */
    erase: (item) => [OUTBOX, item.id, undefined],
    /** After the batch. @param {Item[]} kept */
    add: (kept) => kept.forEach((item) => items.set(item.id, item)),
    /** After the batch. @param {Item[]} gone */
    drop: (gone) => gone.forEach((item) => items.delete(item.id)),
    /** @param {Item} item */
    has: (item) => items.has(item.id),

    /** @param {string} to @returns {Item[]} oldest first */
    of: (to) => [...items.values()].filter((item) => item.to === to),
    /** @param {(item: Item) => boolean} which */
    filter: (which) => [...items.values()].filter(which),
    /** Everybody to whom something is owed. */
    addressees: () => new Set([...[...items.values()].map((item) => item.to), ...[...owed.keys()].map(addressOf)]),

    /** One write for a receipt that will go with others; none when too many wait. @param {string} address @param {string} id @param {1|2} state @returns {Write[]} */
    owe(address, id, state) {
      const key = `${address} ${id}`;
      if (owed.size >= MAX_RECEIPTS && !owed.has(key)) return [];
      return [[RECEIPTS, key, Math.max(state, owed.get(key) ?? 0)]];
    },
    /** After the batch. @param {Write[]} written */
    owes: (written) => written.forEach(([, key, state]) => owed.set(key, state)),

    /** @param {string} address */
    owesTo: (address) => [...owed.keys()].some((key) => addressOf(key) === address),
    /**
     * Turns what is owed to somebody into as few receipts as possible.
     * @param {string} address
     * @returns {{made: Item[], writes: Write[], done: () => void} | null}
     */
    gather(address) {
      const keys = [...owed.keys()].filter((key) => addressOf(key) === address);
      if (!keys.length) return null;
      /** @type {Item[]} */
      const made = [];
      for (const state of [1, 2]) {
        const ids = keys.filter((key) => owed.get(key) === state).map((key) => key.slice(address.length + 1));
        for (let i = 0; i < ids.length; i += IDS_A_RECEIPT)
          made.push(make({ to: address, type: 'receipt', content: { ids: ids.slice(i, i + IDS_A_RECEIPT), state } }));
      }
      const sent = keys.map((key) => /** @type {[string, number]} */ ([key, owed.get(key) ?? 0]));
      return {
        made,
        writes: [
          ...made.map((item) => /** @type {Write} */ ([OUTBOX, item.id, item])),
          ...keys.map((key) => /** @type {Write} */ ([RECEIPTS, key, undefined])),
        ],
        done() {
          for (const item of made) items.set(item.id, item);
          for (const [key, state] of sent) if (owed.get(key) === state) owed.delete(key);
        },
      };
    },
  };
}

/** @param {string} key `address id` */
const addressOf = (key) => key.slice(0, key.lastIndexOf(' '));
