// What this device took off the list, said as a REVOKED record, too: docs/protocols/formats.md, section 6.
import { revokedBody } from '../record/bodies.js';

const SECONDS = 31 * 86_400;
const MAX_REVOKED = 64;

/**
 * @param {import('./context.js').Context} ctx
 * @param {(kind: 'REVOKED', body: Map<number, any> | null, seconds: number) => Promise<import('../locate/locator.js').Written>} publish
 */
export function removals(ctx, publish) {
  /** For as long as a certificate of the device may live. @returns {Promise<{id: string, since: number}[]>} */
  async function all() {
    const from = Math.floor(ctx.now() / 1000) - SECONDS;
    const kept = /** @type {{id: string, since: number}[]} */ ((await ctx.store.get('me', 'revoked')) ?? []);
    return kept.filter((each) => each.since > from).slice(-MAX_REVOKED);
  }

  /** null: there is nothing to say. */
  async function say() {
    const said = await all();
    if (said.length === 0) return null;
    const since = Math.min(...said.map((each) => each.since));
    return publish('REVOKED', revokedBody({ devices: said.map((each) => each.id), reason: 'removed', since }), SECONDS);
  }

  return {
    publish: say,

    /** @param {string} id */
    async add(id) {
      const others = (await all()).filter((each) => each.id !== id);
      await ctx.store.put('me', 'revoked', [...others, { id, since: Math.floor(ctx.now() / 1000) }]);
      await say();
    },

    /** It comes back by the user's will. @param {string} id */
    async drop(id) {
      const said = await all();
      const others = said.filter((each) => each.id !== id);
      if (others.length === said.length) return;
      await ctx.store.put('me', 'revoked', others);
      if (others.length) await say();
      else await publish('REVOKED', null, SECONDS);
    },
  };
}
