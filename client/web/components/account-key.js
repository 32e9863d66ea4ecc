// The key that a CA wants before it makes an account, where its operator chooses the people: the field is there only once the CA has asked for it.
import { html, useEffect, useRef } from '../html.js';
import { t } from '../i18n.js';

/** @param {unknown} failure  of the core */
export const wantsAccountKey = (failure) => keyOf(failure) === 'account-key';
/** That it did not get the right one. @param {unknown} failure  of the core */
export const isOfAccountKey = (failure) => /^account-key\b/.test(keyOf(failure));
/** @param {unknown} failure */
const keyOf = (failure) => /** @type {{key?: string}} */ (failure ?? {}).key ?? '';

/** @param {{value: string, input: (text: string) => void, error: string, describedBy: string}} props  error: of this field, or ''; describedBy: where it stands */
export function AccountKey({ value, input, error, describedBy }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => field.current?.focus(), [error]);
  return html`<div class="account-key">
    <p id="account-key-lead" role="status">${t('enrol.account-key.lead')}</p>
    <label class="label" for="account-key">${t('enrol.account-key')}</label>
    <textarea
      class="field code"
      id="account-key"
      ref=${field}
      rows="3"
      spellcheck="false"
      autocomplete="off"
      autocapitalize="none"
      aria-invalid=${error ? 'true' : undefined}
      aria-describedby=${`account-key-lead ${describedBy}`}
      value=${value}
      onInput=${(/** @type {any} */ e) => input(e.target.value)}
    ></textarea>
  </div>`;
}
