// Proxy certificates (RFC 3820): a key with an S/MIME certificate says that a device speaks for one of its addresses. docs/protocols/formats.md, section 3.
import { concat, encode, random, sha256 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from './address.js';
import { parseCertificate } from './certificate.js';
import { bits, compare, integer, octets, oid, parseDer, sequence, setOf, tlv } from './der.js';
import { PROXY_INFO } from './extensions.js';

/** The one language of ours: the policy is the address, in its normal form. */
export const DEVICE_LANGUAGE = '2.25.79549199400722170753484347576486920845.2';
const COMMON_NAME = '2.5.4.3';
const RFC822_NAME = 0x81;
const ISSUER_NAMES = '2.5.29.18';
const MAX_NAMES = 64;
const LIFE_MILLIS = 30 * 86_400_000;
const BACKDATED_MILLIS = 300_000;

/** @typedef {import('./certificate.js').Certificate} Certificate */
/** Only the first certificate may be a proxy, below an ordinary one, and says just what ours says. @param {Certificate[]} parsed */
export function checkProxy(parsed) {
  const [proxy, owner] = parsed;
  const bad = (/** @type {boolean} */ ok, /** @type {string} */ why) => need(ok, 'bad-proxy', why);
  bad(
    parsed.slice(1).every((each) => !each.extensions.proxy),
    'a proxy of a proxy',
  );
  const info = proxy.extensions.proxy;
  if (!info) return;
  bad(!!owner && owner.extensions.below < 0, 'not below an end entity');
  bad(proxy.extensions.critical.has(PROXY_INFO), 'not critical');
  bad(info.below === 0 && info.language === DEVICE_LANGUAGE && !!info.policy, 'not our language');
  bad(proxy.extensions.below < 0, 'a CA');
  bad(!proxy.extensions.named && !proxy.extensions.oids.has(ISSUER_NAMES), 'names of its own');
  bad(isOneMore(proxy, owner), 'the subject');
  bad(proxy.notBefore >= owner.notBefore && proxy.notAfter <= owner.notAfter, 'longer than its owner');
}

/** RFC 3820, section 3.4: the issuer's name and one common name more. @param {Certificate} proxy @param {Certificate} owner */
function isOneMore(proxy, owner) {
  const mine = parseDer(proxy.subject).items.map((each) => each.der);
  const above = parseDer(owner.subject).items.map((each) => each.der);
  if (mine.length !== above.length + 1 || above.some((each, i) => compare(each, mine[i]) !== 0)) return false;
  const attributes = parseDer(mine[mine.length - 1]).items;
  return attributes.length === 1 && attributes[0].items[0].oid === COMMON_NAME;
}

/** The addresses of an S/MIME certificate, in normal form. @param {Certificate} certificate @returns {string[]} */
export function addressesOf({ extensions }) {
  const names = extensions.names.filter((name) => name.tag === RFC822_NAME).slice(0, MAX_NAMES);
  return [...new Set(names.flatMap(({ content }) => normal(content)))];
}

/** @param {Uint8Array} content @returns {string[]} none or one */
function normal(content) {
  if (content.some((b) => b > 0x7e)) return [];
  try {
    const address = parseAddress(String.fromCharCode(...content));
    return address.includes('@') ? [address] : [];
  } catch {
    return [];
  }
}

/** The one address for which the device speaks. @param {Certificate} proxy @param {Certificate} owner @returns {string} */
export function proxyAddress({ extensions }, owner) {
  need(
    owner.extensions.names.some((name) => name.tag === RFC822_NAME),
    'no-name',
  );
  const policy = extensions.proxy?.policy ?? new Uint8Array();
  const [address] = normal(policy);
  need(address !== undefined && address === String.fromCharCode(...policy), 'wrong-name');
  need(addressesOf(owner).includes(address), 'wrong-name');
  return address;
}

/**
 * A certificate for a device, signed by the key of an S/MIME certificate.
 * @param {{certificate: Certificate, algorithm: Uint8Array, sign: (tbs: Uint8Array) => Promise<Uint8Array>}} owner
 * @param {string} address  one of the owner's
 * @param {{id: string, spki: Uint8Array}} device @param {number} now
 * @returns {Promise<Uint8Array<ArrayBuffer>>} DER
 */
export async function makeProxy(owner, address, device, now) {
  const { certificate } = owner;
  const from = Math.max(certificate.notBefore, now - BACKDATED_MILLIS);
  const to = Math.min(certificate.notAfter, now + LIFE_MILLIS);
  if (to <= now) throw new StarlingError('smime.expired');
  const common = setOf(sequence(oid(COMMON_NAME), tlv(0x13, encode(device.id))));
  const above = parseDer(certificate.subject).items.map((each) => each.der);
  const key = certificate.extensions.subjectKey;
  const extensions = [
    extension(PROXY_INFO, true, sequence(integer(0), sequence(oid(DEVICE_LANGUAGE), octets(encode(address))))),
    extension('2.5.29.15', true, tlv(3, Uint8Array.of(3, 0x88))),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.4'))),
    extension('2.5.29.14', false, octets((await sha256(device.spki)).slice(0, 20))),
    ...(key ? [extension('2.5.29.35', false, sequence(tlv(0x80, key)))] : []),
  ];
  const tbs = sequence(
    tlv(0xa0, integer(2)),
    tlv(2, concat(Uint8Array.of(0x40), random(15))),
    owner.algorithm,
    certificate.subject,
    sequence(time(from), time(to)),
    sequence(...above, common),
    device.spki,
    tlv(0xa3, sequence(...extensions)),
  );
  const der = sequence(tbs, owner.algorithm, bits(await owner.sign(tbs)));
  parseCertificate(der);
  return der;
}

/** @param {string} id @param {boolean} critical @param {Uint8Array} value */
const extension = (id, critical, value) =>
  sequence(oid(id), ...(critical ? [Uint8Array.of(1, 1, 255)] : []), octets(value));

/** Whole seconds; both UTCTime and GeneralizedTime end in Z. @param {number} at */
function time(at) {
  const text = new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  return text < '2050' ? tlv(0x17, encode(`${text.slice(2)}Z`)) : tlv(0x18, encode(`${text}Z`));
}
