// Many people come and go for minutes, some with a goodbye and some without: everybody who opens gets online, and the peers keep nothing of those who left.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { agent, until } from '../e2e/agents.js';
import { code, twoPeers } from '../e2e/servers.js';
import { memoryStore } from '../../core/store/memory.js';
import { leaveTable, sample, steadiness } from './server.js';

const MINUTES = Number(process.env.STARLING_CHURN_MINUTES ?? 4);
const PEOPLE = 24;
const AT_ONCE = 6;
const SAMPLE_MILLIS = 10_000;
const GONE_MILLIS = 40_000;
const pause = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** @type {Awaited<ReturnType<typeof twoPeers>>} */
let servers;
/** @type {{address: string, store: import('../../core/types.js').Store, busy: boolean}[]} */
const people = [];
before(async () => {
  servers = await twoPeers();
  for (let i = 0; i < PEOPLE; i++) {
    const address = `person${i}@example.net`;
    const store = memoryStore();
    const { one } = await open(store);
    await one.enrol(address);
    await one.submitCode(await code(servers.bases[0], address));
    await until(one, (s) => s.me.status === 'online', 'online');
    await one.close();
    people.push({ address, store, busy: false });
  }
});
after(() => servers?.close());

/** @param {import('../../core/types.js').Store} store */
async function open(store) {
  /** @type {Set<WebSocket>} */
  const sockets = new Set();
  const death = new AbortController();
  const alive = () => death.signal.throwIfAborted();
  const one = await agent([...servers.bases], {
    store,
    webSocket: (url, protocols) => {
      alive();
      const socket = new WebSocket(url, protocols);
      sockets.add(socket);
      return socket;
    },
    fetch: async (resource, options) =>
      fetch(resource, {
        ...options,
        signal: AbortSignal.any([death.signal, ...(options?.signal ? [options.signal] : [])]),
      }),
  });
  /** As after kill -9: every connection ends, also those that something is being read from, and nothing more is sent. */
  const abandon = () => {
    death.abort(new Error('this agent is dead'));
    for (const socket of sockets) socket.terminate();
    // What is left of it in this process must not count as load: its timers end, and its goodbye reaches nobody.
    void one.close();
  };
  return { one, abandon };
}

const clients = async (/** @type {string} */ base) => (await (await fetch(`${base}health`)).json()).clients;

test(
  'people come and go for minutes and the peers keep nothing of them',
  { timeout: MINUTES * 60_000 + 300_000 },
  async () => {
    const end = performance.now() + MINUTES * 60_000;
    const counts = { online: 0, goodbye: 0, crash: 0 };
    /** @type {number[]} */
    const took = [];
    const come = async () => {
      while (performance.now() < end) {
        const free = people.filter((p) => !p.busy);
        const person = free[Math.floor(Math.random() * free.length)];
        person.busy = true;
        const start = performance.now();
        const { one, abandon } = await open(person.store);
        await until(one, (s) => s.me.status === 'online', `${person.address} online`, 30_000);
        took.push(performance.now() - start);
        counts.online++;
        const other = people[Math.floor(Math.random() * people.length)];
        assert.equal(await one.lookup(other.address), 'found');
        if (Math.random() < 0.5) {
          abandon();
          counts.crash++;
        } else {
          await one.close();
          counts.goodbye++;
        }
        person.busy = false;
      }
    };
    /** @type {import('./server.js').Sample[]} */
    const samples = [];
    const watch = async () => {
      while (performance.now() < end) {
        await pause(SAMPLE_MILLIS);
        samples.push(await sample(servers.current().a.pid, join(servers.folder, 'a')));
      }
    };
    await Promise.all([watch(), ...Array.from({ length: AT_ONCE }, come)]);
    const over = performance.now();
    const left = async () => Promise.all(servers.bases.map(clients));
    while ((await left()).some((n) => n > 0) && performance.now() - over < GONE_MILLIS) await pause(500);
    const remaining = await left();
    const { grown, rows } = steadiness(samples);
    took.sort((a, b) => a - b);
    await leaveTable('churn', [
      ['minutes, people, at once', `${MINUTES}, ${PEOPLE}, ${AT_ONCE}`],
      ['times online, left with a goodbye, without', `${counts.online}, ${counts.goodbye}, ${counts.crash}`],
      [
        'opened to online, median and greatest',
        `${took[took.length >> 1].toFixed(0)} ms, ${took[took.length - 1].toFixed(0)} ms`,
      ],
      ['clients the peers still count at the end', remaining.join(', ')],
      ...rows,
    ]);
    assert.deepEqual({ remaining, grown }, { remaining: [0, 0], grown: [] });
  },
);
