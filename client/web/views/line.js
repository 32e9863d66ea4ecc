// The question before something goes over an ordinary phone line.
import { Ask } from '../components/dialog.js';
import { html, useState } from '../html.js';
import { t } from '../i18n.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').LineOffer} LineOffer */
/** @typedef {{offer: LineOffer, kind: 'call' | 'write', task: () => any}} Asking */

/**
 * The question, while it is open, and what asks it where that is needed; that throws when nothing may go there. After a no, `task` is not done.
 * @param {Core} core
 * @returns {[any, (address: string, kind: 'call' | 'write', task: () => any) => Promise<void>]}
 */
export function useLine(core) {
  const [asking, setAsking] = useState(/** @type {Asking | null} */ (null));
  const ask = async (
    /** @type {string} */ address,
    /** @type {'call' | 'write'} */ kind,
    /** @type {() => any} */ task,
  ) => {
    const offer = await core.lineOffer(address);
    if (kind === 'call' ? offer.always : offer.agreed) await task();
    else setAsking({ offer, kind, task });
  };
  const question = asking && html`<${Question} core=${core} asking=${asking} close=${() => setAsking(null)} />`;
  return [question, ask];
}

/** @param {{core: Core, asking: Asking, close: () => void}} props */
function Question({ core, asking: { offer, kind, task }, close }) {
  const [always, setAlways] = useState(false);
  const { address, server, domain, asked } = offer;
  const answer = async () => {
    await core.agreeToLine(address, server, always);
    await task();
  };
  return html`<${Ask}
    title=${t(`line.${kind}.title`, { name: address })}
    lead=${t('line.lead', { name: address, domain })}
    yes=${t(`line.${kind}.yes`)}
    danger
    close=${close}
    task=${answer}
  >
    <p><strong>${t(`line.${kind}.risk`, { server, domain })}</strong></p>
    ${asked < 2 && html`<p class="small">${t('line.one-server', { server })}</p>`}
    <label class="switch">
      <input type="checkbox" checked=${always} onChange=${(/** @type {any} */ e) => setAlways(e.target.checked)} />
      <span>${t('line.always')}<span class="small block">${t('line.always.hint')}</span></span>
    </label>
  <//>`;
}
