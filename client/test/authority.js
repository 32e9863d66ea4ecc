// A certificate authority for tests, on our own DER writer.
import { bits, derSignature, integer, octets, oid, sequence, setOf, tlv } from '../core/identity/der.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { makeDeviceKey, sign } from '../core/identity/device.js';
import { encode, random } from '../core/bytes.js';
import { POLICY_ARC } from '../core/identity/verifier.js';

const ECDSA = sequence(oid('1.2.840.10045.4.3.2'));
const TRUE = Uint8Array.of(1, 1, 255);
const time = (at) => tlv(0x17, encode(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
const extension = (id, critical, value) => sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));

async function certificate(issuerName, issuerKey, subject, spki, now, days, extensions) {
  const serial = random(16);
  serial[0] = (serial[0] & 0x7f) | 0x40;
  const tbs = sequence(
    tlv(0xa0, integer(2)),
    tlv(2, serial),
    ECDSA,
    issuerName,
    sequence(time(now - 300_000), time(now + days * 86_400_000)),
    subject,
    spki,
    tlv(0xa3, sequence(...extensions)),
  );
  return sequence(tbs, ECDSA, bits(derSignature(await sign(issuerKey, tbs))));
}

/** Which key the issuer has: it is named in renewal information. */
export const keyIdentifier = (id) => extension('2.5.29.35', false, sequence(tlv(0x80, id)));

export async function authority(now) {
  const key = await makeDeviceKey();
  const name = sequence(setOf(sequence(oid('2.5.4.3'), tlv(0x0c, encode('test root')))));
  const der = await certificate(name, key.sign, name, key.spki, now, 3650, [
    extension('2.5.29.19', true, sequence(TRUE)),
    extension('2.5.29.15', true, tlv(3, Uint8Array.of(1, 6))),
  ]);
  return { key, name, certificate: parseCertificate(der) };
}

export async function issue(ca, address, now, level = 9) {
  const key = await makeDeviceKey();
  const der = await certify(ca, address, key.spki, now, level);
  return { key, address, chain: [der], signer: { key: key.sign, chain: [der] } };
}

/** A certificate for a key. */
export function certify(ca, address, spki, now, level = 9, more = []) {
  return certificate(ca.name, ca.key.sign, sequence(), spki, now, 30, [
    extension('2.5.29.17', true, sequence(tlv(0x81, encode(address)))),
    extension('2.5.29.15', true, tlv(3, Uint8Array.of(3, 0x88))),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.4'))),
    extension('2.5.29.32', false, sequence(sequence(oid(`${POLICY_ARC}.${level}`)))),
    ...more,
  ]);
}
