// The whole laboratory: an internet with two servers for everybody, `./starling peer --domain`, each with its relay and its node of the DHT, and homes with
// browsers that come and go.
import { fork } from 'node:child_process';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { profile } from '../browser.js';
import { haveDhtnode } from '../dhtnodes.js';
import { missing } from '../pebble.js';
import { javaOptions, run } from '../servers.js';
import { tone } from '../tone.js';
import { CORE, internet } from './internet.js';
import { namespaces, unable } from './namespaces.js';

export const DOMAINS = ['example.org', 'example.net'];
/** What each side's microphone hears. */
export const HERTZ = [440, 700];
const CHROMIUM = '/usr/bin/chromium';
const SERVICES = fileURLToPath(new URL('services.js', import.meta.url));
const PATIENCE_MILLIS = 60_000;

/** Why there can be no laboratory here; '' when there can. */
export async function lacking() {
  const program =
    ((await haveDhtnode()) ? '' : 'dhtnode') ||
    (await missing()) ||
    (await access(CHROMIUM).then(
      () => '',
      () => 'chromium',
    ));
  return unable() || (program && `${program} is not installed (apt-get install chromium dhtnode openssl pebble)`);
}

/** @typedef {Awaited<ReturnType<typeof openLab>>} Lab */

export async function openLab() {
  const spaces = await namespaces();
  const folder = await mkdtemp(join(tmpdir(), 'starling-lab-'));
  /** What is to be undone, the last first. @type {(() => unknown)[]} */
  const undo = [() => rm(folder, { recursive: true, force: true }), () => spaces.close()];
  const close = async () => {
    for (const each of undo.reverse()) await each();
  };
  try {
    const net = await internet(spaces);
    const resolver = join(folder, 'resolv.conf');
    await writeFile(resolver, CORE.dns.map((each) => `nameserver ${each}\n`).join(''));
    const within = (/** @type {string} */ namespace) => inNamespace(namespace, resolver);
    for (const [i, hertz] of HERTZ.entries()) await writeFile(join(folder, `tone${i}.wav`), tone(hertz));

    const servers = await Promise.all([net.server(10), net.server(20)]);
    const names = DOMAINS.map((domain) => `peer.${domain}`);
    const services = await openServices(
      net.core,
      Object.fromEntries(names.map((name, i) => [name, servers[i].addresses])),
    );
    undo.push(services.close);
    const peers = await Promise.all(
      servers.map(({ namespace }, i) =>
        run(
          peerArgs(folder, names[i], services.said),
          { STARLING_JAVA_OPTS: javaOptions(services.said.javaOptions) },
          within(namespace),
        ),
      ),
    );
    for (const peer of peers) undo.push(() => peer.kill());

    return {
      net,
      peers,
      code: services.code,
      /** A new browser in a home. @param {0 | 1} side @param {import('./internet.js').Home} home */
      async browser(side, home) {
        const program = join(folder, `chromium-${home.namespace}`);
        const words = [...within(home.namespace), CHROMIUM].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
        await writeFile(program, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
        await chmod(program, 0o755);
        return profile({
          loopback: false,
          args: [
            `--use-file-for-fake-audio-capture=${join(folder, `tone${side}.wav`)}`,
            `--ignore-certificate-errors-spki-list=${services.said.believed.join(',')}`,
            '--autoplay-policy=no-user-gesture-required',
          ],
          options: { executablePath: program },
        });
      },
      close,
    };
  } catch (e) {
    await close();
    throw e;
  }
}

/** The words before a program that make it live in a namespace and ask our DNS. @param {string} namespace @param {string} resolver  a file */
function inNamespace(namespace, resolver) {
  // What is mounted here is seen by that program alone.
  const shell = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['ip', 'netns', 'exec', namespace, 'sh', '-c', shell, resolver];
}

/** All ports are the usual ones. @param {string} folder @param {string} name @param {import('./services.js').Services} said */
const peerArgs = (folder, name, said) => [
  ...['peer', '--data', join(folder, name), '--domain', name, '--acme', said.directory],
  ...['--anchor', said.root, '--ca', said.ca],
  ...['--dht', 'opendht', '--dht-network', String(said.network), '--dht-bootstrap', said.bootstrap],
];

/** @param {string} core @param {Record<string, string[]>} names */
async function openServices(core, names) {
  const child = fork(SERVICES, [JSON.stringify(names)], {
    execPath: 'ip',
    execArgv: ['netns', 'exec', core, process.execPath],
  });
  /** @type {Map<string, string>} */
  const codes = new Map();
  /** @type {Map<string, (code: string) => void>} */
  const waiting = new Map();
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const said = await new Promise((resolve, reject) => {
    child.on('message', (/** @type {any} */ { services, mail }) => {
      if (services) resolve(services);
      if (!mail) return;
      codes.set(mail.to, mail.code);
      waiting.get(mail.to)?.(mail.code);
    });
    void exit.then((status) => reject(new Error(`the services of the laboratory ended with ${status}`)));
  });
  return {
    said: /** @type {import('./services.js').Services} */ (said),
    /** The code that was mailed to an address. @param {string} address @returns {Promise<string>} */
    code: (address) =>
      new Promise((resolve, reject) => {
        const known = codes.get(address);
        if (known) return resolve(known);
        const end = setTimeout(() => reject(new Error(`no mail for ${address}`)), PATIENCE_MILLIS);
        waiting.set(address, (code) => {
          clearTimeout(end);
          resolve(code);
        });
      }),
    async close() {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}
