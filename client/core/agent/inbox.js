// Copies of messages that people left for this device while it was away. They come from whoever knows our friends key, and are
// believed no more than a MESSAGE: the record's signer is a listed device of a contact, and signed what is inside.
import { StarlingError } from '../errors.js';
import { inboxOf } from '../record/bodies.js';
import { openRecord } from '../record/record.js';

/** Of one address in one round: whoever fills the box does not keep the others waiting. */
const MAX_OF_ONE = 512;
/** Devices of one address looked up in one round because they are on no list that we know. */
const MAX_UNLISTED = 3;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./boxes.js').Letter} Letter */

/** @param {Context} ctx */
export function inbox(ctx) {
  /** Costs nothing. @param {Letter} letter */
  function isForUs({ record, judged }) {
    const us = /** @type {import('./context.js').Profile} */ (ctx.profile);
    try {
      const { device } = inboxOf(/** @type {Map<number, any>} */ (record.body));
      if (device === us.key.id && record.device !== us.key.id) return isKnown(record.address);
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
    judged();
    return false;
  }

  /** Whoever is not known now may be later. @param {string} address */
  function isKnown(address) {
    if (address === ctx.profile?.address) return true;
    const contact = ctx.contacts.get(address);
    return !!contact && contact.state !== 'removed' && !ctx.contacts.blocked(address);
  }

  /** Each in the order in which they were written, and all of them in turn. @param {Letter[]} letters */
  function inOrder(letters) {
    /** @type {Map<string, Letter[]>} */
    const senders = new Map();
    for (const letter of letters) {
      const all = senders.get(letter.record.address) ?? [];
      senders.set(letter.record.address, all);
      all.push(letter);
    }
    const rows = [...senders.values()].map((all) =>
      all.sort((a, b) => a.record.sequence - b.record.sequence).slice(0, MAX_OF_ONE),
    );
    const longest = Math.max(0, ...rows.map((row) => row.length));
    return Array.from({ length: longest }, (_, i) => rows.flatMap((row) => row.slice(i, i + 1))).flat();
  }

  /** Looks up a device that no list names once in a round. */
  function listing() {
    /** @type {Map<string, Promise<boolean>>} */
    const asked = new Map();
    /** @type {Map<string, number>} */
    const count = new Map();
    return (/** @type {string} */ address, /** @type {string} */ device) => {
      const key = `${address} ${device}`;
      const already = asked.get(key);
      if (already) return already;
      const before = count.get(address) ?? 0;
      const answer = before < MAX_UNLISTED ? ctx.contacts.isListed(address, device) : Promise.resolve(false);
      void answer.then(
        (listed) => listed || count.set(address, before + 1),
        () => {},
      );
      asked.set(key, answer);
      return answer;
    };
  }

  /** @param {Letter} letter @param {(address: string, device: string) => Promise<boolean>} isListed @returns {Promise<'judged'|'undecided'|'held'>} */
  async function take({ record, bytes, judged }, isListed) {
    const { id, cms } = inboxOf(/** @type {Map<number, any>} */ (record.body));
    if (await ctx.reception.hasSeen(record.device, id)) return (judged(), 'judged');
    try {
      const how = { kind: /** @type {const} */ ('INBOX'), network: ctx.network(), now: ctx.now(), trust: ctx.trust() };
      const { signer } = await openRecord(bytes, { ...how, address: record.address });
      if (!(await isListed(signer.address, signer.device))) return 'undecided';
      const opened = await ctx.reception.open(cms);
      if (opened.body.id !== id) return (judged(), 'judged');
      const [status] = await ctx.reception.judge(opened, signer, false);
      if (status === 403) return 'undecided';
      // Their acceptance may lie behind it.
      if (status === 603 && isAsked(record.address)) return 'held';
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
      if (e.key === 'not-yet') return 'undecided';
    }
    judged();
    return 'judged';
  }

  /** We asked them, and do not know their answer. @param {string} address */
  const isAsked = (address) => ctx.contacts.get(address)?.state === 'waiting';

  /** @param {Letter} letter */
  const stillHeld = ({ held, record }) => !!held && isAsked(record.address) && record.expires * 1000 > ctx.now();

  return {
    /** @param {Letter[]} letters @returns {Promise<import('./boxes.js').Outcome>} */
    async judge(letters) {
      const ours = letters.filter(isForUs);
      // Those that were held once are looked at again when their author is known, or when they are over.
      const now = inOrder(ours);
      const isListed = listing();
      /** @type {{undecided: Letter[], held: Letter[], judged: Letter[]}} */
      const outcome = { undecided: [], held: [], judged: [] };
      for (const letter of now) outcome[stillHeld(letter) ? 'held' : await take(letter, isListed)].push(letter);
      for (const letter of outcome.held) letter.held = true;
      const looked = new Set(now);
      return { rest: ours.filter((letter) => !looked.has(letter)), ...outcome };
    },
  };
}
