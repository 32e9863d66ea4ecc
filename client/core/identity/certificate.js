// X.509 certificates (RFC 5280, section 4.1), read strictly and byte by byte as Java reads them. docs/protocols/formats.md, section 3.
import { hex, same, sha256, unbase64 } from '../bytes.js';
import { need } from '../errors.js';
import { parseConstraints, relativeNames } from './constraints.js';
import { parseDer } from './der.js';
import { crlUrls, explicitPolicy, parseProxy, PROXY_INFO, timeOf } from './extensions.js';

export const MAX_BYTES = 8192;
const MAX_SERIAL_BYTES = 20;
export const SAN = '2.5.29.17';
export const KEY_USAGE = '2.5.29.15';
export const EXTENDED = '2.5.29.37';
export const BASIC = '2.5.29.19';
export const POLICIES = '2.5.29.32';
const AUTHORITY_KEY = '2.5.29.35';
const SUBJECT_KEY = '2.5.29.14';
const CONSTRAINTS = '2.5.29.30';
const POLICY_CONSTRAINTS = '2.5.29.36';
const CRL_POINTS = '2.5.29.31';
const POLICY_MAPPINGS = '2.5.29.33';
const INHIBIT_ANY_POLICY = '2.5.29.54';
/** What may be critical: what we obey, and what of the policies cannot change our verdict (formats.md, section 3). */
export const KNOWN_CRITICAL = new Set([
  SAN,
  KEY_USAGE,
  EXTENDED,
  BASIC,
  POLICIES,
  CONSTRAINTS,
  POLICY_CONSTRAINTS,
  POLICY_MAPPINGS,
  INHIBIT_ANY_POLICY,
  PROXY_INFO,
]);
const READ = new Set([
  SAN,
  KEY_USAGE,
  EXTENDED,
  BASIC,
  POLICIES,
  CONSTRAINTS,
  POLICY_CONSTRAINTS,
  PROXY_INFO,
  AUTHORITY_KEY,
  SUBJECT_KEY,
  CRL_POINTS,
]);

/**
 * @typedef {object} Extensions  what this reader knows of them
 * @property {Set<string>} critical
 * @property {Set<string>} oids  all that are there
 * @property {boolean} named  whether there is a SAN
 * @property {{tag: number, content: Uint8Array<ArrayBuffer>, parts: string[]}[]} names  of the SAN; tag is the identifier octet, parts are those of a directory name
 * @property {number} usage  the first eight bits, digitalSignature in the highest; all when absent
 * @property {string[] | null} extendedUsage
 * @property {number} below  how many authorities may stand below this one; -1: not a CA
 * @property {string[]} policies
 * @property {Uint8Array | null} authorityKey  @property {Uint8Array | null} subjectKey
 * @property {import('./constraints.js').Constraints | null} constraints  @property {boolean} explicitPolicy  whether it asks for policies that we do not follow
 * @property {import('./extensions.js').ProxyInfo | null} proxy  @property {string[]} crls  URLs (http) of its revocation lists
 */

/**
 * @typedef {object} Certificate
 * @property {Uint8Array<ArrayBuffer>} der
 * @property {Uint8Array<ArrayBuffer>} tbs  what is signed
 * @property {Uint8Array<ArrayBuffer>} algorithm  AlgorithmIdentifier of the signature, DER
 * @property {Uint8Array<ArrayBuffer>} signature
 * @property {Uint8Array<ArrayBuffer>} serialDer  @property {string} serial  hex
 * @property {Uint8Array<ArrayBuffer>} issuer  @property {Uint8Array<ArrayBuffer>} subject  DER names
 * @property {string[]} subjectNames  the subject's relative names, comparable
 * @property {number} notBefore  Unix ms  @property {number} notAfter  Unix ms
 * @property {Uint8Array<ArrayBuffer>} spki
 * @property {Extensions} extensions
 */

/** Not yet believed: see verifier.js. @param {Uint8Array} der @returns {Certificate} */
export function parseCertificate(der) {
  const [body, algorithm, signature] = parseDer(der, MAX_BYTES).sequence(3, 3);
  const [version, serial, inner, issuer, validity, subject, spki, wrapped] = body.sequence(7, 8);
  algorithm.sequence(1, 2)[0].expect(6);
  need(version.is(0, 3) && version.constructed && hex(version.content) === '020102', 'malformed', 'not version 3');
  const number = serial.expect(2).content;
  need(number.length <= MAX_SERIAL_BYTES && number[0] < 128 && number.some((b) => b !== 0), 'malformed', 'serial');
  need(same(inner.der, algorithm.der), 'malformed', 'two signature algorithms');
  const [from, to] = validity.sequence(2, 2);
  checkName(issuer);
  checkName(subject);
  need(issuer.content.length > 0, 'malformed', 'no issuer');
  const found = extensions(wrapped ?? null);
  // RFC 5280, section 4.1.2.6.
  need(
    subject.content.length > 0 || !found.named || found.critical.has(SAN),
    'malformed',
    'the name is not critical, the subject empty',
  );
  return {
    der: new Uint8Array(der),
    tbs: body.der,
    algorithm: algorithm.der,
    signature: signature.wholeBits,
    serialDer: serial.der,
    serial: hex(number),
    issuer: issuer.der,
    subject: subject.der,
    subjectNames: relativeNames(subject),
    notBefore: timeOf(from),
    notAfter: timeOf(to),
    spki: spki.expect(16).der,
    extensions: found,
  };
}

/** @param {import('./der.js').Item} name */
function checkName(name) {
  for (const relative of name.expect(16).items) {
    const attributes = relative.expect(17).items;
    need(attributes.length > 0, 'malformed', 'name');
    for (const attribute of attributes) attribute.sequence(2, 2)[0].expect(6);
  }
}

/** One that does not parse makes the certificate malformed, critical or not. @param {import('./der.js').Item | null} wrapped */
function extensions(wrapped) {
  const { critical, values } = listed(wrapped);
  const [names, usage, extended, basic] = [SAN, KEY_USAGE, EXTENDED, BASIC].map((oid) => values.get(oid));
  const [policies, authorityKey, subjectKey] = [POLICIES, AUTHORITY_KEY, SUBJECT_KEY].map((oid) => values.get(oid));
  const identifier = authorityKey?.sequence(0, 3)[0];
  const [constraints, wanted, proxy, points] = [CONSTRAINTS, POLICY_CONSTRAINTS, PROXY_INFO, CRL_POINTS].map((oid) =>
    values.get(oid),
  );
  return {
    critical,
    oids: new Set(values.keys()),
    constraints: constraints ? parseConstraints(constraints) : null,
    explicitPolicy: wanted ? explicitPolicy(wanted) : false,
    proxy: proxy ? parseProxy(proxy) : null,
    crls: points ? crlUrls(points) : [],
    named: !!names,
    names: names ? generalNames(names) : [],
    usage: usage ? (usage.expect(3).content[1] ?? 0) : 255,
    extendedUsage: extended ? extended.sequence(1, 256).map((each) => each.oid) : null,
    below: basic ? pathLength(basic) : -1,
    policies: policies ? policies.sequence(1, 256).map((each) => each.sequence(1, 2)[0].oid) : [],
    authorityKey: identifier?.is(0, 3) && !identifier.constructed ? identifier.content : null,
    subjectKey: subjectKey ? subjectKey.expect(4).content : null,
  };
}

/** @param {import('./der.js').Item | null} wrapped */
function listed(wrapped) {
  /** @type {Set<string>} */
  const critical = new Set();
  /** @type {Map<string, import('./der.js').Item>} */
  const values = new Map();
  if (!wrapped) return { critical, values };
  const one = wrapped.expect(3, 3).items;
  need(one.length === 1, 'malformed', 'extensions');
  for (const extension of one[0].sequence(1, 256)) {
    const parts = extension.sequence(2, 3);
    const oid = parts[0].oid;
    if (parts.length === 3) {
      // DER leaves out FALSE, the default.
      need(parts[1].expect(1).content[0] === 255, 'malformed', 'critical FALSE');
      critical.add(oid);
    }
    const value = parts[parts.length - 1].expect(4).content;
    need(!values.has(oid), 'malformed', 'an extension twice');
    values.set(oid, READ.has(oid) ? parseDer(value, MAX_BYTES) : extension);
  }
  return { critical, values };
}

/** @param {import('./der.js').Item} list */
const generalNames = (list) =>
  list.expect(16).items.map((item) => {
    need(item.tagClass === 3, 'malformed', 'name');
    const tag = 0x80 | (item.constructed ? 32 : 0) | item.tag;
    const directory = tag === 0xa4 ? item.items : [];
    need(tag !== 0xa4 || directory.length === 1, 'malformed', 'name');
    return { tag, content: item.content, parts: directory.length ? relativeNames(directory[0]) : [] };
  });

/** @param {import('./der.js').Item} constraints @returns {number} -1: not a CA */
function pathLength(constraints) {
  const parts = constraints.sequence(0, 2);
  if (parts.length === 0) return -1;
  need(parts[0].expect(1).content[0] === 255, 'malformed', 'basic constraints');
  const below = parts.length === 1 ? Infinity : parts[1].integer;
  need(below >= 0, 'malformed', 'path length');
  return below;
}

/** @param {string} pem one or more certificates @returns {Uint8Array<ArrayBuffer>[]} */
export function pemCertificates(pem) {
  need(pem.length < 100_000, 'malformed', 'PEM too long');
  // RFC 8555, section 11.4: a file with a key in it is refused whole.
  need(!/-----BEGIN (?!CERTIFICATE-----)/.test(pem), 'malformed', 'something other than certificates');
  const all = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  return all.map((match) => unbase64(match[1].replace(/\s/g, '')));
}

/** @param {Certificate} certificate @returns {Promise<string>} SHA-256 in hex */
export const fingerprint = async (certificate) => hex(await sha256(certificate.der));
