// A call whose two sides may use nothing but the relays of their peers, over UDP and over TCP: in real browsers, heard both ways.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { friends, hangUp, heardBothWays } from './relayed.js';
import { twoPeers } from './servers.js';

let servers;
let people = {};
before(async () => {
  servers = await twoPeers();
  people = await friends(servers);
});
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
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
