// In the settings of the add-on: whether an encrypted mail goes to people who are away, too.
import { saying } from '../web/errors.js';
import { html, useEffect, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { askToSend, letters, maySend, onLettersChanged, setLetters } from './letter-setting.js';

export function Letters() {
  const [wish, setWish] = useState(/** @type {import('./letter-setting.js').Letters | null} */ (null));
  const [allowed, setAllowed] = useState(false);
  const [error, setError] = useState('');
  const read = async () => {
    setAllowed(await maySend());
    setWish(await letters());
  };
  useEffect(() => {
    void read();
    return onLettersChanged(() => void read());
  }, []);
  if (!wish) return null;
  /** @param {boolean} on */
  function turn(on) {
    // Asked at once: a moment later it is no click any more.
    const may = on && !allowed ? askToSend() : Promise.resolve(true);
    may
      .then((/** @type {boolean} */ yes) => setLetters({ on: on && yes, why: '' }))
      .then(read)
      .then(
        () => setError(''),
        (/** @type {unknown} */ e) => setError(saying(e)),
      );
  }
  return html`<section class="section">
    <h2>${t('letters.title')}</h2>
    <label class="switch">
      <input
        type="checkbox"
        id="letters"
        checked=${wish.on && allowed}
        aria-describedby="letters-hint"
        onChange=${(/** @type {any} */ e) => turn(e.target.checked)}
      />
      <span>${t('letters.on')}</span>
    </label>
    <p class="small" id="letters-hint">${t('letters.hint')}</p>
    <p class="small">${t('letters.learns')}</p>
    ${wish.on && wish.why && html`<p class="small" role="status">${t(`letters.${wish.why}`)}</p>`}
    <p class="error" role="alert">${error}</p>
  </section>`;
}
