// Where mails come in. Thunderbird opens the index of each folder that it is asked to go through, and reads all of it: of somebody who kept mails for years that would stop
// its window for seconds.

const MAX_FOLDERS = 100;
/** What was sent, thrown away, or is being written. */
const ELSEWHERE = ['sent', 'trash', 'drafts', 'templates', 'outbox'];

/** Whether nothing that comes in lies in a folder. @param {any} folder */
export const isElsewhere = (folder) =>
  (folder?.specialUse ?? []).some((/** @type {string} */ use) => ELSEWHERE.includes(use));

/** The inboxes, and wherever some lie unread. @returns {Promise<string[]>} ids */
export async function incoming() {
  const folders = await Promise.all([
    browser.folders.query({ specialUse: ['inbox'] }),
    browser.folders.query({ hasUnreadMessages: true }),
  ]);
  const real = folders
    .flat()
    .filter((/** @type {any} */ each) => !each.isVirtual && !each.isUnified && !isElsewhere(each));
  return [...new Set(real.map((/** @type {any} */ each) => each.id))].slice(0, MAX_FOLDERS);
}

/** What messages.query finds there. @param {object} what @returns {Promise<any>} a list; null: there is no such folder */
export async function searchIncoming(what) {
  const folderId = await incoming();
  return folderId.length ? browser.messages.query({ ...what, folderId }) : null;
}
