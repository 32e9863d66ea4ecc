// The Debian package, as whoever runs a server meets it: installed, started as its user, used, upgraded, removed, purged. All of it in a copy of
// this system (an overlay in memory, in a mount namespace of its own), so that nothing is left of it here. Needs root, and what ./build dist made.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { agent, until } from '../e2e/agents.js';
import { freePort } from '../e2e/ports.js';
import { code } from '../e2e/servers.js';

const target = fileURLToPath(new URL('../../../target/', import.meta.url));
const shell = promisify(execFile);
const PATIENCE_MILLIS = 120_000;
const CONF = '/etc/starling/starling.conf';

const skip = process.getuid?.() === 0 ? false : 'needs root: it mounts a copy of this system';
let folder, system, ports, packages;
const running = new Set();

before(async () => {
  if (skip) return;
  const found = (await readdir(target)).filter((name) => /^starling_.*\.deb$/.test(name));
  assert.equal(found.length, 1, 'the package is there: ./build dist');
  folder = await mkdtemp(join(tmpdir(), 'starling-package-'));
  system = await copyOfThisSystem(folder);
  packages = { older: join(target, found[0]), newer: await newer() };
  ports = { http: await freePort(), sip: await freePort(), relay: await freePort(), ca: await freePort() };
});
after(async () => {
  for (const each of running) await each.end();
  await system?.end();
  if (packages) await rm(packages.newer, { force: true });
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Where everything can be changed and nothing lasts. @param {string} folder */
async function copyOfThisSystem(folder) {
  const script = `set -e
    mount -t tmpfs -o size=2g tmpfs '${folder}'
    mkdir '${folder}/upper' '${folder}/work' '${folder}/all'
    mount -t overlay overlay -o 'lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work' '${folder}/all'
    for each in proc dev sys; do mount --rbind /$each '${folder}/all/'$each; done
    mkdir -p '${folder}/all/packages'
    mount --bind '${target}' '${folder}/all/packages'
    exec chroot '${folder}/all' sh -c 'rm -f /usr/sbin/policy-rc.d; mkdir -p /run; echo ready; exec cat'`;
  const holder = spawn('unshare', ['--mount', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => holder.on('exit', resolve));
  let said = '';
  holder.stderr.on('data', (piece) => (said += piece));
  await new Promise((resolve, reject) => {
    holder.stdout.on('data', resolve);
    holder.on('exit', () => reject(new Error(`no copy of this system: ${said}`)));
  });
  const inside = ['--target', String(holder.pid), '--mount', '--root', '--wdns=/', '--'];
  return {
    /** Runs a command in it. @param {string} command @returns {Promise<string>} what it says */
    async run(command) {
      const { stdout, stderr } = await shell('nsenter', [...inside, 'sh', '-c', command]);
      return stdout + stderr;
    },
    /** @param {string[]} words */
    start: (words) => spawn('nsenter', [...inside, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }),
    async end() {
      holder.stdin.end();
      await ended;
    },
  };
}

/** The same package with a higher version. */
async function newer() {
  const root = join(folder, '..', `${folder.split('/').at(-1)}-newer`);
  await shell('cp', ['-al', join(target, 'deb'), root]);
  try {
    const control = await readFile(join(root, 'DEBIAN/control'), 'utf8');
    await rm(join(root, 'DEBIAN/control'));
    await writeFile(join(root, 'DEBIAN/control'), control.replace(/^Version: .*$/m, 'Version: 99.0'));
    await shell('dpkg-deb', ['--root-owner-group', '-Znone', '--build', root, join(target, 'newer.deb')]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return join(target, 'newer.deb');
}

const install = (deb) => system.run(`DEBIAN_FRONTEND=noninteractive dpkg --install /packages/${deb.split('/').at(-1)}`);

/** Runs the installed program as the service's user until it says ready. @param {string[]} words */
async function asService(...words) {
  const child = system.start(['setpriv', '--reuid=starling', '--regid=starling', '--clear-groups', ...words]);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  let log = '';
  const ready = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece) => (log += piece) && /^ready /m.test(log) && resolve(undefined));
    child.on('exit', (status) => reject(new Error(`${words.join(' ')} ended with ${status}: ${log}`)));
  });
  const one = {
    log: () => log,
    async end() {
      child.kill('SIGTERM');
      await ended;
      running.delete(one);
    },
  };
  running.add(one);
  await ready;
  return one;
}

const server = () => asService('/usr/bin/starling', 'peer', '--config', CONF);
const base = () => `http://127.0.0.1:${ports.http}/`;
const description = async () => (await fetch(`${base()}peer.json`)).json();

async function kept() {
  const metrics = await (await fetch(`${base()}metrics`)).text();
  return Number(/^starling_publications (\S+)$/m.exec(metrics)?.[1]);
}

test('it installs without starting anything, with a user that may do nothing else', { skip }, async () => {
  const said = await install(packages.older);
  assert.match(said, /set domain, anchor and ca in \/etc\/starling\/starling\.conf/);
  const [name, , uid, , , home, login] = (await system.run('getent passwd starling')).trim().split(':');
  assert.deepEqual([name, home, login], ['starling', '/var/lib/starling', '/usr/sbin/nologin']);
  assert.ok(Number(uid) < 1000, 'a system user');
  assert.equal(await system.run('stat -c "%U %a" /var/lib/starling'), 'starling 700\n');
  assert.equal(await system.run(`stat -c "%U:%G %a" /etc/starling ${CONF}`), 'root:starling 750\nroot:root 644\n');
});

test('without a domain it does not start, says what to set, and that trying again is no use', { skip }, async () => {
  const said = await system.run(
    `setpriv --reuid=starling --regid=starling --clear-groups starling peer --config ${CONF}; echo $?`,
  );
  assert.match(said, /Set domain, and anchor and ca/);
  assert.match(said, /^2$/m);
});

test('the unit is understood and locked down', { skip }, async (t) => {
  const unit = '/usr/lib/systemd/system/starling.service';
  const has = await system.run('command -v systemd-analyze || true');
  if (!has) return t.skip('systemd-analyze is not installed');
  assert.equal(await system.run(`systemd-analyze verify --man=no ${unit} 2>&1 | grep -i starling || true`), '');
  const exposure = await system.run(`systemd-analyze security --offline=yes --threshold=25 ${unit} 2>&1 | tail -1`);
  t.diagnostic(exposure.trim());
  assert.match(exposure, /OK/);
});

/** The configuration that somebody would write, for this machine only. */
async function configure() {
  const lines = [
    'data = /var/lib/starling',
    'local = true',
    `port = ${ports.http}`,
    `sip-port = ${ports.sip}`,
    `relay-port = ${ports.relay}`,
    'anchor = /etc/starling/root.pem',
    `ca = http://127.0.0.1:${ports.ca}/acme/directory`,
    'operator-name = Example Club',
  ];
  const root = await (await fetch(`http://127.0.0.1:${ports.ca}/acme/root.pem`)).text();
  await system.run(`cat >${CONF} <<'END'\n${lines.join('\n')}\nEND\ncat >/etc/starling/root.pem <<'END'\n${root}\nEND`);
  await system.run('chown root:starling /etc/starling/root.pem');
}

test('its runtime can use a token for the key of a CA', { skip }, async (t) => {
  if (!(await system.run('command -v softhsm2-util || true')).trim())
    return t.skip('softhsm2 is not installed (apt-get install softhsm2)');
  const { stdout } = await shell('sh', [
    '-c',
    'ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -1',
  ]);
  const said = await system.run(`set -e
    mkdir -p /tmp/token/kept /tmp/token/ca && cd /tmp/token
    echo 'directories.tokendir = /tmp/token/kept' >softhsm.conf
    export SOFTHSM2_CONF=/tmp/token/softhsm.conf
    softhsm2-util --init-token --free --label ca --pin 1234 --so-pin 4321
    printf 'name = ca\nlibrary = ${stdout.trim()}\nslotListIndex = 0\n' >config
    (umask 077 && echo 1234 >pin)
    starling ca issuing-request --data ca --issuing-pkcs11 config --pin-file pin request.csr
    openssl req -in request.csr -noout -verify`);
  assert.match(said, /verify OK/i);
});

test('as its user it serves; what people left there and its key survive an upgrade', { skip }, async () => {
  await system.run('install -d -o starling /var/lib/starling/ca');
  const ca = await asService(
    '/usr/bin/starling',
    'ca',
    '--local',
    '--data',
    '/var/lib/starling/ca',
    '--port',
    String(ports.ca),
  );
  await configure();
  let peer = await server();
  assert.equal((await fetch(`${base()}health`)).status, 200);
  assert.match(await (await fetch(`${base()}about`)).text(), /Example Club/);
  assert.match(await (await fetch(base())).text(), /importmap/);
  for (const file of ['core/starling.js', 'vendor/preact/dist/preact.mjs', 'vendor/@noble/hashes/scrypt.js'])
    assert.equal((await fetch(base() + file)).status, 200, file);
  const alice = await agent([base()]);
  await alice.enrol('alice@example.net');
  await alice.submitCode(await code(`http://127.0.0.1:${ports.ca}/`, 'alice@example.net'));
  await until(alice, (s) => /^(online|one-server)$/.test(s.me.status), 'online', PATIENCE_MILLIS);
  const { store } = alice;
  await alice.close();
  const [id, values] = [(await description()).id, await kept()];
  assert.ok(values > 0, 'her records are kept');

  await peer.end();
  await install(packages.newer);
  assert.equal(await system.run("dpkg-query -W -f '${Version}' starling"), '99.0');
  assert.match(await system.run(`cat ${CONF}`), /Example Club/, 'the configuration is what was written');
  peer = await server();
  assert.equal((await description()).id, id, 'the same key');
  assert.equal(await kept(), values);
  const again = await agent([base()], { store });
  await until(again, (s) => /^(online|one-server)$/.test(s.me.status), 'online without a code', PATIENCE_MILLIS);
  await again.close();
  await peer.end();
  await ca.end();
});

test('removed it keeps data and configuration; purged nothing is left, nor its user', { skip }, async () => {
  await system.run('dpkg --remove starling');
  assert.equal(await system.run('ls /usr/lib/starling /usr/bin/starling 2>/dev/null || true'), '');
  assert.match(await system.run('ls /etc/starling /var/lib/starling'), /starling\.conf[^]*peer\.p12/);
  await system.run('dpkg --purge starling');
  assert.equal(await system.run('ls -d /var/lib/starling /etc/starling 2>/dev/null || true'), '');
  assert.equal(await system.run('getent passwd starling || true'), '');
});
