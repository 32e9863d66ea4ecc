// One stream to each peer for all watched keys: opened again when it breaks, falls silent or the keys change; each value given once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, hex, random } from '../core/bytes.js';
import { watcher } from '../core/locate/watch.js';
import { simulatedTime } from './fake/relay.js';

const [A, B] = ['aa'.repeat(20), 'bb'.repeat(20)];
const KEYS_A_STREAM = 512;
const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Peers that tell what they are told to. */
function world(...bases) {
  const time = simulatedTime(0);
  /** @type {{base: string, keys: string[], say: Function, end: Function, gone: boolean}[]} */
  const streams = [];
  const it = {
    time,
    streams,
    open: () => streams.filter((each) => !each.gone),
    status: 200,
    gates: bases.map((base) => ({ base })),
    /** So long, with what happens in it. */
    async pass(millis) {
      const step = millis > 10_000 ? 1000 : 50;
      for (let left = millis; left > 0; left -= step) {
        time.advance(Math.min(step, left));
        await tick();
      }
    },
    /** Digests are made elsewhere: waits for what must come of them. */
    async until(holds) {
      for (let i = 0; i < 2000 && !holds(); i++) await tick();
      assert.ok(holds(), String(holds));
    },
  };
  const fetch = async (url, { body, signal }) => {
    if (it.status !== 200) {
      streams.push({ base: url, keys: [], gone: true });
      return new Response('', { status: it.status });
    }
    const stream = { base: url.replace(/listen$/, ''), keys: JSON.parse(body).keys, gone: false };
    const answer = new ReadableStream({
      start(to) {
        stream.say = (...lines) =>
          to.enqueue(
            new TextEncoder().encode(lines.map((l) => (typeof l === 'string' ? l : JSON.stringify(l)) + '\n').join('')),
          );
        stream.end = () => {
          stream.gone = true;
          to.close();
        };
        signal.addEventListener('abort', () => {
          if (stream.gone) return;
          stream.gone = true;
          to.error(new DOMException('aborted', 'AbortError'));
        });
      },
    });
    streams.push(stream);
    return new Response(answer);
  };
  it.watcher = watcher({ fetch, timer: time.timer, gates: () => it.gates, random: () => 0.5 });
  return it;
}

/** Watches and keeps what comes. */
function taken(w, key) {
  const got = [];
  got.stop = w.watcher.watch(key, (value) => got.push(hex(value)));
  return got;
}
const value = (key, bytes, more = {}) => ({ key, id: '1', data: base64(bytes), ...more });

test('keys watched together share one stream a peer, and each value is given once, whoever tells it', async () => {
  const w = world('https://one.example/', 'https://two.example/');
  const [a, b] = [taken(w, A), taken(w, B)];
  await w.pass(200);
  assert.deepEqual(
    w.open().map((each) => [each.base, each.keys]),
    [
      ['https://one.example/', [A, B]],
      ['https://two.example/', [A, B]],
    ],
  );
  const bytes = random(1024);
  assert.equal(w.watcher.tells(A), false);
  for (const stream of w.open()) stream.say(value(A, bytes), { key: A, complete: true });
  await w.until(() => w.watcher.tells(A) && a.length > 0);
  assert.deepEqual([a.length, b.length], [1, 0]);
  assert.equal(a[0], hex(bytes));
  assert.deepEqual([w.watcher.tells(A), w.watcher.tells(B)], [true, false]);
  w.open()[1].say(value(B, bytes));
  await w.until(() => b.length === 1);
});

test('what went and came again is given again; nonsense is passed over', async () => {
  const w = world('https://one.example/');
  const a = taken(w, A);
  await w.pass(200);
  const bytes = random(1024);
  w.open()[0].say('', 'no json', '7', { key: 7 }, { key: A }, { key: B, data: 'AAAA' }, { key: A, data: '*' });
  w.open()[0].say(value(A, bytes), value(A, bytes), value(A, bytes, { expired: true }), value(A, bytes));
  w.open()[0].say({ key: A, complete: true });
  await w.until(() => w.watcher.tells(A));
  assert.equal(a.length, 2);
});

test('a stream that ends is opened again, ever more patiently; one that works again is at once', async () => {
  const w = world('https://one.example/');
  taken(w, A);
  await w.pass(200);
  w.open()[0].end();
  await w.pass(700);
  assert.equal(w.streams.length, 2);
  w.status = 503;
  w.open()[0].end();
  await w.pass(120_000);
  const tries = w.streams.length - 2;
  assert.ok(tries > 3 && tries < 14, `${tries} tries`);
  w.status = 200;
  for (let i = 0; i < 180 && !w.open().length; i++) await w.pass(1000);
  w.open()[0].say({ key: A, complete: true });
  await w.until(() => w.watcher.tells(A));
  w.open()[0].end();
  await w.pass(700);
  assert.equal(w.open().length, 1);
});

test('a silent stream is given up, a living one is not', async () => {
  const w = world('https://one.example/');
  taken(w, A);
  await w.pass(200);
  for (let i = 0; i < 6; i++) {
    w.open()[0].say('');
    await w.pass(20_000);
  }
  assert.equal(w.streams.length, 1);
  await w.pass(60_000);
  assert.equal(w.streams.length, 2);
  assert.equal(w.streams[0].gone, true);
});

test('what is watched, by whom and where may change', async () => {
  const w = world('https://one.example/');
  const a = taken(w, A);
  await w.pass(200);
  const b = taken(w, B);
  const again = taken(w, A);
  await w.pass(200);
  assert.deepEqual(
    w.open().map((each) => each.keys),
    [[A, B]],
  );
  const bytes = random(1024);
  w.open()[0].say(value(A, bytes));
  await w.until(() => a.length === 1 && again.length === 1);
  const late = taken(w, A);
  await w.pass(200);
  w.open()[0].say(value(A, bytes));
  await w.until(() => late.length === 1);
  assert.deepEqual([a.length, again.length, late.length], [1, 1, 1]);
  for (const each of [a, again, late]) each.stop();
  await w.pass(200);
  assert.deepEqual(
    w.open().map((each) => each.keys),
    [[B]],
  );
  w.gates = [{ base: 'https://two.example/' }];
  w.watcher.soon();
  await w.pass(200);
  assert.deepEqual(
    w.open().map((each) => each.base),
    ['https://two.example/'],
  );
  b.stop();
  await w.pass(200);
  assert.equal(w.open().length, 0);
});

test('a flood takes its key out for an hour, and no other', async () => {
  const w = world('https://one.example/');
  const [a, b] = [taken(w, A), taken(w, B)];
  await w.pass(200);
  for (let i = 0; i < 60; i++) w.open()[0].say(value(A, random(16 * 1024)));
  const before = w.streams.length;
  for (let i = 0; i < 1000 && w.streams.length === before; i++) await w.pass(50);
  assert.ok(a.length < 60, `${a.length} values`);
  assert.deepEqual(w.open()[0].keys, [B]);
  w.open()[0].say(value(B, random(1024)));
  await w.until(() => b.length === 1);
  assert.equal(w.watcher.tells(A), false);
  for (let i = 0; i < 181; i++) {
    for (const stream of w.open()) stream.say('');
    await w.pass(20_000);
  }
  assert.deepEqual(w.open()[0].keys, [A, B]);
});

test('who expects more is told more, up to what they expect', async () => {
  const w = world('https://one.example/');
  const got = [];
  w.watcher.watch(A, (each) => void got.push(each), undefined, 4 << 20);
  await w.pass(200);
  for (let i = 0; i < 120; i++) w.open()[0].say(value(A, random(16 * 1024)));
  await w.until(() => got.length === 120);
  assert.equal(w.streams.length, 1);
  for (let i = 0; i < 120; i++) w.open()[0].say(value(A, random(16 * 1024)));
  for (let i = 0; i < 900 && w.open().length; i++) await w.pass(50);
  assert.equal(w.watcher.tells(A), false);
  assert.equal(w.open().length, 0);
  assert.ok(got.length < 240, `${got.length} values`);
});

test('what is published again every few hours is no flood, however much it becomes', async () => {
  const w = world('https://one.example/');
  const a = taken(w, A);
  await w.pass(200);
  for (let round = 1; round <= 4; round++) {
    for (let i = 0; i < 30; i++) w.open()[0].say(value(A, random(16 * 1024)));
    await w.until(() => a.length === round * 30);
    for (let i = 0; i < 31; i++) {
      w.open()[0].say('');
      await w.pass(20_000);
    }
  }
  assert.deepEqual([w.streams.length, w.open()[0].keys], [1, [A]]);
});

test('very many keys are spread over a few streams, and what is beyond waits', async () => {
  const w = world('https://one.example/');
  for (let i = 0; i < 4 * KEYS_A_STREAM; i++) taken(w, i.toString(16).padStart(40, '0'));
  await w.pass(200);
  assert.deepEqual(
    w.open().map((each) => each.keys.length),
    [512, 512, 512],
  );
  w.watcher.close();
  await w.pass(200);
  assert.equal(w.open().length, 0);
});
