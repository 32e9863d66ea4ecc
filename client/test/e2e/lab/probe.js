// What a router does to UDP, found out from both sides of it, after RFC 5780: as a process of its own in a namespace. `probe.js echo` is four sockets outside,
// two addresses with two ports each; `probe.js ask` asks them from a home and tells its parent.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { CORE } from './internet.js';

const PORTS = [40_001, 40_002];
const TCP_PORT = 40_003;
const ADDRESSES = [CORE.v4, CORE.dns[0]];

/** By number: the first address and port, another port, another address. */
const PLACES = [
  { address: ADDRESSES[0], port: PORTS[0] },
  { address: ADDRESSES[0], port: PORTS[1] },
  { address: ADDRESSES[1], port: PORTS[0] },
];

/** A request names the sockets that are to answer, one digit each; the answer is the number of its socket and where the request came from. */
async function echo() {
  const sockets = PLACES.map(() => createSocket('udp4'));
  for (const [i, { address, port }] of PLACES.entries()) {
    sockets[i].on('message', (request, from) => {
      for (const each of request.toString('latin1'))
        sockets[Number(each)]?.send(`${each} ${from.address}:${from.port}`, from.port, from.address);
    });
    await new Promise((resolve) => sockets[i].bind(port, address, () => resolve(undefined)));
  }
  const server = createServer((socket) => socket.end());
  await new Promise((resolve) => server.listen(TCP_PORT, ADDRESSES[0], () => resolve(undefined)));
  process.send?.({ ready: true });
}

/** Over TCP, there and back: what went by UDP before has arrived or never will, for the way is one cable. */
const roundTrip = () =>
  new Promise((resolve, reject) => {
    const socket = connect(TCP_PORT, ADDRESSES[0]);
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.resume();
  });

/** Asks one place and gathers what comes. @param {import('node:dgram').Socket} socket @param {number} place @param {string} by */
async function ask(socket, place, by) {
  /** @type {Map<string, string>} */
  const answers = new Map();
  socket.on('message', (text) => answers.set(...text.toString('latin1').split(' ')));
  const { address, port } = PLACES[place];
  await new Promise((resolve) => socket.send(by, port, address, resolve));
  await roundTrip();
  await roundTrip();
  socket.removeAllListeners('message');
  return answers;
}

/** @returns {Promise<{mapping: string, filtering: string}>} as nat.js has them */
async function found() {
  const socket = createSocket('udp4');
  const seen = [];
  for (const place of [0, 1, 2]) seen.push((await ask(socket, place, `${place}`)).get(`${place}`));
  const own = socket.address().port;
  socket.close();
  // A new one: nothing was sent to the others from it.
  const fresh = createSocket('udp4');
  const heard = [...(await ask(fresh, 0, '210')).keys()].sort().join('');
  fresh.close();
  if (!seen[0]) return { mapping: '', filtering: 'udp' };
  const mapping = new Set(seen).size > 1 ? 'dependent' : 'independent';
  return {
    mapping,
    filtering: { '012': 'independent', '01': 'address', 0: 'port' }[heard] ?? `of its own (${heard})`,
    own,
    seen,
  };
}

if (process.argv[2] === 'echo') {
  process.on('disconnect', () => process.exit());
  await echo();
} else process.send?.(await found(), () => process.exit());
