// In place of the add-on's background page: made-up people, shown by the add-on's own pages, buttons and address book. What is shown comes from the test.
import { fakeCore, fakeState } from '/fake/core.js';
import { addressBook } from '/thunderbird/book.js';
import { calling } from '/thunderbird/calling.js';
import { composeButton } from '/thunderbird/compose.js';
import { directoryBook } from '/thunderbird/directory.js';
import { headerButton } from '/thunderbird/header.js';
import { SOUND } from '/thunderbird/sound-port.js';
import { watchForAttention } from '/thunderbird/attention.js';
import { ASKED, PORT, serve } from '/thunderbird/wire.js';
import { setLanguage } from '/thunderbird/words.js';
import { t } from '/web/i18n.js';
import { openStore } from '/web/store-idb.js';

/** What is said beside the pages; a notification is not drawn here. @type {any[]} */
const notified = [];
const real = browser;
const notifications = {
  create: async (id, options) => void notified.push({ id, ...options }),
  onClicked: real.notifications.onClicked,
};
Object.defineProperty(globalThis, 'browser', {
  value: new Proxy({}, { get: (_, name) => (name === 'notifications' ? notifications : real[name]) }),
});

const warn = (e) => console.warn(String(e));
/** @type {Set<[string, (what: any) => void]>} */
const heard = new Set();
const core = Object.assign(fakeCore({}), {
  on(event, fn) {
    const one = [event, fn];
    heard.add(one);
    return () => void heard.delete(one);
  },
  enrol: async () => {},
});
for (const method of ASKED) core[method] ??= async () => [];
const peers = core.peers;

browser.runtime.onConnect.addListener((port) => {
  if (port.name === PORT) serve(Promise.resolve(core), port, { warn, deleted: async () => {} });
});
const calls = calling({ warn });
/** What the window of a call is told of its sound. */
let sound = { phase: 'none', server: '' };
browser.runtime.onConnect.addListener((port) => port.name === SOUND && port.postMessage({ sound }));
calls.lead(core);

const button = headerButton({ open: () => {}, warn });
const space = await browser.spaces.create('starling', '/thunderbird/space.html', {
  title: 'Starling',
  defaultIcons: '/web/icons/starling.svg',
});
const book = addressBook({
  store: await openStore(),
  online: (count) => t('book.online', { count }),
  warn,
});
directoryBook({ core, name: t('book.directory'), note: t('book.found') });
composeButton({ core, warn });
watchForAttention(core, space.id, () => {});
core.subscribe(() => button.show(core.state.contacts));

Object.assign(window, {
  core,
  notified,
  /** @param {Record<string, string>} options  of the fake core @param {any} more  part of its state @param {any} [how]  server: whether there is one; sound: of the call */
  async become(options, more, { server = true, sound: now = { phase: 'none', server: '' } } = {}) {
    sound = now;
    core.peers = server ? peers : () => [];
    await setLanguage(options.language ?? 'en');
    const state = fakeState(options);
    const here = { ...state, me: { ...state.me, local: false }, call: null, ...more };
    core.change({ ...here, call: null });
    core.change(here);
  },
  /** Says something, as the agent does. @param {string} event @param {any} what */
  tell(event, what) {
    for (const [wanted, fn] of heard) if (wanted === event) fn(what);
  },
  fill: () => book.show(core.state.contacts),
  fakeCall: (surface) => fakeState({ surface }).call,
});
