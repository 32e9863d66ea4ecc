// Encrypted mails as they come, in Debian's Thunderbird: what is known already shows nothing, forged ones stay where they are, and other S/MIME programs read the genuine ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decode, encode, hex, random } from '../../core/bytes.js';
import { writeLetter } from '../../core/cms/letter.js';
import { authority, issue } from '../authority.js';
import { agent, eventually, until } from './agents.js';
import { newcomer } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { reader } from './smime-reader.js';

const [ALICE, BOB] = ['alice@example.net', 'bob@example.net'];
const SUBJECT = 'Starling: new message / neue Nachricht';
const MARK = 'X-Starling: letter';
let around, alice, bob;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
});
after(async () => {
  await alice?.close();
  await bob?.tb.close();
  await around?.close();
});

const texts = async () => (await bob.asked(`return await core.messages('${ALICE}')`)).map((each) => each.text);
const unread = async () => (await bob.state()).contacts[0].unread;
/** @param {string} name  of a folder @param {number} count */
const lies = (name, count) =>
  eventually(async () => (await bob.mails(name)).length === count, `${count} in ${name}`, 180_000, 500).catch(
    async (e) => {
      const log = bob.tb.log().split('\n').slice(-9).join('\n');
      throw new Error(`${e.message}: ${JSON.stringify([await bob.mails('Inbox'), await bob.mails('Letters')])} ${log}`);
    },
  );
const head = (more, from = ALICE) =>
  [
    ...[`From: ${from}`, `To: ${BOB}`, `Subject: ${SUBJECT}`, `Message-ID: <${hex(random(8))}@example.net>`],
    ...[`Date: ${new Date().toUTCString().replace('GMT', '+0000')}`, 'MIME-Version: 1.0', ...more],
  ].join('\r\n');
/** As Thunderbird sends it. @param {string[]} mails  attached ones */
const wrapped = (mails, more = [MARK], from) => {
  const parts = mails.map((each) =>
    [
      ...['--b', 'Content-Type: message/rfc822; name="message.eml"'],
      ...['Content-Disposition: attachment; filename="message.eml"', '', each, ''],
    ].join('\r\n'),
  );
  const first = `${head([...more, 'Content-Type: multipart/mixed; boundary="b"'], from)}\r\n\r\n`;
  return `${first}--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n${parts.join('')}--b--\r\n`;
};
let eml;

test('when the box is first the mail shows nothing, and is filed all the same', async () => {
  bob = await newcomer(around, BOB);
  await bob.press(`Use ${BOB}`);
  await bob.seen((s) => s.me.status === 'online', 'online');
  alice = await agent(around.bases);
  await alice.addAnchors(
    around.root,
    (await alice.readAnchors(around.root)).map((each) => each.id),
  );
  await alice.enrol(ALICE);
  await eventually(async () => {
    const code = await around.mail.code('alice');
    return code && (await alice.submitCode(code).then(() => true));
  }, 'a mail for alice');
  await until(alice, (s) => s.me.status === 'online', 'online', 60_000);
  await alice.requestContact(BOB, {});
  await bob.seen((s) => s.requests.length === 1, 'the request');
  await bob.asked(`await core.acceptRequest('${ALICE}')`);
  await until(alice, (s) => s.contacts[0]?.presence === 'online', 'bob here', 60_000);
  // As when he is away: a mail is made of what waits.
  alice.ctx.presence.of = () => ({ presence: 'offline', note: '' });
  const { waiting } = alice.ctx.delivery;
  const sent = await alice.sendMessage(BOB, 'by the box');
  alice.ctx.delivery.waiting = () => [
    { to: BOB, type: 'text', bodyId: sent.id, created: sent.at, done: [], content: { text: sent.text } },
  ];
  eml = decode(await alice.ctx.mails.write(BOB, SUBJECT));
  alice.ctx.delivery.waiting = waiting;
  await eventually(async () => (await texts()).length === 1, 'by the box', 60_000, 300);
  await around.mail.deliverAll(ALICE, BOB, [wrapped([eml])]);
  await lies('Letters', 1);
  assert.deepEqual([await texts(), await unread(), await bob.mails('Inbox')], [['by the box'], 1, []]);
});

test('garbage, forged, marked, doubled and too big mails show nothing and stay; the same mail again is filed', async () => {
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
  const forged = decode(await writeLetter(mallory.signer, [Uint8Array.from(chain[0])], what, Date.now()));
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
  await lies('Letters', 2);
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
    await around.mail.deliverAll(ALICE, BOB, [wrapped([decode(eml)])]);
    await bob.tb.chrome(key.importing);
    await lies('Inbox', 14);
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
      bob.tb.chrome(`${shown} return { text: about?.getMessagePaneBrowser?.()?.contentDocument?.body?.innerText ?? '',
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
