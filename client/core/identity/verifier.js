// Decides whether a chain proves an address: docs/protocols/formats.md, section 3, in its order and with its reasons.
import { same } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { addressOfUri, parseAddress } from './address.js';
import { fingerprint, parseCertificate } from './certificate.js';
import { parseDer, plainSignature } from './der.js';
import { deviceId } from './device.js';

export const POLICY_ARC = '2.25.79549199400722170753484347576486920845.1';
const SAN = '2.5.29.17';
const KEY_USAGE = '2.5.29.15';
const EXTENDED = '2.5.29.37';
const BASIC = '2.5.29.19';
const POLICIES = '2.5.29.32';
const KNOWN = new Set([SAN, KEY_USAGE, EXTENDED, BASIC, POLICIES]);
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const P256 = '06082a8648ce3d030107';
/** @type {Record<string, {name: string, hash: string}>} */
const SIGNATURES = {
  '1.2.840.10045.4.3.2': { name: 'ECDSA', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { name: 'ECDSA', hash: 'SHA-384' },
  '1.2.840.113549.1.1.11': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
};

/** @typedef {import('./certificate.js').Certificate} Certificate */
/** @typedef {{address: string, device: string, spki: Uint8Array<ArrayBuffer>, level: string, notAfter: number, anchor: string, leaf: Certificate}} Verified */
/** @typedef {{anchors: Certificate[], allowTest: boolean}} Trust */

/**
 * @param {Uint8Array[]} chain  DER, leaf first
 * @param {string | null} address  null: whatever the leaf names
 * @param {number} now  Unix ms
 * @param {Trust} trust
 * @param {Set<string>} [revoked]  device ids and serials in hex
 * @returns {Promise<Verified>}
 */
export async function verifyChain(chain, address, now, trust, revoked = new Set()) {
  need(chain.length > 0, 'no-certificate');
  need(chain.length <= 4, 'chain-too-long');
  const parsed = chain.map(parseCertificate);
  const leaf = parsed[0];
  for (const each of parsed) {
    for (const [oid, extension] of each.extensions)
      need(!extension.critical || KNOWN.has(oid), 'unknown-critical-extension');
    need(each.signatureOid in SIGNATURES, 'unsupported-algorithm');
  }
  need(leaf.spki.length === 91 && hexOf(leaf.spki).includes(P256), 'unsupported-algorithm', 'the key is not P-256');
  const last = parsed[parsed.length - 1];
  const named = trust.anchors.filter((anchor) => same(anchor.subject, last.issuer));
  let anchor;
  for (const each of named) if (await signedBy(last, each.spki)) anchor = each;
  if (!anchor) throw new StarlingError('unknown-anchor');
  for (let i = 0; i + 1 < parsed.length; i++)
    need(
      same(parsed[i].issuer, parsed[i + 1].subject) && (await signedBy(parsed[i], parsed[i + 1].spki)),
      'bad-signature',
    );
  for (const each of [...parsed, anchor]) {
    need(now >= each.notBefore, 'not-yet-valid');
    need(now <= each.notAfter, 'expired');
  }
  for (let i = 1; i < parsed.length; i++) checkAuthority(parsed[i], i - 1);
  checkAuthority(anchor, parsed.length - 1);
  need((keyUsage(leaf) & 0x80) !== 0, 'key-usage');
  const extended = leaf.extensions.get(EXTENDED);
  need(!extended || parseDer(extended.value).items.some((each) => each.oid === EMAIL_PROTECTION), 'extended-key-usage');
  const name = nameOf(leaf);
  need(address === null || address === name, 'wrong-name');
  const level = levelOf(leaf);
  need(level !== 'test' || trust.allowTest, 'test-certificate');
  const device = await deviceId(leaf.spki);
  need(!revoked.has(device) && !revoked.has(leaf.serial), 'revoked');
  return {
    address: name,
    device,
    spki: leaf.spki,
    level,
    notAfter: leaf.notAfter,
    anchor: await fingerprint(anchor),
    leaf,
  };
}

/** @param {Certificate} certificate @param {Uint8Array<ArrayBuffer>} spki of the issuer */
async function signedBy(certificate, spki) {
  const algorithm = SIGNATURES[certificate.signatureOid];
  try {
    if (algorithm.name !== 'ECDSA') {
      const rsa = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
      if (/** @type {any} */ (rsa.algorithm).modulusLength < 2048) return false;
      return await crypto.subtle.verify(algorithm.name, rsa, certificate.signature, certificate.tbs);
    }
    const namedCurve = hexOf(spki).includes(P256) ? 'P-256' : 'P-384';
    const key = await crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve }, false, ['verify']);
    const signature = plainSignature(certificate.signature, namedCurve === 'P-256' ? 32 : 48);
    return await crypto.subtle.verify({ name: 'ECDSA', hash: algorithm.hash }, key, signature, certificate.tbs);
  } catch {
    return false;
  }
}

/** @param {Certificate} certificate @param {number} below  how many authorities stand below it */
function checkAuthority(certificate, below) {
  const basic = certificate.extensions.get(BASIC);
  const parts = basic ? parseDer(basic.value).expect(16).items : [];
  need(parts.length > 0 && parts[0].is(1) && parts[0].content[0] === 255, 'not-a-ca');
  need(parts.length < 2 || parts[1].expect(2).content[0] >= below, 'path-length');
  need((keyUsage(certificate) & 0x04) !== 0, 'key-usage');
}

/** The first byte of the key usage; all bits when there is none. @param {Certificate} certificate */
function keyUsage(certificate) {
  const usage = certificate.extensions.get(KEY_USAGE);
  return usage ? (parseDer(usage.value).expect(3).content[1] ?? 0) : 255;
}

/** @param {Certificate} leaf */
function nameOf(leaf) {
  const names = leaf.extensions.get(SAN);
  const items = names ? parseDer(names.value).expect(16).items : [];
  need(items.length > 0, 'no-name');
  need(items.length === 1, 'more-than-one-name');
  const text = String.fromCharCode(...items[0].content);
  need(items[0].is(1, 3) || (items[0].is(6, 3) && text.startsWith('tel:')), 'no-name');
  try {
    return items[0].tag === 1 ? parseAddress(text) : addressOfUri(text);
  } catch (e) {
    throw new StarlingError('wrong-name', {}, String(e));
  }
}

/** @param {Certificate} leaf */
function levelOf(leaf) {
  const policies = leaf.extensions.get(POLICIES);
  if (!policies) return 'other';
  const found = new Set(parseDer(policies.value).items.map((each) => each.items[0].oid));
  for (const [number, level] of [
    ['9', 'test'],
    ['1', 'code'],
    ['2', 'reply'],
    ['3', 'call'],
  ])
    if (found.has(`${POLICY_ARC}.${number}`)) return level;
  return 'other';
}

/** @param {Uint8Array} bytes */
const hexOf = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
