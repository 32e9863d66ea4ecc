// The peers this client uses: known by their key, asked for what they say about themselves.
import { StarlingError } from '../errors.js';
import { parseCertificate, pemCertificates } from '../identity/certificate.js';

const TABLE = 'peers';
const PATIENCE_MILLIS = 5000;
const MAX_PEERS = 2;

/** @typedef {{base: string, id: string, ws: string, sip: string, network: string, local: boolean, directory: string, mailbox: string, recommends: string[]}} PeerInfo */

/** @param {any} value @returns {string} */
const text = (value) => (typeof value === 'string' && value.length < 500 ? value : '');

/** @param {string} base @param {typeof fetch} fetcher @returns {Promise<PeerInfo & {anchors: string[]}>} */
export async function fetchPeer(base, fetcher) {
  let json;
  try {
    const answer = await fetcher(`${base}peer.json`, {
      credentials: 'omit',
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    });
    json = await answer.json();
  } catch {
    throw new StarlingError('unreachable', { server: base });
  }
  if (!/^[0-9a-f]{64}$/.test(text(json.id)))
    throw new StarlingError('unreachable', { server: base }, 'no Starling server');
  return {
    base,
    id: json.id,
    ws: text(json.ws),
    sip: text(json.sip),
    network: text(json.network),
    local: json.local === true,
    directory: text(json.ca?.directory),
    mailbox: text(json.ca?.mailbox),
    recommends: Array.isArray(json.peers) ? json.peers.map(text).filter(Boolean).slice(0, 8) : [],
    anchors: Array.isArray(json.anchors) ? json.anchors.map((/** @type {any} */ each) => String(each.pem ?? '')) : [],
  };
}

/** Loads, remembers and renews what is known of peers. @param {import('./context.js').Context} ctx */
export function peerBook(ctx) {
  /** @type {Map<string, PeerInfo>} */
  const known = new Map();

  /** @param {string} base */
  async function learn(base) {
    const info = await fetchPeer(base, ctx.around.fetch);
    const { anchors, ...kept } = info;
    const old = /** @type {PeerInfo | undefined} */ (await ctx.store.get(TABLE, base));
    if (old && old.id !== kept.id) {
      ctx.notice({
        id: `peer ${base}`,
        kind: 'error',
        key: 'peer-changed',
        args: { server: base },
        actions: [
          { id: 'keep', key: 'peer-changed.keep', safe: true },
          { id: 'agree', key: 'peer-changed.agree', safe: false },
        ],
      });
      throw new StarlingError('unreachable', { server: base }, 'another key');
    }
    // A test CA is believed only by a page that itself comes from this computer.
    if (kept.local && ctx.around.loopback && ctx.anchors.length === 0) {
      const pems = anchors.slice(0, 4);
      await ctx.store.put('me', 'anchors', pems);
      ctx.believe(pems);
    }
    known.set(base, kept);
    await ctx.store.put(TABLE, base, kept);
    return kept;
  }

  return {
    known,
    learn,
    async open() {
      for (const [base, info] of await ctx.store.list(TABLE)) known.set(base, info);
      ctx.believe((await ctx.store.get('me', 'anchors')) ?? []);
      const wanted = [...new Set([...ctx.around.peers, ...known.keys()])].slice(0, MAX_PEERS + 2);
      await Promise.allSettled(wanted.map(learn));
      for (const info of [...known.values()])
        for (const base of info.recommends)
          if (known.size < MAX_PEERS && !known.has(base)) await learn(base).catch(() => {});
    },
    /** @param {string} base */
    async forget(base) {
      known.delete(base);
      await ctx.store.delete(TABLE, base);
    },
  };
}

/** @param {string[]} pems */
export const anchorsOf = (pems) => pems.flatMap((pem) => pemCertificates(pem).map(parseCertificate));
