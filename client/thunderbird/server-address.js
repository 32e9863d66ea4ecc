// What a person types for a server, as the address that is used: https, but for one on this computer.
const HERE = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @param {string} typed @returns {string} ending in '/'; '' when it is none, or one that is not protected */
export function isAllowed(typed) {
  const text = typed.trim();
  if (!text || text.length > 250 || /[\s@\\<>"]/.test(text)) return '';
  const [host] = text.split('/');
  const here = HERE.test(host.replace(/:\d+$/, ''));
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${here ? 'http' : 'https'}://${text}`);
    const secure = url.protocol === 'https:' || (url.protocol === 'http:' && HERE.test(url.hostname));
    const named = url.hostname.includes('.') || HERE.test(url.hostname);
    return secure && named && url.pathname === '/' && !url.search && !url.hash ? url.href : '';
  } catch {
    return '';
  }
}
