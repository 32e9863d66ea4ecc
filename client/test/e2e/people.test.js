// The whole, as people meet it: two peers, two browsers with microphones, mail codes, a contact, messages, a call that is heard, reload, and each peer killed in turn.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { axeFindsNothing, looksRight, picture } from './looks.js';
import { code, twoPeers } from './servers.js';

let servers;
const people = {};
const complaints = [];
before(async () => {
  servers = await twoPeers();
  for (const [name, server] of [
    ['alice', 0],
    ['bob', 1],
  ]) {
    const browser = await profile();
    const page = browser.context.pages()[0];
    page.on('console', (message) => message.type() === 'error' && complaints.push(`${name}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`${name}: ${error}`));
    await page.setViewportSize({ width: 1100, height: 760 });
    people[name] = { browser, page, address: `${name}@example.net`, base: servers.bases[server] };
  }
});
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
  await servers?.close();
});

const shown = (page, text, timeout = 20_000) => page.getByText(text, { exact: false }).first().waitFor({ timeout });

for (const name of ['alice', 'bob'])
  test(`${name} opens the page, types an address, pastes the code and is online`, async () => {
    const { page, address, base } = people[name];
    await page.goto(base);
    await page.fill('#address', address);
    await picture(page, `step-1-${name}-address`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    await picture(page, `step-2-${name}-code`);
    await page.fill('#code', await code(servers.bases[0], address));
    await page.keyboard.press('Enter');
    await page.waitForSelector('select.availability', { timeout: 30_000 });
    await picture(page, `step-3-${name}-online`);
    await looksRight(page, 'online');
    await axeFindsNothing(page, 'online');
  });

test('alice asks bob, bob accepts, each sees the other come online', async () => {
  const { alice, bob } = people;
  await alice.page.click('.list-foot button:has-text("New conversation")');
  await alice.page.fill('#new-address', 'bob@example.net');
  await alice.page.fill('#hello', 'Hello Bob, it is Alice');
  await alice.page.keyboard.press('Tab');
  await alice.page.click('button:has-text("Send contact request")');
  await bob.page.click('.list-foot button:has-text("Requests")');
  await shown(bob.page, 'Hello Bob, it is Alice');
  await picture(bob.page, 'step-4-bob-request');
  await axeFindsNothing(bob.page, 'request');
  await bob.page.click('button:has-text("Accept")');
  await bob.page.click('.person:has-text("alice@example.net")');
  await alice.page.waitForSelector('.head .presence-online', { timeout: 20_000 });
  await bob.page.waitForSelector('.head .presence-online', { timeout: 20_000 });
});

async function write(from, to, text) {
  await from.page.fill('.write textarea', text);
  await from.page.keyboard.press('Enter');
  await to.page.locator('.bubble-text', { hasText: text }).first().waitFor({ timeout: 30_000 });
}

test('messages go both ways and are seen as read', async () => {
  const { alice, bob } = people;
  await write(alice, bob, 'Good morning Bob');
  await write(bob, alice, 'Good morning Alice');
  await alice.page.locator('.bubble:has-text("Good morning Bob") .mark-read').waitFor();
  await picture(alice.page, 'step-5-alice-conversation');
  await looksRight(alice.page, 'conversation');
  await axeFindsNothing(alice.page, 'conversation');
});

/** Sound energy that came in and went out, from the page's own peer connections. */
const energy = (page) =>
  page.evaluate(async () => {
    let heard = 0;
    let said = 0;
    for (const connection of window.connections ?? []) {
      if (connection.connectionState !== 'connected') continue;
      for (const s of (await connection.getStats()).values()) {
        if (s.type === 'inbound-rtp') heard += s.totalAudioEnergy ?? 0;
        if (s.type === 'media-source') said += s.totalAudioEnergy ?? 0;
      }
    }
    return { heard, said };
  });

test('alice calls bob: it rings, he answers, both hear the other, she hangs up', async () => {
  const { alice, bob } = people;
  for (const { page } of [alice, bob])
    await page.evaluate(() => {
      const Original = window.RTCPeerConnection;
      window.connections = [];
      window.RTCPeerConnection = class extends Original {
        constructor(...all) {
          super(...all);
          window.connections.push(this);
        }
      };
      const Sound = window.AudioContext;
      window.rings = [];
      window.AudioContext = class extends Sound {
        constructor() {
          super();
          window.rings.push(this);
        }
      };
    });
  await alice.page.click('.head button:has-text("Call")');
  await bob.page.waitForSelector('.incoming');
  await bob.page.waitForFunction(() => window.rings[0]?.state === 'running');
  await picture(bob.page, 'step-6-bob-ringing');
  await axeFindsNothing(bob.page, 'ringing');
  await shown(alice.page, 'Ringing');
  await bob.page.click('.incoming button:has-text("Accept")');
  for (const person of [alice, bob]) await person.page.waitForSelector('.call-bar.running');
  for (const { page } of [alice, bob]) await page.waitForFunction(() => window.rings[0]?.state === 'closed');
  await picture(alice.page, 'step-7-alice-call');
  await looksRight(alice.page, 'call');
  await axeFindsNothing(alice.page, 'call');
  for (const person of [alice, bob]) {
    let now = await energy(person.page);
    for (let i = 0; i < 60 && (now.heard < 0.001 || now.said <= 0); i++) {
      await person.page.waitForTimeout(250);
      now = await energy(person.page);
    }
    assert.ok(now.heard >= 0.001, `heard ${now.heard}`);
    assert.ok(now.said > 0, `said ${now.said}`);
  }
  await alice.page.click('.call-bar button:has-text("Hang up")');
  for (const person of [alice, bob]) await person.page.waitForSelector('.call-bar', { state: 'detached' });
});

test('after a reload everything is still there', async () => {
  const { alice, bob } = people;
  await alice.page.reload();
  await alice.page.locator('.bubble-text', { hasText: 'Good morning Alice' }).waitFor();
  await alice.page.waitForSelector('.head .presence-online', { timeout: 30_000 });
  await write(bob, alice, 'Still there?');
  await write(alice, bob, 'Still here.');
});

test('peer B dies: both go on over peer A', async () => {
  const { alice, bob } = people;
  await servers.current().b.kill('SIGKILL');
  await write(alice, bob, 'B is gone, A carries us');
  await write(bob, alice, 'It does');
  await servers.restartB();
});

test('peer A dies, perhaps with the store: both go on over peer B, and a new look-up says what it can', async () => {
  const { alice, bob } = people;
  for (const { page } of [alice, bob]) await page.waitForFunction(() => document.querySelector('select.availability'));
  await alice.page.waitForTimeout(0);
  await servers.current().a.kill('SIGKILL');
  await write(bob, alice, 'A is gone, B carries us');
  await write(alice, bob, 'It does too');
  await alice.page.goto(`${alice.base}#:new`).catch(() => {});
  await alice.page.waitForSelector('#new-address', { timeout: 20_000 });
  await alice.page.fill('#new-address', 'stranger@example.org');
  await alice.page.click('button:has-text("Send contact request")');
  // Peer A was the store, unless nobody is.
  await shown(alice.page, servers.dht === 'opendht' ? 'Invite by mail' : 'The look-up did not work');
  if (servers.dht !== 'opendht') await picture(alice.page, 'step-8-alice-store-gone');
  await servers.restartA();
});

test('the page complains of nothing but the server that was killed', () => {
  const own = complaints.filter(
    (c) =>
      !/ERR_CONNECTION_REFUSED|WebSocket is closed|ERR_EMPTY_RESPONSE|Failed to load resource|ERR_CONNECTION_RESET|ERR_INCOMPLETE/.test(
        c,
      ),
  );
  assert.deepEqual(own, []);
});
