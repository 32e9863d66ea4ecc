// The one question that set-up may have to ask: which server, when none is known.
import { Button } from '../web/components/parts.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useRef, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { chooseServer } from './servers.js';

/** @param {{core: import('../core/types.js').StarlingApi, address: string, goOn: () => Promise<void>, back: () => void}} props */
export function ServerForm({ core, address, goOn, back }) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      await chooseServer(core, typed);
      await goOn();
    } catch (failure) {
      setError(saying(failure));
      field.current?.focus();
    }
    setBusy(false);
  };
  return html`<form onSubmit=${submit} novalidate>
    <h1>${t('setup.server.title')}</h1>
    <p class="lead">${t('setup.server.lead', { domain: address.split('@')[1] ?? '' })}</p>
    <label class="label" for="server">${t('setup.server.field')}</label>
    <input
      class="field"
      id="server"
      ref=${field}
      type="text"
      inputmode="url"
      spellcheck="false"
      autocapitalize="none"
      placeholder="starling.example.org"
      aria-invalid=${error ? 'true' : undefined}
      aria-describedby="server-error"
      value=${typed}
      onInput=${(/** @type {any} */ e) => setTyped(e.target.value)}
    />
    <p class="error" id="server-error" role="alert">${error}</p>
    <button class=${`button main wide ${busy ? 'busy' : ''}`} disabled=${busy || !typed.trim()}>
      ${t(busy ? 'setup.server.looking' : 'setup.server.use')}
    </button>
    <p class="small">${t('setup.server.trust')}</p>
    <${Button} kind="plain" disabled=${busy} task=${back}>${t('setup.back')}<//>
  </form>`;
}
