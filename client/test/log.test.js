// The log of certificates as the client checks it: docs/protocols/log.md. The same bytes that Java reads, trees of many sizes, and hostile bytes.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { concat, hex, sha256, unbase64, unhex } from '../core/bytes.js';
import { entryBytes, entryOf, ownerTag, parseEntry } from '../core/identity/log-entry.js';
import { EMPTY, Frontier, includes, isExtended, leafHash, perfectRoot, sameHead } from '../core/identity/log-merkle.js';
import {
  believe,
  isSignedBy,
  LOG,
  logPolicy,
  parseCheckpoint,
  parseKey,
  parseNote,
} from '../core/identity/log-note.js';
import { parseProof, verifyProof } from '../core/identity/log-proof.js';
import { ENTRIES, frontierOf, parseBundle, parseHashes, tilePath, widthIn } from '../core/identity/log-tiles.js';
import { beginToWatch, watchOn } from '../core/identity/log-watcher.js';
import { feed } from './mutations.js';

const CASES = Number(process.env.STARLING_FUZZ_CASES ?? 2000);
const v = JSON.parse(await readFile(new URL('../../vectors/log.json', import.meta.url), 'utf8'));
const policyOf = ({ log, witnesses, quorum }) => logPolicy(log, witnesses, quorum);

/** `ok`, or the key of our own error; any other error fails the test. */
async function verdictOf(task) {
  try {
    await task();
    return 'ok';
  } catch (e) {
    assert.equal(typeof e.key, 'string', e.stack);
    return e.key;
  }
}

test('the example tree has its published heads', () => {
  const edge = new Frontier();
  assert.ok(sameHead(edge.head, EMPTY));
  v.tree.entries.forEach((entry, i) => {
    edge.add(leafHash(unhex(entry)));
    assert.equal(hex(edge.head.root), v.tree.roots[i]);
  });
});

test('proofs show what they say, and nothing else', () => {
  for (const c of v.inclusion) {
    const head = { size: c.size, root: unhex(c.root) };
    assert.equal(includes(head, c.index, leafHash(unhex(c.entry)), c.path.map(unhex)), c.good, c.what);
  }
  for (const c of v.consistency) {
    const older = { size: c.older, root: unhex(c.olderRoot) };
    const newer = { size: c.newer, root: unhex(c.newerRoot) };
    assert.equal(isExtended(older, newer, c.proof.map(unhex)), c.good, c.what);
  }
});

test('keys and notes are read, or malformed', async () => {
  for (const key of v.keys.good) assert.equal((await parseKey(key, LOG)).name, key.split('+')[0]);
  for (const [what, key] of v.keys.bad) assert.equal(await verdictOf(() => parseKey(key, LOG)), 'malformed', what);
  for (const c of v.notes.good) assert.equal(parseNote(unbase64(c.note)).signatures.length, c.signatures, c.what);
  for (const [what, note] of v.notes.bad)
    assert.equal(await verdictOf(() => parseNote(unbase64(note))), 'malformed', what);
  const published = parseNote(unbase64(v.notes.good[0].note));
  const peter = await parseKey(v.notes.key, LOG);
  assert.ok(await isSignedBy({ note: published, origin: '', head: EMPTY }, peter));
});

test('one key counts once, and a quorum is one of the witnesses', async () => {
  const [w] = v.policy.witnesses;
  for (const [witnesses, quorum] of [
    [[w, w], 1],
    [[w], 2],
    [[w], -1],
    [[w], 0.5],
    [[v.policy.log], 1],
  ])
    assert.equal(await verdictOf(() => logPolicy(v.policy.log, witnesses, quorum)), 'malformed');
});

test('each head is believed, or refused for its own reason', async () => {
  for (const c of v.checkpoints) {
    const policy = await policyOf({ ...v.policy, ...c });
    let since, checkpoint;
    const verdict = await verdictOf(async () => {
      checkpoint = parseCheckpoint(unbase64(c.note));
      since = await believe(checkpoint, policy);
    });
    assert.equal(verdict, c.verdict, c.what);
    if ('since' in c) assert.equal(since, c.since === null ? null : c.since * 1000, c.what);
    if ('size' in c) assert.equal(checkpoint.head.size, c.size, c.what);
  }
});

test('where there is no Ed25519 nobody is called a liar', async () => {
  const real = crypto.subtle.importKey;
  const checkpoint = parseCheckpoint(unbase64(v.checkpoints[0].note));
  const policy = await policyOf(v.policy);
  crypto.subtle.importKey = async () => {
    throw new DOMException('Unrecognized name.', 'NotSupportedError');
  };
  try {
    assert.equal(await verdictOf(() => believe(checkpoint, policy)), 'unsupported-algorithm');
  } finally {
    crypto.subtle.importKey = real;
  }
});

test('an entry has one form, and an owner one tag in each log', async () => {
  for (const c of v.entries.good) {
    const entry = parseEntry(unhex(c.entry));
    assert.deepEqual(
      [hex(entry.ownerTag), hex(entry.certificate), hex(entry.evidence)],
      [c.tag, c.certificate, c.evidence],
    );
    assert.equal(entry.notAfter, c.notAfter * 1000);
    assert.equal(hex(entryBytes(entry)), c.entry);
  }
  for (const [what, entry] of v.entries.bad)
    assert.equal(await verdictOf(() => parseEntry(unhex(entry))), 'malformed', what);
  for (const c of v.tags) assert.equal(hex(await ownerTag(c.address, c.origin)), c.tag);
  const der = unbase64(v.certificate);
  const entry = await entryOf(unhex(v.tags[0].tag), der);
  assert.equal(hex(entry.certificate), hex(await sha256(der)));
});

test('tiles have paths and widths, bundles their entries', async () => {
  for (const [level, index, width, path] of v.tiles.good) assert.equal(tilePath(level, index, width), path);
  for (const [size, level, index, width] of v.tiles.widths)
    assert.equal(widthIn(size, level, index), width, `${size} ${level} ${index}`);
  for (const c of v.bundles.good) assert.deepEqual(parseBundle(unhex(c.bundle), c.entries.length).map(hex), c.entries);
  for (const [what, bundle, width] of v.bundles.bad)
    assert.equal(await verdictOf(() => parseBundle(unhex(bundle), width)), 'malformed', what);
});

test('each proof is believed, or refused for its own reason', async () => {
  const policy = await policyOf(v.policy);
  for (const c of v.proofs) {
    let logged;
    const verdict = await verdictOf(async () => {
      const proof = parseProof(unbase64(c.proof));
      logged = await verifyProof(proof, unbase64(c.certificate ?? v.certificate), c.address ?? v.address, policy);
    });
    assert.equal(verdict, c.verdict, c.what);
    if (c.verdict === 'ok') assert.deepEqual([logged.index, logged.since], [c.index, c.since * 1000], c.what);
  }
});

/** The log as it is at one step of the vectors. */
function shown({ checkpoint, altered }) {
  return {
    checkpoint: async () => unbase64(checkpoint),
    tile: async (path, width) => {
      const name = path.replace(/\.p\/\d+$/, '');
      const bytes = unbase64(altered?.[name] ?? v.watching.files[name]);
      if (!name.startsWith('tile/entries/')) return bytes.slice(0, width * 32);
      let end = 0;
      for (let i = 0; i < width; i++) end += 2 + bytes[end] * 256 + bytes[end + 1];
      return bytes.slice(0, end);
    },
  };
}

test('a watcher finds its certificates, and is not deceived', async () => {
  const policy = await policyOf(v.policy);
  const tag = await ownerTag(v.address, v.origin);
  for (const { what, from, steps } of v.watching.readers) {
    let seen = null;
    for (const [i, step] of steps.entries()) {
      let news;
      const look = () =>
        seen ? watchOn(shown(step), policy, seen, tag) : beginToWatch(shown(step), policy, from, tag);
      assert.equal(await verdictOf(async () => (news = await look())), step.verdict ?? 'ok', `${what}, step ${i}`);
      if (step.verdict) continue;
      assert.deepEqual(
        news.found.map(({ index }) => index),
        step.found,
        `${what}, step ${i}`,
      );
      assert.equal(news.since % 1000, 0);
      seen = news.seen;
    }
  }
});

test('a watcher keeps no edge that is of another tree', async () => {
  const { steps } = v.watching.readers[0];
  const seen = { checkpoint: unbase64(steps[0].checkpoint), edge: new Uint8Array(4 * 32) };
  await assert.rejects(watchOn(shown(steps[0]), await policyOf(v.policy), seen, new Uint8Array(32)), TypeError);
});

test('a tree of any size has one edge, however it is come by', async () => {
  const hashes = Array.from({ length: 600 }, (_, i) => leafHash(Uint8Array.of(i & 255, i >> 8)));
  const tile = async (path, width) => {
    const [, level, index] = /^tile\/(\d)\/(\d{3})/.exec(path);
    let row = hashes;
    for (let l = 0; l < Number(level); l++)
      row = Array.from({ length: Math.floor(row.length / 256) }, (_, i) =>
        perfectRoot(row.slice(i * 256, i * 256 + 256)),
      );
    return concat(...row.slice(index * 256, index * 256 + width));
  };
  const edge = new Frontier();
  for (let size = 0; size <= 600; size++) {
    const again = await frontierOf({ tile }, 600, size);
    assert.ok(sameHead(again.head, edge.head), String(size));
    if (size < 600) edge.add(hashes[size]);
  }
});

test('any bytes are a note, a head, an entry, a bundle or a proof, or refused', async () => {
  const policy = await policyOf(v.policy);
  const proofs = v.proofs.map((c) => unbase64(c.proof)).filter((b) => b.length < 4000);
  const heads = v.checkpoints.map((c) => unbase64(c.note));
  const notes = [...heads, ...v.notes.good.map((c) => unbase64(c.note))];
  await feed(CASES, 31, notes, (bytes) => parseNote(bytes));
  await feed(CASES, 32, heads, (bytes) => believe(parseCheckpoint(bytes), policy));
  await feed(
    CASES,
    33,
    v.entries.good.map((c) => unhex(c.entry)),
    (b) => assert.deepEqual(entryBytes(parseEntry(b)), b),
  );
  await feed(
    CASES,
    34,
    v.bundles.good.map((c) => unhex(c.bundle)),
    (bytes) => parseBundle(bytes, 3),
  );
  await feed(CASES, 35, [new Uint8Array(64)], (bytes) => parseHashes(bytes, 2));
  const der = unbase64(v.certificate);
  const accepted = await feed(CASES, 36, proofs, (b) => verifyProof(parseProof(b), der, v.address, policy));
  assert.ok(accepted < CASES / 10, 'only what a mutation left as it was, or that is no part of what is signed');
  assert.ok(tilePath(ENTRIES, 0, 1));
});
