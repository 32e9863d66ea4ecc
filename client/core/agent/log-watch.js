// Once a day looks through what is new in the logs of the CAs that we believe, for certificates of our own address that none of our devices asked for:
// docs/protocols/log.md, section 12.
import { hex, sha256 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { ownerTag } from '../identity/log-entry.js';
import { parseProof } from '../identity/log-proof.js';
import { beginToWatch, watchOn } from '../identity/log-watcher.js';
import { fetchBytes } from './log-proofs.js';
import { nameText } from './trust.js';

const TABLE = 'logs';
const DAY_MILLIS = 86_400_000;
const AGAIN_MILLIS = 3_600_000;
/** So long a log may show nothing new that is witnessed, or nothing at all. */
const SILENT_MILLIS = 3 * DAY_MILLIS;
const MAX_ANSWER = 128 * 1024;
/** Of one look: half a million entries. */
const MAX_READS = 2000;
const MAX_OPEN = 20;
const MAX_OWN = 200;
/** What no honest log can come to. */
const BROKEN = ['smaller-tree', 'forked', 'inconsistent'];

/** hash: of the certificate, hex; notAfter in Unix ms @typedef {{hash: string, index: number, notAfter: number}} Foreign */
/** open: not judged yet, or told and not answered; good: Unix ms of the last look that ended well; refused: the head that contradicts the one in `seen`
 * @typedef {{seen?: import('../identity/log-watcher.js').Seen, at: number, good: number, open: Foreign[], refused?: Uint8Array}} Watched */
/** @typedef {import('../identity/anchors.js').AnchorLog} AnchorLog */

/** @param {import('./context.js').Context} ctx */
export function logWatch(ctx) {
  let cancel = () => {};
  let running = false;
  let begun = false;
  let closed = false;

  /** @param {Uint8Array} der */
  const hashOf = async (der) => hex(await sha256(der));

  /** Every certificate that this device was given, or its person was told of. @returns {Promise<string[]>} hashes */
  const ours = async () => (await ctx.store.get('me', 'certificates')) ?? [];

  /** @param {string} hash  of a certificate that is not told */
  const remember = (hash) =>
    ctx.inTurn(async () => {
      const known = await ours();
      if (!known.includes(hash)) await ctx.store.put('me', 'certificates', [...known, hash].slice(-MAX_OWN));
    });

  /** @param {Uint8Array} der */
  const mine = async (der) => remember(await hashOf(der));

  /** @param {string} url @returns {{log: import('../identity/log-tiles.js').LogReader, head: () => Uint8Array | undefined}} head: as it was read last */
  function reader(url) {
    /** @type {Uint8Array | undefined} */
    let head;
    let reads = 0;
    const read = (/** @type {string} */ path) => {
      need(++reads <= MAX_READS, 'too-many', 'more entries than are read in one look');
      return fetchBytes(ctx.around.fetch, `${url}/${path}`, MAX_ANSWER);
    };
    const checkpoint = async () => (head = await read('checkpoint'));
    return { log: { checkpoint, tile: read }, head: () => head };
  }

  /** Where the first look begins: at our own certificate, or with what comes from now on. @param {AnchorLog} log @returns {Promise<number>} */
  async function beginning({ policy }) {
    const kept = await ctx.store.get('me', 'log-proof');
    const proof = kept && parseProof(kept.proof);
    return proof?.checkpoint.origin === policy.log.name ? proof.index : Number.MAX_SAFE_INTEGER;
  }

  /** @param {AnchorLog} log @param {string} authority */
  async function lookAt(log, authority) {
    const { address } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    const name = `${log.policy.log.name} ${address}`;
    /** @type {Watched} */
    const before = (await ctx.store.get(TABLE, name)) ?? { at: 0, good: ctx.now(), open: [] };
    const tag = await ownerTag(address, log.policy.log.name);
    const from = reader(log.url);
    const args = { authority, address };
    try {
      const news = await (before.seen
        ? watchOn(from.log, log.policy, before.seen, tag)
        : beginToWatch(from.log, log.policy, await beginning(log), tag));
      const own = await ours();
      const found = await Promise.all(
        news.found.map(async ({ index, entry }) => ({ hash: hex(entry.certificate), index, notAfter: entry.notAfter })),
      );
      // Who looks daily hears of short ones, too; who was away for long does not of what is over.
      const daily = ctx.now() - before.at < SILENT_MILLIS;
      const open = [...before.open, ...found.filter(({ notAfter }) => daily || notAfter > ctx.now())].filter(
        ({ hash }) => !own.includes(hash),
      );
      const fresh = news.since === null || ctx.now() - news.since < SILENT_MILLIS;
      const now = {
        seen: news.seen,
        at: ctx.now(),
        good: fresh ? ctx.now() : before.good,
        open: open.slice(0, MAX_OPEN),
      };
      await ctx.store.put(TABLE, name, now);
      if (!fresh) tell(`log-silent ${log.policy.log.name}`, 'log-silent', args);
      if (await judge(name, now, args)) return;
      // Whose it is could not be said: not a day from now.
      const kept = await ctx.store.get(TABLE, name);
      await ctx.store.put(TABLE, name, { ...kept, at: ctx.now() - DAY_MILLIS + AGAIN_MILLIS });
    } catch (e) {
      const reason = e instanceof StarlingError ? e.key : String(e);
      console.warn('starling: the log', log.policy.log.name, reason);
      const broken = BROKEN.includes(reason);
      const refused = broken ? from.head() : before.refused;
      await ctx.store.put(TABLE, name, { ...before, at: ctx.now(), ...(refused ? { refused } : {}) });
      if (broken) tell(`log-broken ${log.policy.log.name}`, 'log-broken', { ...args, reason });
      else if (ctx.now() - before.good > SILENT_MILLIS) tell(`log-silent ${log.policy.log.name}`, 'log-silent', args);
    }
  }

  /** @param {string} id @param {string} key @param {Record<string, string>} args */
  const tell = (id, key, args) =>
    ctx.notice({ id, kind: 'error', key, args, actions: [{ id: 'ok', key: 'log.ok', safe: true }] });

  /** Tells what no device of ours has to do with. @param {string} name @param {Watched} watched @param {Record<string, string>} args @returns {Promise<boolean>} whether it could be judged */
  async function judge(name, watched, args) {
    if (!watched.open.length) return true;
    const found = await ctx.locator.find(args.address, { fresh: true, whole: true });
    if (found.kind !== 'found') return false;
    const listed = [...found.devices].filter(([id]) => ctx.devices.lists(id));
    const known = new Set(await Promise.all(listed.map(([, { certificate }]) => hashOf(certificate))));
    const open = watched.open.filter(({ hash }) => !known.has(hash));
    await ctx.store.put(TABLE, name, { ...watched, open });
    for (const { hash, index, notAfter } of open)
      tell(`logged ${hash}`, 'log-foreign', { ...args, until: String(notAfter), number: String(index + 1) });
    return true;
  }

  async function look() {
    if (running || closed || !ctx.profile?.chain.length) return;
    running = true;
    const first = !begun;
    begun = true;
    let next = DAY_MILLIS;
    const seen = new Set();
    try {
      await mine(ctx.profile.chain[0]);
      for (const anchor of ctx.anchors) {
        const log = anchor.rules?.log;
        if (!log || seen.has(log.policy.log.name)) continue;
        seen.add(log.policy.log.name);
        const authority = anchor.rules?.name || nameText(anchor.subject) || log.policy.log.name;
        const name = `${log.policy.log.name} ${ctx.profile.address}`;
        /** @type {Watched | undefined} */
        const last = await ctx.store.get(TABLE, name);
        const due = last ? last.at + DAY_MILLIS - ctx.now() : 0;
        // A clock that was set back does not end the watch.
        if (last && due > 0 && due <= DAY_MILLIS) {
          next = Math.min(next, due);
          // After a reload: what was told and not answered.
          if (first) await judge(name, last, { authority, address: ctx.profile.address });
        } else {
          await lookAt(log, authority);
          const { at } = await ctx.store.get(TABLE, name);
          next = Math.min(next, at + DAY_MILLIS - ctx.now());
        }
      }
    } finally {
      running = false;
      cancel();
      if (!closed && seen.size) {
        cancel = ctx.timer(Math.max(next, 60_000), () => void look().catch(warn));
      }
    }
  }

  return {
    /** Now, if the day is over. */
    look: () => void look().catch(warn),
    mine,
    /** The person has read it. @param {string} hash */
    answered: (hash) => remember(hash),
    close() {
      closed = true;
      cancel();
    },
  };
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: the logs', e instanceof Error ? e.message : e);
