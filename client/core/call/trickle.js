// Trickle ICE (RFC 8838) for one call leg: our candidates go to the other side by INFO as they are found (RFC 8840),
// theirs go to the media once their description is there. docs/protocols/sip.md, section 7.
import { elements, first } from '../sip/message.js';
import { FRAGMENT, iceOf, MAX_CANDIDATES, MAX_FRAGMENT_BYTES, readFragment, writeFragment } from './fragment.js';
import { relayOnly } from './places.js';

export const PACKAGE = 'trickle-ice';
/** A capability in LOCATION and an option tag: RFC 8840, section 10.6. */
export const TRICKLE = 'trickle-ice';
/** What an INVITE and its answers say of it: RFC 6086, section 5.2.2; RFC 8840, section 4. @type {[string, string][]} */
export const ANNOUNCED = [
  ['supported', TRICKLE],
  ['recv-info', PACKAGE],
];
/** Of one generation, in either direction. One is under way at a time, so what is found meanwhile travels together. */
const MAX_INFOS = 32;
/** Each says all of its generation, so the last ones are enough. */
const MAX_HELD = 4;

/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {import('./fragment.js').Fragment} Fragment */
/** @typedef {{info: (body: Uint8Array<ArrayBuffer>) => Promise<boolean>}} Infos  a dialog; false: an INFO was not taken */
/** @typedef {{status: number, reason: string, more?: [string, string][]}} Verdict */

/** Whether whoever wrote it takes INFO with candidates. @param {Message} message */
export const takesCandidates = (message) =>
  elements(message, 'recv-info').some((each) => each.split(';')[0].trim().toLowerCase() === PACKAGE);

/** What tells candidates apart, however a browser writes the rest. @param {string} candidate */
const keyOf = (candidate) => candidate.split(' ').slice(0, 8).join(' ').toLowerCase();

export class Trickle {
  /** @type {import('../types.js').MediaLeg | null} */
  #media = null;
  /** Our description, as it went out. @type {Fragment | null} */
  #ours = null;
  /** Found by our media, in order. @type {{candidate: string, ufrag: string}[]} */
  #found = [];
  #complete = false;
  /** Those that the other side has, or that are on their way. @type {Set<string>} */
  #told = new Set();
  #endTold = false;
  /** Where INFO go now. @type {Infos | null} */
  #dialog = null;
  /** Where they went last. @type {Infos | null} */
  #last = null;
  #sending = false;
  #infosSent = 0;
  /** @type {Fragment | null} */
  #theirs = null;
  /** Came before the description they belong to. @type {Fragment[]} */
  #held = [];
  /** @type {Set<string>} */
  #taken = new Set();
  #infosTaken = 0;

  /** @param {boolean} hidden  the other side must not learn yet where we are: only relays are told */
  constructor(hidden = false) {
    this.hidden = hidden;
  }

  /** @param {import('../types.js').MediaLeg} media */
  attach(media) {
    this.#media = media;
    media.onCandidate((found) => {
      if (!found) this.#complete = true;
      else if (this.#found.length < MAX_CANDIDATES) this.#found.push(found);
      void this.#flow();
    });
  }

  /** Our offer or answer, as the other side gets it: a generation begins. @param {string} sdp */
  described(sdp) {
    this.#ours = iceOf(sdp);
    const { ufrag, end } = this.#ours;
    this.#found = this.#found.filter((each) => !each.ufrag || each.ufrag === ufrag);
    this.#complete = end;
    this.#beginTelling();
  }

  #beginTelling() {
    this.#told = new Set(this.#ours?.candidates.map(keyOf));
    this.#endTold = !!this.#ours?.end;
    this.#infosSent = 0;
  }

  /** There is a dialog in which they take candidates; the same again when it is confirmed. @param {Infos} dialog */
  open(dialog) {
    // Whoever is at the end of another one has heard nothing yet.
    if (dialog !== this.#last) this.#beginTelling();
    this.#last = dialog;
    this.#dialog = dialog;
    void this.#flow();
  }

  /** They answered: our own checks show them from now on where we are. */
  reveal() {
    this.hidden = false;
    void this.#flow();
  }

  /** What may be said now. RFC 8840, section 4.4: all of the generation, in the order in which it was found, each time. @returns {Fragment} */
  #news() {
    const ours = /** @type {Fragment} */ (this.#ours);
    const inDescription = new Set(ours.candidates.map(keyOf));
    const candidates = this.#found
      .filter(({ ufrag }) => !ufrag || ufrag === ours.ufrag)
      .map(({ candidate }) => candidate.replace(/ ufrag \S+/, ''))
      .map((candidate) => (this.hidden ? relayOnly(candidate) : candidate))
      .filter((candidate) => candidate && !inDescription.has(keyOf(candidate)));
    return { ...ours, candidates, end: this.#complete && !this.hidden };
  }

  async #flow() {
    if (this.#sending || !this.#ours) return;
    this.#sending = true;
    while (this.#dialog && this.#infosSent < MAX_INFOS) {
      const news = this.#news();
      const fresh = news.candidates.map(keyOf).filter((key) => !this.#told.has(key));
      if (!fresh.length && !(news.end && !this.#endTold)) break;
      const ours = /** @type {Fragment} */ (this.#ours);
      const dialog = this.#dialog;
      this.#infosSent++;
      for (const key of fresh) this.#told.add(key);
      this.#endTold = news.end;
      const taken = await dialog.info(writeFragment(news)).catch(() => false);
      if (taken || this.#ours !== ours || this.#last !== dialog) continue;
      // Not by this way, or not now: again when a dialog opens.
      for (const key of fresh) this.#told.delete(key);
      this.#endTold = false;
      if (this.#dialog === dialog) this.#dialog = null;
    }
    this.#sending = false;
  }

  /** Their offer or answer is in force: a generation begins. @param {string} sdp */
  remote(sdp) {
    const theirs = iceOf(sdp);
    if (this.#theirs?.ufrag === theirs.ufrag) return;
    this.#theirs = theirs;
    this.#taken = new Set(theirs.candidates.map(keyOf));
    this.#infosTaken = 0;
    for (const fragment of this.#held.splice(0)) this.#add(fragment);
  }

  /**
   * What an INFO of the other side brings, once it is known to be theirs: RFC 6086, section 5.3.
   * @param {Message} message
   * @returns {Verdict}
   */
  take(message) {
    if (first(message, 'info-package').split(';')[0].trim().toLowerCase() !== PACKAGE)
      return { status: 469, reason: 'Bad Info Package', more: [['recv-info', PACKAGE]] };
    if (first(message, 'content-type').split(';')[0].trim().toLowerCase() !== FRAGMENT)
      return { status: 415, reason: 'Unsupported Media Type', more: [['accept', FRAGMENT]] };
    if (message.body.length > MAX_FRAGMENT_BYTES) return { status: 413, reason: 'Request Entity Too Large' };
    if (++this.#infosTaken > MAX_INFOS) return { status: 403, reason: 'Too many candidates' };
    try {
      this.#add(readFragment(message.body));
    } catch {
      return { status: 400, reason: 'Bad candidates' };
    }
    return { status: 200, reason: 'OK' };
  }

  /** @param {Fragment} fragment */
  #add(fragment) {
    const theirs = this.#theirs;
    const media = this.#media;
    // Candidates may overtake the answer they belong to, and those of a generation that is over mean nothing.
    if (!theirs || !media || fragment.ufrag !== theirs.ufrag || fragment.pwd !== theirs.pwd) {
      this.#held = [...this.#held, fragment].slice(-MAX_HELD);
      return;
    }
    if (fragment.mid && fragment.mid !== theirs.mid) return;
    for (const candidate of fragment.candidates) {
      if (this.#taken.has(keyOf(candidate)) || this.#taken.size >= MAX_CANDIDATES) continue;
      this.#taken.add(keyOf(candidate));
      media.add(candidate, theirs.mid, theirs.ufrag);
    }
    if (fragment.end) media.add('', theirs.mid, theirs.ufrag);
  }

  /** Nothing goes out any more. */
  close() {
    this.#dialog = null;
  }
}
