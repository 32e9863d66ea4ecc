// Two agents without a browser, through two real peer processes: everything that is said between people, and the attacks on it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hostCandidate } from '../fake/people.js';
import { agent, eventually, until } from './agents.js';
import { code, twoPeers } from './servers.js';

let servers;
let alice;
let bob;
before(async () => {
  servers = await twoPeers();
});
after(async () => {
  await Promise.allSettled([alice?.close(), bob?.close()]);
  await servers?.close();
});

async function enrolled(address) {
  const one = await agent([...servers.bases]);
  await one.enrol(address);
  assert.equal(one.state.me.status, 'code');
  await one.submitCode(await code(servers.bases[0], address));
  await until(one, (s) => s.me.status === 'online', `${address} online`);
  return one;
}

const contact = (s, address) => s.contacts.find((c) => c.address === address);

test('alice and bob prove their addresses and are online over two peers', async () => {
  alice = await enrolled('alice@example.net');
  bob = await enrolled('bob@example.net');
  await alice.setName('Alice');
  await bob.setName('Bob');
  assert.equal(alice.peers().filter((p) => p.connected).length, 2);
});

test('a wrong code is refused and says so', async () => {
  const eve = await agent([...servers.bases]);
  await eve.enrol('eve@example.net');
  await assert.rejects(eve.submitCode('A'.repeat(32)), (e) => e.key === 'code');
  await assert.rejects(eve.submitCode('hello'), (e) => e.key === 'code.none');
  await eve.close();
});

test('a request reaches bob, he accepts, both see each other', async () => {
  assert.equal(await alice.lookup('bob@example.net'), 'found');
  assert.equal(await alice.lookup('nobody@example.net'), 'absent');
  await alice.requestContact('bob@example.net', { text: 'It is me' });
  const state = await until(bob, (s) => s.requests.length === 1, 'request');
  assert.deepEqual(
    { ...state.requests[0], at: 0 },
    { address: 'alice@example.net', name: 'Alice', text: 'It is me', at: 0, trust: 'test' },
  );
  await bob.acceptRequest('alice@example.net');
  await until(alice, (s) => contact(s, 'bob@example.net')?.state === 'accepted', 'accepted');
  await until(alice, (s) => contact(s, 'bob@example.net')?.presence === 'online', 'bob online');
  await until(bob, (s) => contact(s, 'alice@example.net')?.presence === 'online', 'alice online');
});

test('a message goes from waiting to read', async () => {
  const message = await alice.sendMessage('bob@example.net', 'Hello Bob 👋');
  assert.equal(message.state, 'waiting');
  await until(bob, (s) => contact(s, 'alice@example.net')?.unread === 1, 'unread');
  const [received] = await bob.messages('alice@example.net');
  assert.equal(received.text, 'Hello Bob 👋');
  const state = async () => (await alice.messages('bob@example.net')).at(-1).state;
  await until(alice, () => true, '');
  for (let i = 0; i < 50 && (await state()) !== 'delivered'; i++) await new Promise((r) => alice.ctx.timer(100, r));
  assert.equal(await state(), 'delivered');
  await bob.markRead('alice@example.net');
  for (let i = 0; i < 50 && (await state()) !== 'read'; i++) await new Promise((r) => alice.ctx.timer(100, r));
  assert.equal(await state(), 'read');
  assert.equal((await bob.search('hello bob')).length, 1);
});

test('a call rings, is answered with both answers signed, and ends', async () => {
  const talking = alice.call('bob@example.net');
  await until(bob, (s) => s.call?.state === 'ringing', 'ringing at bob');
  await until(alice, (s) => s.call?.state === 'ringing', 'ringing at alice');
  await bob.acceptCall();
  await until(alice, (s) => s.call?.state === 'running', 'running at alice');
  await until(bob, (s) => s.call?.state === 'running', 'running at bob');
  const [a] = alice.media.legs.slice(-1);
  const [b] = bob.media.legs.slice(-1);
  assert.equal(a.remote, b.local);
  assert.equal(b.remote, a.local);
  // Candidates and a new offer pass both peers as they pass the fake ones.
  a.find(hostCandidate());
  b.find(hostCandidate());
  a.tell('failed', {});
  await until(alice, (s) => s.call?.link === 'back', 'connected anew');
  assert.deepEqual([a.restarts, b.restarts], [1, 0]);
  assert.equal(b.remote, a.local);
  assert.ok(a.added.length && b.added.length, 'candidates came through');
  await alice.hangUp();
  await until(bob, (s) => s.call === null, 'ended at bob');
  assert.equal(alice.state.pastCalls[0].result, 'answered');
  await talking;
});

test('a call is declined, another is cancelled and missed', async () => {
  const one = alice.call('bob@example.net');
  await until(bob, (s) => s.call?.state === 'ringing', 'ringing');
  await bob.declineCall();
  await until(alice, (s) => s.call?.why === 'call.declined', 'declined');
  await one;
  await alice.hangUp();
  const two = alice.call('bob@example.net');
  await until(bob, (s) => s.call?.state === 'ringing', 'ringing');
  await alice.hangUp();
  await until(bob, (s) => s.call === null && s.pastCalls[0].result === 'missed', 'missed');
  await two;
});

test('presence follows what bob chooses, and his sign-off', async () => {
  await bob.setAvailability('busy', 'In a meeting');
  await until(
    alice,
    (s) => contact(s, 'bob@example.net').presence === 'busy' && contact(s, 'bob@example.net').note === 'In a meeting',
    'busy',
  );
  await bob.setAvailability('available', '');
  await until(alice, (s) => contact(s, 'bob@example.net').presence === 'online', 'online');
});

test('after a reload everything is there and bob comes back online', async () => {
  const { store } = bob;
  await bob.close();
  await until(alice, (s) => contact(s, 'bob@example.net').presence === 'offline', 'offline');
  const waiting = await alice.sendMessage('bob@example.net', 'while you were away');
  assert.equal(waiting.state, 'waiting');
  bob = await agent([...servers.bases], { store });
  await until(bob, (s) => s.me.status === 'online', 'online again');
  await until(bob, (s) => contact(s, 'alice@example.net')?.unread === 1, 'the waiting message', 30_000);
  await until(alice, (s) => contact(s, 'bob@example.net').presence === 'online', 'seen online');
  assert.equal((await bob.messages('alice@example.net')).length, 2);
});

test('alice writes while bob is away and leaves before he comes: he has all of it once and in order, and she learns of it', async () => {
  const b = bob.store;
  await bob.close();
  await until(alice, (s) => contact(s, 'bob@example.net').presence === 'offline', 'offline');
  const wanted = Array.from({ length: 20 }, (_, i) => `letter ${i}`);
  for (const text of wanted) await alice.sendMessage('bob@example.net', text);
  const states = async (one, who) =>
    (await one.messages(who)).filter((m) => wanted.includes(m.text)).map((m) => m.state);
  await eventually(async () => (await states(alice, 'bob@example.net')).every((state) => state === 'sent'), 'all sent');
  const a = alice.store;
  await alice.close();
  bob = await agent([...servers.bases], { store: b });
  const letters = async () =>
    (await bob.messages('alice@example.net')).map((m) => m.text).filter((text) => wanted.includes(text));
  await eventually(async () => (await letters()).length === wanted.length, 'all letters');
  assert.deepEqual(await letters(), wanted);
  const outbox = async () => (await b.list('outbox')).map(([, item]) => item);
  await eventually(
    async () =>
      (await b.list('receipts')).length === 0 &&
      (await outbox()).every((item) => Object.values(item.held).some((copy) => copy.kept.length === 2)),
    'receipts kept by both',
  );
  await bob.close();
  alice = await agent([...servers.bases], { store: a });
  await eventually(
    async () => (await states(alice, 'bob@example.net')).every((state) => state === 'delivered'),
    'all delivered',
  );
  await eventually(async () => (await a.list('stops')).length === 0, 'taken back from both');
  bob = await agent([...servers.bases], { store: b });
  await until(bob, (s) => s.me.status === 'online', 'online');
  await until(alice, (s) => contact(s, 'bob@example.net').presence === 'online', 'bob online');
  assert.deepEqual(await letters(), wanted);
});

test('somebody new asks while alice is away, and leaves before she comes', async () => {
  const a = alice.store;
  await alice.close();
  const dora = await enrolled('dora@example.net');
  await dora.requestContact('alice@example.net', { text: 'Remember me?' });
  await eventually(
    async () =>
      (await dora.store.list('outbox')).some(([, item]) =>
        Object.values(item.held).some((copy) => copy.kept.length === 2),
      ),
    'a knock kept by both',
  );
  await dora.close();
  alice = await agent([...servers.bases], { store: a });
  const state = await until(alice, (s) => s.requests.length === 1, 'request', 40_000);
  assert.equal(state.requests[0].text, 'Remember me?');
  await alice.declineRequest('dora@example.net');
  await until(alice, (s) => s.me.status === 'online', 'online');
  await until(bob, (s) => contact(s, 'alice@example.net').presence === 'online', 'alice online', 30_000);
});

test('each peer dies in turn and people go on over the other one', async () => {
  await servers.current().b.kill('SIGKILL');
  await until(alice, (s) => s.me.status === 'one-server', 'one server');
  await alice.sendMessage('bob@example.net', 'over A alone');
  await until(bob, (s) => contact(s, 'alice@example.net').last?.text === 'over A alone', 'message over A', 30_000);
  await servers.restartB();
  await until(alice, (s) => s.me.status === 'online', 'two servers again', 30_000);
  await until(bob, (s) => s.me.status === 'online', 'two servers again', 30_000);
  await servers.current().a.kill('SIGKILL');
  await until(bob, (s) => s.me.status === 'one-server', 'one server');
  await bob.sendMessage('alice@example.net', 'over B alone');
  await until(alice, (s) => contact(s, 'bob@example.net').last?.text === 'over B alone', 'message over B', 30_000);
  // Peer A was the store, unless nobody is.
  const gone = servers.dht === 'opendht' ? 'absent' : 'unreachable';
  assert.equal(await alice.lookup('someone-new@example.net'), gone);
  await servers.restartA();
  await until(alice, (s) => s.me.status === 'online', 'two servers again', 30_000);
});

test('a second browser of alice waits until the first allows it', async () => {
  const second = await agent([...servers.bases]);
  await second.enrol('alice@example.net');
  await second.submitCode(await code(servers.bases[0], 'alice@example.net'));
  await until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  const state = await until(alice, (s) => s.endorsements.length === 1, 'asked');
  assert.equal(state.endorsements[0].checkCode, second.state.me.checkCode);
  await alice.allowDevice(state.endorsements[0].deviceId);
  await until(second, (s) => s.me.status === 'online', 'allowed', 40_000);
  await until(second, (s) => contact(s, 'bob@example.net')?.state === 'accepted', 'contacts shared');
  await second.close();
});
