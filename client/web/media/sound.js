// The sound of one call that is led in Thunderbird: this page has the microphone and the connection, and no keys. docs/protocols/media.md.
import { secret } from './secret.js';
import { unb64u } from '../../core/bytes.js';
import { meet, PROTOCOL } from '../../core/media/meeting.js';
import { serveMedia } from '../../core/media/near.js';
import { html, render } from '../html.js';
import { setLanguage, t } from '../i18n.js';
import { shownName } from '../names.js';
import { createMediaEngine } from '../rtc.js';
import { SoundPage } from './view.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const far = /** @type {HTMLAudioElement} */ (document.getElementById('far'));
/** @type {import('./view.js').Shown} */
let shown = { phase: secret ? 'meeting' : 'none', call: null, asking: false, silent: false, why: '' };
/** @type {{hangUp: () => void, mute: (on: boolean) => void} | null} */
let controls = null;

/** @param {Partial<import('./view.js').Shown>} [patch] */
function show(patch = {}) {
  shown = { ...shown, ...patch };
  const name = shown.call ? shownName(shown.call) : '';
  document.title = name ? t('sound.page.title', { name }) : t('sound.page.title.none');
  // Browsers keep a page silent on which nobody clicked and that has no microphone.
  shown.silent = shown.phase === 'call' && shown.call?.state === 'running' && !!far.srcObject && far.paused;
  const hear = () => void far.play().catch(() => {});
  render(html`<${SoundPage} shown=${shown} controls=${controls} hear=${hear} server=${location.host} />`, root);
}

/** What the agent says of its call; the page believes it, for both know the secret. @param {any} call */
async function take(call) {
  const { language, name, address, state, since, muted, trust, why } = call;
  if (document.documentElement.lang !== language) await setLanguage(String(language));
  if (shown.phase === 'over') return;
  show({ phase: 'call', call: { name, address, state, since, muted, trust }, why: String(why ?? '') });
}

for (const event of ['play', 'pause']) far.addEventListener(event, () => show());
await setLanguage('');
root.textContent = '';
show();
if (secret) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/media`, PROTOCOL);
  const link = meet(socket, unb64u(secret), 'page');
  controls = serveMedia(link, createMediaEngine(far), {
    show: (call) => void take(call),
    asking: (asking) => show({ asking }),
    over: (why) =>
      show({ phase: shown.phase === 'meeting' ? 'refused' : 'over', asking: false, why: why || shown.why }),
  });
}
