// An ordinary SIP phone rings for bob@example.net: added by the command line, allowed by bob's browser, called by alice in a real browser.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPhone } from './add-phone.js';
import { agent, eventually, until } from './agents.js';
import { profile } from './browser.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';
import { enrols } from './stage.js';
import { sipPhone } from './sip-phone.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const PATIENCE = { timeout: 30_000 };
const LOUD = 0.001;
let folder;
let server;
let args;
let bob;
let alice;
let phone;
let account;
let phonePort;
/** @type {Awaited<ReturnType<typeof sipPhone>>[]} */
const phones = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-phone-'));
  phonePort = await freePort();
  args = [
    'up',
    '--data',
    folder,
    '--port',
    String(await freePort()),
    '--sip-port',
    String(await freePort()),
    '--phone-port',
    String(phonePort),
  ];
  server = await run(args);
  bob = await agent([server.base]);
  await bob.enrol('bob@example.net');
  await bob.submitCode(await code(server.base, 'bob@example.net'));
  await until(bob, (s) => s.me.status === 'one-server', 'bob online');
});
after(async () => {
  for (const each of phones) each.close();
  await Promise.allSettled([bob?.close(), alice?.close()]);
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Closed at the end, whatever became of the test. @param {Parameters<typeof sipPhone>[0]} how */
async function phoneOf(how) {
  const one = await sipPhone(how);
  phones.push(one);
  return one;
}

/** The mail that came last: bob has had one before. */
async function newest(address) {
  let all = [];
  await eventually(async () => {
    all = await (await fetch(`${server.base}mailbox/api/${encodeURIComponent(address)}`)).json();
    return all.length > 1;
  }, 'a second mail');
  return all[0].text;
}

test('starling phone add: a code of the mailbox, a code of another device, and the phone is one of bob’s devices', async () => {
  const { said, ...made } = await addPhone(bob, 'Desk phone', {
    words: ['--data', folder, '--server', server.base],
    code: () => newest('bob@example.net'),
  });
  assert.match(said, new RegExp(`127\\.0\\.0\\.1:${phonePort} by UDP or TCP`));
  account = made;
});

test('the phone registers with its password, by SHA-256 and by MD5, and with no other', async () => {
  // Whoever has shown MD5 is offered nothing else for a day, so the better one comes first.
  const modern = await phoneOf({ port: phonePort, ...account, algorithm: 'SHA-256' });
  assert.equal((await modern.register()).status, 200);
  assert.equal((await modern.register(0)).status, 200);
  phone = await phoneOf({ port: phonePort, ...account });
  assert.equal((await phone.register()).status, 200);
  const wrong = await phoneOf({ port: phonePort, ...account, password: 'guessed' });
  assert.equal((await wrong.register()).status, 401);
});

test('alice, in a browser, becomes a contact of bob', async () => {
  alice = await profile();
  const page = alice.context.pages()[0];
  await page.addInitScript(() => {
    window.connections = [];
    const Original = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      constructor(how) {
        super(how);
        window.connections.push(this);
      }
    };
  });
  await enrols(page, server.base, 'alice@example.net');
  await page.click('.list-foot button:has-text("New conversation")');
  await page.fill('#new-address', 'bob@example.net');
  await page.click('button:has-text("Send contact request")');
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest('alice@example.net');
  await page.waitForSelector('.head .presence-online', PATIENCE);
  // The phone's device hears of it from bob's browser.
  const known = async () => (await phone.text('alice@example.net', 'here I am')).status === 200;
  await eventually(known, 'the phone knows alice', 30_000, 500);
});

const heardBy = (page) =>
  page.evaluate(async () => {
    let heard = 0;
    for (const connection of window.connections)
      for (const s of (await connection.getStats()).values())
        if (s.type === 'inbound-rtp') heard += s.totalAudioEnergy ?? 0;
    return heard;
  });

async function bothHear(page) {
  phone.state.heard.length = 0;
  await eventually(async () => (await heardBy(page)) > LOUD, 'the phone heard by alice', 20_000);
  await eventually(() => phone.state.heard.some((s) => Math.abs(s) > 500), 'alice heard by the phone', 20_000);
}

test('alice calls bob: his phone rings and answers, both hear each other', async () => {
  const page = alice.context.pages()[0];
  await page.click('.head button:has-text("Call")');
  await eventually(() => phone.state.ringing === 1, 'the phone rings', 30_000);
  assert.match(phone.state.from, /alice@example\.net/);
  await page.waitForSelector('.call-bar.running:has-text("its server can listen")', PATIENCE);
  await bothHear(page);
  await page.click('.call-bar button:has-text("Hang up")');
  await eventually(() => phone.state.ended === 1, 'the phone hears the end');
});

test('the phone calls alice: she answers, both hear each other, the phone hangs up', async () => {
  const page = alice.context.pages()[0];
  const calling = phone.call('alice@example.net');
  await page.waitForSelector('.incoming:has-text("its server can listen")', PATIENCE);
  await page.click('.incoming button:has-text("Accept")', PATIENCE);
  assert.equal((await calling).status, 200);
  await page.waitForSelector('.call-bar.running:has-text("its server can listen")', PATIENCE);
  await bothHear(page);
  // What would be lost is refused, and the call goes on.
  const keys = await phone.within('INFO', [['Content-Type', 'application/dtmf-relay']], 'Signal=5\r\nDuration=160\r\n');
  assert.equal(keys.status, 415);
  const transfer = await phone.within('REFER', [['Refer-To', '<sip:carol@example.net>']]);
  assert.equal(transfer.status, 405);
  assert.equal(transfer.get('allow'), 'INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, INFO');
  await bothHear(page);
  assert.equal((await phone.hangUp()).status, 200);
  await page.waitForSelector('.call-bar', { state: 'detached' });
});

test('texts go both ways', async () => {
  const page = alice.context.pages()[0];
  assert.equal((await phone.text('alice@example.net', 'from the desk')).status, 200);
  await page.waitForSelector('text=from the desk', PATIENCE);
  await page.fill('textarea', 'to the desk');
  await page.keyboard.press('Enter');
  await eventually(() => phone.state.texts.includes('to the desk'), 'the text on the phone', 20_000);
});

test('what alice writes while server and phone are away, the phone gets once when it is back', async () => {
  const page = alice.context.pages()[0];
  assert.equal((await phone.register(0)).status, 200);
  await server.kill();
  await page.fill('textarea', 'to an empty desk');
  await page.keyboard.press('Enter');
  server = await run(args);
  // The phone does not take it: it is left in the box of its device. Bob's browser does, perhaps at once.
  await page.waitForSelector('.bubble:is(.sent, .delivered):has-text("to an empty desk")', { timeout: 60_000 });
  assert.equal((await phone.register()).status, 200);
  await eventually(() => phone.state.texts.includes('to an empty desk'), 'the text on the phone', 30_000);
  await page.fill('textarea', 'and another one');
  await page.keyboard.press('Enter');
  await eventually(() => phone.state.texts.includes('and another one'), 'the next text', 20_000);
  assert.equal(phone.state.texts.filter((each) => each === 'to an empty desk').length, 1);
});

test('after a restart of the server the phone rings before it has registered again', async () => {
  await server.kill();
  server = await run(args);
  const page = alice.context.pages()[0];
  await until(bob, (s) => s.me.status === 'one-server', 'bob back', 60_000);
  await page.waitForSelector('.head .presence-online', PATIENCE);
  const health = async () => (await fetch(`${server.base}health`)).json();
  await eventually(async () => (await health()).clients === 3, 'alice, bob and the phone’s device');
  const before = phone.state.ringing;
  await page.click('.head button:has-text("Call")');
  await eventually(() => phone.state.ringing > before, 'the phone rings', 40_000);
  await page.click('.call-bar button:has-text("Hang up")');
});

test('nobody without the password calls or writes by it', async () => {
  const stranger = await phoneOf({ port: phonePort, user: account.user, password: 'guessed' });
  assert.equal((await stranger.text('alice@example.net', 'spam')).status, 407);
  assert.equal((await stranger.call('alice@example.net')).status, 407);
});
