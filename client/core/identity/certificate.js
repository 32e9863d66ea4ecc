// X.509 certificates (RFC 5280, section 4), read strictly.
import { hex, sha256, unbase64 } from '../bytes.js';
import { need } from '../errors.js';
import { parseDer } from './der.js';

const MAX_BYTES = 8192;

/**
 * @typedef {object} Certificate
 * @property {Uint8Array<ArrayBuffer>} der
 * @property {Uint8Array<ArrayBuffer>} tbs  what is signed
 * @property {string} signatureOid
 * @property {Uint8Array<ArrayBuffer>} signature
 * @property {Uint8Array<ArrayBuffer>} serialDer  @property {string} serial  hex
 * @property {Uint8Array<ArrayBuffer>} issuer  @property {Uint8Array<ArrayBuffer>} subject  DER names
 * @property {number} notBefore  Unix ms  @property {number} notAfter  Unix ms
 * @property {Uint8Array<ArrayBuffer>} spki
 * @property {Map<string, {critical: boolean, value: Uint8Array<ArrayBuffer>}>} extensions
 */

/** @param {Uint8Array} der @returns {Certificate} */
export function parseCertificate(der) {
  need(der.length <= MAX_BYTES, 'malformed', 'certificate too long');
  const [body, algorithm, signature, ...more] = parseDer(der, MAX_BYTES).expect(16).items;
  need(more.length === 0 && !!signature, 'malformed', 'certificate');
  const fields = body.expect(16).items;
  need(fields.length >= 7 && fields[0].is(0, 3) && fields[0].items[0].content[0] === 2, 'malformed', 'not version 3');
  const [, serial, inner, issuer, validity, subject, spki, ...rest] = fields;
  const signatureOid = algorithm.items[0].oid;
  need(inner.items[0].oid === signatureOid, 'malformed', 'two signature algorithms');
  const [from, to] = validity.expect(16).items;
  signature.expect(3);
  need(signature.content[0] === 0, 'malformed', 'signature');
  const wrapped = rest.find((item) => item.is(3, 3));
  return {
    der: new Uint8Array(der),
    tbs: body.der,
    signatureOid,
    signature: signature.content.slice(1),
    serialDer: serial.expect(2).der,
    serial: hex(serial.content),
    issuer: issuer.expect(16).der,
    subject: subject.expect(16).der,
    notBefore: time(from),
    notAfter: time(to),
    spki: spki.expect(16).der,
    extensions: wrapped ? extensions(wrapped.items[0]) : new Map(),
  };
}

/** @param {import('./der.js').Item} list */
function extensions(list) {
  /** @type {Map<string, {critical: boolean, value: Uint8Array<ArrayBuffer>}>} */
  const map = new Map();
  for (const item of list.expect(16).items) {
    const parts = item.expect(16).items;
    const oid = parts[0].oid;
    need(!map.has(oid) && parts.length >= 2 && parts.length <= 3, 'malformed', 'extension');
    const critical = parts.length === 3 && parts[1].expect(1).content[0] === 255;
    map.set(oid, { critical, value: parts[parts.length - 1].expect(4).content });
  }
  return map;
}

/** @param {import('./der.js').Item} item @returns {number} Unix ms */
function time(item) {
  need(item.is(23) || item.is(24), 'malformed', 'time');
  const text = String.fromCharCode(...item.content);
  const match = (
    item.tag === 23 ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  ).exec(text);
  need(!!match, 'malformed', 'time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const full = item.tag === 24 ? year : year < 50 ? 2000 + year : 1900 + year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** @param {string} pem one or more certificates @returns {Uint8Array<ArrayBuffer>[]} */
export function pemCertificates(pem) {
  need(pem.length < 100_000, 'malformed', 'PEM too long');
  const all = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  return all.map((match) => unbase64(match[1].replace(/\s/g, '')));
}

/** @param {Certificate} certificate @returns {Promise<string>} SHA-256 in hex */
export const fingerprint = async (certificate) => hex(await sha256(certificate.der));
