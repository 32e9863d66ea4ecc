// Lists of withdrawn certificates: fetched through the peers (a page cannot reach a CA's server), verified here, kept. What a list said once counts until its certificate ends;
// a list that cannot be had stops nobody.
import { base64, concat, encode, hex, sha256, unhex } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { MAX_CRL_BYTES, parseCrl, verifyCrl } from '../identity/crl.js';

const TABLE = 'crls';
const MAX_LISTS = 64;
const PATIENCE_MILLIS = 20_000;
const AGAIN_MILLIS = 600_000;
const IN_USE_MILLIS = 60_000;
const LONGEST_MILLIS = 24 * 3600 * 1000;
/** One of at most so many bytes is asked for again after an hour. */
const SHORT_BYTES = 64 * 1024;
const SOON_MILLIS = 3600 * 1000;

/** @param {import('../identity/crl.js').Crl} crl @param {Uint8Array} der @param {number} now */
const due = (crl, der, now) =>
  Math.min(crl.nextUpdate, now + (der.length <= SHORT_BYTES ? SOON_MILLIS : LONGEST_MILLIS));

/** @typedef {import('../identity/certificate.js').Certificate} Certificate */
/** key: that of the issuer; again: when to fetch next, asked: when it was wanted last, Unix ms @typedef {{key: string, serials: Set<string>, issued: number, again: number, asked: number}} List */

/** @param {import('./context.js').Context} ctx */
export function revocations(ctx) {
  /** @type {Map<string, List>} by URL and issuer, the one asked for longest ago first */
  const lists = new Map();
  /** @type {WeakMap<Certificate, string>} */
  const keys = new WeakMap();
  /** @type {Promise<void>} */
  let working = Promise.resolve();

  /** @param {Certificate} issuer */
  function keyOf(issuer) {
    const key = keys.get(issuer) ?? base64(issuer.spki);
    keys.set(issuer, key);
    return key;
  }

  /** @param {string} url @param {string} key */
  const nameOf = async (url, key) => hex(await sha256(encode(`${url} ${key}`)));

  /** Fetches once, whoever asks. @param {string} url @param {Certificate} issuer */
  function want(url, issuer) {
    const key = keyOf(issuer);
    const name = `${url} ${key}`;
    const now = ctx.around.now();
    const old = lists.get(name);
    // The one asked for longest ago comes first.
    lists.delete(name);
    if (old && old.again > now) return void lists.set(name, { ...old, asked: now });
    if (lists.size >= MAX_LISTS && !dropFirst(now)) return;
    const { serials, issued } = old ?? { serials: new Set(), issued: 0 };
    lists.set(name, { key, serials, issued, again: now + AGAIN_MILLIS, asked: now });
    working = working.then(() => update(url, issuer, name));
  }

  /** The one asked for longest ago, unless that is in use: too many in use are not fetched over and over. @param {number} now @returns {boolean} whether there is room */
  function dropFirst(now) {
    const [name, { key, asked }] = /** @type {[string, List]} */ (lists.entries().next().value);
    if (asked > now - IN_USE_MILLIS) return false;
    lists.delete(name);
    const url = name.slice(0, -key.length - 1);
    working = working.then(async () => ctx.store.delete(TABLE, await nameOf(url, key))).catch(() => {});
    return true;
  }

  /** @param {string} url @param {Certificate} issuer @param {string} name */
  async function update(url, issuer, name) {
    for (const { base } of [...ctx.peers.known.values()]) {
      try {
        const der = await fetched(`${base}crl?url=${encodeURIComponent(url)}`);
        const crl = parseCrl(der);
        const now = ctx.around.now();
        await verifyCrl(crl, issuer, url, now);
        const old = lists.get(name);
        // A peer cannot bring back an older list.
        if (!old || crl.thisUpdate < old.issued) continue;
        await ctx.store.put(TABLE, await nameOf(url, old.key), { url, issuer: hex(issuer.der), der });
        lists.set(name, {
          ...old,
          serials: new Set([...old.serials, ...crl.serials]),
          issued: crl.thisUpdate,
          again: due(crl, der, now),
        });
        return;
      } catch {
        // Another peer may have it; otherwise later.
      }
    }
  }

  /** @param {string} url @returns {Promise<Uint8Array>} */
  async function fetched(url) {
    const answer = await ctx.around.fetch(url, { credentials: 'omit', signal: AbortSignal.timeout(PATIENCE_MILLIS) });
    const length = Number(answer.headers.get('content-length') ?? 0);
    if (answer.status !== 200 || length > MAX_CRL_BYTES) throw new Error('no list');
    // Whether the length was said, and truly, is up to the peer.
    const body = answer.body?.getReader();
    const parts = [];
    for (let [size, piece] = [0, await body?.read()]; piece?.value; piece = await body?.read()) {
      size += piece.value.length;
      if (size > MAX_CRL_BYTES) {
        void body?.cancel().catch(() => {});
        throw new Error('no list');
      }
      parts.push(piece.value);
    }
    return concat(...parts);
  }

  return {
    async load() {
      for (const [name, kept] of await ctx.store.list(TABLE)) {
        try {
          const crl = parseCrl(kept.der);
          const key = keyOf(parseCertificate(unhex(kept.issuer)));
          const again = due(crl, kept.der, ctx.around.now());
          lists.set(`${kept.url} ${key}`, { key, serials: crl.serials, issued: crl.thisUpdate, again, asked: 0 });
        } catch {
          await ctx.store.delete(TABLE, name);
        }
      }
    },

    /** From what is known; what is not is fetched for the next time. @param {Certificate} certificate @param {import('../identity/anchors.js').Anchor} issuer */
    revoked(certificate, issuer) {
      for (const url of [...certificate.extensions.crls, ...(issuer.rules?.crls ?? [])]) want(url, issuer);
      const key = keyOf(issuer);
      for (const list of lists.values()) if (list.key === key && list.serials.has(certificate.serial)) return true;
      return false;
    },

    /** Resolves when what is wanted now was tried. */
    settled: () => working,
  };
}
