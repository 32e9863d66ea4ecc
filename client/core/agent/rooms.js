// A room at one of our servers, in which the add-on meets the page that has its sound: docs/protocols/media.md, section 1.
import { encode } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { signedRequest } from '../locate/gate.js';

/** Where a page may use the microphone. */
const SECURE = /^(https:|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\/)/;
const LOOPBACK = /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\//;

/** @param {import('./context.js').Context} ctx */
export function rooms(ctx) {
  /** This computer's own server first, then those that the person chose, in that order; none that was only heard of or recommended: whoever serves the page has the sound. */
  function servers() {
    const all = [...ctx.peers.known.values()].filter(isChosen);
    const rank = (/** @type {string} */ base) => {
      const chosen = ctx.around.peers.indexOf(base);
      return LOOPBACK.test(base) ? -1 : chosen < 0 ? ctx.around.peers.length : chosen;
    };
    return all.sort((a, b) => rank(a.base) - rank(b.base));
  }

  const isChosen = (/** @type {import('./peers.js').PeerInfo} */ { base, heard, chosen }) =>
    !heard && (!!chosen || ctx.around.peers.includes(base)) && SECURE.test(base);

  return {
    /** @param {string} name  base64url of 32 bytes @returns {Promise<string>} base URL of the server */
    async open(name) {
      const around = { fetch: ctx.around.fetch, now: ctx.now };
      const body = encode(JSON.stringify({ name }));
      for (const peer of servers()) {
        const address = ctx.profile?.address ?? '';
        const response = await signedRequest(around, peer, ctx.signer(), address, 'POST', '/media', body);
        if (response?.status === 204) return peer.base;
      }
      throw new StarlingError('call.page-server');
    },
  };
}
