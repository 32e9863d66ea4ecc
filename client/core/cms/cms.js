// CMS between people's devices: SignedData (RFC 5652) inside AuthEnvelopedData (RFC 5083, 5084, 5753). docs/protocols/formats.md, section 9.
import { concat, same, sha256 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { parseCertificate } from '../identity/certificate.js';
import {
  compare,
  derSignature,
  integer,
  octets,
  oid,
  parseDer,
  plainSignature,
  sequence,
  setOf,
  taggedSetOf,
  tlv,
  bits,
} from '../identity/der.js';
import { sign, verify } from '../identity/device.js';
import { verifyKnown as verifyChain } from '../identity/known.js';
import { MAX_CHAIN } from '../identity/verifier.js';

export const DATA = '1.2.840.113549.1.7.1';
const SIGNED = '1.2.840.113549.1.7.2';
const AUTH_ENVELOPED = '1.2.840.113549.1.9.16.1.23';
const GCM = '2.16.840.1.101.3.4.1.46';
const WRAP = '2.16.840.1.101.3.4.1.45';
const ECDH_SHA256 = '1.3.132.1.11.1';
const EC_KEY = '1.2.840.10045.2.1';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const DIGEST = '1.2.840.113549.1.9.4';
const TIME = '1.2.840.113549.1.9.5';
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
export const MAX_CMS = 48 * 1024;

/** @param {Date} date */
const utcTime = (date) =>
  tlv(0x17, new TextEncoder().encode(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));

/** @param {import('../identity/passport.js').Signer} signer @param {Uint8Array} content @param {number} now Unix ms */
export async function makeSigned(signer, content, now) {
  const leaf = parseCertificate(signer.chain[0]);
  const attributes = [
    sequence(oid(CONTENT_TYPE), setOf(oid(DATA))),
    sequence(oid(DIGEST), setOf(octets(await sha256(content)))),
    sequence(oid(TIME), setOf(utcTime(new Date(now)))),
  ];
  const set = setOf(...attributes);
  const signature = derSignature(await sign(signer.key, set));
  const info = sequence(
    integer(1),
    sequence(leaf.issuer, leaf.serialDer),
    sequence(oid(SHA256)),
    concat(Uint8Array.of(0xa0), set.slice(1)),
    sequence(oid(ECDSA_SHA256)),
    octets(signature),
  );
  const certificates = taggedSetOf(0xa0, ...signer.chain);
  const data = sequence(
    integer(1),
    setOf(sequence(oid(SHA256))),
    sequence(oid(DATA), tlv(0xa0, octets(content))),
    certificates,
    setOf(info),
  );
  return sequence(oid(SIGNED), tlv(0xa0, data));
}

/**
 * The parts of a SignedData of just our shape; cheap, before anything is verified. @param {Uint8Array} der
 */
function readSigned(der) {
  const [type, wrapped] = parseDer(der, MAX_CMS).sequence(2, 2);
  need(type.oid === SIGNED, 'malformed', 'not SignedData');
  const [version, digests, inner, certificates, infos] = only(wrapped.expect(0, 3)).sequence(5, 5);
  const [contentType, carried] = inner.sequence(2, 2);
  need(
    version.integer === 1 && algorithmOf(only(digests.expect(17))) === SHA256 && contentType.oid === DATA,
    'malformed',
    'version, digest or content type',
  );
  const [info, sid, digest, attributes, algorithm, signature] = only(infos.expect(17)).sequence(6, 6);
  need(
    info.integer === 1 && algorithmOf(digest) === SHA256 && algorithmOf(algorithm) === ECDSA_SHA256,
    'malformed',
    'algorithms',
  );
  return {
    content: only(carried.expect(0, 3)).expect(4).content,
    certificates: sorted(certificates.expect(0, 3)).map((each) => each.der),
    sid: sid.der,
    attributes: attributes.expect(0, 3).der,
    digest: digestOf(attributes),
    signature: signature.expect(4).content,
  };
}

/** The message digest, from just the three attributes that we write. @param {import('../identity/der.js').Item} attributes */
function digestOf(attributes) {
  const found = new Map();
  for (const attribute of sorted(attributes)) {
    const [name, values] = attribute.sequence(2, 2);
    found.set(name.oid, only(values.expect(17)));
  }
  need(attributes.items.length === 3 && found.size === 3, 'malformed', 'attributes');
  need(found.get(CONTENT_TYPE)?.oid === DATA, 'malformed', 'content type');
  const time = found.get(TIME);
  need(!!time && (time.is(23) || time.is(24)), 'malformed', 'signing time');
  const digest = found.get(DIGEST);
  need(!!digest, 'malformed', 'no digest');
  return digest.expect(4).content;
}

/** @param {import('../identity/der.js').Item} item */
export function only(item) {
  const items = item.items;
  need(items.length === 1, 'malformed', `${items.length} items in place of one`);
  return items[0];
}

/** The items of an implicit SET OF. @param {import('../identity/der.js').Item} set */
function sorted(set) {
  const items = set.items;
  for (let i = 1; i < items.length; i++) need(compare(items[i - 1].der, items[i].der) <= 0, 'malformed', 'set order');
  return items;
}

/** @param {import('../identity/der.js').Item} identifier */
const algorithmOf = (identifier) => identifier.sequence(1, 2)[0].oid;

/** The signer's certificate first, then each one's issuer; none may be left over. @param {Uint8Array[]} set @param {Uint8Array} sid */
function chainOf(set, sid) {
  need(set.length > 0, 'no-certificate');
  need(set.length <= MAX_CHAIN, 'chain-too-long');
  const rest = set.map(parseCertificate);
  /** @type {import('../identity/certificate.js').Certificate[]} */
  const chain = [];
  for (
    let at = rest.findIndex((each) => same(sid, sequence(each.issuer, each.serialDer)));
    at >= 0;
    at = rest.findIndex((each) => same(each.subject, chain[chain.length - 1].issuer))
  )
    chain.push(...rest.splice(at, 1));
  need(chain.length > 0 && rest.length === 0, 'malformed', "certificates that are not the signer's chain");
  return chain.map((each) => each.der);
}

/**
 * @param {Uint8Array} der @param {string | null} address @param {number} now @param {import('../identity/verifier.js').Trust} trust
 * @returns {Promise<{content: Uint8Array<ArrayBuffer>, signer: import('../identity/verifier.js').Verified}>}
 */
export async function openSigned(der, address, now, trust) {
  const said = readSigned(der);
  const signer = await verifyChain(chainOf(said.certificates, said.sid), address, now, trust);
  const signed = said.attributes;
  // RFC 5652, section 5.4: signed as the SET OF that it is, not under its implicit tag.
  signed[0] = 0x31;
  need(await verify(signer.spki, signed, plain(said.signature)), 'bad-signature');
  need(same(said.digest, await sha256(said.content)), 'bad-signature', 'digest');
  return { content: said.content, signer };
}

/** @param {Uint8Array} signature */
function plain(signature) {
  try {
    return plainSignature(signature, 32);
  } catch (e) {
    throw new StarlingError('bad-signature', {}, String(e));
  }
}

/** @param {CryptoKey} priv @param {CryptoKey} pub @param {KeyUsage[]} usage */
async function wrappingKey(priv, pub, usage) {
  const z = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: pub }, priv, 256));
  const info = sequence(sequence(oid(WRAP)), tlv(0xa2, octets(Uint8Array.of(0, 0, 1, 0))));
  // X9.63 KDF of one block: RFC 5753, section 7.2.
  const key = await sha256(concat(z, Uint8Array.of(0, 0, 0, 1), info));
  return crypto.subtle.importKey('raw', key, 'AES-KW', false, usage);
}

/**
 * Who can read it: the content's key, wrapped for one device (KeyAgreeRecipientInfo: RFC 5652, section 6.2.2). @param {Uint8Array} recipient  its certificate, DER @param {CryptoKey} cek
 */
export async function wrapFor(recipient, cek) {
  const to = parseCertificate(recipient);
  const ephemeral = await crypto.subtle.generateKey(ECDH, true, ['deriveBits']);
  const pub = await crypto.subtle.importKey('spki', to.spki, ECDH, false, []);
  const wrapped = new Uint8Array(
    await crypto.subtle.wrapKey('raw', cek, await wrappingKey(ephemeral.privateKey, pub, ['wrapKey']), 'AES-KW'),
  );
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', ephemeral.publicKey));
  return tlv(
    0xa1,
    integer(3),
    tlv(0xa0, tlv(0xa1, sequence(oid(EC_KEY)), bits(point))),
    sequence(oid(ECDH_SHA256), sequence(oid(WRAP))),
    sequence(sequence(sequence(to.issuer, to.serialDer), octets(wrapped))),
  );
}

/** @param {{point: Uint8Array<ArrayBuffer>, wrapped: Uint8Array<ArrayBuffer>}} recipient @param {CryptoKey} agree @param {'AES-GCM' | 'AES-CBC'} algorithm */
export async function unwrapWith({ point, wrapped }, agree, algorithm) {
  const pub = await crypto.subtle.importKey('raw', point, ECDH, false, []);
  const key = await wrappingKey(agree, pub, ['unwrapKey']);
  return crypto.subtle.unwrapKey('raw', wrapped, key, 'AES-KW', algorithm, false, ['decrypt']);
}

/**
 * Signed, then encrypted for one device.
 * @param {import('../identity/passport.js').Signer} signer @param {Uint8Array} recipient  its certificate, DER @param {Uint8Array} content @param {number} now
 */
export async function sealFor(signer, recipient, content, now) {
  const plain = await makeSigned(signer, content, now);
  const cek = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, tagLength: 128 }, cek, plain));
  const encrypted = sequence(
    oid(DATA),
    sequence(oid(GCM), sequence(octets(iv), integer(16))),
    tlv(0x80, sealed.slice(0, -16)),
  );
  const der = sequence(
    oid(AUTH_ENVELOPED),
    tlv(0xa0, sequence(integer(0), setOf(await wrapFor(recipient, cek)), encrypted, octets(sealed.slice(-16)))),
  );
  need(der.length <= MAX_CMS, 'too-long');
  return der;
}

/** The parts of an AuthEnvelopedData of just our shape. @param {Uint8Array} der */
function readEnvelope(der) {
  const [type, wrapped] = parseDer(der, MAX_CMS).sequence(2, 2);
  need(type.oid === AUTH_ENVELOPED, 'malformed', 'not AuthEnvelopedData');
  const [version, recipients, encrypted, mac] = only(wrapped.expect(0, 3)).sequence(4, 4);
  const [contentType, algorithm, data] = encrypted.sequence(3, 3);
  const [cipher, parameters] = algorithm.sequence(2, 2);
  const [nonce, tagLength] = parameters.sequence(2, 2);
  need(
    version.integer === 0 && contentType.oid === DATA && cipher.oid === GCM && tagLength.integer === 16,
    'malformed',
    'version, content type or cipher',
  );
  need(!data.expect(0, 3).constructed, 'malformed', 'content in pieces');
  return {
    ...readRecipient(only(recipients.expect(17))),
    nonce: sized(nonce, 12),
    sealed: concat(data.content, sized(mac, 16)),
  };
}

/** @param {import('../identity/der.js').Item} recipient */
export function readRecipient(recipient) {
  const items = recipient.expect(1, 3).items;
  need(items.length === 4, 'malformed', 'recipient');
  const [version, originator, agreement, keys] = items;
  const origin = only(originator.expect(0, 3)).expect(1, 3).items;
  need(origin.length === 2 && algorithmOf(origin[0]) === EC_KEY, 'malformed', 'originator');
  const point = origin[1].wholeBits;
  need(point.length === 65 && point[0] === 4, 'malformed', 'point');
  const [scheme, wrap] = agreement.sequence(2, 2);
  need(version.integer === 3 && scheme.oid === ECDH_SHA256 && algorithmOf(wrap) === WRAP, 'malformed', 'key agreement');
  const [who, wrapped] = keys.sequence(1, 1)[0].sequence(2, 2);
  who.sequence(2, 2);
  return { point, wrapped: sized(wrapped, 40) };
}

/** @param {import('../identity/der.js').Item} octets @param {number} length */
export function sized(octets, length) {
  const bytes = octets.expect(4).content;
  need(bytes.length === length, 'malformed', `${bytes.length} bytes in place of ${length}`);
  return bytes;
}

/**
 * Decrypts with the device's key and verifies who signed.
 * @param {Uint8Array} der @param {CryptoKey} agree @param {string | null} address @param {number} now @param {import('../identity/verifier.js').Trust} trust
 */
export async function openFor(der, agree, address, now, trust) {
  const { point, wrapped, nonce, sealed } = readEnvelope(der);
  let plain;
  try {
    const cek = await unwrapWith({ point, wrapped }, agree, 'AES-GCM');
    plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce, tagLength: 128 }, cek, sealed);
  } catch {
    // Another device's key, or altered: nobody learns which.
    throw new StarlingError('not-for-this-key');
  }
  return openSigned(new Uint8Array(plain), address, now, trust);
}
