// What the devices of this person share, in the DHT too: for those that are away longer than a message waits, or are never here at the same time.
// Sealed under their own key, in as few records as it fits into. docs/protocols/formats.md, section 10.
import { concat, encode, hex, hmac, random, sha256 } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { ownBody, ownOf } from '../record/bodies.js';
import { openEntry, sealEntry } from '../record/own.js';
import { MAX_PACKS, pack, unpack } from './entries.js';

const SECONDS = 30 * 86_400;
/** Changes that come together are written together. */
const WRITE_MILLIS = 5_000;
const AGAIN_MILLIS = 4 * 3600 * 1000;

/** @typedef {import('./context.js').Context} Context */

/** Where a pack lies: the master of its rendezvous, and its entry id. @param {Uint8Array} ownKey @param {number} index */
export async function placeOf(ownKey, index) {
  const master = await hmac(ownKey, concat(encode('starling/1 own place'), Uint8Array.of(index)));
  const id = hex((await hmac(ownKey, concat(encode('starling/1 own id'), Uint8Array.of(index)))).slice(0, 16));
  return { master, id };
}

/** @param {Context} ctx */
export function ownRecords(ctx) {
  let stop = () => {};
  /** Hashes of the packs as they were written last. @type {Map<number, string>} */
  const written = new Map();
  /** When all was read and written last, Unix ms. */
  let whole = 0;
  let started = false;
  let closed = false;
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);
  const isShared = () => ctx.own.isJoined() && ctx.devices.others().length > 0;

  /** @param {number} millis */
  function later(millis) {
    stop();
    stop = ctx.timer(millis, () => {
      run(ctx.now() - whole >= AGAIN_MILLIS).catch((e) =>
        console.warn('starling: own records', e instanceof Error ? e.message : e),
      );
    });
  }

  /** Reads what the others wrote and writes what is known here; or writes only what was changed. @param {boolean} all */
  async function run(all = true) {
    if (closed || !started || !isShared()) return;
    later(AGAIN_MILLIS);
    if (all) {
      await read();
      whole = ctx.now();
      written.clear();
    }
    await write();
  }

  async function write() {
    const { ownKey } = profile();
    for (const [index, bytes] of pack(ctx.own.all()).entries()) {
      const said = hex(await sha256(concat(ownKey, bytes)));
      if (written.get(index) === said) continue;
      const { master, id } = await placeOf(ownKey, index);
      const entry = await sealEntry(ownKey, id, bytes, random(12));
      const taken = await ctx.devices.publish('OWN', ownBody({ id, entry }), SECONDS, [master]);
      if (taken.length) written.set(index, said);
    }
  }

  async function read() {
    const { ownKey } = profile();
    let of = 1;
    for (let index = 0; index < Math.min(of, MAX_PACKS); index++) {
      const { master, id } = await placeOf(ownKey, index);
      for (const { record } of await ctx.locator.recordsAt('OWN', profile().address, master)) {
        const found = await opened(record, ownKey, id, index);
        if (!found) continue;
        of = Math.max(of, found.of);
        await ctx.inTurn(async () => {
          const change = await ctx.own.merge(found.entries);
          await ctx.store.batch(change.writes);
          change.done();
        });
      }
    }
  }

  /** Only what a listed device of ours wrote there. @param {import('../record/record.js').SignedRecord} record @param {Uint8Array} ownKey @param {string} id @param {number} index */
  async function opened(record, ownKey, id, index) {
    if (!record.body || record.device === profile().key.id || !ctx.devices.hears(record.device)) return null;
    try {
      const own = ownOf(record.body);
      const found = own.id === id ? unpack(await openEntry(ownKey, id, own.entry)) : null;
      return found?.index === index ? found : null;
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
      return null;
    }
  }

  return {
    /** This device is here: it reads what it missed. */
    start() {
      if (started) return;
      started = true;
      later(0);
    },
    /** Something was changed here. */
    changed: () => void (started && !closed && isShared() && later(WRITE_MILLIS)),
    run,
    close() {
      closed = true;
      stop();
    },
  };
}
