// Whether an encrypted mail goes to people who are away, too, as the person chose. Kept in the add-on's own storage, so that the page that asks and the background
// page that sends see the same.

const KEY = 'letters';
const PERMISSION = { permissions: ['messages.send'] };

/** why: what became of the last mail that did not go out, '' when all did @typedef {{on: boolean, why: '' | 'no-account' | 'failed'}} Letters */

/** @returns {Promise<Letters>} */
export async function letters() {
  const { [KEY]: kept } = await browser.storage.local.get({ [KEY]: {} });
  return { on: false, why: '', ...kept };
}

/** @param {Partial<Letters>} change */
export async function setLetters(change) {
  const before = await letters();
  const now = { ...before, ...change };
  if (now.on !== before.on || now.why !== before.why) await browser.storage.local.set({ [KEY]: now });
}

/** Thunderbird sends without a window opening only where the person allowed it; older ones cannot. */
export const maySend = () => browser.permissions.contains(PERMISSION);
/** Thunderbird's own question. Only within a click. @returns {Promise<boolean>} */
export const askToSend = () => browser.permissions.request(PERMISSION);

/** @param {() => void} task */
export function onLettersChanged(task) {
  const heard = (/** @type {any} */ changes) => changes[KEY] && task();
  browser.storage.local.onChanged.addListener(heard);
  return () => browser.storage.local.onChanged.removeListener(heard);
}
