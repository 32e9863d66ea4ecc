// A private network of real OpenDHT nodes (Debian's dhtnode), all on one address. They end when their standard input does: none outlives the tests.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const PATIENCE_MILLIS = 40_000;
const LOOK_MILLIS = 20;

/** @typedef {{port: number, proxy: string, dead: boolean, kill: () => Promise<void>}} Node  UDP port, and the base URL of its REST proxy or '' */

/** Whether dhtnode is installed. */
export async function haveDhtnode() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const there = await access(join(folder, 'dhtnode'), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return true;
  }
  return false;
}

async function freeUdp() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, () => resolve(undefined)));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(() => resolve(undefined)));
  return port;
}

async function freeTcp() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a network; the first `proxies` of its nodes have a REST proxy.
 * @param {{nodes?: number, proxies?: number, host?: string}} [size]  host: an address of this computer, by which they know each other
 */
export async function dhtNodes({ nodes = 8, proxies = 2, host = '127.0.0.1' } = {}) {
  const network = 1 + Math.floor(Math.random() * 0x7fff_fffe);
  /** @type {Node[]} */
  const all = [];

  async function add(withProxy) {
    const port = await freeUdp();
    const args = ['-p', String(port), '-n', String(network), '--no-rate-limit'];
    const known = all.find((node) => !node.dead);
    if (known) args.push('-b', `${host}:${known.port}`);
    let proxy = '';
    if (withProxy) {
      const http = await freeTcp();
      args.push('--proxyserver', String(http), '--proxy-addr', '127.0.0.1');
      proxy = `http://127.0.0.1:${http}/`;
    }
    const child = spawn('dhtnode', args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const exit = new Promise((resolve) => child.on('exit', resolve));
    all.push({
      port,
      proxy,
      dead: false,
      async kill() {
        this.dead = true;
        child.kill('SIGKILL');
        await exit;
      },
    });
  }

  async function known(proxy) {
    try {
      const info = await (await fetch(`${proxy}node/info`)).json();
      return info.ipv4.good + info.ipv4.dubious;
    } catch {
      return -1;
    }
  }

  async function until(proxy, others) {
    const end = Date.now() + PATIENCE_MILLIS;
    while ((await known(proxy)) < others) {
      if (Date.now() > end) throw new Error('the DHT nodes do not find each other');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
    }
  }

  await add(true);
  // Who joins before the first one listens tries again after seconds.
  await until(all[0].proxy, 0);
  for (let i = 1; i < nodes; i++) await add(i < proxies);
  for (const { proxy } of all) if (proxy) await until(proxy, Math.min(nodes - 1, 1));
  return {
    network,
    nodes: all,
    proxies: all.map((node) => node.proxy).filter(Boolean),
    bootstrap: `${host}:${all[0].port}`,
    /** One more, which joins through one that lives. */
    add: () => add(false),
    async close() {
      await Promise.allSettled(all.map((node) => node.kill()));
    },
  };
}
