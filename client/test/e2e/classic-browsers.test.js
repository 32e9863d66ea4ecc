// Browsers and ordinary SIP domains: alice@example.net, in Chromium, calls and writes to carol@classic.example, whom nobody knows and whose server is a
// Kamailio that a real DNS server names; and carol calls and writes to her. The page asks, and says all the time that nothing is verified.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { eventually } from './agents.js';
import { profile } from './browser.js';
import { classicWorld, heard } from './classic-world.js';
import { missing } from './kamailio.js';
import { picture } from './looks.js';
import { enrols } from './stage.js';
import { tone } from './tone.js';

const lacking = missing();
const skip = lacking ? `${lacking} not installed (RUNLEVEL=1 apt-get install ${lacking})` : false;
const CAROL = 'carol@classic.example';
const LOUD = 0.001;
/** @type {Awaited<ReturnType<typeof classicWorld>>} */
let world;
let alice;
/** @type {import('playwright-core').Page} */
let page;
let carol;

before(async () => {
  if (skip) return;
  world = await classicWorld({ words: ['--classic-browsers', 'example.net'] });
  const sound = join(world.folder, 'tone.wav');
  await writeFile(sound, tone(440));
  alice = await profile({ args: [`--use-file-for-fake-audio-capture=${sound}`] });
  page = alice.context.pages()[0];
  await page.addInitScript(() => {
    window.connections = [];
    const Original = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      constructor(how) {
        super(how);
        window.connections.push(this);
      }
    };
  });
  const { base } = world.server;
  await enrols(page, base, 'alice@example.net');
  await page.click('button:has-text("Got it")');
  carol = await world.neighbour('carol', { name: 'Carol', hertz: 700 });
});
after(async () => {
  await alice?.close();
  await world?.close();
});

const heardByAlice = () =>
  page.evaluate(async () => {
    let energy = 0;
    for (const s of (await window.connections.at(-1).getStats()).values())
      if (s.type === 'inbound-rtp') energy += s.totalAudioEnergy ?? 0;
    return energy;
  });

async function bothHear() {
  carol.state.heard.length = 0;
  const before = await heardByAlice();
  await eventually(async () => (await heardByAlice()) > before + LOUD, 'carol heard by alice', 20_000);
  await eventually(() => heard(carol.state.heard, 440), 'alice heard by carol', 20_000);
}

async function lookUp(address) {
  await page.click('.list-foot button:has-text("New conversation")');
  await page.fill('#new-address', address);
  await page.keyboard.press('Enter');
}

test('of carol nothing is known: the page says so, asks, and alice says no', { skip }, async () => {
  await lookUp(CAROL);
  await page.waitForSelector('.line-offer:has-text("Nobody with the address carol@classic.example is on Starling")');
  await picture(page, 'line-offer');
  await page.click('.line-offer button:has-text("Call as a phone line")');
  await page.waitForSelector('dialog:has-text("can listen")');
  await picture(page, 'line-question');
  await page.click('dialog button:has-text("Cancel")');
  assert.equal(carol.state.ringing, 0);
});

test(
  'she says yes: it rings, both hear each other, and the page says all the time who can listen',
  { skip },
  async () => {
    await page.click('.line-offer button:has-text("Call as a phone line")');
    await page.click('dialog button:has-text("Call anyway")');
    await page.waitForSelector('.call-bar.running');
    assert.match(carol.state.from, /<sip:alice@example\.net>/);
    const server = new URL(world.server.base).host;
    assert.equal((await page.textContent('.call-bar .call-line')).trim(), `not verified: ${server} can listen !`);
    await bothHear();
    await picture(page, 'line-call');
    await page.click('.call-bar button:has-text("Hang up")');
    await eventually(() => carol.state.ended === 1, 'carol hears the end');
  },
);

/** Calls whoever is looked up, and answers the question with yes. @param {string} address */
async function callAnyway(address) {
  await lookUp(address);
  await page.click('.line-offer button:has-text("Call as a phone line")');
  await page.click('dialog button:has-text("Call anyway")');
}

const closeCall = () => page.click('.call-bar button:has-text("Close")');

test('carol hangs up; busy, nobody there and given up are told apart', { skip }, async () => {
  await page.click('.head button:has-text("Call")');
  await page.click('dialog button:has-text("Call anyway")');
  await page.waitForSelector('.call-bar.running');
  await carol.hangUp();
  await page.waitForSelector('.call-bar', { state: 'detached' });
  await world.neighbour('busy', { answers: 'busy' });
  await callAnyway('busy@classic.example');
  await page.waitForSelector('.call-bar:has-text("busy@classic.example is busy.")');
  await closeCall();
  await callAnyway('nobody@classic.example');
  await page.waitForSelector(
    '.call-bar:has-text("The server of nobody@classic.example knows nobody with this address.")',
  );
  await closeCall();
  const slow = await world.neighbour('slow', { answers: false });
  await callAnyway('slow@classic.example');
  await page.waitForSelector('.call-bar:has-text("Ringing")');
  assert.ok(await page.isVisible('.call-bar .call-line'), 'also while it rings');
  await page.click('.call-bar button:has-text("Hang up")');
  await eventually(() => slow.state.ended === 1, 'it stops ringing there');
});

test('a text goes out after the same question, and is shown as not verified; sent, or not', { skip }, async () => {
  await page.click('.person:has-text("carol@classic.example")');
  await page.waitForSelector('.line-note:has-text("not encrypted")');
  await page.fill('textarea', 'hello carol');
  await page.keyboard.press('Enter');
  // The call before was agreed to, and so are its texts, in this session.
  await page.waitForSelector('.bubble:has-text("hello carol"):has-text("not verified") .mark-sent');
  assert.deepEqual(carol.state.texts, ['hello carol']);
  await page.click('.person:has-text("nobody@classic.example")');
  await page.fill('textarea', 'is anybody there?');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.failed-line:has-text("knows nobody with this address")');
  await picture(page, 'line-texts');
});

test('what is agreed to for good is not asked again, shown, and can be taken back', { skip }, async () => {
  await page.click('.person:has-text("carol@classic.example")');
  await page.click('.head button:has-text("Call")');
  await page.check('dialog input[type=checkbox]');
  await page.click('dialog button:has-text("Call anyway")');
  await page.waitForSelector('.call-bar.running');
  await page.click('.call-bar button:has-text("Hang up")');
  await page.waitForSelector('.line-note:has-text("Calls start without asking")');
  await page.click('.head button:has-text("Call")');
  await page.waitForSelector('.call-bar.running');
  await page.click('.call-bar button:has-text("Hang up")');
  await page.click('.head [aria-haspopup=menu]');
  await page.click('text=Ask again before each call');
  await page.click('.head button:has-text("Call")');
  await page.waitForSelector('dialog:has-text("can listen")');
  await page.keyboard.press('Escape');
});

const setting = 'label:has-text("Let ordinary phone lines ring here") input';

test('until alice lets ordinary phone lines ring, carol is refused as everybody is', { skip }, async () => {
  const refused = await carol.call('alice@example.net');
  assert.equal(refused.start, 'SIP/2.0 403 Send a contact request');
  assert.equal((await carol.call('nobody@example.net')).start, refused.start);
  assert.equal((await carol.text('alice@example.net', 'too early')).start, refused.start);
});

test('then carol calls her: not verified, and by whom it can be heard; both hear each other', { skip }, async () => {
  await page.click('[aria-label=Settings]');
  assert.equal(await page.isChecked(setting), false);
  await page.check(setting);
  // Her server hears of it a moment later.
  let ringing = carol.call('alice@example.net');
  const incoming = page.waitForSelector('.incoming:has-text("Carol"):has-text("can listen")');
  for (let i = 0; i < 5; i++) {
    const said = await Promise.race([ringing, incoming]);
    if (said.status !== 403) break;
    await setTimeout(300);
    ringing = carol.call('alice@example.net');
  }
  await incoming;
  await picture(page, 'line-ringing');
  await page.click('.incoming button:has-text("Accept")');
  assert.equal((await ringing).status, 200);
  await page.waitForSelector('.call-bar.running .call-line');
  await bothHear();
  await carol.hangUp();
  await page.waitForSelector('.call-bar', { state: 'detached' });
});

test('alice declines, or hangs up; carol gives up, and it stops ringing', { skip }, async () => {
  const declined = carol.call('alice@example.net');
  await page.click('.incoming button:has-text("Decline")');
  assert.equal((await declined).status, 603);
  const answered = carol.call('alice@example.net');
  await page.click('.incoming button:has-text("Accept")');
  assert.equal((await answered).status, 200);
  const ended = carol.state.ended;
  await page.waitForSelector('.call-bar.running');
  await page.click('.call-bar button:has-text("Hang up")');
  await eventually(() => carol.state.ended > ended, 'carol hears the end');
  const given = carol.call('alice@example.net');
  await page.waitForSelector('.incoming');
  carol.cancel();
  assert.equal((await given).status, 487);
  await page.waitForSelector('.incoming', { state: 'detached' });
});

test('a text of carol is kept with her address, marked', { skip }, async () => {
  assert.equal((await carol.text('alice@example.net', 'hello alice')).status, 200);
  await page.click('.person:has-text("carol@classic.example")');
  await page.waitForSelector('.bubble:has-text("hello alice"):has-text("not verified")');
  await picture(page, 'line-conversation');
});
