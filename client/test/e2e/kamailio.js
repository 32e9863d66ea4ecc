// Kamailio as Debian has it: the server of an ordinary SIP domain, over TLS for other domains and UDP for its own users; and a CA for it, by openssl.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PROGRAM = '/usr/sbin/kamailio';
const PLACES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((each) => `/usr/lib/${each}/kamailio/modules`);
const MODULES = PLACES.find((each) => existsSync(join(each, 'tls.so')));

/** Which Debian packages are missing; '' when none is. */
export const missing = () =>
  [
    existsSync(PROGRAM) ? '' : 'kamailio',
    MODULES ? '' : 'kamailio-tls-modules',
    existsSync('/usr/sbin/dnsmasq') ? '' : 'dnsmasq-base',
    spawnSync('openssl', ['version']).status === 0 ? '' : 'openssl',
  ]
    .filter(Boolean)
    .join(' ');

/** @param {string[]} args */
function openssl(args) {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A CA whose certificates are for the domain they are asked for. @param {string} folder */
export function certificateAuthority(folder) {
  const root = join(folder, 'web-ca.pem');
  const rootKey = join(folder, 'web-ca.key');
  openssl(['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=Test CA', '-keyout', rootKey, '-out', root]);
  return {
    root,
    /** @param {string} domain */
    issue(domain) {
      const [key, request, certificate] = ['key', 'csr', 'pem'].map((each) => join(folder, `${domain}.${each}`));
      const subject = ['-subj', `/CN=${domain}`, '-addext', `subjectAltName=DNS:${domain}`];
      openssl(['req', '-new', ...KEY, ...subject, '-keyout', key, '-out', request]);
      const by = ['-CA', root, '-CAkey', rootKey, '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy'];
      openssl(['x509', '-req', '-in', request, ...by, '-out', certificate]);
      return { key, certificate };
    },
  };
}

/**
 * It answers after a moment; `ended` when it cannot.
 * @param {{folder: string, domain: string, udp: number, tls: number, others: string, certificate: string, key: string, root: string}} how
 *   udp, tls: ports at the loopback; others: the URI to which calls to other domains go
 */
export async function kamailio({ folder, domain, udp, tls, others, certificate, key, root }) {
  const tlsConfig = join(folder, 'kamailio-tls.cfg');
  const config = join(folder, 'kamailio.cfg');
  await writeFile(
    tlsConfig,
    `[server:default]
method = TLSv1.2+
private_key = ${key}
certificate = ${certificate}
verify_certificate = no
require_certificate = no

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
ca_list = ${root}
`,
  );
  const modules = ['tm', 'sl', 'rr', 'pv', 'xlog', 'siputils', 'textops', 'usrloc', 'registrar', 'tls'];
  await writeFile(
    config,
    `debug=1
log_stderror=yes
children=1
tcp_children=2
enable_tls=yes
listen=udp:127.0.0.1:${udp}
listen=tls:127.0.0.1:${tls}
alias="${domain}"
mpath="${MODULES}/"
${modules.map((each) => `loadmodule "${each}.so"`).join('\n')}
modparam("tls", "config", "${tlsConfig}")
request_route {
    if (is_method("CANCEL")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    if (is_method("REGISTER")) {
        save("location");
        exit;
    }
    xlog("L_ERR", "asked $rm $ru by $proto, identity $(hdr(Identity){s.len})\\n");
    record_route();
    if ($rd == "${domain}") {
        if (!lookup("location")) {
            sl_send_reply("404", "Not Found");
            exit;
        }
    } else {
        $du = "${others}";
    }
    t_relay();
}
`,
  );
  const child = spawn(PROGRAM, [
    '-DD',
    '-E',
    '-f',
    config,
    '-w',
    folder,
    '-Y',
    folder,
    '-P',
    join(folder, 'kamailio.pid'),
  ]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
  const exit = new Promise((resolve) => child.on('exit', resolve));
  return {
    said: () => said,
    isRunning: () => child.exitCode === null,
    ended: exit,
    async close() {
      child.kill();
      await exit;
    },
  };
}

/**
 * A DNS server as Debian has it (dnsmasq), which knows this and nothing else.
 * @param {{port: number, records: string[]}} how  records: options of dnsmasq
 */
export function dnsmasq({ port, records }) {
  const own = [
    '--keep-in-foreground',
    '--log-facility=-',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--pid-file=',
    '--local-ttl=60',
  ];
  const where = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces'];
  // As who runs it; it would give up being root otherwise, and cannot everywhere.
  const who = process.getuid?.() === 0 ? ['--user=root'] : [];
  const child = spawn('/usr/sbin/dnsmasq', [
    ...own,
    ...where,
    ...who,
    '--local=/example/',
    '--local=/net/',
    ...records,
  ]);
  let said = '';
  child.stderr.on('data', (piece) => (said += piece));
  const exit = new Promise((resolve) => child.on('exit', resolve));
  return {
    place: `127.0.0.1:${port}`,
    said: () => said,
    async close() {
      child.kill();
      await exit;
    },
  };
}
