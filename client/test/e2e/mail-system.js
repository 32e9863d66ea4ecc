// Postfix, Dovecot, OpenDKIM and dnsmasq of example.net, as the Java tests run them: see MailSystem.java.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START =
  '. .ci/jdk; exec "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -cp "target/test-classes:target/classes:target/lib/*" dev.starling.interop.MailSystem "$@"';

export const PASSWORD = 'correct horse';

/** @param {string[]} users */
export async function mailSystem(users) {
  const child = spawn('bash', ['-c', START, 'mail', ...users], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  /** @type {Record<string, string>} */
  const said = {};
  let hear = (_line) => {};
  lines.on('line', (line) => hear(line));
  const until = (wanted, each = (_line) => {}) =>
    new Promise((resolve, reject) => {
      child.on('exit', (code) => reject(new Error(`the mail system ended with ${code}`)));
      hear = (line) => (line === wanted ? resolve(undefined) : each(line));
    });
  await until('', (line) => {
    const at = line.indexOf('=');
    said[line.slice(0, at)] = line.slice(at + 1);
  });
  return {
    /** @param {string} name  mx, signed, imap, dns, ca … */
    port: (name) => Number(said[name]),
    folder: said.folder,
    /** @param {string} record  name, a blank, text */
    async start(record) {
      const ready = until('ready');
      child.stdin.write(`${record}\n`);
      await ready;
    },
    /** The newest code in somebody's mailbox; '' when none is there yet. @param {string} user */
    async code(user) {
      const folder = join(said.folder, 'mail', user, 'new');
      const names = (await readdir(folder).catch(() => [])).sort();
      for (const name of names.reverse()) {
        const code = /^Subject: ACME: (\S+)/m.exec(await readFile(join(folder, name), 'utf8'))?.[1];
        if (code) return code;
      }
      return '';
    },
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}
