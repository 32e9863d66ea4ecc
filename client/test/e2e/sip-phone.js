// An ordinary SIP phone, as simple as they come: UDP, digest, G.711 that is a tone, and what it hears. RFC 3261, RFC 7616, RFC 3551.
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

const RATE = 8000;
const SAMPLES = 160;
const T1_MILLIS = 500;

const hash = (algorithm, text) => createHash(algorithm).update(text).digest('hex');
const random = () => randomBytes(6).toString('hex');

/** G.711 µ-law of 16-bit samples, and back. */
export function encode(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 255;
}
export function decode(byte) {
  const value = ~byte & 255;
  const magnitude = (((value & 15) << 3) + 132) << ((value >> 4) & 7);
  return value & 0x80 ? 132 - magnitude : magnitude - 132;
}

/** @param {string} text */
function parse(text) {
  const [head, body = ''] = text.split(/\r\n\r\n([^]*)/);
  const [start, ...lines] = head.split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const all = (name) => headers.filter(([n]) => n === name).map(([, value]) => value);
  return {
    start,
    status: Number(/^SIP\/2\.0 (\d+)/.exec(start)?.[1] ?? 0),
    method: start.split(' ')[0],
    all,
    get: (name) => all(name)[0] ?? '',
    body,
  };
}

/**
 * @param {{port: number, user: string, password: string, algorithm?: 'MD5'|'SHA-256', hertz?: number, answers?: boolean|'busy', domain?: string, name?: string}} how
 *   port: of the server; domain: of the phone's own address and of whom it calls, where the server is not that itself; name: shown to others
 */
export async function sipPhone({
  port,
  user,
  password,
  algorithm = 'MD5',
  hertz = 440,
  answers = true,
  domain = '',
  name = '',
}) {
  const sip = createSocket('udp4');
  const rtp = createSocket('udp4');
  for (const socket of [sip, rtp]) await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const here = `127.0.0.1:${sip.address().port}`;
  const server = `127.0.0.1:${port}`;
  const own = `sip:${user}@${domain || server}`;
  const from = (tag) => `${name ? `"${name}" ` : ''}<${own}>;tag=${tag}`;
  const state = {
    ringing: 0,
    texts: /** @type {string[]} */ ([]),
    heard: /** @type {number[]} */ ([]),
    ended: 0,
    from: '',
    /** What the other side offered last within a call. */
    direction: '',
    status: 0,
  };
  const waiting = new Map();
  /** @type {any} */
  let dialog = null;
  /** The INVITE that was sent last. @type {any} */
  let ringing = null;
  let tone = null;

  const send = (text) => sip.send(Buffer.from(text), port, '127.0.0.1');
  const message = (start, headers, body = '') =>
    [
      start,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');

  /** Sends a request, proves the account when asked, gives the final answer. */
  async function ask(
    method,
    uri,
    {
      headers = [],
      body = '',
      to = `<${uri}>`,
      callId = random(),
      tag = random(),
      cseq = 1,
      provisional = () => {},
    } = {},
  ) {
    const once = (number, more) =>
      new Promise((resolve, reject) => {
        const branch = `z9hG4bK${random()}`;
        if (method === 'INVITE') ringing = { uri, branch, from: from(tag), to, callId, cseq: number };
        const text = message(
          `${method} ${uri} SIP/2.0`,
          [
            ['Via', `SIP/2.0/UDP ${here};branch=${branch};rport`],
            ['Max-Forwards', '70'],
            ['From', from(tag)],
            ['To', to],
            ['Call-ID', callId],
            ['CSeq', `${number} ${method}`],
            ['Contact', `<sip:${user}@${here}>`],
            ...headers,
            ...more,
          ],
          body,
        );
        let pause = T1_MILLIS;
        let timer = setTimeout(function again() {
          send(text);
          pause = Math.min(4000, pause * 2);
          timer = setTimeout(again, pause);
        }, pause);
        const giveUp = setTimeout(() => {
          clearTimeout(timer);
          reject(new Error(`${method}: no answer`));
        }, 60_000);
        // A CANCEL has the branch of its INVITE.
        const transaction = `${branch} ${method}`;
        waiting.set(transaction, (answer) => {
          clearTimeout(timer);
          if (answer.status < 200) return provisional(answer);
          clearTimeout(giveUp);
          waiting.delete(transaction);
          if (method === 'INVITE' && answer.status >= 300)
            send(
              message(`ACK ${uri} SIP/2.0`, [
                ['Via', `SIP/2.0/UDP ${here};branch=${branch};rport`],
                ['Max-Forwards', '70'],
                ['From', from(tag)],
                ['To', answer.get('to')],
                ['Call-ID', callId],
                ['CSeq', `${number} ACK`],
              ]),
            );
          resolve(answer);
        });
        send(text);
      });
    const first = await once(cseq, []);
    if (![401, 407].includes(first.status)) return { ...first, callId, tag };
    const name = first.status === 401 ? 'www-authenticate' : 'proxy-authenticate';
    const challenge = first.all(name).find((each) => (/algorithm=([\w-]+)/.exec(each)?.[1] ?? 'MD5') === algorithm);
    const value = (key) => new RegExp(`\\b${key}="([^"]*)"`).exec(challenge)?.[1] ?? '';
    const h = (text) => hash(algorithm === 'MD5' ? 'md5' : 'sha256', text);
    const cnonce = random();
    const proof = h(
      [
        h(`${user}:${value('realm')}:${password}`),
        value('nonce'),
        '00000001',
        cnonce,
        'auth',
        h(`${method}:${uri}`),
      ].join(':'),
    );
    const credentials = `Digest username="${user}", realm="${value('realm')}", nonce="${value('nonce')}", uri="${uri}", response="${proof}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="${cnonce}"${value('opaque') ? `, opaque="${value('opaque')}"` : ''}`;
    const second = await once(cseq + 1, [
      [first.status === 401 ? 'Authorization' : 'Proxy-Authorization', credentials],
    ]);
    return { ...second, callId, tag };
  }

  const sdp = (direction = 'sendrecv') =>
    [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${rtp.address().port} RTP/AVP 0 101`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
      '',
    ].join('\r\n');

  function talk(theirs) {
    const place = { port: Number(/^m=audio (\d+)/m.exec(theirs)?.[1]), host: /^c=IN IP4 (\S+)/m.exec(theirs)?.[1] };
    let sequence = 0;
    clearInterval(tone);
    tone = setInterval(() => {
      const packet = Buffer.alloc(12 + SAMPLES);
      packet[0] = 0x80;
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE((sequence * SAMPLES) >>> 0, 4);
      packet.writeUInt32BE(4711, 8);
      for (let i = 0; i < SAMPLES; i++)
        packet[12 + i] = encode(Math.round(8000 * Math.sin((2 * Math.PI * hertz * (sequence * SAMPLES + i)) / RATE)));
      rtp.send(packet, place.port, place.host);
      sequence++;
    }, 20);
  }
  rtp.on('message', (packet) => {
    if (packet.length > 12 && (packet[1] & 127) === 0)
      for (const byte of packet.subarray(12)) state.heard.push(decode(byte));
  });

  const answer = (to, status, reason, tag, more = [], body = '') =>
    send(
      message(
        `SIP/2.0 ${status} ${reason}`,
        [
          ...to.all('via').map((v) => ['Via', v]),
          ...to.all('record-route').map((v) => ['Record-Route', v]),
          ['From', to.get('from')],
          ['To', to.get('to').includes('tag=') ? to.get('to') : `${to.get('to')};tag=${tag}`],
          ['Call-ID', to.get('call-id')],
          ['CSeq', to.get('cseq')],
          ...more,
        ],
        body,
      ),
    );

  const answered = new Set();
  sip.on('message', (bytes) => {
    const said = parse(bytes.toString());
    const branch = /branch=([^;,\s]+)/.exec(said.get('via'))?.[1];
    if (said.status) return waiting.get(`${branch} ${said.get('cseq').split(' ')[1]}`)?.(said);
    const tag = dialog?.tag ?? random();
    if (said.method === 'INVITE') {
      if (answered.has(said.get('via'))) return;
      answered.add(said.get('via'));
      if (said.get('to').includes('tag=')) return answeredAgain(said);
      state.ringing++;
      state.from = said.get('from');
      // It has no keys for its sound.
      if (/^m=audio \d+ RTP\/SAVP/m.test(said.body)) return answer(said, 488, 'Not Acceptable Here', random());
      if (answers === 'busy') return answer(said, 486, 'Busy Here', random());
      dialog = {
        tag,
        invite: said,
        target: /<([^>]+)>/.exec(said.get('contact'))?.[1],
        to: said.get('from'),
        callId: said.get('call-id'),
        cseq: 1,
        routes: said.all('record-route').map((each) => ['Route', each]),
      };
      answer(said, 180, 'Ringing', tag);
      if (answers) pickUp();
    }
    if (said.method === 'MESSAGE') {
      if (!answered.has(said.get('via'))) state.texts.push(said.body);
      answered.add(said.get('via'));
      answer(said, 200, 'OK', tag);
    }
    if (said.method === 'OPTIONS') answer(said, 200, 'OK', tag);
    if (said.method === 'CANCEL') {
      answer(said, 200, 'OK', tag);
      if (dialog) answer(dialog.invite, 487, 'Request Terminated', dialog.tag);
      state.ended++;
      dialog = null;
    }
    if (said.method === 'BYE') {
      answer(said, 200, 'OK', tag);
      hungUp();
    }
  });
  function hungUp() {
    clearInterval(tone);
    dialog = null;
    state.ended++;
  }
  const described = [
    ['Contact', `<sip:${user}@${here}>`],
    ['Content-Type', 'application/sdp'],
  ];
  /** Holds along. */
  function answeredAgain(invite) {
    state.direction = /^a=(sendonly|recvonly|inactive|sendrecv)/m.exec(invite.body)?.[1] ?? '';
    answer(invite, 200, 'OK', '', described, sdp(state.direction === 'sendonly' ? 'recvonly' : 'sendrecv'));
  }
  function pickUp() {
    answer(dialog.invite, 200, 'OK', dialog.tag, described, sdp());
    talk(dialog.invite.body);
  }

  /** Of the last INVITE that was sent within the dialog, or made it. */
  function acknowledge() {
    send(
      message(`ACK ${dialog.target} SIP/2.0`, [
        ['Via', `SIP/2.0/UDP ${here};branch=z9hG4bK${random()};rport`],
        ...dialog.routes,
        ['Max-Forwards', '70'],
        ['From', from(dialog.tag)],
        ['To', dialog.to],
        ['Call-ID', dialog.callId],
        ['CSeq', `${dialog.cseq} ACK`],
      ]),
    );
  }

  return {
    state,
    pickUp,
    register: (expires = 600) =>
      ask('REGISTER', `sip:${domain || server}`, { to: `<${own}>`, headers: [['Expires', String(expires)]] }),
    /** @param {string} address */
    text: (address, body) => ask('MESSAGE', uriOf(address), { headers: [['Content-Type', 'text/plain']], body }),
    /** @param {string} address */
    async call(address) {
      const uri = uriOf(address);
      const said = await ask('INVITE', uri, {
        headers: [['Content-Type', 'application/sdp']],
        body: sdp(),
        provisional: (each) => (state.status = each.status),
      });
      state.status = said.status;
      if (said.status !== 200) return said;
      const target = /<([^>]+)>/.exec(said.get('contact'))[1];
      dialog = {
        target,
        to: said.get('to'),
        callId: said.callId,
        tag: said.tag,
        cseq: Number(said.get('cseq').split(' ')[0]),
        routes: said
          .all('record-route')
          .reverse()
          .map((each) => ['Route', each]),
      };
      acknowledge();
      talk(said.body);
      return said;
    },
    /** A new offer within the call, to hold it for example. @param {string} direction */
    async offer(direction) {
      dialog.cseq++;
      const { target, to, callId, tag, cseq, routes } = dialog;
      const headers = [...routes, ['Content-Type', 'application/sdp']];
      const said = await ask('INVITE', target, { to, callId, tag, cseq, headers, body: sdp(direction) });
      if (said.status === 200) acknowledge();
      return said;
    },
    /** RFC 3261, section 9.1. */
    cancel: () =>
      send(
        message(`CANCEL ${ringing.uri} SIP/2.0`, [
          ['Via', `SIP/2.0/UDP ${here};branch=${ringing.branch};rport`],
          ['Max-Forwards', '70'],
          ['From', ringing.from],
          ['To', ringing.to],
          ['Call-ID', ringing.callId],
          ['CSeq', `${ringing.cseq} CANCEL`],
        ]),
      ),
    async hangUp() {
      const { target, to, callId, tag, cseq, routes } = dialog;
      const said = await ask('BYE', target, { to, callId, tag, cseq: cseq + 1, headers: routes });
      hungUp();
      return said;
    },
    close() {
      clearInterval(tone);
      sip.close();
      rtp.close();
    },
  };

  /** @param {string} address */
  function uriOf(address) {
    return domain ? `sip:${address}` : `sip:${address.replace('@', '%40')}@${server}`;
  }
}
