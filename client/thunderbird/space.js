// The space: what the web app shows, of the agent in the background page.
import { Known } from './known.js';
import { linkIn, placeOf } from './link.js';
import { More } from './saving-view.js';
import { Setup } from './setup.js';
import { WaitForMove } from './waiting.js';
import { App } from '../web/app.js';
import { html, render } from '../web/html.js';
import { t } from '../web/i18n.js';
import { PORT, remote } from './wire.js';
import { setLanguage } from './words.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const core = await remote(browser.runtime.connect({ name: PORT }), () => location.reload()).catch(async (e) => {
  await setLanguage('');
  root.textContent = '';
  render(html`<p class="error" role="alert">${t('app.failed')} ${e.message}</p>`, root);
  throw e;
});
let drawn = core.state.settings.language;
await setLanguage(drawn);
// A link that was clicked, in a mail or anywhere: it opens somebody's place here, and does no more.
const link = linkIn(location);
if (link) history.replaceState(null, '', `${location.pathname}${placeOf(link, core.state.contacts)}`);
const draw = () =>
  render(
    html`<${App} core=${core} begin=${Setup} known=${Known} more=${More} wait=${WaitForMove} key=${drawn} />`,
    root,
  );
root.textContent = '';
draw();
core.subscribe(async (state) => {
  if (state.settings.language === drawn) return;
  drawn = state.settings.language;
  await setLanguage(drawn);
  draw();
});
