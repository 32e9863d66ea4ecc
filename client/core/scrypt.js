// scrypt (RFC 7914) with the one shape that is used: r = 8, p = 1, 32 bytes. Its engine can be exchanged, for where JavaScript is slow: Debian's Thunderbird runs it
// without a compiler, and this takes a hundred times as long there.
import { scryptAsync } from '@noble/hashes/scrypt.js';

/** cost: the logarithm of N @typedef {(password: Uint8Array, salt: Uint8Array, cost: number) => Promise<Uint8Array>} Scrypt */

/** Lets others work meanwhile. @type {Scrypt} */
let engine = (password, salt, cost) => scryptAsync(password, salt, { N: 2 ** cost, r: 8, p: 1, dkLen: 32 });

/** @type {Scrypt} */
export const scrypt = (password, salt, cost) => engine(password, salt, cost);

/** For the whole program, before it begins. @param {Scrypt} other */
export function useScrypt(other) {
  engine = other;
}
