// Debian's Thunderbird with the add-on's own pages on made-up people: what can be looked at without anybody there.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packAddon, XPI } from './addon-world.js';
import { eventually } from './agents.js';
import { axe, pictures } from './looks.js';
import { thunderbird } from './thunderbird.js';

const FAKE = fileURLToPath(new URL('../fake/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The add-on, but for its background page. @returns {Promise<string>} a folder */
async function unpacked() {
  await packAddon();
  const folder = await mkdtemp(join(tmpdir(), 'starling-fake-addon-'));
  await promisify(execFile)(
    'bash',
    ['-c', '. .ci/jdk; cd "$1"; exec "$JAVA_HOME/bin/jar" -xf "$2"', '-', folder, XPI],
    {
      cwd: ROOT,
    },
  );
  await mkdir(join(folder, 'fake'));
  await copyFile(join(FAKE, 'core.js'), join(folder, 'fake/core.js'));
  await copyFile(join(FAKE, 'addon.js'), join(folder, 'thunderbird/background.js'));
  return folder;
}

/** An account that fetches nothing. @param {string} email */
const account = (email) => `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const am = MailServices.accounts;
  try { am.localFoldersServer; } catch { am.createLocalMailAccount(); }
  const server = am.createIncomingServer(${JSON.stringify(email)}, 'localhost', 'imap');
  server.port = 1; server.loginAtStartUp = false; server.doBiff = false;
  const identity = am.createIdentity(); identity.email = ${JSON.stringify(email)}; identity.fullName = 'Alice Example';
  const account = am.createAccount(); account.incomingServer = server; account.addIdentity(identity);
  am.defaultAccount = account; server.valid = true; identity.valid = true;`;

/** The browser of a page, in every window. @param {string} part */
const browserOf = (part) =>
  `[...Services.wm.getEnumerator(null)].flatMap((w) => [...w.document.querySelectorAll('browser')]).find((each) => each.currentURI?.spec.includes(${JSON.stringify(part)}))`;

export async function fakeAddon() {
  const folder = await unpacked();
  const tb = await thunderbird({ prefs: { 'intl.regional_prefs.use_os_locales': false } });
  await tb.chrome(account('alice@example.net'));
  await tb.command('Addon:Install', { path: folder, temporary: true });
  await eventually(() => tb.background('return !!window.become').catch(() => false), 'the add-on');
  const source = await readFile(axe, 'utf8');
  let tab = 0;
  let visits = 0;
  await mkdir(pictures, { recursive: true });

  const it = {
    tb,
    /** @param {'light' | 'dark'} scheme */
    paint: (scheme) =>
      tb.chrome(`Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', ${scheme === 'dark' ? 0 : 1});
        Services.prefs.setIntPref('ui.systemUsesDarkTheme', ${scheme === 'dark' ? 1 : 0});
        for (const w of Services.wm.getEnumerator(null)) await new Promise((done) => w.requestAnimationFrame(() => w.requestAnimationFrame(done)));`),

    /** @param {Record<string, string>} options @param {any} [more] @param {any} [how]  see fake/addon.js */
    become: (options, more = {}, how = {}) =>
      tb.background(`await window.become(${[options, more, how].map((each) => JSON.stringify(each)).join()})`),

    /** A page of the add-on in the tab of the space. @param {string} path */
    async visit(path) {
      tab ||= await tb.background(
        `const [space] = await browser.spaces.query({ name: 'starling' }); return (await browser.spaces.open(space.id)).id;`,
      );
      // Loaded anew, also when only what comes after the # is another.
      const [page, hash = ''] = path.split('#');
      const fresh = `${page}?${++visits}`;
      await tb.background(
        `await browser.tabs.update(${tab}, { url: ${JSON.stringify(`${fresh}#${hash}`)}, active: true })`,
      );
      await it.drawn(fresh);
    },

    /** Nothing moves any more. @param {string} part  of the page's URL */
    async drawn(part) {
      let before = '';
      await eventually(
        async () => {
          const now = await tb
            .page(
              part,
              `await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
              return document.querySelector('.starting') || document.readyState !== 'complete' ? '' : document.body.innerText + document.querySelectorAll('*').length;`,
            )
            .catch(() => '');
          const same = !!now && now === before;
          before = now;
          return same;
        },
        `a quiet ${part}`,
        20_000,
        30,
      );
    },

    /** Of the main window, in px; the page in it is narrower by the bar with the spaces. @param {number} width @param {number} height */
    size: (width, height) =>
      tb.chrome(`const w = Services.wm.getMostRecentWindow('mail:3pane'); w.resizeTo(${width}, ${height});
        await new Promise((done) => w.requestAnimationFrame(() => w.requestAnimationFrame(done)));`),

    /** @param {string} part @param {string} what  an expression */
    click: (part, what) =>
      tb.page(part, `const b = ${what}; if (!b) throw new Error(document.body.innerText); b.click();`),

    /** What axe finds. @param {string} part @param {string[]} [runOnly]  rules */
    violations: (part, runOnly) =>
      tb.page(
        part,
        `if (!window.axe) { ${source} }
        const { violations, passes } = await window.axe.run(document, { resultTypes: ['violations'] ${runOnly ? `, runOnly: ${JSON.stringify(runOnly)}` : ''} });
        if (!passes.length) return ['axe looked at nothing'];
        return violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target + ' ' + (n.failureSummary?.split('\\n')[1] ?? '')).join(' | '));`,
      ),

    /** A picture of one page. @param {string} part @param {string} name */
    async picture(part, name) {
      const bytes = await tb.chrome(`
        const bitmap = await ${browserOf(part)}.browsingContext.currentWindowGlobal.drawSnapshot(null, 1, 'white');
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height); canvas.getContext('2d').drawImage(bitmap, 0, 0);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));`);
      await writeFile(join(pictures, `${name}.png`), Buffer.from(bytes, 'base64'));
    },

    /** A picture of a whole window. @param {string} name @param {string} [type] */
    async windowPicture(name, type = 'mail:3pane') {
      const here = await tb.command('WebDriver:GetWindowHandle');
      for (const handle of await tb.command('WebDriver:GetWindowHandles')) {
        await tb.command('WebDriver:SwitchToWindow', { handle, focus: false });
        if ((await tb.chrome(`return document.documentElement.getAttribute('windowtype')`)) === type)
          await writeFile(join(pictures, `${name}.png`), await tb.screenshot());
      }
      await tb.command('WebDriver:SwitchToWindow', { handle: here, focus: false });
    },

    async close() {
      await tb.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return it;
}
