// Finds and publishes records through the gates of peers. Neither the peers nor the DHT are trusted: what does not verify is counted and thrown away.
import { base64, encode, hex, unbase64 } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { sipUri } from '../identity/address.js';
import { peerUri } from '../identity/device.js';
import { fresh, httpClaims, makeToken } from '../identity/passport.js';
import { locationOf, publicPlaces } from '../record/bodies.js';
import { devicesOf } from '../record/devices.js';
import { openRecord, openRevocation } from '../record/record.js';
import { revokedDevices } from '../record/revoked.js';
import { daysAround, endOfDay, publicMaster, rendezvous, seal, unseal, valueId } from '../record/rendezvous.js';

const MAX_VALUES = 2048;
// As they come, in base64: enough for 500 junk values of the largest size and what they would hide.
const MAX_BYTES = 48 << 20;
const MAX_LINE = 64 * 1024;
const PATIENCE_MILLIS = 5000;
const NEGATIVE_MILLIS = 10_000;
const SEQUENCES = 'sequences';

/** @typedef {import('../record/rendezvous.js').Kind} Kind */
/** @typedef {import('../record/record.js').Opened} Opened */
/** @typedef {{id: string, name: string, certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string}} Device  verified and listed */
/** @typedef {{kind: 'found', chains: import('../record/devices.js').DeviceChain[], devices: Map<string, {certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string, issuer: string}>, revocations: import('../record/revoked.js').Revocation[], forged: number, expires: number}} Found  every certified device; the caller decides by the chain which are listed */
/** @typedef {Found | {kind: 'absent'} | {kind: 'forged'} | {kind: 'unreachable'}} Lookup */
/** @typedef {{base: string, id: string}} Gate */

/**
 * @param {{fetch: typeof fetch, now: () => number, store: import('../types.js').Store, network: () => string, trust: () => import('../identity/verifier.js').Trust, gates: () => Gate[], local: () => boolean}} around
 */
export function locator(around) {
  /** @type {Map<string, {until: number, result: Lookup}>} */
  const cache = new Map();

  /**
   * Gives each value under a key at one gate to `each` as it comes, within bounds of time, number and bytes.
   * @param {Gate} gate @param {string} key @param {(value: Uint8Array<ArrayBuffer>) => Promise<void>} each
   */
  async function values(gate, key, each) {
    const response = await around.fetch(`${gate.base}key/${key}`, {
      credentials: 'omit',
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    });
    if (!response.ok || !response.body) throw new StarlingError('unreachable', {}, `status ${response.status}`);
    let text = '';
    let bytes = 0;
    let count = 0;
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      bytes += piece.value.length;
      text += decoder.decode(piece.value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const value = parseLine(line);
        if (value && ++count <= MAX_VALUES) await each(value);
      }
      if (bytes > MAX_BYTES || count >= MAX_VALUES || text.length > MAX_LINE) {
        await reader.cancel();
        break;
      }
    }
  }

  /** @template T @param {Kind} kind @param {Uint8Array} master @param {(bytes: Uint8Array) => Promise<T>} believe */
  async function open(kind, master, believe) {
    /** @type {T[]} */
    const opened = [];
    /** @type {unknown[]} */
    const defects = [];
    let forged = 0;
    let answered = false;
    for (const day of daysAround(around.now())) {
      const place = await rendezvous(master, kind, day);
      for (const gate of around.gates()) {
        const before = opened.length;
        const take = async (/** @type {Uint8Array<ArrayBuffer>} */ value) => {
          try {
            opened.push(await believe(await unseal(place, value)));
          } catch (e) {
            if (!(e instanceof StarlingError)) defects.push(e);
            else if (e.key !== 'not-sealed') forged++;
          }
        };
        try {
          await values(gate, hex(place.dhtKey), take);
          answered = true;
        } catch {
          // This gate does not answer, or broke off: what came before counts, and the next one is asked.
        }
        if (defects.length) throw defects[0];
        if (opened.length > before) break;
      }
    }
    return { opened, forged, answered };
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
    for (const each of opened) {
      const { kind, address, device, sequence } = each.record;
      const key = `${kind} ${address} ${device}`;
      const last = (await around.store.get(SEQUENCES, key)) ?? 0;
      if (sequence < last || sequence < (best.get(device)?.record.sequence ?? 0)) continue;
      if (sequence > last) await around.store.put(SEQUENCES, key, sequence);
      best.set(device, each);
    }
    return [...best.values()];
  }

  /** @param {string} address @param {Uint8Array | null} friendsKey @returns {Promise<Lookup>} */
  async function lookup(address, friendsKey) {
    const master = await publicMaster(address, around.network());
    const none = { opened: [], forged: 0, answered: true };
    const [certs, lists, open1, open2, out] = await Promise.all([
      records('CERT', address, master),
      records('DEVICES', address, master),
      records('LOCATION', address, master),
      friendsKey ? records('LOCATION', address, friendsKey) : none,
      open('REVOKED', master, (bytes) => openRevocation(bytes, how('REVOKED', address))),
    ]);
    const forged = certs.forged + lists.forged + open1.forged;
    if (!certs.answered && !lists.answered) return { kind: 'unreachable' };
    const chains = [];
    for (const { record } of lists.opened) {
      try {
        if (record.body) chains.push(await devicesOf(record, around.network()));
      } catch (e) {
        if (!(e instanceof StarlingError)) throw e;
      }
    }
    /** @type {Found['devices']} */
    const devices = new Map();
    for (const { record, signer } of [...certs.opened, ...open1.opened, ...open2.opened]) {
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
    if (devices.size === 0 || chains.length === 0) return { kind: forged ? 'forged' : 'absent' };
    const all = [...certs.opened, ...lists.opened, ...open1.opened, ...open2.opened];
    return {
      kind: 'found',
      chains,
      devices,
      revocations: await newest(out.opened),
      forged,
      expires: Math.min(...all.map((each) => each.record.expires)) * 1000,
    };
  }

  return {
    /** @param {string} address @param {{friendsKey?: Uint8Array | null, fresh?: boolean}} [how] @returns {Promise<Lookup>} */
    async find(address, how = {}) {
      const kept = cache.get(address);
      if (!how.fresh && kept && kept.until > around.now()) return kept.result;
      const result = await lookup(address, how.friendsKey ?? null);
      // With the store gone, what is known goes on being used until it expires.
      if (result.kind === 'unreachable' && kept?.result.kind === 'found' && kept.result.expires > around.now())
        return kept.result;
      const until =
        result.kind === 'found' ? Math.min(result.expires, around.now() + 60_000) : around.now() + NEGATIVE_MILLIS;
      cache.set(address, { until, result });
      if (cache.size > 2000) cache.delete(/** @type {string} */ (cache.keys().next().value));
      return result;
    },

    /** @param {string} address */
    forget: (address) => cache.delete(address),

    /**
     * Seals a record under today's keys and gives it to every peer.
     * @param {import('../identity/passport.js').Signer} signer @param {string} address @param {string} device @param {Kind} kind @param {Uint8Array} bytes @param {Uint8Array | null} friendsKey
     * @returns {Promise<string[]>} base URLs of the peers that took it
     */
    async publish(signer, address, device, kind, bytes, friendsKey = null) {
      const now = around.now();
      const master = friendsKey ?? (await publicMaster(address, around.network()));
      const took = new Set(around.gates().map((gate) => gate.base));
      for (const day of daysAround(now)) {
        const place = await rendezvous(master, kind, day);
        const value = await seal(place, bytes);
        const body = encode(
          JSON.stringify({ data: base64(value), id: await valueId(place, device), until: endOfDay(Date.parse(day)) }),
        );
        const path = `/key/${hex(place.dhtKey)}`;
        await Promise.all(
          around.gates().map(async (gate) => {
            const claims = fresh(
              await httpClaims({ method: 'POST', path, orig: sipUri(address), dest: peerUri(gate.id), body }),
              around.now(),
            );
            const authorization = `PASSporT ${await makeToken(signer, 'passport', '', claims)}`;
            try {
              const response = await around.fetch(`${gate.base}${path.slice(1)}`, {
                method: 'POST',
                credentials: 'omit',
                headers: { authorization, 'content-type': 'application/json' },
                body,
                signal: AbortSignal.timeout(PATIENCE_MILLIS),
              });
              if (!response.ok) took.delete(gate.base);
            } catch {
              took.delete(gate.base);
            }
          }),
        );
      }
      cache.delete(address);
      return [...took];
    },
  };
}

/** The devices that are out, seen from the list that the caller believes. @param {Found} found @param {import('../record/devices.js').DeviceChain | null} chain */
export const revokedIn = (found, chain) =>
  revokedDevices(found.revocations, chain, (device) => found.devices.get(device)?.issuer);

/** @param {string} line @returns {Uint8Array<ArrayBuffer> | null} */
function parseLine(line) {
  if (!line.trim() || line.length > MAX_LINE) return null;
  try {
    const json = JSON.parse(line);
    return json.expired || typeof json.data !== 'string' ? null : unbase64(json.data);
  } catch {
    return null;
  }
}
