// Change of address with the real test CA, two peers and browsers: alice moves, bob is asked and follows, what was said stays, both call and write on, and
// the old address is given back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axeFindsNothing, looksRight, picture } from './looks.js';
import { code, twoPeers } from './servers.js';
import { befriend, browsers, call, enrols, write } from './stage.js';

const [ALICE, NEW, BOB] = ['alice@old.example', 'alice@new.example', 'bob@example.net'];
let servers;
let stage;
let people;
before(async () => {
  servers = await twoPeers();
  stage = await browsers(servers.bases, { alice: 0, bob: 1 });
  people = stage.people;
});
after(async () => {
  await stage?.close();
  await servers?.close();
});

const open = (who, text) => who.page.click(`.person:has-text("${text}")`);
const settings = (who) => who.page.click('.me button[aria-label="Settings"]');

test('alice and bob know each other', async () => {
  const { alice, bob } = people;
  await enrols(alice.page, alice.base, ALICE);
  await enrols(bob.page, bob.base, BOB, servers.bases[0]);
  await settings(alice);
  await alice.page.fill('#my-name', 'Alice');
  await alice.page.keyboard.press('Tab');
  await befriend(alice, BOB, bob);
  await open(bob, 'Alice');
  await bob.page.waitForSelector('.head .presence-online');
  await alice.page.waitForSelector('.head .presence-online');
  await write(alice, 'Before I move', bob);
  await write(bob, 'Good luck', alice);
});

test('by keyboard alice asks for a new address, and its code proves it', async () => {
  const { alice } = people;
  await settings(alice);
  await alice.page.focus('button:has-text("Change my address")');
  await alice.page.keyboard.press('Enter');
  await alice.page.waitForFunction(() => document.activeElement?.id === 'move-address');
  await alice.page.keyboard.type(ALICE);
  await alice.page.keyboard.press('Enter');
  await alice.page.waitForSelector('#move-error:has-text("your address already")');
  await alice.page.fill('#move-address', NEW);
  await alice.page.keyboard.press('Enter');
  await alice.page.waitForFunction(() => document.activeElement?.id === 'code');
  await picture(alice.page, 'moved-1-code');
  await looksRight(alice.page, 'code');
  await axeFindsNothing(alice.page, 'code');
  // A reload in the middle loses nothing.
  await alice.page.reload();
  await alice.page.waitForSelector('#code');
  await alice.page.fill('#code', await code(servers.bases[0], NEW));
  await alice.page.keyboard.press('Enter');
  await alice.page.waitForSelector(`.section:has-text("Address: ${NEW}")`, { timeout: 60_000 });
  await alice.page.waitForSelector('.move:has-text("0 of 1 people")');
  await picture(alice.page, 'moved-2-former');
  await looksRight(alice.page, 'former');
  await axeFindsNothing(alice.page, 'former');
});

test('bob is asked in plain words, nothing is switched, and both write on at the old address', async () => {
  const { alice, bob } = people;
  const bar = bob.page.locator('.bar.warning', { hasText: `Alice (${ALICE}) says: my address is now ${NEW}.` });
  await bar.waitFor({ timeout: 30_000 });
  assert.equal(await bar.getAttribute('role'), 'alert');
  await picture(bob.page, 'moved-3-bob-is-asked');
  await looksRight(bob.page, 'asked');
  await axeFindsNothing(bob.page, 'asked');
  await bob.page.waitForSelector(`.head:has-text("${ALICE}")`);
  await open(alice, BOB);
  await write(alice, 'Did you see it?', bob);
  await write(bob, 'Which address do I use?', alice);
  await bar.locator('button:has-text("Not now")').click();
  await bar.waitFor({ state: 'detached' });
  await bob.page.waitForSelector('.main-pane .bar:has-text("my address is now")');
  await picture(bob.page, 'moved-4-not-now');
  await looksRight(bob.page, 'not now');
  await axeFindsNothing(bob.page, 'not now');
});

test('bob need not look at it: it is hidden, also after a reload, and comes back when he wants', async () => {
  const { bob } = people;
  const bar = bob.page.locator('.main-pane .bar', { hasText: `You still write to ${ALICE}` });
  await bar.locator('button:has-text("Hide this")').click();
  await bar.waitFor({ state: 'detached' });
  await bob.page.reload();
  await bob.page.waitForSelector('.head .presence-online');
  assert.equal(await bar.count(), 0);
  await bob.page.click('.head button[aria-label^="More about"]');
  await bob.page.click('[role=menuitem]:has-text("Show the new address")');
  await bar.waitFor();
});

test('a call rings at both ends meanwhile', async () => {
  const { alice, bob } = people;
  await alice.page.click('.head button:has-text("Call")');
  await bob.page.waitForSelector(`.incoming:has-text("my address is now ${NEW}")`);
  await bob.page.click('.incoming button:has-text("Accept")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar.running');
  await alice.page.click('.call-bar button:has-text("Hang up")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
});

test('bob follows: one person, one history, at the new address, and calls there', async () => {
  const { alice, bob } = people;
  await bob.page.click('.main-pane .bar button:has-text("Use the new address")');
  await bob.page.waitForSelector(`.head:has-text("${NEW}")`, { timeout: 30_000 });
  await bob.page.waitForSelector(`.head:has-text("before: ${ALICE}")`);
  assert.equal(await bob.page.locator('.person').count(), 1);
  await bob.page.locator('.bubble-text', { hasText: 'Before I move' }).waitFor();
  await bob.page.waitForSelector('.head .presence-online', { timeout: 30_000 });
  await write(bob, 'To the new one', alice);
  await write(alice, 'From the new one', bob);
  await bob.page.locator('.bubble:has-text("To the new one") .mark-read').waitFor();
  assert.equal(await alice.page.locator('.person').count(), 1);
  await picture(bob.page, 'moved-5-followed');
  await looksRight(bob.page, 'followed');
  await axeFindsNothing(bob.page, 'followed');
  await call(bob, alice);
});

test('alice gives the old address back; everything is there after a reload, also in German and narrow', async () => {
  const { alice, bob } = people;
  await settings(alice);
  await alice.page.waitForSelector(`.move:has-text("Everybody uses ${NEW}")`);
  await alice.page.click('button:has-text("Give this address back now")');
  await alice.page.click('dialog[open] button:has-text("Give it back")');
  await alice.page.waitForSelector('.move', { state: 'detached' });
  await alice.page.reload();
  await alice.page.waitForSelector('select.availability', { timeout: 30_000 });
  await open(alice, BOB);
  for (const text of ['Before I move', 'Which address do I use?', 'To the new one'])
    await alice.page.locator('.bubble-text', { hasText: text }).waitFor();
  await write(alice, 'Only here now', bob);
  await write(bob, 'Fine', alice);
  await settings(alice);
  await alice.page.selectOption('select[aria-label="Language"]', 'de');
  await alice.page.setViewportSize({ width: 360, height: 740 });
  await alice.page.emulateMedia({ colorScheme: 'dark' });
  await alice.page.waitForSelector('button:has-text("Meine Adresse ändern")');
  await picture(alice.page, 'moved-6-german-narrow');
  await looksRight(alice.page, 'german');
  await axeFindsNothing(alice.page, 'german');
});

test('the pages complain of nothing', () => assert.deepEqual(stage.complaints, []));
