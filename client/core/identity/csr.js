// The certificate request of our profile (RFC 2986): empty subject, one name, key usage; nothing else.
import { encode } from '../bytes.js';
import { bits, derSignature, octets, oid, sequence, setOf, tlv } from './der.js';
import { sign } from './device.js';

const TRUE = Uint8Array.of(1, 1, 255);

/** @param {import('./device.js').DeviceKey} key @param {string} address @returns {Promise<Uint8Array<ArrayBuffer>>} DER */
export async function makeCsr(key, address) {
  const name = address.includes('@') ? tlv(0x81, encode(address)) : tlv(0x86, encode(`tel:${address}`));
  const names = sequence(oid('2.5.29.17'), TRUE, octets(sequence(name)));
  // digitalSignature and keyAgreement: bits 0 and 4.
  const usage = sequence(oid('2.5.29.15'), TRUE, octets(tlv(3, Uint8Array.of(3, 0x88))));
  const request = sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence(names, usage)));
  const info = sequence(Uint8Array.of(2, 1, 0), sequence(), key.spki, tlv(0xa0, request));
  return sequence(info, sequence(oid('1.2.840.10045.4.3.2')), bits(derSignature(await sign(key.sign, info))));
}
