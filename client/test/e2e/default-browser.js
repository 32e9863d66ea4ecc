// The browser of a person's computer, as Thunderbird finds it: a desktop file and a choice in the home (freedesktop.org), behind which a browser that runs opens a tab.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { profile } from './browser.js';
import { firefox } from './firefox.js';
import { freePort } from './ports.js';

/** A Chromium. Before anything else is loaded in it. @param {string} home @param {string[]} args  of Chromium @param {() => void} first  runs in each page before its own code */
export async function defaultBrowser(home, args, first) {
  const port = await freePort();
  const browser = await profile({
    args: [...args, `--remote-debugging-port=${port}`, '--remote-debugging-address=127.0.0.1'],
  });
  await browser.context.addInitScript(first);
  return { ...browser, opened: await choose(home, port) };
}

/** A Firefox, which takes a link as from any other program. @param {string} home @param {Parameters<typeof firefox>[0]} how */
export async function defaultFirefox(home, how) {
  const browser = await firefox(how);
  const door = createServer((request, response) => {
    const url = JSON.stringify(decodeURIComponent(request.url?.split('?')[1] ?? ''));
    const opens = browser.chrome(`
      const { browserDOMWindow } = Services.wm.getMostRecentWindow('navigator:browser');
      const { OPEN_NEWTAB, OPEN_EXTERNAL } = Ci.nsIBrowserDOMWindow;
      const system = Services.scriptSecurityManager.getSystemPrincipal();
      browserDOMWindow.openURI(Services.io.newURI(${url}), null, OPEN_NEWTAB, OPEN_EXTERNAL, system);`);
    void opens.finally(() => response.end()).catch(() => {});
  });
  const port = await freePort();
  await new Promise((resolve) => door.listen(port, '127.0.0.1', () => resolve(undefined)));
  await choose(home, port);
  const close = () => (door.close(), browser.close());
  return { ...browser, close };
}

/** @param {string} home @param {number} port  where a PUT opens a tab */
async function choose(home, port) {
  const applications = join(home, '.local', 'share', 'applications');
  await mkdir(applications, { recursive: true });
  await mkdir(join(home, '.config'), { recursive: true });
  const script = join(home, 'browse');
  const open = `await fetch("http://127.0.0.1:${port}/json/new?" + encodeURIComponent(process.argv[1]), { method: "PUT" })`;
  // What it was asked to open is kept, for whoever wants to open it again.
  await writeFile(
    script,
    `#!/bin/sh\necho "$1" >>'${join(home, 'opened')}'\nexec '${process.execPath}' --input-type=module -e '${open}' "$1"\n`,
  );
  await chmod(script, 0o755);
  const schemes = ['x-scheme-handler/http', 'x-scheme-handler/https'];
  const entry = `Type=Application\nName=Browser of the test\nExec=${script} %u\nMimeType=${schemes.join(';')};`;
  await writeFile(join(applications, 'browser-of-the-test.desktop'), `[Desktop Entry]\n${entry}\n`);
  const chosen = schemes.map((each) => `${each}=browser-of-the-test.desktop`).join('\n');
  await writeFile(join(home, '.config', 'mimeapps.list'), `[Default Applications]\n${chosen}\n`);
  const opened = async () => (await readFile(join(home, 'opened'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return opened;
}
