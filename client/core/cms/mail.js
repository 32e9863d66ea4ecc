// Encrypted for several devices as any S/MIME program reads it: EnvelopedData (RFC 5652, section 6) with AES-256-CBC and ECDH (RFC 5753). Nothing in it is
// authentic by itself: what is inside must be signed.
import { need, StarlingError } from '../errors.js';
import { integer, octets, oid, parseDer, sequence, setOf, tlv } from '../identity/der.js';
import { DATA, only, readRecipient, sized, unwrapWith, wrapFor } from './cms.js';

const ENVELOPED = '1.2.840.113549.1.7.3';
const CBC = '2.16.840.1.101.3.4.1.42';
export const MAX_ENVELOPE = 96 * 1024;
/** As many devices as a list has at most. */
export const MAX_RECIPIENTS = 16;

/** @param {Uint8Array[]} recipients  certificates, DER @param {Uint8Array} content @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function envelop(recipients, content) {
  need(recipients.length > 0 && recipients.length <= MAX_RECIPIENTS, 'generic', 'recipients');
  const cek = await crypto.subtle.generateKey({ name: 'AES-CBC', length: 256 }, true, ['encrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, cek, /** @type {any} */ (content));
  const infos = await Promise.all(recipients.map((each) => wrapFor(each, cek)));
  const encrypted = sequence(
    oid(DATA),
    sequence(oid(CBC), octets(iv)),
    // [0] IMPLICIT: in one piece.
    tlv(0x80, new Uint8Array(sealed)),
  );
  const der = sequence(oid(ENVELOPED), tlv(0xa0, sequence(integer(2), setOf(...infos), encrypted)));
  need(der.length <= MAX_ENVELOPE, 'too-long');
  return der;
}

/** The parts of an EnvelopedData of just our shape. @param {Uint8Array} der */
function read(der) {
  const [type, wrapped] = parseDer(der, MAX_ENVELOPE).sequence(2, 2);
  need(type.oid === ENVELOPED, 'malformed', 'not EnvelopedData');
  const [version, infos, encrypted] = only(wrapped.expect(0, 3)).sequence(3, 3);
  const [contentType, algorithm, data] = encrypted.sequence(3, 3);
  const [cipher, iv] = algorithm.sequence(2, 2);
  need(
    version.integer === 2 && contentType.oid === DATA && cipher.oid === CBC,
    'malformed',
    'version, content type or cipher',
  );
  const recipients = infos.expect(17).items;
  need(recipients.length > 0 && recipients.length <= MAX_RECIPIENTS, 'malformed', 'recipients');
  need(!data.expect(0, 3).constructed, 'malformed', 'content in pieces');
  return { recipients: recipients.map(readRecipient), iv: sized(iv, 16), sealed: data.content };
}

/**
 * With a device's key, whichever of its certificates the sender knew.
 * @param {Uint8Array} der @param {CryptoKey} agree @returns {Promise<Uint8Array<ArrayBuffer>>} not authentic
 */
export async function openEnvelope(der, agree) {
  const { recipients, iv, sealed } = read(der);
  for (const recipient of recipients) {
    const cek = await unwrapWith(recipient, agree, 'AES-CBC').catch(() => null);
    if (!cek) continue;
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, cek, /** @type {any} */ (sealed)));
    } catch {
      break;
    }
  }
  throw new StarlingError('not-for-this-key');
}
