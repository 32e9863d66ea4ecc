// CMS between people's devices: SignedData (RFC 5652) inside AuthEnvelopedData (RFC 5083, 5084, 5753). docs/protocols/formats.md, section 9.
import { concat, same, sha256 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { parseCertificate } from '../identity/certificate.js';
import {
  derSignature,
  integer,
  octets,
  oid,
  parseDer,
  plainSignature,
  sequence,
  setOf,
  tlv,
  bits,
} from '../identity/der.js';
import { sign, verify } from '../identity/device.js';
import { verifyKnown as verifyChain } from '../identity/known.js';

const DATA = '1.2.840.113549.1.7.1';
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
async function makeSigned(signer, content, now) {
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
  const certificates = tlv(0xa0, ...signer.chain);
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
 * @param {Uint8Array} der @param {string | null} address @param {number} now @param {import('../identity/verifier.js').Trust} trust
 * @returns {Promise<{content: Uint8Array<ArrayBuffer>, signer: import('../identity/verifier.js').Verified}>}
 */
async function openSigned(der, address, now, trust) {
  const [type, wrapped] = parseDer(der, MAX_CMS).expect(16).items;
  need(type.oid === SIGNED, 'malformed', 'not SignedData');
  const fields = wrapped.expect(0, 3).items[0].expect(16).items;
  need(fields.length === 5, 'malformed', 'SignedData');
  const [, , inner, certificates, infos] = fields;
  need(inner.items[0].oid === DATA && infos.expect(17).items.length === 1, 'malformed', 'content or signers');
  const content = inner.items[1].expect(0, 3).items[0].expect(4).content;
  const chain = certificates.expect(0, 3).items.map((each) => each.der);
  const [, sid, digestAlgorithm, attributes, signatureAlgorithm, signature, ...more] = infos.items[0].expect(16).items;
  need(
    more.length === 0 && digestAlgorithm.items[0].oid === SHA256 && signatureAlgorithm.items[0].oid === ECDSA_SHA256,
    'malformed',
    'algorithms',
  );
  need(chain.length > 0, 'no-certificate');
  const leaf = parseCertificate(chain[0]);
  need(same(sid.der, sequence(leaf.issuer, leaf.serialDer)), 'malformed', 'signer is not the first certificate');
  const signer = await verifyChain(chain, address, now, trust);
  const signed = new Uint8Array(attributes.expect(0, 3).der);
  signed[0] = 0x31;
  need(await verify(signer.spki, signed, plainSignature(signature.expect(4).content, 32)), 'bad-signature');
  const found = new Map(attributes.items.map((each) => [each.items[0].oid, each.items[1].expect(17).items]));
  need(found.size === attributes.items.length && found.get(CONTENT_TYPE)?.[0].oid === DATA, 'malformed', 'attributes');
  const claimed = found.get(DIGEST)?.[0].expect(4).content ?? new Uint8Array();
  need(same(claimed, await sha256(content)), 'bad-signature', 'digest');
  return { content, signer };
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
 * Signed, then encrypted for one device.
 * @param {import('../identity/passport.js').Signer} signer @param {Uint8Array} recipient  its certificate, DER @param {Uint8Array} content @param {number} now
 */
export async function sealFor(signer, recipient, content, now) {
  const to = parseCertificate(recipient);
  const plain = await makeSigned(signer, content, now);
  const ephemeral = await crypto.subtle.generateKey(ECDH, true, ['deriveBits']);
  const pub = await crypto.subtle.importKey('spki', to.spki, ECDH, false, []);
  const cek = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  const wrapped = new Uint8Array(
    await crypto.subtle.wrapKey('raw', cek, await wrappingKey(ephemeral.privateKey, pub, ['wrapKey']), 'AES-KW'),
  );
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, tagLength: 128 }, cek, plain));
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', ephemeral.publicKey));
  const kari = tlv(
    0xa1,
    integer(3),
    tlv(0xa0, tlv(0xa1, sequence(oid(EC_KEY)), bits(point))),
    sequence(oid(ECDH_SHA256), sequence(oid(WRAP))),
    sequence(sequence(sequence(to.issuer, to.serialDer), octets(wrapped))),
  );
  const encrypted = sequence(
    oid(DATA),
    sequence(oid(GCM), sequence(octets(iv), integer(16))),
    tlv(0x80, sealed.slice(0, -16)),
  );
  const der = sequence(
    oid(AUTH_ENVELOPED),
    tlv(0xa0, sequence(integer(0), setOf(kari), encrypted, octets(sealed.slice(-16)))),
  );
  need(der.length <= MAX_CMS, 'too-long');
  return der;
}

/**
 * Decrypts with the device's key and verifies who signed.
 * @param {Uint8Array} der @param {CryptoKey} agree @param {string | null} address @param {number} now @param {import('../identity/verifier.js').Trust} trust
 */
export async function openFor(der, agree, address, now, trust) {
  const [type, wrapped] = parseDer(der, MAX_CMS).expect(16).items;
  need(type.oid === AUTH_ENVELOPED, 'malformed', 'not AuthEnvelopedData');
  const [version, recipients, encrypted, mac, ...more] = wrapped.expect(0, 3).items[0].expect(16).items;
  need(
    more.length === 0 && version.expect(2).content[0] === 0 && recipients.expect(17).items.length === 1,
    'malformed',
    'AuthEnvelopedData',
  );
  const [contentType, algorithm, data] = encrypted.expect(16).items;
  const [cipher, parameters] = algorithm.expect(16).items;
  const [nonce, tagLength] = parameters.expect(16).items;
  need(
    contentType.oid === DATA &&
      cipher.oid === GCM &&
      tagLength?.expect(2).content[0] === 16 &&
      data.expect(0, 3).constructed === false,
    'malformed',
    'content',
  );
  const [, originator, agreement, keys] = recipients.items[0].expect(1, 3).items;
  const key = originator.expect(0, 3).items[0].expect(1, 3).items[1].expect(3).content.slice(1);
  need(
    agreement.items[0].oid === ECDH_SHA256 && agreement.items[1].items[0].oid === WRAP && keys.items.length === 1,
    'malformed',
    'key agreement',
  );
  const cek = keys.items[0].items[1].expect(4).content;
  let plain;
  try {
    const pub = await crypto.subtle.importKey('raw', key, ECDH, false, []);
    const unwrapped = await crypto.subtle.unwrapKey(
      'raw',
      cek,
      await wrappingKey(agree, pub, ['unwrapKey']),
      'AES-KW',
      'AES-GCM',
      false,
      ['decrypt'],
    );
    const all = concat(data.content, mac.expect(4).content);
    plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: nonce.expect(4).content, tagLength: 128 },
      unwrapped,
      all,
    );
  } catch {
    throw new StarlingError('not-for-this-key');
  }
  return openSigned(new Uint8Array(plain), address, now, trust);
}
