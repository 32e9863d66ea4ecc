// Messages to somebody who is away, as an encrypted mail beside the copy that waits for them; and such mails that came, taken as what comes by any other way is: by
// whom they are signed, whoever sent them, and each message once. docs/protocols/letter.md. Who sends mails, and reads them, hands them in.
import { encode } from '../bytes.js';
import { MAX_BYTES, MAX_TEXTS, readLetter, writeLetter } from '../cms/letter.js';
import { MAX_RECIPIENTS } from '../cms/mail.js';
import { StarlingError } from '../errors.js';

const TABLE = 'mailed';
/** So long it may take until somebody is back, and messages that are written one after the other go together. */
const AGE_MILLIS = 60_000;
/** From one mail to the next to the same person. */
const PAUSE_MILLIS = 600_000;
const DAY_MILLIS = 86_400_000;
const MAX_A_DAY = { one: 12, all: 60 };
/** Longer than a message waits. */
const KEPT_MILLIS = 9 * DAY_MILLIS;
/** A mail may lie for long. After that its certificates are over. */
const OLD_MILLIS = 31 * DAY_MILLIS;
const AHEAD_MILLIS = 600_000;

/** @typedef {import('./context.js').Context} Context */
/** refused: nothing of it is shown, or not all; later: nobody can say yet whether its signer is a device of theirs @typedef {'taken'|'refused'|'later'} Outcome */

/** @param {Context} ctx */
export function mails(ctx) {
  /** Messages that went into a mail: to whom, and when, Unix ms. @type {Map<string, {to: string, at: number}>} */
  const mailed = new Map();

  /** What waits for somebody, whom none of it reached, and went into no mail yet; oldest first. @param {string} to */
  const waiting = (to) =>
    ctx.delivery.waiting(
      (item) => item.to === to && item.type === 'text' && !item.done.length && !mailed.has(item.bodyId),
    );

  /** @param {string} address */
  const isAway = (address) =>
    address.includes('@') &&
    ctx.contacts.get(address)?.state === 'accepted' &&
    !ctx.contacts.blocked(address) &&
    ['offline', 'unknown'].includes(ctx.presence.of(address).presence);

  /** Times of mails within a day, each once. @param {string} [to] */
  function sentTo(to) {
    const all = [...mailed.values()].filter((each) => (!to || each.to === to) && each.at > ctx.now() - DAY_MILLIS);
    return new Set(all.map((each) => `${each.to} ${each.at}`)).size;
  }

  /** @param {string} to */
  const isFree = (to) =>
    [...mailed.values()].every((each) => each.to !== to || each.at <= ctx.now() - PAUSE_MILLIS) &&
    sentTo(to) < MAX_A_DAY.one &&
    sentTo() < MAX_A_DAY.all;

  return {
    async load() {
      const all = /** @type {[string, {to: string, at: number}][]} */ (await ctx.store.list(TABLE));
      const old = all.filter(([, { at }]) => ctx.now() - at > KEPT_MILLIS);
      for (const [id, one] of all) mailed.set(id, one);
      for (const [id] of old) mailed.delete(id);
      if (old.length) await ctx.store.batch(old.map(([id]) => [TABLE, id, undefined]));
    },

    /** To whom a mail may go now. */
    due() {
      if (!['online', 'one-server'].includes(ctx.state.me.status)) return [];
      const ripe = ctx.delivery.waiting((item) => item.created <= ctx.now() - AGE_MILLIS);
      return [...new Set(ripe.map((item) => item.to))].filter(
        (to) => isAway(to) && isFree(to) && waiting(to).some((item) => item.created <= ctx.now() - AGE_MILLIS),
      );
    },

    /**
     * What waits for somebody, as much as one mail carries. It counts as sent from now on: a mail is never made twice. Null when it cannot be made.
     * @param {string} to @param {string} subject  in ASCII @returns {Promise<Uint8Array<ArrayBuffer> | null>}
     */
    async write(to, subject) {
      const targets = (await ctx.contacts.targets(to)).slice(0, MAX_RECIPIENTS);
      let bytes = 0;
      const items = await ctx.inTurn(async () => {
        const all = isAway(to) && isFree(to) && targets.length ? waiting(to).slice(0, MAX_TEXTS) : [];
        const fit = all.filter((item) => (bytes += encode(item.content.text).length) <= MAX_BYTES);
        const now = ctx.now();
        await ctx.store.batch(fit.map(({ bodyId }) => [TABLE, bodyId, { to, at: now }]));
        for (const { bodyId } of fit) mailed.set(bodyId, { to, at: now });
        return fit;
      });
      if (!items.length) return null;
      const from = ctx.profile?.address ?? '';
      const texts = items.map(({ bodyId: id, created: sent, content }) => ({ id, sent, text: content.text }));
      const certificates = targets.map((target) => target.certificate);
      return writeLetter(ctx.signer(), certificates, { from, to, subject, texts }, ctx.now());
    },

    /** @param {Uint8Array} mail @param {string} from  whose it claims to be @returns {Promise<Outcome>} */
    async read(mail, from) {
      const { address, key } = ctx.profile ?? {};
      if (!address || !key || from === address) return 'refused';
      let opened;
      try {
        opened = await readLetter(mail, { agree: key.agree, address, now: ctx.now(), trust: ctx.trust() });
      } catch (e) {
        if (e instanceof StarlingError) return 'refused';
        throw e;
      }
      const { signer, texts } = opened;
      const now = ctx.now();
      const isNow = texts.every(({ sent }) => sent > now - OLD_MILLIS && sent <= now + AHEAD_MILLIS);
      if (signer.address !== from || !isNow) return 'refused';
      /** @type {Outcome} */
      let outcome = 'taken';
      for (const { id, sent, text } of texts) {
        // What was seen is remembered for nine days; a mail can come after that, or again.
        const known = await ctx.chat.byId(id);
        if (known && !known.mine && known.with === from) continue;
        if (known) return 'refused';
        const body = {
          type: /** @type {const} */ ('text'),
          id,
          sent,
          from,
          to: address,
          device: key.id,
          content: { text },
        };
        const [status] = await ctx.reception.judge({ body, signer }, signer, false);
        if (status === 403) outcome = 'later';
        else if (status !== 200) return 'refused';
      }
      return outcome;
    },
  };
}
