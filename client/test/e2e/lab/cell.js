// What happens in one cell of the matrix, in two real browsers: each proves an address to the CA at its own server, they become contacts, write, and call.
import assert from 'node:assert/strict';
import { DOMAINS, HERTZ } from './lab.js';

const PATIENCE = { timeout: 30_000 };
/** A tone that came through Opus is far above that, what a lost packet leaves is below for a moment. */
const MIN_DECIBELS = 20;

/** @typedef {{enrol: number, message: number, ring: number, connect: number, heard: number, decibels: number, path: string, relayed: boolean, shown: string}} Measured
 *   times in ms; path: the candidates of the selected pair, the caller's first; decibels: of the other's tone above all else, where it was worse */

/** Runs in each page before its own code: keeps its peer connections and when they connected, and leaves the microphone's sound as it is. */
function inPage() {
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (asked) => {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return open({ ...asked, audio: { ...(typeof asked?.audio === 'object' ? asked.audio : {}), ...plain } });
  };
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...all) {
      super(...all);
      window.connections.push(this);
      this.madeAt = performance.now();
      this.up = new Promise((resolve) =>
        this.addEventListener('connectionstatechange', () => {
          if (this.connectionState === 'connected') resolve(performance.now() - this.madeAt);
        }),
      );
    }
  };
}

/** In the page: waits until a tone comes out of the connection. @param {{hertz: number, enough: number}} asked @returns {Promise<{at: number, decibels: number}>} at: Unix ms */
async function hearTone({ hertz, enough }) {
  const connection = window.connections.at(-1);
  const context = new AudioContext({ sampleRate: 48_000 });
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(new MediaStream([connection.getReceivers()[0].track])).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const width = 48_000 / 8192;
  let best = -Infinity;
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    analyser.getFloatFrequencyData(bins);
    let [wanted, rest] = [0, 1e-12];
    bins.forEach((decibels, i) => {
      const power = 10 ** (decibels / 10);
      if (Math.abs(i * width - hertz) <= 4 * width) wanted += power;
      else rest += power;
    });
    best = Math.max(best, 10 * Math.log10(wanted / rest));
    if (best >= enough) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const at = performance.timeOrigin + performance.now();
  await context.close();
  return { at, decibels: best };
}

/** In the page: the selected pair of candidates. */
async function selectedPair() {
  const stats = await window.connections.at(-1).getStats();
  const all = [...stats.values()];
  const transport = all.find((each) => each.type === 'transport');
  const pair = stats.get(transport?.selectedCandidatePairId);
  const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
  return { local: local?.candidateType, remote: remote?.candidateType, over: local?.relayProtocol ?? local?.protocol };
}

/** Opens a page of a person at a server and proves an address. @param {import('./lab.js').Lab} lab @param {0 | 1} side @param {import('./internet.js').Home} home @param {string} name */
async function arrive(lab, side, home, name) {
  const browser = await lab.browser(side, home);
  const page = browser.context.pages()[0];
  await page.addInitScript(inPage);
  const address = `${name}@${DOMAINS[side]}`;
  const start = performance.now();
  await page.goto(lab.peers[side].base);
  await page.fill('#address', address);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#code', PATIENCE);
  await page.fill('#code', await lab.code(address));
  await page.keyboard.press('Enter');
  await page.waitForSelector('select.availability', PATIENCE);
  return { browser, page, address, took: performance.now() - start };
}

/** @param {import('playwright-core').Page} from @param {import('playwright-core').Page} to @param {string} text @returns {Promise<number>} ms */
async function write(from, to, text) {
  await from.fill('.write textarea', text);
  const start = performance.now();
  await from.keyboard.press('Enter');
  await to.locator('.bubble-text', { hasText: text }).first().waitFor(PATIENCE);
  return performance.now() - start;
}

/**
 * @param {import('./lab.js').Lab} lab @param {number} number  of the cell, from 1
 * @param {string} a @param {string} b  kinds of routers
 * @returns {Promise<Measured>}
 */
export async function cell(lab, number, a, b) {
  const homes = await Promise.all([lab.net.home(0, number, a), lab.net.home(1, number, b)]);
  /** @type {Awaited<ReturnType<typeof arrive>>[]} */
  let people = [];
  try {
    const came = await Promise.allSettled(
      /** @type {const} */ (['alice', 'bob']).map((name, i) => arrive(lab, /** @type {0 | 1} */ (i), homes[i], `${name}${number}`)),
    );
    people = came.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const each of came) if (each.status === 'rejected') throw each.reason;
    const [alice, bob] = people;
    await befriend(alice, bob);
    const message = await write(alice.page, bob.page, 'Can you hear me?');
    await write(bob.page, alice.page, 'Call and see');
    return { enrol: Math.max(alice.took, bob.took), message, ...(await call(alice.page, bob.page)) };
  } finally {
    await Promise.allSettled(people.map(({ browser }) => browser.close()));
    for (const home of homes) await home.close();
  }
}

/** @typedef {{page: import('playwright-core').Page, address: string}} Person */

/** @param {Person} alice @param {Person} bob */
async function befriend(alice, bob) {
  await alice.page.click('.list-foot button:has-text("New conversation")');
  await alice.page.fill('#new-address', bob.address);
  await alice.page.click('button:has-text("Send contact request")');
  await bob.page.click('.list-foot button:has-text("Requests")');
  await bob.page.click('button:has-text("Accept")');
  await bob.page.click(`.person:has-text("${alice.address}")`);
  for (const { page } of [alice, bob]) await page.waitForSelector('.head .presence-online', PATIENCE);
}

/** @param {import('playwright-core').Page} alice @param {import('playwright-core').Page} bob */
async function call(alice, bob) {
  const dialled = performance.now();
  await alice.click('.head button:has-text("Call")');
  await bob.waitForSelector('.incoming', PATIENCE);
  const ring = performance.now() - dialled;
  await bob.click('.incoming button:has-text("Accept")');
  const accepted = Date.now();
  for (const page of [alice, bob]) await page.waitForSelector('.call-bar.running', PATIENCE);
  const connect = await alice.evaluate(() => window.connections.at(-1).up);
  const heard = await Promise.all(
    [alice, bob].map((page, i) => page.evaluate(hearTone, { hertz: HERTZ[1 - i], enough: MIN_DECIBELS })),
  );
  const decibels = Math.min(...heard.map((each) => each.decibels));
  assert.ok(decibels >= MIN_DECIBELS, `the tone stands out by ${heard.map((each) => each.decibels.toFixed(1))} dB`);
  const pairs = await Promise.all([alice, bob].map((page) => page.evaluate(selectedPair)));
  const shown = await alice.locator('.call-bar').innerText();
  await alice.click('.call-bar button:has-text("Hang up")');
  for (const page of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
  const relayed = pairs.some(({ local, remote }) => local === 'relay' || remote === 'relay');
  const path = pairs.map(({ local, remote, over }) => `${local}-${remote} (${over})`).join(', ');
  return { ring, connect, heard: Math.max(...heard.map(({ at }) => at)) - accepted, decibels, path, relayed, shown };
}
