// The body in which candidates travel after their offer or answer: application/trickle-ice-sdpfrag, RFC 8840, section 9.
import { decode, encode } from '../bytes.js';
import { need } from '../errors.js';

export const FRAGMENT = 'application/trickle-ice-sdpfrag';
export const MAX_FRAGMENT_BYTES = 16_384;
/** Of one generation: a browser with four networks and two relays over UDP and TCP has about thirty. */
export const MAX_CANDIDATES = 64;
const MAX_LINE = 512;
const MAX_LINES = 128;

/** RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type, extensions. */
const CANDIDATE =
  /^candidate:[A-Za-z0-9+/]{1,32} \d{1,5} [A-Za-z]{1,8} \d{1,10} [A-Za-z0-9.:%-]{1,255} \d{1,5} typ [a-z]{1,16}(?: [!-~]+ [!-~]+)*$/;
/** RFC 8839, section 5.4. */
const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const PWD = /^[A-Za-z0-9+/]{22,256}$/;
/** A token. */
const MID = /^[!#-'*+\-.0-9A-Z^-~]{1,32}$/;

/**
 * One generation of candidates: the user name fragment says which.
 * @typedef {{ufrag: string, pwd: string, mid: string, candidates: string[], end: boolean}} Fragment  candidates without `a=`; mid: of the media that they are for; end: no more will come
 */

/**
 * What an offer or answer says of ICE; of several media only the first, for calls have one.
 * @param {string} sdp
 * @returns {Fragment}
 */
export function iceOf(sdp) {
  const value = (/** @type {string} */ name) => new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1].trim() ?? '';
  return {
    ufrag: value('ice-ufrag'),
    pwd: value('ice-pwd'),
    mid: value('mid') || '0',
    candidates: [...sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)].map(([, line]) => line),
    end: /^a=end-of-candidates/m.test(sdp),
  };
}

/** @param {Fragment} fragment @returns {Uint8Array<ArrayBuffer>} */
export const writeFragment = ({ ufrag, pwd, mid, candidates, end }) =>
  encode(
    [
      `a=ice-pwd:${pwd}`,
      `a=ice-ufrag:${ufrag}`,
      // RFC 8840, section 9.2: a pseudo m-line; what follows it is told by the mid.
      'm=audio 9 RTP/AVP 0',
      `a=mid:${mid}`,
      ...candidates.map((candidate) => `a=${candidate}`),
      ...(end ? ['a=end-of-candidates'] : []),
      '',
    ].join('\r\n'),
  );

/**
 * Reads what somebody sends. Attributes that are not known are passed over; of several media only the first counts.
 * @param {Uint8Array} bytes
 * @returns {Fragment} throws a StarlingError `bad-message`
 */
export function readFragment(bytes) {
  need(bytes.length <= MAX_FRAGMENT_BYTES, 'bad-message', 'too long');
  const lines = textOf(bytes).split(/\r?\n/).slice(0, -1);
  need(lines.length <= MAX_LINES, 'bad-message', 'too many lines');
  const found = { ufrag: '', pwd: '', mid: '', candidates: /** @type {string[]} */ ([]), end: false };
  let media = 0;
  for (const line of lines) {
    need(line.length <= MAX_LINE && /^[a-z]=/.test(line), 'bad-message', 'line');
    if (line.startsWith('m=')) media++;
    if (media <= 1 && line.startsWith('a=')) take(found, line.slice(2));
  }
  // RFC 8840, section 9.2: both are mandatory, they tell the generation.
  need(UFRAG.test(found.ufrag) && PWD.test(found.pwd), 'bad-message', 'no ICE user name and password');
  need(found.mid !== '' || !found.candidates.length, 'bad-message', 'no mid');
  return found;
}

/** @param {Fragment} found @param {string} attribute */
function take(found, attribute) {
  const [name, ...rest] = attribute.split(':');
  const value = rest.join(':').trim();
  if (name === 'candidate') {
    need(CANDIDATE.test(attribute) && isPort(attribute.split(' ')[5]), 'bad-message', 'candidate');
    need(found.candidates.length < MAX_CANDIDATES, 'bad-message', 'too many candidates');
    found.candidates.push(attribute);
  }
  if (name === 'ice-ufrag') found.ufrag = value;
  if (name === 'ice-pwd') found.pwd = value;
  if (name === 'end-of-candidates') found.end = true;
  if (name === 'mid') {
    need(MID.test(value), 'bad-message', 'mid');
    found.mid = value;
  }
}

/** @param {string} text */
const isPort = (text) => Number(text) <= 65_535;

/** @param {Uint8Array} bytes */
function textOf(bytes) {
  try {
    return decode(bytes);
  } catch {
    return (need(false, 'bad-message', 'no UTF-8'), '');
  }
}
