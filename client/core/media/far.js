// Sound that is made elsewhere: the MediaEngine of an agent that has no WebRTC. Descriptions are made there and signed here; one place for one call.
// docs/protocols/media.md, section 3.
import { StarlingError } from '../errors.js';

const ANSWER_MILLIS = 20_000;
const OVER_MILLIS = 2000;
/** The browser's question takes as long as a person does; the core has a bound for it. */
const SPEAK_MILLIS = 120_000;
/** Until the other end is there: a browser may have to be started, and asks a person the first time. */
const HERE_MILLIS = 90_000;
const MAX_DESCRIPTION = 24 * 1024;
const MAX_TEXT = 1024;
const MAX_MICROPHONES = 64;
const STATES = ['connected', 'disconnected', 'failed'];

/** @typedef {import('./meeting.js').Link} Link */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */
/** @typedef {(how: {room?: (name: string) => Promise<string>}) => Promise<{link: Link, server: string}>} Couple  server: base URL of whoever serves the place, '' for none */
/** phase: opening, until it is there; asking: the microphone is being opened; lost: it went, and the call with it @typedef {{phase: 'none' | 'opening' | 'here' | 'asking' | 'lost', server: string}} Sound */
/** @typedef {{hear: Parameters<MediaLeg['onCandidate']>[0], tell: Parameters<MediaLeg['onState']>[0]}} Ears */

const line = (/** @type {unknown} */ text) =>
  typeof text === 'string' && text.length <= MAX_TEXT && !/[\r\n]/.test(text);
/** @param {any} value @returns {string} */
function description(value) {
  if (typeof value !== 'string' || value.length > MAX_DESCRIPTION) throw new StarlingError('call.media');
  return value;
}

/**
 * @param {object} around
 * @param {Couple} around.couple  opens the place @param {(sound: Sound) => void} [around.changed]
 * @param {() => void} [around.lost]  the place is gone, and the call with it
 * @param {(wish: {what: string, on?: boolean}) => void} [around.wished]  a button there was pressed
 * @param {(ms: number, task: () => void) => () => void} [around.timer]
 */
export function mediaElsewhere({
  couple,
  changed = () => {},
  lost = () => {},
  wished = () => {},
  timer = (ms, task) => {
    const id = setTimeout(task, ms);
    return () => clearTimeout(id);
  },
}) {
  /** The place of the call that is. @type {ReturnType<typeof begin> | null} */
  let place = null;
  /** @type {any} */
  let shown = null;

  /** @param {Parameters<Couple>[0]} how */
  function begin(how) {
    /** @type {Link | null} */
    let link = null;
    let ended = false;
    let here = false;
    let next = 0;
    /** @type {Sound} */
    let sound = { phase: 'opening', server: '' };
    /** @type {Map<number, Ears>} */
    const legs = new Map();
    /** @type {Map<number, {resolve: (value: any) => void, reject: (e: Error) => void, stop: () => void}>} */
    const waiting = new Map();
    /** Given up before it was there. */
    let giveUp = () => {};
    /** @type {Promise<never>} */
    const given = new Promise((_, reject) => (giveUp = () => reject(new StarlingError('call.page'))));
    given.catch(() => {});
    const own = { opened: open(), send, ask, leg, end, legs, sound: () => sound };
    own.opened.catch(() => {});
    return own;

    function say(/** @type {Partial<Sound>} */ patch) {
      sound = { ...sound, ...patch };
      if (place === own) changed(sound);
    }

    function send(/** @type {any} */ message) {
      link?.send(message);
    }

    async function open() {
      const coupling = couple(how);
      coupling.then(({ link }) => ended && link.close()).catch(() => {});
      const found = await Promise.race([coupling, given]);
      if (ended) throw new StarlingError('call.page');
      link = found.link;
      say({ server: found.server });
      if (shown) send({ do: 'show', call: shown });
      await new Promise((resolve, reject) => {
        given.catch(reject);
        const stop = timer(HERE_MILLIS, () => reject(new StarlingError('call.page')));
        found.link.onMessage((message) => {
          if (message.say === 'here') {
            stop();
            resolve(undefined);
          } else if (here) took(message);
        });
        void found.link.over.then(() => {
          stop();
          reject(new StarlingError('call.page'));
          gone();
        });
      });
      here = true;
      say({ phase: 'here' });
    }

    function gone() {
      const was = place === own && !ended && here;
      const { server } = sound;
      end('');
      if (!was) return;
      changed({ phase: 'lost', server });
      lost();
    }

    /** @param {any} message  of a page that is trusted with sound and nothing else */
    function took(message) {
      const ears = legs.get(message.leg);
      if (message.say === 'answer') {
        const one = waiting.get(message.id);
        waiting.delete(message.id);
        one?.stop();
        if (message.error !== undefined) one?.reject(new StarlingError(known(message.error)));
        else one?.resolve(message.value);
      } else if (message.say === 'candidate' && ears) {
        const { found } = message;
        if (found === null) ears.hear(null);
        else if (line(found?.candidate) && line(found?.ufrag))
          ears.hear({ candidate: found.candidate, ufrag: found.ufrag });
      } else if (message.say === 'state' && ears && STATES.includes(message.state))
        ears.tell(message.state, { direct: message.direct === true });
      else if (message.say === 'wish') wished({ what: String(message.what), on: message.on === true });
    }

    /** @param {number | null} leg @param {string} what @param {any[]} [args] @param {number} [millis] */
    function ask(leg, what, args = [], millis = ANSWER_MILLIS) {
      return new Promise((resolve, reject) => {
        if (ended || !link) return reject(new StarlingError('call.page'));
        const id = ++next;
        const late = () => waiting.delete(id) && reject(new StarlingError('call.media', {}, `${what}: no answer`));
        waiting.set(id, { resolve, reject, stop: timer(millis, late) });
        send({ do: 'ask', id, leg, what, args });
      });
    }

    /** @param {any[]} relays @returns {MediaLeg} */
    function leg(relays) {
      const number = ++next;
      /** @type {Ears} */
      const ears = { hear: () => {}, tell: () => {} };
      legs.set(number, ears);
      send({ do: 'leg', leg: number, relays });
      const asked = (/** @type {string} */ what, /** @type {any[]} */ ...args) => ask(number, what, args);
      const tell = (/** @type {string} */ what, /** @type {any[]} */ ...args) =>
        send({ do: 'tell', leg: number, what, args });
      return {
        offer: async (how) => description(await asked('offer', how)),
        answer: async (offer, how) => description(await asked('answer', offer, how)),
        accept: async (answer) => void (await asked('accept', answer)),
        restart: async (how) => description(await asked('restart', how)),
        undo: async () => void (await asked('undo')),
        use: (servers) => tell('use', servers),
        onCandidate: (fn) => void (ears.hear = fn),
        onState: (fn) => void (ears.tell = fn),
        add: (candidate, mid, ufrag) => tell('add', candidate, mid, ufrag),
        async speak(microphone) {
          say({ phase: 'asking' });
          try {
            await ask(number, 'speak', [microphone], SPEAK_MILLIS);
          } finally {
            say({ phase: 'here' });
          }
        },
        mute: (muted) => tell('mute', muted),
        press: async (key) => (await asked('press', key).catch(() => false)) === true,
        microphone: async (id) => void (await asked('microphone', id)),
        stats: async () => measured(await asked('stats')),
        close() {
          if (!legs.delete(number)) return;
          tell('close');
        },
      };
    }

    /** @param {string} why */
    function end(why) {
      if (ended) return;
      ended = true;
      giveUp();
      send({ do: 'over', why });
      for (const { reject, stop } of waiting.values()) {
        stop();
        reject(new StarlingError('call.page'));
      }
      waiting.clear();
      const now = link;
      // What was sent goes first: the other end closes when it has heard that it is over.
      if (now && here) timer(OVER_MILLIS, () => now.close());
      else now?.close();
      if (place !== own) return;
      place = null;
      changed({ phase: 'none', server: '' });
    }
  }

  return {
    /** @type {import('../types.js').MediaEngine} */
    engine: {
      early: false,
      async create({ relays = [], room } = {}) {
        place ??= begin({ room });
        const own = place;
        changed(own.sound());
        try {
          await own.opened;
        } catch (e) {
          own.end('');
          throw e;
        }
        return own.leg(relays);
      },
      async microphones() {
        const all = place ? await place.ask(null, 'microphones').catch(() => []) : [];
        return (Array.isArray(all) ? all : [])
          .filter((each) => line(each?.id) && line(each?.label))
          .slice(0, MAX_MICROPHONES)
          .map(({ id, label }) => ({ id, label }));
      },
    },
    /** What the place shows of the call. @param {any} call */
    show(call) {
      shown = call;
      place?.send({ do: 'show', call });
    },
    /** The call is over. @param {string} why */
    end(why) {
      shown = null;
      place?.end(why);
    },
  };
}

/** What a page may say went wrong. @param {unknown} key */
const known = (key) =>
  typeof key === 'string' && ['microphone.none', 'microphone.blocked'].includes(key) ? key : 'call.media';

/** @param {any} said */
function measured(said) {
  const number = (/** @type {unknown} */ value) => (Number.isFinite(value) ? Number(value) : 0);
  return {
    quality: ['good', 'fair', 'poor'].includes(said?.quality) ? String(said.quality) : '',
    direct: said?.direct === true,
    energyIn: number(said?.energyIn),
    energyOut: number(said?.energyOut),
  };
}
