// Messages by encrypted mail: what is written, who can read it, and what becomes of what is forged, altered, old or sent twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { base64, concat, decode, encode, hex, latin, random, unbase64 } from '../core/bytes.js';
import { makeSigned } from '../core/cms/cms.js';
import { MAX_BYTES, MAX_MAIL, MAX_TEXTS, readLetter, writeLetter } from '../core/cms/letter.js';
import { envelop, openEnvelope } from '../core/cms/mail.js';
import { anchorText, parseAnchors } from '../core/identity/anchors.js';
import { authority, issue } from './authority.js';
import { leave, letter, stateOf, textsOf } from './fake/letters.js';
import { contact, world } from './fake/world.js';
import { feed } from './mutations.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const CAROL = 'carol@example.net';
const SUBJECT = 'Starling: new message';
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24, 12);
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));
const fails = (key) => (e) => e.key === key || assert.fail(`${e.key} instead of ${key}: ${e.stack}`);

/** A CA, alice's device and two of bob's. */
async function cards() {
  const ca = await authority(NOW);
  const trust = { anchors: parseAnchors(anchorText(ca.certificate)), allowTest: true };
  const [alice, bob, other] = await Promise.all([ALICE, BOB, BOB].map((address) => issue(ca, address, NOW)));
  const us = (card) => ({ agree: card.key.agree, address: card.address, now: NOW, trust });
  const text = (said, id = hex(random(16)), sent = NOW) => ({ id, sent, text: said });
  const write = (texts, how = {}) =>
    writeLetter(
      (how.by ?? alice).signer,
      (how.for ?? [bob, other]).map((card) => card.chain[0]),
      { from: ALICE, to: BOB, subject: SUBJECT, texts, ...how.what },
      NOW,
    );
  return { ca, alice, bob, other, us, text, write };
}

test('each device of the addressee reads what was written, character by character; nobody else does', async () => {
  const { ca, alice, bob, other, us, text, write } = await cards();
  const texts = [text('Grüße\r\n.\n--x\n\n<b>&amp;'), text(' '), text('x'.repeat(16_000))];
  const mail = await write(texts);
  assert.ok(mail.length < MAX_MAIL);
  assert.match(decode(mail), /^([ -~]{1,998}\r\n)*[^]*$/);
  for (const card of [bob, other]) assert.deepEqual((await readLetter(mail, us(card))).texts, texts);
  assert.equal((await readLetter(mail, us(bob))).signer.device, alice.key.id);
  const stranger = await issue(ca, BOB, NOW);
  await assert.rejects(readLetter(mail, us(stranger)), fails('not-for-this-key'));
  assert.ok(!latin(mail).includes('Gr') || !latin(mail).includes(base64(encode('Grüße')).slice(0, 6)));
});

test('what a mail server may do to it on its way does no harm', async () => {
  const { bob, us, text, write } = await cards();
  const mail = decode(await write([text('hello')]));
  const changed = [
    mail.replaceAll('\r\n', '\n'),
    `Received: from there\r\n by here\r\n${mail}\r\n`,
    mail.replace('; smime-type', ';\r\n\tsmime-type').replace('"smime.p7m"', 'smime.p7m'),
    mail.replace(/\r\n\r\n([^]*)/, (_, body) => `\r\n\r\n${body.replaceAll('\r\n', '').replace(/.{60}/g, '$&\r\n')}`),
  ];
  for (const each of changed) assert.equal((await readLetter(encode(each), us(bob))).texts[0].text, 'hello');
});

test('signed by somebody else, for somebody else, or in another form: refused', async () => {
  const { ca, alice, bob, us, text, write } = await cards();
  const mallory = await issue(ca, 'mallory@example.com', NOW);
  await assert.rejects(
    write([text('x')], { by: mallory }).then((mail) => readLetter(mail, us(bob))),
    fails('wrong-name'),
  );
  const toCarol = await write([text('x')], { what: { to: CAROL } });
  await assert.rejects(readLetter(toCarol, us(bob)), fails('not-for-us'));
  await assert.rejects(
    readLetter(await write([text('x')]), { ...us(bob), now: NOW + 40 * 86_400_000 }),
    fails('expired'),
  );
  const unknown = await authority(NOW);
  const forged = await write([text('x')], { by: await issue(unknown, ALICE, NOW) });
  await assert.rejects(readLetter(forged, us(bob)), (e) => ['unknown-anchor', 'bad-signature'].includes(e.key));
  // Whoever signs may say what they like inside; only our form is read.
  const good = latin(await openEnvelope(unbase64(body(await write([text('hello')]))), bob.key.agree));
  const signedText = async (change) => {
    const said = change(await plainOf(await write([text('hello')]), bob));
    const signed = await makeSigned(alice.signer, encode(said), NOW);
    return around(
      await envelop([bob.chain[0]], encode(`${good.slice(0, good.indexOf('\r\n\r\n') + 4)}${lines(signed)}`)),
    );
  };
  assert.equal((await readLetter(await signedText((s) => s), us(bob))).texts[0].text, 'hello');
  for (const change of [
    (s) => s.replace('text/plain', 'text/html'),
    (s) => s.replace('base64', '8bit'),
    (s) => s.replace('; hp="cipher"', ''),
    (s) => s.replace(/^From: .*\r\n/, ''),
    (s) => `From: ${ALICE}\r\n${s}`,
    (s) => s.replace('Starling-Message: ', 'Starling-Message:  '),
    (s) => s.replace(/(Starling-Message: \w+) \d+/, '$1 99999999999999999'),
    (s) => s.replace(/(Starling-Message: \w+) \d+/, '$1 -1'),
    (s) => s.replace(/--\r\n$/, '\r\n'),
    (s) => s.replace('\r\n\r\n--', '\r\n\r\npreamble\r\n--'),
    (s) => `${s}after`,
    (s) => s.replace('aGVsbG8=', '/w=='),
    (s) => s.replace('aGVsbG8=', '?'),
    (s) => s.replace(/(--\w{32}\r\n[^]*?)(--\w{32}--)/, '$1$1$2'),
    (s) => s.replace(/(--\w{32}\r\n)[^]*?(--\w{32}--)/, '$2'),
    () => '',
  ])
    await assert.rejects(readLetter(await signedText(change), us(bob)), (e) => !!e.key, String(change));
});

/** Of a part, what stands below its header. @param {Uint8Array} mail */
const body = (mail) =>
  decode(mail)
    .replace(/^[^]*?\r\n\r\n/, '')
    .replace(/[\r\n]/g, '');
const lines = (bytes) => `${base64(bytes).replace(/.{76}(?=.)/g, '$&\r\n')}\r\n`;
const around = (der) =>
  encode(
    `Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(der)}`,
  );
/** What is signed in it. */
async function plainOf(mail, card) {
  const signed = latin(unbase64(body(await openEnvelope(unbase64(body(mail)), card.key.agree))));
  const from = signed.indexOf('From: ');
  return signed.slice(from, signed.lastIndexOf('--\r\n') + 4);
}

test('too many, too long or twice the same is neither written nor read', async () => {
  const { text, write } = await cards();
  await assert.rejects(write(Array.from({ length: MAX_TEXTS + 1 }, () => text('x'))), fails('malformed'));
  await assert.rejects(write([text('x'.repeat(MAX_BYTES)), text('y')]), fails('too-long'));
  await assert.rejects(write([text('x', 'ab'.repeat(16)), text('y', 'ab'.repeat(16))]), fails('malformed'));
  await assert.rejects(write([text('x')], { what: { subject: 'a\r\nBcc: all@example.com' } }), fails('malformed'));
  await assert.rejects(write([]), fails('malformed'));
});

test('altered anywhere it is refused, and no error is of another kind', async () => {
  const { bob, us, text, write } = await cards();
  const mail = await write([text('hello')]);
  const der = unbase64(body(mail));
  const same = async (bytes) => assert.equal((await readLetter(bytes, us(bob))).texts[0].text, 'hello');
  await feed(300, 7, [der], (bytes) => same(around(bytes)));
  await feed(300, 8, [mail], same);
  await assert.rejects(readLetter(concat(mail, new Uint8Array(MAX_MAIL)), us(bob)), fails('too-long'));
});

async function bobAway(how) {
  const it = await world(how);
  worlds.push(it);
  const [alice, bob] = await it.friends();
  await bob.close();
  await it.until(alice, (s) => contact(s, BOB).presence === 'offline', 'offline');
  return { it, alice, bob };
}
const back = (it, one) => it.online(one.ctx.profile.address, { store: one.ctx.store });
/** When a mail may go, it is made. */
async function mailTo(it, alice, to = BOB) {
  await it.until(alice, () => alice.ctx.mails.due().includes(to), `a mail to ${to}`);
  return alice.ctx.mails.write(to, SUBJECT);
}

test('what waits for somebody away goes into one mail after a minute, and arrives once, whichever way is first', async () => {
  for (const first of ['inbox', 'mail']) {
    const { it, alice, bob } = await bobAway();
    await alice.sendMessage(BOB, 'one');
    await alice.sendMessage(BOB, 'two');
    assert.deepEqual(alice.ctx.mails.due(), []);
    const mail = await mailTo(it, alice);
    assert.deepEqual(alice.ctx.mails.due(), []);
    assert.equal(await alice.ctx.mails.write(BOB, SUBJECT), null);
    const heard = [];
    const again = await it.agent(BOB, { store: bob.ctx.store });
    again.on('message', (message) => heard.push(message.text));
    if (first === 'mail') assert.equal(await again.ctx.mails.read(mail, ALICE), 'taken');
    await it.until(again, async () => (await textsOf(again, ALICE)).length === 2, 'both');
    await it.until(again, (s) => s.me.status === 'online', 'online');
    await it.until(alice, async () => (await stateOf(alice, BOB, 'two')) === 'delivered', 'delivered');
    for (let n = 0; n < 3; n++) assert.equal(await again.ctx.mails.read(mail, ALICE), 'taken');
    assert.deepEqual(heard, ['one', 'two'], first);
    assert.equal(contact(again.state, ALICE).unread, 2);
    // Weeks later it is known by its message, though what was seen is forgotten.
    await it.pass(20_000, 1000);
    it.time.sleep(12 * 86_400_000);
    await again.ctx.reception.tidy();
    assert.equal(await again.ctx.mails.read(mail, ALICE), 'taken');
    assert.deepEqual(await textsOf(again, ALICE), ['one', 'two']);
    assert.equal(contact(again.state, ALICE).unread, 2);
  }
});

test('nobody is flooded: one mail in ten minutes, twelve a day, and none twice after a restart', async () => {
  const { it, alice } = await bobAway();
  let mails = 0;
  const began = it.now();
  for (let n = 0; n < 14; n++) {
    await alice.sendMessage(BOB, `message ${n}`);
    const at = it.now();
    await it.pass(2 * MINUTE, 10_000);
    if (n > 0 && at - began < 10 * MINUTE) assert.deepEqual(alice.ctx.mails.due(), [], `after ${at - began} ms`);
    if (alice.ctx.mails.due().includes(BOB)) mails += (await alice.ctx.mails.write(BOB, SUBJECT)) ? 1 : 0;
  }
  assert.ok(mails >= 2 && mails <= 1 + Math.floor((it.now() - began) / (10 * MINUTE)), `${mails} mails`);
  const before = await alice.ctx.store.list('mailed');
  await alice.close();
  const again = await back(it, alice);
  await it.pass(MINUTE);
  assert.deepEqual(
    (await alice.ctx.store.list('mailed')).map(([id]) => id),
    before.map(([id]) => id),
  );
  for (const one of before) assert.equal(one[1].to, BOB);
  assert.ok(again.ctx.mails.due().every((to) => to === BOB));
});

test('only contacts who are away: nobody who is here, who was not asked yet, who was removed or blocked', async () => {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  await alice.sendMessage(BOB, 'you are here');
  await it.until(alice, async () => (await stateOf(alice, BOB, 'you are here')) === 'delivered', 'delivered');
  await it.pass(2 * MINUTE, 10_000);
  assert.deepEqual(alice.ctx.mails.due(), []);
  await alice.requestContact(CAROL, { text: 'hello' }).catch(() => {});
  await bob.close();
  await it.until(alice, (s) => contact(s, BOB).presence === 'offline', 'offline');
  await alice.sendMessage(BOB, 'and now away');
  await it.until(alice, () => alice.ctx.mails.due().includes(BOB), 'due');
  assert.deepEqual(alice.ctx.mails.due(), [BOB]);
  await alice.block(BOB);
  assert.deepEqual(alice.ctx.mails.due(), []);
});

test('a mail is judged as what comes by any other way: strangers, other senders, unlisted devices and old ones show nothing', async () => {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  const nowhere = { id: () => hex(random(16)) };
  const from = (card, said, { sent = it.now(), id = nowhere.id(), to = BOB, claims = card.address } = {}) =>
    writeLetter(
      card.signer,
      [bob.ctx.profile.chain[0]],
      { from: claims, to, subject: SUBJECT, texts: [{ id, sent, text: said }] },
      it.now(),
    );
  const mallory = await issue(it.ca, 'mallory@example.com', it.now());
  const second = await issue(it.ca, ALICE, it.now());
  const card = { address: ALICE, key: alice.ctx.profile.key, signer: alice.ctx.signer() };
  const read = (mail, by = ALICE) => bob.ctx.mails.read(mail, by);
  assert.equal(await read(await from(mallory, 'a stranger'), 'mallory@example.com'), 'refused');
  assert.equal(await read(await from(mallory, 'in her name')), 'refused');
  assert.equal(await read(await from(mallory, 'in her name', { claims: ALICE })), 'refused');
  assert.equal(await read(await from(second, 'certified, and on no list')), 'later');
  assert.equal(await read(await from(card, 'too old', { sent: it.now() - 32 * 86_400_000 })), 'refused');
  assert.equal(await read(await from(card, 'from the future', { sent: it.now() + 3_600_000 })), 'refused');
  assert.equal(await read(await from(card, 'for somebody else', { to: CAROL })), 'refused');
  assert.equal(await read(encode('garbage')), 'refused');
  assert.equal(await read(await from(card, 'mine'), BOB), 'refused');
  const mine = await bob.sendMessage(ALICE, 'what bob wrote');
  assert.equal(await read(await from(card, 'over his own', { id: mine.id })), 'refused');
  assert.deepEqual(await textsOf(bob, ALICE), ['what bob wrote']);
  assert.equal(await read(await from(card, 'genuine')), 'taken');
  assert.deepEqual((await textsOf(bob, ALICE)).sort(), ['genuine', 'what bob wrote']);
  await bob.removeContact(ALICE);
  assert.equal(await read(await from(card, 'after she was removed')), 'refused');
});

test('the same message as a letter in the box, by a forger’s hand beside it: the genuine one shows once', async () => {
  const { it, alice, bob } = await bobAway();
  await alice.sendMessage(BOB, 'the message');
  const mail = await mailTo(it, alice);
  const card = { address: ALICE, key: alice.ctx.profile.key, signer: alice.ctx.signer() };
  const [[, item]] = (await alice.ctx.store.list('outbox')).filter(([, each]) => each.type === 'text');
  await leave(it, bob, await letter(it, card, bob, { text: 'the message', id: item.bodyId }));
  const again = await back(it, bob);
  assert.equal(await again.ctx.mails.read(mail, ALICE), 'taken');
  await it.until(again, (s) => contact(s, ALICE)?.unread > 0, 'shown');
  await it.pass(2000);
  assert.deepEqual(await textsOf(again, ALICE), ['the message']);
});
