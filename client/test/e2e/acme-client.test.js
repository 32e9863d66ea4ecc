// A stock ACME client that we did not write, npm's acme-client, as it is: all it is told is how `email-code-00` is answered.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import acme from 'acme-client';
import { freePort } from './ports.js';
import { code, run } from './servers.js';

const openssl = promisify(execFile).bind(null, 'openssl');
let folder, ca, base;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  const port = await freePort();
  base = `http://127.0.0.1:${port}/`;
  ca = await run(['ca', '--local', '--data', join(folder, 'ca'), '--port', String(port)]);
});
after(async () => {
  await ca?.kill();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A client with an account of its own. */
async function client() {
  const accountKey = await acme.crypto.createPrivateEcdsaKey('P-256');
  const one = new acme.Client({ directoryUrl: ca.base, accountKey });
  await one.createAccount({ termsOfServiceAgreed: true });
  return one;
}

/** The certificate request (PEM) of a device, as openssl makes it. @param {string} address */
async function request(address) {
  const key = join(folder, `${address}.key`);
  await openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key]);
  const san = `subjectAltName=email:${address}`;
  return (await openssl(['req', '-new', '-key', key, '-subj', '/', '-addext', san])).stdout;
}

/** Leads an order to its certificate; the chain, PEM. @param {any} one @param {string} address */
async function certificate(one, address) {
  const order = await one.createOrder({ identifiers: [{ type: 'email', value: address }] });
  for (const authorization of await one.getAuthorizations(order)) {
    if (authorization.status === 'valid') continue;
    const challenge = authorization.challenges.find(({ type }) => type === 'email-code-00');
    const [part1] = /[\w-]{32}/.exec(await code(base, address)) ?? [];
    const jwk = acme.crypto.getJwk(one.opts.accountKey);
    const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
    const proof = createHash('sha256').update(`${part1}${challenge.token}.${thumbprint}`).digest('base64url');
    await one.api.completeChallenge(challenge.url, { response: proof });
    await one.waitForValidStatus(challenge);
  }
  return one.getCertificate(await one.finalizeOrder(order, await request(address)));
}

test('it gets a certificate that openssl verifies, another one without a mail, and withdraws it', async () => {
  const one = await client();
  const first = await certificate(one, 'alice@example.net');
  const second = await certificate(one, 'alice@example.net');
  const mails = await (await fetch(`${base}mailbox/api/${encodeURIComponent('alice@example.net')}`)).json();
  assert.equal(mails.length, 1);
  const [leaf] = acme.crypto.splitPemChain(second);
  assert.equal(new X509Certificate(leaf).subjectAltName, 'email:alice@example.net');
  assert.notEqual(new X509Certificate(leaf).serialNumber, new X509Certificate(first).serialNumber);
  const root = await (await fetch(`${base}acme/root.pem`)).text();
  assert.equal(await verified(second, root), true);
  await one.revokeCertificate(leaf, { reason: 4 });
  await assert.rejects(one.revokeCertificate(leaf), /withdrawn already/);
});

test('it changes its key, is told why an order is refused, and ends its account', async () => {
  const one = await client();
  await certificate(one, 'bob@example.net');
  await one.updateAccountKey(await acme.crypto.createPrivateEcdsaKey('P-256'));
  await certificate(one, 'bob@example.net');
  await assert.rejects(
    one.createOrder({ identifiers: [{ type: 'email', value: 'postmaster@example.net' }] }),
    /role or a list/,
  );
  await one.updateAccount({ status: 'deactivated' });
  await assert.rejects(certificate(one, 'bob@example.net'), /deactivated/);
});

/** Whether openssl believes a chain. @param {string} chain @param {string} root */
async function verified(chain, root) {
  const [leaf, ...others] = acme.crypto.splitPemChain(chain);
  const files = { leaf, others: others.join('\n'), root };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `${name}.pem`), text);
  const path = (name) => join(folder, `${name}.pem`);
  const words = ['-x509_strict', '-purpose', 'smimesign', '-CAfile', path('root'), '-untrusted', path('others')];
  const { stdout } = await openssl(['verify', ...words, path('leaf')]);
  return stdout.trim().endsWith('OK');
}
