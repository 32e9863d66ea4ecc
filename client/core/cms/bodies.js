// What people's devices say to each other: CBOR inside CMS. docs/protocols/formats.md, section 9.
import { encode, hex, unhex } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { asBytes, asList, asMap, asNumber, asText, decodeMap, encodeCbor } from '../record/cbor.js';
import { MAX_STATEMENT_BYTES } from '../record/moved.js';
import { openFor, sealFor } from './cms.js';

const MAX_TIME = 2 ** 50;
const MAX_IDS = 200;
const MAX_CONTACTS = 500;
const MAX_ENTRIES = 500;
const SPKI_BYTES = 91;
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
  ownKey: 12,
  entries: 13,
  summary: 14,
  moved: 15,
};
/** @typedef {keyof typeof TYPE} BodyType */
/** @typedef {{type: BodyType, id: string, sent: number, from: string, to: string, device: string, content: any}} Body  id hex; device: addressee's, hex */

/** Field by field: [key, name, kind, limit]. Texts are counted in UTF-16 code units, `utf8` in bytes; a kind with `?` may be left out. @type {Record<BodyType, [number, string, string, number?][]>} */
const CONTENT = {
  text: [[1, 'text', 'utf8', 16384]],
  receipt: [
    [1, 'ids', 'ids'],
    [2, 'state', 'state'],
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
    [2, 'spki', 'bytes', SPKI_BYTES],
    [3, 'proof', 'bytes?', 32],
  ],
  endorseGrant: [
    [1, 'ownKey', 'bytes', 32],
    [2, 'friendsKey', 'bytes', 32],
    [3, 'version', 'number'],
    [4, 'contacts', 'contacts'],
    [5, 'ownVersion', 'number?'],
    [6, 'proof', 'bytes?', 32],
  ],
  sentCopy: [
    [1, 'to', 'address'],
    [2, 'id', 'id'],
    [3, 'text', 'utf8', 16384],
    [4, 'sent', 'number'],
  ],
  endorseRefusal: [],
  readMark: [
    [1, 'address', 'address'],
    [2, 'upTo', 'number'],
  ],
  ownKey: [
    [1, 'ownKey', 'bytes', 32],
    [2, 'version', 'number'],
  ],
  entries: [[1, 'entries', 'entries']],
  summary: [
    [1, 'version', 'number'],
    [2, 'digests', 'bytes', 128],
    [3, 'state', 'state'],
  ],
  moved: [[1, 'statement', 'upTo', MAX_STATEMENT_BYTES]],
};
/** @type {[number, string, string, number?][]} */
const CONTACT = [
  [1, 'address', 'address'],
  [2, 'name', 'text', 64],
  [3, 'theirToken', 'bytes', 32],
  [4, 'ourToken', 'bytes', 32],
  [5, 'friendsKey', 'bytes', 32],
  [6, 'version', 'number'],
];

/** One thing that the devices of a person share; value: CBOR of a map, empty when it was taken away. @type {[number, string, string, number?][]} */
const ENTRY = [
  [1, 'name', 'text', 300],
  [2, 'time', 'number'],
  [3, 'value', 'upTo', 1024],
];

/** @param {any} value @param {string} kind @returns {any} */
function write(value, kind) {
  if (kind === 'ids') return value.map(unhex);
  if (kind === 'id') return unhex(value);
  if (kind === 'contacts') return value.map((/** @type {any} */ each) => fields(each, CONTACT));
  if (kind === 'entries') return value.map((/** @type {any} */ each) => fields(each, ENTRY));
  return value;
}

/** @param {any} content @param {[number, string, string, number?][]} shape */
const fields = (content, shape) =>
  new Map(
    shape
      .filter(([, name, kind]) => !kind.endsWith('?') || content[name] !== undefined)
      .map(([key, name, kind]) => /** @type {[number, any]} */ ([key, write(content[name], kind)])),
  );

/** Refuses for the kind of limit that is exceeded. @param {any} value @param {string} kind @param {number} [limit] @returns {any} */
function read(value, kind, limit = 0) {
  switch (kind) {
    case 'text':
      return atMost(asText(value, Infinity), value.length, limit);
    case 'utf8':
      return atMost(asText(value, Infinity), encode(value).length, limit);
    case 'address':
      return address(value);
    case 'number':
      return number(value, 0, MAX_TIME);
    case 'state':
      return number(value, 1, 2);
    case 'bytes':
      return exactly(value, limit);
    case 'upTo':
      return atMost(asBytes(value, 0, Infinity), value.length, limit);
    case 'id':
      return hex(exactly(value, 16));
    case 'ids':
      return several(value, 1, MAX_IDS).map((id) => hex(exactly(id, 16)));
    case 'entries':
      return readEntries(value, MAX_ENTRIES);
    default:
      return several(value, 0, MAX_CONTACTS).map((each) => parse(asMap(each), CONTACT));
  }
}

/** @template T @param {T} value @param {number} length @param {number} limit */
function atMost(value, length, limit) {
  need(length <= limit, 'too-long');
  return value;
}

/** @param {any} value @param {number} length @returns {Uint8Array<ArrayBuffer>} */
function exactly(value, length) {
  const bytes = asBytes(value, 0, Infinity);
  need(bytes.length === length, 'wrong-length');
  return bytes;
}

/** @param {any} value @param {number} min @param {number} max */
function number(value, min, max) {
  const n = asNumber(value, -Infinity, Infinity);
  need(n >= min && n <= max, 'out-of-range');
  return n;
}

/** @param {any} value @param {number} min @param {number} max */
function several(value, min, max) {
  const list = asList(value, 0, Infinity);
  need(list.length >= min, 'too-few');
  need(list.length <= max, 'too-many');
  return list;
}

/** In its one form. @param {any} value @returns {string} */
function address(value) {
  const text = asText(value, Infinity);
  try {
    need(parseAddress(text) === text, 'bad-address');
  } catch (e) {
    throw new StarlingError('bad-address', {}, String(e));
  }
  return text;
}

/** @param {Map<number, any>} map @param {[number, string, string, number?][]} shape @returns {any} */
const parse = (map, shape) =>
  Object.fromEntries(
    shape
      .filter(([key, , kind]) => !kind.endsWith('?') || map.has(key))
      .map(([key, name, kind, limit]) => [name, read(map.get(key), kind.replace('?', ''), limit)]),
  );

/** name; time Unix ms; value: CBOR of a map, empty when it was taken away @typedef {{name: string, time: number, value: Uint8Array<ArrayBuffer>}} Entry */

/** @param {Entry[]} entries @returns {Map<number, any>[]} */
export const entryMaps = (entries) => write(entries, 'entries');
/** @param {any} list @param {number} most @returns {Entry[]} */
export const readEntries = (list, most) => several(list, 1, most).map((each) => parse(asMap(each), ENTRY));

/** Refuses to write what nobody would read. @param {Body} body @returns {Uint8Array<ArrayBuffer>} */
export function encodeBody(body) {
  const bytes = encodeCbor(
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
  decodeBody(bytes);
  return bytes;
}

/** @param {Uint8Array} bytes @returns {Body} */
export function decodeBody(bytes) {
  const map = decodeMap(bytes);
  const number = asNumber(map.get(1), -Infinity, Infinity);
  const type = /** @type {BodyType | undefined} */ (
    Object.keys(TYPE).find((name) => TYPE[/** @type {BodyType} */ (name)] === number)
  );
  need(!!type, 'unknown-type');
  return {
    type,
    id: read(map.get(2), 'id'),
    sent: read(map.get(3), 'number'),
    from: read(map.get(4), 'address'),
    to: read(map.get(5), 'address'),
    device: hex(exactly(map.get(6), 32)),
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
