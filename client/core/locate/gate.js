// What travels to and from one peer's DHT gateway: docs/protocols/sip.md, section 1. Bounded in time and bytes; what the
// values mean is the locator's business.
import { base64, encode, unbase64 } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { sipUri } from '../identity/address.js';
import { peerUri } from '../identity/device.js';
import { fresh, httpClaims, makeToken } from '../identity/passport.js';

// A gate asks two proxies of a DHT that do not trust each other, and each may tell 2048.
const MAX_VALUES = 4096;
// As they come, in base64: enough for 500 junk values of the largest size and what they would hide.
const MAX_BYTES = 48 << 20;
const MAX_LINE = 64 * 1024;
/** The last line of an answer that a bound of the gate cut off. */
const CUT = '{"cut":true}';
const PATIENCE_MILLIS = 5000;
/** A flooded key takes a DHT 5 to 9 s to read whole; a gate gives up after 20 s, and says so. */
const READ_MILLIS = 22_000;
const SILENCE_MILLIS = 12_000;

/** @typedef {{base: string, id: string}} Gate */
/** @typedef {{fetch: typeof fetch, now: () => number}} GateAround */

/**
 * Gives each value under a key to `each` as it comes, within bounds of time, number and bytes.
 * Throws a StarlingError when the gate does not answer, breaks off or takes too long.
 * @param {GateAround} around @param {Gate} gate @param {string} key 40 hex digits
 * @param {(value: Uint8Array<ArrayBuffer>) => Promise<void>} each
 * @param {AbortSignal} [signal]  ends it
 * @returns {Promise<boolean>} whether that was all that lies there: otherwise a bound of ours or the gate's was reached
 */
export async function readValues(around, gate, key, each, signal) {
  const over = new AbortController();
  /** A stream that was ended from outside does not always say so itself. @type {Promise<never>} */
  const ended = new Promise((_, reject) => {
    over.signal.addEventListener('abort', () => reject(new StarlingError('unreachable', {}, 'ended')), { once: true });
  });
  ended.catch(() => {});
  const end = () => over.abort();
  const late = setTimeout(end, READ_MILLIS);
  let silent = setTimeout(end, SILENCE_MILLIS);
  const heard = () => {
    clearTimeout(silent);
    silent = setTimeout(end, SILENCE_MILLIS);
  };
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    const asked = around.fetch(`${gate.base}key/${key}`, { credentials: 'omit', signal: over.signal });
    const response = await Promise.race([asked, ended]);
    if (!response.ok || !response.body) throw new StarlingError('unreachable', {}, `status ${response.status}`);
    return await readLines(response.body.getReader(), each, ended, heard, over.signal);
  } finally {
    clearTimeout(late);
    clearTimeout(silent);
    signal?.removeEventListener('abort', end);
  }
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader @param {(value: Uint8Array<ArrayBuffer>) => Promise<void>} each
 * @param {Promise<never>} ended @param {() => void} heard  something came @param {AbortSignal} signal @returns {Promise<boolean>} whether nothing was cut off
 */
async function readLines(reader, each, ended, heard, signal) {
  let text = '';
  let bytes = 0;
  let count = 0;
  let whole = true;
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const piece = await Promise.race([reader.read(), ended]);
      if (piece.done) return whole;
      heard();
      bytes += piece.value.length;
      text += decoder.decode(piece.value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const value = parseLine(line);
        if (value && ++count <= MAX_VALUES) await each(value);
        if (line === CUT) whole = false;
        if (signal.aborted) return false;
      }
      if (bytes > MAX_BYTES || count > MAX_VALUES || text.length > MAX_LINE) return false;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Gives a sealed value to a peer to keep, signed for that peer alone.
 * @param {GateAround} around
 * @param {Gate} gate
 * @param {import('../identity/passport.js').Signer} signer
 * @param {string} address
 * @param {{key: string, id: string, data: Uint8Array, until: number}} value  id decimal, until Unix s
 * @returns {Promise<boolean>} whether the peer says that it took it
 */
export async function writeValue(around, gate, signer, address, value) {
  const body = encode(JSON.stringify({ data: base64(value.data), id: value.id, until: value.until }));
  return (await written(around, gate, signer, address, 'POST', `/key/${value.key}`, body)) === 200;
}

/**
 * Takes a value back that this device gave to a peer.
 * @param {GateAround} around @param {Gate} gate @param {import('../identity/passport.js').Signer} signer @param {string} address
 * @param {{key: string, id: string}} value
 * @returns {Promise<boolean>} whether the peer says that it is gone
 */
export const removeValue = async (around, gate, signer, address, value) =>
  (await written(around, gate, signer, address, 'DELETE', `/key/${value.key}?id=${value.id}`)) === 200;

/** @param {Parameters<typeof signedRequest>} all @returns {Promise<number>} status; 0: no answer */
const written = async (...all) => (await signedRequest(...all))?.status ?? 0;

/**
 * Asks a peer for what only a certified device gets, signed for that peer alone.
 * @param {GateAround} around @param {Gate} gate @param {import('../identity/passport.js').Signer} signer @param {string} address @param {string} method
 * @param {string} path  with the slash at its beginning @param {Uint8Array<ArrayBuffer>} [body]
 * @returns {Promise<Response | null>} null: no answer
 */
export async function signedRequest(around, gate, signer, address, method, path, body) {
  const claims = await httpClaims({
    method,
    path,
    orig: sipUri(address),
    dest: peerUri(gate.id),
    body: body ?? new Uint8Array(0),
  });
  const token = await makeToken(signer, 'passport', '', fresh(claims, around.now()));
  try {
    return await around.fetch(`${gate.base}${path.slice(1)}`, {
      method,
      credentials: 'omit',
      headers: { authorization: `PASSporT ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body } : {}),
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    });
  } catch {
    return null;
  }
}

/** @param {string} line @returns {Uint8Array<ArrayBuffer> | null} */
function parseLine(line) {
  if (!line.trim() || line.length > MAX_LINE) return null;
  try {
    const json = JSON.parse(line);
    return json.expired || typeof json.data !== 'string' ? null : unbase64(json.data);
  } catch {
    return null;
  }
}
