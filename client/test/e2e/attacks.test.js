// Attacks with everything real but the attacker: two peer processes, their CA, agents in between a WebSocket that lies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { encode } from '../../core/bytes.js';
import { first, response, writeMessage } from '../../core/sip/message.js';
import { agent, until } from './agents.js';
import { liar } from './liar.js';
import { code, twoPeers } from './servers.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
let servers;
let lies;
let alice;
let bob;

before(async () => {
  servers = await twoPeers();
  // Both ways of alice lead through liars; those of bob are his own.
  lies = await Promise.all(servers.bases.map(liar));
  const through = (url, protocols) =>
    new WebSocket(lies[servers.bases.findIndex((base) => url.startsWith(base.replace(/^http/, 'ws')))].url, protocols);
  alice = await enrolled(ALICE, { webSocket: through });
  bob = await enrolled(BOB);
  await alice.requestContact(BOB, {});
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await until(alice, (s) => contact(s, BOB)?.presence === 'online', 'bob online');
  await until(bob, (s) => contact(s, ALICE)?.presence === 'online', 'alice online');
});
after(async () => {
  await Promise.allSettled([alice?.close(), bob?.close()]);
  for (const each of lies ?? []) each.close();
  await servers?.close();
});

async function enrolled(address, more) {
  const one = await agent([...servers.bases], more);
  await one.enrol(address);
  await one.submitCode(await code(servers.bases[0], address));
  await until(one, (s) => s.me.status === 'online', `${address} online`, 60_000);
  return one;
}

const contact = (s, address) => s.contacts.find((c) => c.address === address);
const isMessage = (m) => m.method === 'MESSAGE' && !m.status;
const shown = async (text) => (await bob.messages(ALICE)).filter((m) => m.text === text).length;

/** Polls: a message's state has no event of its own. */
async function delivered(text) {
  await until(bob, (s) => contact(s, ALICE).last?.text === text, `${text} at bob`, 40_000);
  for (let i = 0; i < 200; i++) {
    const message = (await alice.messages(BOB)).find((m) => m.text === text);
    if (message.state === 'delivered') return;
    await new Promise((resolve) => alice.ctx.timer(100, resolve));
  }
  assert.fail(`${text} is not delivered`);
}

for (const [what, alter] of [
  ['altered', (m) => ({ ...m, body: encode('something else') })],
  ['dropped', () => null],
  ['doubled', (m) => [m, m]],
  ['answered 200 in the name of bob', (m) => ({ back: response(m, 200, 'OK') })],
  ['answered 603 in the name of bob', (m) => ({ back: response(m, 603, 'Declined') })],
])
  test(`a MESSAGE that is ${what} by one peer comes through the other, once`, async () => {
    lies[0].alter((m, up) => (up && isMessage(m) ? alter(m) : m));
    await alice.sendMessage(BOB, what);
    await delivered(what);
    assert.equal(await shown(what), 1);
    lies[0].alter((m) => m);
  });

test('answered for by both peers, a message comes all the same, once, by the copy that they keep', async () => {
  let lied = 0;
  for (const each of lies) each.alter((m, up) => (up && isMessage(m) ? (lied++, { back: response(m, 200, 'OK') }) : m));
  await alice.sendMessage(BOB, 'forged twice');
  await delivered('forged twice');
  assert.ok(lied > 0);
  for (const each of lies) each.alter((m) => m);
  assert.equal(await shown('forged twice'), 1);
});

test('a swapped fingerprint, in the offer and in the answer, ends the call unheard', async () => {
  const swap = (m) => ({ ...m, body: encode(new TextDecoder().decode(m.body).replace(/sha-256 ../, 'sha-256 00')) });
  for (const way of [true, false]) {
    for (const each of lies)
      each.alter((m, up) => (up === way && m.method === 'INVITE' && m.body.length && !!m.status !== up ? swap(m) : m));
    const calling = alice.call(BOB);
    await until(alice, (s) => s.call?.state === 'ended', 'ended', 40_000);
    await calling;
    assert.ok(alice.media.legs.every((leg) => !leg.speaking));
    if (!way) assert.equal(alice.state.call.why, 'call.not-genuine');
    for (const each of lies) each.alter((m) => m);
    await alice.hangUp();
    await until(bob, (s) => s.call === null || s.call.state === 'ended', 'ended at bob');
  }
});

test('what was signed for one peer is refused by another, and by the same one again', async () => {
  const registers = [];
  lies[0].alter((m, up) => (up && m.method === 'REGISTER' && registers.push(m), m));
  await alice.ctx.ua.register(alice.ctx.ua.ready[0]);
  lies[0].alter((m) => m);
  const ask = (base, message) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${base.replace(/^http/, 'ws')}sip`, ['sip']);
      socket.on('error', reject);
      socket.on('message', (bytes) => {
        socket.close();
        resolve(/^SIP\/2\.0 (\d+)/.exec(bytes.toString())[1]);
      });
      socket.on('open', () => {
        socket.send(writeMessage(message));
      });
    });
  assert.match(first(registers[0], 'identity'), /^ey/);
  assert.equal(await ask(servers.bases[1], registers[0]), '438', 'dest is the other peer');
  assert.equal(await ask(servers.bases[0], registers[0]), '403', 'seen before');
  const moved = registers[0].headers.map(([n, v]) => [n, n === 'contact' ? v.replace(/expires=\d+/, 'expires=0') : v]);
  assert.equal(await ask(servers.bases[0], { ...registers[0], headers: moved }), '438', 'another Contact');
  assert.equal(alice.ctx.ua.ready.length, 2, 'alice is still registered');
});

test('a device that the CA certified for alice without her is shown to her, and bob sends it nothing', async () => {
  const ghost = await agent([...servers.bases]);
  await ghost.enrol(ALICE);
  await ghost.submitCode(await code(servers.bases[0], ALICE));
  await until(ghost, (s) => s.me.status === 'waiting-for-device', 'not on the list');
  const id = ghost.ctx.profile.key.id;
  // It says where it is, as if it were allowed.
  await ghost.ctx.devices.publishAll();
  await alice.ctx.devices.look();
  await until(alice, (s) => s.notices.some((n) => n.id === `ghost ${id}`) || s.endorsements.length > 0, 'shown');
  assert.ok(alice.state.devices.some((d) => d.deviceId === id && !d.listed) || alice.state.endorsements.length);
  const heard = [];
  for (const method of ['MESSAGE', 'INVITE']) {
    const handler = ghost.ctx.ua.handlers.get(method);
    ghost.ctx.ua.handlers.set(method, (incoming) => (heard.push(method), handler(incoming)));
  }
  assert.deepEqual(
    (await bob.ctx.contacts.targets(ALICE, true)).map((target) => target.id),
    [alice.ctx.profile.key.id],
  );
  await bob.sendMessage(ALICE, 'for alice alone');
  await until(alice, (s) => contact(s, BOB).last?.text === 'for alice alone', 'message');
  await bob.call(ALICE);
  await until(alice, (s) => s.call?.state === 'ringing', 'ringing');
  await bob.hangUp();
  assert.deepEqual(heard, []);
  await ghost.close();
});
