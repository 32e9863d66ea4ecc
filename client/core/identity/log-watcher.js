// Looks through what is new in a log for the certificates of one address: docs/protocols/log.md, section 8. No proof is asked for: every new
// entry is added to the right edge of the tree that was seen last, and what comes of that must be the head that the log signed.
import { concat, same } from '../bytes.js';
import { need } from '../errors.js';
import { parseEntry } from './log-entry.js';
import { Frontier, HASH_BYTES, leafHash, sameHead } from './log-merkle.js';
import { believe, parseCheckpoint } from './log-note.js';
import { ENTRIES, FULL, frontierOf, parseBundle, parseHashes, tilePath, widthIn } from './log-tiles.js';

/** @typedef {import('./log-tiles.js').LogReader} LogReader */
/** @typedef {import('./log-note.js').LogPolicy} LogPolicy */
/** What is remembered from one look to the next: the head as the log signed it, and the edge of the tree under it @typedef {{checkpoint: Uint8Array, edge: Uint8Array}} Seen */
/** since: Unix ms when a quorum of witnesses knew no larger head; old news mean that something hides what came since @typedef {{found: {index: number, entry: import('./log-entry.js').LogEntry}[], seen: Seen, since: number | null}} News */

/** Of more entries of one owner in one look the first are told: the alarm is the same. */
export const MAX_FOUND = 1000;

/**
 * The first look, at the entries from the one at `from` on, or none when the log is not that long. What lies before is read as hashes only.
 * @param {LogReader} log @param {LogPolicy} policy @param {number} from @param {Uint8Array} ownerTag @returns {Promise<News>}
 */
export async function beginToWatch(log, policy, from, ownerTag) {
  const signed = await log.checkpoint();
  const checkpoint = parseCheckpoint(signed);
  const since = await believe(checkpoint, policy);
  const { head } = checkpoint;
  return read(log, signed, head, since, await frontierOf(log, head.size, Math.min(from, head.size)), ownerTag);
}

/**
 * A later look. Besides the reasons of `believe`: `smaller-tree` (than the one seen), `forked` (another head of the size seen), `inconsistent`
 * (the entries shown do not lead from the head seen to this one), `malformed`.
 * @param {LogReader} log @param {LogPolicy} policy @param {Seen} last @param {Uint8Array} ownerTag @returns {Promise<News>}
 */
export async function watchOn(log, policy, last, ownerTag) {
  const before = parseCheckpoint(last.checkpoint).head;
  const edge = new Frontier(before.size, parseHashes(last.edge, last.edge.length / HASH_BYTES));
  if (!sameHead(edge.head, before)) throw new TypeError('an edge of another tree');
  const signed = await log.checkpoint();
  const checkpoint = parseCheckpoint(signed);
  const since = await believe(checkpoint, policy);
  const { head } = checkpoint;
  need(head.size >= before.size, 'smaller-tree', `${head.size} < ${before.size}`);
  need(head.size > before.size || sameHead(head, before), 'forked');
  return read(log, signed, head, since, edge, ownerTag);
}

/**
 * @param {LogReader} log @param {Uint8Array} signed @param {import('./log-merkle.js').TreeHead} head @param {number | null} since
 * @param {Frontier} edge @param {Uint8Array} ownerTag @returns {Promise<News>}
 */
async function read(log, signed, head, since, edge, ownerTag) {
  /** @type {News['found']} */
  const found = [];
  while (edge.size < head.size) {
    const index = Math.floor(edge.size / FULL);
    const width = widthIn(head.size, ENTRIES, index);
    const bundle = parseBundle(await log.tile(tilePath(ENTRIES, index, width), width), width);
    for (const bytes of bundle.slice(edge.size % FULL)) {
      const entry = parseEntry(bytes);
      if (same(entry.ownerTag, ownerTag) && found.length < MAX_FOUND) found.push({ index: edge.size, entry });
      edge.add(leafHash(bytes));
    }
  }
  need(sameHead(edge.head, head), 'inconsistent');
  return { found, seen: { checkpoint: signed, edge: concat(...edge.hashes) }, since };
}
