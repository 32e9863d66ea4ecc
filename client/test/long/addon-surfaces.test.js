// Every surface of the add-on in Debian's Thunderbird, on made-up people: light and dark, English and German, at usual and at narrow widths. Nothing sticks out,
// nothing is clipped, axe finds nothing; pictures of all go to screenshots/.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bookAt } from '../e2e/addon-dots.js';
import { fakeAddon } from '../e2e/addon-fake.js';
import { eventually } from '../e2e/agents.js';
import { faults } from '../e2e/looks.js';

const ALICE = 'alice@example.net';
const button = (text) => `[...document.querySelectorAll('button')].find((each) => ${text}.test(each.textContent))`;
const proof = (step, more = {}) => ({
  order: 'o',
  address: ALICE,
  from: 'acme@ca.example.net',
  begins: 'abc',
  at: Date.now(),
  step,
  why: '',
  detail: '',
  left: [],
  ...more,
});
const hour = 3_600_000;

/**
 * options: of the fake core; hash: place in the space; more: part of the state; how: see fake/addon.js; proofs: how far the mail of the CA is; clicks: expressions of what is pressed; call: that of a surface of the fake core
 * @type {Record<string, {options?: any, hash?: string, more?: any, how?: any, proofs?: any[], clicks?: string[]}>}
 */
const SPACE = {
  consent: { options: { surface: 'new' } },
  'other-address': { options: { surface: 'new' }, clicks: [button('/Another address|Eine andere Adresse/')] },
  server: {
    options: { surface: 'new' },
    how: { server: false },
    clicks: [button('/alice@example.net/')],
  },
  'mail-waits': { options: { surface: 'code' }, proofs: [proof('waiting')] },
  'mail-late': { options: { surface: 'code' }, proofs: [proof('waiting', { at: Date.now() - hour })] },
  'mail-answering': { options: { surface: 'code' }, proofs: [proof('sending')] },
  'mail-answered': { options: { surface: 'code' }, proofs: [proof('sent')] },
  'mail-code': { options: { surface: 'code' }, proofs: [proof('code', { why: 'unsigned' })] },
  'mail-failed': { options: { surface: 'code' }, proofs: [proof('failed', { why: 'ca-unreachable' })] },
  'mail-not-believed': { options: { surface: 'code' }, proofs: [proof('sent', { error: 'ca-unreachable' })] },
  'mail-over': { options: { surface: 'code' }, proofs: [proof('code', { error: 'code.over' })] },
  'code-form': {
    options: { surface: 'code' },
    proofs: [proof('waiting')],
    clicks: [button('/Type the code|Code eintippen/')],
  },
  'other-device': { options: { surface: 'waiting' } },
  done: {
    options: { surface: 'conversation' },
    more: {
      contacts: [],
      notices: [
        {
          id: 'n',
          kind: 'info',
          key: 'by-code.unsigned',
          args: {},
          actions: [{ id: 'ok', key: 'by-code.ok', safe: true }],
        },
      ],
    },
  },
  empty: { options: { surface: 'conversation' }, more: { contacts: [], pastCalls: [] } },
  list: { options: { surface: 'conversation' } },
  conversation: { options: { surface: 'conversation' }, hash: 'bob%40example.net' },
  requests: { options: { surface: 'requests' }, hash: ':requests' },
  calls: { options: { surface: 'conversation' }, hash: ':calls' },
  known: {
    options: { surface: 'conversation' },
    hash: ':new',
    clicks: [button('/Look in my address books|In meinen Adressb/')],
  },
  settings: { options: { surface: 'conversation' }, hash: ':settings' },
  'in-call': { options: { surface: 'conversation' }, hash: 'bob%40example.net', call: 'call' },
  everything: { options: { surface: 'everything' }, hash: 'bob%40example.net' },
};
/** Of the main window. */
const WIDTHS = { usual: [1180, 760], narrow: [440, 760] };

let at;
before(async () => {
  at = await fakeAddon();
  await at.tb.background(`
    const [book] = (await browser.addressBooks.list(false)).filter((each) => each.name === 'Personal Address Book');
    for (const [name, email] of [['Gina Example', 'gina@example.net'], ['Hans Beispiel', 'hans.beispiel@eine-sehr-lange-domain.example.org']])
      await browser.contacts.create(book.id, null, { DisplayName: name, PrimaryEmail: email });`);
});
after(() => at?.close());

/** Windows of calls. */
const closePopups = () =>
  at.tb.background(
    `for (const each of await browser.windows.getAll({ windowTypes: ['popup'] })) await browser.windows.remove(each.id)`,
  );
/** @param {string} surface */
const callOf = async (surface) => ({ call: await at.tb.background(`return window.fakeCall('${surface}')`) });

/** @param {string} part @param {string} name */
async function looksRight(part, name) {
  const found = await at.tb.page(part, `return (${faults})()`);
  assert.deepEqual(found, [], name);
}

/**
 * In both lights; in German only the words and what lies where are others.
 * @param {string} part  of the page's URL @param {string} name @param {string} language
 */
async function inBothLights(part, name, language) {
  for (const scheme of /** @type {const} */ (language === 'en' ? ['light', 'dark'] : ['light'])) {
    await at.paint(scheme);
    await at.drawn(part);
    await at.picture(part, `addon-${name}-${scheme}`);
    await looksRight(part, `${name}, ${scheme}`);
    const looked = await at.violations(part, scheme === 'dark' ? ['color-contrast'] : undefined);
    assert.deepEqual(looked, [], `${name}, ${scheme}`);
  }
}

for (const [name, { options, hash = '', more, how, proofs = [], clicks = [], call }] of Object.entries(SPACE))
  for (const language of ['en', 'de'])
    test(`${name} (${language}) has nothing clipped, overlapping or inaccessible`, async () => {
      await at.tb.background(`await browser.storage.local.set({ proofs: ${JSON.stringify(proofs)} })`);
      for (const [width, size] of Object.entries(WIDTHS)) {
        await at.size(...size);
        await at.become({ ...options, language }, { ...more, ...(call && (await callOf(call))) }, how);
        await at.visit(`/thunderbird/space.html#${hash}`);
        for (const what of clicks) {
          await at.click('space.html', what);
          await at.drawn('space.html');
        }
        await inBothLights('space.html', `${name}-${language}-${width}`, language);
        if (call) await closePopups();
      }
    });

const running = (phase) => ({ phase, server: 'https://peer.example.net/' });
/** surface: of the fake core; sound: what the window is told of it; clicks: as above @type {Record<string, {surface: string, sound?: any, clicks?: string[], more?: any}>} */
const CALLS = {
  'call-in': { surface: 'ringing' },
  'call-in-line': { surface: 'line-ringing' },
  'call-out': { surface: 'calling', sound: running('opening') },
  'call-asking': { surface: 'calling', sound: running('asking') },
  'call-out-line': { surface: 'line-calling', sound: running('here') },
  call: { surface: 'call', sound: running('here') },
  'call-microphone': {
    surface: 'call',
    sound: running('here'),
    clicks: [`document.querySelector('[aria-label=Microphone], [aria-label=Mikrofon]')`],
  },
  'call-keys': {
    surface: 'line-call',
    sound: running('here'),
    clicks: [`document.querySelector('[aria-label=Keypad], [aria-label=Tasten]')`],
  },
  'call-nothing-through': { surface: 'call-lost', sound: running('here') },
  'call-failed': { surface: 'call-failed' },
  'call-page-closed': { surface: 'call', sound: running('lost'), more: { state: 'ended' } },
};
/** Of the window of a call: as it opens, and as narrow as somebody may make it. */
const CALL_WIDTHS = { usual: 420, narrow: 330 };

for (const [name, { surface, sound, clicks = [], more = {} }] of Object.entries(CALLS))
  for (const language of ['en', 'de'])
    test(`the window of a call: ${name} (${language}) has nothing clipped, overlapping or inaccessible`, async () => {
      const { call } = await callOf(surface);
      await at.become({ surface: 'conversation', language }, { call: { ...call, ...more } }, { sound });
      await at.drawn('call.html');
      for (const what of clicks) {
        await at.click('call.html', what);
        await at.drawn('call.html');
      }
      for (const [width, px] of Object.entries(CALL_WIDTHS)) {
        await at.tb.background(`
          const [{ id }] = await browser.windows.getAll({ windowTypes: ['popup'] });
          await browser.windows.update(id, { width: ${px} });`);
        await at.drawn('call.html');
        await inBothLights('call.html', `${name}-${language}-${width}`, language);
      }
      await closePopups();
      await at.become({ surface: 'conversation', language });
    });

for (const language of ['en', 'de'])
  test(`the page about privacy (${language}) has nothing clipped or inaccessible`, async () => {
    for (const [width, size] of Object.entries(WIDTHS)) {
      await at.size(...size);
      await at.visit(`/thunderbird/privacy-${language}.html`);
      await inBothLights(`privacy-${language}`, `privacy-${language}-${width}`, language);
    }
  });

for (const language of ['en', 'de'])
  test(`beside a mail that is written (${language}) nothing is clipped or inaccessible`, async () => {
    await at.become({ surface: 'conversation', language });
    const to = [
      'Bob <bob@example.net>',
      'carol@example.org',
      'erik.with.a.very.long.address@subdomain.of.an.example.org',
    ];
    const tab = await at.tb.background(
      `return (await browser.compose.beginNew({ to: ${JSON.stringify(to)}, cc: ['eve@example.net'], subject: 'The tent' })).id`,
    );
    const click = () =>
      at.tb.chrome(`const w = [...Services.wm.getEnumerator('msgcompose')][0];
        const b = w?.document.getElementById('starling_starling_dev-composeAction-toolbarbutton'); if (!b?.getAttribute('badge')) return false;
        b.click(); return true;`);
    await eventually(click, 'the button', 20_000);
    await at.drawn('recipients.html');
    await inBothLights('recipients.html', `recipients-${language}`, language);
    for (const scheme of ['light', 'dark']) {
      await at.paint(scheme);
      await at.windowPicture(`addon-compose-${language}-${scheme}`, 'msgcompose');
    }
    await at.tb.background(`await browser.tabs.remove(${tab})`);
  });

test('in Thunderbird’s own places: above a mail, in the address book, beside the spaces', async () => {
  await at.size(...WIDTHS.usual);
  await at.become({ surface: 'conversation' });
  await at.tb.background('await window.fill()');
  await at.tb.background(`
    const mail = ['From: Bob Example <bob@example.net>', 'To: ${ALICE}', 'Subject: The tent', 'Message-ID: <tent@example.net>', 'Date: ' + new Date().toUTCString(),
      'MIME-Version: 1.0', 'Content-Type: text/plain', '', 'Hello Alice,', '', 'shall I bring the large tent or the small one?', '', 'Bob', ''].join('\\r\\n');
    const local = (await browser.accounts.list(true)).find((each) => each.type === 'none' || each.type === 'local');
    const [folder] = (await browser.folders.getSubFolders(local.rootFolder.id, false)).filter((each) => each.name === 'Mail');
    const made = await browser.messages.import(new File([mail], 'x.eml', { type: 'message/rfc822' }), (folder ?? await browser.folders.create(local.rootFolder.id, 'Mail')).id, { read: true });
    await browser.messageDisplay.open({ messageId: made.id, location: 'tab', active: true });`);
  const button = () =>
    at.tb.chrome(
      `return document.getElementById('tabmail').currentAboutMessage?.document.getElementById('starling_starling_dev-messageDisplayAction-toolbarbutton')?.getAttribute('badge')`,
    );
  await eventually(async () => (await button()) === '●', 'the button above the mail', 20_000);
  for (const scheme of ['light', 'dark']) {
    await at.paint(scheme);
    await at.windowPicture(`addon-mail-${scheme}`);
  }
  const { openBook, chooseBook, inBook } = bookAt(() => at.tb);
  await openBook();
  await chooseBook('Starling');
  await eventually(() => inBook(`return at.cardsPane.cardsList.view.rowCount > 3`), 'rows', 20_000);
  await inBook(`at.cardsPane.cardsList.selectedIndex = 0; at.cardsPane.toggleLayout(false);`);
  await eventually(() => inBook(`return at.document.getElementById('viewContactPhoto').complete`), 'the card', 20_000);
  for (const scheme of ['light', 'dark']) {
    await at.paint(scheme);
    await at.windowPicture(`addon-book-${scheme}`);
  }
  await at.visit('/thunderbird/space.html#bob%40example.net');
  for (const scheme of ['light', 'dark']) {
    await at.paint(scheme);
    await at.windowPicture(`addon-space-${scheme}`);
  }
});

for (const language of ['en', 'de'])
  test(`a notification says who it is and what (${language})`, async () => {
    await at.become({ surface: 'conversation', language }, {});
    const said = await at.tb.background(`
        const before = window.notified.length;
        window.core.change({ settings: { ...window.core.state.settings, notifications: true } });
        for (const [event, what] of Object.entries({
          message: { with: 'bob@example.net', text: 'See you at nine.' },
          call: { address: 'erik.with.a.very.long.address@subdomain.of.an.example.org' },
          request: { address: 'hal@example.org', text: 'From the choir' },
          missed: { address: 'bob@example.net' },
        })) window.tell(event, what);
        return window.notified.slice(before).map(({ title, message }) => [title, message]);`);
    console.log(`# ${JSON.stringify(said)}`);
    assert.equal(said.length, 4);
    for (const [title, message] of said) assert.doesNotMatch(`${title} ${message}`, /\{|undefined|notify\./);
  });
