// Encrypted mails that the Starling of a contact sent while we were away: found when they arrive, or when Thunderbird starts later, shown as messages, and filed away. The
// mark only says where to look: who wrote is what is signed inside. Everything else stays where it is, untouched, and nothing says why.
import { MAX_MAIL } from '../core/cms/letter.js';
import { addressIn } from './mails.js';

/** In the header field X-Starling. */
export const MARK = 'letter';
/** In both languages. What is said is inside. */
export const SUBJECT = 'Starling: new message / neue Nachricht';
/** What Thunderbird sends around it is small; a provider adds a header. */
const MAX_BYTES = MAX_MAIL * 2;
const MAX_LOOKED_AT = 500;
const MAX_WAITING = 200;
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

  /** What costs nothing. @param {any} mail */
  const isPerhaps = (mail) =>
    mail.subject === SUBJECT &&
    mail.size <= MAX_BYTES &&
    isContact(addressIn(mail.author ?? '')) &&
    !(mail.folder?.specialUse ?? []).some((/** @type {string} */ use) => ELSEWHERE.includes(use));

  /** @param {any} mail */
  async function look(mail) {
    if (!isPerhaps(mail) || (await isFiled(mail))) return;
    const { headers } = await browser.messages.getFull(mail.id, { decrypt: false });
    const [mark, ...more] = headers['x-starling'] ?? [];
    if (mark?.trim() !== MARK || more.length) return;
    const attached = (await browser.messages.listAttachments(mail.id)).filter(
      (/** @type {any} */ each) => each.contentType === 'message/rfc822',
    );
    if (attached.length !== 1 || attached[0].size > MAX_MAIL) return;
    const inside = await browser.messages.getAttachmentFile(mail.id, attached[0].partName);
    if (inside.size > MAX_MAIL) return;
    const outcome = await read(new Uint8Array(await inside.arrayBuffer()), addressIn(mail.author));
    if (outcome === 'later') left = true;
    if (outcome === 'taken') await file(mail.id);
  }

  /** @param {any} mail */
  function later(mail) {
    if (waiting >= MAX_WAITING) return void (left = true);
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

  /** What came while Thunderbird did not run, and what was taken when it ended and not filed yet. */
  async function lookBack() {
    left = false;
    await all(await browser.messages.query({ fromDate: new Date(Date.now() - OLD_MILLIS), subject: SUBJECT }));
    await last;
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ _folder, /** @type {any} */ list) => {
    all(list).catch(warn);
  }, true);
  return { lookBack, settled: () => last, isLeft: () => left };
}
