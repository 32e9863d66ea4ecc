// What is due for the addresses of a person: what changes while it is looked at is looked at, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { due } from '../core/person/due.js';
import { Selves } from '../core/person/selves.js';
import { memoryStore } from '../core/store/memory.js';
import { simulatedTime } from './fake/relay.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** @param {() => Promise<void>} arrive */
function make(arrive) {
  const time = simulatedTime(Date.UTC(2026, 10, 24, 12));
  const now = { n: 0, starling: { ctx: { store: memoryStore() } }, told: new Map() };
  const around = { now: time.now };
  const selves = {
    now,
    around,
    former: [],
    coming: null,
    closed: false,
    timer: time.timer,
    draw() {},
    read: () => [now],
  };
  const looks = due(selves, { alone: (task) => task() }, { arrive }, {});
  const pass = async (millis) => {
    for (let left = millis; left > 0; left -= 100) {
      time.advance(100);
      await settled();
    }
  };
  return { selves, looks, pass };
}

test('what changes while it is looked is looked at afterwards, once', async () => {
  let go = () => {};
  let times = 0;
  const { selves, looks, pass } = make(() => (times++ ? Promise.resolve() : new Promise((resolve) => (go = resolve))));
  void looks.look();
  // The new address comes online while contacts are being told at the old one.
  selves.changed();
  await pass(5000);
  assert.equal(times, 1);
  go();
  await settled();
  await pass(1100);
  assert.equal(times, 2);
  await pass(60_000);
  assert.equal(times, 2);
});

test('a listener that throws keeps no other one from seeing a person', async () => {
  const state = { contacts: [], requests: [], blocked: [], notices: [], pastCalls: [], call: null, me: {} };
  const told = new Map();
  const starling = { state, subscribe: () => () => {}, on: (event, fn) => (told.set(event, fn), () => {}) };
  const selves = new Selves({}, {}, new Map(), { n: 0, starling, told: new Map() });
  const heard = [];
  const { error } = console;
  console.error = () => {};
  try {
    for (const fn of [() => assert.fail('bad listener'), (what) => heard.push(what)]) {
      selves.subscribe(fn);
      selves.on('missed', fn);
    }
    selves.draw();
    selves.follow(selves.now);
    told.get('missed')('a call');
  } finally {
    console.error = error;
  }
  assert.equal(heard.length, 2);
});

test('what looking itself changes does not make it look without a pause, and nothing is looked at after the end', async () => {
  let times = 0;
  const { selves, looks, pass } = make(async () => {
    times++;
    selves.changed();
    await looks.look();
  });
  void looks.look();
  await pass(10_000);
  assert.ok(times >= 2 && times <= 22, `${times} times in ten seconds`);
  selves.closed = true;
  looks.close();
  const before = times;
  await pass(10_000);
  assert.equal(times, before);
});
