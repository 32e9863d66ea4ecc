// A phone with plain RTP and a browser hear each other through the gateway: a tone both ways, calls both ways, keys, hold and new ICE.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { profile } from './browser.js';
import { decoded, gateway, phone, toneSnr } from './gateway.js';

const SECONDS = 4;
/** G.711 itself leaves 37 dB of a tone. */
const TRIES = 5;
const GOOD_DB = 30;

let browser;
let page;
let bridge;
let site;
before(async () => {
  site = createServer((_, response) => response.end('<!doctype html><title>phone</title>'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', () => resolve(undefined)));
  browser = await profile({ args: ['--autoplay-policy=no-user-gesture-required'] });
  page = browser.context.pages()[0];
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  bridge = await gateway();
});
after(async () => {
  await bridge?.close();
  await browser?.close();
  site?.close();
});

/** One side of a call in the page: it sends a tone of 440 Hz and records. */
async function inPage() {
  await page.evaluate(async () => {
    window.pc?.close();
    window.tap?.disconnect();
    const pc = (window.pc = new RTCPeerConnection());
    const sound = (window.sound ??= new AudioContext({ sampleRate: 48000 }));
    const tone = new OscillatorNode(sound, { frequency: 440 });
    const level = new GainNode(sound, { gain: 0.3 });
    const out = sound.createMediaStreamDestination();
    tone.connect(level).connect(out);
    tone.start();
    window.heard = [];
    pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
    pc.ontrack = ({ streams, track }) => {
      const stream = streams[0] ?? new MediaStream([track]);
      const player = new Audio();
      player.srcObject = stream;
      void player.play();
      const tap = (window.tap = sound.createScriptProcessor(4096, 1, 1));
      tap.onaudioprocess = (e) => window.heard.push(...e.inputBuffer.getChannelData(0));
      sound.createMediaStreamSource(stream).connect(tap).connect(sound.destination);
    };
  });
}

/** @param {'offer' | 'answer'} kind @param {string} [offer] */
const local = (kind, offer) =>
  page.evaluate(
    async ([kind, offer]) => {
      const { pc } = window;
      if (offer) await pc.setRemoteDescription({ type: 'offer', sdp: offer });
      await pc.setLocalDescription(kind === 'offer' ? await pc.createOffer(window.how) : await pc.createAnswer());
      if (pc.iceGatheringState !== 'complete')
        await new Promise((resolve) =>
          pc.addEventListener(
            'icegatheringstatechange',
            () => pc.iceGatheringState === 'complete' && resolve(undefined),
          ),
        );
      return pc.localDescription.sdp;
    },
    [kind, offer],
  );
const remote = (sdp) => page.evaluate((sdp) => window.pc.setRemoteDescription({ type: 'answer', sdp }), sdp);
const connected = () =>
  page.waitForFunction(() => window.pc.connectionState === 'connected', null, { timeout: 20_000 });

/** Both record for some seconds from now on; in dB. */
async function measure(desk) {
  await page.evaluate(() => (window.heard.length = 0));
  desk.heard.length = 0;
  await page.waitForFunction((n) => window.heard.length > n, SECONDS * 48_000, { timeout: 30_000 });
  const inBrowser = toneSnr(await page.evaluate((n) => window.heard.slice(-n), (SECONDS - 1) * 48_000), 48_000);
  const inPhone = toneSnr(
    desk.heard.flatMap((each) => each.samples),
    8000,
  );
  return { inBrowser, inPhone };
}

/** Within a few seconds: a busy computer makes the browser stretch the sound now and then. */
async function good(desk, t) {
  let snr = await measure(desk);
  for (let i = 1; i < TRIES && !isGood(snr); i++) snr = await measure(desk);
  t.diagnostic(`tone in the browser ${snr.inBrowser.toFixed(1)} dB, in the phone ${snr.inPhone.toFixed(1)} dB`);
  assert.ok(isGood(snr), JSON.stringify(snr));
}
const isGood = ({ inBrowser, inPhone }) => inBrowser >= GOOD_DB && inPhone >= GOOD_DB;

test('a phone calls a browser: both hear the tone', async (t) => {
  const desk = await phone();
  t.after(() => desk.close());
  await inPage();
  const [offer] = await bridge.ask('from-phone', desk.describe());
  const answer = await local('answer', decoded(offer));
  const [back] = await bridge.ask('answered', answer);
  desk.talk(decoded(back));
  await connected();
  await good(desk, t);
  await bridge.ask('close');
});

/** A call by the browser, heard both ways. @param {import('node:test').TestContext} t */
async function callOfBrowser(t) {
  const desk = await phone();
  t.after(() => desk.close());
  await inPage();
  const [offer] = await bridge.ask('from-web', await local('offer'));
  desk.talk(decoded(offer));
  const [back] = await bridge.ask('answered', desk.describe());
  await remote(decoded(back));
  await connected();
  return desk;
}

test('a browser calls a phone: both hear the tone, and keys arrive', async (t) => {
  const desk = await callOfBrowser(t);
  await good(desk, t);
  await page.evaluate(() => window.pc.getSenders()[0].dtmf.insertDTMF('5', 100));
  for (let i = 0; i < 200 && !desk.events.some((each) => each.isEnd); i++) await page.waitForTimeout(50);
  assert.ok(
    desk.events.some((each) => each.event === 5 && each.isEnd),
    'the key 5 arrives at the phone',
  );
  await bridge.ask('close');
  await page.waitForFunction(() => window.pc.connectionState !== 'connected', null, { timeout: 20_000 });
});

test('a phone holds and lets go, and a browser restarts ICE: the sound comes back', async (t) => {
  const desk = await callOfBrowser(t);
  for (const [version, direction] of [
    [2, 'sendonly'],
    [3, 'sendrecv'],
  ]) {
    const [kind, offer] = await bridge.ask('reoffer-of-callee', desk.describe(direction, version));
    assert.equal(kind, 'offer');
    assert.match(decoded(offer), new RegExp(`a=${direction}`));
    const [answer] = await bridge.ask('reanswered', await local('answer', decoded(offer)));
    assert.match(decoded(answer), direction === 'sendonly' ? /a=recvonly/ : /a=sendrecv/);
    if (direction === 'sendonly') {
      // What is on its way arrives; then nothing.
      await page.waitForTimeout(300);
      desk.heard.length = 0;
      await page.waitForTimeout(500);
      assert.equal(desk.heard.length, 0, 'a phone that holds hears nothing');
    }
  }
  await good(desk, t);

  const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];
  const before = ufrag(await page.evaluate(() => window.pc.remoteDescription.sdp));
  await page.evaluate(() => (window.how = { iceRestart: true }));
  const [kind, answer] = await bridge.ask('reoffer-of-caller', await local('offer'));
  await page.evaluate(() => (window.how = {}));
  assert.equal(kind, 'answer');
  assert.notEqual(ufrag(decoded(answer)), before);
  await remote(decoded(answer));
  await connected();
  await good(desk, t);
  assert.deepEqual(
    bridge.ends.filter((each) => each !== 'CLOSED'),
    [],
  );
  await bridge.ask('close');
});
