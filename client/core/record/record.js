// Signed records: COSE_Sign1 (RFC 9052) with x5chain (RFC 9360). docs/protocols/formats.md, section 6.
import { concat, encode, hex, unhex } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { gruu, sign, verify } from '../identity/device.js';
import { parseAddress } from '../identity/address.js';
import { verifyKnown as verifyChain } from '../identity/known.js';
import { asBytes, asList, asMap, asNumber, asText, decodeCbor, decodeMap, encodeCbor } from './cbor.js';
import { KIND, MAX_PAYLOAD } from './rendezvous.js';

const MAX_TIME = 2 ** 40;
const PEER_URI = /^sip:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5});transport=tls$/;

/** @typedef {import('./rendezvous.js').Kind} Kind */
/** @typedef {{kind: Kind, address: string, device: string, sequence: number, issued: number, expires: number, body: Map<number, any> | null}} Statement  issued, expires in Unix s; device in hex */
/** @typedef {Statement & {chain: Uint8Array[], bytes: Uint8Array<ArrayBuffer>}} SignedRecord */
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
  const chain = asList(header.get(33), 1, 4).map((der) => asBytes(der, 1, 8192));
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
 * @param {{kind: Kind, address: string, network: string, now: number, trust: import('../identity/verifier.js').Trust, last?: number, revoked?: Set<string>}} how  now Unix ms; last: highest sequence seen from the device
 * @param {(device: string) => number | undefined} [memory]
 * @returns {Promise<Opened>}
 */
export async function openRecord(bytes, how, memory = () => undefined) {
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
  const signer = await verifyChain(record.chain, how.address, how.now, how.trust, how.revoked);
  need(record.expires * 1000 <= signer.notAfter, 'outlives-certificate');
  need(signer.device === record.device, 'wrong-device');
  need(
    await verify(signer.spki, toBeSigned(record.head, record.payload, how.network), record.signature),
    'bad-signature',
  );
  if (record.body) {
    try {
      checkBody(record);
    } catch (e) {
      throw new StarlingError('bad-body', {}, String(e));
    }
  }
  return { record, signer };
}

/** @typedef {{uri: string, id: string, base: string}} PeerPlace */
/** @typedef {{peers: PeerPlace[], gruu: string, capabilities: string[]}} Location */

/** @param {Location} location */
export const locationBody = (location) =>
  new Map(
    /** @type {[number, any][]} */ ([
      [
        1,
        location.peers.map(
          (peer) =>
            new Map(
              /** @type {[number, any][]} */ ([
                [1, peer.uri],
                [2, unhex(peer.id)],
                ...(peer.base ? [[3, peer.base]] : []),
              ]),
            ),
        ),
      ],
      [2, location.gruu],
      [3, location.capabilities],
    ]),
  );

/** @param {SignedRecord} record @returns {Location} */
export function locationOf(record) {
  need(!!record.body, 'withdrawn');
  const capabilities = asList(record.body.get(3), 0, 16).map((each) => asText(each, 32));
  const named = asText(record.body.get(2), 512);
  need(named === gruu(record.address, record.device), 'malformed', 'gruu');
  return { peers: peersOf(record.body, 4), gruu: named, capabilities };
}

/** @param {Map<number, any>} body @param {number} most @returns {PeerPlace[]} */
function peersOf(body, most) {
  return asList(body.get(1), 1, most).map((each) => {
    const map = asMap(each);
    const uri = asText(map.get(1), 300);
    const match = PEER_URI.exec(uri);
    need(!!match && Number(match[2]) <= 65535, 'malformed', 'peer URI');
    const base = map.has(3) ? asText(map.get(3), 300) : '';
    need(base === '' || /^https?:\/\/[A-Za-z0-9.:\[\]-]+\/$/.test(base), 'malformed', 'base URL');
    return { uri, id: hex(asBytes(map.get(2), 32, 32)), base };
  });
}

/** @param {SignedRecord} record */
function checkBody(record) {
  const body = /** @type {Map<number, any>} */ (record.body);
  switch (record.kind) {
    case 'CERT':
      if (body.has(1)) asBytes(body.get(1), 0, 8192);
      break;
    case 'DEVICES':
      asList(body.get(1), 1, 64);
      break;
    case 'LOCATION':
      locationOf(record);
      break;
    case 'PEERS':
      peersOf(body, 16);
      break;
    case 'INBOX':
      asBytes(body.get(1), 16, 16);
      asBytes(body.get(2), 32, 32);
      asBytes(body.get(3), 1, MAX_PAYLOAD);
      asNumber(body.get(4), 0, MAX_TIME);
      break;
    case 'KNOCK':
      asBytes(body.get(1), 16, 16);
      asBytes(body.get(2), 1, MAX_PAYLOAD);
      asBytes(body.get(3), 0, 64);
      break;
    case 'OWN':
      asBytes(body.get(1), 16, 16);
      asBytes(body.get(2), 28, MAX_PAYLOAD);
      break;
    case 'REVOKED':
      asList(body.get(1), 1, 64).forEach((each) => asBytes(each, 32, 32));
      asText(body.get(2), 200);
      asNumber(body.get(3), 0, MAX_TIME);
  }
}

/** Hosts that only a peer in local mode may be pointed at. @param {string} uri */
export function isPrivateTarget(uri) {
  const host = (PEER_URI.exec(uri)?.[1] ?? '').toLowerCase().replace(/^\[|\]$/g, '');
  if (host.includes(':'))
    return /^(::|::1|f[cd]|fe[89ab]|ff|64:ff9b|2001:0?:|2002:|2001:db8)/.test(host) || host.startsWith('0');
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)?.slice(1).map(Number);
  if (!four)
    return host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.local') || !host.includes('.');
  const [a, b] = four;
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168)
  );
}
