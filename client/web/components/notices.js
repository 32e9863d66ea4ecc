// Loud bars, and the two calm hints that everybody sees once.
import { html, useState } from '../html.js';
import { moment, t } from '../i18n.js';
import { grouped } from '../adding.js';
import { fromThisComputer, isAddon } from '../origin.js';
import { visible } from '../names.js';
import { mayAskToNotify, mayNotify } from '../notify.js';
import { Ask } from './dialog.js';
import { saying } from '../errors.js';
import { BackupOffer } from '../views/backup.js';
import { Button } from './parts.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State}} props */
export function Notices({ core, state }) {
  return html`${state.endorsements.map(
      (request) =>
        html`<div class="bar warning" role="alert" key=${request.deviceId}>
          <div>
            <strong>${t('device.asks')}</strong>
            <p>${t('device.asks.lead', { name: request.name, code: grouped(request.checkCode, 3) })}</p>
          </div>
          <div class="row">
            <${Button} kind="main" task=${() => core.allowDevice(request.deviceId)}>${t('device.allow')}<//>
            <${Button} task=${() => core.refuseDevice(request.deviceId)}>${t('device.refuse')}<//>
          </div>
        </div>`,
    )}
    ${state.notices.map((notice) => html`<${Bar} core=${core} notice=${notice} key=${notice.id} />`)}
    <${BackupOffer} core=${core} state=${state} />
    ${state.me.status === 'removed' && html`<${Removed} core=${core} />`}
    ${state.me.status === 'clock' && html`<div class="bar error" role="alert"><p>${t('notice.clock')}</p></div>`}
    ${(state.me.status === 'online' || state.me.status === 'one-server') && html`<${Hints} core=${core} />`}`;
}

/** @param {{core: Core, notice: State['notices'][number]}} props */
function Bar({ core, notice }) {
  const [error, setError] = useState('');
  const [working, setWorking] = useState('');
  const answer = async (/** @type {string} */ action) => {
    setWorking(action);
    setError('');
    await core.answerNotice(notice.id, action).catch((failure) => setError(saying(failure)));
    setWorking('');
    if (notice.id === 'moving' && action === 'go') location.hash = ':settings';
  };
  return html`<div class=${`bar ${notice.kind}`} role=${notice.kind === 'info' ? 'status' : 'alert'}>
    <div>
      <p>${t(`notice.${notice.key}`, shown(notice.args))}</p>
      ${notice.also && html`<p class="small">${t(`notice.${notice.also.key}`, shown(notice.also.args))}</p>`}
      ${error && html`<p class="error">${error}</p>`}
    </div>
    <div class="row">
      ${notice.id === 'renew-smime' && html`<a class="button main" href="#:settings">${t('notice.renew-smime.open')}</a>`}
      ${notice.actions.map(
        ({ id, key, safe }) =>
          html`<${Button} kind=${safe ? 'main' : ''} busy=${working === id} task=${() => answer(id)}>
            ${t(`notice.${key}`)}
          <//>`,
      )}
    </div>
  </div>`;
}

/** Times are written as dates. @param {State['notices'][number]['args']} args */
const shown = (args) =>
  Object.fromEntries(
    Object.entries(args).map(([key, value]) => [key, TIMES.includes(key) ? moment(Number(value)) : visible(value)]),
  );
const TIMES = ['until', 'since'];

/** Another browser took this one off the list. @param {{core: Core}} props */
function Removed({ core }) {
  const [asking, setAsking] = useState(false);
  return html`<div class="bar error" role="alert">
    <div>
      <strong>${t('removed.title')}</strong>
      <p>${t('removed.lead')}</p>
    </div>
    <div class="row">
      <${Button} kind="main" task=${() => core.askDevicesAgain()}>${t('removed.again')}<//>
      <${Button} kind="danger" task=${() => setAsking(true)}>${t('settings.delete')}<//>
    </div>
    ${
      asking &&
      html`<${Ask}
        title=${t('settings.delete.title')}
        lead=${t('settings.delete.lead')}
        yes=${t('settings.delete.yes')}
        danger
        confirm=${core.state.me.address}
        close=${() => setAsking(false)}
        task=${() => core.deleteEverything().then(() => location.reload())}
      />`
    }
  </div>`;
}

const SEEN = 'starling.hints-seen';

/** Closed tab, no ring; cleared browser, lost device; whose program this is. Once. @param {{core: Core}} props */
function Hints({ core }) {
  const [seen, setSeen] = useState(localStorage.getItem(SEEN) === 'yes');
  if (seen || isAddon) return null;
  const ok = () => {
    localStorage.setItem(SEEN, 'yes');
    setSeen(true);
  };
  const notify = async () => {
    await core.set({ notifications: await mayNotify() });
    ok();
  };
  return html`<div class="bar info" role="note">
    <p>
      ${t('hint.tab')} ${t('hint.clear')}${' '} ${!fromThisComputer && t('app.other-server', { server: location.host })}
    </p>
    <div class="row">
      ${mayAskToNotify() && html`<${Button} kind="main" task=${notify}>${t('hint.notify')}<//>`}
      <${Button} task=${ok}>${t('hint.ok')}<//>
    </div>
  </div>`;
}
