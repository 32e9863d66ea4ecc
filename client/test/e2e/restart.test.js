// A server killed with -9 in the middle of everything and started again has lost nothing it acknowledged, and people are back by themselves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, until } from './agents.js';
import { code, twoPeers } from './servers.js';

const BACK_MILLIS = 10_000;

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

const contact = (s, address) => s.contacts.find((c) => c.address === address);

async function enrolled(address) {
  const one = await agent([...servers.bases]);
  await one.enrol(address);
  await one.submitCode(await code(servers.bases[0], address));
  await until(one, (s) => s.me.status === 'online', `${address} online`);
  return one;
}

/** Kills one server with -9, starts it again and waits until both people are on two servers; gives the time from its being ready. */
async function killedAndBack(name) {
  await servers.current()[name].kill('SIGKILL');
  await Promise.all([alice, bob].map((one) => until(one, (s) => s.me.status === 'one-server', 'the loss')));
  await (name === 'a' ? servers.restartA() : servers.restartB());
  const start = performance.now();
  await Promise.all(
    [alice, bob].map((one) => until(one, (s) => s.me.status === 'online', 'two servers again', BACK_MILLIS)),
  );
  return performance.now() - start;
}

test('two people who know each other', async () => {
  alice = await enrolled('alice@example.net');
  bob = await enrolled('bob@example.net');
  await alice.requestContact('bob@example.net', { text: 'It is me' });
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest('alice@example.net');
  await until(alice, (s) => contact(s, 'bob@example.net')?.presence === 'online', 'bob online');
  await until(bob, (s) => contact(s, 'alice@example.net')?.presence === 'online', 'alice online');
});

test('an unsigned write is refused in local mode too', async () => {
  for (const base of servers.bases) {
    const response = await fetch(`${base}key/${'0'.repeat(40)}`, {
      method: 'POST',
      body: JSON.stringify({ data: 'eA==', id: '1', until: Math.floor(Date.now() / 1000) + 60 }),
    });
    assert.equal(response.status, 401);
  }
});

for (const name of ['a', 'b']) {
  test(`server ${name} is killed with -9: the store, consent and flows are as before, within 10 s`, async () => {
    const millis = await killedAndBack(name);
    assert.ok(millis < BACK_MILLIS, `took ${millis} ms`);
    // The store still has both people's records.
    // Somebody who remembers nothing asks.
    const stranger = await agent([...servers.bases]);
    for (const address of ['alice@example.net', 'bob@example.net'])
      assert.equal(await stranger.lookup(address), 'found', `${address} in the store`);
    await stranger.close();
    // Consent was kept: presence and messages need the token that bob's device had deposited.
    await until(alice, (s) => contact(s, 'bob@example.net')?.presence === 'online', 'bob online', BACK_MILLIS);
    await until(bob, (s) => contact(s, 'alice@example.net')?.presence === 'online', 'alice online', BACK_MILLIS);
    const text = `after the death of ${name}`;
    await alice.sendMessage('bob@example.net', text);
    await until(bob, (s) => contact(s, 'alice@example.net').last?.text === text, 'the message', BACK_MILLIS);
  });
}

test('killed while messages are on their way: each arrives once', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => `number ${i}`);
  const sending = (async () => {
    for (const text of texts) await bob.sendMessage('alice@example.net', text);
  })();
  await servers.current().b.kill('SIGKILL');
  await sending;
  await servers.restartB();
  const received = async () => (await alice.messages('bob@example.net')).filter((m) => texts.includes(m.text));
  for (let i = 0; i < 400 && (await received()).length < texts.length; i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual((await received()).map((m) => m.text).sort(), [...texts].sort());
});

test('both servers die at once and everything comes back', async () => {
  const { a, b } = servers.current();
  await Promise.all([a.kill('SIGKILL'), b.kill('SIGKILL')]);
  await servers.restartA();
  await servers.restartB();
  await Promise.all([alice, bob].map((one) => until(one, (s) => s.me.status === 'online', 'online', 20_000)));
  await bob.sendMessage('alice@example.net', 'still here');
  await until(alice, (s) => contact(s, 'bob@example.net').last?.text === 'still here', 'the message', 20_000);
  assert.equal(await bob.lookup('alice@example.net'), 'found');
});
