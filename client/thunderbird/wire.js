// The agent lives in the background page; a page that shows it speaks to it over a port of the runtime, so that nothing here needs both to be in one process
// or the background page to stay for ever. What goes over it is structured-cloneable (Firefox's ports keep Uint8Array and Blob).
import { StarlingError } from '../core/errors.js';
import { applied, difference } from './delta.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {{postMessage: (message: any) => void, onMessage: {addListener: (fn: (message: any) => void) => void}, onDisconnect: {addListener: (fn: (port: any) => void) => void}}} Port */

export const PORT = 'starling';
const EVENTS = /** @type {const} */ (['message', 'call', 'request', 'missed']);

/** What a page may ask for; with `peers` the answer is in what is pushed. */
export const ASKED = [
  ...['enrol', 'submitCode', 'resendCode', 'cancelEnrolment', 'openCertificate', 'useCertificate', 'closeCertificate'],
  ...['backupKey', 'showBackup', 'closeBackup'],
  ...[
    'anchors',
    'readAnchors',
    'addAnchors',
    'removeAnchor',
    'lookup',
    'requestContact',
    'acceptRequest',
    'declineRequest',
  ],
  ...['block', 'unblock', 'removeContact', 'decideChanged', 'sendMessage', 'messages', 'search', 'retry', 'markRead'],
  ...[
    'call',
    'lineOffer',
    'agreeToLine',
    'askBeforeLine',
    'removeLine',
    'callLine',
    'writeLine',
    'acceptCall',
    'declineCall',
  ],
  ...['hangUp', 'mute', 'press', 'microphones', 'set', 'setName', 'setAvailability', 'allowDevice', 'refuseDevice'],
  ...[
    'removeDevice',
    'renameDevice',
    'showDeviceCode',
    'hideDeviceCode',
    'useDeviceCode',
    'askDevicesAgain',
    'recover',
  ],
  ...[
    'recommended',
    'addPeer',
    'removePeer',
    'changeAddress',
    'submitMoveCode',
    'resendMoveCode',
    'cancelMove',
    'stopUsing',
  ],
  ...['useMoveDeviceCode', 'askMoveDevicesAgain', 'recoverMove', 'followMoved', 'hideMoved'],
  ...['answerNotice', 'exportData', 'report', 'deleteEverything'],
];

/** What a page began that must not outlive it: a key is held in memory. @type {Record<string, 'closeCertificate' | 'closeBackup'>} */
const ENDS = { openCertificate: 'closeCertificate', showBackup: 'closeBackup' };

/**
 * Gives one page the agent, as soon as it is there. A page may come before that, and go at any time.
 * @param {Promise<Core>} opening @param {Port} port @param {{warn: (e: unknown) => void, deleted: () => Promise<void>}} around  deleted: everything of the agent was
 */
export function serve(opening, port, { warn, deleted }) {
  /** @type {(() => void)[]} */
  const stops = [];
  let gone = false;
  const leave = () => {
    gone = true;
    for (const stop of stops.splice(0)) stop();
  };
  const post = (/** @type {any} */ message) => {
    if (gone) return;
    try {
      port.postMessage(message);
    } catch (e) {
      leave();
      warn(e);
    }
  };
  const fail = (/** @type {unknown} */ e) => {
    const failure = e instanceof StarlingError ? e : new StarlingError('generic', {}, String(e));
    return { key: failure.key, args: failure.args, detail: failure.message };
  };
  /** @type {Set<'closeCertificate' | 'closeBackup'>} */
  const open = new Set();
  port.onDisconnect.addListener(() => {
    leave();
    if (open.size) opening.then((core) => open.forEach((end) => core[end]()), warn);
  });
  /** What the page has been told; it says when it has drawn that, and until then only the newest waits. @type {import('../core/types.js').State | null} */
  let told = null;
  let drawing = false;
  let newer = false;
  const push = (/** @type {Core} */ core) => {
    drawing = true;
    newer = false;
    post({ delta: difference(told, core.state), peers: core.peers() });
    told = core.state;
  };
  port.onMessage.addListener(async ({ drawn, id, method, args }) => {
    if (drawn) {
      drawing = false;
      if (newer) push(await opening);
      return;
    }
    try {
      if (!ASKED.includes(method))
        throw new StarlingError('generic', {}, `no such method: ${String(method).slice(0, 40)}`);
      const core = await opening;
      if (ENDS[method]) open.add(ENDS[method]);
      const value = await /** @type {any} */ (core)[method](...args);
      // What the answer is about is there when it comes.
      if (newer || method === 'addPeer' || method === 'removePeer') push(core);
      post({ id, value });
      if (method === 'deleteEverything') await deleted();
    } catch (e) {
      post({ id, error: fail(e) });
    }
  });
  opening.then(
    (core) => {
      if (gone) return;
      const changed = () => (drawing ? (newer = true) : push(core));
      stops.push(core.subscribe(changed), ...EVENTS.map((event) => core.on(event, (what) => post({ event, what }))));
      push(core);
    },
    (e) => post({ failed: fail(e) }),
  );
}

/**
 * The agent, as a page sees it through its port. Resolves with the first state; rejects when the agent could not start.
 * @param {Port} port @param {() => void} ended  the background page is gone @returns {Promise<Core>}
 */
export function remote(port, ended) {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (e: Error) => void}>} */
  const waiting = new Map();
  /** @type {Set<(state: any) => void>} */
  const listeners = new Set();
  /** @type {Map<string, Set<(what: any) => void>>} */
  const events = new Map();
  let next = 0;
  /** @type {ReturnType<Core['peers']>} */
  let peers = [];
  /** @type {any} */
  const core = {
    state: null,
    peers: () => peers,
    close: async () => {},
    subscribe(/** @type {(state: any) => void} */ fn) {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
    on(/** @type {string} */ event, /** @type {(what: any) => void} */ fn) {
      const all = events.get(event) ?? new Set();
      events.set(event, all.add(fn));
      return () => void all.delete(fn);
    },
  };
  for (const method of ASKED)
    core[method] = (/** @type {any[]} */ ...args) =>
      new Promise((resolve, reject) => {
        waiting.set(++next, { resolve, reject });
        port.postMessage({ id: next, method, args });
      });
  const seen = () => {
    try {
      port.postMessage({ drawn: true });
    } catch {
      // The page took its leave meanwhile.
    }
  };
  return new Promise((opened, failed) => {
    port.onDisconnect.addListener(() => {
      for (const { reject } of waiting.values()) reject(new StarlingError('generic', {}, 'the add-on ended'));
      waiting.clear();
      ended();
    });
    port.onMessage.addListener((message) => {
      if (message.delta) {
        core.state = applied(core.state, message.delta);
        peers = message.peers;
        opened(core);
        // Before the listeners: one that fails must not keep us from being told more.
        setTimeout(seen, 0);
        for (const fn of [...listeners]) fn(core.state);
      } else if (message.failed) failed(asError(message.failed));
      else if (message.event) events.get(message.event)?.forEach((fn) => fn(message.what));
      else {
        const one = waiting.get(message.id);
        waiting.delete(message.id);
        if (!message.error) return one?.resolve(message.value);
        one?.reject(asError(message.error));
      }
    });
  });
}

/** @param {{key: string, args: any, detail: string}} said */
function asError({ key, args, detail }) {
  const failure = new StarlingError(key, args);
  failure.message = detail;
  return failure;
}
