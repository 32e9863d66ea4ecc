// One person with two browsers: the second one added by the code of the first, both ring, both show the same, one is removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, until } from './agents.js';
import { axeFindsNothing, looksRight, picture } from './looks.js';
import { code, fresh, twoPeers } from './servers.js';
import { befriend, browsers, confirms, enrols, write } from './stage.js';

const ALICE = 'alice@example.net';
const CAROL = 'carol@example.net';
let servers;
let stage;
let people;
let carol;
before(async () => {
  servers = await twoPeers();
  stage = await browsers(servers.bases, { alice: 0, second: 1, bob: 1 });
  people = stage.people;
});
after(async () => {
  await stage?.close();
  await carol?.close();
  await servers?.close();
});

test('alice and bob have a browser each, and each other', async () => {
  const { alice, bob } = people;
  alice.code = await enrols(alice.page, alice.base, ALICE);
  await enrols(bob.page, bob.base, 'bob@example.net', servers.bases[0]);
  await befriend(alice, 'bob@example.net', bob);
  await bob.page.click(`.person:has-text("${ALICE}")`);
  await bob.page.waitForSelector('.head .presence-online');
  await alice.page.click('.person:has-text("bob@example.net")');
  await alice.page.waitForSelector('.head .presence-online');
});

test('a second browser is added by the link that the first one shows, and has the contacts', async () => {
  const { alice, second } = people;
  await alice.page.goto(`${alice.base}#:settings`);
  await alice.page.click('button:has-text("Add a browser or device")');
  await alice.page.waitForFunction(() => document.querySelector('.qr path')?.getAttribute('d').length > 1000);
  await picture(alice.page, 'devices-1-code');
  await axeFindsNothing(alice.page, 'adding');
  const shown = (await alice.page.textContent('.ask .check-code')).replace(/\s/g, '');
  await second.page.goto(`${second.base}#add=${encodeURIComponent(ALICE)}&code=${shown}`);
  await second.page.waitForSelector('#address');
  assert.equal(await second.page.inputValue('#address'), ALICE);
  assert.equal(await second.page.evaluate(() => location.hash), '');
  await picture(second.page, 'devices-2-link');
  await second.page.keyboard.press('Enter');
  await confirms(second.page, await fresh(servers.bases[0], ALICE, alice.code));
  await second.page.waitForSelector('.person:has-text("bob@example.net")', { timeout: 30_000 });
  await alice.page.waitForSelector('.ask', { state: 'detached' });
  assert.equal(await alice.page.locator('.entry button:has-text("Remove")').count(), 1);
  await alice.page.getByText('can now use your address').waitFor();
  await alice.page.click('.bar button:has-text("Got it")');
  await picture(alice.page, 'devices-3-two');
  await looksRight(alice.page, 'two devices');
});

test('both ring; answered on one, the other says so', async () => {
  const { alice, second, bob } = people;
  await bob.page.click('.head button:has-text("Call")');
  for (const { page } of [alice, second]) await page.waitForSelector('.incoming', { timeout: 30_000 });
  await picture(second.page, 'devices-4-ringing');
  await second.page.click('.incoming button:has-text("Accept")');
  await alice.page.waitForSelector('.incoming', { state: 'detached' });
  for (const { page } of [second, bob]) await page.waitForSelector('.call-bar.running', { timeout: 30_000 });
  assert.equal(await alice.page.locator('.call-bar').count(), 0);
  await alice.page.goto(`${alice.base}#:calls`);
  await alice.page.getByText('Answered on another device').waitFor();
  await bob.page.click('.call-bar button:has-text("Hang up")');
  await second.page.waitForSelector('.call-bar', { state: 'detached' });
});

test('declined on one, the other stops ringing', async () => {
  const { alice, second, bob } = people;
  await bob.page.click('.head button:has-text("Call")');
  for (const { page } of [alice, second]) await page.waitForSelector('.incoming', { timeout: 30_000 });
  await alice.page.click('.incoming button:has-text("Decline")');
  for (const { page } of [alice, second]) await page.waitForSelector('.incoming', { state: 'detached' });
  assert.equal(await second.page.locator('.badge:has-text("missed")').count(), 0);
  await bob.page.click('.call-bar button:has-text("Close")').catch(() => {});
});

test('what is written on one is on the other; read on one is read on the other', async () => {
  const { alice, second, bob } = people;
  await alice.page.click('.person:has-text("bob@example.net")');
  await write(alice, 'From my first browser', bob);
  await second.page.locator('.person:has-text("From my first browser")').waitFor();
  await alice.page.goto(`${alice.base}#:settings`);
  await write(bob, 'For both of you');
  for (const { page } of [alice, second]) await page.waitForSelector('.person.unread', { timeout: 30_000 });
  await second.page.click('.person:has-text("bob@example.net")');
  await second.page.locator('.bubble-text', { hasText: 'For both of you' }).waitFor();
  for (const { page } of [second, alice]) await page.waitForSelector('.person.unread', { state: 'detached' });
  await write(second, 'From my second browser', bob);
  await alice.page.locator('.person:has-text("From my second browser")').waitFor();
});

test('a contact accepted on one is on the other, and so is a new name', async () => {
  const { alice, second } = people;
  carol = await agent(servers.bases);
  await carol.enrol(CAROL);
  await carol.submitCode(await code(servers.bases[0], CAROL));
  await until(carol, (s) => s.me.status === 'online', 'carol online');
  await carol.requestContact(ALICE, { text: 'Hello' });
  for (const { page } of [alice, second]) await page.waitForSelector('.list-foot button:has-text("Requests")');
  await second.page.click('.list-foot button:has-text("Requests")');
  await second.page.click('button:has-text("Accept")');
  await alice.page.waitForSelector(`.person:has-text("${CAROL}")`, { timeout: 30_000 });
  await alice.page.waitForSelector('.list-foot button:has-text("Requests")', { state: 'detached' });
  await second.page.goto(`${second.base}#:settings`);
  await second.page.fill('#my-name', 'Alice Example');
  await second.page.keyboard.press('Tab');
  await alice.page.waitForFunction(() => document.querySelector('#my-name')?.value === 'Alice Example');
});

test('the second one is removed: it says so, keeps what it has, and gets nothing more', async () => {
  const { alice, second, bob } = people;
  await alice.page.click('.entry button:has-text("Remove")');
  await alice.page.click('.ask button.danger');
  await second.page
    .locator('strong', { hasText: 'This browser was removed from your devices' })
    .waitFor({ timeout: 30_000 });
  await second.page.click('.person:has-text("bob@example.net")');
  await second.page.locator('.bubble-text', { hasText: 'For both of you' }).waitFor();
  await picture(second.page, 'devices-5-removed');
  await looksRight(second.page, 'removed');
  await axeFindsNothing(second.page, 'removed');
  await alice.page.click('.person:has-text("bob@example.net")');
  await write(bob, 'Only for the one that is left', alice);
  await second.page.reload();
  await second.page.locator('strong', { hasText: 'This browser was removed from your devices' }).waitFor();
  assert.equal(await second.page.locator('.bubble-text', { hasText: 'Only for the one' }).count(), 0);
});

test('no page complains', () => assert.deepEqual(stage.complaints, []));
