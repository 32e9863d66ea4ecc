// What a browser does around the page: two tabs, a notification in the background, and the app without its server after one visit.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agent, until } from './agents.js';
import { profile } from './browser.js';
import { picture } from './looks.js';
import { code, twoPeers } from './servers.js';
import { enrols } from './stage.js';

let servers;
let browser;
let page;
let bob;
before(async () => {
  servers = await twoPeers();
  browser = await profile();
  await browser.context.grantPermissions(['notifications'], { origin: servers.bases[0].slice(0, -1) });
  page = browser.context.pages()[0];
  await enrols(page, servers.bases[0], 'alice@example.net');
  bob = await agent([...servers.bases]);
  await bob.enrol('bob@example.net');
  await bob.submitCode(await code(servers.bases[0], 'bob@example.net'));
  await until(bob, (s) => s.me.status === 'online', 'bob online');
  await bob.requestContact('alice@example.net', { text: 'It is Bob' });
  await page.click('.list-foot button:has-text("Requests")');
  await page.click('button:has-text("Accept")');
  await until(bob, (s) => s.contacts[0]?.presence === 'online', 'alice is seen');
});
after(async () => {
  await bob?.close();
  await browser?.close();
  await servers?.close();
});

/** In the page: the browser does not get to the first lock that is asked for in time. */
function slowLocks() {
  const { request } = LockManager.prototype;
  LockManager.prototype.request = function (name, options) {
    LockManager.prototype.request = request;
    return new Promise((_, refuse) => options.signal.addEventListener('abort', () => refuse(options.signal.reason)));
  };
}

test('on a computer that is slow a single tab is not taken for a second one', async () => {
  const slow = await profile();
  try {
    const [only] = slow.context.pages();
    await only.addInitScript(slowLocks);
    await only.goto(servers.bases[0]);
    await only.waitForSelector('#address, h1:has-text("open in another tab")');
    assert.equal(await only.locator('#address').count(), 1);
  } finally {
    await slow.close();
  }
});

test('a second tab asks, takes over on one click, and the first lets go', async () => {
  const second = await browser.context.newPage();
  await second.goto(servers.bases[0]);
  await second.waitForSelector('h1:has-text("open in another tab")');
  await picture(second, 'step-9-second-tab');
  await second.click('button:has-text("Use it here")');
  await second.waitForSelector('select.availability', { timeout: 30_000 });
  await page.waitForSelector('h1:has-text("open in another tab")');
  await bob.sendMessage('alice@example.net', 'Which tab are you in?');
  await second.locator('.person:has-text("Which tab are you in?")').waitFor();
  await page.click('button:has-text("Use it here")');
  await page.click('button:has-text("Use it here")');
  await page.waitForSelector('select.availability', { timeout: 30_000 });
  await second.waitForSelector('h1:has-text("open in another tab")');
  await second.close();
});

/** As if another tab lay on top. @param {string} state */
const look = (state) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);

const notifications = () =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    return (await registration.getNotifications()).map((each) => `${each.title}: ${each.body}`);
  });

/** Asks until the answer is yes. @param {() => Promise<boolean>} question @param {string} what */
async function eventually(question, what) {
  for (let i = 0; i < 200; i++) {
    if (await question()) return;
    await page.waitForTimeout(100);
  }
  assert.fail(what);
}

test('in the background a message makes a notification and a number in the title, and is read when looked at', async () => {
  await look('hidden');
  await page.evaluate(() => (location.hash = 'bob%40example.net'));
  await bob.sendMessage('alice@example.net', 'Are you there?');
  await page.waitForFunction(() => /^\(\d+\) /.test(document.title));
  const wanted = 'New message from bob@example.net: Are you there?';
  await eventually(async () => (await notifications()).includes(wanted), 'a notification');
  await look('visible');
  await page.waitForFunction(() => document.title === 'Starling');
});

test('after one visit the app opens without the server it came from, and goes on over the other', async () => {
  const fresh = await profile();
  try {
    const once = fresh.context.pages()[0];
    await once.goto(servers.bases[0]);
    await once.waitForSelector('#address');
    const kept = () =>
      once.evaluate(async () => {
        const paths = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname);
        const needed = ['/', ...paths.filter((path) => /^\/(web|core|vendor)\/.*\.m?js$/.test(path))];
        return (await Promise.all(needed.map((path) => caches.match(path)))).every(Boolean);
      });
    await eventually(kept, 'the page and every library that it needs are kept');
    await servers.current().a.kill('SIGKILL');
    await once.goto(servers.bases[0]);
    await once.waitForSelector('#address');
  } finally {
    await fresh.close();
  }
  await page.reload();
  await page.waitForSelector('select.availability', { timeout: 30_000 });
});
