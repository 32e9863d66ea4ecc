// BER, as PKCS #12 files are written in: lengths in any form, octet strings in pieces. Only for files that a person opens; what others show us is DER (der.js).
import { concat } from '../bytes.js';
import { StarlingError } from '../errors.js';

const MAX_DEPTH = 24;
const MAX_ITEMS = 10_000;

/** tag is the identifier octet; items are those inside a constructed one @typedef {{tag: number, content: Uint8Array<ArrayBuffer>, items: Ber[], der: Uint8Array<ArrayBuffer>}} Ber */

/** Reads one item; bytes behind it are passed over. @param {Uint8Array} bytes @returns {Ber} */
export function readBer(bytes) {
  const input = new Uint8Array(bytes);
  let left = MAX_ITEMS;

  /** @param {number} at @param {number} end @param {number} depth @returns {[Ber, number]} the item, and the index behind it */
  function item(at, end, depth) {
    if (--left < 0 || depth > MAX_DEPTH || end - at < 2 || (input[at] & 31) === 31) throw bad();
    const tag = input[at];
    const constructed = (tag & 32) !== 0;
    let start = at + 2;
    let stop = start + input[at + 1];
    if (input[at + 1] > 128) {
      const more = input[at + 1] - 128;
      if (more > 4 || end - start < more) throw bad();
      let size = 0;
      for (let i = 0; i < more; i++) size = size * 256 + input[start + i];
      start += more;
      stop = start + size;
    } else if (input[at + 1] === 128) {
      if (!constructed) throw bad();
      stop = end;
    }
    if (stop > end) throw bad();
    const indefinite = input[at + 1] === 128;
    /** @type {Ber[]} */
    const items = [];
    let next = start;
    while (constructed && next < stop) {
      if (indefinite && input[next] === 0 && input[next + 1] === 0) break;
      const [inside, behind] = item(next, stop, depth + 1);
      items.push(inside);
      next = behind;
    }
    if (indefinite && (next + 2 > end || input[next] !== 0)) throw bad();
    const close = constructed ? next : stop;
    const behind = indefinite ? next + 2 : stop;
    return [{ tag, content: input.slice(start, close), items, der: input.slice(at, behind) }, behind];
  }

  return item(0, input.length, 0)[0];
}

/** The octets of a string that may be in pieces. @param {Ber} item @returns {Uint8Array<ArrayBuffer>} */
export const octetsOf = (item) => (item.tag & 32 ? concat(...item.items.map(octetsOf)) : item.content);

const bad = () => new StarlingError('p12.malformed');
