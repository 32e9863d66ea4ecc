// baresip, as Debian has it, without a screen or a sound card: it plays a tone, keeps what it hears in a file, and is told what to do over its control port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../agents.js';

const MODULES = '/usr/lib/baresip/modules';
const CONTROL = 4444;
const STOP_MILLIS = 3000;

/**
 * @param {{folder: string, user: string, password: string, server: string, transport?: string, hertz: number, friend: string, address: string, link: string, dns: string, certificate: string, more?: string, modules?: string[]}} how
 *   server: host:port; friend: whom it writes to, an address; link: the network interface of `address`
 */
const config = ({ folder, hertz, address, link, dns, certificate, modules = [] }) => `
poll_method epoll
sip_listen ${address}:5081
dns_server ${dns}
sip_cafile ${certificate}
net_interface ${link}
call_local_timeout 120
call_max_calls 4
audio_path ${folder}
audio_player aubridge,dummy
audio_source ausine,${hertz}
audio_alert aubridge,alert
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
audio_level no
rtp_ports 10000-10100
rtp_timeout 60
jitter_buffer_delay 5-10
module_path ${MODULES}
module stdio.so
module ctrl_tcp.so
module g711.so
${modules.map((each) => `module ${each}.so`).join('\n')}
module ausine.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app contact.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:${CONTROL}
snd_path ${join(folder, 'sound')}
`;

/** @typedef {Awaited<ReturnType<typeof baresip>>} Baresip */

/** @param {Parameters<typeof config>[0]} how */
export async function baresip(how) {
  const { folder, user, password, server, transport = 'udp', friend, more = '' } = how;
  await mkdir(join(folder, 'sound'), { recursive: true });
  await writeFile(join(folder, 'config'), config(how));
  const way = `;outbound="sip:${server};transport=${transport}"`;
  const sign = `;auth_user=${user};auth_pass=${password};regint=300;pubint=0`;
  const account = `<sip:${user}@${server};transport=${transport}>${way}${sign};answermode=manual;ptime=20${more}\n`;
  await writeFile(join(folder, 'accounts'), account);
  // Whom `message` writes to.
  await writeFile(join(folder, 'contacts'), `"friend" <sip:${friend}>\n`);
  await writeFile(join(folder, 'current_contact'), `sip:${friend}`);
  const child = spawn('baresip', ['-4', '-f', folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  const hear = (/** @type {Buffer} */ piece) => (log += piece);
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const exit = new Promise((resolve) => child.on('exit', resolve));
  /** What it told, and who waits for more. @type {any[]} */
  const events = [];
  const control = await connected(() => log);
  listen(control, (message) => {
    if (message.event) events.push(message);
    else log += `${JSON.stringify(message)}\n`;
  });

  /** @param {string} command @param {string} [params] */
  function tell(command, params = '') {
    const text = JSON.stringify({ command, params });
    control.write(`${Buffer.byteLength(text)}:${text},`);
  }
  return {
    tell,
    events,
    log: () => log,
    /** How many events there were; for `event`. */
    now: () => events.length,
    /** Waits for the first of some events. @param {string} types  separated by | @param {number} [from]  of `now()` @returns {Promise<string>} its type */
    async event(types, from = 0) {
      const first = () => events.slice(from).find((each) => types.split('|').includes(each.type))?.type ?? '';
      await eventually(first, `${types} of baresip`, 15_000).catch((e) => {
        throw new Error(`${e.message}: ${JSON.stringify(events.slice(from))}\n${log.slice(-3000)}`);
      });
      return first();
    },
    /** Perhaps before anybody listened to its events. @returns {Promise<void>} */
    registered: () =>
      eventually(() => /200 OK \(\) \[\d+ binding/.test(log), 'baresip registered', 15_000).catch((e) => {
        throw new Error(`${e.message}: ${log.slice(-3000)}`);
      }),
    /** @param {string} text */
    said: (text) => eventually(() => log.includes(text), `baresip to say "${text}"`, 15_000),
    /** The files of what it heard, the newest last. */
    async heard() {
      const names = (await readdir(join(folder, 'sound'))).filter((name) => name.endsWith('dec.wav')).sort();
      return names.map((name) => join(folder, 'sound', name));
    },
    /** It takes back its registration, if the server still answers. */
    async close() {
      control.destroy();
      child.kill();
      const end = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS);
      await exit;
      clearTimeout(end);
    },
  };
}

/** @param {() => string} log */
async function connected(log) {
  for (let i = 0; i < 100; i++) {
    const socket = createConnection(CONTROL, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`baresip does not listen: ${log()}`);
}

/** JSON in netstrings. @param {import('node:net').Socket} socket @param {(message: any) => void} take */
function listen(socket, take) {
  let bytes = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const colon = bytes.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(bytes.subarray(0, colon).toString());
      if (bytes.length <= end) return;
      take(JSON.parse(bytes.subarray(colon + 1, end).toString()));
      bytes = bytes.subarray(end + 1);
    }
  });
}
