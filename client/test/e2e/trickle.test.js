// Calls whose relays answer late, and calls whose network breaks: in real browsers, heard both ways.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { wayTo } from './lossy.js';
import { picture } from './looks.js';
import { code, twoPeers } from './servers.js';

const PATIENCE = { timeout: 30_000 };
const LOUD = 0.001;
const LATE_MILLIS = 600;

let servers;
let way;
const people = {};
before(async () => {
  servers = await twoPeers();
  for (const [name, server] of [
    ['alice', 0],
    ['bob', 1],
  ]) {
    const browser = await profile();
    const page = browser.context.pages()[0];
    await page.addInitScript(byTheWay);
    people[name] = { browser, page, address: `${name}@example.net` };
    await page.goto(servers.bases[server]);
    await page.fill('#address', `${name}@example.net`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    await page.fill('#code', await code(servers.bases[0], `${name}@example.net`));
    await page.keyboard.press('Enter');
    await page.waitForSelector('select.availability', PATIENCE);
  }
  const { alice, bob } = people;
  await alice.page.click('.list-foot button:has-text("New conversation")');
  await alice.page.fill('#new-address', bob.address);
  await alice.page.click('button:has-text("Send contact request")');
  await bob.page.click('.list-foot button:has-text("Requests")');
  await bob.page.click('button:has-text("Accept")');
  await alice.page.waitForSelector('.head .presence-online', PATIENCE);
});
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
  way?.close();
  await servers?.close();
});

/** As a network would have it that lets one relay through, over UDP, along the way that the test holds. */
function byTheWay() {
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.sent = [];
  const along = (servers) =>
    servers
      .filter(({ urls }) => urls.some((url) => url.includes(`:${window.relayPort}?`)))
      .map((each) => ({ ...each, urls: [`turn:127.0.0.1:${window.wayPort}?transport=udp`] }));
  window.RTCPeerConnection = class extends Original {
    constructor(how) {
      super({ ...how, iceServers: along(how.iceServers), iceTransportPolicy: 'relay' });
      window.connections.push(this);
    }
    setConfiguration(how) {
      super.setConfiguration({ ...how, iceServers: along(how.iceServers) });
    }
  };
  // What goes out in SIP: method, whether it names candidates, and to which server.
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    window.sent.push({
      method: text.split(' ')[0],
      candidates: /^a=candidate/m.test(text),
      at: performance.now(),
      to: this.url,
    });
    return send.call(this, data);
  };
}

/** Energy of all that was heard until now. @param {import('playwright-core').Page} page */
const heard = (page) =>
  page.evaluate(async () => {
    let sum = 0;
    for (const connection of window.connections)
      if (connection.connectionState === 'connected')
        for (const s of (await connection.getStats()).values())
          if (s.type === 'inbound-rtp') sum += s.totalAudioEnergy ?? 0;
    return sum;
  });

/** Something is heard from now on. @param {import('playwright-core').Page} page */
async function hears(page) {
  const before = await heard(page);
  let now = before;
  for (let i = 0; i < 80 && now - before < LOUD; i++) {
    await page.waitForTimeout(250);
    now = await heard(page);
  }
  assert.ok(now - before >= LOUD, `heard ${now - before}`);
}

/** The relay of that server, and how one gets there. @param {number} server @param {{millis?: number}} [how] */
async function useWay(server, how) {
  way?.close();
  way = await wayTo(servers.relayPorts[server], how);
  const ports = [way.port, servers.relayPorts[server]];
  for (const { page } of Object.values(people))
    await page.evaluate(([port, relay]) => Object.assign(window, { wayPort: port, relayPort: relay }), ports);
}

async function call() {
  const { alice, bob } = people;
  for (const { page } of [alice, bob]) await page.evaluate(() => void (window.sent.length = 0));
  await alice.page.click('.head button:has-text("Call")');
  await bob.page.waitForSelector('.incoming', PATIENCE);
}

async function talk() {
  const { alice, bob } = people;
  await call();
  await bob.page.click('.incoming button:has-text("Accept")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running', PATIENCE);
  for (const { page } of [alice, bob]) await hears(page);
}

async function hangUp() {
  const { alice, bob } = people;
  await alice.page.click('.call-bar button:has-text("Hang up")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
}

test('relays that answer late hold nothing up: it rings before there is any candidate, and both hear the other', async () => {
  const { alice, bob } = people;
  await useWay(0, { millis: LATE_MILLIS });
  await call();
  const sent = () => alice.page.evaluate(() => window.sent);
  const invite = (await sent()).find((each) => each.method === 'INVITE');
  assert.equal(invite.candidates, false, 'the offer waited for none');
  await alice.page.waitForSelector('.call-bar.ringing', PATIENCE);
  await alice.page.waitForFunction(() => window.sent.some((each) => each.method === 'INFO'), null, PATIENCE);
  const info = (await sent()).find((each) => each.method === 'INFO');
  assert.ok(info.candidates && info.at - invite.at > LATE_MILLIS, 'the relay came later');
  await bob.page.click('.incoming button:has-text("Accept")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running', PATIENCE);
  for (const { page } of [alice, bob]) await hears(page);
  await hangUp();
});

test('the network breaks in a call and is another one: people are told, and hear each other again', async () => {
  const { alice, bob } = people;
  await useWay(0);
  await talk();
  way.break();
  await alice.page.waitForSelector('.call-bar.lost:has-text("Connection lost, trying again")', PATIENCE);
  await picture(alice.page, 'trickle-lost');
  way.mend();
  const begun = Date.now();
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running:not(.lost)', PATIENCE);
  console.log(`# connected again ${Date.now() - begun} ms after the network was back`);
  for (const { page } of [alice, bob]) await hears(page);
  const offers = await Promise.all(
    [alice, bob].map(({ page }) => page.evaluate(() => window.sent.filter((each) => each.method === 'INVITE').length)),
  );
  assert.ok(offers[0] + offers[1] >= 2, `one INVITE for the call, and one at least for the restart: ${offers}`);
  await hangUp();
});

test('the server along which the call was set up dies with the network: the call goes on along the other one', async () => {
  const { alice, bob } = people;
  const carried = () => alice.page.evaluate(() => window.sent.find((each) => each.method === 'INVITE').to);
  const port = (url) => new URL(url).port;
  await useWay(0);
  await call();
  const first = port(await carried());
  const dying = servers.bases.findIndex((base) => port(base) === first);
  await hangUp();
  await useWay(1 - dying);
  await talk();
  assert.equal(port(await carried()), port(servers.bases[dying]), 'the call takes the same way again');
  way.break();
  await servers.current()[dying ? 'b' : 'a'].kill('SIGKILL');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.lost', PATIENCE);
  way.mend();
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running:not(.lost)', PATIENCE);
  for (const { page } of [alice, bob]) await hears(page);
  await hangUp();
});
