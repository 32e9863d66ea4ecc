// Hostile bytes for tests of whatever reads bytes: always the same for one seed, so that a failure comes again.
import assert from 'node:assert/strict';
import { concat, hex } from '../core/bytes.js';

const TAGS = [0, 1, 2, 3, 4, 5, 6, 0x17, 0x18, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xd2, 0xf6, 0xff];

/** Hostile bytes from good ones. */
export function mutations(seed, good) {
  let state = seed;
  const next = (n) => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
  return () => {
    let bytes = new Uint8Array(good[next(good.length)]);
    for (let n = next(4); n >= 0 && bytes.length > 0; n--) {
      const at = next(bytes.length);
      const from = next(bytes.length);
      const kind = next(6);
      if (kind === 0) bytes[at] = next(256);
      else if (kind === 1) bytes[at] ^= 1 << next(8);
      else if (kind === 2) bytes[at] = TAGS[next(TAGS.length)];
      else if (kind === 3) bytes = bytes.slice(0, at);
      else if (kind === 4) bytes = concat(bytes.slice(0, at), bytes.slice(at + 1 + next(8)));
      else bytes = concat(bytes.slice(0, at), bytes.slice(from, from + 1 + next(8)), bytes.slice(at));
    }
    return bytes;
  };
}

/** Feeds them; only our own errors are refusals. */
export async function feed(cases, seed, good, read) {
  const next = mutations(seed, good);
  let accepted = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = next();
    try {
      await read(bytes);
      accepted++;
    } catch (e) {
      if (e instanceof assert.AssertionError) throw e;
      assert.equal(typeof e.key, 'string', `case ${i}, ${hex(bytes)}: ${e.stack}`);
    }
  }
  return accepted;
}
