// Firefox, which most people with Thunderbird have: the web app in it, and the sound of the add-on's calls. The other side is a Chromium; the sound is measured
// in both.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { personAt } from './addon-person.js';
import { packAddon, XPI } from './addon-world.js';
import { eventually } from './agents.js';
import { profile } from './browser.js';
import { defaultFirefox } from './default-browser.js';
import { hearPlayed } from './hear-played.js';
import { hearTone, inPage, MIN_DECIBELS } from './lab/cell.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';
import { enrols } from './stage.js';
import { thunderbird } from './thunderbird.js';
import { tone } from './tone.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const CAROL = 'carol@example.net';
const HERTZ = { firefox: 700, bob: 440 };
/** More than Opus leaves. */
const CLEAR_DECIBELS = 40;
const PATIENCE = { timeout: 60_000 };

let home, server, firefox, alice, bobs, bob, tb, carol;

before(async () => {
  await packAddon();
  home = await mkdtemp(join(tmpdir(), 'starling-addon-firefox-'));
  const ports = ['--port', String(await freePort()), '--sip-port', String(await freePort())];
  server = await run(['up', '--data', join(home, 'server'), ...ports, '--phone-port', String(await freePort())]);
  firefox = await defaultFirefox(home, { hertz: HERTZ.firefox, first: inPage });
  alice = await firefox.tab();
  const file = join(home, 'bob.wav');
  await writeFile(file, tone(HERTZ.bob));
  bobs = await profile({ args: [`--use-file-for-fake-audio-capture=${file}`] });
  bob = bobs.context.pages()[0];
  await bob.addInitScript(inPage);
  await enrols(bob, server.base, BOB);
});
after(async () => {
  await Promise.allSettled([tb?.close(), firefox?.close(), bobs?.close()]);
  await server?.kill();
  await rm(home, { recursive: true, force: true });
});

/** What is played, not only received. @param {{evaluate: any}} page  in Firefox */
async function bothHear(page) {
  const heard = await Promise.all([
    page.evaluate(hearPlayed, { hertz: HERTZ.bob, clear: CLEAR_DECIBELS }),
    bob.evaluate(hearTone, { hertz: HERTZ.firefox, heard: MIN_DECIBELS, clear: CLEAR_DECIBELS }),
  ]);
  const [here, there] = heard.map(({ decibels }) => decibels);
  assert.ok(Math.min(here, there) >= MIN_DECIBELS, `${here} dB in Firefox, ${there} dB in Chromium`);
  console.log(`# ${here.toFixed(0)} dB in Firefox, ${there.toFixed(0)} dB in Chromium`);
}
const bobAccepts = () => bob.click('.incoming button:has-text("Accept")', PATIENCE);
const bobHangsUp = () => bob.click('.call-bar button:has-text("Hang up")');
const bobCalls = async (address) => {
  await bob.evaluate((address) => (location.hash = encodeURIComponent(address)), address);
  await bob.waitForSelector('.head .presence-online', PATIENCE);
  await bob.click('.head button:has-text("Call")');
};
const running = () => bob.waitForSelector('.call-bar.running', PATIENCE);
const free = () => bob.waitForSelector('.call-bar, .incoming', { state: 'detached', ...PATIENCE });

/** Whether Firefox asks to keep what the page in front stores. */
const asksToKeep = () =>
  firefox.chrome(
    `const w = Services.wm.getMostRecentWindow('navigator:browser'); return !!w.PopupNotifications.getNotification('persistent-storage', w.gBrowser.selectedBrowser);`,
  );

test('alice opens the web app in Firefox, proves her address, and only then is asked whether it may be kept', async () => {
  await alice.goto(server.base);
  await alice.see('#address');
  assert.equal(await asksToKeep(), false);
  await alice.type('#address', ALICE, 'Enter');
  await alice.see('#code');
  await alice.type('#code', await code(server.base, ALICE), 'Enter');
  await alice.see('select.availability');
  await eventually(asksToKeep, 'the question whether it may be kept');
});

test('alice and bob become contacts and write to each other', async () => {
  await alice.click('.list-foot button', 'New conversation');
  await alice.type('#new-address', BOB);
  await alice.click('button', 'Send contact request');
  await bob.click('.list-foot button:has-text("Requests")', PATIENCE);
  await bob.click('button:has-text("Accept")');
  await bob.click(`.person:has-text("${ALICE}")`);
  await alice.see('.head .presence-online');
  await alice.type('.write textarea', 'From Firefox', 'Enter');
  await bob.locator('.bubble-text', { hasText: 'From Firefox' }).first().waitFor(PATIENCE);
  await bob.fill('.write textarea', 'From Chromium');
  await bob.keyboard.press('Enter');
  await alice.see('.bubble-text', 'From Chromium');
  await alice.see('.mark-read');
});

test('alice calls bob: both hear each other, bob hangs up; bob calls alice, she hangs up', async () => {
  await alice.click('.head button', 'Call');
  await bobAccepts();
  await firefox.allow();
  await alice.see('.call-bar.running');
  await bothHear(alice);
  await bobHangsUp();
  await alice.gone('.call-bar');

  await bobCalls(ALICE);
  await alice.click('.incoming button', 'Accept');
  await running();
  await bothHear(alice);
  await alice.click('.call-bar button', 'Hang up');
  await free();
});

/** Of the add-on's call window: '' when there is none. */
const said = () => tb.page('call.html', 'return document.body.innerText').catch(() => '');
const noWindow = () => eventually(async () => (await said()) === '', 'the window closed', 30_000);
/** @param {string} text */
const press = (text) =>
  eventually(
    () =>
      tb
        .page(
          'call.html',
          `const b = [...document.querySelectorAll('button')].find((each) => each.textContent.trim() === ${JSON.stringify(text)}); b?.click(); return !!b;`,
        )
        .catch(() => false),
    text,
  );
const accept = () => press('Accept');

/** The page for the sound, which Thunderbird had opened. */
async function soundPage() {
  let page;
  await eventually(async () => (page = await firefox.showing('/sound')), 'the page for the sound', 60_000);
  return /** @type {import('./firefox.js').Tab} */ (page);
}

test('carol has Starling in Thunderbird, and bob is her contact', async () => {
  tb = await thunderbird({ folder: home });
  await tb.install(XPI);
  carol = personAt(tb);
  await tb.background(`await browser.storage.local.set({ servers: [${JSON.stringify(server.base)}] })`);
  await carol.open();
  await carol.asked(`await core.addPeer(${JSON.stringify(server.base)}); await core.enrol(${JSON.stringify(CAROL)})`);
  await carol.asked(`await core.submitCode(${JSON.stringify(await code(server.base, CAROL))})`);
  await carol.seen((s) => s.me.status === 'one-server', 'online');
  await carol.asked(`await core.requestContact(${JSON.stringify(BOB)}, {})`);
  await bob.click('.list-foot button:has-text("Requests")', PATIENCE);
  await bob.click('button:has-text("Accept")');
  await carol.seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
});

test('carol calls bob: a page opens in Firefox and asks, both hear each other, bob hangs up', async () => {
  await carol.asked(`await core.call(${JSON.stringify(BOB)})`);
  const page = await soundPage();
  await page.see('.ask-microphone');
  assert.equal(await page.evaluate(() => window.connections.length), 0, 'nothing is made before a click');
  await page.click('button', 'Speak here');
  await bobAccepts();
  await running();
  await page.see('.ask-microphone', 'Your browser asks');
  await firefox.allow();
  await bothHear(page);
  await bobHangsUp();
  await page.see('[role=status]', 'You may close this page');
  await noWindow();
  await page.close();
});

test('bob calls carol: it is heard without a click, and the page hangs up', async () => {
  await bobCalls(CAROL);
  await accept();
  const page = await soundPage();
  await firefox.allow();
  await running();
  await bothHear(page);
  await page.click('button', 'Hang up');
  await free();
  await noWindow();
  await page.close();
});

for (const asked of [true, false])
  test(`the page in Firefox is closed ${asked ? 'while it asks for the microphone' : 'in the call'}: it ends at bob, and Thunderbird says why`, async () => {
    await bobCalls(CAROL);
    await accept();
    const page = await soundPage();
    if (asked) await page.see('.ask-microphone', 'Your browser asks');
    else await firefox.allow();
    await running();
    await page.close();
    await free();
    const why = async () => (await said()).includes('The page for the sound was closed');
    await eventually(why, 'the reason', 20_000).catch(async (e) => {
      throw new Error(`${e.message}: ${await said()}`);
    });
    await press('Close');
    await noWindow();
  });
