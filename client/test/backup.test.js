// A backup of the key: offered once, written for every reader, brought back. In between nothing that is stored can be taken out.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { OFFERED_MILLIS } from '../core/agent/backup.js';
import { hex, same, unhex } from '../core/bytes.js';
import { makeSparedKey, sign, verify } from '../core/identity/device.js';
import { openPkcs12 } from '../core/identity/pkcs12.js';
import { writePkcs12 } from '../core/identity/pkcs12-write.js';
import { memoryStore } from '../core/store/memory.js';
import { fakeCa } from './acme-fake.js';
import { authority, certify } from './authority.js';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const PHRASE = 'correct horse battery';
const run = promisify(execFile);
const fails = (key) => (e) => e.key === key || assert.fail(`${e.key} instead of ${key}: ${e.stack}`);
let folder;
const worlds = [];
before(async () => (folder = await mkdtemp(join(tmpdir(), 'starling-backup-'))));
after(async () => {
  await Promise.all(worlds.map((each) => each.close()));
  await rm(folder, { recursive: true });
});

/** A world whose servers have a CA. */
async function newWorld(how) {
  const it = await world(how);
  worlds.push(it);
  const ca = fakeCa(it.ca, it.time.now);
  return {
    ...it,
    mails: ca.mails,
    blank: (more = {}) => {
      const store = memoryStore();
      /** Every value that was ever given to the store. */
      const given = [];
      const watched = { ...store, ...more };
      for (const name of ['put', 'batch']) {
        const to = watched[name];
        watched[name] = (...args) => (given.push(structuredClone(args)), to(...args));
      }
      return it
        .agent('', {
          store: watched,
          fetch: (url, init) =>
            String(url).startsWith('https://ca.example')
              ? ca.fetch(String(url), init)
              : it.peers
                  .find((each) => String(url).startsWith(each.base))
                  .fetch(String(url), init)
                  .then(async (answer) => {
                    if (!String(url).endsWith('peer.json')) return answer;
                    return Response.json({ ...(await answer.json()), ca: { directory: ca.directory } });
                  }),
        })
        .then((one) => Object.assign(one, { given, kept: watched }));
    },
  };
}

/** Private keys in anything. @returns {CryptoKey[]} */
function keysIn(value, found = []) {
  if (value instanceof CryptoKey) found.push(value);
  else if (value && typeof value === 'object' && !ArrayBuffer.isView(value))
    Object.values(value).forEach((each) => keysIn(each, found));
  return found.filter((key) => key.type === 'private');
}

async function enrolled(it, address = ALICE) {
  const alice = await it.blank();
  await alice.enrol(address);
  await alice.submitCode(it.mails.at(-1).code);
  await it.until(alice, (s) => s.me.status === 'online', 'alice online');
  return alice;
}
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

test('OpenSSL and we read the file with its pass phrase; another one is refused', async () => {
  const it = await newWorld();
  const { key, spare } = await makeSparedKey();
  const der = await certify(it.ca, ALICE, key.spki, it.time.now());
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', spare));
  const what = { pkcs8, chain: [der, it.ca.certificate.der], name: ALICE, id: unhex(key.id).slice(0, 20) };
  const file = await writePkcs12({ ...what, passphrase: PHRASE });
  const { owners, others } = await openPkcs12(file, PHRASE);
  assert.ok(same(owners[0].certificate.der, der));
  assert.ok(same(others[0].der, it.ca.certificate.der));
  const said = Uint8Array.of(1, 2, 3);
  assert.ok(await verify(key.spki, said, await sign(owners[0].keys.sign, said)));
  await assert.rejects(openPkcs12(file, `${PHRASE}!`), fails('p12.passphrase'));
  assert.ok(!hex(file).includes(hex(pkcs8.slice(36, 68))), 'the key is not in clear');

  const path = join(folder, 'a.p12');
  await writeFile(path, file);
  const openssl = (phrase, ...how) => run('openssl', ['pkcs12', '-in', path, '-passin', `pass:${phrase}`, ...how]);
  const { stdout, stderr } = await openssl(PHRASE, '-info', '-nodes');
  assert.match(stderr, /MAC: sha256, Iteration 100000/);
  assert.equal(stderr.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256/g).length, 2);
  assert.match(stdout, /friendlyName: alice@example.net/);
  const inside = stdout.match(/-----BEGIN PRIVATE KEY-----([^-]*)-----/)[1].replace(/\s/g, '');
  await writeFile(join(folder, 'key.der'), Buffer.from(inside, 'base64'));
  const { stdout: spki } = await run(
    'openssl',
    ['pkey', '-inform', 'DER', '-in', join(folder, 'key.der'), '-pubout', '-outform', 'DER'],
    { encoding: 'buffer' },
  );
  assert.ok(same(new Uint8Array(spki), key.spki));
  await assert.rejects(openssl(`${PHRASE}!`, '-noout'), /invalid password/);

  await assert.rejects(writePkcs12({ ...what, passphrase: 'elevenchars' }), fails('backup.short'));
  for (const bad of ['Bürger und Söhne', 'x'.repeat(201), 'tab\tand some more'])
    await assert.rejects(writePkcs12({ ...what, passphrase: bad }), fails('backup.letters'));
});

test('the key is offered when it is certified, until the answer; nothing that could be taken out is ever stored', async () => {
  const it = await newWorld();
  const alice = await it.blank();
  await alice.enrol(ALICE);
  assert.equal(alice.state.backup, false);
  await assert.rejects(alice.backupKey(PHRASE), fails('backup.over'));
  const waiting = alice.ctx.profile.key.id;
  await alice.submitCode(it.mails.at(-1).code);
  assert.equal(alice.state.backup, true);
  // The one that waited for the mail could not have been offered, for a page may be loaded anew meanwhile.
  assert.notEqual(alice.ctx.profile.key.id, waiting);
  await assert.rejects(alice.backupKey('short'), fails('backup.short'));
  assert.equal(alice.state.backup, true, 'still offered');
  const file = await bytesOf(await alice.backupKey(PHRASE));
  assert.equal(alice.state.backup, false);
  await assert.rejects(alice.backupKey(PHRASE), fails('backup.over'));
  const { owners } = await openPkcs12(file, PHRASE);
  assert.ok(same(owners[0].certificate.spki, alice.ctx.profile.key.spki));
  const stored = keysIn(alice.given);
  assert.ok(stored.length > 2);
  for (const key of [...stored, ...keysIn(owners)]) assert.equal(key.extractable, false);
  const secret = hex(await pkcs8Of(file));
  assert.ok(!JSON.stringify(alice.given, (_, v) => (v instanceof Uint8Array ? hex(v) : v)).includes(secret));
});

/** The private number, as OpenSSL finds it. */
async function pkcs8Of(file) {
  const path = join(folder, 'b.p12');
  await writeFile(path, file);
  const { stdout } = await run('openssl', ['pkcs12', '-in', path, '-passin', `pass:${PHRASE}`, '-nodes', '-nocerts']);
  const der = Buffer.from(stdout.match(/-----BEGIN PRIVATE KEY-----([^-]*)-----/)[1], 'base64');
  return new Uint8Array(der.subarray(36, 68));
}

test('a no, a long silence and a closed page end the offer', async () => {
  const it = await newWorld();
  const one = await enrolled(it);
  one.closeBackup();
  assert.equal(one.state.backup, false);
  await assert.rejects(one.backupKey(PHRASE), fails('backup.over'));

  const two = await enrolled(it, BOB);
  assert.equal(two.state.backup, true);
  it.time.advance(OFFERED_MILLIS + 1);
  assert.equal(two.state.backup, false);
  await assert.rejects(two.backupKey(PHRASE), fails('backup.over'));

  const three = await enrolled(it, 'carol@example.net');
  await three.close();
  await assert.rejects(three.backupKey(PHRASE), fails('backup.over'));
  const again = await it.agent('', { store: three.kept });
  assert.equal(again.state.backup, false);
  await assert.rejects(again.backupKey(PHRASE), fails('backup.over'));
});

test('a renewal offers nothing: its key was made long ago', async () => {
  const it = await newWorld();
  const alice = await enrolled(it);
  const { id } = alice.ctx.profile.key;
  alice.closeBackup();
  await alice.enrolment.renew();
  await alice.submitCode(it.mails.at(-1).code);
  assert.equal(alice.ctx.profile.key.id, id);
  assert.equal(alice.state.backup, false);
});

test('brought back where nothing else is left, it is the same device, and a contact has nothing to decide', async () => {
  const it = await newWorld();
  const bob = await it.online(BOB);
  const alice = await enrolled(it);
  const file = await bytesOf(await alice.backupKey(PHRASE));
  await alice.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(bob, (s) => contact(s, ALICE)?.presence === 'online', 'alice seen online');
  const { id } = alice.ctx.profile.key;
  await alice.close();

  const back = await it.blank();
  const opened = await back.openCertificate(file, PHRASE);
  assert.deepEqual([opened.backup, opened.addresses, opened.unknownCa], [true, [ALICE], '']);
  await back.useCertificate(ALICE, false);
  await it.until(back, (s) => s.me.status === 'online', 'back online');
  assert.equal(back.ctx.profile.key.id, id);
  assert.deepEqual(
    back.state.devices.map((each) => [each.deviceId, each.self, each.listed]),
    [[id, true, true]],
  );
  assert.ok(back.ctx.own.isJoined(), 'what it is told from now on is kept');
  assert.equal(back.state.backup, false);
  assert.equal(
    keysIn(back.given).some((key) => key.extractable),
    false,
  );
  await back.requestContact(BOB, {});
  await it.until(back, (s) => contact(s, BOB)?.state === 'accepted', 'bob again');
  await back.sendMessage(BOB, 'it is me');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'it is me', 'message');
  assert.notEqual(contact(bob.state, ALICE).trust, 'changed');
  await assert.rejects(
    back.openCertificate(file, PHRASE).then(() => back.useCertificate(ALICE, false)),
    fails('restore.taken'),
  );
});

test('brought back beside another device, that one gives it the contacts', async () => {
  const it = await newWorld();
  const bob = await it.online(BOB);
  const alice = await enrolled(it);
  const file = await bytesOf(await alice.backupKey(PHRASE));
  const { id } = alice.ctx.profile.key;
  const two = await it.blank();
  await two.enrol(ALICE);
  await two.submitCode(it.mails.at(-1).code);
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked');
  await alice.allowDevice(alice.state.endorsements[0].deviceId);
  await it.until(two, (s) => s.me.status === 'online', 'two online');
  await two.requestContact(BOB, {});
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await it.until(two, (s) => contact(s, BOB)?.presence === 'online', 'bob seen online');
  await alice.close();

  const back = await it.blank();
  await back.openCertificate(file, PHRASE);
  await back.useCertificate(ALICE, false);
  await it.until(back, (s) => contact(s, BOB)?.presence === 'online', 'bob is there again');
  assert.equal(back.ctx.profile.key.id, id);
  assert.deepEqual(back.ctx.profile.ownKey, two.ctx.profile.ownKey);
  await bob.sendMessage(ALICE, 'to both');
  for (const one of [back, two])
    await it.until(one, (s) => contact(s, BOB)?.last?.text === 'to both', 'message at both devices');
});

test('a key that no CA which is believed here certified for the address is not taken', async () => {
  const it = await newWorld();
  const other = await authority(it.time.now());
  const { key, spare } = await makeSparedKey();
  const der = await certify(other, ALICE, key.spki, it.time.now());
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', spare));
  const what = { pkcs8, name: ALICE, id: unhex(key.id).slice(0, 20), passphrase: PHRASE };
  const back = await it.blank();
  for (const days of [0, 40]) {
    it.time.sleep(days * 86_400_000);
    await back.openCertificate(await writePkcs12({ ...what, chain: [der, other.certificate.der] }), PHRASE);
    await assert.rejects(back.useCertificate(ALICE, true), fails('unknown-anchor'));
  }
  assert.equal(back.ctx.profile, null);
  assert.equal(it.mails.length, 0);
});

test('a backup whose certificate is over brings the key back, for which a mail is sent', async () => {
  const it = await newWorld();
  const alice = await enrolled(it);
  const file = await bytesOf(await alice.backupKey(PHRASE));
  const { id } = alice.ctx.profile.key;
  await alice.close();
  it.time.sleep(40 * 86_400_000);
  const back = await it.blank();
  const opened = await back.openCertificate(file, PHRASE);
  assert.ok(opened.notAfter < it.time.now());
  const mails = it.mails.length;
  await back.useCertificate(ALICE, false);
  assert.equal(back.state.me.status, 'code');
  assert.equal(it.mails.length, mails + 1);
  await back.submitCode(it.mails.at(-1).code);
  await it.until(back, (s) => s.me.status === 'online', 'back online');
  assert.equal(back.ctx.profile.key.id, id);
  assert.equal(back.state.backup, false);
});
