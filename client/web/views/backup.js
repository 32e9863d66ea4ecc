// A backup of the key, offered once, when set-up is done: docs/decisions/0053-a-backup-of-the-key.md.
import { Button } from '../components/parts.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { saying } from '../errors.js';
import { saveAs } from '../save.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State}} props */
export function BackupOffer({ core, state }) {
  const [open, setOpen] = useState(false);
  const { backup } = state;
  useEffect(() => {
    if (!backup) return;
    void core.showBackup();
    // A page that is kept for the way back must not keep the key.
    const gone = () => core.closeBackup();
    addEventListener('pagehide', gone);
    return () => removeEventListener('pagehide', gone);
  }, [backup]);
  if (open) return html`<${Making} core=${core} address=${state.me.address} close=${() => setOpen(false)} />`;
  if (!backup) return null;
  return html`<div class="bar info" role="status">
    <div>
      <strong>${t('backup.offer')}</strong>
      <p>${t('backup.offer.lead')}</p>
    </div>
    <div class="row">
      <${Button} kind="main" task=${() => setOpen(true)}>${t('backup.make')}<//>
      <${Button} task=${() => core.closeBackup()}>${t('backup.no')}<//>
    </div>
  </div>`;
}

/** @param {{core: Core, address: string, close: () => void}} props */
function Making({ core, address, close }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  /** Encrypted, so it may wait until it is saved. */
  const [file, setFile] = useState(/** @type {Blob | null} */ (null));
  useEffect(() => box.current?.showModal(), []);
  const save = (/** @type {Blob} */ made) => saveAs(made, `starling-${address}.p12`);
  const made = (/** @type {Blob} */ blob) => (setFile(blob), save(blob));
  return html`<dialog class="ask" ref=${box} aria-labelledby="backup-title" onClose=${close}>
    <h2 id="backup-title">${t(file ? 'backup.saved' : 'backup.title')}</h2>
    ${
      file
        ? html`<p role="status">${t('backup.saved.lead', { file: `starling-${address}.p12` })}</p>
            <div class="row end">
              <${Button} task=${() => save(file)}>${t('backup.again')}<//>
              <${Button} kind="main" task=${close}>${t('backup.done')}<//>
            </div>`
        : html`<${Phrase} core=${core} address=${address} close=${close} made=${made} />`
    }
  </dialog>`;
}

/** @param {{core: Core, address: string, close: () => void, made: (file: Blob) => void}} props */
function Phrase({ core, address, close, made }) {
  const [phrase, setPhrase] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const make = async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (phrase !== again) return setError(t('backup.differ'));
    setBusy(true);
    setError('');
    try {
      made(await core.backupKey(phrase));
    } catch (failure) {
      setError(saying(failure));
      setBusy(false);
    }
  };
  const field = (/** @type {string} */ id, /** @type {string} */ value, /** @type {(text: string) => void} */ set) =>
    html`<label class="label" for=${id}>${t(id === 'backup-phrase' ? 'backup.phrase' : 'backup.phrase.again')}</label>
      <input
        class="field"
        id=${id}
        type="password"
        autocomplete="new-password"
        maxlength="200"
        aria-invalid=${error ? 'true' : undefined}
        aria-describedby="backup-hint backup-error"
        value=${value}
        onInput=${(/** @type {any} */ e) => set(e.target.value)}
      />`;
  return html`<form class="certificate" onSubmit=${make} novalidate>
    <p>${t('backup.lead', { address })}</p>
    ${field('backup-phrase', phrase, setPhrase)}
    <p class="small" id="backup-hint">${t('backup.phrase.hint')}</p>
    ${field('backup-again', again, setAgain)}
    <p class="error" id="backup-error" role="alert">${error}</p>
    <p class="small" role="status">${busy ? t('backup.busy') : ''}</p>
    <div class="row end">
      <${Button} task=${close} disabled=${busy}>${t('dialog.cancel')}<//>
      <button class=${`button main ${busy ? 'busy' : ''}`} disabled=${busy || !phrase || !again}>
        ${t('backup.save')}
      </button>
    </div>
  </form>`;
}
