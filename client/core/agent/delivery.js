// Gets what waits in the outbox to the devices of its addressees, in order. "Sent" counts when the addressed device itself says so, signed, or when two peers were seen to keep a copy for each of the devices.
import { sealBody } from '../cms/bodies.js';
import { holding } from './holding.js';
import { LIFE_MILLIS, outbox } from './outbox.js';
import { stops } from './stops.js';
import { sendAlong, waysTo } from './ways.js';

const FIRST_RETRY_MILLIS = 3_000;
const LAST_RETRY_MILLIS = 900_000;
const KNOCK_RETRY_MILLIS = 600_000;
const RECEIPT_MILLIS = 100;
/** Under way to one device at once. One that is late holds back those after it. */
const WINDOW = 8;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./outbox.js').Item} Item */
/** @typedef {import('./outbox.js').Wish} Wish */
/** @typedef {import('./outbox.js').Write} Write */
/** @typedef {import('./ways.js').Target} Target */
/** @typedef {{to: string, run: Promise<void> | null, again: boolean, tries: number, knocked: number, pumps: Set<() => void>, cancel: () => void}} Lane  to one address. again: something changed during a run; tries: in vain, in a row; knocked: when, Unix ms */

/** @param {Context} ctx */
export function delivery(ctx) {
  /** @type {Map<string, Lane>} */
  const lanes = new Map();
  const box = outbox(ctx);
  let closed = false;

  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  /** @param {Item} item @param {Target} target */
  const isFor = (item, target) =>
    (item.only ? target.id === item.only : target.id !== profile().key.id) && !item.done.includes(target.id);

  const stopped = stops(ctx);
  const copies = holding(ctx, box, stopped, { seal, isFor });

  /** @param {string} to @returns {Lane} */
  function laneTo(to) {
    const lane = lanes.get(to) ?? {
      to,
      run: null,
      again: false,
      tries: 0,
      knocked: 0,
      pumps: new Set(),
      cancel: () => {},
    };
    lanes.set(to, lane);
    return lane;
  }

  /**
   * Tries everything that waits for an address; what is under way goes on.
   * @param {string} to
   * @param {boolean} [anew]  look up where the devices are now
   * @returns {Promise<void>}
   */
  function flush(to, anew = false) {
    if (closed) return Promise.resolve();
    const lane = laneTo(to);
    if (lane.run) {
      lane.again = true;
      for (const pump of lane.pumps) pump();
      return lane.run;
    }
    lane.run = run(lane, anew)
      .catch((e) => console.warn('starling: delivery', e instanceof Error ? e.message : e))
      .finally(() => {
        lane.run = null;
        rest(lane);
      });
    return lane.run;
  }

  /** @param {Lane} lane @param {boolean} anew */
  async function run(lane, anew) {
    lane.cancel();
    await expire(lane.to);
    do {
      lane.again = false;
      await ctx.inTurn(async () => {
        const receipts = box.gather(lane.to);
        if (!receipts) return;
        await ctx.store.batch(receipts.writes);
        receipts.done();
      });
      if (!ctx.ua?.ready.length || !box.of(lane.to).length) return;
      const targets = await ctx.contacts.targets(lane.to, anew);
      await settle(lane.to, targets);
      const taken = await Promise.all(targets.map((target) => pumpTo(lane, target, targets)));
      if (taken.some((count) => count > 0)) lane.tries = 0;
      // Nobody waits for it: what is written meanwhile is tried at once.
      if (targets.length && !closed)
        copies
          .keep(lane.to, targets)
          .catch((e) => console.warn('starling: holding', e instanceof Error ? e.message : e));
    } while (lane.again && (box.owesTo(lane.to) || due(lane).some((item) => item.done.length === 0)));
  }

  /** @param {Lane} lane */
  function due(lane) {
    const cold = ctx.around.now() - lane.knocked < KNOCK_RETRY_MILLIS && lane.knocked > 0;
    return box.of(lane.to).filter((item) => !(cold && item.type === 'request'));
  }

  /** After a run: what is left is tried again later. @param {Lane} lane */
  function rest(lane) {
    if (lane.again) return void flush(lane.to);
    const left = box.of(lane.to);
    if (!left.length) return void lanes.delete(lane.to);
    const pause = FIRST_RETRY_MILLIS * 2 ** Math.min(lane.tries++, 9);
    const knocks = lane.knocked > 0 && left.every((item) => item.type === 'request');
    lane.cancel();
    lane.cancel = ctx.timer(
      knocks ? KNOCK_RETRY_MILLIS : Math.min(LAST_RETRY_MILLIS, pause),
      () => void flush(lane.to, true),
    );
  }

  /**
   * Keeps one device supplied until nothing is left or it cannot be reached.
   * @param {Lane} lane
   * @param {Target} target
   * @param {Target[]} all  the addressee's
   * @returns {Promise<number>} how many it took
   */
  function pumpTo(lane, target, all) {
    return new Promise((resolve) => {
      const state = { at: '', open: 0, late: 0, broken: false, busy: false, taken: 0 };
      const next = () => due(lane).find((item) => item.id > state.at && isFor(item, target));
      const pump = async () => {
        if (state.busy) return;
        state.busy = true;
        for (let item = next(); item && !state.broken && !state.late && state.open < WINDOW; item = next()) {
          state.at = item.id;
          state.open++;
          await launch(lane, target, all, item, state, pump);
        }
        state.busy = false;
        if (state.open || (next() && !state.broken)) return;
        lane.pumps.delete(pump);
        resolve(state.taken);
      };
      lane.pumps.add(pump);
      void pump();
    });
  }

  /**
   * Resolves when the item is on its way, so that the next one leaves after it.
   * @param {Lane} lane @param {Target} target @param {Target[]} all @param {Item} item
   * @param {{open: number, late: number, broken: boolean, taken: number}} state @param {() => Promise<void>} pump
   */
  async function launch(lane, target, all, item, state, pump) {
    let late = 0;
    /** @param {import('./ways.js').Result} result */
    const finish = async (result) => {
      try {
        if (result === 'taken') await took(item, target, all);
      } catch (e) {
        result = 'failed';
        console.warn('starling: delivery', e instanceof Error ? e.message : e);
      }
      if (result === 'taken') state.taken++;
      if (result === 'knocked') lane.knocked = ctx.around.now();
      // Nobody there, or a stranger to them: those after it would fare no better, and must not overtake it.
      if (result === 'failed' || result === 'knocked') state.broken = true;
      state.open--;
      state.late -= late;
      void pump();
    };
    try {
      const body = await seal(item, target);
      const token = item.to === profile().address ? null : (ctx.contacts.get(item.to)?.theirToken ?? item.token);
      const ua = /** @type {import('../sip/ua.js').UserAgent} */ (ctx.ua);
      await new Promise((launched) => {
        const events = {
          launched: () => launched(undefined),
          late: () => {
            if (!late) state.late += late = 1;
          },
        };
        void sendAlong(ua, ctx.timer, { address: item.to, target, body, token }, events).then(finish);
      });
    } catch (e) {
      console.warn('starling: sealing', e instanceof Error ? e.message : e);
      await finish('refused');
    }
  }

  /** @param {Item} item @param {Target} target */
  function seal(item, target) {
    const { bodyId: id, type, to, content, created: sent } = item;
    const body = { type, id, sent, from: profile().address, to, device: target.id, content };
    return sealBody(ctx.signer(), target.certificate, body, ctx.now());
  }

  /** @param {Item[]} items */
  const copiesOf = (items) => stopped.of(items.flatMap((item) => Object.values(item.held)));

  /** A device has these: its copies are needless, and an item that all have goes. @param {Item[]} items @param {string} device @param {(item: Item) => boolean} isComplete */
  function without(items, device, isComplete) {
    const kept = items.map((item) => ({ ...item, done: [...new Set([...item.done, device])] }));
    const complete = kept.filter(isComplete);
    const open = kept.filter((item) => !isComplete(item));
    const stop = stopped.of([
      ...complete.flatMap((item) => Object.values(item.held)),
      ...open.flatMap((item) => item.held[device] ?? []),
    ]);
    return {
      writes: [...complete.map(box.erase), ...open.map(box.write), ...stop.writes],
      done() {
        box.drop(complete);
        box.add(open);
        stop.done();
      },
    };
  }

  /** What every device has, though not all said so to this very question. @param {string} to @param {Target[]} targets */
  async function settle(to, targets) {
    const isOver = (/** @type {Item} */ item) =>
      item.done.length > 0 && targets.length > 0 && targets.every((each) => !isFor(item, each));
    if (!box.of(to).some(isOver)) return;
    await ctx.inTurn(async () => {
      const over = box.of(to).filter(isOver);
      const stop = copiesOf(over);
      await ctx.store.batch([...over.map(box.erase), ...stop.writes]);
      box.drop(over);
      stop.done();
    });
  }

  /** The device has it. @param {Item} item @param {Target} target @param {Target[]} all */
  const took = (item, target, all) =>
    ctx.inTurn(async () => {
      const now = box.of(item.to).find((each) => each.id === item.id);
      if (!now) return;
      const gone = without([now], target.id, (kept) => item.only !== '' || all.every((each) => !isFor(kept, each)));
      const said = item.type === 'text' ? await ctx.chat.advance(item.bodyId, 'sent') : null;
      await ctx.store.batch([...gone.writes, ...(said?.writes ?? [])]);
      gone.done();
      said?.done();
    });

  /** What nobody took for seven days. @param {string} to */
  async function expire(to) {
    const old = box.of(to).filter((item) => ctx.now() - item.created > LIFE_MILLIS);
    if (!old.length) return;
    await ctx.inTurn(async () => {
      const texts = old.filter((item) => item.type === 'text');
      const unread = texts.filter((item) => item.done.length === 0);
      const failed = await Promise.all(
        texts.map((item) => ctx.chat.advance(item.bodyId, 'failed', unread.includes(item))),
      );
      const stop = copiesOf(old);
      const knock = unread.length ? ctx.requests.again(to) : null;
      await ctx.store.batch([
        ...old.map(box.erase),
        ...failed.flatMap((each) => each?.writes ?? []),
        ...stop.writes,
        ...(knock?.writes ?? []),
      ]);
      box.drop(old);
      stop.done();
      for (const each of failed) each?.done();
      knock?.done();
    });
  }

  /** @param {Item[]} items */
  function admit(items) {
    box.add(items);
    for (const to of new Set(items.map((item) => item.to))) void flush(to);
  }

  return {
    load: () => Promise.all([box.load(), stopped.load()]),
    flush,
    /** Something to deliver, not kept yet: its writes belong into the batch of what it comes from, `admit` after it. @param {Wish[]} wishes */
    prepare(wishes) {
      const items = wishes.map(box.make);
      return { writes: items.map(box.write), admit: () => admit(items), items };
    },
    /** For what comes from nothing else. @param {Wish[]} wishes */
    enqueue: (...wishes) =>
      ctx.inTurn(async () => {
        const items = wishes.map(box.make);
        await ctx.store.batch(items.map(box.write));
        admit(items);
      }),
    /** Erasing belongs into a batch too. @param {(item: Item) => boolean} which */
    withdraw(which) {
      const items = box.filter(which);
      const stop = copiesOf(items);
      const drop = () => {
        box.drop(items);
        stop.done();
      };
      return { writes: [...items.map(box.erase), ...stop.writes], drop, items };
    },
    /** A device has these messages: it said so in a receipt. @param {string} address @param {string} device @param {string[]} ids @returns {import('./reception.js').Change} */
    acknowledged(address, device, ids) {
      const said = new Set(ids);
      const items = box.of(address).filter((item) => said.has(item.bodyId) && !item.done.includes(device));
      return without(items, device, ({ wanted, done }) => wanted.length > 0 && wanted.every((id) => done.includes(id)));
    },
    /** @param {(item: Item) => boolean} which */
    waits: (which) => box.filter(which).length > 0,
    /** Oldest first. @param {(item: Item) => boolean} which */
    waiting: (which) => box.filter(which),
    /** A receipt, soon, with others. @param {string} address @param {string[]} ids @param {1|2} state */
    owe(address, ids, state) {
      const writes = ids.flatMap((id) => box.owe(address, id, state));
      const done = () => {
        box.owes(writes);
        ctx.timer(RECEIPT_MILLIS, () => void flush(address));
      };
      return { writes, done };
    },
    /** @param {Target} target */
    paths: (target) => waysTo(ctx.ua?.ready ?? [], target),
    flushAll() {
      stopped.soon();
      return Promise.all([...box.addressees()].map((to) => flush(to)));
    },
    /** Called when something may have changed that we waited for; set by the agent. */
    settled: async () => {},
    close() {
      closed = true;
      copies.close();
      stopped.close();
      for (const lane of lanes.values()) lane.cancel();
    },
  };
}
