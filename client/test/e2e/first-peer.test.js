// Whose servers are all gone comes to another one: by what the operator of the domain published, and by the DNS of the domain.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agent, eventually, until } from './agents.js';
import { nameServer } from './name-server.js';
import { freePort } from './ports.js';
import { code, run, starling } from './servers.js';

/** After this nobody is waited for any more. */
const LOST_MILLIS = 600_000;

let folder, dns, store, first, other;
const people = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  const otherPort = await freePort();
  dns = await nameServer({ '_sips._ws.srv.example.org': { port: otherPort, target: '127.0.0.1' } });
  const ports = async (port) => ['--port', String(port), '--sip-port', String(await freePort()), '--dns', dns.place];
  store = await run(['up', '--data', join(folder, 'store'), ...(await ports(await freePort()))]);
  const peer = async (name, port) =>
    run(['peer', '--local', '--dht', store.base, '--data', join(folder, name), ...(await ports(port))]);
  first = await peer('first', await freePort());
  other = await peer('other', otherPort);
});
after(async () => {
  await Promise.allSettled(people.map((each) => each.close()));
  await Promise.allSettled([store, first, other].map((each) => each?.kill()));
  dns?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command to its end. @param {string[]} args @param {(said: string) => Promise<string> | null} [input]  what to type, when it has said so much */
async function command(args, input = () => null) {
  const child = spawn(starling, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  const take = (piece) => {
    said += piece;
    input(said)?.then((text) => child.stdin.end(`${text}\n`));
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const status = await new Promise((resolve) => child.on('exit', resolve));
  return { status, said };
}

const domain = ['--domain', 'example.net'];

test('the operator of a domain publishes which servers it recommends, and everybody sees it', async () => {
  const key = join(folder, 'peers.p12');
  const server = ['--server', store.base];
  const early = await command(['peers', 'publish', ...domain, ...server, '--key', key]);
  assert.equal(early.status, 1);
  assert.match(early.said, /starling enrol peers@example\.net/);
  let typed = false;
  const enrolled = await command(['enrol', 'peers@example.net', ...server, '--out', key], (said) => {
    if (typed || !/Paste the code/.test(said)) return null;
    typed = true;
    return code(store.base, 'peers@example.net');
  });
  assert.equal(enrolled.status, 0, enrolled.said);
  assert.equal((await command(['peers', 'show', ...domain, ...server])).status, 2);
  const wrong = await command(['peers', 'publish', '--domain', 'example.com', ...server, '--key', key]);
  assert.equal(wrong.status, 1, 'another domain with this key');
  const published = await command(['peers', 'publish', ...domain, ...server, '--key', key, '--peer', other.base]);
  assert.equal(published.status, 0, published.said);
  const shown = await command(['peers', 'show', ...domain, '--server', first.base]);
  assert.equal(shown.status, 0, shown.said);
  assert.ok(shown.said.includes(other.base), shown.said);
});

test('two whose only server dies come to another: by the PEERS record of the domain, and by its DNS', async () => {
  const hurried = (ms, task) => {
    const id = setTimeout(task, ms === LOST_MILLIS ? 1000 : ms);
    id.unref();
    return () => clearTimeout(id);
  };
  for (const address of ['alice@example.net', 'carol@srv.example.org']) {
    const one = await agent([first.base], { timer: hurried });
    people.push(one);
    await one.enrol(address);
    await one.submitCode(await code(store.base, address));
    await until(one, (s) => s.me.status === 'one-server' || s.me.status === 'online', `${address} online`);
    const heard = async () =>
      ((await one.store.get('me', 'others'))?.places ?? []).some((each) => each.base === other.base);
    await eventually(heard, `${address} hears of another server`);
  }
  const [alice, carol] = people;
  const id = async (one) => (await one.store.get('me', 'others')).places.find((each) => each.base === other.base).id;
  assert.match(await id(alice), /^[0-9a-f]{64}$/, 'with its key, signed for the domain');
  assert.equal(await id(carol), '', 'as the DNS says');
  assert.ok(dns.asked.includes('_sips._ws.example.net'));
  await first.kill('SIGKILL');
  for (const one of people) {
    const there = () => one.ctx.ua.ready.some((flow) => flow.peer.base === other.base);
    await eventually(there, 'a flow to the other server');
    await until(one, (s) => s.me.status === 'one-server' || s.me.status === 'online', 'reachable again');
    assert.deepEqual(
      one.peers().map((each) => each.base),
      [first.base, other.base],
      'what was chosen stays in front',
    );
  }
  assert.equal(await carol.lookup('alice@example.net'), 'found');
});

test('what was published can be withdrawn', async () => {
  const server = ['--server', store.base];
  const withdrawn = await command(['peers', 'withdraw', ...domain, ...server, '--key', join(folder, 'peers.p12')]);
  assert.equal(withdrawn.status, 0, withdrawn.said);
  assert.equal((await command(['peers', 'show', ...domain, ...server])).status, 2);
});
