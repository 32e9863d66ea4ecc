// Splits a message into text and links. A link is shown in full, so that its text cannot lie about where it goes.

const URL_PATTERN = /\bhttps?:\/\/[^\s<>"'`\u200b-\u200f\u202a-\u202e\u2060-\u2069]+/giu;
const TRAILING = /[.,;:!?)\]}'"»]+$/u;

/**
 * @param {string} text
 * @returns {{text: string, href: string}[]} pieces in order; href is '' for plain text
 */
export function pieces(text) {
  /** @type {{text: string, href: string}[]} */
  const result = [];
  let last = 0;
  for (const match of text.matchAll(URL_PATTERN)) {
    const shown = trimmed(match[0]);
    const href = safe(shown);
    if (!href) continue;
    if (match.index > last) result.push({ text: text.slice(last, match.index), href: '' });
    result.push({ text: shown, href });
    last = match.index + shown.length;
  }
  if (last < text.length) result.push({ text: text.slice(last), href: '' });
  return result;
}

/** A closing bracket stays when it was opened inside. @param {string} url */
function trimmed(url) {
  const cut = url.replace(TRAILING, '');
  return url[cut.length] === ')' && cut.includes('(') ? `${cut})` : cut;
}

/** @param {string} url @returns {string} the address, or '' when it is none or hides another behind a user name */
function safe(url) {
  try {
    const parsed = new URL(url);
    return parsed.username || parsed.password ? '' : parsed.href;
  } catch {
    return '';
  }
}
