// Signed records: COSE_Sign1 (RFC 9052) with x5chain (RFC 9360). docs/protocols/formats.md, section 6.
import { concat, encode, hex, unhex } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { parseCertificate } from '../identity/certificate.js';
import { sign, verify } from '../identity/device.js';
import { MAX_PROOF_BYTES, parseProof, verifyProof } from '../identity/log-proof.js';
import { verifyKnown as verifyChain } from '../identity/known.js';
import { MAX_CHAIN, verifyAuthority } from '../identity/verifier.js';
import { checkBody, revokedOf } from './bodies.js';
import { asBytes, asList, asMap, asNumber, asText, decodeCbor, decodeMap, encodeCbor } from './cbor.js';
import { KIND, MAX_PAYLOAD } from './rendezvous.js';

const MAX_TIME = 2 ** 40;

export { isPrivateTarget, locationBody, locationOf } from './bodies.js';

/** @typedef {import('./rendezvous.js').Kind} Kind */
/** @typedef {import('./bodies.js').Location} Location */
/** @typedef {{kind: Kind, address: string, device: string, sequence: number, issued: number, expires: number, body: Map<number, any> | null}} Statement  issued, expires in Unix s; device in hex */
/** @typedef {Statement & {chain: Uint8Array[], bytes: Uint8Array<ArrayBuffer>}} SignedRecord */
/** now Unix ms; revoked: device ids and serials in hex @typedef {{kind: Kind, address: string, network: string, now: number, trust: import('../identity/verifier.js').Trust, revoked?: Set<string>}} How */
/** @typedef {{record: SignedRecord, signer: import('../identity/verifier.js').Verified}} Opened */

/** @param {import('../identity/passport.js').Signer} signer @param {string} network @param {Statement} said */
export async function signRecord(signer, network, said) {
  const payload = encodeCbor(
    new Map(
      /** @type {[number, any][]} */ ([
        [1, KIND[said.kind]],
        [2, said.address],
        [3, unhex(said.device)],
        [4, said.sequence],
        [5, said.issued],
        [6, said.expires],
        [7, said.body],
      ]),
    ),
  );
  const head = encodeCbor(
    new Map(
      /** @type {[number, any][]} */ ([
        [1, -7],
        [33, signer.chain],
      ]),
    ),
  );
  const signature = await sign(signer.key, toBeSigned(head, payload, network));
  const bytes = concat(Uint8Array.of(0xd2), encodeCbor([head, new Map(), payload, signature]));
  need(bytes.length <= MAX_PAYLOAD, 'too-long');
  return bytes;
}

/** @param {Uint8Array} head @param {Uint8Array} payload @param {string} network */
const toBeSigned = (head, payload, network) =>
  encodeCbor(['Signature1', head, encode(`starling/1 record ${network}`), payload]);

/** @param {Uint8Array} bytes @returns {SignedRecord & {head: Uint8Array, payload: Uint8Array, signature: Uint8Array}} */
export function parseRecord(bytes) {
  need(
    bytes.length >= 100 && bytes.length <= MAX_PAYLOAD && bytes[0] === 0xd2,
    'malformed',
    'not a COSE_Sign1 of our size',
  );
  const four = asList(decodeCbor(bytes.subarray(1)), 4, 4);
  const head = asBytes(four[0], 1, MAX_PAYLOAD);
  need(asMap(four[1]).size === 0, 'malformed', 'unprotected header');
  const header = decodeMap(head);
  need(header.get(1) === -7, 'malformed', 'algorithm');
  const chain = asList(header.get(33), 1, MAX_CHAIN).map((der) => asBytes(der, 1, 8192));
  const payload = asBytes(four[2], 1, MAX_PAYLOAD);
  const said = decodeMap(payload);
  const kind = /** @type {Kind | undefined} */ (
    Object.keys(KIND).find((name) => KIND[/** @type {Kind} */ (name)] === said.get(1))
  );
  need(!!kind, 'malformed', 'unknown kind');
  const address = asText(said.get(2), 254);
  need(parseAddress(address) === address, 'malformed', 'address not normalised');
  return {
    kind,
    address,
    device: hex(asBytes(said.get(3), 32, 32)),
    sequence: asNumber(said.get(4), 0, Number.MAX_SAFE_INTEGER),
    issued: asNumber(said.get(5), 0, MAX_TIME),
    expires: asNumber(said.get(6), 0, MAX_TIME),
    body: said.get(7) === null ? null : asMap(said.get(7)),
    chain,
    bytes: new Uint8Array(bytes),
    head,
    payload,
    signature: asBytes(four[3], 64, 64),
  };
}

/**
 * Believes a record, or throws the reason; cheap checks first.
 * @param {Uint8Array} bytes
 * @param {How} how
 * @param {(device: string) => number | undefined} [memory]
 * @returns {Promise<Opened>}
 */
export async function openRecord(bytes, how, memory = () => undefined) {
  const record = checked(bytes, how, memory);
  const signer = await verifyChain(record.chain, how.address, how.now, how.trust, how.revoked);
  await proven(record, signer, how.network);
  if (record.kind === 'CERT' && record.body && signer.log?.must) await logged(record.body, signer, signer.log.policy);
  return { record, signer };
}

/**
 * Its CA must enter what it certifies in a log (docs/protocols/log.md, section 12): `not-logged` without a proof, else the reasons of `verifyProof`.
 * @param {Map<any, any>} body @param {import('../identity/verifier.js').Verified} signer @param {import('../identity/log-note.js').LogPolicy} policy
 */
async function logged(body, { leaf, address }, policy) {
  need(body.has(1), 'not-logged');
  await verifyProof(parseProof(asBytes(body.get(1), 0, MAX_PROOF_BYTES)), leaf.der, address, policy);
}

/**
 * Believes a REVOKED record: that of a device of the address, or of a CA, whose chain begins with its own certificate.
 * @param {Uint8Array} bytes @param {How} how @param {(device: string) => number | undefined} [memory]
 * @returns {Promise<import('./revoked.js').Revocation & {record: SignedRecord}>}
 */
export async function openRevocation(bytes, how, memory = () => undefined) {
  const record = checked(bytes, { ...how, kind: 'REVOKED' }, memory);
  const authority = isAuthority(record.chain[0]);
  const signer = authority
    ? await verifyAuthority(record.chain, how.now, how.trust)
    : await verifyChain(record.chain, how.address, how.now, how.trust, how.revoked);
  await proven(record, signer, how.network);
  const devices = record.body ? revokedOf(record.body).devices : [];
  return { signer: record.device, authority, devices, sequence: record.sequence, record };
}

/** @param {Uint8Array} der */
function isAuthority(der) {
  try {
    return parseCertificate(der).extensions.below >= 0;
  } catch {
    return false;
  }
}

/** Everything that costs no signature. @param {Uint8Array} bytes @param {How} how @param {(device: string) => number | undefined} memory */
function checked(bytes, how, memory) {
  let record;
  try {
    record = parseRecord(bytes);
  } catch (e) {
    throw new StarlingError('malformed', {}, String(e));
  }
  const now = how.now / 1000;
  need(record.kind === how.kind, 'wrong-kind');
  need(record.address === how.address, 'wrong-address');
  need(record.issued <= now + 600, 'not-yet');
  need(record.expires > now, 'expired');
  need(record.expires - record.issued <= (record.kind === 'LOCATION' ? 24 : 31 * 24) * 3600, 'too-long');
  need(record.sequence >= (memory(record.device) ?? 0), 'old-sequence');
  return record;
}

/**
 * @param {ReturnType<typeof parseRecord>} record @param {{device: string, spki: Uint8Array, notAfter: number}} signer @param {string} network
 */
async function proven(record, signer, network) {
  need(record.expires * 1000 <= signer.notAfter, 'outlives-certificate');
  need(signer.device === record.device, 'wrong-device');
  need(await verify(signer.spki, toBeSigned(record.head, record.payload, network), record.signature), 'bad-signature');
  try {
    if (record.body) checkBody(record);
  } catch (e) {
    throw new StarlingError('bad-body', {}, String(e));
  }
}
