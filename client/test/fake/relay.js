// A peer for tests, in one process: registers flows, routes by GRUU and Route, and can be told to lie.
// docs/protocols/sip.md, section 2.
import { all, elements, first, parameter, parseMessage, response, writeMessage } from '../../core/sip/message.js';

/** Time that passes only when it is told to. */
export function simulatedTime(start) {
  let now = start;
  let waiting = [];
  const timer = (ms, task) => {
    const entry = { at: now + ms, task };
    waiting.push(entry);
    return () => (waiting = waiting.filter((each) => each !== entry));
  };
  return {
    timer,
    now: () => now,
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = waiting.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        waiting = waiting.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.task();
      }
      now = end;
    },
    /** As when the computer slept: each timer that is due rings once, late. */
    sleep(ms) {
      now += ms;
      this.advance(0);
    },
  };
}

let branches = 0;
const pinOf = (route) => /;pin=([0-9a-f]{64})/.exec(route)?.[1];

/**
 * @param {{id: string, now: () => number}} self
 * `alter(message, relay)`: what becomes of a message on its way, null drops it, {answer} answers it. `others`: relays by id.
 * `ended(instance)`: the flow of a device is gone.
 */
export function relay(self) {
  const flows = new Map();
  const sockets = new Set();
  const sent = new Map();
  const it = {
    id: self.id,
    peer: {
      id: self.id,
      base: `http://${self.id.slice(0, 4)}/`,
      ws: `ws://${self.id.slice(0, 4)}`,
      sip: `sip:127.0.0.1:1`,
    },
    uri: `sip:127.0.0.1:${parseInt(self.id.slice(0, 2), 16) + 1000};transport=tls`,
    others: new Map(),
    log: [],
    alter: (message) => message,
    ended: () => {},
    dead: false,
    opened: 0,
    open,
    pass,
    die() {
      it.dead = true;
      for (const socket of [...sockets]) socket.close();
    },
  };

  function open() {
    const socket = { readyState: 0, binaryType: '', onopen: null, onclose: null, onmessage: null, onerror: null };
    socket.send = (bytes) => queueMicrotask(() => !it.dead && received(parseMessage(new Uint8Array(bytes)), socket));
    socket.close = () => {
      if (socket.readyState === 3) return;
      socket.readyState = 3;
      sockets.delete(socket);
      for (const [gr, flow] of flows)
        if (flow === socket) {
          flows.delete(gr);
          it.ended(gr);
        }
      queueMicrotask(() => socket.onclose?.({}));
    };
    sockets.add(socket);
    it.opened++;
    queueMicrotask(() => {
      if (it.dead) return socket.close();
      socket.readyState = 1;
      socket.onopen?.({});
    });
    return socket;
  }

  const give = (socket, message) =>
    queueMicrotask(() => socket.readyState === 1 && socket.onmessage?.({ data: writeMessage(message).buffer }));

  function received(message, socket) {
    it.log.push(message);
    if (message.method === 'REGISTER') return register(message, socket);
    pass(message, (answer) => give(socket, answer), [...flows].find(([, flow]) => flow === socket)?.[0]);
  }

  function register(message, socket) {
    const gr = /"<urn:uuid:([^>]*)>"/.exec(first(message, 'contact'))?.[1].replaceAll('-', '');
    if (/;expires=0$/.test(first(message, 'contact'))) {
      flows.delete(gr);
      it.ended(gr);
    } else flows.set(gr, socket);
    const said = it.alter(response(message, 200, 'OK', [['date', new Date(self.now()).toUTCString()]]), it);
    if (said) give(socket, said);
  }

  /** One message on its way; `back` takes answers. */
  function pass(original, back, from) {
    const message = it.alter(original, it);
    if (!message) return;
    if (message.answer) return back(message.answer);
    if (message.status) {
      const branch = parameter(first(message, 'via'), 'branch');
      const up = sent.get(branch);
      if (up)
        up({ ...message, headers: message.headers.filter((h) => h !== message.headers.find(([n]) => n === 'via')) });
      return;
    }
    if (message.method === 'INVITE') back(response(message, 100, 'Trying'));
    const routes = elements(message, 'route').filter((route) => pinOf(route) !== it.id);
    const fresh = message.method === 'INVITE' && !parameter(first(message, 'to'), 'tag');
    const record = () => (fresh ? [['record-route', `<sip:t@127.0.0.1:1;transport=tls;pin=${it.id};lr>`]] : []);
    // A CANCEL takes the branch of its INVITE: RFC 3261, section 9.1.
    const key = `${parameter(first(message, 'via'), 'branch')}`;
    const branch = message.method === 'CANCEL' ? sent.get(`cancel ${key}`) : `z9hG4bKr${branches++}`;
    if (message.method === 'INVITE') sent.set(`cancel ${key}`, branch);
    if (message.method === 'CANCEL') back(response(message, 200, 'OK'));
    else sent.set(branch, back);
    const onward = {
      ...message,
      headers: [
        ['via', `SIP/2.0/TLS relay;branch=${branch}`],
        ...all(message, 'via').map((via) => ['via', via]),
        ...record(),
        ...routes.map((route) => ['route', route]),
        ...message.headers.filter(([name]) => name !== 'via' && name !== 'route'),
      ],
    };
    const next = routes.length ? it.others.get(pinOf(routes[0])) : null;
    if (routes.length)
      return next && !next.dead
        ? queueMicrotask(() => next.pass(onward, (answer) => pass(answer, back), from))
        : back(response(message, 503, 'Not there'));
    const gr = /;gr=([0-9a-f]+)/.exec(message.uri)?.[1] ?? '';
    const socket = [...flows].find(([key]) => matches(key, gr))?.[1];
    if (!socket) return message.method === 'ACK' ? undefined : back(response(message, 480, 'Not here'));
    give(socket, onward);
  }

  // The instance id is made of the first half of the device id, with version and variant set.
  const matches = (key, gr) => key.slice(0, 12) === gr.slice(0, 12) && key.slice(20) === gr.slice(20, 32);
  return it;
}
