// Settings: whom this person believes, the CAs; and the certificate with which the person proves an address.
import { Button } from '../components/parts.js';
import { Ask } from '../components/dialog.js';
import { html, useEffect, useState } from '../html.js';
import { moment, t } from '../i18n.js';
import { saying } from '../errors.js';
import { Fingerprint, SmimeForm } from './smime.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').AnchorInfo} AnchorInfo */

/** @param {{core: Core}} props */
export function Trust({ core }) {
  const [all, setAll] = useState(/** @type {AnchorInfo[]} */ ([]));
  const [removing, setRemoving] = useState(/** @type {AnchorInfo | null} */ (null));
  const [certificate, setCertificate] = useState(false);
  useEffect(() => {
    const look = () => void core.anchors().then(setAll);
    look();
    return core.subscribe(look);
  }, []);
  return html`<p class="small">${t('trust.lead')}</p>
    ${!all.length && html`<p>${t('trust.none')}</p>`}
    <ul class="plain-list">
      ${all.map(
        (anchor) =>
          html`<li class="entry" key=${anchor.id}>
            <div class="entry-text">
              <strong><bdi dir="auto">${anchor.name || anchor.subject || anchor.id.slice(0, 16)}</bdi></strong>
              <span class="small">${about(anchor)}</span>
            </div>
            ${
              !anchor.test &&
              html`<${Button}
                label=${t('trust.remove.who', { name: anchor.name || anchor.subject })}
                task=${() => setRemoving(anchor)}
                >${t('trust.remove')}<//
              >`
            }
          </li>`,
      )}
    </ul>
    <${Add} core=${core} />
    <h3>${t('trust.smime.title')}</h3>
    ${
      certificate
        ? html`<${SmimeForm} core=${core} close=${() => setCertificate(false)} done=${() => setCertificate(false)} />`
        : html`<${Button} task=${() => setCertificate(true)}>${t('trust.smime')}<//>`
    }
    ${
      removing &&
      html`<${Ask}
        title=${t('trust.remove.title', { name: removing.name || removing.subject })}
        lead=${t('trust.remove.lead')}
        yes=${t('trust.remove')}
        danger
        close=${() => setRemoving(null)}
        task=${() => core.removeAnchor(removing.id)}
      />`
    }`;
}

/** @param {AnchorInfo} anchor */
function about(anchor) {
  const domains = anchor.domains.filter((each) => each !== '+' && each !== '*').join(', ');
  return [
    anchor.test && t('trust.test-ca'),
    domains ? t('trust.domains', { domains }) : t('trust.every'),
    t('trust.until', { date: moment(anchor.notAfter) }),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A file is read first, and believed when the person has compared what it holds. @param {{core: Core}} props */
function Add({ core }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState(/** @type {AnchorInfo[]} */ ([]));
  const [compared, setCompared] = useState(false);
  const [error, setError] = useState('');
  const read = async (/** @type {any} */ e) => {
    const [file] = e.target.files ?? [];
    e.target.value = '';
    if (!file) return;
    setError('');
    setCompared(false);
    try {
      const content = file.size < 200_000 ? await file.text() : '';
      setFound(await core.readAnchors(content));
      setText(content);
    } catch {
      setFound([]);
      setError(t('trust.unreadable'));
    }
  };
  const add = async () => {
    try {
      await core.addAnchors(
        text,
        found.map((each) => each.id),
      );
      setFound([]);
    } catch (failure) {
      setError(saying(failure));
    }
  };
  return html`<label class="label" for="trust-file">${t('trust.add')}</label>
    <input class="field" id="trust-file" type="file" accept=".pem,.crt,.txt,.anchors" onChange=${read} />
    <p class="error" role="alert">${error}</p>
    ${
      found.length > 0 &&
      html`<div class="section">
        ${found.map(
          (anchor) =>
            html`<div key=${anchor.id}>
              <strong><bdi dir="auto">${anchor.name || anchor.subject}</bdi></strong>
              <span class="small block">${about(anchor)}</span>
              <${Fingerprint} id=${anchor.id} />
            </div>`,
        )}
        <p>${t('trust.compare')}</p>
        <label class="switch">
          <input
            type="checkbox"
            checked=${compared}
            onChange=${(/** @type {any} */ e) => setCompared(e.target.checked)}
          />
          <span>${t('trust.compared')}</span>
        </label>
        <div class="row end">
          <${Button} task=${() => setFound([])}>${t('dialog.cancel')}<//>
          <${Button} kind="main" disabled=${!compared} task=${add}>${t('trust.believe')}<//>
        </div>
      </div>`
    }`;
}
