// In the settings of the add-on: whether and where conversations are saved as mail, and whose are not.
import { Button, Name } from '../web/components/parts.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { Letters } from './letter-view.js';
import { LOCAL, places, saveIn, saveOf, saving } from './saving.js';

const SHOWN = 20;

/** @param {{state: import('../core/types.js').State}} props */
export function Saving({ state }) {
  const [wish, setWish] = useState(/** @type {import('./saving.js').Saving | null} */ (null));
  const [all, setAll] = useState(/** @type {{id: string, name: string}[]} */ ([]));
  const [error, setError] = useState('');
  const [whole, setWhole] = useState(false);
  const read = async () => setWish(await saving());
  useEffect(() => {
    void read();
    void places().then(setAll);
  }, []);
  if (!wish) return null;
  const set = (/** @type {Promise<void>} */ task) =>
    task.then(read).then(
      () => setError(''),
      (e) => setError(saying(e)),
    );
  const people = state.contacts.filter((each) => each.state === 'accepted');
  const gone = wish.account && all.length > 0 && !all.some((each) => each.id === wish.account);
  return html`<section class="section">
    <h2>${t('saving.title')}</h2>
    <label class="label" for="saving-where">${t('saving.where')}</label>
    <select
      class="field"
      id="saving-where"
      value=${wish.account}
      onChange=${(/** @type {any} */ e) => set(saveIn(e.target.value, Date.now()))}
    >
      ${all.map(({ id, name }) => html`<option value=${id}>${id === LOCAL ? t('saving.local') : name}</option>`)}
      <option value="">${t('saving.none')}</option>
      ${gone && html`<option value=${wish.account}>${t('saving.gone')}</option>`}
    </select>
    <p class="small">
      ${t(wish.account === '' ? 'saving.none.hint' : wish.account === LOCAL ? 'saving.local.hint' : 'saving.account.hint')}
    </p>
    ${
      wish.account &&
      people.length > 0 &&
      html`<fieldset class="people-saved">
        <legend>${t('saving.people')}</legend>
        ${people.slice(0, whole ? people.length : SHOWN).map(
          ({ address, name, earlier = [] }) =>
            html`<label class="switch" key=${address}>
              <input
                type="checkbox"
                checked=${![address, ...earlier].some((each) => wish.off.includes(each))}
                onChange=${(/** @type {any} */ e) => set(saveOf(address, e.target.checked, Date.now(), earlier))}
              />
              <span><${Name} name=${name} address=${address} /></span>
            </label>`,
        )}
        ${people.length > SHOWN && !whole && html`<${Button} task=${() => setWhole(true)}>${t('saving.all', { count: people.length })}<//>`}
      </fieldset>`
    }
    <p class="error" role="alert">${error}</p>
  </section>`;
}

/** What the add-on has beside the settings of the web app. @param {{state: import('../core/types.js').State}} props */
export function More({ state }) {
  return html`<${Saving} state=${state} />
    <${Letters} />
    <section class="section">
      <h2>${t('privacy.title')}</h2>
      <p>
        <a href=${`/thunderbird/privacy-${document.documentElement.lang}.html`} target="_blank">${t('privacy.page')}</a>
      </p>
    </section>`;
}
