// The button in a window where a mail is written: the status of those it goes to, followed while they are typed. Thunderbird says nothing of recipients that change, so they
// are read once a second, as long as such a window is open. Nobody is looked up: what is shown is known already.
import { t } from '../web/i18n.js';
import { ofAddress } from '../web/names.js';
import { COLOURS, MARKS } from './header.js';
import { addressIn } from './mails.js';

const LOOK_MILLIS = 1000;
const MAX_WINDOWS = 20;
const NONE_LOOKS = 5;
/** So many times as long as a look took, there is none. */
const SHARE = 20;
export const MAX_RECIPIENTS = 50;
const MAX_NAMED = 5;

/** To whom the mail goes, each once, in their order. @param {any} details  as Thunderbird gives them @returns {string[]} addresses */
export function recipients({ to = [], cc = [], bcc = [] }) {
  const all = [to, cc, bcc].flat().filter((each) => typeof each === 'string');
  const addresses = all.map(addressIn).filter((each) => each.includes('@') && each.length <= 254);
  return [...new Set(addresses)].slice(0, MAX_RECIPIENTS);
}

/**
 * What the button says of them.
 * @param {string[]} addresses @param {import('../core/types.js').Contact[]} contacts @returns {{badge: string, colour: string | null, title: string}}
 */
export function summary(addresses, contacts) {
  const known = addresses.flatMap((address) => {
    const contact = ofAddress(contacts, address);
    return contact?.state === 'accepted' ? [contact] : [];
  });
  const here = known.filter(({ presence }) => presence !== 'offline' && presence !== 'unknown');
  if (!known.length)
    return { badge: '', colour: null, title: t(addresses.length ? 'compose.nobody' : 'compose.empty') };
  const named = known
    .slice(0, MAX_NAMED)
    .map((each) => `${each.name || each.address}: ${t(`presence.${each.presence}`)}`);
  const title = [...named, ...(known.length > MAX_NAMED ? ['…'] : [])].join(', ');
  const one = known.length === 1 ? known[0].presence : here.length ? 'online' : 'offline';
  const badge = known.length === 1 ? (MARKS[one] ?? '') : String(here.length);
  return { badge, colour: COLOURS[one] ?? null, title };
}

/** @param {{core: import('../core/types.js').StarlingApi, warn: (e: unknown) => void}} around */
export function composeButton({ core, warn }) {
  /** Windows in which a mail is written, by their tab: to whom, and what the button says. @type {Map<number, {to: string[], said: string}>} */
  const open = new Map();
  let looking = false;

  /** @param {number} tabId */
  async function say(tabId) {
    const one = open.get(tabId);
    if (!one) return;
    const { badge, colour, title } = summary(one.to, core.state.contacts);
    if (one.said === badge + title) return;
    one.said = badge + title;
    await browser.composeAction.setBadgeBackgroundColor({ tabId, color: colour });
    await browser.composeAction.setBadgeText({ tabId, text: badge });
    await browser.composeAction.setTitle({ tabId, title });
  }

  async function look() {
    const tabs = (await browser.tabs.query({ windowType: 'messageCompose' })).slice(0, MAX_WINDOWS);
    const ids = new Set(tabs.map((/** @type {any} */ each) => each.id));
    for (const id of open.keys()) if (!ids.has(id)) open.delete(id);
    for (const id of ids) {
      try {
        const to = recipients(await browser.compose.getComposeDetails(id));
        open.set(id, { to, said: open.get(id)?.said ?? '' });
        await say(id);
      } catch {
        // It was closed meanwhile, or is not ready yet.
        open.delete(id);
      }
    }
    return tabs.length > 0;
  }

  /** Until the last of them is closed. */
  async function follow() {
    if (looking) return;
    looking = true;
    try {
      // A window may be told of a little before it is listed.
      for (let none = 0; none < NONE_LOOKS;) {
        const began = performance.now();
        none = (await look()) ? 0 : none + 1;
        // Thunderbird gives the whole mail, not only whom it goes to: of a large one, less often.
        const pause = Math.max(LOOK_MILLIS, SHARE * (performance.now() - began));
        await new Promise((later) => setTimeout(later, pause));
      }
    } catch (e) {
      warn(e);
    }
    looking = false;
  }

  browser.windows.onCreated.addListener(() => void follow());
  core.subscribe(() => {
    for (const id of open.keys()) say(id).catch(warn);
  });
  void follow();
}
