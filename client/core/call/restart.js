// A call whose media are lost, or whose network changes: ICE restart by re-INVITE (RFC 8445, section 9; RFC 8839,
// section 4.4.1.1.1), from whichever side notices, until the sound is back or time is up. docs/protocols/sip.md, section 7.
import { decode, encode } from '../bytes.js';
import { gruu } from '../identity/device.js';
import { mky } from '../identity/passport.js';
import { hasSdp } from '../sip/message.js';
import { ANNOUNCED, takesCandidates } from './trickle.js';

/** ICE itself finds another pair meanwhile, if there is one; the caller goes first, so that both seldom go at once. */
const CALLER_MILLIS = 1000;
const CALLED_MILLIS = 2500;
/** So long new candidates may take to connect before the next attempt. */
const CONNECT_MILLIS = 8000;
const FIRST_PAUSE_MILLIS = 1000;
const MAX_ATTEMPTS = 10;
/** So long somebody waits for the sound to come back. */
export const LOST_MILLIS = 45_000;
/** Re-INVITEs of the other side in one call. */
const MAX_OFFERS = 100;

/** @typedef {import('../sip/ua.js').Incoming} Incoming */
/**
 * @typedef {object} Parts
 * @property {import('../sip/ua.js').UserAgent} ua
 * @property {(ms: number, task: () => void) => () => void} timer
 * @property {import('./dialog.js').Dialog} dialog
 * @property {import('../types.js').MediaLeg} media
 * @property {import('./trickle.js').Trickle} trickle
 * @property {boolean} caller  whose INVITE it was: RFC 3261, section 14.1
 * @property {boolean} takes  the other side takes candidates by INFO
 * @property {string} remote  its description
 * @property {() => Promise<import('../agent/relays.js').IceServer[]>} relays
 * @property {(lost: boolean) => void} changed
 * @property {() => void} over  it does not come back
 */

export class Restart {
  #lost = false;
  #closed = false;
  #attempts = 0;
  /** Answers that made no other attempt possible: a client that knows no re-INVITE. */
  #refused = false;
  /** @type {'idle'|'offering'|'answering'} */
  #phase = 'idle';
  #offers = 0;
  #stopNext = () => {};
  #stopEnd = () => {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
    this.fingerprints = fingerprintsOf(encode(parts.remote));
  }

  /** @param {'connected'|'disconnected'|'failed'} state  of the media */
  media(state) {
    if (this.#closed) return;
    if (state === 'connected') return this.#back();
    this.#begin();
    this.#next(this.parts.caller ? CALLER_MILLIS : CALLED_MILLIS);
  }

  /** The network is another one, or there is a way to the other side again. */
  hurry() {
    if (this.#closed || !this.#lost || this.#phase !== 'idle') return;
    this.#next(0);
  }

  #begin() {
    if (this.#lost) return;
    this.#lost = true;
    this.#attempts = 0;
    this.#stopEnd = this.parts.timer(LOST_MILLIS, () => this.#end());
    this.parts.changed(true);
    // Whether anybody is at the other end of our flows shows only when they are asked.
    this.parts.ua.hurry();
  }

  #back() {
    if (!this.#lost) return;
    this.#lost = false;
    this.#stopEnd();
    this.#stopNext();
    this.parts.changed(false);
  }

  #end() {
    if (this.#closed) return;
    this.close();
    this.parts.over();
  }

  /** @param {number} millis */
  #next(millis) {
    this.#stopNext();
    if (this.#refused || this.#closed) return;
    this.#stopNext = this.parts.timer(millis, () => void this.#attempt());
  }

  async #attempt() {
    if (!this.#lost || this.#phase !== 'idle' || this.#attempts >= MAX_ATTEMPTS) return;
    this.#attempts++;
    this.#phase = 'offering';
    const pause = await this.#offer().catch(() => FIRST_PAUSE_MILLIS);
    this.#phase = 'idle';
    if (this.#lost) this.#next(pause);
  }

  /** @returns {Promise<number>} ms until the next attempt */
  async #offer() {
    const { media, trickle, dialog, takes } = this.parts;
    await this.#refresh();
    const offer = await media.restart({ whole: !takes });
    if (this.#closed) return 0;
    trickle.described(offer);
    const outcome = await dialog.reinvite(encode(offer));
    if (this.#closed) return 0;
    const answer = outcome.message;
    const accepted = outcome.status >= 200 && outcome.status < 300 && answer && hasSdp(answer);
    if (accepted && (outcome.signer || dialog.peer) && this.#isSame(answer.body)) {
      await media.accept(decode(answer.body));
      trickle.remote(decode(answer.body));
      if (takesCandidates(answer)) trickle.open(dialog);
      return CONNECT_MILLIS;
    }
    await media.undo();
    return this.#pause(outcome.status);
  }

  /** Names and passwords for relays end, and peers come and go. */
  async #refresh() {
    const relays = await this.parts.relays();
    if (relays.length) this.parts.media.use(relays);
  }

  /** @param {number} status  that is no answer to use */
  #pause(status) {
    // RFC 3261, section 14.1: both offered at once, and wait for different times.
    if (status === 491) return (this.parts.caller ? 2100 : 0) + Math.floor(Math.random() * 200) * 10;
    if (status === 481) this.#end();
    if ([405, 415, 488, 501].includes(status)) this.#refused = true;
    return FIRST_PAUSE_MILLIS * 2 ** Math.min(3, this.#attempts - 1);
  }

  /** @param {Uint8Array} body  the same DTLS association goes on: RFC 8842, section 5.5 */
  #isSame(body) {
    return fingerprintsOf(body) === this.fingerprints;
  }

  /** A re-INVITE of the other side, known to be of this dialog and signed by its device. @param {Incoming} incoming */
  async offered({ message, answer }) {
    const { dialog, media, trickle, ua } = this.parts;
    if (this.#phase === 'offering') return answer(491, 'Request Pending');
    // RFC 3261, section 14.2.
    if (this.#phase === 'answering' || !dialog.follows(message))
      return answer(500, 'Server Internal Error', [['retry-after', '1']]);
    if (++this.#offers > MAX_OFFERS || !hasSdp(message) || !this.#isSame(message.body))
      return answer(488, 'Not Acceptable Here');
    this.#phase = 'answering';
    try {
      const offer = decode(message.body);
      await this.#refresh();
      const sdp = await media.answer(offer, { whole: !takesCandidates(message) });
      if (this.#closed) return answer(481, 'Dialog does not exist');
      trickle.described(sdp);
      trickle.remote(offer);
      const headers = [['contact', `<${gruu(ua.us.address, ua.us.device)}>`], ...ANNOUNCED];
      await answer(200, 'OK', /** @type {[string, string][]} */ (headers), 'application/sdp', encode(sdp));
      if (takesCandidates(message)) trickle.open(dialog);
    } catch {
      await media.undo().catch(() => {});
      return answer(488, 'Not Acceptable Here');
    } finally {
      this.#phase = 'idle';
      if (this.#lost) this.#next(CONNECT_MILLIS);
    }
  }

  close() {
    this.#closed = true;
    this.#stopNext();
    this.#stopEnd();
  }
}

/** @param {Uint8Array} sdp */
const fingerprintsOf = (sdp) => JSON.stringify(mky(sdp));
