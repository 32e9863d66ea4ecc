// Messages as an encrypted mail, which any S/MIME program opens and reads (RFC 8551): text signed by a device of the sender, encrypted for each device of the
// addressee. docs/protocols/letter.md. The mail is only a way: what counts is inside the signature, and is judged as what comes by any other way.
import { base64, decode, encode, hex, latin, random, unbase64 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { makeSigned, MAX_CMS, openSigned } from './cms.js';
import { envelop, MAX_ENVELOPE, openEnvelope } from './mail.js';

/** In one mail. */
export const MAX_TEXTS = 20;
/** Of all of them, in UTF-8: as long as one message may be. */
export const MAX_BYTES = 16 * 1024;
/** With base64 and a header. */
export const MAX_MAIL = Math.ceil((MAX_ENVELOPE * 78) / 57) + 8192;
const MAX_TIME = 2 ** 50;
const ENCRYPTED = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"';
const SIGNED = 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"';
const BASE64 = 'Content-Transfer-Encoding: base64';
const SIGNED_HEAD = `Content-Type: ${SIGNED}\r\n${BASE64}\r\n\r\n`;
const TEXT = `Content-Type: text/plain; charset=UTF-8\r\n${BASE64}`;

/** sent: Unix ms @typedef {{id: string, sent: number, text: string}} Text */

/** RFC 2045, section 6.8. @param {Uint8Array} bytes */
const lines = (bytes) => `${base64(bytes).replace(/.{76}(?=.)/g, '$&\r\n')}\r\n`;

/** @param {string} text  base64 in lines, of any kind @returns {Uint8Array<ArrayBuffer>} */
function unlines(text) {
  try {
    return unbase64(text.replace(/[\r\n]/g, ''));
  } catch {
    throw new StarlingError('malformed', {}, 'base64');
  }
}

/**
 * @param {import('../identity/passport.js').Signer} signer @param {Uint8Array[]} recipients  certificates of the addressee's devices, DER
 * @param {{from: string, to: string, subject: string, texts: Text[]}} what  subject: in ASCII @param {number} now Unix ms
 * @returns {Promise<Uint8Array<ArrayBuffer>>} a mail (RFC 5322)
 */
export async function writeLetter(signer, recipients, { from, to, subject, texts }, now) {
  const fields = [
    `From: ${from}`,
    `To: ${to}`,
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${hex(random(16))}@letters.starling.invalid>`,
    `Subject: ${subject}`,
    'MIME-Version: 1.0',
  ];
  const boundary = hex(random(16));
  const body = [
    ...fields,
    // RFC 9788: these are what they say outside, too.
    ...fields.slice(0, 5).map((field) => `HP-Outer: ${field}`),
    `Content-Type: multipart/mixed; boundary="${boundary}"; hp="cipher"`,
    '',
    ...texts.flatMap(({ id, sent, text }) => [
      `--${boundary}`,
      `Starling-Message: ${id} ${sent}`,
      TEXT,
      '',
      lines(encode(text)).slice(0, -2),
    ]),
    `--${boundary}--`,
    '',
  ].join('\r\n');
  // What we would not read, we do not write.
  readBody(body);
  const signed = await makeSigned(signer, encode(body), now);
  need(signed.length <= MAX_CMS, 'too-long');
  const sealed = await envelop(recipients, encode(SIGNED_HEAD + lines(signed)));
  const head = [
    ...fields,
    `Content-Type: ${ENCRYPTED}`,
    BASE64,
    'Content-Disposition: attachment; filename="smime.p7m"',
  ];
  return encode(`${head.join('\r\n')}\r\n\r\n${lines(sealed)}`);
}

/** What is signed, of just the form that we write. @param {string} body @returns {{from: string, to: string, texts: Text[]}} */
function readBody(body) {
  const end = body.indexOf('\r\n\r\n');
  const head = /** @type {Map<string, string>} */ (new Map());
  for (const line of body.slice(0, Math.max(0, end)).split('\r\n')) {
    const [, name, value] = /^([!-9;-~]{1,40}): ([ -~]{0,900})$/.exec(line) ?? [];
    need(!!name, 'malformed', 'a field of the header');
    if (name === 'HP-Outer') continue;
    need(!head.has(name), 'malformed', 'a field twice');
    head.set(name, value);
  }
  const boundary = /^multipart\/mixed; boundary="([0-9a-f]{32})"; hp="cipher"$/.exec(
    head.get('Content-Type') ?? '',
  )?.[1];
  need(!!boundary, 'malformed', 'content type');
  const rest = body.slice(end + 4);
  const close = `--${boundary}--\r\n`;
  need(rest.startsWith(`--${boundary}\r\n`) && rest.endsWith(close), 'malformed', 'parts');
  const parts = rest.slice(0, -close.length).split(`--${boundary}\r\n`).slice(1);
  need(parts.length >= 1 && parts.length <= MAX_TEXTS, 'malformed', 'how many');
  const texts = parts.map(readPart);
  need(new Set(texts.map(({ id }) => id)).size === texts.length, 'malformed', 'one twice');
  need(texts.reduce((sum, { text }) => sum + encode(text).length, 0) <= MAX_BYTES, 'too-long');
  return { from: head.get('From') ?? '', to: head.get('To') ?? '', texts };
}

/** @param {string} part @returns {Text} */
function readPart(part) {
  const [, id, sent, said] = /^Starling-Message: ([0-9a-f]{32}) (\d{1,16})\r\n([^]*)$/.exec(part) ?? [];
  need(!!id && Number(sent) <= MAX_TIME && said.startsWith(`${TEXT}\r\n\r\n`), 'malformed', 'a part');
  const encoded = said.slice(TEXT.length + 4);
  need(/^([A-Za-z0-9+/=]{1,76}\r\n)+$/.test(encoded), 'malformed', 'base64');
  return { id, sent: Number(sent), text: text(unlines(encoded)) };
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  try {
    return decode(bytes);
  } catch {
    throw new StarlingError('malformed', {}, 'not UTF-8');
  }
}

/** The encrypted part. What is outside may have been changed on the way: lines, fields that were added. @param {Uint8Array} mail @returns {Uint8Array<ArrayBuffer>} */
function envelopeOf(mail) {
  need(mail.length <= MAX_MAIL, 'too-long');
  const [, head, body] = /^([^]*?)\r?\n\r?\n([^]*)$/.exec(latin(mail)) ?? [];
  need(head !== undefined, 'malformed', 'no header');
  const fields = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const once = (/** @type {string} */ name) => {
    const found = fields.filter((field) => field.slice(0, name.length + 1).toLowerCase() === `${name}:`);
    return found.length === 1
      ? found[0]
          .slice(name.length + 1)
          .trim()
          .toLowerCase()
      : '';
  };
  need(
    /^application\/pkcs7-mime\s*;(.*;)?\s*smime-type="?enveloped-data"?\s*(;|$)/.test(once('content-type')) &&
      once('content-transfer-encoding') === 'base64',
    'malformed',
    'not encrypted by S/MIME',
  );
  return unlines(body.replace(/[ \t]/g, ''));
}

/**
 * Decrypts with the device's key and verifies who signed. That the signer is who says so in From is sure then, and that it is meant for `address`.
 * @param {Uint8Array} mail @param {{agree: CryptoKey, address: string, now: number, trust: import('../identity/verifier.js').Trust}} us
 * @returns {Promise<{signer: import('../identity/verifier.js').Verified, texts: Text[]}>}
 */
export async function readLetter(mail, us) {
  const inside = latin(await openEnvelope(envelopeOf(mail), us.agree));
  // Whoever alters the ciphertext learns nothing from this: it fails as any mail does that is not ours.
  need(inside.startsWith(SIGNED_HEAD), 'not-for-this-key');
  const { content, signer } = await openSigned(unlines(inside.slice(SIGNED_HEAD.length)), null, us.now, us.trust);
  const { from, to, texts } = readBody(text(content));
  need(from === signer.address, 'wrong-name');
  need(to === us.address, 'not-for-us');
  return { signer, texts };
}
