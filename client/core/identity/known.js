// Chains that were verified before: whoever writes often shows the same certificate each time. A hit changes nothing in
// what is believed: time, name and test level are looked at anew, and any doubt goes to the verifier itself.
import { base64 } from '../bytes.js';
import { parseCertificate } from './certificate.js';
import { isWithdrawn, verifyChain } from './verifier.js';

const MAX_KNOWN = 1000;

/** @typedef {import('./verifier.js').Verified} Verified */
/** @typedef {{verified: Verified, from: number, until: number}} Known  Unix ms between which every certificate is valid */
/** What is believed depends on the anchors: other anchors, another memory. @type {WeakMap<object, Map<string, Known>>} */
const memories = new WeakMap();

/**
 * As `verifyChain`, with the same reasons.
 * @param {Uint8Array[]} chain  DER, leaf first
 * @param {string | null} address
 * @param {number} now  Unix ms
 * @param {import('./verifier.js').Trust} trust
 * @param {Set<string>} [revoked]
 * @returns {Promise<Verified>}
 */
export async function verifyKnown(chain, address, now, trust, revoked) {
  const memory = memories.get(trust.anchors) ?? new Map();
  memories.set(trust.anchors, memory);
  const name = chain.map(base64).join(' ');
  const known = memory.get(name);
  if (known && isGood(known, address, now, trust, revoked)) return known.verified;
  const verified = await verifyChain(chain, address, now, trust, revoked);
  const all = [...chain.map(parseCertificate), ...verified.path];
  memory.set(name, {
    verified,
    from: Math.max(...all.map((each) => each.notBefore)),
    until: Math.min(...all.map((each) => each.notAfter)),
  });
  if (memory.size > MAX_KNOWN) memory.delete(/** @type {string} */ (memory.keys().next().value));
  return verified;
}

/** @param {Known} known @param {string | null} address @param {number} now @param {import('./verifier.js').Trust} trust @param {Set<string>} [revoked] */
function isGood({ verified, from, until }, address, now, trust, revoked) {
  return (
    now >= from &&
    now <= until &&
    (address === null || address === verified.address) &&
    (trust.allowTest || verified.level !== 'test') &&
    !isWithdrawn(verified.path, trust) &&
    !revoked?.size
  );
}
