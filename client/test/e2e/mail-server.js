// An SMTP server of a few lines for the CA under test: takes, refuses or hangs as it is told, and keeps what it took.
import { createServer } from 'node:net';

/** @returns {Promise<{port: number, mails: {to: string, code: string}[], reply: Record<string, string>, arrived: (count: number) => Promise<void>, asked: Promise<void>, close: () => Promise<void>}>} `reply` by command; '' answers nothing */
export async function mailServer() {
  const mails = [];
  /** @type {Record<string, string>} */
  const reply = {};
  const sockets = new Set();
  let told = () => {};
  let tellAsked = () => {};
  const asked = new Promise((resolve) => (tellAsked = resolve));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let input = '';
    let to = '';
    let data = false;
    const say = (command, text) => {
      const line = reply[command] ?? text;
      if (line) socket.write(`${line}\r\n`);
    };
    socket.on('data', (piece) => {
      input += piece;
      for (;;) {
        const end = data ? input.indexOf('\r\n.\r\n') : input.indexOf('\r\n');
        if (end < 0) return;
        const text = input.slice(0, end);
        input = input.slice(end + (data ? 5 : 2));
        if (data) {
          data = false;
          tellAsked();
          if (!('END' in reply)) {
            mails.push({ to, code: /^Subject: ACME: (\S+)/m.exec(text)?.[1] ?? '' });
            told();
          }
          say('END', '250 taken');
        } else if (/^DATA/i.test(text)) {
          data = true;
          say('DATA', '354 go on');
        } else if (/^RCPT/i.test(text)) {
          to = /<(.*)>/.exec(text)?.[1] ?? '';
          say('RCPT', '250 ok');
        } else if (/^QUIT/i.test(text)) {
          say('QUIT', '221 bye');
        } else say(text.slice(0, 4).toUpperCase(), '250 ok');
      }
    });
    say('HELLO', '220 mail.example');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    mails,
    reply,
    asked,
    async arrived(count) {
      while (mails.length < count) await new Promise((resolve) => (told = resolve));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
