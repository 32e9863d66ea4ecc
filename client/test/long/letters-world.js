// Three peers on ten real DHT nodes, which all may be killed: one peer at a time, and any node that is no peer's proxy.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dhtNodes } from '../e2e/dhtnodes.js';
import { freePort } from '../e2e/ports.js';
import { run } from '../e2e/servers.js';

const NODES = 10;
const PROXIES = 3;

export async function lettersWorld() {
  const dht = await dhtNodes({ nodes: NODES, proxies: PROXIES });
  const folder = await mkdtemp(join(tmpdir(), 'starling-letters-'));
  const ports = [];
  for (let i = 0; i < PROXIES; i++) ports.push({ http: await freePort(), sip: await freePort() });
  const bases = ports.map(({ http }) => `http://127.0.0.1:${http}/`);
  const all = ports.map(({ http, sip }, i) => {
    const others = bases.filter((base) => base !== bases[i]).flatMap((base) => ['--peer', base]);
    // Each with two proxies, so that a peer lives on when one of them dies.
    const proxies = [dht.proxies[i], dht.proxies[(i + 1) % PROXIES]].join(',');
    const common = ['--data', join(folder, `${i}`), '--port', `${http}`, '--sip-port', `${sip}`];
    return [...(i ? ['peer', '--local'] : ['up']), ...common, '--dht', `opendht:${proxies}`, ...others];
  });
  /** @type {Awaited<ReturnType<typeof run>>[]} */
  const peers = [];
  for (const args of all) peers.push(await run(args));
  return {
    bases,
    mailbox: bases[0],
    nodes: NODES,
    killPeer: (/** @type {number} */ i) => peers[i].kill('SIGKILL'),
    startPeer: async (/** @type {number} */ i) => void (peers[i] = await run(all[i])),
    /** A node without a proxy dies, another one comes. */
    async replaceNode() {
      const living = dht.nodes.filter((node) => !node.proxy && !node.dead);
      await living[Math.floor(Math.random() * living.length)].kill();
      await dht.add();
    },
    logs: () => peers.map((peer) => peer.log()),
    async close() {
      await Promise.allSettled([...peers.map((peer) => peer.kill()), dht.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
