// Runs a test file in a network namespace of its own, a desk with a cable to another one for the server: addresses are of the public ranges, because servers
// refuse all others, and because real phones refuse the loopback. Nothing leaves them, and everything in them ends with the test.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../pebble.js';
import { namespaces } from './namespaces.js';

/** Of the server, and of everybody else. */
export const SERVER = '5.5.5.1';
export const DESK = '5.5.5.2';
/** The cable's end at the desk. */
export const LINK = 'eth0';
export const NAME = 'peer.example.net';
/** What serves at the desk: the CA of the addresses. */
export const DESK_NAME = 'ca.example.net';
const INSIDE = 'STARLING_TEST_INSIDE';

/** @typedef {{certificate: string, key: string, server: string[]}} Place  files of a certificate for both names, which this program believes, and of its key; the words before a program that runs where the server is */

/** @returns {Place} */
export const here = () => JSON.parse(process.env[INSIDE] ?? '');

/**
 * To be awaited before a file declares its tests: returns in the namespace alone. Outside it runs the file there, whose tests report in the place of those that
 * it does not declare, and ends with its status.
 * @param {string} url  of the test file
 */
export async function inside(url) {
  if (process.env[INSIDE]) return;
  const spaces = await namespaces();
  const folder = await mkdtemp(join(tmpdir(), 'starling-inside-'));
  let status = 1;
  try {
    const [desk, server] = [await spaces.add('desk'), await spaces.add('desk-peer')];
    await spaces.ip(desk, `link add ${LINK} type veth peer name ${LINK} netns ${server}`);
    for (const [where, address] of [
      [desk, DESK],
      [server, SERVER],
    ])
      await spaces.ip(
        where,
        `addr add ${address}/24 dev ${LINK}
         link set ${LINK} up
         route add default dev ${LINK}`,
      );
    const hosts = join(folder, 'hosts');
    await writeFile(hosts, `127.0.0.1 localhost\n${SERVER} ${NAME}\n${DESK} ${DESK_NAME}\n`);
    const resolver = join(folder, 'resolv.conf');
    await writeFile(resolver, `nameserver ${DESK}\n`);
    // What is mounted here is seen by that program alone.
    const shell = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
    const within = (/** @type {string} */ where) => ['ip', 'netns', 'exec', where, 'sh', '-c', shell, hosts, resolver];
    const { certificate, key } = selfSigned(folder, NAME, [DESK_NAME]);
    const [program, ...words] = [...within(desk), process.execPath, ...process.execArgv, fileURLToPath(url)];
    const child = spawn(program, words, {
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: certificate,
        [INSIDE]: JSON.stringify({ certificate, key, server: within(server) }),
      },
    });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
    status = await new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  } finally {
    await spaces.close();
    await rm(folder, { recursive: true, force: true });
  }
  process.exit(status);
}
