// SIP messages (RFC 3261, section 7) over WebSocket: strict, bounded, binary bodies.
import { concat, encode, hex, latin, random } from '../bytes.js';
import { need } from '../errors.js';

const MAX_BYTES = 65_535;
const MAX_LINES = 128;
const MAX_LINE = 20_000;
// The same as the server's: vectors/sip-torture.json.
const ONCE = [
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'content-length',
  'content-type',
  'expires',
  'event',
  'identity',
  'subscription-state',
  'sip-if-match',
  'starling-token',
  'starling-signature',
];
/** @type {Record<string, string>} */
const COMPACT = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};
const NOTHING = new Uint8Array(0);

/** @typedef {{method: string, uri: string, status: number, reason: string, headers: [string, string][], body: Uint8Array<ArrayBuffer>}} Message  status 0: a request; header names in lower case */

/** @param {Uint8Array} bytes @returns {Message} */
export function parseMessage(bytes) {
  need(bytes.length <= MAX_BYTES, 'bad-message', 'too long');
  const end = bodyStart(bytes);
  const text = latin(bytes.subarray(0, end));
  const lines = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  need(lines.length - 2 <= MAX_LINES, 'bad-message', 'too many lines');
  const headers = lines.slice(1, -2).map((line) => {
    // Nothing that looks back: a line of blanks must cost no more than its length.
    const match = line.length <= MAX_LINE ? /^([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*:([^\0\r\n]*)$/.exec(line) : null;
    need(!!match, 'bad-message', 'header line');
    const name = match[1].toLowerCase();
    return /** @type {[string, string]} */ ([COMPACT[name] ?? name, match[2].trim()]);
  });
  const response = /^SIP\/2\.0 ([1-6]\d\d) (.*)$/.exec(lines[0]);
  const request = /^([A-Z]{1,20}) (\S{1,2048}) SIP\/2\.0$/.exec(lines[0]);
  need(!!(response || request), 'bad-message', 'start line');
  const message = {
    method: request?.[1] ?? '',
    uri: request?.[2] ?? '',
    status: Number(response?.[1] ?? 0),
    reason: response?.[2] ?? '',
    headers,
    body: new Uint8Array(bytes.subarray(end)),
  };
  for (const name of ['via', 'from', 'to', 'call-id', 'cseq'])
    need(first(message, name) !== '', 'bad-message', `no ${name}`);
  // What a server and we could read differently is read by nobody.
  for (const name of ONCE) need(all(message, name).length <= 1, 'bad-message', `two of ${name}`);
  const cseq = first(message, 'cseq');
  need(/^\d{1,10} [A-Z]{1,20}$/.test(cseq) && Number(cseq.split(' ')[0]) < 2 ** 31, 'bad-message', 'cseq');
  need(!request || cseq.split(' ')[1] === message.method, 'bad-message', 'cseq of another method');
  const length = first(message, 'content-length');
  need(
    length === '' || (/^\d{1,6}$/.test(length) && Number(length) === message.body.length),
    'bad-message',
    'content-length',
  );
  if (response) message.method = first(message, 'cseq').split(' ')[1];
  return message;
}

/** @param {Uint8Array} bytes */
function bodyStart(bytes) {
  for (let i = 0; i + 3 < bytes.length; i++)
    if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i + 4;
  need(false, 'bad-message', 'no end of the header');
  return 0;
}

/** @param {Message} message @returns {Uint8Array<ArrayBuffer>} */
export function writeMessage(message) {
  const start = message.status
    ? `SIP/2.0 ${message.status} ${message.reason}`
    : `${message.method} ${message.uri} SIP/2.0`;
  const lines = message.headers
    .filter(([name]) => name.toLowerCase() !== 'content-length')
    .map(([name, value]) => `${long(name)}: ${value}`);
  for (const line of [start, ...lines]) need(!/[\r\n\0]/.test(line), 'bad-message', 'line break in a header');
  return concat(
    encode(`${[start, ...lines, `Content-Length: ${message.body.length}`].join('\r\n')}\r\n\r\n`),
    message.body,
  );
}

/** @param {string} name */
const long = (name) =>
  name
    .replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase())
    .replace('Call-Id', 'Call-ID')
    .replace('Cseq', 'CSeq')
    .replace('Sip-Etag', 'SIP-ETag');

/** @param {Message} message @param {string} name lower case */
export const first = (message, name) => message.headers.find(([each]) => each === name)?.[1] ?? '';
/** @param {Message} message @param {string} name @returns {string[]} */
export const all = (message, name) => message.headers.filter(([each]) => each === name).map(([, value]) => value);

/** Elements of a comma-separated header. @param {Message} message @param {string} name @returns {string[]} */
export const elements = (message, name) =>
  all(message, name)
    .flatMap((value) => value.match(/(?:<[^>]*>|"(?:[^"\\]|\\.)*"|[^,])+/g) ?? [])
    .map((each) => each.trim());

/** @param {string} value @param {string} name @returns {string} a header parameter, '' when absent */
export function parameter(value, name) {
  const outside = value.includes('>')
    ? value.slice(value.indexOf('>') + 1)
    : value.slice(value.indexOf(';') < 0 ? value.length : value.indexOf(';'));
  return (
    new RegExp(`;[ \\t]*${name.replace(/[+.]/g, '\\$&')}[ \\t]*=[ \\t]*("([^"]*)"|[^;, \\t]*)`, 'i')
      .exec(outside)
      ?.slice(1)
      .reduce((a, b) => b ?? a) ?? ''
  );
}

/** @param {string} value @returns {string} the URI of a name-addr */
export const uriOf = (value) => /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0].trim();

/**
 * @param {string} method
 * @param {string} uri
 * @param {[string, string][]} headers
 * @param {string} [type]
 * @param {Uint8Array} [body]
 * @returns {Message}
 */
export const request = (method, uri, headers, type = '', body = NOTHING) => ({
  method,
  uri,
  status: 0,
  reason: '',
  headers: type ? [...headers, ['content-type', type]] : headers,
  body: new Uint8Array(body),
});

/**
 * RFC 3261, section 8.2.6.
 * @param {Message} to
 * @param {number} status
 * @param {string} reason
 * @param {[string, string][]} [more]
 * @param {string} [tag]
 * @param {string} [type]
 * @param {Uint8Array} [body]
 * @returns {Message}
 */
export function response(to, status, reason, more = [], tag = '', type = '', body = NOTHING) {
  const tagged = parameter(first(to, 'to'), 'tag') !== '' || status === 100;
  /** @type {[string, string][]} */
  const headers = [
    ...all(to, 'via').map((via) => /** @type {[string, string]} */ (['via', via])),
    ['from', first(to, 'from')],
    ['to', tagged ? first(to, 'to') : `${first(to, 'to')};tag=${tag || hex(random(8))}`],
    ['call-id', first(to, 'call-id')],
    ['cseq', first(to, 'cseq')],
    ...more,
  ];
  return {
    method: to.method,
    uri: '',
    status,
    reason,
    headers: type ? [...headers, ['content-type', type]] : headers,
    body: new Uint8Array(body),
  };
}

/** @param {Message} message */
export const hasSdp = (message) =>
  message.body.length > 0 && first(message, 'content-type').split(';')[0].trim().toLowerCase() === 'application/sdp';
