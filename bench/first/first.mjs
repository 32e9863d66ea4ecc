// Measures the whole from outside, many times each; prints `name: value` lines and one BAR line for each limit, and ends with 1 when one is short.
import { agent, until } from '../../client/test/e2e/agents.js';
import { code, run, twoPeers } from '../../client/test/e2e/servers.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = 20;
let short = 0;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const timed = async (task) => {
  const start = performance.now();
  await task();
  return performance.now() - start;
};
const report = (name, values, limit) => {
  const value = median(values);
  console.log(`${name}: ${value.toFixed(1)} ms (p50 of ${values.length}, max ${Math.max(...values).toFixed(1)})`);
  if (limit === undefined) return;
  const ok = value <= limit;
  if (!ok) short++;
  console.log(`BAR ${name} ${value.toFixed(1)} <= ${limit} ${ok ? 'ok' : 'short'}`);
};

const folder = await mkdtemp(join(tmpdir(), 'starling-bench-'));
const starts = [];
for (let i = 0; i < 5; i++) {
  let server;
  starts.push(await timed(async () => (server = await run(['up', '--data', join(folder, 'x'), '--port', '18787']))));
  await server.kill();
}
report('server start -> ready', starts, 3000);

const servers = await twoPeers();
const contact = (s, address) => s.contacts.find((c) => c.address === address);
const people = [];
const online = [];
for (const address of ['alice@example.net', 'bob@example.net']) {
  const one = await agent([...servers.bases]);
  online.push(
    await timed(async () => {
      await one.enrol(address);
      await one.submitCode(await code(servers.bases[0], address));
      await until(one, (s) => s.me.status === 'online', 'online');
    }),
  );
  people.push(one);
}
report('enrol -> online (code answered at once)', online);
let [alice, bob] = people;
await alice.requestContact('bob@example.net', {});
await until(bob, (s) => s.requests.length === 1, 'request');
await bob.acceptRequest('alice@example.net');
await until(alice, (s) => contact(s, 'bob@example.net')?.presence === 'online', 'presence');

const reachable = [];
for (let i = 0; i < 5; i++) {
  const { store } = bob;
  await bob.close();
  reachable.push(
    await timed(async () => {
      bob = await agent([...servers.bases], { store });
      await until(bob, (s) => s.me.status === 'online', 'online');
    }),
  );
}
report('client start -> reachable (published and read back)', reachable, 1000);
await until(alice, (s) => contact(s, 'bob@example.net')?.presence === 'online', 'presence');

const lookups = [];
for (let i = 0; i < ROUNDS; i++) lookups.push(await timed(() => alice.lookup('bob@example.net')));
report('look-up, fresh, every value verified', lookups);

const messages = [];
for (let i = 0; i < ROUNDS; i++) {
  const text = `message ${i}`;
  messages.push(
    await timed(async () => {
      await alice.sendMessage('bob@example.net', text);
      await until(bob, (s) => contact(s, 'alice@example.net')?.last?.text === text, 'message');
    }),
  );
}
report('message -> received, warm', messages, 30);

const rings = [];
for (let i = 0; i < ROUNDS; i++) {
  let calling;
  rings.push(
    await timed(async () => {
      calling = alice.call('bob@example.net');
      await until(bob, (s) => s.call?.state === 'ringing', 'ringing');
    }),
  );
  await bob.declineCall();
  await calling;
  await alice.hangUp();
}
report('dial -> ringing at the callee, warm', rings, 60);

await Promise.allSettled([alice.close(), bob.close()]);
await servers.close();
await rm(folder, { recursive: true, force: true });
process.exit(short ? 1 : 0);
