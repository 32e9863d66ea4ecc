// Mail and chat beside each other in Debian's Thunderbird: a reply by chat belongs to the mail's thread; a mail that is written shows how its recipients are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALICE, alice } from './addon-alice.js';
import { eventually, until } from './agents.js';

const BOB = 'bob@example.net';
let home, bob;

before(async () => {
  home = await alice(['bob']);
  bob = await home.person('bob');
  await home.asked(`await core.requestContact('${BOB}', { name: 'Bob Example' })`);
  await until(bob, (s) => s.requests.length === 1, 'the request', 60_000);
  await bob.acceptRequest(ALICE);
  await home.seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
});
after(() => home?.close());

/** Saved messages: text and references, by the text. */
const saved = () =>
  home.tb.background(`
    const { messages } = await browser.messages.query({ subject: 'Conversation with' });
    const out = {};
    for (const each of messages) {
      const { headers, parts } = await browser.messages.getFull(each.id);
      out[parts[0].body.trim()] = { id: each.headerMessageId, references: (headers.references ?? [''])[0].split(' ').filter(Boolean) };
    }
    return out;`);

test('the first message after a click above a mail is saved under that mail, also when Thunderbird crashes in between', async () => {
  await home.asked(`await core.sendMessage('${BOB}', 'said before')`);
  await home.around.mail.deliver(BOB, ALICE, 'shall we meet');
  let mail;
  await eventually(
    async () => {
      mail = await home.tb.background(`
        const { messages } = await browser.messages.query({ subject: 'shall we meet' });
        if (!messages.length) return null;
        await browser.messageDisplay.open({ messageId: messages[0].id, location: 'tab' });
        return messages[0].headerMessageId;`);
      return !!mail;
    },
    'the mail',
    60_000,
  );
  const button = 'starling_starling_dev-messageDisplayAction-toolbarbutton';
  await eventually(
    async () =>
      home.tb
        .chrome(`const at = document.getElementById('tabmail').currentAboutMessage?.document.getElementById('${button}');
        return at?.getAttribute('badge') === '●' || at?.textContent.includes('●') || (at?.click && /Bob/.test(at.getAttribute('tooltiptext') ?? at.label ?? ''));`),
    'the button',
    60_000,
  );
  await home.picture('header');
  await home.tb.chrome(
    `document.getElementById('tabmail').currentAboutMessage.document.getElementById('${button}').click()`,
  );
  await eventually(async () => (await home.page('return location.hash')) === '#bob%40example.net', 'the conversation');
  await home.crash();
  await home.asked(
    `await core.sendMessage('${BOB}', 'yes at nine'); await core.sendMessage('${BOB}', 'in the garden')`,
  );
  await eventually(async () => 'in the garden' in (await saved()), 'saved', 60_000);
  const all = await saved();
  assert.deepEqual(all['said before'].references, []);
  assert.deepEqual(all['yes at nine'].references, [`<${mail}>`]);
  assert.deepEqual(all['in the garden'].references, [`<${mail}>`, `<${all['yes at nine'].id}>`]);
  // Thunderbird's own index knows them as one conversation with the mail.
  const together = () =>
    home.tb.chrome(`
      const { Gloda } = ChromeUtils.importESModule('resource:///modules/gloda/GlodaPublic.sys.mjs');
      const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
      const found = [];
      for (const server of MailServices.accounts.allServers)
        for (const folder of server.rootFolder.descendants) {
          const header = folder.messages && [...folder.messages].find((each) => each.messageId === ${JSON.stringify(mail)});
          if (header) found.push(header);
        }
      const listen = (start) => new Promise((done) => start({ onItemsAdded() {}, onItemsModified() {}, onItemsRemoved() {}, onQueryCompleted: (all) => done(all.items) }));
      const [one] = await listen((listener) => Gloda.getMessageCollectionForHeader(found[0], listener));
      if (!one) return [];
      return (await listen((listener) => one.conversation.getMessagesCollection(listener))).map((each) => each.headerMessageID);`);
  await eventually(async () => (await together().catch(() => [])).length === 3, 'one conversation', 60_000).catch(
    async (e) => {
      throw new Error(`${e.message}: ${await together()}`);
    },
  );
  assert.deepEqual((await together()).sort(), [mail, all['yes at nine'].id, all['in the garden'].id].sort());
});

/** In the window where a mail is written. @param {string} body  with `w` */
const inCompose = (body) =>
  home.tb.chrome(`const w = [...Services.wm.getEnumerator('msgcompose')][0]; if (!w) return null; ${body}`);

test('a mail that is written shows how its recipients are, live, and asks nobody', async () => {
  const tab = await home.tb.background(`return (await browser.compose.beginNew({ to: ['Bob <${BOB}>'] })).id`);
  const said = () =>
    home.tb.background(
      `return [await browser.composeAction.getBadgeText({ tabId: ${tab} }), await browser.composeAction.getTitle({ tabId: ${tab} })]`,
    );
  const shows = (badge, title) =>
    eventually(async () => (await said()).join('|') === `${badge}|${title}`, title, 20_000).catch(async (e) => {
      throw new Error(`${e.message}: ${await said()}`);
    });
  await shows('●', 'Bob Example: online');
  await bob.setAvailability('busy');
  await shows('⊖', 'Bob Example: busy');
  await bob.setAvailability('available');
  await home.tb.background(`await browser.compose.setComposeDetails(${tab}, { to: [], cc: ['eve@example.net'] })`);
  await shows('', 'Nobody among them is a contact of yours on Starling.');
  await home.tb.background(
    `await browser.compose.setComposeDetails(${tab}, { to: ['${BOB}'], cc: ['eve@example.net'] })`,
  );
  await shows('●', 'Bob Example: online');
  await inCompose(`w.document.getElementById('starling_starling_dev-composeAction-toolbarbutton').click()`);
  const popup = (body) => home.tb.page('recipients.html', body);
  const text = () => popup('return document.body.innerText').catch(() => '');
  await eventually(
    async () => /Bob Example\s*●?\s*online[\s\S]*eve@example.net[\s\S]*Not a contact/.test(await text()),
    'both',
    20_000,
  ).catch(async (e) => {
    throw new Error(`${e.message}: ${await text()}`);
  });
  await home.accessible('recipients.html');
  await home.pictureOf('msgcompose', 'compose', 'recipients.html');
  await popup(`[...document.querySelectorAll('button')].find((each) => each.textContent.includes('Ask')).click()`);
  await eventually(
    async () => (await home.page('return location.hash')) === '#:new=eve%40example.net',
    'where they are asked',
  );
  assert.equal((await home.state()).contacts.length, 1, 'nobody was asked');
  await home.tb.background(`await browser.tabs.remove(${tab})`);
});
