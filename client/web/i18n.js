// Words come from text/<language>.js; dates, times and plurals from Intl. No text stands in code.
import { en } from './text/en.js';

/** @typedef {Record<string, string>} Texts */
/** @type {Record<string, () => Promise<Texts>>} */
const LANGUAGES = { en: async () => en, de: async () => (await import('./text/de.js')).de };

/** @type {Texts} */
let texts = en;
let language = 'en';

export const languages = Object.keys(LANGUAGES);

/** @param {string} wanted  '' for the browser's @param {Record<string, () => Promise<Texts>>} [own]  by language: what is said otherwise here */
export async function setLanguage(wanted, own = {}) {
  const asked = wanted ? [wanted] : navigator.languages;
  language = asked.map((tag) => tag.split('-')[0]).find((tag) => tag in LANGUAGES) ?? 'en';
  texts = { ...(await LANGUAGES[language]()), ...(await own[language]?.()) };
  document.documentElement.lang = language;
}

/**
 * The text for a key, `{name}` replaced from args; with `args.count` the variant `key.one` … when there is one.
 * @param {string} key
 * @param {Record<string, string | number>} [args]
 */
export function t(key, args = {}) {
  const plural = 'count' in args ? `${key}.${new Intl.PluralRules(language).select(Number(args.count))}` : key;
  const text = texts[plural] ?? texts[key] ?? en[plural] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in args ? String(args[name]) : whole));
}

/** The page of whoever runs the server that this page came from, in the language chosen here; or of another server. */
export const aboutServer = (base = '') => `${base || '/'}about?lang=${language}`;

/** @param {string} key */
export const hasText = (key) => key in texts || key in en;

/** @param {number} at Unix ms */
export const time = (at) => new Intl.DateTimeFormat(tag(), { hour: 'numeric', minute: '2-digit' }).format(at);

/** @param {number} at @param {number} now  today, yesterday, a weekday within the week, else the date */
export function day(at, now) {
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0 || days === 1)
    return capital(new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-days, 'day'));
  if (days > 1 && days < 7) return new Intl.DateTimeFormat(tag(), { weekday: 'long' }).format(at);
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'long' }).format(at);
}

/** For a list: the time today, otherwise a short day. @param {number} at @param {number} now */
export function brief(at, now) {
  if (midnight(at) === midnight(now)) return time(at);
  if (now - at < 6 * 86_400_000) return new Intl.DateTimeFormat(tag(), { weekday: 'short' }).format(at);
  return new Intl.DateTimeFormat(tag(), { day: 'numeric', month: 'numeric' }).format(at);
}

/** @param {number} at */
export const moment = (at) => new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeStyle: 'short' }).format(at);

/** @param {number} seconds @returns {string} 02:13 */
export function duration(seconds) {
  const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  const hours = seconds >= 3600 ? `${Math.floor(seconds / 3600)}:` : '';
  return `${hours}${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** @param {number} at @returns {number} start of its local day, Unix ms */
export function midnight(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

function tag() {
  return navigator.languages.find((wanted) => wanted.startsWith(language)) ?? language;
}

/** @param {string} text */
const capital = (text) => text[0].toLocaleUpperCase(language) + text.slice(1);
