// The browsers and devices of this person: what they are called, since when, adding one, removing one.
import { grouped, linkFor } from '../adding.js';
import { Ask } from '../components/dialog.js';
import { Button } from '../components/parts.js';
import { Qr } from '../components/qr.js';
import { saying } from '../errors.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { duration, moment, t } from '../i18n.js';
import { visible } from '../names.js';
import { isAddon } from '../origin.js';
import { useClock } from '../components/clock.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */
/** @typedef {import('../../core/types.js').DeviceInfo} DeviceInfo */

const MAX_DEVICES = 16;

/** @param {{core: Core, state: State}} props */
export function Devices({ core, state }) {
  const [removing, setRemoving] = useState(/** @type {DeviceInfo | null} */ (null));
  const [renaming, setRenaming] = useState(/** @type {DeviceInfo | null} */ (null));
  const [working, setWorking] = useState('');
  const [error, setError] = useState('');
  const attempt = async (/** @type {string} */ id, /** @type {() => Promise<void>} */ task) => {
    setWorking(id);
    setError('');
    await task().catch((failure) => setError(saying(failure)));
    setWorking('');
  };
  const shown = state.me.status !== 'removed';
  return html`<ul class="plain-list">
      ${state.devices.map(
        (device) =>
          html`<li class="entry device" key=${device.deviceId}>
            <div class="entry-text">
              <strong><bdi dir="auto">${nameOf(device)}</bdi></strong>
              <span class="small">${facts(device)}</span>
            </div>
            ${
              shown &&
              device.listed &&
              html`<div class="row">
                <${Button}
                  label=${t('settings.devices.rename.which', { name: nameOf(device) })}
                  busy=${working === `name ${device.deviceId}`}
                  task=${() => setRenaming(device)}
                  >${t('settings.devices.rename')}<//
                >
                ${
                  !device.self &&
                  html`<${Button}
                    label=${t('settings.devices.remove.which', { name: nameOf(device) })}
                    busy=${working === device.deviceId}
                    task=${() => setRemoving(device)}
                    >${t('settings.devices.remove')}<//
                  >`
                }
              </div>`
            }
          </li>`,
      )}
    </ul>
    <p class="error" role="alert">${error}</p>
    ${
      shown &&
      html`<p>
          <${Button}
            icon="plus"
            disabled=${state.devices.filter((device) => device.listed).length >= MAX_DEVICES}
            task=${() => core.showDeviceCode()}
            >${t('settings.devices.add')}<//
          >
        </p>
        <p class="small">${t('settings.devices.hint')}</p>`
    }
    ${state.adding && html`<${Adding} core=${core} state=${state} adding=${state.adding} />`}
    ${
      removing &&
      html`<${Ask}
        title=${t('settings.devices.remove.title', { name: nameOf(removing) })}
        lead=${t('settings.devices.remove.lead')}
        yes=${t('settings.devices.remove')}
        danger
        close=${() => setRemoving(null)}
        task=${() => attempt(removing.deviceId, () => core.removeDevice(removing.deviceId))}
      />`
    }
    ${
      renaming &&
      html`<${Rename}
        device=${renaming}
        close=${() => setRenaming(null)}
        task=${(/** @type {string} */ name) =>
          attempt(`name ${renaming.deviceId}`, () => core.renameDevice(renaming.deviceId, name))}
      />`
    }`;
}

/** @param {DeviceInfo} device */
export const nameOf = (device) => visible(device.name || device.deviceId.slice(0, 8));

/** @param {DeviceInfo} device */
const facts = (device) =>
  device.listed
    ? [device.self && t('settings.devices.this'), t('settings.devices.since', { date: moment(device.added) })]
        .filter(Boolean)
        .join(' · ')
    : t('settings.devices.ghost');

/** @param {{device: DeviceInfo, close: () => void, task: (name: string) => any}} props */
function Rename({ device, close, task }) {
  const [name, setName] = useState(device.name);
  return html`<${Ask}
    title=${t('settings.devices.rename.title')}
    yes=${t('settings.devices.rename')}
    close=${close}
    task=${() => name.trim() && task(name)}
  >
    <input
      class="field"
      dir="auto"
      maxlength="64"
      aria-label=${t('settings.devices.rename.field')}
      value=${name}
      onInput=${(/** @type {any} */ e) => setName(e.target.value)}
    />
  <//>`;
}

/** What the new device scans, opens or is told. It closes by itself when the device is there. @param {{core: Core, state: State, adding: {code: string, expires: number}}} props */
function Adding({ core, state, adding }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [copied, setCopied] = useState(false);
  const now = useClock();
  useEffect(() => box.current?.showModal(), []);
  // No other device can open a page of an add-on.
  const known = core.peers();
  const base = isAddon ? ((known.find((each) => each.connected) ?? known[0])?.base ?? '') : `${location.origin}/`;
  const link = linkFor(base, { address: state.me.address, code: adding.code });
  const copy = () => navigator.clipboard.writeText(link).then(() => setCopied(true));
  const left = Math.max(0, Math.ceil((adding.expires - now) / 1000));
  return html`<dialog class="ask" ref=${box} aria-labelledby="adding-title" onClose=${() => core.hideDeviceCode()}>
    <h2 id="adding-title">${t('adding.title')}</h2>
    <p>${t('adding.lead')}</p>
    <${Qr} text=${link} label=${t('adding.qr')} />
    <p class="small">${t('adding.code', { server: base.replace(/^https?:\/\/|\/$/g, '') })}</p>
    <p class="check-code" dir="ltr">${grouped(adding.code, 4)}</p>
    <p class="small">${t('adding.left', { time: duration(left) })}</p>
    <p class="small"><strong>${t('adding.secret')}</strong></p>
    <p class="busy-line small" role="status">${copied ? t('adding.copied') : t('adding.waiting')}</p>
    <div class="row end">
      <${Button} task=${copy}>${t('adding.copy')}<//>
      <${Button} kind="main" task=${() => core.hideDeviceCode()}>${t('dialog.close')}<//>
    </div>
  </dialog>`;
}
