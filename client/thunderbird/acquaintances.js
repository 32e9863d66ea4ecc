// Whom one knows already: people one wrote to lately, and the other address books. They are read on this computer; nobody is looked up, for that would tell servers whom
// one knows.
import { parseAddress } from '../core/identity/address.js';
import { addressIn } from './mails.js';

/** Thunderbird gives the oldest mails first: so the last days are asked for first, and more when they are few. */
const RECENT_DAYS = [3, 30];
const ENOUGH_MAILS = 50;
const PAGE = 100;
const MAX_PAGES = 10;
const MAX_FOLDERS = 5;
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

/** To whom mails of the last days went, the newest first. @returns {Promise<Named[]>} */
export async function lately() {
  const accounts = await browser.accounts.list(false);
  const own = new Set(
    accounts.flatMap((/** @type {any} */ each) => each.identities.map((/** @type {any} */ i) => i.email.toLowerCase())),
  );
  const sent = await browser.folders.query({ specialUse: ['sent'] });
  /** @type {any[]} */
  let mails = [];
  for (const days of RECENT_DAYS) {
    if (mails.length >= ENOUGH_MAILS) break;
    mails = [];
    for (const folder of sent.slice(0, MAX_FOLDERS)) mails.push(...(await since(folder.id, days)));
  }
  mails.sort((a, b) => b.date - a.date);
  const people = mails.flatMap((mail) => [...mail.recipients, ...mail.ccList].map(inMailbox));
  return distinct(people).filter((each) => !own.has(each.address));
}

/** @param {any} folderId @param {number} days @returns {Promise<any[]>} */
async function since(folderId, days) {
  const fromDate = new Date(Date.now() - days * 86_400_000);
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
