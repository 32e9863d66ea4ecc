// The first thing a person sees: their own mail addresses, one to be chosen.
import { wantsAccountKey } from '../web/components/account-key.js';
import { Button } from '../web/components/parts.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { Enrol } from '../web/views/enrol.js';
import { SmimeForm } from '../web/views/smime.js';
import { ServerForm } from './server-form.js';
import { findServers } from './servers.js';
import { WaitForMail } from './waiting.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {import('../core/types.js').State} State */

/** Addresses of the mail accounts, each once. @returns {Promise<string[]>} */
async function addresses() {
  const accounts = await browser.accounts.list(false);
  const all = accounts.flatMap((/** @type {any} */ account) =>
    account.identities.map((/** @type {any} */ i) => i.email),
  );
  return [...new Set(all.filter((/** @type {unknown} */ each) => typeof each === 'string' && each.includes('@')))];
}

/** @param {{core: Core, state: State}} props */
export function Setup({ core, state }) {
  const [own, setOwn] = useState(/** @type {string[] | null} */ (null));
  const [other, setOther] = useState(false);
  const [file, setFile] = useState(false);
  const [needsKey, setNeedsKey] = useState(false);
  /** For which address a server is asked for. */
  const [asked, setAsked] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState('');
  useEffect(() => void addresses().then(setOwn, () => setOwn([])), []);
  if (!own) return null;
  if (state.me.status === 'waiting-for-device') return html`<${Enrol} core=${core} state=${state} />`;
  if (state.me.status === 'code') return html`<${Card}><${WaitForMail} core=${core} state=${state} /><//>`;
  const enrol = async (/** @type {string} */ address, accountKey = '') => {
    if (!(await findServers(core, address))) return setAsked(address);
    await core.enrol(address, accountKey);
  };
  // The form for another address has the field.
  const failed = (/** @type {unknown} */ e) => {
    if (!wantsAccountKey(e)) throw e;
    setAsked('');
    setNeedsKey(true);
  };
  const use = async (/** @type {string} */ address) => {
    setBusy(address);
    setError('');
    await enrol(address)
      .catch(failed)
      .catch((e) => setError(saying(e)));
    setBusy('');
  };
  if (asked) {
    const back = () => setAsked('');
    const goOn = async () => (file ? back() : core.enrol(asked).catch(failed));
    return html`<${Card}><${ServerForm} core=${core} address=${asked} goOn=${goOn} back=${back} /><//>`;
  }
  const useCertificate = async (/** @type {string} */ address, /** @type {boolean} */ believe) => {
    if (!(await findServers(core, address))) return setAsked(address);
    await core.useCertificate(address, believe);
  };
  // As it is, but for the server that must be there first.
  const asking = Object.create(core, { enrol: { value: enrol }, useCertificate: { value: useCertificate } });
  if (file)
    return html`<${Card}>
      <h1>${t('smime.title')}</h1>
      <${SmimeForm} core=${asking} close=${() => setFile(false)} />
    <//>`;
  if (other || needsKey || !own.length) {
    const back = () => {
      setOther(false);
      setNeedsKey(false);
    };
    return html`<${Enrol} core=${asking} state=${state} needsKey=${needsKey} back=${own.length ? back : undefined} />`;
  }
  return html`<${Card}>
    <h1>${t('setup.title')}</h1>
    <p class="lead">${t('setup.lead')}</p>
    ${own.map(
      (address) =>
        html`<p key=${address}>
          <${Button} kind="main" busy=${busy === address} disabled=${!!busy} task=${() => use(address)}>
            ${t('setup.use', { address })}
          <//>
        </p>`,
    )}
    ${error && html`<p class="error" role="alert">${error}</p>`}
    <p class="small">${t('setup.mail')}</p>
    <div class="row spread">
      <${Button} kind="plain" task=${() => setOther(true)}>${t('setup.other')}<//>
      <${Button} kind="plain" task=${() => setFile(true)}>${t('setup.file')}<//>
      ${error && html`<${Button} kind="plain" task=${() => setAsked(own[0])}>${t('setup.server.other')}<//>`}
    </div>
  <//>`;
}

/** @param {{children?: any}} props */
function Card({ children }) {
  return html`<main class="card-page">
    <section class="card">
      <img class="logo" src="/web/icons/starling.svg" alt="" width="56" height="56" />
      ${children}
    </section>
  </main>`;
}
