// Whom one knows already: people one wrote to lately, and the other address books. They are read on this computer; nobody is looked up, for that would tell servers whom
// one knows.
import { parseAddress } from '../core/identity/address.js';
import { addressIn } from './mails.js';

const RECENT_MILLIS = 30 * 86_400_000;
const MAX_MAILS = 100;
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

/** To whom mails of the last days went: the newest of each folder for sent mail. @returns {Promise<Named[]>} */
export async function lately() {
  const accounts = await browser.accounts.list(false);
  const own = new Set(
    accounts.flatMap((/** @type {any} */ each) => each.identities.map((/** @type {any} */ i) => i.email.toLowerCase())),
  );
  const sent = await browser.folders.query({ specialUse: ['sent'] });
  /** @type {any[]} */
  const mails = [];
  for (const folder of sent.slice(0, MAX_FOLDERS)) {
    const page = await browser.messages.query({
      folderId: folder.id,
      fromDate: new Date(Date.now() - RECENT_MILLIS),
      messagesPerPage: MAX_MAILS,
    });
    mails.push(...page.messages);
    if (page.id) await browser.messages.abortList(page.id);
  }
  mails.sort((a, b) => b.date - a.date);
  const people = mails.flatMap((mail) => [...mail.recipients, ...mail.ccList].map(inMailbox));
  return distinct(people).filter((each) => !own.has(each.address));
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
  return distinct(people).sort((a, b) => (a.name || a.address).localeCompare(b.name || b.address));
}
