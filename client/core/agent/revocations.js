// Lists of withdrawn certificates: fetched through the peers (a page cannot reach a CA's server), verified here, kept. What a list said once counts until its certificate ends;
// a list that cannot be had stops nobody.
import { base64, encode, hex, sha256, unhex } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { MAX_CRL_BYTES, parseCrl, verifyCrl } from '../identity/crl.js';

const TABLE = 'crls';
const MAX_LISTS = 64;
const PATIENCE_MILLIS = 20_000;
const AGAIN_MILLIS = 600_000;
const LONGEST_MILLIS = 24 * 3600 * 1000;

/** @typedef {import('../identity/certificate.js').Certificate} Certificate */
/** key: that of the issuer; again: when to fetch next, Unix ms @typedef {{key: string, serials: Set<string>, issued: number, again: number}} List */

/** @param {import('./context.js').Context} ctx */
export function revocations(ctx) {
  /** @type {Map<string, List>} by URL and issuer */
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
    if (old && old.again > now) return;
    if (!old && lists.size >= MAX_LISTS) return;
    lists.set(name, { key, serials: old?.serials ?? new Set(), issued: old?.issued ?? 0, again: now + AGAIN_MILLIS });
    working = working.then(() => update(url, issuer, name));
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
          again: Math.min(crl.nextUpdate, now + LONGEST_MILLIS),
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
    if (!answer.ok || length > MAX_CRL_BYTES) throw new Error('no list');
    return new Uint8Array(await answer.arrayBuffer());
  }

  return {
    async load() {
      for (const [name, kept] of await ctx.store.list(TABLE)) {
        try {
          const crl = parseCrl(kept.der);
          const key = keyOf(parseCertificate(unhex(kept.issuer)));
          const again = Math.min(crl.nextUpdate, ctx.around.now() + LONGEST_MILLIS);
          lists.set(`${kept.url} ${key}`, { key, serials: crl.serials, issued: crl.thisUpdate, again });
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
