// Encrypted mails to somebody who is away, between two of Debian's Thunderbirds with a real mail provider: sent where the person wants it, shown once
// though it comes by the box, too, and filed away.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from './agents.js';
import { newcomer, personAt } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { ADDON, thunderbird } from './thunderbird.js';

const [ALICE, BOB] = ['alice@example.net', 'bob@example.net'];
const SUBJECT = 'Starling: new message / neue Nachricht';
const PICTURES = process.env.STARLING_PICTURES ?? '';
/** Nothing of the web is reached; mail is. */
const NO_SERVERS = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.allow_hijacking_localhost': true,
};
let around, alice, bob;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
});
after(async () => {
  await bob?.tb.close();
  await alice?.tb.close();
  await around?.close();
});

const there = (look) => () =>
  look().then(
    () => true,
    () => false,
  );
async function picture(name) {
  if (!PICTURES) return;
  for (const dark of [0, 1]) {
    await alice.tb.chrome(
      `Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', ${1 - dark}); Services.prefs.setIntPref('ui.systemUsesDarkTheme', ${dark}); for (const w of Services.wm.getEnumerator(null)) await new Promise((done) => w.requestAnimationFrame(() => w.requestAnimationFrame(done)));`,
    );
    await writeFile(join(PICTURES, `${name}-${dark ? 'dark' : 'light'}.png`), await alice.tb.screenshot());
  }
}
/** What bob said to nobody, and alice to bob, as his pages show it. */
const texts = async () => (await bob.asked(`return await core.messages('${ALICE}')`)).map((each) => each.text);
const states = async () => (await alice.asked(`return await core.messages('${BOB}')`)).map((each) => each.state);
const say = (text) => alice.asked(`await core.sendMessage('${BOB}', ${JSON.stringify(text)})`);
const unread = async () => (await bob.state()).contacts[0].unread;
const away = () => alice.seen((s) => s.contacts[0]?.presence === 'offline', 'bob away');

async function leave() {
  const { profile } = bob.tb;
  await bob.tb.kill();
  await away();
  return profile;
}
async function back(profile, prefs) {
  bob = personAt(await thunderbird({ folder: profile, prefs }));
  await eventually(there(bob.open), 'the space');
}
/** The mail that came for bob, who has not seen it: taken out of his mailbox. */
async function held() {
  let mail;
  await eventually(
    async () => (mail = await around.mail.hold('bob').catch(() => null)),
    'a mail for bob',
    180_000,
    500,
  );
  return mail;
}

test('two people with the add-on are contacts; no mail goes out unless one of them wants it', async () => {
  alice = await newcomer(around, ALICE);
  assert.deepEqual(await alice.tb.warnings(), []);
  bob = await newcomer(around, BOB);
  for (const [who, address] of [
    [alice, ALICE],
    [bob, BOB],
  ]) {
    await who.press(`Use ${address}`);
    await who.seen((s) => s.me.status === 'online', 'online');
  }
  await alice.asked(`await core.requestContact('${BOB}', {})`);
  await bob.seen((s) => s.requests.length === 1, 'the request');
  await bob.asked(`await core.acceptRequest('${ALICE}')`);
  await alice.seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
  assert.deepEqual(
    await alice.tb.background(`return (await browser.storage.local.get({ letters: null })).letters`),
    null,
  );
  await eventually(async () => (await bob.mails('Inbox')).length === 0, 'an empty inbox');
});

test('it is switched on in the settings, in plain words; Thunderbird is asked for leave to send', async () => {
  // As if the person had said yes to Thunderbird's own question.
  await alice.tb.chrome(
    `const { ExtensionPermissions } = ChromeUtils.importESModule('resource://gre/modules/ExtensionPermissions.sys.mjs');
    await ExtensionPermissions.add('${ADDON}', { permissions: ['messages.send'], origins: [] }, WebExtensionPolicy.getByID('${ADDON}').extension);`,
  );
  await alice.tb.page('space.html', `location.hash = ':settings'`);
  await alice.says('Also send an encrypted mail when somebody is away');
  await alice.says('Your mail provider and theirs learn that you write to each other with Starling');
  const tick = `const box = document.getElementById('letters'); box.scrollIntoView(); `;
  assert.equal(await alice.tb.page('space.html', `${tick} return box.checked`), false);
  await alice.tb.page('space.html', `${tick} box.click()`);
  const chosen = async () => (await alice.tb.background(`return await browser.storage.local.get('letters')`)).letters;
  await eventually(async () => (await chosen())?.on === true, 'on');
  await picture('letters-settings');
});

let profile, first;
test('what waits for somebody away goes out as one mail that says what it is and shows nothing of it', async () => {
  profile = await leave();
  await say('meet me at the river');
  await say('<b>bring</b> the boat <script>throw 1</script>');
  first = await held();
  const { text } = first;
  assert.match(text, /^From: .*alice@example\.net/m);
  assert.match(text, /^To: bob@example\.net\r?$/m);
  assert.match(text, new RegExp(`^Subject: ${SUBJECT}\\r?$`, 'm'));
  assert.match(text, /^X-Starling: letter\r?$/m);
  assert.match(text, /^DKIM-Signature:/m);
  assert.match(text, /^Content-Type: multipart\/mixed;/m);
  assert.match(text, /^Content-Type: text\/plain; charset=UTF-8/m);
  assert.match(text, /This mail holds a message that was written to you with Starling/);
  assert.match(text, /In dieser Mail ist eine Nachricht/);
  assert.match(text, /^Content-Type: message\/rfc822;/m);
  assert.match(text, /^Content-Type: application\/pkcs7-mime; smime-type=enveloped-data/m);
  assert.doesNotMatch(text, /text\/html|river|cml2ZXI|boat/);
  assert.equal(await alice.composing(), 0);
  await eventually(async () => (await alice.mails('Letters')).length === 1, 'the copy of what was sent');
  assert.deepEqual(await alice.mails('Sent'), []);
  // Both in one, and none again while he is away.
  assert.equal(await around.mail.hold('bob').catch(() => null), null);
});

test('a mail that is first shows the messages once, with no server; the box brings nothing twice', async () => {
  await first.back();
  await back(profile, NO_SERVERS);
  await bob.fetchMail();
  await eventually(async () => (await texts()).length === 2, 'both', 120_000, 300);
  assert.deepEqual(await texts(), ['meet me at the river', '<b>bring</b> the boat <script>throw 1</script>']);
  assert.notEqual((await bob.state()).me.status, 'online');
  await eventually(async () => (await bob.mails('Letters')).length === 1, 'filed');
  assert.deepEqual([(await bob.mails('Letters'))[0].read, await bob.mails('Inbox')], [true, []]);
  await bob.tb.chrome(`Services.prefs.setIntPref('network.proxy.type', 0)`);
  await bob.seen((s) => s.me.status === 'online', 'online');
  await eventually(async () => (await states()).every((each) => each === 'delivered'), 'delivered', 120_000, 300);
  // What comes after it shows that all that waited was looked at.
  await say('you are back');
  await eventually(async () => (await texts()).includes('you are back'), 'the next', 60_000, 300);
  assert.equal((await texts()).length, 3);
  assert.equal(await unread(), 3);
  await eventually(async () => (await bob.mails('Conversations')).length === 3, 'each saved once');
});
