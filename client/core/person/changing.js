// A new address: asked for, proven by a code, and from then on the present one.
import { readEntry } from '../agent/shared.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { tableOf, wiping } from '../store/within.js';
import { seeds, tellContacts, tellDevices } from './leaving.js';
import { UP } from './selves.js';

const MAX_FORMER = 4;

/** @typedef {import('./selves.js').Self} Self */
/** @typedef {import('../starling.js').Starling} Starling */
/** @typedef {ReturnType<typeof changing>} Changing */

/** @param {import('./selves.js').Selves} selves @param {import('./queue.js').Queue} queue @param {import('./ending.js').Ending} ending */
export function changing(selves, queue, ending) {
  const { store } = selves.around;
  const addressOf = (/** @type {Self} */ self) => self.starling.state.me.address;

  /** @param {string} typed @param {string} [accountKey]  as the operator of the CA gave it, where it wants one */
  async function changeAddress(typed, accountKey) {
    need(typed.trim() !== '', 'address.empty');
    const address = parseAddress(typed.trim());
    need(address.includes('@'), 'address.phone-syntax');
    need(address !== addressOf(selves.now), 'move.same');
    need(!selves.coming, 'move.busy');
    await queue.wanted(() => changeTo(address, accountKey));
  }

  /** @param {string} address @param {string | undefined} accountKey */
  async function changeTo(address, accountKey) {
    // It may have become ours while this waited.
    need(!selves.coming && address !== addressOf(selves.now), 'move.busy');
    need(UP.includes(selves.main.state.me.status), 'move.offline');
    // One that is still ours needs no new proof.
    const back = selves.former.find((each) => addressOf(each) === address);
    if (back) {
      need(UP.includes(back.starling.state.me.status), 'move.offline');
      return turnTo(back, [selves.now, ...selves.former.filter((each) => each !== back)], false);
    }
    need(selves.former.length < MAX_FORMER, 'move.too-many');
    const { ids } = selves;
    const n = ids.next;
    await selves.save({ ...ids, coming: n, next: n + 1 }, await seeds(store, ids.now, n));
    selves.coming = await selves.openSelf(n, false);
    selves.follow(selves.coming);
    try {
      await selves.coming.starling.enrol(address, accountKey);
    } catch (e) {
      await withdraw();
      throw e;
    }
    selves.draw();
  }

  /** @param {(starling: Starling) => Promise<void>} task */
  async function asComing(task) {
    const coming = selves.coming?.starling;
    if (!coming) throw new StarlingError('code');
    await task(coming);
  }

  /** The old address stays as it is. */
  async function cancel() {
    const { coming } = selves;
    if (!coming) return;
    await queue.wanted(async () => {
      // Too late: it is the present one.
      need(selves.coming === coming, 'move.busy');
      await withdraw();
    });
  }

  async function withdraw() {
    const { coming } = selves;
    if (!coming) return;
    selves.coming = null;
    selves.forget(coming);
    if (coming.starling.ctx.profile?.chain.length) await coming.starling.ctx.devices.withdraw().catch(() => {});
    await coming.starling.close();
    // An account that took a key of the CA's operator is there for the next attempt.
    const bound = await store.get(tableOf(coming.n, 'enrol'), 'bound');
    /** @type {import('./selves.js').Write[]} */
    const kept = bound ? [[tableOf(selves.now.n, 'enrol'), 'bound', bound]] : [];
    await selves.save({ ...selves.ids, coming: null, anew: false }, [...kept, ...(await wiping(store, coming.n))]);
    selves.draw();
  }

  /** After a reload: a code that ran out is said, and another one offered; where none was asked for yet, nothing is left. */
  async function resume() {
    const { coming } = selves;
    if (coming?.starling.state.me.status === 'new' && !(await coming.starling.enrolment.showExpired()))
      await withdraw();
  }

  /** No other device is left at the new address: this one begins its list anew, and tells our contacts. @param {{revokeOld?: boolean}} [how] */
  const recover = (how) =>
    asComing(async (starling) => {
      // Before: it may be there at once.
      await setAnew(true);
      await starling.recover(how).catch(async (e) => {
        await setAnew(false);
        throw e;
      });
    });
  const setAnew = (/** @type {boolean} */ anew) =>
    queue.alone(async () => void (selves.coming && (await selves.save({ ...selves.ids, anew }))));

  /** The new address can be reached: from here on it is ours. */
  async function arrive() {
    const { coming } = selves;
    if (!coming || !UP.includes(coming.starling.state.me.status)) return;
    const { name } = selves.main.state.me;
    if (name) await coming.starling.setName(name);
    await turnTo(coming, [selves.now, ...selves.former], !selves.ids.anew && movedElsewhere(coming));
  }

  /** Another device of ours went there before, and tells. @param {Self} coming */
  function movedElsewhere(coming) {
    const entry = selves.main.ctx.own.get('moving');
    const said = entry && readEntry(entry);
    return said?.kind === 'moving' && said.to === addressOf(coming);
  }

  /** @param {Self} self @param {Self[]} former @param {boolean} quiet */
  async function turnTo(self, former, quiet) {
    const [kept, over] = [former.slice(0, MAX_FORMER), former.slice(MAX_FORMER)];
    const [old] = former;
    for (const each of former) each.starling.ctx.around.former = true;
    self.starling.ctx.around.former = false;
    // What was said the last time that this address was left says nothing of the next.
    const said = [...self.told.keys()].map(
      (each) => /** @type {import('./selves.js').Write} */ ([tableOf(self.n, 'told'), each, undefined]),
    );
    const numbers = { now: self.n, former: former.map(({ n }) => n), coming: null, anew: false };
    await selves.save({ ...selves.ids, ...numbers, quiet, turned: selves.main.ctx.now() }, said);
    self.told.clear();
    selves.now = self;
    selves.former = former;
    selves.coming = null;
    await tellDevices(self, '');
    await tellDevices(old, addressOf(self));
    void self.starling.enrolment.resume();
    selves.draw();
    for (const each of kept) if (!quiet && UP.includes(each.starling.state.me.status)) await tellContacts(each, self);
    for (const each of over) await ending.end(each);
    selves.draw();
  }

  return {
    changeAddress,
    submitMoveCode: (/** @type {string} */ pasted) => asComing((starling) => starling.submitCode(pasted)),
    resendMoveCode: () => asComing((starling) => starling.resendCode()),
    useMoveDeviceCode: (/** @type {string} */ typed) => asComing((starling) => starling.useDeviceCode(typed)),
    askMoveDevicesAgain: () => asComing((starling) => starling.askDevicesAgain()),
    recover,
    cancel,
    resume,
    arrive,
  };
}
