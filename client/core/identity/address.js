// E-mail addresses and phone numbers in the one form that is hashed, signed and compared: docs/protocols/formats.md, section 1.
import { need } from '../errors.js';
import { punycode } from './punycode.js';

const ATOMS = /^[a-z0-9!#$&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const CONTROL = /[\u0000-\u001f\u007f-\u0084\u0086-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/u;
const SPACE = /[\p{Z}\u0085]/u;
// Letters, marks and digits; sharp s and final sigma are refused beside it, for resolvers map them in different ways.
const UNICODE_LABEL = /^(?![-\p{M}])(?!.*-$)(?!..--)[a-z0-9\p{L}\p{M}\p{Nd}-]{1,63}$/u;
const ESCAPED = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/g;

/**
 * @param {string} typed
 * @returns {string} the address
 * @throws {import('../errors.js').StarlingError} key `address.<reason>`
 */
export function parseAddress(typed) {
  need(typed.length > 0, 'address.empty');
  need(typed.length <= 254, 'address.too-long');
  need(!CONTROL.test(typed), 'address.control-character');
  need(!SPACE.test(typed), 'address.space');
  if (typed.startsWith('+') && !typed.includes('@')) {
    need(/^\+[1-9][0-9]{6,14}$/.test(typed), 'address.phone-syntax');
    return typed;
  }
  const parts = typed.split('@');
  need(parts.length > 1, 'address.no-at');
  need(parts.length === 2, 'address.two-ats');
  const address = `${local(parts[0])}@${domain(parts[1])}`;
  need(address.length <= 254, 'address.too-long');
  return address;
}

/** @param {string} part */
function local(part) {
  need(/^[\u0000-\u007e]*$/.test(part), 'address.not-ascii');
  need(part.length <= 64, 'address.local-too-long');
  const lower = part.toLowerCase();
  need(!lower.startsWith('-') && ATOMS.test(lower), 'address.local-syntax');
  return lower;
}

/** @param {string} part */
function domain(part) {
  need(!part.startsWith('['), 'address.domain-literal');
  const ascii = /^[\u0000-\u007f]*$/.test(part) ? part.toLowerCase() : fromUnicode(part);
  const labels = ascii.split('.');
  for (const label of labels) {
    need(label.length <= 63, 'address.label-too-long');
    need(LABEL.test(label), 'address.domain-syntax');
  }
  need(labels.length > 1, 'address.single-label');
  need(/^[a-z]/.test(labels[labels.length - 1]), 'address.domain-syntax');
  return ascii;
}

/** Not the URL class: engines map letters in different ways, and then one name has two owners. @param {string} part */
function fromUnicode(part) {
  // Which small sigma a capital one becomes depends on its neighbours, and on who asks.
  need(!part.includes('\u03a3'), 'address.idn');
  const lower = part.normalize('NFC').toLowerCase();
  need(lower.normalize('NFKC') === lower, 'address.idn');
  return lower
    .split('.')
    .map((label) => {
      if (/^[\u0000-\u007f]*$/.test(label)) return label;
      need(UNICODE_LABEL.test(label) && !/[\u00df\u03c2]/.test(label), 'address.idn');
      return `xn--${punycode(label)}`;
    })
    .join('.');
}

/** @param {string} address @returns {string} `sip:bob@example.net` or `tel:+49…` */
export function sipUri(address) {
  if (!address.includes('@')) return `tel:${address}`;
  const at = address.indexOf('@');
  const user = address
    .slice(0, at)
    .replace(ESCAPED, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return `sip:${user}${address.slice(at)}`;
}

/** @param {string} uri @returns {string} the address; parameters are ignored */
export function addressOfUri(uri) {
  if (uri.startsWith('tel:')) return parseAddress(uri.slice(4));
  need(/^sip:/i.test(uri), 'address.not-a-sip-uri');
  try {
    return parseAddress(unescape(uri.slice(4).split(';')[0]));
  } catch (e) {
    if (e instanceof URIError) need(false, 'address.not-a-sip-uri');
    throw e;
  }
}

/** @param {string} text */
function unescape(text) {
  need(!/%(?![0-9A-Fa-f]{2})/.test(text), 'address.not-a-sip-uri');
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, two) => String.fromCharCode(parseInt(two, 16)));
}
