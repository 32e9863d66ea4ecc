// The agent of the add-on: runs as long as Thunderbird does.
import { Person } from '../core/person.js';
import { openStore } from '../web/store-idb.js';
import { PORT, serve } from './wire.js';

/** Servers that the person chose, or that came with the add-on. @returns {Promise<string[]>} */
async function servers() {
  const { servers: chosen } = await browser.storage.local.get({ servers: [] });
  return chosen.filter((/** @type {unknown} */ each) => typeof each === 'string').slice(0, 8);
}

const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\/$/;

async function start() {
  const peers = await servers();
  return Person.open({
    store: await openStore(),
    fetch: (input, init) => fetch(input, init),
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers,
    // The program is the person's own, so a test CA of this computer may be believed when the person chose a server of it.
    loopback: peers.length > 0 && peers.every((each) => LOOPBACK.test(each)),
    media: null,
    deviceName: 'Thunderbird',
  });
}

// Pages may come before it is there; listeners must be set at once.
const core = start();
browser.runtime.onConnect.addListener(async (port) => {
  if (port.name === PORT) serve(await core, port);
});
browser.spaces.create('starling', '/thunderbird/space.html', {
  title: 'Starling',
  defaultIcons: '/web/icons/starling.svg',
});
