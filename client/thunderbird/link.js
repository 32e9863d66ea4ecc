// `sip:` and `tel:` links that somebody clicked, in a mail or anywhere: they lead to a person, never to a call, for anybody can send a link.
import { addressOfUri } from '../core/identity/address.js';
import { ofAddress } from '../web/names.js';

const MAX_LINK = 400;

/** Whose it is. RFC 3261, section 19.1.1, and RFC 3966, section 3: parameters, headers and ports are left out. @param {string} link @returns {string} '' for nobody that has an address with us */
export function addressOfLink(link) {
  if (link.length > MAX_LINK) return '';
  try {
    const tel = /^tel:([^;?]+)/i.exec(link);
    if (tel) return addressOfUri(`tel:${decodeURIComponent(tel[1]).replace(/[-.()\s]/g, '')}`);
    return addressOfUri(link.split('?')[0].replace(/(@[^;]*):\d{1,5}(?=;|$)/, '$1'));
  } catch {
    return '';
  }
}

/** Where the page shall be: the person's conversation, or where they are asked, with what the link says filled in. @param {string} link @param {import('../core/types.js').Contact[]} contacts @returns {string} a fragment */
export function placeOf(link, contacts) {
  const address = addressOfLink(link);
  const known = address && ofAddress(contacts, address);
  if (known && known.state !== 'removed') return `#${encodeURIComponent(known.address)}`;
  return `#:new=${encodeURIComponent(address || said(link))}`;
}

/** As much as a person may want to mend. @param {string} link */
function said(link) {
  try {
    return decodeURIComponent(link.slice(0, MAX_LINK))
      .replace(/^(sip|tel):/i, '')
      .replace(/[\u0000-\u001f]/g, '')
      .slice(0, 254);
  } catch {
    return '';
  }
}

/** @param {Location} location @returns {string} '' when no link was clicked */
export const linkIn = (location) => new URLSearchParams(location.search).get('link') ?? '';
