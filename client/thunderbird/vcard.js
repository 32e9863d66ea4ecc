// Cards as files (RFC 6350, and the older versions as far as people have them): written of everybody in the book, read for whom they name, and nothing else.
import { need } from '../core/errors.js';
import { shownName } from '../web/names.js';
import { addressOfLink } from './link.js';
import { parseAddress } from '../core/identity/address.js';

export const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_PEOPLE = 5000;
const MAX_NAME = 100;

/** @typedef {{address: string, name: string}} Named */

/** RFC 6350, section 3.4. @param {string} text */
export const escaped = (text) => text.replace(/[\\,;]/g, (c) => `\\${c}`).replace(/[\r\n]+/g, ' ');

/** @param {Named} person */
export function vCard({ address, name }) {
  const phone = address.startsWith('+');
  return [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `FN:${escaped(shownName({ name, address }))}`,
    phone ? `TEL;VALUE=TEXT:${escaped(address)}` : `EMAIL;PREF=1:${escaped(address)}`,
    `IMPP;PREF=1:sip:${escaped(address)}`,
    'END:VCARD',
    '',
  ].join('\r\n');
}

/** @param {Blob} file @returns {Promise<Named[]>} whom it names, each once @throws {import('../core/errors.js').StarlingError} key `vcard.…` */
export async function readFile(file) {
  need(file.size <= MAX_FILE_BYTES, 'vcard.too-big');
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return readCards(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (e) {
    if (!(e instanceof TypeError)) throw e;
    // Older programs write what their system speaks.
    return readCards(new TextDecoder('windows-1252').decode(bytes));
  }
}

/** @param {string} text @returns {Named[]} */
export function readCards(text) {
  need(/^\s*BEGIN:VCARD\s*$/im.test(text) && !text.includes('\0'), 'vcard.none');
  /** @type {Map<string, Named>} */
  const people = new Map();
  /** @type {{fn: string, n: string, addresses: string[]} | null} */
  let card = null;
  for (const line of lines(text)) {
    const { name, parameters, value } = property(line);
    if (name === 'BEGIN') card = { fn: '', n: '', addresses: [] };
    else if (!card) continue;
    else if (name === 'FN') card.fn ||= words(value, parameters);
    else if (name === 'N') card.n ||= words(value, parameters).split(';').slice(0, 2).reverse().join(' ').trim();
    else if (name === 'EMAIL') add(card.addresses, () => parseAddress(plain(value).trim()));
    else if (name === 'IMPP') add(card.addresses, () => addressOfLink(plain(value).trim()));
    else if (name === 'END') {
      for (const address of card.addresses)
        if (!people.has(address)) people.set(address, { address, name: named(card.fn || card.n, address) });
      need(people.size <= MAX_PEOPLE, 'vcard.too-many');
      card = null;
    }
  }
  need(people.size > 0, 'vcard.nobody');
  return [...people.values()];
}

/** @param {string} name @param {string} address */
const named = (name, address) => {
  const short = [...name].slice(0, MAX_NAME).join('').trim();
  return short === address ? '' : short;
};

/** What is no address is left out. @param {string[]} addresses @param {() => string} read */
function add(addresses, read) {
  if (addresses.length >= 20) return;
  try {
    const address = read();
    if (address) addresses.push(address);
  } catch {
    // Nobody that could be asked.
  }
}

/** Unfolded: RFC 6350, section 3.2; and the soft line breaks of version 2.1. @param {string} text */
function* lines(text) {
  /** Joined once, however many there are. @type {string[]} */
  let pieces = [];
  let soft = false;
  for (const piece of text.split(/\r?\n|\r/)) {
    const last = pieces.length - 1;
    if (/^[ \t]/.test(piece) && last >= 0) pieces.push(piece.slice(1));
    else if (soft && pieces[last].endsWith('=')) {
      pieces[last] = pieces[last].slice(0, -1);
      pieces.push(piece);
    } else {
      if (last >= 0) yield pieces.join('');
      pieces = piece ? [piece] : [];
      soft = /;[^:]*QUOTED-PRINTABLE/i.test(piece.slice(0, 200));
    }
  }
  if (pieces.length) yield pieces.join('');
}

/** RFC 6350, section 3.3; a colon may stand in a quoted parameter. @param {string} line */
function property(line) {
  let quoted = false;
  let at = 0;
  for (; at < line.length && (quoted || line[at] !== ':'); at++) if (line[at] === '"') quoted = !quoted;
  const [group, ...parameters] = line.slice(0, at).split(';');
  const name = group.slice(group.lastIndexOf('.') + 1).toUpperCase();
  return { name, parameters: parameters.join(';').toUpperCase(), value: line.slice(at + 1) };
}

/** @param {string} value */
const plain = (value) => value.replace(/\\n/gi, ' ').replace(/\\(.)/g, '$1');

/** @param {string} value @param {string} parameters */
function words(value, parameters) {
  if (!parameters.includes('QUOTED-PRINTABLE')) return plain(value.slice(0, 1000));
  const bytes = value.slice(0, 3000).replace(/=([0-9A-Fa-f]{2})/g, (_, two) => String.fromCharCode(parseInt(two, 16)));
  return new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}
