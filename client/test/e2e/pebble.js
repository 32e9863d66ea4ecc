// Pebble, the ACME server of Let's Encrypt for tests (Debian's package), on the loopback or where it is told to: a CA of the web that believes our DNS.
import { spawn, spawnSync } from 'node:child_process';
import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './ports.js';

const PROGRAMS = ['pebble', 'openssl', 'keytool'];

/** Which of the programs that are needed is missing; '' when none is. */
export async function missing() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(process.env.JAVA_HOME ?? '', 'bin')];
  for (const program of PROGRAMS) {
    const there = folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    );
    if (!(await Promise.all(there)).includes(true)) return program;
  }
  return '';
}

/** Runs a program to its end. @param {string} program @param {string[]} args */
function must(program, ...args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** A key and a certificate that it signed itself. @param {string} folder @param {string} name  a host name, or an address @param {string[]} [more]  host names */
export function selfSigned(folder, name, more = []) {
  const certificate = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const kind = /^[\d.]+$/.test(name) ? 'IP' : 'DNS';
  const all = [
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${[`${kind}:${name}`, ...more.map((each) => `DNS:${each}`)].join()}`,
  ];
  must(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    ...all,
    '-keyout',
    key,
    '-out',
    certificate,
  );
  return { certificate, key };
}

/** The options of a JVM that believes a certificate. @param {string} folder  for a file @param {string} certificate  a PEM file */
export function trustStore(folder, certificate) {
  const store = join(folder, 'trust.p12');
  const keytool = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/keytool') : 'keytool';
  const into = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', 'changeit'];
  must(keytool, '-importcert', '-noprompt', '-file', certificate, ...into);
  return `-Djavax.net.ssl.trustStore=${store} -Djavax.net.ssl.trustStorePassword=changeit`;
}

/**
 * @param {{dns: string, httpPort: number, host?: string, accountKeys?: Record<string, string>}} how  dns: host:port; httpPort: where it looks for challenges; host: the address at which it listens; accountKeys: without one of these it makes no account, in base64url by their ids
 * @returns {Promise<{directory: string, options: string, root: () => Promise<string>, intermediate: () => Promise<string>, log: () => string, close: () => Promise<void>}>}
 *   options: of a JVM that believes its HTTPS; root, intermediate: the certificates of the CA itself, in PEM form
 */
export async function pebble({ dns, httpPort, host = '127.0.0.1', accountKeys }) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-pebble-'));
  const [port, management] = [await freePort(), await freePort()];
  const { certificate, key } = selfSigned(folder, host);
  const config = {
    listenAddress: `${host}:${port}`,
    managementListenAddress: `${host}:${management}`,
    certificate,
    privateKey: key,
    httpPort,
    tlsPort: 5001,
    ocspResponderURL: '',
    externalAccountBindingRequired: !!accountKeys,
    ...(accountKeys ? { externalAccountMACKeys: accountKeys } : {}),
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify({ pebble: config }));
  const options = trustStore(folder, certificate);
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' };
  const args = ['-config', join(folder, 'config.json'), '-dnsserver', dns];
  const child = spawn('pebble', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const directory = `https://${host}:${port}/dir`;
  await new Promise((resolve, reject) => {
    const hear = (/** @type {Buffer} */ piece) => {
      log += piece;
      if (log.includes('ACME directory available')) resolve(undefined);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void exit.then((status) => reject(new Error(`pebble ended with ${status}: ${log}`)));
  });
  const ca = await readFile(certificate, 'utf8');
  return {
    directory,
    options,
    root: () => fetched(`https://${host}:${management}/roots/0`, ca),
    intermediate: () => fetched(`https://${host}:${management}/intermediates/0`, ca),
    log: () => log,
    async close() {
      child.kill();
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} url @param {string} ca @returns {Promise<string>} */
const fetched = (url, ca) =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ ca });
    get(url, { agent }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve(text));
    }).on('error', reject);
  });
