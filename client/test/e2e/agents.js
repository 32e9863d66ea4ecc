// The agent without a browser: Node, the `ws` package, a store in memory, and media that only exchange SDP.
import WebSocket from 'ws';
import { Person } from '../../core/person.js';
import { Starling } from '../../core/starling.js';
import { memoryStore } from '../../core/store/memory.js';
import { fakeMedia } from '../fake/people.js';

// What an agent would do in ten minutes must not keep a finished test alive.
function timer(ms, task) {
  const id = setTimeout(task, ms);
  id.unref();
  return () => clearTimeout(id);
}

/** The agent of one address. */
export const agent = (peers, how) => opened(Starling, peers, how);
/** A person, who may change the address. */
export const whole = (peers, how) => opened(Person, peers, how);

async function opened(what, peers, { store = memoryStore(), media = fakeMedia(), ...more } = {}) {
  const starling = await what.open({
    store,
    fetch,
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers,
    loopback: () => true,
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
export async function eventually(holds, what, millis = 90_000, pause = 50) {
  const end = Date.now() + millis;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
