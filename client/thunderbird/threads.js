// A reply by chat to a mail: the first message that is written after the button above the mail was clicked belongs to the mail's thread. Which message that was is
// remembered before it is saved, so that nothing changes when it is saved again.

/** So long after the click the message may be written. */
const NEXT_MILLIS = 3_600_000;
const MAX_NEXT = 100;
const MAX_LINKS = 2000;
/** RFC 5322, section 3.6.4, without what would end a header field. */
const ID = /^[\x21-\x3b\x3d\x3f-\x7e]{3,250}$/;

/** after: what was said last before the click, until: Unix ms, both by the clock of messages @typedef {{mail: string, after: number, until: number}} Next */
/** next: by address; of: the mails that messages answer, by the message's id @typedef {{next: Record<string, Next>, of: Record<string, string>}} Kept */

/** @returns {Promise<Kept>} */
const read = async () => (await browser.storage.local.get({ threads: { next: {}, of: {} } })).threads;

/** One change after the other. */
let turn = Promise.resolve();

/** @template T @param {(kept: Kept) => T | Promise<T>} change @returns {Promise<T>} */
function changed(change) {
  const done = turn.then(async () => {
    const kept = await read();
    const before = JSON.stringify(kept);
    const result = await change(kept);
    if (JSON.stringify(kept) !== before) await browser.storage.local.set({ threads: kept });
    return result;
  });
  turn = done.then(
    () => {},
    () => {},
  );
  return done;
}

/** @template T @param {Record<string, T>} all @param {number} most @returns {Record<string, T>} the newest */
const newest = (all, most) => Object.fromEntries(Object.entries(all).slice(-most));

/** The button above a mail of theirs was clicked. @param {string} address @param {string} mail  its Message-ID, without brackets @param {number} after  when they or we said the last thing, Unix ms, 0 for never @param {number} now  Unix ms */
export const beginReply = (address, mail, after, now) =>
  changed((kept) => {
    delete kept.next[address];
    if (!ID.test(mail)) return;
    kept.next = newest(
      { ...kept.next, [address]: { mail, after, until: Math.max(now, after) + NEXT_MILLIS } },
      MAX_NEXT,
    );
  });

/**
 * The mails that these messages answer.
 * @param {string} address @param {import('../core/types.js').Message[]} messages  oldest first @param {(id: string) => boolean} isSaved @returns {Promise<Record<string, string>>} by the message's id
 */
export const repliesIn = (address, messages, isSaved) =>
  changed((kept) => {
    const next = kept.next[address];
    const answer = next && messages.find(({ id, mine, at }) => mine && at > next.after && !isSaved(id));
    if (answer) {
      delete kept.next[address];
      if (answer.at <= next.until) kept.of = newest({ ...kept.of, [answer.id]: next.mail }, MAX_LINKS);
    }
    return { ...kept.of };
  });
