// A call to an ordinary SIP domain. The peer that carries it is the other end here (RFC 7092): nothing it says is signed, it can listen, and who
// speaks behind it is not verified. docs/protocols/classic.md, section 3.
import { b64u, decode, encode, hex, random } from '../bytes.js';
import { sipUri } from '../identity/address.js';
import { StarlingError } from '../errors.js';
import { gruu } from '../identity/device.js';
import { mky } from '../identity/passport.js';
import { hasSdp } from '../sip/message.js';
import { Dialog } from './dialog.js';
import { Trickle } from './trickle.js';

const INVITE_MILLIS = 130_000;

/** @typedef {import('../sip/flow.js').Flow} Flow */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {{media: (media: import('../types.js').MediaLeg) => void, ringing: () => void, answered: (leg: LineLeg) => void, failed: (leg: LineLeg, why: string) => void}} LineEvents  exactly one of answered and failed, unless cancelled */

/** What a final answer that is no 2xx means, as a key of the language files. @param {number} status @returns {string} */
export function lineOutcome(status) {
  if (status === 486 || status === 600) return 'line.busy';
  if (status === 603) return 'call.declined';
  if ([404, 410, 484, 485, 604].includes(status)) return 'line.nobody';
  if ([408, 480, 487].includes(status)) return 'call.no-answer';
  if (status === 403) return 'line.refused';
  if ([413, 415, 488, 606].includes(status)) return 'line.unfit';
  return 'line.unreachable';
}

export class LineLeg {
  /** @type {import('../types.js').MediaLeg | null} */
  media = null;
  /** @type {Dialog | null} */
  dialog = null;
  trickle = new Trickle();
  /** All candidates travel in the descriptions. */
  takes = false;
  gateway = true;
  remote = '';
  #identity = { callId: b64u(random(15)), fromTag: hex(random(8)) };
  #branch = '';
  #trying = false;
  #over = false;
  #cancelled = false;

  /**
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {{address: string, flow: Flow}} target  flow: to the peer that carries the call
   * @param {LineEvents} events
   */
  constructor(ua, target, events) {
    this.ua = ua;
    this.target = target;
    this.events = events;
    this.uri = sipUri(target.address);
  }

  /** @param {import('../types.js').MediaEngine} engine */
  async start(engine) {
    let offer;
    try {
      const media = await engine.create();
      this.media = media;
      this.events.media(media);
      this.trickle.attach(media);
      offer = await media.offer({ whole: true });
      this.trickle.described(offer);
    } catch (e) {
      return this.#fail(e instanceof StarlingError ? e.key : 'call.media');
    }
    if (this.#over) return this.close();
    const { ua } = this;
    const outcome = await ua.send(this.target.flow, 'INVITE', this.uri, {
      contact: `<${gruu(ua.us.address, ua.us.device)}>`,
      ...this.#identity,
      cseq: 1,
      type: 'application/sdp',
      body: encode(offer),
      timeout: INVITE_MILLIS,
      sent: (branch) => (this.#branch = branch),
      provisional: (message) => this.#provisional(message),
    });
    const { status, message } = outcome;
    if (status >= 200 && status < 300 && message) await this.#accepted(message);
    else if (!this.#over) this.#fail(lineOutcome(status));
  }

  /** @param {Message} message */
  #provisional(message) {
    this.#trying = true;
    if (this.#over) return this.#sendCancel();
    if (message.status > 100) this.events.ringing();
  }

  /** @param {Message} answer */
  async #accepted(answer) {
    const dialog = Dialog.alongPeer(this.ua, this.target.flow, this.uri, answer);
    void dialog.acknowledge(1);
    if (this.#over || !(await this.#apply(answer))) {
      void dialog.bye();
      if (!this.#over) this.#fail('call.media');
      return;
    }
    if (this.#over) return dialog.bye();
    this.#over = true;
    this.dialog = dialog;
    this.events.answered(this);
  }

  /** @param {Message} answer @returns {Promise<boolean>} false: not usable */
  async #apply(answer) {
    if (!hasSdp(answer) || !mky(answer.body).length) return false;
    try {
      this.remote = decode(answer.body);
      await /** @type {import('../types.js').MediaLeg} */ (this.media).accept(this.remote);
      this.trickle.remote(this.remote);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {string} why */
  #fail(why) {
    if (this.#over) return;
    this.#over = true;
    this.close();
    this.events.failed(this, why);
  }

  /** RFC 3261, section 9.1: not before a provisional answer. */
  #sendCancel() {
    if (this.#cancelled || !this.#branch) return;
    this.#cancelled = true;
    const invite = { ...this.#identity, cseq: 1, routes: [], to: `<${this.uri}>` };
    void this.ua.cancel(this.target.flow, this.uri, this.#branch, invite);
  }

  /** The caller gave up. */
  cancel() {
    if (this.#over) return;
    this.#over = true;
    if (this.#trying) this.#sendCancel();
    this.close();
  }

  /** No INFO belongs to it. */
  owns() {
    return false;
  }

  close() {
    this.trickle.close();
    this.media?.close();
  }
}
