// Client transactions over reliable transports: a wait with an end (RFC 3261, section 17.1, timers B and F); nothing is
// retransmitted.
import { all, elements, first, parameter, request, response } from './message.js';

const TIMEOUT_MILLIS = 32_000;
const MAX_TRANSACTIONS = 2000;

/** @typedef {import('./message.js').Message} Message */
/** @typedef {import('./flow.js').Flow} Flow */
/** @typedef {import('./ua.js').Outcome} Outcome */
/** @typedef {(sent: Message, answer: Message, token: string) => Promise<import('../identity/verifier.js').Verified | null>} Judge  who answered, null: nobody who proves it */

export class ClientTransactions {
  /** @type {Map<string, {flow: Flow, response: (message: Message) => Promise<void>}>} */
  #waiting = new Map();

  /** @param {(ms: number, task: () => void) => () => void} timer @param {Judge} judge */
  constructor(timer, judge) {
    this.timer = timer;
    this.judge = judge;
  }

  /**
   * Sends and waits for the final answer; 408 is ours when there is none, 480 when the flow ended.
   * @param {Flow} flow
   * @param {Message} message
   * @param {string} branch
   * @param {string} token  the PASSporT in it, '' for none
   * @param {{provisional?: (message: Message, outcome: Outcome) => void, timeout?: number}} how
   * @returns {Promise<Outcome>}
   */
  run(flow, message, branch, token, how) {
    return new Promise((resolve) => {
      const key = `${branch} ${message.method}`;
      const fail = (/** @type {number} */ status) => resolve({ status, message: null, signer: null, token });
      if (this.#waiting.size >= MAX_TRANSACTIONS || !flow.send(message)) return fail(480);
      const cancel = this.timer(how.timeout ?? TIMEOUT_MILLIS, () => {
        this.#waiting.delete(key);
        fail(408);
      });
      const take = async (/** @type {Message} */ answer) => {
        const signed = token && answer.status > 100 && answer.status < 300;
        const signer = signed ? await this.judge(message, answer, token) : null;
        const outcome = { status: answer.status, message: answer, signer, token };
        if (answer.status < 200) return how.provisional?.(answer, outcome);
        this.#waiting.delete(key);
        cancel();
        if (message.method === 'INVITE' && answer.status >= 300) acknowledgeFailure(flow, message, answer);
        resolve(outcome);
      };
      this.#waiting.set(key, { flow, response: take });
    });
  }

  /** @param {Flow} flow @param {Message} answer */
  received(flow, answer) {
    const branch = parameter(elements(answer, 'via')[0] ?? '', 'branch');
    const client = this.#waiting.get(`${branch} ${answer.method}`);
    if (client?.flow === flow) void client.response(answer);
  }

  /** Whatever waits on an ended flow is told so, and can go another way. @param {Flow} flow */
  lost(flow) {
    for (const [key, client] of this.#waiting)
      if (client.flow === flow) {
        this.#waiting.delete(key);
        void client.response(response(LOST, 480, 'The connection ended'));
      }
  }
}

const LOST = request('NONE', 'sip:x', [
  ['via', 'x'],
  ['from', 'x'],
  ['to', 'x'],
  ['call-id', 'x'],
  ['cseq', '1 NONE'],
]);

/** RFC 3261, section 17.1.1.3. @param {Flow} flow @param {Message} invite @param {Message} answer */
function acknowledgeFailure(flow, invite, answer) {
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
