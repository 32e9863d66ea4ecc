// Two peers, each a process of its own, and people who reach them over links with a delay. What an agent, a browser or the other peer connects to
// is the link in front of a peer, whatever address it was told: the program under test knows nothing of it.
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from '../../client/node_modules/ws/wrapper.mjs';
import { agent, until } from '../../client/test/e2e/agents.js';
import { freePort } from '../../client/test/e2e/ports.js';
import { code, run } from '../../client/test/e2e/servers.js';

const TICK_MILLIS = 10;

export function openLinks() {
  const child = fork(fileURLToPath(new URL('links.mjs', import.meta.url)));
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ n, ...answer }) => {
    waiting.get(n)(answer);
    waiting.delete(n);
  });
  const ask = (command) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      child.send({ n: last, ...command });
    });
  return { ask, close: () => child.disconnect() };
}

export async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'starling-bench-'));
  const links = openLinks();
  const [http, sip, otherHttp, otherSip] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const link = async (target) => (await links.ask({ do: 'tcp', target })).port;
  const bases = [`http://127.0.0.1:${http}/`, `http://127.0.0.1:${otherHttp}/`];
  const ways = new Map();
  for (const port of [http, sip, otherHttp, otherSip]) ways.set(port, await link(port));
  const store = `http://127.0.0.1:${ways.get(http)}/`;
  const start = [
    () => run(['up', '--data', join(folder, 'a'), '--port', `${http}`, '--sip-port', `${sip}`]),
    () =>
      run([
        'peer',
        '--local',
        '--data',
        join(folder, 'b'),
        '--port',
        `${otherHttp}`,
        '--sip-port',
        `${otherSip}`,
        '--dht',
        store,
      ]),
  ];
  const peers = [];
  for (const each of start) peers.push(await each());

  /** An agent whose connections go over links of its own, or those that all share. */
  async function person(chosen, more = {}, own = new Map(ways)) {
    const moved = (url) =>
      url.replace(/127\.0\.0\.1:(\d+)/, (all, port) => `127.0.0.1:${own.get(Number(port)) ?? port}`);
    const sockets = new Set();
    let dead = false;
    const alive = () => {
      if (dead) throw new Error('this agent is dead');
    };
    const one = await agent(
      chosen.map((i) => bases[i]),
      {
        webSocket: (url, protocols) => {
          alive();
          const socket = new WebSocket(moved(url), protocols);
          sockets.add(socket);
          socket.on('close', () => sockets.delete(socket));
          return socket;
        },
        fetch: async (url, how) => {
          alive();
          const answer = await fetch(moved(String(url)), how);
          if (!String(url).endsWith('/peer.json')) return answer;
          // Other peers reach this one over a link too.
          const told = await answer.json();
          return Response.json({
            ...told,
            sip: told.sip.replace(/:(\d+);/, (_, port) => `:${ways.get(Number(port))};`),
          });
        },
        ...more,
      },
    );
    /** As after kill -9: connections end without a word, and nothing comes any more. */
    const abandon = () => {
      dead = true;
      for (const socket of sockets) socket.terminate();
    };
    return Object.assign(one, { abandon });
  }

  return {
    folder,
    links,
    bases,
    ways,
    link,
    person,
    peers,
    delay: (millis) => links.ask({ do: 'delay', millis }),
    async enrolled(name, chosen, more, own) {
      const one = await person(chosen, more, own);
      await enrol(one, bases[0], `${name}@example.net`);
      return one;
    },
    /** User and system time of a peer so far, in ms. */
    async cpu(peer) {
      const fields = (await readFile(`/proc/${peers[peer].pid}/stat`, 'utf8')).split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) * TICK_MILLIS;
    },
    async close() {
      await Promise.allSettled(peers.map((peer) => peer.kill()));
      links.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function enrol(one, base, address) {
  await one.enrol(address);
  await one.submitCode(await code(base, address));
  await until(one, (s) => s.me.status === 'online' || s.me.detail === 'one server only', 'online');
}

export const contact = (one, address) => one.state.contacts.find((c) => c.address === address);
export const sees = (one, address, presence, patience) =>
  until(one, () => contact(one, address)?.presence === presence, `${address} ${presence}`, patience);

/** `a` and `b` become contacts and see each other. */
export async function befriend(a, b) {
  const [from, to] = [a.state.me.address, b.state.me.address];
  await a.requestContact(to, {});
  await until(b, (s) => s.requests.some((r) => r.address === from), 'request');
  await b.acceptRequest(from);
  await Promise.all([sees(a, to, 'online'), sees(b, from, 'online')]);
}
