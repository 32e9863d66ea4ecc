// The presence document (RFC 3863, RFC 4480), as far as we write and read it: docs/protocols/sip.md, section 5.
import { decode } from '../bytes.js';

const MAX_BYTES = 4096;
const MAX_NOTE = 140;

/** @typedef {{presence: 'online'|'away'|'busy', note: string}} Said */

/** @param {string} address @param {string} device @param {import('../types.js').Me['availability']} availability @param {string} note */
export function writePidf(address, device, availability, note) {
  const activity = availability === 'away' ? '<rpid:away/>' : availability === 'busy' ? '<rpid:busy/>' : '';
  const status = availability === 'invisible' ? 'closed' : 'open';
  const said = availability === 'invisible' ? '' : [...note].slice(0, MAX_NOTE).join('');
  const escaped = said.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:${address.replace(/[<>&"]/g, '')}"><tuple id="d${device.slice(0, 16)}"><status><basic>${status}</basic></status>${activity && `<rpid:activities>${activity}</rpid:activities>`}<note>${escaped}</note></tuple></presence>`;
}

/** @param {Uint8Array} body  whose signature was verified @returns {Said | null} null: not here */
export function readPidf(body) {
  const text = body.length <= MAX_BYTES ? decode(body) : '';
  if (!/<basic>open<\/basic>/.test(text)) return null;
  const escaped = /<note>([^<]{0,800})<\/note>/.exec(text)?.[1] ?? '';
  const note = escaped.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
  const presence = text.includes('<rpid:busy/>') ? 'busy' : text.includes('<rpid:away/>') ? 'away' : 'online';
  return { presence, note: [...note].slice(0, MAX_NOTE).join('') };
}
