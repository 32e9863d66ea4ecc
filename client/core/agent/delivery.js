// Gets sealed bodies to devices, keeps what could not go yet, and takes what arrives. "Sent" counts only when the addressed device itself says so, signed.
import { hex, random } from '../bytes.js';
import { openBody, sealBody } from '../cms/bodies.js';
import { StarlingError } from '../errors.js';
import { gruu } from '../identity/device.js';
import { first } from '../sip/message.js';

const OUTBOX = 'outbox';
const TYPE = 'application/pkcs7-mime; smime-type=authEnveloped-data';
const FIRST_RETRY_MILLIS = 3_000;
const LAST_RETRY_MILLIS = 900_000;
const KNOCK_RETRY_MILLIS = 600_000;
const LIFE_MILLIS = 7 * 86_400_000;
const HEDGE_MILLIS = 2500;
const MAX_SEEN = 5000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../cms/bodies.js').BodyType} BodyType */
/** @typedef {{id: string, bodyId: string, to: string, type: BodyType, content: any, created: number, done: string[], tries: number, only: string}} Item  done: devices that have it; only: one device, else all listed */
/** @typedef {{id: string, certificate: Uint8Array<ArrayBuffer>, location: import('../record/record.js').Location | null}} Target */

/** @param {Context} ctx */
export function delivery(ctx) {
  /** @type {Map<string, Promise<void>>} */
  const running = new Map();
  /** @type {Map<string, () => void>} */
  const retries = new Map();
  /** @type {Map<string, (signer: import('../identity/verifier.js').Verified, body: import('../cms/bodies.js').Body) => Promise<boolean>>} */
  const takers = new Map();

  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  /** How to reach a device: over a flow to its own peer when we have one, else through ours by Route. @param {Target} target */
  function paths(target) {
    const ready = ctx.ua?.ready ?? [];
    const list = [];
    for (const peer of target.location?.peers ?? []) {
      const direct = ready.find((flow) => flow.peer.id === peer.id);
      if (direct) list.unshift({ flow: direct, routes: /** @type {string[]} */ ([]) });
      else for (const flow of ready) list.push({ flow, routes: [`<${peer.uri};pin=${peer.id};lr>`] });
    }
    return list;
  }

  /** @param {string} address @param {Target} target @param {Item} item @param {Uint8Array | null} token @returns {Promise<'taken'|'knocked'|'failed'>} */
  async function send(address, target, item, token) {
    const body = {
      type: item.type,
      id: item.bodyId,
      sent: item.created,
      from: profile().address,
      to: address,
      device: target.id,
      content: item.content,
    };
    const sealed = await sealBody(ctx.signer(), target.certificate, body, ctx.now());
    const uri = gruu(address, target.id);
    let knocked = false;
    for (const { flow, routes } of paths(target)) {
      const outcome = await /** @type {import('../sip/ua.js').UserAgent} */ (ctx.ua).send(flow, 'MESSAGE', uri, {
        routes,
        body: sealed,
        type: TYPE,
        token,
        timeout: HEDGE_MILLIS,
      });
      if (outcome.status === 200 && outcome.signer) return 'taken';
      if (outcome.status === 202) knocked = true;
      if (outcome.status === 603) return 'taken';
    }
    return knocked ? 'knocked' : 'failed';
  }

  /** One attempt at one item. @param {Item} item */
  async function attempt(item) {
    const own = item.to === profile().address;
    const contact = own ? null : ctx.contacts.get(item.to);
    if (!own && (!contact || (contact.state === 'removed' && item.type !== 'decline')))
      return ctx.store.delete(OUTBOX, item.id);
    if (ctx.around.now() - item.created > LIFE_MILLIS) return expire(item);
    const targets = await ctx.contacts.targets(item.to, item.tries > 0);
    const wanted = targets.filter(
      (target) =>
        (item.only ? target.id === item.only : target.id !== profile().key.id) && !item.done.includes(target.id),
    );
    let knocked = false;
    const results = await Promise.all(
      wanted.map(async (target) => ({
        target,
        result: await send(item.to, target, item, contact?.theirToken ?? null),
      })),
    );
    for (const { target, result } of results) {
      if (result === 'taken') item.done.push(target.id);
      knocked ||= result === 'knocked';
    }
    const complete =
      targets.length > 0 && results.every((each) => each.result === 'taken') && (item.done.length > 0 || own);
    // A request is answered by a person: it is knocked again until there is an answer.
    const over = complete && item.type !== 'request';
    if (item.done.length && item.type === 'text') await ctx.chat.sent(item.bodyId);
    item.tries++;
    if (over) return ctx.store.delete(OUTBOX, item.id);
    await ctx.store.put(OUTBOX, item.id, item);
    later(
      item,
      item.type === 'request' && (knocked || item.done.length)
        ? KNOCK_RETRY_MILLIS
        : Math.min(LAST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** Math.min(item.tries - 1, 8)),
    );
  }

  /** @param {Item} item */
  async function expire(item) {
    await ctx.store.delete(OUTBOX, item.id);
    if (item.type === 'text') await ctx.chat.failed(item.bodyId);
  }

  /** @param {Item} item @param {number} pause */
  function later(item, pause) {
    retries.get(item.id)?.();
    retries.set(
      item.id,
      ctx.timer(pause, () => void flush(item.to)),
    );
  }

  /** Tries everything that waits for an address, in order; one run at a time for each. @param {string} to @returns {Promise<void>} */
  function flush(to) {
    const before = running.get(to) ?? Promise.resolve();
    const run = before.then(async () => {
      if (!ctx.ua?.ready.length) return;
      for (const [, item] of await ctx.store.list(OUTBOX)) if (item.to === to) await attempt(item);
    });
    const safe = run.catch((e) => console.warn('starling: delivery', e instanceof Error ? e.message : e));
    running.set(to, safe);
    return safe;
  }

  /** @param {string} to @param {BodyType} type @param {any} content @param {{id?: string, only?: string}} [how] @returns {Promise<string>} body id */
  async function enqueue(to, type, content, how = {}) {
    const bodyId = how.id ?? hex(random(16));
    const created = ctx.around.now();
    /** @type {Item} */
    const item = {
      id: `${String(created).padStart(15, '0')} ${bodyId}`,
      bodyId,
      to,
      type,
      content,
      created,
      done: [],
      tries: 0,
      only: how.only ?? '',
    };
    await ctx.store.put(OUTBOX, item.id, item);
    void flush(to);
    return bodyId;
  }

  /** @param {import('../sip/ua.js').Incoming} incoming */
  async function received({ message, signer, answer }) {
    const us = {
      agree: profile().key.agree,
      address: profile().address,
      device: profile().key.id,
      now: ctx.now(),
      trust: ctx.trust(),
    };
    let opened;
    try {
      opened = await openBody(message.body, us);
    } catch (e) {
      return answer(e instanceof StarlingError && e.key === 'not-for-this-key' ? 493 : 400, 'Undecipherable');
    }
    if (!signer || opened.signer.device !== signer.device || opened.signer.address !== signer.address)
      return answer(438, 'Another signer inside');
    const { body } = opened;
    if (await ctx.store.get('seen', body.id)) return answer(200, 'OK');
    const taker = takers.get(body.type);
    // Only devices that their owner listed are heard; a new own device asks to be listed.
    const heard =
      body.type === 'endorseRequest'
        ? signer.address === us.address
        : await ctx.contacts.isListed(signer.address, signer.device, opened.signer.leaf.der);
    if (!taker || !heard) return answer(403, 'Not a listed device');
    if (!(await taker(opened.signer, body))) return answer(first(message, 'starling-knock') ? 202 : 603, 'Declined');
    await ctx.store.put('seen', body.id, ctx.around.now());
    await answer(200, 'OK');
  }

  return {
    enqueue,
    flush,
    received,
    paths,
    /** @param {BodyType} type @param {(signer: import('../identity/verifier.js').Verified, body: import('../cms/bodies.js').Body) => Promise<boolean>} taker  true: taken */
    take: (type, taker) => takers.set(type, taker),
    async flushAll() {
      const to = new Set((await ctx.store.list(OUTBOX)).map(([, item]) => item.to));
      await Promise.all([...to].map(flush));
    },
    /** @param {(item: Item) => boolean} which */
    async drop(which) {
      for (const [key, item] of await ctx.store.list(OUTBOX)) if (which(item)) await ctx.store.delete(OUTBOX, key);
    },
    /** @param {string} device @param {BodyType} type @param {any} content */
    async toOwn(device, type, content) {
      const waiting = (await ctx.store.list(OUTBOX)).some(([, item]) => item.only === device && item.type === type);
      if (!waiting) await enqueue(profile().address, type, content, { only: device });
      else await flush(profile().address);
    },
    /** Called when something may have changed that we waited for; set by the agent. */
    settled: async () => {},
    async tidy() {
      const seen = await ctx.store.list('seen');
      for (const [key] of seen.slice(0, Math.max(0, seen.length - MAX_SEEN))) await ctx.store.delete('seen', key);
    },
  };
}
