// Draws the real page on the fake core: the page under test is client/web, only main.js is replaced.
import { App } from '/web/app.js';
import { html, render } from '/web/html.js';
import { setLanguage } from '/web/i18n.js';
import { fakeCore } from '/fake/core.js';

const options = Object.fromEntries(new URLSearchParams(location.search));
localStorage.setItem('starling.hints-seen', options.hints ? 'no' : 'yes');
const core = fakeCore(options);
await setLanguage(options.language ?? 'en');
globalThis.core = core;
const root = document.getElementById('app');
root.textContent = '';
render(html`<${App} core=${core} />`, root);
