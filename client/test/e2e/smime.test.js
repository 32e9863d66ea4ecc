// A company's CA beside the test CA, with real servers: a person brings an S/MIME certificate, a list of the CA takes it out again.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode } from '../../core/bytes.js';
import { anchorText } from '../../core/identity/anchors.js';
import { parseCertificate } from '../../core/identity/certificate.js';
import { parseCrl } from '../../core/identity/crl.js';
import { tlv } from '../../core/identity/der.js';
import * as f from '../forge.js';
import { makeCrl } from '../vectors/crls.mjs';
import { company, pkcs12 } from '../vectors/pkcs12.mjs';
import { agent, until } from './agents.js';
import { code, twoPeers } from './servers.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const PASSPHRASE = 'Bürger & Söhne';
const contact = (s, address) => s.contacts.find((c) => c.address === address);

let folder;
let lists;
/** Serial numbers that the company withdrew. */
let withdrawn = [];
let ltd;
let anchor;
let servers;
let url;
let alice;
let bob;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  lists = createServer(async (_, answer) => answer.end(await crl()));
  await new Promise((resolve) => lists.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${lists.address().port}/company.crl`;
  const point = tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, encode(url))))));
  ltd = await company(Date.now(), { crl: { crl: f.extension('2.5.29.31', false, point) } });
  anchor = `name: Example Ltd\npurposes: smime\ndomains: example.net\n${anchorText(parseCertificate(ltd.rootDer))}`;
  await writeFile(join(folder, 'company.pem'), anchor);
  servers = await twoPeers({ anchor: join(folder, 'company.pem') });
});
after(async () => {
  await Promise.allSettled([alice?.close(), bob?.close()]);
  await servers?.close();
  await new Promise((resolve) => lists.close(resolve));
  await rm(folder, { recursive: true });
});

/** A list that is good for some seconds. */
const crl = () => makeCrl(ltd.root, Date.now(), withdrawn, { to: f.utc(Date.now() + 10_000) });

test('alice has a code from the test CA, bob a certificate of his company', async () => {
  alice = await agent([...servers.bases]);
  await alice.enrol(ALICE);
  await alice.submitCode(await code(servers.bases[0], ALICE));
  await until(alice, (s) => s.me.status === 'online', 'alice online');
  bob = await agent([...servers.bases]);
  const opened = await bob.openCertificate(await pkcs12(ltd), PASSPHRASE);
  // In local mode the operator's anchors come with the page, like the test CA.
  assert.equal(opened.unknownCa, '');
  await bob.useCertificate(BOB, false);
  await until(bob, (s) => s.me.status === 'online', 'bob online');
  assert.equal(bob.ctx.profile.chain.length, 2);
});

test('they find each other, write and call', async () => {
  assert.equal(await alice.lookup(BOB), 'found');
  await alice.requestContact(BOB, {});
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(ALICE);
  await until(alice, (s) => contact(s, BOB)?.presence === 'online', 'bob online');
  assert.equal(contact(alice.state, BOB).trust, 'verified');
  assert.equal(contact(bob.state, ALICE).trust, 'test');
  await bob.sendMessage(ALICE, 'from the company');
  await until(alice, (s) => contact(s, BOB).last?.text === 'from the company', 'message');
  await alice.sendMessage(BOB, 'to the company');
  await until(bob, (s) => contact(s, ALICE).last?.text === 'to the company', 'message back');
  const talking = bob.call(ALICE);
  await until(alice, (s) => s.call?.state === 'ringing', 'ringing');
  await alice.acceptCall();
  await until(bob, (s) => s.call?.state === 'running', 'running');
  await bob.hangUp();
  await talking;
});

test('the anchor of the company speaks for its domain only', async () => {
  const other = await company(Date.now(), { san: [f.email('bob@example.org')] });
  const eve = await agent([...servers.bases]);
  const rules = `purposes: smime\ndomains: example.net\n${anchorText(parseCertificate(other.rootDer))}`;
  await eve.addAnchors(
    rules,
    (await eve.readAnchors(rules)).map((each) => each.id),
  );
  await eve.openCertificate(await pkcs12(other), PASSPHRASE);
  await assert.rejects(eve.useCertificate('bob@example.org', false), (e) => e.key === 'constrained-anchor');
  await eve.close();
});

/** Until a server has a list with this serial; each asks anew when the one it has is out of date. */
async function listed(base, serial) {
  for (;;) {
    const answer = await fetch(`${base}crl?url=${encodeURIComponent(url)}`);
    assert.equal(answer.status, 200);
    const list = parseCrl(new Uint8Array(await answer.arrayBuffer()));
    if (list.serials.has(serial)) return;
    await new Promise((resolve) => setTimeout(resolve, list.nextUpdate - Date.now()));
  }
}

test('withdrawn by the company, the certificate counts nowhere any more', async () => {
  const { serial } = parseCertificate(ltd.der);
  withdrawn = [Uint8Array.from(serial.match(/../g), (two) => parseInt(two, 16))];
  const looked = async () => {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      if ((await alice.lookup(BOB)) === 'forged') return true;
      await alice.ctx.revocations.settled();
    }
    return false;
  };
  assert.ok(await looked(), 'alice no longer believes it');
  // Nor do the servers, as soon as they have the new list: a sign-on with it is refused.
  await Promise.all(servers.bases.map((base) => listed(base, serial)));
  const { store } = bob;
  await bob.close();
  bob = await agent([...servers.bases], { store });
  const on = (s) => s.me.status === 'online' || s.me.status === 'one-server';
  await assert.rejects(until(bob, on, 'signed on', 8000), /waited for signed on/);
  assert.equal(bob.ctx.ua.ready.length, 0);
});
