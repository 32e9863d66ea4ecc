// While two addresses of one person live, over two real peers: somebody who has only the old one, somebody who has only the new one, and somebody who
// follows see her, write to her and call her, at both of her devices, and she them. Without browsers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { first } from '../../core/sip/message.js';
import { eventually, until, whole } from './agents.js';
import { code, fresh, twoPeers } from './servers.js';

const [OLD, NEW] = ['alice@old.example', 'alice@new.example'];
const [BOB, CAROL, DAVE] = ['bob@example.net', 'carol@example.net', 'dave@example.net'];
let servers;
let alice, tablet, bob, carol, dave;
before(async () => {
  servers = await twoPeers();
});
after(async () => {
  await Promise.allSettled([alice, tablet, bob, carol, dave].map((one) => one?.close()));
  await servers?.close();
});

const contact = (s, address) => s.contacts.find((each) => each.address === address);
const notice = (s, start) => s.notices.find((each) => each.id.replace(/^\d+\|/, '').startsWith(start));
const up = (s) => s.me.status === 'online';
const mailbox = () => servers.bases[0];

/** One who counts the flows to its servers that are open. */
async function somebody(deviceName) {
  const flows = new Set();
  const one = await whole([...servers.bases], {
    deviceName,
    webSocket(url, protocols) {
      const socket = new WebSocket(url, protocols);
      socket.addEventListener('open', () => flows.add(socket));
      socket.addEventListener('close', () => flows.delete(socket));
      return socket;
    },
  });
  return Object.assign(one, { flows });
}

async function enrolled(address) {
  const one = await somebody(address);
  await one.enrol(address);
  await one.submitCode(await code(mailbox(), address));
  await until(one, up, `${address} online`);
  return one;
}

async function befriend(one, address, other) {
  await one.requestContact(address, {});
  await until(other, (s) => s.requests.length === 1, 'asked');
  await other.acceptRequest(one.state.me.address);
  await until(one, (s) => contact(s, address)?.state === 'accepted', 'accepted');
}

/** The three, by which address of alice each has. */
const three = () => [
  [bob, BOB, OLD],
  [carol, CAROL, NEW],
  [dave, DAVE, NEW],
];
const hers = () => [alice, tablet];

test('alice has two devices, a new address at both, and a contact for each way to reach her', async () => {
  [alice, bob, carol, dave] = [await enrolled(OLD), await enrolled(BOB), await enrolled(CAROL), await enrolled(DAVE)];
  await befriend(bob, OLD, alice);
  await befriend(dave, OLD, alice);
  const used = await code(mailbox(), OLD);
  alice.showDeviceCode();
  await until(alice, (s) => s.adding, 'shows a code');
  tablet = await somebody('tablet');
  await tablet.enrol(OLD);
  await tablet.submitCode(await fresh(mailbox(), OLD, used));
  await until(tablet, (s) => s.me.status === 'waiting-for-device', 'waits');
  await tablet.useDeviceCode(alice.state.adding.code);
  await until(tablet, (s) => up(s) && s.contacts.length === 2, 'let in');
  assert.deepEqual(
    [alice, tablet, bob].map((each) => each.flows.size),
    [2, 2, 2],
  );

  await alice.changeAddress(NEW);
  await until(alice, (s) => s.move?.step === 'code', 'code');
  const first = await code(mailbox(), NEW);
  await alice.submitMoveCode(first);
  await until(alice, (s) => s.me.address === NEW && up(s), 'at the new one', 60_000);
  await until(tablet, (s) => notice(s, 'moving'), 'told');
  await tablet.answerNotice('moving', 'go');
  await until(tablet, (s) => s.move?.step === 'code', 'code');
  await tablet.submitMoveCode(await fresh(mailbox(), NEW, first));
  await until(alice, (s) => s.endorsements.length === 1, 'asks', 60_000);
  await alice.allowDevice(alice.state.endorsements[0].deviceId);
  await until(tablet, (s) => s.me.address === NEW && up(s), 'came along', 60_000);

  await befriend(carol, NEW, alice);
  await until(bob, (s) => notice(s, 'moved'), 'bob is asked');
  await bob.answerNotice(notice(bob.state, 'moved').id, `later ${NEW}`);
  await until(dave, (s) => notice(s, 'moved'), 'dave is asked');
  await dave.followMoved(OLD, NEW);
  await until(dave, (s) => contact(s, NEW)?.state === 'accepted' && !contact(s, OLD), 'dave follows');
  assert.deepEqual(
    [alice, tablet, bob].map((each) => each.flows.size),
    [4, 4, 2],
  );
  for (const one of hers()) {
    await until(one, (s) => s.contacts.length === 3, 'all three, each once', 60_000);
    await until(one, (s) => s.former[0].waiting.length === 1, 'one of two uses the new one', 60_000);
  }
});

test('everybody sees her as she is, and she them, at the address that each has', async () => {
  for (const availability of ['away', 'available']) {
    for (const one of hers()) await one.setAvailability(availability);
    const seen = availability === 'available' ? 'online' : availability;
    for (const [who, , at] of three())
      await until(who, (s) => contact(s, at)?.presence === seen, `${at} is ${seen}`, 60_000);
  }
  for (const one of hers())
    for (const [, address] of three())
      await until(one, (s) => contact(s, address)?.presence === 'online', `${address} is there`, 60_000);
});

const texts = async (one, address) => (await one.messages(address)).map((each) => each.text);

test('texts go both ways, to both of her devices, and say how far they came', async () => {
  for (const [who, address, at] of three()) {
    const began = performance.now();
    const message = await who.sendMessage(at, `from ${address}`);
    for (const one of hers())
      await eventually(async () => (await texts(one, address)).includes(`from ${address}`), 'arrived');
    const took = Math.round(performance.now() - began);
    await eventually(
      async () => (await who.messages(at)).find((each) => each.id === message.id).state === 'delivered',
      'said to be delivered',
    );
    const back = performance.now();
    await tablet.sendMessage(address, `to ${address}`);
    for (const [one, place] of [
      [who, at],
      [alice, address],
    ])
      await eventually(async () => (await texts(one, place)).includes(`to ${address}`), 'answered');
    console.log(
      `# ${address}, who has ${at}: ${took} ms to both devices, ${Math.round(performance.now() - back)} ms back`,
    );
  }
  for (const one of hers()) assert.equal(one.state.contacts.length, 3);
});

/** The calls of which this person's device has thought, by Call-ID. */
function thoughtOf(one) {
  const done = new Set();
  for (const { ctx } of one.everyone()) {
    const take = ctx.ua.handlers.get('INVITE');
    ctx.ua.handlers.set('INVITE', async (incoming) => {
      await take(incoming);
      done.add(first(incoming.message, 'call-id'));
    });
  }
  return done;
}

test('calls ring at both of her devices, whichever address they go to, and she is one who talks', async () => {
  const thought = thoughtOf(tablet);
  for (const [who, address, at] of three()) {
    void who.call(at);
    for (const one of hers())
      await until(one, (s) => s.call?.state === 'ringing' && s.call.address === address, `${address} rings`);
    await tablet.acceptCall();
    for (const one of [who, tablet]) await until(one, (s) => s.call?.state === 'running', 'they talk');
    await until(alice, (s) => !s.call, 'the other one stops');
    assert.equal(alice.state.pastCalls[0].result, 'elsewhere');
    // Somebody else, at the other address: only the device that is free rings.
    const [other, , place] = three().find(([, , each]) => each !== at);
    const before = thought.size;
    void other.call(place);
    await until(alice, (s) => s.call?.state === 'ringing', 'the free one rings');
    await eventually(() => thought.size > before, 'the other one was asked, too');
    assert.equal(tablet.everyone().filter((each) => each.state.call).length, 1, 'and does not ring');
    assert.equal(tablet.state.call.address, address);
    await alice.declineCall();
    await until(other, (s) => s.call?.why === 'call.declined', 'declined');
    await other.hangUp();
    await who.hangUp();
    for (const one of [...hers(), who, other]) await until(one, (s) => !s.call, 'over');
  }
  for (const [who, address, at] of three()) {
    void alice.call(address);
    await until(who, (s) => s.call?.state === 'ringing' && s.call.address === at, 'she calls from what they know');
    await who.acceptCall();
    for (const one of [who, alice]) await until(one, (s) => s.call?.state === 'running', 'they talk');
    await alice.hangUp();
    for (const one of [who, alice]) await until(one, (s) => !s.call, 'over');
  }
});

test('given back at both devices: the old one is asked about anew, the flows are as before, and the rest goes on', async () => {
  for (const one of hers()) {
    await one.stopUsing(OLD);
    await eventually(() => one.flows.size === 2, 'two flows');
    assert.deepEqual(one.state.former, []);
  }
  await until(bob, (s) => s.requests.some((each) => each.address === NEW), 'asked by the new one', 60_000);
  await bob.acceptRequest(NEW);
  for (const one of hers()) await until(one, (s) => contact(s, BOB)?.state === 'accepted', 'a contact', 60_000);
  for (const [who, address] of three()) {
    await who.sendMessage(NEW, `still ${address}`);
    for (const one of hers())
      await eventually(async () => (await texts(one, address)).includes(`still ${address}`), 'arrived');
  }
  assert.deepEqual((await texts(alice, BOB)).slice(0, 2), [`from ${BOB}`, `to ${BOB}`]);
});
