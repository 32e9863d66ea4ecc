// The chain of device lists: docs/protocols/formats.md, section 7. A link counts when a device of its parent signed it, so a CA cannot add a device of its own.
import { concat, encode, hex, sha256, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { deviceId, sign, verify } from '../identity/device.js';
import { asBytes, asList, asMap, asNumber, asText, decodeMap, encodeCbor } from './cbor.js';
import { MAX_PAYLOAD } from './rendezvous.js';

const MAX_LINKS = 64;
const MAX_DEVICES = 16;
const MAX_TIME = 2 ** 40;

/** @typedef {{id: string, spki: Uint8Array<ArrayBuffer>, name: string, added: number}} Listed  added in Unix s */
/** @typedef {{hash: string, parents: string[], devices: Map<string, Listed>, issued: number, signer: Uint8Array<ArrayBuffer>, encoded: any}} Link */
/** @typedef {Link[]} DeviceChain  parents before children; the last is the head */

/** The chain of a DEVICES record, whose signer must stand on the list. @param {import('./record.js').SignedRecord} record @param {string} network */
export async function devicesOf(record, network) {
  need(!!record.body, 'withdrawn');
  const chain = await verifyDevices(record.body.get(1), record.address, network);
  need(headOf(chain).devices.has(record.device), 'signer-not-listed');
  return chain;
}

/** @param {any[]} encoded @param {string} address @param {string} network @returns {Promise<DeviceChain>} */
export async function verifyDevices(encoded, address, network) {
  need(Array.isArray(encoded) && encoded.length > 0, 'no-root');
  need(encoded.length <= MAX_LINKS, 'too-many-links');
  /** @type {DeviceChain} */
  const links = [];
  for (const each of encoded) {
    const link = await parseLink(each);
    await checkLink(link, links, address, network);
    links.push(link);
  }
  return links;
}

/** @param {any} encoded @returns {Promise<Link>} */
async function parseLink(encoded) {
  const pair = asList(encoded, 2, 2);
  const payload = asBytes(pair[0], 1, MAX_PAYLOAD);
  asBytes(pair[1], 64, 64);
  const map = decodeMap(payload);
  const parents = asList(map.get(1), 0, 2).map((hash) => hex(asBytes(hash, 32, 32)));
  const listed = asList(map.get(2), 1, 65536);
  need(listed.length <= MAX_DEVICES, 'too-many-devices');
  const devices = new Map();
  let last = '';
  for (const each of listed) {
    const device = asMap(each);
    const spki = asBytes(device.get(1), 91, 91);
    const id = await deviceId(spki);
    need(last < id, 'malformed', 'device order');
    last = id;
    devices.set(id, { id, spki, name: asText(device.get(2), 64), added: asNumber(device.get(3), 0, MAX_TIME) });
  }
  return {
    hash: hex(await sha256(payload)),
    parents,
    devices,
    issued: asNumber(map.get(3), 0, MAX_TIME),
    signer: asBytes(map.get(4), 91, 91),
    encoded,
  };
}

/** @param {Link} link @param {DeviceChain} before @param {string} address @param {string} network */
async function checkLink(link, before, address, network) {
  const first = before.length === 0;
  need(!first || link.parents.length === 0, 'no-root');
  need(first || link.parents.length > 0, 'bad-parent');
  need(!before.some((other) => other.hash === link.hash), 'bad-parent', 'twice');
  const signer = await deviceId(link.signer);
  const parents = link.parents.map((hash) => {
    const parent = before.find((other) => other.hash === hash);
    need(!!parent, 'bad-parent');
    return parent;
  });
  for (const parent of first ? [link] : parents) need(parent.devices.has(signer), 'not-a-device');
  if (parents.length === 2) {
    const [a, b] = parents;
    need(
      a.parents.length === 1 && b.parents.length === 1 && a.parents[0] === b.parents[0] && a.hash !== b.hash,
      'bad-merge',
    );
    const common = before.find((other) => other.hash === a.parents[0]);
    need(!!common, 'bad-merge');
    const wanted = mergedDevices(common, a, b);
    need(wanted.size === link.devices.size && [...wanted].every((id) => link.devices.has(id)), 'bad-merge');
  }
  need(await verify(link.signer, toBeSigned(link.encoded[0], address, network), link.encoded[1]), 'bad-link-signature');
}

/** Additions of both; removal wins. @param {Link} common @param {Link} a @param {Link} b @returns {Set<string>} */
export function mergedDevices(common, a, b) {
  const all = new Set([...a.devices.keys(), ...b.devices.keys()]);
  for (const id of common.devices.keys()) if (!a.devices.has(id) || !b.devices.has(id)) all.delete(id);
  return all;
}

/** @param {Uint8Array} payload @param {string} address @param {string} network */
const toBeSigned = (payload, address, network) => concat(encode(`starling/1 link ${network}\0${address}\0`), payload);

/**
 * The next version of the list; parents empty for a root.
 * @param {{sign: CryptoKey, spki: Uint8Array}} key @param {string[]} parents @param {Listed[]} devices @param {number} issued Unix s @param {string} address @param {string} network
 */
export async function makeLink(key, parents, devices, issued, address, network) {
  const listed = [...devices]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(
      (d) =>
        new Map(
          /** @type {[number, any][]} */ ([
            [1, d.spki],
            [2, d.name],
            [3, d.added],
          ]),
        ),
    );
  const payload = encodeCbor(
    new Map(
      /** @type {[number, any][]} */ ([
        [1, parents.map(unhex)],
        [2, listed],
        [3, issued],
        [4, key.spki],
      ]),
    ),
  );
  return [payload, await sign(key.sign, toBeSigned(payload, address, network))];
}

/** @param {DeviceChain} chain */
export const headOf = (chain) => chain[chain.length - 1];

/**
 * How a chain relates to what is remembered.
 * @param {DeviceChain} chain @param {DeviceChain} remembered
 * @returns {'same'|'newer'|'older'|'fork'|'new-root'}
 */
export function relation(chain, remembered) {
  if (chain[0].hash !== remembered[0].hash) return 'new-root';
  const head = headOf(chain).hash;
  const known = headOf(remembered).hash;
  if (head === known) return 'same';
  if (chain.some((link) => link.hash === known)) return 'newer';
  return remembered.some((link) => link.hash === head) ? 'older' : 'fork';
}
