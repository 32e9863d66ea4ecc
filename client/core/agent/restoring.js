// The backup of a device's own key, brought back on a device that has no address yet: it is the same device then, and stands on the lists that it stood on.
import { need } from '../errors.js';
import { deviceId } from '../identity/device.js';
import { addressesOf } from '../identity/proxy.js';
import { POLICY_ARC, verifyChain } from '../identity/verifier.js';

/** @typedef {import('../identity/pkcs12.js').Owner} Owner */

/** A certificate of our profile (docs/protocols/formats.md, section 3), with a key that does both. @param {Owner} owner */
export function isBackup({ certificate, keys }) {
  const { below, policies } = certificate.extensions;
  const ours = policies.some((each) => each.startsWith(`${POLICY_ARC}.`));
  return !!keys && ours && below < 0 && !certificate.subjectNames.length && addressesOf(certificate).length === 1;
}

/**
 * Only what a CA that is believed here said of this address: whoever gives a person a key that others have, too, would read along.
 * @param {import('./context.js').Context} ctx @param {ReturnType<typeof import('./enrolment.js').enrolment>} enrolment
 * @param {Owner} owner @param {import('../identity/certificate.js').Certificate[]} middle  those above its certificate
 */
export async function restore(ctx, enrolment, owner, middle) {
  const { certificate } = owner;
  const [address] = addressesOf(certificate);
  const keys = /** @type {NonNullable<Owner['keys']>} */ (owner.keys);
  const key = { ...keys, spki: certificate.spki, id: await deviceId(certificate.spki) };
  const chain = [certificate, ...middle].map((each) => each.der);
  const now = ctx.around.now();
  await ctx.trusted.settled();
  const verified = await verifyChain(chain, address, Math.min(now, certificate.notAfter), ctx.trust());
  need(verified.device === key.id, 'generic', 'a certificate for another key');
  await enrolment.restored(address, key);
  if (now <= certificate.notAfter) await enrolment.adopt(chain);
  // The same key gets a new one, by a mail.
  else await enrolment.enrol(address);
}
