// A SIP user agent over flows to peers: registers at each, sends requests and waits for their answers, answers what
// comes, and notices a peer that is gone or a computer that slept. docs/protocols/sip.md, sections 2, 3 and 6.
import { b64u, hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { sipUri } from '../identity/address.js';
import { instanceId, peerUri } from '../identity/device.js';
import { fresh, makeToken, sipClaims } from '../identity/passport.js';
import { Authenticity } from './authenticity.js';
import { PeerClock } from './clock.js';
import { Flow } from './flow.js';
import { first, hasSdp, parameter, request, response } from './message.js';
import { ClientTransactions } from './transactions.js';

/** A flow that ends is noticed at once, by both sides. */
const REGISTER_SECONDS = 1800;
const REGISTER_MILLIS = 5000;
const TICK_MILLIS = 5000;
/** A flow on which nothing came for so long is asked whether anybody is there. */
const IDLE_TICKS = 24;
const PROBE_MILLIS = 3000;
const CLOCK_STEP_MILLIS = 2000;
/** Requests whose signatures are being verified at once; more are told to come later. */
const MAX_JUDGED = 100;
/** Nothing of these counts without the signature of its sender. */
const SIGNED = ['INVITE', 'MESSAGE', 'INFO'];

/** @typedef {import('./message.js').Message} Message */
/** @typedef {{address: string, device: string, signer: import('../identity/passport.js').Signer}} Us */
/** @typedef {{message: Message, flow: Flow, signer: import('../identity/verifier.js').Verified | null, token: string, tag: string, answer: (status: number, reason: string, more?: [string, string][], type?: string, body?: Uint8Array) => Promise<void>}} Incoming */
/** @typedef {{status: number, message: Message | null, signer: import('../identity/verifier.js').Verified | null, token: string}} Outcome  signer: of a genuine rsp PASSporT, else null; token: what was sent */
/** @typedef {{webSocket: (url: string, protocols: string[]) => WebSocket, timer: (ms: number, task: () => void) => () => void, now: () => number, steady?: () => number, peersToAgree?: () => number, trust: () => import('../identity/verifier.js').Trust, registered: (flow: Flow) => void, lost: (flow: Flow, was: boolean) => void, clock: (wrong: boolean) => void}} Around  steady: ms that no setting of the clock moves; peersToAgree: on what time it is */
/** @typedef {{dest?: string, contact?: string, to?: string, routes?: string[], more?: [string, string][], type?: string, body?: Uint8Array, token?: Uint8Array | null, callId?: string, fromTag?: string, cseq?: number, signed?: boolean, provisional?: (message: Message, outcome: Outcome) => void, timeout?: number, expires?: string, sent?: (branch: string, token: string, cseq: number) => void}} How  sent: called when it goes out */

export class UserAgent {
  /** @type {Map<string, Flow>} */
  flows = new Map();
  /** @type {Map<string, (incoming: Incoming) => void | Promise<void>>} */
  handlers = new Map();
  /** Of requests that nobody signed, those that are taken all the same. @type {(message: Message, flow: Flow) => boolean} */
  unsigned = () => false;
  /** When each flow registers again. @type {Map<Flow, () => void>} */
  #refreshes = new Map();
  /** Ticks without a word. @type {WeakMap<Flow, {heard: number, ticks: number}>} */
  #silence = new WeakMap();
  #host = `${hex(random(6))}.invalid`;
  #cseq = Math.floor(Date.now() / 1000) % 1_000_000;
  #wrong = false;
  #closed = false;
  #judged = 0;

  /**
   * @param {Us} us
   * @param {Around} around
   */
  constructor(us, around) {
    this.us = us;
    this.around = around;
    const needed = () => around.peersToAgree?.() ?? Math.min(2, this.flows.size);
    this.clock = new PeerClock(around.now, needed);
    this.authenticity = new Authenticity(us, around.trust, this.clock);
    this.transactions = new ClientTransactions(around.timer, (...it) => this.authenticity.ofAnswer(...it));
    this.#tick(this.#drift);
  }

  /** Our clock, corrected by what the peers say. Unix ms. */
  now() {
    return this.clock.now();
  }

  /** @param {{id: string, base: string, ws: string, sip: string}} peer */
  connect(peer) {
    if (this.flows.has(peer.base)) return;
    const flow = new Flow(peer, {
      webSocket: this.around.webSocket,
      timer: this.around.timer,
      received: (from, message) => void this.#received(from, message),
      opened: (opened) => void this.register(opened),
      lost: (lost, was) => {
        this.transactions.lost(lost);
        this.around.lost(lost, was);
      },
    });
    this.flows.set(peer.base, flow);
  }

  /** @param {string} base */
  disconnect(base) {
    const flow = this.flows.get(base);
    if (!flow) return;
    this.flows.delete(base);
    this.clock.forget(base);
    this.#refreshes.get(flow)?.();
    this.#refreshes.delete(flow);
    flow.close();
  }

  /** Flows with a registration, in the order in which peers were added. */
  get ready() {
    return [...this.flows.values()].filter((flow) => flow.registered && flow.isOpen);
  }

  /** The network is back, or somebody looks: opens what is closed, and asks whether what is open still is. */
  hurry() {
    for (const flow of this.flows.values()) {
      flow.hurry();
      if (flow.registered) void this.#probe(flow);
    }
  }

  get #drift() {
    return this.around.now() - (this.around.steady?.() ?? performance.now());
  }

  /** @param {number} before  the drift at the last tick */
  #tick(before) {
    this.around.timer(TICK_MILLIS, () => {
      if (this.#closed) return;
      const drift = this.#drift;
      // The clock was set, or the computer slept: what we signed with may be wrong, and nobody may be there any more.
      const stepped = Math.abs(drift - before) > CLOCK_STEP_MILLIS;
      for (const flow of this.flows.values())
        if (stepped) {
          flow.hurry();
          if (flow.isOpen) void this.register(flow);
        } else if (flow.registered && this.#isSilent(flow)) void this.#probe(flow);
      this.#tick(drift);
    });
  }

  /** @param {Flow} flow */
  #isSilent(flow) {
    const last = this.#silence.get(flow);
    const ticks = last?.heard === flow.heard ? last.ticks + 1 : 0;
    this.#silence.set(flow, { heard: flow.heard, ticks });
    return ticks > 0 && ticks % IDLE_TICKS === 0;
  }

  /** Any answer will do: RFC 3261, section 11. @param {Flow} flow */
  async #probe(flow) {
    const { status } = await this.send(flow, 'OPTIONS', hostUri(flow), { signed: false, timeout: PROBE_MILLIS });
    if (status === 408) flow.drop();
  }

  /** @param {Flow} flow @param {number} [seconds] @param {boolean} [again] @returns {Promise<boolean>} */
  async register(flow, seconds = REGISTER_SECONDS, again = true) {
    this.#refreshes.get(flow)?.();
    const aor = sipUri(this.us.address);
    const user = aor.startsWith('sip:') ? aor.slice(4).split('@')[0] : 'phone';
    const contact = `<sip:${user}@${this.#host};transport=ws>;reg-id=1;+sip.instance="<${instanceId(this.us.device)}>";expires=${seconds}`;
    const outcome = await this.send(flow, 'REGISTER', hostUri(flow), {
      dest: peerUri(flow.peer.id),
      contact,
      to: `<${aor}>`,
      more: [['supported', 'path, outbound, gruu']],
      timeout: REGISTER_MILLIS,
    });
    this.#hearClock(flow, outcome.message);
    if (outcome.status === 403 && again && seconds > 0) return this.register(flow, seconds, false);
    const ok = outcome.status === 200 && seconds > 0;
    if (seconds > 0 && outcome.status === 408) flow.drop();
    const fresh = ok && !flow.registered;
    const refused = seconds > 0 && !ok && flow.registered;
    flow.registered = ok;
    if (refused) this.around.lost(flow, true);
    if (ok) flow.settled();
    if (seconds > 0 && flow.isOpen) this.#registerLater(flow, ok ? seconds * 800 : REGISTER_MILLIS);
    if (fresh) this.around.registered(flow);
    return ok;
  }

  /** @param {Flow} flow @param {number} millis */
  #registerLater(flow, millis) {
    this.#refreshes.get(flow)?.();
    const stop = this.around.timer(millis, () => void (flow.isOpen && this.register(flow)));
    this.#refreshes.set(flow, stop);
  }

  /** @param {Flow} flow @param {Message | null} message */
  #hearClock(flow, message) {
    this.clock.hear(flow.peer.base, message ? first(message, 'date') : '');
    if (this.clock.isWrong === this.#wrong) return;
    this.#wrong = this.clock.isWrong;
    this.around.clock(this.#wrong);
  }

  /**
   * Sends one signed request and waits for its final answer.
   * @param {Flow} flow @param {string} method @param {string} uri
   * @param {How} [how]
   * @returns {Promise<Outcome>}
   */
  async send(flow, method, uri, how = {}) {
    const { message, branch, cseq, claims } = this.#compose(method, uri, how);
    const token = how.signed === false ? '' : await this.#sign(message, claims);
    how.sent?.(branch, token, cseq);
    return this.transactions.run(flow, message, branch, token, how);
  }

  /** ACK of a 2xx: a request without transaction (RFC 3261, section 13.2.2.4). @param {Flow} flow @param {string} uri @param {How & {cseq: number}} how */
  async acknowledge(flow, uri, how) {
    const { message, claims } = this.#compose('ACK', uri, how);
    if (how.signed) await this.#sign(message, claims);
    flow.send(message);
  }

  /** @param {string} method @param {string} uri @param {How} how */
  #compose(method, uri, how) {
    const cseq = how.cseq ?? ++this.#cseq;
    const callId = how.callId ?? b64u(random(15));
    const body = how.body ?? new Uint8Array(0);
    const branch = `z9hG4bK${hex(random(12))}`;
    /** @type {[string, string][]} */
    const headers = [
      ['via', `SIP/2.0/WS ${this.#host};branch=${branch}`],
      ...(how.routes ?? []).map((route) => /** @type {[string, string]} */ (['route', route])),
      ['max-forwards', '70'],
      ['from', `<${sipUri(this.us.address)}>;tag=${how.fromTag ?? hex(random(8))}`],
      ['to', how.to ?? `<${uri.split(';')[0]}>`],
      ['call-id', callId],
      ['cseq', `${cseq} ${method}`],
      ...(how.contact ? [/** @type {[string, string]} */ (['contact', how.contact])] : []),
      ...(how.expires ? [/** @type {[string, string]} */ (['expires', how.expires])] : []),
      ...(how.token ? [/** @type {[string, string]} */ (['starling-token', b64u(how.token)])] : []),
      ...(how.more ?? []),
    ];
    const message = request(method, uri, headers, how.type, body);
    const claims = () =>
      sipClaims({
        method,
        callId,
        cseq,
        orig: sipUri(this.us.address),
        dest: how.dest ?? uri,
        contacts: how.contact ? [how.contact] : [],
        expires: how.expires ?? '',
        body,
        sdp: hasSdp(message),
        token: how.token ?? null,
      });
    return { message, branch, cseq, claims };
  }

  /** Adds the PASSporT. @param {Message} message @param {() => Promise<Record<string, any>>} claims */
  async #sign(message, claims) {
    const token = await makeToken(this.us.signer, 'passport', '', fresh(await claims(), this.now()));
    message.headers.push(['identity', `${token};info=<cid:x5c>;alg=ES256`]);
    return token;
  }

  /**
   * Cancels a request under way (RFC 3261, section 9.1).
   * @param {Flow} flow
   * @param {string} uri
   * @param {string} branch
   * @param {{callId: string, fromTag: string, cseq: number, routes: string[], to: string, reason?: string}} invite
   */
  cancel(flow, uri, branch, invite) {
    /** @type {[string, string][]} */
    const headers = [
      ['via', `SIP/2.0/WS ${this.#host};branch=${branch}`],
      ...invite.routes.map((route) => /** @type {[string, string]} */ (['route', route])),
      ['max-forwards', '70'],
      ['from', `<${sipUri(this.us.address)}>;tag=${invite.fromTag}`],
      ['to', invite.to],
      ['call-id', invite.callId],
      ['cseq', `${invite.cseq} CANCEL`],
      ...(invite.reason ? [/** @type {[string, string]} */ (['reason', invite.reason])] : []),
    ];
    return this.transactions.run(flow, request('CANCEL', uri, headers), branch, '', {});
  }

  /** @param {Flow} flow @param {Message} message */
  async #received(flow, message) {
    if (message.status) return this.transactions.received(flow, message);
    const handler = this.handlers.get(message.method);
    // The same tag in all answers to one request: RFC 3261, section 8.2.6.2.
    const tag = parameter(first(message, 'to'), 'tag') || hex(random(8));
    const answer = async (
      /** @type {number} */ status,
      /** @type {string} */ reason,
      /** @type {[string, string][]} */ more = [],
      type = '',
      body = /** @type {Uint8Array} */ (new Uint8Array(0)),
    ) => {
      if (message.method !== 'ACK')
        flow.send(
          await this.authenticity.sign(message, response(message, status, reason, more, tag, type, body), token),
        );
    };
    let signer = null;
    let token = '';
    if (!handler) return void answer(405, 'Method Not Allowed');
    if (SIGNED.includes(message.method) && !(!first(message, 'identity') && this.unsigned(message, flow))) {
      if (this.#judged >= MAX_JUDGED) return void answer(503, 'Too many requests');
      this.#judged++;
      try {
        ({ signer, token } = await this.authenticity.ofRequest(message));
      } catch (e) {
        const { code, reason } = e instanceof StarlingError ? e.args : { code: '400', reason: 'bad request' };
        flow.send(response(message, Number(code ?? 400), `Refused (${reason})`));
        this.handlers.get('forged')?.({ message, flow, signer: null, token: '', tag, answer });
        return;
      } finally {
        this.#judged--;
      }
    }
    await handler({ message, flow, signer, token, tag, answer });
  }

  /** @returns {Promise<void>} sign-off */
  async close() {
    this.#closed = true;
    await Promise.race([
      Promise.all(this.ready.map((flow) => this.register(flow, 0, false))),
      new Promise((resolve) => this.around.timer(1000, () => resolve(undefined))),
    ]);
    for (const stop of this.#refreshes.values()) stop();
    for (const flow of this.flows.values()) flow.close();
    this.flows.clear();
  }
}

/** The peer itself. @param {Flow} flow */
const hostUri = (flow) => `sip:${flow.peer.sip.replace(/^sip:/, '').split(';')[0]}`;
