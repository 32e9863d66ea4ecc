// A call's dialog (RFC 3261, section 12): who, along which route, and what comes next.
import { gruu } from '../identity/device.js';
import { elements, first, parameter, uriOf } from '../sip/message.js';
import { FRAGMENT } from './fragment.js';
import { ANNOUNCED, PACKAGE } from './trickle.js';

const BYE_MILLIS = 5000;
const INFO_MILLIS = 5000;
const INVITE_MILLIS = 8000;
/** Nobody there, or a peer that will not: RFC 3261, section 12.2.1.2 would end the dialog at 408, but another way may be open. */
const NOBODY = [403, 408, 480, 503];

/** @typedef {import('../sip/flow.js').Flow} Flow */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {import('../sip/ua.js').Outcome} Outcome */
/** @typedef {{flow: Flow, routes: string[], token?: Uint8Array | null}} Way  a flow of ours, and the Routes in front of the device; token: what opens the door where the route set of the dialog does not */
/** @typedef {{callId: string, localTag: string, remoteTag: string, remote: string, uri: string, routes: string[], cseq: number, way: Way}} Shape  uri: the GRUU of the other device; routes: the route set */

export class Dialog {
  /** Of the other side's requests: RFC 3261, section 12.2.2. */
  #remoteCseq = 0;
  /** The way that worked last, when it is not the route set. @type {Way | null} */
  #other = null;

  /** @param {import('../sip/ua.js').UserAgent} ua @param {Shape} shape */
  constructor(ua, shape) {
    this.ua = ua;
    this.shape = shape;
    this.over = false;
    /** The flow of the peer that is itself the other end, where it is not a device. @type {Flow | null} */
    this.peer = null;
    /** @type {Promise<void>} */
    this.confirmed = Promise.resolve();
    /** Other ways to the device, for when those of the route set are gone. @type {() => Promise<Way[]>} */
    this.others = async () => [];
  }

  /**
   * After a 180 or 2xx to our INVITE: RFC 3261, section 12.1.2.
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {Way} way
   * @param {string} uri
   * @param {Message} answer
   */
  static calling(ua, way, uri, answer) {
    return new Dialog(ua, {
      callId: first(answer, 'call-id'),
      localTag: parameter(first(answer, 'from'), 'tag'),
      remoteTag: parameter(first(answer, 'to'), 'tag'),
      remote: uri.split(';gr=')[0],
      uri,
      routes: elements(answer, 'record-route').reverse(),
      cseq: Number(first(answer, 'cseq').split(' ')[0]),
      way,
    });
  }

  /**
   * With a peer of ours that carries a call to or from an ordinary SIP domain: what it says within it is not signed, and comes over its flow.
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {Flow} flow
   * @param {string} uri  whom we called
   * @param {Message} answer
   */
  static alongPeer(ua, flow, uri, answer) {
    const { shape } = Dialog.calling(ua, { flow, routes: [] }, uri, answer);
    const dialog = new Dialog(ua, { ...shape, routes: [], uri: uriOf(elements(answer, 'contact')[0] ?? '') || uri });
    dialog.peer = flow;
    return dialog;
  }

  /**
   * After a request that we answer: RFC 3261, section 12.1.1.
   * @param {import('../sip/ua.js').UserAgent} ua
   * @param {Flow} flow
   * @param {string} uri
   * @param {Message} invite
   * @param {string} tag  ours
   */
  static called(ua, flow, uri, invite, tag) {
    return new Dialog(ua, {
      callId: first(invite, 'call-id'),
      localTag: tag,
      remoteTag: parameter(first(invite, 'from'), 'tag'),
      remote: uri.split(';gr=')[0],
      uri,
      routes: elements(invite, 'record-route'),
      cseq: 0,
      way: { flow, routes: [] },
    });
  }

  /**
   * The same after a call of theirs that a peer of ours brings.
   * @param {import('../sip/ua.js').UserAgent} ua @param {Flow} flow @param {string} uri  the caller @param {Message} invite @param {string} tag  ours
   */
  static calledAlongPeer(ua, flow, uri, invite, tag) {
    const dialog = Dialog.called(ua, flow, uri, invite, tag);
    dialog.shape.routes = [];
    dialog.shape.uri = uriOf(elements(invite, 'contact')[0] ?? '') || uri;
    dialog.peer = flow;
    return dialog;
  }

  /** Whether a request of the other side belongs to it: RFC 3261, section 12.2.2. @param {Message} message */
  owns(message) {
    return (
      first(message, 'call-id') === this.shape.callId &&
      parameter(first(message, 'to'), 'tag') === this.shape.localTag &&
      parameter(first(message, 'from'), 'tag') === this.shape.remoteTag
    );
  }

  /** Whether that device signed, and no other one; of a peer that is the other end nothing is signed. @param {import('../identity/verifier.js').Verified | null} signer */
  isOf(signer) {
    if (this.peer) return !signer;
    return !!signer && gruu(signer.address, signer.device) === this.shape.uri;
  }

  /** Whether a request of the other side is newer than all before: RFC 3261, section 12.2.2. @param {Message} message */
  follows(message) {
    const cseq = Number(first(message, 'cseq').split(' ')[0]);
    if (cseq <= this.#remoteCseq) return false;
    this.#remoteCseq = cseq;
    return true;
  }

  get #to() {
    return `<${this.shape.remote}>;tag=${this.shape.remoteTag}`;
  }

  /** ACK of a 2xx: a request of its own, RFC 3261, section 13.2.2.4. @param {number} cseq  of the INVITE @param {Way} [way]  that it took, when not that of the route set */
  acknowledge(cseq, way) {
    const { ua, shape } = this;
    return ua.acknowledge(way?.flow ?? shape.way.flow, shape.uri, { ...this.#headers(way), cseq });
  }

  /** @param {Way} [way] */
  #headers(way) {
    const { shape } = this;
    return {
      routes: way ? way.routes : shape.routes,
      to: this.#to,
      callId: shape.callId,
      fromTag: shape.localTag,
      token: way?.token ?? null,
      signed: way?.token !== undefined,
    };
  }

  /** Along the way that worked last while it is open, then along what is open now. @returns {AsyncGenerator<Way>} */
  async *#ways() {
    const { flow } = this.shape.way;
    const known = this.#other ?? { flow, routes: this.shape.routes };
    if (known.flow.isOpen && known.flow.registered) yield known;
    yield* await this.others();
  }

  /**
   * One request within the dialog, along one way after another until somebody is there.
   * @param {string} method
   * @param {import('../sip/ua.js').How} how
   * @returns {Promise<{outcome: Outcome, way: Way | undefined, cseq: number}>} 480 when there is no way
   */
  async #request(method, how) {
    const { shape } = this;
    /** @type {{outcome: Outcome, way: Way | undefined, cseq: number}} */
    let last = { outcome: { status: 480, message: null, signer: null, token: '' }, way: undefined, cseq: 0 };
    for await (const way of this.#ways()) {
      const cseq = ++shape.cseq;
      const outcome = await this.ua.send(way.flow, method, shape.uri, { ...this.#headers(way), ...how, cseq });
      last = { outcome, way, cseq };
      if (!NOBODY.includes(outcome.status)) {
        if (way.token !== undefined) this.#other = way;
        break;
      }
    }
    return last;
  }

  /** Candidates (RFC 8840, section 4.4), signed. @param {Uint8Array<ArrayBuffer>} body @returns {Promise<boolean>} whether the other side took them */
  async info(body) {
    if (this.over) return false;
    const { outcome } = await this.#request('INFO', {
      type: FRAGMENT,
      body,
      more: [
        ['info-package', PACKAGE],
        ['content-disposition', 'Info-Package'],
      ],
      signed: true,
      timeout: INFO_MILLIS,
    });
    return outcome.status === 200;
  }

  /** A new offer, signed: RFC 3261, section 14.1. A 2xx is acknowledged here. @param {Uint8Array<ArrayBuffer>} offer @returns {Promise<Outcome>} */
  async reinvite(offer) {
    const { ua } = this;
    const { outcome, way, cseq } = await this.#request('INVITE', {
      contact: `<${gruu(ua.us.address, ua.us.device)}>`,
      type: 'application/sdp',
      body: offer,
      more: ANNOUNCED,
      signed: true,
      timeout: INVITE_MILLIS,
    });
    if (outcome.status >= 200 && outcome.status < 300) await this.acknowledge(cseq, way);
    return outcome;
  }

  /** Ends it, once. When the flow of the call is gone, its route set names a peer that may be gone too: then along a way that is open now. */
  async bye() {
    if (this.over) return;
    this.over = true;
    // RFC 3261, section 15: the called side waits for the ACK.
    await this.confirmed;
    await this.#request('BYE', { timeout: BYE_MILLIS });
  }
}
