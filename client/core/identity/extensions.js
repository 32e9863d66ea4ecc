// Extensions of which a certificate needs more than a list: proxy information, policy constraints, CRL distribution points.
import { need } from '../errors.js';

const MAX_CRLS = 4;
const MAX_URL = 500;
export const PROXY_INFO = '1.3.6.1.5.5.7.1.14';

/** below: -1 when there is no limit @typedef {{below: number, language: string, policy: Uint8Array<ArrayBuffer> | null}} ProxyInfo */

/** @param {import('./der.js').Item} extension @returns {ProxyInfo} */
export function parseProxy(extension) {
  const parts = extension.sequence(1, 2);
  const below = parts.length === 2 ? parts[0].integer : -1;
  need(parts.length === 1 || below >= 0, 'malformed', 'proxy path length');
  const [language, policy] = parts[parts.length - 1].sequence(1, 2);
  return { below, language: language.oid, policy: policy ? policy.expect(4).content : null };
}

/** Policy constraints (RFC 5280, section 4.2.1.11): whether policies must be explicit. @param {import('./der.js').Item} constraints */
export function explicitPolicy(constraints) {
  const parts = constraints.sequence(1, 2);
  for (const part of parts) need(part.tagClass === 3 && !part.constructed && part.tag < 2, 'malformed', 'policies');
  return parts[0].tag === 0;
}

/** CRL distribution points (RFC 5280, section 4.2.1.13): the full names that are URLs we can fetch; others are passed over. @param {import('./der.js').Item} list */
export function crlUrls(list) {
  const urls = [];
  for (const point of list.sequence(1, 64)) {
    const [name] = point.sequence(1, 3);
    if (!name.is(0, 3) || !name.constructed) continue;
    for (const full of name.items)
      if (full.is(0, 3) && full.constructed)
        for (const each of full.items) {
          const text =
            each.is(6, 3) && !each.constructed ? String.fromCharCode(...each.content.slice(0, MAX_URL + 1)) : '';
          if (isCrlUrl(text)) urls.push(text);
        }
  }
  return urls.slice(0, MAX_CRLS);
}

/** @param {string} text */
export const isCrlUrl = (text) =>
  text.length <= MAX_URL && /^http:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[!-~]*)?$/.test(text);

/** @param {import('./der.js').Item} item @returns {number} Unix ms */
export function timeOf(item) {
  need(item.is(23) || item.is(24), 'malformed', 'time');
  const written = String.fromCharCode(...item.content);
  const text = item.tag === 24 ? written : `${written < '50' ? '20' : '19'}${written}`;
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text);
  need(!!match, 'malformed', 'time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999, and rolls a 30 February over.
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute, second);
  need(at.toISOString().replace(/[-:T]|\.000/g, '') === text, 'malformed', 'time');
  return at.getTime();
}
