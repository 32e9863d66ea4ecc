// What opens at the button of a window where a mail is written: to whom it goes, how they are, and a way to write to them, or to ask them, at once.
import { Button, Name, Picture, Presence } from '../web/components/parts.js';
import { html, render, useEffect, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { ofAddress } from '../web/names.js';
import { recipients } from './compose.js';
import { PORT, remote } from './wire.js';
import { setLanguage } from './words.js';

const LOOK_MILLIS = 1000;

/** @typedef {import('../core/types.js').StarlingApi} Core */

/** @param {string} address */
async function open(address) {
  await browser.runtime.sendMessage({ open: address });
  close();
}

/** @param {{core: Core, tab: number}} props */
function Recipients({ core, tab }) {
  const [state, setState] = useState(core.state);
  const [to, setTo] = useState(/** @type {string[] | null} */ (null));
  useEffect(() => core.subscribe(setState), [core]);
  useEffect(() => {
    const look = async () => setTo(recipients(await browser.compose.getComposeDetails(tab)));
    void look();
    const timer = setInterval(look, LOOK_MILLIS);
    return () => clearInterval(timer);
  }, [tab]);
  if (!to) return null;
  const others = to.filter((address) => address !== state.me.address);
  return html`<main>
    <h1>${t('compose.title')}</h1>
    ${
      others.length
        ? html`<ul class="people-list">
            ${others.map((address) => html`<${Row} key=${address} address=${address} state=${state} />`)}
          </ul>`
        : html`<p class="small">${t('compose.empty')}</p>`
    }
  </main>`;
}

/** @param {{address: string, state: import('../core/types.js').State}} props */
function Row({ address, state }) {
  const contact = ofAddress(state.contacts, address);
  const known = contact?.state === 'accepted';
  const name = contact?.name ?? '';
  const text = t(known ? 'compose.write' : 'people.ask');
  return html`<li class="people-row">
    <${Picture} name=${name} address=${address} presence=${known ? contact.presence : ''} />
    <span class="people-text">
      <strong><${Name} name=${name} address=${address} /></strong>
      <span class="small">
        ${known ? html`<${Presence} presence=${contact.presence} words />` : t(contact?.state === 'waiting' ? 'list.waiting' : 'compose.unknown')}
      </span>
    </span>
    <${Button} label=${`${text}: ${name || address}`} task=${() => open(address)}>${text}<//>
  </li>`;
}

const [{ id }] = await browser.tabs.query({ active: true, currentWindow: true });
const core = await remote(browser.runtime.connect({ name: PORT }), close);
await setLanguage(core.state.settings.language);
render(html`<${Recipients} core=${core} tab=${id} />`, /** @type {HTMLElement} */ (document.getElementById('app')));
