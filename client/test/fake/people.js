// People for tests of calls and messages: a device with a certificate, a user agent, a calls object, and the little
// of the agent that it needs.
import { calls } from '../../core/call/calls.js';
import { hex, random } from '../../core/bytes.js';
import { UserAgent } from '../../core/sip/ua.js';
import { memoryStore } from '../../core/store/memory.js';
import { issue } from '../authority.js';

const PRINT = () => hex(random(32)).toUpperCase().match(/../g).join(':');
const ufragOf = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp)[1];
export const hostCandidate = (port = 50_000) =>
  `candidate:1 1 udp 2113937151 192.168.1.5 ${port} typ host generation 0`;
export const relayCandidate = (port = 60_000) =>
  `candidate:2 1 udp 33562367 203.0.113.1 ${port} typ relay raddr 198.51.100.7 rport 50000 generation 0`;

/** Media that only exchange SDP; each step is written down. */
export function fakeMedia() {
  const legs = [];
  return {
    legs,
    microphones: async () => [],
    async create() {
      const leg = { local: '', remote: '', speaking: false, closed: false, tell: () => {} };
      const print = PRINT();
      const sdp = () => {
        const ice = `a=ice-ufrag:${hex(random(4))}\r\na=ice-pwd:${hex(random(12))}\r\na=ice-options:trickle\r\n`;
        return `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=mid:0\r\n${ice}a=fingerprint:sha-256 ${print}\r\n`;
      };
      legs.push(leg);
      return Object.assign(leg, {
        whole: [],
        added: [],
        restarts: 0,
        undone: 0,
        /** The media find a candidate, or no more. */
        find: (candidate) => leg.hear(candidate && { candidate, ufrag: ufragOf(leg.local) }),
        hear: () => {},
        offer: async ({ whole }) => (leg.whole.push(whole), (leg.local = sdp())),
        answer: async (offer, { whole }) => (leg.whole.push(whole), (leg.remote = offer), (leg.local = sdp())),
        accept: async (answer) => void ((leg.remote = answer), leg.tell('connected', { direct: true })),
        restart: async ({ whole }) => (leg.whole.push(whole), leg.restarts++, (leg.local = sdp())),
        undo: async () => void leg.undone++,
        use: (relays) => (leg.relays = relays),
        onCandidate: (fn) => (leg.hear = fn),
        add: (candidate, mid, ufrag) => leg.added.push({ candidate, mid, ufrag }),
        speak: async () => void ((leg.speaking = true), leg.tell('connected', { direct: true })),
        mute: (muted) => void (leg.muted = muted),
        press: (key) => (leg.pressed = (leg.pressed ?? '') + key) !== '',
        microphone: async () => {},
        onState: (fn) => (leg.tell = fn),
        direct: true,
        stats: async () => ({ quality: 'good', direct: leg.direct, energyIn: 1, energyOut: 1 }),
        close: () => void (leg.closed = true),
      });
    },
  };
}

/** @param {{ca: any, time: any, relays: any[], address: string, directory: Map<string, any[]>, capabilities?: string[]}} how */
export async function person({
  ca,
  time,
  relays,
  address,
  directory,
  capabilities = ['message', 'audio', 'trickle-ice'],
}) {
  const card = await issue(ca, address, time.now());
  const trust = () => ({ anchors: [ca.certificate], allowTest: true });
  const watchers = new Set();
  const us = { address, device: card.key.id, signer: card.signer };
  const ctx = {
    around: { now: time.now, media: fakeMedia() },
    timer: time.timer,
    store: memoryStore(),
    state: { call: null, pastCalls: [], settings: { microphone: '', strangersRing: false } },
    update(patch) {
      Object.assign(ctx.state, patch);
      for (const look of watchers) look();
    },
    events: [],
    emit: (event, what) => ctx.events.push([event, what]),
    book: new Map(),
    moves: { isOver: () => false },
    contacts: {
      get: (who) => ctx.book.get(who),
      blocked: () => false,
      isListed: async (who, device) => (directory.get(who) ?? []).some((each) => each.id === device),
      targets: async (who) => directory.get(who) ?? [],
    },
    delivery: {
      paths: (target) => {
        const list = [];
        for (const peer of target.location.peers) {
          const direct = ctx.ua.ready.find((flow) => flow.peer.id === peer.id);
          if (direct) list.unshift({ flow: direct, routes: [] });
          else for (const flow of ctx.ua.ready) list.push({ flow, routes: [`<${peer.uri};pin=${peer.id};lr>`] });
        }
        return list;
      },
    },
    chat: { send: async (to, text) => void ctx.events.push(['sent', { to, text }]) },
    relays: { servers: async () => [] },
  };
  let allReady = () => {};
  const ready = new Promise((resolve) => (allReady = resolve));
  ctx.ua = new UserAgent(us, {
    webSocket: (url) => relays.find((each) => each.peer.ws === url).open(),
    timer: time.timer,
    now: time.now,
    steady: time.now,
    trust,
    registered() {
      if (ctx.ua.ready.length === relays.length) allReady();
      ctx.calls.hurry();
    },
    lost: () => {},
    clock: () => ctx.events.push(['clock', null]),
  });
  ctx.calls = calls(ctx);
  for (const [method, handler] of [
    ['INVITE', ctx.calls.received],
    ['CANCEL', ctx.calls.cancelled],
    ['BYE', ctx.calls.ended],
    ['INFO', ctx.calls.informed],
    ['ACK', ctx.calls.acknowledged],
  ])
    ctx.ua.handlers.set(method, handler);
  for (const each of relays) ctx.ua.connect(each.peer);
  const device = { id: us.device, location: { peers: relays.map((r) => ({ uri: r.uri, id: r.id })), capabilities } };
  directory.set(address, [...(directory.get(address) ?? []), device]);
  await ready;
  return {
    ctx,
    ua: ctx.ua,
    calls: ctx.calls,
    device: us.device,
    legs: ctx.around.media.legs,
    get call() {
      return ctx.state.call;
    },
    get past() {
      return ctx.state.pastCalls;
    },
    /** Waits for an event, not for time. */
    until(holds) {
      return new Promise((resolve) => {
        const look = () => {
          if (!holds(ctx.state)) return;
          watchers.delete(look);
          resolve(ctx.state);
        };
        watchers.add(look);
        look();
      });
    },
  };
}

export const accepted = (address) => ({
  address,
  name: '',
  state: 'accepted',
  theirToken: random(32),
  level: 'test',
  chain: {},
  changed: null,
});
