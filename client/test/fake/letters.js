// What tests ask of conversations, and letters that nobody honest would leave.
import { publicMaster } from '../../core/record/rendezvous.js';

export const textsOf = async (one, who) => (await one.messages(who, undefined, 5000)).map((m) => m.text);
export const stateOf = async (one, who, text) => (await one.messages(who)).find((m) => m.text === text)?.state;
export const knownKeys = { address: (address) => publicMaster(address, 'local') };

/** In place of the stream from the peers: what an agent watches is given to it when the test says so. */
export function heldBack(one) {
  const watched = new Map();
  one.ctx.watch = (key, each) => {
    watched.set(key, each);
    return () => void watched.delete(key);
  };
  return { keys: () => new Set(watched.keys()), give: (key, value) => watched.get(key)?.(value) };
}
