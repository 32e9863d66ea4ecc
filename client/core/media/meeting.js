// Two ends that share a secret meet in a room of a server that knows only its name: docs/protocols/media.md, section 2.
// What they say is sealed in both directions, in order, each frame once; the server carries it and can only end it.
import { concat, decode, encode, same } from '../bytes.js';

export const PROTOCOL = 'media.starling';
export const SECRET_BYTES = 32;
const NONCE_BYTES = 32;
/** As the server bounds it. */
const MAX_FRAME = 32 * 1024;
const TAG_BYTES = 16;
const MAX_FRAMES = 2 ** 32;
const TICK_MILLIS = 15_000;
/** A page in the background may be woken once a minute only, while nothing sounds. */
const SILENT_MILLIS = 150_000;
const PLACES = { agent: 'a', page: 'p' };

/** @typedef {'agent' | 'page'} Role */
/**
 * Where messages go and come from: objects, as JSON knows them.
 * @typedef {object} Link
 * @property {(message: any) => void} send  nothing, once it is over
 * @property {(fn: (message: any) => void) => void} onMessage  one listener; what came before is kept for it
 * @property {Promise<void>} over  however it ended
 * @property {() => void} close
 */

/** RFC 5869. @param {Uint8Array<ArrayBuffer>} secret @param {Uint8Array<ArrayBuffer>} salt @param {string} info */
async function derived(secret, salt, info) {
  const ikm = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: encode(`starling media ${info}`) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, ikm, 256));
}

/** How the server calls the room: says nothing of the secret. @param {Uint8Array<ArrayBuffer>} secret */
export const roomOf = (secret) => derived(secret, new Uint8Array(0), 'room');

/**
 * One direction: AES-256-GCM, the nonce is the number of the frame (as in TLS 1.3), so that none can be left out, moved or said again.
 * @param {Uint8Array<ArrayBuffer>} secret @param {Uint8Array<ArrayBuffer>} salt  of both ends @param {Role} from @param {'encrypt' | 'decrypt'} use
 */
async function direction(secret, salt, from, use) {
  const key = await crypto.subtle.importKey('raw', await derived(secret, salt, from), 'AES-GCM', false, [use]);
  let number = 0;
  return (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
    if (number >= MAX_FRAMES) throw new Error('too many frames');
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, number++);
    return crypto.subtle[use]({ name: 'AES-GCM', iv }, key, bytes);
  };
}

/**
 * Goes into the room and waits for the other end.
 * @param {WebSocket} socket  of the server, with our subprotocol @param {Uint8Array<ArrayBuffer>} secret @param {Role} role
 * @param {(ms: number, task: () => void) => () => void} [timer] @returns {Link}
 */
export function meet(socket, secret, role, timer = after) {
  /** @type {(message: any) => void} */
  let listener = (message) => void early.push(message);
  /** @type {any[]} */
  const early = [];
  /** @type {(value?: any) => void} */
  let end = () => {};
  /** @type {Promise<void>} */
  const over = new Promise((resolve) => (end = resolve));
  let closed = false;
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  /** What comes and what goes, one after the other: what is sent waits until there is somebody. */
  let coming = Promise.resolve();
  /** @type {(seal: (bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>) => void} */
  let sealWith = () => {};
  /** @type {Promise<(bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>>} */
  const sealing = new Promise((resolve) => (sealWith = resolve));
  /** @type {Promise<any>} */
  let going = sealing;
  /** @type {((bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>) | null} */
  let open = null;
  let joined = false;
  let stopTick = () => {};
  let stopSilence = () => {};

  function close() {
    if (closed) return;
    closed = true;
    stopTick();
    stopSilence();
    socket.close();
    end();
  }

  function heard() {
    stopSilence();
    stopSilence = timer(SILENT_MILLIS, close);
  }

  function send(/** @type {any} */ message) {
    const bytes = encode(JSON.stringify(message));
    if (bytes.length > MAX_FRAME - TAG_BYTES) throw new Error('a message too long');
    going = going.then(async () => {
      const sealed = await (await sealing)(bytes);
      if (!closed) socket.send(sealed);
    });
    going.catch(close);
    stopTick();
    stopTick = timer(TICK_MILLIS, () => !closed && send({ tick: true }));
  }

  /** @param {Uint8Array<ArrayBuffer>} frame */
  async function took(frame) {
    if (closed) return;
    if (!joined) {
      if (!same(frame, Uint8Array.of(1))) throw new Error('not what a server says');
      joined = true;
      return socket.send(nonce);
    }
    if (!open) {
      if (frame.length !== NONCE_BYTES) throw new Error('not a nonce');
      // Of both, so that no key is ever used twice, whoever opens the link again.
      const salt = role === 'agent' ? concat(nonce, frame) : concat(frame, nonce);
      const [other, seal] = await Promise.all([
        direction(secret, salt, role === 'agent' ? 'page' : 'agent', 'decrypt'),
        direction(secret, salt, role, 'encrypt'),
      ]);
      open = other;
      return sealWith(seal);
    }
    const message = JSON.parse(decode(new Uint8Array(await open(frame))));
    if (typeof message !== 'object' || message === null) throw new Error('no message');
    heard();
    if (!message.tick) listener(message);
  }

  socket.binaryType = 'arraybuffer';
  socket.onopen = async () => {
    const name = await roomOf(secret);
    if (!closed) socket.send(concat(encode(PLACES[role]), name));
  };
  socket.onmessage = ({ data }) => {
    // A frame that does not open is nobody's whom we know: nothing more is believed.
    if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_FRAME) return close();
    coming = coming.then(() => took(new Uint8Array(data)));
    coming.catch(close);
  };
  socket.onclose = close;
  socket.onerror = close;
  heard();

  return {
    send: (message) => void (closed || send(message)),
    onMessage(fn) {
      listener = fn;
      for (const message of early.splice(0)) fn(message);
    },
    over,
    close,
  };
}

/** @param {number} ms @param {() => void} task */
function after(ms, task) {
  const id = setTimeout(task, ms);
  return () => clearTimeout(id);
}
