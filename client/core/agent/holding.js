// Copies for devices that do not answer: given to our peers to keep until they are fetched, read back, and remembered with
// the message they belong to. docs/protocols/formats.md, section 6: INBOX, and KNOCK for people who are no contacts.
import { hex } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { put, readingBack } from '../locate/letters.js';
import { inboxBody, knockBody } from '../record/bodies.js';
import { signRecord } from '../record/record.js';
import { messageValueId, publicMaster, rendezvous, sealedSize } from '../record/rendezvous.js';
import { LIFE_MILLIS } from './outbox.js';

/** Given to the peers before they are read back together. */
const BATCH = 32;
const AT_ONCE = 4;
/** So many batches at once, then one in a while: a peer takes 600 writes a minute of a device, also those that say where it is. */
const QUICK_BATCHES = 4;
const PACE_MILLIS = 5_000;
/** What one peer keeps for us at most, below its own bounds: there must be room for saying where we are. */
const MAX_HELD = 800;
const MAX_HELD_BYTES = 12 << 20;
/** Stamps remembered until their knock is held: each costs a second or two. */
const MAX_STAMPED = 16;
/** A certificate that lives on shortly lets a copy end early; it is given anew when there is a newer one. */
const EARLY_SECONDS = 3600;
/** Between browsers of one person before they share a key: only while both are there. */
const NEVER = new Set(['endorseRequest', 'endorseGrant', 'endorseRefusal']);

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./outbox.js').Item} Item */
/** @typedef {import('./outbox.js').Held} Held */
/** @typedef {import('./ways.js').Target} Target */
/** @typedef {{item: Item, target: Target}} Job */

/**
 * @param {Context} ctx @param {ReturnType<typeof import('./outbox.js').outbox>} box @param {ReturnType<typeof import('./stops.js').stops>} stops
 * @param {{seal: (item: Item, target: Target) => Promise<Uint8Array>, isFor: (item: Item, target: Target) => boolean}} letters
 */
export function holding(ctx, box, stops, { seal, isFor }) {
  /** Addresses for which copies are being made. @type {Map<string, {targets: Target[], again: boolean}>} */
  const running = new Map();
  /** @type {Map<string, {cms: Uint8Array, stamp: Uint8Array}>} */
  const stamped = new Map();
  let closed = false;
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);
  const gates = () => [...ctx.peers.known.values()];

  /** Independent peers that must hold a copy: two, one where there is one only. */
  const enough = () => Math.min(2, gates().length);

  /** @param {Item} item */
  const endOf = (item) => Math.floor((item.created + LIFE_MILLIS) / 1000);

  /** @param {Item} item @param {string} device */
  function isHeld(item, device) {
    const held = item.held[device];
    if (!held) return false;
    const bases = new Set(gates().map((gate) => gate.base));
    return held.kept.filter((base) => bases.has(base)).length >= enough() && !endsEarly(item, held);
  }

  /** @param {Item} item @param {Held} held */
  const endsEarly = (item, held) =>
    held.until < endOf(item) - EARLY_SECONDS && held.until < lastsUntil() - EARLY_SECONDS;
  const lastsUntil = () => Math.floor(parseCertificate(ctx.signer().chain[0]).notAfter / 1000);

  /** Whose boxes the addressee reads: their friends key, or our own for our other devices. @param {Item} item */
  const friendsKeyOf = (item) =>
    item.to === profile().address ? profile().friendsKey : (ctx.contacts.get(item.to)?.friendsKey ?? item.friendsKey);

  /** @param {Item} item */
  const canBeHeld = (item) => !NEVER.has(item.type) && (item.type === 'request' || !!friendsKeyOf(item));

  /** @param {string} to @param {Target[]} targets @returns {Job[]} */
  const missing = (to, targets) =>
    box
      .of(to)
      .filter(canBeHeld)
      .flatMap((item) => targets.filter((target) => isFor(item, target)).map((target) => ({ item, target })))
      .filter(({ item, target }) => !isHeld(item, target.id));

  /** Copies that can still be given away. */
  function room() {
    const held = box.filter((item) => Object.keys(item.held).length > 0).flatMap((item) => Object.values(item.held));
    return held.reduce((sum, { size }) => sum + size, 0) < MAX_HELD_BYTES ? MAX_HELD - held.length : 0;
  }

  /** The message of a knock with its stamp; null when none can be made now. @param {Job} job */
  async function knock(job) {
    const { item, target } = job;
    const before = stamped.get(nameOf(job));
    if (before) return before;
    const cms = await seal(item, target);
    const stamp = await ctx.knocks.stamp(item.to, item.bodyId, cms, () => !closed && box.has(item));
    if (!stamp) return null;
    stamped.set(nameOf(job), { cms, stamp });
    if (stamped.size > MAX_STAMPED) stamped.delete(/** @type {string} */ (stamped.keys().next().value));
    return { cms, stamp };
  }

  /** One copy, ready to be kept; null when it cannot be made now. @param {Job} job */
  async function write(job) {
    const { item, target } = job;
    const isKnock = item.type === 'request';
    const inside = isKnock ? await knock(job) : { cms: await seal(item, target), stamp: null };
    if (!inside) return null;
    const { cms, stamp } = inside;
    const kind = isKnock ? 'KNOCK' : 'INBOX';
    const master = isKnock ? await publicMaster(item.to, ctx.network()) : /** @type {any} */ (friendsKeyOf(item));
    const place = await rendezvous(master, kind, new Date(item.created).toISOString().slice(0, 10));
    const until = Math.min(endOf(item), lastsUntil());
    const bytes = await signRecord(ctx.signer(), ctx.network(), {
      kind,
      address: profile().address,
      device: profile().key.id,
      sequence: item.created,
      issued: Math.floor(ctx.now() / 1000),
      expires: until,
      body: stamp
        ? knockBody({ id: item.bodyId, cms, stamp })
        : inboxBody({ id: item.bodyId, device: target.id, cms, sent: Math.floor(item.created / 1000) }),
    });
    const id = await messageValueId(place, profile().key.id, item.bodyId, target.id);
    return { place, bytes, key: hex(place.dhtKey), id, until };
  }

  const around = { fetch: ctx.around.fetch, now: () => ctx.now() };
  const keptElsewhere = readingBack(around, gates, lost);

  /** Copies that a peer does not have though we believed so: they are given anew. @param {{base: string, key: string, id: string}[]} gone */
  function lost(gone) {
    return ctx.inTurn(async () => {
      const without = (/** @type {Held} */ held) => {
        const kept = held.kept.filter(
          (base) => !gone.some((each) => each.base === base && each.key === held.key && each.id === held.id),
        );
        return kept.length < held.kept.length ? { ...held, kept } : held;
      };
      const items = box
        .filter((item) => Object.values(item.held).some((held) => without(held) !== held))
        .map((item) => ({
          ...item,
          held: Object.fromEntries(Object.entries(item.held).map(([device, held]) => [device, without(held)])),
        }));
      if (!items.length) return;
      await ctx.store.batch(items.map(box.write));
      box.add(items);
    });
  }

  /** @param {Job} job @returns {Promise<{job: Job, held: Held, written: import('../locate/letters.js').Written[]} | null>} */
  async function give(job) {
    try {
      const copy = await write(job);
      if (!copy || closed) return null;
      const written = await put(around, gates(), ctx.signer(), profile().address, copy);
      const { key, id, until, bytes } = copy;
      return {
        job,
        held: { key, id, until, size: sealedSize(bytes.length), bases: written.map((each) => each.base), kept: [] },
        written,
      };
    } catch (e) {
      // Too large for a record, or no stamp today: it goes on waiting for the device itself.
      console.warn('starling: holding', e instanceof Error ? e.message : e);
      return null;
    }
  }

  /** @param {Job} job */
  const nameOf = ({ item, target }) => `${item.id} ${target.id}`;

  /** @param {string} to @param {Target[]} targets @param {Set<string>} tried  in this run @returns {Promise<boolean>} whether anything was held that was not before */
  async function batch(to, targets, tried) {
    const jobs = missing(to, targets)
      .filter((job) => !tried.has(nameOf(job)))
      .slice(0, Math.min(BATCH, Math.max(0, room())));
    for (const job of jobs) tried.add(nameOf(job));
    /** @type {NonNullable<Awaited<ReturnType<typeof give>>>[]} */
    const given = [];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let job = jobs.shift(); job && !closed; job = jobs.shift()) {
          const one = await give(job);
          if (one) given.push(one);
        }
      }),
    );
    const there = given.filter((each) => each.written.length);
    if (!there.length || closed) return false;
    const kept = await keptElsewhere(there.flatMap((each) => each.written));
    for (const each of there) each.held.kept = each.written.filter((one) => kept.has(one)).map((one) => one.base);
    if (closed) return false;
    await mark(to, targets, there);
    return there.some((each) => each.held.kept.length >= enough());
  }

  /** @param {string} to @param {Target[]} targets @param {{job: Job, held: Held}[]} there */
  const mark = (to, targets, there) =>
    ctx.inTurn(async () => {
      const now = new Map(box.of(to).map((item) => [item.id, item]));
      /** @type {Map<string, Item>} */
      const kept = new Map();
      /** Withdrawn or taken meanwhile. @type {Held[]} */
      const needless = [];
      for (const { job, held } of there) {
        const item = kept.get(job.item.id) ?? now.get(job.item.id);
        if (!item || !isFor(item, job.target)) needless.push(held);
        else {
          const before = item.held[job.target.id];
          // An older one elsewhere: under a former friends key.
          if (before && before.key !== held.key) needless.push(before);
          const wanted = targets.filter((each) => isFor({ ...item, done: [] }, each)).map((each) => each.id);
          kept.set(item.id, { ...item, wanted, held: { ...item.held, [job.target.id]: held } });
        }
      }
      const items = [...kept.values()];
      const sent = items.filter((item) => item.type === 'text' && targets.every((each) => isCovered(item, each)));
      const said = await Promise.all(sent.map((item) => ctx.chat.advance(item.bodyId, 'sent')));
      const stop = stops.of(needless);
      await ctx.store.batch([...items.map(box.write), ...said.flatMap((each) => each?.writes ?? []), ...stop.writes]);
      box.add(items);
      stop.done();
      for (const each of said) each?.done();
    });

  /** @param {Item} item @param {Target} target */
  const isCovered = (item, target) => !isFor(item, target) || isHeld(item, target.id);

  return {
    /** Makes copies of all that waits for these devices; one run at a time for an address. @param {string} to @param {Target[]} targets */
    async keep(to, targets) {
      const already = running.get(to);
      if (already) return void Object.assign(already, { targets, again: true });
      const run = { targets, again: false };
      running.set(to, run);
      try {
        do {
          run.again = false;
          const tried = new Set();
          for (let n = 1; !closed && enough() > 0 && (await batch(to, run.targets, tried)); n++)
            if (n >= QUICK_BATCHES) await new Promise((resolve) => ctx.timer(PACE_MILLIS, () => resolve(undefined)));
        } while (run.again && !closed);
      } finally {
        running.delete(to);
      }
    },
    close: () => void (closed = true),
  };
}
