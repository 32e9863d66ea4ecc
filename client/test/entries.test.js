// What own devices share comes out the same on all of them, in whatever order it arrives. Fixed seeds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex } from '../core/bytes.js';
import {
  AHEAD_MILLIS,
  differing,
  digests,
  MAX_ENTRIES,
  pack,
  pieces,
  Register,
  unpack,
  wins,
} from '../core/agent/entries.js';
import { flagValue, keyValue, personValue, readEntry, textValue, timeValue } from '../core/agent/shared.js';
import { encodeCbor } from '../core/record/cbor.js';

const NOW = Date.UTC(2026, 10, 24, 12);
const key = (n) => new Uint8Array(32).fill(n);
const GONE = new Uint8Array(0);

function dice(seed) {
  let state = seed;
  return (n) => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
}
const whole = (register) =>
  register
    .all()
    .map(({ name, time, value }) => `${name} ${time} ${hex(value)}`)
    .sort()
    .join('\n');

/** A device that writes as own.js does: later than what it knows, by a clock of its own. */
function write(register, name, value, clock) {
  const entry = { name, value, time: Math.max(clock, (register.get(name)?.time ?? 0) + 1) };
  register.set(entry);
  return entry;
}

test('devices that write, lose, repeat and swap whatever they like end with the same entries', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = dice(seed);
    const devices = Array.from({ length: 2 + next(4) }, () => ({ register: new Register(), inbox: [] }));
    const skew = devices.map(() => next(600_000) - 300_000);
    for (let step = 0; step < 300; step++) {
      const at = next(devices.length);
      const { register, inbox } = devices[at];
      const now = NOW + step * 1000 + skew[at];
      if (next(3) === 0) {
        const value = next(4) === 0 ? GONE : timeValue(next(5));
        const entry = write(register, `read p${next(6)}@example.net`, value, now);
        for (const other of devices) if (next(3)) other.inbox.splice(next(other.inbox.length + 1), 0, entry);
      } else if (inbox.length) {
        const [entry] = next(4) ? inbox.splice(next(inbox.length), 1) : [inbox[next(inbox.length)]];
        for (const each of register.news([entry], now)) register.set(each);
      }
    }
    // Everybody meets everybody: what differs is exchanged, both ways.
    const end = NOW + 10_000_000;
    for (let round = 0; round < devices.length; round++)
      for (const a of devices)
        for (const b of devices) {
          const { entries } = differing(a.register.all(), digests(b.register.all()));
          for (const each of b.register.news(entries, end)) b.register.set(each);
        }
    for (const { register } of devices) assert.equal(whole(register), whole(devices[0].register), `seed ${seed}`);
    assert.equal(differing(devices[0].register.all(), digests(devices[1].register.all())).any, false);
  }
});

test('the order of two versions is the same from both sides, and total', () => {
  const values = [GONE, timeValue(0), timeValue(1), flagValue(true)];
  const all = values.flatMap((value) => [1, 2].map((time) => ({ name: 'x', time, value })));
  for (const a of all)
    for (const b of all) {
      assert.equal(wins(a, b) && wins(b, a), false);
      assert.equal(wins(a, b) || wins(b, a), a !== b);
      for (const c of all) if (wins(a, b) && wins(b, c)) assert.ok(wins(a, c));
    }
});

test('somebody removed and added again is there; removed later is gone, whatever comes late', () => {
  const [a, b] = [new Register(), new Register()];
  const name = 'contact bob@example.net';
  const added = write(a, name, timeValue(1), NOW);
  const removed = write(a, name, GONE, NOW + 1);
  const again = write(a, name, timeValue(2), NOW - 50_000);
  assert.ok(again.time > removed.time, 'also when the clock was set back');
  for (const entry of [again, added, removed]) for (const each of b.news([entry], NOW)) b.set(each);
  assert.equal(whole(a), whole(b));
  const last = write(b, name, GONE, NOW);
  assert.deepEqual(a.news([added, last, again], NOW), [last]);
});

test('what is from too far in the future is not taken, and there is an end to how much is', () => {
  const register = new Register();
  const late = { name: 'name', time: NOW + AHEAD_MILLIS + 1, value: textValue('x') };
  assert.deepEqual(register.news([late], NOW), []);
  assert.deepEqual(register.news([late], NOW + 1), [late]);
  const flood = Array.from({ length: MAX_ENTRIES + 5 }, (_, i) => ({ name: `x ${i}`, time: 1, value: GONE }));
  const taken = register.news(flood, NOW);
  assert.equal(taken.length, MAX_ENTRIES);
  taken.forEach(register.set);
  assert.deepEqual(register.news([{ name: 'one more', time: 1, value: GONE }], NOW), []);
  assert.equal(register.news([{ name: 'x 1', time: 2, value: GONE }], NOW).length, 1);
  assert.ok(register.stale(NOW).length === MAX_ENTRIES);
});

test('what was taken away is remembered for more than a year, and no longer', () => {
  const register = new Register();
  register.set({ name: 'old', time: NOW - 401 * 86_400_000, value: GONE });
  register.set({ name: 'newer', time: NOW - 399 * 86_400_000, value: GONE });
  register.set({ name: 'there', time: 1, value: timeValue(1) });
  assert.deepEqual(register.stale(NOW), ['old']);
});

const person = (i) => ({
  name: `Person ${i}`,
  state: 'accepted',
  ourToken: key(1),
  theirToken: key(2),
  friendsKey: key(3),
  version: i,
  root: hex(key(4)),
});

test('two thousand people fit into records and messages, and come out of them', () => {
  const entries = Array.from({ length: 2000 }, (_, i) => ({
    name: `contact somebody.with.a.name.${i}@department.example.org`,
    time: NOW + i,
    value: personValue(person(i)),
  }));
  const packs = pack(entries);
  assert.ok(packs.length <= 64);
  for (const each of packs) assert.ok(each.length < 30_000);
  const out = packs.map(unpack);
  assert.ok(out.every((each, i) => each.index === i && each.of === packs.length));
  const sorted = (all) => all.map((e) => `${e.name} ${e.time} ${hex(e.value)}`).sort();
  assert.deepEqual(sorted(out.flatMap((each) => each.entries)), sorted(entries));
  const messages = pieces(entries, 16_000, 400);
  assert.deepEqual(messages.flat(), entries);
  for (const each of messages) assert.ok(each.length <= 400);
  assert.deepEqual(unpack(pack([])[0]).entries, []);
});

test('an entry says what it says, or is refused', () => {
  const read = (name, value) => readEntry({ name, time: 1, value });
  assert.deepEqual(read('contact bob@example.net', personValue(person(1))), {
    kind: 'contact',
    address: 'bob@example.net',
    person: person(1),
  });
  const bare = {
    name: '',
    state: 'waiting',
    ourToken: key(1),
    theirToken: null,
    friendsKey: null,
    version: 0,
    root: '',
  };
  assert.deepEqual(read('contact bob@example.net', personValue(bare)).person, bare);
  assert.equal(read('contact bob@example.net', GONE).person, null);
  assert.deepEqual(read('setting strangersRing', flagValue(true)), {
    kind: 'setting',
    setting: 'strangersRing',
    on: true,
  });
  assert.deepEqual(read('friends', keyValue(key(1), 2)), { kind: 'friends', key: key(1), version: 2 });
  for (const [name, value] of [
    ['contact Bob@example.net', personValue(person(1))],
    ['contact bob@example.net', timeValue(1)],
    ['contact bob@example.net', personValue({ ...person(1), theirToken: new Uint8Array(31) })],
    ['contact bob@example.net', Uint8Array.of(1, 2)],
    ['setting microphone', flagValue(true)],
    ['setting strangersRing', timeValue(1)],
    ['friends', GONE],
    ['friends', keyValue(new Uint8Array(31), 1)],
    ['name', textValue('n'.repeat(65))],
    ['read bob@example.net', timeValue(-1)],
    ['whatever', flagValue(true)],
    ['', flagValue(true)],
  ])
    assert.throws(
      () => read(name, value),
      (e) => typeof e.key === 'string',
      name,
    );
});

test('any bytes are a pack, or refused', () => {
  const good = pack([{ name: 'name', time: 1, value: textValue('x') }])[0];
  const next = dice(7);
  for (let i = 0; i < 3000; i++) {
    const bytes = new Uint8Array(good);
    for (let n = next(4); n >= 0; n--) bytes[next(bytes.length)] = next(256);
    try {
      unpack(i % 3 ? bytes : bytes.slice(0, next(bytes.length)));
    } catch (e) {
      assert.equal(typeof e.key, 'string', e.stack);
    }
  }
  const many = new Map([
    [1, 0],
    [2, 65],
    [3, []],
  ]);
  assert.throws(() => unpack(encodeCbor(many)));
});
