// Debian's Thunderbird, headless, driven over Marionette: frames of a length, a colon and JSON over TCP.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ADDON = 'starling@starling.dev';
const START_MILLIS = 60_000;
const QUIT_MILLIS = 15_000;
const SCRIPT_MILLIS = 120_000;
/** Quiet, and off the network. */
const PREFS = {
  'marionette.port': 0,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.shell.checkDefaultClient': false,
  'mail.rights.version': 1,
  'app.donation.eoy.version.viewed': 999,
  'mailnews.start_page.enabled': false,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'mail.inappnotifications.enabled': false,
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
  socket.on('close', () => fail(new Error('Thunderbird closed the connection')));
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
    return result?.value ?? result;
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
    ended.addEventListener('abort', () => (watcher.close(), reject(new Error('Thunderbird does not start'))));
    child.on('exit', (code) => (watcher.close(), reject(new Error(`Thunderbird ended with ${code}`))));
    look();
  });
}

/** An async function's body that answers by Marionette's callback. @param {string} body @param {string} result */
const asynchronous = (body, result) =>
  `const done = arguments[arguments.length - 1]; (async () => {${body}})().then((v) => done(${result}), (e) => done({ failed: String(e), stack: String(e?.stack ?? '') }));`;

const BACKGROUND = `(await p.readyPromise, await p.extension.promiseBackgroundStarted(),
  [...p.extension.views].find((v) => v.viewType === 'background').xulBrowser)`;

/** @param {{folder?: string, prefs?: Record<string, any>}} [how]  folder: an earlier profile */
export async function thunderbird({ folder = '', prefs = {} } = {}) {
  const profile = folder || (await mkdtemp(join(tmpdir(), 'starling-thunderbird-')));
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
    'thunderbird',
    ['--headless', '--marionette', '-remote-allow-system-access', '--no-remote', '--profile', profile],
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
  await command('Marionette:SetContext', { value: 'chrome' });
  await command('WebDriver:SetTimeouts', { script: SCRIPT_MILLIS });

  /** In Thunderbird's own, privileged scope. @param {string} body  of an async function @returns {Promise<any>} */
  async function chrome(body) {
    const script = asynchronous(body, '{ value: v ?? null }');
    const answer = await command('WebDriver:ExecuteAsyncScript', { script, args: [], sandbox: 'system' });
    if (answer.failed !== undefined) throw new Error(`${answer.failed}\n${answer.stack}`);
    return answer.value;
  }

  /** @param {string} browser  an expression for the browser element, `p` is the add-on's policy @param {string} body */
  async function within(browser, body) {
    const inner = asynchronous(body, '{ value: JSON.stringify(v ?? null) }');
    const answer = await chrome(`const p = WebExtensionPolicy.getByID(${JSON.stringify(ADDON)}); const b = ${browser};
      if (!b) throw new Error('no such page');
      return b.browsingContext.currentWindowGlobal.getActor('MarionetteCommands').executeScript(${JSON.stringify(inner)}, [], { async: true, timeout: 60000 });`);
    const said = answer?.value ?? answer;
    const found = said?.data ?? said;
    if (found?.failed !== undefined) throw new Error(`${found.failed}\n${found.stack}`);
    return JSON.parse(typeof found === 'string' ? found : found.value);
  }

  return {
    profile,
    pid: child.pid,
    log: () => log,
    command,
    chrome,
    /** In the add-on's background page, once it runs: just started, Thunderbird has a window before. @param {string} body */
    background: (body) => within(BACKGROUND, body),
    /** In an open page of the add-on whose URL contains `part`. @param {string} part @param {string} body */
    page: (part, body) =>
      within(
        `[...Services.wm.getEnumerator(null)].flatMap((w) => [...w.document.querySelectorAll('browser')]).find((each) => each.currentURI?.spec.startsWith('moz-extension://' + p.mozExtensionHostname) && each.currentURI.spec.includes(${JSON.stringify(part)}))`,
        body,
      ),
    /** @param {string} path */
    install: (path) => command('Addon:Install', { path, temporary: false }),
    warnings: () => chrome(`return WebExtensionPolicy.getByID(${JSON.stringify(ADDON)}).extension.warnings`),
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
