// Debian's Firefox, headless, driven over Marionette: its tabs, clicked and typed in as a person does, for pages ask whether somebody has.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './agents.js';
import { result, started } from './marionette.js';

const PATIENCE_MILLIS = 30_000;
/** What a person's has is left as it is, above all when the microphone is asked for and sound may be heard; but there is no device and no other network. */
const PREFS = {
  'browser.startup.page': 0,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.region.update.enabled': false,
  'browser.topsites.contile.enabled': false,
  'dom.push.connection.enabled': false,
  'media.navigator.streams.fake': true,
  'media.navigator.permission.fake': true,
  'media.peerconnection.ice.loopback': true,
  'media.gmp-manager.updateEnabled': false,
  'network.trr.mode': 5,
};
const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' };

/** @typedef {Awaited<ReturnType<typeof firefox>>} Firefox */
/** @typedef {Awaited<ReturnType<Firefox['tab']>>} Tab */

/** @param {{folder?: string, hertz?: number, first?: () => void, prefs?: Record<string, any>}} [how]  hertz: of the microphone; first: runs in each page before its own code */
export async function firefox({ folder, hertz = 1000, first, prefs = {} } = {}) {
  const wanted = { ...PREFS, 'media.navigator.audio.fake_frequency': hertz, ...prefs };
  const program = await started('firefox-esr', { folder, prefs: wanted });
  const { command } = program;
  if (first) await command('Addon:Install', { path: await before(program.profile, first), temporary: true });

  /** What is done in one tab, or in the program, is not mixed with what is done in another. */
  let last = Promise.resolve();
  /** @param {() => Promise<any>} task */
  function alone(task) {
    const turn = last.then(task);
    last = turn.catch(() => {});
    return turn;
  }

  /** @param {string} handle */
  function tabOf(handle) {
    /** @param {() => Promise<any>} task @returns {Promise<any>} */
    const here = (task) =>
      alone(async () => {
        await command('WebDriver:SwitchToWindow', { handle, focus: false });
        return task();
      });
    /** In the page. @param {(asked: any) => any} what  a function that knows nothing of its file @param {any} [asked] @returns {Promise<any>} */
    const evaluate = (what, asked) =>
      here(async () => {
        const script = `const done = arguments[1]; (async (asked) => (${what})(asked))(arguments[0]).then((value) => done({ value: value ?? null }), (e) => done({ failed: String(e), stack: String(e?.stack ?? '') }));`;
        return result(await command('WebDriver:ExecuteAsyncScript', { script, args: [asked ?? null], sandbox: null }));
      });
    /** What is shown. @param {string} selector @param {string} text  a part of its own @returns {Promise<any>} null without one */
    const find = (selector, text) =>
      command('WebDriver:ExecuteScript', {
        script: `return [...document.querySelectorAll(arguments[0])].find((each) => each.checkVisibility() && (each.getAttribute('aria-label') ?? each.textContent).includes(arguments[1])) ?? null;`,
        args: [selector, text],
        sandbox: null,
      });
    const text = () => evaluate(() => document.body.innerText);
    /** @param {string} what @param {() => Promise<any>} holds */
    const wait = (what, holds, millis = PATIENCE_MILLIS) =>
      eventually(() => holds().catch(() => false), what, millis).catch(async (e) => {
        throw new Error(`${e.message}; the page says: ${await text().catch(String)}`);
      });
    /** @param {(element: string) => Promise<any>} task */
    const at = (selector, containing, task) =>
      wait(`${selector} “${containing}”`, () =>
        here(async () => {
          const found = await find(selector, containing);
          if (found) await task(Object.values(found)[0]);
          return !!found;
        }),
      );
    return {
      handle,
      evaluate,
      text,
      url: () => evaluate(() => location.href),
      goto: (url) => here(() => command('WebDriver:Navigate', { url })),
      reload: () => here(() => command('WebDriver:Refresh')),
      /** @param {string} selector @param {string} [containing] */
      see: (selector, containing = '') => at(selector, containing, async () => {}),
      /** @param {string} selector */
      gone: (selector) => wait(`no ${selector}`, () => here(async () => !(await find(selector, '')))),
      /** @param {string} selector @param {string} [containing] */
      click: (selector, containing = '') => at(selector, containing, (id) => command('WebDriver:ElementClick', { id })),
      /** What is typed in one command comes faster than a page draws: the key is one of its own. @param {string} selector @param {string} text @param {keyof typeof KEYS} [key]  pressed then */
      type: (selector, text, key) =>
        at(selector, '', async (id) => {
          await command('WebDriver:ElementSendKeys', { id, text });
          if (key) await command('WebDriver:ElementSendKeys', { id, text: KEYS[key] });
        }),
      screenshot: () => here(program.screenshot),
      close: () => here(() => command('WebDriver:CloseWindow')),
    };
  }

  /** In Firefox's own, privileged scope. @param {string} body @returns {Promise<any>} */
  const chrome = (body) =>
    alone(async () => {
      await command('Marionette:SetContext', { value: 'chrome' });
      try {
        return await program.chrome(body);
      } finally {
        await command('Marionette:SetContext', { value: 'content' });
      }
    });
  const handles = () => alone(() => command('WebDriver:GetWindowHandles'));
  return {
    ...program,
    chrome,
    /** Firefox asks whether the page in front may use the microphone: “Allow”, without “Remember”. Its button does nothing at first. */
    async allow() {
      let asked = false;
      await eventually(
        async () => {
          const open = await chrome(`
            const w = Services.wm.getMostRecentWindow('navigator:browser');
            const open = !!w.PopupNotifications.getNotification('webRTC-shareDevices', w.gBrowser.selectedBrowser);
            if (open) w.PopupNotifications.panel.querySelector('.popup-notification-primary-button')?.click();
            return open;`);
          asked ||= open;
          return asked && !open;
        },
        'the question for the microphone',
        PATIENCE_MILLIS,
        100,
      );
    },
    /** The one it starts with. */
    tab: async () => tabOf((await handles())[0]),
    /** That shows a page whose URL is this one, or ends so. @param {string} end @returns {Promise<Tab | undefined>} */
    async showing(end) {
      for (const handle of await handles()) {
        const tab = tabOf(handle);
        if ((await tab.url().catch(() => '')).endsWith(end)) return tab;
      }
      return undefined;
    },
  };
}

/** A small add-on whose script runs in each page before that page's own. @param {string} profile @param {() => void} first */
async function before(profile, first) {
  const folder = join(profile, 'before');
  await mkdir(folder, { recursive: true });
  const script = { matches: ['<all_urls>'], js: ['first.js'], run_at: 'document_start', world: 'MAIN' };
  const gecko = { id: 'before@example.net' };
  const manifest = { manifest_version: 2, name: 'Before', version: '1', browser_specific_settings: { gecko } };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, content_scripts: [script] }));
  await writeFile(join(folder, 'first.js'), `(${first})();`);
  return folder;
}
