// That a certificate is in a log, for whoever cannot ask the log: the text of C2SP tlog-proof, docs/protocols/log.md, section 5.
import { latin, same, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { parseCertificate } from './certificate.js';
import { entryBytes, ownerTag, parseEntry } from './log-entry.js';
import { includes, leafHash, MAX_PATH } from './log-merkle.js';
import { believe, parseCheckpoint, readBase64, readHash } from './log-note.js';

/** @typedef {import('./log-note.js').LogPolicy} LogPolicy */
/** @typedef {{entry: import('./log-entry.js').LogEntry, index: number, path: Uint8Array[], checkpoint: import('./log-note.js').Checkpoint}} LogProof */
/** since: Unix ms when a quorum of witnesses knew no larger head than the proof's; null when none is asked for @typedef {{index: number, head: import('./log-merkle.js').TreeHead, since: number | null}} Logged */

export const MAX_PROOF_BYTES = 16 * 1024;

/** @param {Uint8Array} bytes @returns {LogProof} */
export function parseProof(bytes) {
  need(bytes.length <= MAX_PROOF_BYTES, 'malformed', 'too long');
  // A letter for each byte: the checkpoint is read as UTF-8 from the same bytes.
  const all = latin(bytes);
  const end = all.indexOf('\n\n');
  need(end >= 0, 'malformed', 'no checkpoint');
  const [head, extra, index, ...path] = all.slice(0, end).split('\n');
  need(head === 'c2sp.org/tlog-proof@v1' && path.length <= MAX_PATH, 'malformed', 'lines of a proof');
  need(!!extra?.startsWith('extra ') && !!index?.startsWith('index '), 'malformed', 'lines of a proof');
  const entry = parseEntry(readBase64(extra.slice(6)));
  need(/^(0|[1-9][0-9]{0,15})$/.test(index.slice(6)), 'malformed', 'index of an entry');
  return {
    entry,
    index: Number(index.slice(6)),
    path: path.map(readHash),
    checkpoint: parseCheckpoint(bytes.slice(end + 2)),
  };
}

/**
 * Whether the certificate was logged as the address's. Checked in this order, what is dear last: the certificate is one (`malformed`), is the
 * entry's (`wrong-certificate`), and so is the end of its time (`wrong-end`); the head is believed (reasons of `believe`); the entry is under it
 * (`not-included`); its tag is the address's (`wrong-owner`).
 * @param {LogProof} proof @param {Uint8Array} der @param {string} address @param {LogPolicy} policy @returns {Promise<Logged>}
 */
export async function verifyProof({ entry, index, path, checkpoint }, der, address, policy) {
  const { notAfter } = parseCertificate(der);
  need(same(entry.certificate, await sha256(der)), 'wrong-certificate');
  need(entry.notAfter === notAfter, 'wrong-end');
  const since = await believe(checkpoint, policy);
  need(includes(checkpoint.head, index, leafHash(entryBytes(entry)), path), 'not-included');
  need(same(entry.ownerTag, await ownerTag(address, policy.log.name)), 'wrong-owner');
  return { index, head: checkpoint.head, since };
}
