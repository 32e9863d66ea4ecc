// Alice, who has the add-on in her Thunderbird and is online with it; and people whom she knows, with agents of their own.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addAccount, packAddon, world, XPI } from './addon-world.js';
import { agent, eventually, until } from './agents.js';
import { thunderbird } from './thunderbird.js';

export const ALICE = 'alice@example.net';
/** Where pictures go, when somebody wants to look at them. */
const PICTURES = process.env.STARLING_PICTURES ?? '';
const PREFS = { 'browser.download.useDownloadDir': true, 'browser.download.folderList': 2 };

/** @param {string[]} others  users of example.net */
export async function alice(others) {
  await packAddon();
  const around = await world(['alice', ...others]);
  const people = [];
  const home = {
    around,
    tb: await thunderbird({ prefs: PREFS }),
    /** As a page of the add-on asks the agent. @param {string} body  with `core` */
    asked: (body) =>
      home.page(
        `const { remote } = await import('/thunderbird/wire.js');
        const port = browser.runtime.connect({ name: 'starling' });
        try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`,
      ),
    state: () => home.asked('return core.state'),
    seen: (wanted, what) =>
      eventually(async () => wanted(await home.state()), what, 120_000).catch(async (e) => {
        throw new Error(`${e.message}: ${JSON.stringify(await home.state())}`);
      }),
    /** In the space. @param {string} body */
    page: (body) => home.tb.page('space.html', body),
    press: (text, within = 'document') =>
      home.page(
        `const b = [...${within}.querySelectorAll('button')].find((each) => each.textContent.includes(${JSON.stringify(text)})); if (!b) throw new Error(document.body.innerText); b.click();`,
      ),
    text: () => home.page('return document.body.innerText').catch(() => ''),
    go: (hash) => home.page(`location.hash = ${JSON.stringify(hash)}`),
    openSpace: () =>
      home.tb.background(
        `const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`,
      ),

    /** @param {string} name @param {string[]} [schemes] */
    async picture(name, schemes = ['light', 'dark']) {
      if (!PICTURES) return;
      for (const scheme of schemes) {
        await home.tb
          .chrome(`Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', ${scheme === 'dark' ? 0 : 1});
          Services.prefs.setIntPref('ui.systemUsesDarkTheme', ${scheme === 'dark' ? 1 : 0});
          for (const w of Services.wm.getEnumerator(null)) await new Promise((done) => w.requestAnimationFrame(() => w.requestAnimationFrame(done)));`);
        await writeFile(join(PICTURES, `${name}-${scheme}.png`), await home.tb.screenshot());
      }
    },

    /** Another window of Thunderbird, and what opened out of it. @param {string} type @param {string} name @param {string} popup  a part of its URL */
    async pictureOf(type, name, popup) {
      if (!PICTURES) return;
      const { command, chrome } = home.tb;
      const here = await command('WebDriver:GetWindowHandle');
      for (const handle of await command('WebDriver:GetWindowHandles')) {
        await command('WebDriver:SwitchToWindow', { handle, focus: false });
        if ((await chrome(`return document.documentElement.getAttribute('windowtype')`)) === type)
          await home.picture(name);
      }
      await command('WebDriver:SwitchToWindow', { handle: here, focus: false });
      for (const scheme of [1, 0]) {
        const url =
          await chrome(`Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', ${scheme});
          Services.prefs.setIntPref('ui.systemUsesDarkTheme', ${1 - scheme});
          const b = [...Services.wm.getEnumerator(null)].flatMap((w) => [...w.document.querySelectorAll('browser')]).find((each) => each.currentURI?.spec.includes(${JSON.stringify(popup)}));
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          const bitmap = await b.browsingContext.currentWindowGlobal.drawSnapshot(null, 1, 'white');
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height); canvas.getContext('2d').drawImage(bitmap, 0, 0);
          const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
          return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));`);
        await writeFile(join(PICTURES, `${name}-popup-${scheme ? 'light' : 'dark'}.png`), Buffer.from(url, 'base64'));
      }
    },

    /** By axe-core. @param {string} part  of the URL of a page of the add-on */
    async accessible(part) {
      const axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
      const found = await home.tb.page(
        part,
        `${axe}; const { violations, passes } = await window.axe.run(document); return { passes: passes.length, violations: violations.map((each) => [each.id, each.nodes.map((one) => one.html)]) };`,
      );
      assert.deepEqual(found.violations, []);
      assert.ok(found.passes > 5);
    },

    /** Takes somebody of the provider to their address. @param {string} user */
    async person(user) {
      const one = await agent(around.bases);
      people.push(one);
      await one.addAnchors(
        around.root,
        (await one.readAnchors(around.root)).map((each) => each.id),
      );
      await one.enrol(`${user}@example.net`);
      await eventually(async () => {
        const code = await around.mail.code(user);
        return code && (await one.submitCode(code).then(() => true));
      }, `a mail for ${user}`);
      await until(one, (s) => s.me.status === 'online', 'online', 60_000);
      return one;
    },

    /** As a crash ends it, and started again. */
    async crash() {
      const { profile } = home.tb;
      await home.tb.kill();
      home.tb = await thunderbird({ folder: profile, prefs: PREFS });
      const there = (look) => () =>
        look().then(
          () => true,
          () => false,
        );
      await eventually(there(home.openSpace), 'the add-on again', 60_000);
      await eventually(there(home.state), 'its page', 60_000);
      await home.seen((s) => s.me.status === 'online', 'online again');
    },

    async close() {
      for (const one of people) await one.close();
      await home.tb.close();
      await around.close();
    },
  };
  try {
    await addAccount(home.tb, around.mail, ALICE);
    await home.tb.install(XPI);
    assert.deepEqual(await home.tb.warnings(), []);
    await home.tb.background(`await browser.storage.local.set({ servers: ${JSON.stringify(around.bases)} })`);
    await home.openSpace();
    await eventually(async () => (await home.text()).includes(`Use ${ALICE}`), 'the choice', 60_000);
    await home.asked(
      `const text = ${JSON.stringify(around.root)}; await core.addAnchors(text, (await core.readAnchors(text)).map((each) => each.id));`,
    );
    await home.press(`Use ${ALICE}`);
    await home.seen((s) => s.me.status === 'online', 'online');
  } catch (e) {
    await home.close();
    throw e;
  }
  return home;
}
