// A server for everybody: `./starling peer --domain` gets its certificate from an ACME CA, speaks HTTPS and WSS, relays over TLS, and takes a new certificate
// from a file while it runs. The CA of the addresses stands behind a reverse proxy, with real mails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { createServer, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { eventually } from './agents.js';
import { profile } from './browser.js';
import { mailServer } from './mail-server.js';
import { nameServer } from './name-server.js';
import { missing, pebble, selfSigned } from './pebble.js';
import { freePort } from './ports.js';
import { javaOptions, run, starling } from './servers.js';

const NAME = 'peer.example.net';
const PATIENCE = { timeout: 30_000 };
/** RFC 8489, section 5: a Binding request without attributes, and the cookie. */
const BINDING = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');

const lacking = await missing();
const skip = lacking ? `${lacking} is not installed (apt-get install pebble openssl)` : false;
let folder, dns, web, mail, ca, front, peer, ports;
before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  ports = {
    https: await freePort(),
    http: await freePort(),
    sip: await freePort(),
    relay: await freePort(),
    turns: await freePort(),
  };
  const known = { [NAME]: '127.0.0.1', 'other.example.net': '127.0.0.1', 'example.net': { mail: 'mx.example.net' } };
  dns = await nameServer(known);
  web = await pebble({ dns: dns.place, httpPort: ports.http });
  await authority();
  peer = await run(args('peer', NAME), environment());
});
after(async () => {
  await peer?.kill();
  front?.close();
  await ca?.kill();
  await mail?.close();
  await web?.close();
  dns?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const environment = () => ({ STARLING_JAVA_OPTS: javaOptions(web.options) });

/** The CA for addresses, behind a reverse proxy that speaks HTTPS. */
async function authority() {
  mail = await mailServer();
  const [inner, outer] = [await freePort(), await freePort()];
  const { certificate, key } = selfSigned(folder, '127.0.0.1');
  const base = `https://127.0.0.1:${outer}`;
  const smtp = ['--smtp', `127.0.0.1:${mail.port}`, '--from', 'ca@example.org', '--dns', dns.place];
  ca = await run([
    'ca',
    '--data',
    join(folder, 'ca'),
    '--port',
    String(inner),
    '--base',
    base,
    '--behind-proxy',
    ...smtp,
  ]);
  front = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress };
    const onward = plainRequest(
      { host: '127.0.0.1', port: inner, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  await new Promise((resolve) => front.listen(outer, '127.0.0.1', () => resolve(undefined)));
  await writeFile(join(folder, 'root.pem'), await (await fetch(`http://127.0.0.1:${inner}/acme/root.pem`)).text());
}

/** @param {string} data @param {string} name @param {string[]} more */
function args(data, name, ...more) {
  return [
    ...['peer', '--data', join(folder, data), '--domain', name, '--host', '127.0.0.1', '--acme', web.directory],
    ...['--port', String(ports.https), '--http-port', String(ports.http), '--sip-port', String(ports.sip)],
    ...['--relay-port', String(ports.relay), '--relay-tls-port', String(ports.turns), '--relay-address', '127.0.0.1'],
    ...['--anchor', join(folder, 'root.pem'), '--ca', `https://127.0.0.1:${front.address().port}/acme/directory`],
    ...more,
  ];
}

/** Over TLS, with the chain verified. @param {number} port @param {string} path @param {string} ca */
const got = (port, path, ca) =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, ca, servername: NAME, headers: { host: NAME } }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });

test('it has a certificate of the CA for its name, and says https and wss of itself', { skip }, async () => {
  assert.equal(peer.base, `https://${NAME}:${ports.https}/`);
  const { status, text } = await got(ports.https, '/peer.json', await web.root());
  assert.equal(status, 200);
  const said = JSON.parse(text);
  assert.equal(said.local, false);
  assert.equal(said.base, `https://${NAME}:${ports.https}/`);
  assert.equal(said.ws, `wss://${NAME}:${ports.https}/sip`);
  assert.equal(said.sip, `sip:${NAME}:${ports.sip};transport=tls`);
  assert.deepEqual(said.anchors, []);
});

test('plain HTTP leads to HTTPS, path and all, and shows challenges to nobody who guesses', { skip }, async () => {
  const answer = await fetch(`http://127.0.0.1:${ports.http}/web/app.js?x=1`, { redirect: 'manual' });
  assert.equal(answer.status, 308);
  assert.equal(answer.headers.get('location'), `https://${NAME}:${ports.https}/web/app.js?x=1`);
  const guess = await fetch(`http://127.0.0.1:${ports.http}/.well-known/acme-challenge/${'a'.repeat(43)}`);
  assert.equal(guess.status, 404);
});

test('its relay answers over TLS with the same certificate', { skip }, async () => {
  const socket = connect({ host: '127.0.0.1', port: ports.turns, servername: NAME, ca: await web.root() });
  const answer = await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', resolve);
    socket.write(BINDING);
  });
  socket.destroy();
  assert.equal(answer.readUInt16BE(0), 0x0101, 'a success');
  assert.deepEqual(answer.subarray(4, 20), BINDING.subarray(4));
});

test('two people prove their addresses there by real mails, find each other and write', { skip }, async () => {
  const rules = [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`];
  const browsers = [];
  try {
    for (const name of ['alice', 'bob']) {
      const browser = await profile({ args: rules, options: { ignoreHTTPSErrors: true } });
      browsers.push(browser);
      const [page] = browser.context.pages();
      await page.goto(peer.base);
      await page.fill('#address', `${name}@example.net`);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#code');
      await mail.arrived(browsers.length);
      await page.fill('#code', mail.mails.find(({ to }) => to === `${name}@example.net`).code);
      await page.keyboard.press('Enter');
      await page.waitForSelector('select.availability', PATIENCE);
    }
    const [alice, bob] = browsers.map((each) => each.context.pages()[0]);
    assert.equal(await alice.locator('.bar.local').count(), 0, 'no banner of a test');
    await alice.click('.list-foot button:has-text("New conversation")');
    await alice.fill('#new-address', 'bob@example.net');
    await alice.click('button:has-text("Send contact request")');
    await bob.click('.list-foot button:has-text("Requests")');
    await bob.click('button:has-text("Accept")');
    await alice.waitForSelector('.head .presence-online', PATIENCE);
    await alice.fill('.write textarea', 'Over the open internet');
    await alice.keyboard.press('Enter');
    await bob.locator('.person:has-text("Over the open internet")').waitFor(PATIENCE);
  } finally {
    for (const browser of browsers) await browser.close();
  }
});

test('started again it keeps its certificate, and asks the CA for nothing', { skip }, async () => {
  const orders = () => (web.log().match(/order/gi) ?? []).length;
  const serial = async () => (await served()).serialNumber;
  const [before, asked] = [await serial(), orders()];
  await peer.kill();
  peer = await run(args('peer', NAME), environment());
  assert.equal(await serial(), before);
  assert.equal(orders(), asked);
});

/** The certificate that it shows now. */
const served = () =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: ports.https, servername: NAME, rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });

test('a certificate in files is read again when the files change; half a change does no harm', { skip }, async () => {
  await peer.kill();
  const [first, second] = ['first', 'second'].map((each) => join(folder, each));
  const made = [];
  for (const each of [first, second]) {
    const there = await mkdtemp(each);
    made.push(selfSigned(there, NAME));
  }
  const files = { certificate: join(folder, 'web.crt'), key: join(folder, 'web.key') };
  const put = async (what, from) => copyFile(from[what], files[what]);
  await put('certificate', made[0]);
  await put('key', made[0]);
  peer = await run(args('files', NAME, '--tls-cert', files.certificate, '--tls-key', files.key), environment());
  const old = (await served()).serialNumber;
  await put('certificate', made[1]);
  await eventually(() => /the old certificate stays/.test(peer.log()), 'it says that half of it is missing');
  assert.equal((await served()).serialNumber, old);
  await put('key', made[1]);
  await eventually(async () => (await served()).serialNumber !== old, 'the new one');
});

test(
  'behind a reverse proxy it speaks plainly with that alone, and knows whose requests it brings',
  { skip },
  async () => {
    await peer.kill();
    peer = await run(args('proxied', NAME, '--behind-proxy'), environment());
    assert.equal(peer.base, `https://${NAME}/`);
    const plain = `http://127.0.0.1:${ports.https}`;
    assert.equal((await (await fetch(`${plain}/peer.json`)).json()).ws, `wss://${NAME}/sip`);
    assert.equal((await fetch(`${plain}/metrics`)).status, 200, 'asked from this computer');
    const brought = await fetch(`${plain}/metrics`, { headers: { 'x-forwarded-for': '198.51.100.7' } });
    assert.notEqual(brought.status, 200, 'asked from elsewhere');
  },
);

test('a name that does not lead to this server gets no certificate, and it says so', { skip }, async () => {
  await peer.kill();
  peer = null;
  const child = spawn(starling, args('lost', 'lost.example.net'), {
    env: { ...process.env, ...environment() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
  assert.notEqual(await new Promise((resolve) => child.on('exit', resolve)), 0);
  assert.match(said, /no certificate for lost\.example\.net: /);
  assert.doesNotMatch(said, /\tat /, 'no stack trace');
});
