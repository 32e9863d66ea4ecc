// Encrypted mails that the Starling of a contact sent while we were away: found when they arrive, or when Thunderbird starts later, shown as messages, and filed away. The
// mark only says where to look: who wrote is what is signed inside. Everything else stays where it is, untouched, and nothing says why.
import { MAX_MAIL } from '../core/cms/letter.js';
import { isElsewhere, searchIncoming } from './incoming.js';
import { addressIn } from './mails.js';
import { within } from './within.js';

/** In the header field X-Starling. */
export const MARK = 'letter';
/** In both languages. What is said is inside. */
export const SUBJECT = 'Starling: new message / neue Nachricht';
/** What Thunderbird sends around it is small; a provider adds a header. */
const MAX_BYTES = MAX_MAIL * 2;
const MAX_LOOKED_AT = 500;
const MAX_WAITING = 200;
/** For one, as Thunderbird reads it: with a connection that is busy it can take for ever. */
const PATIENCE_MILLIS = 30_000;
const AGAIN_MILLIS = 120_000;
const SOON_MILLIS = 2_000;
const NEW_MILLIS = 2 * 86_400_000;
const MAX_FOLDERS = 100;
const MAX_JUDGED = 1000;
/** Folders of which it is remembered how many mails are unread. */
const MAX_COUNTED = 2000;
const OLD_MILLIS = 31 * 86_400_000;

/** @typedef {import('../core/agent/mails.js').Outcome} Outcome */
/**
 * @typedef {object} Around
 * @property {(address: string) => boolean} isContact
 * @property {(mail: Uint8Array, from: string) => Promise<Outcome>} read  the encrypted one
 * @property {(id: number) => Promise<void>} file
 * @property {(mail: any) => Promise<boolean>} isFiled
 * @property {(e: unknown) => void} warn
 */

/** @param {Around} around */
export function letterMails({ isContact, read, file, isFiled, warn }) {
  /** One after the other, so that a flood costs little at once. */
  let last = Promise.resolve();
  let waiting = 0;
  let left = false;
  /** Looked at in a moment: how many more are unread, and of how many of them we were told. @type {Map<string, {more: number, told: number}>} */
  const changed = new Map();
  /** Unread mails of a folder when that last changed. @type {Map<string, number>} */
  const unread = new Map();
  /** Mails that were judged: once is enough. @type {Set<number>} */
  const judged = new Set();
  /** @type {any} */
  let timer;

  /** What costs nothing. @param {any} mail */
  const isPerhaps = (mail) =>
    mail.subject === SUBJECT &&
    mail.size <= MAX_BYTES &&
    isContact(addressIn(mail.author ?? '')) &&
    !isElsewhere(mail.folder);

  /** The encrypted mail in one of our form; null: it is of another. @param {any} mail @returns {Promise<Uint8Array | null>} */
  async function attachedTo(mail) {
    const { headers } = await browser.messages.getFull(mail.id, { decrypt: false });
    const [mark, ...more] = headers['x-starling'] ?? [];
    if (mark?.trim() !== MARK || more.length) return null;
    // Of several, Thunderbird names the first as the author.
    const from = headers.from ?? [];
    if (from.length !== 1 || addressIn(from[0]) !== addressIn(mail.author)) return null;
    const attached = (await browser.messages.listAttachments(mail.id)).filter(
      (/** @type {any} */ each) => each.contentType === 'message/rfc822',
    );
    if (attached.length !== 1 || attached[0].size > MAX_MAIL) return null;
    const inside = await browser.messages.getAttachmentFile(mail.id, attached[0].partName);
    return inside.size > MAX_MAIL ? null : new Uint8Array(await inside.arrayBuffer());
  }

  /** Once, in a while. */
  function again() {
    clearTimeout(timer);
    timer = setTimeout(() => void lookBack().catch(warn), AGAIN_MILLIS);
  }

  /** @param {any} mail */
  async function look(mail) {
    if (!isPerhaps(mail) || judged.has(mail.id) || (await isFiled(mail))) return;
    const inside = await within(attachedTo(mail), PATIENCE_MILLIS, 'reading a mail').catch((e) => {
      again();
      throw e;
    });
    judged.add(mail.id);
    if (judged.size > MAX_JUDGED) judged.delete(/** @type {number} */ (judged.values().next().value));
    if (!inside) return;
    const outcome = await read(inside, addressIn(mail.author));
    if (outcome === 'later') left = true;
    if (outcome === 'taken') await file(mail.id);
  }

  /** @param {any} mail */
  function later(mail) {
    if (waiting >= MAX_WAITING) return again();
    waiting++;
    last = last
      .then(() => look(mail))
      .catch(warn)
      .finally(() => waiting--);
  }

  /** All of a list, a page at a time. @param {any} page */
  async function all(page) {
    for (let seen = 0; page;) {
      for (const mail of page.messages) if (isPerhaps(mail)) later(mail);
      seen += page.messages.length;
      page = page.id && seen < MAX_LOOKED_AT ? await browser.messages.continueList(page.id) : null;
    }
  }

  /** Where something came. Thunderbird goes through all mails of a folder to answer: only when there are more than it told us of. @param {string} folderId @param {{more?: number, told?: number}} what */
  function soon(folderId, { more = 0, told = 0 }) {
    const already = changed.get(folderId);
    if (!already && changed.size >= MAX_FOLDERS) return;
    const sum = already ?? { more: 0, told: 0 };
    sum.more += more;
    sum.told += told;
    if (already) return;
    changed.set(folderId, sum);
    setTimeout(() => {
      changed.delete(folderId);
      if (sum.more <= sum.told) return;
      const since = new Date(Date.now() - NEW_MILLIS);
      browser.messages.query({ folderId, fromDate: since, subject: SUBJECT, unread: true }).then(all).catch(warn);
    }, SOON_MILLIS);
  }

  /** What came while Thunderbird did not run, and what was taken when it ended and not filed yet. */
  async function lookBack() {
    left = false;
    judged.clear();
    await all(await searchIncoming({ fromDate: new Date(Date.now() - OLD_MILLIS), subject: SUBJECT }));
    await last;
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ folder, /** @type {any} */ list) => {
    soon(folder.id, { told: list.messages.length });
    all(list).catch(warn);
  }, true);
  // Of a mail that another connection to the mailbox was told of first, Thunderbird says nothing but that there is one more.
  browser.folders.onFolderInfoChanged.addListener((/** @type {any} */ { id }, /** @type {any} */ info) => {
    const now = info.unreadMessageCount;
    if (now === undefined) return;
    const more = now - (unread.get(id) ?? 0);
    unread.delete(id);
    unread.set(id, now);
    if (unread.size > MAX_COUNTED) unread.delete(/** @type {string} */ (unread.keys().next().value));
    if (more > 0) soon(id, { more });
  });
  return { lookBack, settled: () => last, isLeft: () => left };
}
