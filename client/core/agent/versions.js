// Which version of somebody's list of devices counts. Of two that both continue the remembered one neither is taken because it came first: a stolen
// device may have made one of them. Until one continues the other, only what stands on all of them counts. docs/protocols/formats.md, section 7.
import { deviceId } from '../identity/device.js';
import { revokedIn } from '../locate/locator.js';
import { headOf, relation } from '../record/devices.js';
import { revokedDevices } from '../record/revoked.js';

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {import('../locate/locator.js').Found} Found */

/** The furthest version with which all others are in line; null when there is none. @param {DeviceChain[]} versions */
export function furthest(versions) {
  const inLine = (/** @type {DeviceChain} */ one) =>
    versions.every((other) => ['same', 'older', 'newer'].includes(relation(other, one)));
  return versions.filter(inLine).reduce(later, /** @type {DeviceChain | null} */ (null));
}

/** @param {DeviceChain | null} a @param {DeviceChain} b */
const later = (a, b) => (!a || relation(b, a) === 'newer' ? b : a);

/** Those that no other version continues, each once. @param {DeviceChain[]} versions */
export const tips = (versions) =>
  versions.filter((one, i) =>
    versions.every((other, j) => {
      const how = relation(other, one);
      return how !== 'newer' && (how !== 'same' || j >= i);
    }),
  );

/**
 * What to go on with after `before`: a version that all others agree to, and that no device made which is out.
 * @param {Found} found @param {DeviceChain} before  remembered @param {string[]} [out]  devices that were out before
 * @returns {Promise<DeviceChain>} `before` itself where there is no such version
 */
export async function advanced(found, before, out = []) {
  const next = furthest(found.chains.filter((each) => relation(each, before) === 'newer'));
  if (!next) return before;
  const author = await deviceId(headOf(next).signer);
  return out.includes(author) || revokedSince(found, before, next).has(author) ? before : next;
}

/**
 * The devices that are out. Whoever made the next version does not unsay what those whom it left out had said; but of two that took out each other,
 * the word of the one that the new version keeps counts.
 * @param {Found} found @param {DeviceChain} before @param {DeviceChain} next
 * @returns {Set<string>}
 */
export function revokedSince(found, before, next) {
  const now = revokedIn(found, next);
  if (next === before) return now;
  const heard = found.revocations.filter(({ signer, authority }) => authority || !now.has(signer));
  const then = revokedDevices(heard, before, (device) => found.devices.get(device)?.issuer);
  return new Set([...now, ...then]);
}

/** Who took out a device, by device, with the sequence of the record that says so. @typedef {Record<string, Record<string, number>>} RevokedBy */

/** @param {Found} found @param {string[]} out @param {RevokedBy} before @param {DeviceChain[]} lists  whose devices have a say @returns {RevokedBy} in the order of the ids */
export function revokers(found, out, before, lists) {
  const issuerOf = (/** @type {string} */ device) => found.devices.get(device)?.issuer;
  const said = (/** @type {string} */ device) =>
    found.revocations
      .filter((each) => lists.some((list) => revokedDevices([each], list, issuerOf).has(device)))
      .map(
        ({ signer, sequence }) => /** @type {const} */ ([signer, Math.max(sequence, before[device]?.[signer] ?? 0)]),
      );
  const sorted = (/** @type {(readonly [string, any])[]} */ entries) =>
    Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  const all = (/** @type {string} */ device) =>
    sorted(Object.entries({ ...before[device], ...Object.fromEntries(said(device)) }));
  return sorted(out.map((device) => [device, all(device)]));
}

/**
 * What was revoked before and not taken back: whoever takes it back shows a newer record that does not say it any more. Silence takes nothing back, nor does
 * a look-up that began earlier.
 * @param {Found} found @param {RevokedBy} revokedBy @param {string[]} revoked
 */
export const stillRevoked = (found, revokedBy, revoked) =>
  revoked.filter((device) => {
    const by = Object.entries(revokedBy[device] ?? {});
    const isBack = (/** @type {[string, number]} */ [id, last]) =>
      found.revocations.some((each) => each.signer === id && each.sequence > last && !each.devices.includes(device));
    return !by.length || !by.every(isBack);
  });

/**
 * The devices of a list that stand on every version which may be the one to go on with. A version beside the list counts for nothing
 * when the device that signed it is not on the list: whoever was removed disputes nothing.
 * @param {DeviceChain} chain @param {DeviceChain[]} all
 * @returns {Promise<string[]>}
 */
export async function undisputed(chain, all) {
  const listed = headOf(chain).devices;
  /** @type {DeviceChain[]} */
  const others = [];
  for (const other of all) {
    const how = relation(other, chain);
    if (how === 'newer' || (how === 'fork' && listed.has(await deviceId(headOf(other).signer)))) others.push(other);
  }
  return [...listed.keys()].filter((id) => others.every((other) => headOf(other).devices.has(id)));
}
