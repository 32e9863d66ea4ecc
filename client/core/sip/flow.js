// One WebSocket flow to one peer (RFC 7118): opens, says what arrives, notices when nobody is at the other end, and
// comes back by itself.
import { parseMessage, writeMessage } from './message.js';

const FIRST_PAUSE_MILLIS = 200;
/** A peer that was started again has its clients back within ten seconds, however long it was away. */
const LONGEST_PAUSE_MILLIS = 8_000;
const CONNECT_MILLIS = 5000;

/** @typedef {import('./message.js').Message} Message */
/** @typedef {{webSocket: (url: string, protocols: string[]) => WebSocket, timer: (ms: number, task: () => void) => () => void, received: (flow: Flow, message: Message) => void, opened: (flow: Flow) => void, lost: (flow: Flow, was: boolean) => void}} FlowAround  was: it was registered, and did not only fail to open */

export class Flow {
  /** @type {WebSocket | null} */
  #socket = null;
  #pause = FIRST_PAUSE_MILLIS;
  #closed = false;
  /** @type {() => void} */
  #cancel = () => {};
  /** @type {() => void} */
  #end = () => {};
  /** How often something came; standing still means that nobody may be there. */
  heard = 0;

  /**
   * @param {{id: string, base: string, ws: string, sip: string}} peer
   * @param {FlowAround} around
   */
  constructor(peer, around) {
    this.peer = peer;
    this.around = around;
    this.registered = false;
    this.open();
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  open() {
    if (this.#closed || this.#socket) return;
    this.#cancel();
    let socket;
    try {
      socket = this.around.webSocket(this.peer.ws, ['sip']);
    } catch {
      this.#later();
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const giveUp = this.around.timer(CONNECT_MILLIS, () => socket.readyState === 0 && this.drop());
    let over = false;
    const end = () => {
      giveUp();
      if (over) return;
      over = true;
      this.#socket = null;
      const was = this.registered;
      this.registered = false;
      if (was || !this.#closed) this.around.lost(this, was);
      this.#later();
    };
    this.#end = end;
    socket.onopen = () => {
      giveUp();
      if (!over) this.around.opened(this);
    };
    socket.onclose = end;
    socket.onerror = end;
    socket.onmessage = (event) => {
      if (!over) this.#take(event.data);
    };
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    this.heard++;
    try {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
      if (bytes.length > 4) this.around.received(this, parseMessage(bytes));
    } catch {
      // What is no SIP message has no answer: RFC 3261, section 18.
    }
  }

  #later() {
    if (this.#closed) return;
    const pause = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(LONGEST_PAUSE_MILLIS, this.#pause * 2);
    this.#cancel = this.around.timer(pause, () => this.open());
  }

  /** The network is back, or somebody looks: do not wait out the pause. */
  hurry() {
    this.#pause = FIRST_PAUSE_MILLIS;
    if (!this.#socket) this.open();
  }

  /** The peer took us in: the next loss is a new one. */
  settled() {
    this.#pause = FIRST_PAUSE_MILLIS;
  }

  /** Nobody answers: a closing handshake would wait for them too. */
  drop() {
    const socket = this.#socket;
    this.#end();
    socket?.close();
  }

  /** @param {Message} message @returns {boolean} */
  send(message) {
    if (!this.isOpen) return false;
    /** @type {WebSocket} */ (this.#socket).send(/** @type {any} */ (writeMessage(message)));
    return true;
  }

  close() {
    this.#closed = true;
    this.#cancel();
    this.#socket?.close(1000);
  }
}
