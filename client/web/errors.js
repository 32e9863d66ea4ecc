// What went wrong, in words of the language file: an error of the core carries a key.
import { hasText, t } from './i18n.js';

/** @param {unknown} failure @returns {string} */
export function saying(failure) {
  const { key = '', args = {} } = /** @type {{key?: string, args?: Record<string, string>}} */ (failure ?? {});
  for (let k = `error.${key}`; k.length > 6; k = k.slice(0, Math.max(0, k.lastIndexOf('.'))))
    if (hasText(k)) return t(k, args);
  return t('error.generic');
}
