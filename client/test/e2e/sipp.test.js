// Calls as they go wrong on real networks, made by sipp as a phone of carol: what is sent again, cancelled too late, acknowledged late, ended twice; and many.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPhone } from './add-phone.js';
import { agent, eventually, until } from './agents.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';
import { hear, say, sipp, wait } from './sipp.js';

const skip = spawnSync('sipp', ['-v']).error ? 'sipp is not installed (apt-get install sip-tester)' : false;
const BOB = 'sip:bob@example.net';
const CAROL = 'sip:carol@example.net';
/** As a browser offers, so that bob has it as it stands: these calls are about words, not about sound. */
const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 127.0.0.1',
  'a=rtpmap:111 opus/48000/2',
  'a=mid:0',
  'a=rtcp-mux',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  'a=setup:actpass',
  `a=fingerprint:sha-256 ${'AB:'.repeat(31)}AB`,
  '',
];

let folder;
let server;
let how;
let bob;
let carol;
/** What bob does when somebody calls. */
let answers = true;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'starling-sipp-'));
  const phonePort = await freePort();
  const ports = ['--port', String(await freePort()), '--sip-port', String(await freePort())];
  server = await run(['up', '--data', folder, ...ports, '--phone-port', String(phonePort)]);
  [bob, carol] = await Promise.all(['bob', 'carol'].map(person));
  await bob.requestContact('carol@example.net', {});
  await until(carol, (s) => s.requests.length === 1, 'the request of bob');
  await carol.acceptRequest('bob@example.net');
  const mails = async () =>
    (await fetch(`${server.base}mailbox/api/${encodeURIComponent('carol@example.net')}`)).json();
  const account = await addPhone(carol, 'sipp', {
    words: ['--data', folder, '--server', server.base, '--md5'],
    async code() {
      let all = [];
      await eventually(async () => (all = await mails()).length > 1, 'a mail');
      return all[0].text;
    },
  });
  how = { folder, at: `127.0.0.1:${phonePort}`, port: await freePort(), whom: BOB, ...account };
  bob.subscribe((s) => {
    if (answers && s.call?.incoming && s.call.state === 'ringing') void bob.acceptCall();
  });
  // It takes the first challenge for the only one, and gives up; then it is offered MD5 alone, which is all it knows.
  await assert.rejects(sipp('register', registering(), { ...how, whom: CAROL }));
  await sipp('register', registering(), { ...how, whom: CAROL });
  // The phone's device hears of bob from carol's browser.
  await eventually(
    () =>
      sipp('first-text', text('are you there'), how).then(
        () => true,
        () => false,
      ),
    'a phone that knows bob',
    60_000,
    500,
  );
});
after(async () => {
  await Promise.allSettled([bob?.close(), carol?.close()]);
  await server?.kill();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function person(name) {
  const one = await agent([server.base]);
  await one.enrol(`${name}@example.net`);
  await one.submitCode(await code(server.base, `${name}@example.net`));
  await until(one, (s) => s.me.status === 'one-server', `${name} online`);
  return one;
}

const CREDENTIALS = ['[authentication]'];
const registering = () => [
  say('REGISTER', 1, { from: CAROL, uri: CAROL }),
  hear(401, 'auth="true"'),
  say('REGISTER', 2, { from: CAROL, uri: CAROL, more: [...CREDENTIALS, 'Expires: 600'] }),
  hear(200),
];
const text = (what) => [
  say('MESSAGE', 1, { from: CAROL, uri: BOB, type: 'text/plain', body: [what] }),
  hear(407, 'auth="true"'),
  say('MESSAGE', 2, { from: CAROL, uri: BOB, more: CREDENTIALS, type: 'text/plain', body: [what] }),
  hear(200),
];
/** The INVITE that counts is the fourth step. */
const inviting = () => [
  say('INVITE', 1, { from: CAROL, uri: BOB, type: 'application/sdp', body: SDP }),
  hear(407, 'auth="true"'),
  say('ACK', 1, { from: CAROL, uri: BOB, back: 2 }),
  invite(0),
];
const invite = (back, once = false) =>
  say('INVITE', 2, { from: CAROL, uri: BOB, back, once, more: CREDENTIALS, type: 'application/sdp', body: SDP });
const OPTIONAL = 'optional="true"';
const answered = () => [hear(100, OPTIONAL), hear(180, OPTIONAL), hear(200, 'rrs="true"')];
const within = (method, cseq, more = []) => say(method, cseq, { from: CAROL, to: BOB, more });
const ended = () => [within('BYE', 3), hear(200)];
const past = () => bob.state.pastCalls.filter((each) => each.address === 'carol@example.net');
/** How often sipp got an answer to an INVITE. */
const heard = (log, status) =>
  log
    .split(/^-{5,}/m)
    .filter((each) => /received/.test(each) && new RegExp(`SIP/2\\.0 ${status} [^]*CSeq: 2 INVITE`).test(each)).length;
const free = () => until(bob, (s) => s.call === null, 'bob free');

test('a call, twenty times one after the other', { skip }, async () => {
  await sipp('call', [...inviting(), ...answered(), within('ACK', 2), ...ended()], { ...how, times: 20 });
  await free();
  assert.equal(past().filter((each) => each.result === 'answered').length, 20);
});

test('an INVITE that is sent again rings once, and its answer is said again', { skip }, async () => {
  const before = past().length;
  await sipp(
    'again',
    [
      ...inviting(),
      hear(100),
      invite(2, true),
      ...answered().slice(1),
      invite(5, true),
      wait(300),
      within('ACK', 2),
      ...ended(),
    ],
    how,
  );
  await free();
  assert.equal(past().length, before + 1);
});

test('a call that is cancelled while it rings ends at both sides', { skip }, async () => {
  answers = false;
  const cancel = (back) => say('CANCEL', 2, { from: CAROL, uri: BOB, back });
  const given = [...inviting(), hear(100, OPTIONAL), hear(180), cancel(3)];
  await sipp('cancel', [...given, hear(200), hear(487), say('ACK', 2, { from: CAROL, uri: BOB, back: 6 })], how);
  await free();
  answers = true;
  assert.equal(past()[0].result, 'missed');
});

test('a CANCEL that comes after the answer changes nothing', { skip }, async () => {
  const late = say('CANCEL', 2, { from: CAROL, uri: BOB, back: 5 });
  const log = await sipp(
    'late-cancel',
    [...inviting(), ...answered(), within('ACK', 2), late, hear(200), wait(500), ...ended()],
    how,
  );
  await free();
  assert.equal(heard(log, 487), 0);
  assert.equal(past()[0].result, 'answered');
});

test('until it is acknowledged the answer is said again, and the call goes on', { skip }, async () => {
  const log = await sipp(
    'late-ack',
    [...inviting(), ...answered(), wait(2200), within('ACK', 2), wait(300), ...ended()],
    how,
  );
  await free();
  assert.ok(heard(log, 200) >= 3, log);
  assert.equal(past()[0].result, 'answered');
});

test('what is ended is ended: a second BYE belongs to no call, and is asked who it is', { skip }, async () => {
  const more = [within('BYE', 4), hear(407)];
  await sipp('bye-twice', [...inviting(), ...answered(), within('ACK', 2), ...ended(), ...more], how);
  await free();
});

test('thirty texts, ten at once, arrive once each', { skip }, async () => {
  const texts = async () => (await bob.messages('carol@example.net')).filter((each) => /^number \d+/.test(each.text));
  await sipp('texts', text('number [call_number]'), { ...how, times: 30, rate: 20, together: 10 });
  await eventually(async () => (await texts()).length >= 30, 'thirty texts', 30_000);
  assert.equal(new Set((await texts()).map((each) => each.text.trim())).size, 30);
  assert.equal((await texts()).length, 30);
});
