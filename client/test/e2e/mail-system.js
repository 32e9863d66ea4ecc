// Postfix, Dovecot, OpenDKIM and dnsmasq of example.net, as the Java tests run them: see MailSystem.java.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
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
    /** As another provider hands it in (RFC 5321). @param {string} from @param {string} to @param {string} subject */
    async deliver(from, to, subject) {
      const socket = connect(Number(said.mx), '127.0.0.1');
      const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
      const heard = async (code) => {
        for (;;) {
          const { value = '' } = await lines.next();
          if (!value.startsWith(code)) throw new Error(`Postfix says ${value}`);
          if (value[3] === ' ') return;
        }
      };
      await heard('220');
      const date = new Date().toUTCString().replace('GMT', '+0000');
      const mail = `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\nDate: ${date}\r\n\r\nHello.\r\n.`;
      for (const [line, code] of [
        ['EHLO there', '250'],
        [`MAIL FROM:<${from}>`, '250'],
        [`RCPT TO:<${to}>`, '250'],
        ['DATA', '354'],
        [mail, '250'],
        ['QUIT', '221'],
      ]) {
        socket.write(`${line}\r\n`);
        await heard(code);
      }
      socket.end();
    },
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}
