// Finds and publishes records through the gates of peers. Neither the peers nor the DHT are trusted: what does not verify is counted and thrown away.
import { base64, hex } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { locationOf, publicPlaces } from '../record/bodies.js';
import { devicesOf } from '../record/devices.js';
import { openRecord, openRevocation } from '../record/record.js';
import { revokedDevices } from '../record/revoked.js';
import { daysAround, endOfDay, publicMaster, rendezvous, seal, unseal, valueId } from '../record/rendezvous.js';
import { readValues, writeValue } from './gate.js';

/** One gate that has an answer does not wait longer for another. */
const GRACE_MILLIS = 300;
const FRESH_MILLIS = 60_000;
const NEGATIVE_MILLIS = 10_000;
const MAX_KEPT = 2000;
const SEQUENCES = 'sequences';
const PLACES = 'places';

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {import('../record/record.js').Opened} Opened */
/** @typedef {import('./gate.js').Gate} Gate */
/** @typedef {{id: string, name: string, certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string}} Device  verified and listed */
/** @typedef {{kind: 'found', chains: import('../record/devices.js').DeviceChain[], devices: Map<string, {certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string, issuer: string}>, revocations: import('../record/revoked.js').Revocation[], forged: number, expires: number}} Found  every certified device; the caller decides by the chain which are listed */
/** @typedef {(Found | {kind: 'absent'} | {kind: 'forged'} | {kind: 'unreachable'}) & {asked?: number}} Lookup  asked: how many gates answered */
/** @typedef {{friendsKey?: Uint8Array | null, fresh?: boolean, within?: number, keep?: boolean}} HowToFind  within: ms, how old it may be; older than a minute it is looked up anew meanwhile. keep: remembered over a reload */
/** @typedef {{base: string, key: string, data: string}[]} Written  what was given to which gate and said to be taken; the same record is sealed anew for each, so that it can be told whose copy is seen */

/**
 * @param {{fetch: typeof fetch, now: () => number, timer: (ms: number, task: () => void) => () => void, store: import('../types.js').Store, network: () => string, trust: () => import('../identity/verifier.js').Trust, gates: () => Gate[], local: () => boolean}} around
 */
export function locator(around) {
  /** kept: in the store too. @type {Map<string, {at: number, result: Lookup, kept?: boolean}>} */
  const cache = new Map();
  /** @type {Map<string, Promise<Lookup>>} */
  const running = new Map();

  /**
   * Asks every gate at once: one that lies by leaving out does not win against one that answers.
   * @param {string} key  40 hex digits
   * @param {(value: Uint8Array<ArrayBuffer>) => Promise<boolean>} take  true: this was one
   * @returns {Promise<number>} how many gates answered
   */
  function askAll(key, take) {
    return new Promise((resolve) => {
      const gates = around.gates();
      let answered = 0;
      let left = gates.length;
      let over = false;
      let stop = () => {};
      const end = () => {
        over = true;
        stop();
        resolve(answered);
      };
      if (!left) return end();
      for (const gate of gates) {
        let some = false;
        readValues(around, gate, key, async (value) => {
          if (!over) some = (await take(value)) || some;
        })
          .then(() => {
            answered++;
            if (some && left > 1 && !over) stop = around.timer(GRACE_MILLIS, end);
          })
          // This gate does not answer, or broke off: what came before counts, and the others are asked.
          .catch(() => {})
          .finally(() => --left || end());
      }
    });
  }

  /** @template T @param {Kind} kind @param {Uint8Array} master @param {(bytes: Uint8Array) => Promise<T>} believe */
  async function open(kind, master, believe) {
    const days = await Promise.all(daysAround(around.now()).map((day) => openDay(kind, master, day, believe)));
    return {
      opened: days.flatMap((each) => each.opened),
      forged: days.reduce((sum, each) => sum + each.forged, 0),
      answered: Math.min(...days.map((each) => each.answered)),
    };
  }

  /** @template T @param {Kind} kind @param {Uint8Array} master @param {string} day @param {(bytes: Uint8Array) => Promise<T>} believe */
  async function openDay(kind, master, day, believe) {
    const place = await rendezvous(master, kind, day);
    /** Two gates of one DHT give the same records; each is verified once. @type {Map<string, Promise<T>>} */
    const records = new Map();
    /** @type {unknown[]} */
    const defects = [];
    let forged = 0;
    const answered = await askAll(hex(place.dhtKey), async (value) => {
      try {
        const bytes = await unseal(place, value);
        const key = base64(bytes);
        const believed = records.get(key) ?? believe(bytes);
        records.set(key, believed);
        await believed;
        return true;
      } catch (e) {
        if (!(e instanceof StarlingError)) defects.push(e);
        else if (e.key !== 'not-sealed') forged++;
        return false;
      }
    });
    if (defects.length) throw defects[0];
    const all = await Promise.allSettled(records.values());
    return { opened: all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])), forged, answered };
  }

  /** @param {Kind} kind @param {string} address @param {Uint8Array} master */
  async function records(kind, address, master) {
    const found = await open(kind, master, (bytes) => openRecord(bytes, how(kind, address)));
    return { ...found, opened: await newest(found.opened) };
  }

  /** @param {Kind} kind @param {string} address */
  const how = (kind, address) => ({
    kind,
    address,
    network: around.network(),
    now: around.now(),
    trust: around.trust(),
  });

  /** The highest sequence of each device, none lower than one seen before. @template {{record: import('../record/record.js').SignedRecord}} T @param {T[]} opened @returns {Promise<T[]>} */
  async function newest(opened) {
    /** @type {Map<string, T>} */
    const best = new Map();
    /** @type {[string, string, number][]} */
    const writes = [];
    for (const each of opened) {
      const { kind, address, device, sequence } = each.record;
      const key = `${kind} ${address} ${device}`;
      const last = (await around.store.get(SEQUENCES, key)) ?? 0;
      const other = best.get(device);
      if (sequence < last || (other && sequence <= other.record.sequence)) continue;
      if (sequence > last) writes.push([SEQUENCES, key, sequence]);
      best.set(device, each);
    }
    if (writes.length) await around.store.batch(writes);
    return [...best.values()];
  }

  /** @param {string} address @param {Uint8Array | null} friendsKey @returns {Promise<Lookup>} */
  async function lookup(address, friendsKey) {
    const master = await publicMaster(address, around.network());
    const none = { opened: [], forged: 0, answered: 0 };
    const [certs, lists, open1, open2, out] = await Promise.all([
      records('CERT', address, master),
      records('DEVICES', address, master),
      records('LOCATION', address, master),
      friendsKey ? records('LOCATION', address, friendsKey) : none,
      open('REVOKED', master, (bytes) => openRevocation(bytes, how('REVOKED', address))),
    ]);
    const forged = certs.forged + lists.forged + open1.forged;
    const asked = Math.min(certs.answered, lists.answered);
    if (!certs.answered && !lists.answered) return { kind: 'unreachable' };
    const chains = [];
    for (const { record } of lists.opened) {
      try {
        if (record.body) chains.push(await devicesOf(record, around.network()));
      } catch (e) {
        if (!(e instanceof StarlingError)) throw e;
      }
    }
    const locations = [...open1.opened, ...open2.opened].sort((a, b) => a.record.sequence - b.record.sequence);
    /** @type {Found['devices']} */
    const devices = new Map();
    for (const { record, signer } of [...certs.opened, ...locations]) {
      if (!record.body) continue;
      const old = devices.get(record.device) ?? {
        certificate: signer.leaf.der,
        location: null,
        level: signer.level,
        issuer: signer.issuer,
      };
      if (record.kind === 'LOCATION') {
        const location = locationOf(record);
        if (!around.local()) location.peers = publicPlaces(location.peers);
        if (location.peers.length) old.location = location;
      }
      devices.set(record.device, old);
    }
    if (devices.size === 0 || chains.length === 0) return { kind: forged ? 'forged' : 'absent', asked };
    const all = [...certs.opened, ...lists.opened, ...locations];
    return {
      kind: 'found',
      chains,
      devices,
      revocations: await newest(out.opened),
      forged,
      asked,
      expires: Math.min(...all.map((each) => each.record.expires)) * 1000,
    };
  }

  /** One look-up of an address at a time. @param {string} address @param {HowToFind} how @returns {Promise<Lookup>} */
  function refresh(address, how) {
    const already = running.get(address);
    if (already) return already;
    const run = (async () => {
      const result = await lookup(address, how.friendsKey ?? null);
      const kept = cache.get(address)?.result;
      // With the store gone, what is known goes on being used until it expires.
      if (result.kind === 'unreachable' && kept?.kind === 'found' && kept.expires > around.now()) return kept;
      const entry = { at: around.now(), result };
      cache.set(address, entry);
      if (cache.size > MAX_KEPT) cache.delete(/** @type {string} */ (cache.keys().next().value));
      if (how.keep) await keep(address);
      return result;
    })().finally(() => running.delete(address));
    running.set(address, run);
    return run;
  }

  /** What was found survives a reload. @param {string} address */
  async function keep(address) {
    const entry = cache.get(address);
    if (!entry) {
      const kept = await around.store.get(PLACES, address);
      if (kept && !cache.has(address)) cache.set(address, { ...kept, kept: true });
    } else if (entry.result.kind === 'found' && !entry.kept) {
      entry.kept = true;
      await around.store.put(PLACES, address, { at: entry.at, result: entry.result });
    }
  }

  return {
    /** @param {string} address @param {HowToFind} [how] @returns {Promise<Lookup>} */
    async find(address, how = {}) {
      if (how.keep) await keep(address);
      const kept = cache.get(address);
      const age = kept ? around.now() - kept.at : Infinity;
      if (how.fresh || !kept || age < 0) return refresh(address, how);
      const found = kept.result.kind === 'found' ? kept.result : null;
      if (found && found.expires <= around.now()) return refresh(address, how);
      if (age < (found ? FRESH_MILLIS : NEGATIVE_MILLIS)) return kept.result;
      const again = refresh(address, how);
      if (!found || age >= (how.within ?? 0)) return again;
      again.catch((e) => console.warn('starling: look-up', e instanceof Error ? e.message : e));
      return found;
    },

    /** Every believed record under a master of one's own: what is merged needs no memory of sequences. @param {Kind} kind @param {string} address @param {Uint8Array} master */
    recordsAt: async (kind, address, master) =>
      (await open(kind, master, (bytes) => openRecord(bytes, how(kind, address)))).opened,

    /** @param {string} address */
    async forget(address) {
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
     * @returns {Promise<Set<string>>} base URLs
     */
    async readBack(written) {
      const gates = around.gates();
      /** @type {Set<string>} */
      const kept = new Set();
      const read = async (/** @type {Gate} */ gate, /** @type {string} */ key) => {
        const values = new Set();
        await readValues(around, gate, key, async (value) => void values.add(base64(value)));
        for (const each of written)
          if (each.key === key && values.has(each.data) && (each.base !== gate.base || gates.length === 1))
            kept.add(each.base);
      };
      const keys = [...new Set(written.map((each) => each.key))];
      await Promise.allSettled(gates.flatMap((gate) => keys.map((key) => read(gate, key))));
      return kept;
    },
  };
}

/** The devices that are out, seen from the list that the caller believes. @param {Found} found @param {import('../record/devices.js').DeviceChain | null} chain */
export const revokedIn = (found, chain) =>
  revokedDevices(found.revocations, chain, (device) => found.devices.get(device)?.issuer);
