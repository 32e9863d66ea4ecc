// Every surface of the page on the fake core: at three widths, light and dark, with axe, by keyboard, and with very much in it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { axeFindsNothing, looksRight, picture } from './looks.js';
import { serveFake } from './serve-fake.js';

const FIRST_LOAD_BYTES = 150 * 1024;
const SURFACES = {
  enrol: 'surface=new',
  code: 'surface=code',
  waiting: 'surface=waiting',
  refused: 'surface=refused',
  adding: 'surface=adding#:settings',
  'adding-german': 'surface=adding&language=de#:settings',
  'other-list': 'surface=other-list#bob%40example.net',
  gone: 'surface=gone#bob%40example.net',
  'begun-anew': 'surface=begun-anew#bob%40example.net',
  logs: 'surface=logs#bob%40example.net',
  'logs-german': 'surface=logs&language=de#bob%40example.net',
  'begun-anew-german': 'surface=begun-anew&language=de#bob%40example.net',
  recover: 'surface=waiting',
  link: 'surface=new#add=alice%40example.net&code=K7QX2M9TRD4H',
  list: 'surface=conversation&hints=1',
  conversation: 'surface=conversation#bob%40example.net',
  removed: 'surface=conversation#stranger%40example.net',
  requests: 'surface=requests#:requests',
  calls: 'surface=conversation#:calls',
  new: 'surface=conversation#:new',
  settings: 'surface=conversation#:settings',
  move: 'surface=phone#:settings',
  'move-code': 'surface=move-code&language=de#:settings',
  'move-expired': 'surface=move-expired#:settings',
  'move-refused': 'surface=move-refused&language=de#:settings',
  'move-lost': 'surface=move-waiting#:settings',
  'move-waiting': 'surface=move-waiting#:settings',
  former: 'surface=former#:settings',
  'former-german': 'surface=former&language=de#:settings',
  'former-stop': 'surface=former#:settings',
  moved: 'surface=moved#bob%40example.net',
  'moved-german': 'surface=moved&language=de#bob%40example.net',
  'moved-later': 'surface=moved-later#carol%40example.org',
  'moved-hidden': 'surface=moved-later-hidden#carol%40example.org',
  ringing: 'surface=ringing#:calls',
  calling: 'surface=calling#bob%40example.net',
  call: 'surface=call#bob%40example.net',
  'call-lost': 'surface=call-lost#bob%40example.net',
  'call-back': 'surface=call-back#bob%40example.net',
  'call-failed': 'surface=call-failed#bob%40example.net',
  line: 'surface=line#reception%40a.rather.long.subdomain.of.classic.example',
  'line-question': 'surface=conversation#reception%40a.rather.long.subdomain.of.classic.example',
  'line-offer': 'surface=conversation#:new',
  'line-calling': 'surface=line-calling#reception%40a.rather.long.subdomain.of.classic.example',
  'line-call': 'surface=line-call#reception%40a.rather.long.subdomain.of.classic.example',
  'line-ringing': 'surface=line-ringing#:calls',
  'line-failed': 'surface=line-failed#reception%40a.rather.long.subdomain.of.classic.example',
  'line-german': 'surface=line-call&language=de#reception%40a.rather.long.subdomain.of.classic.example',
  'line-setting': 'surface=conversation#:settings',
  everything: 'surface=everything#bob%40example.net',
  trust: 'surface=conversation#:settings',
  'trust-file': 'surface=conversation#:settings',
  'trust-remove': 'surface=conversation#:settings',
  'trust-certificate': 'surface=conversation#:settings',
  'account-key': 'surface=new',
  'account-key-wrong': 'surface=new&language=de',
  'certificate-file': 'surface=new',
  'certificate-wrong': 'surface=new',
  'certificate-found': 'surface=new',
  backup: 'surface=backup',
  'backup-german': 'surface=backup&language=de',
  'backup-short': 'surface=backup',
  'backup-made': 'surface=backup',
  restore: 'surface=new',
  report: 'surface=conversation#:settings',
  'report-german': 'surface=conversation&language=de#:settings',
  german: 'surface=everything&language=de#:settings',
};

/** What is done on a surface before it is looked at. */
const FILE = { name: 'ca.pem', mimeType: 'text/plain', buffer: Buffer.from('-----BEGIN CERTIFICATE-----') };
const openFile = async (button, start = 'I have a file: a backup') => {
  await page.click(`text=${start}`);
  await page.setInputFiles('#smime-file', FILE);
  await page.fill('#smime-passphrase', 'right');
  if (button) await page.click('button:has-text("Open"):not([disabled])');
};
const backup = async (phrase) => {
  await page.click('text=Make a backup');
  await page.fill('#backup-phrase', phrase);
  await page.fill('#backup-again', phrase);
  await page.click('text=Save the file');
};
const askedForKey = async () => {
  await page.fill('#address', 'new.colleague@example.net');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#account-key:focus');
};
const STEPS = {
  'account-key': askedForKey,
  async 'account-key-wrong'() {
    await askedForKey();
    await page.fill('#account-key', `key id   3f0c9a51b7e2d84466aa10ff\nHMAC key ${'kQ7x'.repeat(11)}`);
    await page.click('.button.main');
    await page.waitForSelector('[role=alert]:not(:empty)');
  },
  async move() {
    await page.click('text=Change my address');
    await page.fill('#move-address', 'alice@new.example.org');
  },
  async 'move-lost'() {
    await page.click('text=I no longer have the other browser');
    await page.waitForSelector('dialog[open] input[type=checkbox]');
  },
  async 'moved-hidden'() {
    await page.click('.head button[aria-label^="More about"]');
    await page.waitForSelector('text=Show the new address');
  },
  async 'former-stop'() {
    await page.click('text=Give this address back now');
    await page.waitForSelector('dialog[open]:has-text("contact request")');
  },
  async recover() {
    await page.click('text=I no longer have the other browser');
    await page.keyboard.press('Tab');
    await page.waitForSelector('dialog[open] input[type=checkbox]');
  },
  async 'line-question'() {
    await page.click('.head button:has-text("Call")');
    await page.waitForSelector('dialog[open]:has-text("can listen")');
  },
  async 'line-offer'() {
    await page.fill('#new-address', 'nobody@classic.example');
    await page.keyboard.press('Enter');
    await page.locator('.line-offer').scrollIntoViewIfNeeded();
  },
  'line-setting': () => page.locator('text=Let ordinary phone lines ring here').scrollIntoViewIfNeeded(),
  trust: () => page.locator('#trust-file').scrollIntoViewIfNeeded(),
  async 'trust-file'() {
    await page.setInputFiles('#trust-file', FILE);
    await page.locator('text=Trust it').scrollIntoViewIfNeeded();
  },
  'trust-remove': () => page.click('[aria-label="Remove Example Ltd"]'),
  async 'trust-certificate'() {
    await openFile(false, 'Use an S/MIME certificate');
    await page.locator('#smime-passphrase').scrollIntoViewIfNeeded();
  },
  'certificate-file': () => openFile(false),
  async 'certificate-wrong'() {
    await openFile(false);
    await page.fill('#smime-passphrase', 'wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]:not(:empty)');
  },
  async 'backup-german'() {
    await page.click('text=Sicherung machen');
    await page.fill('#backup-phrase', 'correct horse battery');
  },
  'backup-short': () => backup('short'),
  async 'backup-made'() {
    await backup('correct horse battery');
    await page.waitForSelector('text=Your backup is made');
  },
  async restore() {
    await page.evaluate(() => (globalThis.core.opensBackup = true));
    await openFile(true);
    await page.waitForSelector('text=This is a backup of the key');
  },
  report: () => page.click('text=Save a report for support'),
  'report-german': () => page.click('text=Bericht für die Hilfe speichern'),
  async 'certificate-found'() {
    await openFile(true);
    await page.waitForSelector('.fingerprint');
  },
};

let server;
let browser;
let page;
const complaints = [];
before(async () => {
  server = await serveFake();
  browser = await profile();
  page = browser.context.pages()[0];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
});
after(async () => {
  await browser?.close();
  server?.close();
});

const size = (width) => page.setViewportSize({ width, height: width < 500 ? 740 : 860 });

async function show(surface, { width = 1440, scheme = 'light' } = {}) {
  await size(width);
  await paint(scheme);
  await page.goto('about:blank');
  await page.goto(`${server.base}?${SURFACES[surface] ?? surface}`);
  await page.waitForSelector('#app > .page');
  await drawn();
}

const drawn = () =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
const paint = (colorScheme) => page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });

// A surface on which nothing is done is opened once, and its window made wider as people do. Between the narrowest and the widest only what lies where
// is another: axe looks at these two. `./build` leaves out what seldom differs, and `./build long` looks at all.
const ALL = process.env.STARLING_LOOKS === 'all';
const WIDTHS = ALL ? [360, 800, 1440] : [360, 1440];
const AXE = ALL ? [360, 1440] : [360];
for (const surface of Object.keys(SURFACES))
  for (const width of WIDTHS)
    test(`${surface} at ${width} px has nothing clipped, overlapping${AXE.includes(width) ? ' or inaccessible' : ''}, light and dark`, async () => {
      if (STEPS[surface] || width === WIDTHS[0]) await show(surface, { width });
      else await size(width);
      await STEPS[surface]?.();
      for (const scheme of ['light', 'dark']) {
        await paint(scheme);
        await drawn();
        await picture(page, `page-${surface}-${width}-${scheme}`);
        await looksRight(page, `${surface}, ${scheme}`);
        if (AXE.includes(width))
          await axeFindsNothing(page, `${surface}, ${scheme}`, scheme === 'dark' ? ['color-contrast'] : undefined);
      }
    });

test('no page complains, also not about the content security policy', () => {
  assert.deepEqual(complaints, []);
});

test('the first load is small', async () => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  server.sent.clear();
  await page.goto('about:blank');
  await page.goto(`${server.base}?surface=conversation`, { waitUntil: 'networkidle' });
  const own = [...server.sent].filter(([path]) => !path.startsWith('/fake/'));
  const bytes = own.reduce((sum, [, size]) => sum + size, 0);
  await devtools.detach();
  console.log(`# first load of the page without the core: ${bytes} bytes in ${own.length} files`);
  assert.ok(own.length > 10);
  assert.ok(bytes <= FIRST_LOAD_BYTES);
});

test('by keyboard: slash searches, arrows choose, Enter opens and sends, Esc goes back', async () => {
  await show('list');
  await page.keyboard.press('Tab');
  await page.keyboard.press('/');
  await page.keyboard.type('carol');
  assert.equal(await page.locator('.person').count(), 1);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.locator('.person').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.head h1:has-text("Carol")');
  await page.keyboard.type('Hello Carol');
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('.write textarea'), '');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.welcome');
});

test('in a call M mutes and Esc does not hang up', async () => {
  await show('call');
  await page.locator('.head h1').click();
  await page.keyboard.press('m');
  await page.waitForSelector('.call-bar [aria-label=Unmute]');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.call-bar').count(), 1);
});

for (const width of [360, 1440])
  test(`a telephone is told keys, by clicks and by the keyboard, at ${width}`, async () => {
    await show('line-call', { width });
    await page.click('[aria-label=Keypad]');
    await page.click('.keypad >> text=5');
    await page.locator('.call-bar strong, .call-bar h1').first().click();
    await page.keyboard.type('1*');
    await page.waitForSelector('.keypad [role=status]:has-text("Pressed: 51*")');
    await looksRight(page, `keypad ${width}`);
    await picture(page, `page-keypad-${width}-light`);
    await page.click('[aria-label=Hash]');
    await page.waitForSelector('.keypad [role=status]:has-text("takes no keys")');
    await page.click('[aria-label=Keypad]');
    assert.equal(await page.locator('.keypad').count(), 0);
  });

test('on a phone a call covers the page, and can be made small to write meanwhile', async () => {
  await show('call', { width: 360 });
  const bar = async () => (await page.locator('.call-bar').boundingBox()).height;
  const banner = await page.locator('.bar.local').boundingBox();
  assert.equal((await bar()) + banner.height, 740);
  assert.equal(await page.locator('.panes').isVisible(), false);
  await page.click('[aria-label="Show the conversation"]');
  assert.ok((await bar()) < 160);
  await page.fill('.write textarea', 'I write while we talk');
  await looksRight(page, 'small call');
  await picture(page, 'page-call-small-360-light');
  await page.click('[aria-label="Show the call"]');
  assert.equal(await page.locator('.panes').isVisible(), false);
});

test('a pasted mail is enough, and Enter confirms a typed code', async () => {
  const code = 'abcdefghijklmnopqrstuvwxyz012345';
  const open = async () => {
    await show('enrol');
    await page.fill('#address', 'alice@example.net');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'code');
  };
  await open();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData('text', text);
    const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector('#code').dispatchEvent(paste);
  }, `Hello,\n\nyour code is\n\n    ${code}\n\nValid for a day.`);
  await page.waitForSelector('select.availability');
  await open();
  await page.keyboard.type(code);
  await page.keyboard.press('Enter');
  await page.waitForSelector('select.availability');
});

test('an incoming call takes the focus to Accept and is announced', async () => {
  await show('surface=ringing');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Accept/);
  assert.equal(await page.locator('.incoming [aria-live=assertive]').count(), 1);
});

test('a wrong address and a wrong code say what to do', async () => {
  await show('enrol');
  await page.keyboard.type('alice');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=alert]:has-text("name@example.net")');
  await page.fill('#address', 'alice@example.net');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'code');
  await page.keyboard.type('12345');
  await page.click('text=Confirm');
  await page.waitForSelector('[role=alert]:has-text("32 letters")');
});

test('somebody who is not on Starling can be invited by a drafted mail', async () => {
  await show('new');
  await page.fill('#new-address', 'nobody@example.net');
  await page.keyboard.press('Enter');
  const href = await page.getAttribute('a[href^="mailto:"]', 'href');
  assert.match(href, /^mailto:nobody%40example\.net\?subject=/);
});

test('ten thousand messages and two thousand people are drawn a window at a time', async () => {
  await show('surface=conversation&people=2000&messages=10000#bob%40example.net');
  await page.waitForSelector('.bubble');
  for (let i = 0; i < 30; i++) {
    await page.evaluate(() =>
      document
        .querySelectorAll('.log, .people')
        .forEach((list) => (list.scrollTop = (list.scrollHeight * Math.random()) | 0)),
    );
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    assert.ok((await page.locator('.bubble, .person').count()) < 200);
  }
});
