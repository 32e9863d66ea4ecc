// Phones that live in pages, by SIP over WebSocket with a password (RFC 7118): SIP.js in Node, JsSIP in Chromium. The sound of JsSIP goes from end to end: what
// it said of its keys is what the other side has.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { addPhone } from './add-phone.js';
import { agent, eventually, until } from './agents.js';
import { profile } from './browser.js';
import { script } from './commonjs.js';
import { hearTone, inPage, MIN_DECIBELS } from './lab/cell.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';
import { enrols } from './stage.js';
import { tone } from './tone.js';

const PATIENCE = { timeout: 30_000 };
const HERTZ = { alice: 700, bob: 440 };
/** More than Opus leaves. */
const CLEAR_DECIBELS = 40;

let folder;
let server;
let door;
let accounts;
/** @type {any[]} */
const agents = [];
/** Browsers: alice's with our app, bob's with a page that has JsSIP. @type {Record<string, Awaited<ReturnType<typeof profile>>>} */
const browsers = {};
let alice;
let pages;
let bob;
/** @type {any} */
let sipjs;
/** @type {any} */
let carol;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-web-phones-'));
  const port = String(await freePort());
  const ports = ['--port', port, '--sip-port', String(await freePort()), '--phone-port', String(await freePort())];
  server = await run(['up', '--data', folder, ...ports]);
  door = `ws://127.0.0.1:${port}/phone`;
  const [b, c] = await Promise.all([person('bob'), person('carol'), openAlice()]);
  await befriend(b, 'bob');
  await b.requestContact('carol@example.net', {});
  await until(c, (s) => s.requests.length === 1, 'the request of bob');
  await c.acceptRequest('bob@example.net');
  const [bobs, carols] = await Promise.all([phone(b, 'JsSIP'), phone(c, 'SIP.js')]);
  accounts = { bob: bobs, carol: carols };
  await openBob();
  globalThis.WebSocket = /** @type {any} */ (WebSocket);
  globalThis.window ??= /** @type {any} */ ({ addEventListener() {}, removeEventListener() {} });
  sipjs = await import('sip.js');
});
after(async () => {
  await carol?.stop();
  await Promise.allSettled([...agents, ...Object.values(browsers)].map((each) => each.close()));
  pages?.closeAllConnections();
  pages?.close();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

async function person(name) {
  const one = await agent([server.base]);
  agents.push(one);
  await one.enrol(`${name}@example.net`);
  await one.submitCode(await code(server.base, `${name}@example.net`));
  await until(one, (s) => s.me.status === 'one-server', `${name} online`);
  return one;
}

async function phone(owner, name) {
  const { address } = owner.state.me;
  const mails = async () => (await fetch(`${server.base}mailbox/api/${encodeURIComponent(address)}`)).json();
  const before = (await mails()).length;
  return addPhone(owner, name, {
    words: ['--data', folder, '--server', server.base],
    async code() {
      let all = [];
      await eventually(async () => (all = await mails()).length > before, 'a mail');
      return all[0].text;
    },
  });
}

async function browser(name) {
  const file = join(folder, `${name}.wav`);
  await writeFile(file, tone(HERTZ[name]));
  browsers[name] = await profile({
    args: [`--use-file-for-fake-audio-capture=${file}`, '--autoplay-policy=no-user-gesture-required'],
  });
  const page = browsers[name].context.pages()[0];
  await page.addInitScript(inPage);
  return page;
}

async function openAlice() {
  alice = await browser('alice');
  await enrols(alice, server.base, 'alice@example.net');
}

async function befriend(other, name) {
  await alice.click('.list-foot button:has-text("New conversation")');
  await alice.fill('#new-address', `${name}@example.net`);
  await alice.click('button:has-text("Send contact request")');
  await until(other, (s) => s.requests.length === 1, `the request to ${name}`);
  await other.acceptRequest('alice@example.net');
  await alice.waitForSelector('.head .presence-online', PATIENCE);
}

/** In the page: what comes is played, as the pages around JsSIP do. */
function playing() {
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...all) {
      super(...all);
      this.addEventListener('track', ({ track }) => {
        const audio = new Audio();
        audio.srcObject = new MediaStream([track]);
        void audio.play();
      });
    }
  };
}

/** A page of nobody's, with JsSIP as the registry has it. From this computer: browsers keep others from its own ports. */
async function openBob() {
  pages = createServer((_, answer) =>
    answer.setHeader('content-type', 'text/html').end('<!doctype html><title>JsSIP</title>'),
  );
  await new Promise((resolve) => pages.listen(0, '127.0.0.1', () => resolve(undefined)));
  bob = await browser('bob');
  await bob.addInitScript(playing);
  await bob.goto(`http://127.0.0.1:${pages.address().port}/`);
  await bob.addScriptTag({ content: await script('jssip', 'JsSIP') });
}

/** In bob's page: a phone that keeps what happens to it. @param {{door: string, user: string, password: string}} how */
async function jssipInPage({ door, user, password }) {
  const { JsSIP } = /** @type {any} */ (window);
  const socket = new JsSIP.WebSocketInterface(door);
  const ua = new JsSIP.UA({ sockets: [socket], uri: `sip:${user}@127.0.0.1`, password, register_expires: 300 });
  const phone = { ua, texts: [], sessions: [], ended: 0 };
  Object.assign(window, { phone });
  ua.on('newMessage', ({ originator, request }) => originator === 'remote' && phone.texts.push(request.body));
  ua.on('newRTCSession', ({ session }) => {
    phone.sessions.push(session);
    for (const how of ['ended', 'failed']) session.on(how, ({ cause }) => (phone.ended++, (phone.cause = cause)));
  });
  const said = await new Promise((resolve) => {
    ua.on('registered', () => resolve('registered'));
    ua.on('disconnected', () => resolve('disconnected'));
    ua.on('registrationFailed', ({ cause, response }) => resolve(`${cause} ${response?.status_code}`));
    ua.start();
  });
  if (said !== 'registered') ua.stop();
  return said;
}

test('JsSIP and SIP.js register with the password of a phone, and with no other', async () => {
  const wrong = { door, ...accounts.bob, password: 'guessed' };
  assert.match(await bob.evaluate(jssipInPage, wrong), /Authentication Error|Rejected/);
  assert.equal(await bob.evaluate(jssipInPage, { door, ...accounts.bob }), 'registered');
  carol = new sipjs.UserAgent({
    uri: sipjs.UserAgent.makeURI(`sip:${accounts.carol.user}@127.0.0.1`),
    authorizationUsername: accounts.carol.user,
    authorizationPassword: accounts.carol.password,
    transportOptions: { server: door },
    logBuiltinEnabled: false,
    gracefulDisconnect: false,
    sessionDescriptionHandlerFactory: () => descriptions,
    delegate: { onMessage: (message) => (heard.push(message.request.body), message.accept()) },
  });
  await carol.start();
  const registerer = new sipjs.Registerer(carol);
  await new Promise((resolve, reject) => {
    registerer.stateChange.addListener((state) => state === 'Registered' && resolve(undefined));
    registerer.register({ requestDelegate: { onReject: (r) => reject(new Error(r.message.reasonPhrase)) } });
  });
});

/** What SIP.js got as texts. @type {string[]} */
const heard = [];
/** The sound of SIP.js here: a description of keys and candidates that lead nowhere. */
const FINGERPRINT = Array(32).fill('AB').join(':');
const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
  'c=IN IP4 0.0.0.0',
  'a=rtpmap:111 opus/48000/2',
  'a=rtpmap:0 PCMU/8000',
  'a=mid:0',
  'a=rtcp-mux',
  'a=sendrecv',
  'a=setup:actpass',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  'a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n');
const descriptions = {
  close() {},
  hasDescription: () => true,
  getDescription: async () => ({ body: OFFER, contentType: 'application/sdp' }),
  setDescription: async () => {},
  sendDtmf: () => false,
};

/** In bob's page. @returns {Promise<boolean>} whether it was taken */
const writeToCarol = () =>
  new Promise((resolve) =>
    /** @type {any} */ (window).phone.ua.sendMessage('sip:carol%40example.net@127.0.0.1', 'hello from JsSIP', {
      eventHandlers: { succeeded: () => resolve(true), failed: () => resolve(false) },
    }),
  );

test('texts go both ways between SIP.js and JsSIP', async () => {
  const to = sipjs.UserAgent.makeURI('sip:bob%40example.net@127.0.0.1');
  const writeToBob = () =>
    new Promise((resolve) => {
      const messager = new sipjs.Messager(carol, to, 'hello from SIP.js', 'text/plain');
      void messager.message({ requestDelegate: { onAccept: () => resolve(true), onReject: () => resolve(false) } });
    });
  // Phones that were allowed a moment ago are still told by another device whose texts they take; then they need none.
  const heardByBob = () => bob.evaluate(() => /** @type {any} */ (window).phone.texts.includes('hello from SIP.js'));
  await eventually(async () => (await writeToBob()) && (await heardByBob()), 'a text at JsSIP', 60_000, 500);
  const heardByCarol = () => heard.includes('hello from JsSIP');
  await eventually(async () => (await bob.evaluate(writeToCarol)) && heardByCarol(), 'a text at SIP.js', 60_000, 500);
  await Promise.all(agents.map((each) => each.close()));
});

/** Bob's page rings, or rings no more. @param {number} count  of its calls so far */
const ringing = (count) =>
  eventually(() => bob.evaluate((n) => window.phone.sessions.length === n, count), `call ${count} at JsSIP`, 20_000);

test('SIP.js calls JsSIP, whose page gets its keys as they are; a refusal and a CANCEL arrive', async () => {
  const to = sipjs.UserAgent.makeURI('sip:bob%40example.net@127.0.0.1');
  const refused = new Promise((resolve) => {
    const inviter = new sipjs.Inviter(carol, to);
    inviter.invite({ requestDelegate: { onReject: ({ message }) => resolve(message.statusCode) } });
  });
  await ringing(1);
  const offer = await bob.evaluate(() => window.phone.sessions[0]._request.body);
  assert.ok(offer.includes(FINGERPRINT), offer);
  await bob.evaluate(() => window.phone.sessions[0].terminate({ status_code: 486 }));
  assert.equal(await refused, 486);

  const inviter = new sipjs.Inviter(carol, to);
  await inviter.invite();
  await ringing(2);
  await inviter.cancel();
  await eventually(() => bob.evaluate(() => window.phone.cause === 'Canceled'), 'the CANCEL at JsSIP', 20_000);
});

const hears = (page, hertz) =>
  page.evaluate(hearTone, { hertz, heard: MIN_DECIBELS, clear: CLEAR_DECIBELS }).then((found) => found.decibels);
const printOf = (sdp) => /a=fingerprint:(\S+ \S+)/.exec(sdp)?.[1].toLowerCase();
const described = (page, which) =>
  page.evaluate((of) => window.connections.findLast((each) => each.connectionState === 'connected')[of].sdp, which);

/** Both hear each other, and each has the other's keys. */
async function fromEndToEnd() {
  const [atAlice, atBob] = await Promise.all([hears(alice, HERTZ.bob), hears(bob, HERTZ.alice)]);
  assert.ok(Math.min(atAlice, atBob) >= MIN_DECIBELS, `${atAlice} dB, ${atBob} dB`);
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ])
    assert.equal(
      printOf(await described(one, 'remoteDescription')),
      printOf(await described(other, 'localDescription')),
      'nobody stands between them',
    );
  return [atAlice, atBob];
}

test('alice calls bob: JsSIP answers, the sound goes from end to end, alice is told that the server could listen', async () => {
  const warned = [];
  alice.on('console', (line) => line.type() === 'warning' && warned.push(line.text()));
  await alice.click('.head button:has-text("Call")');
  // Why it failed stands there for seconds only.
  const failed = alice.waitForSelector('.call-bar.ended', { timeout: 20_000 }).then(
    async (bar) => assert.fail([await bar.innerText(), ...warned].join('\n')),
    () => {},
  );
  await Promise.race([ringing(3), failed.then(() => ringing(3))]);
  await bob.evaluate(() => window.phone.sessions[2].answer({ mediaConstraints: { audio: true, video: false } }));
  await alice.waitForSelector('.call-bar.running:has-text("its server can listen")', PATIENCE);
  console.log(`# alice and JsSIP hear each other: ${await fromEndToEnd()} dB`);
  await alice.click('.call-bar button:has-text("Hang up")');
  await eventually(() => bob.evaluate(() => window.phone.cause === 'Terminated'), 'the end at JsSIP', 20_000);
});

test('JsSIP calls alice: she answers, the sound goes from end to end, JsSIP hangs up', async () => {
  await bob.evaluate(() => {
    window.phone.ua.call('sip:alice%40example.net@127.0.0.1', { mediaConstraints: { audio: true, video: false } });
  });
  await alice.click('.incoming:has-text("its server can listen") button:has-text("Accept")', PATIENCE);
  await alice.waitForSelector('.call-bar.running', PATIENCE);
  await fromEndToEnd();
  await bob.evaluate(() => window.phone.sessions.at(-1).terminate());
  await alice.waitForSelector('.call-bar', { state: 'detached' });
});
