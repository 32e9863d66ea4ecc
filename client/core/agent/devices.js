// The list of devices of this address. A root is signed only when nobody's list was found, twice; otherwise a listed device must allow us.
import { encode, sha256 } from '../bytes.js';
import {
  cutToFit,
  devicesBody,
  headOf,
  isCut,
  lastCommon,
  makeLink,
  mergedDevices,
  relation,
  verifyDevices,
} from '../record/devices.js';
import { ghostWatch } from './ghosts.js';
import { phoneEnds } from './phone-ends.js';
import { givingWay } from './giving-way.js';
import { beyond, fork, isLasting, objecting, isOfLists, linksOf, otherList } from './list-notices.js';
import { together } from './own.js';
import { ownObjections } from './objections.js';
import { ownRecords } from './own-records.js';
import { advanced, furthest, revokedSince, tips } from './versions.js';

const WAIT_MILLIS = 5_000;
/** Somebody may add a device to our address behind our back. */
const LOOK_MILLIS = 600_000;
/** What was looked at so lately is not looked at again because a peer came or went: the streams tell. */
const FRESH_MILLIS = 60_000;

const MAX_REFUSED = 200;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {import('../record/devices.js').Listed} Listed */

/** Twelve digits that both browsers show: so many that nobody finds a second key with the same ones while somebody waits. @param {string} device @param {string} address */
export async function checkCode(device, address) {
  const hash = await sha256(encode(`${device} ${address}`));
  return String(new DataView(hash.buffer).getBigUint64(0) % 1_000_000_000_000n).padStart(12, '0');
}

/** @param {Context} ctx */
export function ownDevices(ctx) {
  /** @type {DeviceChain | null} */
  let chain = null;
  /** Lists on which we do not stand: before we stand on one, those whose devices we ask. @type {DeviceChain[]} */
  let foreign = [];
  /** Hashes of versions of lists that the user does not want to know of. @type {Set<string>} */
  const refused = new Set();
  /** Other versions of ours that the user was told of since this page is open, and does not want: he is told again, because contacts write to neither. @type {Set<string>} */
  const kept = new Set();
  /** Pairs of versions of our list seen once already. @type {Set<string>} */
  const forks = new Set();
  const ghosts = ghostWatch(ctx, () => chain);
  const phones = phoneEnds(ctx, () => chain);
  const objections = ownObjections(ctx);
  /** Of other devices of our address, as the last look showed; by device. @type {Map<string, Uint8Array<ArrayBuffer>>} */
  let certificates = new Map();
  /** Devices of this address that signed themselves off for good, as the last look showed. @type {Set<string>} */
  let withdrawn = new Set();
  /** Listed devices that somebody entitled took out, as the last look showed. @type {Set<string>} */
  let out = new Set();
  let stopLooking = () => {};
  let closed = false;
  /** When the DHT last said something of our address, Unix ms. */
  let looked = -Infinity;

  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);
  const records = ownRecords(ctx, () => {
    if (chain && lists(profile().key.id)) return devicesBody(chain, objections.list());
    return way.isUnderWay() ? 'withdrawn' : null;
  });
  const way = givingWay(ctx, { extend, take, rotate: rotateFriendsKey });

  async function load() {
    chain = (await ctx.store.get('me', 'chain')) ?? null;
    await way.load();
    await objections.load();
    for (const hash of (await ctx.store.get('me', 'refused-lists')) ?? []) refused.add(hash);
    if (await ctx.store.get('me', 'removed')) ctx.me({ status: 'removed' });
    show();
  }

  function show() {
    const self = ctx.profile?.key.id ?? '';
    const listed = chain ? [...headOf(chain).devices.values()] : [];
    ctx.update({
      devices: [
        ...listed.map((d) => ({
          deviceId: d.id,
          name: d.name,
          added: d.added * 1000,
          self: d.id === self,
          listed: true,
          listening: d.id === self,
          ...phones.of(d.id),
        })),
        ...ghosts.shown(),
      ],
    });
  }

  /** @param {DeviceChain} next */
  async function keep(next) {
    const stood = lists(profile().key.id);
    chain = next;
    await ctx.store.put('me', 'chain', next);
    show();
    if (stood && !lists(profile().key.id)) await gone();
  }

  /** @param {string} id */
  const lists = (id) => !!chain && headOf(chain).devices.has(id);

  /**
   * What the DHT says of our own address; that there is nothing counts only when every peer we are at says so.
   * @param {import('../locate/locator.js').Lookup} [told]  what was just looked up
   * @returns {Promise<'listed'|'waiting'|'none'|'unreachable'>}
   */
  async function look(told) {
    stopLooking();
    if (closed) return 'unreachable';
    lookLater();
    const found = told ?? (await ctx.locator.find(profile().address, { fresh: true, whole: true, once: true }));
    // The next page of this device reads for itself.
    if (closed || found.kind === 'unreachable') return 'unreachable';
    if (found.asked) looked = ctx.now();
    if (found.kind !== 'found') {
      if (chain) return 'listed';
      return (found.asked ?? 0) >= Math.max(1, ctx.ua?.ready.length ?? 0) ? 'none' : 'unreachable';
    }
    const before = chain;
    if (before) await follow(before, found);
    else {
      foreign = way.among(found.chains.filter((each) => !isRefused(each)));
      // Two roots and no memory: which is ours, only the user knows, or the one who let us in.
      const ours = foreign.filter(
        (each) => headOf(each).devices.has(profile().key.id) && ctx.endorsement.mayJoin(each),
      );
      const best = furthest(ours);
      if (best) await keep(best);
      else await mergeTips(tips(ours));
    }
    await rejoin();
    for (const other of found.chains) await consider(other);
    settled(found.chains);
    ghosts.look(found);
    phones.look(found);
    if (chain) show();
    withdrawn = new Set(found.withdrawn);
    certificates = new Map([...found.devices].map(([id, { certificate }]) => [id, certificate]));
    if (chain && lists(profile().key.id)) await listen(found, chain);
    await ctx.endorsement.excuse();
    if (chain) await heed(found, before ?? chain, chain);
    return lists(profile().key.id) ? 'listed' : 'waiting';
  }

  /** What is said against our list, and what we go on saying against another one. @param {import('../locate/locator.js').Found} found @param {DeviceChain} mine */
  async function listen(found, mine) {
    objections.hear(found, mine);
    const grown = objections.outgrown(found.chains);
    if (grown) await object(grown);
  }

  /** @param {DeviceChain} other */
  async function object(other) {
    const change = objections.against(other);
    await ctx.store.batch(change.writes);
    change.done();
    await records.publishDevices();
  }

  /** Goes on to a newer version; with two of them, of which neither continues the other, only by making one of both. @param {DeviceChain} before @param {import('../locate/locator.js').Found} found */
  async function follow(before, found) {
    const next = await advanced(found, before);
    if (next !== before) await keep(next);
    await mergeTips(tips(found.chains.filter((each) => relation(each, next) === 'newer')));
  }

  /** @param {DeviceChain[]} versions  of which none continues another */
  async function mergeTips(versions) {
    for (const [i, a] of versions.entries()) for (const b of versions.slice(i + 1)) if (await merge(a, b)) return;
  }

  /** Whether somebody entitled took this device out. For good, so one who is out has no say. @param {import('../locate/locator.js').Found} found @param {DeviceChain} before @param {DeviceChain} now */
  async function heed(found, before, now) {
    out = revokedSince(found, before, now);
    const heard = found.revocations.filter(({ signer, authority }) => authority || !out.has(signer));
    const self = profile().key.id;
    if (lists(self) && revokedSince({ ...found, revocations: heard }, before, now).has(self)) await gone();
  }

  /** As soon as a stream tells of something, or where none does, after a while. */
  function lookLater() {
    const { address, friendsKey } = profile();
    const how = () => ({ friendsKey, whole: true, once: true });
    // What no store was asked for says nothing new.
    const changed = (/** @type {import('../locate/locator.js').Lookup} */ found) =>
      void lookAgain(found.asked ? found : undefined);
    ctx.locator.follow(address, { friendsKey, own: true, how, changed });
    stopLooking = ctx.timer(LOOK_MILLIS, () => (ctx.locator.isTold(address) ? lookLater() : void lookAgain()));
  }

  /** Nobody waits for it. @param {import('../locate/locator.js').Lookup} [told] */
  const lookAgain = (told) =>
    look(told).then(
      () => {},
      (e) => console.warn('starling: own records', e instanceof Error ? e.message : e),
    );

  /** @param {DeviceChain} other */
  const isRefused = (other) => other.some((link) => refused.has(link.hash));

  /** @param {DeviceChain} other */
  async function consider(other) {
    if (!chain || isRefused(other)) return;
    const how = relation(other, chain);
    const mine = chain;
    const isMade = how === 'fork' && (await merge(mine, other));
    if (!lists(profile().key.id)) return;
    // Somebody, perhaps we ourselves, began a list anew; or two devices took each other off.
    if (how === 'new-root') warn(other, otherList(other));
    if (how === 'fork' && !isMade && !kept.has(headOf(other).hash) && isLasting(mine, other)) warn(other, fork(other));
  }

  /** @param {DeviceChain} other @param {import('../types.js').Notice} notice */
  function warn(other, notice) {
    const tip = headOf(other).hash;
    if (!foreign.some((each) => headOf(each).hash === tip)) foreign = [...foreign, other].slice(-8);
    ctx.notice(notice);
  }

  /** Of two versions one gave way. @param {DeviceChain[]} all */
  function settled(all) {
    const there = new Set(all.map((each) => fork(each).id));
    const { notices } = ctx.state;
    const left = notices.filter(({ id }) => !id.startsWith('fork ') || there.has(id));
    if (left.length < notices.length) ctx.update({ notices: left });
  }

  /** @param {DeviceChain[]} lists */
  async function refuse(lists) {
    for (const link of lists.flat()) refused.add(link.hash);
    await ctx.store.put('me', 'refused-lists', [...refused].slice(-MAX_REFUSED));
  }

  /** Two versions that were made at once: removal wins, the next names both. @param {DeviceChain} ours @param {DeviceChain} other @returns {Promise<boolean>} whether it was made */
  async function merge(ours, other) {
    const self = profile().key.id;
    const [a, b] = [headOf(ours), headOf(other)];
    const links = linksOf(ours, other);
    const wanted = mergedDevices(links, a, b);
    if (!wanted?.has(self) || !a.devices.has(self) || !b.devices.has(self)) return false;
    // One of us is enough; where it does not do it, the others do.
    const isFirst = [...wanted].filter((id) => a.devices.has(id) && b.devices.has(id)).sort()[0] === self;
    const pair = [a.hash, b.hash].sort().join(' ');
    if (!isFirst && !forks.has(pair)) return (forks.add(pair), false);
    const [common] = lastCommon(links, a, b);
    // The name that one of them changed.
    const named = (/** @type {string} */ id) => {
      const [ours, theirs] = [a.devices.get(id), b.devices.get(id)];
      return theirs && (!ours || theirs.name !== common.devices.get(id)?.name) ? theirs : ours;
    };
    const devices = /** @type {Listed[]} */ ([...wanted].map(named));
    await append(links, [a.hash, b.hash], devices);
    return true;
  }

  /** @param {DeviceChain} before @param {string[]} parents @param {Listed[]} devices */
  const append = async (before, parents, devices) => take(await extend(before, parents, devices));

  /** @param {DeviceChain} next  made here */
  async function take(next) {
    await keep(next);
    await records.publishDevices();
  }

  /** @param {DeviceChain} before @param {string[]} parents @param {Listed[]} devices @returns {Promise<DeviceChain>} */
  async function extend(before, parents, devices) {
    const { address, key } = profile();
    const link = await makeLink(key, parents, devices, Math.floor(ctx.now() / 1000), address, ctx.network());
    const all = [...before.map((each) => each.encoded), link];
    const fit = await cutToFit(all, address, ctx.network());
    const cut = fit.length < all.length || (before.length > 0 && isCut(before));
    return verifyDevices(fit, address, ctx.network(), cut);
  }

  async function rejoin() {
    if (chain && lists(profile().key.id)) await way.rejoin(chain);
  }

  /** The next version of our list, after the newest one that can be found. @param {(devices: Listed[]) => Listed[]} change */
  async function edit(change) {
    await look().catch(() => 'unreachable');
    if (!chain || !lists(profile().key.id)) return;
    await append(chain, [headOf(chain).hash], change([...headOf(chain).devices.values()]));
  }

  /** @returns {Listed} */
  const thisDevice = () => ({
    id: profile().key.id,
    spki: profile().key.spki,
    name: ctx.around.deviceName.slice(0, 64),
    added: Math.floor(ctx.now() / 1000),
  });

  /** Another device of ours took this one off the list: what is here stays readable, and nobody finds it any more. */
  async function gone() {
    if (await ctx.store.get('me', 'removed')) return;
    const left = ctx.own.leave();
    await ctx.store.batch([...left.writes, ['me', 'removed', ctx.now()]]);
    left.done();
    ctx.me({ status: 'removed' });
    await Promise.allSettled([withdraw(), ctx.contacts.withdrawConsent()]);
    await ctx.left();
  }

  /** Whether there is one list only that could be ours. */
  const isPlain = () => !!chain || foreign.every((each) => relation(each, foreign[0]) !== 'new-root');

  /** Asks the listed devices to allow this one, until one does. */
  async function askToBeAllowed() {
    const { address, key } = profile();
    ctx.me({ status: 'waiting-for-device', checkCode: await checkCode(key.id, address) });
    for (const id of askable()) await ctx.endorsement.ask(id);
  }

  /** The devices of all lists of our address. */
  const askable = () =>
    [...new Set((chain ? [chain] : foreign).flatMap((each) => [...headOf(each).devices.keys()]))].filter(
      (id) => id !== profile().key.id,
    );

  /** Tombstones: nobody should go on looking for this device. */
  async function withdraw() {
    stopLooking();
    await records.withdraw(!!chain);
  }

  return {
    load,
    show,
    publish: records.publish,
    publishAll: records.publishAll,
    moveLocation: records.moveLocation,
    withdraw,
    stale: records.stale,
    look,
    lists,
    /** Listed, and nobody entitled took it out. @param {string} id */
    hears: (id) => lists(id) && !out.has(id),
    hasWithdrawn: (/** @type {string} */ id) => withdrawn.has(id),
    askable,
    isPlain,
    isGivingWay: way.isUnderWay,
    chain: () => chain,
    /** Devices of ours, or of our address, that stand on no list and to which something is to be said all the same. @returns {string[]} */
    guests: () => [...(chain && lists(profile().key.id) ? [] : askable()), ...ctx.endorsement.guests()],
    /** Own other devices, listed. */
    others: () =>
      chain && ctx.profile ? [...headOf(chain).devices.keys()].filter((id) => id !== profile().key.id) : [],

    /** Makes sure this device stands on the list, or waits for it. @returns {Promise<boolean>} */
    async settle() {
      if (ctx.state.me.status === 'removed') return false;
      if (lists(profile().key.id)) {
        const age = ctx.now() - looked;
        if (age < 0 || age >= FRESH_MILLIS) void lookAgain();
        // Listed, but not given the keys yet: the word of whoever let us in was lost.
        if (!ctx.own.isJoined()) await askAgain();
        await rejoin();
        return true;
      }
      let there = await look();
      if (there === 'none') there = await look();
      if (there === 'none') {
        await append([], [], [thisDevice()]);
        await ctx.own.begin();
        return true;
      }
      if (there === 'listed') {
        if (!ctx.own.isJoined()) await askAgain();
        return true;
      }
      if (there === 'waiting') {
        // The certificate must be there before another device can look at it, and so must we, to be answered.
        await records.publishPlace();
        await askToBeAllowed();
      }
      ctx.timer(WAIT_MILLIS, () => void ctx.delivery.settled());
      return false;
    },

    /** @param {string} id @param {Uint8Array<ArrayBuffer>} spki @param {string} name */
    async allow(id, spki, name) {
      ghosts.expect(id);
      out.delete(id);
      await records.revoked.drop(id);
      await edit((devices) => [
        ...devices.filter((each) => each.id !== id),
        { id, spki, name, added: Math.floor(ctx.now() / 1000) },
      ]);
    },

    /** @param {string} id @param {string} name */
    rename: (id, name) =>
      edit((devices) => devices.map((each) => (each.id === id ? { ...each, name: name.trim().slice(0, 64) } : each))),

    /** Whoever is gone gets neither messages nor the keys under which the others find each other. @param {string} id */
    async remove(id) {
      if (!chain || id === profile().key.id) return;
      // First of all: a store that keeps the new list back must not keep the device in.
      await records.revoked.add(id);
      await edit((devices) => devices.filter((each) => each.id !== id));
      await ctx.endorsement.dismiss(id);
      await ctx.own.rotate();
      await rotateFriendsKey();
    },

    /** Every other device is lost: a list of our own, which others must agree to. @returns {Promise<Uint8Array<ArrayBuffer>[]>} the certificates of the devices of the other lists */
    async recover() {
      await refuse([...(chain ? [chain] : []), ...foreign]);
      const over = together(way.end(), objections.none());
      await ctx.store.batch(over.writes);
      over.done();
      const old = new Set(askable());
      chain = null;
      foreign = [];
      await append([], [], [thisDevice()]);
      await ctx.own.begin();
      await rotateFriendsKey();
      return [...certificates].filter(([id]) => old.has(id)).map(([, der]) => der);
    },

    /** The other list that appeared. @param {string} hash  of its root, or of its newest version where the root is ours @param {boolean} join  the user made it: this device asks to stand on it */
    async decide(hash, join) {
      const other = foreign.findLast((each) => each[0].hash === hash || headOf(each).hash === hash);
      if (!other) return;
      const isFork = !!chain && relation(other, chain) === 'fork';
      if (!join) {
        if (isFork) return void kept.add(headOf(other).hash);
        if (!chain) return;
        await refuse([beyond(other, chain)]);
        await object(other);
        return ctx.notice(objecting(other));
      }
      for (const { hash: link } of other) refused.delete(link);
      // Of two roots nobody can make one; a version that was left is brought back with us.
      if (chain && !isFork) await refuse([beyond(chain, other)]);
      const changes = together(
        ctx.own.leave(),
        await records.revoked.dropping([...headOf(other).devices.keys()]),
        ctx.endorsement.beginAnew(),
        objections.none(),
        ...(chain && isFork ? [way.begin(chain, other, profile().friendsVersion)] : []),
      );
      await ctx.store.batch([...changes.writes, ['me', 'chain', undefined]]);
      changes.done();
      chain = null;
      foreign = [other];
      ctx.update({ notices: ctx.state.notices.filter(({ id }) => !isOfLists(id)) });
      records.stale();
      show();
    },

    close() {
      closed = true;
      records.close();
      stopLooking();
    },
  };

  /** @param {number} [above]  a version that some contacts were told already */
  async function rotateFriendsKey(above = 0) {
    const before = profile().friendsKey;
    await ctx.inTurn(async () => {
      const change = ctx.contacts.rotated('', above);
      await ctx.store.batch(change.writes);
      change.done();
    });
    await records.moveLocation(before);
  }

  async function askAgain() {
    // A key out of a backup, and no other device that could tell what they shared.
    if (profile().restored && chain && !askable().length) return ctx.own.begin();
    for (const id of askable()) await ctx.endorsement.ask(id);
  }
}
