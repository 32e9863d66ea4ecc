// Change of address: the new one is typed and proven by a code; the old one goes on until people use the new one, or its time is over.
import { AccountKey, isOfAccountKey, wantsAccountKey } from '../components/account-key.js';
import { Ask } from '../components/dialog.js';
import { Button } from '../components/parts.js';
import { saying } from '../errors.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { moment, t } from '../i18n.js';
import { visible } from '../names.js';
import { nameOf } from './devices.js';
import { CodeForm } from './enrol.js';
import { Allowing } from './waiting.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State, wait?: any}} props  wait: shows that the mail for a new address is on its way, in place of a field for its code */
export function Address({ core, state, wait }) {
  const [open, setOpen] = useState(false);
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  const close = () => {
    setOpen(false);
    opener.current?.querySelector('button')?.focus();
  };
  const up = state.me.status === 'online' || state.me.status === 'one-server';
  return html`<p>${t('settings.address')}: <bdi>${state.me.address}</bdi></p>
    ${
      state.move
        ? html`<${Moving} core=${core} move=${state.move} wait=${wait} />`
        : open
          ? html`<${NewAddress} core=${core} state=${state} close=${close} />`
          : html`<p ref=${opener}>
              <${Button} disabled=${!up} task=${() => setOpen(true)}>${t('move.start')}<//>
            </p>`
    }
    ${state.former.map((old) => html`<${Former} key=${old.address} core=${core} old=${old} now=${state.me.address} />`)}`;
}

/** @param {{core: Core, state: State, close: () => void}} props */
function NewAddress({ core, state, close }) {
  const [address, setAddress] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [keyed, setKeyed] = useState(false);
  const [key, setKey] = useState('');
  const [wrongKey, setWrongKey] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const start = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      await core.changeAddress(address.trim(), key.trim());
      close();
    } catch (failure) {
      if (wantsAccountKey(failure)) setKeyed(true);
      setWrongKey(isOfAccountKey(failure));
      setError(wantsAccountKey(failure) && !keyed ? '' : saying(failure));
      setBusy(false);
      field.current?.focus();
    }
  };
  return html`<form class="move" onSubmit=${start} novalidate>
    <h3>${t('move.start')}</h3>
    <p class="small">${t('move.lead')}</p>
    ${state.devices
      .filter((each) => each.phone)
      .map(({ deviceId, name }) => {
        const said = { name: visible(name || deviceId.slice(0, 8)), address: state.me.address };
        return html`<p class="small" key=${deviceId}>${t('move.phone', said)}</p>`;
      })}
    <label class="label" for="move-address">${t('move.address')}</label>
    <input
      class="field"
      id="move-address"
      ref=${field}
      type="email"
      inputmode="email"
      autocomplete="email"
      spellcheck="false"
      autocapitalize="none"
      aria-invalid=${error && !wrongKey ? 'true' : undefined}
      aria-describedby="move-error"
      value=${address}
      onInput=${(/** @type {any} */ e) => setAddress(e.target.value)}
    />
    ${keyed && html`<${AccountKey} value=${key} input=${setKey} error=${wrongKey ? error : ''} describedBy="move-error" />`}
    <p class="error" id="move-error" role="alert">${error}</p>
    <div class="row">
      <button class=${`button main ${busy ? 'busy' : ''}`} disabled=${busy || !address.trim()}>
        ${t(busy ? 'enrol.sending' : 'enrol.start')}
      </button>
      <${Button} disabled=${busy} task=${close}>${t('dialog.cancel')}<//>
    </div>
  </form>`;
}

/** @param {{core: Core, move: NonNullable<State['move']>, wait?: any}} props */
function Moving({ core, move, wait }) {
  const [error, setError] = useState('');
  const { address, step, checkCode, refused } = move;
  const cancel = () => core.cancelMove().catch((failure) => setError(saying(failure)));
  const said = html`<p class="error" role="alert">${error}</p>`;
  if (step === 'code' && wait)
    return html`<div class="move">
      <${wait} core=${core} move=${move} cancel=${cancel} />
      ${said}
    </div>`;
  if (step === 'code')
    return html`<div class="move">
      <${CodeForm}
        heading="h3"
        address=${address}
        expires=${move.codeExpires}
        mailbox=${move.mailbox}
        submit=${(/** @type {string} */ typed) => core.submitMoveCode(typed)}
        again=${() => core.resendMoveCode()}
        cancel=${cancel}
        cancelText=${t('move.cancel')}
      />
      ${said}
    </div>`;
  return html`<div class="move">
    <h3>${t('move.going', { address })}</h3>
    ${
      step === 'waiting-for-device'
        ? html`<p>${t('move.waiting', { address })}</p>
            <${Allowing}
              checkCode=${checkCode}
              refused=${refused}
              use=${(/** @type {string} */ typed) => core.useMoveDeviceCode(typed)}
              again=${() => core.askMoveDevicesAgain()}
              recover=${(/** @type {{revokeOld: boolean}} */ how) =>
                core.recoverMove(how).catch((failure) => setError(saying(failure)))}
            />`
        : html`<p class="small busy-line" role="status">${t('move.working')}</p>`
    }
    ${said}
    <${Button} task=${cancel}>${t('move.cancel')}<//>
  </div>`;
}

/** @param {{core: Core, old: State['former'][number], now: string}} props */
function Former({ core, old, now }) {
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState('');
  const { address, until, people, waiting, asking: requests, devices } = old;
  const phones = devices.flatMap((each) => (each.phone ? [{ name: nameOf(each), until: each.phone.until }] : []));
  const names = waiting.slice(0, 8).map((each) => visible(each.name || each.address));
  const stop = () => core.stopUsing(address).catch((failure) => setError(saying(failure)));
  return html`<div class="move" role="group" aria-label=${t('move.former', { address })}>
    <h3><bdi>${address}</bdi></h3>
    <p>${t('move.former.until', { until: moment(until) })}</p>
    ${
      people > 0 &&
      html`<p role="status">
        ${waiting.length ? t('move.former.some', { count: people - waiting.length, all: people, address: now }) : t('move.former.all', { address: now })}
      </p>`
    }
    ${names.length > 0 && html`<p class="small">${t('move.former.waiting', { names: names.join(', ') + (waiting.length > names.length ? ', …' : '') })}</p>`}
    ${requests > 0 && html`<p>${t('move.former.asking', { count: requests })}</p>`}
    ${phones.map(
      (phone) => html`<p>${t('move.former.phone', { name: phone.name, old: address, until: moment(phone.until) })}</p>`,
    )}
    ${phones.length > 0 && html`<p class="small">${t('move.former.phone.how', { address: now })}</p>`}
    ${devices.length > 0 && html`<${Others} core=${core} devices=${devices} />`}
    <p class="error" role="alert">${error}</p>
    <${Button} task=${() => setAsking(true)}>${t('move.stop')}<//>
    ${
      asking &&
      html`<${Ask}
        title=${t('move.stop.title', { address })}
        lead=${t(waiting.length ? 'move.stop.lead' : 'move.stop.lead.all', { address, count: waiting.length })}
        yes=${t('move.stop.yes')}
        danger
        close=${() => setAsking(false)}
        task=${stop}
      >
        ${requests > 0 && html`<p>${t('move.stop.asking', { count: requests })}</p>`}
        ${phones.map((phone) => html`<p>${t('move.stop.phone', { name: phone.name })}</p>`)}
      <//>`
    }
  </div>`;
}

/** Other devices at an address that was left: one that is lost, or a phone that came along, is removed there, too. @param {{core: Core, devices: State['devices']}} props */
function Others({ core, devices }) {
  const [removing, setRemoving] = useState(/** @type {State['devices'][number] | null} */ (null));
  const [working, setWorking] = useState('');
  const [error, setError] = useState('');
  const remove = async (/** @type {string} */ id) => {
    setWorking(id);
    setError('');
    await core.removeDevice(id).catch((failure) => setError(saying(failure)));
    setWorking('');
  };
  return html`<p class="small">${t('move.former.devices')}</p>
    <ul class="plain-list">
      ${devices.map(
        (device) =>
          html`<li class="entry" key=${device.deviceId}>
            <div class="entry-text">
              <strong><bdi dir="auto">${nameOf(device)}</bdi></strong>
            </div>
            <${Button}
              label=${t('settings.devices.remove.which', { name: nameOf(device) })}
              busy=${working === device.deviceId}
              task=${() => setRemoving(device)}
              >${t('settings.devices.remove')}<//
            >
          </li>`,
      )}
    </ul>
    <p class="error" role="alert">${error}</p>
    ${
      removing &&
      html`<${Ask}
        title=${t('settings.devices.remove.title', { name: nameOf(removing) })}
        lead=${t('settings.devices.remove.lead')}
        yes=${t('settings.devices.remove')}
        danger
        close=${() => setRemoving(null)}
        task=${() => remove(removing.deviceId)}
      />`
    }`;
}
