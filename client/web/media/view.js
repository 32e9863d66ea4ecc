// What the page with the sound of a call shows: with whom one speaks, what the browser asks, and how to end it.
import { Button, Name, Picture } from '../components/parts.js';
import { html } from '../html.js';
import { duration, hasText, t } from '../i18n.js';
import { shownName } from '../names.js';
import { useClock } from '../components/clock.js';

/** @typedef {{name: string, address: string, state: import('../../core/types.js').Call['state'], since: number, muted: boolean, trust: import('../../core/types.js').Call['trust']}} ShownCall */
/** @typedef {{yes: () => void, no: () => void}} Consent */
/** silent: the browser lets nothing be heard without a click; why: key of what went wrong @typedef {{phase: 'none' | 'meeting' | 'refused' | 'ask' | 'call' | 'over', call: ShownCall | null, asking: boolean, silent: boolean, why: string}} Shown */

/** @param {{shown: Shown, controls: {hangUp: () => void, mute: (on: boolean) => void} | null, consent: Consent, hear: () => void, server: string}} props */
export function SoundPage({ shown, controls, consent, hear, server }) {
  const { phase, call, why } = shown;
  return html`<main class="page card-page">
    <section class="card sound">
      ${
        call && phase === 'ask'
          ? html`<${Question} ...${{ call, consent, server }} />`
          : call && phase === 'call'
            ? html`<${Running} ...${{ shown, call, controls, hear, server }} />`
            : html`<${Still} ...${{ phase, call, why }} />`
      }
    </section>
  </main>`;
}

/** Whoever made the link says who it is: whether that is verified, the window of the call says. @param {{call: ShownCall, consent: Consent, server: string}} props */
function Question({ call, consent, server }) {
  return html`<${Picture} name=${call.name} address=${call.address} />
    <h1><bdi>${t('sound.page.title', { name: shownName(call) })}</bdi></h1>
    <p class="ask-microphone">${t('sound.page.ask', { name: shownName(call) })}</p>
    <div class="row">
      <${Button} kind="main" task=${consent.yes}>${t('sound.page.yes')}<//>
      <${Button} task=${consent.no}>${t('sound.page.no')}<//>
    </div>
    <p class="small">${t('sound.page.trust', { server })}</p>`;
}

/** @param {{phase: Shown['phase'], call: ShownCall | null, why: string}} props */
function Still({ phase, call, why }) {
  const name = call ? shownName(call) : '';
  const over = phase === 'over' ? t('sound.page.over') : t(`sound.page.${phase}`);
  return html`<img class="logo" src="/web/icons/starling.svg" alt="" width="56" height="56" />
    <h1>${name ? html`<bdi>${t('sound.page.title', { name })}</bdi>` : t('sound.page.title.none')}</h1>
    ${why && hasText(`error.${why}`) && html`<p class="error">${t(`error.${why}`, { name })}</p>`}
    <p class="lead" role="status">${over}</p>`;
}

/** @param {{shown: Shown, call: ShownCall, controls: {hangUp: () => void, mute: (on: boolean) => void} | null, hear: () => void, server: string}} props */
function Running({ shown, call, controls, hear, server }) {
  const now = useClock();
  const running = call.state === 'running';
  return html`<${Picture} name=${call.name} address=${call.address} />
    <h1><${Name} name=${call.name} address=${call.address} /></h1>
    ${call.name && html`<p class="small"><bdi>${call.address}</bdi></p>`}
    <p class="lead" role=${running ? undefined : 'status'}>
      ${running ? duration(Math.max(0, now - call.since) / 1000) : t(`call.${call.state}`)}
    </p>
    ${shown.asking && html`<p class="ask-microphone" role="status">${t('sound.page.asking')}</p>`}
    ${shown.silent && html`<p><${Button} kind="main" task=${hear}>${t('sound.page.hear', { name: shownName(call) })}<//></p>`}
    <div class="row">
      <${Button}
        icon=${call.muted ? 'mute' : 'microphone'}
        label=${t(call.muted ? 'call.unmute' : 'call.mute')}
        pressed=${call.muted}
        task=${() => controls?.mute(!call.muted)}
      />
      <${Button} kind="danger" icon="end" task=${() => controls?.hangUp()}>${t('call.hang-up')}<//>
    </div>
    <p class="small">${t('sound.page.keep')}</p>
    <p class="small">${t('sound.page.trust', { server })}</p>`;
}
