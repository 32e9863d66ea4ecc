// Starts the page: the one tab that speaks, storage, the core, what is drawn, the service worker.
import { journal } from '../core/journal.js';
import { Person } from '../core/person.js';
import { App } from './app.js';
import { html, render } from './html.js';
import { setLanguage } from './i18n.js';
import { watchForNotifications } from './notify.js';
import { fromThisComputer } from './origin.js';
import { ringWithCalls } from './ring.js';
import { createMediaEngine } from './rtc.js';
import { askToKeepStore, openStore } from './store-idb.js';
import { speakFromThisTab } from './tab.js';
import { Elsewhere } from './views/elsewhere.js';

const MAX_ANCHORS = 256 * 1024;
const ANCHORS_MILLIS = 5000;
const root = /** @type {HTMLElement} */ (document.getElementById('app'));

async function start() {
  const lately = journal(Date.now);
  lately.hear(console);
  const store = await openStore();
  const settings = await store.get('me', 'settings');
  await setLanguage(settings?.language ?? '');
  /** @type {Person | null} */
  let core = null;
  await speakFromThisTab(askForThisTab, async () => {
    await core?.close();
    render(html`<${Elsewhere} here=${() => location.reload()} />`, root);
  });
  const far = /** @type {HTMLAudioElement} */ (document.getElementById('far'));
  core = await Person.open({
    store,
    fetch: (input, init) => fetch(input, init),
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers: [`${location.origin}/`],
    morePeers: shippedPeers,
    anchors: shippedAnchors,
    loopback: () => fromThisComputer,
    media: 'RTCPeerConnection' in window ? createMediaEngine(far) : null,
    deviceName: browserName(navigator.userAgent),
    journal: lately,
    program: `web app of ${location.origin}, ${navigator.userAgent}`,
  });
  show(core);
  addEventListener('online', () => core?.hurry());
  watchForNotifications(core);
  ringWithCalls(core);
  keepOnceEnrolled(core);
  keepWithoutServer();
}

/** CAs that came with the app: whoever serves this page says which. @returns {Promise<string>} */
async function shippedAnchors() {
  const answer = await fetch('/web/anchors.pem', { signal: AbortSignal.timeout(ANCHORS_MILLIS) });
  if (!answer.ok) throw new Error(`anchors: status ${answer.status}`);
  return (await answer.text()).slice(0, MAX_ANCHORS);
}

/** Servers that came with the app. @returns {Promise<string[]>} */
async function shippedPeers() {
  try {
    const list = await (await fetch('/web/peers.json')).json();
    return Array.isArray(list) ? list.filter((each) => /^https:\/\/[^/?#]+\/$/.test(each)).slice(0, 32) : [];
  } catch {
    return [];
  }
}

/** Resolves when the person wants to go on in this tab. @returns {Promise<void>} */
function askForThisTab() {
  return new Promise((wanted) => {
    root.textContent = '';
    render(html`<${Elsewhere} here=${wanted} />`, root);
  });
}

/** @param {Person} core */
function show(core) {
  let drawn = core.state.settings.language;
  const draw = () => render(html`<${App} core=${core} key=${drawn} />`, root);
  render(null, root);
  root.textContent = '';
  draw();
  core.subscribe(async (state) => {
    if (state.settings.language === drawn) return;
    drawn = state.settings.language;
    await setLanguage(drawn);
    draw();
  });
}

/** Whoever has proven nothing yet is asked nothing. @param {Person} core */
function keepOnceEnrolled(core) {
  const stop = core.subscribe(({ me }) => {
    if (me.status !== 'online' && me.status !== 'one-server') return;
    stop();
    askToKeepStore();
  });
}

/** The service worker keeps the app, so that it opens when its server is dead; libraries are named to it, because only the page knows which it needs. */
async function keepWithoutServer() {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', (event) => {
    if (event.data?.show) location.hash = encodeURIComponent(event.data.show);
  });
  await navigator.serviceWorker.register('/sw.js', { type: 'classic' });
  const { active } = await navigator.serviceWorker.ready;
  const libraries = performance
    .getEntriesByType('resource')
    .map((entry) => new URL(entry.name))
    .filter((url) => url.origin === location.origin && url.pathname.startsWith('/vendor/'));
  active?.postMessage({ keep: [...new Set(libraries.map((url) => url.pathname))] });
}

/** @param {string} agent @returns {string} e.g. Firefox on Linux */
function browserName(agent) {
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(name)) ?? 'Browser';
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name)) ?? '';
  const known = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${known}, ${system}` : known;
}

await start();
