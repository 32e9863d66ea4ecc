// Conversations as mail: each message and each call becomes one in the folder "Starling/Conversations", where the person wants it, threaded by person and day, so that what searches mail finds it. The id
// is made of the message's own, and Thunderbird refuses a second one with the same, so nothing is there twice, whatever is interrupted.
import { shownName } from '../web/names.js';
import { conversations, onSavingChanged, savedSince, saving } from './saving.js';
import { repliesIn } from './threads.js';
import { within } from './within.js';

const PAGE = 100;
/** Characters of a name. */
const MAX_WORD = 300;
/** What was saved is written down after so many, so that a crash in a long history costs little. */
const NOTED_AFTER = 100;
/** For one. */
const PATIENCE_MILLIS = 60_000;
/** What takes longer had to read the index of a large folder. */
const SLOW_MILLIS = 50;
/** So long after a failure it is tried again, when something changes. */
const AGAIN_MILLIS = 30_000;
/** So that a long history does not hold up what comes now. */
const MAX_PAGES = 1000;
/** So long a message may wait for us at servers: docs/protocols/formats.md, section 6. */
const LATE_MILLIS = 8 * 86_400_000;

/** @typedef {import('../core/types.js').Message} Message */
/** @typedef {import('../core/types.js').Contact} Contact */

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));

/** RFC 5322, section 3.3. @param {number} at Unix ms */
const date = (at) => new Date(at).toUTCString().replace('GMT', '+0000');

/** The day at this computer, e.g. 2026-11-30. @param {number} at Unix ms */
const day = (at) => {
  const d = new Date(at);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
};

/** @param {Record<string, number>} ids  and times */
const newest = (ids) => Object.values(ids).reduce((a, b) => Math.max(a, b), 0);

/** @param {string} id */
const messageId = (id) => `${id}@conversations.starling.invalid`;

/** A word of a header field: RFC 2047 where it is not plain ASCII. @param {string} text */
function word(text) {
  const clean = text
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, MAX_WORD);
  if (/^[ -~]*$/.test(clean) && !clean.includes('=?')) return clean;
  /** Whole characters, so many that an encoded word has at most 75. */
  const parts = [''];
  for (const c of clean) {
    const longer = `${parts[parts.length - 1]}${c}`;
    if (new TextEncoder().encode(longer).length > 45) parts.push(c);
    else parts[parts.length - 1] = longer;
  }
  return parts.map((each) => `=?UTF-8?B?${base64(new TextEncoder().encode(each))}?=`).join('\r\n ');
}

/** @param {string} name @param {string} address */
const mailbox = (name, address) => {
  const plain = word(shownName({ name, address }).replace(/["\\]/g, ''));
  const at = address.includes('@') ? address : `${address}@phone.starling.invalid`;
  return plain && plain !== address ? `${plain.startsWith('=?') ? plain : `"${plain}"`} <${at}>` : at;
};

/**
 * One message as a mail (RFC 5322); text is text, whatever is in it.
 * @param {Message} message @param {string} root  id of the first of the thread @param {{me: {address: string, name: string}, other: {address: string, name: string}, subject: string, mail?: string}} about  mail: Message-ID of the mail that the first answers @returns {Uint8Array<ArrayBuffer>}
 */
export function asMail(message, root, { me, other, subject, mail = '' }) {
  const [from, to] = message.mine ? [me, other] : [other, me];
  // RFC 5322, section 3.6.4.
  const above = [...(mail ? [mail] : []), ...(root === message.id ? [] : [messageId(root)])].map((id) => `<${id}>`);
  const reference = above.length ? [`In-Reply-To: ${above.at(-1)}`, `References: ${above.join(' ')}`] : [];
  const lines = [
    `From: ${mailbox(from.name, from.address)}`,
    `To: ${mailbox(to.name, to.address)}`,
    `Date: ${date(message.at)}`,
    `Message-ID: <${messageId(message.id)}>`,
    ...reference,
    `Subject: ${word(subject)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: base64',
    'X-Starling: conversation',
    '',
  ];
  const text = base64(new TextEncoder().encode(message.text.replace(/\r?\n/g, '\r\n')));
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n${text.replace(/.{76}/g, '$&\r\n')}\r\n`);
}

/**
 * @param {{core: import('../core/types.js').StarlingApi, subject: (name: string, day: string) => string, call: (past: import('../core/types.js').PastCall) => string, warn: (e: unknown) => void, now?: () => number}} around  call: what is written of one; now: Unix ms
 */
export function transcripts({ core, subject, call, warn, now = () => Date.now() }) {
  /** What was said last of each person when it was saved, in memory: a restart looks again, which costs little. @type {Map<string, string>} */
  const saved = new Map();
  /** When it last failed, Unix ms: then not at each change of anything. @type {Map<string, number>} */
  const failed = new Map();
  let folder = '';
  let last = Promise.resolve();

  /**
   * What is not saved yet. One may be older than what is saved: it waited at a server. Ids are remembered as long as that may be, so that one that the
   * person deleted does not come back.
   * @param {Contact} contact
   */
  async function save(contact) {
    const wish = await saving();
    // Somebody who has another address now is the same person: what was wished and what was saved of the earlier ones counts.
    const addresses = [contact.address, ...(contact.earlier ?? [])];
    const from = savedSince(wish, addresses);
    if (from === null) return;
    folder ||= await conversations(wish.account);
    const [key, ...keys] = addresses.map((each) => `saved ${each}`);
    const before = await browser.storage.local.get(Object.fromEntries([key, ...keys].map((each) => [each, {}])));
    /** Ids and times. @type {Record<string, number>} */
    const ids = Object.assign({}, ...keys.map((each) => before[each]), before[key]);
    // A clock that was ahead must not keep out what comes when it is right again.
    const since = Math.max(from, Math.min(newest(ids), now()) - LATE_MILLIS);
    const todo = [...(await messagesSince(contact.address, since)), ...callsOf(addresses)];
    todo.sort((a, b) => a.at - b.at);
    /** @type {Map<string, string>} */
    const roots = new Map();
    const about = { me: core.state.me, other: contact };
    const replies = await repliesIn(contact.address, todo, (id) => id in ids);
    let unnoted = 0;
    const note = () => {
      unnoted = 0;
      const oldest = Math.min(newest(ids), now()) - LATE_MILLIS;
      return browser.storage.local.set({
        [key]: Object.fromEntries(Object.entries(ids).filter(([, at]) => at >= oldest)),
      });
    };
    for (const message of todo) {
      // What answers a mail begins a thread of its own, under that mail.
      const root = replies[message.id] ? message.id : (roots.get(day(message.at)) ?? message.id);
      roots.set(day(message.at), root);
      if (message.at < since || message.id in ids) continue;
      const name = subject(shownName(contact), day(message.at));
      await put(asMail(message, root, { ...about, subject: name, mail: replies[root] }));
      ids[message.id] = message.at;
      if (++unnoted === NOTED_AFTER) await note();
    }
    if (unnoted) await note();
  }

  /** Calls with somebody, each as a message that says what became of it. @param {string[]} addresses @returns {Message[]} */
  const callsOf = (addresses) =>
    core.state.pastCalls
      .filter((past) => addresses.includes(past.address))
      .map((past) => ({
        id: `call-${past.id}`,
        with: addresses[0],
        mine: !past.incoming,
        at: past.at,
        text: call(past),
        state: 'received',
        why: '',
      }));

  /** Those of whole days, so that the first of a thread is known; oldest first. @param {string} address @param {number} since Unix ms */
  async function messagesSince(address, since) {
    /** The newest first. @type {Message[][]} */
    const pages = [];
    /** @type {import('../core/types.js').Place | undefined} */
    let before;
    while (pages.length < MAX_PAGES) {
      const some = await core.messages(address, before, PAGE);
      pages.push(some);
      if (some.length < PAGE || day(some[0].at) < day(Math.max(0, since))) break;
      before = { at: some[0].at, id: some[0].id };
    }
    return pages.reverse().flat();
  }

  /**
   * Thunderbird opens the index of the folder, looks for the id and closes it again, which takes as long as the folder is large, unless the id is there: then
   * it stays open. So what took long is put a second time, which changes nothing, and those that follow find the index open.
   * @param {Uint8Array<ArrayBuffer>} mail
   */
  async function put(mail) {
    const began = performance.now();
    if ((await take(mail)) && performance.now() - began > SLOW_MILLIS) await take(mail).catch(warn);
  }

  /** @param {Uint8Array<ArrayBuffer>} mail @returns {Promise<boolean>} whether it was not there */
  async function take(mail) {
    const file = new File([mail], 'message.eml', { type: 'message/rfc822' });
    try {
      // Of a mailbox whose connection goes, Thunderbird may never say what became of it.
      await within(browser.messages.import(file, folder, { read: true }), PATIENCE_MILLIS, 'saving a message');
      return true;
    } catch (e) {
      if (!/already contains a message/.test(String(e))) throw e;
      return false;
    }
  }

  // One that came late changes nothing of what was said last.
  core.on('message', (message) => void saved.delete(message.with));
  onSavingChanged(() => {
    folder = '';
    saved.clear();
  });
  return {
    /** @param {Contact[]} contacts */
    keep(contacts) {
      /** The last call with each, the newest first there. @type {Map<string, string>} */
      const calls = new Map();
      for (const { address, id } of core.state.pastCalls) if (!calls.has(address)) calls.set(address, id);
      for (const contact of contacts) {
        const spoken = [contact.address, ...(contact.earlier ?? [])]
          .map((each) => calls.get(each) ?? '')
          .join(' ')
          .trim();
        const said =
          contact.last || spoken ? `${contact.last?.at} ${contact.last?.mine} ${contact.last?.text} ${spoken}` : '';
        if (!said || saved.get(contact.address) === said) continue;
        if (now() - (failed.get(contact.address) ?? -Infinity) < AGAIN_MILLIS) continue;
        saved.set(contact.address, said);
        last = last
          .then(() => save(contact))
          .catch((e) => {
            saved.delete(contact.address);
            failed.set(contact.address, now());
            // The person may have deleted it.
            folder = '';
            warn(e);
          });
      }
    },
  };
}
