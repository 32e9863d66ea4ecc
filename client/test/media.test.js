// Sound that is made elsewhere: the sealed channel through a room that knows nothing, and the media engine at its other end. docs/protocols/media.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rooms } from '../core/agent/rooms.js';
import { b64u, random } from '../core/bytes.js';
import { StarlingError } from '../core/errors.js';
import { makeDeviceKey } from '../core/identity/device.js';
import { mediaElsewhere } from '../core/media/far.js';
import { meet, roomOf } from '../core/media/meeting.js';
import { serveMedia } from '../core/media/near.js';
import { portLink } from '../thunderbird/sound-port.js';
import { fakeMedia } from './fake/people.js';

/** Two sockets and the room between them, which carries what `carry` makes of each frame. @param {(frame: Uint8Array, from: string) => Uint8Array[]} [carry] */
function room(carry = (frame) => [frame]) {
  const frames = [];
  const names = [];
  const ends = {};
  let there = 0;
  for (const [from, to] of [
    ['agent', 'page'],
    ['page', 'agent'],
  ]) {
    let named = false;
    ends[from] = {
      closed: false,
      close() {
        for (const end of Object.values(ends)) {
          if (end.closed) continue;
          end.closed = true;
          queueMicrotask(() => end.onclose?.());
        }
      },
      send(data) {
        const frame = new Uint8Array(data);
        if (!named) {
          named = true;
          names.push(frame);
          if (++there === 2) for (const end of Object.values(ends)) give(end, Uint8Array.of(1));
          return;
        }
        frames.push({ from, frame });
        for (const each of carry(frame, from)) give(ends[to], each);
      },
    };
  }
  const give = (end, frame) => queueMicrotask(() => end.closed || end.onmessage?.({ data: frame.slice().buffer }));
  return { ...ends, frames, names };
}
const still = () => () => {};
const enter = (socket, secret, role, timer = still) => {
  const link = meet(socket, secret, role, timer);
  socket.onopen();
  return link;
};
const heardBy = (link, count) =>
  new Promise((resolve) => {
    const all = [];
    link.onMessage((message) => all.push(message) === count && resolve(all));
  });

test('two ends with one secret hear each other; the room sees its name and nothing else', async () => {
  const secret = random(32);
  const between = room();
  const agent = enter(between.agent, secret, 'agent');
  const page = enter(between.page, secret, 'page');
  agent.send({ text: 'wombat' });
  agent.send({ text: 'second' });
  page.send({ text: 'thylacine' });
  assert.deepEqual(await heardBy(page, 2), [{ text: 'wombat' }, { text: 'second' }]);
  assert.deepEqual(await heardBy(agent, 1), [{ text: 'thylacine' }]);
  const [one, other] = between.names;
  assert.deepEqual(one.slice(1), other.slice(1));
  assert.deepEqual(one.slice(1), await roomOf(secret));
  const all = Buffer.concat([...between.names, ...between.frames.map((each) => each.frame)]);
  for (const word of ['wombat', 'thylacine', Buffer.from(secret)]) assert.equal(all.indexOf(word), -1);
  agent.close();
  await page.over;
});

/** What becomes of frames that the room changes. @param {(frame: Uint8Array, from: string, n: number) => Uint8Array[]} change  n: of the sealed ones of the agent */
async function changed(change) {
  const secret = random(32);
  let n = -2;
  const between = room((frame, from) => (from === 'agent' && ++n >= 0 ? change(frame, from, n) : [frame]));
  const agent = enter(between.agent, secret, 'agent');
  const page = enter(between.page, secret, 'page');
  const got = [];
  page.onMessage((message) => got.push(message.n));
  for (let i = 0; i < 3; i++) agent.send({ n: i });
  await Promise.all([page.over, agent.over]);
  return got;
}

test('a frame changed, left out, said again, moved or sent back ends it, and nothing after it is heard', async () => {
  const flip = (frame) => frame.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
  assert.deepEqual(await changed((frame, _, n) => [n === 1 ? flip(frame) : frame]), [0]);
  assert.deepEqual(await changed((frame, _, n) => (n === 1 ? [] : [frame])), [0]);
  assert.deepEqual(await changed((frame, _, n) => (n === 1 ? [frame, frame] : [frame])), [0, 1]);
  let kept;
  assert.deepEqual(await changed((frame, _, n) => (n === 0 ? ((kept = frame), []) : [frame, kept])), []);
  assert.deepEqual(await changed((frame, _, n) => (n === 1 ? [new Uint8Array(40_000)] : [frame])), [0]);
  assert.deepEqual(await changed((frame, _, n) => (n === 1 ? [new Uint8Array(0)] : [frame])), [0]);
});

test('what one end said is not taken by itself, nor by another meeting with the same secret', async () => {
  const secret = random(32);
  const first = room();
  const agent = enter(first.agent, secret, 'agent');
  const page = enter(first.page, secret, 'page');
  agent.send({ n: 1 });
  await heardBy(page, 1);
  const sealed = first.frames.filter((each) => each.from === 'agent')[1].frame;
  first.agent.onmessage({ data: sealed.slice().buffer });
  await agent.over;

  // The room replays all that the agent said to whoever opens the link again.
  const said = first.frames.filter((each) => each.from === 'agent').map((each) => each.frame);
  const second = room();
  const again = meet(second.page, secret, 'page', still);
  const heard = [];
  again.onMessage((message) => heard.push(message));
  second.page.onopen();
  second.page.onmessage({ data: Uint8Array.of(1).buffer });
  for (const frame of said) second.page.onmessage({ data: frame.slice().buffer });
  await again.over;
  assert.deepEqual(heard, []);
});

test('another secret, text in place of bytes, and a server that says something else get nothing', async () => {
  for (const hostile of ['secret', 'text', 'join']) {
    const between = room();
    const agent = enter(between.agent, random(32), 'agent');
    const heard = [];
    agent.onMessage((message) => heard.push(message));
    if (hostile === 'secret') enter(between.page, random(32), 'page').send({ say: 'here' });
    else between.agent.onmessage({ data: hostile === 'text' ? 'hello' : Uint8Array.of(2).buffer });
    await agent.over;
    assert.deepEqual(heard, [], hostile);
  }
});

test('an end that falls silent is given up, and one that has nothing to say lets itself be heard', async () => {
  const timers = [];
  const timer = (ms, task) => {
    const one = { ms, task };
    timers.push(one);
    return () => timers.splice(timers.indexOf(one), timers.includes(one) ? 1 : 0);
  };
  const secret = random(32);
  const between = room();
  const agent = enter(between.agent, secret, 'agent', timer);
  const page = enter(between.page, secret, 'page');
  agent.send({ n: 1 });
  await heardBy(page, 1);
  const before = between.frames.length;
  timers.find((each) => each.ms === 15_000).task();
  while (between.frames.length === before) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(between.frames.length, before + 1);
  timers.find((each) => each.ms === 150_000).task();
  await agent.over;
});

/** An engine elsewhere and the one that makes the sound, over a pair of links. */
function coupled(more = {}) {
  const [link, other] = pair();
  const media = fakeMedia();
  const notes = [];
  const controls = serveMedia(other, media, {
    show: (call) => notes.push(`show ${call.name}`),
    asking: (on) => notes.push(`asking ${on}`),
    over: (why) => notes.push(`over ${why}`),
  });
  const sounds = [];
  const elsewhere = mediaElsewhere({
    couple: async () => ({ link, server: 'https://a.example/' }),
    changed: (sound) => sounds.push(sound.phase),
    lost: () => notes.push('lost'),
    wished: (wish) => notes.push(`wish ${wish.what} ${wish.on}`),
    timer: still,
    ...more,
  });
  return { link, other, media, notes, controls, sounds, elsewhere };
}

/** Two ports of the runtime. */
function pair() {
  const ports = [0, 1].map(() => {
    const port = { heard: [], left: [], gone: false };
    port.onMessage = { addListener: (fn) => port.heard.push(fn) };
    port.onDisconnect = { addListener: (fn) => port.left.push(fn) };
    return port;
  });
  ports.forEach((port, i) => {
    const far = ports[1 - i];
    port.postMessage = (message) => queueMicrotask(() => far.heard.forEach((fn) => fn(structuredClone(message))));
    port.disconnect = () => {
      if (port.gone) return;
      port.gone = far.gone = true;
      queueMicrotask(() => far.left.forEach((fn) => fn()));
    };
  });
  return ports.map((port) => portLink(port));
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a call is made elsewhere as it would be here', async () => {
  const { elsewhere, media, notes, sounds, controls } = coupled();
  elsewhere.show({ name: 'Bob' });
  const leg = await elsewhere.engine.create({ relays: [{ urls: ['turn:a.example'], username: 'u', credential: 'p' }] });
  const found = [];
  const states = [];
  leg.onCandidate((each) => found.push(each));
  leg.onState((state, info) => states.push([state, info.direct]));
  const offer = await leg.offer({ whole: false });
  const [made] = media.legs;
  assert.equal(offer, made.local);
  made.find('candidate:1 1 udp 1 192.0.2.1 5000 typ host');
  made.find(null);
  await leg.accept('v=0 answer');
  assert.equal(made.remote, 'v=0 answer');
  leg.add('candidate:2', '0', 'abcd');
  leg.mute(true);
  await leg.speak('mic');
  assert.equal(await leg.press('5'), true);
  assert.equal((await leg.stats()).quality, 'good');
  await settled();
  assert.equal(found.length, 2);
  assert.equal(found[1], null);
  assert.deepEqual(states, [
    ['connected', true],
    ['connected', true],
  ]);
  assert.deepEqual([made.added.length, made.muted, made.pressed], [1, true, '5']);
  controls.hangUp();
  controls.mute(true);
  await settled();
  leg.close();
  elsewhere.end('call.busy');
  await settled();
  assert.ok(made.closed);
  assert.deepEqual(notes, [
    'show Bob',
    'asking true',
    'asking false',
    'wish hang-up false',
    'wish mute true',
    'over call.busy',
  ]);
  assert.deepEqual(sounds, ['opening', 'opening', 'here', 'asking', 'here', 'none']);
});

test('the page goes: what waits fails, the call is told once, and the next one opens another', async () => {
  const { elsewhere, other, notes } = coupled();
  const leg = await elsewhere.engine.create();
  const waiting = leg.offer({ whole: true });
  other.close();
  await assert.rejects(waiting, (e) => e instanceof StarlingError && e.key === 'call.page');
  await settled();
  assert.deepEqual(
    notes.filter((each) => each === 'lost'),
    ['lost'],
  );
  await assert.rejects(leg.offer({ whole: true }));
});

test('a place that never comes, or that is given up meanwhile, is a call that failed', async () => {
  const [link] = pair();
  let late = () => {};
  const timer = (ms, task) => {
    if (ms === 90_000) late = task;
    return () => {};
  };
  const elsewhere = mediaElsewhere({ couple: async () => ({ link, server: '' }), timer });
  const failed = (e) => e instanceof StarlingError && e.key === 'call.page';
  const first = elsewhere.engine.create();
  await settled();
  late();
  await assert.rejects(first, failed);

  let open = () => {};
  const slow = mediaElsewhere({ couple: () => new Promise((resolve) => (open = resolve)), timer });
  const second = slow.engine.create();
  slow.end('');
  const [another, its] = pair();
  open({ link: another, server: '' });
  await assert.rejects(second, failed);
  await its.over;
});

test('what a page says is judged: only sound comes from it', async () => {
  const [link, page] = pair();
  const answers = { offer: 'x'.repeat(30_000), answer: { not: 'a text' }, stats: { quality: '<b>', energyIn: 'many' } };
  const elsewhere = mediaElsewhere({ couple: async () => ({ link, server: '' }), timer: still });
  page.onMessage((message) => {
    if (message.do === 'ask' && message.what === 'speak')
      page.send({ say: 'answer', id: message.id, error: 'anything.at.all' });
    else if (message.do === 'ask') page.send({ say: 'answer', id: message.id, value: answers[message.what] });
  });
  page.send({ say: 'here', version: 1 });
  const leg = await elsewhere.engine.create();
  const found = [];
  leg.onCandidate((each) => found.push(each));
  leg.onState((state) => found.push(state));
  await assert.rejects(leg.offer({ whole: true }));
  await assert.rejects(leg.answer('v=0', { whole: true }));
  await assert.rejects(leg.speak(''), (e) => e.key === 'call.media');
  assert.deepEqual(await leg.stats(), { quality: '', direct: false, energyIn: 0, energyOut: 0 });
  for (const found of ['text', { candidate: 'a\r\na=evil', ufrag: '' }, { candidate: 'a', ufrag: 5 }, undefined])
    page.send({ say: 'candidate', leg: 1, found });
  page.send({ say: 'state', leg: 1, state: 'whatever' });
  page.send({ say: 'state', leg: 77, state: 'connected' });
  page.send({ say: 'answer', id: 99 });
  await settled();
  assert.deepEqual(found, []);
  assert.deepEqual(await elsewhere.engine.microphones(), []);
});

test('a room is asked for, signed, where a page may have the microphone: here first, then what was chosen; nowhere else', async () => {
  const key = await makeDeviceKey();
  const asked = [];
  const open = new Set();
  const peer = (base, more = {}) => [base, { base, id: 'ab'.repeat(32), ...more }];
  const all = [
    peer('https://heard.example/', { heard: true }),
    peer('https://recommended.example/'),
    peer('https://other.example/', { chosen: true }),
    peer('http://clear.example/', { chosen: true }),
    peer('https://second.example/'),
    peer('https://first.example/'),
    peer('http://127.0.0.1:8080/', { chosen: true }),
  ];
  const ctx = {
    profile: { address: 'alice@example.net' },
    peers: { known: new Map(all) },
    signer: () => ({ key: key.sign, chain: [new Uint8Array(3)] }),
    now: () => Date.UTC(2026, 10, 29, 12),
    around: {
      peers: ['https://first.example/', 'https://second.example/'],
      async fetch(url, init) {
        asked.push({ url, ...init });
        return new Response(null, { status: open.has(url) ? 204 : 503 });
      },
    },
  };
  const name = b64u(random(32));
  await assert.rejects(rooms(ctx).open(name), (e) => e.key === 'call.page-server');
  assert.deepEqual(
    asked.map((each) => each.url),
    ['http://127.0.0.1:8080/', 'https://first.example/', 'https://second.example/', 'https://other.example/'].map(
      (base) => `${base}media`,
    ),
  );
  assert.match(asked[0].headers.authorization, /^PASSporT ey/);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(asked[0].body)), { name });
  open.add('https://second.example/media');
  assert.equal(await rooms(ctx).open(name), 'https://second.example/');
});
