// Encrypted mails that the Starling of a contact sent while we were away: found when they arrive, or when Thunderbird starts later, shown as messages, and filed away. The
// mark only says where to look: who wrote is what is signed inside. Everything else stays where it is, untouched, and nothing says why.
import { MAX_MAIL } from '../core/cms/letter.js';
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
const OLD_MILLIS = 31 * 86_400_000;
/** What was sent, thrown away, or is being written. */
const ELSEWHERE = ['sent', 'trash', 'drafts', 'templates', 'outbox'];

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
  /** Looked at in a moment. @type {Set<string>} */
  const changed = new Set();
  /** Mails that were judged: once is enough. @type {Set<number>} */
  const judged = new Set();
  /** @type {any} */
  let timer;

  /** What costs nothing. @param {any} mail */
  const isPerhaps = (mail) =>
    mail.subject === SUBJECT &&
    mail.size <= MAX_BYTES &&
    isContact(addressIn(mail.author ?? '')) &&
    !(mail.folder?.specialUse ?? []).some((/** @type {string} */ use) => ELSEWHERE.includes(use));

  /** The encrypted mail in one of our form; null: it is of another. @param {any} mail @returns {Promise<Uint8Array | null>} */
  async function attachedTo(mail) {
    const { headers } = await browser.messages.getFull(mail.id, { decrypt: false });
    const [mark, ...more] = headers['x-starling'] ?? [];
    if (mark?.trim() !== MARK || more.length) return null;
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

  /** In a folder where something came. @param {string} folderId */
  function soon(folderId) {
    if (changed.has(folderId) || changed.size >= MAX_FOLDERS) return;
    changed.add(folderId);
    setTimeout(() => {
      changed.delete(folderId);
      const since = new Date(Date.now() - NEW_MILLIS);
      browser.messages.query({ folderId, fromDate: since, subject: SUBJECT, unread: true }).then(all).catch(warn);
    }, SOON_MILLIS);
  }

  /** What came while Thunderbird did not run, and what was taken when it ended and not filed yet. */
  async function lookBack() {
    left = false;
    judged.clear();
    await all(await browser.messages.query({ fromDate: new Date(Date.now() - OLD_MILLIS), subject: SUBJECT }));
    await last;
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ _folder, /** @type {any} */ list) => {
    all(list).catch(warn);
  }, true);
  // Of a mail that another connection to the mailbox was told of first, Thunderbird says nothing but that there is one more.
  browser.folders.onFolderInfoChanged.addListener((/** @type {any} */ folder, /** @type {any} */ info) => {
    if (info.unreadMessageCount > 0) soon(folder.id);
  });
  return { lookBack, settled: () => last, isLeft: () => left };
}
