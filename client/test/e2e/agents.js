// The agent without a browser: Node, the `ws` package, a store in memory, and media that only exchange SDP.
import WebSocket from 'ws';
import { Starling } from '../../core/starling.js';
import { memoryStore } from '../../core/store/memory.js';

/** A media engine that negotiates and "connects" without sound. */
export function fakeMedia() {
  const legs = [];
  const sdp = () => {
    const fingerprint = Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) =>
      b.toString(16).padStart(2, '0').toUpperCase(),
    ).join(':');
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=rtpmap:111 opus/48000/2',
      `a=fingerprint:sha-256 ${fingerprint}`,
      '',
    ].join('\r\n');
  };
  return {
    legs,
    microphones: async () => [],
    async create() {
      let tell = () => {};
      const leg = {
        remote: '',
        speaking: false,
        closed: false,
        offer: async () => (leg.local = sdp()),
        answer: async (offer) => ((leg.remote = offer), (leg.local = sdp())),
        accept: async (answer) => void ((leg.remote = answer), tell('connected', { direct: true })),
        speak: async () => void ((leg.speaking = true), tell('connected', { direct: true })),
        mute: () => {},
        microphone: async () => {},
        onState: (fn) => (tell = fn),
        stats: async () => ({ quality: 'good', energyIn: 1, energyOut: 1 }),
        close: () => void (leg.closed = true),
      };
      legs.push(leg);
      return leg;
    },
  };
}

// What an agent would do in ten minutes must not keep a finished test alive.
function timer(ms, task) {
  const id = setTimeout(task, ms);
  id.unref();
  return () => clearTimeout(id);
}

export async function agent(peers, { store = memoryStore(), media = fakeMedia(), ...more } = {}) {
  const starling = await Starling.open({
    store,
    fetch,
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers,
    loopback: true,
    media,
    deviceName: 'Node',
    timer,
    ...more,
  });
  return Object.assign(starling, { media, store });
}

/** Resolves when the state fulfils `wanted`; rejects after a while, saying what the state was. */
export function until(starling, wanted, what, millis = 20_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      const { me, contacts, requests, call, notices } = starling.state;
      reject(new Error(`waited for ${what}: ${JSON.stringify({ me, contacts, requests, call, notices })}`));
    }, millis);
    const look = () => {
      if (!wanted(starling.state)) return;
      clearTimeout(timer);
      stop();
      resolve(starling.state);
    };
    const stop = starling.subscribe(look);
    look();
  });
}

/** For what is no part of the state: asked again until it is so. */
export async function eventually(holds, what, millis = 90_000) {
  const end = Date.now() + millis;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
