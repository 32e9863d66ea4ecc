// Conversations as mail: each message and each call becomes one in the folder "Starling/Conversations", where the person wants it, threaded by person and day, so that what searches mail finds it. The id
// is made of the message's own, and Thunderbird refuses a second one with the same, so nothing is there twice, whatever is interrupted.
import { shownName } from '../web/names.js';
import { asMail } from './as-mail.js';
import { conversations, LOCAL, onSavingChanged, savedSince, saving } from './saving.js';
import { repliesIn } from './threads.js';
import { within } from './within.js';

const PAGE = 100;
/** What was saved is written down after so many, so that a crash in a long history costs little. */
const NOTED_AFTER = 100;
/** For one. */
const PATIENCE_MILLIS = 60_000;
/** What takes longer had to read the index of a large folder. */
const SLOW_MILLIS = 50;
/** So long after a failure it is tried again, when something changes. */
const AGAIN_MILLIS = 30_000;
/** What is being saved at a provider, and stays noted afterwards: see Way. */
const WAY = 'being saved';
/** So that a long history does not hold up what comes now. */
const MAX_PAGES = 1000;
/** So long a message may wait for us at servers: docs/protocols/formats.md, section 6. */
const LATE_MILLIS = 8 * 86_400_000;

/** @typedef {import('../core/types.js').Message} Message */
/** @typedef {import('../core/types.js').Contact} Contact */
/** account: of whose provider, key: of whom, as what was saved of them is noted, id: of the message @typedef {{account: string, key: string, id: string}} Way */

/** The day at this computer, e.g. 2026-11-30. @param {number} at Unix ms */
const day = (at) => {
  const d = new Date(at);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
};

/** @param {Record<string, number>} ids  and times */
const newest = (ids) => Object.values(ids).reduce((a, b) => Math.max(a, b), 0);

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
  /** What was on its way to a provider when Thunderbird was killed. undefined: not looked yet, null: nothing, or it is known by now whether it is there. @type {Way | null | undefined} */
  let cutOff;
  /** Who waits for that. @type {Contact | null} */
  let held = null;

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
    /** @type {{message: Message, root: string}[]} */
    const missing = [];
    for (const message of todo) {
      // What answers a mail begins a thread of its own, under that mail.
      const root = replies[message.id] ? message.id : (roots.get(day(message.at)) ?? message.id);
      roots.set(day(message.at), root);
      if (message.at >= since && !(message.id in ids)) missing.push({ message, root });
    }
    const atProvider = wish.account !== LOCAL;
    if (atProvider && cutOff === undefined) cutOff = await wasCutOff(wish.account);
    if (atProvider && cutOff && missing.length) {
      // Thunderbird looks what lies there when it has put something there: so one that surely does not lie there comes first.
      const latest = /** @type {{message: Message, root: string}} */ (missing.pop());
      if (latest.message.id === cutOff.id) return void (held = contact);
      missing.unshift(latest);
    }
    let unnoted = 0;
    const note = () => {
      unnoted = 0;
      const oldest = Math.min(newest(ids), now()) - LATE_MILLIS;
      return browser.storage.local.set({
        [key]: Object.fromEntries(Object.entries(ids).filter(([, at]) => at >= oldest)),
      });
    };
    for (const { message, root } of missing) {
      const name = subject(shownName(contact), day(message.at));
      if (atProvider) await browser.storage.local.set({ [WAY]: { account: wish.account, key, id: message.id } });
      await put(asMail(message, root, { ...about, subject: name, mail: replies[root] }));
      ids[message.id] = message.at;
      cutOff = null;
      if (++unnoted === NOTED_AFTER) await note();
    }
    if (unnoted) await note();
    if (cutOff || !held) return;
    later(held);
    held = null;
  }

  /** @param {string} account @returns {Promise<Way | null>} */
  async function wasCutOff(account) {
    const { [WAY]: way } = await browser.storage.local.get({ [WAY]: null });
    if (way?.account !== account) return null;
    const { [way.key]: ids } = await browser.storage.local.get({ [way.key]: {} });
    return way.id in ids ? null : way;
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
    cutOff = null;
    saved.clear();
  });
  /** @param {Contact} contact */
  function later(contact) {
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
        later(contact);
      }
    },
  };
}
