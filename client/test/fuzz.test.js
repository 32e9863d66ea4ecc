// Any bytes are read, or refused with a reason of ours: fixed seeds, so that a failure comes again. STARLING_FUZZ_CASES makes it longer.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { b64u, encode, hex, unb64u, unbase64, unhex } from '../core/bytes.js';
import { decodeBody, encodeBody, openBody } from '../core/cms/bodies.js';
import { addressOfUri, parseAddress, sipUri } from '../core/identity/address.js';
import { parseAnchors } from '../core/identity/anchors.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { parseCrl } from '../core/identity/crl.js';
import { deviceId } from '../core/identity/device.js';
import { parseToken, ReplayCache, verifyToken } from '../core/identity/passport.js';
import { openPkcs12 } from '../core/identity/pkcs12.js';
import { verifyChain } from '../core/identity/verifier.js';
import { checkBody } from '../core/record/bodies.js';
import { decodeCbor, encodeCbor } from '../core/record/cbor.js';
import { verifyDevices } from '../core/record/devices.js';
import { openRecord, openRevocation, parseRecord } from '../core/record/record.js';
import { feed } from './mutations.js';

const CASES = Number(process.env.STARLING_FUZZ_CASES ?? 2000);
const vectors = async (name) =>
  JSON.parse(await readFile(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

test('any bytes are a certificate or malformed', async () => {
  const v = await vectors('certificates');
  const good = v.cases.filter((c) => c.chain.length === 1).map((c) => unbase64(c.chain[0]));
  const trust = { anchors: v.anchors.map((a) => parseCertificate(unbase64(a))), allowTest: true };
  await feed(CASES * 4, 1, good, (bytes) => assert.deepEqual(parseCertificate(bytes).der, bytes));
  await feed(CASES / 4, 2, good, (bytes) => verifyChain([bytes], null, v.now * 1000, trust));
});

test('any bytes are a list of withdrawn certificates, a PKCS #12 file, an anchor file, or refused', async () => {
  const lists = (await vectors('crls')).cases.map((c) => unbase64(c.crl));
  await feed(CASES, 21, lists, (bytes) => assert.ok(parseCrl(bytes).serials.size < bytes.length));
  const files = await vectors('pkcs12');
  const good = files.good.map((c) => unbase64(c.file));
  await feed(CASES / 20, 22, good, (bytes) => openPkcs12(bytes, 'x'));
  const texts = (await vectors('anchors')).good.map((c) => encode(c.text));
  await feed(CASES, 23, texts, (bytes) => parseAnchors(new TextDecoder().decode(bytes)));
});

test('any bytes are CBOR in one form or malformed, and a body in one form or refused', async () => {
  const bodies = (await vectors('bodies')).good.map((c) => unhex(c.cbor)).filter((b) => b.length < 2000);
  const items = (await vectors('cbor')).good.map(unhex);
  const read = await feed(CASES * 4, 3, [...items, ...bodies], (bytes) =>
    assert.equal(hex(encodeCbor(decodeCbor(bytes))), hex(bytes)),
  );
  assert.ok(read > CASES / 20);
  await feed(CASES * 4, 4, bodies, (bytes) => {
    const body = decodeBody(bytes);
    assert.deepEqual(decodeBody(encodeBody(body)), body);
  });
});

test('any text is a token or refused', async () => {
  const v = await vectors('tokens');
  const good = v.cases.map((c) => encode(c.token));
  const text = (bytes) => String.fromCharCode(...bytes);
  const how = { trust: { anchors: [], allowTest: true }, replays: new ReplayCache(), now: v.now * 1000 };
  await feed(CASES, 5, good, (bytes) => assert.equal(parseToken(text(bytes)).signature.length, 64));
  await feed(CASES / 4, 6, good, (bytes) => verifyToken(text(bytes), {}, how));
  const [head, , signature] = v.cases[0].token.split('.');
  const inside = v.cases.slice(0, 40).flatMap((c) => (c.token ? [unb64u(c.token.split('.')[1])] : []));
  await feed(CASES, 7, inside, (bytes) => parseToken(`${head}.${b64u(bytes)}.${signature}`));
});

test('any text is an address in one form or refused', async () => {
  const { good, bad } = await vectors('names');
  const all = [...good, ...bad].map(([typed]) => encode(typed));
  await feed(CASES * 4, 8, all, (bytes) => {
    const address = parseAddress(new TextDecoder().decode(bytes));
    assert.equal(parseAddress(address), address);
    assert.equal(addressOfUri(sipUri(address)), address);
  });
  await feed(CASES, 9, all, (bytes) => addressOfUri(`sip:${new TextDecoder().decode(bytes)}`));
});

test('any bytes are a record or refused', async () => {
  const v = await vectors('records');
  const good = v.cases.map((c) => unbase64(c.record));
  const trust = { anchors: [parseCertificate(unbase64(v.anchor))], allowTest: true };
  const how = { kind: 'LOCATION', address: v.address, network: v.network, now: v.now * 1000, trust };
  await feed(CASES, 10, good, parseRecord);
  await feed(CASES / 4, 11, good, (bytes) => openRecord(bytes, how));
  await feed(CASES / 4, 12, good, (bytes) => openRevocation(bytes, how));
  const opened = v.cases.filter((c) => c.verdict === 'ok').map((c) => parseRecord(unbase64(c.record)));
  for (const record of opened.filter((each) => each.body))
    await feed(CASES / 10, 13, [encodeCbor(record.body)], (bytes) => {
      const body = decodeCbor(bytes);
      if (body instanceof Map) checkBody({ ...record, body });
    });
});

test('any bytes are a device chain or refused', async () => {
  const v = await vectors('devices');
  const good = v.cases.map((c) => unbase64(c.chain)).filter((b) => b.length < 3000);
  await feed(CASES / 4, 14, good, async (bytes) => {
    const chain = await verifyDevices(decodeCbor(bytes), v.address, v.network);
    assert.deepEqual(chain[0].parents, []);
  });
});

test('any bytes are a message or refused, and what opens says what its signer said', async () => {
  const v = await vectors('cms');
  const ecdh = { name: 'ECDH', namedCurve: 'P-256' };
  const us = {
    agree: await crypto.subtle.importKey('pkcs8', unbase64(v.bob.pkcs8), ecdh, false, ['deriveBits']),
    address: v.bob.address,
    device: await deviceId(parseCertificate(unbase64(v.bob.chain[0])).spki),
    now: v.now * 1000,
    trust: { anchors: [parseCertificate(unbase64(v.anchor))], allowTest: true },
  };
  const good = v.cases.map((c) => unbase64(c.der));
  const said = (await openBody(good[0], us)).body;
  await feed(
    CASES,
    15,
    good.filter((der) => der.length < 4000),
    (bytes) => openBody(bytes, us),
  );
  await feed(CASES / 2, 16, [good[0]], async (bytes) => assert.deepEqual((await openBody(bytes, us)).body, said));
});
