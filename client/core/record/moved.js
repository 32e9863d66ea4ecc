// What the key of a new address says to one contact: "this was my address, and this is it now". It travels inside a notice that a device of the old address
// signed, so that both say the same of each other. docs/protocols/formats.md, section 13.
import { concat, encode, hex, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { sign, verify } from '../identity/device.js';
import { verifyKnown as verifyChain } from '../identity/known.js';
import { MAX_CHAIN } from '../identity/verifier.js';
import { asBytes, asList, asMap, asNumber, asText, decodeCbor, decodeMap, encodeCbor } from './cbor.js';

export const MAX_STATEMENT_BYTES = 12_288;
const MAX_TIME = 2 ** 50;
const FIELDS = 8;
/** Longer than a notice is on its way. */
export const GOOD_MILLIS = 31 * 86_400_000;
const AHEAD_MILLIS = 600_000;

/**
 * from, now: the old address and the new one; to: the contact; device: hex, of the new address; at: Unix ms; friendsKey, version, token: as in an accept
 * @typedef {{from: string, now: string, to: string, device: string, at: number, friendsKey: Uint8Array, version: number, token: Uint8Array}} Moved
 */

/** @param {Uint8Array} head @param {Uint8Array} payload @param {string} network */
const toBeSigned = (head, payload, network) =>
  encodeCbor(['Signature1', head, encode(`starling/1 moved ${network}`), payload]);

/** @param {[number, any][]} pairs */
const map = (pairs) => encodeCbor(new Map(pairs));

/** @param {import('../identity/passport.js').Signer} signer  of the new address @param {string} network @param {Moved} said @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function signMoved(signer, network, said) {
  const payload = map([
    [1, said.from],
    [2, said.now],
    [3, said.to],
    [4, unhex(said.device)],
    [5, said.at],
    [6, said.friendsKey],
    [7, said.version],
    [8, said.token],
  ]);
  const head = map([
    [1, -7],
    [33, signer.chain],
  ]);
  const signature = await sign(signer.key, toBeSigned(head, payload, network));
  const bytes = concat(Uint8Array.of(0xd2), encodeCbor([head, new Map(), payload, signature]));
  need(bytes.length <= MAX_STATEMENT_BYTES, 'too-long');
  return bytes;
}

/** @param {any} value */
function address(value) {
  const text = asText(value, 254);
  need(parseAddress(text) === text, 'malformed', 'address not normalised');
  return text;
}

/** @param {Uint8Array} bytes */
function parse(bytes) {
  need(bytes.length >= 100 && bytes.length <= MAX_STATEMENT_BYTES && bytes[0] === 0xd2, 'malformed', 'size');
  const four = asList(decodeCbor(bytes.subarray(1)), 4, 4);
  const head = asBytes(four[0], 1, MAX_STATEMENT_BYTES);
  need(asMap(four[1]).size === 0, 'malformed', 'unprotected header');
  const header = decodeMap(head);
  need(header.get(1) === -7, 'malformed', 'algorithm');
  const chain = asList(header.get(33), 1, MAX_CHAIN).map((der) => asBytes(der, 1, 8192));
  const payload = asBytes(four[2], 1, MAX_STATEMENT_BYTES);
  const said = decodeMap(payload);
  need(said.size === FIELDS, 'malformed', 'fields');
  /** @type {Moved} */
  const moved = {
    from: address(said.get(1)),
    now: address(said.get(2)),
    to: address(said.get(3)),
    device: hex(asBytes(said.get(4), 32, 32)),
    at: asNumber(said.get(5), 0, MAX_TIME),
    friendsKey: asBytes(said.get(6), 32, 32),
    version: asNumber(said.get(7), 0, MAX_TIME),
    token: asBytes(said.get(8), 32, 32),
  };
  return { moved, head, payload, chain, signature: asBytes(four[3], 64, 64) };
}

/**
 * Believes it, or throws the reason: `malformed`, `wrong-address` (another old address), `not-for-us`, `same-address`, `not-yet`, `expired`, what is wrong with the
 * certificate of the new address, `wrong-device`, `bad-signature`. Cheap checks first.
 * @param {Uint8Array} bytes @param {{from: string, to: string, network: string, now: number, trust: import('../identity/verifier.js').Trust}} how  from: who signed the notice
 * @returns {Promise<Moved & {level: string}>}
 */
export async function openMoved(bytes, how) {
  let read;
  try {
    read = parse(bytes);
  } catch (e) {
    throw need(false, 'malformed', String(e));
  }
  const { moved, head, payload, chain, signature } = read;
  need(moved.from === how.from, 'wrong-address');
  need(moved.to === how.to, 'not-for-us');
  need(moved.now !== moved.from && moved.now !== moved.to, 'same-address');
  need(moved.at <= how.now + AHEAD_MILLIS, 'not-yet');
  need(moved.at > how.now - GOOD_MILLIS, 'expired');
  const signer = await verifyChain(chain, moved.now, how.now, how.trust);
  need(signer.device === moved.device, 'wrong-device');
  need(await verify(signer.spki, toBeSigned(head, payload, how.network), signature), 'bad-signature');
  return { ...moved, level: signer.level };
}
