// At a desk (lab/inside.js): a server for everybody with its own certificate, in the namespace beside, at the usual ports; here the CA of the addresses behind
// HTTPS, a DNS, and a mail server. People are agents in Node, who enrol, add phones and may leave again.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addPhone } from '../add-phone.js';
import { agent, until } from '../agents.js';
import { DESK, DESK_NAME, NAME, SERVER, here } from '../lab/inside.js';
import { unable } from '../lab/namespaces.js';
import { mailServer } from '../mail-server.js';
import { nameServer } from '../name-server.js';
import { trustStore } from '../pebble.js';
import { javaOptions, run } from '../servers.js';

const CA_PORT = 8443;
const CA_INNER = 8900;

/** @typedef {Awaited<ReturnType<typeof openOffice>>} Office */

/** Why there can be none here, or no phones in it; '' when there can. */
export async function missing() {
  const programs = Object.entries({
    baresip: 'baresip-core',
    linphonec: 'linphone-cli',
    chromium: 'chromium',
    openssl: 'openssl',
  });
  for (const [program, debian] of programs)
    if (spawnSync('which', [program]).status !== 0) return `${program} is not installed (apt-get install ${debian})`;
  return unable();
}

/** @param {string[]} [more]  words for the server */
export async function openOffice(more = []) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-desk-'));
  /** @type {(() => unknown)[]} */
  const undo = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const each of undo.reverse()) await Promise.resolve(each()).catch(() => {});
  };
  try {
    const { certificate, key, server: atServer } = here();
    const env = { STARLING_JAVA_OPTS: javaOptions(trustStore(folder, certificate)) };
    // baresip asks no file of names.
    const dns = await nameServer({ [NAME]: SERVER, 'example.net': { mail: NAME } }, { host: DESK, port: 53 });
    undo.push(() => dns.close());
    const mail = await mailServer();
    undo.push(() => mail.close());
    const authority = await openAuthority(folder, mail.port, { certificate, key });
    undo.push(authority.close);
    const root = join(folder, 'root.pem');
    await writeFile(root, authority.root);
    const data = join(folder, 'peer');
    const directory = `https://${DESK_NAME}:${CA_PORT}/acme/directory`;
    const args = [
      ...['peer', '--data', data, '--domain', NAME, '--http-port', '0', '--tls-cert', certificate, '--tls-key', key],
      ...['--anchor', root, '--ca', directory],
      ...more,
    ];
    const server = await run(args, env, atServer);
    undo.push(() => server.kill());
    /** How many mails of each were read. @type {Map<string, number>} */
    const read = new Map();
    /** The code of the next mail to an address. @param {string} address */
    async function code(address) {
      const of = () => mail.mails.filter(({ to }) => to === address);
      const seen = read.get(address) ?? 0;
      while (of().length <= seen) await mail.arrived(mail.mails.length + 1);
      read.set(address, seen + 1);
      return of()[seen].code;
    }
    return {
      folder,
      server,
      code,
      /** A person with one device: this program. @param {string} address */
      async person(address) {
        const one = await agent([server.base], { loopback: () => false, anchors: async () => authority.root });
        undo.push(() => one.close());
        await one.enrol(address);
        await one.submitCode(await code(address));
        await until(one, (s) => s.me.status === 'one-server', `${address} online`);
        return one;
      },
      /** Adds a phone for a person, and waits until it is on the list. @param {Awaited<ReturnType<typeof agent>>} owner @param {string} name @param {string[]} [more] */
      phone(owner, name, more = []) {
        const words = ['--data', data, '--ca', directory, '--anchor', root, ...more];
        return addPhone(owner, name, { words, env, code: () => code(owner.state.me.address) });
      },
      close,
    };
  } catch (e) {
    await close();
    throw e;
  }
}

/** Behind a reverse proxy that speaks HTTPS. @param {string} folder @param {number} mailPort @param {{certificate: string, key: string}} files */
async function openAuthority(folder, mailPort, files) {
  const ca = await run([
    ...['ca', '--data', join(folder, 'ca'), '--port', String(CA_INNER), '--base', `https://${DESK_NAME}:${CA_PORT}`],
    ...['--behind-proxy', '--smtp', `127.0.0.1:${mailPort}`, '--from', 'ca@example.com', '--dns', DESK],
  ]);
  const tls = { cert: await readFile(files.certificate), key: await readFile(files.key) };
  const front = createServer(tls, (incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress };
    const how = { host: '127.0.0.1', port: CA_INNER, path: incoming.url, method: incoming.method, headers };
    const onward = request(how, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => front.listen(CA_PORT, () => resolve(undefined)));
  return {
    root: await (await fetch(`http://127.0.0.1:${CA_INNER}/acme/root.pem`)).text(),
    async close() {
      front.closeAllConnections();
      front.close();
      await ca.kill();
    },
  };
}
