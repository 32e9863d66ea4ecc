// The gateway between phones and browsers without SIP around it, a phone that speaks plain RTP, and what a tone is worth when it arrives.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START =
  '. .ci/jdk; exec "$JAVA_HOME/bin/java" -cp "${STARLING_CLASSES:-target/starling.jar:target/lib/*}" client/test/e2e/Gateway.java';

/** A process with one bridge in it; `ask` sends a line and gives the words of the answer. */
export async function gateway() {
  const child = spawn('bash', ['-c', START], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  const ends = [];
  const exit = new Promise((resolve) => child.on('exit', resolve));
  const ready = new Promise((resolve, reject) => {
    waiting.push(resolve);
    child.on('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('end ')) ends.push(line.slice(4));
    else waiting.shift()?.(line);
  });
  await ready;
  return {
    ends,
    /** @param {string} word @param {string} [sdp] @returns {Promise<string[]>} after `ok`; descriptions are still in base64 */
    async ask(word, sdp = '') {
      const answer = new Promise((resolve) => waiting.push(resolve));
      child.stdin.write(`${word} ${Buffer.from(sdp).toString('base64')}`.trimEnd() + '\n');
      const [state, ...words] = (await answer).split(' ');
      if (state !== 'ok') throw new Error(words.join(' '));
      return words;
    },
    async close() {
      child.stdin.end();
      await exit;
    },
  };
}

/** @param {string} word  in base64 */
export const decoded = (word) => Buffer.from(word, 'base64').toString('utf8');

/** ITU-T G.711, mu-law. @param {number} sample  -32768 to 32767 */
function encoded(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 255;
}

/** @param {number} byte */
function linear(byte) {
  const value = ~byte & 255;
  const magnitude = ((((value & 15) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return value & 0x80 ? -magnitude : magnitude;
}

/** A phone: it sends a tone of 440 Hz and keeps what it hears. */
export async function phone() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = socket.address();
  const heard = [];
  const events = [];
  let sequence = 0xfff0;
  let time = 0xffff_ff00;
  let timer;
  let to = 0;
  socket.on('message', (packet) => {
    if (packet.length < 12 || packet[0] >> 6 !== 2) return;
    const type = packet[1] & 127;
    const at = { sequence: packet.readUInt16BE(2), time: packet.readUInt32BE(4), ssrc: packet.readUInt32BE(8) };
    if (type === 0) heard.push({ ...at, samples: Array.from(packet.subarray(12), linear) });
    else if (type === 101) events.push({ ...at, event: packet[12], isEnd: (packet[13] & 0x80) !== 0 });
  });
  function send(type, payload, marker = false, lasts = 160) {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = type | (marker ? 0x80 : 0);
    header.writeUInt16BE(sequence++ & 0xffff, 2);
    header.writeUInt32BE(time >>> 0, 4);
    header.writeUInt32BE(0x12345678, 8);
    time = (time + lasts) >>> 0;
    socket.send(Buffer.concat([header, payload]), to, '127.0.0.1');
  }
  return {
    port,
    heard,
    events,
    /** @param {string} [direction] @param {number} [version] */
    describe: (direction = 'sendrecv', version = 1) =>
      [
        'v=0',
        `o=phone 7 ${version} IN IP4 127.0.0.1`,
        's=call',
        'c=IN IP4 127.0.0.1',
        't=0 0',
        `m=audio ${port} RTP/AVP 0 8 101`,
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        `a=${direction}`,
        '',
      ].join('\r\n'),
    /** Begins to send there. @param {string} sdp */
    talk(sdp) {
      to = Number(/m=audio (\d+) /.exec(sdp)?.[1]);
      const start = performance.now();
      let sent = 0;
      const burst = () => {
        for (; sent < (performance.now() - start) / 20; sent++) {
          const frame = Buffer.alloc(160);
          for (let i = 0; i < 160; i++)
            frame[i] = encoded(Math.round(10_000 * Math.sin((2 * Math.PI * 440 * (sent * 160 + i)) / 8000)));
          send(0, frame, sent === 0);
        }
      };
      timer ??= setInterval(burst, 10);
    },
    /** RFC 4733. @param {number} digit */
    press(digit) {
      for (const end of [0, 0, 0x80]) send(101, Buffer.from([digit, end | 10, 1, 0x90]), end === 0, 0);
      time = (time + 160) >>> 0;
    },
    close() {
      clearInterval(timer);
      socket.close();
    },
  };
}

/**
 * How much louder a tone is than everything else, in dB: the median of blocks of half a second, each with the frequency near 440 Hz that fits best.
 * @param {number[]} samples @param {number} rate
 */
export function toneSnr(samples, rate) {
  const size = rate / 2;
  const values = [];
  for (let at = 0; at + size <= samples.length; at += size) {
    const block = samples.slice(at, at + size);
    let best = -Infinity;
    for (let f = 438; f <= 442; f += 0.1) best = Math.max(best, fit(block, f / rate));
    values.push(best);
  }
  values.sort((a, b) => a - b);
  return values[values.length >> 1] ?? -Infinity;
}

/** Least squares by one sine: its power over that of the rest. @param {number[]} block @param {number} frequency  of the rate */
function fit(block, frequency) {
  let [ss, sc, cc, xs, xc, xx] = [0, 0, 0, 0, 0, 0];
  block.forEach((x, i) => {
    const s = Math.sin(2 * Math.PI * frequency * i);
    const c = Math.cos(2 * Math.PI * frequency * i);
    ss += s * s;
    sc += s * c;
    cc += c * c;
    xs += x * s;
    xc += x * c;
    xx += x * x;
  });
  const det = ss * cc - sc * sc;
  const a = (xs * cc - xc * sc) / det;
  const b = (xc * ss - xs * sc) / det;
  const tone = a * xs + b * xc;
  return xx === 0 ? -Infinity : 10 * Math.log10(tone / Math.max(xx - tone, 1e-9));
}
