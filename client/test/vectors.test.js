// The same bytes that Java reads: ../../vectors/README.md. Every case has its verdict, `ok` or the reason.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { b64u, base64, concat, encode, hex, unbase64, unhex } from '../core/bytes.js';
import { decodeBody, encodeBody, openBody } from '../core/cms/bodies.js';
import { addressOfUri, parseAddress, sipUri } from '../core/identity/address.js';
import { anchorText, parseAnchors } from '../core/identity/anchors.js';
import { keyText } from '../core/identity/log-note.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { parseCrl, verifyCrl } from '../core/identity/crl.js';
import { parseDer, sequence, tlv } from '../core/identity/der.js';
import { authority, issue } from './authority.js';
import { deviceId, gruu, instanceId, peerUri } from '../core/identity/device.js';
import { mky, parseToken, ReplayCache, verifyPresence, verifyToken } from '../core/identity/passport.js';
import { verifyChain } from '../core/identity/verifier.js';
import { isPrivateHost } from '../core/record/bodies.js';
import { decodeCbor, encodeCbor } from '../core/record/cbor.js';
import { devicesOf, mergedDevices, relation, verifyDevices } from '../core/record/devices.js';
import { openMoved, signMoved } from '../core/record/moved.js';
import { openEntry, sealEntry } from '../core/record/own.js';
import { openRecord, openRevocation } from '../core/record/record.js';
import { daysOfLetters, messageValueId, publicMaster, rendezvous, unseal, valueId } from '../core/record/rendezvous.js';
import { makeInMemory, makeStamp, memoryBits, stampBits } from '../core/record/stamp.js';

const vectors = async (name) =>
  JSON.parse(await readFile(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

/** `ok`, or the key of our own error; any other error fails the test. */
async function verdictOf(task) {
  try {
    await task();
    return 'ok';
  } catch (e) {
    assert.equal(typeof e.key, 'string', e.stack);
    return e.key;
  }
}

const trustOf = (anchors, allowTest = true) => ({
  anchors: anchors.map((a) => parseCertificate(unbase64(a))),
  allowTest,
});

test('names are normalised, or refused for their own reason', async () => {
  const { good, bad } = await vectors('names');
  for (const [typed, address, uri] of good) {
    assert.equal(parseAddress(typed), address);
    assert.equal(parseAddress(address), address);
    assert.equal(sipUri(address), uri);
    assert.equal(addressOfUri(uri), address);
  }
  for (const [typed, reason] of bad)
    assert.equal(await verdictOf(() => parseAddress(typed)), `address.${reason}`, typed);
});

test('CBOR has one form', async () => {
  const { good, bad } = await vectors('cbor');
  for (const bytes of good) assert.equal(hex(encodeCbor(decodeCbor(unhex(bytes)))), bytes);
  for (const bytes of bad) assert.equal(await verdictOf(() => decodeCbor(unhex(bytes))), 'malformed', bytes);
});

test('each certificate is believed, or refused for its own reason', async () => {
  for (const file of ['certificates', 'issuing', 'hostile']) await judge(await vectors(file));
});

async function judge(v) {
  for (const c of v.cases) {
    let verified;
    const trust = c.anchorText
      ? { anchors: parseAnchors(c.anchorText), allowTest: c.allowTest }
      : trustOf(c.anchors ?? v.anchors, c.allowTest);
    const verdict = await verdictOf(async () => {
      verified = await verifyChain(c.chain.map(unbase64), c.address, v.now * 1000, trust, new Set(c.revoked));
    });
    assert.equal(verdict, c.verdict, c.what);
    if (c.level) assert.equal(verified.level, c.level, c.what);
    if (c.device) assert.equal(verified.device, c.device, c.what);
    if (c.named) assert.equal(verified.address, c.named, c.what);
  }
}

test('anchor files say for what a CA is believed, or are refused', async () => {
  const v = await vectors('anchors');
  const plain = (anchors) =>
    anchors.map(({ der, rules }) => ({
      certificate: base64(der),
      name: rules.name,
      purposes: [...rules.purposes].sort(),
      domains: rules.domains,
      levels: [...rules.levels].sort(),
      crls: rules.crls,
      log: rules.log
        ? {
            key: keyText(rules.log.policy.log),
            witnesses: rules.log.policy.witnesses.map(keyText),
            quorum: rules.log.policy.quorum,
            url: rules.log.url,
            must: rules.log.must,
          }
        : {},
    }));
  for (const c of v.good) {
    const anchors = parseAnchors(c.text);
    assert.deepEqual(plain(anchors), c.anchors, c.what);
    assert.deepEqual(plain(parseAnchors(anchors.map(anchorText).join('\n'))), c.anchors, `${c.what}, written again`);
  }
  for (const [what, text] of v.bad) assert.equal(await verdictOf(() => parseAnchors(text)), 'malformed', what);
});

test('of a CA that must log a certificate counts only with its proof', async () => {
  const v = await vectors('logged');
  for (const c of v.cases) {
    const trust = { anchors: parseAnchors(v.anchors[c.anchor]), allowTest: true };
    const how = { kind: c.kind, address: v.address, network: v.network, now: v.now * 1000, trust };
    assert.equal(await verdictOf(() => openRecord(unbase64(c.record), how)), c.verdict, c.what);
  }
});

test('each list of withdrawn certificates is believed, or refused for its own reason', async () => {
  const v = await vectors('crls');
  for (const c of v.cases) {
    const issuer = parseCertificate(unbase64(v.issuers[c.issuer]));
    const verdict = await verdictOf(async () => {
      const crl = parseCrl(unbase64(c.crl));
      await verifyCrl(crl, issuer, c.url, v.now * 1000);
      if (c.serials) assert.deepEqual([...crl.serials].sort(), [...c.serials].sort(), c.what);
    });
    assert.equal(verdict, c.verdict, c.what);
  }
});

test('a list that is no DER is refused', async () => {
  const v = await vectors('crls');
  const good = unbase64(v.cases[0].crl);
  parseCrl(good);
  const nested = (depth) => Array.from({ length: depth }).reduce((item) => sequence(item), new Uint8Array());
  for (const [what, der] of [
    ['a byte behind', concat(good, Uint8Array.of(0))],
    [
      'an indefinite length',
      concat(Uint8Array.of(0x30, 0x80), good.slice(good[1] === 0x81 ? 3 : 4), new Uint8Array(2)),
    ],
    ['cut off', good.slice(0, -1)],
    ['no bytes', new Uint8Array()],
    ['deep', nested(2000)],
    ['over 2 MiB', new Uint8Array(2 * 1024 * 1024 + 1)],
  ])
    assert.equal(await verdictOf(() => parseCrl(der)), 'malformed', what);
});

test('a rendezvous is found, and what lies there opens', async () => {
  const { cases, friends } = await vectors('rendezvous');
  for (const c of cases) {
    const place = await rendezvous(await publicMaster(c.address, c.network), c.kind, c.day);
    assert.equal(hex(place.dhtKey), c.key);
    assert.equal(hex(place.sealingKey), c.sealing);
    assert.equal(await valueId(place, c.device), c.id);
    assert.equal(hex(await unseal(place, unhex(c.sealed))), c.payload);
  }
  const among = await rendezvous(unhex(friends.friendsKey), friends.kind, friends.day);
  assert.equal(hex(among.dhtKey), friends.key);
  assert.equal(hex(among.sealingKey), friends.sealing);
});

test('device chains are believed, or refused for their own reason, and relate', async () => {
  const v = await vectors('devices');
  assert.equal(await deviceId(unhex(v.spki)), v.id);
  assert.equal(instanceId(v.id), v.instance);
  assert.equal(gruu(v.address, v.id), v.gruu);
  assert.equal(peerUri(v.id), v.peer);
  for (const c of v.cases) {
    const record = { address: v.address, device: c.signer, body: new Map([[1, decodeCbor(unbase64(c.chain))]]) };
    if ('cut' in c) record.body.set(2, c.cut);
    assert.equal(await verdictOf(() => devicesOf(record, v.network)), c.verdict, c.what);
  }
  const chains = [];
  const chain = async (links) => {
    const encoded = decodeCbor(unbase64(links));
    return verifyDevices(encoded, v.address, v.network, decodeCbor(encoded[0][0]).get(1).length > 0);
  };
  for (const c of v.chains) chains.push(await chain(c));
  for (const [a, b, how] of v.relations) assert.equal(relation(chains[a], chains[b]), how, `${a} against ${b}`);
  for (const c of v.merges) {
    const links = await chain(c.chain);
    const devices = mergedDevices(links, links[c.a], links[c.b]);
    assert.deepEqual(devices ? [...devices].sort() : 'none', c.devices, c.what);
  }
});

test('records open, or are refused for the same reason as in Java', async () => {
  const v = await vectors('records');
  for (const c of v.cases) {
    const how = { kind: c.kind, address: v.address, network: v.network, now: v.now * 1000, trust: trustOf([v.anchor]) };
    const bytes = unbase64(c.record);
    const verdict = await verdictOf(async () => {
      if (c.authority) assert.equal((await openRevocation(bytes, how)).authority, true);
      else assert.equal((await openRecord(bytes, how, () => c.seen)).record.kind, c.kind);
    });
    assert.equal(verdict, c.verdict, c.what);
  }
  assert.deepEqual(
    v.targets.map(([host]) => [host, isPrivateHost(host)]),
    v.targets,
  );
});

test('a change of address is believed, or refused for the same reason as in Java', async () => {
  const v = await vectors('moved');
  const how = { from: v.from, to: v.to, network: v.network, now: v.now * 1000, trust: trustOf([v.anchor]) };
  for (const c of v.cases) {
    const verdict = await verdictOf(async () => {
      assert.equal((await openMoved(unbase64(c.statement), how)).now, v.address);
    });
    assert.equal(verdict, c.verdict, c.what);
  }
  const ca = await authority(v.now * 1000);
  const { signer, key } = await issue(ca, v.address, v.now * 1000);
  const said = { from: v.from, now: v.address, to: v.to, device: key.id, at: v.now * 1000, version: 1 };
  const whole = { ...said, friendsKey: new Uint8Array(32).fill(1), token: new Uint8Array(32).fill(2) };
  const written = await signMoved(signer, v.network, whole);
  const { level: _, ...read } = await openMoved(written, { ...how, trust: trustOf([base64(ca.certificate.der)]) });
  assert.deepEqual(read, whole);
});

test('each message of a device for another one has a value of its own', async () => {
  const { inbox } = await vectors('offline');
  const place = await rendezvous(unhex(inbox.friendsKey), 'INBOX', inbox.day);
  assert.equal(hex(place.dhtKey), inbox.key);
  for (const [from, message, to, id] of inbox.ids) assert.equal(await messageValueId(place, from, message, to), id);
  assert.equal(new Set(inbox.ids.map((row) => row[3])).size, inbox.ids.length);
});

test('a stamp in memory proves its work, and nothing else does', async () => {
  const { stamp } = await vectors('offline');
  const { cost, bits, address, id } = stamp;
  const cms = unhex(stamp.cms);
  const proven = (hex, to = address, message = id) => memoryBits(unhex(hex), cost, bits, to, message, cms);
  assert.equal(await proven(stamp.stamp), bits);
  assert.equal(await proven(stamp.stamp, 'eve@example.net'), 0);
  assert.equal(await proven(stamp.stamp, address, '00'.repeat(16)), 0);
  for (const [what, other, wanted] of stamp.others)
    if (wanted === 'malformed') await assert.rejects(proven(other), (e) => e.key === wanted, what);
    else assert.equal(await proven(other), wanted, what);
  assert.equal(hex(await makeInMemory(cost, bits, address, id, cms)), stamp.stamp);
  assert.equal(await makeInMemory(cost, 32, address, id, cms, () => false), null);
});

test('letters of eight days count, and of tomorrow when a clock may be ahead', () => {
  const days = daysOfLetters(Date.UTC(2026, 10, 24, 12));
  assert.deepEqual([days.length, days[0], days[7]], [8, '2026-11-24', '2026-11-17']);
  assert.deepEqual(daysOfLetters(Date.UTC(2026, 10, 24, 23, 30)).slice(0, 2), ['2026-11-25', '2026-11-24']);
});

test('a stamp proves its work, and an entry of one’s own opens under its id', async () => {
  const { stamp, own } = await vectors('records');
  const bits = (id, address = stamp.address) => stampBits(unhex(stamp.stamp), address, id, unhex(stamp.cms));
  assert.equal(bits(stamp.id), stamp.bits);
  assert.equal(bits('00'.repeat(16)), 0);
  assert.equal(bits(stamp.id, 'eve@example.net'), 0);
  assert.equal(hex(makeStamp(stamp.bits, stamp.address, stamp.id, unhex(stamp.cms))), stamp.stamp);
  const [key, sealed] = [unhex(own.key), unhex(own.sealed)];
  assert.equal(hex(await openEntry(key, own.id, sealed)), own.entry);
  assert.equal(hex(await sealEntry(key, own.id, unhex(own.entry), sealed.slice(0, 12))), own.sealed);
  assert.equal(await verdictOf(() => openEntry(key, '00'.repeat(16), sealed)), 'not-sealed');
  assert.equal(await verdictOf(() => openEntry(key.fill(5), own.id, sealed)), 'not-sealed');
  assert.equal(await verdictOf(() => openEntry(key, own.id, sealed.slice(0, 27))), 'not-sealed');
});

test('tokens are believed once, and only for their message', async () => {
  const v = await vectors('tokens');
  for (const c of v.cases) {
    const how = {
      trust: trustOf(c.anchors ?? [v.anchor]),
      replays: new ReplayCache(),
      now: v.now * 1000,
      form: c.form ?? '',
    };
    if (c.again) await verifyToken(c.token, c.expected, how);
    let code = 0;
    try {
      assert.equal((await verifyToken(c.token, c.expected, how)).signer.device, v.device);
    } catch (e) {
      assert.equal(e.key, 'not-genuine', e.stack);
      code = Number(e.args.code);
    }
    assert.equal(code, c.code, c.what);
  }
  assert.deepEqual(mky(unbase64(v.sdp)), v.mky);
  for (const c of v.peers.cases) assert.equal(parseToken(c.token).type, 'passport', c.what);
});

test('a record or a token with a signature out of range is refused', async () => {
  const { signatures } = await vectors('hostile');
  const records = await vectors('records');
  const good = unbase64(records.cases.find((c) => c.what === 'LOCATION').record);
  const how = {
    kind: 'LOCATION',
    address: records.address,
    network: records.network,
    now: records.now * 1000,
    trust: trustOf([records.anchor]),
  };
  const tokens = await vectors('tokens');
  const [{ token, expected }] = tokens.cases;
  const believed = (compact) =>
    verifyToken(compact, expected, {
      trust: trustOf([tokens.anchor]),
      replays: new ReplayCache(),
      now: tokens.now * 1000,
      form: '',
    });
  for (const each of signatures) {
    const bad = good.slice();
    bad.set(unhex(each), bad.length - 64);
    assert.equal(await verdictOf(() => openRecord(bad, how)), 'bad-signature', each);
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${b64u(unhex(each))}`;
    await assert.rejects(believed(forged), (e) => e.key === 'not-genuine' && Number(e.args.code) === 438, each);
  }
  assert.equal(await verdictOf(() => openRecord(good, how)), 'ok');
  await believed(token);
});

test('a message to many recipients is refused soon', async () => {
  const v = await vectors('cms');
  const us = await bobOf(v);
  const [type, content] = parseDer(unbase64(v.cases[0].der), 65_536).sequence(2, 2);
  const [version, recipients, ...rest] = content.items[0].items.map((item) => item.der);
  const [one] = content.items[0].items[1].items;
  assert.equal(recipients[0], 0x31);
  for (const count of [1, 2, 100, 10_000]) {
    const many = tlv(0x31, ...Array(count).fill(one.der));
    const der = sequence(type.der, tlv(0xa0, sequence(version, many, ...rest)));
    const start = performance.now();
    assert.equal(await verdictOf(() => openBody(der, us)), count === 1 ? 'ok' : 'malformed', String(count));
    assert.ok(performance.now() - start < 5000);
  }
});

test('a presence signature counts until its end', async () => {
  const v = await vectors('tokens');
  const trust = trustOf([v.anchor]);
  const until = (compact, body = unbase64(v.pidf)) =>
    verifyPresence(compact, body, 'alice@example.net', v.device, v.now * 1000, trust);
  for (const [what, seconds, compact] of v.presence) assert.equal(await until(compact), seconds * 1000, what);
  assert.equal(await until(v.presence[0][2], encode('<other/>')), 0);
});

const BYTES = new Set('friendsKey token spki ownKey theirToken ourToken proof digests value statement'.split(' '));

/** Bytes are hex in the vectors, except ids, which are hex here too. */
const typed = (said) =>
  Object.fromEntries(
    Object.entries(said).map(([name, value]) => [
      name,
      BYTES.has(name) ? unhex(value) : ['contacts', 'entries'].includes(name) ? value.map(typed) : value,
    ]),
  );

test('bodies are written and read, and each limit is refused for its own reason both ways', async () => {
  const { good, bad } = await vectors('bodies');
  for (const c of good) {
    const body = { ...c.said, content: typed(c.said.content) };
    assert.deepEqual(decodeBody(unhex(c.cbor)), body);
    if (!c.readOnly) assert.equal(hex(encodeBody(body)), c.cbor);
  }
  for (const c of bad) {
    assert.equal(await verdictOf(() => decodeBody(unhex(c.cbor))), c.verdict, c.what);
    if (!c.said) continue;
    const body = { ...c.said, content: typed(c.said.content) };
    assert.equal(await verdictOf(() => encodeBody(body)), c.verdict, `writing ${c.what}`);
  }
});

const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const bobOf = async ({ bob, anchor, now }) => ({
  agree: await crypto.subtle.importKey('pkcs8', unbase64(bob.pkcs8), ECDH, false, ['deriveBits']),
  address: bob.address,
  device: await deviceId(parseCertificate(unbase64(bob.chain[0])).spki),
  now: now * 1000,
  trust: trustOf([anchor]),
});

for (const name of ['cms', 'cms-java'])
  test(`messages of ${name}.json open, or are refused for their own reason`, async () => {
    const us = await bobOf(await vectors('cms'));
    for (const c of (await vectors(name)).cases) {
      let opened;
      const verdict = await verdictOf(async () => (opened = await openBody(unbase64(c.der), us)));
      assert.equal(verdict, c.verdict, c.what);
      if (c.said) assert.deepEqual(opened.body, { ...c.said, content: typed(c.said.content) });
    }
  });
