// One INVITE to one device, along one way and after a moment along another; only what that device signed is used.
// docs/protocols/sip.md, section 7.
import { b64u, decode, encode, hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { gruu } from '../identity/device.js';
import { mky } from '../identity/passport.js';
import { first, hasSdp, parameter } from '../sip/message.js';
import { Dialog } from './dialog.js';
import { isGateway } from './live.js';
import { withoutPlaces } from './places.js';
import { ANNOUNCED, takesCandidates, Trickle } from './trickle.js';

const HEDGE_MILLIS = 300;
const INVITE_MILLIS = 130_000;
const MAX_WAYS = 4;
/** Peers may be about to learn that a contact lets us through: asked again so often, and after so long, doubled each time. */
const UNKNOWN_TRIES = 3;
const UNKNOWN_MILLIS = 1000;
export const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';
export const DECLINED = 'SIP;cause=603;text="Declined elsewhere"';

/** @typedef {import('./dialog.js').Way} Way */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {import('../sip/ua.js').Outcome} Outcome */
/** @typedef {{callId: string, fromTag: string}} Identity */
/** @typedef {{way: Way, identity: Identity, branch: string, trying: boolean, dead: boolean, cancel: string | null}} Attempt  dead: whatever comes is not used; cancel: the Reason of a CANCEL that is wanted */
/** @typedef {{media: (media: import('../types.js').MediaLeg) => void, ringing: () => void, answered: (leg: OutgoingLeg) => void, failed: (leg: OutgoingLeg, why: string) => void}} LegEvents  exactly one of answered and failed, unless cancelled */

/** @returns {Identity} */
const identity = () => ({ callId: b64u(random(15)), fromTag: hex(random(8)) });

export class OutgoingLeg {
  /** @type {Set<Attempt>} */
  #attempts = new Set();
  /** @type {import('../types.js').MediaLeg | null} */
  media = null;
  /** @type {Dialog | null} */
  dialog = null;
  /** Whoever answered is a telephone behind a server. */
  gateway = false;
  /** That of the 180 that came last: RFC 3261, section 12.1. @type {Dialog | null} */
  #early = null;
  /** The device takes candidates by INFO. */
  takes = false;
  #identity = identity();
  #offer = new Uint8Array(0);
  #heard = false;
  #over = false;
  #why = '';
  #applied = '';
  /** @type {Promise<void>} */
  #applying = Promise.resolve();
  #stopHedge = () => {};
  #unknown = 0;

  /**
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {(ms: number, task: () => void) => () => void} timer
   * @param {{uri: string, ways: Way[], token: Uint8Array | null, hidden?: boolean, trickles?: boolean}} target  uri: the GRUU of the device; hidden: whoever is called must not learn before the answer where we are; trickles: its record says that it takes candidates later
   * @param {LegEvents} events
   */
  constructor(ua, timer, target, events) {
    this.ua = ua;
    this.timer = timer;
    this.target = target;
    this.events = events;
    this.ways = target.ways.slice(0, MAX_WAYS);
    this.trickle = new Trickle(!!target.hidden);
  }

  /** @param {import('../types.js').MediaEngine} engine */
  async start(engine) {
    try {
      const media = await engine.create();
      this.media = media;
      this.events.media(media);
      this.trickle.attach(media);
      // RFC 8838, section 16: half trickle towards whoever may not take candidates later.
      const whole = await media.offer({ whole: !this.target.trickles });
      const offer = this.target.hidden ? withoutPlaces(whole) : whole;
      this.trickle.described(offer);
      this.#offer = encode(offer);
    } catch (e) {
      return this.#fail(e instanceof StarlingError ? e.key : 'call.media');
    }
    if (this.#over) return this.close();
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
      more: ANNOUNCED,
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
    this.#early = this.#dialogOf(attempt, message);
    this.#trickleAlong(this.#early, message);
    if (hasSdp(message) && !(await this.#apply(message.body)) && !this.#over) this.#forged(attempt);
  }

  /** @param {Attempt} attempt @param {Outcome} outcome */
  async #accepted(attempt, outcome) {
    const answer = /** @type {Message} */ (outcome.message);
    const dialog = this.#dialogOf(attempt, answer);
    void dialog.acknowledge(1);
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
    this.gateway = isGateway(answer);
    this.trickle.reveal();
    this.#trickleAlong(dialog, answer);
    this.events.answered(this);
  }

  /** An answer confirms the dialog of its 180: CSeq goes on. @param {Attempt} attempt @param {Message} answer */
  #dialogOf(attempt, answer) {
    const early = this.#early;
    const dialog = Dialog.calling(this.ua, attempt.way, this.target.uri, answer);
    if (early?.shape.way !== attempt.way || early.shape.remoteTag !== dialog.shape.remoteTag) return dialog;
    // RFC 3261, section 13.2.2.4: the route set is that of the 2xx.
    early.shape.routes = dialog.shape.routes;
    return early;
  }

  /** @param {Dialog} dialog @param {Message} answer */
  #trickleAlong(dialog, answer) {
    this.takes = takesCandidates(answer);
    if (this.takes) this.trickle.open(dialog);
  }

  /**
   * Whether an INFO is of this leg. It may overtake the 180 that makes the dialog: then the signature of the device that
   * is called, our tag and the Call-ID must do.
   * @param {Message} message @param {import('../identity/verifier.js').Verified | null} signer
   */
  owns(message, signer) {
    if (this.#over || !signer || gruu(signer.address, signer.device) !== this.target.uri) return false;
    if (this.#early) return this.#early.owns(message);
    const { callId, fromTag } = this.#identity;
    return first(message, 'call-id') === callId && parameter(first(message, 'to'), 'tag') === fromTag;
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
      this.trickle.remote(this.#applied);
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
    this.#early = null;
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
    if (!this.#heard && this.#next()) return;
    if (this.#why === 'call.refused' && !this.#heard && this.#unknown < UNKNOWN_TRIES && !this.target.hidden)
      this.#anew(UNKNOWN_MILLIS * 2 ** this.#unknown++);
    else this.#fail(this.#why || (this.#heard ? 'call.no-answer' : 'call.offline'));
  }

  /** As a call of its own. @param {number} millis from now */
  #anew(millis) {
    this.#stopHedge = this.timer(millis, () => {
      if (this.#over) return;
      this.#why = '';
      this.#identity = identity();
      this.ways = this.target.ways.slice(0, MAX_WAYS);
      this.#next();
    });
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
    this.close();
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
    this.close();
  }

  close() {
    this.trickle.close();
    this.media?.close();
  }

  /** The answer of the device that is in force. */
  get remote() {
    return this.#applied;
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
