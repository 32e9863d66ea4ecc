// Somebody with the add-on, as tests ask and press.
import { addAccount, XPI } from './addon-world.js';
import { eventually } from './agents.js';
import { thunderbird } from './thunderbird.js';

/** @param {Awaited<ReturnType<typeof thunderbird>>} tb */
export function personAt(tb) {
  /** As a page of the add-on asks the agent. @param {string} body  with `core` */
  const asked = (body) =>
    tb.page(
      'space.html',
      `const { remote } = await import('/thunderbird/wire.js');
      const port = browser.runtime.connect({ name: 'starling' });
      try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`,
    );
  const state = () => asked('return core.state');
  const page = () => tb.page('space.html', 'return document.body.innerText').catch(() => '');
  return {
    tb,
    asked,
    state,
    page,
    seen: (wanted, what, millis = 180_000) =>
      eventually(async () => wanted(await state()), what, millis, 200).catch(async (e) => {
        throw new Error(`${e.message}: ${JSON.stringify((await state()).me)}\n${await page()}\n${warnings(tb)}`);
      }),
    says: (words, millis = 60_000) =>
      eventually(async () => (await page()).includes(words), `“${words}”`, millis).catch(async (e) => {
        throw new Error(`${e.message}: ${await page()}\n${warnings(tb)}`);
      }),
    press: (text) =>
      tb.page(
        'space.html',
        `const b = [...document.querySelectorAll('button')].find((each) => each.textContent.includes(${JSON.stringify(text)})); if (!b) throw new Error(document.body.innerText); b.click();`,
      ),
    /** @param {string} id @param {string} text */
    type: (id, text) =>
      tb.page(
        'space.html',
        `const field = document.getElementById(${JSON.stringify(id)}); field.value = ${JSON.stringify(text)}; field.dispatchEvent(new Event('input', { bubbles: true }));`,
      ),
    /** Whose mails lie in a folder, by path or name: subject, author, read. @param {string} name */
    mails: (name) =>
      tb.background(`
        const out = [];
        const walk = async (folder) => {
          if (folder.name === ${JSON.stringify(name)})
            for (let page = await browser.messages.list(folder.id); page; page = page.id ? await browser.messages.continueList(page.id) : null)
              out.push(...page.messages.map((each) => ({ subject: each.subject, author: each.author, read: each.read })));
          for (const sub of await browser.folders.getSubFolders(folder.id, false)) await walk(sub);
        };
        for (const account of await browser.accounts.list(false)) await walk(account.rootFolder);
        return out;`),
    /** How the present certificate says that the address was proven. @returns {Promise<string>} the last number of its policy: docs/protocols/formats.md, section 3 */
    level: () =>
      tb.background(`
        const { openStore } = await import('/web/store-idb.js');
        const { parseCertificate } = await import('/core/identity/certificate.js');
        const { chain } = await (await openStore()).get('me', 'profile');
        return parseCertificate(chain[0]).extensions.policies.map((each) => each.split('.').pop()).join();`),
    /** As a person presses “Get Messages”. */
    fetchMail: () =>
      tb.chrome(`
        const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
        const { incomingServer } = MailServices.accounts.defaultAccount;
        const { type } = incomingServer;
        const inbox = incomingServer.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox) ?? incomingServer.rootFolder;
        if (type === 'imap') inbox.updateFolder(null);
        incomingServer.getNewMessages(inbox, null, null);`),
    composing: () =>
      tb.chrome(`return [...Services.wm.getEnumerator('msgcompose')].filter((each) => !each.closed).length`),
    /** Thunderbird's own question or message, in a window of its own: what it says. '' when there is none. @param {boolean} [accept]  presses its button */
    dialog: (accept = false) =>
      tb.chrome(`
        const one = [...Services.wm.getEnumerator(null)].find((each) => each.location.href === 'chrome://global/content/commonDialog.xhtml');
        const said = one?.document.getElementById('infoBody')?.textContent ?? '';
        if (said && ${accept}) one.document.querySelector('dialog').acceptDialog();
        return said;`),
    async open() {
      await tb.background(
        `const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`,
      );
      await eventually(async () => (await page()).length > 20, 'the space');
    },
  };
}

/** What the add-on says in its log. @param {Awaited<ReturnType<typeof thunderbird>>} tb */
const warnings = (tb) =>
  tb
    .log()
    .split('\n')
    .filter((line) => /starling/i.test(line))
    .slice(-20)
    .join('\n');

/**
 * Thunderbird with an account and the add-on, which shows its set-up page.
 * @param {any} around  the world @param {string} address @param {Parameters<typeof addAccount>[3] & {servers?: string[], prefs?: Record<string, any>}} [how]
 */
export async function newcomer(around, address, how = {}) {
  const { servers = around.bases, prefs, ...account } = how;
  const tb = await thunderbird({ prefs });
  await addAccount(tb, around.mail, address, account);
  await tb.install(XPI);
  const person = personAt(tb);
  if (servers.length) await tb.background(`await browser.storage.local.set({ servers: ${JSON.stringify(servers)} })`);
  await person.open();
  // As in the settings: the CA of this test is not one that the add-on comes with.
  await person.asked(
    `const text = ${JSON.stringify(around.root)}; await core.addAnchors(text, (await core.readAnchors(text)).map((each) => each.id));`,
  );
  return person;
}
