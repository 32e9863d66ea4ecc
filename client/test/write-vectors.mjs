// Writes ../vectors/*.json: bytes with a known answer that Java and JavaScript read alike. Run by hand: node test/write-vectors.mjs
import { mkdir, writeFile } from 'node:fs/promises';
import { base64, encode, hex } from '../core/bytes.js';
import { gruu, instanceId, peerUri } from '../core/identity/device.js';
import { makeCsr } from '../core/identity/csr.js';
import { fresh, httpClaims, makeToken, mky, signPresence, sipClaims } from '../core/identity/passport.js';
import { encodeCbor } from '../core/record/cbor.js';
import { makeLink } from '../core/record/devices.js';
import { locationBody, signRecord } from '../core/record/record.js';
import { publicMaster, rendezvous, seal, valueId } from '../core/record/rendezvous.js';
import { authority, issue } from './authority.js';

const NOW = Date.UTC(2026, 10, 24, 12);
const NETWORK = 'local';
const folder = new URL('../../vectors/', import.meta.url);
await mkdir(folder, { recursive: true });
const write = (name, source, cases) =>
  writeFile(new URL(name, folder), `${JSON.stringify({ source, ...cases }, null, 1)}\n`);

await write('names.json', 'docs/protocols/formats.md, section 1', {
  good: [
    ['Bob@example.net', 'bob@example.net', 'sip:bob@example.net'],
    ['bob@EXAMPLE.net', 'bob@example.net', 'sip:bob@example.net'],
    ['bob+tag@example.net', 'bob+tag@example.net', 'sip:bob+tag@example.net'],
    ['bob@bücher.example', 'bob@xn--bcher-kva.example', 'sip:bob@xn--bcher-kva.example'],
    ['a#b@example.net', 'a#b@example.net', 'sip:a%23b@example.net'],
    ['+4930123456', '+4930123456', 'tel:+4930123456'],
  ],
  bad: [
    ['', 'empty'],
    [`${'a'.repeat(250)}@b.example`, 'too-long'],
    ['bob@example.net\r\nBcc: x@y.z', 'control-character'],
    ['b\u200bob@example.net', 'control-character'],
    ['bob\u0000@example.net', 'control-character'],
    ['bob@example.net ', 'space'],
    ['Bob <bob@example.net>', 'space'],
    ['"a b"@example.net', 'space'],
    ['bob', 'no-at'],
    ['@a.test:bob@example.net', 'two-ats'],
    ['böb@example.net', 'not-ascii'],
    ['bоb@example.net', 'not-ascii'],
    ['ｂob@example.net', 'not-ascii'],
    ['bob%evil.test@example.net', 'local-syntax'],
    ['-f@example.net', 'local-syntax'],
    ['group:bob@example.net;', 'local-syntax'],
    [`${'a'.repeat(65)}@example.net`, 'local-too-long'],
    ['.bob@example.net', 'local-syntax'],
    ['bob@example..net', 'domain-syntax'],
    ['bob@example.net.', 'domain-syntax'],
    ['bob@example.net(comment)', 'domain-syntax'],
    ['bob@[127.0.0.1]', 'domain-literal'],
    ['bob@localhost', 'single-label'],
    [`bob@${'a'.repeat(64)}.net`, 'label-too-long'],
    ['bob@127.0.0.1', 'domain-syntax'],
    ['+0123', 'phone-syntax'],
    ['@example.net', 'local-syntax'],
  ],
});

const values = [
  0,
  23,
  24,
  255,
  256,
  65535,
  65536,
  4294967295,
  4294967296,
  Number.MAX_SAFE_INTEGER,
  -1,
  -24,
  -25,
  'ü',
  true,
  false,
  null,
  [1, [2]],
  new Map([
    [1, 'a'],
    [33, new Uint8Array([1, 2])],
  ]),
];
await write('cbor.json', 'RFC 8949, section 4.2.1, and docs/protocols/formats.md, section 4', {
  good: values.map((value) => hex(encodeCbor(value))),
  bad: [
    '',
    '1800',
    '190017',
    '1a0000ffff',
    '5f',
    '9f00ff',
    'c001',
    'f97e00',
    'f7',
    'a2010001',
    'a2020001',
    'a201000100',
    '61ff',
    '8201',
    '0000',
    '1bffffffffffffffff',
    'a1616100',
  ],
});

const ca = await authority(NOW);
const alice = await issue(ca, 'alice@example.net', NOW);
const bob = await issue(ca, 'bob@example.net', NOW);
const places = [];
for (const kind of ['CERT', 'DEVICES', 'LOCATION']) {
  const place = await rendezvous(await publicMaster('bob@example.net', NETWORK), kind, '2026-11-24');
  places.push({
    address: 'bob@example.net',
    network: NETWORK,
    kind,
    day: '2026-11-24',
    key: hex(place.dhtKey),
    sealing: hex(place.sealingKey),
    id: await valueId(place, bob.key.id),
    device: bob.key.id,
    sealed: hex(await seal(place, encode('hello'))),
    payload: hex(encode('hello')),
  });
}
await write('rendezvous.json', 'docs/protocols/formats.md, section 5', { cases: places });
await write('devices.json', 'docs/protocols/formats.md, section 2', {
  spki: hex(bob.key.spki),
  id: bob.key.id,
  instance: instanceId(bob.key.id),
  gruu: gruu('bob@example.net', bob.key.id),
  peer: peerUri(bob.key.id),
});

const said = (who, kind, body) => ({
  kind,
  address: who.address,
  device: who.key.id,
  sequence: NOW,
  issued: NOW / 1000,
  expires: NOW / 1000 + 3600,
  body,
});
const location = locationBody({
  peers: [{ uri: 'sip:192.0.2.1:5061;transport=tls', id: 'ab'.repeat(32), base: 'http://192.0.2.1/' }],
  gruu: gruu('bob@example.net', bob.key.id),
  capabilities: ['message', 'audio'],
});
const link = await makeLink(
  bob.key,
  [],
  [{ id: bob.key.id, spki: bob.key.spki, name: 'one', added: NOW / 1000 }],
  NOW / 1000,
  'bob@example.net',
  NETWORK,
);
const sign = async (who, kind, body, network = NETWORK) =>
  base64(await signRecord(who.signer, network, said(who, kind, body)));
const good = await sign(bob, 'LOCATION', location);
const altered = good.slice(0, -8) + (good.at(-8) === 'A' ? 'B' : 'A') + good.slice(-7);
await write('records.json', 'docs/protocols/formats.md, sections 3, 6 and 7', {
  now: NOW / 1000,
  network: NETWORK,
  anchor: base64(ca.certificate.der),
  address: 'bob@example.net',
  cases: [
    { kind: 'LOCATION', record: good, verdict: 'ok' },
    { kind: 'CERT', record: await sign(bob, 'CERT', new Map()), verdict: 'ok' },
    { kind: 'DEVICES', record: await sign(bob, 'DEVICES', new Map([[1, [link]]])), verdict: 'ok' },
    { kind: 'LOCATION', record: await sign(bob, 'LOCATION', null), verdict: 'ok' },
    { kind: 'CERT', record: good, verdict: 'wrong-kind' },
    { kind: 'CERT', record: await sign(alice, 'CERT', new Map()), verdict: 'wrong-address' },
    { kind: 'LOCATION', record: await sign(bob, 'LOCATION', location, 'starling'), verdict: 'bad-signature' },
    { kind: 'LOCATION', record: altered, verdict: 'bad-signature' },
    { kind: 'LOCATION', record: await sign(bob, 'LOCATION', new Map([[1, []]])), verdict: 'bad-body' },
    { kind: 'LOCATION', record: base64(encode('x'.repeat(200))), verdict: 'malformed' },
  ],
});
const about = {
  method: 'MESSAGE',
  callId: 'c1',
  cseq: 7,
  orig: 'sip:alice@example.net',
  dest: gruu('bob@example.net', bob.key.id),
  contacts: ['<sip:a@b>'],
  expires: '600',
  body: encode('hello'),
  sdp: false,
  token: new Uint8Array(32).fill(9),
};
const sdp = encode(
  'v=0\r\na=fingerprint:SHA-256 ab:CD\r\na=fingerprint:sha-256 AB:CD\r\na=fingerprint:sha-1 00:11\r\n',
);
const pidf = encode('<presence/>');
await write('tokens.json', 'docs/protocols/formats.md, section 8', {
  now: NOW / 1000,
  anchor: base64(ca.certificate.der),
  device: alice.key.id,
  destination: gruu('bob@example.net', bob.key.id),
  sdp: base64(sdp),
  mky: mky(sdp),
  passport: await makeToken(alice.signer, 'passport', '', fresh(await sipClaims(about), NOW)),
  http: await makeToken(
    alice.signer,
    'passport',
    '',
    fresh(
      await httpClaims({
        method: 'POST',
        path: '/key/00',
        orig: 'sip:alice@example.net',
        dest: peerUri('ab'.repeat(32)),
        body: encode('{}'),
      }),
      NOW,
    ),
  ),
  presence: await signPresence(alice.signer, 'alice@example.net', alice.key.id, pidf, NOW),
  pidf: base64(pidf),
  csr: base64(await makeCsr(bob.key, 'bob@example.net')),
});
