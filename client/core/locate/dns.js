// Where the DNS says that the peers of a domain are. A page cannot ask it; peers can, and are believed as little as the DNS: what they name is
// looked at like any other peer. docs/decisions/0017-peers-by-dns.md.
import { isPrivateHost } from '../record/bodies.js';

const PATIENCE_MILLIS = 6000;
const MAX_ANSWER = 16 * 1024;
const MAX_BASES = 8;
/** So that one that lies by silence hides nothing. */
const ASKED = 2;

/** @typedef {{fetch: typeof fetch, gates: () => {base: string}[], local: () => boolean}} Around */

/**
 * Base URLs in the order in which they are to be tried; [] also when nobody could say.
 * @param {Around} around @param {string} domain  in its ASCII form @returns {Promise<string[]>}
 */
export async function peersByDns(around, domain) {
  const gates = around.gates().slice(0, ASKED);
  const answers = await Promise.allSettled(gates.map((gate) => ask(around, gate.base, domain)));
  return [...new Set(answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : [])))];
}

/** @param {Around} around @param {string} base @param {string} domain @returns {Promise<string[]>} */
async function ask(around, base, domain) {
  const answer = await around.fetch(`${base}peers?domain=${encodeURIComponent(domain)}`, {
    credentials: 'omit',
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  });
  if (!answer.ok) return [];
  const text = await answer.text();
  const named = text.length <= MAX_ANSWER ? JSON.parse(text)?.peers : [];
  if (!Array.isArray(named)) return [];
  return named.filter((each) => isBase(each, around.local())).slice(0, MAX_BASES);
}

/** @param {unknown} text @param {boolean} local */
function isBase(text, local) {
  if (typeof text !== 'string' || text.length > 300 || !/^https?:\/\/[A-Za-z0-9.:[\]-]+\/$/.test(text)) return false;
  try {
    const { protocol, hostname } = new URL(text);
    return local || (protocol === 'https:' && !isPrivateHost(hostname));
  } catch {
    return false;
  }
}
