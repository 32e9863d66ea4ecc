// Our friends key, and those before it: whoever was not told of a rotation yet leaves messages under the old one for a while.

/** As long as anybody looks for what was left. */
const READ_MILLIS = 8 * 86_400_000;
const MAX_FORMER = 32;

/** @typedef {import('./context.js').Profile} Profile */

/** What to remember when the friends key is about to change. @param {Profile} profile @param {number} now Unix ms @returns {NonNullable<Profile['formerKeys']>} */
export const formerKeys = (profile, now) =>
  [{ key: profile.friendsKey, until: now + READ_MILLIS }, ...(profile.formerKeys ?? [])]
    .filter((each) => each.until > now)
    .slice(0, MAX_FORMER);

/** The keys under which something may lie. @param {Profile} profile @param {number} now Unix ms @returns {Uint8Array[]} */
export const readableKeys = (profile, now) => [
  profile.friendsKey,
  ...(profile.formerKeys ?? []).filter((each) => each.until > now).map((each) => each.key),
];
