// The chain of device lists: docs/protocols/formats.md, section 7. A link counts when a device of its parent signed it, so a CA cannot add a device of its own.
import { concat, encode, hex, sha256, unhex } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { deviceId, sign, verify } from '../identity/device.js';
import { asBytes, asList, asMap, asNumber, asText, decodeMap, encodeCbor } from './cbor.js';
import { MAX_PAYLOAD } from './rendezvous.js';

const MAX_LINKS = 64;
const MAX_DEVICES = 16;
const MAX_OBJECTIONS = 16;
const MAX_TIME = 2 ** 40;

/** @typedef {{id: string, spki: Uint8Array<ArrayBuffer>, name: string, added: number}} Listed  added in Unix s */
/** @typedef {{hash: string, parents: string[], devices: Map<string, Listed>, issued: number, signer: Uint8Array<ArrayBuffer>, encoded: any}} Link */
/** @typedef {Link[]} DeviceChain  parents before children; the last is the head */

/** The chain of a DEVICES record, whose signer must stand on the list. @param {import('./record.js').SignedRecord} record @param {string} network */
export async function devicesOf(record, network) {
  need(!!record.body, 'withdrawn');
  const cut = record.body.has(2) && asNumber(record.body.get(2), 1, MAX_TIME) > 0;
  const chain = await verifyDevices(record.body.get(1), record.address, network, cut);
  need(headOf(chain).devices.has(record.device), 'signer-not-listed');
  return chain;
}

/**
 * @param {any[]} encoded @param {string} address @param {string} network
 * @param {boolean} [cut]  the oldest versions were left out: the first one here may have parents @returns {Promise<DeviceChain>}
 */
export async function verifyDevices(encoded, address, network, cut = false) {
  need(Array.isArray(encoded) && encoded.length > 0, 'no-root');
  need(encoded.length <= MAX_LINKS, 'too-many-links');
  /** @type {DeviceChain} */
  const links = [];
  for (const each of encoded) {
    const link = await parseLink(each);
    await checkLink(link, links, address, network, cut);
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

/** @param {Link} link @param {DeviceChain} before @param {string} address @param {string} network @param {boolean} cut */
async function checkLink(link, before, address, network, cut) {
  const first = before.length === 0;
  need(!first || cut || link.parents.length === 0, 'no-root');
  need(first || link.parents.length > 0, 'bad-parent');
  need(!before.some((other) => other.hash === link.hash), 'bad-parent', 'twice');
  const signer = await deviceId(link.signer);
  const parents = first ? [] : link.parents.map((hash) => before.find((other) => other.hash === hash));
  for (const parent of first ? [link] : parents) {
    need(!!parent, 'bad-parent');
    need(parent.devices.has(signer), 'not-a-device');
  }
  if (parents.length === 2) {
    const wanted = mergedDevices(before, /** @type {Link} */ (parents[0]), /** @type {Link} */ (parents[1]));
    need(!!wanted && wanted.size === link.devices.size && [...wanted].every((id) => link.devices.has(id)), 'bad-merge');
  }
  need(await verify(link.signer, toBeSigned(link.encoded[0], address, network), link.encoded[1]), 'bad-link-signature');
}

/** Hashes of a version and of all that came before it. @param {DeviceChain} links @param {Link} link */
function past(links, link) {
  const all = new Set([link.hash]);
  // Parents stand before their children.
  for (let i = links.length - 1; i >= 0; i--)
    if (all.has(links[i].hash)) for (const hash of links[i].parents) all.add(hash);
  return all;
}

/** The last versions that both continue; none when one of the two continues the other. @param {DeviceChain} links  parents before children, with both in it @param {Link} a @param {Link} b @returns {Link[]} */
export function lastCommon(links, a, b) {
  const [before, other] = [past(links, a), past(links, b)];
  if (before.has(b.hash) || other.has(a.hash)) return [];
  const common = links.filter((link) => before.has(link.hash) && other.has(link.hash));
  return common.filter((link) => !common.some((each) => each !== link && past(links, each).has(link.hash)));
}

/**
 * The devices after two versions meet: additions of both, and removal wins, seen from each of the last versions that both continue.
 * null: these two cannot be merged.
 * @param {DeviceChain} links  parents before children, with both in it @param {Link} a @param {Link} b @returns {Set<string> | null}
 */
export function mergedDevices(links, a, b) {
  const last = lastCommon(links, a, b);
  if (!last.length) return null;
  const all = new Set([...a.devices.keys(), ...b.devices.keys()]);
  for (const link of last)
    for (const id of link.devices.keys()) if (!a.devices.has(id) || !b.devices.has(id)) all.delete(id);
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
 * How a chain relates to what is remembered. Where both have a version in common they are of one list, whatever was cut off in front.
 * @param {DeviceChain} chain @param {DeviceChain} remembered
 * @returns {'same'|'newer'|'older'|'fork'|'new-root'}
 */
export function relation(chain, remembered) {
  const has = (/** @type {DeviceChain} */ links, /** @type {string} */ hash) =>
    links.some((link) => link.hash === hash);
  const head = headOf(chain).hash;
  const known = headOf(remembered).hash;
  if (head === known) return 'same';
  if (has(chain, known)) return 'newer';
  if (has(remembered, head)) return 'older';
  return chain.some((link) => has(remembered, link.hash)) ? 'fork' : 'new-root';
}

/** @param {DeviceChain} chain */
export const isCut = (chain) => chain[0].parents.length > 0;

/** The body of a DEVICES record. @param {DeviceChain} chain @param {string[]} [objections]  hashes of versions of other lists @returns {Map<number, any>} */
export const devicesBody = (chain, objections = []) =>
  new Map(
    /** @type {[number, any][]} */ ([
      [1, chain.map((link) => link.encoded)],
      ...(isCut(chain) ? [[2, 1]] : []),
      ...(objections.length ? [[3, objections.map(unhex)]] : []),
    ]),
  );

/** To which lists the signer of a DEVICES record objects. @param {Map<number, any>} body @returns {string[]} hashes of versions */
export const objectionsOf = (body) =>
  body.has(3) ? asList(body.get(3), 1, MAX_OBJECTIONS).map((hash) => hex(asBytes(hash, 32, 32))) : [];

/**
 * The newest versions of a list that became too long for one record. Cut where what is left can be verified: its first version was signed by a
 * device that stands on it, and nothing after it names a parent that is gone.
 * @param {any[]} encoded @param {string} address @param {string} network @param {{links: number, bytes: number}} bounds  what may be carried, and so much is kept at most when it is more
 */
export async function cutToFit(encoded, address, network, bounds = CUT_ABOVE) {
  const fits = (/** @type {any[]} */ links, /** @type {number} */ share) =>
    links.length <= bounds.links * share &&
    links.reduce((sum, link) => sum + link[0].length + link[1].length + 8, 0) <= bounds.bytes * share;
  if (fits(encoded, 1)) return encoded;
  for (let from = 1; from < encoded.length; from++) {
    const rest = encoded.slice(from);
    if (!fits(rest, 0.6)) continue;
    try {
      await verifyDevices(rest, address, network, true);
      return rest;
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
    }
  }
  return encoded.slice(-1);
}
/** The record that carries it, with two certificates, must stay below 32 KiB. */
const CUT_ABOVE = { links: 56, bytes: 24_000 };
