// Writes ../vectors/*.json: bytes with a known answer that Java and JavaScript read alike. Run by hand: node test/write-vectors.mjs [NAME …]
import { mkdir, writeFile } from 'node:fs/promises';
import { encode, hex } from '../core/bytes.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { encodeCbor } from '../core/record/cbor.js';
import { publicMaster, rendezvous, seal, valueId } from '../core/record/rendezvous.js';
import { authority, issue } from './authority.js';
import { bodies } from './vectors/bodies.mjs';
import { certificates } from './vectors/certificates.mjs';
import { cms } from './vectors/cms.mjs';
import { crls } from './vectors/crls.mjs';
import { devices } from './vectors/devices.mjs';
import { hostile } from './vectors/hostile.mjs';
import { logs } from './vectors/log.mjs';
import { logged as loggedRecords } from './vectors/logged.mjs';
import { moves } from './vectors/moved.mjs';
import { offline } from './vectors/offline.mjs';
import { anchorFiles } from './vectors/paths.mjs';
import { pkcs12s } from './vectors/pkcs12.mjs';
import { records } from './vectors/records.mjs';
import { tokens } from './vectors/tokens.mjs';

const NOW = Date.UTC(2026, 10, 24, 12);
const NETWORK = 'local';
const folder = new URL('../../vectors/', import.meta.url);
await mkdir(folder, { recursive: true });
const wanted = process.argv.slice(2);
const write = async (name, source, cases) =>
  (wanted.length === 0 || wanted.includes(name.replace('.json', ''))) &&
  writeFile(new URL(name, folder), `${JSON.stringify({ source, ...cases }, null, 1)}\n`);

await write('names.json', 'docs/protocols/formats.md, section 1', {
  good: [
    ['Bob@example.net', 'bob@example.net', 'sip:bob@example.net'],
    ['bob@EXAMPLE.net', 'bob@example.net', 'sip:bob@example.net'],
    ['bob+tag@example.net', 'bob+tag@example.net', 'sip:bob+tag@example.net'],
    ['bob@bücher.example', 'bob@xn--bcher-kva.example', 'sip:bob@xn--bcher-kva.example'],
    ['a#b@example.net', 'a#b@example.net', 'sip:a%23b@example.net'],
    ['BOB@例え.テスト', 'bob@xn--r8jz45g.xn--zckzah', 'sip:bob@xn--r8jz45g.xn--zckzah'],
    ['bob@Mañana.example', 'bob@xn--maana-pta.example', 'sip:bob@xn--maana-pta.example'],
    ['bob@man\u0303ana.example', 'bob@xn--maana-pta.example', 'sip:bob@xn--maana-pta.example'],
    ['bob@الأردن.example', 'bob@xn--igbhzh7gpa.example', 'sip:bob@xn--igbhzh7gpa.example'],
    ["o'neil/x=y@example.net", "o'neil/x=y@example.net", "sip:o'neil/x=y@example.net"],
    ['a^b`{|}~@example.net', 'a^b`{|}~@example.net', 'sip:a%5Eb%60%7B%7C%7D~@example.net'],
    [`${'a'.repeat(64)}@example.net`, `${'a'.repeat(64)}@example.net`, `sip:${'a'.repeat(64)}@example.net`],
    ['+123456789012345', '+123456789012345', 'tel:+123456789012345'],
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
    ['+1234567890123456', 'phone-syntax'],
    ['+49-30-123456', 'phone-syntax'],
    ['bob@faß.example', 'idn'],
    ['bob@ΣΣ.example', 'idn'],
    ['bob@ẞ.example', 'idn'],
    ['bob@ὀδός.example', 'idn'],
    ['bob@👋.example', 'idn'],
    ['bob@ｅxample.net', 'idn'],
    ['bob@example。net', 'idn'],
    ['bob@-ü.example', 'idn'],
    ['bob@aa--ü.example', 'idn'],
    ['bob@\u0301a.example', 'idn'],
    ['bob@ü/evil.example', 'idn'],
    [`bob@${'ü'.repeat(64)}.example`, 'idn'],
    [`bob@${'üaaaaaaaaa'.repeat(6)}.example`, 'label-too-long'],
    [`bob@${'ab.'.repeat(80)}example.net`, 'too-long'],
    ['bob@exa_mple.net', 'domain-syntax'],
    ['bob@example-.net', 'domain-syntax'],
    ['bob@', 'domain-syntax'],
    ['bob.@example.net', 'local-syntax'],
    ['bob..x@example.net', 'local-syntax'],
    ['bob@example.net\u0085', 'space'],
    ['bob@exam\u00a0ple.net', 'space'],
    ['bob\u202e@example.net', 'control-character'],
    ['bob@example.net,eve@evil.test', 'two-ats'],
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
  -Number.MAX_SAFE_INTEGER,
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
    '1b0020000000000000',
    '3b001fffffffffffff',
    '5bffffffffffffffff',
    '9bffffffffffffffff',
    'bbffffffffffffffff',
    'a2000001',
    'a12000'.slice(0, 4),
    'fb3ff0000000000000',
    '81'.repeat(17) + '00',
  ],
});

const ca = await authority(NOW);
const alice = await issue(ca, 'alice@example.net', NOW);
const bob = await issue(ca, 'bob@example.net', NOW);
const places = [];
for (const kind of ['CERT', 'DEVICES', 'LOCATION', 'INBOX', 'KNOCK', 'OWN', 'REVOKED', 'PEERS']) {
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
const friendsKey = new Uint8Array(32).fill(3);
const among = await rendezvous(friendsKey, 'LOCATION', '2026-11-24');
await write('rendezvous.json', 'docs/protocols/formats.md, section 5', {
  cases: places,
  friends: {
    friendsKey: hex(friendsKey),
    kind: 'LOCATION',
    day: '2026-11-24',
    key: hex(among.dhtKey),
    sealing: hex(among.sealingKey),
  },
});
const b2 = await issue(ca, 'bob@example.net', NOW);
const b3 = await issue(ca, 'bob@example.net', NOW);
await write('devices.json', 'docs/protocols/formats.md, sections 2 and 7', await devices(NOW, NETWORK, bob, [b2, b3]));
await write('records.json', 'docs/protocols/formats.md, section 6', await records(NOW, NETWORK, ca, alice, bob, b2));
await write('tokens.json', 'docs/protocols/formats.md, section 8', await tokens(NOW, ca, alice, bob));
await write('anchors.json', 'docs/protocols/formats.md, section 3', await anchorFiles(NOW));
await write('crls.json', 'docs/protocols/formats.md, section 3', await crls(NOW));
await write('pkcs12.json', 'docs/protocols/formats.md, section 3; files by OpenSSL', await pkcs12s(NOW));
await write('certificates.json', 'docs/protocols/formats.md, section 3', await certificates(NOW));
await write(
  'hostile.json',
  'docs/protocols/formats.md, section 3; the bad inputs that every parser must survive',
  await hostile(NOW),
);
await write('bodies.json', 'docs/protocols/formats.md, section 9', bodies());
await write('cms.json', 'docs/protocols/formats.md, section 9', await cms(NOW));

await write('moved.json', 'docs/protocols/formats.md, section 13', await moves(NOW, NETWORK, ca, await authority(NOW)));
await write('offline.json', 'docs/protocols/formats.md, sections 5 and 6', await offline());
const [logged, another] = [bob, b2].map((who) => parseCertificate(who.chain[0]));
await write('log.json', 'docs/protocols/log.md', logs(logged, another));
await write('logged.json', 'docs/protocols/log.md, section 12', await loggedRecords(NOW, NETWORK, ca, bob));
