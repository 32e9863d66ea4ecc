// Somebody who knows bob's address floods what strangers and contacts read, on real OpenDHT nodes: contacts find him at once all the same, by the
// place that only friends know, and strangers in the time that reading all of it takes. Neither is ever told anything else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { base64, concat, hex, random } from '../../core/bytes.js';
import { locator } from '../../core/locate/locator.js';
import { locationBody } from '../../core/record/bodies.js';
import { signRecord } from '../../core/record/record.js';
import { daysAround, publicMaster, rendezvous, seal } from '../../core/record/rendezvous.js';
import { memoryStore } from '../../core/store/memory.js';
import { agent, until } from '../e2e/agents.js';
import { dhtNodes, haveDhtnode } from '../e2e/dhtnodes.js';
import { code, twoPeers } from '../e2e/servers.js';

const BOB = 'bob@example.net';
const JUNK = 2000;
const SEALED = 400;
const AT_ONCE = 24;
const ROUNDS = 3;
const CONTACT_MILLIS = 300;
const CALM_MILLIS = 400;
const QUIET_MILLIS = 60_000;
const STRANGER_RATIO = 1.2;
const PUBLIC = /** @type {const} */ (['DEVICES', 'REVOKED', 'CERT', 'LOCATION']);
const FLOOD = `2,000 values under ${PUBLIC.join(', ')}`;
const skip = (await haveDhtnode()) ? false : 'dhtnode is not installed (RUNLEVEL=1 apt-get install dhtnode)';

let nodes;
let servers;
let alice;
let bob;
let eve;
before(async () => {
  if (skip) return;
  // Every node keeps every value: more nodes are only more work for one machine.
  nodes = await dhtNodes({ nodes: 5, proxies: 3 });
  servers = await twoPeers({ dht: 'opendht', network: nodes });
  [alice, bob, eve] = await Promise.all(['alice@example.net', BOB, 'eve@example.net'].map(enrolled));
  await alice.requestContact(BOB, {});
  await until(bob, (s) => s.requests.length === 1, 'request', 60_000);
  await bob.acceptRequest('alice@example.net');
  await until(alice, (s) => s.contacts[0]?.state === 'accepted', 'accepted', 60_000);
  await until(alice, () => !!alice.ctx.contacts.get(BOB)?.friendsKey, 'the friends key', 60_000);
});
after(async () => {
  await Promise.allSettled([alice, bob, eve].map((one) => one?.close()));
  await servers?.close();
  await nodes?.close();
});

async function enrolled(address) {
  const one = await agent([...servers.bases]);
  await one.enrol(address);
  await one.submitCode(await code(servers.bases[0], address));
  await until(one, (s) => s.me.status === 'online', `${address} online`, 60_000);
  return one;
}

const median = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];
const figure = (what, said) => console.log(`| attack on OpenDHT | ${what} | ${said} |`);
const millis = (all) => `${median(all).toFixed(0)} ms (of ${all.map((each) => each.toFixed(0)).join(', ')})`;

/** Where strangers look, today. @param {typeof PUBLIC[number]} kind */
async function places(kind) {
  const master = await publicMaster(BOB, bob.ctx.network());
  return Promise.all(daysAround(Date.now()).map((day) => rendezvous(master, kind, day)));
}

/** As an engine writes it: version, id, end in Unix s, value (docs/protocols/formats.md). */
const enveloped = (value) => concat(Uint8Array.of(1), random(8), Uint8Array.of(0, 0, 0, 0, 0xf4, 0, 0, 0), value);

/** What whoever knows the address can seal: eve's genuine certificate, over what is bob's and over what is hers. */
async function sealedJunk(kind, place) {
  const now = Date.now();
  const { profile } = eve.ctx;
  const made = await Promise.all(
    [BOB, 'eve@example.net'].map((address) =>
      signRecord(eve.ctx.signer(), bob.ctx.network(), {
        kind,
        address,
        device: profile.key.id,
        sequence: now + 60_000,
        issued: Math.floor(now / 1000),
        expires: Math.floor(now / 1000) + 3600,
        body: kind === 'LOCATION' ? elsewhere(profile.key.id) : new Map(),
      }),
    ),
  );
  return Promise.all(Array.from({ length: SEALED }, (_, i) => seal(place, made[i % 2])));
}

const elsewhere = (device) =>
  locationBody({
    peers: [{ uri: 'sip:198.51.100.66:5061;transport=tls', id: hex(random(32)), base: '' }],
    gruu: `sip:bob@example.net;gr=${device}`,
    capabilities: ['message'],
  });

async function flood(kind) {
  let taken = 0;
  for (const place of await places(kind)) {
    const values = await sealedJunk(kind, place);
    while (values.length < JUNK) values.push(random(900));
    const url = `${nodes.proxies[2]}key/${hex(place.dhtKey)}`;
    const put = async () => {
      for (let value = values.pop(); value; value = values.pop()) {
        const body = JSON.stringify({ data: base64(enveloped(value)), id: String(BigInt(`0x${hex(random(8))}`)) });
        const answer = await fetch(url, { method: 'POST', body });
        await answer.arrayBuffer();
        if (answer.ok) taken++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, put));
  }
  return taken;
}

/** Somebody whose client starts now and remembers nothing of places. @param {string[]} bases @param {ReturnType<typeof memoryStore>} [store] */
const reader = (bases, store = memoryStore()) =>
  locator({
    fetch,
    now: () => Date.now(),
    timer: alice.ctx.timer,
    store,
    network: alice.ctx.network,
    trust: alice.ctx.trust,
    local: alice.ctx.local,
    gates: () => bases.map((base) => ({ base, id: '' })),
  });

/** Where bob is, as he says himself; and nothing of eve. */
function genuine(found) {
  assert.equal(found.kind, 'found');
  assert.deepEqual([...found.devices.keys()], [bob.ctx.profile.key.id]);
  const [device] = found.devices.values();
  assert.ok(!(device.location?.peers ?? []).some((peer) => peer.uri.includes('198.51.100.66')));
  return device;
}

async function timed(task) {
  const start = performance.now();
  const result = await task();
  return { result, took: performance.now() - start };
}

/** All that lies under these keys, read to its end at the same places: nobody who must see all of it can be faster. @param {readonly (typeof PUBLIC[number])[]} kinds @param {string[]} at  base URLs of gates or nodes */
async function rawRead(kinds, at) {
  await quiet();
  const keys = (await Promise.all(kinds.map(places))).flat().map((place) => hex(place.dhtKey));
  const whole = async (url) => (await (await fetch(url)).text()).split('\n').filter(Boolean).length;
  const urls = keys.flatMap((key) => at.map((base) => `${base}key/${key}`));
  const { result, took } = await timed(() => Promise.all(urls.map(whole)));
  return { values: result.reduce((sum, each) => sum + each, 0), took };
}

/** Until the nodes have nothing else to do: what a reader goes on reading behind its answer is not in the way of the next one. */
async function quiet() {
  const end = performance.now() + QUIET_MILLIS;
  const empty = async (url) => (await fetch(`${url}key/${hex(random(20))}`)).text();
  for (let calm = 0; calm < 3;) {
    const { took } = await timed(() => Promise.all([...servers.bases, ...nodes.proxies].map(empty)));
    calm = took < CALM_MILLIS ? calm + 1 : 0;
    assert.ok(performance.now() < end, 'the nodes do not come to rest');
  }
}

/** Of a contact it is remembered that the certificates are in the log of their CA: who must see that anew reads all of CERT. */
async function remembered() {
  const store = memoryStore();
  for (const [key, until] of await alice.ctx.store.list('sequences'))
    if (key.startsWith('logged ')) await store.put('sequences', key, until);
  assert.ok((await store.list('sequences')).length > 0, 'seen before');
  return store;
}

async function contacts() {
  const { friendsKey, chain, revoked } = alice.ctx.contacts.get(BOB);
  const all = [];
  for (let i = 0; i < ROUNDS; i++) {
    await quiet();
    const store = await remembered();
    const { result, took } = await timed(() => reader(servers.bases, store).find(BOB, { friendsKey, chain, revoked }));
    assert.ok(genuine(result).location, 'where he is');
    all.push(took);
  }
  return all;
}

async function strangers() {
  const all = [];
  for (let i = 0; i < ROUNDS; i++) {
    await quiet();
    const { result, took } = await timed(() => reader(servers.bases).find(BOB));
    genuine(result);
    all.push(took);
  }
  return all;
}

test('a flood under his public keys hides bob from nobody', { skip, timeout: 600_000 }, async () => {
  figure('none: found by a contact', millis(await contacts()));
  figure('none: found by a stranger', millis(await strangers()));
  for (const kind of PUBLIC) {
    const { result, took } = await timed(() => flood(kind));
    figure(`flood of ${kind}`, `${result} taken in ${took.toFixed(0)} ms`);
    assert.ok(result > JUNK - SEALED, `${result} of ${kind} taken`);
  }
  const known = await contacts();
  figure(`${FLOOD}: found by a contact`, millis(known));
  const below = await rawRead(PUBLIC, nodes.proxies.slice(0, 2));
  figure('the same: all four read whole at two nodes', `${below.values} values in ${below.took.toFixed(0)} ms`);
  const raw = [await rawRead(PUBLIC, servers.bases), await rawRead(PUBLIC, servers.bases)];
  const rawMillis = raw.reduce((sum, { took }) => sum + took, 0) / raw.length;
  figure(
    'the same: all four read whole through the two gates',
    raw.map((r) => `${r.values} values in ${r.took.toFixed(0)} ms`).join(', '),
  );
  const unknown = await strangers();
  figure('the same: found by a stranger', millis(unknown));
  assert.ok(median(known) <= CONTACT_MILLIS, `a contact: ${median(known)} ms`);
  assert.ok(median(unknown) <= STRANGER_RATIO * rawMillis, `a stranger: ${median(unknown)} of ${rawMillis} ms`);
});

test(
  'alice opens her client under the flood, and what she writes reaches bob',
  { skip, timeout: 120_000 },
  async () => {
    const { store } = alice;
    await alice.close();
    const { took } = await timed(async () => {
      alice = await agent([...servers.bases], { store });
      await alice.sendMessage(BOB, 'through the flood');
      await until(bob, (s) => s.contacts[0]?.last?.text === 'through the flood', 'message', 60_000);
    });
    figure('the same: opened, written, received', `${took.toFixed(0)} ms`);
    const targets = await alice.ctx.contacts.targets(BOB, true);
    assert.deepEqual(
      targets.map((target) => target.id),
      [bob.ctx.profile.key.id],
    );
  },
);
