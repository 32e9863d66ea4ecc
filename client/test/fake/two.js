// Alice and bob over relays that may lie, for tests of calls.
import { hex, random } from '../../core/bytes.js';
import { authority } from '../authority.js';
import { accepted, person } from './people.js';
import { relay, simulatedTime } from './relay.js';

export const ALICE = 'alice@example.net';
export const BOB = 'bob@example.net';

/** Alice and bob, each with flows to the relays named; contacts of each other. */
export async function two({ peers = 1, bobs = 1, contacts = true, capabilities } = {}) {
  const time = simulatedTime(Date.now());
  const ca = await authority(time.now());
  const relays = Array.from({ length: peers }, () => relay({ id: hex(random(32)), now: time.now }));
  for (const one of relays) for (const other of relays) if (one !== other) one.others.set(other.id, other);
  const directory = new Map();
  const make = (address, its = relays) => person({ ca, time, relays: its, address, directory, capabilities });
  const alice = await make(ALICE);
  const bob = await make(BOB);
  const more = [];
  for (let i = 1; i < bobs; i++) more.push(await make(BOB));
  for (const each of [bob, ...more]) if (contacts) each.ctx.book.set(ALICE, accepted(ALICE));
  if (contacts) alice.ctx.book.set(BOB, accepted(BOB));
  return { time, ca, relays, relay: relays[0], alice, bob, others: more, make, directory };
}

export const ringing = (s) => s.call?.state === 'ringing';
export const running = (s) => s.call?.state === 'running';
export const over = (s) => s.call === null || s.call.state === 'ended';
export const requests = (it, method) => it.log.filter((m) => !m.status && m.method === method);

export async function bothRing(it) {
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
}

export async function talking(it) {
  await bothRing(it);
  await it.bob.calls.accept();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
}

/** Lets everything happen that needs no time, until it is so. */
export async function soon(holds, what) {
  for (let i = 0; i < 2000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`waited in vain for ${what}`);
}
