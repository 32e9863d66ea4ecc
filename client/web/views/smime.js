// An S/MIME certificate in place of a code by mail: file and passphrase, all in this page.
import { Button } from '../components/parts.js';
import { html, useEffect, useState } from '../html.js';
import { moment, t } from '../i18n.js';
import { saying } from '../errors.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').OpenedCertificate} Opened */

/** @param {{core: Core, close: () => void, done?: () => void}} props */
export function SmimeForm({ core, close, done = () => {} }) {
  const [opened, setOpened] = useState(/** @type {Opened | null} */ (null));
  useEffect(() => () => core.closeCertificate(), []);
  return opened
    ? html`<${Found} core=${core} opened=${opened} back=${() => setOpened(null)} done=${done} />`
    : html`<${FileForm} core=${core} close=${close} opened=${setOpened} />`;
}

/** @param {{core: Core, close: () => void, opened: (what: Opened) => void}} props */
function FileForm({ core, close, opened }) {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [passphrase, setPassphrase] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const open = async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (!file) return setError(t('smime.file.none'));
    setBusy(true);
    setError('');
    try {
      opened(await core.openCertificate(new Uint8Array(await file.arrayBuffer()), passphrase));
    } catch (failure) {
      setError(saying(failure));
    }
    setBusy(false);
  };
  return html`<form class="certificate" onSubmit=${open} novalidate>
    <p>${t('smime.lead')}</p>
    <label class="label" for="smime-file">${t('smime.file')}</label>
    <input
      class="field"
      id="smime-file"
      type="file"
      accept=".p12,.pfx,application/x-pkcs12"
      onChange=${(/** @type {any} */ e) => setFile(e.target.files?.[0] ?? null)}
    />
    <label class="label" for="smime-passphrase">${t('smime.passphrase')}</label>
    <input
      class="field"
      id="smime-passphrase"
      type="password"
      autocomplete="off"
      aria-invalid=${error ? 'true' : undefined}
      aria-describedby="smime-error"
      value=${passphrase}
      onInput=${(/** @type {any} */ e) => setPassphrase(e.target.value)}
    />
    <p class="error" id="smime-error" role="alert">${error}</p>
    <div class="row spread">
      <${Button} kind="plain" task=${close}>${t('dialog.cancel')}<//>
      <button class=${`button main ${busy ? 'busy' : ''}`} disabled=${busy}>${t('smime.open')}</button>
    </div>
    <p class="small">${t('smime.privacy')}</p>
  </form>`;
}

/** @param {{core: Core, opened: Opened, back: () => void, done: () => void}} props */
function Found({ core, opened, back, done }) {
  const [address, setAddress] = useState(opened.addresses[0]);
  const [agreed, setAgreed] = useState(!opened.unknownCa);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const use = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      await core.useCertificate(address, agreed);
      done();
    } catch (failure) {
      setError(saying(failure));
      setBusy(false);
    }
  };
  if (opened.backup)
    return html`<form class="certificate" onSubmit=${use}>
      <p>${t('restore.lead', { address })}</p>
      <p>${t('restore.once')}</p>
      ${opened.notAfter < Date.now() && html`<p>${t('restore.over', { date: moment(opened.notAfter) })}</p>`}
      <p class="error" role="alert">${error}</p>
      <div class="row spread">
        <${Button} kind="plain" task=${back}>${t('smime.other-file')}<//>
        <button class=${`button main ${busy ? 'busy' : ''}`} disabled=${busy}>${t('restore.use')}</button>
      </div>
    </form>`;
  return html`<form class="certificate" onSubmit=${use}>
    <dl class="details">
      <dt>${t('smime.subject')}</dt>
      <dd><bdi dir="auto">${opened.subject}</bdi></dd>
      <dt>${t('smime.issuer')}</dt>
      <dd><bdi dir="auto">${opened.issuer}</bdi></dd>
      <dt>${t('smime.until')}</dt>
      <dd>${moment(opened.notAfter)}</dd>
    </dl>
    <fieldset class="plain">
      <legend class="label">${t('smime.address')}</legend>
      ${opened.addresses.map(
        (each) =>
          html`<label class="switch" key=${each}>
            <input type="radio" name="smime-address" checked=${each === address} onChange=${() => setAddress(each)} />
            <bdi>${each}</bdi>
          </label>`,
      )}
    </fieldset>
    ${
      opened.unknownCa &&
      html`<p>${t('smime.unknown', { issuer: opened.issuer })}</p>
        <${Fingerprint} id=${opened.unknownCa} />
        <label class="switch">
          <input type="checkbox" checked=${agreed} onChange=${(/** @type {any} */ e) => setAgreed(e.target.checked)} />
          <span>${t('trust.compared')}</span>
        </label>`
    }
    <p class="error" role="alert">${error}</p>
    <div class="row spread">
      <${Button} kind="plain" task=${back}>${t('smime.other-file')}<//>
      <button class=${`button main ${busy ? 'busy' : ''}`} disabled=${busy || !agreed}>${t('smime.use')}</button>
    </div>
  </form>`;
}

/** A SHA-256 as people compare it. @param {{id: string}} props */
export function Fingerprint({ id }) {
  return html`<p class="small">
    ${t('trust.fingerprint')}<br /><code class="fingerprint">${(id.match(/.{4}/g) ?? []).join(' ')}</code>
  </p>`;
}
