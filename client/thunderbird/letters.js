// Encrypted mails that the Starling of a contact sent while we were away: found when they arrive, or when Thunderbird starts later, shown as messages, and filed away. The
// mark only says where to look: who wrote is what is signed inside. Everything else stays where it is, untouched, and nothing says why.
import { MAX_MAIL } from '../core/cms/letter.js';
import { incoming, isElsewhere, searchIn } from './incoming.js';
import { addressIn } from './mails.js';
import { within } from './within.js';

/** In the header field X-Starling. */
export const MARK = 'letter';
/** In both languages. What is said is inside. */
export const SUBJECT = 'Starling: new message / neue Nachricht';
/** What Thunderbird sends around it is small; a provider adds a header. */
const MAX_BYTES = MAX_MAIL * 2;
/** Of one list: those that may be some, and all. */
const MAX_LOOKED_AT = 500;
const MAX_SEEN = 10_000;
const MAX_LISTS = 200;
/** For one, as Thunderbird reads it: with a connection that is busy it can take for ever. */
const PATIENCE_MILLIS = 30_000;
/** What could not be read is tried again, each time four times as late. */
const AGAIN_MILLIS = 120_000;
const TRIES = 4;
/** What nobody could judge, each time that there is a server again. */
const ROUNDS = 20;
const MAX_KEPT = 200;
const SOON_MILLIS = 2_000;
const NEW_MILLIS = 2 * 86_400_000;
const MAX_FOLDERS = 100;
const MAX_JUDGED = 1000;
/** Folders of which it is remembered how many mails are unread. */
const MAX_COUNTED = 2000;
const OLD_MILLIS = 31 * 86_400_000;
/** So long a mail may be on its way while nobody is told of it. */
const LATE_MILLIS = 9 * 86_400_000;
const LOOKED = 'letters-looked';

/** Where those that were taken lie: of an account whose folders lie at a provider there, so that the person's other devices find them. @param {any} folder */
export const isLetters = (folder) => /(^|\/)Starling\/Letters$/.test(folder?.path ?? '');

/** @typedef {import('../core/agent/mails.js').Outcome} Outcome */
/**
 * @typedef {object} Around
 * @property {(address: string) => boolean} isContact
 * @property {() => boolean} hasContacts
 * @property {(mail: Uint8Array, from: string) => Promise<Outcome>} read  the encrypted one
 * @property {(mail: any) => Promise<void>} file
 * @property {(e: unknown) => void} warn
 */

/** @param {Around} around */
export function letterMails({ isContact, hasContacts, read, file, warn }) {
  /** One after the other, so that a flood costs little at once. */
  let last = Promise.resolve();
  let lists = 0;
  /** What nobody could judge without a server. @type {Map<number, {mail: any, times: number}>} */
  const undecided = new Map();
  /** How often a mail could not be read. @type {Map<number, number>} */
  const failures = new Map();
  /** Looked at in a moment: how many more are unread, and of how many of them we were told. @type {Map<string, {more: number, told: number}>} */
  const changed = new Map();
  /** Unread mails of a folder when that last changed. @type {Map<string, number>} */
  const unread = new Map();
  let isCounted = false;
  /** Mails that were judged: once is enough. @type {Set<number>} */
  const judged = new Set();

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

  /** @param {number} id */
  function done(id) {
    failures.delete(id);
    undecided.delete(id);
    judged.add(id);
    if (judged.size > MAX_JUDGED) judged.delete(/** @type {number} */ (judged.values().next().value));
  }

  /** That one mail, in a while; some can never be read. @param {any} mail */
  function again(mail) {
    const times = failures.get(mail.id) ?? 0;
    if (times >= TRIES || (times === 0 && failures.size >= MAX_KEPT)) return done(mail.id);
    failures.set(mail.id, times + 1);
    setTimeout(() => void walk(mail), AGAIN_MILLIS * 4 ** times);
  }

  /** @param {any} mail */
  function keep(mail) {
    const times = (undecided.get(mail.id)?.times ?? 0) + 1;
    if (times > ROUNDS || (times === 1 && undecided.size >= MAX_KEPT)) return done(mail.id);
    undecided.set(mail.id, { mail, times });
  }

  /** @param {any} mail */
  async function look(mail) {
    if (judged.has(mail.id)) return;
    let outcome;
    try {
      const inside = await within(attachedTo(mail), PATIENCE_MILLIS, 'reading a mail');
      outcome = inside ? await read(inside, addressIn(mail.author)) : 'refused';
    } catch (e) {
      again(mail);
      throw e;
    }
    if (outcome === 'later') return keep(mail);
    done(mail.id);
    if (outcome === 'taken' && !isLetters(mail.folder)) await file(mail);
  }

  /** @param {...any} mails */
  const walk = (...mails) => walked({ id: null, messages: mails });

  /** A list, a page at a time, after those before it. @param {any} list  its first page @returns {Promise<void>} */
  function walked(list) {
    // Of a flood, the rest is found at the next start.
    if (lists >= MAX_LISTS) return last;
    lists++;
    last = last
      .then(() => all(list))
      .catch(warn)
      .finally(() => lists--);
    return last;
  }

  /** @param {any} page */
  async function all(page) {
    for (let seen = 0, perhaps = 0; ;) {
      for (const mail of page.messages) if (isPerhaps(mail) && ++perhaps <= MAX_LOOKED_AT) await look(mail).catch(warn);
      seen += page.messages.length;
      if (!page.id) return;
      if (seen >= MAX_SEEN || perhaps >= MAX_LOOKED_AT) return void (await browser.messages.abortList(page.id));
      page = await browser.messages.continueList(page.id);
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
      if (sum.more <= sum.told || !hasContacts()) return;
      const since = new Date(Date.now() - NEW_MILLIS);
      browser.messages.query({ folderId, fromDate: since, subject: SUBJECT, unread: true }).then(walked).catch(warn);
    }, SOON_MILLIS);
  }

  /** What came while Thunderbird did not run, what was taken when it ended and not filed yet, and what another device took. */
  async function lookBack() {
    if (!hasContacts()) return;
    const now = Date.now();
    const { [LOOKED]: before } = await browser.storage.local.get({ [LOOKED]: 0 });
    const fromDate = new Date(Math.max(now - OLD_MILLIS, Math.min(before, now) - LATE_MILLIS));
    const taken = (await browser.folders.query({ name: 'Letters' })).filter(isLetters);
    const folders = new Set([...(await incoming()), ...taken.map((/** @type {any} */ each) => each.id)]);
    await searchIn([...folders], { fromDate, subject: SUBJECT }, walked);
    await browser.storage.local.set({ [LOOKED]: now });
  }

  /** How many are unread before anything changes. */
  async function count() {
    for (const { id } of (await browser.folders.query({ hasUnreadMessages: true })).slice(0, MAX_COUNTED)) {
      const { unreadMessageCount = 0 } = await browser.folders.getFolderInfo(id);
      if (!unread.has(id)) unread.set(id, unreadMessageCount);
    }
    isCounted = true;
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ folder, /** @type {any} */ list) => {
    soon(folder.id, { told: list.messages.length });
    void walked(list);
  }, true);
  // Of a mail that another connection to the mailbox was told of first, Thunderbird says nothing but that there is one more.
  browser.folders.onFolderInfoChanged.addListener((/** @type {any} */ folder, /** @type {any} */ info) => {
    const { id } = folder;
    const now = info.unreadMessageCount;
    if (now === undefined || isElsewhere(folder)) return;
    const more = now - (unread.get(id) ?? (isCounted ? 0 : now));
    unread.delete(id);
    unread.set(id, now);
    if (unread.size > MAX_COUNTED) unread.delete(/** @type {string} */ (unread.keys().next().value));
    if (more > 0) soon(id, { more });
  });
  const counted = count().catch(warn);
  return {
    lookBack,
    /** There is a server again. */
    lookAgain: () => walk(...[...undecided.values()].map(({ mail }) => mail)),
    settled: () => counted.then(() => last),
    isLeft: () => undecided.size > 0,
  };
}
