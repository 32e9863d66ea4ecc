// `./starling ca` as a process of its own, killed in the worst moments: nothing that was answered is lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { acmeClient } from '../../core/enrol/acme.js';
import { parseCertificate, pemCertificates } from '../../core/identity/certificate.js';
import { makeCsr } from '../../core/identity/csr.js';
import { makeDeviceKey } from '../../core/identity/device.js';
import { verifyChain } from '../../core/identity/verifier.js';
import { memoryStore } from '../../core/store/memory.js';
import { mailServer } from './mail-server.js';
import { nameServer } from './name-server.js';
import { freePort } from './ports.js';
import { run, starling } from './servers.js';

/** `./starling enrol`: gives the code when it is asked for one. @returns {Promise<{status: number, said: string}>} */
async function enrol(args, code) {
  const child = spawn(starling, ['enrol', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  let asked = false;
  const hear = async (piece) => {
    said += piece;
    if (asked || !said.includes('Paste the code here')) return;
    asked = true;
    child.stdin.end(await code());
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const status = await new Promise((resolve) => child.on('exit', resolve));
  return { status, said };
}

/** A CA for real use with a mail server, and how to kill and start it again. */
async function authority(t) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-ca-'));
  const mail = await mailServer();
  const dns = await nameServer({ 'example.net': { mail: 'mx.example.net' } });
  const port = await freePort();
  const args = ['ca', '--data', folder, '--port', String(port), '--from', 'ca@example.org'];
  args.push('--smtp', `127.0.0.1:${mail.port}`, '--dns', dns.place);
  let process = await run(args);
  t.after(async () => {
    await process.kill('SIGKILL');
    await mail.close();
    dns.close();
    await rm(folder, { recursive: true, force: true });
  });
  const root = async () => (await fetch(`http://127.0.0.1:${port}/acme/root.pem`)).text();
  return {
    folder,
    mail,
    root,
    directory: process.base,
    log: () => process.log(),
    kill: () => process.kill('SIGKILL'),
    start: async () => void (process = await run(args)),
  };
}

async function person(address, fetcher = fetch) {
  const acme = acmeClient({ store: memoryStore(), fetch: fetcher, now: () => Date.now() });
  const key = await makeDeviceKey();
  return { address, key, acme, csr: () => makeCsr(key, address) };
}

/** What the JavaScript verifier says of a chain. */
async function judged(who, chain, root) {
  const anchors = [parseCertificate(pemCertificates(root)[0])];
  const verified = await verifyChain(chain, who.address, Date.now(), { anchors, allowTest: false });
  assert.equal(verified.device, who.key.id);
  assert.equal(verified.level, 'code');
  return verified;
}

const unreachable = (e) => e.key === 'ca-unreachable' || assert.fail(e.stack);

test(
  'killed after the order and again after the mail: the mail comes, the code counts',
  { timeout: 600_000 },
  async (t) => {
    const ca = await authority(t);
    const root = await ca.root();
    const alice = await person('alice@example.net');
    ca.mail.reply.RCPT = '451 greylisted';
    const pending = await alice.acme.order(ca.directory, alice.address);
    assert.equal(pending.late, true, 'the order says that its mail waits');
    await ca.kill();
    delete ca.mail.reply.RCPT;
    await ca.start();
    await ca.mail.arrived(1);
    assert.equal(ca.mail.mails[0].to, 'alice@example.net');
    await ca.kill();
    await ca.start();
    const chain = await alice.acme.finish(pending, ca.mail.mails[0].code, alice.csr);
    assert.equal(await ca.root(), root, 'the root is the same');
    await judged(alice, chain, root);
    await ca.kill();
    await ca.start();
    assert.deepEqual(
      await alice.acme.finish(pending, ca.mail.mails[0].code, alice.csr),
      chain,
      'the certificate is kept',
    );
    // Killed between the mail server's answer and the note of it, the next process hands the same mail over again.
    assert.equal(new Set(ca.mail.mails.map(({ code }) => code)).size, 1, 'one code');
    assert.ok(ca.mail.mails.length <= 2, 'one mail for each process that may have died over it');
    assert.ok(!ca.log().includes(ca.mail.mails[0].code));
  },
);

test('killed while the mail server takes the mail: the next process hands it over', { timeout: 600_000 }, async (t) => {
  const ca = await authority(t);
  const alice = await person('alice@example.net');
  ca.mail.reply.END = '';
  const ordering = alice.acme.order(ca.directory, alice.address);
  const lost = assert.rejects(ordering, unreachable);
  await ca.mail.asked;
  await ca.kill();
  await lost;
  delete ca.mail.reply.END;
  await ca.start();
  await ca.mail.arrived(1);
  assert.match(ca.mail.mails[0].code, /^[A-Za-z0-9_-]{32}$/);
});

test('killed while a certificate is asked for, at several moments: it can be had', { timeout: 900_000 }, async (t) => {
  const ca = await authority(t);
  const root = await ca.root();
  const chains = [];
  for (const [i, millis] of [0, 3, 8, 20, 60].entries()) {
    let kill = () => Promise.resolve();
    const who = await person(`person${i}@example.net`, async (url, init) => {
      const answer = fetch(url, init);
      if (String(url).includes('/finalize/')) {
        const killed = new Promise((resolve) => setTimeout(resolve, millis)).then(() => kill());
        // The client goes on only when the process is gone, with or without an answer.
        await Promise.allSettled([answer, killed]);
      }
      return answer;
    });
    const pending = await who.acme.order(ca.directory, who.address);
    await ca.mail.arrived(i + 1);
    const { code } = ca.mail.mails[i];
    kill = ca.kill;
    const first = await who.acme.finish(pending, code, who.csr).catch((e) => (unreachable(e), null));
    assert.equal(first, null, 'the process was killed before the certificate was fetched');
    kill = () => Promise.resolve();
    await ca.start();
    const chain = await who.acme.finish(pending, code, who.csr);
    await judged(who, chain, root);
    chains.push({ who, pending, code, chain });
  }
  for (const { who, pending, code, chain } of chains)
    assert.deepEqual(await who.acme.finish(pending, code, who.csr), chain);
  assert.equal(await ca.root(), root);
  for (const name of await readdir(ca.folder)) assert.equal((await stat(join(ca.folder, name))).mode & 0o077, 0, name);
});

test(
  'a mail that is refused, and a mail server that is gone, are told in plain words',
  { timeout: 600_000 },
  async (t) => {
    const ca = await authority(t);
    ca.mail.reply.RCPT = '550 no such user';
    const nobody = await person('nobody@example.net');
    await assert.rejects(nobody.acme.order(ca.directory, nobody.address), (e) => {
      assert.equal(e.key, 'mail-refused');
      assert.match(e.message, /The mail server does not take mail for this address\./);
      return true;
    });
    await ca.mail.close();
    const alice = await person('alice@example.net');
    assert.equal((await alice.acme.order(ca.directory, alice.address)).late, true);
  },
);

test('the command enrols, goes on after an interruption, and renews', { timeout: 600_000 }, async (t) => {
  const ca = await authority(t);
  const anchor = join(ca.folder, 'anchor.pem');
  const out = join(ca.folder, 'alice.p12');
  await writeFile(anchor, await ca.root());
  const args = ['alice@example.net', '--ca', ca.directory, '--anchor', anchor, '--out', out];
  const mailed = (count) => async () => {
    await ca.mail.arrived(count);
    return `${ca.mail.mails[count - 1].code}\n`;
  };
  const interrupted = await enrol(args, async () => '');
  assert.equal(interrupted.status, 1);
  assert.match(interrupted.said, /No code was given\. Run it again to go on/);
  const done = await enrol(args, mailed(1));
  assert.equal(done.status, 0, done.said);
  assert.match(done.said, /Certified until \d{4}-/);
  assert.equal(ca.mail.mails.length, 1, 'one mail for both');
  assert.equal((await stat(out)).mode & 0o777, 0o600);
  const first = await readFile(out);

  const again = await enrol(args, async () => assert.fail('nothing to prove'));
  assert.equal(again.status, 0, again.said);
  assert.match(again.said, /Still good until/);
  assert.deepEqual(await readFile(out), first);

  const renewed = await enrol([...args, '--renew'], async () => assert.fail('the proof is still good'));
  assert.equal(renewed.status, 0, renewed.said);
  assert.equal(ca.mail.mails.length, 1);
  assert.notDeepEqual(await readFile(out), first);
  const strangers = await enrol([...args.slice(0, 3), '--out', out, '--renew'], async () => '');
  assert.equal(strangers.status, 1);
  assert.match(strangers.said, /No CA is believed: name one with --anchor/);
});
