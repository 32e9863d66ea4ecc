// The proof of an address by mail, in Debian's Thunderbird with a real mail provider: by an answer, by the code where an answer cannot be, and among forged mails.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './agents.js';
import { newcomer } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { freePort } from './ports.js';
import { ADDON } from './thunderbird.js';

/** Of the policy in a certificate: docs/protocols/formats.md, section 3. */
const REPLY = '2';
const CODE = '1';
const CA = 'acme@ca.example';
let around, who;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob', 'carol', 'dave', 'erin', 'grace']);
});
after(async () => {
  await who?.tb.close();
  await around?.close();
});

/** One after the other: each has a Thunderbird of their own. */
async function enter(address, how) {
  await who?.tb.close();
  who = null;
  who = await newcomer(around, address, how);
  return who;
}
const online = (s) => s.me.status === 'online';
/** What is filed away, by whom. */
const filed = async () => (await who.mails('Confirmations')).map((each) => each.author.replace(/.*<|>/g, '')).sort();
const notices = async () => (await who.state()).notices.map((each) => each.key);

test('one click: the mail is answered by a mail, and both are filed away; no other mail is touched', async () => {
  await around.mail.deliver('eve@example.com', 'alice@example.net', 'ACME: our new catalogue');
  await enter('alice@example.net');
  assert.deepEqual(await who.tb.warnings(), []);
  await who.press('Use alice@example.net');
  await who.seen(online, 'online');
  assert.equal(await who.level(), REPLY);
  await eventually(async () => (await filed()).length === 2, 'both filed');
  assert.deepEqual(await filed(), [CA, 'alice@example.net']);
  assert.deepEqual(await who.mails('Inbox'), [
    { subject: 'ACME: our new catalogue', author: 'eve@example.com', read: false },
  ]);
  assert.deepEqual(await who.mails('Sent'), []);
  assert.equal(await who.composing(), 0);
  assert.deepEqual(await notices(), []);
});

test('so it does with a mailbox that is fetched by POP', async () => {
  await enter('carol@example.net', { type: 'pop3' });
  await who.press('Use carol@example.net');
  await who.says('A mail from acme@ca.example arrives');
  await eventually(async () => around.mail.code('carol'), 'a mail for carol');
  await who.fetchMail();
  await who.seen(online, 'online');
  assert.equal(await who.level(), REPLY);
  await eventually(async () => (await filed()).length === 2, 'both filed');
  assert.deepEqual(await filed(), [CA, 'carol@example.net']);
  assert.deepEqual(await who.mails('Inbox'), []);
});

test('a provider that signs nothing: the code is used, and the page says so', async () => {
  await enter('dave@example.net', { smtp: around.mail.port('unsigned') });
  await who.press('Use dave@example.net');
  await who.seen(online, 'online');
  assert.equal(await who.level(), CODE);
  assert.deepEqual(await notices(), ['by-code.unsigned']);
  await who.says('your mail provider does not sign what it sends');
  await eventually(async () => (await filed()).length === 2, 'both filed');
});

test('nobody takes the answer: the code is used, and no window stays open once the message about it is closed', async () => {
  await enter('erin@example.net', { smtp: await freePort() });
  await who.press('Use erin@example.net');
  await eventually(async () => (await who.dialog(true)).startsWith('Sending of the message failed'), 'the message');
  await who.seen(online, 'online');
  assert.equal(await who.level(), CODE);
  assert.deepEqual(await notices(), ['by-code.unsent']);
  await eventually(async () => (await who.composing()) === 0, 'no window');
  await eventually(async () => (await filed()).length === 1, 'filed');
});

const enabled = (on) =>
  who.tb.chrome(`
    const { AddonManager } = ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs');
    const addon = await AddonManager.getAddonByID(${JSON.stringify(ADDON)});
    await addon.${on ? 'enable' : 'disable'}();`);

test('a mail is late: the page says what can be done; one that came while the add-on was away is found, and an older one only filed', async () => {
  await enter('bob@example.net', { watched: false });
  await who.press('Use bob@example.net');
  await who.says('A mail from acme@ca.example arrives');
  const first = await soon(() => around.mail.code('bob'), 'a mail for bob');
  // A minute later.
  await who.tb.background(`
    const { proofs } = await browser.storage.local.get({ proofs: [] });
    await browser.storage.local.set({ proofs: proofs.map((each) => ({ ...each, at: each.at - 61_000 })) });`);
  await who.says('The mail is not here yet.');
  await who.press('Look again');
  await who.says('Your mail was looked through.');
  await who.press('Send a new mail');
  await eventually(async () => ![first, ''].includes(await around.mail.code('bob')), 'another mail');
  await who.says('There is nothing to do');
  await enabled(false);
  await who.fetchMail();
  const fetched = () =>
    who.tb.chrome(`
      const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
      const root = MailServices.accounts.defaultAccount.incomingServer.rootFolder;
      return root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox)?.getTotalMessages(false) ?? 0;`);
  await eventually(async () => (await fetched()) === 2, 'both mails in the inbox');
  await enabled(true);
  await eventually(
    () =>
      who.open().then(
        () => true,
        () => false,
      ),
    'the add-on again',
  );
  await who.seen(online, 'online');
  assert.equal(await who.level(), REPLY);
  await eventually(async () => (await filed()).length === 3, 'all filed');
  assert.deepEqual(await filed(), [CA, CA, 'bob@example.net']);
  assert.deepEqual(await who.mails('Inbox'), []);
});

/** What it gives once it gives something. @param {() => Promise<any>} look @param {string} what */
async function soon(look, what) {
  let found;
  await eventually(async () => !!(found = await look()), what);
  return found;
}
