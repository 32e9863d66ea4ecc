// The operator of a CA withdraws a certificate: servers and pages learn it from the list that the certificate itself names.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parseCertificate } from '../../core/identity/certificate.js';
import { parseCrl } from '../../core/identity/crl.js';
import { agent, eventually, until } from './agents.js';
import { code, starling, twoPeers } from './servers.js';

const ALICE = 'alice@example.net';

let servers;
let alice;
let bob;
let carol;
before(async () => {
  servers = await twoPeers();
});
after(async () => {
  await Promise.allSettled([alice?.close(), bob?.close(), carol?.close()]);
  await servers?.close();
});

async function enrolled(address) {
  const one = await agent([...servers.bases]);
  await one.enrol(address);
  await one.submitCode(await code(servers.bases[0], address));
  await until(one, (s) => s.me.status === 'online', `${address} online`);
  return one;
}

/** What each server has for its pages once it has met a certificate of the CA. @param {string} url @param {(crl: any) => boolean} wanted */
async function served(url, wanted) {
  for (const base of servers.bases)
    await eventually(async () => {
      const answer = await fetch(`${base}crl?url=${encodeURIComponent(url)}`);
      return answer.status === 200 && wanted(parseCrl(new Uint8Array(await answer.arrayBuffer())));
    }, 'the list');
}

const on = (s) => s.me.status === 'online' || s.me.status === 'one-server';

test('alice has a certificate that names a list, which each server has for its pages', async () => {
  alice = await enrolled(ALICE);
  const [url, ...more] = parseCertificate(alice.ctx.profile.chain[0]).extensions.crls;
  assert.equal(more.length, 0);
  assert.match(url, /^http:\/\/127\.0\.0\.1:[0-9]+\/acme\/crl\/[0-9a-f]{40}\.crl$/);
  await served(url, (crl) => crl.serials.size === 0);
  const elsewhere = `${servers.bases[0]}health`;
  assert.equal((await fetch(`${servers.bases[1]}crl?url=${encodeURIComponent(elsewhere)}`)).status, 204);
});

test('withdrawn by the operator, it counts for nobody who sees the new list', async () => {
  const { serial, extensions } = parseCertificate(alice.ctx.profile.chain[0]);
  const number = serial.replace(/^0+/, '');
  await promisify(execFile)(starling, [
    'ca',
    'revoke',
    number,
    '--reason',
    '1',
    '--data',
    join(servers.folder, 'a', 'ca'),
  ]);
  // Who has a list asks for the next after an hour; who starts anew, at once.
  const { store } = alice;
  await alice.close();
  await Promise.all([servers.current().a.kill(), servers.current().b.kill()]);
  await servers.restartA();
  await servers.restartB();
  carol = await enrolled('carol@example.net');
  await served(extensions.crls[0], (crl) => crl.serials.has(serial));
  bob = await agent([...servers.bases]);
  const refused = async () => (await bob.lookup(ALICE)) === 'forged';
  await eventually(async () => {
    const is = await refused();
    await bob.ctx.revocations.settled();
    return is;
  }, 'a page that no longer believes it');
  // Servers refuse a sign-on with it as soon as they have the list, which they ask for when they see it first.
  alice = await agent([...servers.bases], { store });
  await eventually(() => alice.ctx.ua.ready.length === 0 && !on(alice.state), 'no flow', 30_000);
  await assert.rejects(until(alice, on, 'signed on', 8000), /waited for signed on/);
});
