// A way to a relay over UDP that is slow, or breaks: each client of it gets a socket of its own towards the relay.
import { createSocket } from 'node:dgram';

/**
 * @param {number} relay  port of the relay on this computer
 * @param {{millis?: number}} [how]  millis: by which everything that comes back is late
 */
export async function wayTo(relay, { millis = 0 } = {}) {
  const front = createSocket('udp4');
  /** @type {Map<number, import('node:dgram').Socket>} */
  let behind = new Map();
  const it = {
    port: 0,
    broken: false,
    /** Nothing passes any more, and what was allocated through it is out of reach for good. */
    break() {
      it.broken = true;
      for (const socket of behind.values()) socket.close();
      behind = new Map();
    },
    mend: () => (it.broken = false),
    close() {
      it.break();
      front.close();
    },
  };
  front.on('message', (bytes, from) => {
    if (it.broken) return;
    let socket = behind.get(from.port);
    if (!socket) {
      socket = createSocket('udp4');
      behind.set(from.port, socket);
      const mine = behind;
      const back = (/** @type {Buffer} */ answer) =>
        mine === behind && !it.broken && front.send(answer, from.port, '127.0.0.1');
      socket.on('message', (answer) => (millis ? setTimeout(back, millis, answer) : back(answer)));
    }
    socket.send(bytes, relay, '127.0.0.1');
  });
  await new Promise((resolve) => front.bind(0, '127.0.0.1', () => resolve(undefined)));
  it.port = front.address().port;
  return it;
}
