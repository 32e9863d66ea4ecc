// A call whose two sides may use nothing but the relays of their peers, over UDP and over TCP: in real browsers, heard both ways.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { code, twoPeers } from './servers.js';

const PATIENCE = { timeout: 30_000 };
const LOUD = 0.001;

let servers;
const people = {};
before(async () => {
  servers = await twoPeers();
  for (const [name, server] of [
    ['alice', 0],
    ['bob', 1],
  ]) {
    const browser = await profile();
    const page = browser.context.pages()[0];
    await page.addInitScript(relayedOnly);
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
  await servers?.close();
});

/** As a network would have it that lets nothing else through. */
function relayedOnly() {
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.transport = 'udp';
  window.RTCPeerConnection = class extends Original {
    constructor(how) {
      const ours = ({ urls }) => urls.filter((url) => url.endsWith(`transport=${window.transport}`));
      const iceServers = how.iceServers.map((each) => ({ ...each, urls: ours(each) }));
      super({ ...how, iceServers, iceTransportPolicy: 'relay' });
      window.connections.push(this);
    }
  };
}

/** What was heard, and how the two sides are connected. @param {import('playwright-core').Page} page */
const measured = (page) =>
  page.evaluate(async () => {
    let heard = 0;
    const kinds = [];
    for (const connection of window.connections) {
      if (connection.connectionState !== 'connected') continue;
      const stats = await connection.getStats();
      for (const s of stats.values()) {
        if (s.type === 'inbound-rtp') heard += s.totalAudioEnergy ?? 0;
        if (s.type === 'candidate-pair' && s.nominated)
          kinds.push(`${stats.get(s.localCandidateId).candidateType} ${stats.get(s.localCandidateId).relayProtocol}`);
      }
    }
    return { heard, kinds };
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
    await alice.page.click('.head button:has-text("Call")');
    await bob.page.click('.incoming button:has-text("Accept")', PATIENCE);
    for (const { page } of [alice, bob]) {
      await page.waitForSelector('.call-bar.running', PATIENCE);
      let now = await measured(page);
      for (let i = 0; i < 80 && now.heard < LOUD; i++) {
        await page.waitForTimeout(250);
        now = await measured(page);
      }
      assert.ok(now.heard >= LOUD, `heard ${now.heard}`);
      assert.deepEqual([...new Set(now.kinds)], [`relay ${transport}`]);
    }
    const during = await allocations();
    assert.ok(
      during.every((each) => each > 0),
      `allocations at both servers: ${during}`,
    );
    await alice.page.click('.call-bar button:has-text("Hang up")');
    for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
    await alice.page.waitForFunction(() => window.connections.every((each) => each.connectionState === 'closed'));
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
