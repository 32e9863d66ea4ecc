// What a stranger calls himself is shown so that nobody is fooled: invisible and direction-changing characters become visible, and an
// address that only looks like a contact's is flagged.

const HIDDEN =
  // eslint-disable-next-line no-misleading-character-class -- each of them by itself
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]/gu;

/** @param {string} name @returns {string} the name with hidden characters written as ⟨U+202E⟩ */
export function visible(name) {
  return name.replace(HIDDEN, (c) => `⟨U+${c.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** What an eye makes of an address: letters that look alike become one. @param {string} address */
function skeleton(address) {
  return address
    .toLowerCase()
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .replace(/[1l|!i]/g, 'l')
    .replace(/0/g, 'o')
    .replace(/5/g, 's')
    .replace(/8/g, 'b')
    .replace(/cl/g, 'd')
    .replace(/[._-]/g, '');
}

/**
 * @param {string} address
 * @param {string[]} known  addresses of contacts
 * @returns {string} the contact's address that this one resembles, or ''
 */
export function resembles(address, known) {
  const seen = skeleton(address);
  return known.find((other) => other !== address && skeleton(other) === seen) ?? '';
}

/** @param {string} name @param {string} address @returns {string} one or two letters for a picture */
export function initials(name, address) {
  const words = (name || address.split('@')[0]).split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? '?'];
  return letters.map((word) => [...word][0].toUpperCase()).join('');
}

/** Whoever has this address, or had it before. @param {import('../core/types.js').Contact[]} contacts @param {string} address */
export const ofAddress = (contacts, address) =>
  contacts.find((each) => each.address === address) ?? contacts.find((each) => each.earlier?.includes(address));

/**
 * What stands for somebody outside of our own pages, where it may be taken for an address or be decoded: their name, or their address where the name is none.
 * @param {{name: string, address: string}} who
 */
export const shownName = ({ name, address }) =>
  !name || /@|=\?/.test(name) ? address : visible(name.replace(/[\r\n]+/g, ' '));
