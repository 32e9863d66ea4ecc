// Calls in Thunderbird: where their sound is made, and the window that leads them. Debian's build has no WebRTC; then a page of a server that the person chose
// makes the sound in their browser, coupled by a secret that is used once. docs/decisions/0048-sound-by-a-page.md.
import { b64u, encode, random, sha256 } from '../core/bytes.js';
import { mediaElsewhere } from '../core/media/far.js';
import { meet, PROTOCOL, roomOf, SECRET_BYTES } from '../core/media/meeting.js';
import { StarlingError } from '../core/errors.js';
import { portLink, SOUND } from './sound-port.js';

const TOKEN_BYTES = 16;
const WIDTH = 420;
const HEIGHT = 520;

/** @typedef {import('../core/types.js').StarlingApi} Core */

/** @param {{warn: (e: unknown) => void}} around */
export function calling({ warn }) {
  /** @type {Core | null} */
  let core = null;
  /** Windows that show what the sound does. @type {Set<any>} */
  const ports = new Set();
  /** Of a window that makes the sound itself. @type {(link: import('../core/media/meeting.js').Link) => void} */
  let arrived = () => {};
  let wanted = false;
  /** @type {import('../core/media/far.js').Sound} */
  let now = { phase: 'none', server: '' };

  /** @param {any} port @param {any} message */
  function post(port, message) {
    try {
      port.postMessage(message);
    } catch {
      // Its window is going.
      ports.delete(port);
    }
  }

  /** @param {import('../core/media/far.js').Sound} next */
  function changed(next) {
    now = next;
    for (const port of ports) post(port, { sound: now });
  }

  const sound = mediaElsewhere({
    couple: 'RTCPeerConnection' in globalThis ? byWindow : byPage,
    changed,
    lost: () => void core?.hangUp(),
    wished({ what, on }) {
      if (what === 'hang-up') void core?.hangUp();
      else if (what === 'mute') core?.mute(on === true);
    },
  });

  /** In the browser of this computer. @param {Parameters<import('../core/media/far.js').Couple>[0]} how */
  async function byPage({ room }) {
    if (!room) throw new StarlingError('call.page-server');
    const secret = random(SECRET_BYTES);
    const base = await room(b64u(await roomOf(secret)));
    const link = meet(new WebSocket(`${base.replace(/^http/, 'ws')}media`, PROTOCOL), secret, 'agent');
    link.send({ do: 'agent', token: await token(base) });
    try {
      await browser.windows.openDefaultBrowser(`${base}sound#${b64u(secret)}`);
    } catch (e) {
      link.close();
      warn(e);
      throw new StarlingError('call.page');
    }
    return { link, server: base };
  }

  /** In the window of the call, where the build has WebRTC. */
  async function byWindow() {
    /** @type {Promise<import('../core/media/meeting.js').Link>} */
    const there = new Promise((resolve) => (arrived = resolve));
    wanted = true;
    for (const port of ports) post(port, { wanted: true });
    const link = await there;
    wanted = false;
    return { link, server: '' };
  }

  browser.runtime.onConnect.addListener((/** @type {any} */ port) => {
    if (port.name === `${SOUND} itself`) return arrived(portLink(port));
    if (port.name !== SOUND) return;
    ports.add(port);
    port.onDisconnect.addListener(() => ports.delete(port));
    port.onMessage.addListener((/** @type {any} */ message) => message.close && void shut());
    post(port, { sound: now });
    if (wanted) post(port, { wanted });
  });

  let call = '';
  let said = '';
  /** The window, once there is one. @type {Promise<number>} */
  let window = Promise.resolve(0);

  /** Its call is over. One that began meanwhile keeps the window. */
  async function shut() {
    if (core?.state.call && core.state.call.state !== 'ended') return;
    const old = window;
    window = Promise.resolve(0);
    const id = await old;
    if (id) await browser.windows.remove(id).catch(warn);
  }

  /** @param {number} old */
  async function raised(old) {
    if (old) return browser.windows.update(old, { focused: true }).then(() => old, open);
    return open();
  }
  const open = async () =>
    (await browser.windows.create({ type: 'popup', url: '/thunderbird/call.html', width: WIDTH, height: HEIGHT })).id;

  browser.windows.onRemoved.addListener(async (/** @type {number} */ id) => {
    if (id !== (await window)) return;
    window = Promise.resolve(0);
    const running = core?.state.call;
    if (!running) return;
    if (running.incoming && running.state === 'ringing') await core?.declineCall();
    else await core?.hangUp();
  });

  /** @param {import('../core/types.js').State} state */
  function look({ call: next, settings }) {
    const fresh = next && next.id !== call;
    // What was lost was the sound of the call before.
    if (fresh && now.phase === 'lost') changed({ phase: 'none', server: '' });
    if (fresh)
      window = window.then(raised).catch((e) => {
        warn(e);
        return 0;
      });
    call = next?.id ?? '';
    if (!next || next.state === 'ended') {
      said = '';
      return sound.end(next?.why ?? '');
    }
    const { name, address, state, since, muted, trust } = next;
    const language = settings.language || document.documentElement.lang;
    const shown = { language, name, address, state, since, muted, trust };
    if (said === JSON.stringify(shown)) return;
    said = JSON.stringify(shown);
    sound.show(shown);
  }

  return {
    media: sound.engine,
    /** Brings the window of the call to the front, or back. @returns {Promise<boolean>} whether there is a call */
    async raise() {
      const running = core?.state.call;
      if (!running || running.state === 'ended') return false;
      window = window.then(raised).catch((e) => {
        warn(e);
        return 0;
      });
      return !!(await window);
    },
    /** @param {Core} agent */
    lead(agent) {
      core = agent;
      core.subscribe(look);
      look(core.state);
    },
  };
}

/** By which the page of a server that sounded a call of ours before knows us; of another server's it says nothing. @param {string} base @returns {Promise<string>} */
async function token(base) {
  let { sound } = await browser.storage.local.get({ sound: '' });
  if (!sound) await browser.storage.local.set({ sound: (sound = b64u(random(TOKEN_BYTES))) });
  return b64u((await sha256(encode(`${sound} ${base}`))).slice(0, TOKEN_BYTES));
}
