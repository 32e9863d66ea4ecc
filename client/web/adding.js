// The link that leads a new browser to an address: shown, also as a QR code, by one that is there already, and taken from the URL by the new one.

/** @typedef {{address: string, code: string}} Adding */

/** @param {string} base @param {Adding} adding */
export const linkFor = (base, { address, code }) => `${base}#add=${encodeURIComponent(address)}&code=${code}`;

/** @param {string} hash @returns {Adding | null} */
export function readLink(hash) {
  const match = /^#add=([^&]{1,400})&code=([0-9A-Za-z]{12})$/.exec(hash);
  if (!match) return null;
  try {
    return { address: decodeURIComponent(match[1]), code: match[2] };
  } catch {
    return null;
  }
}

/** The code leaves the URL at once: it must not stay in the history of a browser. @returns {Adding | null} */
export function takeLink() {
  const link = readLink(location.hash);
  if (location.hash.startsWith('#add=')) history.replaceState(null, '', location.pathname);
  return link;
}

/** In groups, as it is read aloud. @param {string} code @param {number} of */
export const grouped = (code, of) => (code.match(new RegExp(`.{1,${of}}`, 'g')) ?? []).join(' ');
