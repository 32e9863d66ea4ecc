// A program of Mozilla's, headless, driven over Marionette: frames of a length, a colon and JSON over TCP.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MILLIS = 60_000;
const QUIT_MILLIS = 15_000;
const SCRIPT_MILLIS = 120_000;
/** Quiet, and off the network. */
const PREFS = {
  'marionette.port': 0,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'app.update.enabled': false,
  'toolkit.telemetry.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'browser.dom.window.dump.enabled': true,
  'devtools.console.stdout.content': true,
};

/** One connection: commands one after the other. @param {number} port */
async function marionette(port) {
  const socket = connect(port, '127.0.0.1');
  let buffered = Buffer.alloc(0);
  /** @type {((message: any) => void)[]} */
  const readers = [];
  const messages = [];
  /** @type {(e: Error) => void} */
  let fail = () => {};
  const broken = new Promise((_, reject) => (fail = reject));
  broken.catch(() => {});
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('it closed the connection')));
  socket.on('data', (piece) => {
    buffered = Buffer.concat([buffered, piece]);
    for (;;) {
      const colon = buffered.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(buffered.subarray(0, colon));
      if (buffered.length < end) return;
      const message = JSON.parse(buffered.subarray(colon + 1, end).toString());
      buffered = buffered.subarray(end);
      const reader = readers.shift();
      if (reader) reader(message);
      else messages.push(message);
    }
  });
  const read = () =>
    Promise.race([broken, messages.length ? messages.shift() : new Promise((resolve) => readers.push(resolve))]);
  await read();
  let id = 0;
  let last = Promise.resolve();
  const command = async (name, parameters) => {
    const frame = JSON.stringify([0, ++id, name, parameters]);
    socket.write(`${Buffer.byteLength(frame)}:${frame}`);
    const [, , error, result] = await read();
    if (error) throw new Error(`${name}: ${error.message}`);
    return result && 'value' in result ? result.value : result;
  };
  return {
    /** @param {string} name @param {any} [parameters] @returns {Promise<any>} */
    command(name, parameters = {}) {
      const turn = last.then(() => command(name, parameters));
      last = turn.catch(() => {});
      return turn;
    },
    end: () => socket.destroy(),
  };
}

/** @param {string} file @returns {Promise<string>} its text, once there is one */
async function appearing(file, folder, child) {
  const there = async () => (await readFile(file, 'utf8').catch(() => '')).trim();
  const ended = AbortSignal.timeout(START_MILLIS);
  return new Promise((resolve, reject) => {
    const look = () => void there().then((text) => text && (watcher.close(), resolve(text)));
    const watcher = watch(folder, look);
    ended.addEventListener('abort', () => (watcher.close(), reject(new Error('it does not start'))));
    child.on('exit', (code) => (watcher.close(), reject(new Error(`it ended with ${code}`))));
    look();
  });
}

/** An async function's body that answers by Marionette's callback. @param {string} body @param {string} result */
export const asynchronous = (body, result) =>
  `const done = arguments[arguments.length - 1]; (async () => {${body}})().then((v) => done(${result}), (e) => done({ failed: String(e), stack: String(e?.stack ?? '') }));`;

/** What a script said that `asynchronous` made. @param {any} answer */
export function result(answer) {
  if (answer.failed !== undefined) throw new Error(`${answer.failed}\n${answer.stack}`);
  return answer.value;
}

/** @param {string} program @param {{folder?: string, prefs?: Record<string, any>, words?: string[]}} [how]  folder: an earlier profile */
export async function started(program, { folder = '', prefs = {}, words = [] } = {}) {
  const profile = folder || (await mkdtemp(join(tmpdir(), `starling-${program}-`)));
  const lines = Object.entries({ ...PREFS, ...prefs }).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  await writeFile(join(profile, 'user.js'), `${lines.join('\n')}\n`);
  const portFile = join(profile, 'MarionetteActivePort');
  await rm(portFile, { force: true });
  // A mail that is sent lies in a file of one name for all Thunderbirds, and one removes it twice: then another's, which is just being sent, and hangs.
  const temporary = join(profile, 'tmp');
  await mkdir(temporary, { recursive: true });
  const child = spawn(
    program,
    ['--headless', '--marionette', '-remote-allow-system-access', '--no-remote', '--profile', profile, ...words],
    { env: { ...process.env, HOME: profile, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (log += piece));
  const gone = new Promise((resolve) => child.on('exit', resolve));
  const port = Number(
    await appearing(portFile, profile, child).catch((e) => {
      child.kill('SIGKILL');
      throw e;
    }),
  );
  const { command, end } = await marionette(port);
  await command('WebDriver:NewSession', { capabilities: { alwaysMatch: {} } });
  await command('WebDriver:SetTimeouts', { script: SCRIPT_MILLIS });

  return {
    profile,
    pid: child.pid,
    log: () => log,
    command,
    /** In the program's own, privileged scope; its context is chrome. @param {string} body  of an async function @returns {Promise<any>} */
    async chrome(body) {
      const script = asynchronous(body, '{ value: v ?? null }');
      return result(await command('WebDriver:ExecuteAsyncScript', { script, args: [], sandbox: 'system' }));
    },
    async screenshot() {
      return Buffer.from(await command('WebDriver:TakeScreenshot', { full: false }), 'base64');
    },
    /** As a crash ends it. */
    async kill() {
      child.kill('SIGKILL');
      await gone;
      end();
    },
    async close() {
      // A question that is open holds it up.
      const late = setTimeout(() => child.kill('SIGKILL'), QUIT_MILLIS);
      await command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
      await gone;
      clearTimeout(late);
      end();
      if (!folder) await rm(profile, { recursive: true, force: true });
    },
  };
}
