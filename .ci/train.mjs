// Makes target/starling.aot: runs a peer the way people use it, so that the JVM writes down which classes it loaded and linked and which methods
// were hot (JEP 514, 515). A start reads that instead of finding it out again. Everything it needs is made in a temporary folder on free ports.
import { spawn } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agent, until } from '../client/test/e2e/agents.js';
import { freePort } from '../client/test/e2e/ports.js';
import { code } from '../client/test/e2e/servers.js';

const MESSAGES = 30;
const CALLS = 5;
const WRITE_MILLIS = 120_000;

const folder = await mkdtemp(join(tmpdir(), 'starling-train-'));
const java = join(process.env.JAVA_HOME, 'bin/java');
const common = [
  '-XX:+UseSerialGC',
  '-XX:+UseCompactObjectHeaders',
  `-Dstarling.client=${join(process.cwd(), 'client')}`,
  '-jar',
  'target/starling.jar',
];

async function start(before, args) {
  const relay = ['--relay-port', String(await freePort())];
  const child = spawn(java, [...before, ...common, ...args, ...relay], {
    env: { ...process.env, STARLING_JOIN_TOKEN: 'training' },
  });
  let said = '';
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const ready = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece) => (said += piece) && /^ready /m.test(said) && resolve());
    child.on('exit', (status) => reject(new Error(`${args[0]} ended with ${status}: ${said}`)));
  });
  return { child, ended, ready };
}

const contact = (one, address) => one.state.contacts.find((c) => c.address === address);

async function use(bases) {
  const [alice, bob] = [await agent(bases), await agent(bases)];
  for (const [one, address] of [
    [alice, 'alice@example.net'],
    [bob, 'bob@example.net'],
  ]) {
    await one.enrol(address);
    await one.submitCode(await code(bases[0], address));
    await until(one, (s) => s.me.status === 'online', 'online');
  }
  await alice.requestContact('bob@example.net', {});
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest('alice@example.net');
  await until(alice, () => contact(alice, 'bob@example.net')?.presence === 'online', 'presence');
  for (let i = 0; i < MESSAGES; i++) {
    await alice.sendMessage('bob@example.net', `message ${i}`);
    await until(bob, () => contact(bob, 'alice@example.net')?.last?.text === `message ${i}`, 'message');
  }
  for (let i = 0; i < CALLS; i++) {
    void alice.call('bob@example.net');
    await until(bob, (s) => s.call?.state === 'ringing', 'ringing');
    await bob.acceptCall();
    await until(alice, (s) => s.call?.state === 'running', 'running');
    await alice.hangUp();
    await until(bob, (s) => s.call === null, 'ended');
  }
  for (const path of ['', 'health', 'metrics', 'core/starling.js']) await (await fetch(bases[0] + path)).arrayBuffer();
  await Promise.allSettled([alice.close(), bob.close()]);
}

const [http, sip, otherHttp, otherSip] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const bases = [`http://127.0.0.1:${http}/`, `http://127.0.0.1:${otherHttp}/`];
const fresh = join('target', 'starling.aot.new');
const servers = [];
try {
  const first = await start(
    [`-XX:AOTCacheOutput=${fresh}`],
    ['up', '--data', join(folder, 'a'), '--port', `${http}`, '--sip-port', `${sip}`, '--peer', bases[1]],
  );
  servers.push(first);
  await first.ready;
  const second = await start(
    [],
    [
      'peer',
      '--local',
      '--data',
      join(folder, 'b'),
      '--port',
      `${otherHttp}`,
      '--sip-port',
      `${otherSip}`,
      '--dht',
      bases[0],
    ],
  );
  servers.push(second);
  await second.ready;
  await use(bases);
  first.child.kill('SIGTERM');
  const late = setTimeout(() => first.child.kill('SIGKILL'), WRITE_MILLIS);
  await first.ended;
  clearTimeout(late);
  await rename(fresh, join('target', 'starling.aot'));
} finally {
  for (const { child } of servers) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  await rm(fresh, { force: true });
}
process.exit(0);
