// Small things of the add-on: what a page leaves behind, where a notification leads, when it rings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../thunderbird/wire.js';

/** One end of a port. */
function port() {
  const ends = [];
  let hear = (_message) => {};
  const said = [];
  return {
    said,
    postMessage: (message) => said.push(message),
    onMessage: { addListener: (fn) => (hear = fn) },
    onDisconnect: { addListener: (fn) => ends.push(fn) },
    ask: (method, ...args) => hear({ id: 1, method, args }),
    cut: () => ends.forEach((fn) => fn()),
  };
}
const soon = () => new Promise((resolve) => setImmediate(resolve));

test('with the page that showed it, the offer of a backup goes, and so does a file that was opened; another page ends nothing', async () => {
  const called = [];
  const core = {
    state: { contacts: [] },
    peers: () => [],
    subscribe: () => () => {},
    on: () => () => {},
    showBackup: async () => {},
    openCertificate: async () => {},
    closeBackup: () => called.push('backup'),
    closeCertificate: () => called.push('certificate'),
  };
  const around = { warn: assert.fail, deleted: async () => {} };
  const [showing, opening, other] = [port(), port(), port()];
  for (const each of [showing, opening, other]) serve(Promise.resolve(core), each, around);
  await showing.ask('showBackup');
  await opening.ask('openCertificate', new Uint8Array(), '');
  other.cut();
  await soon();
  assert.deepEqual(called, []);
  showing.cut();
  await soon();
  assert.deepEqual(called, ['backup']);
  opening.cut();
  await soon();
  assert.deepEqual(called, ['backup', 'certificate']);
});

test('a click on “is calling” brings the window of the call; once that is over, and on anything else, the conversation', async () => {
  let click = async (_id) => {};
  const shown = [];
  globalThis.browser = {
    spaces: { update: async () => {} },
    notifications: {
      create: async (id, { title }) => shown.push([id, title]),
      onClicked: { addListener: (fn) => (click = fn) },
    },
  };
  const { watchForAttention } = await import('../thunderbird/attention.js');
  const heard = {};
  const core = {
    state: { contacts: [], requests: [], settings: { notifications: true } },
    subscribe: () => () => {},
    on: (event, fn) => (heard[event] = fn),
  };
  const did = [];
  let running = true;
  const raise = async () => (did.push('raised'), running);
  watchForAttention(core, 's', (address) => did.push(address), raise);
  heard.call({ address: 'bob@example.net' });
  assert.deepEqual(shown, [['call bob@example.net', 'bob@example.net is calling']]);
  await click('call bob@example.net');
  assert.deepEqual(did.splice(0), ['raised']);
  running = false;
  await click('call bob@example.net');
  assert.deepEqual(did.splice(0), ['raised', 'bob@example.net']);
  await click('missed bob@example.net');
  assert.deepEqual(did, ['bob@example.net']);
});

test('a window that opens for a call which rings already rings, in and out, until it is answered', async () => {
  const made = [];
  const states = [];
  class Node {
    constructor(_, { frequency } = {}) {
      if (frequency) made.push(frequency);
      this.gain = { setValueAtTime() {}, linearRampToValueAtTime() {} };
    }
    connect = (to) => to;
    start() {}
    stop() {}
  }
  globalThis.window = { setTimeout: () => 0, clearTimeout: () => {} };
  globalThis.OscillatorNode = Node;
  globalThis.GainNode = Node;
  const { ringWithCalls } = await import('../web/ring.js');
  const open = () => ({
    currentTime: 0,
    resume: async () => void states.push('on'),
    close: async () => void states.push('off'),
  });
  for (const [incoming, notes] of [
    [true, [659, 880]],
    [false, [425]],
  ]) {
    let tell = (_state) => {};
    ringWithCalls({ state: { call: { state: 'ringing', incoming } }, subscribe: (fn) => (tell = fn) }, open);
    assert.deepEqual(made.splice(0), notes);
    tell({ call: { state: 'ringing', incoming, muted: true } });
    assert.deepEqual(made, [], 'not twice');
    tell({ call: { state: 'running', incoming } });
    assert.deepEqual(states.splice(0), ['on', 'off']);
  }
});
