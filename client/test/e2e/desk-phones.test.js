// Real phones, as Debian has them: baresip and linphonec, each one of its person's devices at a server for everybody, and a browser. Everything they do with
// each other, with the sound measured in what they recorded.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { eventually, until } from './agents.js';
import { profile } from './browser.js';
import { baresip } from './desk/baresip.js';
import { decibels, seconds } from './desk/hearing.js';
import { linphone } from './desk/linphone.js';
import { missing, openOffice } from './desk/office.js';
import { hearTone, inPage, MIN_DECIBELS } from './lab/cell.js';
import { DESK, here, inside, LINK, NAME } from './lab/inside.js';
import { tone } from './tone.js';

const lacking = await missing();
const skip = lacking || false;
if (!lacking) await inside(import.meta.url);

const PATIENCE = { timeout: 20_000 };
const SIP = `${NAME}:5060`;
const TLS = `${NAME}:5063`;
/** What each hears is a tone of another; G.711 leaves 37 of it. */
const CLEAR_DECIBELS = 30;
const HEARD_SECONDS = 2;
const HERTZ = { alice: 700, bob: 440, carol: 1000 };

/** @type {import('./desk/office.js').Office} */
let office;
/** @type {{bob: any, carol: any}} */
let accounts;
/** The agents that allowed the phones. @type {any[]} */
let owners;
/** @type {import('./desk/baresip.js').Baresip} */
let bob;
/** @type {import('./desk/linphone.js').Linphone} */
let carol;
let alice;
let page;

before(async () => {
  if (skip) return;
  office = await openOffice();
  const people = ['bob@example.net', 'carol@example.net'].map((each) => office.person(each));
  const [b, c] = await Promise.all([...people, openBrowser()]);
  for (const [other, address] of [
    [b, 'bob@example.net'],
    [c, 'carol@example.net'],
  ])
    await befriend(other, address);
  await b.requestContact('carol@example.net', {});
  await until(c, (s) => s.requests.length === 1, 'the request of bob');
  await c.acceptRequest('bob@example.net');
  const [bobs, carols] = await Promise.all([office.phone(b, 'Baresip', ['--md5']), office.phone(c, 'Linphone')]);
  accounts = { bob: bobs, carol: carols };
  owners = [b, c];
});
after(async () => {
  await Promise.allSettled([
    bob?.close(),
    carol?.close(),
    alice?.close(),
    ...(owners ?? []).map((each) => each.close()),
  ]);
  await office?.close();
});

async function openBrowser() {
  const file = join(office.folder, 'alice.wav');
  await writeFile(file, tone(HERTZ.alice));
  alice = await profile({
    loopback: false,
    args: [`--use-file-for-fake-audio-capture=${file}`, '--autoplay-policy=no-user-gesture-required'],
    options: { ignoreHTTPSErrors: true },
  });
  page = alice.context.pages()[0];
  await page.addInitScript(inPage);
  await page.goto(office.server.base);
  await page.fill('#address', 'alice@example.net');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#code', PATIENCE);
  await page.fill('#code', await office.code('alice@example.net'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('select.availability', PATIENCE);
}

async function befriend(other, address) {
  await page.click('.list-foot button:has-text("New conversation")');
  await page.fill('#new-address', address);
  await page.click('button:has-text("Send contact request")');
  await until(other, (s) => s.requests.length === 1, `the request of alice to ${address}`);
  await other.acceptRequest('alice@example.net');
  await page.waitForSelector(`.person:has-text("${address}")`, PATIENCE);
}

const openBaresip = (name, more = {}) =>
  baresip({
    folder: join(office.folder, name),
    ...accounts.bob,
    server: SIP,
    hertz: HERTZ.bob,
    friend: 'carol@example.net',
    address: DESK,
    link: LINK,
    dns: `${DESK}:53`,
    certificate: here().certificate,
    ...more,
  });

const openLinphone = (name, more = {}) =>
  linphone({ folder: join(office.folder, name), ...accounts.carol, server: SIP, hertz: HERTZ.carol, ...more });

/** Waits until a recording has the tone of somebody, clear. @param {() => Promise<string> | string} file @param {number} hertz @param {string} who */
async function clear(file, hertz, who) {
  let best = -Infinity;
  await eventually(
    async () => (best = await decibels(await file(), hertz)) >= CLEAR_DECIBELS,
    `${who}: ${hertz} Hz, clear`,
    15_000,
  ).catch((e) => {
    throw new Error(`${e.message}: ${best.toFixed(1)} dB`);
  });
  measured.push(`${who} ${best.toFixed(1)} dB`);
}
/** @type {string[]} */
const measured = [];
const ofBob = async () => (await bob.heard()).at(-1) ?? '';

/** Bob hears somebody, clear, and long enough that the other side has heard him too. @param {number} hertz @param {string} who */
async function bobHears(hertz, who) {
  await eventually(async () => (await seconds(await ofBob())) >= HEARD_SECONDS, `bob to hear ${who}`, 15_000);
  await clear(ofBob, hertz, `bob hears ${who}`);
}

/** Bob's phone calls; carol's rings. */
async function bobDials() {
  const marks = { bob: bob.now(), carol: carol.now() };
  bob.tell('dial', 'sip:carol@example.net');
  await bob.event('CALL_RINGING', marks.bob);
  await carol.said(/Receiving new incoming call from "bob@example.net"/, marks.carol);
  return marks;
}

test('both register: one by UDP, told to offer MD5 alone, at the first try; one by TCP', { skip }, async () => {
  [bob, carol] = await Promise.all([openBaresip('baresip'), openLinphone('linphone', { transport: 'tcp' })]);
  await bob.registered();
  assert.doesNotMatch(bob.log(), /Register: /, 'at the first try');
  await carol.registered();
});

/**
 * Asks again while a phone that was allowed a moment ago is still told whose calls it takes. @param {() => void} dial @param {(mark: number) => Promise<boolean>} rings
 */
async function knows(dial, rings) {
  let mark = 0;
  const tried = async () => {
    mark = bob.now();
    dial();
    const does = await rings(mark);
    bob.tell('hangup');
    return does;
  };
  // An account has forty calls at once.
  await eventually(tried, 'a phone that knows its contacts', 60_000, 2000);
  await bob.event('CALL_CLOSED', mark);
}

test('both phones learn from another device whose calls they take, and then need it no more', { skip }, async () => {
  const dial = () => bob.tell('dial', 'sip:carol@example.net');
  await knows(dial, async (mark) => (await bob.event('CALL_RINGING|CALL_CLOSED', mark)) === 'CALL_RINGING');
  // Hers is called: linphonec takes a 403 for a wrong password, asks for that, and does nothing else any more.
  let heard = 0;
  await knows(
    () => {
      heard = carol.now();
      dial();
    },
    () => carol.said(/Receiving new incoming call/, heard, 3000).then(Boolean, () => false),
  );
  await carol.said(/Call \d+ with .* (ended|error)/, heard);
  // From now on each has a phone and nothing else: who is busy is busy.
  await Promise.all(owners.map((each) => each.close()));
});

test('a call that the caller gives up stops ringing', { skip }, async () => {
  const { bob: from, carol: at } = await bobDials();
  bob.tell('hangup');
  await bob.event('CALL_CLOSED', from);
  await carol.said(/Call \d+ with .* ended/, at);
});

test(
  'bob calls carol: both hear each other, keys arrive, each holds and resumes, carol hangs up',
  { skip },
  async () => {
    const heard = carol.record('from-bob.wav');
    const { bob: from, carol: at } = await bobDials();
    carol.type('answer');
    await bob.event('CALL_ESTABLISHED', from);
    await bobHears(HERTZ.carol, 'carol');

    carol.type('5');
    await bob.event('CALL_DTMF_START', from);
    assert.equal(bob.events.findLast((each) => each.type === 'CALL_DTMF_START').param, '5');
    bob.tell('sndcode', '7');
    await carol.said(/Receiving tone 7 from/, at);

    bob.tell('hold');
    await carol.said(/has been paused by/, at);
    const resumed = carol.now();
    bob.tell('resume');
    await carol.said(/Media streams established/, resumed);
    const held = bob.now();
    const paused = carol.now();
    carol.type('pause');
    await carol.said(/is now paused/, paused);
    await bob.event('CALL_REMOTE_SDP', held);
    const again = bob.now();
    carol.type('resume');
    await bob.event('CALL_REMOTE_SDP', again);
    await carol.said(/Media streams established/, paused);

    const end = bob.now();
    carol.type('terminate');
    await bob.event('CALL_CLOSED', end);
    // linphonec writes what it heard when the call is over.
    await clear(() => heard, HERTZ.bob, 'carol hears bob');
  },
);

test('carol calls bob, who is busy; then he answers and hangs up', { skip }, async () => {
  let from = bob.now();
  let at = carol.now();
  carol.type('call sip:bob@example.net');
  await bob.event('CALL_INCOMING', from);
  bob.tell('hangup');
  await carol.said(/Call \d+ with .* error/, at);
  assert.match(await carol.log(), /SIP\/2\.0 486 /);

  const heard = carol.record('from-bob-again.wav');
  [from, at] = [bob.now(), carol.now()];
  carol.type('call sip:bob@example.net');
  await bob.event('CALL_INCOMING', from);
  assert.equal(bob.events.findLast((each) => each.type === 'CALL_INCOMING').peeruri, 'sip:carol@example.net');
  bob.tell('accept');
  await carol.said(/Media streams established/, at);
  await bobHears(HERTZ.carol, 'carol');
  bob.tell('hangup');
  await carol.said(/Call \d+ with .* ended/, at);
  await clear(() => heard, HERTZ.bob, 'carol hears bob');
});

test('texts go both ways between the phones', { skip }, async () => {
  carol.type('chat sip:bob@example.net hello from linphonec');
  await bob.said('hello from linphonec');
  bob.tell('message', 'hello from baresip');
  await carol.said('hello from baresip');
});

/** For some seconds, so that the other side has heard her as well. */
const hears = (hertz) => page.evaluate(hearTone, { hertz, heard: MIN_DECIBELS, clear: Number.MAX_VALUE });

test(
  'alice, in a browser, calls bob: both hear each other, keys arrive, bob hangs up; texts go both ways',
  { skip },
  async () => {
    await page.click('.person:has-text("bob@example.net")');
    const from = bob.now();
    await page.click('.head button:has-text("Call")');
    await bob.event('CALL_INCOMING', from);
    bob.tell('accept');
    await page.waitForSelector('.call-bar.running:has-text("its server can listen")', PATIENCE);
    const { decibels: best } = await hears(HERTZ.bob);
    assert.ok(best >= CLEAR_DECIBELS, `alice hears bob: ${best}`);
    measured.push(`alice hears bob ${best.toFixed(1)} dB`);
    await bobHears(HERTZ.alice, 'alice');
    const keys = bob.now();
    await page.click('[aria-label=Keypad]');
    await page.keyboard.type('4#15');
    const came = () =>
      bob.events
        .slice(keys)
        .filter((each) => each.type === 'CALL_DTMF_START')
        .map((each) => each.param)
        .join('');
    await eventually(() => came() === '4#15', 'the keys at bob', 10_000);
    bob.tell('hangup');
    await page.waitForSelector('.call-bar', { state: 'detached' });
    await page.fill('.write textarea', 'hello from alice');
    await page.keyboard.press('Enter');
    await bob.said('hello from alice');
  },
);

test('carol calls alice: both hear each other, alice hangs up', { skip }, async () => {
  const heard = carol.record('from-alice.wav');
  const at = carol.now();
  carol.type('call sip:alice@example.net');
  await page.click('.incoming button:has-text("Accept")', PATIENCE);
  await carol.said(/Media streams established/, at);
  const { decibels: best } = await hears(HERTZ.carol);
  assert.ok(best >= CLEAR_DECIBELS, `alice hears carol: ${best}`);
  measured.push(`alice hears carol ${best.toFixed(1)} dB`);
  await page.click('.call-bar button:has-text("Hang up")');
  await carol.said(/Call \d+ with .* ended/, at);
  await clear(() => heard, HERTZ.alice, 'carol hears alice');
});

test(
  'by TLS: offered keys, linphonec takes them and baresip, which has none, is asked in the clear',
  { skip },
  async () => {
    await Promise.all([bob.close(), carol.close()]);
    [bob, carol] = await Promise.all([
      openBaresip('baresip-tls', { server: TLS, transport: 'tls' }),
      openLinphone('linphone-tls', { server: TLS, transport: 'tls' }),
    ]);
    await bob.registered();
    await carol.registered();
    const heard = carol.record('by-tls.wav');
    const { bob: from } = await bobDials();
    carol.type('answer');
    await bob.event('CALL_ESTABLISHED', from);
    await bobHears(HERTZ.carol, 'carol');
    assert.match(await carol.log(), /m=audio \d+ RTP\/SAVP/);
    bob.tell('hangup');
    await bob.event('CALL_CLOSED', from);
    await clear(() => heard, HERTZ.bob, 'carol hears bob by SRTP');
    const at = carol.now();
    const next = bob.now();
    carol.type('call sip:bob@example.net');
    await bob.event('CALL_INCOMING', next);
    bob.tell('accept');
    await carol.said(/Media streams established/, at);
    await bobHears(HERTZ.carol, 'carol by TLS');
    console.log(`# ${measured.join(', ')}`);
  },
);
