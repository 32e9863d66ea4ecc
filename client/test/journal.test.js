// What a report for support says, and what it never does.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleaned, journal, reportOf } from '../core/journal.js';
import { Person } from '../core/person.js';
import { contact, world } from './fake/world.js';

const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

test('a line is one line, without what opens anything and without places in the store', () => {
  assert.equal(cleaned('a\r\nb\u2028c\u0000d'), 'a b c d');
  assert.equal(cleaned('https://a.example/key/0011?id=1#secret failed'), 'https://a.example failed');
  assert.equal(cleaned('wss://a.example:5061/media?x=1'), 'wss://a.example:5061');
  assert.equal(cleaned(`code ${'K7QX2M9TRD4H'.repeat(3)}`), 'code K7QX2M9T…');
  assert.equal(cleaned(`hash ${'0f'.repeat(32)}.`), 'hash 0f0f0f0f….');
  assert.equal(cleaned('x y '.repeat(10_000)).length, 239, 'the last word may have been cut');
});

test('what is warned of is heard and still said; of other programs nothing; and it stays bounded', () => {
  let now = 0;
  const lately = journal(() => now);
  const said = [];
  const to = { warn: (...what) => said.push(what), error: (...what) => said.push(what) };
  lately.hear(to);
  to.warn('starling: settling', 'fetch failed');
  to.error('starling: a listener', new Error('broken'));
  to.warn('somebody else');
  assert.equal(said.length, 3);
  assert.deepEqual(lately.lines(), [
    '1970-01-01T00:00:00.000Z warn: starling: settling fetch failed',
    '1970-01-01T00:00:00.000Z error: starling: a listener broken',
  ]);
  for (now = 1; now < 5000; now++) lately.note(`${now}`);
  assert.equal(lately.lines().length, 400);
  assert.match(lately.lines().at(-1), / 4999$/);
});

test('addresses are numbers unless they are wanted, in any form', () => {
  const state = {
    me: { address: 'alice@example.net', status: 'online', detail: '', deviceId: 'ab'.repeat(32), local: false },
    ...{ settings: { strangersRing: true, language: 'de' }, contacts: [], requests: [], devices: [], notices: [] },
  };
  const lines = [
    'no place of Bob@Example.net',
    'sip:bob@example.net;gr=1',
    'to bob%40example.net',
    'tel +491701234567',
    'alice@example.net',
  ];
  const what = { state, peers: [], lines, program: 'test', now: 0 };
  const hidden = reportOf({ ...what, people: false });
  assert.doesNotMatch(hidden, /bob|alice|4917|@|%40/i);
  assert.equal(hidden.match(/<person 1>/g).length, 3);
  assert.match(hidden, /tel <person 2>\n<own address>\n$/);
  assert.match(hidden, /address: <own address>/);
  assert.match(hidden, /switched on: strangersRing\n/);
  const whole = reportOf({ ...what, people: true });
  assert.match(whole, /sip:bob@example.net/);
  assert.match(whole, /device: abababab\n/);
});

test('no part of an address is left, where a line was cut or a local part has marks in it', () => {
  const lately = journal(() => 0);
  for (let before = 200; before < 240; before++)
    lately.note(`${'so '.repeat(80).slice(0, before)}zoe.private@example.net`);
  lately.note(`${'A'.repeat(950)} zoe.private@example.net`);
  lately.note(
    `to zoe'private@example.net, zoe/private@example.net, x=zoe&private@example.net, zoe%27private%40example.net`,
  );
  lately.note(`'bob@example.net' and to=bob@example.net and <bob@example.net>`);
  const me = { address: "o'alice@example.net", status: 'online', detail: '', deviceId: 'ab'.repeat(32), local: false };
  const state = { me, settings: {}, contacts: [], requests: [], devices: [], notices: [] };
  lately.note(`mine: o'alice@example.net`);
  const what = { state, peers: [], lines: lately.lines(), program: 'test', now: 0 };
  const hidden = reportOf({ ...what, people: false });
  assert.doesNotMatch(hidden, /zoe?\b|\bz|priv|@|bob|o'|alice/i);
  assert.match(hidden, /mine: <own address>/);
  const numbers = /'?(<person \d+>).* (<person \d+>) and <(<person \d+>)>/.exec(hidden.split('\n').at(-3)).slice(1);
  assert.equal(new Set(numbers).size, 1);
  assert.match(reportOf({ ...what, people: true }), /zoe'private@example.net/);
});

test('of a person: connections, a call and what failed, without messages, names, tokens and keys', async () => {
  const it = await world();
  worlds.push(it);
  const bob = await it.online(BOB);
  const lately = journal(it.time.now);
  const alice = await Person.open({
    store: await it.card('alice@example.net'),
    fetch: (url, init) => it.peers.find((each) => String(url).startsWith(each.base)).fetch(String(url), init),
    webSocket: (url) => it.peers.find((each) => each.relay.peer.ws === url).relay.open(),
    ...{ now: it.time.now, steady: it.time.now, timer: it.time.timer, peers: it.peers.map((each) => each.base) },
    ...{ loopback: () => true, media: null, deviceName: 'test', journal: lately, program: 'test 1' },
  });
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  await alice.setName('Alice of the Report');
  await alice.requestContact(BOB, { text: 'hello from the report' });
  await it.until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest('alice@example.net');
  await it.until(alice, (s) => contact(s, BOB)?.state === 'accepted', 'accepted');
  await alice.sendMessage(BOB, 'a very private text');
  await it.until(bob, (s) => contact(s, 'alice@example.net')?.last?.text === 'a very private text', 'message');
  await assert.rejects(alice.call(BOB));
  const report = await alice.report(false);
  assert.match(report, /program: test 1\n/);
  assert.match(report, /status: connecting/);
  assert.match(report, /status: online/);
  for (const { base } of it.peers) assert.ok(report.includes(base.split('/')[2]), base);
  assert.match(report, /people: 1, requests: 0, devices: 1/);
  assert.doesNotMatch(report, /private|hello|of the Report|bob|alice/i);
  const { profile } = alice.main.ctx;
  for (const secret of [profile.friendsKey, profile.ownKey])
    assert.ok(!report.includes(Buffer.from(secret).toString('hex').slice(0, 12)));
  await alice.close();
});
