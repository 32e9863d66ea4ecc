// The add-on in Debian's Thunderbird, with a real mail provider: from the choice of an address to a conversation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addAccount, packAddon, world, XPI } from './addon-world.js';
import { agent, eventually, until } from './agents.js';
import { thunderbird } from './thunderbird.js';

const ALICE = 'alice@example.net';
let around, tb;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
  tb = await thunderbird();
  await addAccount(tb, around.mail, ALICE);
});
after(async () => {
  await tb?.close();
  await around?.close();
});

/** As a page of the add-on asks the agent. @param {string} body  with `core` */
const asked = (body) =>
  tb.page(
    'space.html',
    `const { remote } = await import('/thunderbird/wire.js');
    const port = browser.runtime.connect({ name: 'starling' });
    try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`,
  );
const state = () => asked('return core.state');
const seen = (wanted, what) => eventually(async () => wanted(await state()), what, 60_000);
const press = (text) =>
  tb.page(
    'space.html',
    `const b = [...document.querySelectorAll('button')].find((each) => each.textContent.includes(${JSON.stringify(text)})); if (!b) throw new Error(document.body.innerText); b.click();`,
  );

test('it loads without a warning, and offers the address of the account', async () => {
  await tb.install(XPI);
  assert.deepEqual(await tb.warnings(), []);
  await tb.background(`await browser.storage.local.set({ servers: ${JSON.stringify(around.bases)} })`);
  await tb.background(`const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`);
  await eventually(async () => (await tb.page('space.html', 'return document.body.innerText').catch(() => '')).includes(`Use ${ALICE}`), 'the choice');
});

test('after the choice the mail is answered and filed away, with nothing else to be done', async () => {
  // As in the settings: the CA of this test is not one that the add-on comes with.
  await asked(`const text = ${JSON.stringify(around.root)}; await core.addAnchors(text, (await core.readAnchors(text)).map((each) => each.id));`);
  await press(`Use ${ALICE}`);
  await seen((s) => s.me.status === 'online', 'online');
  const names = await tb.background(`
    const local = (await browser.accounts.list(true)).find((each) => each.type === 'none' || each.type === 'local');
    const [starling] = (await browser.folders.getSubFolders(local.rootFolder.id, true)).filter((each) => each.name === 'Starling');
    return (await browser.messages.list(starling.subFolders.find((each) => each.name === 'Confirmations').id)).messages.map((each) => each.subject)`);
  assert.equal(names.length, 1);
  assert.match(names[0], /^ACME: /);
});
