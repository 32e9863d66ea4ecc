// The CA's mail for an order of ours: found when it arrives, or when Thunderbird starts later, answered, and filed away. No other mail is read further than its
// subject, and none is touched.
import { codeIn } from '../core/enrol/acme.js';
import { StarlingError } from '../core/errors.js';
import { incoming, searchIn } from './incoming.js';
import { proofs } from './proof.js';

/** Of one order, where the CA does not say how its code begins: whoever guesses when we wait, and forges the sender, gets no more than these. */
const TRIES = 3;
/** RFC 8823, section 3.1: white space within the code, of a folded line, is ignored. */
const SUBJECT = /^\s*ACME:(?:\s*[A-Za-z0-9_-]){32}\s*$/;
/** Of the same section: `type=acme` is only recommended. */
const AUTOMATIC = /^auto-generated\s*(?:;\s*type\s*=\s*"?acme"?\s*)?$/i;
const MAX_LOOKED_AT = 5000;
/** The CA's are a tenth of it. */
const MAX_BYTES = 64 * 1024;
/** A mail may have been there a little before the order says so: clocks differ. */
const EARLIER_MILLIS = 3_600_000;
const DAY_MILLIS = 86_400_000;
/** The CA did not answer. */
const AGAIN_MILLIS = 60_000;

/** @typedef {import('../core/types.js').AwaitedMail} Awaited */
/** @typedef {import('./proof.js').Proof} Proof */

/** The address in a header field. @param {string} text */
export const addressIn = (text) => (/<([^<>]*)>\s*$/.exec(text)?.[1] ?? text).trim().toLowerCase();

/**
 * Whether this is the CA's mail for the order. RFC 8823, section 3.1. Its code decides; this keeps other mails from being tried.
 * @param {{recipients: string[], subject: string}} mail @param {Record<string, string[]>} headers  names in lower case @param {{address: string, from: string, begins: string}} awaited
 */
export function isChallenge(mail, headers, { address, from, begins }) {
  const once = (/** @type {string} */ name) => (headers[name]?.length === 1 ? headers[name][0] : '');
  return (
    SUBJECT.test(mail.subject) &&
    codeIn(mail.subject).startsWith(begins) &&
    AUTOMATIC.test(once('auto-submitted').trim()) &&
    (!from || addressIn(once('from')) === from.toLowerCase()) &&
    mail.recipients.length === 1 &&
    addressIn(mail.recipients[0]) === address
  );
}

/** An answer goes where the CA says that it writes from: it is not sent when the mail wants it elsewhere. @param {Record<string, string[]>} headers @param {string} from */
const elsewhere = (headers, from) => (headers['reply-to'] ?? []).some((each) => addressIn(each) !== from.toLowerCase());

/**
 * @typedef {object} Around
 * @property {() => Promise<Awaited[]>} all  what is waited for now
 * @property {(code: string) => Promise<Awaited | null>} awaited  the one of them to which a code can belong
 * @property {(waiting: Awaited, code: string) => Promise<string>} answer  the text of the answer by mail, '' where there is none
 * @property {(mail: number, to: Awaited, text: string) => Promise<void>} send
 * @property {(waiting: Awaited) => Promise<void>} answered  returns when the CA has it and the certificate is here
 * @property {(waiting: Awaited, code: string, instead?: {key: string, args: Record<string, string>}) => Promise<void>} submit
 * @property {(id: number) => Promise<void>} file
 * @property {(mail: any) => Promise<boolean>} isFiled
 * @property {(awaited: Pick<Proof, 'order' | 'address' | 'from' | 'begins'>, change?: Partial<Proof>) => Promise<Proof>} note
 * @property {(e: unknown) => void} warn
 */

/** @param {Around} around */
export function challengeMails({
  all: allAwaited,
  awaited,
  answer,
  send,
  answered,
  submit,
  file,
  isFiled,
  note,
  warn,
}) {
  let order = '';
  let tries = 0;
  /** One after the other: two copies of a mail must not both be tried. */
  let last = Promise.resolve();

  /** @param {any} mail */
  async function look(mail) {
    if (!SUBJECT.test(mail.subject ?? '') || !(mail.size <= MAX_BYTES)) return;
    const code = codeIn(mail.subject);
    const now = await awaited(code);
    // Of an order of ours that is over: it came late, or was asked for twice.
    const ours = now ?? (await proofs()).find((each) => each.begins && code.startsWith(each.begins));
    if (!ours || (await isFiled(mail))) return;
    const { headers } = await browser.messages.getFull(mail.id);
    if (!isChallenge(mail, headers, ours)) return void warn(new Error('a mail with our code is not from the CA'));
    if (!now) {
      await file(mail.id);
      return void (await note(ours, { left: [] }));
    }
    if (order !== now.order) tries = 0;
    order = now.order;
    if (!now.begins && ++tries > TRIES) return;
    await note(now, { left: [mail.headerMessageId], error: '' });
    await prove(mail, now, !elsewhere(headers, now.from));
    await file(mail.id);
    await note(now, { step: 'done', left: [] });
  }

  /** By an answer, which proves more; when that does not count, by the code. @param {any} mail @param {Awaited} waiting @param {boolean} mayReply */
  async function prove(mail, waiting, mayReply) {
    const code = codeIn(mail.subject);
    const before = await note(waiting);
    let [why, detail] = before.step === 'code' ? [before.why, before.detail] : ['', ''];
    try {
      if (waiting.reply && mayReply && before.step !== 'code')
        try {
          return await byReply(mail, waiting, code, before.step === 'sent' || before.step === 'sending');
        } catch (e) {
          const { key, args } = e instanceof StarlingError ? e : new StarlingError('generic');
          if (!key.startsWith('reply.')) throw e;
          if ((await awaited(code))?.order !== waiting.order) return;
          detail = args.why ?? '';
          // What most people meet: a provider that signs nothing, or not as this counts.
          why = key === 'reply.refused' && /\bDKIM\b|signed/.test(detail) ? 'unsigned' : key.slice('reply.'.length);
          warn(e);
          await note(waiting, { step: 'code', why, detail });
        }
      await submit(waiting, code, why ? { key: why, args: { why: detail } } : undefined);
    } catch (e) {
      await failed(e, waiting);
      throw e;
    }
  }

  /** @param {any} mail @param {Awaited} waiting @param {string} code @param {boolean} isSent  before Thunderbird ended, or perhaps: it is not sent twice */
  async function byReply(mail, waiting, code, isSent) {
    const text = isSent ? '' : await answer(waiting, code);
    if (text) {
      if ((await awaited(code))?.order !== waiting.order) throw new StarlingError('reply.over');
      await note(waiting, { step: 'sending' });
      await send(mail.id, waiting, text);
      await note(waiting, { step: 'sent' });
    }
    await answered(waiting);
  }

  /** The page says so; what only the network keeps from going on is tried again. @param {unknown} e @param {Awaited} waiting */
  async function failed(e, waiting) {
    const key = e instanceof StarlingError ? e.key : 'generic';
    // Of a CA that does not say how its code begins, anybody may have sent one.
    if (key === 'code' && !waiting.begins) return;
    const before = await note(waiting);
    const gone = before.step === 'sent' || before.step === 'code';
    await note(waiting, gone ? { error: key } : { step: 'failed', why: key });
    if (key === 'ca-unreachable') setTimeout(() => void lookBack().catch(warn), AGAIN_MILLIS);
  }

  const later = (/** @type {any} */ mail) => void (last = last.then(() => look(mail)).catch(warn));

  /** All of a list, a page at a time. @param {any} page */
  async function all(page) {
    for (let seen = 0; page;) {
      for (const mail of page.messages) if (SUBJECT.test(mail.subject ?? '')) later(mail);
      seen += page.messages.length;
      if (!page.id) return;
      if (seen >= MAX_LOOKED_AT) return void (await browser.messages.abortList(page.id));
      page = await browser.messages.continueList(page.id);
    }
  }

  /** What came while Thunderbird did not run, or lies where nobody was told of it; and what was to be filed away when it ended. */
  async function lookBack() {
    const waiting = await allAwaited();
    for (const { left } of waiting.length ? [] : await proofs())
      for (const headerMessageId of left) await searchIn(await incoming(), { headerMessageId }, all);
    if (!waiting.length) return;
    const since = new Date(Math.min(...waiting.map(({ expires }) => expires)) - DAY_MILLIS - EARLIER_MILLIS);
    await searchIn(await incoming(), { fromDate: since, subject: 'ACME:' }, all);
  }

  browser.messages.onNewMailReceived.addListener((/** @type {any} */ _folder, /** @type {any} */ list) => {
    all(list).catch(warn);
  }, true);
  return { lookBack, settled: () => last };
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
