// Whom one knows already: people one wrote to lately, and the other address books. They are read on this computer; nobody is looked up, for that would tell servers whom
// one knows.
import { parseAddress } from '../core/identity/address.js';
import { addressIn } from './mails.js';

const RECENT_DAYS = 30;
/** Thunderbird gives the oldest mails first: all of them are read, so that the newest are among them, but no more than somebody writes. */
const PAGE = 100;
const MAX_PAGES = 30;
const MOST_MAILS = 1000;
const MAX_FOLDERS = 5;
/** Thunderbird goes through a whole folder without a break: other things have their turn before the next. */
const PAUSE_MILLIS = 500;
const REMEMBERED_MILLIS = 3_600_000;
const MAX_PEOPLE = 20_000;

/** @typedef {import('./vcard.js').Named} Named */

/** @param {string} text @returns {string} '' for what is no address */
function address(text) {
  try {
    return parseAddress(text);
  } catch {
    return '';
  }
}

/** @param {Named[]} people @returns {Named[]} each once; a name that anybody gave them counts */
export function distinct(people) {
  /** @type {Map<string, Named>} */
  const all = new Map();
  for (const { address: typed, name } of people) {
    const its = address(typed.trim());
    const there = all.get(its);
    if (its && all.size < MAX_PEOPLE && !there?.name) all.set(its, { address: its, name: name.trim() });
  }
  return [...all.values()];
}

/** What stands before an address in a header field. @param {string} mailbox @returns {Named} */
export function inMailbox(mailbox) {
  const name = /^\s*"?([^"<]*?)"?\s*<[^<>]*>\s*$/.exec(mailbox)?.[1] ?? '';
  return { address: addressIn(mailbox), name };
}

/** What was found last, and when, Unix ms. @type {{at: number, people: Promise<Named[]>} | null} */
let found = null;

/** To whom mails of the last days went, the newest first. Looked for once in an hour. @returns {Promise<Named[]>} */
export function lately(now = Date.now()) {
  if (found && now - found.at < REMEMBERED_MILLIS) return found.people;
  const one = { at: now, people: look(now) };
  found = one;
  one.people.catch(() => found === one && (found = null));
  return one.people;
}

/** @param {number} now Unix ms @returns {Promise<Named[]>} */
async function look(now) {
  const accounts = await browser.accounts.list(false);
  const own = new Set(
    accounts.flatMap((/** @type {any} */ each) => each.identities.map((/** @type {any} */ i) => i.email.toLowerCase())),
  );
  const fromDate = new Date(now - RECENT_DAYS * 86_400_000);
  const sent = (await browser.folders.query({ specialUse: ['sent'] })).slice(0, MAX_FOLDERS);
  /** @type {any[]} */
  const mails = [];
  for (const [i, folder] of sent.entries()) {
    if (i) await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLIS));
    mails.push(...(await since(folder.id, fromDate)));
  }
  mails.sort((a, b) => b.date - a.date);
  const people = mails.slice(0, MOST_MAILS).flatMap((mail) => [...mail.recipients, ...mail.ccList].map(inMailbox));
  return distinct(people).filter((each) => !own.has(each.address));
}

/** @param {any} folderId @param {Date} fromDate @returns {Promise<any[]>} */
async function since(folderId, fromDate) {
  const mails = [];
  let page = await browser.messages.query({ folderId, fromDate, messagesPerPage: PAGE });
  for (let i = 1; ; i++) {
    mails.push(...page.messages);
    if (!page.id) return mails;
    if (i === MAX_PAGES) break;
    page = await browser.messages.continueList(page.id);
  }
  await browser.messages.abortList(page.id);
  return mails;
}

/** Everybody in the books of this computer, but ours. Thunderbird gives whole cards, so a large book takes a moment. @returns {Promise<Named[]>} */
export async function inBooks() {
  const { book: ours } = await browser.storage.local.get({ book: '' });
  /** @type {Named[]} */
  const people = [];
  for (const book of await browser.addressBooks.list(false)) {
    if (book.remote || book.id === ours) continue;
    for (const { properties } of await browser.contacts.list(book.id))
      for (const field of ['PrimaryEmail', 'SecondEmail'])
        if (properties[field]) people.push({ address: properties[field], name: properties.DisplayName ?? '' });
  }
  return distinct(people).sort((a, b) =>
    (a.name || a.address).localeCompare(b.name || b.address, undefined, { numeric: true }),
  );
}
