// Three pairs of people write, call and change their presence for minutes over two peers that are killed and come back: nothing is lost, nothing
// arrives twice, and the peer that stays does not grow. STARLING_SOAK_MINUTES says for how long.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agent, until } from '../e2e/agents.js';
import { code, twoPeers } from '../e2e/servers.js';
import { leaveTable, sample, steadiness } from './server.js';

const MINUTES = Number(process.env.STARLING_SOAK_MINUTES ?? 10);
const END = MINUTES * 60_000;
// Below what a peer lets a device do: 100 messages (receipts among them) and 10 calls a minute.
const WRITE_MILLIS = 2_000;
const CALL_MILLIS = 25_000;
const PRESENCE_MILLIS = 20_000;
const KILL_MILLIS = 75_000;
const SAMPLE_MILLIS = 15_000;
const PATIENCE_MILLIS = 90_000;
const NAMES = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
const pause = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** @type {Awaited<ReturnType<typeof twoPeers>>} */
let servers;
/** @type {any[]} */
const people = [];
/** @type {any[][]} */
const pairs = [];
const counts = { sent: 0, calls: 0, unanswered: 0, presence: 0, killed: 0 };
/** What each wrote to the other. @type {Map<any, string[]>} */
const written = new Map();

const address = (one) => one.state.me.address;
const contact = (one, other) => one.state.contacts.find((c) => c.address === address(other));

before(async () => {
  servers = await twoPeers();
  for (const name of NAMES) {
    const one = await agent([...servers.bases]);
    await one.enrol(`${name}@example.net`);
    await one.submitCode(await code(servers.bases[0], `${name}@example.net`));
    await until(one, (s) => s.me.status === 'online', 'online');
    people.push(one);
    written.set(one, []);
  }
  for (let i = 0; i < people.length; i += 2) {
    const [a, b] = [people[i], people[i + 1]];
    await a.requestContact(address(b), {});
    await until(b, (s) => s.requests.length === 1, 'request');
    await b.acceptRequest(address(a));
    await until(a, () => contact(a, b)?.presence === 'online', 'presence');
    pairs.push([a, b]);
  }
});
after(async () => {
  await Promise.allSettled(people.map((one) => one.close()));
  await servers?.close();
});

/** Runs `task` every `millis` until the time is over. @param {number} millis @param {(i: number) => Promise<void>} task */
async function regularly(millis, task) {
  const end = performance.now() + END;
  for (let i = 0; performance.now() < end; i++) {
    await pause(Math.min(millis, Math.max(0, end - performance.now())));
    await task(i);
  }
}

async function write([a, b], i) {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    const text = `${address(from)} ${i}`;
    written.get(from)?.push(text);
    await from.sendMessage(address(to), text);
    counts.sent++;
  }
}

async function call([a, b], i) {
  const [from, to] = i % 2 ? [b, a] : [a, b];
  await from.call(address(to));
  try {
    await until(to, (s) => s.call?.state === 'ringing', 'ringing', 8_000);
    await to.acceptCall();
    await until(from, (s) => s.call?.state === 'running', 'running', 8_000);
    counts.calls++;
  } catch {
    // The peer on the way was just killed: the call fails and says so, it must not hang.
    counts.unanswered++;
  }
  await Promise.allSettled([from.hangUp(), to.hangUp()]);
  for (const one of [from, to])
    await until(one, (s) => s.call === null || s.call.state === 'ended', 'no call left', 15_000);
  await Promise.allSettled([from.hangUp(), to.hangUp()]);
}

async function presence([a, b], i) {
  const wanted = i % 2 ? 'online' : 'busy';
  await a.setAvailability(i % 2 ? 'available' : 'busy');
  await until(b, () => contact(b, a)?.presence === wanted, `${address(a)} ${wanted}`, 45_000);
  counts.presence++;
}

/** The first peer once, then the second again and again: what stays is measured on the first. */
async function kill(i) {
  counts.killed++;
  if (i === 0) {
    await servers.current().a.kill('SIGKILL');
    await pause(2_000);
    await servers.restartA();
  } else {
    await servers.current().b.kill('SIGKILL');
    await pause(2_000);
    await servers.restartB();
  }
}

test(
  'people talk for minutes over peers that die: nothing is lost, doubled or left behind',
  { timeout: END + 300_000 },
  async () => {
    /** @type {import('./server.js').Sample[]} */
    const samples = [];
    let first = 0;
    await Promise.all([
      ...pairs.map((pair) => regularly(WRITE_MILLIS, (i) => write(pair, i))),
      ...pairs.map((pair) => regularly(CALL_MILLIS, (i) => call(pair, i))),
      ...pairs.map((pair) => regularly(PRESENCE_MILLIS, (i) => presence(pair, i))),
      regularly(KILL_MILLIS, kill),
      regularly(SAMPLE_MILLIS, async () => {
        const { pid } = servers.current().a;
        if (pid !== first) samples.length = 0;
        first = pid;
        // It may just have been killed; a sample is not owed.
        const taken = await sample(pid, join(servers.folder, 'a')).catch(() => null);
        if (taken) samples.push(taken);
      }),
    ]);

    const missing = [];
    const doubled = [];
    const undelivered = [];
    const received = async (/** @type {any} */ one, /** @type {any} */ other) =>
      (await one.messages(address(other), undefined, 100_000)).filter((m) => !m.mine).map((m) => m.text);
    for (const [a, b] of pairs.flatMap(([x, y]) => [
      [x, y],
      [y, x],
    ])) {
      const wanted = /** @type {string[]} */ (written.get(a));
      const waited = performance.now();
      while ((await received(b, a)).length < wanted.length && performance.now() - waited < PATIENCE_MILLIS)
        await pause(500);
      const got = await received(b, a);
      missing.push(...wanted.filter((text) => !got.includes(text)));
      doubled.push(...got.filter((text, i) => got.indexOf(text) !== i));
      const states = async () =>
        (await a.messages(address(b), undefined, 100_000))
          .filter((m) => m.mine && m.state !== 'delivered')
          .map((m) => m.text);
      while ((await states()).length && performance.now() - waited < PATIENCE_MILLIS) await pause(500);
      undelivered.push(...(await states()));
    }
    const { grown, rows } = steadiness(samples);
    await leaveTable('soak', [
      ['minutes', String(MINUTES)],
      ['peers killed with -9 and started again', String(counts.killed)],
      [
        'messages sent, lost, doubled, without receipt',
        [counts.sent, missing.length, doubled.length, undelivered.length].join(', '),
      ],
      ['calls answered, failed while a peer was gone', `${counts.calls}, ${counts.unanswered}`],
      ['changes of presence seen', String(counts.presence)],
      ...rows,
    ]);
    assert.deepEqual(
      { missing, doubled, undelivered, grown },
      { missing: [], doubled: [], undelivered: [], grown: [] },
    );
    assert.ok(counts.calls > counts.unanswered, 'most calls come through');
    assert.ok(samples.length >= 3, 'the first peer was looked at');
  },
);
