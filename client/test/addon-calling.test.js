// What the window of a call is told of its sound.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { calling } from '../thunderbird/calling.js';
import { SOUND } from '../thunderbird/sound-port.js';

let connect;

/** One end of a port; what is posted to it is kept. @param {string} name */
function portOf(name) {
  const [heard, gone] = [[], []];
  const port = {
    ...{ name, said: [], say: (message) => heard.forEach((fn) => fn(message)), end: () => gone.forEach((fn) => fn()) },
    ...{ onMessage: { addListener: (fn) => heard.push(fn) }, onDisconnect: { addListener: (fn) => gone.push(fn) } },
    ...{ postMessage: (message) => port.said.push(message), disconnect() {} },
  };
  connect(port);
  return port;
}

beforeEach(() => {
  globalThis.RTCPeerConnection = class {};
  globalThis.document = { documentElement: { lang: 'en' } };
  globalThis.browser = {
    runtime: { onConnect: { addListener: (fn) => (connect = fn) } },
    windows: { create: async () => ({ id: 1 }), update: async () => {}, onRemoved: { addListener() {} } },
  };
});
afterEach(() => {
  delete globalThis.RTCPeerConnection;
  delete globalThis.document;
  delete globalThis.browser;
});

const callOf = (id, more = {}) => ({
  ...{ id, name: '', address: 'bob@example.net', state: 'ringing', incoming: true, since: 0 },
  ...{ muted: false, trust: 'code', why: '' },
  ...more,
});

test('that the sound of a call was lost is said of that call, not of the next one', async () => {
  let listener;
  const core = {
    state: { call: null, settings: { language: 'en' } },
    subscribe: (fn) => (listener = fn),
    hangUp: async () => become(null),
  };
  const become = (call) => listener((core.state = { ...core.state, call }));
  const calls = calling({ warn: assert.fail });
  calls.lead(core);
  const window = portOf(SOUND);
  const phase = (port) => port.said.filter((each) => each.sound).at(-1).sound.phase;
  become(callOf('one'));
  const making = calls.media.create();
  const itself = portOf(`${SOUND} itself`);
  await new Promise((resolve) => setImmediate(resolve));
  itself.say({ say: 'here' });
  await making;
  itself.end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([phase(window), core.state.call], ['lost', null]);
  assert.equal(phase(portOf(SOUND)), 'lost', 'a window that comes late');
  become(callOf('two'));
  assert.equal(phase(window), 'none');
  assert.equal(phase(portOf(SOUND)), 'none');
});
