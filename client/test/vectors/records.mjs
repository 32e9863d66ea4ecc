// Records with their verdicts, and what lies inside: docs/protocols/formats.md, section 6.
import { base64, concat, encode, hex, unhex } from '../../core/bytes.js';
import { gruu, sign } from '../../core/identity/device.js';
import * as bodies from '../../core/record/bodies.js';
import { encodeCbor } from '../../core/record/cbor.js';
import { makeLink } from '../../core/record/devices.js';
import { sealEntry } from '../../core/record/own.js';
import { signRecord } from '../../core/record/record.js';
import { makeStamp } from '../../core/record/stamp.js';
import * as f from '../forge.js';

const HOUR = 3600;
const id = (n) => hex(new Uint8Array(16).fill(n));
const place = (n, base = '') => ({ uri: `sip:192.0.2.${n}:5061;transport=tls`, id: 'ab'.repeat(32), base });

/** @param {number} now Unix ms */
export async function records(now, network, ca, alice, bob, b2) {
  const at = now / 1000;
  const said = (kind, body, more = {}) => ({
    kind,
    address: bob.address,
    device: bob.key.id,
    sequence: now,
    issued: at,
    expires: at + HOUR,
    body,
    ...more,
  });
  const cases = [];
  const add = async (what, verdict, statement, more = {}, signer = bob.signer, net = network) =>
    cases.push({
      what,
      kind: statement.kind,
      verdict,
      record: base64(await signRecord(signer, net, statement)),
      ...more,
    });
  const link = await makeLink(bob.key, [], [listed(bob, 'one', at)], at, bob.address, network);
  const location = bodies.locationBody({
    peers: [place(1, 'http://192.0.2.1/')],
    gruu: gruu(bob.address, bob.key.id),
    capabilities: ['message', 'audio'],
  });
  const kinds = {
    LOCATION: location,
    CERT: new Map(),
    DEVICES: new Map([[1, [link]]]),
    PEERS: bodies.peersBody([place(1, 'https://peer.example.net/'), place(2)]),
    REVOKED: bodies.revokedBody({ devices: [b2.key.id], reason: 'removed', since: at }),
    INBOX: bodies.inboxBody({ id: id(1), device: alice.key.id, cms: encode('sealed'), sent: at }),
    KNOCK: bodies.knockBody({
      id: id(2),
      cms: encode('sealed'),
      stamp: makeStamp(12, alice.address, id(2), encode('sealed')),
    }),
    OWN: bodies.ownBody({ id: id(3), entry: await sealEntry(new Uint8Array(32).fill(4), id(3), encode('entry')) }),
  };
  for (const [kind, body] of Object.entries(kinds)) await add(`${kind}`, 'ok', said(kind, body));
  await add('withdrawn', 'ok', said('LOCATION', null));
  await add('a proof for later', 'ok', said('CERT', new Map([[1, encode('proof')]])));
  await add('keys of tomorrow', 'ok', said('CERT', new Map([[99, 'later']])));
  await add('just not too far ahead', 'ok', said('CERT', new Map(), { issued: at + 600 }));
  await refused(add, said, { at, now, alice, bob, b2, location });
  await badBodies(add, said, location, bob);
  await badShapes(cases, { said, bob, network, location });
  await authority(cases, { ca, now, network, b2, said, bob });
  return {
    now: at,
    network,
    anchor: base64(ca.certificate.der),
    address: bob.address,
    cases,
    stamp: { address: alice.address, id: id(2), cms: hex(encode('sealed')), stamp: hex(kinds.KNOCK.get(3)), bits: 12 },
    own: { key: '04'.repeat(32), id: id(3), sealed: hex(kinds.OWN.get(2)), entry: hex(encode('entry')) },
    targets: targets(),
  };
}

const listed = (who, name, added) => ({ id: who.key.id, spki: who.key.spki, name, added });

async function refused(add, said, { at, now, alice, bob, b2, location }) {
  await add('of another kind', 'wrong-kind', said('LOCATION', location), { kind: 'CERT' });
  await add('for another address', 'wrong-address', said('CERT', new Map(), { address: alice.address }));
  await add('issued too far ahead', 'not-yet', said('CERT', new Map(), { issued: at + 601 }));
  await add('over', 'expired', said('CERT', new Map(), { issued: at - HOUR, expires: at }));
  await add('a place for over a day', 'too-long', said('LOCATION', location, { expires: at + 24 * HOUR + 1 }));
  await add('for over 31 days', 'too-long', said('CERT', new Map(), { expires: at + 31 * 24 * HOUR + 1 }));
  await add('older than what was seen', 'old-sequence', said('CERT', new Map()), { seen: now + 1 });
  await add('what was seen', 'ok', said('CERT', new Map()), { seen: now });
  await add(
    'signed for somebody else',
    'wrong-name',
    said('CERT', new Map(), { device: alice.key.id }),
    {},
    alice.signer,
  );
  await add(
    'longer than its certificate',
    'outlives-certificate',
    said('CERT', new Map(), { expires: at + 30 * 24 * HOUR + 1 }),
  );
  await add('of another device', 'wrong-device', said('CERT', new Map(), { device: b2.key.id }));
  await add('by another key', 'bad-signature', said('CERT', new Map()), {}, { key: b2.key.sign, chain: bob.chain });
  await add('of another network', 'bad-signature', said('LOCATION', location), {}, bob.signer, 'starling');
}

async function badBodies(add, said, location, bob) {
  const bad = (what, kind, body) => add(`${kind}: ${what}`, 'bad-body', said(kind, body));
  const places = (peers, more = {}) =>
    bodies.locationBody({ peers, gruu: gruu(bob.address, bob.key.id), capabilities: [], ...more });
  await bad('no peers', 'LOCATION', places([]));
  await bad('five peers', 'LOCATION', places([1, 2, 3, 4, 5].map((n) => place(n))));
  await bad('not over TLS', 'LOCATION', places([{ ...place(1), uri: 'sip:192.0.2.1:5061;transport=tcp' }]));
  await bad('no port', 'LOCATION', places([{ ...place(1), uri: 'sip:192.0.2.1;transport=tls' }]));
  await bad('a port of 65536', 'LOCATION', places([{ ...place(1), uri: 'sip:192.0.2.1:65536;transport=tls' }]));
  await bad(
    'a header in the URI',
    'LOCATION',
    places([{ ...place(1), uri: 'sip:192.0.2.1:5061;transport=tls\r\nX: y' }]),
  );
  await bad('a base with a path', 'LOCATION', places([place(1, 'http://192.0.2.1/a/')]));
  await bad('a base that is a script', 'LOCATION', places([place(1, 'javascript:alert(1)//')]));
  await bad('the GRUU of another', 'LOCATION', places([place(1)], { gruu: gruu(bob.address, 'cd'.repeat(32)) }));
  await bad('a long capability', 'LOCATION', places([place(1)], { capabilities: ['x'.repeat(33)] }));
  await bad('17 capabilities', 'LOCATION', places([place(1)], { capabilities: Array(17).fill('x') }));
  await bad('a proof that is text', 'CERT', new Map([[1, 'x']]));
  await bad('no links', 'DEVICES', new Map([[1, []]]));
  await bad('65 links', 'DEVICES', new Map([[1, Array(65).fill(0)]]));
  await bad('17 peers', 'PEERS', bodies.peersBody(Array(17).fill(place(1))));
  await bad('nobody', 'REVOKED', bodies.revokedBody({ devices: [], reason: '', since: 0 }));
  await bad(
    '65 devices',
    'REVOKED',
    bodies.revokedBody({ devices: Array(65).fill('ab'.repeat(32)), reason: '', since: 0 }),
  );
  await bad('a short device id', 'REVOKED', bodies.revokedBody({ devices: ['ab'], reason: '', since: 0 }));
  await bad(
    'a long reason',
    'REVOKED',
    bodies.revokedBody({ devices: ['ab'.repeat(32)], reason: 'x'.repeat(201), since: 0 }),
  );
  const inbox = { id: id(1), device: 'ab'.repeat(32), cms: encode('x'), sent: 1 };
  await bad('a short id', 'INBOX', bodies.inboxBody({ ...inbox, id: 'ab' }));
  await bad('nothing inside', 'INBOX', bodies.inboxBody({ ...inbox, cms: new Uint8Array() }));
  await bad('sent before 1970', 'INBOX', bodies.inboxBody({ ...inbox, sent: -1 }));
  const knock = { id: id(1), cms: encode('x'), stamp: new Uint8Array() };
  await add('KNOCK: no stamp', 'ok', said('KNOCK', bodies.knockBody(knock)));
  await bad(
    'a stamp of nine bytes',
    'KNOCK',
    bodies.knockBody({ ...knock, stamp: Uint8Array.of(1, 8, 0, 0, 0, 0, 0, 0, 0) }),
  );
  await bad(
    'a stamp of another version',
    'KNOCK',
    bodies.knockBody({ ...knock, stamp: Uint8Array.of(2, 8, 0, 0, 0, 0, 0, 0, 0, 0) }),
  );
  await bad(
    'a stamp of 33 bits',
    'KNOCK',
    bodies.knockBody({ ...knock, stamp: Uint8Array.of(1, 33, 0, 0, 0, 0, 0, 0, 0, 0) }),
  );
  await bad('an entry shorter than its seal', 'OWN', bodies.ownBody({ id: id(1), entry: new Uint8Array(27) }));
}

/** Shapes that our own writer cannot make. */
async function badShapes(cases, { said, bob, network, location }) {
  const add = (what, record, verdict = 'malformed') =>
    cases.push({ what, kind: 'LOCATION', verdict, record: base64(record) });
  const raw = async ({
    payload = (map) => map,
    head = (map) => map,
    unprotected = new Map(),
    cut = 64,
    tag = 0xd2,
  }) => {
    const statement = said('LOCATION', location);
    const map = new Map([
      [1, 3],
      [2, statement.address],
      [3, unhex(statement.device)],
      [4, statement.sequence],
      [5, statement.issued],
      [6, statement.expires],
      [7, location],
    ]);
    const body = encodeCbor(payload(map));
    const protectedHead = encodeCbor(
      head(
        new Map([
          [1, -7],
          [33, bob.chain],
        ]),
      ),
    );
    const signed = encodeCbor(['Signature1', protectedHead, encode(`starling/1 record ${network}`), body]);
    const signature = (await sign(bob.key.sign, signed)).slice(0, cut);
    return concat(Uint8Array.of(tag), encodeCbor([protectedHead, unprotected, body, signature]));
  };
  const good = await raw({});
  add('made by hand', good, 'ok');
  const altered = good.slice();
  altered[altered.length - 5] ^= 1;
  add('a changed signature', altered, 'bad-signature');
  add('text', encode('x'.repeat(200)));
  add('no bytes', new Uint8Array());
  add('bytes behind', concat(good, Uint8Array.of(0)));
  add('cut off', good.slice(0, -1));
  add('over 32 KiB', concat(good, new Uint8Array(32768)));
  add('another tag', await raw({ tag: 0xd1 }));
  add('an unprotected header', await raw({ unprotected: new Map([[4, encode('key')]]) }));
  add('another algorithm', await raw({ head: (map) => map.set(1, -35) }));
  add('no algorithm', await raw({ head: (map) => (map.delete(1), map) }));
  add('no certificates', await raw({ head: (map) => map.set(33, []) }));
  add('six certificates', await raw({ head: (map) => map.set(33, Array(6).fill(bob.chain[0])) }));
  add('a short signature', await raw({ cut: 63 }));
  add('a kind 0', await raw({ payload: (map) => map.set(1, 0) }));
  add('a kind 9', await raw({ payload: (map) => map.set(1, 9) }));
  add('an address in another form', await raw({ payload: (map) => map.set(2, 'Bob@example.net') }));
  add('no address', await raw({ payload: (map) => map.set(2, 'bob') }));
  add('a device id of 31 bytes', await raw({ payload: (map) => map.set(3, new Uint8Array(31)) }));
  add('a negative sequence', await raw({ payload: (map) => map.set(4, -1) }));
  add('no end', await raw({ payload: (map) => (map.delete(6), map) }));
  add('a body that is text', await raw({ payload: (map) => map.set(7, 'x') }));
  add('no body at all', await raw({ payload: (map) => (map.delete(7), map) }));
}

/** REVOKED records: `by` says whether a device or an authority signed. */
async function authority(cases, { ca, now, network, b2, said, bob }) {
  const body = bodies.revokedBody({ devices: [b2.key.id], reason: 'key lost', since: now / 1000 });
  const add = async (what, verdict, signer, device, more = {}) =>
    cases.push({
      what,
      kind: 'REVOKED',
      verdict,
      authority: true,
      record: base64(await signRecord(signer, network, said('REVOKED', body, { device, ...more }))),
    });
  const root = {
    name: ca.name,
    spki: ca.key.spki,
    algorithm: f.ECDSA_SHA256,
    ...(await f.ecAuthority(ca.name, ca.key)),
  };
  const issuing = await f.ecAuthority(f.nameOf(f.utf8('issuing')));
  const chain = [await f.forge(root, issuing.spki, now, f.authorityExtensions(0), { subject: issuing.name })];
  await add('revoked by the anchor itself', 'ok', { key: ca.key.sign, chain: [ca.certificate.der] }, ca.key.id);
  await add('revoked by an issuing CA', 'ok', { key: issuing.key.sign, chain }, issuing.key.id);
  await add('revoked by a CA nobody knows', 'unknown-anchor', await strangeCa(now), '00'.repeat(32));
  await add('a CA and the key of a device', 'wrong-device', { key: bob.key.sign, chain }, bob.key.id);
  await add('a CA and another signature', 'bad-signature', { key: bob.key.sign, chain }, issuing.key.id);
  const late = { expires: now / 1000 + 31 * 24 * HOUR };
  await add('longer than the CA', 'outlives-certificate', { key: issuing.key.sign, chain }, issuing.key.id, late);
  const weak = [
    await f.forge(
      root,
      issuing.spki,
      now,
      { ...f.authorityExtensions(0), usage: f.keyUsage(0x80, true, 7) },
      { subject: issuing.name },
    ),
  ];
  await add('a CA that may not sign certificates', 'key-usage', { key: issuing.key.sign, chain: weak }, issuing.key.id);
}

async function strangeCa(now) {
  const own = await f.ecAuthority(f.nameOf(f.utf8('stranger')));
  const der = await f.forge(own, own.spki, now, f.authorityExtensions(), { subject: own.name });
  return { key: own.key.sign, chain: [der] };
}

/** Hosts by their text: true when only a peer in local mode may be pointed there. */
const targets = () => [
  ...[
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
  ].map((h) => [h, true]),
  ...[
    '192.0.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '256.1.1.1',
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
  ].map((h) => [h, true]),
  ...[
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'localhost.',
    'printer',
    'printer.local',
    'nas.lan',
    'a.internal',
    'b.home.arpa',
    'example.net.',
  ].map((h) => [h, true]),
  ...[
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[fd00::1]',
    '[fc00::1]',
    '[fe80::1]',
    '[ff02::1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:1::1]',
    '[2001:db8::1]',
    '[0::1]',
  ].map((h) => [h, true]),
  ...[
    '192.0.2.1',
    '8.8.8.8',
    '100.63.0.1',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '198.20.0.1',
    'peer.example.net',
    'a1.example',
    '[2a00::1]',
    '[2606:4700::1]',
  ].map((h) => [h, false]),
];
