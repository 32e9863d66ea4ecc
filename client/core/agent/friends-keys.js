// Our friends key, and those before it: whoever was not told of a rotation yet leaves messages under the old one for a while. And which one of a contact counts.
import { compare } from '../identity/der.js';

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

/**
 * Of two friends keys of somebody the later one, whatever came first. Of two made at once by two devices of theirs everybody keeps the same one.
 * @param {{friendsKey: Uint8Array | null, version: number}} known @param {{friendsKey: Uint8Array | null, version: number}} said
 */
export function laterKey(known, said) {
  const isNewer = said.version > known.version;
  const isTaken = isNewer || (said.version === known.version && wins(said.friendsKey, known.friendsKey));
  const { friendsKey, version } = said.friendsKey && (isTaken || !known.friendsKey) ? said : known;
  return { friendsKey, version };
}

/** @param {Uint8Array | null} said @param {Uint8Array | null} known */
const wins = (said, known) => !!said && (!known || compare(said, known) > 0);
