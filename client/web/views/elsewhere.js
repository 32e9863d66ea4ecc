// Another tab of this browser has Starling open: said here, and taken over by one button.
import { html } from '../html.js';
import { t } from '../i18n.js';

/** @param {{here: () => void}} props */
export function Elsewhere({ here }) {
  return html`<main class="page card-page">
    <section class="card">
      <img class="logo" src="/web/icons/starling.svg" alt="" width="56" height="56" />
      <h1>${t('elsewhere.title')}</h1>
      <p class="lead">${t('elsewhere.lead')}</p>
      <button type="button" class="button main wide" onClick=${here}>${t('elsewhere.here')}</button>
    </section>
  </main>`;
}
