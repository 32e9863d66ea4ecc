// Real servers, each a process of its own: `./starling up` with the CA and the store, `./starling peer` on the store of the first; or both on a
// network of OpenDHT nodes.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dhtNodes } from './dhtnodes.js';
import { freePort } from './ports.js';

export const starling = fileURLToPath(new URL('../../../starling', import.meta.url));
const TOKEN = 'join-token-of-the-tests';

/** Words for the Java runtime of a server besides those that all tests have. @param {string} more */
export const javaOptions = (more) => `${process.env.STARLING_JAVA_OPTS ?? ''} ${more}`.trim();

/** The port of its relay by the folder of its data, for it is the same after a restart. @type {Map<string, number>} */
const relayPorts = new Map();

/** A server's words with a port for its relay that is free: the usual one may be somebody's connection. @param {string[]} args */
async function withRelayPort(args) {
  if (!['up', 'peer'].includes(args[0]) || args.includes('--relay-port')) return args;
  const folder = args[args.indexOf('--data') + 1];
  const port = relayPorts.get(folder) ?? (await freePort());
  relayPorts.set(folder, port);
  return [...args, '--relay-port', String(port)];
}

/**
 * Starts a program and waits for its line `ready URL`.
 * @param {string[]} args @param {Record<string, string>} [more]  variables @param {string[]} [within]  a program, and its words, that runs it
 * @returns {Promise<{base: string, pid: number, log: () => string, kill: (signal?: string) => Promise<void>}>}
 */
export async function run(args, more = {}, within = []) {
  const [program, ...words] = [...within, starling, ...(within.length ? args : await withRelayPort(args))];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, STARLING_JOIN_TOKEN: TOKEN, ...more },
  });
  let log = '';
  child.stdout.on('data', (piece) => (log += piece));
  child.stderr.on('data', (piece) => (log += piece));
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const base = await new Promise((resolve, reject) => {
    const look = () => {
      const match = /^ready (\S+)$/m.exec(log);
      if (match) resolve(match[1]);
    };
    child.stdout.on('data', look);
    child.on('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${log}`)));
  });
  return {
    base,
    pid: child.pid,
    log: () => log,
    async kill(signal = 'SIGTERM') {
      child.kill(signal);
      await exit;
    },
  };
}

/**
 * Two separate peers that share one CA and one DHT: the store of the first, or real OpenDHT nodes; then the first goes through two proxies of
 * theirs and the second runs a node of its own.
 * @param {{dht?: string, anchor?: string, network?: any, moreB?: string[], more?: string[]}} [options]  dht: 'embedded' or 'opendht'; anchor: a file of anchors
 *   beside the test CA; network: of nodes, when the caller has and closes one; moreB: words for the second; more: for both
 */
export async function twoPeers({
  dht = process.env.STARLING_E2E_DHT ?? 'embedded',
  anchor = '',
  network,
  moreB = [],
  more = [],
} = {}) {
  const anchors = anchor ? ['--anchor', anchor] : [];
  const nodes = network ?? (dht === 'opendht' ? await dhtNodes() : null);
  const folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
  const bases = [`http://127.0.0.1:${ports[0]}/`, `http://127.0.0.1:${ports[1]}/`];
  const argsA = [
    'up',
    '--data',
    join(folder, 'a'),
    '--port',
    String(ports[0]),
    '--sip-port',
    String(ports[2]),
    '--peer',
    bases[1],
    ...(nodes ? ['--dht', `opendht:${nodes.proxies.slice(0, 2).join(',')}`] : []),
    ...anchors,
    ...more,
  ];
  const argsB = [
    'peer',
    '--local',
    '--data',
    join(folder, 'b'),
    '--port',
    String(ports[1]),
    '--sip-port',
    String(ports[3]),
    ...(nodes
      ? ['--dht', 'opendht', '--dht-network', String(nodes.network), '--dht-bootstrap', nodes.bootstrap]
      : ['--dht', bases[0]]),
    '--peer',
    bases[0],
    ...anchors,
    ...more,
    ...moreB,
  ];
  const a = await run(argsA);
  // One that stayed would keep the file of tests from ending.
  const b = await run(argsB).catch(async (e) => {
    await a.kill();
    throw e;
  });
  const servers = { a, b, bases, folder, dht };
  return {
    ...servers,
    relayPorts: ['a', 'b'].map((name) => /** @type {number} */ (relayPorts.get(join(folder, name)))),
    restartA: async () => (servers.a = await run(argsA)),
    restartB: async () => (servers.b = await run(argsB)),
    current: () => servers,
    async close() {
      await Promise.allSettled([servers.a.kill(), servers.b.kill(), network ? null : nodes?.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The newest code mailed to an address, from the test mailbox. */
export async function code(base, address) {
  for (let i = 0; i < 50; i++) {
    const mails = await (await fetch(`${base}mailbox/api/${encodeURIComponent(address)}`)).json();
    if (mails.length) return mails[0].text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no mail for ${address}`);
}

/** The code of a mail other than one that was used already. @param {string} mailbox @param {string} address @param {string} [used] */
export async function fresh(mailbox, address, used = '') {
  for (let i = 0; i < 100; i++) {
    const text = await code(mailbox, address);
    if (text !== used) return text;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no other mail');
}
