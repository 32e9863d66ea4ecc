// Finds and publishes records through the gates of peers. Neither the peers nor the DHT are trusted: what does not verify is counted and thrown away.
//
// What may be concluded when. Of a contact we remember the list of devices: as soon as the place that only friends know shows where these are,
// that is the answer, however much junk lies elsewhere; the rest is read in the background. Of a stranger nothing is remembered, and what comes
// first may be an attacker's: the lists and the revocations are read to their end (a second root, a fork or a revocation may stand there last),
// and only the certificates and places of the devices on these lists need not be. What one watches is known without asking.
import { base64, hex } from '../bytes.js';
import { daysAround, endOfDay, publicMaster, rendezvous, seal, valueId } from '../record/rendezvous.js';
import { peersOf, publicPlaces } from '../record/bodies.js';
import { headOf } from '../record/devices.js';
import { openRecord, openRevocation } from '../record/record.js';
import { evidence, revokedIn } from './evidence.js';
import { following } from './follow.js';
import { readValues, writeValue } from './gate.js';
import { GRACE_MILLIS, readPlace } from './reading.js';

export { revokedIn };

const FRESH_MILLIS = 60_000;
const NEGATIVE_MILLIS = 10_000;
/** What is watched is asked for again only so often, also when a fresh look is wanted. */
const TOLD_MILLIS = 600_000;
/** So long for somebody who is followed. */
const FOLLOWED_START_MILLIS = 3_000;
/** What is there when a stream begins is told by then, also by a peer that has much to do. */
const TOLD_BY_MILLIS = 15_000;
/** So long the friends' place alone is asked. */
const HEAD_START_MILLIS = 200;
const MAX_KEPT = 2000;
const PLACES = 'places';

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {import('../record/record.js').Opened} Opened */
/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {import('./reading.js').Outcome} Outcome */
/** @typedef {{id: string, name: string, certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string}} Device  verified and listed */
/** @typedef {{kind: 'found', chains: DeviceChain[], devices: Map<string, import('./evidence.js').Device>, revocations: import('../record/revoked.js').Revocation[], forged: number, expires: number, withdrawn?: string[], objections?: import('../agent/objections.js').Objection[]}} Found  every certified device; the caller decides by the chain which are listed. withdrawn: devices that said themselves that they are here no more */
/** @typedef {(Found | {kind: 'absent'} | {kind: 'forged'} | {kind: 'unreachable'}) & {asked?: number, listed?: boolean}} Lookup  asked: how many gates told all they have; listed: the lists and the revocations were read to their end */
/** within: ms, how old it may be; older than a minute it is looked up anew meanwhile. keep: remembered over a reload. chain: the list of devices that is remembered, and revoked which of them are out. whole: nothing is left out to be quick. once: an absence is not doubted
 * @typedef {{friendsKey?: Uint8Array | null, fresh?: boolean, within?: number, keep?: boolean, chain?: DeviceChain | null, revoked?: string[], whole?: boolean, once?: boolean}} HowToFind */
/** @typedef {{base: string, key: string, data: string}[]} Written  what was given to which gate and said to be taken; the same record is sealed anew for each, so that it can be told whose copy is seen */
/** Base URLs. kept: seen through another gate; shown: seen at all; told, missed: how many times a gate told all that lies under a key, or did not
 * @typedef {{kept: Set<string>, shown: Set<string>, told: number, missed: number}} ReadBack */
/** @typedef {{fetch: typeof fetch, now: () => number, timer: (ms: number, task: () => void) => () => void, store: import('../types.js').Store, network: () => string, trust: () => import('../identity/verifier.js').Trust, gates: () => Gate[], local: () => boolean, places?: ReturnType<typeof import('./places.js').placesWatched>}} Around  places: without them nothing is watched */

/** @param {Around} around */
export function locator(around) {
  /** kept: in the store too; read: when the lists and revocations were read to their end. @type {Map<string, {at: number, result: Lookup, read?: number, kept?: boolean}>} */
  const cache = new Map();
  let closed = false;
  /** @type {Map<string, Promise<Lookup>>} */
  const running = new Map();
  /** @type {Map<string, Promise<Found | null | undefined>>} */
  const asking = new Map();
  const followed = following({ ...around, believe, again: (address, told, how) => refresh(address, how, told) });

  const pause = (/** @type {number} */ ms) =>
    new Promise(
      (/** @type {(nothing: undefined) => void} */ resolve) => void around.timer(ms, () => resolve(undefined)),
    );

  const begin = () => evidence({ store: around.store, network: around.network(), local: around.local() });

  /** @param {Kind} kind @param {string} address @param {Uint8Array} bytes */
  function believe(kind, address, bytes) {
    const how = { kind, address, network: around.network(), now: around.now(), trust: around.trust() };
    return kind === 'REVOKED' ? openRevocation(bytes, how) : openRecord(bytes, how);
  }

  /**
   * Everything that lies there, as far as it can matter.
   * @param {string} address @param {HowToFind} how @param {import('./evidence.js').Entry[]} told  by a stream, already believed
   * @returns {Promise<Lookup>}
   */
  async function lookUp(address, how, told = []) {
    const proof = begin();
    for (const each of told) await proof.take(each);
    const master = publicMaster(address, around.network());
    const out = new Set(how.revoked);
    let enough = () => {};
    const read = (/** @type {Kind} */ kind, /** @type {Uint8Array | Promise<Uint8Array>} */ where) =>
      readPlace(around, kind, where, async (bytes) => {
        await proof.take(await believe(kind, address, bytes));
        enough();
      });
    const lists = read('DEVICES', master);
    const revoked = read('REVOKED', master);
    const places = [read('LOCATION', master), ...(how.friendsKey ? [read('LOCATION', how.friendsKey)] : [])];
    const others = [read('CERT', master), ...places];
    const all = Promise.all([...others, lists, revoked].map((each) => each.done));
    all.catch(() => {});
    await Promise.all([lists.done, revoked.done]);
    if (!how.whole) {
      const until = (/** @type {() => boolean} */ holds) =>
        new Promise((/** @type {(nothing: null) => void} */ resolve) => {
          enough = () => void (holds() && resolve(null));
          enough();
        });
      const chain = how.chain ?? null;
      await Promise.race([all, until(() => proof.proves(chain, out))]);
      // Not the first place of a device: one gate may be quick to show where it was before.
      await Promise.race([Promise.allSettled(places.map((each) => each.done)), pause(GRACE_MILLIS)]);
      for (const each of others) each.stop();
    }
    return conclude(proof, how, await all);
  }

  /** @param {ReturnType<typeof begin>} proof @param {HowToFind} how @param {Outcome[]} read  CERT first, REVOKED last @returns {Lookup} */
  function conclude(proof, how, read) {
    const lists = read[read.length - 2];
    const revoked = read[read.length - 1];
    const asked = Math.min(read[0].answered, lists.answered);
    const forged = read.slice(0, -1).reduce((sum, each) => sum + each.forged, 0);
    // In what was not read a second root, a fork or a revocation may stand. A contact is believed by the place of his friends and what is remembered.
    if (!(lists.answered && revoked.answered) && !(how.friendsKey && how.chain)) return { kind: 'unreachable' };
    const devices = proof.devices();
    let chains = proof.chains();
    // A store that keeps the list back does not make us forget it.
    if (chains.length === 0 && how.chain && proof.places(how.chain)) chains = [how.chain];
    if (devices.size && chains.length)
      return {
        kind: 'found',
        chains,
        devices,
        revocations: proof.revocations(),
        forged,
        asked,
        listed: lists.answered > 0 && revoked.answered > 0,
        expires: proof.expires(),
        withdrawn: proof.withdrawn(),
        objections: proof.objections(),
      };
    if (!read[0].answered || !lists.answered) return { kind: 'unreachable' };
    return { kind: forged ? 'forged' : 'absent', asked };
  }

  /**
   * Where the remembered devices of a contact are, as the place says that only friends know; null when it does not say enough.
   * @param {string} address @param {HowToFind} how @returns {Promise<Found | null | undefined>} undefined: nobody told all of it
   */
  async function amongFriends(address, how) {
    const { friendsKey, chain } = how;
    if (!friendsKey || !chain || how.whole) return null;
    const proof = begin();
    const out = new Set(how.revoked);
    const kept = unexpired(address);
    /** @type {() => void} */
    let enough = () => {};
    const first = new Promise((/** @type {(nothing: null) => void} */ resolve) => (enough = () => resolve(null)));
    const reading = readPlace(around, 'LOCATION', friendsKey, async (bytes) => {
      await proof.take(await believe('LOCATION', address, bytes));
      if (proof.places(chain)) enough();
      if (proof.proves(chain, out)) reading.stop();
    });
    await Promise.race([reading.done, first]);
    await Promise.race([reading.done, pause(GRACE_MILLIS)]);
    reading.stop();
    const { answered } = await reading.done;
    if (!proof.places(chain) || !proof.proves(chain, out, kept?.devices)) return answered ? null : undefined;
    return {
      kind: 'found',
      // What was read behind an earlier answer may go on from it.
      chains: [chain, ...(kept?.chains ?? []).filter((each) => headOf(each).hash !== headOf(chain).hash)],
      devices: new Map([...(kept?.devices ?? []), ...proof.devices()]),
      revocations: kept?.revocations ?? [],
      objections: kept?.objections ?? [],
      forged: 0,
      expires: Math.min(proof.expires(), kept?.expires ?? Infinity),
    };
  }

  /**
   * What is known of somebody, with the news of where his devices are now; lists that say the same again are no news. null when that does not do.
   * @param {string} address @param {HowToFind} how @param {import('./evidence.js').Entry[]} told @returns {Promise<Found | null>}
   */
  async function movedOnly(address, how, told) {
    const kept = unexpired(address);
    const known = told.every(({ record }) =>
      record.kind === 'LOCATION' ? kept?.devices.has(record.device) : record.body,
    );
    if (!kept || !known || how.whole || !isRead(address, TOLD_MILLIS)) return null;
    const proof = begin();
    for (const each of told) await proof.take(each);
    if (!saysTheSame(kept, proof)) return null;
    const devices = new Map([...kept.devices, ...proof.devices()]);
    for (const { record } of told) {
      const device = devices.get(record.device);
      if (device && !record.body) devices.set(record.device, { ...device, location: null });
    }
    return { ...kept, devices, expires: Math.min(proof.expires(), kept.expires) };
  }

  /** How old the last reading of everything may be, ms: streams that are slow tell in the end. @param {string} address */
  const lately = (address) => (followed.isBeingTold(address) ? TOLD_MILLIS : FRESH_MILLIS);

  /** Whether the lists and revocations were read to their end lately. @param {string} address @param {number} within ms */
  function isRead(address, within) {
    const age = around.now() - (cache.get(address)?.read ?? -Infinity);
    return age >= 0 && age < within;
  }

  /** @param {string} address */
  function unexpired(address) {
    const result = cache.get(address)?.result;
    return result?.kind === 'found' && result.expires > around.now() ? result : null;
  }

  /** One look-up of an address at a time. @param {string} address @param {HowToFind} how @param {import('./evidence.js').Entry[]} [told] @returns {Promise<Lookup>} */
  function refresh(address, how, told) {
    const name = how.whole ? `${address} whole` : address;
    const already = running.get(name);
    if (already && !told?.length) return already;
    const run = (async () => {
      const moved = told && !already ? await movedOnly(address, how, told) : null;
      if (moved) return learnt(address, how, moved);
      let result = await lookUp(address, how, told);
      // A young DHT misses some.
      if (!how.once && result.kind === 'absent' && result.asked) result = await lookUp(address, how, told);
      // With the store gone, what is known goes on being used until it expires.
      const kept = unexpired(address);
      return result.kind === 'unreachable' && kept
        ? { ...kept, asked: 0 }
        : learnt(address, how, result, result.listed ? around.now() : undefined);
    })().finally(() => {
      if (running.get(name) === run) running.delete(name);
    });
    running.set(name, run);
    return run;
  }

  /** @param {string} address @param {HowToFind} how @param {Lookup} result @param {number} [read]  Unix ms */
  async function learnt(address, how, result, read = cache.get(address)?.read) {
    cache.delete(address);
    cache.set(address, { at: around.now(), result, read });
    if (cache.size > MAX_KEPT) cache.delete(/** @type {string} */ (cache.keys().next().value));
    if (how.keep) await keep(address);
    return result;
  }

  /** The first that says enough. @param {string} address @param {HowToFind} how @returns {Promise<Lookup>} */
  async function quickest(address, how) {
    const friends = asking.get(address) ?? amongFriends(address, how).finally(() => asking.delete(address));
    asking.set(address, friends);
    // Whoever is followed is not looked up whole because some peer is slow: when all are, that would keep them so.
    const kept = how.whole || !how.friendsKey || !followed.has(address) ? null : unexpired(address);
    const early = await Promise.race([friends, pause(kept ? FOLLOWED_START_MILLIS : HEAD_START_MILLIS)]);
    if (kept && early === undefined && isRead(address, lately(address))) return kept;
    const rest = () => refresh(address, how);
    if (early) {
      // The answer first. Whoever tries again every few seconds does not read everything each time, and what the streams are about to tell is not asked for.
      const due = () => !closed && !followed.isTold(address) && !isRead(address, lately(address));
      if (due()) around.timer(followed.has(address) ? TOLD_BY_MILLIS : 1, () => void (due() && rest().catch(warn)));
      return learnt(address, how, early);
    }
    const all = rest();
    const late = friends.then((found) => found ?? all);
    all.catch(() => {});
    return Promise.race([all, late]);
  }

  /** What was found survives a reload. @param {string} address */
  async function keep(address) {
    const entry = cache.get(address);
    if (!entry) {
      const kept = await around.store.get(PLACES, address);
      if (kept && !cache.has(address)) cache.set(address, { ...kept, kept: true });
    } else if (entry.result.kind === 'found' && !entry.kept) {
      entry.kept = true;
      await around.store.put(PLACES, address, { at: entry.at, result: entry.result, read: entry.read });
    }
  }

  return {
    /** @param {string} address @param {HowToFind} [how] @returns {Promise<Lookup>} */
    async find(address, how = {}) {
      if (how.keep) await keep(address);
      const kept = cache.get(address);
      const age = kept ? around.now() - kept.at : Infinity;
      if (!kept || age < 0) return quickest(address, how);
      const found = kept.result.kind === 'found' ? kept.result : null;
      if (found && found.expires <= around.now()) return quickest(address, how);
      if (followed.isTold(address) && !how.whole && age < TOLD_MILLIS) return kept.result;
      if (how.fresh) return quickest(address, how);
      if (followed.isTold(address) && found) return found;
      if (age < (found ? FRESH_MILLIS : NEGATIVE_MILLIS)) return kept.result;
      const again = quickest(address, how);
      if (!found || age >= (how.within ?? 0)) return again;
      again.catch(warn);
      return found;
    },

    /** Every believed record under a master of one's own: what is merged needs no memory of sequences. @param {Kind} kind @param {string} address @param {Uint8Array} master */
    async recordsAt(kind, address, master) {
      /** @type {Opened[]} */
      const opened = [];
      const take = async (/** @type {Uint8Array} */ bytes) =>
        void opened.push(/** @type {Opened} */ (await believe(kind, address, bytes)));
      await readPlace(around, kind, master, take).done;
      return opened;
    },

    /**
     * The peers that a domain recommends: formats.md, section 6. Whoever answers mail for `peers@` it says so.
     * @param {string} domain @returns {Promise<{base: string, id: string}[]>} [] also when nobody could be asked
     */
    async recommended(domain) {
      const address = `peers@${domain}`;
      /** @type {Map<string, import('../record/record.js').SignedRecord>} */
      const newest = new Map();
      const reading = readPlace(around, 'PEERS', publicMaster(address, around.network()), async (bytes) => {
        const { record } = await believe('PEERS', address, bytes);
        const before = newest.get(record.device);
        if (!before || before.sequence < record.sequence) newest.set(record.device, record);
      });
      await reading.done;
      const places = [...newest.values()].flatMap(({ body }) => (body ? peersOf(body) : []));
      const usable = around.local() ? places : publicPlaces(places);
      return [...new Map(usable.filter(({ base }) => base).map(({ base, id }) => [base, { base, id }])).values()];
    },

    follow: followed.follow,
    isTold: followed.isTold,
    unfollow: followed.unfollow,
    /** Nothing is read behind an answer any more, and nobody told. */
    close() {
      closed = true;
      followed.close();
    },

    /** @param {string} address */
    async forget(address) {
      followed.unfollow(address);
      cache.delete(address);
      await around.store.delete(PLACES, address);
    },

    /**
     * Seals a record under today's keys and gives it to every peer.
     * @param {import('../identity/passport.js').Signer} signer @param {string} address @param {string} device @param {Kind} kind @param {Uint8Array} bytes
     * @param {(Uint8Array | null)[]} masters  friends keys; null: the public place
     * @returns {Promise<Written>}
     */
    async publish(signer, address, device, kind, bytes, masters = [null]) {
      const now = around.now();
      const tasks = masters.flatMap((friendsKey) =>
        daysAround(now).map(async (day) => {
          const master = friendsKey ?? (await publicMaster(address, around.network()));
          const place = await rendezvous(master, kind, day);
          const key = hex(place.dhtKey);
          const id = await valueId(place, device);
          const until = endOfDay(Date.parse(day));
          return Promise.all(
            around.gates().map(async (gate) => {
              const data = await seal(place, bytes);
              const took = await writeValue(around, gate, signer, address, { key, id, data, until });
              return took ? [{ base: gate.base, key, data: base64(data) }] : [];
            }),
          );
        }),
      );
      const written = (await Promise.all(tasks)).flat(2);
      cache.delete(address);
      return written;
    },

    /**
     * Which gates kept what they took, as seen through another gate; where there is only one, through that one.
     * @param {Written} written  of one publication
     * @returns {Promise<ReadBack>}
     */
    async readBack(written) {
      const gates = around.gates();
      /** @type {Set<string>} */
      const kept = new Set();
      const shown = new Set();
      let [told, missed] = [0, 0];
      const read = async (/** @type {Gate} */ gate, /** @type {string} */ key) => {
        const values = new Set();
        const take = async (/** @type {Uint8Array} */ value) => void values.add(base64(value));
        const whole = await readValues(around, gate, key, take).catch(() => false);
        if (whole) told++;
        else missed++;
        for (const each of written.filter((one) => one.key === key && values.has(one.data))) {
          shown.add(each.base);
          if (each.base !== gate.base || gates.length === 1) kept.add(each.base);
        }
      };
      const keys = [...new Set(written.map((each) => each.key))];
      await Promise.all(gates.flatMap((gate) => keys.map((key) => read(gate, key))));
      return { kept, shown, told, missed };
    },
  };
}

/** Whether there is no list of devices and no revocation that was not known. @param {Found} kept @param {ReturnType<typeof evidence>} proof */
function saysTheSame(kept, proof) {
  const heads = new Set(kept.chains.map((chain) => headOf(chain).hash));
  const nameOf = (/** @type {import('../record/revoked.js').Revocation} */ { signer, authority, devices }) =>
    `${signer} ${!!authority} ${[...devices].sort()}`;
  const revocations = new Set(kept.revocations.map(nameOf));
  const objections = new Set((kept.objections ?? []).map((each) => JSON.stringify(each)));
  return (
    proof.chains().every((chain) => heads.has(headOf(chain).hash)) &&
    proof.objections().every((each) => objections.has(JSON.stringify(each))) &&
    proof.revocations().every((each) => revocations.has(nameOf(each)))
  );
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: look-up', e instanceof Error ? e.message : e);
