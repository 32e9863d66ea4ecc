// Two people in browsers whose calls may use nothing but relays.
import { profile } from './browser.js';
import { code } from './servers.js';

export const PATIENCE = { timeout: 30_000 };
export const LOUD = 0.001;

/**
 * Alice at the first server and Bob at the second, contacts of each other.
 * @param {{bases: string[]}} servers
 */
export async function friends(servers) {
  /** @type {Record<string, any>} */
  const people = {};
  for (const [name, server] of [
    ['alice', 0],
    ['bob', 1],
  ]) {
    const browser = await profile();
    const page = browser.context.pages()[0];
    await page.addInitScript(relayedOnly);
    people[name] = { browser, page, address: `${name}@example.net` };
    await page.goto(servers.bases[server]);
    await page.fill('#address', `${name}@example.net`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    await page.fill('#code', await code(servers.bases[0], `${name}@example.net`));
    await page.keyboard.press('Enter');
    await page.waitForSelector('select.availability', PATIENCE);
  }
  const { alice, bob } = people;
  await alice.page.click('.list-foot button:has-text("New conversation")');
  await alice.page.fill('#new-address', bob.address);
  await alice.page.click('button:has-text("Send contact request")');
  await bob.page.click('.list-foot button:has-text("Requests")');
  await bob.page.click('button:has-text("Accept")');
  await alice.page.waitForSelector('.head .presence-online', PATIENCE);
  return people;
}

/**
 * As a network would have it that lets nothing else through: relays over one transport or, once there is a `wayPort`, the one of `relayPort` along it.
 * What goes out in SIP is written down: method, whether it names candidates, and to which server.
 */
function relayedOnly() {
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.transport = 'udp';
  window.sent = [];
  const has = (urls, what) => urls.some((url) => url.includes(what));
  const along = (servers) =>
    window.wayPort
      ? servers
          .filter(({ urls }) => has(urls, `:${window.relayPort}?`))
          .map((each) => ({ ...each, urls: [`turn:127.0.0.1:${window.wayPort}?transport=udp`] }))
      : servers.map((each) => ({
          ...each,
          urls: each.urls.filter((url) => has([url], `transport=${window.transport}`)),
        }));
  window.RTCPeerConnection = class extends Original {
    constructor(how) {
      super({ ...how, iceServers: along(how.iceServers), iceTransportPolicy: 'relay' });
      window.connections.push(this);
    }
    setConfiguration(how) {
      super.setConfiguration({ ...how, iceServers: along(how.iceServers) });
    }
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    window.sent.push({
      method: text.split(' ')[0],
      candidates: /^a=candidate/m.test(text),
      at: performance.now(),
      to: this.url,
    });
    return send.call(this, data);
  };
}

/** What was heard, and how the two sides are connected. @param {import('playwright-core').Page} page */
export const measured = (page) =>
  page.evaluate(async () => {
    let heard = 0;
    const kinds = [];
    for (const connection of window.connections) {
      if (connection.connectionState !== 'connected') continue;
      const stats = await connection.getStats();
      for (const s of stats.values()) {
        if (s.type === 'inbound-rtp') heard += s.totalAudioEnergy ?? 0;
        if (s.type === 'candidate-pair' && s.nominated)
          kinds.push(`${stats.get(s.localCandidateId).candidateType} ${stats.get(s.localCandidateId).relayProtocol}`);
      }
    }
    return { heard, kinds };
  });

/** Alice calls, Bob accepts; what connects them once both have heard the other. */
export async function heardBothWays({ alice, bob }) {
  await alice.page.click('.head button:has-text("Call")');
  await bob.page.click('.incoming button:has-text("Accept")', PATIENCE);
  const all = new Set();
  for (const { page } of [alice, bob]) {
    await page.waitForSelector('.call-bar.running', PATIENCE);
    let now = await measured(page);
    for (let i = 0; i < 80 && now.heard < LOUD; i++) {
      await page.waitForTimeout(250);
      now = await measured(page);
    }
    if (now.heard < LOUD) throw new Error(`heard ${now.heard}`);
    for (const kind of now.kinds) all.add(kind);
  }
  return [...all];
}

export async function hangUp({ alice, bob }) {
  await alice.page.click('.call-bar button:has-text("Hang up")');
  for (const { page } of [alice, bob]) await page.waitForSelector('.call-bar', { state: 'detached' });
  await alice.page.waitForFunction(() => window.connections.every((each) => each.connectionState === 'closed'));
}
