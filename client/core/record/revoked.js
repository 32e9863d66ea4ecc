// Which devices REVOKED records take out: docs/protocols/formats.md, section 6.
import { headOf } from './devices.js';

/** devices and signer: ids in hex; authority: signed by a CA; sequence: of the record @typedef {{signer: string, authority: boolean, devices: string[], sequence: number}} Revocation */

/**
 * A device of the list may revoke others, a CA the devices it certified. A stranger, a device that is off the list, and what a device says of itself count for nothing.
 * Where two listed devices revoke each other, both are out: nothing is sent to either until the list says which one stays.
 * @param {Revocation[]} revocations @param {import('./devices.js').DeviceChain | null} chain  null: no list counts, only CAs do
 * @param {(device: string) => string | undefined} issuerOf  SHA-256 of the key of the CA that certified it
 * @returns {Set<string>}
 */
export function revokedDevices(revocations, chain, issuerOf) {
  const listed = chain ? headOf(chain).devices : new Map();
  const out = new Set();
  for (const { signer, authority, devices } of revocations)
    for (const device of devices)
      if (authority ? issuerOf(device) === signer : listed.has(signer) && device !== signer) out.add(device);
  return out;
}
