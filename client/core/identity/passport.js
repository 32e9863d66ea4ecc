// Signed statements about requests: PASSporT (RFC 8225), put authorization, presence signatures. docs/protocols/formats.md, section 8.
import { b64u, base64, concat, decode, encode, random, sha256, unb64u, unbase64 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { addressOfUri } from './address.js';
import { gruu, sign, verify } from './device.js';
import { verifyKnown as verifyChain } from './known.js';
import { MAX_CHAIN } from './verifier.js';

const MAX_TOKEN = 16 * 1024;
const MAX_DEPTH = 8;
const MAX_SKEW_SECONDS = 60;
/** So long a signed word of presence counts at most. */
export const PRESENCE_SECONDS = 1200;
const REPLAY_MILLIS = 180_000;
const MAX_REPLAYS = 50_000;

/** @typedef {{key: CryptoKey, chain: Uint8Array[]}} Signer */
/** @typedef {{compact: string, type: string, form: string, chain: Uint8Array[], claims: Record<string, any>, signature: Uint8Array<ArrayBuffer>, input: Uint8Array<ArrayBuffer>}} Token */

/** Canonical JSON: members in order, no white space, printable ASCII, safe integers, true and false, nested at most eight deep. @param {any} value @param {number} [depth] @returns {string} */
export function canonical(value, depth = 0) {
  need(depth <= MAX_DEPTH, 'malformed', 'too deep');
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each, depth + 1)).join(',')}]`;
  if (value && typeof value === 'object')
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${canonical(key)}:${canonical(value[key], depth + 1)}`)
      .join(',')}}`;
  if (typeof value === 'string') need(/^[\x20-\x7e]*$/.test(value), 'malformed', 'not printable ASCII');
  else need(typeof value === 'boolean' || Number.isSafeInteger(value), 'malformed', 'no safe integer');
  return JSON.stringify(value);
}

/** @param {Signer} signer @param {string} type @param {string} form  ppt, '' for none @param {Record<string, any>} claims @returns {Promise<string>} */
export async function makeToken(signer, type, form, claims) {
  const header = { alg: 'ES256', ...(form ? { ppt: form } : {}), typ: type, x5c: signer.chain.map(base64) };
  const input = `${b64u(encode(canonical(header)))}.${b64u(encode(canonical(claims)))}`;
  return `${input}.${b64u(await sign(signer.key, encode(input)))}`;
}

/** @param {string} compact @returns {Token} */
export function parseToken(compact) {
  need(compact.length <= MAX_TOKEN, 'malformed', 'token too long');
  const parts = compact.split('.');
  need(parts.length === 3, 'malformed', 'not three parts');
  try {
    const header = object(unb64u(parts[0]));
    const claims = object(unb64u(parts[1]));
    const signature = unb64u(parts[2]);
    const form = header.ppt ?? '';
    need(header.alg === 'ES256' && typeof header.typ === 'string' && typeof form === 'string', 'malformed', 'header');
    need(Object.keys(header).length === (form ? 4 : 3) && signature.length === 64, 'malformed', 'header');
    need(Array.isArray(header.x5c) && header.x5c.length > 0 && header.x5c.length <= MAX_CHAIN, 'malformed', 'x5c');
    return {
      compact,
      type: header.typ,
      form,
      chain: header.x5c.map(strictBase64),
      claims,
      signature,
      input: encode(`${parts[0]}.${parts[1]}`),
    };
  } catch (e) {
    throw e instanceof StarlingError ? e : new StarlingError('malformed', {}, 'token');
  }
}

/** @param {unknown} text */
function strictBase64(text) {
  const bytes = unbase64(String(text));
  need(base64(bytes) === text, 'malformed', 'x5c');
  return bytes;
}

/** @param {Uint8Array} bytes @returns {Record<string, any>} */
function object(bytes) {
  const text = decode(bytes);
  const value = JSON.parse(text);
  need(
    value && typeof value === 'object' && !Array.isArray(value) && canonical(value) === text,
    'malformed',
    'not in canonical form',
  );
  return value;
}

/** @param {string} compact @returns {Promise<string>} what an answer is bound to */
export const tokenHash = async (compact) => b64u(await sha256(encode(compact)));

/**
 * Claims about a SIP message, without iat and jti.
 * @param {{method: string, callId: string, cseq: number, orig: string, dest: string, contacts: string[], expires: string, body: Uint8Array, sdp: boolean, token?: Uint8Array | null}} about
 */
export async function sipClaims(about) {
  /** @type {Record<string, any>} */
  const claims = {
    method: about.method,
    callid: about.callId,
    cseq: about.cseq,
    orig: { uri: about.orig },
    dest: { uri: [about.dest] },
    dig: await digest(about.contacts, about.expires, about.body),
  };
  if (about.sdp) claims.mky = mky(about.body);
  if (about.method === 'MESSAGE') claims.msgi = `sha256-${base64(await sha256(about.body))}`;
  if (about.token) claims.tok = b64u(await sha256(about.token));
  return claims;
}

/** @param {{method: string, path: string, orig: string, dest: string, body: Uint8Array}} about */
export async function httpClaims(about) {
  return {
    method: about.method,
    path: about.path,
    orig: { uri: about.orig },
    dest: { uri: [about.dest] },
    dig: b64u(await sha256(about.body)),
  };
}

/** @param {Record<string, any>} claims @param {number} now Unix ms */
export const fresh = (claims, now) => ({ ...claims, iat: Math.floor(now / 1000), jti: b64u(random(16)) });

/** @param {string[]} contacts @param {string} expires @param {Uint8Array} body */
export async function digest(contacts, expires, body) {
  return b64u(
    await sha256(concat(...contacts.map((contact) => encode(`${contact}\n`)), encode(`Expires:${expires}\n`), body)),
  );
}

/** Every fingerprint in the SDP, sorted, once. @param {Uint8Array} sdp @returns {{alg: string, dig: string}[]} */
export function mky(sdp) {
  const text = Array.from(sdp, (b) => String.fromCharCode(b)).join('');
  const found = new Set();
  for (const match of text.matchAll(/^a=fingerprint:(\S+)[ \t]+([0-9A-Fa-f:]+)[ \t]*\r?$/gm))
    found.add(`${match[1].toLowerCase()} ${match[2].replace(/:/g, '').toUpperCase()}`);
  return [...found].sort().map((f) => ({ alg: f.split(' ')[0], dig: f.split(' ')[1] }));
}

/** Remembers (key, jti) for three minutes. */
export class ReplayCache {
  /** @type {Map<string, number>} */
  #seen = new Map();

  /** @param {string} device @param {string} jti @param {number} now @returns {boolean} true the first time */
  first(device, jti, now) {
    for (const [key, at] of this.#seen) {
      if (at + REPLAY_MILLIS >= now) break;
      this.#seen.delete(key);
    }
    const key = `${device} ${jti}`;
    if (this.#seen.has(key) || this.#seen.size >= MAX_REPLAYS) return false;
    this.#seen.set(key, now);
    return true;
  }
}

/**
 * Believes a PASSporT, or throws a StarlingError whose args.code is the SIP status.
 * @param {string} compact  '' when there is none
 * @param {Record<string, any>} expected
 * @param {{trust: import('./verifier.js').Trust, replays: ReplayCache | null, now: number, started?: number, form?: string}} how  replays null: not checked (an answer, bound to a request)
 * @returns {Promise<{token: Token, signer: import('./verifier.js').Verified}>}
 */
export async function verifyToken(compact, expected, how) {
  const refuse = (/** @type {number} */ code, /** @type {string} */ reason) =>
    new StarlingError('not-genuine', { code: String(code), reason });
  if (!compact) throw refuse(428, 'no Identity header');
  let token;
  try {
    token = parseToken(compact);
  } catch (e) {
    throw refuse(436, String(e));
  }
  if (token.type !== 'passport' || token.form !== (how.form ?? '')) throw refuse(436, 'not a PASSporT');
  let signer;
  try {
    signer = await verifyChain(token.chain, null, how.now, how.trust);
  } catch (e) {
    throw refuse(437, e instanceof StarlingError ? e.key : 'certificate');
  }
  for (const [name, value] of Object.entries(expected)) {
    if (!(name in token.claims)) throw refuse(438, `${name} is not covered`);
    if (canonical(token.claims[name]) !== canonical(value)) throw refuse(438, `${name} differs`);
  }
  if (!(await verify(signer.spki, token.input, token.signature))) throw refuse(438, 'signature');
  let named = '';
  try {
    named = addressOfUri(token.claims.orig?.uri ?? '');
  } catch {
    throw refuse(438, 'orig');
  }
  if (named !== signer.address) throw refuse(438, "orig is not the certificate's name");
  const { iat, jti } = token.claims;
  if (typeof iat !== 'number' || Math.abs(Math.floor(how.now / 1000) - iat) > MAX_SKEW_SECONDS)
    throw refuse(403, 'Stale Date');
  if (how.started && iat < Math.floor(how.started / 1000)) throw refuse(403, 'older than this page');
  const single = typeof jti === 'string' && jti.length >= 16 && jti.length <= 64;
  if (how.replays && !(single && how.replays.first(signer.device, jti, how.now))) throw refuse(403, 'seen before');
  return { token, signer };
}

/** @param {Signer} signer @param {string} address @param {string} device @param {Uint8Array} body @param {number} now */
export async function signPresence(signer, address, device, body, now) {
  const iat = Math.floor(now / 1000);
  return makeToken(signer, 'starling-presence', '', {
    dig: b64u(await sha256(body)),
    exp: iat + PRESENCE_SECONDS,
    iat,
    orig: { uri: gruu(address, device) },
  });
}

/**
 * @param {string} compact @param {Uint8Array} body @param {string} address @param {string} device @param {number} now
 * @param {import('./verifier.js').Trust} trust
 * @returns {Promise<number>} Unix ms until when it counts; 0 when it is not genuine
 */
export async function verifyPresence(compact, body, address, device, now, trust) {
  try {
    const token = parseToken(compact);
    const signer = await verifyChain(token.chain, address, now, trust);
    const { dig, exp, iat, orig } = token.claims;
    const genuine =
      token.type === 'starling-presence' &&
      typeof exp === 'number' &&
      typeof iat === 'number' &&
      signer.device === device &&
      orig?.uri === gruu(address, device) &&
      dig === b64u(await sha256(body)) &&
      exp - iat <= PRESENCE_SECONDS &&
      iat <= now / 1000 + MAX_SKEW_SECONDS &&
      exp > now / 1000 &&
      (await verify(signer.spki, token.input, token.signature));
    return genuine ? exp * 1000 : 0;
  } catch {
    return 0;
  }
}
