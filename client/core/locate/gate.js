// What travels to and from one peer's DHT gateway: docs/protocols/sip.md, section 1. Bounded in time and bytes; what the
// values mean is the locator's business.
import { base64, encode, unbase64 } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { sipUri } from '../identity/address.js';
import { peerUri } from '../identity/device.js';
import { fresh, httpClaims, makeToken } from '../identity/passport.js';

const MAX_VALUES = 2048;
// As they come, in base64: enough for 500 junk values of the largest size and what they would hide.
const MAX_BYTES = 48 << 20;
const MAX_LINE = 64 * 1024;
const PATIENCE_MILLIS = 5000;
/** A flooded key takes a DHT 4.7 s to read whole. */
const READ_MILLIS = 8000;

/** @typedef {{base: string, id: string}} Gate */
/** @typedef {{fetch: typeof fetch, now: () => number}} GateAround */

/**
 * Gives each value under a key to `each` as it comes, within bounds of time, number and bytes.
 * @param {GateAround} around @param {Gate} gate @param {string} key 40 hex digits
 * @param {(value: Uint8Array<ArrayBuffer>) => Promise<void>} each
 * @param {AbortSignal} [signal]  ends it
 */
export async function readValues(around, gate, key, each, signal) {
  const late = AbortSignal.timeout(READ_MILLIS);
  const response = await around.fetch(`${gate.base}key/${key}`, {
    credentials: 'omit',
    signal: signal ? AbortSignal.any([signal, late]) : late,
  });
  if (!response.ok || !response.body) throw new StarlingError('unreachable', {}, `status ${response.status}`);
  let text = '';
  let bytes = 0;
  let count = 0;
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      bytes += piece.value.length;
      text += decoder.decode(piece.value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (signal?.aborted) return;
        const value = parseLine(line);
        if (value && ++count <= MAX_VALUES) await each(value);
      }
      if (bytes > MAX_BYTES || count >= MAX_VALUES || text.length > MAX_LINE) return;
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

/** @param {GateAround} around @param {Gate} gate @param {import('../identity/passport.js').Signer} signer @param {string} address @param {string} method @param {string} path @param {Uint8Array<ArrayBuffer>} [body] @returns {Promise<number>} status; 0: no answer */
async function written(around, gate, signer, address, method, path, body) {
  const claims = await httpClaims({
    method,
    path,
    orig: sipUri(address),
    dest: peerUri(gate.id),
    body: body ?? new Uint8Array(0),
  });
  const token = await makeToken(signer, 'passport', '', fresh(claims, around.now()));
  try {
    const response = await around.fetch(`${gate.base}${path.slice(1)}`, {
      method,
      credentials: 'omit',
      headers: { authorization: `PASSporT ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body } : {}),
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    });
    return response.status;
  } catch {
    return 0;
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
