// What one look-up brought, and what follows from all of it together: docs/protocols/formats.md, sections 6 and 7.
import { StarlingError } from '../errors.js';
import { locationOf, publicPlaces } from '../record/bodies.js';
import { devicesOf, headOf, objectionsOf } from '../record/devices.js';
import { revokedDevices } from '../record/revoked.js';

const SEQUENCES = 'sequences';

/** @typedef {import('../record/record.js').SignedRecord} SignedRecord */
/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {{certificate: Uint8Array<ArrayBuffer>, location: import('../record/bodies.js').Location | null, level: string, issuer: string}} Device */
/** @typedef {{record: SignedRecord, signer?: any, devices?: string[], authority?: boolean}} Entry */
/** @typedef {import('./locator.js').Found} Found */

/**
 * @param {{store: import('../types.js').Store, network: string, local: boolean}} around
 */
export function evidence({ store, network, local }) {
  /** The newest of each kind and device. @type {Map<string, Entry>} */
  const newest = new Map();
  /** @type {Map<string, DeviceChain>} by device that signed the record */
  const chains = new Map();
  /** @type {Map<string, string[]>} by device that signed the record */
  const objections = new Map();

  /** Devices whose CERT showed, now or before, that they are in the log of their CA. @type {Set<string>} */
  const logged = new Set();
  /** Of a CA that must log, only these count: docs/protocols/log.md, section 12. @param {Entry} entry */
  const counts = ({ record, signer }) => !signer?.log?.must || logged.has(record.device);

  const of = (/** @type {string} */ kind) => [...newest.values()].filter(({ record }) => record.kind === kind);

  /** @returns {Found['devices']} */
  function devices() {
    /** @type {Found['devices']} */
    const all = new Map();
    for (const entry of [...of('CERT'), ...of('LOCATION')]) {
      const { record, signer } = entry;
      if (!record.body || !counts(entry)) continue;
      const old = all.get(record.device) ?? {
        certificate: signer.leaf.der,
        location: null,
        level: signer.level,
        issuer: signer.issuer,
      };
      if (record.kind === 'LOCATION') {
        const location = locationOf(record);
        if (!local) location.peers = publicPlaces(location.peers);
        if (location.peers.length) old.location = location;
      }
      all.set(record.device, old);
    }
    return all;
  }

  /** The lists of those who count. */
  const lists = () =>
    of('DEVICES').flatMap((entry) => {
      const chain = counts(entry) && chains.get(entry.record.device);
      return chain ? [chain] : [];
    });

  /** A proof that was seen is remembered: contacts are found where only their places lie. @param {Entry} entry */
  async function noteProof({ record: { kind, address, device, body }, signer }) {
    if (!signer?.log?.must || logged.has(device)) return;
    const key = `logged ${address} ${device} ${signer.anchor}`;
    // A CERT of such a CA is believed only with its proof.
    if (kind === 'CERT' && body) await store.put(SEQUENCES, key, signer.notAfter);
    else if (!(await store.get(SEQUENCES, key))) return;
    logged.add(device);
  }

  /** @param {string} device */
  const places = (device) => of('LOCATION').some(({ record }) => record.body && record.device === device);

  return {
    /**
     * Takes a record that was believed. None lower than one seen before counts, be that a tombstone.
     * @param {Entry} entry @returns {Promise<boolean>} whether it is news
     */
    async take(entry) {
      const { kind, address, device, sequence } = entry.record;
      const key = `${kind} ${address} ${device}`;
      await noteProof(entry);
      const last = (await store.get(SEQUENCES, key)) ?? 0;
      const other = newest.get(key);
      if (sequence < last || (other && sequence <= other.record.sequence)) return false;
      newest.set(key, entry);
      if (sequence > last) await store.put(SEQUENCES, key, sequence);
      if (kind === 'DEVICES') await readList(entry.record);
      return sequence > last;
    },

    /** Whether every device in whom one trusts has shown a certificate. @param {DeviceChain | null} chain @param {Set<string>} out @param {Found['devices']} [kept] */
    proves(chain, out, kept) {
      const all = devices();
      const heads = chain ? [chain] : lists();
      return (
        heads.length > 0 &&
        (chain !== null || of('DEVICES').every(counts)) &&
        heads.every((each) =>
          [...headOf(each).devices.keys()].every((id) => out.has(id) || all.has(id) || kept?.has(id)),
        )
      );
    },

    /** Whether it was said where one of the devices is. @param {DeviceChain} chain */
    places: (chain) => [...headOf(chain).devices.keys()].some(places),

    devices,
    /** Said themselves that they are certified no more. */
    withdrawn: () =>
      of('CERT')
        .filter(({ record }) => !record.body)
        .map(({ record }) => record.device),
    chains: lists,
    objections: () =>
      of('DEVICES').flatMap((entry) => {
        const { device } = entry.record;
        const against = counts(entry) && objections.get(device);
        return against ? [{ device, against }] : [];
      }),
    revocations: () =>
      of('REVOKED').map(({ record, devices: taken, authority }) => ({
        signer: record.device,
        authority: !!authority,
        devices: taken ?? [],
        sequence: record.sequence,
      })),
    /** Unix ms. */
    expires: () =>
      Math.min(
        ...[...newest.values()]
          .filter(({ record }) => record.kind !== 'REVOKED')
          .map(({ record }) => record.expires * 1000),
      ),
  };

  /** @param {SignedRecord} record */
  async function readList(record) {
    chains.delete(record.device);
    objections.delete(record.device);
    try {
      if (!record.body) return;
      chains.set(record.device, await devicesOf(record, network));
      const against = objectionsOf(record.body);
      if (against.length) objections.set(record.device, against);
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
  }
}

/** The devices that are out, seen from the list that the caller believes. @param {Found} found @param {DeviceChain | null} chain */
export const revokedIn = (found, chain) =>
  revokedDevices(found.revocations, chain, (device) => found.devices.get(device)?.issuer);
