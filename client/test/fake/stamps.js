// Stamps of a KNOCK by Node's own scrypt, written from docs/protocols/formats.md, section 6: a fifth of the time, and a second opinion.
import { createHash, scrypt as native } from 'node:crypto';
import { promisify } from 'node:util';

const COST = 13;
const BITS = 5;

/** @type {(password: Uint8Array, salt: string, length: number, options: {}) => Promise<Buffer>} */
const scrypt = promisify(native);

/** Leading zero bits that `stamp` has for this request. @param {string} address of the addressee @param {string} id hex @param {Uint8Array} cms @param {Uint8Array} stamp */
async function zeros(address, id, cms, stamp) {
  const subject = [
    Buffer.from(`starling/1 knock\0${address}\0`),
    Buffer.from(id, 'hex'),
    createHash('sha256').update(cms).digest(),
    stamp,
  ];
  const hash = await scrypt(Buffer.concat(subject), 'starling/1 stamp', 32, {
    N: 2 ** stamp[1],
    r: 8,
    p: 1,
    maxmem: 2 ** 26,
  });
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.indexOf('1');
}

/** @param {string} address @param {number} [bits] @param {number} [cost] @returns {(id: string, cms: Uint8Array) => Promise<Uint8Array>} */
export function stamped(address, bits = BITS, cost = COST) {
  return async (id, cms) => {
    const stamp = Buffer.alloc(11);
    stamp.set([2, cost, bits]);
    for (let n = 0n; (await zeros(address, id, cms, stamp)) < bits;) stamp.writeBigUInt64BE(++n, 3);
    return Uint8Array.from(stamp);
  };
}

/**
 * Says that the work was done. It is not right by chance, as one guess in 32 would be.
 * @param {string} address @param {(id: string, cms: Uint8Array) => Promise<Uint8Array>} [first]  what is shown, as far as it is wrong
 * @returns {(id: string, cms: Uint8Array) => Promise<Uint8Array>}
 */
export function claimed(address, first = async () => Uint8Array.of(2, COST, BITS, 0, 0, 0, 0, 0, 0, 0, 0)) {
  return async (id, cms) => {
    const stamp = Buffer.from(await first(id, cms));
    while ((await zeros(address, id, cms, stamp)) >= BITS) stamp.writeBigUInt64BE(stamp.readBigUInt64BE(3) + 1n, 3);
    return Uint8Array.from(stamp);
  };
}
