// Where the sound is made: a MediaEngine that does what the agent at the other end of a link asks. docs/protocols/media.md, section 3.
import { StarlingError } from '../errors.js';

const MAX_LEGS = 16;
/** With an answer. */
const ASKED = new Set(['offer', 'answer', 'accept', 'restart', 'undo', 'speak', 'microphone', 'stats', 'press']);
const TOLD = new Set(['use', 'add', 'mute']);

/** @typedef {import('./meeting.js').Link} Link */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */

/**
 * @param {Link} link @param {import('../types.js').MediaEngine} engine
 * @param {{show?: (call: any) => void, asking?: (microphone: boolean) => void, over?: (why: string) => void}} [told]
 *   show: what the page says of the call; asking: the browser may be asking whether it may use the microphone; over: the call is
 */
export function serveMedia(link, engine, { show = () => {}, asking = () => {}, over = () => {} } = {}) {
  /** @type {Map<number, Promise<MediaLeg>>} */
  const legs = new Map();
  let why = '';

  /** @param {number} number @param {any[]} relays */
  function create(number, relays) {
    if (legs.has(number) || legs.size >= MAX_LEGS) throw new StarlingError('call.media', {}, 'legs');
    const making = engine.create({ relays });
    legs.set(number, making);
    making.then(
      (leg) => {
        leg.onCandidate((found) => link.send({ say: 'candidate', leg: number, found }));
        leg.onState((state, info) => link.send({ say: 'state', leg: number, state, direct: info.direct }));
      },
      () => {},
    );
  }

  /** @param {any} message */
  async function ask({ leg: number, what, args = [] }) {
    if (what === 'microphones') return engine.microphones();
    const leg = await legs.get(number);
    if (!leg || !ASKED.has(what)) throw new StarlingError('call.media', {}, 'no such leg');
    if (what === 'speak') asking(true);
    try {
      return await /** @type {any} */ (leg)[what](...args);
    } finally {
      if (what === 'speak') asking(false);
    }
  }

  /** @param {any} message */
  async function tell({ leg: number, what, args = [] }) {
    const leg = await legs.get(number)?.catch(() => null);
    if (!leg) return;
    if (what === 'close') legs.delete(number);
    if (what === 'close' || TOLD.has(what)) /** @type {any} */ (leg)[what](...args);
  }

  link.onMessage((message) => {
    const answer = (/** @type {any} */ what) => link.send({ say: 'answer', id: message.id, ...what });
    if (message.do === 'leg') create(message.leg, message.relays);
    else if (message.do === 'tell') void tell(message);
    else if (message.do === 'show') show(message.call);
    else if (message.do === 'over') {
      why = String(message.why ?? '');
      link.close();
    } else if (message.do === 'ask')
      ask(message).then(
        (value) => answer({ value }),
        (e) => answer({ error: e instanceof StarlingError ? e.key : 'call.media' }),
      );
  });
  void link.over.then(async () => {
    over(why);
    for (const making of legs.values()) await making.then((leg) => leg.close()).catch(() => {});
    legs.clear();
  });
  link.send({ say: 'here', version: 1 });
  return {
    hangUp: () => link.send({ say: 'wish', what: 'hang-up' }),
    mute: (/** @type {boolean} */ on) => link.send({ say: 'wish', what: 'mute', on }),
  };
}
