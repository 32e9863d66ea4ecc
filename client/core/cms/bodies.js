// What people's devices say to each other: CBOR inside CMS. docs/protocols/formats.md, section 9.
import { hex, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { asBytes, asList, asMap, asNumber, asText, decodeMap, encodeCbor } from '../record/cbor.js';
import { openFor, sealFor } from './cms.js';

const MAX_TIME = 2 ** 50;
export const TYPE = {
  text: 1,
  receipt: 2,
  request: 3,
  accept: 4,
  decline: 5,
  rotate: 6,
  endorseRequest: 7,
  endorseGrant: 8,
  sentCopy: 9,
  endorseRefusal: 10,
  readMark: 11,
};
/** @typedef {keyof typeof TYPE} BodyType */
/** @typedef {{type: BodyType, id: string, sent: number, from: string, to: string, device: string, content: any}} Body  id hex; device: addressee's, hex */

/** Field by field: [key, name, kind, limits]. @type {Record<BodyType, [number, string, string, number?][]>} */
const CONTENT = {
  text: [[1, 'text', 'text', 16384]],
  receipt: [
    [1, 'ids', 'ids'],
    [2, 'state', 'number', 2],
  ],
  request: [
    [1, 'name', 'text', 64],
    [2, 'text', 'text', 140],
    [3, 'friendsKey', 'bytes', 32],
    [4, 'version', 'number'],
    [5, 'token', 'bytes', 32],
  ],
  accept: [
    [1, 'name', 'text', 64],
    [3, 'friendsKey', 'bytes', 32],
    [4, 'version', 'number'],
    [5, 'token', 'bytes', 32],
  ],
  decline: [],
  rotate: [
    [3, 'friendsKey', 'bytes', 32],
    [4, 'version', 'number'],
  ],
  endorseRequest: [
    [1, 'name', 'text', 64],
    [2, 'spki', 'bytes', 91],
  ],
  endorseGrant: [
    [1, 'ownKey', 'bytes', 32],
    [2, 'friendsKey', 'bytes', 32],
    [3, 'version', 'number'],
    [4, 'contacts', 'contacts'],
  ],
  sentCopy: [
    [1, 'to', 'text', 254],
    [2, 'id', 'id'],
    [3, 'text', 'text', 16384],
    [4, 'sent', 'number'],
  ],
  endorseRefusal: [],
  readMark: [
    [1, 'address', 'text', 254],
    [2, 'upTo', 'number'],
  ],
};
/** @type {[number, string, string, number?][]} */
const CONTACT = [
  [1, 'address', 'text', 254],
  [2, 'name', 'text', 64],
  [3, 'theirToken', 'bytes', 32],
  [4, 'ourToken', 'bytes', 32],
  [5, 'friendsKey', 'bytes', 32],
  [6, 'version', 'number'],
];

/** @param {any} value @param {string} kind */
function write(value, kind) {
  if (kind === 'ids') return value.map(unhex);
  if (kind === 'id') return unhex(value);
  if (kind === 'contacts') return value.map((/** @type {any} */ each) => fields(each, CONTACT));
  return value;
}

/** @param {any} content @param {[number, string, string, number?][]} shape */
const fields = (content, shape) =>
  new Map(/** @type {[number, any][]} */ (shape.map(([key, name, kind]) => [key, write(content[name], kind)])));

/** @param {any} value @param {string} kind @param {number} [limit] */
function read(value, kind, limit) {
  switch (kind) {
    case 'text':
      asText(value, limit ?? 0);
      need(new TextEncoder().encode(value).length <= Math.max(limit ?? 0, 4 * 140), 'malformed', 'text too long');
      return value;
    case 'number':
      return asNumber(value, 0, limit ?? MAX_TIME);
    case 'bytes':
      return asBytes(value, limit ?? 0, limit ?? 0);
    case 'id':
      return hex(asBytes(value, 16, 16));
    case 'ids':
      return asList(value, 1, 200).map((id) => hex(asBytes(id, 16, 16)));
    default:
      return asList(value, 0, 500).map((each) => parse(asMap(each), CONTACT));
  }
}

/** @param {Map<number, any>} map @param {[number, string, string, number?][]} shape @returns {any} */
const parse = (map, shape) =>
  Object.fromEntries(shape.map(([key, name, kind, limit]) => [name, read(map.get(key), kind, limit)]));

/** @param {Body} body @returns {Uint8Array<ArrayBuffer>} */
export function encodeBody(body) {
  return encodeCbor(
    new Map(
      /** @type {[number, any][]} */ ([
        [1, TYPE[body.type]],
        [2, unhex(body.id)],
        [3, body.sent],
        [4, body.from],
        [5, body.to],
        [6, unhex(body.device)],
        [7, fields(body.content, CONTENT[body.type])],
      ]),
    ),
  );
}

/** @param {Uint8Array} bytes @returns {Body} */
export function decodeBody(bytes) {
  const map = decodeMap(bytes);
  const type = /** @type {BodyType | undefined} */ (
    Object.keys(TYPE).find((name) => TYPE[/** @type {BodyType} */ (name)] === map.get(1))
  );
  need(!!type, 'malformed', 'unknown type');
  return {
    type,
    id: hex(asBytes(map.get(2), 16, 16)),
    sent: asNumber(map.get(3), 0, MAX_TIME),
    from: asText(map.get(4), 254),
    to: asText(map.get(5), 254),
    device: hex(asBytes(map.get(6), 32, 32)),
    content: parse(asMap(map.get(7)), CONTENT[type]),
  };
}

/** @param {import('../identity/passport.js').Signer} signer @param {Uint8Array} recipient certificate of the addressed device @param {Body} body @param {number} now */
export const sealBody = (signer, recipient, body, now) => sealFor(signer, recipient, encodeBody(body), now);

/**
 * Opens what came for this device: genuine, from whom it says, and meant for us.
 * @param {Uint8Array} der @param {{agree: CryptoKey, address: string, device: string, now: number, trust: import('../identity/verifier.js').Trust}} us
 * @returns {Promise<{body: Body, signer: import('../identity/verifier.js').Verified}>}
 */
export async function openBody(der, us) {
  const { content, signer } = await openFor(der, us.agree, null, us.now, us.trust);
  const body = decodeBody(content);
  need(body.from === signer.address, 'wrong-name');
  need(body.to === us.address && body.device === us.device, 'not-for-us');
  return { body, signer };
}
