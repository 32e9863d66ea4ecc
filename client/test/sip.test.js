// SIP messages (RFC 3261, section 7) read strictly, and the user agent's promises: who registered, who wrote, who
// answered. docs/protocols/sip.md, sections 3 and 6.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, hex, random } from '../core/bytes.js';
import { StarlingError } from '../core/errors.js';
import { peerUri } from '../core/identity/device.js';
import { elements, first, parameter, parseMessage, response, writeMessage } from '../core/sip/message.js';
import { authority } from './authority.js';
import { person } from './fake/people.js';
import { relay, simulatedTime } from './fake/relay.js';

const HEAD = [
  'MESSAGE sip:bob@example.net;gr=00 SIP/2.0',
  'Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1, SIP/2.0/TLS y;branch="a,b"',
  'From: "Alice, <a>" <sip:alice@example.net>;tag=1',
  't: <sip:bob@example.net>',
  'Call-ID: c1',
  'CSeq: 7 MESSAGE',
];
const raw = (lines, body = '') => encode(`${lines.join('\r\n')}\r\n\r\n${body}`);
const refused = (bytes, why) =>
  assert.throws(
    () => parseMessage(bytes),
    (e) => e instanceof StarlingError && e.key === 'bad-message',
    why,
  );

test('a message is read and written back, compact and folded headers and a binary body included', () => {
  const body = Uint8Array.from({ length: 256 }, (_, i) => i);
  const head = encode(`${[...HEAD, 'X-Long: one\r\n two', 'l: 256'].join('\r\n')}\r\n\r\n`);
  const message = parseMessage(Uint8Array.from([...head, ...body]));
  assert.equal(first(message, 'to'), '<sip:bob@example.net>');
  assert.equal(first(message, 'x-long'), 'one two');
  assert.deepEqual(message.body, body);
  assert.deepEqual(parseMessage(writeMessage(message)).headers.slice(0, 5), message.headers.slice(0, 5));
});

test('commas, quotes and brackets separate only where they may', () => {
  const message = parseMessage(raw(HEAD));
  assert.equal(elements(message, 'via').length, 2);
  assert.equal(parameter(elements(message, 'via')[1], 'branch'), 'a,b');
  assert.equal(parameter(first(message, 'from'), 'tag'), '1');
  assert.equal(parameter('<sip:x;tag=inside>', 'tag'), '');
});

test('what could be read in two ways is refused', () => {
  refused(raw([...HEAD, 'From: <sip:eve@example.net>']), 'two From');
  refused(raw([...HEAD, 'i: c2']), 'two Call-ID');
  refused(raw([...HEAD, 'Identity: a', 'y: b']), 'two Identity');
  refused(raw([...HEAD.slice(0, 5), 'CSeq: 7 INVITE']), 'CSeq of another method');
  refused(raw([...HEAD.slice(0, 5), 'CSeq: 4294967296 MESSAGE']), 'CSeq too large');
  refused(raw([...HEAD, 'Content-Length: 0x4'], 'abcd'), 'Content-Length in hex');
  refused(raw([...HEAD, 'Content-Length: 3'], 'abcd'), 'Content-Length too small');
  refused(raw(HEAD.slice(0, 4)), 'no Call-ID');
  refused(raw([...HEAD, 'no colon']), 'no header');
  refused(raw([...HEAD, 'X: a\0b']), 'NUL');
  refused(raw([...HEAD, ...Array(130).fill('X: y')]), 'too many lines');
  refused(raw([...HEAD, `X: ${'y'.repeat(20_001)}`]), 'a line too long');
  refused(encode(HEAD.join('\r\n')), 'no end');
});

test('no header can be smuggled into what is written', () => {
  const message = parseMessage(raw(HEAD));
  assert.throws(
    () => writeMessage({ ...message, headers: [...message.headers, ['subject', 'a\r\nRoute: b']] }),
    StarlingError,
  );
});

test('long lines made to be looked at again and again are read or refused', () => {
  for (const filling of [' ', '<', '"', ';', ',', '\\', 'a=', '"\\'])
    try {
      const message = parseMessage(raw([...HEAD, `X: a${filling.repeat(Math.floor(19_000 / filling.length))}b`]));
      elements(message, 'x');
      parameter(first(message, 'x'), 'tag');
    } catch (e) {
      assert.ok(e instanceof StarlingError);
    }
});

test('any bytes are a message or a StarlingError (fuzz, fixed seed)', () => {
  let seed = 20261124;
  const next = (n) => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), (seed >>> 8) % n);
  const good = raw([...HEAD, 'Content-Length: 2'], 'hi');
  let read = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from(good);
    for (let k = next(6); k >= 0; k--) bytes[next(bytes.length)] = next(4) ? next(128) : next(256);
    try {
      const message = parseMessage(next(5) ? bytes : bytes.subarray(0, next(bytes.length)));
      parseMessage(writeMessage(message));
      read++;
    } catch (e) {
      assert.ok(e instanceof StarlingError, String(e));
    }
  }
  assert.ok(read > 100, 'some of them are messages still');
});

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';

async function two() {
  const time = simulatedTime(Date.now());
  const ca = await authority(time.now());
  const one = relay({ id: hex(random(32)), now: time.now });
  const directory = new Map();
  const make = (address, authorityOf = ca) => person({ ca: authorityOf, time, relays: [one], address, directory });
  const [alice, bob] = [await make(ALICE), await make(BOB)];
  const got = [];
  bob.ua.handlers.set('MESSAGE', (incoming) => (got.push(incoming), incoming.answer(200, 'OK')));
  const uri = `sip:${BOB};gr=${bob.device}`;
  const say = (more = {}) =>
    alice.ua.send(alice.ua.ready[0], 'MESSAGE', uri, {
      type: 'application/octet-stream',
      body: encode('hello'),
      ...more,
    });
  return { time, ca, relay: one, alice, bob, got, say, uri, make };
}

test('REGISTER is signed for this very peer', async () => {
  const it = await two();
  const register = it.relay.log.find((m) => m.method === 'REGISTER');
  const claims = JSON.parse(Buffer.from(first(register, 'identity').split('.')[1], 'base64url').toString());
  assert.deepEqual(claims.dest, { uri: [peerUri(it.relay.id)] });
  assert.match(first(register, 'contact'), /\+sip\.instance="<urn:uuid:/);
});

test('a 200 counts as heard by the device only with its own signature, bound to the request', async () => {
  const it = await two();
  const outcome = await it.say();
  assert.equal(outcome.signer.device, it.bob.device);
  assert.equal(it.got[0].signer.address, ALICE);
  it.relay.alter = (m) => (m.method === 'MESSAGE' && !m.status ? { answer: response(m, 200, 'OK') } : m);
  assert.deepEqual([(await it.say()).status, (await it.say()).signer], [200, null]);
  let old = null;
  it.relay.alter = (m) => ((old ??= m.status === 200 ? first(m, 'identity') : null), m);
  await it.say();
  it.relay.alter = (m) =>
    m.method === 'MESSAGE' && !m.status ? { answer: response(m, 200, 'OK', [['identity', old]]) } : m;
  assert.equal((await it.say()).signer, null, 'the answer to another request');
});

for (const [what, alter, status] of [
  ['body', (m) => ({ ...m, body: encode('hallo') }), 438],
  ['sender', (m) => set(m, 'from', '<sip:eve@example.net>;tag=1'), 438],
  ['number', (m) => set(m, 'cseq', '99 MESSAGE'), 438],
  ['call', (m) => set(m, 'call-id', 'other'), 438],
  ['token', (m) => set(m, 'starling-token', 'AAAA'), 438],
  ['signature', (m) => set(m, 'identity', first(m, 'identity').replace(/.{4};/, 'AAAA;')), 438],
  ['missing signature', (m) => ({ ...m, headers: m.headers.filter(([n]) => n !== 'identity') }), 428],
  ['form of the signature', (m) => set(m, 'identity', 'a.b;info=<x>'), 436],
])
  test(`a MESSAGE whose ${what} was changed on the way is refused ${status}`, async () => {
    const it = await two();
    it.relay.alter = (m) => (m.method === 'MESSAGE' && !m.status ? alter(m) : m);
    assert.equal((await it.say({ token: random(32) })).status, status);
    assert.equal(it.got.length, 0);
  });

const set = (m, name, value) => ({ ...m, headers: m.headers.map((h) => (h[0] === name ? [name, value] : h)) });

test('a MESSAGE for another device, an old one and one played again are refused', async () => {
  const it = await two();
  const carol = await it.make('carol@example.net');
  it.relay.alter = (m) => (m.method === 'MESSAGE' && !m.status ? { ...m, uri: `sip:x;gr=${carol.device}` } : m);
  carol.ua.handlers.set('MESSAGE', () => assert.fail('not for carol'));
  assert.equal((await it.say()).status, 438);
  let kept = null;
  it.relay.alter = (m) => ((kept ??= m.method === 'MESSAGE' && !m.status ? m : null), m);
  await it.say();
  const again = () => new Promise((resolve) => it.relay.pass(kept, (m) => resolve(m.status)));
  assert.equal(await again(), 403);
  it.time.advance(61_000);
  assert.equal(await again(), 403);
  assert.equal(it.got.length, 1);
});

test('a certificate of nobody we trust is refused 437', async () => {
  const it = await two();
  const eve = await it.make('eve@example.net', await authority(it.time.now()));
  const outcome = await eve.ua.send(eve.ua.ready[0], 'MESSAGE', it.uri, { body: encode('x'), type: 'text/plain' });
  assert.equal(outcome.status, 437);
});

test('without an answer a request ends after 32 s, with a lost flow at once', async () => {
  const it = await two();
  it.relay.alter = (m) => (m.method === 'MESSAGE' ? null : m);
  const sent = () => new Promise((resolve) => (it.relay.alter = (m) => (m.method === 'MESSAGE' ? resolve() : m)));
  let seen = sent();
  const silent = it.say();
  await seen;
  it.time.advance(32_000);
  assert.equal((await silent).status, 408);
  seen = sent();
  const second = it.say();
  await seen;
  it.relay.die();
  assert.equal((await second).status, 480);
  it.relay.dead = false;
  it.relay.alter = (m) => m;
  const back = new Promise((resolve) => (it.alice.ua.around.registered = resolve));
  it.time.advance(1000);
  await back;
  assert.equal(it.alice.ua.ready.length, 1);
});

test('a clock that is wrong is corrected by the only peer, and beyond ten minutes the user is told', async () => {
  const it = await two();
  const ahead = it.time.now() + 5 * 60_000;
  it.relay.alter = (m) =>
    m.status === 200 && m.method === 'REGISTER' ? set(m, 'date', new Date(ahead).toUTCString()) : m;
  await it.alice.ua.register(it.alice.ua.ready[0]);
  assert.ok(Math.abs(it.alice.ua.now() - ahead) < 2000);
  assert.equal(it.alice.ctx.events.length, 0);
  const far = it.time.now() + 11 * 60_000;
  it.relay.alter = (m) =>
    m.status === 200 && m.method === 'REGISTER' ? set(m, 'date', new Date(far).toUTCString()) : m;
  await it.alice.ua.register(it.alice.ua.ready[0]);
  assert.deepEqual(it.alice.ctx.events, [['clock', null]]);
});
