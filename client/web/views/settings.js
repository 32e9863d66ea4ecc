// Settings, from what people change often to what they should never need.
import { Button, Presence } from '../components/parts.js';
import { Ask } from '../components/dialog.js';
import { html, useEffect, useState } from '../html.js';
import { aboutServer, languages, t } from '../i18n.js';
import { saying } from '../errors.js';
import { fromThisComputer, isAddon } from '../origin.js';
import { mayNotify, notificationsBlocked } from '../notify.js';
import { saveAs } from '../save.js';
import { Microphone } from './call.js';
import { Address } from './move.js';
import { Devices } from './devices.js';
import { Pane } from './pane.js';
import { Report } from './report.js';
import { Trust } from './trust.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State, back: () => void, more?: (props: {core: Core, state: State}) => any, wait?: any}} props */
export function Settings({ core, state, back, more, wait }) {
  return html`<${Pane} title=${t('settings.title')} back=${back}>
    <${Section} title=${t('settings.me')}><${Person} core=${core} state=${state} wait=${wait} /><//>
    <${Section} title=${t('settings.devices')}><${Devices} core=${core} state=${state} /><//>
    <${Section} title=${t('settings.privacy')}>
      <${Privacy} core=${core} state=${state} />
      <${Blocked} core=${core} state=${state} />
    <//>
    ${more && html`<${more} core=${core} state=${state} />`}
    <${Section} title=${t('settings.sound')}><${Microphone} core=${core} /><//>
    <${Section} title=${t('settings.language')}><${Language} core=${core} state=${state} /><//>
    <${Section} title=${t('settings.servers')}><${Servers} core=${core} /><//>
    <${Section} title=${t('settings.trust')}><${Trust} core=${core} /><//>
    <${Section} title=${t('settings.data')}><${Data} core=${core} state=${state} /><//>
    <${Section} title=${t('settings.help')}><${Report} core=${core} /><//>
    <${Section} title=${t('settings.details')}>
      <dl class="details">
        <dt>${t('settings.details.status')}</dt>
        <dd>${t(`status.${state.me.status}`)}${state.me.detail && ` · ${state.me.detail}`}</dd>
        <dt>${t('settings.details.device')}</dt>
        <dd><code>${state.me.deviceId}</code></dd>
      </dl>
    <//>
  <//>`;
}

/** @param {{title: string, children?: any}} props */
function Section({ title, children }) {
  return html`<section class="section">
    <h2>${title}</h2>
    ${children}
  </section>`;
}

/** @param {{core: Core, state: State, wait?: any}} props */
function Person({ core, state, wait }) {
  return html`<label class="label" for="my-name">${t('settings.name')}</label>
    <input
      class="field"
      id="my-name"
      dir="auto"
      maxlength="64"
      autocomplete="name"
      value=${state.me.name}
      onChange=${(/** @type {any} */ e) => core.setName(e.target.value)}
    />
    <p class="small">${t('settings.name.hint')}</p>
    <${Address} core=${core} state=${state} wait=${wait} />`;
}

/** @param {{core: Core, state: State}} props */
function Privacy({ core, state }) {
  const notify = async (/** @type {boolean} */ on) => core.set({ notifications: on && (await mayNotify()) });
  return html`<${Switch}
      on=${state.settings.strangersRing}
      set=${(/** @type {boolean} */ on) => core.set({ strangersRing: on })}
      text=${t('settings.strangers')}
      hint=${t('settings.strangers.hint')}
    />
    ${
      (state.settings.linesRing || core.peers().some((peer) => peer.lines)) &&
      html`<${Switch}
        on=${state.settings.linesRing}
        set=${(/** @type {boolean} */ on) => core.set({ linesRing: on })}
        text=${t('settings.lines')}
        hint=${t('settings.lines.hint')}
      />`
    }
    <${Switch}
      on=${state.settings.sendReadMarks}
      set=${(/** @type {boolean} */ on) => core.set({ sendReadMarks: on })}
      text=${t('settings.read')}
    />
    <${Switch}
      on=${state.settings.notifications}
      set=${notify}
      text=${t('settings.notifications')}
      hint=${notificationsBlocked() ? t('settings.notifications.blocked') : ''}
    />`;
}

/** @param {{core: Core, state: State}} props */
function Blocked({ core, state }) {
  if (!state.blocked.length) return null;
  return html`<h3>${t('settings.blocked')}</h3>
    <ul class="plain-list">
      ${state.blocked.map(
        (address) =>
          html`<li class="entry" key=${address}>
            <div class="entry-text"><bdi>${address}</bdi></div>
            <${Button} label=${t('settings.unblock.who', { address })} task=${() => core.unblock(address)}
              >${t('settings.unblock')}<//
            >
          </li>`,
      )}
    </ul>`;
}

/** @param {{on: boolean, set: (on: boolean) => any, text: string, hint?: string}} props */
function Switch({ on, set, text, hint = '' }) {
  return html`<label class="switch">
    <input type="checkbox" checked=${on} onChange=${(/** @type {any} */ e) => set(e.target.checked)} />
    <span>${text}${hint && html`<span class="small block">${hint}</span>`}</span>
  </label>`;
}

/** @param {{core: Core, state: State}} props */
function Language({ core, state }) {
  return html`<select
    class="field"
    aria-label=${t('settings.language')}
    value=${state.settings.language}
    onChange=${(/** @type {any} */ e) => core.set({ language: e.target.value })}
  >
    ${['', ...languages].map((language) => html`<option value=${language}>${t(`settings.language.${language || 'auto'}`)}</option>`)}
  </select>`;
}

/** @param {{core: Core}} props */
function Servers({ core }) {
  const [all, setAll] = useState(core.peers());
  const [address, setAddress] = useState('');
  const [error, setError] = useState('');
  useEffect(() => core.subscribe(() => setAll(core.peers())), []);
  const attempt = (/** @type {Promise<void>} */ task) =>
    task.then(
      () => (setAddress(''), setError(''), setAll(core.peers())),
      (failure) => setError(saying(failure)),
    );
  const add = (/** @type {Event} */ e) => {
    e.preventDefault();
    attempt(core.addPeer(address.trim()));
  };
  return html`<p class="small">${t('settings.servers.lead')}</p>
    ${!fromThisComputer && html`<p class="small">${t('app.other-server', { server: location.host })}</p>`}
    <ul class="plain-list">
      ${all.map(
        (peer) =>
          html`<li class="entry" key=${peer.base}>
            <div class="entry-text">
              <strong><bdi>${peer.base}</bdi></strong>
              <span class="small">
                <${Presence} presence=${peer.connected ? 'online' : 'offline'} />
                ${' '}${t(peer.connected ? 'settings.servers.connected' : 'settings.servers.not')}${peer.detail && ` · ${peer.detail}`}
              </span>
              ${isAddon && html`<span class="small"><${About} base=${peer.base} /></span>`}
            </div>
            ${all.length > 1 && html`<${Button} icon="close" label=${t('settings.servers.remove', { server: peer.base })} task=${() => attempt(core.removePeer(peer.base))} />`}
          </li>`,
      )}
    </ul>
    <form class="row" onSubmit=${add}>
      <input
        class="field"
        type="url"
        aria-label=${t('settings.servers.address')}
        placeholder="https://"
        value=${address}
        onInput=${(/** @type {any} */ e) => setAddress(e.target.value)}
      />
      <button class="button" disabled=${!address.trim()}>${t('settings.servers.add')}</button>
    </form>
    <p class="error" role="alert">${error}</p>
    ${!isAddon && html`<p class="small"><${About} /></p>`}`;
}

/** The page of whoever runs a server: of the one that this page came from, or of that one. @param {{base?: string}} props */
const About = ({ base = '' }) =>
  html`<a href=${aboutServer(base)} target="_blank" rel="noopener">${t('settings.servers.about')}</a>`;

/** @param {{core: Core, state: State}} props */
function Data({ core, state }) {
  const [asking, setAsking] = useState(false);
  const save = async () => saveAs(await core.exportData(), `starling-${state.me.address}.json`);
  return html`<p><${Button} task=${save}>${t('settings.export')}<//></p>
    <p class="small">${t('settings.export.hint')}</p>
    <p><${Button} kind="danger" task=${() => setAsking(true)}>${t('settings.delete')}<//></p>
    ${
      asking &&
      html`<${Ask}
        title=${t('settings.delete.title')}
        lead=${t('settings.delete.lead')}
        yes=${t('settings.delete.yes')}
        danger
        confirm=${state.me.address}
        close=${() => setAsking(false)}
        task=${() => core.deleteEverything().then(() => location.reload())}
      />`
    }`;
}
