// The relays of our peers (TURN, RFC 8656): where they are, and names and passwords for them that are good for hours.
// docs/protocols/sip.md, section 1.
import { signedRequest } from '../locate/gate.js';

/** A call does not wait longer for them: it may be that the other side can be reached without. */
const PATIENCE_MILLIS = 1000;
const AGAIN_MILLIS = 60_000;
const MAX_URIS = 4;
const MAX_TEXT = 512;
const MAX_ANSWER = 8192;
const MIN_SECONDS = 300;
const MAX_SECONDS = 86_400;
/** RFC 7064 and 7065. */
const URI = /^turns?:(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?$/;

/** @param {string} text */
const isRelay = (text) => URI.test(text) && Number(/:(\d+)(\?|$)/.exec(text)?.[1] ?? 1) <= 65_535;

/** @typedef {{urls: string[], username: string, credential: string}} IceServer  as WebRTC has it */

/** What a peer says, or null. @param {any} json @returns {{server: IceServer | null, seconds: number} | null} */
export function readGrant(json) {
  const { uris, username, password, ttl } = json ?? {};
  const text = (/** @type {unknown} */ value) => typeof value === 'string' && !!value && value.length <= MAX_TEXT;
  if (!Array.isArray(uris) || !text(username) || !text(password) || !Number.isFinite(ttl)) return null;
  const urls = uris.filter((each) => typeof each === 'string' && isRelay(each)).slice(0, MAX_URIS);
  const seconds = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, ttl));
  return { server: urls.length ? { urls, username, credential: password } : null, seconds };
}

/** @param {import('./context.js').Context} ctx */
export function relays(ctx) {
  /** By base URL. @type {Map<string, {server: IceServer | null, ends: number, renew: number}>} */
  const kept = new Map();
  /** @type {Promise<unknown> | null} */
  let asking = null;

  /** @param {import('./peers.js').PeerInfo} peer */
  async function ask(peer) {
    const { profile } = ctx;
    if (!profile) return;
    const around = { fetch: ctx.around.fetch, now: ctx.now };
    const response = await signedRequest(around, peer, ctx.signer(), profile.address, 'POST', '/relay');
    const text = response?.ok ? await response.text().catch(() => '') : '';
    const now = ctx.now();
    const grant = text.length <= MAX_ANSWER ? readGrant(parsed(text)) : null;
    if (grant) {
      const millis = grant.seconds * 1000;
      kept.set(peer.base, { server: grant.server, ends: now + millis, renew: now + millis / 2 });
    } else {
      const before = kept.get(peer.base);
      kept.set(peer.base, { server: before?.server ?? null, ends: before?.ends ?? 0, renew: now + AGAIN_MILLIS });
    }
  }

  /** Asks those whose word is old, all at once. */
  function refresh() {
    const peers = ctx.profile?.chain.length ? [...ctx.peers.known.values()] : [];
    for (const base of kept.keys()) if (!ctx.peers.known.has(base)) kept.delete(base);
    const old = peers.filter((peer) => (kept.get(peer.base)?.renew ?? 0) <= ctx.now());
    if (!old.length) return asking ?? Promise.resolve();
    asking ??= Promise.allSettled(old.map(ask)).finally(() => (asking = null));
    return asking;
  }

  const good = () => [...kept.values()].flatMap(({ server, ends }) => (server && ends > ctx.now() ? [server] : []));

  return {
    /** So that the next call need not wait. */
    prepare: () => void refresh(),

    /** Those that can be used now. @returns {Promise<IceServer[]>} */
    async servers() {
      const asked = refresh();
      if (!good().length)
        await Promise.race([asked, new Promise((resolve) => ctx.timer(PATIENCE_MILLIS, () => resolve(undefined)))]);
      return good();
    },
  };
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
