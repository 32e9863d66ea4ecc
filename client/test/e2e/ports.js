// Ports for servers that are started later.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below what Linux gives to connections and to servers that leave the choice to it (32768 to 60999): from there a port is soon somebody else's. */
const [FIRST, PAST] = [12_000, 20_000];

/**
 * A port that nobody listens on, by TCP or UDP, and that no other file of tests is given as long as this process lives: its number is kept as the name of
 * a socket in Linux' abstract namespace, which ends with the process however that ends.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let left = 100; left > 0; left--) {
    const port = FIRST + Math.floor(Math.random() * (PAST - FIRST));
    if ((await keeps(port)) && (await isFree(port))) return port;
  }
  throw new Error('no free port');
}

/** @param {number} port @returns {Promise<boolean>} */
async function keeps(port) {
  const server = createServer();
  if (!(await listening(server, () => server.listen({ path: `\0starling-test-port-${port}` })))) return false;
  server.unref();
  return true;
}

/** @param {number} port @returns {Promise<boolean>} */
async function isFree(port) {
  const [tcp, udp] = [createServer(), createSocket('udp4')];
  const free =
    (await listening(tcp, () => tcp.listen(port, '0.0.0.0'))) &&
    (await listening(udp, () => udp.bind(port, '0.0.0.0')));
  await Promise.all([ended(tcp), ended(udp)]);
  return free;
}

/** @param {import('node:events').EventEmitter} socket @param {() => void} start @returns {Promise<boolean>} */
const listening = (socket, start) =>
  new Promise((resolve) => {
    socket.once('listening', () => resolve(true));
    socket.once('error', () => resolve(false));
    start();
  });

/** @param {{close: (done: () => void) => any}} socket @returns {Promise<void>} */
const ended = (socket) =>
  new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve(); // It was not open.
    }
  });
