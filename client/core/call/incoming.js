// One INVITE that came to this device: rings, answers, and ends in one way only. docs/protocols/sip.md, section 7.
import { decode, encode } from '../bytes.js';
import { gruu } from '../identity/device.js';
import { all, elements, first, parameter, uriOf } from '../sip/message.js';
import { Dialog } from './dialog.js';
import { ANNOUNCED, takesCandidates, Trickle } from './trickle.js';

const ACK_MILLIS = 32_000;

/** @typedef {import('../sip/ua.js').Incoming} Incoming */

/**
 * A call is this Call-ID, From tag and CSeq; a second copy of it came another way.
 * @param {import('../sip/message.js').Message} message
 */
export const callKey = (message) =>
  `${first(message, 'call-id')} ${parameter(first(message, 'from'), 'tag')} ${first(message, 'cseq').split(' ')[0]}`;

export class IncomingLeg {
  /** @type {import('../types.js').MediaLeg | null} */
  media = null;
  /** Early from 180 on: RFC 3261, section 12.1. @type {Dialog | null} */
  dialog = null;
  trickle = new Trickle();
  #answer = '';
  /** @type {Promise<void> | null} */
  #prepared = null;
  #confirm = () => {};
  #refused = false;
  /** Once accepted or over, no other final answer may follow; preparing: the media are made, which may take as long as a browser takes to start. @type {'ringing'|'preparing'|'accepted'|'over'} */
  #phase = 'ringing';

  /**
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {(ms: number, task: () => void) => () => void} timer
   * @param {Incoming} incoming
   * @param {(media: import('../types.js').MediaLeg) => void} created
   */
  constructor(ua, timer, incoming, created) {
    this.ua = ua;
    this.timer = timer;
    this.incoming = incoming;
    this.created = created;
    /** null: a peer of ours brings it from an ordinary SIP domain */
    this.signer = incoming.signer;
    this.key = callKey(incoming.message);
  }

  /** @returns {[string, string][]} what an answer that forms a dialog carries, RFC 3261, section 12.1.1 */
  get #forming() {
    const { ua, incoming } = this;
    return [
      ...elements(incoming.message, 'record-route').map((r) => /** @type {[string, string]} */ (['record-route', r])),
      ['contact', `<${gruu(ua.us.address, ua.us.device)}>`],
      ...ANNOUNCED,
    ];
  }

  /**
   * The answer, made once; accepting may overtake ringing.
   * @param {import('../types.js').MediaEngine} engine
   * @returns {Promise<void>}
   */
  #prepare(engine) {
    return (this.#prepared ??= this.#make(engine));
  }

  /** @param {import('../types.js').MediaEngine} engine */
  async #make(engine) {
    const media = await engine.create();
    this.media = media;
    this.created(media);
    this.trickle.attach(media);
    this.#answer = await media.answer(this.remote, { whole: !this.takes });
    this.trickle.described(this.#answer);
    this.trickle.remote(this.remote);
  }

  /** The caller takes candidates later. */
  get takes() {
    return takesCandidates(this.incoming.message);
  }

  /** The caller's offer. */
  get remote() {
    return decode(this.incoming.message.body);
  }

  /** What the caller asks now belongs to it. @returns {Dialog} */
  #form() {
    const { incoming, ua, signer } = this;
    const { flow, message, tag } = incoming;
    if (this.dialog?.shape.localTag !== tag)
      this.dialog = signer
        ? Dialog.called(ua, flow, gruu(signer.address, signer.device), message, tag)
        : Dialog.calledAlongPeer(ua, flow, uriOf(first(message, 'from')), message, tag);
    return /** @type {Dialog} */ (this.dialog);
  }

  /** Candidates follow an answer that went out, and not before: RFC 8840, section 4.3. */
  #trickleOn() {
    const dialog = this.#form();
    if (this.takes) this.trickle.open(dialog);
  }

  /**
   * Media begins to connect while it rings only for a contact: a stranger learns no address of ours before we accept.
   * @param {import('../types.js').MediaEngine} engine
   * @param {boolean} early
   */
  async ring(engine, early) {
    if (early) await this.#prepare(engine);
    if (this.#phase === 'over') return this.close();
    if (this.#phase !== 'ringing') return;
    await this.#ringing(early);
  }

  /** @param {boolean} early  with the answer */
  async #ringing(early) {
    this.#form();
    await this.incoming.answer(180, 'Ringing', this.#forming, early ? 'application/sdp' : '', encode(this.#answer));
    if (early && !this.#ended()) this.#trickleOn();
  }

  /** The same call came along another way. @param {Incoming} copy @returns {Promise<void>} */
  async merge(copy) {
    // The way it came first is gone: go on along this one.
    if (!this.incoming.flow.isOpen && this.#phase === 'ringing') {
      this.incoming = copy;
      return this.#ringing(this.#answer !== '');
    }
    return copy.answer(482, 'Merged Request');
  }

  /**
   * @param {import('../types.js').MediaEngine} engine
   * @param {() => void} unacknowledged  32 s without ACK
   * @returns {Promise<boolean>} false: it is over already
   */
  async accept(engine, unacknowledged) {
    if (this.#phase !== 'ringing') return false;
    this.#phase = 'preparing';
    await this.#prepare(engine);
    if (this.#ended()) {
      this.close();
      if (!this.#refused) await this.incoming.answer(603, 'Decline');
      return false;
    }
    this.#phase = 'accepted';
    // RFC 3261, section 13.3.1.4: without ACK the call ends by BYE.
    this.#form().confirmed = new Promise((resolve) => {
      const stop = this.timer(ACK_MILLIS, () => {
        resolve();
        unacknowledged();
      });
      this.#confirm = () => {
        stop();
        resolve();
      };
    });
    await this.incoming.answer(200, 'OK', this.#forming, 'application/sdp', encode(this.#answer));
    this.#trickleOn();
    return true;
  }

  #ended() {
    return this.#phase === 'over';
  }

  acknowledged() {
    this.#confirm();
  }

  /**
   * A final answer that is no 200.
   * @param {number} status
   * @param {string} reason
   * @returns {Promise<boolean>} false: it is too late
   */
  async refuse(status, reason) {
    if (this.#phase !== 'ringing' && this.#phase !== 'preparing') return false;
    this.#refused = true;
    this.close();
    await this.incoming.answer(status, reason);
    return true;
  }

  /** @param {import('../sip/message.js').Message} cancel */
  cancelledBy(cancel) {
    const branch = (/** @type {import('../sip/message.js').Message} */ m) =>
      parameter(all(m, 'via')[0] ?? '', 'branch');
    return callKey(cancel) === this.key && branch(cancel) === branch(this.incoming.message);
  }

  close() {
    this.#phase = 'over';
    this.trickle.close();
    this.media?.close();
  }
}
