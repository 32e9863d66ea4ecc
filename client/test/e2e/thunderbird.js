// Debian's Thunderbird, headless, driven over Marionette.
import { asynchronous, result, started } from './marionette.js';

export const ADDON = 'starling@starling.dev';
const PREFS = {
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.shell.checkDefaultClient': false,
  'mail.rights.version': 1,
  'app.donation.eoy.version.viewed': 999,
  'mailnews.start_page.enabled': false,
  'mail.inappnotifications.enabled': false,
};

const BACKGROUND = `(await p.readyPromise, await p.extension.promiseBackgroundStarted(),
  [...p.extension.views].find((v) => v.viewType === 'background').xulBrowser)`;

/** @param {{folder?: string, prefs?: Record<string, any>}} [how]  folder: an earlier profile */
export async function thunderbird({ folder, prefs = {} } = {}) {
  const program = await started('thunderbird', { folder, prefs: { ...PREFS, ...prefs } });
  const { chrome, command } = program;
  await command('Marionette:SetContext', { value: 'chrome' });

  /** @param {string} browser  an expression for the browser element, `p` is the add-on's policy @param {string} body */
  async function within(browser, body) {
    const inner = asynchronous(body, '{ value: JSON.stringify(v ?? null) }');
    const answer = await chrome(`const p = WebExtensionPolicy.getByID(${JSON.stringify(ADDON)}); const b = ${browser};
      if (!b) throw new Error('no such page');
      return b.browsingContext.currentWindowGlobal.getActor('MarionetteCommands').executeScript(${JSON.stringify(inner)}, [], { async: true, timeout: 60000 });`);
    const said = answer?.value ?? answer;
    const found = said?.data ?? said;
    return JSON.parse(typeof found === 'string' ? found : result(found));
  }

  return {
    ...program,
    /** In the add-on's background page, once it runs: just started, Thunderbird has a window before. @param {string} body */
    background: (body) => within(BACKGROUND, body),
    /** In an open page of the add-on whose URL contains `part`. @param {string} part @param {string} body */
    page: (part, body) =>
      within(
        `[...Services.wm.getEnumerator(null)].flatMap((w) => [...w.document.querySelectorAll('browser')]).find((each) => each.currentURI?.spec.startsWith('moz-extension://' + p.mozExtensionHostname) && each.currentURI.spec.includes(${JSON.stringify(part)}))`,
        body,
      ),
    /** @param {string} path */
    install: (path) => command('Addon:Install', { path, temporary: false }),
    warnings: () => chrome(`return WebExtensionPolicy.getByID(${JSON.stringify(ADDON)}).extension.warnings`),
  };
}
