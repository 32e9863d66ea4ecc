// The add-on's address book in Debian's Thunderbird: people who come and go, live; the directory; people one knows; files; links.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ALICE, alice } from './addon-alice.js';
import { allGreen, afterComing, bookAt, GREEN } from './addon-dots.js';
import { eventually, until } from './agents.js';

const BOB = 'bob@example.net';
let home, tb, around, bob, carol;
const { state, seen, page, press, text, go, picture } = new Proxy(
  /** @type {Awaited<ReturnType<typeof alice>>} */ ({}),
  {
    get:
      (_, name) =>
      (...args) =>
        home[name](...args),
  },
);

before(async () => {
  home = await alice(['bob', 'carol']);
  ({ tb, around } = home);
});
after(() => home?.close());

test('people one wrote to, and those in other books, are proposed; nobody is looked up or asked but by a click', async () => {
  [bob, carol] = await Promise.all([home.person('bob'), home.person('carol')]);
  await bob.setName('Bob Example');
  await tb.background(`
    const [book] = (await browser.addressBooks.list(false)).filter((each) => each.name === 'Personal Address Book');
    for (const [name, email] of [['Carol Example', 'Carol@example.net'], ['Dave <b>Bold</b>', 'dave@example.net'], ['Me', '${ALICE}']])
      await browser.contacts.create(book.id, null, { DisplayName: name, PrimaryEmail: email });`);
  await tb.chrome(sentMail('Bob <bob@example.net>'));
  await go(':new');
  await eventually(async () => (await text()).includes('People you wrote to lately'), 'people of late');
  await press('Look in my address books');
  await eventually(async () => (await text()).includes('Carol Example'), 'people in books');
  const said = await text();
  assert.match(said, /Dave <b>Bold<\/b>/);
  assert.ok(!said.includes('\nMe\n'));
  await picture('known');
  await home.accessible('space.html');
  assert.deepEqual((await state()).contacts, []);
  assert.deepEqual(bob.state.requests, []);
  const row = (address) =>
    `[...document.querySelectorAll('.people-row')].find((each) => each.textContent.includes('${address}'))`;
  await press('Ask', row('bob@example.net'));
  await until(bob, (s) => s.requests.length === 1, 'the request', 60_000);
  await press('Ask', row('dave@example.net'));
  await eventually(
    async () => (await text()).includes('dave@example.net is not on Starling yet'),
    'nobody there',
    60_000,
  );
  await picture('asked', ['light']);
  await bob.acceptRequest(ALICE);
  await seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
  assert.deepEqual(
    (await state()).contacts.map((each) => each.address),
    [BOB],
  );
});

/** A mail in the folder for sent ones, as Thunderbird puts it there. @param {string} to */
const sentMail = (to) => `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const root = MailServices.accounts.localFoldersServer.rootFolder;
  if (!root.containsChildNamed('Sent')) root.createSubfolder('Sent', null);
  const folder = root.getChildNamed('Sent').QueryInterface(Ci.nsIMsgLocalMailFolder);
  folder.setFlag(Ci.nsMsgFolderFlags.SentMail);
  folder.addMessage(${JSON.stringify(`From: ${ALICE}\r\nTo: ${to}\r\nSubject: a mail that was sent\r\nMessage-ID: <sent-1@example.net>\r\nDate: DATE\r\n\r\nHello.\r\n`)}.replace('DATE', new Date().toUTCString()));`;

const { inBook, openBook, chooseBook, openPlaces, placesOf } = bookAt(() => tb);

test('a dot turns on in the list, on the card and above a mail within a second, live', async () => {
  await openBook();
  await chooseBook('Starling');
  await around.mail.deliver(BOB, ALICE, 'a mail of bob');
  await openPlaces(BOB, 'a mail of bob');
  const places = placesOf(BOB);
  await allGreen(places);
  await picture('book');
  for (let turn = 0; turn < 3; turn++) {
    const took = await afterComing(
      places,
      () => bob.setAvailability('invisible'),
      () => bob.setAvailability('available'),
    );
    console.log(`# after ${JSON.stringify(took)} ms`);
    if (turn === 2) for (const ms of Object.values(took)) assert.ok(ms < 1000, JSON.stringify(took));
  }
});

test('in the directory a whole address is looked up, and nothing else', async () => {
  await chooseBook('Starling directory');
  const typed = (what) =>
    inBook(`const bar = at.document.getElementById('searchInput'); const field = bar.openOrClosedShadowRoot.querySelector('input');
      field.value = ${JSON.stringify(what)}; field.dispatchEvent(new at.InputEvent('input', { bubbles: true }));`);
  const found = () =>
    inBook(
      `const { view } = at.cardsPane.cardsList; return [...Array(view.rowCount).keys()].map((n) => view.getCardFromRow(n).primaryEmail);`,
    );
  const answered = (what) =>
    eventually(
      async () =>
        inBook(
          `const { view } = at.cardsPane.cardsList; return view.searchString === ${JSON.stringify(what)} && view.searchState === 2;`,
        ),
      what,
      60_000,
    );
  await typed('carol');
  await answered('carol');
  await typed('carol@example.net');
  await eventually(async () => (await found()).join() === 'carol@example.net', 'carol', 60_000);
  await inBook(`at.cardsPane.cardsList.selectedIndex = 0;`);
  await picture('directory');
  await typed('nobody@example.net');
  await answered('nobody@example.net');
  assert.deepEqual(await found(), []);
  const contacts = (await state()).contacts.map((each) => each.address);
  assert.deepEqual(contacts, [BOB], 'nobody was asked');
  assert.deepEqual(carol.state.requests, []);
  await typed('');
});

/** The picture on Bob's card: its dot, and a corner. */
const photo = () =>
  tb.background(`
    const { book } = await browser.storage.local.get('book');
    const card = (await browser.contacts.list(book)).find((each) => each.properties.PrimaryEmail === '${BOB}');
    const picture = await createImageBitmap(await browser.contacts.getPhoto(card.id));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const at = canvas.getContext('2d'); at.drawImage(picture, 0, 0);
    const colour = (x, y) => [...at.getImageData(picture.width * x, picture.height * y, 1, 1).data.slice(0, 3)].join(' ');
    return { card: card.id, dot: colour(59 / 96, 70 / 96), corner: colour(0.1, 0.1) };`);
const RED = '200 0 0';

test('a photo that the person chose for somebody is kept under the dot', async () => {
  const { card } = await photo();
  await tb.background(`
    const canvas = new OffscreenCanvas(200, 160); const at = canvas.getContext('2d');
    at.fillStyle = 'rgb(200 0 0)'; at.fillRect(0, 0, 200, 160);
    await browser.contacts.setPhoto(${JSON.stringify(card)}, new File([await canvas.convertToBlob()], 'red.png', { type: 'image/png' }));`);
  const both = (dot) => async () => {
    // The file may be exchanged just now.
    const now = await photo().catch(() => ({}));
    return now.dot === dot && now.corner === RED;
  };
  await eventually(both(GREEN), 'the dot over it', 20_000);
  await bob.setAvailability('busy');
  await eventually(both('192 54 44'), 'busy', 20_000);
  await bob.setAvailability('available');
  await eventually(both(GREEN), 'green again', 20_000);
  await chooseBook('Starling');
  await picture('own-photo');
});

test('contacts are written to a file, and those of a file are proposed; a hostile one is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'starling-vcf-'));
  await tb.chrome(`Services.prefs.setStringPref('browser.download.dir', ${JSON.stringify(folder)});`);
  await home.openSpace();
  await go(':new');
  await eventually(async () => (await text()).includes('Open a .vcf file'), 'the page');
  await press('Save my contacts');
  const file = join(folder, `starling-${ALICE}.vcf`);
  await eventually(
    async () => (await readFile(file, 'utf8').catch(() => '')).includes('END:VCARD'),
    'the file',
    20_000,
  );
  assert.match(await readFile(file, 'utf8'), /^FN:Bob\r\nEMAIL;PREF=1:bob@example.net\r$/m);
  await rm(folder, { recursive: true });
  const choose = (content) =>
    page(`const field = document.querySelector('input[type=file]'); const all = new DataTransfer();
      all.items.add(new File([${JSON.stringify(content)}], 'people.vcf')); field.files = all.files;
      field.dispatchEvent(new Event('change', { bubbles: true }));`);
  const cards = ['bob', 'carol', 'x<img src=x onerror=alert(1)>'].map(
    (name) => `BEGIN:VCARD\nFN:${name}\nEMAIL:${name.slice(0, 5).replace('<', '')}@example.net\nEND:VCARD\n`,
  );
  await choose(cards.join(''));
  await eventually(async () => (await text()).includes('People in the file'), 'the people');
  assert.match(await text(), /x<img src=x onerror=alert\(1\)>/);
  await picture('file');
  await choose('hello');
  await eventually(async () => (await text()).includes('This file holds no contacts'), 'no');
  await choose('BEGIN:VCARD\n'.repeat(400_000));
  await eventually(async () => (await text()).includes('This file is too large'), 'no');
  assert.equal((await state()).contacts.length, 1, 'nobody was asked');
});

test('sip: and tel: links lead to a page with the address, and call nobody', async () => {
  const clicked = async (link) => {
    await tb.background(`
      const mail = ['From: eve@example.net', 'To: ${ALICE}', 'Subject: a link', 'Message-ID: <' + crypto.randomUUID() + '@example.net>', 'Date: ' + new Date().toUTCString(),
        'MIME-Version: 1.0', 'Content-Type: text/html', '', '<a href="${link}">call me</a>', ''].join('\\r\\n');
      const local = (await browser.accounts.list(true)).find((each) => each.type === 'none' || each.type === 'local');
      const folder = (await browser.folders.getSubFolders(local.rootFolder.id, false)).find((each) => each.name === 'Sent');
      const made = await browser.messages.import(new File([mail], 'x.eml', { type: 'message/rfc822' }), folder.id, { read: true });
      await browser.messageDisplay.open({ messageId: made.id, location: 'tab', active: true });`);
    // A real click: one that a script makes is not let through without a question.
    const click = () =>
      tb.chrome(`const b = document.getElementById('tabmail').currentAboutMessage?.getMessagePaneBrowser();
        const link = b?.contentDocument?.querySelector('a'); if (!link) return false;
        const { left, top } = link.getBoundingClientRect();
        for (const type of ['mousedown', 'mouseup']) b.contentWindow.synthesizeMouseEvent(type, left + 5, top + 5, { button: 0, clickCount: 1 }, {});
        return true;`);
    await eventually(click, 'the link', 20_000);
  };
  const handler = (scheme) =>
    tb.chrome(`const info = Cc['@mozilla.org/uriloader/external-protocol-service;1'].getService(Ci.nsIExternalProtocolService).getProtocolHandlerInfo('${scheme}');
      return info.possibleApplicationHandlers.length && info.possibleApplicationHandlers.queryElementAt(0, Ci.nsIWebHandlerApp).uriTemplate;`);
  for (const scheme of ['sip', 'tel']) assert.match(await handler(scheme), /space\.html\?link=%s$/);
  const field = () => tb.page('#:new=', `return document.getElementById('new-address')?.value`).catch(() => '');
  await clicked('sip:carol@example.net;transport=tcp');
  await eventually(async () => (await field()) === 'carol@example.net', 'the address', 20_000);
  await picture('link', ['light']);
  assert.equal((await state()).call, null);
  assert.deepEqual(carol.state.requests, []);
});
