// Lists of withdrawn certificates (RFC 5280, section 5), read as strictly as certificates. docs/protocols/formats.md, section 3.
import { hex, same } from '../bytes.js';
import { need } from '../errors.js';
import { isCrlUrl, timeOf } from './extensions.js';
import { parseDer } from './der.js';
import { isUsableKey, signedBy, SIGNATURES } from './issuer-key.js';

export const MAX_CRL_BYTES = 2 * 1024 * 1024;
const AHEAD_MILLIS = 600_000;
const CRL_SIGN = 0x02;
const DELTA = '2.5.29.27';
const POINT = '2.5.29.28';
/** Read, or of no consequence: CRL number, key identifier, freshest CRL; reason, invalidity date. */
const KNOWN = new Set([POINT, '2.5.29.20', '2.5.29.35', '2.5.29.46', '2.5.29.21', '2.5.29.24']);

/** @typedef {import('./der.js').Item} Item */
/**
 * @typedef {object} Crl
 * @property {Uint8Array<ArrayBuffer>} tbs  @property {Uint8Array<ArrayBuffer>} algorithm  @property {Uint8Array<ArrayBuffer>} signature
 * @property {Uint8Array<ArrayBuffer>} issuer  DER name
 * @property {number} thisUpdate  Unix ms  @property {number} nextUpdate  Unix ms
 * @property {Set<string>} serials  hex
 * @property {string[] | null} urls  of its distribution point, when it is one of several lists
 */

/** Not yet believed: see verifyCrl. @param {Uint8Array} der @returns {Crl} */
export function parseCrl(der) {
  const [body, algorithm, signature] = parseDer(der, MAX_CRL_BYTES).sequence(3, 3);
  const fields = body.sequence(5, 7);
  const [version, inner, issuer, from, to, ...rest] = fields;
  need(hex(version.der) === '020101' && same(inner.der, algorithm.der), 'malformed', 'version or algorithm');
  algorithm.sequence(1, 2)[0].expect(6);
  const wrapped = rest.length && rest[rest.length - 1].is(0, 3) ? /** @type {Item} */ (rest.pop()) : null;
  need(rest.length < 2, 'malformed', 'fields');
  const thisUpdate = timeOf(from);
  const nextUpdate = timeOf(to);
  const serials = new Set(rest.flatMap((list) => list.expect(16).items.map(entry)));
  return {
    tbs: body.der,
    algorithm: algorithm.der,
    signature: signature.wholeBits,
    issuer: issuer.expect(16).der,
    thisUpdate,
    nextUpdate,
    serials,
    urls: wrapped ? extensions(wrapped) : null,
  };
}

/** @param {Item} item @returns {string} the serial number in hex */
function entry(item) {
  const [serial, when, more] = item.sequence(2, 3);
  timeOf(when);
  // Certificates of another issuer (RFC 5280, section 5.3.3) are not for us to judge.
  if (more) for (const oid of listed(more).keys()) need(oid !== '2.5.29.29', 'unknown-critical-extension');
  const number = serial.expect(2).content;
  need(number.length <= 20 && number[0] < 128, 'malformed', 'serial');
  return hex(number);
}

/** @param {Item} list @returns {Map<string, Item>} by object identifier */
function listed(list) {
  /** @type {Map<string, Item>} */
  const values = new Map();
  for (const extension of list.sequence(1, 64)) {
    const parts = extension.sequence(2, 3);
    const oid = parts[0].oid;
    need(!values.has(oid), 'malformed', 'an extension twice');
    if (parts.length === 3) {
      need(parts[1].expect(1).content[0] === 255, 'malformed', 'critical FALSE');
      need(oid !== DELTA, 'delta');
      need(KNOWN.has(oid), 'unknown-critical-extension');
    }
    need(oid !== DELTA, 'delta');
    values.set(oid, parts[parts.length - 1].expect(4));
  }
  return values;
}

/** @param {Item} wrapped */
function extensions(wrapped) {
  const one = wrapped.items;
  need(one.length === 1, 'malformed', 'extensions');
  const point = listed(one[0]).get(POINT);
  return point ? distributionPoint(parseDer(point.content, MAX_CRL_BYTES)) : null;
}

/** Issuing distribution point (RFC 5280, section 5.2.5): a list for user certificates, for all reasons, of its own issuer. @param {Item} point @returns {string[] | null} */
function distributionPoint(point) {
  /** @type {string[] | null} */
  let urls = null;
  for (const part of point.expect(16).items) {
    need(part.tagClass === 3, 'malformed', 'distribution point');
    if (part.tag === 0) {
      urls = [];
      for (const full of part.items)
        if (full.is(0, 3))
          for (const each of full.items) {
            const text = each.is(6, 3) && !each.constructed ? String.fromCharCode(...each.content.slice(0, 501)) : '';
            if (isCrlUrl(text)) urls.push(text);
          }
    } else need(part.tag === 1, 'unknown-critical-extension', 'a list for others');
  }
  return urls;
}

/**
 * Whether the list is the issuer's, and of today; throws the reason.
 * @param {Crl} crl @param {import('./certificate.js').Certificate} issuer @param {string} url  where it was fetched @param {number} now
 */
export async function verifyCrl(crl, issuer, url, now) {
  need(hex(crl.algorithm) in SIGNATURES && isUsableKey(issuer.spki), 'unsupported-algorithm');
  need(same(crl.issuer, issuer.subject), 'wrong-issuer');
  need(crl.urls === null || crl.urls.includes(url), 'wrong-issuer', 'the list of another distribution point');
  need((issuer.extensions.usage & CRL_SIGN) !== 0, 'key-usage');
  need(await signedBy(crl, issuer.spki), 'bad-signature');
  need(crl.thisUpdate <= now + AHEAD_MILLIS, 'not-yet-valid');
  need(crl.nextUpdate >= now, 'expired');
}
