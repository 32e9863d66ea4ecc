// What is said in the entries that the devices of one person share, read and written: docs/protocols/formats.md, section 10.
import { hex, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { asBytes, asNumber, asText, decodeMap, encodeCbor } from '../record/cbor.js';

const MAX_TIME = 2 ** 50;
/** @type {import('./context.js').Contact['state'][]} */
const STATES = ['waiting', 'accepted', 'removed'];
/** Settings that are those of a person, not of one browser. @type {('strangersRing'|'sendReadMarks')[]} */
export const SETTINGS = ['strangersRing', 'sendReadMarks'];

/** @typedef {Pick<import('./context.js').Contact, 'name'|'state'|'ourToken'|'theirToken'|'friendsKey'|'version'|'root'>} Person */
/**
 * @typedef {{kind: 'contact', address: string, person: Person | null} | {kind: 'blocked', address: string, on: boolean} | {kind: 'answered'|'read', address: string, at: number}
 *   | {kind: 'setting', setting: 'strangersRing'|'sendReadMarks', on: boolean} | {kind: 'name', text: string} | {kind: 'moved'|'uses', address: string, to: string, at: number} | {kind: 'moving', to: string, at: number} | {kind: 'friends', key: Uint8Array<ArrayBuffer>, version: number}} Said
 */

/** @param {[number, any][]} pairs */
const map = (...pairs) => encodeCbor(new Map(pairs));
const NOTHING = new Uint8Array(0);

/** @param {Person} person */
export const personValue = (person) =>
  map(
    [1, STATES.indexOf(person.state)],
    [2, person.name.slice(0, 64)],
    [3, person.ourToken],
    [4, person.theirToken ?? NOTHING],
    [5, person.friendsKey ?? NOTHING],
    [6, person.version],
    [7, unhex(person.root ?? '')],
  );
/** @param {boolean} on */
export const flagValue = (on) => map([1, on]);
/** @param {number} at */
export const timeValue = (at) => map([1, at]);
/** @param {string} to  '': nowhere, it is in use again @param {number} at */
export const movedValue = (to, at) => map([1, to], [2, at]);
/** @param {string} text */
export const textValue = (text) => map([1, text]);
/** @param {Uint8Array} key @param {number} version */
export const keyValue = (key, version) => map([1, key], [2, version]);

/** @param {Map<number, any>} value @param {number} key 32 bytes or none */
function maybe(value, key) {
  const bytes = asBytes(value.get(key), 0, 32);
  need(bytes.length === 0 || bytes.length === 32, 'wrong-length');
  return bytes.length ? bytes : null;
}

/** @param {Map<number, any>} value @returns {Person} */
const readPerson = (value) => ({
  state: STATES[asNumber(value.get(1), 0, 2)],
  name: asText(value.get(2), 64),
  ourToken: asBytes(value.get(3), 32, 32),
  theirToken: maybe(value, 4),
  friendsKey: maybe(value, 5),
  version: asNumber(value.get(6), 0, MAX_TIME),
  root: hex(maybe(value, 7) ?? NOTHING),
});

/** @param {Map<number, any>} said */
function readMoved(said) {
  const to = asText(said.get(1), 254);
  need(to === '' || parseAddress(to) === to, 'bad-address');
  return { to, at: asNumber(said.get(2), 0, MAX_TIME) };
}

/** Throws when it is nothing that we know. @param {import('./entries.js').Entry} entry @returns {Said} */
export function readEntry({ name, value }) {
  const [kind, about = ''] = name.split(' ');
  const said = value.length ? decodeMap(value) : null;
  if (['contact', 'blocked', 'answered', 'read', 'moved', 'uses'].includes(kind))
    need(parseAddress(about) === about, 'bad-address');
  switch (kind) {
    case 'contact':
      return { kind, address: about, person: said && readPerson(said) };
    case 'blocked':
      return { kind, address: about, on: !!said };
    case 'answered':
    case 'read':
      return { kind, address: about, at: said ? asNumber(said.get(1), 0, MAX_TIME) : 0 };
    case 'moved':
    case 'uses':
      need(!!said, 'malformed');
      return { kind, address: about, ...readMoved(said) };
    case 'moving':
      return { kind, ...(said ? readMoved(said) : { to: '', at: 0 }) };
    case 'setting': {
      const setting = SETTINGS.find((each) => each === about);
      need(!!setting && typeof said?.get(1) === 'boolean', 'malformed');
      return { kind, setting, on: said.get(1) };
    }
    case 'name':
      return { kind, text: said ? asText(said.get(1), 64) : '' };
    case 'friends':
      need(!!said, 'malformed');
      return { kind, key: asBytes(said.get(1), 32, 32), version: asNumber(said.get(2), 0, MAX_TIME) };
    default:
      throw need(false, 'unknown-type');
  }
}
