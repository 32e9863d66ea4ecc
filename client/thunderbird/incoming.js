// Where mails come in. Thunderbird opens the index of each folder that it is asked to go through, and reads all of it at once: of somebody who kept mails for years that
// stops its window, for all folders together for seconds. So only some are asked, one at a time.

const MAX_FOLDERS = 100;
/** Between two folders the window gets its turn. */
const PAUSE_MILLIS = 250;
/** What was sent, kept for later, thrown away, or is being written. */
const ELSEWHERE = ['sent', 'archives', 'trash', 'drafts', 'templates', 'outbox'];

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

/**
 * Gives what messages.query finds in each folder to `take`.
 * @param {string[]} folders  ids @param {object} what @param {(list: any) => Promise<void>} take  its first page
 */
export async function searchIn(folders, what, take) {
  for (const [n, folderId] of folders.entries()) {
    if (n) await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLIS));
    await take(await browser.messages.query({ ...what, folderId }));
  }
}
