// The page of whoever runs a server, as it is served: both languages, light and dark, narrow and wide, without a program; and the way to it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { axeFindsNothing, looksRight, picture } from './looks.js';
import { freePort } from './ports.js';
import { run } from './servers.js';

const NOTE = 'The server rests on Sundays from 2 to 3.\\n<script>alert(1)</script> is not a word.';
let folder, peer, browser, page;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-about-'));
  const ports = ['--port', String(await freePort()), '--sip-port', String(await freePort())];
  const first = ['up', '--data', join(folder, 'up'), '--port', String(await freePort())];
  const ca = await run([...first, '--sip-port', String(await freePort())]);
  peer = await run([
    ...['peer', '--local', '--data', join(folder, 'peer'), ...ports, '--peer', ca.base],
    ...['--operator-name', 'Example Club', '--operator-contact', 'peers@example.net', '--operator-note', NOTE],
  ]);
  await ca.kill();
  browser = await profile();
  page = await browser.context.newPage();
});
after(async () => {
  await browser?.close();
  await peer?.kill();
  if (folder) await rm(folder, { recursive: true, force: true });
});

for (const language of ['en', 'de'])
  for (const width of [360, 1440])
    test(`about in ${language} at ${width} px`, async () => {
      await page.setViewportSize({ width, height: 900 });
      for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.goto(`${peer.base}about?lang=${language}`);
        await picture(page, `about-${language}-${width}-${scheme}`);
        await looksRight(page, `about, ${language}, ${scheme}`);
        await axeFindsNothing(page, `about, ${language}, ${scheme}`);
      }
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      assert.equal(await page.locator('script').count(), 0);
      assert.match(
        await page.locator('main').innerText(),
        /Example Club[^]*<script>alert\(1\)<\/script> is not a word\./,
      );
    });

test('by keyboard one gets to the app and to the other language', async () => {
  await page.goto(`${peer.base}about?lang=en`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), '/');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('html[lang=de]');
});

test('the first page of the app leads there, in the language of the app', async () => {
  await page.goto(peer.base);
  await page.waitForSelector('#address');
  const link = page.locator('a[href^="/about"]');
  assert.equal(await link.getAttribute('href'), '/about?lang=en');
  const [opened] = await Promise.all([browser.context.waitForEvent('page'), link.click()]);
  await opened.waitForSelector('h1:has-text("About this server")');
});
