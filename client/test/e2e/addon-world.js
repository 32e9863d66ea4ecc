// What a person with Thunderbird has around them: a mail provider, a CA that mails, two servers, and Thunderbird with an account and the add-on.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mailSystem, PASSWORD } from './mail-system.js';
import { freePort } from './ports.js';
import { run } from './servers.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CA_DOMAIN = 'ca.example';
export const XPI = join(ROOT, 'target', 'starling.xpi');

/** Made anew: it is a copy of sources. */
export const packAddon = () =>
  promisify(execFile)('bash', ['-c', '. .ci/jdk; export JAVA_HOME; node .ci/addon.mjs'], { cwd: ROOT });

/** @param {string[]} users  of example.net @param {string[]} caWords  more options of the CA */
export async function world(users, ...caWords) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-addon-'));
  const mail = await mailSystem(users);
  const caPort = await freePort();
  const ca = await run([
    ...['ca', '--data', join(folder, 'ca'), '--port', String(caPort), '--from', `acme@${CA_DOMAIN}`],
    ...['--smtp', `127.0.0.1:${mail.port('mx')}`, '--reply-smtp', `127.0.0.1:${mail.port('ca')}`],
    ...['--dkim', 'starling', '--dns', `127.0.0.1:${mail.port('dns')}`, ...caWords],
  ]);
  // `for the DNS: name. IN TXT ( "…" "…" )`
  const line = /^for the DNS: (\S+?)\.? .*?"(.*)"/m.exec(ca.log());
  if (!line) throw new Error(ca.log());
  await mail.start(`${line[1]} ${line[2].replaceAll('" "', '')}`);
  const root = await (await fetch(`http://127.0.0.1:${caPort}/acme/root.pem`)).text();
  await writeFile(join(folder, 'root.pem'), root);
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
  const bases = [`http://127.0.0.1:${ports[0]}/`, `http://127.0.0.1:${ports[1]}/`];
  const peer = (n, ...more) =>
    run([
      ...['peer', '--local', '--data', join(folder, `peer${n}`), '--port', String(ports[n])],
      ...['--sip-port', String(ports[n + 2]), '--peer', bases[1 - n], '--anchor', join(folder, 'root.pem')],
      ...['--ca', `http://127.0.0.1:${caPort}/acme/directory`, ...more],
    ]);
  const a = await peer(0);
  const b = await peer(1, '--dht', bases[0]);
  return {
    bases,
    mail,
    root,
    caFolder: join(folder, 'ca'),
    async close() {
      await Promise.allSettled([a.kill(), b.kill(), ca.kill()]);
      await mail.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} pem */
const base64 = (pem) => pem.replace(/-----[^-]+-----|\s/g, '');

/**
 * An account of the provider, as its assistant would make it.
 * @param {Awaited<ReturnType<typeof import('./thunderbird.js').thunderbird>>} tb @param {Awaited<ReturnType<typeof mailSystem>>} mail @param {string} email
 * @param {{type?: 'imap' | 'pop3', smtp?: number, password?: string, watched?: boolean}} [how]  smtp: a port; password: for sending; watched: new mails are fetched by themselves
 */
export async function addAccount(tb, mail, email, how = {}) {
  const { type = 'imap', smtp = mail.port('signed'), password = PASSWORD, watched = true } = how;
  const ports = ['imap', 'pop3', 'signed', 'unsigned'].map((name) => mail.port(name));
  await tb.chrome(`
    const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
    const am = MailServices.accounts;
    try { am.localFoldersServer; } catch { am.createLocalMailAccount(); }
    // Its certificate is of nobody's CA: an exception, as a person makes one.
    const override = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
    const certificates = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    const certificate = certificates.constructX509FromBase64(${JSON.stringify(base64(await readFile(join(mail.folder, 'cert.pem'), 'utf8')))});
    for (const port of ${JSON.stringify(ports)})
      override.rememberValidityOverride('localhost', port, {}, certificate, false);
    const [email, password] = ${JSON.stringify([email, PASSWORD])};
    const [type, watched] = ${JSON.stringify([type, watched])};
    const server = am.createIncomingServer(email, 'localhost', type);
    server.port = ${mail.port(type)}; server.socketType = 2; server.authMethod = 3; server.password = password;
    server.loginAtStartUp = watched; server.doBiff = watched; server.biffMinutes = 1;
    if (type === 'imap') server.setBoolValue('use_idle', watched);
    else server.downloadOnBiff = true;
    for (const [scheme, secret] of [[type === 'imap' ? 'imap' : 'mailbox', password], ['smtp', ${JSON.stringify(password)}]]) {
      const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
      login.init(scheme + '://localhost', null, scheme + '://localhost', email, secret, '', '');
      await Services.logins.addLoginAsync(login);
    }
    const out = MailServices.outgoingServer.createServer('smtp');
    const smtp = out.QueryInterface(Ci.nsISmtpServer);
    smtp.hostname = 'localhost'; smtp.port = ${smtp}; out.socketType = 2; out.authMethod = 3;
    out.username = email; out.password = ${JSON.stringify(password)};
    MailServices.outgoingServer.defaultServer = out;
    const identity = am.createIdentity();
    identity.email = email; identity.fullName = email.split('@')[0]; identity.smtpServerKey = out.key; identity.doFcc = false;
    const account = am.createAccount();
    account.incomingServer = server; account.addIdentity(identity); am.defaultAccount = account;
    server.valid = true; identity.valid = true;
    if (type === 'imap') server.performExpand(null);
    if (watched) server.getNewMessages(server.rootFolder, null, null);`);
}
