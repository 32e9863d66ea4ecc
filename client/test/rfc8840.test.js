// RFC 8840 and RFC 6086 as we speak them: what announces trickle ICE, the body of an INFO, and what is refused how.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../core/bytes.js';
import { iceOf, MAX_CANDIDATES, readFragment, writeFragment } from '../core/call/fragment.js';
import { ANNOUNCED, takesCandidates, Trickle } from '../core/call/trickle.js';
import { first, request } from '../core/sip/message.js';
import { BOB, bothRing, requests, soon, two } from './fake/two.js';
import { hostCandidate, relayCandidate } from './fake/people.js';

const UFRAG = '8hhY';
const PWD = 'asd88fgpdd777uzjYhagZg';
const FRAGMENT = [
  `a=ice-pwd:${PWD}`,
  `a=ice-ufrag:${UFRAG}`,
  'm=audio 9 RTP/AVP 0',
  'a=mid:1',
  'a=candidate:1 1 UDP 2130706431 2001:db8:a0b:12f0::1 5000 typ host',
  'a=candidate:2 1 UDP 1694498815 192.0.2.3 5000 typ srflx raddr 10.0.1.1 rport 9',
  'a=end-of-candidates',
  '',
];
const bytes = (lines) => encode(lines.join('\r\n'));
const sdp = (...more) =>
  ['v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', `a=ice-ufrag:${UFRAG}`, `a=ice-pwd:${PWD}`, ...more, ''].join(
    '\r\n',
  );
const info = (fragment, headers = {}) =>
  request(
    'INFO',
    `sip:${BOB}`,
    [['info-package', headers.package ?? 'trickle-ice']],
    headers.type ?? 'application/trickle-ice-sdpfrag',
    fragment,
  );
const refuses = (lines, why) =>
  assert.throws(
    () => readFragment(bytes(lines)),
    (e) => e.key === 'bad-message',
    why,
  );
const fragmentOf = (candidates, more = {}) =>
  writeFragment({ ufrag: UFRAG, pwd: PWD, mid: '0', candidates, end: false, ...more });

/** Media that write down what they are given. */
function media() {
  const it = { added: [], hear: () => {}, add: (...each) => it.added.push(each), onCandidate: (fn) => (it.hear = fn) };
  return it;
}

test('section 9: a fragment is read as the grammar has it, and written back the same', () => {
  const read = readFragment(bytes(FRAGMENT));
  assert.deepEqual(read, {
    ufrag: UFRAG,
    pwd: PWD,
    mid: '1',
    candidates: FRAGMENT.slice(4, 6).map((line) => line.slice(2)),
    end: true,
  });
  assert.deepEqual(decode(writeFragment(read)), FRAGMENT.join('\r\n'));
});

test('section 9: what is not known is passed over; of several media the first counts; lines may end in LF', () => {
  const read = readFragment(
    bytes([
      'a=group:BUNDLE 1 2',
      'a=ice-options:trickle',
      ...FRAGMENT.slice(0, 6),
      'a=x-new:y',
      'm=video 9 RTP/AVP 0',
      'a=mid:2',
      'a=candidate:3 1 UDP 5 192.0.2.4 5000 typ host',
      '',
    ]),
  );
  assert.equal(read.mid, '1');
  assert.equal(read.candidates.length, 2);
  assert.equal(readFragment(encode(FRAGMENT.join('\n'))).candidates.length, 2);
});

test('a hostile fragment is refused', () => {
  const at = (i, line) => FRAGMENT.map((each, n) => (n === i ? line : each));
  refuses([''], 'nothing');
  refuses(FRAGMENT.slice(1), 'no password');
  refuses(at(1, 'a=ice-ufrag:abc'), 'a short user name');
  refuses(at(0, `a=ice-pwd:${'x'.repeat(257)}`), 'a long password');
  refuses(at(3, 'a=mid:'), 'no mid');
  refuses(at(3, 'a=mid:a b'), 'mid with a blank');
  refuses(at(3, 'a=x'), 'candidates of nothing');
  for (const candidate of [
    '1 1 UDP 5 192.0.2.4 5000',
    '1 1 UDP 5 192.0.2.4 65536 typ host',
    '1 1 UDP -5 192.0.2.4 5000 typ host',
    '1 1 UDP 5 <script> 5000 typ host',
    `1 1 UDP 5 ${'a'.repeat(256)} 5000 typ host`,
    '1 1 UDP 5 192.0.2.4 5000 typ host odd',
    `1 1 UDP 5 192.0.2.4 5000 typ host x ${'y'.repeat(600)}`,
  ])
    refuses(at(4, `a=candidate:${candidate}`), candidate.slice(0, 60));
  refuses([...FRAGMENT.slice(0, 4), ...Array(MAX_CANDIDATES + 1).fill(FRAGMENT[4]), ''], 'too many candidates');
  refuses([...FRAGMENT.slice(0, 4), ...Array(200).fill('a=x'), ''], 'too many lines');
  refuses(at(2, 'audio'), 'no line of SDP');
  assert.throws(() => readFragment(new Uint8Array(20_000)), 'too long');
  assert.throws(() => readFragment(Uint8Array.of(0x61, 0x3d, 0xff, 0x0a)), 'no UTF-8');
});

test('arbitrary bytes are read or refused, never anything else', () => {
  let seed = 8840;
  const next = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
  for (let n = 0; n < 2000; n++) {
    const mutated = bytes(FRAGMENT);
    for (let i = 0; i < 1 + (next() % 4); i++) mutated[next() % mutated.length] = next() % 256;
    try {
      const read = readFragment(mutated);
      assert.deepEqual(readFragment(writeFragment(read)), read);
    } catch (e) {
      assert.equal(e.key, 'bad-message', `${n}: ${e.stack}`);
    }
  }
});

test('RFC 6086, section 5: Recv-Info says it, among others and in any case', () => {
  const says = (value) => takesCandidates(request('INVITE', 'sip:x', [['recv-info', value]]));
  assert.ok(says('trickle-ice') && says('dtmf, Trickle-ICE;x=1'));
  assert.ok(!says('') && !says('trickle-ice-2') && !takesCandidates(request('INVITE', 'sip:x', [])));
  assert.deepEqual(
    ANNOUNCED.map(([name]) => name),
    ['supported', 'recv-info'],
  );
});

test('RFC 6086, section 4.2: 469 with Recv-Info for another package, 415 with Accept, 413, 400', () => {
  const trickle = new Trickle();
  for (const name of ['', 'dtmf', 'trickle-ice-2']) {
    const { status, more } = trickle.take(info(fragmentOf([]), { package: name }));
    assert.deepEqual([status, more], [469, [['recv-info', 'trickle-ice']]], name);
  }
  const { status, more } = trickle.take(info(fragmentOf([]), { type: 'application/sdp' }));
  assert.deepEqual([status, more], [415, [['accept', 'application/trickle-ice-sdpfrag']]]);
  assert.equal(trickle.take(info(new Uint8Array(20_000))).status, 413);
  assert.equal(trickle.take(info(encode('nonsense'))).status, 400);
  assert.equal(trickle.take(info(fragmentOf([]))).status, 200);
});

test('so many INFO and candidates of one generation, and no more', () => {
  const [trickle, its] = [new Trickle(), media()];
  trickle.attach(its);
  trickle.remote(sdp());
  let taken = 0;
  for (let n = 0; n < 100; n++)
    if (trickle.take(info(fragmentOf([0, 1, 2].map((i) => hostCandidate(1000 + 3 * n + i))))).status === 200) taken++;
  assert.equal(taken, 32);
  assert.equal(its.added.length, MAX_CANDIDATES);
  trickle.remote(sdp().replace(UFRAG, 'next'));
  assert.equal(trickle.take(info(fragmentOf([hostCandidate()], { ufrag: 'next' }))).status, 200);
  assert.equal(its.added.length, MAX_CANDIDATES + 1, 'a new generation begins anew');
});

test('RFC 8838, section 11: candidates wait for the description they belong to; others mean nothing', () => {
  const [trickle, its] = [new Trickle(), media()];
  trickle.attach(its);
  assert.equal(trickle.take(info(fragmentOf([hostCandidate(1)], { ufrag: 'other' }))).status, 200);
  assert.equal(trickle.take(info(fragmentOf([hostCandidate(2)], { pwd: 'b'.repeat(22) }))).status, 200);
  assert.equal(trickle.take(info(fragmentOf([hostCandidate(3)]))).status, 200);
  assert.deepEqual(its.added, []);
  trickle.remote(sdp(`a=${hostCandidate(4)}`));
  assert.deepEqual(its.added, [[hostCandidate(3), '0', UFRAG]]);
  trickle.take(info(fragmentOf([hostCandidate(3), hostCandidate(4), hostCandidate(5)], { end: true })));
  assert.deepEqual(its.added.slice(1), [
    [hostCandidate(5), '0', UFRAG],
    ['', '0', UFRAG],
  ]);
  trickle.take(info(fragmentOf([hostCandidate(6)], { mid: '7' })));
  assert.equal(its.added.length, 3, 'of media that there are not');
});

test('section 4.4: what is found goes out in one INFO at a time, each with all of the generation, and says when it ends', async () => {
  const [trickle, its, sent] = [new Trickle(), media(), []];
  trickle.attach(its);
  const found = (candidate, ufrag = UFRAG) =>
    its.hear(candidate && { candidate: `${candidate} ufrag ${ufrag}`, ufrag });
  found(hostCandidate(1));
  found(hostCandidate(2));
  trickle.described(sdp(`a=${hostCandidate(1)}`));
  found(hostCandidate(9), 'former');
  assert.deepEqual(sent, []);
  let answer;
  const info = (body) => (sent.push(readFragment(body)), new Promise((resolve) => (answer = resolve)));
  trickle.open({ info });
  found(hostCandidate(3));
  found(hostCandidate(4));
  its.hear(null);
  assert.deepEqual(sent[0].candidates, [hostCandidate(2)], 'what came before the dialog goes at once');
  assert.equal(sent.length, 1);
  answer(true);
  await soon(() => sent.length === 2, 'the second INFO');
  assert.deepEqual(
    sent[1].candidates,
    [2, 3, 4].map((port) => hostCandidate(port)),
  );
  assert.deepEqual([sent[0].end, sent[1].end], [false, true]);
  answer(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent.length, 2, 'nothing is said twice');
});

test('what was not taken is said again when the dialog is confirmed', async () => {
  const [trickle, its, sent] = [new Trickle(), media(), []];
  trickle.attach(its);
  trickle.described(sdp());
  its.hear({ candidate: hostCandidate(1), ufrag: UFRAG });
  const dialog = { info: async () => false };
  trickle.open(dialog);
  await new Promise((resolve) => setImmediate(resolve));
  dialog.info = async (body) => (sent.push(readFragment(body)), true);
  trickle.open(dialog);
  await soon(() => sent.length === 1, 'again');
  assert.deepEqual(sent[0].candidates, [hostCandidate(1)]);
});

test('another dialog of the same offer is told all of it', async () => {
  const [trickle, its, sent] = [new Trickle(), media(), []];
  const dialog = () => ({ info: async (body) => (sent.push(readFragment(body)), true) });
  trickle.attach(its);
  trickle.described(sdp());
  its.hear({ candidate: hostCandidate(1), ufrag: UFRAG });
  const one = dialog();
  trickle.open(one);
  await soon(() => sent.length === 1, 'the first');
  trickle.open(one);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent.length, 1, 'nothing twice in one');
  trickle.open(dialog());
  await soon(() => sent.length === 2, 'the second');
  assert.deepEqual(sent[1].candidates, [hostCandidate(1)]);
});

test('to a stranger: relays without what lies behind them, and the end of candidates, only after the answer the rest', async () => {
  const [trickle, its, sent] = [new Trickle(true), media(), []];
  trickle.attach(its);
  trickle.described(sdp());
  trickle.open({ info: async (body) => (sent.push(decode(body)), true) });
  its.hear({ candidate: hostCandidate(1), ufrag: UFRAG });
  its.hear({ candidate: relayCandidate(2), ufrag: UFRAG });
  its.hear(null);
  await soon(() => sent.length === 1, 'INFO');
  assert.match(sent[0], /203\.0\.113\.1 2 typ relay raddr 0\.0\.0\.0 rport 9/);
  assert.doesNotMatch(sent.join(), /192\.168|198\.51|end-of-candidates/);
  trickle.reveal();
  await soon(() => sent.length === 2, 'the rest');
  assert.match(sent[1], /192\.168\.1\.5 1 typ host[^]*a=end-of-candidates/);
});

test('section 4.1: INVITE and its answers announce it; INFO carry package, disposition and type', async () => {
  const it = await two();
  const answers = [];
  it.relay.alter = (m) => (m.method === 'INVITE' && m.status > 100 && answers.push(m), m);
  await bothRing(it);
  const [invite] = requests(it.relay, 'INVITE');
  for (const each of [invite, answers[0]]) {
    assert.equal(first(each, 'recv-info'), 'trickle-ice');
    assert.equal(first(each, 'supported'), 'trickle-ice');
  }
  assert.match(decode(invite.body), /^a=ice-options:trickle\r$/m);
  it.alice.legs[0].find(hostCandidate());
  await soon(() => it.bob.legs[0].added.length, 'the candidate');
  const [sent] = requests(it.relay, 'INFO');
  assert.equal(first(sent, 'info-package'), 'trickle-ice');
  assert.equal(first(sent, 'content-disposition'), 'Info-Package');
  assert.equal(first(sent, 'content-type'), 'application/trickle-ice-sdpfrag');
  assert.equal(first(sent, 'identity').startsWith('ey'), true);
  assert.deepEqual(iceOf(decode(invite.body)).ufrag, readFragment(sent.body).ufrag);
});
