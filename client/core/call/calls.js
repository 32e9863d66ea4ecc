// The one call of this device: rings other devices or rings itself, and keeps what became of it.
// docs/protocols/sip.md, section 7.
import { hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { gruu } from '../identity/device.js';
import { mky } from '../identity/passport.js';
import { first, hasSdp, parameter } from '../sip/message.js';
import { callees } from './callees.js';
import { conversation } from './conversation.js';
import { callKey, IncomingLeg } from './incoming.js';
import { LineLeg } from './line.js';
import { isGateway, newCall, newLive, worse } from './live.js';
import { DECLINED, ELSEWHERE, OutgoingLeg, outcomeOf } from './outgoing.js';
import { TRICKLE } from './trickle.js';

const RING_MILLIS = 120_000;
const ENDED_MILLIS = 6000;
const GLARE_MILLIS = 2000;
const MAX_DEVICES = 8;
const MAX_REMEMBERED = 100;

/** @typedef {import('../agent/context.js').Context} Context */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */
/** @typedef {import('../sip/ua.js').Incoming} Incoming */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {import('./live.js').Live} Live */

/** @param {Context} ctx */
export function calls(ctx) {
  /** @type {Live | null} */
  let live = null;
  /** Calls seen or cancelled before their INVITE was verified. @type {Set<string>} */
  const seen = new Set();
  /** @type {Set<string>} */
  const gone = new Set();
  /** Answered, not yet acknowledged. @type {Set<IncomingLeg>} */
  const unconfirmed = new Set();

  /** What makes the media of a call, with the relays that there are at that moment. @returns {import('../types.js').MediaEngine | null} */
  const media = () => {
    const engine = ctx.around.media;
    if (!engine) return null;
    const room = (/** @type {string} */ name) => ctx.rooms.open(name);
    const create = async () => {
      const own = live;
      const relays = await ctx.relays.servers();
      // Given up meanwhile.
      if (!own || live !== own) throw new StarlingError('call.media');
      return engine.create({ relays, room });
    };
    return { ...engine, create };
  };
  const ua = () => /** @type {import('../sip/ua.js').UserAgent} */ (ctx.ua);
  /** A person has one call, whichever of her addresses it goes to. */
  const isBusy = () => ctx.around.busy?.() ?? false;
  /** @param {Partial<import('../types.js').Call>} patch */
  const change = (patch) => void (live && ctx.state.call && ctx.update({ call: { ...ctx.state.call, ...patch } }));
  /** @param {Set<string>} set @param {string} key */
  const remember = (set, key) => {
    set.add(key);
    if (set.size > MAX_REMEMBERED) set.delete(/** @type {string} */ (set.values().next().value));
  };

  /** @param {string} address @param {IncomingLeg | null} incoming @returns {Live} */
  function begin(address, incoming) {
    const id = hex(random(8));
    live = newLive(id, address, ctx.around.now(), incoming);
    ctx.update({ call: newCall(id, address, ctx.contacts.get(address), !!incoming) });
    return live;
  }

  /**
   * Ends what runs or rings, in every state, and keeps what became of it.
   * @param {import('../types.js').PastCall['result']} result
   * @param {string} [why]
   */
  async function end(result, why = '') {
    const was = live;
    const call = ctx.state.call;
    if (!was || !call) return;
    live = null;
    was.stopTimer();
    was.stopStats();
    for (const leg of was.legs) leg.cancel();
    was.media?.close();
    was.incoming?.close();
    was.restart?.close();
    was.trickle?.close();
    void was.dialog?.bye();
    const { address, name, incoming, id, line } = call;
    const seconds = call.since ? Math.round((ctx.around.now() - call.since) / 1000) : 0;
    const past = { id, address, name, incoming, at: was.begun, seconds, result, ...(line ? { line: true } : {}) };
    ctx.update({
      pastCalls: [past, ...ctx.state.pastCalls].slice(0, 500),
      call: why ? { ...call, state: 'ended', why } : null,
    });
    if (why) ctx.timer(ENDED_MILLIS, () => void (ctx.state.call?.id === id && ctx.update({ call: null })));
    if (result === 'missed') ctx.emit('missed', past);
    await ctx.store.put('calls', `${String(was.begun).padStart(15, '0')} ${id}`, past);
  }

  const whom = callees(ctx);
  const { watch, confirmed, talk } = conversation({ ctx, live: () => live, change, end });

  /** @returns {import('../types.js').PastCall['result']} */
  const ended = () => (ctx.state.call?.since ? 'answered' : 'failed');

  /**
   * @param {Live} own
   * @param {import('../types.js').MediaEngine} engine
   * @param {import('../agent/delivery.js').Target[]} targets
   */
  function dial(own, engine, targets) {
    let why = '';
    const contact = ctx.contacts.get(own.address);
    const token = contact?.theirToken ?? null;
    // Of a list begun anew nobody is called, and nobody rings: whoever begins one does not silence the devices that are known.
    const friend = contact?.state === 'accepted';
    const legs = targets.slice(0, MAX_DEVICES).map((target) => {
      const trickles = !!target.location?.capabilities.includes(TRICKLE);
      const ways = ctx.delivery.paths(target);
      const how = { uri: gruu(own.address, target.id), ways, token, hidden: !friend, trickles };
      const leg = new OutgoingLeg(ua(), ctx.timer, how, {
        media: (media) => watch(own, media),
        ringing: () => void (live === own && ctx.state.call?.state === 'calling' && change({ state: 'ringing' })),
        answered: (winner) => won(own, winner),
        failed: (loser, reason) => {
          own.legs.delete(loser);
          why = worse(why, reason);
          // RFC 3261, section 16.7, step 5: a decline is the word of the person, for all devices.
          if (reason === 'call.declined' && !own.dialog) {
            for (const other of own.legs) other.cancel(DECLINED);
            own.legs.clear();
          }
          if (live === own && !own.dialog && !own.legs.size) void failed(own, engine, targets, why);
        },
      });
      own.legs.add(leg);
      return leg;
    });
    for (const leg of legs) void leg.start(engine);
  }

  /**
   * No device is left that may answer. Where none was there, they may be elsewhere by now.
   * @param {Live} own @param {import('../types.js').MediaEngine} engine @param {import('../agent/delivery.js').Target[]} called @param {string} why
   */
  async function failed(own, engine, called, why) {
    const more = why === 'call.offline' && !own.again ? await whom.more(own.address, called) : [];
    if (live !== own) return;
    own.again = true;
    if (more.length) dial(own, engine, more);
    else await end('failed', why);
  }

  /** @param {Live} own @param {OutgoingLeg | LineLeg} winner */
  function won(own, winner) {
    own.legs.delete(winner);
    // A second device answered too, or we hung up: RFC 3261, section 13.2.2.4.
    if (live !== own || own.dialog) {
      winner.close();
      return void winner.dialog?.bye();
    }
    change({ gateway: winner.gateway });
    confirmed(own, winner);
    for (const leg of own.legs) leg.cancel(ELSEWHERE);
    own.legs.clear();
    void talk(own, /** @type {MediaLeg} */ (own.media));
  }

  /** @param {Incoming} incoming */
  async function received(incoming) {
    const { message, signer, answer } = incoming;
    const engine = media();
    if (parameter(first(message, 'to'), 'tag')) return offered(incoming);
    const key = callKey(message);
    if (live?.incoming?.key === key) return live.incoming.merge(incoming);
    if (seen.has(key)) return answer(482, 'Merged Request');
    remember(seen, key);
    if (!engine || !hasSdp(message) || !mky(message.body).length) return answer(488, 'Not Acceptable Here');
    if (!signer) return lineRings(engine, incoming, key);
    const { address } = signer;
    const contact = ctx.contacts.get(address);
    const known = contact?.state === 'accepted';
    const listed = await ctx.contacts.isListed(address, signer.device);
    if (
      !listed ||
      ctx.contacts.blocked(address) ||
      ctx.moves.isOver(address) ||
      (!known && !ctx.state.settings.strangersRing)
    )
      return answer(403, 'Send a contact request');
    if (gone.has(key)) return answer(487, 'Request Terminated');
    const both = glare(address, known);
    // They will give up theirs when ours arrives.
    if (both === 'ours') return void ctx.timer(GLARE_MILLIS, () => void answer(gone.has(key) ? 487 : 486, 'Busy Here'));
    if (isBusy() || (live && both !== 'theirs' && !isRestart(signer))) return answer(486, 'Busy Here');
    if (live) await leave(both === 'theirs');
    if (live || isBusy()) return answer(486, 'Busy Here');
    await ring(engine, incoming, known, both === 'theirs');
  }

  /**
   * Out of an ordinary SIP domain: whatever the peer that brings it says, nobody is heard under the name of somebody who is known.
   * @param {import('../types.js').MediaEngine} engine @param {Incoming} incoming @param {string} key
   */
  async function lineRings(engine, incoming, key) {
    const { message, flow, answer } = incoming;
    const caller = await ctx.lines.caller(message, flow);
    if (!caller) return answer(403, 'Send a contact request');
    if (gone.has(key)) return answer(487, 'Request Terminated');
    if (live || isBusy()) return answer(486, 'Busy Here');
    await ring(engine, incoming, false, false, caller);
  }

  /** A re-INVITE: RFC 3261, section 14.2. @param {Incoming} incoming */
  async function offered(incoming) {
    const { dialog, restart } = live ?? {};
    if (!dialog?.owns(incoming.message) || !restart) return incoming.answer(481, 'Dialog does not exist');
    if (!dialog.isOf(incoming.signer)) return incoming.answer(403, 'Forbidden');
    await restart.offered(incoming);
  }

  /** The leg to which an INFO belongs. @param {Incoming} incoming @returns {import('./trickle.js').Trickle | null} */
  function legOf({ message, signer }) {
    if (live?.dialog) return live.dialog.owns(message) && live.dialog.isOf(signer) ? live.trickle : null;
    for (const leg of live?.legs ?? []) if (leg.owns(message, signer)) return leg.trickle;
    const leg = live?.incoming;
    return leg?.dialog?.owns(message) && leg.dialog.isOf(signer) ? leg.trickle : null;
  }

  /**
   * The same device calls again while it rings: its page was loaded anew.
   * @param {import('../identity/verifier.js').Verified} signer
   */
  const isRestart = (signer) => ctx.state.call?.state === 'ringing' && live?.incoming?.signer?.device === signer.device;

  /**
   * Both call each other at once: the call of the smaller address is the one.
   * @param {string} address
   * @param {boolean} known
   * @returns {'none'|'ours'|'theirs'}
   */
  function glare(address, known) {
    if (!live || live.incoming || live.dialog || live.address !== address || !known) return 'none';
    return ua().us.address < address ? 'ours' : 'theirs';
  }

  /** @param {boolean} replaced  by their call: nothing became of ours */
  async function leave(replaced) {
    const was = live;
    if (!was) return;
    await was.incoming?.refuse(487, 'Request Terminated');
    if (!replaced) return end('missed');
    live = null;
    was.stopTimer();
    for (const leg of was.legs) leg.cancel();
    ctx.update({ call: null });
  }

  /**
   * @param {import('../types.js').MediaEngine} engine
   * @param {Incoming} incoming
   * @param {boolean} known
   * @param {boolean} wanted
   * @param {import('../agent/lines.js').Caller | null} [caller]  out of an ordinary SIP domain
   */
  async function ring(engine, incoming, known, wanted, caller = null) {
    const leg = new IncomingLeg(ua(), ctx.timer, incoming, (media) => watch(own, media));
    const own = begin(caller?.address ?? leg.signer?.address ?? '', leg);
    if (caller) change({ name: caller.name, line: caller.server, gateway: true, trust: 'unverified' });
    else change({ gateway: isGateway(incoming.message) });
    own.stopTimer = ctx.timer(RING_MILLIS, () => void (live === own && unanswered(leg)));
    try {
      await leg.ring(engine, known && engine.early !== false);
    } catch {
      await leg.refuse(488, 'Not Acceptable Here');
      if (live === own) await end('failed', 'call.media');
      return;
    }
    if (live !== own) return;
    if (wanted) return accept();
    ctx.emit('call', ctx.state.call);
  }

  /** @param {IncomingLeg} leg */
  async function unanswered(leg) {
    await leg.refuse(480, 'No Answer');
    await end('missed');
  }

  async function accept() {
    const own = live;
    const engine = media();
    if (!own?.incoming || !engine || ctx.state.call?.state !== 'ringing') return;
    change({ state: 'connecting' });
    own.stopTimer();
    const leg = own.incoming;
    unconfirmed.add(leg);
    try {
      const accepted = await leg.accept(engine, () => {
        unconfirmed.delete(leg);
        if (live === own) void end('failed', 'call.media');
      });
      if (!accepted) return;
      // Given up while the answer was on its way: nobody else ends what it began.
      if (live !== own) return void leg.dialog?.bye();
    } catch (e) {
      unconfirmed.delete(leg);
      await leg.refuse(480, 'Temporarily Unavailable');
      if (live === own) await end('failed', e instanceof StarlingError ? e.key : 'call.media');
      return;
    }
    confirmed(own, leg);
    await talk(own, /** @type {MediaLeg} */ (own.media));
  }

  /** @param {string} [why] */
  async function hangUp(why = '') {
    if (!live) return ctx.state.call ? ctx.update({ call: null }) : undefined;
    const own = live;
    if (own.incoming && ctx.state.call?.state === 'ringing') return decline();
    // Accepted, and the media are still being made.
    if (own.incoming && (await own.incoming.refuse(603, 'Decline')) && live !== own) return;
    await end(ctx.state.call?.since ? 'answered' : 'cancelled', why);
  }

  /** @param {string} [text]  goes as a message */
  async function decline(text) {
    const own = live;
    if (!own?.incoming) return;
    await own.incoming.refuse(603, 'Decline');
    await end('declined');
    if (text && ctx.contacts.get(own.address)?.state === 'accepted') await ctx.chat.send(own.address, text);
  }

  return {
    received,
    accept,
    decline,
    hangUp: () => hangUp(),

    /** @param {Incoming} incoming */
    async cancelled({ message, answer }) {
      await answer(200, 'OK');
      const key = callKey(message);
      remember(gone, key);
      const leg = live?.incoming;
      if (!leg || leg.key !== key || !leg.cancelledBy(message)) return;
      if (await leg.refuse(487, 'Request Terminated')) await end(outcomeOf(message));
    },

    /** BYE. @param {Incoming} incoming */
    async ended({ message, answer }) {
      const dialog = live?.dialog;
      if (!dialog?.owns(message)) return answer(481, 'Dialog does not exist');
      dialog.over = true;
      await answer(200, 'OK');
      await end(ended());
    },

    /** INFO: RFC 6086, section 4.2. @param {Incoming} incoming */
    async informed(incoming) {
      const trickle = legOf(incoming);
      if (!trickle) return incoming.answer(481, 'Dialog does not exist');
      const { status, reason, more } = trickle.take(incoming.message);
      await incoming.answer(status, reason, more);
    },

    /** The network is back, or there is a flow again. */
    hurry() {
      whom.opened();
      live?.restart?.hurry();
    },

    /** ACK. @param {Incoming} incoming */
    acknowledged({ message }) {
      for (const leg of unconfirmed)
        if (leg.dialog?.owns(message)) {
          unconfirmed.delete(leg);
          leg.acknowledged();
        }
    },

    /** @param {string} address */
    async call(address) {
      if (live) return;
      const engine = media();
      if (!engine) throw new StarlingError('call.media');
      const own = begin(address, null);
      own.stopTimer = ctx.timer(RING_MILLIS, () => void (live === own && end('cancelled', 'call.no-answer')));
      const reachable = await whom.of(address);
      if (live !== own) return;
      if (!reachable.length) return end('failed', ua()?.ready.length ? 'call.offline' : 'call.unconnected');
      dial(own, engine, reachable);
    },

    /**
     * Calls somebody at an ordinary SIP domain, to which the person has agreed.
     * @param {string} address @param {import('../sip/flow.js').Flow} flow  to the peer that carries the call @param {string} server  how that one is called
     */
    async callLine(address, flow, server) {
      if (live) return;
      const engine = media();
      if (!engine) throw new StarlingError('call.media');
      const own = begin(address, null);
      change({ line: server, gateway: true, trust: 'unverified' });
      own.stopTimer = ctx.timer(RING_MILLIS, () => void (live === own && end('cancelled', 'call.no-answer')));
      const leg = new LineLeg(
        ua(),
        { address, flow },
        {
          media: (media) => watch(own, media),
          ringing: () => void (live === own && ctx.state.call?.state === 'calling' && change({ state: 'ringing' })),
          answered: (winner) => won(own, winner),
          failed(loser, why) {
            own.legs.delete(loser);
            if (live === own && !own.dialog) void end('failed', why);
          },
        },
      );
      own.legs.add(leg);
      await leg.start(engine);
    },

    /** Whether a request without a signature may be of the call that runs: a peer that carries it says it. @param {Message} message @param {import('../sip/flow.js').Flow} flow */
    isAlongPeer: (message, flow) => !!live?.dialog?.peer && live.dialog.peer === flow && live.dialog.owns(message),

    /** @param {boolean} muted */
    mute(muted) {
      live?.media?.mute(muted);
      change({ muted });
    },
    /** @param {string} key  of a telephone */
    press: (key) => ctx.state.call?.state === 'running' && (live?.media?.press(key) ?? false),
    /** @param {string} id */
    async microphone(id) {
      await live?.media?.microphone(id);
    },
    stats: () => live?.media?.stats() ?? Promise.resolve(null),
    async load() {
      ctx.update({ pastCalls: (await ctx.store.list('calls', '', '\uffff', -500)).map(([, past]) => past).reverse() });
    },
  };
}
