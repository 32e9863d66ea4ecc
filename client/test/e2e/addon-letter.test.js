// Encrypted mails to somebody who is away, between two of Debian's Thunderbirds with a real mail provider: sent where the person wants it, shown once whatever comes first,
// filed away, and opened by other S/MIME programs. Forged ones stay where they are.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode, hex, random } from '../../core/bytes.js';
import { writeLetter } from '../../core/cms/letter.js';
import { authority, issue } from '../authority.js';
import { eventually } from './agents.js';
import { newcomer, personAt } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { reader } from './smime-reader.js';
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

/** Filed, so many. @param {number} count */
const filed = (count) =>
  eventually(
    async () => {
      await bob.fetchMail();
      return (await bob.mails('Letters')).length === count;
    },
    'filed',
    120_000,
    1000,
  ).catch(async (e) => {
    const log = bob.tb
      .log()
      .split('\n')
      .filter((line) => /starling/i.test(line));
    throw new Error(`${e.message}: ${JSON.stringify(await bob.mails('Inbox'))} ${log.slice(-9).join('\n')}`);
  });

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
  assert.match(text, /In dieser E-Mail ist eine Nachricht/);
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

test('when the box is first the mail shows nothing, and is filed all the same', async () => {
  profile = await leave();
  await say('the second time');
  // Nobody gets two mails within ten minutes: as if they had passed.
  await alice.tb.background(
    `const { openStore } = await import('/web/store-idb.js'); const store = await openStore();
    await store.batch((await store.list('mailed')).map(([id, one]) => ['mailed', id, { ...one, at: one.at - 600_000 }]));`,
  );
  const { profile: home } = alice.tb;
  await alice.tb.kill();
  alice = personAt(await thunderbird({ folder: home }));
  await eventually(there(alice.open), 'her space');
  await alice.seen((s) => s.me.status === 'online', 'alice again');
  const second = await held();
  assert.doesNotMatch(second.text, /the second time/);
  await back(profile);
  await bob.seen((s) => s.me.status === 'online', 'online');
  await eventually(async () => (await texts()).length === 4, 'by the box', 60_000, 300);
  await second.back();
  await filed(2);
  assert.deepEqual((await texts()).slice(3), ['the second time']);
  assert.equal(await unread(), 4);
  assert.deepEqual(await bob.mails('Inbox'), []);
});

const head = (more, from = ALICE) =>
  [
    ...[`From: ${from}`, `To: ${BOB}`, `Subject: ${SUBJECT}`, `Message-ID: <${hex(random(8))}@example.net>`],
    ...[`Date: ${new Date().toUTCString().replace('GMT', '+0000')}`, 'MIME-Version: 1.0', ...more],
  ].join('\r\n');
const MARK = 'X-Starling: letter';
/** @param {string[]} mails */
const wrapped = (mails, more = [MARK], from) =>
  `${head([...more, 'Content-Type: multipart/mixed; boundary="b"'], from)}\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n${mails
    .map(
      (each) =>
        `--b\r\nContent-Type: message/rfc822; name="message.eml"\r\nContent-Disposition: attachment; filename="message.eml"\r\n\r\n${each}\r\n`,
    )
    .join('')}--b--\r\n`;

test('garbage, forged, marked, doubled and too big mails show nothing and stay; the same mail again is filed', async () => {
  const eml =
    first.text
      .replace(/\r?\n/g, '\r\n')
      .match(/From: alice[^]*?\r\n\r\n[A-Za-z0-9+/=\r\n]+(?=\r\n--)/g)
      ?.at(-1) ?? '';
  assert.match(eml, /enveloped-data/);
  const ca = await authority(Date.now());
  const mallory = await issue(ca, ALICE, Date.now());
  const { chain } = await bob.tb.background(
    `const { openStore } = await import('/web/store-idb.js'); return { chain: (await (await openStore()).get('me', 'profile')).chain.map((each) => [...each]) };`,
  );
  const what = {
    from: ALICE,
    to: BOB,
    subject: SUBJECT,
    texts: [{ id: hex(random(16)), sent: Date.now(), text: 'forged' }],
  };
  const forged = new TextDecoder().decode(
    await writeLetter(mallory.signer, [Uint8Array.from(chain[0])], what, Date.now()),
  );
  const script = '<img src="http://127.0.0.1:1/seen"><script>throw 1</script>';
  const before = await texts();
  await around.mail.deliverAll('mallory@example.com', BOB, [
    wrapped([forged]),
    wrapped([forged], [MARK], 'mallory@example.com'),
    wrapped([eml], [MARK], 'mallory@example.com'),
    wrapped([eml], [MARK], `${ALICE}, mallory@example.com`),
    wrapped([eml], []),
    wrapped([eml], ['X-Starling: conversation']),
    wrapped([eml], [MARK, MARK]),
    wrapped([eml, eml]),
    wrapped([eml.replace(/\r\n\r\n...../, '\r\n\r\nAAAAA')]),
    wrapped([`${head(['Content-Type: text/html'])}\r\n\r\n${script}`]),
    wrapped([`${eml}\r\n${'A'.repeat(76)}\r\n`.padEnd(400_000, `${'A'.repeat(76)}\r\n`)]),
    `${head([MARK, 'Content-Type: text/html'])}\r\n\r\n${script}\r\n`,
    `${head([MARK])}\r\n\r\n${'x'.repeat(70)}\r\n`,
    // The genuine one once more: one after the other, so that when it is filed all were looked at.
    wrapped([eml]),
  ]);
  await filed(3);
  const left = await bob.mails('Inbox');
  assert.equal(left.length, 13);
  assert.deepEqual(
    left.filter((each) => each.read),
    [],
  );
  assert.deepEqual(await texts(), before);
  assert.equal(await unread(), before.length);
});

test('OpenSSL and Thunderbird itself, with the .p12, open the attached mail, and say who signed it', async () => {
  const ca = await authority(Date.now());
  const [sender, other] = await Promise.all([issue(ca, ALICE, Date.now()), issue(ca, BOB, Date.now())]);
  const key = await reader(ca, BOB, Date.now());
  try {
    const texts = ['Grüße vom Fluss', 'a < b && <i>c</i>'].map((text) => ({
      id: hex(random(16)),
      sent: Date.now(),
      text,
    }));
    const eml = await writeLetter(
      sender.signer,
      [other.chain[0], key.certificate],
      { from: ALICE, to: BOB, subject: SUBJECT, texts },
      Date.now(),
    );
    const said = await key.read(eml);
    assert.ok(said.includes(Buffer.from(encode(texts[0].text)).toString('base64')));
    await around.mail.deliverAll(ALICE, BOB, [wrapped([new TextDecoder().decode(eml)])]);
    await bob.tb.chrome(key.importing);
    await eventually(
      async () => {
        await bob.fetchMail();
        return (await bob.mails('Inbox')).length === 14;
      },
      'the mail',
      120_000,
      1000,
    );
    const id = await bob.tb.background(
      `const { messages } = await browser.messages.query({ subject: ${JSON.stringify(SUBJECT)} }); return messages.filter((each) => each.folder.name === 'Inbox').sort((a, b) => b.id - a.id)[0].id;`,
    );
    await bob.tb.background(`await browser.messageDisplay.open({ messageId: ${id}, location: 'tab' })`);
    const shown = `const main = [...Services.wm.getEnumerator(null)].find((each) => each.document.getElementById('tabmail'));
      const about = main.document.getElementById('tabmail').currentAboutMessage;`;
    await eventually(
      () =>
        bob.tb.chrome(
          `${shown} return (about?.currentAttachments ?? []).some((each) => each.contentType === 'message/rfc822')`,
        ),
      'the attachment',
    );
    await bob.tb.chrome(
      `${shown} await about.currentAttachments.find((each) => each.contentType === 'message/rfc822').open(about.browsingContext);`,
    );
    const read = () =>
      bob.tb.chrome(`${shown} return { text: about?.getMessagePaneBrowser()?.contentDocument?.body?.innerText ?? '',
        icons: ['signedHdrIcon', 'encryptedHdrIcon'].map((name) => about?.document.getElementById(name)?.src ?? '') };`);
    await eventually(
      async () => (await read()).icons.every((each) => each.endsWith('-ok.svg')),
      'opened',
      60_000,
      300,
    ).catch(async (e) => assert.fail(`${e.message}: ${JSON.stringify(await read())}`));
    const { text } = await read();
    for (const each of texts) assert.ok(text.includes(each.text), text);
  } finally {
    await key.close();
  }
});
