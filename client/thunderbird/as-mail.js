// A message of a conversation as a mail.
import { shownName } from '../web/names.js';

/** Characters of a name. */
const MAX_WORD = 300;

/** @typedef {import('../core/types.js').Message} Message */

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));

/** RFC 5322, section 3.3. @param {number} at Unix ms */
const date = (at) => new Date(at).toUTCString().replace('GMT', '+0000');

/** @param {string} id */
const messageId = (id) => `${id}@conversations.starling.invalid`;

/** A word of a header field: RFC 2047 where it is not plain ASCII. @param {string} text */
function word(text) {
  const clean = text
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, MAX_WORD);
  if (/^[ -~]*$/.test(clean) && !clean.includes('=?')) return clean;
  /** Whole characters, so many that an encoded word has at most 75. */
  const parts = [''];
  for (const c of clean) {
    const longer = `${parts[parts.length - 1]}${c}`;
    if (new TextEncoder().encode(longer).length > 45) parts.push(c);
    else parts[parts.length - 1] = longer;
  }
  return parts.map((each) => `=?UTF-8?B?${base64(new TextEncoder().encode(each))}?=`).join('\r\n ');
}

/** @param {string} name @param {string} address */
const mailbox = (name, address) => {
  const plain = word(shownName({ name, address }).replace(/["\\]/g, ''));
  const at = address.includes('@') ? address : `${address}@phone.starling.invalid`;
  return plain && plain !== address ? `${plain.startsWith('=?') ? plain : `"${plain}"`} <${at}>` : at;
};

/**
 * One message as a mail (RFC 5322); text is text, whatever is in it.
 * @param {Message} message @param {string} root  id of the first of the thread @param {{me: {address: string, name: string}, other: {address: string, name: string}, subject: string, mail?: string}} about  mail: Message-ID of the mail that the first answers @returns {Uint8Array<ArrayBuffer>}
 */
export function asMail(message, root, { me, other, subject, mail = '' }) {
  const [from, to] = message.mine ? [me, other] : [other, me];
  // RFC 5322, section 3.6.4.
  const above = [...(mail ? [mail] : []), ...(root === message.id ? [] : [messageId(root)])].map((id) => `<${id}>`);
  const reference = above.length ? [`In-Reply-To: ${above.at(-1)}`, `References: ${above.join(' ')}`] : [];
  const lines = [
    `From: ${mailbox(from.name, from.address)}`,
    `To: ${mailbox(to.name, to.address)}`,
    `Date: ${date(message.at)}`,
    `Message-ID: <${messageId(message.id)}>`,
    ...reference,
    `Subject: ${word(subject)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: base64',
    'X-Starling: conversation',
    '',
  ];
  const text = base64(new TextEncoder().encode(message.text.replace(/\r?\n/g, '\r\n')));
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n${text.replace(/.{76}/g, '$&\r\n')}\r\n`);
}
