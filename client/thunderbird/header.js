// The button above a mail: its sender's status as a badge, and a click that leads to the conversation, or to asking them.
import { t } from '../web/i18n.js';
import { ofAddress, shownName } from '../web/names.js';
import { addressIn } from './mails.js';

/** UI.md's marks: never colour alone. @type {Record<string, string>} */
const MARKS = { online: '●', away: '◐', busy: '⊖', offline: '○' };
/** @type {Record<string, string>} */
const COLOURS = { online: '#1a7f37', away: '#9a6700', busy: '#c0362c', offline: '#57606a' };
const MAX_TABS = 100;

/** @typedef {import('../core/types.js').Contact} Contact */

/** Works from the start; what it says follows once it is told who the contacts are. @param {{open: (address: string) => void, warn: (e: unknown) => void}} around */
export function headerButton({ open, warn }) {
  /** @type {Contact[] | null} */
  let contacts = null;
  /** Who wrote what each tab shows, and what the button says. @type {Map<number, {address: string, said: string}>} */
  const shown = new Map();

  /** @param {number} tabId */
  async function update(tabId) {
    const tab = shown.get(tabId);
    if (!tab || !contacts) return;
    const contact = ofAddress(contacts, tab.address);
    const known = contact?.state === 'accepted';
    const mark = known ? (MARKS[contact.presence] ?? '') : '';
    const name = shownName({ name: contact?.name ?? '', address: tab.address });
    const title = t(known ? 'header.write' : 'header.ask', { name });
    if (tab.said === mark + title) return;
    tab.said = mark + title;
    const color = COLOURS[contact?.presence ?? ''] ?? null;
    await browser.messageDisplayAction.setBadgeBackgroundColor({ tabId, color });
    await browser.messageDisplayAction.setBadgeText({ tabId, text: mark });
    await browser.messageDisplayAction.setTitle({ tabId, title });
  }

  const displays = (/** @type {number} */ id, /** @type {any} */ mail) => {
    shown.delete(id);
    shown.set(id, { address: addressIn(mail.author), said: '' });
    if (shown.size > MAX_TABS) shown.delete(/** @type {number} */ (shown.keys().next().value));
    update(id).catch(warn);
  };

  /** Tabs that were there before us. */
  async function present() {
    for (const { id } of (await browser.tabs.query({})).slice(0, MAX_TABS)) {
      const mail = await browser.messageDisplay.getDisplayedMessage(id).catch(() => null);
      if (mail && !shown.has(id)) displays(id, mail);
    }
  }

  browser.messageDisplay.onMessageDisplayed.addListener((/** @type {any} */ tab, /** @type {any} */ mail) =>
    displays(tab.id, mail),
  );
  present().catch(warn);
  browser.tabs.onRemoved.addListener((/** @type {number} */ id) => shown.delete(id));
  browser.messageDisplayAction.onClicked.addListener(async (/** @type {any} */ tab) => {
    const mail = await browser.messageDisplay.getDisplayedMessage(tab.id);
    if (mail) open(addressIn(mail.author));
  });
  return {
    /** @param {Contact[]} now */
    show(now) {
      contacts = now;
      for (const id of shown.keys()) update(id).catch(warn);
    },
  };
}
