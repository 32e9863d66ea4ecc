// Whose calls this browser has sounded before: a link with a secret may come from anybody, in a mail or on a page, and whoever opens it must not find their
// microphone open. So the first call of each agent asks for a click; afterwards its token, which nobody else knows, is enough.
const KEY = 'starling sound';
const MAX = 8;
const TOKEN = /^[A-Za-z0-9_-]{22}$/;

/** @returns {string[]} */
function kept() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(all) ? all.filter((each) => TOKEN.test(each)) : [];
  } catch {
    // A browser that keeps nothing asks each time.
    return [];
  }
}

/** @param {unknown} token */
export const isKnown = (token) => typeof token === 'string' && kept().includes(token);

/** @param {unknown} token */
export function keep(token) {
  if (typeof token !== 'string' || !TOKEN.test(token)) return;
  try {
    localStorage.setItem(KEY, JSON.stringify([token, ...kept().filter((each) => each !== token)].slice(0, MAX)));
  } catch {
    // As above.
  }
}
