// What the internet of the laboratory has besides its two servers, as a process of its own in the core: a DNS, a CA of the web (Pebble), the CA of the
// addresses behind a reverse proxy with its mail server, and nodes of the DHT. Tells its parent what the others need, then each mail; ends with it.
import { X509Certificate, createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dhtNodes } from '../dhtnodes.js';
import { mailServer } from '../mail-server.js';
import { nameServer } from '../name-server.js';
import { pebble, selfSigned } from '../pebble.js';
import { freePort } from '../ports.js';
import { run } from '../servers.js';
import { CORE } from './internet.js';

const CA = 'ca.example.com';
const NODES = 1;

/**
 * @typedef {{directory: string, javaOptions: string, ca: string, root: string, bootstrap: string, network: number, believed: string[]}} Services
 *   directory: of the CA of the web; ca, root: directory and certificate of that of the addresses; believed: hashes of the keys of certificates that a browser
 *   believes, as --ignore-certificate-errors-spki-list has them
 */

/** @param {string} pem */
const keyHash = (pem) =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

/** The reverse proxy before the CA of the addresses. @param {string} folder @param {number} inner  port */
async function front(folder, inner) {
  const { certificate, key } = selfSigned(folder, CA);
  const tls = { cert: await readFile(certificate, 'utf8'), key: await readFile(key) };
  const server = createServer(tls, (incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress };
    const how = { host: '127.0.0.1', port: inner, path: incoming.url, method: incoming.method, headers };
    const onward = request(how, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(443, '::', () => resolve(undefined)));
  return { server, certificate: tls.cert };
}

/** @param {Record<string, string[]>} names  the addresses of the servers */
async function start(names) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-lab-'));
  // The domains of the addresses: the CA looks whether they get mail.
  const mailboxes = Object.keys(names).map((name) => [name.replace(/^peer\./, ''), { mail: name }]);
  const known = { ...names, [CA]: [CORE.v4, CORE.v6], ...Object.fromEntries(mailboxes) };
  const dns = await Promise.all(CORE.dns.map((host) => nameServer(known, { host, port: 53 })));
  const mail = await mailServer();
  const inner = await freePort();
  const [web, nodes, ca] = await Promise.all([
    pebble({ dns: `${CORE.dns[0]}:53`, httpPort: 80, host: CORE.v4 }),
    dhtNodes({ nodes: NODES, proxies: 1, host: CORE.v4 }),
    run([
      ...['ca', '--data', join(folder, 'ca'), '--port', String(inner), '--base', `https://${CA}`, '--behind-proxy'],
      ...['--smtp', `127.0.0.1:${mail.port}`, '--from', 'ca@example.com', '--dns', CORE.dns[0]],
    ]),
  ]);
  const proxy = await front(folder, inner);
  const root = join(folder, 'root.pem');
  await writeFile(root, await (await fetch(`http://127.0.0.1:${inner}/acme/root.pem`)).text());
  /** @type {Services} */
  const services = {
    directory: web.directory,
    javaOptions: web.options,
    ca: `https://${CA}/acme/directory`,
    root,
    bootstrap: nodes.bootstrap,
    network: nodes.network,
    believed: [keyHash(await web.intermediate()), keyHash(proxy.certificate)],
  };
  void tellMails(mail);
  return {
    services,
    async close() {
      proxy.server.close();
      for (const each of dns) each.close();
      await Promise.allSettled([web.close(), nodes.close(), ca.kill(), mail.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param {Awaited<ReturnType<typeof mailServer>>} mail */
async function tellMails(mail) {
  for (let told = 0; ; told++) {
    await mail.arrived(told + 1);
    process.send?.({ mail: mail.mails[told] });
  }
}

const names = JSON.parse(process.argv[2]);
const started = await start(names);
process.on('disconnect', () => void started.close().finally(() => process.exit()));
process.send?.({ services: started.services });
