// The answer to the CA's mail by a mail: `email-reply-00`, RFC 8823. It proves more than the code does: that the address sends, and that its domain vouches for it. Who
// sends it is the add-on's affair; docs/protocols/enrolment.md, section 5.
import { StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';

/** How far apart the CA is asked, ms; the last from then on. */
const PAUSES_MILLIS = [1000, 2000, 4000, 8000, 15_000];
const TOKEN = /^[A-Za-z0-9_-]{22,128}={0,2}$/;

/** before: what was wrong before it was answered, which is about the CA's own mail @typedef {{url: string, token: string, before?: string}} ReplyChallenge */

/** Who sends the mail, and where an answer to it counts (RFC 8823, section 3); from is '' when the CA offers none. @param {any[]} challenges @returns {{from: string, reply?: ReplyChallenge}} */
export function replyChallenge(challenges) {
  const offered = challenges.find((each) => each.type === 'email-reply-00');
  const from = String(offered?.from ?? '').slice(0, 320);
  const { url, token } = offered ?? {};
  const usable = isOneAddress(from) && typeof url === 'string' && TOKEN.test(String(token));
  return usable ? { from, reply: { url, token } } : { from };
}

/** An answer goes to one address and nowhere else. @param {string} text */
function isOneAddress(text) {
  try {
    return !!parseAddress(text) && !/[\s,;<>]/.test(text);
  } catch {
    return false;
  }
}

/** With what the code in the mail begins, where the CA says so: other mails are not for this order. @param {any} challenge */
export const beginning = ({ begins }) => (/^[A-Za-z0-9_-]{1,16}$/.test(String(begins ?? '')) ? String(begins) : '');

/** RFC 8823, section 3.2. @param {string} response */
export const responseBlock = (response) => `-----BEGIN ACME RESPONSE-----\n${response}\n-----END ACME RESPONSE-----\n`;

/** What the CA says is wrong, '' when nothing is. @param {any} challenge */
export const detail = (challenge) => String(challenge.error?.detail ?? '').slice(0, 300);

/**
 * Asks until the CA has judged the answer.
 * @param {{look: (payload: any) => Promise<any>, pause: (ms: number) => Promise<unknown>, patience: number, before: string, isOver: () => Promise<boolean>}} how  look: the challenge; patience in ms; before: what it said before the answer
 */
export async function verdict({ look, pause, patience, before, isOver }) {
  let said = await look({});
  for (let round = 0, waited = 0; said.status !== 'valid'; round++) {
    const why = detail(said);
    if (said.status === 'invalid' || (why && why !== before)) throw new StarlingError('reply.refused', { why });
    if (waited >= patience) throw new StarlingError('reply.late');
    const ms = PAUSES_MILLIS[Math.min(round, PAUSES_MILLIS.length - 1)];
    waited += ms;
    await pause(ms);
    if (await isOver()) return;
    said = await look(null);
  }
}
