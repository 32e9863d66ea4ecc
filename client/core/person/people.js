// The people that one person knows at several addresses: what was said with them, under whichever address, and what is said to them.
import { inOrder } from '../agent/chat.js';
import { resolved } from './merging.js';

/** @param {import('./selves.js').Selves} selves */
export function people(selves) {
  /** All addresses of somebody. @param {string} address */
  const allOf = (address) => resolved(selves.read()).of(address);
  /** Where they are now. @param {string} address */
  const nowOf = (address) => resolved(selves.read()).now(address);
  const agents = () => selves.read().map((each) => each.starling);

  /** @param {string} address */
  const asked = (address) =>
    agents().find((each) => each.state.requests.some((one) => one.address === address)) ?? selves.main;

  return {
    /** @param {string} address @param {import('../types.js').Place} [before] @param {number} [limit] */
    async messages(address, before, limit = 100) {
      const all = agents();
      if (all.length === 1) return selves.main.messages(address, before, limit);
      const addresses = allOf(address);
      const each = await Promise.all(all.map(({ ctx }) => ctx.chat.ofAll(addresses, before, limit)));
      return inOrder(each.flat()).slice(-limit);
    },

    /** @param {string} query @param {string} [address] */
    async search(query, address) {
      const each = await Promise.all(agents().map((starling) => starling.search(query, address)));
      return inOrder(each.flat()).slice(-200);
    },

    /** @param {string} id */
    async retry(id) {
      for (const starling of agents()) if (await starling.ctx.chat.byId(id)) return starling.retry(id);
    },

    /** @param {string} address */
    async markRead(address) {
      const all = allOf(address);
      for (const starling of agents())
        for (const each of all)
          if (starling.ctx.contacts.get(each)?.unread || each === address) await starling.markRead(each);
    },

    /** @param {string} address @param {string} text */
    sendMessage(address, text) {
      const now = nowOf(address);
      return selves.owner(now).sendMessage(now, text);
    },

    /** @param {string} address */
    call(address) {
      const now = nowOf(address);
      return selves.owner(now).call(now);
    },

    acceptRequest: (/** @type {string} */ address, /** @type {string | undefined} */ hello) =>
      asked(address).acceptRequest(address, hello),
    declineRequest: (/** @type {string} */ address) => asked(address).declineRequest(address),

    /** With all addresses that this person had. @param {string} address */
    async block(address) {
      const all = allOf(address);
      for (const starling of agents())
        for (const one of all) if (!starling.state.blocked.includes(one)) await starling.block(one);
    },

    /** @param {string} address */
    async removeContact(address) {
      const all = allOf(address);
      for (const starling of agents())
        for (const one of all) if (starling.ctx.contacts.get(one)) await starling.removeContact(one);
    },

    /** @param {string} address @param {boolean} agree */
    decideChanged: (address, agree) => selves.owner(address).decideChanged(address, agree),

    /** At whichever of our addresses they said so. @param {string} address @param {boolean} hide */
    async hideMoved(address, hide) {
      for (const starling of agents()) await starling.hideMoved(address, hide);
    },

    /** @param {string} address @param {string} now  as it was shown */
    async followMoved(address, now) {
      await selves.owner(address).followMoved(address, now);
      selves.changed();
    },
  };
}
