// A report for support: read first, then saved. It goes nowhere by itself.
import { Button } from '../components/parts.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { saying } from '../errors.js';
import { saveAs } from '../save.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */

/** @param {{core: Core}} props */
export function Report({ core }) {
  const [open, setOpen] = useState(false);
  return html`<p><${Button} task=${() => setOpen(true)}>${t('report.make')}<//></p>
    <p class="small">${t('report.hint')}</p>
    ${open && html`<${Reading} core=${core} close=${() => setOpen(false)} />`}`;
}

/** @param {{core: Core, close: () => void}} props */
function Reading({ core, close }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [people, setPeople] = useState(false);
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  useEffect(() => box.current?.showModal(), []);
  useEffect(() => void core.report(people).then(setText, (e) => setError(saying(e))), [people]);
  const save = () => {
    saveAs(new Blob([text], { type: 'text/plain' }), `starling-report-${new Date().toISOString().slice(0, 10)}.txt`);
    close();
  };
  return html`<dialog class="ask report" ref=${box} aria-labelledby="report-title" onClose=${close}>
    <h2 id="report-title">${t('report.title')}</h2>
    <p>${t('report.lead')}</p>
    <label class="switch">
      <input
        type="checkbox"
        aria-describedby="report-people"
        checked=${people}
        onChange=${(/** @type {any} */ e) => setPeople(e.target.checked)}
      />
      <span>${t('report.people')}</span>
    </label>
    <p class="small" id="report-people">${t('report.people.hint')}</p>
    <pre class="report-text" dir="ltr" lang="en" tabindex="0" role="region" aria-label=${t('report.text')}>${text}</pre>
    <p class="error" role="alert">${error}</p>
    <div class="row end">
      <${Button} task=${close}>${t('dialog.cancel')}<//>
      <${Button} kind="main" disabled=${!text} task=${save}>${t('report.save')}<//>
    </div>
  </dialog>`;
}
