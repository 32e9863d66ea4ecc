// Decides whether a chain proves an address: docs/protocols/formats.md, section 3, in its order and with its reasons.
import { hex, same } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { addressOfUri, parseAddress } from './address.js';
import { mayCertify } from './anchors.js';
import { fingerprint, KNOWN_CRITICAL, parseCertificate } from './certificate.js';
import { mayVouch } from './constraints.js';
import { deviceId } from './device.js';
import { isUsableKey, isP256, onP256, signedBy, SIGNATURES } from './issuer-key.js';
import { checkProxy, proxyAddress } from './proxy.js';

export const POLICY_ARC = '2.25.79549199400722170753484347576486920845.1';
export const MAX_CHAIN = 5;
const ANY_USAGE = '2.5.29.37.0';
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const RFC822_NAME = 0x81;
const URI = 0x86;

/** @typedef {import('./certificate.js').Certificate} Certificate */
/** log: in which its CA enters what it certifies; anchor: SHA-256 of its certificate; path: without a proxy, with the anchor; issuer: SHA-256 of the key of the CA that issued the leaf, both hex
 * @typedef {{address: string, device: string, spki: Uint8Array<ArrayBuffer>, level: string, notAfter: number, anchor: string, issuer: string, leaf: Certificate, path: Certificate[], log?: import('./anchors.js').AnchorLog}} Verified */
/** @typedef {import('./anchors.js').Anchor} Anchor */
/** What is known of withdrawn certificates; asked for every certificate of a chain and its issuer. @typedef {{revoked: (certificate: Certificate, issuer: Anchor | Certificate) => boolean}} Revocations */
/** @typedef {{anchors: Anchor[], allowTest: boolean, revocations?: Revocations}} Trust */

/**
 * @param {Uint8Array[]} chain  DER, leaf first
 * @param {string | null} address  null: whatever the leaf names
 * @param {number} now  Unix ms
 * @param {Trust} trust
 * @param {Set<string>} [revoked]  device ids and serials in hex
 * @returns {Promise<Verified>}
 */
export async function verifyChain(chain, address, now, trust, revoked = new Set()) {
  const parsed = parse(chain);
  const leaf = parsed[0];
  need(isP256(leaf.spki) && onP256(leaf.spki), 'unsupported-algorithm', 'the key is not on P-256');
  const anchor = await issuerOf(parsed[parsed.length - 1], trust);
  need(!!anchor, 'unknown-anchor');
  for (let i = 0; i + 1 < parsed.length; i++) await checkSigned(parsed[i], parsed[i + 1]);
  for (const each of [...parsed, anchor]) checkTime(each, now);
  checkProxy(parsed);
  const proxy = !!leaf.extensions.proxy;
  // A proxy is no part of the path (RFC 3820, section 4): that begins with its owner.
  const path = [...(proxy ? parsed.slice(1) : parsed), anchor];
  const owner = path[0];
  checkAuthorities(path, 1);
  for (const each of new Set([leaf, owner])) checkUse(each);
  const name = proxy ? proxyAddress(leaf, owner) : nameOf(leaf);
  need(address === null || address === name, 'wrong-name');
  const level = levelOf(owner, proxy);
  need(level !== 'test' || trust.allowTest, 'test-certificate');
  need(mayCertify(anchor, name, level, proxy), 'constrained-anchor');
  const device = await deviceId(leaf.spki);
  const ids = [device, leaf.serial, ...(proxy ? [await deviceId(owner.spki), owner.serial] : [])];
  need(!ids.some((id) => revoked.has(id)), 'revoked');
  need(!isWithdrawn(path, trust), 'revoked');
  return {
    address: name,
    device,
    spki: leaf.spki,
    level,
    notAfter: leaf.notAfter,
    anchor: await fingerprint(anchor),
    issuer: await deviceId(path[1].spki),
    leaf,
    path,
    log: anchor.rules?.log,
  };
}

/** Whether a list of one of the issuers names one of the certificates. @param {Certificate[]} path  with the anchor @param {Trust} trust */
export const isWithdrawn = (path, { revocations }) =>
  !!revocations && path.slice(0, -1).some((each, i) => revocations.revoked(each, path[i + 1]));

/**
 * Whether `chain` is that of a CA, its own certificate first, up to an anchor or an anchor itself: for what a CA says with its own key (REVOKED records).
 * @param {Uint8Array[]} chain @param {number} now @param {Trust} trust
 * @returns {Promise<{device: string, spki: Uint8Array<ArrayBuffer>, notAfter: number}>} SHA-256 of the CA's key
 */
export async function verifyAuthority(chain, now, trust) {
  const parsed = parse(chain);
  need(isP256(parsed[0].spki) && onP256(parsed[0].spki), 'unsupported-algorithm', 'the key is not on P-256');
  for (let i = 0; i + 1 < parsed.length; i++) await checkSigned(parsed[i], parsed[i + 1]);
  const last = parsed[parsed.length - 1];
  const itself = trust.anchors.find((anchor) => same(anchor.der, last.der));
  const anchor = itself ?? (await issuerOf(last, trust));
  need(!!anchor, 'unknown-anchor');
  const path = itself ? [...parsed.slice(0, -1), anchor] : [...parsed, anchor];
  for (const each of path) checkTime(each, now);
  checkProxy(parsed);
  checkAuthorities(path, 0);
  need(anchor.rules?.purposes.has('revoke') ?? true, 'constrained-anchor');
  need(!isWithdrawn(path, trust), 'revoked');
  return { device: await deviceId(parsed[0].spki), spki: parsed[0].spki, notAfter: parsed[0].notAfter };
}

/** @param {Uint8Array[]} chain @returns {Certificate[]} */
function parse(chain) {
  need(chain.length > 0, 'no-certificate');
  need(chain.length <= MAX_CHAIN, 'chain-too-long');
  const parsed = chain.map(parseCertificate);
  for (const each of parsed) {
    for (const oid of each.extensions.critical) need(KNOWN_CRITICAL.has(oid), 'unknown-critical-extension');
    need(hex(each.algorithm) in SIGNATURES && isUsableKey(each.spki), 'unsupported-algorithm');
  }
  return parsed;
}

/** The anchor with the issuer's name, its key identifier where both tell one, and its signature. @param {Certificate} certificate @param {Trust} trust */
export async function issuerOf(certificate, trust) {
  const wanted = certificate.extensions.authorityKey;
  for (const anchor of trust.anchors) {
    const own = anchor.extensions.subjectKey;
    if (!same(anchor.subject, certificate.issuer) || (wanted && own && !same(wanted, own))) continue;
    if (await signedBy(certificate, anchor.spki)) return anchor;
  }
  return null;
}

/** @param {Certificate} certificate @param {Certificate} issuer */
async function checkSigned(certificate, issuer) {
  need(same(certificate.issuer, issuer.subject) && (await signedBy(certificate, issuer.spki)), 'bad-signature');
}

/** @param {Certificate} certificate @param {number} now */
function checkTime(certificate, now) {
  need(now >= certificate.notBefore, 'not-yet-valid');
  need(now <= certificate.notAfter, 'expired');
}

/** From `first` on every certificate of the path is an authority's, and may vouch for what stands below it. @param {Certificate[]} path  with the anchor @param {number} first */
function checkAuthorities(path, first) {
  let below = 0;
  for (const each of path.slice(first)) {
    need(each.extensions.below >= 0, 'not-a-ca');
    need(each.extensions.below >= below, 'path-length');
    need((each.extensions.usage & KEY_CERT_SIGN) !== 0, 'key-usage');
    // RFC 5280, section 4.2.1.9: what issued itself is not counted.
    if (!same(each.subject, each.issuer)) below++;
  }
  for (const { extensions } of path.slice(first, -1)) {
    const uses = extensions.extendedUsage;
    need(!uses || uses.includes(EMAIL_PROTECTION) || uses.includes(ANY_USAGE), 'extended-key-usage');
  }
  for (const { extensions } of path) need(!extensions.explicitPolicy, 'explicit-policy');
  path.forEach(({ extensions: { constraints } }, i) => {
    if (!constraints || i < first) return;
    path.slice(0, i).forEach((each, at) => {
      const counts = at === 0 || !same(each.subject, each.issuer);
      need(!counts || mayVouch(constraints, each), 'name-constraints');
    });
  });
}

/** @param {Certificate} certificate  a device's, or its owner's */
function checkUse({ extensions }) {
  need((extensions.usage & DIGITAL_SIGNATURE) !== 0, 'key-usage');
  need(extensions.extendedUsage?.includes(EMAIL_PROTECTION) ?? true, 'extended-key-usage');
}

/** @param {Certificate} leaf */
function nameOf(leaf) {
  const names = leaf.extensions.names;
  need(names.length > 0, 'no-name');
  need(names.length === 1, 'more-than-one-name');
  const [{ tag, content }] = names;
  const text = String.fromCharCode(...content);
  const phone = tag === URI && text.startsWith('tel:');
  need(tag === RFC822_NAME || phone, 'no-name');
  // An IA5String is ASCII; a name in other letters has its A-label here.
  need(
    content.every((b) => b <= 0x7e),
    'wrong-name',
  );
  let name;
  try {
    name = phone ? addressOfUri(text) : parseAddress(text);
  } catch (e) {
    throw new StarlingError('wrong-name', {}, String(e));
  }
  need(name.includes('@') !== phone, 'wrong-name');
  return name;
}

/** @param {Certificate} owner @param {boolean} proxy */
function levelOf(owner, proxy) {
  for (const [number, level] of [
    ['9', 'test'],
    ['1', 'code'],
    ['2', 'reply'],
    ['3', 'call'],
  ])
    if (owner.extensions.policies.includes(`${POLICY_ARC}.${number}`) && (!proxy || level === 'test')) return level;
  return proxy ? 'smime' : 'other';
}
