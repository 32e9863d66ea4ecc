// Links with a delay, in a process of their own so that nobody's cryptography holds them up. Every piece of bytes leaves `delay` ms after it came, in
// order, without a limit of bandwidth. Commands come from the parent: {n, do, …}, answers go back as {n, …}.
import { createSocket } from 'node:dgram';
import { createConnection, createServer } from 'node:net';

const HOST = '127.0.0.1';
let delay = 0;
/** By the port that is listened on: bytes and pieces that passed in both directions, and whether they still do. */
const links = new Map();

/** Hands over what was put in, later, in order. */
function later(deliver) {
  const queue = [];
  let waiting = false;
  const next = () => {
    waiting = false;
    while (queue.length && queue[0].due <= performance.now() + 0.5) deliver(queue.shift().piece);
    if (queue.length && !waiting) {
      waiting = true;
      setTimeout(next, Math.max(0, queue[0].due - performance.now()));
    }
  };
  return (piece) => {
    if (delay === 0 && queue.length === 0) return deliver(piece);
    queue.push({ piece, due: performance.now() + delay });
    if (!waiting) {
      waiting = true;
      setTimeout(next, delay);
    }
  };
}

function pipe(from, to, link) {
  const put = later((piece) => (piece === null ? to.end() : to.write(piece)));
  from.on('data', (piece) => {
    if (link.silent) return;
    link.bytes += piece.length;
    link.pieces++;
    put(piece);
  });
  from.on('end', () => link.silent || put(null));
  from.on('error', () => to.destroy());
  from.on('close', () => link.silent || put(null));
}

function tcp(target) {
  const link = { bytes: 0, pieces: 0, silent: false };
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
    // A handshake costs a round trip before anything can be sent.
    setTimeout(() => {
      const far = createConnection({ port: target, host: HOST, noDelay: true, allowHalfOpen: true });
      pipe(near, far, link);
      pipe(far, near, link);
      near.resume();
    }, 2 * delay);
  });
  return new Promise((resolve) =>
    server.listen(0, HOST, () => {
      const { port } = server.address();
      links.set(port, link);
      resolve({ port });
    }),
  );
}

/** One way into the UDP port `target`; each sender gets a socket of its own, by which the answers come back. */
function udp(target) {
  const link = { bytes: 0, pieces: 0, silent: false };
  const near = createSocket('udp4');
  const senders = new Map();
  near.on('message', (piece, from) => {
    let sender = senders.get(from.port);
    if (!sender) {
      const far = createSocket('udp4');
      const back = later((answer) => near.send(answer, from.port, from.address));
      far.on('message', back);
      sender = later((each) => far.send(each, target, HOST));
      senders.set(from.port, sender);
    }
    link.bytes += piece.length;
    link.pieces++;
    sender(piece);
  });
  return new Promise((resolve) => near.bind(0, HOST, () => resolve({ port: near.address().port })));
}

const commands = {
  tcp: ({ target }) => tcp(target),
  udp: ({ target }) => udp(target),
  delay: ({ millis }) => ({ delay: (delay = millis) }),
  silence: ({ port }) => ({ silent: (links.get(port).silent = true) }),
  count: ({ ports }) => ports.map((port) => links.get(port)).reduce(add, { bytes: 0, pieces: 0 }),
};
const add = (sum, { bytes, pieces }) => ({ bytes: sum.bytes + bytes, pieces: sum.pieces + pieces });

process.on('message', async ({ n, ...command }) => process.send({ n, ...(await commands[command.do](command)) }));
process.on('disconnect', () => process.exit(0));
