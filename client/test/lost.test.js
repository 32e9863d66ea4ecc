// When none of one's peers answers any more: others are found, by what was heard while somebody answered.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { base64, hex } from '../core/bytes.js';
import { peersByDns } from '../core/locate/dns.js';
import { publicMaster, rendezvous, seal } from '../core/record/rendezvous.js';
import { signRecord } from '../core/record/record.js';
import { issue } from './authority.js';
import { world } from './fake/world.js';

const ALICE = 'alice@example.net';
let it;
afterEach(() => it.close());

/** A PEERS record of `who`, under the place of `peers@example.net`. */
async function recommend(card, address, peer, { id = peer.id } = {}) {
  const now = Math.floor(it.time.now() / 1000);
  const body = new Map([
    [
      1,
      [
        new Map([
          [1, peer.relay.uri],
          [2, Uint8Array.from(Buffer.from(id, 'hex'))],
          [3, peer.base],
        ]),
      ],
    ],
  ]);
  const said = {
    kind: 'PEERS',
    address,
    device: card.key.id,
    sequence: now * 1000,
    issued: now,
    expires: now + 86_400,
  };
  const record = await signRecord(card.signer, 'local', { ...said, body });
  const place = await rendezvous(await publicMaster('peers@example.net', 'local'), 'PEERS', '2026-11-24');
  const key = hex(place.dhtKey);
  const values = it.dht.get(key) ?? new Map();
  it.dht.set(key, values.set(`x ${values.size}`, base64(await seal(place, record))));
}

async function lose(how) {
  it = await world({ peers: 3 });
  const [first, second, third] = it.peers;
  const operator = await issue(it.ca, how.address ?? 'peers@example.net', it.time.now());
  await recommend(operator, how.address ?? 'peers@example.net', third, how);
  first.dns = how.dns?.(third) ?? null;
  const alice = await it.agent(ALICE, {
    peers: [first.base, second.base],
    morePeers: async () => (how.shipped ? [third.base] : []),
  });
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  await it.pass(1000);
  first.die();
  second.die();
  await it.until(alice, (s) => s.me.status === 'offline', 'offline');
  await it.pass(700_000, 1000);
  return { alice, third };
}

test('a client whose peers are gone finds another by what its domain recommends', async () => {
  const { alice, third } = await lose({});
  await it.until(alice, (s) => s.me.status === 'one-server', 'at another one');
  assert.deepEqual(
    alice.ctx.ua.ready.map((flow) => flow.peer.id),
    [third.id],
  );
});

test('whoever recommends without being the domain, or with another key, is not followed', async () => {
  for (const how of [{ address: 'mallory@example.net' }, { id: 'ab'.repeat(32) }]) {
    const { alice } = await lose(how);
    assert.equal(alice.state.me.status, 'offline', JSON.stringify(how));
    await it.close();
  }
});

test('a client whose peers are gone finds another by the DNS of its domain', async () => {
  const { alice, third } = await lose({
    address: 'mallory@example.net',
    dns: ({ base }) => ['javascript:alert(1)', 'http://127.0.0.1:1/x/', 7, null, base],
  });
  await it.until(alice, (s) => s.me.status === 'one-server', 'at another one');
  assert.deepEqual([...alice.ctx.peers.known.keys()].at(-1), third.base);
  assert.equal(alice.ctx.peers.known.get(third.base).heard, true);
  assert.deepEqual(
    it.peers[0].requests.filter((each) => each.includes('peers?')),
    ['GET peers?domain=example.net'],
    'asked once',
  );
});

test('the ways are gone in their order: what our peers recommend, the DNS, what the domain signed, what came with the client', async () => {
  it = await world({ peers: 2 });
  const tried = [];
  const at = (name) => ({ id: it.peers[0].id, base: `http://${name}.example.org/`, relay: it.peers[0].relay });
  await recommend(await issue(it.ca, 'peers@example.net', it.time.now()), 'peers@example.net', at('signed'));
  it.peers[0].recommends = [at('recommended').base];
  it.peers[1].dns = [at('dns').base, at('signed').base];
  const alice = await it.agent(ALICE, {
    morePeers: async () => [at('shipped').base],
    fetch: (url, init) => {
      const peer = it.peers.find((each) => String(url).startsWith(each.base));
      if (!peer) tried.push(new URL(url).hostname.split('.')[0]);
      return peer ? peer.fetch(String(url), init) : Promise.reject(new TypeError('fetch failed'));
    },
  });
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  await it.pass(1000);
  for (const peer of it.peers) peer.die();
  await it.until(alice, (s) => s.me.status === 'offline', 'offline');
  await it.pass(700_000, 1000);
  await it.until(alice, () => tried.includes('shipped'), 'all tried');
  assert.deepEqual(tried.slice(0, 4), ['recommended', 'dns', 'signed', 'shipped']);
  const kept = await alice.ctx.store.get('me', 'others');
  assert.deepEqual(
    kept.places.map((each) => each.id),
    ['', '', it.peers[0].id],
    'what the DNS names is held to the key that the domain signed',
  );
});

test('what was only heard of is never used before what the user chose', async () => {
  it = await world({ peers: 2 });
  const [chosen, heard] = it.peers;
  const store = await it.card(ALICE);
  const info = (peer, more) => ({
    base: peer.base,
    id: peer.id,
    ws: peer.relay.peer.ws,
    sip: peer.relay.uri,
    network: 'local',
    local: true,
    recommends: [],
    ...more,
  });
  await store.put('peers', heard.base, info(heard, { heard: true }));
  await store.put('peers', chosen.base, info(chosen, {}));
  const alice = await it.agent(ALICE, { store, peers: [] });
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  assert.deepEqual([...alice.ctx.peers.known.keys()], [chosen.base, heard.base]);
  assert.equal((await store.get('peers', heard.base)).heard, true, 'looking at it anew chooses nothing');
  await alice.addPeer(heard.base);
  assert.ok(!(await store.get('peers', heard.base)).heard, 'now it is chosen');
});

test('what peers say of the DNS is bounded, public out of local mode, and joined', async () => {
  const gates = () => ['a', 'b', 'c'].map((name) => ({ base: `https://${name}.example.org/` }));
  const asking = (answers, local = false) =>
    peersByDns({ gates, local: () => local, fetch: async (url) => answers[new URL(url).hostname[0]] }, 'example.net');
  const many = Array.from({ length: 300 }, (_, i) => `https://p${i}.example.com/`);
  const bad = [
    'http://plain.example.com/',
    'https://10.0.0.1/',
    'https://x.local/',
    'https://a.example.com/path/',
    5,
    null,
    {},
    'https://[::1]/',
    'https://:/',
  ];
  const good = 'https://good.example.com:8443/';
  assert.deepEqual(await asking({ a: Response.json({ peers: [...bad, good] }), b: Response.json({ peers: [good] }) }), [
    good,
  ]);
  assert.deepEqual(await asking({ a: Response.json({ peers: many }), b: new Response('{') }), many.slice(0, 8));
  for (const a of ['null', '[]', '{"peers":5}', `{"peers":["https://a.example.com/"],"x":"${'x'.repeat(20_000)}"}`])
    assert.deepEqual(await asking({ a: new Response(a), b: new Response('', { status: 502 }) }), [], a.slice(0, 20));
  assert.deepEqual(
    await asking(
      { b: Response.json({ peers: ['http://127.0.0.1:8787/'] }), a: new Response('', { status: 429 }) },
      true,
    ),
    ['http://127.0.0.1:8787/'],
  );
});

test('at last the list that came with the client is tried', async () => {
  const { alice, third } = await lose({ address: 'mallory@example.net', shipped: true });
  await it.until(alice, (s) => s.me.status === 'one-server', 'at another one');
  assert.deepEqual([...alice.ctx.peers.known.keys()].at(-1), third.base);
});
