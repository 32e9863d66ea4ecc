// The bodies of records, built and read with their bounds: docs/protocols/formats.md, section 6.
import { MAX_PROOF_BYTES } from '../identity/log-proof.js';
import { hex, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { gruu } from '../identity/device.js';
import { asBytes, asList, asMap, asNumber, asText } from './cbor.js';
import { MAX_PAYLOAD } from './rendezvous.js';
import { checkStamp } from './stamp.js';

const MAX_TIME = 2 ** 40;
const MAX_LOCATION_PEERS = 4;
const MAX_PEERS = 16;
const MAX_REVOKED = 64;
const PEER_URI = /^sip:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5});transport=tls$/;

/** @typedef {import('./record.js').SignedRecord} SignedRecord */
/** @typedef {Map<number, any>} Body */
/** @typedef {{uri: string, id: string, base: string}} PeerPlace */
/** @typedef {{peers: PeerPlace[], gruu: string, capabilities: string[]}} Location */

/** @param {[number, any][]} entries @returns {Body} */
const map = (entries) => new Map(entries);

/** @param {PeerPlace[]} peers */
const peerMaps = (peers) => peers.map((peer) => map([[1, peer.uri], [2, unhex(peer.id)], ...pair(3, peer.base)]));

/** @param {number} key @param {string} value @returns {[number, any][]} */
const pair = (key, value) => (value ? [[key, value]] : []);

/** @param {Location} location */
export const locationBody = (location) =>
  map([
    [1, peerMaps(location.peers)],
    [2, location.gruu],
    [3, location.capabilities],
  ]);

/** @param {SignedRecord} record @returns {Location} */
export function locationOf(record) {
  need(!!record.body, 'withdrawn');
  const capabilities = asList(record.body.get(3), 0, 16).map((each) => asText(each, 32));
  const named = asText(record.body.get(2), 512);
  need(named === gruu(record.address, record.device), 'malformed', 'gruu');
  return { peers: readPeers(record.body, MAX_LOCATION_PEERS), gruu: named, capabilities };
}

/** @param {PeerPlace[]} peers */
export const peersBody = (peers) => map([[1, peerMaps(peers)]]);

/** @param {Body} body @returns {PeerPlace[]} */
export const peersOf = (body) => readPeers(body, MAX_PEERS);

/** @param {Body} body @param {number} most @returns {PeerPlace[]} */
function readPeers(body, most) {
  return asList(body.get(1), 1, most).map((each) => {
    const peer = asMap(each);
    const uri = asText(peer.get(1), 300);
    const match = PEER_URI.exec(uri);
    need(!!match && Number(match[2]) <= 65535, 'malformed', 'peer URI');
    const base = peer.has(3) ? asText(peer.get(3), 300) : '';
    need(base === '' || /^https?:\/\/[A-Za-z0-9.:[\]-]+\/$/.test(base), 'malformed', 'base URL');
    return { uri, id: hex(asBytes(peer.get(2), 32, 32)), base };
  });
}

/** id and device in hex, sent in Unix s @typedef {{id: string, device: string, cms: Uint8Array, sent: number}} Inbox */
/** @param {Inbox} inbox */
export const inboxBody = (inbox) =>
  map([
    [1, unhex(inbox.id)],
    [2, unhex(inbox.device)],
    [3, inbox.cms],
    [4, inbox.sent],
  ]);

/** @param {Body} body @returns {Inbox} */
export const inboxOf = (body) => ({
  id: hex(asBytes(body.get(1), 16, 16)),
  device: hex(asBytes(body.get(2), 32, 32)),
  cms: asBytes(body.get(3), 1, MAX_PAYLOAD),
  sent: asNumber(body.get(4), 0, MAX_TIME),
});

/** id in hex; stamp: see stamp.js, empty for none @typedef {{id: string, cms: Uint8Array, stamp: Uint8Array}} Knock */
/** @param {Knock} knock */
export const knockBody = (knock) =>
  map([
    [1, unhex(knock.id)],
    [2, knock.cms],
    [3, knock.stamp],
  ]);

/** @param {Body} body @returns {Knock} */
export const knockOf = (body) => ({
  id: hex(asBytes(body.get(1), 16, 16)),
  cms: asBytes(body.get(2), 1, MAX_PAYLOAD),
  stamp: checkStamp(asBytes(body.get(3), 0, 64)),
});

/** entry: sealed by own.js @typedef {{id: string, entry: Uint8Array}} Own */
/** @param {Own} own */
export const ownBody = (own) =>
  map([
    [1, unhex(own.id)],
    [2, own.entry],
  ]);

/** @param {Body} body @returns {Own} */
export const ownOf = (body) => ({
  id: hex(asBytes(body.get(1), 16, 16)),
  entry: asBytes(body.get(2), 28, MAX_PAYLOAD),
});

/** since in Unix s @typedef {{devices: string[], reason: string, since: number}} Revoked */
/** @param {Revoked} revoked */
export const revokedBody = (revoked) =>
  map([
    [1, revoked.devices.map(unhex)],
    [2, revoked.reason],
    [3, revoked.since],
  ]);

/** @param {Body} body @returns {Revoked} */
export const revokedOf = (body) => ({
  devices: asList(body.get(1), 1, MAX_REVOKED).map((each) => hex(asBytes(each, 32, 32))),
  reason: asText(body.get(2), 200),
  since: asNumber(body.get(3), 0, MAX_TIME),
});

/** Throws when the body is out of its bounds. @param {SignedRecord} record */
export function checkBody(record) {
  const body = /** @type {Body} */ (record.body);
  switch (record.kind) {
    case 'CERT':
      if (body.has(1)) asBytes(body.get(1), 0, MAX_PROOF_BYTES);
      break;
    case 'DEVICES':
      asList(body.get(1), 1, 64);
      if (body.has(2)) asNumber(body.get(2), 1, MAX_TIME);
      if (body.has(3)) for (const hash of asList(body.get(3), 1, 16)) asBytes(hash, 32, 32);
      break;
    case 'LOCATION':
      locationOf(record);
      break;
    case 'PEERS':
      peersOf(body);
      break;
    case 'INBOX':
      inboxOf(body);
      break;
    case 'KNOCK':
      knockOf(body);
      break;
    case 'OWN':
      ownOf(body);
      break;
    case 'REVOKED':
      revokedOf(body);
  }
}

/** Places whose peer URI is public; a base URL that is not is left out. @param {PeerPlace[]} peers */
export const publicPlaces = (peers) =>
  peers
    .filter((peer) => !isPrivateTarget(peer.uri))
    .map((peer) => ({ ...peer, base: peer.base && isPrivateHost(new URL(peer.base).hostname) ? '' : peer.base }));

/** Hosts that only a peer in local mode may be pointed at. @param {string} uri */
export const isPrivateTarget = (uri) => isPrivateHost(PEER_URI.exec(uri)?.[1] ?? '');

/** By its text alone: who connects looks at the address once more. @param {string} written @returns {boolean} */
export function isPrivateHost(written) {
  const host = written.toLowerCase().replace(/^\[|\]$/g, '');
  if (host.includes(':'))
    return /^(::|f[cd]|fe[89ab]|ff|64:ff9b:|2001:0*:|2002:|2001:0?db8:)/.test(host) || host.startsWith('0');
  const labels = host.split('.');
  const last = labels[labels.length - 1];
  const four = /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(host) ? labels.map(Number) : null;
  // Where the last label is a number, an address in another form may be read out of it: 0x7f.1, 127.1, 0177.0.0.1.
  if (!four) return labels.length < 2 || !/^[a-z]/.test(last) || PRIVATE_NAMES.test(host);
  const [a, b, c] = four;
  return (
    four.some((n) => n > 255) ||
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || (b === 0 && c === 0))) ||
    (a === 198 && (b === 18 || b === 19))
  );
}
const PRIVATE_NAMES = /\.(localhost|local|internal|lan|home\.arpa)$/;
