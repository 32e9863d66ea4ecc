// The list of devices of this address, and the records that say where this one is. A root is signed only when nobody's list was found, twice; otherwise a listed device must allow us.
import { encode, sha256 } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { gruu } from '../identity/device.js';
import { untilNextDay } from '../locate/places.js';
import { locationBody, revokedBody } from '../record/bodies.js';
import { headOf, makeLink, mergedDevices, relation, verifyDevices } from '../record/devices.js';
import { signRecord } from '../record/record.js';
import { daysAround } from '../record/rendezvous.js';

const DAY_SECONDS = 86_400;
const LOCATION_SECONDS = 12 * 3600;
const REVOKED_SECONDS = 31 * DAY_SECONDS;
const MAX_REVOKED = 64;
const REFRESH_MILLIS = 4 * 3600 * 1000;
/** What a peer did not take is offered again. */
const AGAIN_MILLIS = 60_000;
const WAIT_MILLIS = 5_000;
/** Somebody may add a device to our address behind our back. */
const LOOK_MILLIS = 600_000;

/** @typedef {import('./context.js').Context} Context */

/** Six digits that both browsers show. @param {string} device @param {string} address */
export async function checkCode(device, address) {
  const hash = await sha256(encode(`${device} ${address}`));
  return String(new DataView(hash.buffer).getUint32(0) % 1_000_000).padStart(6, '0');
}

/** @param {Context} ctx */
export function ownDevices(ctx) {
  /** @type {import('../record/devices.js').DeviceChain | null} */
  let chain = null;
  /** @type {Set<string>} */
  const ghosts = new Set();
  let stop = () => {};
  let stopLooking = () => {};
  /** The last publication of where we are. @type {{of: string, written: Promise<import('../locate/locator.js').Written>} | null} */
  let last = null;

  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  async function load() {
    chain = (await ctx.store.get('me', 'chain')) ?? null;
    show();
  }

  /** @param {string} id */
  const isGhost = (id) => !chain?.some((link) => link.devices.has(id));

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
        })),
        ...[...ghosts].filter(isGhost).map((id) => ({
          deviceId: id,
          name: '',
          added: 0,
          self: false,
          listed: false,
          listening: false,
        })),
      ],
    });
  }

  /** @param {import('../record/devices.js').DeviceChain} next */
  async function keep(next) {
    chain = next;
    await ctx.store.put('me', 'chain', next);
    show();
  }

  /**
   * What the DHT says of our own address; that there is nothing counts only when every peer we are at says so.
   * @returns {Promise<'listed'|'waiting'|'none'|'unreachable'>}
   */
  async function look() {
    stopLooking();
    lookLater();
    const found = await ctx.locator.find(profile().address, { fresh: true, whole: true, once: true });
    if (found.kind === 'unreachable') return 'unreachable';
    if (found.kind !== 'found') {
      if (chain) return 'listed';
      return (found.asked ?? 0) >= Math.max(1, ctx.ua?.ready.length ?? 0) ? 'none' : 'unreachable';
    }
    // Two roots and no memory: whom to ask to be allowed, only the user knows.
    if (!chain && new Set(found.chains.map((each) => each[0].hash)).size > 1) {
      foreign = null;
      return 'waiting';
    }
    for (const other of found.chains) await consider(other);
    noteGhosts(found);
    if (!chain) return 'waiting';
    return headOf(chain).devices.has(profile().key.id) ? 'listed' : 'waiting';
  }

  /** As soon as a stream tells of something, or where none does, after a while. */
  function lookLater() {
    const { address, friendsKey } = profile();
    const how = () => ({ friendsKey, whole: true, once: true });
    ctx.locator.follow(address, { friendsKey, own: true, how, changed: () => void lookAgain() });
    stopLooking = ctx.timer(LOOK_MILLIS, () => (ctx.locator.isTold(address) ? lookLater() : void lookAgain()));
  }

  /** Nobody waits for it. */
  const lookAgain = () =>
    look().then(
      () => {},
      (e) => console.warn('starling: own records', e instanceof Error ? e.message : e),
    );

  /** @param {import('../record/devices.js').DeviceChain} other */
  async function consider(other) {
    const self = profile().key.id;
    if (!chain) {
      foreign = other;
      if (headOf(other).devices.has(self)) await keep(other);
      return;
    }
    const how = relation(other, chain);
    if (how === 'newer') await keep(other);
    if (how === 'fork') await merge(other);
  }
  /** @type {import('../record/devices.js').DeviceChain | null} */
  let foreign = null;

  /** Two versions with one parent: removal wins, the next names both. @param {import('../record/devices.js').DeviceChain} other */
  async function merge(other) {
    const ours = /** @type {import('../record/devices.js').DeviceChain} */ (chain);
    const a = headOf(ours);
    const b = headOf(other);
    if (
      a.parents.length !== 1 ||
      a.parents[0] !== b.parents[0] ||
      !a.devices.has(profile().key.id) ||
      !b.devices.has(profile().key.id)
    )
      return;
    const common = ours.find((link) => link.hash === a.parents[0]);
    if (!common) return;
    const wanted = mergedDevices(common, a, b);
    const devices = [...new Map([...a.devices, ...b.devices]).values()].filter((d) => wanted.has(d.id));
    await append([...ours, b], [a.hash, b.hash], devices);
  }

  /** @param {import('../record/devices.js').DeviceChain} before @param {string[]} parents @param {import('../record/devices.js').Listed[]} devices */
  async function append(before, parents, devices) {
    const { address, key } = profile();
    const link = await makeLink(key, parents, devices, Math.floor(ctx.now() / 1000), address, ctx.network());
    await keep(await verifyDevices([...before.map((each) => each.encoded), link], address, ctx.network()));
    await publishDevices();
  }

  /** Certified for our address, but never on our list: shown, and nothing is sent to it. @param {import('../locate/locator.js').Found} found */
  function noteGhosts(found) {
    if (!chain) return;
    for (const id of found.devices.keys()) {
      if (!isGhost(id) || id === profile().key.id || ghosts.has(id)) continue;
      ghosts.add(id);
      if (!ctx.state.endorsements.some((each) => each.deviceId === id))
        ctx.notice({
          id: `ghost ${id}`,
          kind: 'warning',
          key: 'ghost',
          args: {},
          actions: [{ id: 'ok', key: 'ghost.ok', safe: true }],
        });
    }
    show();
  }

  /** Strictly rising, also over a reload: readers remember it. @param {import('../record/rendezvous.js').Kind} kind */
  const nextSequence = (kind) =>
    ctx.inTurn(async () => {
      const before = (await ctx.store.get('sequences', `own ${kind}`)) ?? 0;
      const sequence = Math.max(before + 1, ctx.now());
      await ctx.store.put('sequences', `own ${kind}`, sequence);
      return sequence;
    });

  /**
   * @param {import('../record/rendezvous.js').Kind} kind @param {Map<number, any> | null} body  null: a tombstone
   * @param {number} seconds @param {(Uint8Array | null)[]} [masters]
   */
  async function publish(kind, body, seconds, masters) {
    const { address, key } = profile();
    const sequence = await nextSequence(kind);
    const latest = Math.floor(parseCertificate(ctx.signer().chain[0]).notAfter / 1000);
    const issued = Math.floor(ctx.now() / 1000);
    const bytes = await signRecord(ctx.signer(), ctx.network(), {
      kind,
      address,
      device: key.id,
      sequence,
      issued,
      expires: Math.min(issued + seconds, latest),
      body,
    });
    return ctx.locator.publish(ctx.signer(), address, key.id, kind, bytes, masters);
  }

  const publishDevices = async () =>
    chain ? publish('DEVICES', new Map([[1, chain.map((link) => link.encoded)]]), 30 * DAY_SECONDS) : [];

  /** Our peers, those that answer first: one that is away for a moment serves us again before anybody reads of it. */
  function placesOfOurs() {
    const ready = new Set(ctx.ua?.ready.map((flow) => flow.peer.id));
    const known = [...ctx.peers.known.values()];
    return [...known.filter((peer) => ready.has(peer.id)), ...known.filter((peer) => !ready.has(peer.id))].slice(0, 4);
  }

  /** One record in both places: readers remember one sequence for it. */
  function publishLocation() {
    const { address, key, friendsKey } = profile();
    const peers = placesOfOurs().map((peer) => ({ uri: peer.sip, id: peer.id, base: peer.base }));
    const capabilities = ['message', ...(ctx.around.media ? ['audio'] : [])];
    const body = locationBody({ peers, gruu: gruu(address, key.id), capabilities });
    return publish('LOCATION', body, LOCATION_SECONDS, [null, friendsKey]);
  }

  /** What this device took off the list, for as long as a certificate of it may live. @returns {Promise<{id: string, since: number}[]>} */
  async function revoked() {
    const from = Math.floor(ctx.now() / 1000) - REVOKED_SECONDS;
    const all = /** @type {{id: string, since: number}[]} */ ((await ctx.store.get('me', 'revoked')) ?? []);
    return all.filter((each) => each.since > from).slice(-MAX_REVOKED);
  }

  /** @param {string} id */
  async function revoke(id) {
    const others = (await revoked()).filter((each) => each.id !== id);
    await ctx.store.put('me', 'revoked', [...others, { id, since: Math.floor(ctx.now() / 1000) }]);
    await publishRevoked();
  }

  /** null: there is nothing to say. */
  async function publishRevoked() {
    const all = await revoked();
    if (all.length === 0) return null;
    const since = Math.min(...all.map((each) => each.since));
    return publish(
      'REVOKED',
      revokedBody({ devices: all.map((each) => each.id), reason: 'removed', since }),
      REVOKED_SECONDS,
    );
  }

  /**
   * Publishes everything this device has to say, unless it did so just now; again on a fixed schedule.
   * @returns {Promise<import('../locate/locator.js').Written>} where we are
   */
  function publishAll() {
    const of = [...placesOfOurs().map((peer) => peer.id), daysAround(ctx.now()).sort().at(-1)].sort().join(' ');
    if (last?.of === of) return last.written;
    const written = publishLocation();
    last = { of, written };
    stop();
    stop = ctx.timer(Math.min(REFRESH_MILLIS, untilNextDay(ctx.now())), republish);
    Promise.all([publish('CERT', new Map(), 30 * DAY_SECONDS), publishDevices(), publishRevoked(), written]).then(
      (all) => {
        const gates = ctx.peers.known.size;
        if (all.every((each) => !each || new Set(each.map(({ base }) => base)).size >= gates)) return;
        if (last?.written === written) last = null;
        stop();
        stop = ctx.timer(AGAIN_MILLIS, republish);
      },
      (e) => {
        last = null;
        console.warn('starling: publishing', e instanceof Error ? e.message : e);
      },
    );
    return written;
  }

  function republish() {
    last = null;
    publishAll().catch(() => {});
  }

  /** Under a new friends key; the old place says that nobody is there any more. @param {Uint8Array} before */
  async function moveLocation(before) {
    await publish('LOCATION', null, LOCATION_SECONDS, [before]);
    last = null;
    await publishAll();
  }

  /** Asks the listed devices to allow this one, until one does. */
  async function askToBeAllowed() {
    const { address, key } = profile();
    ctx.me({ status: 'waiting-for-device', checkCode: await checkCode(key.id, address) });
    const listed = [...(headOf(chain ?? foreign ?? [])?.devices.keys() ?? [])];
    for (const id of listed)
      await ctx.endorsement.ask(id, 'endorseRequest', { name: ctx.around.deviceName.slice(0, 64), spki: key.spki });
  }

  return {
    load,
    show,
    publishAll,
    moveLocation,
    /** What was published counts no more. */
    stale: () => void (last = null),
    look,
    /** Our list; before we stand on one, the one we ask to. */
    chain: () => chain ?? foreign,
    /** @param {string} id */
    lists: (id) => !!chain && headOf(chain).devices.has(id),
    /** Own other devices, listed. */
    others: () => (chain ? [...headOf(chain).devices.keys()].filter((id) => id !== profile().key.id) : []),

    /** Makes sure this device stands on the list, or waits for it. @returns {Promise<boolean>} */
    async settle() {
      if (chain && headOf(chain).devices.has(profile().key.id)) {
        void lookAgain();
        return true;
      }
      let there = await look();
      if (there === 'none') there = await look();
      if (there === 'none') {
        const { key } = profile();
        await append(
          [],
          [],
          [
            {
              id: key.id,
              spki: key.spki,
              name: ctx.around.deviceName.slice(0, 64),
              added: Math.floor(ctx.now() / 1000),
            },
          ],
        );
        return true;
      }
      if (there === 'listed') return true;
      if (there === 'waiting') {
        // The certificate must be there before another device can look at it.
        await publish('CERT', new Map(), 30 * DAY_SECONDS);
        await askToBeAllowed();
      }
      ctx.timer(WAIT_MILLIS, () => void ctx.delivery.settled());
      return false;
    },

    /** @param {string} id @param {Uint8Array<ArrayBuffer>} spki @param {string} name */
    async allow(id, spki, name) {
      if (!chain) return;
      const devices = [...headOf(chain).devices.values(), { id, spki, name, added: Math.floor(ctx.now() / 1000) }];
      ghosts.delete(id);
      await append(chain, [headOf(chain).hash], devices);
    },

    /** @param {string} id */
    async remove(id) {
      if (!chain || id === profile().key.id) return;
      // First of all: a store that keeps the new list back must not keep the device in.
      await revoke(id);
      await append(
        chain,
        [headOf(chain).hash],
        [...headOf(chain).devices.values()].filter((d) => d.id !== id),
      );
    },

    async recover() {
      const { key } = profile();
      chain = null;
      await append(
        [],
        [],
        [{ id: key.id, spki: key.spki, name: ctx.around.deviceName.slice(0, 64), added: Math.floor(ctx.now() / 1000) }],
      );
    },

    /** Tombstones: nobody should go on looking for this device. */
    async withdraw() {
      if (!ctx.profile?.chain.length) return;
      stop();
      stopLooking();
      await Promise.allSettled([
        publish('LOCATION', null, LOCATION_SECONDS, [null, profile().friendsKey]),
        publish('CERT', null, 30 * DAY_SECONDS),
        ...(chain ? [publish('DEVICES', null, 30 * DAY_SECONDS)] : []),
      ]);
    },

    close() {
      stop();
      stopLooking();
    },
  };
}
