// A SIP user agent over two flows: registers at each peer, sends requests and waits for their answers, answers what
// comes. Transports are reliable, so a client transaction is a
// wait with an end (RFC 3261, section 17, timers B and F) and nothing is retransmitted.
import { b64u, encode, hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { sipUri } from '../identity/address.js';
import { deviceId, gruu, instanceId, peerUri } from '../identity/device.js';
import { parseCertificate } from '../identity/certificate.js';
import { fresh, makeToken, parseToken, ReplayCache, sipClaims, tokenHash, verifyToken } from '../identity/passport.js';
import { Flow } from './flow.js';
import { all, elements, first, hasSdp, parameter, request, response, uriOf } from './message.js';

const TIMEOUT_MILLIS = 32_000;
const REGISTER_SECONDS = 600;
const MAX_TRANSACTIONS = 2000;
const CLOCK_LIMIT_MILLIS = 600_000;

/** @typedef {import('./message.js').Message} Message */
/** @typedef {{address: string, device: string, signer: import('../identity/passport.js').Signer}} Us */
/** @typedef {{message: Message, flow: Flow, signer: import('../identity/verifier.js').Verified | null, token: string, tag: string, answer: (status: number, reason: string, more?: [string, string][], type?: string, body?: Uint8Array) => Promise<void>}} Incoming */
/** @typedef {{status: number, message: Message | null, signer: import('../identity/verifier.js').Verified | null, token: string}} Outcome  signer: of a genuine rsp PASSporT, else null; token: what was sent */
/** @typedef {{webSocket: (url: string, protocols: string[]) => WebSocket, timer: (ms: number, task: () => void) => () => void, now: () => number, trust: () => import('../identity/verifier.js').Trust, registered: (flow: Flow) => void, lost: (flow: Flow) => void, clock: () => void}} Around */
/** @typedef {{dest?: string, contact?: string, to?: string, routes?: string[], more?: [string, string][], type?: string, body?: Uint8Array, token?: Uint8Array | null, callId?: string, fromTag?: string, cseq?: number, signed?: boolean, provisional?: (message: Message, outcome: Outcome) => void, timeout?: number, expires?: string, sent?: (branch: string, token: string, cseq: number) => void}} How */

export class UserAgent {
  /** @type {Map<string, Flow>} */
  flows = new Map();
  /** @type {Map<string, {flow: Flow, response: (message: Message) => void}>} */
  #clients = new Map();
  #replays = new ReplayCache();
  /** @type {Map<string, number>} */
  #offsets = new Map();
  /** @type {Map<string, (incoming: Incoming) => void | Promise<void>>} */
  handlers = new Map();
  #host = `${hex(random(6))}.invalid`;
  #cseq = Math.floor(Date.now() / 1000) % 1_000_000;

  /**
   * @param {Us} us
   * @param {Around} around
   */
  constructor(us, around) {
    this.us = us;
    this.around = around;
    this.started = around.now();
  }

  /** Our clock, corrected by what the peers say. Unix ms. */
  now() {
    const offsets = [...this.#offsets.values()].filter((offset) => Math.abs(offset) > 30_000);
    const agreed =
      offsets.length > 0 &&
      ((this.#offsets.size === 1 && this.flows.size === 1) ||
        (offsets.length > 1 && Math.abs(offsets[0] - offsets[1]) <= 5000));
    return this.around.now() + (agreed ? offsets[0] : 0);
  }

  /** @param {{id: string, base: string, ws: string, sip: string}} peer */
  connect(peer) {
    if (this.flows.has(peer.base)) return;
    const flow = new Flow(peer, {
      webSocket: this.around.webSocket,
      timer: this.around.timer,
      received: (from, message) => void this.#received(from, message),
      opened: (opened) => void this.register(opened),
      lost: (lost) => this.#lost(lost),
    });
    this.flows.set(peer.base, flow);
  }

  /** @param {string} base */
  disconnect(base) {
    this.flows.get(base)?.close();
    this.flows.delete(base);
  }

  /** Flows with a registration, in the order in which peers were added. */
  get ready() {
    return [...this.flows.values()].filter((flow) => flow.registered && flow.isOpen);
  }

  hurry() {
    for (const flow of this.flows.values()) flow.hurry();
  }

  /** @param {Flow} flow */
  #lost(flow) {
    for (const [key, client] of this.#clients)
      if (client.flow === flow) {
        this.#clients.delete(key);
        client.response(response(lostRequest, 480, 'The connection ended'));
      }
    this.around.lost(flow);
  }

  /** @param {Flow} flow @param {number} [seconds] @param {boolean} [again] @returns {Promise<boolean>} */
  async register(flow, seconds = REGISTER_SECONDS, again = true) {
    const aor = sipUri(this.us.address);
    const user = aor.startsWith('sip:') ? aor.slice(4).split('@')[0] : 'phone';
    const contact = `<sip:${user}@${this.#host};transport=ws>;reg-id=1;+sip.instance="<${instanceId(this.us.device)}>";expires=${seconds}`;
    const host = flow.peer.sip.replace(/^sip:/, '').split(';')[0];
    const outcome = await this.send(flow, 'REGISTER', `sip:${host}`, {
      dest: peerUri(flow.peer.id),
      contact,
      to: `<${aor}>`,
      more: [['supported', 'path, outbound, gruu']],
    });
    this.#clock(flow, outcome.message);
    if (outcome.status === 403 && again && /stale|start/i.test(outcome.message?.reason ?? ''))
      return this.register(flow, seconds, false);
    const ok = outcome.status === 200 && seconds > 0;
    if (ok && !flow.registered) {
      flow.registered = true;
      this.around.registered(flow);
    }
    if (!ok) flow.registered = false;
    if (ok) this.around.timer(seconds * 800, () => flow.isOpen && flow.registered && this.register(flow));
    else if (seconds > 0 && flow.isOpen)
      this.around.timer(5000, () => flow.isOpen && !flow.registered && this.register(flow));
    return ok;
  }

  /** @param {Flow} flow @param {Message | null} message */
  #clock(flow, message) {
    const date = Date.parse(message ? first(message, 'date') : '');
    if (Number.isNaN(date)) return;
    this.#offsets.set(flow.peer.base, date - this.around.now());
    if (Math.abs(date - this.around.now()) > CLOCK_LIMIT_MILLIS) this.around.clock();
  }

  /**
   * Sends one signed request and waits for its final answer.
   * @param {Flow} flow @param {string} method @param {string} uri
   * @param {How} [how]
   * @returns {Promise<Outcome>}
   */
  async send(flow, method, uri, how = {}) {
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
    let token = '';
    if (how.signed !== false) {
      const about = {
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
      };
      token = await makeToken(this.us.signer, 'passport', '', fresh(await sipClaims(about), this.now()));
      message.headers.push(['identity', `${token};info=<cid:x5c>;alg=ES256`]);
    }
    how.sent?.(branch, token, cseq);
    return this.#transact(flow, message, branch, token, how);
  }

  /**
   * @param {Flow} flow
   * @param {Message} message
   * @param {string} branch
   * @param {string} token
   * @param {{provisional?: (message: Message, outcome: Outcome) => void, timeout?: number}} how
   * @returns {Promise<Outcome>}
   */
  #transact(flow, message, branch, token, how) {
    return new Promise((resolve) => {
      const key = `${branch} ${message.method}`;
      const fail = (/** @type {number} */ status) => resolve({ status, message: null, signer: null, token });
      if (this.#clients.size >= MAX_TRANSACTIONS || !flow.send(message)) return fail(480);
      const cancel = this.around.timer(how.timeout ?? TIMEOUT_MILLIS, () => {
        this.#clients.delete(key);
        fail(408);
      });
      this.#clients.set(key, {
        flow,
        response: async (answer) => {
          const signer =
            token && answer.status > 100 && answer.status < 300 ? await this.#genuine(message, answer, token) : null;
          const outcome = { status: answer.status, message: answer, signer, token };
          if (answer.status < 200) {
            how.provisional?.(answer, outcome);
            return;
          }
          this.#clients.delete(key);
          cancel();
          if (message.method === 'INVITE' && answer.status >= 300) this.#acknowledgeFailure(flow, message, answer);
          resolve(outcome);
        },
      });
    });
  }

  /** RFC 3261, section 17.1.1.3. @param {Flow} flow @param {Message} invite @param {Message} answer */
  #acknowledgeFailure(flow, invite, answer) {
    const routes = all(invite, 'route').map((route) => /** @type {[string, string]} */ (['route', route]));
    flow.send(
      request('ACK', invite.uri, [
        ['via', first(invite, 'via')],
        ...routes,
        ['max-forwards', '70'],
        ['from', first(invite, 'from')],
        ['to', first(answer, 'to')],
        ['call-id', first(invite, 'call-id')],
        ['cseq', first(invite, 'cseq').replace(/ .*/, ' ACK')],
      ]),
    );
  }

  /**
   * Who answered, when the answer carries a genuine `rsp` PASSporT bound to our request.
   * @param {Message} sent
   * @param {Message} answer
   * @param {string} token
   */
  async #genuine(sent, answer, token) {
    const compact = first(answer, 'identity').split(';')[0];
    if (!compact) return null;
    try {
      const about = {
        method: sent.method,
        callId: first(sent, 'call-id'),
        cseq: Number(first(sent, 'cseq').split(' ')[0]),
        orig: uriOf(sent.uri),
        dest: gruu(this.us.address, this.us.device),
        contacts: all(answer, 'contact'),
        expires: first(answer, 'expires'),
        body: answer.body,
        sdp: hasSdp(answer),
        token: null,
      };
      const { orig, msgi, ...expected } = await sipClaims(about);
      const rsp = { ...expected, rsp: { code: answer.status, tok: await tokenHash(token) } };
      const { signer } = await verifyToken(compact, rsp, {
        trust: this.around.trust(),
        replays: null,
        now: this.now(),
        form: 'rsp',
      });
      return gruu(signer.address, signer.device) === sent.uri ? signer : null;
    } catch {
      return null;
    }
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
    return this.#transact(flow, request('CANCEL', uri, headers), branch, '', {});
  }

  /** A request without transaction: ACK. @param {Flow} flow @param {string} uri @param {[string, string][]} headers */
  fire(flow, uri, headers) {
    flow.send(
      request('ACK', uri, [
        ['via', `SIP/2.0/WS ${this.#host};branch=z9hG4bK${hex(random(12))}`],
        ['max-forwards', '70'],
        ...headers,
      ]),
    );
  }

  /** @param {Flow} flow @param {Message} message */
  async #received(flow, message) {
    if (message.status) {
      const branch = parameter(elements(message, 'via')[0] ?? '', 'branch');
      const client = this.#clients.get(`${branch} ${message.method}`);
      if (client && client.flow === flow) client.response(message);
      return;
    }
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
        flow.send(await this.#signed(message, response(message, status, reason, more, tag, type, body), token));
    };
    let signer = null;
    let token = '';
    if (!handler) return void answer(405, 'Method Not Allowed');
    const verified = ['INVITE', 'MESSAGE'].includes(message.method);
    if (verified) {
      try {
        ({ signer, token } = await this.#authentic(message));
      } catch (e) {
        const { code, reason } = e instanceof StarlingError ? e.args : { code: '400', reason: 'bad request' };
        flow.send(response(message, Number(code ?? 400), `Refused (${reason})`));
        this.handlers.get('forged')?.({ message, flow, signer: null, token: '', tag, answer });
        return;
      }
    }
    await handler({ message, flow, signer, token, tag, answer });
  }

  /** @param {Message} message */
  async #authentic(message) {
    const contactToken = first(message, 'starling-token');
    const expected = await sipClaims({
      method: message.method,
      callId: first(message, 'call-id'),
      cseq: Number(first(message, 'cseq').split(' ')[0]),
      orig: uriOf(first(message, 'from')),
      dest: gruu(this.us.address, this.us.device),
      contacts: all(message, 'contact'),
      expires: first(message, 'expires'),
      body: message.body,
      sdp: hasSdp(message),
      token: contactToken ? unb(contactToken) : null,
    });
    const compact = first(message, 'identity').split(';')[0];
    const { signer } = await verifyToken(compact, expected, {
      trust: this.around.trust(),
      replays: this.#replays,
      now: this.now(),
      started: this.started + this.now() - this.around.now(),
    });
    return { signer, token: compact };
  }

  /**
   * Answers of 101-299 to what was signed are signed too, bound to the request.
   * @param {Message} to
   * @param {Message} answer
   * @param {string} token
   */
  async #signed(to, answer, token) {
    if (!token || answer.status <= 100 || answer.status >= 300) return answer;
    const about = {
      method: to.method,
      callId: first(to, 'call-id'),
      cseq: Number(first(to, 'cseq').split(' ')[0]),
      orig: sipUri(this.us.address),
      dest: await callerGruu(token),
      contacts: all(answer, 'contact'),
      expires: first(answer, 'expires'),
      body: answer.body,
      sdp: hasSdp(answer),
      token: null,
    };
    const claims = fresh(
      { ...(await sipClaims(about)), rsp: { code: answer.status, tok: await tokenHash(token) } },
      this.now(),
    );
    answer.headers.push([
      'identity',
      `${await makeToken(this.us.signer, 'passport', 'rsp', claims)};info=<cid:x5c>;alg=ES256;ppt="rsp"`,
    ]);
    return answer;
  }

  /** @returns {Promise<void>} sign-off */
  async close() {
    await Promise.race([
      Promise.all(this.ready.map((flow) => this.register(flow, 0, false))),
      new Promise((resolve) => this.around.timer(1000, () => resolve(undefined))),
    ]);
    for (const flow of this.flows.values()) flow.close();
    this.flows.clear();
  }
}

const lostRequest = request('NONE', 'sip:x', [
  ['via', 'x'],
  ['from', 'x'],
  ['to', 'x'],
  ['call-id', 'x'],
  ['cseq', '1 NONE'],
]);

/** @param {string} text */
function unb(text) {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  } catch {
    return encode(text);
  }
}

/** The device whose key signed the request. @param {string} token @returns {Promise<string>} */
async function callerGruu(token) {
  const parsed = parseToken(token);
  return `${parsed.claims.orig.uri};gr=${await deviceId(parseCertificate(parsed.chain[0]).spki)}`;
}
