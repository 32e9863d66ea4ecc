// The button above a mail: its sender's status as a badge, and a click that leads to the conversation, or to asking them.
import { t } from '../web/i18n.js';
import { ofAddress } from '../web/names.js';
import { addressIn } from './mails.js';

/** UI.md's marks: never colour alone. @type {Record<string, string>} */
export const MARKS = { online: '●', away: '◐', busy: '⊖', offline: '○' };
/** @type {Record<string, string>} */
export const COLOURS = { online: '#1a7f37', away: '#9a6700', busy: '#c0362c', offline: '#57606a' };
const MAX_TABS = 100;

/** @param {{core: import('../core/types.js').StarlingApi, open: (address: string, mail: string) => void, warn: (e: unknown) => void}} around  mail: Message-ID of the one that is answered */
export function headerButton({ core, open, warn }) {
  /** Who wrote what each tab shows, and what the button says. @type {Map<number, {address: string, said: string}>} */
  const shown = new Map();

  /** @param {number} tabId */
  async function update(tabId) {
    const tab = shown.get(tabId);
    if (!tab) return;
    const contact = ofAddress(core.state.contacts, tab.address);
    const known = contact?.state === 'accepted';
    const mark = known ? (MARKS[contact.presence] ?? '') : '';
    const name = contact?.name || tab.address;
    const title = t(known ? 'header.write' : 'header.ask', { name });
    if (tab.said === mark + title) return;
    tab.said = mark + title;
    const color = COLOURS[contact?.presence ?? ''] ?? null;
    await browser.messageDisplayAction.setBadgeBackgroundColor({ tabId, color });
    await browser.messageDisplayAction.setBadgeText({ tabId, text: mark });
    await browser.messageDisplayAction.setTitle({ tabId, title });
  }

  browser.messageDisplay.onMessageDisplayed.addListener((/** @type {any} */ tab, /** @type {any} */ mail) => {
    shown.delete(tab.id);
    shown.set(tab.id, { address: addressIn(mail.author), said: '' });
    if (shown.size > MAX_TABS) shown.delete(/** @type {number} */ (shown.keys().next().value));
    update(tab.id).catch(warn);
  });
  browser.tabs.onRemoved.addListener((/** @type {number} */ id) => shown.delete(id));
  browser.messageDisplayAction.onClicked.addListener(async (/** @type {any} */ tab) => {
    const mail = await browser.messageDisplay.getDisplayedMessage(tab.id);
    if (mail) open(addressIn(mail.author), mail.headerMessageId ?? '');
  });
  core.subscribe(() => {
    for (const id of shown.keys()) update(id).catch(warn);
  });
}
