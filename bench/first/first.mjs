// Measures the whole from outside, first with no delay, then with 25 ms each way between any two processes. What each line means stands in
// bench/README.md. Prints `name: value` lines, one BAR line for each limit of the design, and ends with 1 when one is short.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../client/test/e2e/agents.js';
import { freePort } from '../../client/test/e2e/ports.js';
import { run } from '../../client/test/e2e/servers.js';
import { openBrowsers } from './heard.mjs';
import { idleTraffic } from './idle.mjs';
import { isShort, report, table, timed } from './report.mjs';
import { befriend, contact, enrol, openWorld, sees } from './world.mjs';

const WARM_UP = 25;
const MESSAGES = 30;
// A peer lets a device place 30 calls in a row (600 an hour), so both sides take turns.
const WARM_UP_CALLS = 10;
const CALLS = 15;
const COSTED_CALLS = 40;
const FEW = 5;
const CRASH_LIMIT_MILLIS = 30_000;
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

async function serverStarts(folder) {
  const port = await freePort();
  const args = ['up', '--data', join(folder, 'start'), '--port', `${port}`, '--sip-port', `${await freePort()}`];
  const values = [];
  // The first start makes keys and stores; it is not counted.
  for (let i = 0; i <= FEW; i++) {
    let server;
    const millis = await timed(async () => (server = await run(args)));
    if (i > 0) values.push(millis);
    await server.kill();
  }
  report('server start -> ready', 0, values, { limit: 3000, digits: 0 });
}

const messageTo = async (from, to, text) => {
  await from.sendMessage(to.state.me.address, text);
  await until(to, () => contact(to, from.state.me.address)?.last?.text === text, 'message');
};
const ring = async (from, to) => {
  void from.call(to.state.me.address);
  await until(to, (s) => s.call?.state === 'ringing', 'ringing');
};
const giveUp = async (from, to) => {
  await from.hangUp();
  await Promise.all([from, to].map((one) => until(one, (s) => s.call === null, 'no call')));
};
async function times(count, task) {
  const values = [];
  for (let i = 0; i < count; i++) values.push(await task(i));
  return values;
}

async function conversations(rtt, pairs) {
  for (const [way, [from, to]] of Object.entries(pairs)) {
    const values = await times(MESSAGES, (i) => timed(() => messageTo(from, to, `${way} ${rtt} ${i}`)));
    report(`message -> received, warm, ${way}`, rtt, values, { limit: way === 'one peer' ? 30 : 90 });
  }
  for (const [way, [from, to]] of Object.entries(pairs)) {
    const values = await times(CALLS, async (i) => {
      const [caller, callee] = i % 2 ? [to, from] : [from, to];
      const millis = await timed(() => ring(caller, callee));
      await giveUp(caller, callee);
      return millis;
    });
    report(`dial -> ringing at the callee, warm, ${way}`, rtt, values, { limit: way === 'one peer' ? 60 : 100 });
  }
}

/** CPU of both peers for a call that rings, is answered and ends. */
async function callCost(world, pair) {
  const both = async () => (await world.cpu(0)) + (await world.cpu(1));
  const before = await both();
  for (let i = 0; i < COSTED_CALLS; i++) {
    const [from, to] = i % 2 ? pair.toReversed() : pair;
    await ring(from, to);
    await to.acceptCall();
    await until(from, (s) => s.call?.state === 'running', 'running');
    await giveUp(from, to);
  }
  report(`CPU of two peers for a call (mean of ${COSTED_CALLS})`, 0, [((await both()) - before) / COSTED_CALLS]);
}

/** Everything that needs somebody to come, go or be new. */
async function comings(world, rtt, eve, fay) {
  const fresh = [];
  const enrolled = [];
  for (let i = 0; i < 3; i++) {
    const one = await world.person([0, 1]);
    enrolled.push(await timed(() => enrol(one, world.bases[0], `new${i}.${rtt}@example.net`)));
    fresh.push(one);
  }
  report('enrol -> online, code answered at once', rtt, enrolled, { digits: 0 });
  const [looker, ...others] = fresh;
  const first = [...others, eve.one, fay.one];
  const lookUp = (one) => timed(() => looker.lookup(one.state.me.address));
  report('look-up, never asked before', rtt, await times(first.length, (i) => lookUp(first[i])));
  report(
    'look-up, asked before, fetched and verified again',
    rtt,
    await times(20, (i) => lookUp(first[i % first.length])),
  );
  await Promise.allSettled(fresh.map((one) => one.close()));

  const [reachable, seen, signedOff, cold] = [[], [], [], []];
  for (let i = 0; i < FEW; i++) {
    const { address } = fay.one.state.me;
    const gone = sees(eve.one, address, 'offline');
    signedOff.push(await timed(() => Promise.all([fay.one.close(), gone])));
    const back = sees(eve.one, address, 'online');
    const start = performance.now();
    fay.one = await world.person([0, 1], { store: fay.one.store });
    await until(fay.one, (s) => s.me.status === 'online', 'online');
    reachable.push(performance.now() - start);
    // The first thing this agent does: no address, key or look-up is in its memory yet.
    cold.push(await timed(() => ring(fay.one, eve.one)));
    await giveUp(fay.one, eve.one);
    await back;
    seen.push(performance.now() - start);
  }
  report('client start -> reachable (published and read back)', rtt, reachable, { limit: 1000, digits: 0 });
  report('client start -> seen online by a contact', rtt, seen, { digits: 0 });
  report('dial -> ringing at the callee, cold', rtt, cold, { limit: 600 });
  report('sign-off -> seen by a contact', rtt, signedOff, { limit: 200 });
}

/** A process that is killed: its connections end with it. */
async function killed(world, rtt, watcher, victim) {
  const { address } = victim.one.state.me;
  const values = [];
  for (let i = 0; i < 3; i++) {
    await sees(watcher.one, address, 'online');
    const gone = sees(watcher.one, address, 'offline', CRASH_LIMIT_MILLIS + 10_000);
    values.push(await timed(() => (victim.one.abandon(), gone)));
    victim.one = await world.person([0, 1], { store: victim.one.store });
    await until(victim.one, (s) => s.me.status === 'online', 'online');
  }
  await sees(watcher.one, address, 'online');
  report('process killed -> seen by a contact', rtt, values, { limit: CRASH_LIMIT_MILLIS });
}

/** A machine that vanishes: nothing more comes from it, and nothing says so. */
async function vanished(world, watcher) {
  const all = await times(3, async (i) => {
    const own = new Map();
    for (const port of world.bases.map((base) => Number(new URL(base).port))) own.set(port, await world.link(port));
    const one = await world.enrolled(`ghost${i}`, [0, 1], {}, own);
    await befriend(watcher.one, one);
    return { one, own };
  });
  return Promise.all(
    all.map(async ({ one, own }, i) => {
      // The pings of a peer come at any moment of its period.
      await pause(i * 7_000);
      const start = performance.now();
      await Promise.all([...own.values()].map((port) => world.links.ask({ do: 'silence', port })));
      await sees(watcher.one, one.state.me.address, 'offline', CRASH_LIMIT_MILLIS + 15_000);
      const took = performance.now() - start;
      one.abandon();
      return took;
    }),
  );
}

async function heard(rtt, browsers) {
  await browsers.call();
  const values = await times(7, () => browsers.call());
  report(
    'answer -> heard by the callee (Chromium)',
    rtt,
    values.map((each) => each.callee),
    { limit: 60 },
  );
  report(
    'answer -> heard by the caller (Chromium)',
    rtt,
    values.map((each) => each.caller),
    { limit: 100 },
  );
}

const world = await openWorld();
try {
  await serverStarts(world.folder);
  const [ann, ben, cat, dan, joe, kim] = await Promise.all(
    [
      ['ann', [0]],
      ['ben', [0]],
      ['cat', [0]],
      ['dan', [1]],
      ['joe', [0]],
      ['kim', [1]],
    ].map(([name, peers]) => world.enrolled(name, peers)),
  );
  const [eve, fay, gus] = (await Promise.all(['eve', 'fay', 'gus'].map((name) => world.enrolled(name, [0, 1])))).map(
    (one) => ({ one }),
  );
  await Promise.all([befriend(ann, ben), befriend(cat, dan), befriend(joe, kim), befriend(eve.one, fay.one)]);
  const pairs = { 'one peer': [ann, ben], 'two peers': [cat, dan] };
  const browsers = await openBrowsers(world);
  for (const pair of Object.values(pairs)) {
    await times(WARM_UP, (i) => messageTo(...pair, `warm-up ${i}`));
    await times(WARM_UP_CALLS, async (i) => {
      const [from, to] = i % 2 ? pair.toReversed() : pair;
      await ring(from, to);
      await giveUp(from, to);
    });
  }
  for (const rtt of [0, 50]) {
    await world.delay(rtt / 2);
    await conversations(rtt, pairs);
    await heard(rtt, browsers);
    if (rtt === 0) await callCost(world, [joe, kim]);
    await comings(world, rtt, eve, fay);
    await killed(world, rtt, eve, fay);
  }
  await browsers.close();
  const [silent, idle] = await Promise.all([vanished(world, gus), idleTraffic(world)]);
  report('machine vanished -> seen by a contact', 50, silent, { limit: CRASH_LIMIT_MILLIS, digits: 0 });
  report('idle traffic of a client, one contact, two peers', 50, [idle.mebibytes], {
    limit: 0.3,
    unit: 'MiB/h',
    digits: 3,
  });
  console.log(idle.explanation);
  if (idle.late) console.log('idle traffic: too much, for it is less than four hours until midnight UTC');
  await Promise.allSettled([ann, ben, cat, dan, joe, kim, eve.one, fay.one, gus.one].map((one) => one.close()));
} finally {
  await world.close();
}
console.log(`\n${table()}`);
if (process.argv.includes('--write'))
  await writeFile(
    fileURLToPath(new URL('../../docs/bench-first.md', import.meta.url)),
    `# First numbers\n\n\`./build bench first\`, ${table()}\nbench/README.md says what each line means, what was delayed, and what was not.\n`,
  );
process.exit(isShort() ? 1 : 0);
