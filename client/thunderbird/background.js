// The agent of the add-on: runs as long as Thunderbird does.
import { Person } from '../core/person.js';
import { openStore } from '../web/store-idb.js';
import { challengeMails, localFolder } from './mails.js';
import { PORT, serve } from './wire.js';

const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\/$/;

/** Servers that the person chose, or that came with the add-on. @returns {Promise<string[]>} */
async function servers() {
  const { servers: chosen } = await browser.storage.local.get({ servers: [] });
  return chosen.filter((/** @type {unknown} */ each) => typeof each === 'string').slice(0, 8);
}

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

/** The CA's mails go where they are in nobody's way. @param {number} id */
async function file(id) {
  await browser.messages.update(id, { read: true });
  await browser.messages.move([id], (await localFolder('Starling', 'Confirmations')).id);
}

// Pages may come before it is there; listeners must be set at once.
const core = start();
browser.runtime.onConnect.addListener(async (/** @type {any} */ port) => {
  if (port.name === PORT) serve(await core, port);
});
void browser.spaces.create('starling', '/thunderbird/space.html', {
  title: 'Starling',
  defaultIcons: '/web/icons/starling.svg',
});
const mails = challengeMails({
  awaited: async () => (await core).main.enrolment.awaited(),
  submit: async (code) => (await core).submitCode(code),
  file,
  warn: (e) => console.warn('starling: a mail of the CA', e instanceof Error ? e.message : e),
});
await core;
await mails.lookBack();
