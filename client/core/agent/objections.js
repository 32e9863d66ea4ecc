// Somebody began a list of devices anew with our address, and it was not us: this device says so in its DEVICES record, and contacts who know this
// device do not offer the new list. The other way round, we hear that a device of an earlier list objects to ours. docs/protocols/formats.md, section 7.
import { headOf } from '../record/devices.js';

const KEPT = 'objections';
export const MAX_OBJECTIONS = 16;

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** device: who objects, by a record of its own; against: hashes of versions of lists @typedef {{device: string, against: string[]}} Objection */

/** Who objects to a list on which he does not stand himself: whoever joined it has taken it back. @param {Objection[]} all @param {DeviceChain} chain @returns {string[]} */
export const objectors = (all, chain) =>
  all
    .filter(
      ({ device, against }) => !headOf(chain).devices.has(device) && chain.some((link) => against.includes(link.hash)),
    )
    .map(({ device }) => device);

/** @param {import('./context.js').Context} ctx */
export function ownObjections(ctx) {
  /** The newest last. @type {string[]} */
  let hashes = [];
  /** Whose word was shown since this page is open. @type {Set<string>} */
  const shown = new Set();

  /** @param {string[]} next @returns {import('./reception.js').Change} */
  const change = (next) => ({
    writes: [['me', KEPT, next.length ? next : undefined]],
    done: () => void (hashes = next),
  });

  return {
    load: async () => void (hashes = (await ctx.store.get('me', KEPT)) ?? []),
    list: () => hashes,

    /** By its oldest and its newest version: the list may be cut in front, and go on. @param {DeviceChain} list */
    against(list) {
      const named = [list[0].hash, headOf(list).hash];
      return change([...hashes.filter((hash) => !named.includes(hash)), ...new Set(named)].slice(-MAX_OBJECTIONS));
    },

    /** The user made that list after all, or begins one himself. */
    none: () => change([]),

    /** A list to which we object has become so long that what we named is about to be cut off. @param {DeviceChain[]} lists */
    outgrown: (lists) =>
      lists.find((list) => list.some(({ hash }) => hashes.includes(hash)) && !hashes.includes(list[0].hash)),

    /** Devices of an earlier list that object to ours. @param {import('../locate/locator.js').Found} found @param {DeviceChain} chain */
    hear(found, chain) {
      for (const device of objectors(found.objections ?? [], chain)) {
        if (device === ctx.profile?.key.id || shown.has(device)) continue;
        shown.add(device);
        const listed = found.chains.map((each) => headOf(each).devices.get(device)).find((each) => each);
        ctx.notice({
          id: `objected ${device}`,
          kind: 'warning',
          key: 'objected',
          args: { devices: listed?.name || device.slice(0, 8) },
          actions: [{ id: 'ok', key: 'objected.ok', safe: true }],
        });
      }
    },
  };
}
