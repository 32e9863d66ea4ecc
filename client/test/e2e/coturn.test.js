// coturn in the place of our own relay (`--relay`): it takes the names and passwords that a server gives its people, and nobody else's; in real browsers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { friends, hangUp, heardBothWays } from './relayed.js';
import { freePort } from './ports.js';
import { twoPeers } from './servers.js';

const SECRET = 'the shared secret of coturn and its servers';
const REALM = 'relay.example.net';

let port;
let coturn;
let servers;
let people = {};
before(async () => {
  port = await freePort();
  coturn = await relay(port);
  await writeFile(join(coturn.folder, 'secret'), SECRET, { mode: 0o600 });
  const uris = ['udp', 'tcp'].flatMap((by) => ['--relay', `turn:127.0.0.1:${port}?transport=${by}`]);
  servers = await twoPeers({ more: [...uris, '--relay-secret-file', join(coturn.folder, 'secret')] });
  people = await friends(servers);
});
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
  await servers?.close();
  await coturn?.close();
});

/** A turnserver as its package brings it, on this computer alone. @param {number} port */
async function relay(port) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-coturn-'));
  const lines = [
    'listening-ip=127.0.0.1',
    'relay-ip=127.0.0.1',
    `listening-port=${port}`,
    'use-auth-secret',
    `static-auth-secret=${SECRET}`,
    `realm=${REALM}`,
    'allow-loopback-peers',
    'no-tls',
    'no-dtls',
    'no-cli',
    'min-port=20000',
    'max-port=29999',
    `userdb=${join(folder, 'turndb')}`,
    `pidfile=${join(folder, 'pid')}`,
    'log-file=stdout',
    'simple-log',
    'verbose',
  ];
  const file = join(folder, 'turnserver.conf');
  await writeFile(file, lines.join('\n') + '\n', { mode: 0o600 });
  const child = spawn('turnserver', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (log += piece));
  const exit = new Promise((resolve) => child.on('exit', resolve));
  await new Promise((resolve, reject) => {
    child.stdout.on('data', () => log.includes('SQLite DB connection success') && resolve(null));
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`turnserver ended with ${code}: ${log}`)));
  });
  return {
    folder,
    log: () => log,
    async close() {
      child.kill();
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What ICE of a page was given. @returns {Promise<{urls: string[], username: string, credential: string}[]>} */
const given = (page) => page.evaluate(() => window.connections.flatMap((each) => each.getConfiguration().iceServers));

/** coturn's own client: what it says. */
async function uclient(username, password) {
  const peer = await echo();
  try {
    const words = ['-u', username, '-w', password, '-p', String(port), '-e', '127.0.0.1', '-r', String(peer.port)];
    const child = spawn(
      'turnutils_uclient',
      [...words, '-n', '20', '-m', '2', '-l', '160', '-z', '5', '-c', '-X', '127.0.0.1'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
    await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    return said;
  } finally {
    peer.close();
  }
}

async function echo() {
  const at = await freePort();
  const child = spawn('turnutils_peer', ['-L', '127.0.0.1', '-p', String(at)], { stdio: 'ignore' });
  return { port: at, close: () => child.kill() };
}

for (const transport of ['udp', 'tcp'])
  test(`both hear the other through coturn over ${transport}, and through nothing else`, async () => {
    for (const { page } of Object.values(people)) await page.evaluate((value) => (window.transport = value), transport);
    assert.deepEqual(await heardBothWays(people), [`relay ${transport}`]);
    await hangUp(people);
  });

test('what a browser was given, the client of coturn may use too', async () => {
  const [server] = await given(people.alice.page);
  assert.match(server.urls[0], new RegExp(`^turn:127.0.0.1:${port}`));
  const said = await uclient(server.username, server.credential);
  assert.match(said, /Total lost packets 0 /, said);
  assert.match(said, /tot_recv_msgs=40\b/, said);
});

test('another password, and a name that is good for longer, get nothing', async () => {
  const [{ username, credential }] = await given(people.bob.page);
  assert.match(await uclient(username, 'wrong'), /Cannot complete Allocation/);
  assert.match(await uclient(username.replace(/^\d+/, '4102444800'), credential), /Cannot complete Allocation/);
});

test('neither the log of the servers nor what they show names the secret', async () => {
  for (const base of servers.bases)
    assert.doesNotMatch(await (await fetch(`${base}metrics`)).text(), new RegExp(SECRET));
  for (const server of [servers.a, servers.b]) assert.doesNotMatch(server.log(), new RegExp(SECRET));
});
