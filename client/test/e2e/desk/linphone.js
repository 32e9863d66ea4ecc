// linphonec, as Debian has it, with files in place of a sound card; typed at like a person would.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../agents.js';
import { tone } from '../tone.js';

const STOP_MILLIS = 3000;
/** What `soundcard use files` takes. */
const RATE = 8000;
const SECONDS = 60;

/** @param {{user: string, password: string, server: string, transport?: string, more?: string}} how  server: host:port */
const config = ({ user, password, server, transport = 'udp', more = '' }) => `
[sip]
sip_port=${transport === 'udp' ? 5090 : 0}
sip_tcp_port=${transport === 'tcp' ? 5090 : 0}
sip_tls_port=${transport === 'tls' ? 5090 : 0}
verify_server_certs=0
verify_server_cn=0
default_proxy=0
register_only_when_network_is_up=0
guess_hostname=0
auto_net_state_mon=0
inc_timeout=60
media_encryption=none
${more}
[net]
mtu=0
[sound]
files=1
[rtp]
audio_rtp_port=7078
[video]
display=0
capture=0
show_local=0
[auth_info_0]
username=${user}
passwd=${password}
[proxy_0]
reg_proxy=<sip:${server};transport=${transport}>
reg_route=<sip:${server};transport=${transport};lr>
reg_identity=<sip:${user}@${server.split(':')[0]}>
reg_expires=300
reg_sendregister=1
publish=0
push_notification_allowed=0
remote_push_notification_allowed=0
`;

/** @typedef {Awaited<ReturnType<typeof linphone>>} Linphone */

/** @param {Parameters<typeof config>[0] & {folder: string, hertz: number}} how */
export async function linphone(how) {
  const { folder, hertz } = how;
  await mkdir(join(folder, '.local/share/linphone'), { recursive: true });
  await writeFile(join(folder, 'rc'), config(how));
  await writeFile(join(folder, 'tone.wav'), tone(hertz, { rate: RATE, seconds: SECONDS }));
  const log = join(folder, 'log');
  const child = spawn('linphonec', ['-c', join(folder, 'rc'), '-d', '6', '-l', log], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, HOME: folder },
  });
  let out = '';
  const hear = (/** @type {Buffer} */ piece) => (out += piece);
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.stdin.on('error', () => {});
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const type = (/** @type {string} */ line) => child.stdin.write(`${line}\n`);
  /** @param {string | RegExp} what @param {number} [from] @param {number} [millis] @returns {Promise<string>} all that it has said since */
  async function said(what, from = 0, millis = 15_000) {
    await eventually(() => out.slice(from).search(what) >= 0, `linphonec to say ${what}`, millis).catch((e) => {
      throw new Error(`${e.message}: ${out.slice(from)}`);
    });
    return out.slice(from);
  }
  await said('linphonec>');
  type('soundcard use files');
  type(`play ${join(folder, 'tone.wav')}`);
  return {
    type,
    said,
    out: () => out,
    /** How far it has spoken; for `said`. */
    now: () => out.length,
    log: () => readFile(log, 'utf8'),
    registered: () =>
      eventually(
        async () => (await readFile(log, 'utf8')).includes('[LinphoneRegistrationOk]'),
        'linphonec registered',
        15_000,
      ),
    /** What it hears from now on goes to this file. @param {string} name */
    record(name) {
      const file = join(folder, name);
      type(`record ${file}`);
      return file;
    },
    async close() {
      type('quit');
      const end = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS);
      await exit;
      clearTimeout(end);
    },
  };
}
