// sipp, somebody else's test phone (Debian's sip-tester): scenarios as lists of steps, and runs of them.
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PATIENCE_SECONDS = 60;

/**
 * A request, of which the parts in brackets are sipp's to fill in.
 * @param {string} method @param {number} cseq
 * @param {{from: string, uri?: string, to?: string, back?: number, once?: boolean, more?: string[], body?: string[], type?: string}} how  uri: where it goes; to: within a dialog, whom it is with; once: not sent again when nobody answers; back: so many steps before this
 *   one stands the request whose branch it has; more: header lines
 */
export function say(
  method,
  cseq,
  { from, uri = '[next_url]', to = '', back = 0, once = method === 'ACK', more = [], body = [], type = '' },
) {
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch${back ? -back : ''}];rport`,
    'Max-Forwards: 70',
    `From: <${from}>;tag=[pid]-[call_number]`,
    `To: <${to || uri}>${to ? '[peer_tag_param]' : ''}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:sipp@[local_ip]:[local_port]>`,
    ...more,
    ...(type ? [`Content-Type: ${type}`] : []),
    'Content-Length: [len]',
    '',
    ...body,
  ];
  const again = once ? '' : ' retrans="500"';
  return `<send${again}><![CDATA[\n${lines.join('\n')}\n]]></send>`;
}

/** @param {number} status @param {string} [more]  attributes */
export const hear = (status, more = '') => `<recv response="${status}" ${more}/>`;

/** @param {number} millis */
export const wait = (millis) => `<pause milliseconds="${millis}"/>`;

/**
 * Runs a scenario; throws with what sipp wrote when it does not go as written.
 * @param {string} name @param {string[]} steps
 * @param {{folder: string, at: string, port: number, whom: string, user: string, password: string, times?: number, rate?: number, together?: number}} how  at: host and port of the
 *   server; port: ours; whom: the URI for which credentials are made
 * @returns {Promise<string>} every message that it sent and got
 */
export async function sipp(name, steps, how) {
  const file = join(how.folder, `${name}.xml`);
  await writeFile(
    file,
    `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`,
  );
  const log = join(how.folder, `${name}.log`);
  const words = ['-sf', file, '-t', 'u1', '-i', '127.0.0.1', '-p', how.port, '-nostdin', '-max_retrans', 6];
  words.push(
    '-m',
    how.times ?? 1,
    '-r',
    how.rate ?? 10,
    '-l',
    how.together ?? 1,
    '-auth_uri',
    how.whom.replace(/^sip:/, ''),
  );
  words.push('-au', how.user, '-ap', how.password, '-timeout', `${PATIENCE_SECONDS}s`, '-timeout_error');
  words.push('-trace_msg', '-message_file', log);
  const child = spawn('sipp', [how.at, ...words.map(String)], { cwd: how.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (piece) => (said += piece));
  child.stderr.on('data', (piece) => (said += piece));
  const status = await new Promise((resolve) => child.on('exit', resolve));
  const messages = await readFile(log, 'latin1').catch(() => '');
  if (status !== 0)
    throw new Error(`sipp ${name} ended with ${status}\n${said.slice(-2000)}\n${messages.slice(-6000)}`);
  return messages;
}
