// A new browser that another one of this person must allow: by its code, or by comparing a number.
import { grouped } from '../adding.js';
import { Ask } from '../components/dialog.js';
import { Button } from '../components/parts.js';
import { saying } from '../errors.js';
import { html, useState } from '../html.js';
import { t } from '../i18n.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State}} props */
export function Waiting({ core, state: { me } }) {
  return html`<div>
    <h1>${t('waiting.title')}</h1>
    <${Allowing}
      checkCode=${me.checkCode}
      refused=${me.refused}
      use=${(/** @type {string} */ typed) => core.useDeviceCode(typed)}
      again=${() => core.askDevicesAgain()}
      recover=${(/** @type {{revokeOld: boolean}} */ how) => core.recover(how)}
    />
  </div>`;
}

/**
 * What lets this browser in, at a first address or a new one: the code of another device, a number to compare, or that no other is left.
 * @param {{checkCode: string, refused: boolean, use: (typed: string) => Promise<void>, again: () => Promise<void>, recover: (how: {revokeOld: boolean}) => Promise<void>}} props
 */
export function Allowing({ checkCode, refused, use, again, recover }) {
  const [asking, setAsking] = useState(false);
  const [revokeOld, setRevokeOld] = useState(false);
  return html`<div>
    ${refused ? html`<${Refused} again=${again} />` : html`<${Code} use=${use} />`}
    ${
      !refused &&
      html`<p class="small">${t('waiting.lead')}</p>
        <p class="check-code number" dir="ltr" aria-label=${t('waiting.code', { code: checkCode })}>
          ${grouped(checkCode, 3)}
        </p>
        <p class="small busy-line" role="status">${t('waiting.going')}</p>`
    }
    <${Button} kind="plain" task=${() => setAsking(true)}>${t('waiting.lost')}<//>
    ${
      asking &&
      html`<${Ask}
        title=${t('waiting.recover.title')}
        lead=${t('waiting.recover.lead')}
        yes=${t('waiting.recover.yes')}
        danger
        close=${() => setAsking(false)}
        task=${() => recover({ revokeOld })}
      >
        <label class="switch">
          <input
            type="checkbox"
            aria-describedby="revoke-old-hint"
            checked=${revokeOld}
            onChange=${(/** @type {any} */ e) => setRevokeOld(e.target.checked)}
          />
          <span>${t('waiting.recover.revoke')}</span>
        </label>
        <p class="small" id="revoke-old-hint">${t('waiting.recover.revoke.hint')}</p>
      <//>`
    }
  </div>`;
}

/** @param {{use: (typed: string) => Promise<void>}} props */
function Code({ use: told }) {
  const [code, setCode] = useState('');
  const [error, setError] = useState('');
  const [asked, setAsked] = useState(false);
  const use = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setError('');
    try {
      await told(code);
      setAsked(true);
    } catch (failure) {
      setError(saying(failure));
    }
  };
  return html`<form onSubmit=${use} novalidate>
    <p class="lead">${t('waiting.add')}</p>
    <label class="label" for="device-code">${t('waiting.add.field')}</label>
    <div class="row">
      <input
        class="field code"
        id="device-code"
        spellcheck="false"
        autocomplete="off"
        autocapitalize="characters"
        maxlength="20"
        aria-invalid=${error ? 'true' : undefined}
        aria-describedby="device-code-error"
        value=${code}
        onInput=${(/** @type {any} */ e) => (setCode(e.target.value), setAsked(false))}
      />
      <button class="button main" disabled=${!code.trim()}>${t('waiting.add.use')}</button>
    </div>
    <p class="error" id="device-code-error" role="alert">${error}</p>
    <p class="small" role="status">${asked && t('waiting.add.told')}</p>
  </form>`;
}

/** @param {{again: () => Promise<void>}} props */
function Refused({ again }) {
  return html`<p class="lead" role="alert">${t('waiting.refused')}</p>
    <p><${Button} kind="main" task=${again}>${t('waiting.ask-again')}<//></p>`;
}
