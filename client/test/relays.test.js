// Relays: what a peer may say of them, when it is asked, and what an offer to a stranger shows of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGrant, relays } from '../core/agent/relays.js';
import { withoutPlaces } from '../core/call/places.js';
import { makeDeviceKey } from '../core/identity/device.js';

const HOUR = 3600;
const GRANT = { uris: ['turn:relay.example.net:3478?transport=udp'], username: 'name', password: 'word', ttl: HOUR };

test('a grant is read strictly', () => {
  assert.deepEqual(readGrant(GRANT), {
    server: { urls: GRANT.uris, username: 'name', credential: 'word' },
    seconds: HOUR,
  });
  for (const wrong of [
    null,
    'text',
    {},
    { ...GRANT, uris: 'turn:a' },
    { ...GRANT, username: 7 },
    { ...GRANT, username: 'n'.repeat(513) },
    { ...GRANT, password: '' },
    { ...GRANT, ttl: '3600' },
    { ...GRANT, ttl: Number.NaN },
  ])
    assert.equal(readGrant(wrong), null, JSON.stringify(wrong));
});

test('of its places only those of relays are taken, and not many', () => {
  const uris = (/** @type {unknown[]} */ all) => readGrant({ ...GRANT, uris: all })?.server?.urls ?? [];
  const good = ['turn:192.0.2.1', 'turns:[2001:db8::1]:5349?transport=tcp', 'turn:a.example:3478?transport=udp'];
  assert.deepEqual(uris(good), good);
  for (const bad of [
    'stun:a',
    'http://a/',
    'turn:a b',
    'turn:a:3478?transport=sctp',
    'turn:a:99999',
    'turn:',
    'javascript:a',
    5,
    null,
  ])
    assert.deepEqual(uris([bad]), [], String(bad));
  assert.equal(uris(Array(9).fill('turn:a')).length, 4);
  assert.equal(readGrant({ ...GRANT, ttl: 1e12 })?.seconds, 86_400);
  assert.equal(readGrant({ ...GRANT, ttl: -5 })?.seconds, 300);
});

/** An agent with two peers; what they answer, the test says. */
async function agent() {
  const key = await makeDeviceKey();
  let now = Date.UTC(2026, 10, 29, 12);
  const asked = [];
  const answers = new Map();
  const peer = (base) => [base, { base, id: 'ab'.repeat(32) }];
  const ctx = {
    profile: { address: 'alice@example.net', chain: [new Uint8Array(3)] },
    peers: { known: new Map([peer('http://a.example/'), peer('http://b.example/')]) },
    signer: () => ({ key: key.sign, chain: [new Uint8Array(3)] }),
    now: () => now,
    timer: (ms, task) => {
      const id = setTimeout(task, ms);
      return () => clearTimeout(id);
    },
    around: {
      fetch: async (url, init) => {
        asked.push({ url, ...init });
        const answer = answers.get(url);
        if (!answer) throw new TypeError('nobody');
        return answer();
      },
    },
  };
  return { it: relays(ctx), ctx, asked, answers, pass: (seconds) => (now += seconds * 1000) };
}

const says =
  (grant, status = 200) =>
  () =>
    new Response(JSON.stringify(grant), { status });

test('both peers are asked once, signed, and again at half of the time', async () => {
  const { it, asked, answers, pass } = await agent();
  answers.set('http://a.example/relay', says(GRANT));
  answers.set('http://b.example/relay', says({ ...GRANT, username: 'other' }));
  it.prepare();
  assert.deepEqual((await it.servers()).map((each) => each.username).sort(), ['name', 'other']);
  await it.servers();
  assert.equal(asked.length, 2);
  for (const { method, headers, credentials } of asked) {
    assert.equal(method, 'POST');
    assert.equal(credentials, 'omit');
    assert.match(headers.authorization, /^PASSporT ey/);
  }
  pass(HOUR / 2);
  assert.equal((await it.servers()).length, 2, 'nobody waits');
  for (let n = 0; asked.length < 4 && n < 2000; n++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked.length, 4);
});

test('one that is silent, refuses or talks nonsense is not asked at each call; what it said before is good to its end', async () => {
  const { it, asked, answers, pass } = await agent();
  answers.set('http://a.example/relay', says(GRANT));
  answers.set('http://b.example/relay', says({}, 429));
  assert.equal((await it.servers()).length, 1);
  await it.servers();
  assert.equal(asked.length, 2);
  answers.set('http://a.example/relay', () => new Response('x'.repeat(9000)));
  pass(HOUR / 2);
  assert.equal((await it.servers()).length, 1, 'still good');
  pass(HOUR / 2);
  assert.deepEqual(await it.servers(), [], 'over');
});

test('one that does not answer holds up the first call for a second, and the next not at all', async () => {
  const { it, answers } = await agent();
  answers.set('http://a.example/relay', says(GRANT));
  answers.set('http://b.example/relay', () => new Promise(() => {}));
  assert.equal((await it.servers()).length, 1);
  const begun = performance.now();
  assert.equal((await it.servers()).length, 1);
  assert.ok(performance.now() - begun < 500);
});

test('a peer that is ours no more is not used', async () => {
  const { it, ctx, answers } = await agent();
  answers.set('http://a.example/relay', says(GRANT));
  answers.set('http://b.example/relay', says(GRANT));
  assert.equal((await it.servers()).length, 2);
  ctx.peers.known.delete('http://b.example/');
  assert.equal((await it.servers()).length, 1);
});

test('an offer to a stranger names relays, and not what lies behind them', () => {
  const sdp = [
    'v=0',
    'o=- 1 2 IN IP4 198.51.100.7',
    'm=audio 50000 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 198.51.100.7',
    'a=candidate:1 1 udp 2113937151 192.168.1.5 50000 typ host generation 0',
    'a=candidate:2 1 udp 1677729535 198.51.100.7 50000 typ srflx raddr 192.168.1.5 rport 50000 generation 0',
    'a=candidate:3 1 udp 33562367 203.0.113.1 50505 typ relay raddr 198.51.100.7 rport 50000 generation 0',
    'a=candidate:6 1 UDP 92086015 203.0.113.2 50505 typ relay raddr 198.51.100.7 rport 50000',
    'a=candidate:4 1 udp 5 192.168.1.6 50000 typ host x typ relay',
    'a=candidate:5 1 udp 5 203.0.113.1 50506 typ relay raddr 198.51.100.7 rport 5 raddr 198.51.100.7 rport 5',
    'a=ice-ufrag:abcd',
    '',
  ].join('\r\n');
  const hidden = withoutPlaces(sdp);
  assert.doesNotMatch(hidden, /198\.51\.100\.7|192\.168\./);
  assert.match(
    hidden,
    /^a=candidate:3 1 udp 33562367 203\.0\.113\.1 50505 typ relay raddr 0\.0\.0\.0 rport 9 generation 0\r$/m,
  );
  assert.match(hidden, /^a=candidate:6 1 UDP 92086015 203\.0\.113\.2 50505 typ relay raddr 0\.0\.0\.0 rport 9\r$/m);
  assert.match(hidden, /^a=ice-ufrag:abcd\r$/m);
});
