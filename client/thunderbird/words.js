// The words of the web app, and in their place those that are other ones in Thunderbird.
import { setLanguage as chosen } from '../web/i18n.js';

/** @type {Record<string, () => Promise<import('../web/i18n.js').Texts>>} */
const OWN = {
  en: async () => (await import('./text/en.js')).en,
  de: async () => (await import('./text/de.js')).de,
};

/** @param {string} wanted  '' for Thunderbird's */
export const setLanguage = (wanted) => chosen(wanted, OWN);
