// Whom a call reaches when what is known is old, or the flow to the server is just being opened again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { response } from '../core/sip/message.js';
import { accepted } from './fake/people.js';
import { ALICE, BOB, over, requests, ringing, soon, two } from './fake/two.js';

/** @param {any} it @param {() => any} holds */
const passes = (it, holds) => soon(() => holds() || void it.time.advance(50), 'what time brings');

/** The looks of alice: what is known, and what is found when it is looked up again. @param {any} it @param {(known: any[]) => any[]} before */
function knows(it, before) {
  const looks = [];
  const { contacts } = it.alice.ctx;
  const found = contacts.targets;
  contacts.targets = async (address, again = false) => {
    looks.push(again);
    const all = await found(address);
    return again ? all : before(all);
  };
  return looks;
}

test('a flow that was just lost is waited for', async () => {
  const it = await two();
  it.relay.die();
  it.relay.dead = false;
  await soon(() => !it.alice.ua.ready.length, 'the loss');
  void it.alice.calls.call(BOB);
  await passes(it, () => ringing(it.alice.ctx.state) && ringing(it.bob.ctx.state));
});

test('with no server at all the call ends, and says that it is ours', async () => {
  const it = await two();
  it.relay.die();
  await soon(() => !it.alice.ua.ready.length, 'the loss');
  const begun = it.time.now();
  void it.alice.calls.call(BOB);
  // The page says that the network is back: no server is, for that.
  it.alice.calls.hurry();
  await passes(it, () => over(it.alice.ctx.state));
  assert.equal(it.alice.call.why, 'call.unconnected');
  assert.ok(it.time.now() - begun <= 6000);
});

test('whoever is not known to be anywhere is looked up again, once', async () => {
  const it = await two();
  const looks = knows(it, () => []);
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  assert.deepEqual(looks, [false, true]);
});

test('nobody is reachable where two looks show nobody, nor where they fail', async () => {
  const it = await two();
  for (const targets of [async () => [], async () => Promise.reject(new Error('the store does not answer'))]) {
    it.alice.ctx.contacts.targets = targets;
    await it.alice.calls.call(BOB);
    assert.equal(it.alice.call.why, 'call.offline');
    await it.alice.calls.hangUp();
  }
});

test('whoever went to another server rings there', async () => {
  const it = await two({ peers: 2 });
  const carol = await it.make('carol@example.net', [it.relays[1]]);
  carol.ctx.book.set(ALICE, accepted(ALICE));
  it.alice.ctx.book.set('carol@example.net', accepted('carol@example.net'));
  const elsewhere = (each) => ({
    ...each,
    location: { ...each.location, peers: [{ uri: it.relay.uri, id: it.relay.id }] },
  });
  const looks = knows(it, (known) => known.map(elsewhere));
  await it.alice.calls.call('carol@example.net');
  await Promise.all([it.alice.until(ringing), carol.until(ringing)]);
  assert.deepEqual(looks, [false, true]);
});

test('a device that is not where it says it is, is not called twice', async () => {
  const it = await two();
  const looks = knows(it, (known) => known);
  it.relay.alter = (m) => (m.method === 'INVITE' && !m.status ? { answer: response(m, 480, 'Not here') } : m);
  await it.alice.calls.call(BOB);
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.offline');
  assert.deepEqual(looks, [false, true]);
  assert.equal(requests(it.relay, 'INVITE').length, 1);
});

test('whoever hangs up while somebody is looked for calls nobody', async () => {
  const it = await two();
  const known = it.alice.ctx.contacts.targets;
  let tell = () => {};
  it.alice.ctx.contacts.targets = (address) => new Promise((resolve) => (tell = () => resolve(known(address))));
  const called = it.alice.calls.call(BOB);
  await it.alice.calls.hangUp();
  tell();
  await called;
  assert.equal(it.alice.call, null);
  assert.equal(requests(it.relay, 'INVITE').length, 0);
});
