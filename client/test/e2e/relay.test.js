// Calls whose two sides may use nothing but the relays of their peers: over UDP and over TCP, relays that answer late, and a network that breaks; in
// real browsers, heard both ways.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture } from './looks.js';
import { wayTo } from './lossy.js';
import { friends, hangUp, heardBothWays, LOUD, measured, PATIENCE } from './relayed.js';
import { twoPeers } from './servers.js';

const LATE_MILLIS = 600;

let servers;
let way;
let people = {};
before(async () => {
  servers = await twoPeers();
  people = await friends(servers);
});
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
  way?.close();
  await servers?.close();
});

async function allocations() {
  const text = async (base) => (await fetch(`${base}metrics`)).text();
  const all = await Promise.all(servers.bases.map(text));
  return all.map((each) => Number(/^starling_relay_allocations\S* (\d+)/m.exec(each)?.[1]));
}

for (const transport of ['udp', 'tcp'])
  test(`with relays over ${transport} alone, both hear the other`, async () => {
    const { alice, bob } = people;
    for (const { page } of [alice, bob]) await page.evaluate((value) => (window.transport = value), transport);
    assert.deepEqual(await heardBothWays(people), [`relay ${transport}`]);
    const during = await allocations();
    assert.ok(
      during.every((each) => each > 0),
      `allocations at both servers: ${during}`,
    );
    await hangUp(people);
    for (let i = 0; i < 80 && (await allocations()).some(Boolean); i++) await alice.page.waitForTimeout(250);
    assert.deepEqual(await allocations(), [0, 0], 'both relays have let go');
  });

test('whoever shows no signature of a device gets no relay', async () => {
  for (const base of servers.bases) {
    const answer = await fetch(`${base}relay`, { method: 'POST' });
    assert.equal(answer.status, 401);
    assert.doesNotMatch(await answer.text(), /password/);
  }
});

/** Something is heard from now on. @param {import('playwright-core').Page} page */
async function hears(page) {
  const before = (await measured(page)).heard;
  let now = before;
  for (let i = 0; i < 80 && now - before < LOUD; i++) {
    await page.waitForTimeout(250);
    now = (await measured(page)).heard;
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
  await hangUp(people);
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
  await hangUp(people);
});

test('the server along which the call was set up dies with the network: the call goes on along the other one', async () => {
  const { alice, bob } = people;
  const carried = () => alice.page.evaluate(() => window.sent.find((each) => each.method === 'INVITE').to);
  const port = (url) => new URL(url).port;
  await useWay(0);
  await call();
  const first = port(await carried());
  const dying = servers.bases.findIndex((base) => port(base) === first);
  await hangUp(people);
  await useWay(1 - dying);
  await talk();
  assert.equal(port(await carried()), port(servers.bases[dying]), 'the call takes the same way again');
  way.break();
  await servers.current()[dying ? 'b' : 'a'].kill('SIGKILL');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.lost', PATIENCE);
  way.mend();
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running:not(.lost)', PATIENCE);
  for (const { page } of [alice, bob]) await hears(page);
  await hangUp(people);
});
