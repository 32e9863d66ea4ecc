// Two devices took each other off the list, and this one gives way: it leaves its version and asks to stand on the other one. Let in, it makes one of both,
// so that those who followed it come along: docs/protocols/formats.md, section 7.
import { headOf, mergedDevices } from '../record/devices.js';
import { linksOf } from './list-notices.js';

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {import('../record/devices.js').Listed} Listed */
/** chain: the version that was left; to: hash of the version it gave way to; friendsVersion: of the key that its followers were told @typedef {{chain: DeviceChain, to: string, friendsVersion: number}} Left */

const has = (/** @type {DeviceChain} */ chain, /** @type {string} */ hash) => chain.some((link) => link.hash === hash);

/**
 * @param {import('./context.js').Context} ctx
 * @param {{extend: (before: DeviceChain, parents: string[], devices: Listed[]) => Promise<DeviceChain>, take: (next: DeviceChain) => Promise<void>, rotate: (above: number) => Promise<void>}} list
 */
export function givingWay(ctx, { extend, take, rotate }) {
  /** @type {Left | null} */
  let left = null;
  let busy = false;

  /** @param {DeviceChain} chain  on which this device stands again */
  async function unite(chain) {
    if (!left || has(chain, headOf(left.chain).hash)) return;
    const [ours, mine] = [headOf(chain), headOf(left.chain)];
    const links = linksOf(chain, left.chain);
    const merged = mergedDevices(links, ours, mine);
    if (!merged) return;
    const all = new Map([...mine.devices, ...ours.devices]);
    // Removal wins where two versions meet, so whoever was on the list that we stand on comes back at once.
    const devices = [...merged].map((id) => /** @type {Listed} */ (all.get(id)));
    const both = await extend(links, [ours.hash, mine.hash], devices);
    await take(await extend(both, [headOf(both).hash], [...ours.devices.values()]));
  }

  return {
    load: async () => void (left = (await ctx.store.get('me', 'left')) ?? null),
    isUnderWay: () => !!left,

    /** Which lists this device may come to stand on. @param {DeviceChain[]} all */
    among: (all) => (left ? all.filter((each) => has(each, /** @type {Left} */ (left).to)) : all),

    /** @param {DeviceChain} chain @param {DeviceChain} other @param {number} friendsVersion @returns {import('./reception.js').Change} */
    begin(chain, other, friendsVersion) {
      const next = { chain, to: headOf(other).hash, friendsVersion };
      return { writes: [['me', 'left', next]], done: () => void (left = next) };
    },

    /** @returns {import('./reception.js').Change} */
    end: () => ({ writes: [['me', 'left', undefined]], done: () => void (left = null) }),

    /** This device stands on the list again. Goes on where it was interrupted. @param {DeviceChain} chain */
    async rejoin(chain) {
      if (!left || busy) return;
      busy = true;
      try {
        await unite(chain);
        // Before the others gave us their keys, ours would be overwritten.
        if (!ctx.own.isJoined()) return;
        await rotate(left.friendsVersion);
        const over = this.end();
        await ctx.store.batch(over.writes);
        over.done();
      } finally {
        busy = false;
      }
    },
  };
}
