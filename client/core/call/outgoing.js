// One INVITE to one device, along one way and after a moment along another; only what that device signed is used.
// docs/protocols/sip.md, section 7.
import { b64u, decode, encode, hex, random } from '../bytes.js';
import { gruu } from '../identity/device.js';
import { mky } from '../identity/passport.js';
import { first, hasSdp } from '../sip/message.js';
import { Dialog } from './dialog.js';

const HEDGE_MILLIS = 300;
const INVITE_MILLIS = 130_000;
const MAX_WAYS = 4;
export const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';
export const DECLINED = 'SIP;cause=603;text="Declined elsewhere"';

/** @typedef {import('./dialog.js').Way} Way */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {import('../sip/ua.js').Outcome} Outcome */
/** @typedef {{callId: string, fromTag: string}} Identity */
/** @typedef {{way: Way, identity: Identity, branch: string, trying: boolean, dead: boolean, cancel: string | null}} Attempt  dead: whatever comes is not used; cancel: the Reason of a CANCEL that is wanted */
/** @typedef {{media: (media: import('../types.js').MediaLeg) => void, ringing: () => void, answered: (leg: OutgoingLeg) => void, failed: (leg: OutgoingLeg, why: string) => void}} LegEvents  exactly one of answered and failed, unless cancelled */

/**
 * Says nothing of where we are: it shows by the checks that we send after the answer. Relays are our peers', which our
 * record names; what a candidate says beside its own place (RFC 8839, section 5.1: raddr) goes too. Host and port are
 * those of an offer that has no candidate yet.
 * @param {string} sdp
 */
export const withoutPlaces = (sdp) =>
  sdp
    .replace(/^a=(candidate|end-of-candidates|remote-candidates|rtcp:).*\r?\n/gm, relayOnly)
    .replace(/^c=IN IP[46] \S+/gm, 'c=IN IP4 0.0.0.0')
    .replace(/^(o=(?:\S+ ){3})IN IP[46] \S+/gm, '$1IN IP4 127.0.0.1')
    .replace(/^m=audio \d+/gm, 'm=audio 9');

/** RFC 8839, section 5.1, in the form that browsers write. */
const RELAYED =
  /^a=candidate:(\S+ 1 [Uu][Dd][Pp] \d+ \S+ \d+) typ relay raddr \S+ rport \d+((?: (?!raddr|rport|typ)\S+ \S+)*)\r?\n$/;

/** @param {string} line */
function relayOnly(line) {
  const [, place, more] = RELAYED.exec(line) ?? [];
  return place ? `a=candidate:${place} typ relay raddr 0.0.0.0 rport 9${more}\r\n` : '';
}

/** @returns {Identity} */
const identity = () => ({ callId: b64u(random(15)), fromTag: hex(random(8)) });

export class OutgoingLeg {
  /** @type {Set<Attempt>} */
  #attempts = new Set();
  /** @type {import('../types.js').MediaLeg | null} */
  media = null;
  /** @type {Dialog | null} */
  dialog = null;
  #identity = identity();
  #offer = new Uint8Array(0);
  #heard = false;
  #over = false;
  #why = '';
  #applied = '';
  /** @type {Promise<void>} */
  #applying = Promise.resolve();
  #stopHedge = () => {};

  /**
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {(ms: number, task: () => void) => () => void} timer
   * @param {{uri: string, ways: Way[], token: Uint8Array | null, hidden?: boolean}} target  uri: the GRUU of the device; hidden: whoever is called must not learn before the answer where we are
   * @param {LegEvents} events
   */
  constructor(ua, timer, target, events) {
    this.ua = ua;
    this.timer = timer;
    this.target = target;
    this.events = events;
    this.ways = target.ways.slice(0, MAX_WAYS);
  }

  /** @param {import('../types.js').MediaEngine} engine */
  async start(engine) {
    try {
      const media = await engine.create();
      this.media = media;
      this.events.media(media);
      const offer = await media.offer();
      this.#offer = encode(this.target.hidden ? withoutPlaces(offer) : offer);
    } catch {
      return this.#fail('call.media');
    }
    if (this.#over) return this.media?.close();
    this.#next();
  }

  /** Goes along the next way; says whether there was one. */
  #next() {
    this.#stopHedge();
    const way = this.ways.shift();
    if (!way) return false;
    const attempt = { way, identity: this.#identity, branch: '', trying: false, dead: false, cancel: null };
    this.#attempts.add(attempt);
    this.#stopHedge = this.timer(HEDGE_MILLIS, () => void (!this.#heard && !this.#over && this.#next()));
    void this.#invite(attempt);
    return true;
  }

  /** @param {Attempt} attempt */
  async #invite(attempt) {
    const { ua, target } = this;
    const outcome = await ua.send(attempt.way.flow, 'INVITE', target.uri, {
      routes: attempt.way.routes,
      contact: `<${gruu(ua.us.address, ua.us.device)}>`,
      callId: attempt.identity.callId,
      fromTag: attempt.identity.fromTag,
      cseq: 1,
      token: target.token,
      type: 'application/sdp',
      body: this.#offer,
      timeout: INVITE_MILLIS,
      sent: (branch) => (attempt.branch = branch),
      provisional: (message, said) => void this.#provisional(attempt, message, said),
    });
    this.#attempts.delete(attempt);
    if (outcome.status >= 200 && outcome.status < 300 && outcome.message) await this.#accepted(attempt, outcome);
    else if (!attempt.dead && !this.#over) this.#refused(outcome);
  }

  /** @param {Attempt} attempt @param {Message} message @param {Outcome} said */
  async #provisional(attempt, message, said) {
    attempt.trying = true;
    if (attempt.cancel !== null) return this.#sendCancel(attempt);
    if (message.status === 100 || attempt.dead || this.#over) return;
    if (!said.signer) return this.#forged(attempt);
    this.#heard = true;
    this.#stopHedge();
    this.events.ringing();
    if (hasSdp(message) && !(await this.#apply(message.body)) && !this.#over) this.#forged(attempt);
  }

  /** @param {Attempt} attempt @param {Outcome} outcome */
  async #accepted(attempt, outcome) {
    const answer = /** @type {Message} */ (outcome.message);
    const dialog = Dialog.calling(this.ua, attempt.way, this.target.uri, answer);
    dialog.acknowledge();
    // Too late, or somebody else's answer: RFC 3261, section 13.2.2.4 wants the ACK all the same, then BYE.
    if (attempt.dead || this.#over) return dialog.bye();
    if (!outcome.signer || !hasSdp(answer) || !(await this.#apply(answer.body))) {
      void dialog.bye();
      if (!this.#over) this.#forged(attempt);
      return;
    }
    if (this.#over) return dialog.bye();
    this.#end(ELSEWHERE);
    this.dialog = dialog;
    this.events.answered(this);
  }

  /**
   * Uses the answer of the device, once: 200 repeats what 180 said.
   * @param {Uint8Array} body  signed by the device, fingerprints included @returns {Promise<boolean>} false: not usable
   */
  async #apply(body) {
    try {
      const sdp = decode(body);
      if (mky(body).length === 0) return false;
      if (!this.#applied) {
        this.#applied = sdp;
        this.#applying = /** @type {import('../types.js').MediaLeg} */ (this.media).accept(sdp);
      }
      await this.#applying;
      return sdp === this.#applied;
    } catch {
      return false;
    }
  }

  /** Nothing of it is used. The call starts anew along another way, if there is one. @param {Attempt} attempt */
  #forged(attempt) {
    this.#why = 'call.not-genuine';
    this.#drop(attempt, '');
    this.#attempts.delete(attempt);
    if (this.#applied) return this.#fail(this.#why);
    this.#identity = identity();
    if (!this.#next() && !this.#attempts.size) this.#fail(this.#why);
  }

  /** @param {Outcome} outcome */
  #refused({ status, message }) {
    if (status === 600 || status === 603) return this.#fail('call.declined');
    if (status === 486) return this.#fail('call.busy');
    const stranger = status === 403 && /contact request/i.test(message?.reason ?? '');
    // 482: the device has another copy of this call already (RFC 3261, section 8.2.2.2).
    if (status !== 482) this.#why ||= stranger ? 'call.refused' : '';
    if (this.#attempts.size) return;
    if (this.#heard || !this.#next()) this.#fail(this.#why || (this.#heard ? 'call.no-answer' : 'call.offline'));
  }

  /** @param {string} reason  of the CANCEL for attempts that still run */
  #end(reason) {
    this.#over = true;
    this.#stopHedge();
    for (const attempt of this.#attempts) this.#drop(attempt, reason);
  }

  /** @param {string} why */
  #fail(why) {
    if (this.#over) return;
    this.#end('');
    this.media?.close();
    this.events.failed(this, why);
  }

  /** @param {Attempt} attempt @param {string} reason */
  #drop(attempt, reason) {
    attempt.dead = true;
    if (attempt.cancel !== null) return;
    attempt.cancel = reason;
    // RFC 3261, section 9.1: not before a provisional answer.
    if (attempt.trying) this.#sendCancel(attempt);
  }

  /** @param {Attempt} attempt */
  #sendCancel(attempt) {
    if (!attempt.branch) return;
    const { uri } = this.target;
    const { callId, fromTag } = attempt.identity;
    const reason = attempt.cancel ?? '';
    const invite = { callId, fromTag, cseq: 1, routes: attempt.way.routes, to: `<${uri.split(';')[0]}>`, reason };
    void this.ua.cancel(attempt.way.flow, uri, attempt.branch, invite);
    attempt.branch = '';
  }

  /** The caller gave up, or another device answered. @param {string} [reason] */
  cancel(reason = '') {
    if (this.#over) return;
    this.#end(reason);
    this.media?.close();
  }

  /** The device it went to, for tests and Details. */
  get callId() {
    return this.dialog ? this.dialog.shape.callId : this.#identity.callId;
  }
}

/** What became of a call that is cancelled here: RFC 3326. @param {Message} cancel @returns {'elsewhere'|'declined'|'missed'} */
export function outcomeOf(cancel) {
  const cause = /^SIP\b.*;\s*cause\s*=\s*([0-9]+)\b/i.exec(first(cancel, 'reason'))?.[1];
  return cause === '200' ? 'elsewhere' : cause === '603' ? 'declined' : 'missed';
}
