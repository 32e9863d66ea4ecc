// Takes what other people's devices send: opened, judged, and stored in one step, once.
import { openBody } from '../cms/bodies.js';
import { StarlingError } from '../errors.js';
import { first } from '../sip/message.js';

const SEEN = 'seen';
const MAX_SEEN = 20_000;
/** Longer than anybody goes on sending. */
const SEEN_MILLIS = 9 * 86_400_000;
const MAX_WAITING = 200;
/** Look-ups for people we do not know: each costs us time and tells our peers something. */
const STRANGERS = { burst: 20, everyMillis: 3000 };

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../cms/bodies.js').BodyType} BodyType */
/** @typedef {import('../cms/bodies.js').Body} Body */
/** @typedef {import('../identity/verifier.js').Verified} Verified */
/** @typedef {{body: Body, signer: Verified}} Opened */
/** @typedef {{writes: import('./outbox.js').Write[], done: () => void}} Change  done: after the batch */
/** @typedef {(signer: Verified, body: Body) => Promise<Change | null>} Taker  null: declined */

/** @param {Context} ctx */
export function reception(ctx) {
  /** @type {Map<BodyType, Taker>} */
  const takers = new Map();
  let waiting = 0;
  let budget = STRANGERS.burst;
  let filled = ctx.around.now();

  /** @param {import('../sip/ua.js').Incoming} incoming */
  async function received(incoming) {
    if (waiting >= MAX_WAITING) return incoming.answer(503, 'Too many messages');
    waiting++;
    try {
      const [status, reason] = await take(incoming);
      await incoming.answer(status, reason);
    } catch (e) {
      console.warn('starling: reception', e instanceof Error ? e.message : e);
      await incoming.answer(500, 'Not stored');
    } finally {
      waiting--;
    }
  }

  /** @param {import('../sip/ua.js').Incoming} incoming @returns {Promise<[number, string]>} */
  async function take({ message, signer }) {
    let opened;
    try {
      opened = await open(message.body);
    } catch (e) {
      return [e instanceof StarlingError && e.key === 'not-for-this-key' ? 493 : 400, 'Undecipherable'];
    }
    return judge(opened, signer, !!first(message, 'starling-knock'));
  }

  /** @param {Uint8Array} cms @returns {Promise<Opened>} */
  function open(cms) {
    const { address, key } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    return openBody(cms, { agree: key.agree, address, device: key.id, now: ctx.now(), trust: ctx.trust() });
  }

  /**
   * What came, whichever way, stored once.
   * @param {Opened} opened @param {{address: string, device: string} | null} signer  of what it came in @param {boolean} knock
   * @returns {Promise<[number, string]>} status and reason, as of SIP
   */
  async function judge(opened, signer, knock) {
    if (!signer || opened.signer.device !== signer.device || opened.signer.address !== signer.address)
      return [438, 'Another signer inside'];
    const { body } = opened;
    const taker = takers.get(body.type);
    /** @type {[number, string]} */
    const declined = knock ? [202, 'Accepted'] : [603, 'Declined'];
    if (!taker || !isWelcome(signer.address, body.type)) return declined;
    if (!(await isHeard(opened.signer, body.type))) return [403, 'Not a listed device'];
    return ctx.inTurn(async () => {
      // A copy that came another way, or one whose answer was lost.
      if (await hasSeen(signer.device, body.id)) return [200, 'OK'];
      const change = await taker(opened.signer, body);
      if (!change) return declined;
      await ctx.store.batch([...change.writes, [SEEN, seenAs(signer.device, body.id), ctx.around.now()]]);
      change.done();
      return [200, 'OK'];
    });
  }

  /** @param {string} device @param {string} id */
  const seenAs = (device, id) => `${device.slice(0, 16)} ${id}`;

  /** @param {string} device @param {string} id @returns {Promise<boolean>} */
  const hasSeen = async (device, id) => !!(await ctx.store.get(SEEN, seenAs(device, id)));

  /** What is not wanted from this address costs nothing more. @param {string} address @param {BodyType} type */
  function isWelcome(address, type) {
    if (address === ctx.profile?.address) return true;
    if (ctx.contacts.blocked(address) || ctx.moves.isOver(address)) return false;
    return ctx.contacts.get(address)?.state === 'accepted' || ['request', 'accept', 'decline'].includes(type);
  }

  /** Only devices that their owner listed are heard; a new own device asks to be listed. @param {Verified} signer @param {BodyType} type */
  async function isHeard(signer, type) {
    if (type === 'endorseRequest') return signer.address === ctx.profile?.address;
    const own = signer.address === ctx.profile?.address;
    if (own && ctx.endorsement.mayAnswer(signer.device, type)) return true;
    const known = own ? ctx.devices.lists(signer.device) : ctx.contacts.get(signer.address);
    if (!known && !mayLookUp()) return false;
    return ctx.contacts.isListed(signer.address, signer.device);
  }

  function mayLookUp() {
    const now = ctx.around.now();
    budget = Math.min(STRANGERS.burst, budget + Math.max(0, now - filled) / STRANGERS.everyMillis);
    filled = now;
    if (budget < 1) return false;
    budget--;
    return true;
  }

  return {
    received,
    open,
    judge,
    hasSeen,
    /** @param {BodyType} type @param {Taker} taker */
    on: (type, taker) => void takers.set(type, taker),
    /** Forgets what nobody will send again. */
    async tidy() {
      const seen = (await ctx.store.list(SEEN)).sort((a, b) => a[1] - b[1]);
      const old = seen.filter(([, at], i) => ctx.around.now() - at > SEEN_MILLIS || seen.length - i > MAX_SEEN);
      if (old.length) await ctx.store.batch(old.map(([key]) => [SEEN, key, undefined]));
    },
  };
}
