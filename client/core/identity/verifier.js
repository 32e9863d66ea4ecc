// Decides whether a chain proves an address: docs/protocols/formats.md, section 3, in its order and with its reasons.
import { hex, same } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { addressOfUri, parseAddress } from './address.js';
import { BASIC, EXTENDED, fingerprint, KEY_USAGE, parseCertificate, POLICIES, SAN } from './certificate.js';
import { deviceId } from './device.js';
import { isUsableKey, isP256, onP256, signedBy, SIGNATURES } from './issuer-key.js';

export const POLICY_ARC = '2.25.79549199400722170753484347576486920845.1';
const KNOWN = new Set([SAN, KEY_USAGE, EXTENDED, BASIC, POLICIES]);
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const RFC822_NAME = 0x81;
const URI = 0x86;

/** @typedef {import('./certificate.js').Certificate} Certificate */
/** anchor: SHA-256 of its certificate; issuer: SHA-256 of the key of the CA that issued the leaf, both hex
 * @typedef {{address: string, device: string, spki: Uint8Array<ArrayBuffer>, level: string, notAfter: number, anchor: string, issuer: string, leaf: Certificate}} Verified */
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
  const parsed = parse(chain);
  const leaf = parsed[0];
  const anchor = await issuerOf(parsed[parsed.length - 1], trust);
  need(!!anchor, 'unknown-anchor');
  for (let i = 0; i + 1 < parsed.length; i++) await checkSigned(parsed[i], parsed[i + 1]);
  for (const each of [...parsed, anchor]) checkTime(each, now);
  for (let i = 1; i < parsed.length; i++) checkAuthority(parsed[i], i - 1);
  checkAuthority(anchor, parsed.length - 1);
  need((leaf.extensions.usage & DIGITAL_SIGNATURE) !== 0, 'key-usage');
  need(leaf.extensions.extendedUsage?.includes(EMAIL_PROTECTION) ?? true, 'extended-key-usage');
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
    issuer: await deviceId((parsed[1] ?? anchor).spki),
    leaf,
  };
}

/**
 * Whether `chain` is that of a CA, its own certificate first, up to an anchor or an anchor itself: for what a CA says with its own key (REVOKED records).
 * @param {Uint8Array[]} chain @param {number} now @param {Trust} trust
 * @returns {Promise<{device: string, spki: Uint8Array<ArrayBuffer>, notAfter: number}>} SHA-256 of the CA's key
 */
export async function verifyAuthority(chain, now, trust) {
  const parsed = parse(chain);
  for (let i = 0; i + 1 < parsed.length; i++) await checkSigned(parsed[i], parsed[i + 1]);
  const last = parsed[parsed.length - 1];
  if (!trust.anchors.some((anchor) => same(anchor.der, last.der))) {
    const anchor = await issuerOf(last, trust);
    need(!!anchor, 'unknown-anchor');
    checkTime(anchor, now);
    checkAuthority(anchor, parsed.length);
  }
  for (const [i, each] of parsed.entries()) {
    checkTime(each, now);
    checkAuthority(each, i);
  }
  return { device: await deviceId(parsed[0].spki), spki: parsed[0].spki, notAfter: parsed[0].notAfter };
}

/** @param {Uint8Array[]} chain @returns {Certificate[]} */
function parse(chain) {
  need(chain.length > 0, 'no-certificate');
  need(chain.length <= 4, 'chain-too-long');
  const parsed = chain.map(parseCertificate);
  for (const each of parsed) {
    for (const oid of each.extensions.critical) need(KNOWN.has(oid), 'unknown-critical-extension');
    need(hex(each.algorithm) in SIGNATURES && isUsableKey(each.spki), 'unsupported-algorithm');
  }
  need(isP256(parsed[0].spki) && onP256(parsed[0].spki), 'unsupported-algorithm', 'the key is not on P-256');
  return parsed;
}

/** The anchor with the issuer's name, its key identifier where both tell one, and its signature. @param {Certificate} certificate @param {Trust} trust */
async function issuerOf(certificate, trust) {
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

/** @param {Certificate} certificate @param {number} below  how many authorities stand below it */
function checkAuthority(certificate, below) {
  need(certificate.extensions.below >= 0, 'not-a-ca');
  need(certificate.extensions.below >= below, 'path-length');
  need((certificate.extensions.usage & KEY_CERT_SIGN) !== 0, 'key-usage');
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

/** @param {Certificate} leaf */
function levelOf(leaf) {
  for (const [number, level] of [
    ['9', 'test'],
    ['1', 'code'],
    ['2', 'reply'],
    ['3', 'call'],
  ])
    if (leaf.extensions.policies.includes(`${POLICY_ARC}.${number}`)) return level;
  return 'other';
}
