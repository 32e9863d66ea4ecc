// CAs that make accounts only for those to whom their operator gave a key (RFC 8555, section 7.3.4): ours, asked by the command and by the page, and Pebble,
// asked by a server for its web certificate.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { command } from './command.js';
import { mailServer } from './mail-server.js';
import { nameServer } from './name-server.js';
import { missing, pebble } from './pebble.js';
import { freePort } from './ports.js';
import { javaOptions, run } from './servers.js';

const NAME = 'peer.example.net';
const lacking = await missing();
const skip = lacking ? `${lacking} is not installed (apt-get install pebble openssl)` : false;

let folder, mail, dns, ca;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  mail = await mailServer();
  dns = await nameServer({ 'example.net': { mail: 'mx.example.net' }, [NAME]: '127.0.0.1' });
  ca = await run([
    ...['ca', '--data', join(folder, 'ca'), '--port', String(await freePort()), '--from', 'ca@example.org'],
    ...['--smtp', `127.0.0.1:${mail.port}`, '--dns', dns.place, '--eab', 'required'],
  ]);
  await writeFile(join(folder, 'root.pem'), await (await fetch(new URL('/acme/root.pem', ca.base))).text());
});
after(async () => {
  await ca?.kill();
  dns?.close();
  await mail?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the operator gives somebody. @param {string} name */
async function given(name) {
  const { status, said } = await command(['ca', 'eab', name, '--data', join(folder, 'ca')]);
  assert.equal(status, 0, said);
  return said;
}

test('the command gives what the operator of the CA printed, out of a file', { timeout: 300_000 }, async () => {
  const file = join(folder, 'bob.eab');
  await writeFile(file, await given('Bob in sales'), { mode: 0o600 });
  const words = ['enrol', 'bob@example.net', '--ca', ca.base, '--anchor', join(folder, 'root.pem')];
  words.push('--out', join(folder, 'bob.p12'));
  const before = mail.mails.length;
  const without = await command(words);
  assert.equal(without.status, 1);
  assert.match(without.said, /only for those who got a key from its operator\..* --eab-file FILE\./);
  assert.equal(mail.mails.length, before);
  const code = (said) =>
    /Paste the code here/.test(said) ? mail.arrived(before + 1).then(() => mail.mails[before].code) : null;
  const { status, said } = await command([...words, '--eab-file', file], code);
  assert.equal(status, 0, said);
  assert.match(said, /Certified until/);
  // By the account that is kept, and without a mail.
  const again = await command([...words, '--renew']);
  assert.equal(again.status, 0, again.said);
  assert.equal(mail.mails.length, before + 1);
  const secret = /HMAC key (\S+)/.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  assert.ok(secret && !said.includes(secret) && !ca.log().includes(secret));
});

test('the page asks for it when the CA does, and not before', { timeout: 300_000 }, async () => {
  const peer = await run([
    ...[
      'peer',
      '--data',
      join(folder, 'peer'),
      '--port',
      String(await freePort()),
      '--sip-port',
      String(await freePort()),
    ],
    ...['--anchor', join(folder, 'root.pem'), '--ca', ca.base],
  ]);
  // Its policy lets it speak to a CA over HTTPS only, which this one is not.
  const browser = await profile({ options: { bypassCSP: true } });
  try {
    const page = browser.context.pages()[0];
    await page.goto(peer.base);
    await page.fill('#address', 'carol@example.net');
    assert.equal(await page.locator('#account-key').count(), 0);
    const before = mail.mails.length;
    await page.click('text=Continue');
    await page.waitForSelector('text=people to whom its operator gave a key');
    await page.fill('#account-key', 'please');
    await page.click('text=Continue');
    await page.waitForSelector('text=That is not the key');
    const key = await given('Carol');
    await page.fill('#account-key', key.replace(/(HMAC key .)./, '$1_'));
    await page.click('text=Continue');
    await page.waitForSelector('text=This key does not count');
    assert.equal(mail.mails.length, before);
    await page.fill('#account-key', key);
    await page.click('text=Continue');
    await page.waitForSelector('#code');
    await mail.arrived(before + 1);
    await page.fill('#code', mail.mails[before].code);
    await page.click('text=Confirm');
    await page.waitForSelector('select.availability');
    const { said } = await command(['ca', 'list', 'carol@example.net', '--data', join(folder, 'ca')]);
    assert.match(said, /good {2}from/);
  } finally {
    await browser.close();
    await peer.kill();
  }
});

test('a server gives its key to a CA of the web that wants one', { timeout: 300_000, skip }, async (t) => {
  const key = Buffer.alloc(48, 7).toString('base64url');
  const http = await freePort();
  const web = await pebble({ dns: dns.place, httpPort: http, accountKeys: { 'key-1': key } });
  t.after(() => web.close());
  const file = join(folder, 'acme.eab');
  await writeFile(file, `key-1\n${key}\n`, { mode: 0o600 });
  const words = [
    ...['peer', '--data', join(folder, 'web'), '--domain', NAME, '--host', '127.0.0.1', '--acme', web.directory],
    ...['--port', String(await freePort()), '--http-port', String(http), '--sip-port', String(await freePort())],
    ...['--relay-port', String(await freePort()), '--relay-tls-port', '0', '--relay-address', '127.0.0.1'],
    ...['--anchor', join(folder, 'root.pem'), '--ca', ca.base],
  ];
  const more = { STARLING_JAVA_OPTS: javaOptions(web.options) };
  await assert.rejects(run(words, more), /got a key from its operator\..* --acme-eab-file FILE\./);
  const peer = await run([...words, '--acme-eab-file', file], more);
  await peer.kill();
  assert.ok(!peer.log().includes(key));
});
