// The same bytes that Java reads.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { hex, unbase64, unhex } from '../core/bytes.js';
import { addressOfUri, parseAddress, sipUri } from '../core/identity/address.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { deviceId, gruu, instanceId } from '../core/identity/device.js';
import { mky, ReplayCache, verifyPresence, verifyToken } from '../core/identity/passport.js';
import { decodeCbor, encodeCbor } from '../core/record/cbor.js';
import { verifyDevices } from '../core/record/devices.js';
import { openRecord } from '../core/record/record.js';
import { publicMaster, rendezvous, unseal, valueId } from '../core/record/rendezvous.js';

const vectors = async (name) =>
  JSON.parse(await readFile(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));

test('names are normalised, or refused for their own reason', async () => {
  const { good, bad } = await vectors('names');
  for (const [typed, address, uri] of good) {
    assert.equal(parseAddress(typed), address);
    assert.equal(sipUri(address), uri);
    assert.equal(addressOfUri(uri), address);
  }
  for (const [typed, reason] of bad)
    assert.throws(
      () => parseAddress(typed),
      (e) => (assert.equal(e.key, `address.${reason}`, typed), true),
    );
});

test('CBOR has one form', async () => {
  const { good, bad } = await vectors('cbor');
  for (const bytes of good) assert.equal(hex(encodeCbor(decodeCbor(unhex(bytes)))), bytes);
  for (const bytes of bad)
    assert.throws(
      () => decodeCbor(unhex(bytes)),
      (e) => e.key === 'malformed',
      bytes,
    );
});

test('a rendezvous is found, and what lies there opens', async () => {
  for (const c of (await vectors('rendezvous')).cases) {
    const place = await rendezvous(await publicMaster(c.address, c.network), c.kind, c.day);
    assert.equal(hex(place.dhtKey), c.key);
    assert.equal(hex(place.sealingKey), c.sealing);
    assert.equal(await valueId(place, c.device), c.id);
    assert.equal(hex(await unseal(place, unhex(c.sealed))), c.payload);
  }
  const d = await vectors('devices');
  assert.equal(await deviceId(unhex(d.spki)), d.id);
  assert.equal(instanceId(d.id), d.instance);
  assert.equal(gruu('bob@example.net', d.id), d.gruu);
});

test('records open or are refused for the same reason as in Java', async () => {
  const v = await vectors('records');
  const trust = { anchors: [parseCertificate(unbase64(v.anchor))], allowTest: true };
  for (const c of v.cases) {
    const opening = openRecord(unbase64(c.record), {
      kind: c.kind,
      address: v.address,
      network: v.network,
      now: v.now * 1000,
      trust,
    });
    if (c.verdict !== 'ok') await assert.rejects(opening, (e) => (assert.equal(e.key, c.verdict), true));
    else if (c.kind === 'DEVICES')
      assert.equal((await verifyDevices((await opening).record.body.get(1), v.address, v.network)).length, 1);
    else assert.equal((await opening).record.kind, c.kind);
  }
});

test('tokens are believed', async () => {
  const v = await vectors('tokens');
  const trust = { anchors: [parseCertificate(unbase64(v.anchor))], allowTest: true };
  for (const compact of [v.passport, v.http])
    assert.equal(
      (await verifyToken(compact, {}, { trust, replays: new ReplayCache(), now: v.now * 1000 })).signer.device,
      v.device,
    );
  assert.ok(await verifyPresence(v.presence, unbase64(v.pidf), 'alice@example.net', v.device, v.now * 1000, trust));
  assert.deepEqual(mky(unbase64(v.sdp)), v.mky);
});
