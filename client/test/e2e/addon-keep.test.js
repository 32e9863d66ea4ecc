// What a person keeps, in Debian's Thunderbird: the backup of the key, which every program opens and another Thunderbird brings back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { newcomer } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { eventually } from './agents.js';

const run = promisify(execFile);
const ALICE = 'alice@example.net';
const PHRASE = 'correct horse battery';
let around, who, folder, file, device;

before(async () => {
  await packAddon();
  folder = await mkdtemp(join(tmpdir(), 'starling-keep-'));
  around = await world(['alice']);
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
