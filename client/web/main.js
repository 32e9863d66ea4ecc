// Starts the page: storage, the core, what is drawn, the service worker.
import { Starling } from '../core/starling.js';
import { App } from './app.js';
import { html, render } from './html.js';
import { setLanguage } from './i18n.js';
import { watchForNotifications } from './notify.js';
import { createMediaEngine } from './rtc.js';
import { openStore } from './store-idb.js';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

async function start() {
  const far = /** @type {HTMLAudioElement} */ (document.getElementById('far'));
  const core = await Starling.open({
    store: await openStore(),
    fetch: (input, init) => fetch(input, init),
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers: [`${location.origin}/`],
    loopback: LOOPBACK.test(location.hostname),
    media: 'RTCPeerConnection' in window ? createMediaEngine(far) : null,
    deviceName: browserName(navigator.userAgent),
  });
  await setLanguage(core.state.settings.language);
  const root = /** @type {HTMLElement} */ (document.getElementById('app'));
  let drawn = core.state.settings.language;
  const draw = () => render(html`<${App} core=${core} key=${drawn} />`, root);
  root.textContent = '';
  draw();
  core.subscribe(async (state) => {
    if (state.settings.language === drawn) return;
    drawn = state.settings.language;
    await setLanguage(drawn);
    draw();
  });
  watchForNotifications(core);
  listen();
}

function listen() {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/sw.js', { type: 'classic' });
  navigator.serviceWorker.addEventListener('message', (event) => {
    if (event.data?.show) location.hash = encodeURIComponent(event.data.show);
  });
}

/** @param {string} agent @returns {string} e.g. Firefox on Linux */
function browserName(agent) {
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(name)) ?? 'Browser';
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name)) ?? '';
  const known = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${known}, ${system}` : known;
}

await start();
