// Signed heads of logs: C2SP signed-note, tlog-checkpoint and tlog-cosignature, byte by byte in docs/protocols/log.md, sections 3 and 4.
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, concat, decode, encode, hex, unbase64 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { EMPTY, HASH_BYTES, sameHead } from './log-merkle.js';

/** @typedef {import('./log-merkle.js').TreeHead} TreeHead */
/** keyId: hex; bytes: the signature, whatever kind it is of @typedef {{name: string, keyId: string, bytes: Uint8Array}} NoteSignature */
/** text: what is signed, with the newline at its end @typedef {{text: string, signatures: NoteSignature[]}} Note */
/** A head as it was signed, not believed yet @typedef {{note: Note, origin: string, head: TreeHead}} Checkpoint */
/** id: four bytes that tell it from others of its name, hex; key: 32 bytes @typedef {{name: string, kind: number, id: string, key: Uint8Array}} NoteKey */
/** When a head is believed: it is of this log, and so many of these witnesses cosigned it @typedef {{log: NoteKey, witnesses: NoteKey[], quorum: number}} LogPolicy */

export const MAX_NOTE_BYTES = 64 * 1024;
export const MAX_SIGNATURES = 16;
export const MAX_WITNESSES = 32;
/** Unix seconds: the end of the year 9999. */
export const MAX_TIME = 253_402_300_799;
/** What a key signs: heads of its own log, or heads of others that it saw, with the time. */
export const LOG = 1;
export const WITNESS = 4;
const MAX_NAME = 200;
const DASH = '\u2014 ';
const NAME = /^[^\p{White_Space}+]+$/u;
const NUMBER = /^(0|[1-9][0-9]{0,15})$/;

/** @param {Uint8Array} bytes @returns {Note} */
export function parseNote(bytes) {
  need(bytes.length <= MAX_NOTE_BYTES, 'malformed', 'too long');
  need(
    bytes.every((byte) => byte >= 0x20 || byte === 0x0a),
    'malformed',
    'control character',
  );
  const all = utf8(bytes);
  const end = all.lastIndexOf('\n\n');
  need(end >= 0 && all.endsWith('\n'), 'malformed', 'no signatures');
  const lines = all.slice(end + 2, -1).split('\n');
  need(end + 2 < all.length && lines.length <= MAX_SIGNATURES, 'malformed', 'number of signatures');
  return { text: all.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** @param {string} line without the newline at its end @returns {NoteSignature} */
function parseSignature(line) {
  const space = line.indexOf(' ', DASH.length);
  need(line.startsWith(DASH) && space >= 0, 'malformed', 'signature line');
  const name = line.slice(DASH.length, space);
  const bytes = readBase64(line.slice(space + 1));
  need(NAME.test(name) && bytes.length > 4, 'malformed', 'signature line');
  return { name, keyId: hex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
}

/** @param {Uint8Array} bytes @returns {Checkpoint} */
export function parseCheckpoint(bytes) {
  const note = parseNote(bytes);
  // Lines of extensions, behind the third, are passed over.
  const lines = note.text.slice(0, -1).split('\n');
  need(lines.length >= 3 && lines.every((line) => line !== ''), 'malformed', 'lines of a checkpoint');
  const head = { size: readNumber(lines[1]), root: readHash(lines[2]) };
  need(head.size > 0 || sameHead(head, EMPTY), 'malformed', 'root of an empty tree');
  return { note, origin: lines[0], head };
}

/** Reads the text form, NAME+ID+KEY (a vkey). @param {string} text @param {number} kind LOG or WITNESS @returns {NoteKey} */
export function parseKey(text, kind) {
  const [, name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  need(key !== undefined && NAME.test(name) && name.length <= MAX_NAME, 'malformed', 'form of a key');
  const typed = readBase64(key);
  need(typed.length === 33 && typed[0] === kind, 'malformed', 'kind of a key');
  need(hex(sha256(concat(encode(`${name}\n`), typed)).slice(0, 4)) === id, 'malformed', 'id of a key');
  return { name, kind, id, key: typed.slice(1) };
}

/** The text form. @param {NoteKey} key */
export const keyText = ({ name, kind, id, key }) => `${name}+${id}+${base64(concat(Uint8Array.of(kind), key))}`;

/** @param {string} log @param {string[]} witnesses keys in their text form @param {number} quorum @returns {LogPolicy} */
export function logPolicy(log, witnesses, quorum) {
  const policy = {
    log: parseKey(log, LOG),
    witnesses: witnesses.map((each) => parseKey(each, WITNESS)),
    quorum,
  };
  const different = new Set(policy.witnesses.map(({ key }) => hex(key))).size;
  need(different === witnesses.length && different <= MAX_WITNESSES, 'malformed', 'witnesses');
  need(Number.isInteger(quorum) && quorum >= 0 && quorum <= different, 'malformed', 'quorum');
  return policy;
}

/**
 * Believes a head, or refuses it: `wrong-log`, `bad-signature`, `not-signed`, `too-few-witnesses`.
 * @param {Checkpoint} checkpoint @param {LogPolicy} policy
 * @returns {Promise<number | null>} Unix ms at which a quorum of the witnesses still knew no larger head; null when none is asked for
 */
export async function believe(checkpoint, policy) {
  need(checkpoint.origin === policy.log.name, 'wrong-log', checkpoint.origin);
  const signed = (await timesOf(checkpoint, policy.log)).length > 0;
  const times = [];
  for (const witness of policy.witnesses) {
    const own = await timesOf(checkpoint, witness);
    if (own.length > 0) times.push(Math.max(...own));
  }
  need(signed, 'not-signed');
  need(times.length >= policy.quorum, 'too-few-witnesses', `${times.length} of ${policy.quorum}`);
  return policy.quorum === 0 ? null : times.sort((a, b) => b - a)[policy.quorum - 1] * 1000;
}

/** Whether the log signed, whoever else did. @param {Checkpoint} checkpoint @param {NoteKey} log */
export const isSignedBy = async (checkpoint, log) => (await timesOf(checkpoint, log)).length > 0;

/** When the key signed, in Unix seconds; 0 for a log, which does not say. @param {Checkpoint} checkpoint @param {NoteKey} key */
async function timesOf({ note }, key) {
  const times = [];
  for (const { name, keyId, bytes } of note.signatures) {
    if (name !== key.name || keyId !== key.id) continue;
    const timed = key.kind === WITNESS;
    need(bytes.length === (timed ? 72 : 64), 'bad-signature', name);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const time = timed ? view.getUint32(0) * 2 ** 32 + view.getUint32(4) : 0;
    const message = timed ? `cosignature/v1\ntime ${time}\n${note.text}` : note.text;
    const good = time <= MAX_TIME && (await verifyEd25519(key.key, encode(message), bytes.slice(-64)));
    need(good, 'bad-signature', name);
    times.push(time);
  }
  return times;
}

/** RFC 8032. @param {Uint8Array} key @param {Uint8Array} message @param {Uint8Array} signature */
async function verifyEd25519(key, message, signature) {
  try {
    const imported = await crypto.subtle.importKey('raw', /** @type {any} */ (key), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify(
      'Ed25519',
      imported,
      /** @type {any} */ (signature),
      /** @type {any} */ (message),
    );
  } catch (e) {
    // A browser of before 2025 may not know Ed25519: it cannot judge, and must not say that somebody lied.
    need(/** @type {Error} */ (e).name !== 'NotSupportedError', 'unsupported-algorithm', 'Ed25519');
    return false;
  }
}

/** @param {Uint8Array} bytes @returns {string} */
function utf8(bytes) {
  try {
    return decode(bytes);
  } catch {
    throw new StarlingError('malformed', {}, 'not UTF-8');
  }
}

/** Base64 with padding (RFC 4648, section 4) in its one form. @param {string} text @returns {Uint8Array} */
export function readBase64(text) {
  let bytes;
  try {
    bytes = unbase64(text);
  } catch {
    throw new StarlingError('malformed', {}, 'base64');
  }
  need(base64(bytes) === text, 'malformed', 'not the one form of base64');
  return bytes;
}

/** @param {string} text @returns {Uint8Array} */
export function readHash(text) {
  const bytes = readBase64(text);
  need(bytes.length === HASH_BYTES, 'malformed', 'not a hash');
  return bytes;
}

/** @param {string} text @returns {number} */
export function readNumber(text) {
  need(NUMBER.test(text) && Number.isSafeInteger(Number(text)), 'malformed', 'number');
  return Number(text);
}
