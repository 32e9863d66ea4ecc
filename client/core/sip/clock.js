// Our clock, as the peers see it: one that is wrong makes every signature stale, and one peer alone must not be able to
// say that it is.
const SMALL_MILLIS = 30_000;
const AGREE_MILLIS = 5000;
const LIMIT_MILLIS = 600_000;

export class PeerClock {
  /** What each peer's Date says against ours, Unix ms. @type {Map<string, number>} */
  #offsets = new Map();
  /** @type {number | null} */
  #started = null;

  /** @param {() => number} now  of this computer, Unix ms @param {() => number} needed  how many peers must agree: one or two */
  constructor(now, needed) {
    this.own = now;
    this.needed = needed;
    this.begun = now();
  }

  /** @param {string} peer @param {string} date  of an answer just received */
  hear(peer, date) {
    const said = Date.parse(date);
    if (Number.isNaN(said)) return;
    this.#offsets.set(peer, said - this.own());
    this.#started ??= this.#agreed === null ? null : this.begun + this.#agreed;
  }

  /** @param {string} peer */
  forget(peer) {
    this.#offsets.delete(peer);
  }

  /** Null: nothing is known. */
  get #agreed() {
    const offsets = [...this.#offsets.values()].sort((a, b) => a - b);
    if (offsets.length && this.needed() === 1) return offsets[0];
    for (let i = 0; i + 1 < offsets.length; i++) if (offsets[i + 1] - offsets[i] <= AGREE_MILLIS) return offsets[i];
    return null;
  }

  /** Unix ms, corrected. */
  now() {
    const agreed = this.#agreed ?? 0;
    return this.own() + (Math.abs(agreed) > SMALL_MILLIS ? agreed : 0);
  }

  /** Off by so much that nothing we sign would count. */
  get isWrong() {
    return Math.abs(this.#agreed ?? 0) > LIMIT_MILLIS;
  }

  /** When this program started, on the corrected clock: what a clock set meanwhile says must not move it. */
  get started() {
    return this.#started === null || Math.abs(this.#started - this.begun) <= SMALL_MILLIS ? this.begun : this.#started;
  }
}
