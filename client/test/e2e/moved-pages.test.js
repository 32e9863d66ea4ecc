// What is clicked of a change of address on the page goes to the core: to the address that is to come, not to the present one. On the fake core.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { serveFake } from './serve-fake.js';

const VIA = 'alice@a-former-provider.example.org';
const OURS = [
  'useMoveDeviceCode',
  'askMoveDevicesAgain',
  'recoverMove',
  'resendMoveCode',
  'cancelMove',
  'hideMoved',
  'acceptRequest',
  'removeDevice',
];
let server, browser, page;
before(async () => {
  server = await serveFake();
  browser = await profile();
  page = browser.context.pages()[0];
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens a surface whose core writes down what it is asked. */
async function show(query) {
  await page.goto('about:blank');
  await page.goto(`${server.base}?${query}`);
  await page.waitForSelector('#app > .page');
  await page.evaluate((names) => {
    window.asked = [];
    for (const name of names) window.core[name] = async (...words) => void window.asked.push([name, ...words]);
  }, OURS);
}
const asked = () => page.evaluate(() => window.asked);

test('another device is named by its code, or is lost: the list of the new address is begun anew, and the old certificates too if wanted', async () => {
  await show('surface=move-waiting#:settings');
  await page.fill('#device-code', 'K7QX2M9TRD4H');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=Your other browser is asked with this code');
  await page.click('text=I no longer have the other browser');
  await page.check('dialog[open] input[type=checkbox]');
  await page.click('dialog[open] button:has-text("Start anew")');
  await page.click('button:has-text("Keep my address")');
  assert.deepEqual(await asked(), [
    ['useMoveDeviceCode', 'K7QX2M9TRD4H'],
    ['recoverMove', { revokeOld: true }],
    ['cancelMove'],
  ]);
});

test('what does not work is said beside it', async () => {
  await show('surface=move-waiting#:settings');
  await page.evaluate(() => {
    for (const [name, key] of [
      ['useMoveDeviceCode', 'device-code'],
      ['recoverMove', 'move.busy'],
    ])
      window.core[name] = () => Promise.reject(Object.assign(new Error(), { key }));
  });
  await page.fill('#device-code', 'short');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#device-code-error:has-text("not a code of another browser")');
  await page.click('text=I no longer have the other browser');
  await page.click('dialog[open] button:has-text("Start anew")');
  await page.waitForSelector('.move [role=alert]:has-text("being changed already")');
});

test('a refusal can be asked about again', async () => {
  await show('surface=move-refused#:settings');
  await page.click('button:has-text("Ask again")');
  assert.deepEqual(await asked(), [['askMoveDevicesAgain']]);
});

test('a code that is too old: another one is sent, and then there is a field for it, whatever the clock says', async () => {
  await show('surface=move-expired#:settings');
  assert.equal(await page.locator('#code').count(), 0);
  await page.click('button:has-text("Send a new code")');
  await page.waitForFunction(() => document.activeElement?.id === 'code');
  assert.deepEqual(await asked(), [['resendMoveCode']]);
});

test('a contact’s new address is hidden, and shown again from the menu', async () => {
  await show('surface=moved-later#carol%40example.org');
  await page.click('button:has-text("Hide this")');
  assert.deepEqual(await asked(), [['hideMoved', 'carol@example.org', true]]);
  await show('surface=moved-later-hidden#carol%40example.org');
  assert.equal(await page.locator('.main-pane .bar').count(), 0);
  await page.click('.head button[aria-label^="More about"]');
  await page.click('[role=menuitem]:has-text("Show the new address")');
  assert.deepEqual(await asked(), [['hideMoved', 'carol@example.org', false]]);
});

test('whoever asked an address that was given back is asked with a word about it; others are accepted', async () => {
  await show('surface=requests#:requests');
  await page.click('.request:has-text("Ida") button:has-text("Ask them")');
  await page.click('.request:has-text("Hal") button:has-text("Accept")');
  assert.deepEqual(await asked(), [
    ['acceptRequest', 'ida@example.org', `You asked me at ${VIA}. This is my address now.`],
    ['acceptRequest', 'hal@example.org', undefined],
  ]);
});

test('a device at the earlier address is removed there', async () => {
  await show('surface=former#:settings');
  await page.click('.move button[aria-label="Remove Desk phone"]');
  await page.click('dialog[open] button:has-text("Remove")');
  assert.deepEqual(await asked(), [['removeDevice', 'ef'.repeat(32)]]);
});
