// Twenty people, some with two devices, write a thousand messages while they sign off and on at random, peers are killed with -9 and DHT nodes die:
// every message reaches every device of its addressee exactly once, and in order for each sender.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { after, before, test } from 'node:test';
import { agent, until } from '../e2e/agents.js';
import { code } from '../e2e/servers.js';
import { memoryStore } from '../../core/store/memory.js';
import { lettersWorld } from './letters-world.js';
import { leaveTable } from './server.js';

const PEOPLE = Number(process.env.STARLING_LETTERS_PEOPLE ?? 20);
const MESSAGES = Number(process.env.STARLING_LETTERS ?? 1000);
const SECOND_DEVICES = Math.floor(PEOPLE / 4);
const FRIENDS = 3;
/** Three write at once: two letters a second. All these clients, peers and nodes share two cores, and a peer that starts takes one of them for half a minute. */
const WRITE_MILLIS = 1500;
const WRITERS = 3;
const MOVERS = 2;
const AWAY_MILLIS = 4_000;
const MOVE_MILLIS = 1_500;
/** Peers and nodes in turn. One each 30 seconds went well on a quiet machine, and once, on a slow one, everything stayed late: docs/long.md. */
const KILL_MILLIS = Number(process.env.STARLING_LETTERS_KILL ?? 45) * 1000;
const DOWN_MILLIS = 3_000;
const SETTLE_MILLIS = 240_000;
const PROGRESS_MILLIS = 10_000;
const pause = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

// Many fetches of one look-up share one AbortSignal; Node warns of eleven, thousands of times.
setMaxListeners(200);

// Mulberry32: the same story each time, as far as machines allow.
let seed = 20261125;
function chance() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
/** @template T @param {T[]} some @returns {T} */
const any = (some) => some[Math.floor(chance() * some.length)];

/** @typedef {{address: string, bases: string[], store: import('../../core/types.js').Store, one: any}} Device */
/** @typedef {{address: string, devices: Device[], friends: Person[], sent: Map<Person, number>}} Person */

/** @type {Awaited<ReturnType<typeof lettersWorld>>} */
let world;
/** @type {Person[]} */
const people = [];
const counts = { signOffs: 0, peers: 0, nodes: 0, sent: 0 };

/** Answers that refused, by what was asked and why. @type {Map<string, number>} */
const refusals = new Map();
/** What was asked since the last progress, and for how long in all, ms. @type {Map<string, {times: number, millis: number}>} */
let asked = new Map();
/** @param {string} url @param {RequestInit} init */
async function counted(url, init) {
  const ask = `${init?.method ?? 'GET'} /${new URL(url).pathname.split('/')[1]}`;
  const count = (/** @type {string | number} */ why) =>
    refusals.set(`${ask} ${why}`, (refusals.get(`${ask} ${why}`) ?? 0) + 1);
  const start = performance.now();
  try {
    const answer = await fetch(url, init);
    if (answer.status >= 400) count(answer.status);
    const sum = asked.get(ask) ?? { times: 0, millis: 0 };
    asked.set(ask, { times: sum.times + 1, millis: sum.millis + performance.now() - start });
    return answer;
  } catch (e) {
    count(e instanceof Error ? e.name : 'error');
    throw e;
  }
}

/** @param {Device} device */
async function open(device) {
  device.one = await agent([...device.bases], { store: device.store, fetch: counted });
  return device.one;
}

/** @param {string} address @param {number} i @returns {Promise<Device>} */
async function enrolled(address, i) {
  const bases = [world.bases[i % world.bases.length], world.bases[(i + 1) % world.bases.length]];
  const device = { address, bases, store: memoryStore(), one: null };
  const one = await open(device);
  await one.enrol(address);
  await one.submitCode(await code(world.mailbox, address));
  return device;
}

before(async () => {
  world = await lettersWorld();
  stopProgress = progress();
  for (let i = 0; i < PEOPLE; i++) {
    const address = `person${i}@example.net`;
    const device = await enrolled(address, i);
    await until(device.one, (s) => ['online', 'one-server'].includes(s.me.status), `${address} online`, 60_000);
    people.push({ address, devices: [device], friends: [], sent: new Map() });
  }
  for (let i = 0; i < SECOND_DEVICES; i++) {
    const person = people[i];
    const first = person.devices[0].one;
    const second = await enrolled(person.address, i + 1);
    const asked = await until(first, (s) => s.endorsements.length === 1, 'asked to allow', 60_000);
    await first.allowDevice(asked.endorsements[0].deviceId);
    await until(second.one, (s) => ['online', 'one-server'].includes(s.me.status), 'second device online', 60_000);
    person.devices.push(second);
  }
  for (let i = 0; i < PEOPLE; i++)
    for (let k = 1; k <= FRIENDS; k++) await befriend(people[i], people[(i + k) % PEOPLE]);
});
let stopProgress = () => {};
after(async () => {
  stopProgress();
  await Promise.allSettled(people.flatMap((p) => p.devices.map((d) => d.one?.close())));
  await world?.close();
});

/** @param {Person} a @param {Person} b */
async function befriend(a, b) {
  if (a === b || a.friends.includes(b) || b.friends.includes(a)) return;
  await a.devices[0].one.requestContact(b.address, {});
  await until(b.devices[0].one, (s) => s.requests.some((r) => r.address === a.address), 'request', 60_000);
  await b.devices[0].one.acceptRequest(a.address);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ])
    for (const { one } of from.devices)
      await until(
        one,
        (s) => s.contacts.some((c) => c.address === to.address && c.state === 'accepted'),
        `${from.address} has ${to.address}`,
        90_000,
      );
  a.friends.push(b);
}

/** Everybody writes from the first device only: an order exists for one writer. */
async function write() {
  while (counts.sent < MESSAGES) {
    const from = any(people);
    const to = any(from.friends);
    if (!from.devices[0].one) {
      await pause(20);
      continue;
    }
    const n = from.sent.get(to) ?? 0;
    from.sent.set(to, n + 1);
    counts.sent++;
    await from.devices[0].one.sendMessage(to.address, `${from.address} ${n}`);
    await pause(WRITE_MILLIS * (0.5 + chance()));
  }
}

/** Signs off at random, and comes back after a while. */
async function move() {
  while (counts.sent < MESSAGES) {
    const device = any(any(people).devices);
    const { one } = device;
    if (one) {
      device.one = null;
      await one.close();
      counts.signOffs++;
      await pause(AWAY_MILLIS * (0.2 + 2 * chance()));
      await open(device);
    }
    await pause(MOVE_MILLIS * chance());
  }
}

async function kill() {
  for (let n = 0; counts.sent < MESSAGES; n++) {
    await pause(KILL_MILLIS);
    if (n % 2 === 0) {
      const i = Math.floor(chance() * world.bases.length);
      await world.killPeer(i);
      counts.peers++;
      await pause(DOWN_MILLIS);
      await world.startPeer(i);
    } else {
      await world.replaceNode();
      counts.nodes++;
    }
  }
}

/** Each ten seconds, how it goes: where there is an overload, it is seen what it consists of. */
function progress() {
  const start = performance.now();
  let last = start;
  const timer = setInterval(() => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    const each = [...asked].map(
      ([what, { times, millis }]) => `${what} ${(times / seconds).toFixed(1)}/s of ${(millis / times).toFixed(0)} ms`,
    );
    const late = now - last - PROGRESS_MILLIS;
    const { signOffs, peers, nodes, sent } = counts;
    console.log(
      `${((now - start) / 1000).toFixed(0)} s: ${sent} written, ${signOffs} sign-offs, ${peers} peers, ${nodes} nodes, ${late.toFixed(0)} ms late; ${each.sort().join(', ')}`,
    );
    last = now;
    asked = new Map();
  }, PROGRESS_MILLIS);
  return () => clearInterval(timer);
}

/** @param {Device} device @param {Person} from @returns {Promise<string[]>} */
const got = async (device, from) =>
  (await device.one.messages(from.address, undefined, 10_000)).filter((m) => !m.mine).map((m) => m.text);

/** Who is where, and what became of what was written. @param {{from: Person, to: Person, n: number}[]} links */
async function explain(links) {
  console.log(Object.fromEntries(refusals));
  for (const log of world.logs()) console.log(log.split('\n').slice(-12).join('\n'));
  for (const { address, devices } of people)
    console.log(address, devices.map(({ one }) => `${one.state.me.status} ${one.ctx.peers.known.size}`).join(', '));
  for (const { from, to } of links) {
    const mine = (await from.devices[0].one.messages(to.address, undefined, 10_000)).filter((m) => m.mine);
    /** @type {Map<string, number>} */
    const states = new Map();
    for (const { state } of mine) states.set(state, (states.get(state) ?? 0) + 1);
    console.log(from.address, '->', to.address, [...states].map(([state, n]) => `${n} ${state}`).join(', '));
  }
}

test(
  'a thousand messages between people who are seldom there together, over peers and nodes that die',
  { timeout: MESSAGES * WRITE_MILLIS + SETTLE_MILLIS + 600_000 },
  async () => {
    const start = performance.now();
    const busy = [...Array.from({ length: WRITERS }, write), ...Array.from({ length: MOVERS }, move), kill()];
    await Promise.all(busy);
    const wrote = performance.now() - start;
    for (const person of people) for (const device of person.devices) if (!device.one) await open(device);

    const waited = performance.now();
    const links = people.flatMap((from) => [...from.sent].map(([to, n]) => ({ from, to, n })));
    const missing = async () => {
      let all = 0;
      for (const { from, to, n } of links)
        for (const device of to.devices) all += Math.max(0, n - new Set(await got(device, from)).size);
      return all;
    };
    while ((await missing()) && performance.now() - waited < SETTLE_MILLIS) await pause(1000);
    const settled = performance.now() - waited;

    const lost = [];
    const doubled = [];
    const disordered = [];
    let copies = 0;
    for (const { from, to, n } of links)
      for (const device of to.devices) {
        const texts = await got(device, from);
        copies += texts.length;
        const wanted = Array.from({ length: n }, (_, i) => `${from.address} ${i}`);
        lost.push(...wanted.filter((text) => !texts.includes(text)));
        doubled.push(...texts.filter((text, i) => texts.indexOf(text) !== i));
        const order = texts.map((text) => Number(text.split(' ')[1]));
        if (order.some((value, i) => i > 0 && value < order[i - 1]))
          disordered.push(`${from.address} -> ${to.address}`);
      }
    await leaveTable('letters', [
      [
        'people, devices, DHT nodes, peers',
        `${PEOPLE}, ${PEOPLE + SECOND_DEVICES}, ${world.nodes}, ${world.bases.length}`,
      ],
      ['messages written, copies for devices received', `${counts.sent}, ${copies}`],
      ['lost, doubled, out of order', [lost.length, doubled.length, disordered.length].join(', ')],
      [
        'sign-offs, peers killed with -9, DHT nodes killed and replaced',
        `${counts.signOffs}, ${counts.peers}, ${counts.nodes}`,
      ],
      ['time of writing, until the last was there', `${(wrote / 1000).toFixed(0)} s, ${(settled / 1000).toFixed(0)} s`],
    ]);
    if (lost.length) await explain(links);
    assert.deepEqual({ lost, doubled, disordered }, { lost: [], doubled: [], disordered: [] });
  },
);
