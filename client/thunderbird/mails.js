// The CA's mail for an order of ours: found when it arrives, or when Thunderbird starts later, answered, and filed away. No other mail is read further than its
// header, and none is touched.
import { codeIn } from '../core/enrol/acme.js';

/** Of one order: whoever guesses when we wait, and forges the sender, gets no more than these. */
const TRIES = 3;
const SUBJECT = /^\s*ACME:\s*[A-Za-z0-9_-]{32}\s*$/;
const MAX_LOOKED_AT = 200;
/** A mail may have been there a little before the order says so: clocks differ. */
const EARLIER_MILLIS = 3_600_000;

/** @typedef {{address: string, from: string, expires: number, order: string}} Awaited */

/** The address in a header field. @param {string} text */
export const addressIn = (text) => (/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text).trim().toLowerCase();

/**
 * Whether this is the CA's mail for the order. RFC 8823, section 3.1. Its code decides; this keeps other mails from being tried.
 * @param {{author: string, recipients: string[], subject: string}} mail @param {Record<string, string[]>} headers  names in lower case @param {Awaited} awaited
 */
export function isChallenge(mail, headers, awaited) {
  const once = (/** @type {string} */ name) => (headers[name]?.length === 1 ? headers[name][0] : '');
  return (
    SUBJECT.test(mail.subject) &&
    /^auto-generated\s*;\s*type=acme$/i.test(once('auto-submitted').trim()) &&
    (!awaited.from || addressIn(once('from')) === awaited.from.toLowerCase()) &&
    mail.recipients.length === 1 &&
    addressIn(mail.recipients[0]) === awaited.address
  );
}

/**
 * @param {{awaited: () => Promise<Awaited | null>, submit: (code: string) => Promise<void>, file: (id: number) => Promise<void>, warn: (e: unknown) => void}} around
 */
export function challengeMails({ awaited, submit, file, warn }) {
  let order = '';
  let tries = 0;
  /** One after the other: two copies of a mail must not both be tried. */
  let last = Promise.resolve();

  /** @param {any} mail */
  async function look(mail) {
    if (!SUBJECT.test(mail.subject ?? '')) return;
    const waiting = await awaited();
    if (!waiting) return;
    const { headers } = await browser.messages.getFull(mail.id);
    if (!isChallenge(mail, headers, waiting)) return;
    if (order !== waiting.order) tries = 0;
    order = waiting.order;
    if (++tries > TRIES) return;
    await submit(codeIn(mail.subject));
    await file(mail.id);
  }

  const later = (/** @type {any} */ mail) => void (last = last.then(() => look(mail)).catch(warn));

  /** What came while Thunderbird did not run. */
  async function lookBack() {
    const waiting = await awaited();
    if (!waiting) return;
    const since = new Date(waiting.expires - 86_400_000 - EARLIER_MILLIS);
    let page = await browser.messages.query({ fromDate: since, subject: 'ACME:' });
    for (let seen = 0; page && seen < MAX_LOOKED_AT;) {
      for (const mail of page.messages) {
        seen++;
        later(mail);
      }
      page = page.id && page.messages.length ? await browser.messages.continueList(page.id) : null;
    }
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ _folder, /** @type {any} */ list) => {
    for (const mail of list.messages.slice(0, MAX_LOOKED_AT)) later(mail);
  }, true);
  return { lookBack };
}

/** The folder for them, among the local ones. @param {string} name @param {string} [below] */
export async function localFolder(name, below = '') {
  const accounts = await browser.accounts.list(true);
  const local = accounts.find((/** @type {any} */ each) => each.type === 'none' || each.type === 'local');
  if (!local) throw new Error('no local folders');
  let folder = await subfolder(local.rootFolder, name);
  if (below) folder = await subfolder(folder, below);
  return folder;
}

/** Made where it is missing. @param {any} parent @param {string} name */
export async function subfolder(parent, name) {
  const there = (await browser.folders.getSubFolders(parent.id, false)).find((/** @type {any} */ f) => f.name === name);
  return there ?? (await browser.folders.create(parent.id, name));
}
