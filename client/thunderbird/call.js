// The window of a call: who it is, how far it is, where its sound is made, and its buttons. It opens with the call and closes with it; closing it ends the call.
import { serveMedia } from '../core/media/near.js';
import { html, render } from '../web/html.js';
import { shownName } from '../web/names.js';
import { ringWithCalls } from '../web/ring.js';
import { createMediaEngine } from '../web/rtc.js';
import { CallWindow } from './call-view.js';
import { portLink, SOUND } from './sound-port.js';
import { PORT, remote } from './wire.js';
import { setLanguage } from './words.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));

const core = await remote(
  browser.runtime.connect({ name: PORT }),
  async () => void browser.windows.remove((await browser.windows.getCurrent()).id),
);
await setLanguage(core.state.settings.language);
/** The call, or the last that there was. */
let call = core.state.call;
/** @type {import('../core/media/far.js').Sound} */
let sound = { phase: 'none', server: '' };

const port = browser.runtime.connect({ name: SOUND });
/** By the background page, which knows whether another call begins. */
const close = async () => port.postMessage({ close: true });

function draw() {
  document.title = call ? shownName(call) : 'Starling';
  render(
    html`<${CallWindow} core=${core} call=${call} over=${!core.state.call} sound=${sound} close=${close} />`,
    root,
  );
}

function look() {
  const last = call;
  call = core.state.call ?? call;
  // What went wrong is left standing until it was read.
  const bad = sound.phase === 'lost' || (last?.state === 'ended' && !!last.why);
  if (!core.state.call && !bad) return void close();
  draw();
}

port.onMessage.addListener((/** @type {any} */ message) => {
  if (message.wanted) {
    const far = /** @type {HTMLAudioElement} */ (document.getElementById('far'));
    serveMedia(portLink(browser.runtime.connect({ name: `${SOUND} itself` })), createMediaEngine(far));
    return;
  }
  sound = message.sound;
  look();
});
core.subscribe(look);
ringWithCalls(core);
