// The sound of one call that is led in Thunderbird: this page has the microphone and the connection, and no keys. docs/protocols/media.md.
import { secret } from './secret.js';
import { unb64u } from '../../core/bytes.js';
import { meet, PROTOCOL } from '../../core/media/meeting.js';
import { serveMedia } from '../../core/media/near.js';
import { html, render } from '../html.js';
import { setLanguage, t } from '../i18n.js';
import { shownName } from '../names.js';
import { createMediaEngine } from '../rtc.js';
import { isKnown, keep } from './known.js';
import { SoundPage } from './view.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const far = /** @type {HTMLAudioElement} */ (document.getElementById('far'));
/** @type {import('./view.js').Shown} */
let shown = { phase: secret ? 'meeting' : 'none', call: null, asking: false, silent: false, why: '' };
/** @type {{hangUp: () => void, mute: (on: boolean) => void} | null} */
let controls = null;

/** What the question whether to speak here leads to. */
let consent = { yes: () => {}, no: () => {} };

/** @param {Partial<import('./view.js').Shown>} [patch] */
function show(patch = {}) {
  shown = { ...shown, ...patch };
  const name = shown.call ? shownName(shown.call) : '';
  document.title = name ? t('sound.page.title', { name }) : t('sound.page.title.none');
  // Browsers keep a page silent on which nobody clicked and that has no microphone.
  shown.silent = shown.phase === 'call' && shown.call?.state === 'running' && !!far.srcObject && far.paused;
  const hear = () => void far.play().catch(() => {});
  render(html`<${SoundPage} ...${{ shown, controls, consent, hear, server: location.host }} />`, root);
}

/** What the agent says of its call; the page believes it, for both know the secret. @param {any} call @param {import('./view.js').Shown['phase']} [phase] */
async function take(call, phase = 'call') {
  const { language, name, address, state, since, muted, trust, why } = call;
  if (document.documentElement.lang !== language) await setLanguage(String(language));
  if (shown.phase === 'over') return;
  // What was answered meanwhile stays answered.
  const next = shown.phase === 'meeting' ? phase : shown.phase;
  show({ phase: next, call: { name, address, state, since, muted, trust }, why: String(why ?? '') });
}

for (const event of ['play', 'pause']) far.addEventListener(event, () => show());
await setLanguage('');
root.textContent = '';
show();
/** Nothing is made, not even a candidate, before it is clear that the person wants it. @param {import('../../core/media/meeting.js').Link} link */
function waitForConsent(link) {
  let token = '';
  let begun = false;
  const begin = () => {
    if (begun || shown.phase === 'over') return;
    begun = true;
    controls = serveMedia(link, createMediaEngine(far), {
      show: (call) => void take(call),
      asking: (asking) => show({ asking }),
      over: (why) => show({ phase: 'over', asking: false, why: why || shown.why }),
    });
    // With what its buttons do: one that is pressed at once counts, too.
    show({ phase: 'call' });
  };
  consent = {
    yes() {
      keep(token);
      begin();
    },
    no: () => link.close(),
  };
  link.onMessage(async (message) => {
    if (message.do === 'agent') token = message.token;
    if (message.do !== 'show') return;
    await take(message.call, 'ask');
    if (isKnown(token)) begin();
  });
  void link.over.then(() => begun || show({ phase: shown.call ? 'over' : 'refused' }));
}

if (secret) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/media`, PROTOCOL);
  waitForConsent(meet(socket, unb64u(secret), 'page'));
}
