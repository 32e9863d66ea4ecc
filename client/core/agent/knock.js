// Contact requests to somebody who is away lie where everybody can write: each is stamped, which costs the sender a second or
// two of work in memory and us one try of it; and few are looked at. docs/protocols/formats.md, section 6.
import { StarlingError } from '../errors.js';
import { knockOf } from '../record/bodies.js';
import { openRecord } from '../record/record.js';
import { makeInMemory, memoryBits } from '../record/stamp.js';

const COST = 13;
const BITS = 5;
const DAY_MILLIS = 86_400_000;
/** Stamps made in 24 hours. */
const MAX_OURS = 40;
/** Looked at in one round: signatures (a fraction of a millisecond each), and stamps (about 30 ms). */
const MAX_OPENED = 300;
const MAX_STAMPS = 12;
/** Stamps of one address in a day. */
const MAX_OF_ONE = 3;
const MAX_ADDRESSES = 5000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./boxes.js').Letter} Letter */

/** @param {Context} ctx */
export function knocks(ctx) {
  /** How many stamps of an address were tried. @type {Map<string, number>} */
  const tried = new Map();
  let day = 0;

  /** May be worth a signature check; costs nothing. @param {Letter} letter */
  function isCandidate({ record, judged }) {
    const { address } = record;
    if (address === ctx.profile?.address || ctx.contacts.blocked(address)) return false;
    try {
      const { stamp } = knockOf(/** @type {Map<number, any>} */ (record.body));
      if (stamp.length === 11 && stamp[1] === COST && stamp[2] >= BITS) return true;
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
    judged();
    return false;
  }

  /** @param {Letter} letter @returns {Promise<import('./reception.js').Opened | null>} */
  async function open({ record, bytes, judged }) {
    const { id, cms } = knockOf(/** @type {Map<number, any>} */ (record.body));
    if (await ctx.reception.hasSeen(record.device, id)) return (judged(), null);
    try {
      const how = { kind: /** @type {const} */ ('KNOCK'), network: ctx.network(), now: ctx.now(), trust: ctx.trust() };
      const { signer } = await openRecord(bytes, { ...how, address: record.address });
      // For another device of ours, as most are.
      const opened = await ctx.reception.open(cms);
      const genuine = opened.signer.device === signer.device && opened.signer.address === signer.address;
      if (genuine && opened.body.type === 'request' && opened.body.id === id) return opened;
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
    judged();
    return null;
  }

  /** @param {Letter} letter @param {import('./reception.js').Opened} opened @returns {Promise<'judged'|'undecided'|'too many'>} */
  async function take({ record, judged }, opened) {
    const { address } = record;
    const today = Math.floor(ctx.around.now() / DAY_MILLIS);
    if (today !== day) tried.clear();
    day = today;
    const before = tried.get(address) ?? 0;
    if (before >= MAX_OF_ONE || tried.size >= MAX_ADDRESSES) return (judged(), 'too many');
    tried.set(address, before + 1);
    const { id, cms, stamp } = knockOf(/** @type {Map<number, any>} */ (record.body));
    const own = /** @type {import('./context.js').Profile} */ (ctx.profile).address;
    if (!(await memoryBits(stamp, COST, BITS, own, id, cms))) return (judged(), 'judged');
    const [status] = await ctx.reception.judge(opened, opened.signer, true);
    // Their list of devices may only not be there yet.
    if (status === 403) return 'undecided';
    judged();
    return 'judged';
  }

  return {
    /** @param {Letter[]} letters @returns {Promise<import('./boxes.js').Outcome>} */
    async judge(letters) {
      const known = (/** @type {Letter} */ { record }) => (ctx.contacts.get(record.address) ? 0 : 1);
      // In no order that a flood could choose; people we know first.
      const all = letters
        .filter(isCandidate)
        .map((letter) => ({ letter, at: known(letter) + Math.random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ letter }) => letter);
      /** @type {Letter[]} */
      const undecided = [];
      let stamps = 0;
      let looked = 0;
      for (const letter of all.slice(0, MAX_OPENED)) {
        if (stamps >= MAX_STAMPS) break;
        looked++;
        const opened = await open(letter);
        const outcome = opened ? await take(letter, opened) : 'too many';
        if (outcome !== 'too many') stamps++;
        if (outcome === 'undecided') undecided.push(letter);
      }
      return { rest: all.slice(looked), undecided };
    },

    /**
     * A stamp for a request of ours; null when it is not wanted any more, or when there were too many today.
     * @param {string} address @param {string} id @param {Uint8Array} cms @param {() => boolean} wanted
     */
    async stamp(address, id, cms, wanted) {
      const since = ctx.around.now() - DAY_MILLIS;
      const allowed = await ctx.inTurn(async () => {
        const made = /** @type {number[]} */ ((await ctx.store.get('me', 'stamps')) ?? []).filter((at) => at > since);
        if (made.length >= MAX_OURS) return false;
        await ctx.store.put('me', 'stamps', [...made, ctx.around.now()]);
        return true;
      });
      return allowed ? makeInMemory(COST, BITS, address, id, cms, wanted) : null;
    },
  };
}
