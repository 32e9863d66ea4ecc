// What a person keeps and gives away, in Debian's Thunderbird: the backup of the key, which every program opens and another Thunderbird brings back; a report for
// support; another address; and how every section of the settings looks.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { newcomer } from './addon-person.js';
import { addAccount, packAddon, world } from './addon-world.js';
import { eventually } from './agents.js';

const run = promisify(execFile);
const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const PICTURES = fileURLToPath(new URL('../../../screenshots/', import.meta.url));
/** So that the settings are seen whole. */
const HEIGHT = '3600';
const PHRASE = 'correct horse battery';
let around, who, folder, file, device;

before(async () => {
  await packAddon();
  folder = await mkdtemp(join(tmpdir(), 'starling-keep-'));
  around = await world(['alice', 'bob']);
  process.env.MOZ_HEADLESS_HEIGHT = HEIGHT;
});
after(async () => {
  await who?.tb.close();
  await around?.close();
  await rm(folder, { recursive: true, force: true });
});

const online = (s) => s.me.status === 'online';
/** Downloads go where the test looks, as with Thunderbird's own setting for it. */
const enter = async () => {
  const prefs = {
    'browser.download.folderList': 2,
    'browser.download.dir': folder,
    'browser.download.useDownloadDir': true,
  };
  who = await newcomer(around, ALICE, { prefs });
};
const saved = async (end) => (await readdir(folder)).filter((name) => name.endsWith(end));

/** Whether any private key in the agent's database could be taken out. */
const extractable = () =>
  who.tb.background(`
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('starling');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const all = await new Promise((resolve) => {
      const asked = database.transaction('entries').objectStore('entries').getAll();
      asked.onsuccess = () => resolve(asked.result);
    });
    database.close();
    const keys = [];
    const look = (value) => {
      if (value instanceof CryptoKey) keys.push(value);
      else if (value && typeof value === 'object' && !ArrayBuffer.isView(value)) Object.values(value).forEach(look);
    };
    look(all);
    const own = keys.filter((each) => each.type === 'private');
    return { all: own.length, out: own.filter((each) => each.extractable).length };`);

test('set-up ends with one question; the file is made, and nothing that is stored can be taken out', async () => {
  await enter();
  await who.press(`Use ${ALICE}`);
  await who.seen(online, 'online');
  device = (await who.state()).me.deviceId;
  await who.says('Keep a backup of your key?');
  const before = await extractable();
  assert.ok(before.all >= 2);
  assert.equal(before.out, 0);
  await who.press('Make a backup');
  await who.type('backup-phrase', 'too short');
  await who.type('backup-again', 'too short');
  await who.press('Save the file');
  await who.says('The pass phrase is too short');
  await who.type('backup-phrase', PHRASE);
  await who.type('backup-again', PHRASE);
  const began = Date.now();
  await who.press('Save the file');
  await who.says('Your backup is made', 300_000);
  console.log(`# the backup took ${Date.now() - began} ms`);
  await eventually(async () => (await saved('.p12')).length === 1, 'the file');
  assert.deepEqual(await saved('.p12'), [`starling-${ALICE}.p12`]);
  file = join(folder, `starling-${ALICE}.p12`);
  await eventually(async () => (await readFile(file)).length > 1000, 'the whole file');
  await who.press('I have it');
  await eventually(async () => !(await who.page()).includes('backup'), 'no more of it');
  assert.equal((await who.state()).backup, false);
  assert.equal((await extractable()).out, 0);
});

test('OpenSSL, Java and Thunderbird itself open the file; a wrong pass phrase opens it nowhere', async () => {
  const { stdout } = await run('openssl', ['pkcs12', '-in', file, '-passin', `pass:${PHRASE}`, '-nodes', '-nocerts']);
  assert.match(stdout, /BEGIN PRIVATE KEY/);
  await assert.rejects(run('openssl', ['pkcs12', '-in', file, '-passin', 'pass:something else', '-noout']));
  const keytool = (phrase, to) =>
    run(join(process.env.JAVA_HOME ?? '', 'bin', 'keytool'), [
      ...['-importkeystore', '-srckeystore', file, '-srcstorepass', phrase],
      ...['-destkeystore', join(folder, to), '-deststoretype', 'PKCS12', '-deststorepass', PHRASE],
    ]);
  assert.match((await keytool(PHRASE, 'java')).stderr, /1 entries successfully imported/);
  await assert.rejects(keytool('something else', 'none'));
  // NSS, by which a person would read encrypted mail with it.
  const taken = (phrase) =>
    who.tb.chrome(`
      const db = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
      const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
      file.initWithPath(${JSON.stringify(file)});
      const rc = await db.importPKCS12File(file, ${JSON.stringify(phrase)});
      const own = db.getCerts().filter((each) => each.emailAddress === ${JSON.stringify(ALICE)});
      return { rc, own: own.length };`);
  assert.notEqual((await taken('something else')).rc, 0);
  assert.deepEqual(await taken(PHRASE), { rc: 0, own: 1 });
});

test('in a new Thunderbird the file brings the same device back, with no mail', async () => {
  await who.tb.close();
  who = null;
  await enter();
  const last = await around.mail.code('alice');
  await who.says('I have a backup or certificate');
  await who.press('I have a backup or certificate');
  const bytes = (await readFile(file)).toString('base64');
  await who.tb.page(
    'space.html',
    `const bytes = Uint8Array.from(atob(${JSON.stringify(bytes)}), (each) => each.charCodeAt(0));
    const chosen = new DataTransfer();
    chosen.items.add(new File([bytes], 'backup.p12'));
    const field = document.getElementById('smime-file');
    field.files = chosen.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));`,
  );
  await who.type('smime-passphrase', PHRASE);
  await who.press('Open');
  await who.says(`This is a backup of the key of ${ALICE}.`, 300_000);
  await who.press('Bring it back');
  await who.seen(online, 'online');
  const { me, devices, backup } = await who.state();
  assert.equal(me.deviceId, device);
  assert.deepEqual(
    devices.map((each) => [each.deviceId, each.self, each.listed]),
    [[device, true, true]],
  );
  assert.equal(backup, false);
  assert.equal((await extractable()).out, 0);
  assert.equal(await around.mail.code('alice'), last);
});

/** @param {string} pane */
const show = (pane) => who.tb.page('space.html', `location.hash = ${JSON.stringify(pane)}`);

test('a report for support is read, then saved: servers and what happened are in it, no address', async () => {
  await show(':settings');
  await who.says('Save a report for support');
  await who.press('Save a report for support');
  await who.says('Starling: a report for support');
  const text = () => who.tb.page('space.html', `return document.querySelector('.report-text').textContent`);
  const hidden = await text();
  assert.match(hidden, /program: add-on \d+\.\d+\.\d+, Mozilla/);
  assert.match(hidden, /status: online/);
  for (const base of around.bases) assert.ok(hidden.includes(`server: ${base.slice(0, -1)} connected`), hidden);
  assert.doesNotMatch(hidden, /@|alice/);
  await who.tb.page('space.html', `document.querySelector('dialog .switch input').click()`);
  await eventually(async () => (await text()).includes(`address: ${ALICE}`), 'with addresses');
  await who.tb.page('space.html', `document.querySelector('dialog .switch input').click()`);
  await eventually(async () => !(await text()).includes(ALICE), 'without again');
  await who.press('Save as a file');
  await eventually(async () => (await saved('.txt')).length === 1, 'the file');
  const [name] = await saved('.txt');
  await eventually(async () => /What happened lately/.test(await readFile(join(folder, name), 'utf8')), 'its text');
});

test('every section of the settings, in both languages and lights: nothing is clipped, axe finds nothing', async () => {
  const axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  await mkdir(PICTURES, { recursive: true });
  const look = async (part, name) => {
    const wrong = await who.tb.page(
      part,
      `${axe};
      const out = [...document.querySelectorAll('button, input, select, a, p, h2, h3, dd, label')].filter((each) => {
        const box = each.getBoundingClientRect();
        if (!box.width || !each.checkVisibility()) return false;
        return box.left < -1 || box.right > innerWidth + 1 || (each.tagName === 'BUTTON' && each.scrollWidth > each.clientWidth + 1 && !each.matches('.person'));
      });
      const { violations } = await window.axe.run(document);
      return [...out.map((each) => each.outerHTML.slice(0, 200)), ...violations.map((each) => each.id + ' ' + each.nodes.map((one) => one.html).join(' ').slice(0, 300))];`,
    );
    await writeFile(join(PICTURES, `addon-${name}.png`), await who.tb.screenshot());
    assert.deepEqual(wrong, [], name);
  };
  for (const language of ['en', 'de']) {
    await who.asked(`await core.set({ language: ${JSON.stringify(language)} })`);
    await who.says(language === 'de' ? 'Ihre Daten' : 'Your data');
    for (const scheme of ['light', 'dark']) {
      await who.tb.chrome(`
        Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', ${scheme === 'light' ? 1 : 0});
        Services.prefs.setIntPref('ui.systemUsesDarkTheme', ${scheme === 'light' ? 0 : 1});`);
      await look('space.html', `settings-${language}-${scheme}`);
    }
  }
  for (const language of ['en', 'de']) {
    await who.tb.background(`await browser.tabs.create({ url: '/thunderbird/privacy-${language}.html' })`);
    const there = () =>
      who.tb.page(`privacy-${language}`, `return document.readyState === 'complete'`).catch(() => false);
    await eventually(there, 'the page about privacy');
    await look(`privacy-${language}`, `privacy-${language}`);
  }
  await who.asked(`await core.set({ language: 'en' })`);
});

test('what deleting everything leaves is said before', async () => {
  await who.open();
  await show(':settings');
  await who.says('Delete everything');
  await who.press('Delete everything');
  await who.says('Saved conversations are mails and stay');
  await writeFile(join(PICTURES, 'addon-delete.png'), await who.tb.screenshot());
  await who.press('Cancel');
});

test('another address of the same Thunderbird is confirmed with no code typed, and its key may be kept, too', async () => {
  await addAccount(who.tb, around.mail, BOB);
  await who.press('Change my address');
  await who.type('move-address', BOB);
  await who.press('Continue');
  await who.says(`Confirming ${BOB}`);
  await who.seen((s) => s.me.address === BOB && online(s), 'at the new address');
  await who.says('Keep a backup of your key?');
  await who.press('No backup');
  await eventually(async () => !(await who.state()).backup, 'no more of it');
  assert.equal((await extractable()).out, 0);
});
