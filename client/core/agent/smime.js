// An S/MIME certificate as identity, without enrolment: its key, opened from a PKCS #12 file, signs a certificate for this device's own key, and is then forgotten.
import { same } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { anchorId, anchorText } from '../identity/anchors.js';
import { signedBy } from '../identity/issuer-key.js';
import { addressesOf, makeProxy } from '../identity/proxy.js';
import { issuerOf, MAX_CHAIN, verifyChain } from '../identity/verifier.js';
import { isBackup, restore } from './restoring.js';
import { nameText } from './trust.js';

const DIGITAL_SIGNATURE = 0x80;
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';

/** @typedef {import('../identity/certificate.js').Certificate} Certificate */
/** @typedef {import('../identity/pkcs12.js').Owner} Owner */
/** root: a CA in the file that is not believed yet; backup: the key is that of a device of ours @typedef {{owner: Owner, middle: Certificate[], root: string, rootId: string, backup?: boolean}} Opened */

/** Why a certificate cannot stand for a person; '' when it can. @param {Certificate} certificate @param {number} now */
function unfit(certificate, now) {
  const { extensions } = certificate;
  if (extensions.below >= 0 || addressesOf(certificate).length === 0) return 'smime.no-address';
  if (now > certificate.notAfter || now < certificate.notBefore) return 'smime.expired';
  if (certificate.subjectNames.length === 0) return 'smime.no-subject';
  const use = extensions.extendedUsage?.includes(EMAIL_PROTECTION) ?? true;
  return use && (extensions.usage & DIGITAL_SIGNATURE) !== 0 ? '' : 'smime.use';
}

/** @param {import('./context.js').Context} ctx @param {ReturnType<typeof import('./enrolment.js').enrolment>} enrolment */
export function smimeIdentity(ctx, enrolment) {
  /** @type {Opened | null} */
  let opened = null;

  /** Up to an anchor, or to a root in the file. @param {Owner} owner @param {Certificate[]} others @returns {Promise<Opened>} */
  async function path(owner, others) {
    /** @type {Certificate[]} */
    const middle = [];
    for (let last = owner.certificate; middle.length < MAX_CHAIN - 1; last = middle[middle.length - 1]) {
      await ctx.trusted.settled();
      if (await issuerOf(last, ctx.trust())) return { owner, middle, root: '', rootId: '' };
      const issuer = await above(last, others);
      if (!issuer) break;
      if (same(issuer.subject, issuer.issuer)) {
        const rules = { name: '', purposes: new Set(['smime']), domains: ['*'], levels: new Set(['smime']), crls: [] };
        return { owner, middle, root: anchorText({ ...issuer, rules }), rootId: await anchorId(issuer) };
      }
      middle.push(issuer);
    }
    throw new StarlingError('smime.unknown-ca', { issuer: nameText(owner.certificate.issuer) });
  }

  /** @param {Certificate} certificate @param {Certificate[]} others */
  async function above(certificate, others) {
    for (const each of others)
      if (same(each.subject, certificate.issuer) && (await signedBy(certificate, each.spki))) return each;
    return null;
  }

  /** @param {Owner} owner @param {Certificate[]} others @returns {Promise<import('../types.js').OpenedCertificate>} */
  async function openBackup(owner, others) {
    const { certificate } = owner;
    /** @type {Certificate[]} */
    const middle = [];
    for (let last = certificate; middle.length < MAX_CHAIN - 1; last = middle[middle.length - 1]) {
      const issuer = await above(last, others);
      if (!issuer || same(issuer.subject, issuer.issuer)) break;
      middle.push(issuer);
    }
    opened = { owner, middle, root: '', rootId: '', backup: true };
    const { notAfter } = certificate;
    const named = { subject: '', issuer: nameText(certificate.issuer), notAfter, unknownCa: '' };
    return { addresses: addressesOf(certificate), ...named, backup: true };
  }

  return {
    /** @param {Uint8Array} file @param {string} passphrase @returns {Promise<import('../types.js').OpenedCertificate>} */
    async open(file, passphrase) {
      opened = null;
      const now = ctx.around.now();
      // Needed once a month: not part of what every page loads.
      const { openPkcs12 } = await import('../identity/pkcs12.js');
      const { owners, others } = await openPkcs12(file, passphrase);
      const own = owners.find(isBackup);
      if (own) return await openBackup(own, others);
      const fit = owners.filter((each) => !unfit(each.certificate, now));
      if (!fit.length) throw new StarlingError(unfit(owners[0].certificate, now));
      const owner = fit.reduce((a, b) => (b.certificate.notAfter > a.certificate.notAfter ? b : a));
      opened = await path(owner, others);
      const { certificate } = owner;
      return {
        addresses: addressesOf(certificate),
        subject: nameText(certificate.subject),
        issuer: nameText(certificate.issuer),
        notAfter: certificate.notAfter,
        unknownCa: opened.rootId,
      };
    },

    /** @param {string} address @param {boolean} believe  the person has looked at the fingerprint of the CA in the file */
    async use(address, believe) {
      const { owner, middle, root, rootId, backup } = /** @type {Opened} */ (opened);
      if (backup) {
        await restore(ctx, enrolment, owner, middle);
        opened = null;
        return;
      }
      need(!root || believe, 'smime.unknown-ca');
      const profile = await enrolment.profileFor(address);
      if (root) await ctx.trusted.add(root, [rootId]);
      const now = ctx.around.now();
      const chain = [
        await makeProxy(owner, address, profile.key, now),
        ...[owner.certificate, ...middle].map((each) => each.der),
      ];
      await ctx.trusted.settled();
      const verified = await verifyChain(chain, address, now, ctx.trust());
      need(verified.device === profile.key.id, 'generic', 'a certificate for another key');
      await enrolment.adopt(chain);
      opened = null;
    },

    /** The key is forgotten. */
    close() {
      opened = null;
    },
  };
}
