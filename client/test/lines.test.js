// What a browser lets go to ordinary SIP domains, and what it hears from there, whatever its peers say: docs/protocols/classic.md, section 3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, hex, random } from '../core/bytes.js';
import { first, request, response } from '../core/sip/message.js';
import { contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const CAROL = 'carol@classic.example';
const BOB = 'bob@example.net';
const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AB:CD\r\n';

/** Peers that carry ordinary lines for people of example.net; what was asked of them, and what they say to it. */
async function lines(how = {}) {
  const it = await world(how);
  const asked = [];
  let says = (message) => response(message, 200, 'OK');
  for (const peer of it.peers) peer.classic = ['example.net'];
  it.alter((message) => {
    if (message.status || message.uri.includes(';gr=') || !['INVITE', 'MESSAGE'].includes(message.method))
      return message;
    asked.push(message);
    return { answer: says(message) };
  });
  const alice = await it.online(ALICE);
  return Object.assign(it, { asked, alice, say: (fn) => (says = fn) });
}

const refusedBy = (key) => (e) => (assert.equal(e.key, key), true);
const messages = (it) => it.alice.messages(CAROL);

test('nothing goes out before the person agreed to that server, and once agreed a text does, signed, in the clear', async () => {
  const it = await lines();
  await assert.rejects(it.alice.writeLine(CAROL, 'hello'), refusedBy('line.ask'));
  await assert.rejects(it.alice.callLine(CAROL), refusedBy('line.ask'));
  assert.equal(it.asked.length, 0);
  const offer = await it.alice.lineOffer('Carol@Classic.Example');
  assert.deepEqual([offer.address, offer.domain, offer.asked, offer.agreed], [CAROL, 'classic.example', 2, false]);
  await it.alice.agreeToLine(CAROL, offer.server, false);
  await it.alice.writeLine(CAROL, 'hello');
  await it.until(it.alice, async () => (await messages(it))[0]?.state === 'sent', 'sent');
  assert.equal(it.asked[0].uri, `sip:${CAROL}`);
  assert.equal(new TextDecoder().decode(it.asked[0].body), 'hello');
  assert.ok(first(it.asked[0], 'identity'));
  assert.equal(contact(it.alice.state, CAROL).trust, 'unverified');
  assert.equal((await messages(it))[0].line, true);
});

test('an agreement holds for one call and one server, and for good only when that was said', async () => {
  const it = await lines();
  it.say((message) => response(message, 486, 'Busy Here'));
  const { server } = await it.alice.lineOffer(CAROL);
  await it.alice.agreeToLine(CAROL, server, false);
  await it.alice.callLine(CAROL);
  await it.until(it.alice, (s) => s.call?.state === 'ended', 'ended');
  assert.equal(it.alice.state.call.why, 'line.busy');
  assert.equal(it.alice.state.pastCalls[0].line, true);
  await it.alice.hangUp();
  await assert.rejects(it.alice.callLine(CAROL), refusedBy('line.ask'));
  await it.alice.agreeToLine(CAROL, 'another.example', true);
  await assert.rejects(it.alice.callLine(CAROL), refusedBy('line.ask'));
  await it.alice.agreeToLine(CAROL, server, true);
  await it.alice.callLine(CAROL);
  await it.until(it.alice, (s) => s.call?.state === 'ended', 'ended');
  await it.alice.hangUp();
  assert.equal((await it.alice.lineOffer(CAROL)).always, true);
  await it.alice.askBeforeLine(CAROL);
  await assert.rejects(it.alice.callLine(CAROL), refusedBy('line.ask'));
});

test('a call says from its first moment on that it is not verified, and who can listen', async () => {
  const it = await lines();
  it.say((message) => response(message, 180, 'Ringing'));
  const { server } = await it.alice.lineOffer(CAROL);
  await it.alice.agreeToLine(CAROL, server, false);
  void it.alice.callLine(CAROL);
  await it.until(it.alice, (s) => s.call?.state === 'ringing', 'ringing');
  assert.deepEqual([it.alice.state.call.line, it.alice.state.call.trust], [server, 'unverified']);
  await it.alice.hangUp();
});

test('a peer that hides everybody cannot turn a contact, or somebody who was verified once, into an unverified call', async () => {
  const it = await lines();
  const bob = await it.online(BOB);
  assert.equal(await it.alice.lookup(BOB), 'found');
  await assert.rejects(it.alice.lineOffer(BOB), refusedBy('line.known'));
  for (const peer of it.peers) peer.hides = true;
  await it.pass(120_000, 2000);
  assert.equal(await it.alice.lookup(BOB), 'absent');
  await assert.rejects(it.alice.lineOffer(BOB), refusedBy('line.known'));
  await it.alice.agreeToLine(BOB, new URL(it.peers[0].base).host, true);
  await assert.rejects(it.alice.callLine(BOB), refusedBy('line.known'));
  await assert.rejects(it.alice.writeLine(BOB, 'hello'), refusedBy('line.known'));
  assert.equal(it.asked.length, 0);
  await bob.close();
});

test('one peer that lies is contradicted by the other; one that does not answer is no word', async () => {
  const it = await lines();
  await it.online(BOB);
  it.peers[0].hides = true;
  await assert.rejects(it.alice.lineOffer(BOB), refusedBy('line.found'));
  assert.equal((await it.alice.lineOffer(CAROL)).asked, 2);
  it.peers[1].die();
  await it.pass(20_000, 1000);
  await assert.rejects(it.alice.lineOffer('dora@classic.example'), refusedBy('line.look-up'));
});

test('what lies there and is not genuine is no absence', async () => {
  const it = await lines();
  const { publicMaster } = await import('../core/record/rendezvous.js');
  const { seal, valueId } = await import('../core/record/rendezvous.js');
  const { base64 } = await import('../core/bytes.js');
  const { place, values } = await it.under(await publicMaster(CAROL, 'local'), 'CERT');
  values.set(`x ${await valueId(place, hex(random(32)))}`, base64(await seal(place, random(100))));
  it.dht.set(hex(place.dhtKey), values);
  await assert.rejects(it.alice.lineOffer(CAROL), refusedBy('line.forged'));
});

test('where no peer carries lines for our domain there is no offer', async () => {
  const it = await world();
  for (const peer of it.peers) peer.classic = ['other.example'];
  const alice = await it.online(ALICE);
  await assert.rejects(alice.lineOffer(CAROL), refusedBy('line.none'));
});

test('a text that their server refuses, and one under way when the page closed, are not shown as sent', async () => {
  const it = await lines();
  it.say((message) => response(message, 404, 'Not Found'));
  const { server } = await it.alice.lineOffer(CAROL);
  await it.alice.agreeToLine(CAROL, server, true);
  await it.alice.writeLine(CAROL, 'hello');
  await it.until(it.alice, async () => (await messages(it))[0]?.state === 'failed', 'failed');
  assert.equal((await messages(it))[0].why, 'line.nobody');
  await assert.rejects(it.alice.writeLine(CAROL, 'x'.repeat(16 * 1024 + 1)), refusedBy('too-long'));
  it.say((message) => response(message, 100, 'Trying'));
  const { id } = await it.alice.writeLine(CAROL, 'and now?');
  const again = await it.agent(ALICE, { store: it.alice.ctx.store });
  assert.equal((await again.ctx.chat.byId(id)).why, 'line.interrupted');
});

/** As the peer brings it. */
function comes(
  it,
  method,
  { from = `"Carol \u202e" <sip:${CAROL}>`, body = SDP, type = 'application/sdp', more = [] } = {},
) {
  const { relay } = it.peers[0];
  const { device } = it.alice.ctx.ua.us;
  const headers = [
    ['via', `SIP/2.0/TLS x;branch=z9hG4bK${hex(random(8))}`],
    ['from', `${from};tag=${hex(random(4))}`],
    ['to', `<sip:${ALICE}>`],
    ['call-id', hex(random(8))],
    ['cseq', `1 ${method}`],
    ['contact', '<sip:127.0.0.1:1;transport=tls>'],
    ...more,
  ];
  return new Promise((resolve) =>
    relay.pass(
      request(method, `sip:${ALICE};gr=${device}`, headers, type, encode(body)),
      (a) => a.status >= 200 && resolve(a),
    ),
  );
}
const text = (more) => ({ type: 'text/plain', body: 'hello', ...more });
const status = async (it, ...how) => {
  const answered = comes(it, ...how);
  let said = null;
  void answered.then((answer) => (said = answer));
  await it.until(it.alice, () => said, 'an answer');
  return said.status;
};

test('nothing unsigned is heard until the person wants it; then it rings, marked, and texts are kept, marked', async () => {
  const it = await lines();
  assert.equal(await status(it, 'INVITE'), 428);
  assert.equal(await status(it, 'MESSAGE', text()), 428);
  await it.alice.set({ linesRing: true });
  assert.equal(await status(it, 'MESSAGE', text()), 200);
  const [message] = await messages(it);
  assert.deepEqual([message.text, message.line, message.mine], ['hello', true, false]);
  assert.equal(contact(it.alice.state, CAROL).unread, 1);
  void comes(it, 'INVITE');
  await it.until(it.alice, (s) => s.call?.state === 'ringing', 'ringing');
  const { line, trust, name } = it.alice.state.call;
  assert.deepEqual([line, trust, name], [new URL(it.peers[0].base).host, 'unverified', 'Carol']);
  assert.equal(it.alice.media.legs.length, 0, 'nobody learns where she is before she answers');
});

test('nobody is heard under the name of somebody who is known: contacts, who is found, who is blocked, herself', async () => {
  const it = await lines();
  await it.alice.set({ linesRing: true });
  await it.online(BOB);
  for (const forged of [BOB, ALICE]) {
    assert.equal(await status(it, 'INVITE', { from: `<sip:${forged}>` }), 403);
    assert.equal(await status(it, 'MESSAGE', text({ from: `<sip:${forged}>` })), 403);
  }
  await it.alice.block(CAROL);
  assert.equal(await status(it, 'INVITE'), 403);
  for (const peer of it.peers) peer.hides = true;
  await it.pass(120_000, 2000);
  assert.equal(await status(it, 'INVITE', { from: `<sip:${BOB}>` }), 403, 'also when the store hides him');
  assert.equal(it.alice.state.call, null);
});

test('what is no text, too long, or a request within nothing is refused', async () => {
  const it = await lines();
  await it.alice.set({ linesRing: true });
  assert.equal(await status(it, 'MESSAGE', text({ type: 'application/pkcs7-mime' })), 415);
  assert.equal(await status(it, 'MESSAGE', text({ body: 'x'.repeat(16 * 1024 + 1) })), 413);
  assert.equal(await status(it, 'INFO', text()), 428);
  assert.equal(await status(it, 'INVITE', { body: 'v=0\r\n' }), 488);
  assert.equal(await status(it, 'INVITE', { from: '<sip:not an address>' }), 403);
});
