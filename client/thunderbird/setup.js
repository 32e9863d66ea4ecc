// The first thing a person sees: their own mail addresses, one to be chosen.
import { Button } from '../web/components/parts.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { Enrol } from '../web/views/enrol.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */

/** Addresses of the mail accounts, each once. @returns {Promise<string[]>} */
async function addresses() {
  const accounts = await browser.accounts.list(false);
  const all = accounts.flatMap((/** @type {any} */ account) =>
    account.identities.map((/** @type {any} */ i) => i.email),
  );
  return [...new Set(all.filter((/** @type {unknown} */ each) => typeof each === 'string' && each.includes('@')))];
}

/** @param {{core: Core, state: import('../core/types.js').State}} props */
export function Setup({ core, state }) {
  const [own, setOwn] = useState(/** @type {string[] | null} */ (null));
  const [other, setOther] = useState(false);
  const [error, setError] = useState('');
  useEffect(() => void addresses().then(setOwn, () => setOwn([])), []);
  if (!own) return null;
  if (other || !own.length) return html`<${Enrol} core=${core} state=${state} />`;
  const use = async (/** @type {string} */ address) => {
    setError('');
    if (!core.peers().length) await chooseServer(core);
    await core.enrol(address);
  };
  return html`<main class="card-page">
    <section class="card">
      <img class="logo" src="/web/icons/starling.svg" alt="" width="56" height="56" />
      <h1>${t('setup.title')}</h1>
      <p class="lead">${t('setup.lead')}</p>
      ${own.map(
        (address) =>
          html`<p key=${address}>
            <${Button} kind="main" task=${() => use(address).catch((e) => setError(saying(e)))}>
              ${t('setup.use', { address })}
            <//>
          </p>`,
      )}
      ${error && html`<p class="error" role="alert">${error}</p>`}
      <p class="small">${t('setup.mail')}</p>
      <${Button} kind="plain" task=${() => setOther(true)}>${t('setup.other')}<//>
    </section>
  </main>`;
}

/** @param {Core} core */
async function chooseServer(core) {
  const { servers } = await browser.storage.local.get({ servers: [] });
  for (const base of servers) await core.addPeer(base);
}
