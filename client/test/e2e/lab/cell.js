// What happens in one cell of the matrix, in two real browsers: each proves an address to the CA at its own server, they become contacts, write, and call.
import assert from 'node:assert/strict';
import { DOMAINS, HERTZ } from './lab.js';
import { isDirect } from './nat.js';

const PATIENCE_MILLIS = 60_000;
/** Of the tone above all else: when it counts as heard, and what Opus leaves of it in good calls. */
export const MIN_DECIBELS = 20;
const CLEAR_DECIBELS = 30;

/**
 * @typedef {{enrol: number, message: number, ring: number, connect: number, heard: number, decibels: number, path: string, relayed: boolean}} Measured
 *   ms: enrol, from the first request to online, of the slower one; message, written to shown; ring, call to ringing; connect, from the offer's beginning
 *   until ICE and DTLS are done, at the caller; heard, from Accept until both hear the other; path: types of the candidates in use, as each side has them
 */

/** Runs in each page before its own code: keeps its peer connections and when they connected, and leaves the microphone's sound as it is. */
export function inPage() {
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

/**
 * In the page: waits until a tone comes out of the connection, and for a while longer until it is clear.
 * @param {{hertz: number, heard: number, clear: number}} asked  decibels of the tone above all else
 * @returns {Promise<{at: number, decibels: number}>} at: when it was heard, Unix ms; NaN when it never was
 */
export async function hearTone({ hertz, heard, clear }) {
  // Who is called at several devices has a connection for each; one of them answers.
  const connected = window.connections.findLast((each) => each.connectionState === 'connected');
  const track = (connected ?? window.connections.at(-1)).getReceivers()[0].track;
  const context = new AudioContext({ sampleRate: 48_000 });
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const width = 48_000 / analyser.fftSize;
  let [best, at, end] = [-Infinity, NaN, performance.now() + 20_000];
  while (best < clear && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    analyser.getFloatFrequencyData(bins);
    let [wanted, rest] = [0, 1e-12];
    bins.forEach((decibels, i) => {
      if (Math.abs(i * width - hertz) <= 4 * width) wanted += 10 ** (decibels / 10);
      else rest += 10 ** (decibels / 10);
    });
    best = Math.max(best, 10 * Math.log10(wanted / rest));
    if (best < heard || at) continue;
    at = performance.timeOrigin + performance.now();
    end = performance.now() + 3000;
  }
  await context.close();
  return { at, decibels: best };
}

/**
 * In the page: the pair of candidates that is in use, once it is one without a relay when that is what is waited for; what it is then or at last.
 * @param {boolean} direct
 * @returns {Promise<{local: string, remote: string, over: string, relayed: boolean}>}
 */
async function selectedPair(direct) {
  const connection = window.connections.at(-1);
  const look = async () => {
    const stats = await connection.getStats();
    const transport = [...stats.values()].find((each) => each.type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    const kinds = { local: local?.candidateType, remote: remote?.candidateType };
    const relayed = Object.values(kinds).includes('relay');
    return { ...kinds, over: local?.relayProtocol ?? local?.protocol, relayed };
  };
  const ice = connection.getSenders()[0].transport.iceTransport;
  const end = performance.now() + 10_000;
  for (;;) {
    const changed = new Promise((resolve) => {
      ice.addEventListener('selectedcandidatepairchange', resolve, { once: true });
      // Statistics are as old as 50 ms, and may miss what was told a moment ago.
      setTimeout(resolve, 250);
    });
    const now = await look();
    if (!direct || !now.relayed || performance.now() > end) return now;
    await changed;
  }
}

/**
 * Opens a page of a person at a server and proves an address.
 * @param {import('./lab.js').Lab} lab @param {0 | 1} side @param {import('./internet.js').Home} home @param {string} name
 */
async function arrive(lab, side, home, name) {
  const browser = await lab.browser(side, home);
  const page = browser.context.pages()[0];
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (each) => each.type() === 'error' && complaints.push(each.text()));
  page.on('pageerror', (each) => complaints.push(each.message));
  page.on('requestfailed', (each) => complaints.push(`${each.url()} ${each.failure()?.errorText}`));
  try {
    page.setDefaultTimeout(PATIENCE_MILLIS);
    await page.addInitScript(inPage);
    /** The servers that it speaks SIP with. @type {Set<string>} */
    const servers = new Set();
    page.on('websocket', (each) => servers.add(new URL(each.url()).hostname));
    const address = `${name}@${DOMAINS[side]}`;
    const start = performance.now();
    await page.goto(lab.peers[side].base);
    await page.fill('#address', address);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    await page.fill('#code', await lab.code(address));
    await page.keyboard.press('Enter');
    await page.waitForSelector('select.availability');
    return { browser, page, address, servers, took: performance.now() - start };
  } catch (e) {
    const shown = await page.innerText('body', { timeout: 1000 }).catch(() => '');
    await browser.close();
    throw new Error(
      `${name} at ${page.url()} sees "${shown.slice(0, 500)}", told: ${complaints.slice(0, 10).join('; ')}`,
      {
        cause: e,
      },
    );
  }
}

/** @param {import('playwright-core').Page} from @param {import('playwright-core').Page} to @param {string} text @returns {Promise<number>} ms */
async function write(from, to, text) {
  await from.fill('.write textarea', text);
  const start = performance.now();
  await from.keyboard.press('Enter');
  await to.locator('.bubble-text', { hasText: text }).first().waitFor();
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
      /** @type {const} */ (['alice', 'bob']).map((name, i) =>
        arrive(lab, /** @type {0 | 1} */ (i), homes[i], `${name}${number}`),
      ),
    );
    people = came.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    for (const each of came) if (each.status === 'rejected') throw each.reason;
    const [alice, bob] = people;
    await befriend(alice, bob);
    const message = await write(alice.page, bob.page, 'Can you hear me?');
    await write(bob.page, alice.page, 'Call and see');
    const heard = await call(alice.page, bob.page, isDirect(a, b));
    for (const [i, { servers }] of people.entries())
      assert.deepEqual([...servers], [`peer.${DOMAINS[i]}`], 'everybody at the own server alone');
    return { enrol: Math.max(alice.took, bob.took), message, ...heard };
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
  for (const { page } of [alice, bob]) await page.waitForSelector('.head .presence-online');
}

/** Until the call runs; if it does not, what the page says and how far ICE came. @param {import('playwright-core').Page} page */
async function runs(page) {
  await page.waitForSelector('.call-bar.running, .call-bar.ended', { timeout: 60_000 }).catch(() => {});
  if (await page.locator('.call-bar.running').count()) return;
  const bar = page.locator('.call-bar');
  const said = (await bar.count()) ? await bar.innerText() : 'nothing of a call';
  throw new Error(`the call does not run: the page says ${JSON.stringify(said)}; ${await page.evaluate(iceSoFar)}`);
}

/** In the page. @returns {Promise<string>} */
async function iceSoFar() {
  const connection = window.connections.at(-1);
  if (!connection) return 'no connection';
  const stats = [...(await connection.getStats()).values()];
  const ends = (/** @type {string} */ type) =>
    stats
      .filter((s) => s.type === type)
      .map((s) => `${s.candidateType} ${s.relayProtocol ?? s.protocol} ${s.address?.includes(':') ? 'IPv6' : 'IPv4'}`);
  const pairs = stats
    .filter((s) => s.type === 'candidate-pair')
    .map((s) => `${s.state} ${s.requestsSent}/${s.responsesReceived}`);
  return JSON.stringify({
    states: [connection.connectionState, connection.iceConnectionState, connection.iceGatheringState],
    local: ends('local-candidate'),
    remote: ends('remote-candidate'),
    pairs,
  });
}

/** @param {import('playwright-core').Page} alice @param {import('playwright-core').Page} bob @param {boolean} direct  whether it should become so */
async function call(alice, bob, direct) {
  const dialled = performance.now();
  await alice.click('.head button:has-text("Call")');
  await bob.waitForSelector('.incoming');
  const ring = performance.now() - dialled;
  const hearing = [alice, bob].map((page, i) =>
    page.evaluate(hearTone, { hertz: HERTZ[1 - i], heard: MIN_DECIBELS, clear: CLEAR_DECIBELS }),
  );
  // What fails before they are waited for is the reason, and not that their pages were closed then.
  for (const each of hearing) each.catch(() => {});
  await bob.click('.incoming button:has-text("Accept")');
  const accepted = Date.now();
  await Promise.all([alice, bob].map(runs));
  const connect = await alice.evaluate(() => window.connections.at(-1).up);
  const heard = await Promise.all(hearing);
  const pairs = await Promise.all([alice, bob].map((page) => page.evaluate(selectedPair, direct)));
  for (const [i, page] of [alice, bob].entries()) {
    const word = pairs[i].relayed ? 'by relay' : 'direct';
    const facts = page.locator('.call-facts');
    await facts
      .filter({ hasText: word })
      .waitFor({ timeout: 10_000 })
      .catch(async () => {
        throw new Error(`the page says "${await facts.innerText()}" of ${JSON.stringify(pairs)}`);
      });
  }
  await alice.click('.call-bar button:has-text("Hang up")');
  for (const page of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
  return {
    ring,
    connect,
    heard: Math.max(...heard.map(({ at }) => at)) - accepted,
    decibels: Math.min(...heard.map((each) => each.decibels)),
    relayed: pairs.some((each) => each.relayed),
    path: [...new Set(pairs.map(({ local, remote, over }) => `${local}-${remote} ${over}`))].join(', '),
  };
}
