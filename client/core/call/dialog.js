// A call's dialog (RFC 3261, section 12): who, along which route, and what comes next.
import { sipUri } from '../identity/address.js';
import { elements, first, parameter } from '../sip/message.js';

/** @typedef {import('../sip/flow.js').Flow} Flow */
/** @typedef {import('../sip/message.js').Message} Message */
/** @typedef {{flow: Flow, routes: string[], token?: Uint8Array | null}} Way  a flow of ours, and the Routes in front of the device; token: what opens the door where the route set of the dialog does not */
/** @typedef {{callId: string, localTag: string, remoteTag: string, remote: string, uri: string, routes: string[], cseq: number, way: Way}} Shape  uri: the GRUU of the other device; routes: the route set */

export class Dialog {
  /** @param {import('../sip/ua.js').UserAgent} ua @param {Shape} shape */
  constructor(ua, shape) {
    this.ua = ua;
    this.shape = shape;
    this.over = false;
    /** @type {Promise<void>} */
    this.confirmed = Promise.resolve();
  }

  /**
   * After a 2xx to our INVITE: RFC 3261, section 12.1.2.
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

  /** Whether a request of the other side belongs to it: RFC 3261, section 12.2.2. @param {Message} message */
  owns(message) {
    return (
      first(message, 'call-id') === this.shape.callId &&
      parameter(first(message, 'to'), 'tag') === this.shape.localTag &&
      parameter(first(message, 'from'), 'tag') === this.shape.remoteTag
    );
  }

  get #to() {
    return `<${this.shape.remote}>;tag=${this.shape.remoteTag}`;
  }

  /** ACK of a 2xx: a request of its own, RFC 3261, section 13.2.2.4. */
  acknowledge() {
    const { ua, shape } = this;
    ua.fire(shape.way.flow, shape.uri, [
      ...shape.routes.map((route) => /** @type {[string, string]} */ (['route', route])),
      ['from', `<${sipUri(ua.us.address)}>;tag=${shape.localTag}`],
      ['to', this.#to],
      ['call-id', shape.callId],
      ['cseq', `${shape.cseq} ACK`],
    ]);
  }

  /**
   * Ends it, once. When the flow of the call is gone, its route set names a peer that may be gone too: then along a way that is open now.
   * @param {() => Promise<Way[]>} others
   */
  async bye(others = async () => []) {
    if (this.over) return;
    this.over = true;
    // RFC 3261, section 15: the called side waits for the ACK.
    await this.confirmed;
    const { shape } = this;
    const ways = shape.way.flow.isOpen ? [{ flow: shape.way.flow, routes: shape.routes }] : [];
    for (const way of ways) if (await this.#end(way)) return;
    for (const way of await others()) if (await this.#end(way)) return;
  }

  /** @param {Way} way */
  async #end(way) {
    const { shape } = this;
    const { status } = await this.ua.send(way.flow, 'BYE', shape.uri, {
      routes: way.routes,
      to: this.#to,
      callId: shape.callId,
      fromTag: shape.localTag,
      cseq: ++shape.cseq,
      token: way.token ?? null,
      signed: way.token !== undefined,
      timeout: 5000,
    });
    return status === 200 || status === 481;
  }
}
