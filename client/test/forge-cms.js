// CMS messages good and bad, for tests: docs/protocols/formats.md, section 9, with every part open to change.
import { concat, encode, random, sha256 } from '../core/bytes.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { bits, derSignature, integer, octets, oid, sequence, setOf, taggedSetOf, tlv } from '../core/identity/der.js';
import { sign } from '../core/identity/device.js';

export const OID = {
  data: oid('1.2.840.113549.1.7.1'),
  signed: oid('1.2.840.113549.1.7.2'),
  enveloped: oid('1.2.840.113549.1.7.3'),
  authEnveloped: oid('1.2.840.113549.1.9.16.1.23'),
  gcm: oid('2.16.840.1.101.3.4.1.46'),
  wrap: oid('2.16.840.1.101.3.4.1.45'),
  ecdh: oid('1.3.132.1.11.1'),
  ecKey: oid('1.2.840.10045.2.1'),
  sha256: oid('2.16.840.1.101.3.4.2.1'),
  sha1: oid('1.3.14.3.2.26'),
  ecdsa: oid('1.2.840.10045.4.3.2'),
};
const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const attribute = (type, value) => sequence(oid(`1.2.840.113549.1.9.${type}`), setOf(value));

/** The three attributes. */
export const attributes = async (content) => [
  attribute(3, OID.data),
  attribute(4, octets(await sha256(content))),
  attribute(5, tlv(0x17, encode('261124120000Z'))),
];

/** @param {{key: CryptoKey, chain: Uint8Array[]}} signer @param {Uint8Array} content @param {any} [but] what is other than it should be */
export async function signed(signer, content, but = {}) {
  const leaf = parseCertificate(signer.chain[0]);
  const list = but.attributes ?? (await attributes(content));
  const signature = derSignature(await sign(signer.key, setOf(...list)));
  const info = sequence(
    integer(1),
    but.sid ?? sequence(leaf.issuer, leaf.serialDer),
    sequence(but.digest ?? OID.sha256),
    but.attributesDer ?? taggedSetOf(0xa0, ...(but.sent ?? list)),
    sequence(OID.ecdsa),
    octets(but.signature?.(signature) ?? signature),
    ...(but.unsigned ?? []),
  );
  const infos = but.infos?.(info) ?? [info];
  return sequence(
    but.type ?? OID.signed,
    tlv(
      0xa0,
      sequence(
        integer(but.version ?? 1),
        setOf(sequence(but.digest ?? OID.sha256)),
        sequence(but.contentType ?? OID.data, tlv(0xa0, octets(but.content ?? content))),
        ...(but.certificates ?? [taggedSetOf(0xa0, ...(but.chain ?? signer.chain))]),
        setOf(...infos),
      ),
    ),
    ...(but.behind ?? []),
  );
}

/** @param {Uint8Array} recipient certificate @param {Uint8Array} plain @param {any} [but] */
export async function envelope(recipient, plain, but = {}) {
  const to = parseCertificate(recipient);
  const pair = await crypto.subtle.generateKey(ECDH, true, ['deriveBits']);
  const pub = await crypto.subtle.importKey('spki', to.spki, ECDH, false, []);
  const z = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: pub }, pair.privateKey, 256));
  const info = sequence(sequence(OID.wrap), tlv(0xa2, octets(Uint8Array.of(0, 0, 1, 0))));
  const kek = await sha256(concat(z, Uint8Array.of(0, 0, 0, 1), info));
  const wrapping = await crypto.subtle.importKey('raw', kek, 'AES-KW', false, ['wrapKey']);
  const cek = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  const wrapped = new Uint8Array(await crypto.subtle.wrapKey('raw', cek, wrapping, 'AES-KW'));
  const iv = random(but.nonceBytes ?? 12);
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, cek, plain));
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const parts = { iv, wrapped, point, text: sealed.slice(0, -16), tag: sealed.slice(-16) };
  but.alter?.(parts);
  const kari = tlv(
    0xa1,
    integer(3),
    tlv(0xa0, tlv(0xa1, sequence(OID.ecKey), bits(parts.point))),
    ...(but.ukm ? [tlv(0xa1, octets(but.ukm))] : []),
    sequence(but.scheme ?? OID.ecdh, sequence(OID.wrap)),
    sequence(sequence(sequence(to.issuer, to.serialDer), octets(parts.wrapped))),
  );
  const content = sequence(
    but.contentType ?? OID.data,
    sequence(but.cipher ?? OID.gcm, sequence(octets(parts.iv), integer(but.tagLength ?? 16))),
    but.pieces ? tlv(0xa0, octets(parts.text)) : tlv(0x80, parts.text),
  );
  return sequence(
    but.type ?? OID.authEnveloped,
    tlv(
      0xa0,
      sequence(integer(but.version ?? 0), setOf(...(but.recipients?.(kari) ?? [kari])), content, octets(parts.tag)),
    ),
  );
}
