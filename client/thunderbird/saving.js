// What the person wants saved as mail, and where: docs/decisions/0045-the-add-on.md. Kept in the add-on's own storage, so that the page that asks and the background
// page that saves see the same.
import { subfolder } from './mails.js';

const KEY = 'saving';
/** Thunderbird's own folders, on this computer. */
export const LOCAL = 'local';
const FOLDERS = ['Starling', 'Conversations'];

/**
 * account: an id, LOCAL, or '' for nothing; off: whose conversations are not saved; since: from when on, of whom that was changed, or of everybody by '' (Unix ms)
 * @typedef {{account: string, off: string[], since: Record<string, number>}} Saving
 */

/** @returns {Promise<Saving>} */
export async function saving() {
  const { [KEY]: kept } = await browser.storage.local.get({ [KEY]: {} });
  return { account: LOCAL, off: [], since: {}, ...kept };
}

/** What is said while nothing is saved is not saved later either. @param {string} account @param {number} now Unix ms */
export async function saveIn(account, now) {
  const wish = await saving();
  const since = account && !wish.account ? { ...wish.since, '': now } : wish.since;
  await browser.storage.local.set({ [KEY]: { ...wish, account, since } });
}

/** @param {string} address @param {boolean} on @param {number} now Unix ms @param {string[]} [earlier]  addresses that they had */
export async function saveOf(address, on, now, earlier = []) {
  const wish = await saving();
  const off = wish.off.filter((each) => each !== address && !earlier.includes(each));
  const since = on ? { ...wish.since, [address]: now } : wish.since;
  await browser.storage.local.set({ [KEY]: { ...wish, off: on ? off : [...off, address], since } });
}

/** From when on what is said with somebody is saved, Unix ms; null: it is not. @param {Saving} wish @param {string[]} addresses  that they have and had */
export const savedSince = (wish, addresses) =>
  wish.account && !addresses.some((each) => wish.off.includes(each))
    ? Math.max(...['', ...addresses].map((each) => wish.since[each] ?? 0))
    : null;

/** Where it may be: the folders of this computer, and accounts whose folders lie at a provider. @returns {Promise<{id: string, name: string}[]>} */
export async function places() {
  const accounts = await browser.accounts.list(false);
  const imap = accounts.filter((/** @type {any} */ each) => each.type === 'imap');
  return [{ id: LOCAL, name: '' }, ...imap.map((/** @type {any} */ { id, name }) => ({ id, name }))];
}

/** The folder for conversations, made where it is missing. @param {string} account  as in Saving @returns {Promise<string>} id */
export async function conversations(account) {
  const accounts = await browser.accounts.list(true);
  const isLocal = (/** @type {any} */ each) => each.type === 'none' || each.type === 'local';
  const there = accounts.find((/** @type {any} */ each) => (account === LOCAL ? isLocal(each) : each.id === account));
  if (!there) throw new Error('the account for conversations is gone');
  let folder = there.rootFolder;
  for (const name of FOLDERS) folder = await subfolder(folder, name);
  return folder.id;
}

/** @param {() => void} task */
export function onSavingChanged(task) {
  browser.storage.local.onChanged.addListener((/** @type {any} */ changes) => {
    if (changes[KEY]) task();
  });
}
