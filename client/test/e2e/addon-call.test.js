// Calls of the add-on in Debian's Thunderbird, which has no WebRTC: the sound is made by a page of the server in the person's own browser. The other side is a
// browser with our web app; the sound is measured in both.
import assert from 'node:assert/strict';
import { readlink, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packAddon, XPI } from './addon-world.js';
import WebSocket from 'ws';
import { b64u, random } from '../../core/bytes.js';
import { meet, PROTOCOL, roomOf } from '../../core/media/meeting.js';
import { agent, eventually, until } from './agents.js';
import { profile } from './browser.js';
import { defaultBrowser } from './default-browser.js';
import { hearTone, inPage, MIN_DECIBELS } from './lab/cell.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';
import { enrols } from './stage.js';
import { thunderbird } from './thunderbird.js';
import { tone } from './tone.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const HERTZ = { alice: 700, bob: 440 };
/** More than Opus leaves. */
const CLEAR_DECIBELS = 40;
const PATIENCE = { timeout: 60_000 };

let home, server, tb, own, bobs, bob;

const args = async (name) => {
  const file = join(home, `${name}.wav`);
  await writeFile(file, tone(HERTZ[name]));
  return [`--use-file-for-fake-audio-capture=${file}`, '--autoplay-policy=document-user-activation-required'];
};

before(async () => {
  await packAddon();
  home = await mkdtemp(join(tmpdir(), 'starling-addon-call-'));
  const ports = ['--port', String(await freePort()), '--sip-port', String(await freePort())];
  server = await run(['up', '--data', join(home, 'server'), ...ports, '--phone-port', String(await freePort())]);
  own = await defaultBrowser(home, await args('alice'), inPage);
  tb = await thunderbird({ folder: home });
  bobs = await profile({ args: await args('bob') });
  bob = bobs.context.pages()[0];
  await bob.addInitScript(inPage);
  await enrols(bob, server.base, BOB);
});
after(async () => {
  await Promise.allSettled([tb?.close(), own?.close(), bobs?.close()]);
  await server?.kill();
  await rm(home, { recursive: true, force: true });
});

async function openSpace() {
  await tb.background(
    `const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`,
  );
  await eventually(() => tb.page('space.html', 'return true').catch(() => false), 'the space');
}

/** As a page of the add-on asks the agent. @param {string} body  with `core` */
const asked = (body) =>
  tb.page(
    'space.html',
    `const { remote } = await import('/thunderbird/wire.js');
    const port = browser.runtime.connect({ name: 'starling' });
    try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`,
  );
const state = () => asked('return core.state');
const seen = (wanted, what) =>
  eventually(async () => wanted(await state()), what, 60_000).catch(async (e) => {
    throw new Error(`${e.message}: ${JSON.stringify(await state())}\n${tb.log().slice(-1000)}`);
  });
/** What the call window says; '' when there is none. */
const said = () => tb.page('call.html', 'return document.body.innerText').catch(() => '');
const says = (text) =>
  eventually(async () => (await said()).includes(text), text, 60_000).catch(async (e) => {
    throw new Error(`${e.message}; it says: ${await said()}\n${tb.log().slice(-1000)}`);
  });
const noWindow = () => eventually(async () => (await said()) === '', 'the window closed', 30_000);
const press = (part, text) =>
  tb.page(
    part,
    `const b = [...document.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent).trim() === ${JSON.stringify(text)}); if (!b) throw new Error(document.body.innerText); b.click();`,
  );
const hears = (page, hertz) =>
  page
    .evaluate(hearTone, { hertz, heard: MIN_DECIBELS, clear: CLEAR_DECIBELS })
    .then((/** @type {{decibels: number}} */ found) => found.decibels);

/** The page for the sound, once the person's browser has opened it. */
async function soundPage({ first = false } = {}) {
  const open = () => own.context.pages().find((each) => each.url() === `${server.base}sound`);
  await eventually(() => !!open(), 'the page for the sound', 60_000).catch(async (e) => {
    const pages = own.context.pages().map((each) => each.url());
    throw new Error(
      `${e.message}: ${pages}, asked for ${await own.opened()}; ${await said()}\n${tb.log().slice(-1000)}`,
    );
  });
  const page = /** @type {import('playwright-core').Page} */ (open());
  if (!first) return page;
  await page.waitForSelector('text=Go on only if you have just called', PATIENCE);
  assert.equal(await page.evaluate(() => window.connections.length), 0, 'nothing is made before a click');
  await page.click('button:has-text("Speak here")');
  return page;
}
const over = (page) => page.waitForSelector('text=You may close this page', PATIENCE);
const atBob = { running: () => bob.waitForSelector('.call-bar.running', PATIENCE), free };
async function free() {
  await bob.waitForSelector('.call-bar, .incoming', { state: 'detached', timeout: 60_000 });
}
async function bothHear(page) {
  const [atAlice, atBob] = await Promise.all([hears(page, HERTZ.bob), hears(bob, HERTZ.alice)]);
  assert.ok(Math.min(atAlice, atBob) >= MIN_DECIBELS, `${atAlice} dB, ${atBob} dB`);
  return `${atAlice.toFixed(0)} dB, ${atBob.toFixed(0)} dB`;
}

test('alice has Starling in Thunderbird, bob in a browser, and they are contacts', async () => {
  await tb.install(XPI);
  assert.deepEqual(await tb.warnings(), []);
  await tb.background(`await browser.storage.local.set({ servers: [${JSON.stringify(server.base)}] })`);
  await openSpace();
  await asked(`await core.addPeer(${JSON.stringify(server.base)}); await core.enrol(${JSON.stringify(ALICE)})`);
  await asked(`await core.submitCode(${JSON.stringify(await code(server.base, ALICE))})`);
  await seen((s) => s.me.status === 'one-server', 'online');
  await asked(`await core.requestContact(${JSON.stringify(BOB)}, {})`);
  await bob.click('.list-foot button:has-text("Requests")', PATIENCE);
  await bob.click('button:has-text("Accept")');
  await seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
  await bob.evaluate((address) => (location.hash = encodeURIComponent(address)), ALICE);
  await bob.waitForSelector('.head .presence-online', PATIENCE);
});

test('alice calls bob: the page opens in her browser, both hear each other, bob hangs up', async () => {
  await tb.page('space.html', `location.hash = ${JSON.stringify(encodeURIComponent(BOB))}`);
  await eventually(
    () =>
      press('space.html', 'Call').then(
        () => true,
        () => false,
      ),
    'the button',
  );
  const page = await soundPage({ first: true });
  await page.waitForSelector(`h1:has-text("${BOB}")`, PATIENCE);
  await says(`You speak in your browser, on a page of ${new URL(server.base).host}:`);
  await bob.click('.incoming button:has-text("Accept")', PATIENCE);
  await atBob.running();
  await page.waitForSelector('text=/^00:0/', PATIENCE);
  await says('verified');
  console.log(`# alice calls: ${await bothHear(page)}`);
  assert.equal(await page.evaluate(() => document.querySelector('audio').paused), false, 'it is heard without a click');
  assert.equal(await page.evaluate(() => location.hash), '', 'the secret does not stay in the address');

  const [link] = (await own.opened()).slice(-1);
  assert.match(link, /\/sound#[A-Za-z0-9_-]{43}$/);
  const again = await own.context.newPage();
  for (const address of [link, `${server.base}sound#${'A'.repeat(43)}`]) {
    await again.goto('about:blank');
    await again.goto(address);
    await again.waitForSelector('text=Nothing could be connected', PATIENCE);
    assert.equal(await again.evaluate(() => window.connections.length), 0, 'it gets nothing');
  }
  await again.goto(`${server.base}sound`);
  await again.waitForSelector('text=It opens by itself');
  await again.close();
  assert.ok((await bob.locator('.call-bar.running').count()) === 1, 'the call goes on');

  await bob.click('.call-bar button:has-text("Hang up")');
  await over(page);
  await noWindow();
  await page.close();
});

test('bob calls alice: the window rings, nothing opens before she accepts, she hangs up', async () => {
  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  assert.equal(own.context.pages().filter((each) => each.url().endsWith('/sound')).length, 0);
  const start = performance.now();
  await press('call.html', 'Accept');
  await atBob.running();
  console.log(`# from Accept to running: ${Math.round(performance.now() - start)} ms`);
  const page = await soundPage();
  console.log(`# bob calls: ${await bothHear(page)}`);
  await press('call.html', 'Mute');
  await page.waitForSelector('button[aria-label="Unmute"]');
  await press('call.html', 'Unmute');
  await page.waitForSelector('button[aria-label="Mute"]');
  await press('call.html', 'Hang up');
  await free();
  await over(page);
  await noWindow();
  await page.close();
  assert.equal((await state()).pastCalls[0].result, 'answered');
});

test('the page hangs up; another one is closed: either ends the call at bob', async () => {
  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  await press('call.html', 'Accept');
  const first = await soundPage();
  await atBob.running();
  await first.click('button:has-text("Hang up")');
  await free();
  await noWindow();
  await first.close();

  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  await press('call.html', 'Accept');
  const second = await soundPage();
  await atBob.running();
  await second.close();
  await free();
  await says('The page for the sound was closed');
  await press('call.html', 'Close');
  await noWindow();

  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  await press('call.html', 'Accept');
  const third = await soundPage();
  // As soon as there is a button.
  await third.click('button:has-text("Hang up")');
  await free();
  await noWindow();
  await third.close();
});

const closeWindow = () =>
  tb.background(
    `for (const each of await browser.windows.getAll({ windowTypes: ['popup'] })) await browser.windows.remove(each.id)`,
  );

test('the window of the call is closed: it ends the call, ringing or running', async () => {
  await asked(`await core.call(${JSON.stringify(BOB)})`);
  const page = await soundPage();
  await bob.waitForSelector('.incoming', PATIENCE);
  await closeWindow();
  await free();
  await over(page);
  await page.close();

  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  await closeWindow();
  await bob.waitForSelector('text=declined', PATIENCE);
  await bob.click('.call-bar button:has-text("Close")').catch(() => {});
  await free();
  assert.equal((await state()).pastCalls[0].result, 'declined');
});

test('a link of somebody else asks, though the browser knows alice’s Thunderbird: nothing is made, and No ends it', async () => {
  const eve = await agent([server.base]);
  await eve.enrol('eve@example.net');
  await eve.submitCode(await code(server.base, 'eve@example.net'));
  await until(eve, (s) => s.me.status === 'one-server', 'eve online');
  const secret = random(32);
  const base = await eve.ctx.rooms.open(b64u(await roomOf(secret)));
  const link = meet(
    /** @type {any} */ (new WebSocket(`${base.replace('http', 'ws')}media`, PROTOCOL)),
    secret,
    'agent',
  );
  const said = [];
  link.onMessage((message) => said.push(message));
  link.send({ do: 'agent', token: 'A'.repeat(22) });
  const call = { language: 'en', name: 'Bob', address: BOB, state: 'running', since: Date.now(), muted: false };
  link.send({ do: 'show', call: { ...call, trust: 'verified' } });
  link.send({ do: 'leg', leg: 1, relays: [] });
  link.send({ do: 'ask', id: 2, leg: 1, what: 'speak', args: [''] });
  const page = await own.context.newPage();
  await page.goto(`${base}sound#${b64u(secret)}`);
  await page.waitForSelector('text=Go on only if you have just called', PATIENCE);
  assert.doesNotMatch(await page.innerText('body'), /verified/);
  assert.equal(await page.evaluate(() => window.connections.length), 0);
  await page.click('button:has-text("No")');
  await over(page);
  await link.over;
  assert.deepEqual(said, []);
  await page.close();
  await eve.close();
});

test('the browser is killed: bob’s call ends', async () => {
  await asked(`await core.call(${JSON.stringify(BOB)})`);
  await soundPage();
  await bob.click('.incoming button:has-text("Accept")', PATIENCE);
  await atBob.running();
  // The link's target is HOST-PID.
  const pid = Number(/-(\d+)$/.exec(await readlink(join(own.folder, 'SingletonLock')))?.[1]);
  process.kill(pid, 'SIGKILL');
  await free();
  await says('The page for the sound was closed');
  await press('call.html', 'Close');
  await own.close().catch(() => {});
});

test('Thunderbird quits: the page says so, and bob’s call ends at once', async () => {
  own = await defaultBrowser(home, await args('alice'), inPage);
  await asked(`await core.call(${JSON.stringify(BOB)})`);
  const page = await soundPage({ first: true });
  await bob.click('.incoming button:has-text("Accept")', PATIENCE);
  await atBob.running();
  const start = performance.now();
  await tb.chrome('Services.startup.quit(Services.startup.eAttemptQuit)').catch(() => {});
  await over(page);
  await free();
  console.log(`# bob is free after ${Math.round(performance.now() - start)} ms`);
  await tb.close();
  await page.close();
});

test('Thunderbird is killed: the page lets go at once, bob sees that nothing comes through', async () => {
  tb = await thunderbird({ folder: home });
  await openSpace();
  await seen((s) => s.me.status === 'one-server', 'online again');
  await bob.waitForSelector('.head .presence-online', PATIENCE);
  await bob.click('.head button:has-text("Call")');
  await says('calling you here');
  await press('call.html', 'Accept');
  const page = await soundPage();
  await atBob.running();
  await tb.kill();
  await over(page);
  assert.equal(await page.evaluate(() => window.connections.at(-1).connectionState), 'closed');
  await bob.waitForSelector('.call-bar.lost', PATIENCE);
});
