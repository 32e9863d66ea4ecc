// Following people with several devices: how often is asked for one that does not let us through, and what is kept of it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { first } from '../core/sip/message.js';
import { contact, world } from './fake/world.js';

const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

/** Alice and Bob, who has a second device. @param {(it: any) => object} [how]  of the second */
async function make(how = () => ({})) {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  const second = await it.agent(BOB, how(it));
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await it.until(bob, (s) => s.endorsements.length === 1, 'asked');
  await bob.allowDevice(second.ctx.profile.key.id);
  await it.until(second, (s) => ['online', 'one-server'].includes(s.me.status), 'online');
  const device = second.ctx.profile.key.id;
  await it.until(alice, async () => (await alice.ctx.contacts.targets(BOB)).length === 2, 'both devices');
  await it.pass(60_000);
  return { it, alice, bob, second, device };
}

/** SUBSCRIBEs for one device, each where it arrives first. */
const subscribes = (it, device) =>
  it.peers
    .flatMap((peer) => peer.relay.log)
    .filter((m) => m.method === 'SUBSCRIBE' && !m.status && m.uri.includes(`gr=${device}`));
const asked = (it, device) => subscribes(it, device).length;
/** Whether a message belongs to one of those. */
const isOf = (it, device, message) =>
  subscribes(it, device).some((each) => first(each, 'call-id') === first(message, 'call-id'));

test('a device that is off and does not know us is asked less and less, though another one of that person speaks', async () => {
  const { it, alice, bob, second, device } = await make();
  for (const peer of it.peers) peer.strange = device.slice(0, 16);
  await second.close();
  await it.pass(2000);
  const [before, other] = [asked(it, device), asked(it, bob.ctx.profile.key.id)];
  alice.ctx.presence.watch(BOB);
  await it.pass(240_000);
  const times = asked(it, device) - before;
  // After 0, 2, 6, 14, 30, 62, 126 seconds, at two peers each.
  assert.ok(times >= 8 && times <= 20, `${times} times in four minutes`);
  const more = asked(it, bob.ctx.profile.key.id) - other;
  assert.ok(more <= 6, `the other device ${more} times`);
  assert.equal(contact(alice.state, BOB).presence, 'online');
  for (const peer of it.peers) peer.strange = '';
  const again = await it.agent(BOB, { store: second.ctx.around.store });
  await it.until(again, (s) => s.me.status === 'online', 'back');
  await bob.close();
  await it.until(alice, (s) => contact(s, BOB).presence === 'online', 'the device that is back');
});

test('one that speaks and is a stranger at once, again and again, is not asked every two seconds', async () => {
  const { it, alice, device } = await make();
  it.peers[1].strange = device.slice(0, 16);
  for (const peer of it.peers)
    peer.alter = (message) => {
      if (message.method !== 'NOTIFY' || !message.body.length || !isOf(it, device, message)) return message;
      const kept = message.headers.filter(
        ([name]) => !['starling-signature', 'subscription-state', 'via', 'content-type'].includes(name),
      );
      const via = ['via', `SIP/2.0/TLS x;branch=z9hG4bKpending${Math.random()}`];
      const headers = [via, ...kept, ['subscription-state', 'pending;expires=600']];
      setTimeout(() => peer.relay.pass({ ...message, headers, body: new Uint8Array(0) }, () => {}), 10);
      return message;
    };
  const before = asked(it, device);
  alice.ctx.presence.watch(BOB);
  await it.pass(240_000);
  const times = asked(it, device) - before;
  assert.ok(times >= 4 && times <= 24, `${times} times in four minutes`);
});

test('a peer of ours where a device never was does not have us ask again', async () => {
  const { it, alice, second, device } = await make((each) => ({ peers: [each.peers[0].base] }));
  for (const peer of it.peers) peer.strange = peer === it.peers[1] ? device.slice(0, 16) : '';
  await second.close();
  await it.pass(2000);
  const before = asked(it, device);
  alice.ctx.presence.watch(BOB);
  await it.pass(120_000);
  const times = asked(it, device) - before;
  assert.ok(times >= 2 && times <= 4, `${times} times in two minutes`);
});

test('of the same device at the same peer the newest subscription counts: an older one is over', async () => {
  const { it, alice, bob } = await make();
  for (let i = 0; i < 5; i++) {
    alice.ctx.presence.watch(BOB);
    await it.pass(2000);
  }
  const device = bob.ctx.profile.key.id;
  const answers = [];
  for (const peer of it.peers)
    peer.alter = (message) => {
      if (message.status && /NOTIFY/.test(first(message, 'cseq')) && isOf(it, device, message)) answers.push(message);
      return message;
    };
  await bob.setAvailability('busy', 'at work');
  await it.pass(2000);
  const of = (status) => answers.filter((m) => m.status === status).length;
  // At the peer that was asked first, and where he was not seen there, at the other.
  assert.ok(of(200) >= 1 && of(200) <= 2, `${of(200)} taken`);
  assert.ok(of(481) >= 4, `${of(481)} over`);
});

test('of two devices the one that falls silent is asked, and the other is not', async () => {
  const { it, alice, bob, device } = await make();
  const other = bob.ctx.profile.key.id;
  for (const peer of it.peers)
    peer.alter = (message) =>
      message.method === 'NOTIFY' && !message.status && isOf(it, device, message) ? null : message;
  const before = [asked(it, device), asked(it, other)];
  for (let minutes = 0; asked(it, device) === before[0] && minutes < 20; minutes++) await it.pass(60_000);
  assert.ok(asked(it, device) > before[0], 'asked');
  assert.equal(asked(it, other), before[1]);
  assert.equal(contact(alice.state, BOB).presence, 'online');
});
