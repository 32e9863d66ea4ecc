// Postfix, Dovecot, OpenDKIM and dnsmasq of example.net, as the Java tests run them: see MailSystem.java.
import { spawn } from 'node:child_process';
import { readdir, readFile, rename } from 'node:fs/promises';
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
  /** The newest first. @param {string} user */
  async function unseen(user) {
    const folder = join(said.folder, 'mail', user, 'new');
    const names = (await readdir(folder).catch(() => [])).sort().reverse();
    return Promise.all(
      names.map(async (name) => ({ path: join(folder, name), text: await readFile(join(folder, name), 'utf8') })),
    );
  }

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
      for (const { text } of await unseen(user)) {
        const code = /^Subject: ACME: (\S+)/m.exec(text)?.[1];
        if (code) return code;
      }
      return '';
    },
    /** Takes the newest mail out of somebody's mailbox before they have seen it; `back` puts it there. @param {string} user */
    async hold(user) {
      const [{ text, path }] = await unseen(user);
      const away = join(said.folder, `held-${user}`);
      await rename(path, away);
      return { text, back: () => rename(away, path) };
    },
    /** As another provider hands it in (RFC 5321). @param {string} from @param {string} to @param {string} subject */
    async deliver(from, to, subject) {
      const date = new Date().toUTCString().replace('GMT', '+0000');
      const mail = `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\nDate: ${date}\r\n\r\nHello.\r\n`;
      await handIn(Number(said.mx), from, to, [mail]);
    },
    /** Whole mails, as they are. @param {string} from  of the envelope @param {string} to @param {string[]} mails */
    deliverAll: (from, to, mails) => handIn(Number(said.mx), from, to, mails),
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}

/** @param {number} port @param {string} from @param {string} to @param {string[]} mails  lines end in CRLF */
async function handIn(port, from, to, mails) {
  const socket = connect(port, '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const heard = async (code) => {
    for (;;) {
      const { value = '' } = await lines.next();
      if (!value.startsWith(code)) throw new Error(`Postfix says ${value}`);
      if (value[3] === ' ') return;
    }
  };
  const say = async (line, code) => (socket.write(`${line}\r\n`), heard(code));
  await heard('220');
  await say('EHLO there', '250');
  for (const mail of mails) {
    await say(`MAIL FROM:<${from}>`, '250');
    await say(`RCPT TO:<${to}>`, '250');
    await say('DATA', '354');
    await say(`${mail.replace(/^\./gm, '..')}.`, '250');
  }
  await say('QUIT', '221');
  socket.end();
}
