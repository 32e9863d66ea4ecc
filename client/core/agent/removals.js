// What this device took off the list, said as a REVOKED record, too: docs/protocols/formats.md, section 6.
import { revokedBody } from '../record/bodies.js';

const SECONDS = 31 * 86_400;
/** How long it is said that something was taken back: readers remember a revocation for as long as they read nothing newer. */
const BACK_SECONDS = 400 * 86_400;
const MAX_REVOKED = 64;

/** since: Unix s; back: it was taken back then @typedef {{id: string, since: number, back?: boolean}} Removal */

/**
 * @param {import('./context.js').Context} ctx
 * @param {(kind: 'REVOKED', body: Map<number, any> | null, seconds: number) => Promise<import('../locate/locator.js').Written>} publish
 */
export function removals(ctx, publish) {
  const all = async () => /** @type {Removal[]} */ ((await ctx.store.get('me', 'revoked')) ?? []);

  /** @param {Removal[]} next @returns {import('./outbox.js').Write} */
  const written = (next) => ['me', 'revoked', next.slice(-MAX_REVOKED)];

  /** For as long as a certificate of the device may live. null: there is nothing to say. */
  async function say() {
    const now = Math.floor(ctx.now() / 1000);
    const kept = await all();
    const out = kept.filter((each) => !each.back && each.since > now - SECONDS);
    if (out.length) {
      const since = Math.min(...out.map((each) => each.since));
      return publish(
        'REVOKED',
        revokedBody({ devices: out.map((each) => each.id), reason: 'removed', since }),
        SECONDS,
      );
    }
    return kept.some((each) => each.back && each.since > now - BACK_SECONDS) ? publish('REVOKED', null, SECONDS) : null;
  }

  /** They come back by the user's will: published with the rest, again and again. @param {string[]} ids @returns {Promise<import('./reception.js').Change>} */
  async function dropping(ids) {
    const kept = await all();
    if (!kept.some((each) => ids.includes(each.id) && !each.back)) return { writes: [], done() {} };
    const since = Math.floor(ctx.now() / 1000);
    const next = kept.map((each) => (ids.includes(each.id) ? { id: each.id, since, back: true } : each));
    return { writes: [written(next)], done() {} };
  }

  return {
    publish: say,
    dropping,

    /** @param {string} id */
    async add(id) {
      const others = (await all()).filter((each) => each.id !== id);
      await ctx.store.batch([written([...others, { id, since: Math.floor(ctx.now() / 1000) }])]);
      await say();
    },

    /** @param {string} id */
    async drop(id) {
      const { writes } = await dropping([id]);
      if (!writes.length) return;
      await ctx.store.batch(writes);
      await say();
    },
  };
}
