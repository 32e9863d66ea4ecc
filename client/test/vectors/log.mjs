// Logs, their heads and proofs with their verdicts: docs/protocols/log.md. Trees, notes and proofs are made here once more from the definitions
// of RFC 9162, section 2.1, and of C2SP, on Node's cryptography: nothing of client/core/identity/log-*.js is used.
import { createHash, createPrivateKey, createPublicKey, scryptSync, sign } from 'node:crypto';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const ORIGIN = 'ca.example/log';
const ADDRESS = 'bob@example.net';
const NOON = Date.UTC(2026, 10, 24, 12) / 1000;

// RFC 9162, sections 2.1.1, 2.1.3.1 and 2.1.4.1, as they are defined: by recursion over the entries.
const split = (n) => 2 ** Math.floor(Math.log2(n - 1));
export function mth(d) {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256(Buffer.of(0), d[0]);
  const k = split(d.length);
  return sha256(Buffer.of(1), mth(d.slice(0, k)), mth(d.slice(k)));
}
function pathOf(m, d) {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...pathOf(m, d.slice(0, k)), mth(d.slice(k))] : [...pathOf(m - k, d.slice(k)), mth(d.slice(0, k))];
}
function subproof(m, d, whole) {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}
const consistency = (m, d) => (m === 0 ? [] : subproof(m, d, true));

// C2SP signed-note, tlog-checkpoint, tlog-cosignature.
function keyOf(name, kind, seed) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const typed = Buffer.concat([
    Buffer.of(kind),
    createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32),
  ]);
  const id = sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4);
  return { name, secret, id, text: `${name}+${id.toString('hex')}+${typed.toString('base64')}` };
}
const line = (key, bytes, but = {}) =>
  `— ${but.name ?? key.name} ${Buffer.concat([but.id ?? key.id, bytes]).toString('base64')}\n`;
const logLine = (key, text, but) => line(key, sign(null, Buffer.from(text), key.secret), but);
function witnessLine(key, text, time, but = {}) {
  const timed = Buffer.alloc(8);
  timed.writeBigUInt64BE(BigInt(time));
  const message = Buffer.from(`cosignature/v1\ntime ${but.said ?? time}\n${text}`);
  return line(key, Buffer.concat([timed, sign(null, message, key.secret)]), but);
}
const headText = (entries, origin = ORIGIN) => `${origin}\n${entries.length}\n${mth(entries).toString('base64')}\n`;

const log = keyOf(ORIGIN, 1, 1);
const witnesses = [2, 3, 4].map((seed) => keyOf(`w${seed}.example/witness`, 4, seed));
const [w2, w3, w4] = witnesses;
const stranger = keyOf('stranger.example', 4, 9);

function entryOf(tag, certificate, notAfter, evidence = Buffer.alloc(32)) {
  const end = Buffer.alloc(8);
  end.writeBigUInt64BE(BigInt(notAfter));
  return Buffer.concat([Buffer.of(1), tag, certificate, end, evidence]);
}
const tagOf = (address, origin = ORIGIN) =>
  scryptSync(address, `starling/1 log ${origin}`, 32, { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 });
/** Somebody's. */
const anyEntry = (i) => entryOf(sha256(Buffer.from(`tag ${i}`)), sha256(Buffer.from(`certificate ${i}`)), NOON + i);

export const LOG_KEYS = { log, witnesses };

/** That a certificate is in a log of five entries. @param {{der: Uint8Array, notAfter: number}} certificate @param {{witnesses?: number, stranger?: boolean, index?: number}} [how] */
export function proofOf(certificate, address, how = {}) {
  const all = [1, 2, 3, 4].map(anyEntry);
  const own = entryOf(tagOf(address), sha256(certificate.der), certificate.notAfter / 1000);
  all.splice(2, 0, own);
  const text = headText(all);
  const cosigned = witnesses.slice(0, how.witnesses ?? 0).map((each) => witnessLine(each, text, NOON));
  const signed = logLine(how.stranger ? stranger : log, text);
  const lines = ['c2sp.org/tlog-proof@v1', `extra ${own.toString('base64')}`, `index ${how.index ?? 2}`];
  const path = pathOf(2, all).map((hash) => hash.toString('base64'));
  return Buffer.from(`${[...lines, ...path].join('\n')}\n\n${text}\n${signed}${cosigned.join('')}`);
}

/** A log as it is served; entries can be added, or changed behind its readers' backs. */
export function servedLog() {
  const entries = [];
  return {
    entries,
    key: log.text,
    somebody: (i) => anyEntry(i),
    of: (certificate, address) => entryOf(tagOf(address), sha256(certificate.der), certificate.notAfter / 1000),
    proof(index) {
      const text = headText(entries);
      const lines = ['c2sp.org/tlog-proof@v1', `extra ${entries[index].toString('base64')}`, `index ${index}`];
      const path = pathOf(index, entries).map((hash) => hash.toString('base64'));
      return Buffer.from(`${[...lines, ...path].join('\n')}\n\n${text}\n${logLine(log, text)}`);
    },
    /** @param {string} path below its URL, of fewer than 256 entries */
    get(path) {
      const text = headText(entries);
      if (path === 'checkpoint') return Buffer.from(`${text}\n${logLine(log, text)}`);
      const width = Number(/^tile\/(entries|0)\/000\.p\/([0-9]+)$/.exec(path)?.[2]);
      const some = entries.slice(0, width);
      if (path.startsWith('tile/0/')) return Buffer.concat(some.map((entry) => sha256(Buffer.of(0), entry)));
      return Buffer.concat(some.flatMap((entry) => [Buffer.of(0, entry.length), entry]));
    },
  };
}

/** @param {{der: Uint8Array, notAfter: number}} certificate of bob @param {{der: Uint8Array, notAfter: number}} other of bob too */
export function logs(certificate, other) {
  return {
    origin: ORIGIN,
    address: ADDRESS,
    certificate: Buffer.from(certificate.der).toString('base64'),
    policy: { log: log.text, witnesses: witnesses.map((w) => w.text), quorum: 2 },
    tree: tree(),
    inclusion: inclusionCases(),
    consistency: consistencyCases(),
    keys: keys(),
    notes: notes(),
    checkpoints: checkpoints(),
    tags: [ADDRESS, '+4930123456'].flatMap((address) =>
      [ORIGIN, 'other.example'].map((origin) => ({ address, origin, tag: tagOf(address, origin).toString('hex') })),
    ),
    entries: entries(),
    tiles: tiles(),
    bundles: bundles(),
    proofs: proofs(certificate, other),
    watching: watching(certificate),
  };
}

/** The example tree of the reference implementations (certificate-transparency, transparency-dev/merkle): entries, heads of the first 1 to 8. */
const EXAMPLE = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const EXAMPLE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const example = EXAMPLE.map((entry) => Buffer.from(entry, 'hex'));
const tree = () => ({ entries: EXAMPLE, roots: EXAMPLE_ROOTS });
const hexOf = (hashes) => hashes.map((hash) => hash.toString('hex'));
const root = (size) => (size === 0 ? sha256().toString('hex') : EXAMPLE_ROOTS[size - 1]);

function inclusionCases() {
  const cases = [];
  const add = (what, good, index, size, path, more = {}) =>
    cases.push({ what, good, index, size, root: root(size), entry: EXAMPLE[index] ?? '', path, ...more });
  for (let size = 1; size <= 8; size++)
    for (let index = 0; index < size; index++)
      add(`entry ${index} of ${size}`, true, index, size, hexOf(pathOf(index, example.slice(0, size))));
  const path = hexOf(pathOf(5, example.slice(0, 7)));
  // Perfect trees larger than 32 bits, of which only the path is there.
  for (const index of [0, 2 ** 33 + 5, 2 ** 34 - 1]) {
    const path = Array.from({ length: 34 }, (_, i) => sha256(Buffer.of(9, i)));
    const top = path.reduce(
      (hash, other, i) => sha256(Buffer.of(1), ...(Math.floor(index / 2 ** i) % 2 ? [other, hash] : [hash, other])),
      sha256(Buffer.of(0)),
    );
    const more = { root: top.toString('hex'), entry: '' };
    add(`entry ${index} of 2^34`, true, index, 2 ** 34, hexOf(path), more);
    add(`entry ${index} of 2^34, in another place`, false, index === 0 ? 1 : index - 1, 2 ** 34, hexOf(path), more);
  }
  add('another index', false, 4, 7, path, { entry: EXAMPLE[5] });
  add('an index beyond the tree', false, 7, 7, path);
  add('another size', false, 5, 8, path);
  add('another entry', false, 5, 7, path, { entry: EXAMPLE[6] });
  add('a hash too few', false, 5, 7, path.slice(1));
  add('a hash too few at the end', false, 5, 7, path.slice(0, -1));
  add('a hash too many', false, 5, 7, [...path, root(7)]);
  add('two hashes changed about', false, 5, 7, [path[1], path[0], ...path.slice(2)]);
  add('a short hash', false, 5, 7, [path[0].slice(2), ...path.slice(1)]);
  add('a path of 64 hashes', false, 5, 7, Array(64).fill(path[0]));
  add('nothing in an empty tree', false, 0, 0, []);
  add('a path where there is none', false, 0, 1, [root(1)]);
  add('a head that says a larger size', false, 1, 8, hexOf(pathOf(1, example.slice(0, 4))), { root: root(4) });
  add('a head that says a smaller size', false, 3, 4, hexOf(pathOf(7, example)), { root: root(8), entry: EXAMPLE[7] });
  return cases;
}

function consistencyCases() {
  const cases = [];
  const add = (what, good, older, newer, proof, more = {}) =>
    cases.push({ what, good, older, newer, olderRoot: root(older), newerRoot: root(newer), proof, ...more });
  for (let newer = 0; newer <= 8; newer++)
    for (let older = 0; older <= newer; older++)
      add(`${newer} after ${older}`, true, older, newer, hexOf(consistency(older, example.slice(0, newer))));
  const proof = hexOf(consistency(6, example));
  const more = {
    olderRoot: root(1),
    newerRoot: sha256(Buffer.of(1), mth(example.slice(0, 1)), mth(example)).toString('hex'),
  };
  add('2^34 after 2^33', true, 2 ** 33, 2 ** 34, [root(8)], more);
  add('2^34 after 2^32', false, 2 ** 32, 2 ** 34, [root(8)], more);
  add('the other way round', false, 8, 6, proof);
  add('no proof', false, 6, 8, []);
  add('no proof from a power of two', false, 4, 8, []);
  add('a hash too few', false, 6, 8, proof.slice(0, -1));
  add('a hash too many', false, 6, 8, [...proof, root(1)]);
  add('a hash too many in front', false, 6, 8, [root(1), ...proof]);
  add('another older head', false, 6, 8, proof, { olderRoot: root(5) });
  add('another newer head', false, 6, 8, proof, { newerRoot: root(7) });
  add('a proof for another size', false, 5, 8, proof);
  add('a newer head that says a larger size', false, 2, 8, hexOf(consistency(2, example.slice(0, 4))), {
    newerRoot: root(4),
  });
  add('heads that say smaller sizes', false, 3, 4, hexOf(consistency(7, example)), {
    olderRoot: root(7),
    newerRoot: root(8),
  });
  add('one size, two heads', false, 7, 7, [], { newerRoot: root(6) });
  add('one size and a proof', false, 7, 7, [root(7)]);
  add('nothing and a proof', false, 0, 7, [root(7)]);
  add('nothing that has a head', false, 0, 7, [], { olderRoot: root(1) });
  return cases;
}

/** The published example of golang.org/x/mod/sumdb/note, with its secret key. */
const PETERS_SEED = 'gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=';
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETERS_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETERS_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

function keys() {
  const [name, id, key] = [log.name, log.id.toString('hex'), log.text.slice(log.text.lastIndexOf('+') + 1)];
  const bad = {
    'no name': `+${id}+${key}`,
    'a name with a space': `a b+${id}+${key}`,
    'a name with a space of another script': `a\u3000b+${id}+${key}`,
    'another name': `other.example+${id}+${key}`,
    'another id': `${name}+00000000+${key}`,
    'an id in capitals': `${name}+${id.toUpperCase()}+${key}`,
    'a short id': `${name}+${id.slice(1)}+${key}`,
    'no key': `${name}+${id}`,
    'a key with padding too much': `${log.text}=`,
    'a key of 31 bytes': keyText(name, Buffer.concat([Buffer.of(1), Buffer.alloc(31)])),
    'a key of another algorithm': keyText(name, Buffer.concat([Buffer.of(2), Buffer.alloc(32)])),
    'the key of a witness': witnesses[0].text,
    'something behind it': `${log.text} `,
    'a line behind it': `${log.text}\n`,
    'a name of 201 letters': keyText('a'.repeat(201), Buffer.concat([Buffer.of(1), Buffer.alloc(32)])),
    nothing: '',
  };
  return { good: [log.text, PETER], bad: Object.entries(bad) };
}
const keyText = (name, typed) =>
  `${name}+${sha256(Buffer.from(`${name}\n`), typed)
    .subarray(0, 4)
    .toString('hex')}+${typed.toString('base64')}`;

/** Notes in base64, because not all are UTF-8. */
function notes() {
  const text = headText(example);
  const signed = logLine(log, text);
  const good = {
    'the published one': [PETERS_TEXT + '\n' + PETERS_LINE, 1],
    'an empty line in the text': ['a\n\nb\n\n' + PETERS_LINE, 1],
    'sixteen signatures': [`${text}\n${signed.repeat(16)}`, 16],
    'letters beyond ASCII': [`grüße ☃\n\n${signed}`, 1],
  };
  const short = Buffer.alloc(4).toString('base64');
  const bad = {
    nothing: '',
    'no signature': `${text}\n`,
    'no empty line': text + signed,
    'seventeen signatures': `${text}\n${signed.repeat(17)}`,
    'no newline at the end': `${text}\n${signed.slice(0, -1)}`,
    'a carriage return': `${text}\n${signed.replace('\n', '\r\n')}`,
    'a tab': `a\tb\n\n${signed}`,
    'a hyphen for the dash': `${text}\n${signed.replace('—', '-')}`,
    'no name': `${text}\n— ${PETERS_LINE.split(' ')[2]}`,
    'a plus in the name': `${text}\n${signed.replace('ca.', 'ca+')}`,
    'a space of another kind in the name': `${text}\n${signed.replace('ca.', 'c\u00a0a.')}`,
    'two blanks': `${text}\n${signed.replace(/ /g, '  ')}`,
    'something behind the signature': `${text}\n${signed.slice(0, -1)} \n`,
    'an id without a signature': `${text}\n— a ${short}\n`,
    'base64 without padding': `${text}\n— a ${Buffer.alloc(8).toString('base64').replace(/=/g, '')}\n`,
    'base64 with a stray bit': `${text}\n— a ${Buffer.alloc(8).toString('base64').replace('A=', 'B=')}\n`,
    'base64 for URLs': `${text}\n— a ${Buffer.alloc(9, 255).toString('base64url')}\n`,
    'over 64 KiB': `${'a'.repeat(65536)}\n\n${signed}`,
  };
  return {
    key: PETER,
    seed: PETERS_SEED,
    good: Object.entries(good).map(([what, [note, signatures]]) => ({ what, note: b64(note), signatures })),
    bad: [
      ...Object.entries(bad).map(([what, note]) => [what, b64(note)]),
      ['not UTF-8', Buffer.concat([Buffer.of(0xc3, 0x28), Buffer.from(`\n\n${signed}`)]).toString('base64')],
    ],
  };
}
const b64 = (text) => Buffer.from(text).toString('base64');

/** `since`: Unix s, null without witnesses. */
function checkpoints() {
  const cases = [];
  const text = headText(example);
  const own = logLine(log, text);
  const [a, b, c] = witnesses.map((w, i) => witnessLine(w, text, NOON + i));
  const add = (what, verdict, note, more = {}) => cases.push({ what, verdict, note: b64(note), ...more });
  const none = { quorum: 0, witnesses: [] };
  add('two witnesses of three', 'ok', `${text}\n${own}${a}${b}`, { since: NOON, size: 8 });
  add('three witnesses, of which the two latest count', 'ok', `${text}\n${own}${a}${b}${c}`, { since: NOON + 1 });
  add('the log last', 'ok', `${text}\n${b}${a}${own}`, { since: NOON });
  add('without witnesses', 'ok', `${text}\n${own}`, { ...none, since: null });
  const empty = headText([]);
  add('an empty log', 'ok', `${empty}\n${logLine(log, empty)}`, { ...none, since: null, size: 0 });
  add('signatures of strangers', 'ok', `${text}\n${own}${witnessLine(stranger, text, NOON)}${a}${b}`, { since: NOON });
  add(
    'a key of the same name',
    'ok',
    `${text}\n${own}${line(log, Buffer.alloc(64), { id: Buffer.alloc(4) })}${a}${b}`,
    {
      since: NOON,
    },
  );
  const longer = `${text}an extension\n`;
  add('a line of an extension', 'ok', `${longer}\n${logLine(log, longer)}`, { ...none, since: null, size: 8 });
  add(
    'a witness twice, of which the later time counts',
    'ok',
    `${text}\n${own}${a}${witnessLine(w2, text, NOON + 9)}${b}`,
    {
      since: NOON + 1,
    },
  );
  const foreign = headText(example, 'other.example/log');
  add('of another log', 'wrong-log', `${foreign}\n${logLine(log, foreign)}`, none);
  add('not signed by the log', 'not-signed', `${text}\n${a}${b}`);
  add(
    'signed by somebody else in its name',
    'not-signed',
    `${text}\n${logLine(stranger, text, { name: ORIGIN })}`,
    none,
  );
  add('a signature of another text', 'bad-signature', `${text}\n${logLine(log, foreign)}${a}${b}`);
  add('a changed root', 'bad-signature', `${headText(example.slice(1))}\n${own}`, none);
  add('a short signature', 'bad-signature', `${text}\n${line(log, Buffer.alloc(63))}`, none);
  const signature = sign(null, Buffer.from(text), log.secret);
  for (const [where, bytes] of [
    ['in front', [Buffer.alloc(8), signature]],
    ['behind', [signature, Buffer.alloc(8)]],
  ])
    add(`a signature with bytes ${where}`, 'bad-signature', `${text}\n${line(log, Buffer.concat(bytes))}`, none);
  add(
    'one good and one bad signature of the log',
    'bad-signature',
    `${text}\n${own}${line(log, Buffer.alloc(64))}`,
    none,
  );
  const offCurve = keyText(ORIGIN, Buffer.concat([Buffer.of(1, 2), Buffer.alloc(31)]));
  const id = Buffer.from(offCurve.split('+')[1], 'hex');
  add('a key that is no point on the curve', 'bad-signature', `${text}\n${logLine(log, text, { id })}`, {
    ...none,
    log: offCurve,
  });
  add('one witness of two', 'too-few-witnesses', `${text}\n${own}${a}`);
  add('one witness twice', 'too-few-witnesses', `${text}\n${own}${a}${witnessLine(w2, text, NOON + 9)}`);
  add('one witness and a stranger', 'too-few-witnesses', `${text}\n${own}${a}${witnessLine(stranger, text, NOON)}`);
  add(
    'a cosignature at another time',
    'bad-signature',
    `${text}\n${own}${a}${witnessLine(w3, text, NOON, { said: NOON + 1 })}`,
  );
  add('a cosignature of another head', 'bad-signature', `${text}\n${own}${a}${witnessLine(w3, foreign, NOON)}`);
  add('a cosignature without a time', 'bad-signature', `${text}\n${own}${a}${logLine(w3, text)}`);
  add('a time after the year 9999', 'bad-signature', `${text}\n${own}${a}${witnessLine(w4, text, 253402300800)}`);
  add('a time of 2^63', 'bad-signature', `${text}\n${own}${a}${witnessLine(w4, text, 2n ** 63n)}`);
  const bad = (what, head) => add(what, 'malformed', `${head}\n${logLine(log, head)}`, none);
  const rootLine = text.split('\n')[2];
  bad('two lines', `${ORIGIN}\n8\n`);
  bad('an empty line within', `${ORIGIN}\n8\n${rootLine}\n\nmore\n`);
  bad('no origin', `\n8\n${rootLine}\n`);
  bad('a size with a zero in front', `${ORIGIN}\n08\n${rootLine}\n`);
  bad('a negative size', `${ORIGIN}\n-8\n${rootLine}\n`);
  bad('a size of 2^53', `${ORIGIN}\n9007199254740992\n${rootLine}\n`);
  bad('a size of 17 digits', `${ORIGIN}\n10000000000000000\n${rootLine}\n`);
  bad('a short root', `${ORIGIN}\n8\n${Buffer.alloc(31).toString('base64')}\n`);
  bad('a root without padding', `${ORIGIN}\n8\n${rootLine.slice(0, -1)}\n`);
  bad('an empty log with a root', `${ORIGIN}\n0\n${rootLine}\n`);
  return cases;
}

function entries() {
  const [tag, certificate, evidence] = [1, 2, 3].map((n) => Buffer.alloc(32, n));
  const entry = (end) => entryOf(tag, certificate, end, evidence).toString('hex');
  const said = {
    tag: tag.toString('hex'),
    certificate: certificate.toString('hex'),
    evidence: evidence.toString('hex'),
  };
  return {
    good: [0, NOON, 253402300799].map((notAfter) => ({ ...said, notAfter, entry: entry(notAfter) })),
    bad: [
      ['nothing', ''],
      ['a byte too few', entry(NOON).slice(0, -2)],
      ['a byte too many', `${entry(NOON)}00`],
      ['version 2', `02${entry(NOON).slice(2)}`],
      ['after the year 9999', entry(253402300800)],
      ['a negative end', entry(2n ** 64n - 1n)],
    ],
  };
}

const tiles = () => ({
  good: [
    ['entries', 0, 256, 'tile/entries/000'],
    [0, 0, 1, 'tile/0/000.p/1'],
    [0, 999, 255, 'tile/0/999.p/255'],
    [1, 1000, 256, 'tile/1/x001/000'],
    [2, 1234067, 256, 'tile/2/x001/x234/067'],
    ['entries', 35184372088831, 17, 'tile/entries/x035/x184/x372/x088/831.p/17'],
    [6, 0, 31, 'tile/6/000.p/31'],
  ],
  bad: [
    'tile/0/0',
    'tile/0/1000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/x000/000',
    'tile/0/001/000',
    'tile/0/x001/x000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/000\n',
    'tile/entries/x001/x001/x001/x001/x001/x001/000',
    'tile/data/000',
    'checkpoint',
    '',
  ],
  widths: [
    [70000, 0, 272, 256],
    [70000, 0, 273, 112],
    [70000, 0, 274, 0],
    [70000, 'entries', 273, 112],
    [70000, 1, 0, 256],
    [70000, 1, 1, 17],
    [70000, 2, 0, 1],
    [70000, 3, 0, 0],
    [256, 0, 0, 256],
    [256, 1, 0, 1],
    [256, 0, 1, 0],
    [0, 0, 0, 0],
    [9007199254740991, 6, 0, 31],
    [9007199254740991, 7, 0, 0],
  ],
});

const bundleOf = (all) =>
  Buffer.concat(all.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 255), entry]));
function bundles() {
  const all = [Buffer.of(7), Buffer.alloc(0), Buffer.alloc(300, 8)];
  const bytes = bundleOf(all).toString('hex');
  return {
    good: [{ bundle: bytes, entries: hexOf(all) }],
    bad: [
      ['too few', bytes, 4],
      ['too many', bytes, 2],
      ['cut off', bytes.slice(0, -2), 3],
      ['half a length', `${bytes}00`, 3],
      ['nothing', '', 1],
    ],
  };
}

const proofText = (entry, index, path, checkpoint) =>
  `c2sp.org/tlog-proof@v1\nextra ${entry.toString('base64')}\nindex ${index}\n${path.map((h) => `${h.toString('base64')}\n`).join('')}\n${checkpoint}`;

function proofs(certificate, other) {
  const cases = [];
  const hash = (c) => sha256(Buffer.from(c.der));
  const bobs = entryOf(tagOf(ADDRESS), hash(certificate), certificate.notAfter / 1000);
  const all = Array.from({ length: 300 }, (_, i) => (i === 260 ? bobs : anyEntry(i)));
  const signed = (list) => {
    const text = headText(list);
    return `${text}\n${logLine(log, text)}${witnessLine(w2, text, NOON)}${witnessLine(w3, text, NOON + 1)}`;
  };
  const checkpoint = signed(all);
  const path = pathOf(260, all);
  const good = proofText(bobs, 260, path, checkpoint);
  const add = (what, verdict, proof, more = {}) => cases.push({ what, verdict, proof: b64(proof), ...more });
  add('in the log', 'ok', good, { index: 260, since: NOON });
  add('the only entry', 'ok', proofText(bobs, 0, [], signed([bobs])), { index: 0, since: NOON });
  const proven = entryOf(tagOf(ADDRESS), hash(certificate), certificate.notAfter / 1000, Buffer.alloc(32, 5));
  add('with evidence', 'ok', proofText(proven, 0, [], signed([proven])), { index: 0, since: NOON });
  add('another certificate', 'wrong-certificate', good, { certificate: Buffer.from(other.der).toString('base64') });
  add('no certificate', 'malformed', good, { certificate: '' });
  const shorter = entryOf(tagOf(ADDRESS), hash(certificate), certificate.notAfter / 1000 - 1);
  add('an end that hides it from the owner', 'wrong-end', proofText(shorter, 0, [], signed([shorter])));
  add('of another address', 'wrong-owner', good, { address: 'alice@example.net' });
  const hidden = entryOf(sha256(Buffer.from('nobody')), hash(certificate), certificate.notAfter / 1000);
  add('logged under the tag of nobody', 'wrong-owner', proofText(hidden, 0, [], signed([hidden])));
  add('another index', 'not-included', proofText(bobs, 261, path, checkpoint));
  add('an index beyond the log', 'not-included', proofText(bobs, 300, path, checkpoint));
  add('an index that no number holds', 'not-included', proofText(bobs, '9999999999999999', path, checkpoint));
  add(
    'a log without it',
    'not-included',
    proofText(bobs, 260, path, signed(all.map((e, i) => (i === 260 ? anyEntry(260) : e)))),
  );
  add('a hash too few', 'not-included', proofText(bobs, 260, path.slice(1), checkpoint));
  const text = headText(all);
  add(
    'one witness',
    'too-few-witnesses',
    proofText(bobs, 260, path, `${text}\n${logLine(log, text)}${witnessLine(w2, text, NOON)}`),
  );
  add(
    'a head that nobody signed',
    'bad-signature',
    proofText(bobs, 260, path, checkpoint.replace('\n300\n', '\n301\n')),
  );
  const foreign = headText(all, 'other.example/log');
  add('of another log', 'wrong-log', proofText(bobs, 260, path, `${foreign}\n${logLine(log, foreign)}`));
  for (const [what, proof] of Object.entries({
    nothing: '',
    'another version': good.replace('@v1', '@v2'),
    'no entry': good.replace(/extra .*\n/, ''),
    'no index': good.replace(/index .*\n/, ''),
    'entry and index changed about': good.replace(/(extra .*\n)(index .*\n)/, '$2$1'),
    'an entry of another version': proofText(Buffer.concat([Buffer.of(2), bobs.subarray(1)]), 260, path, checkpoint),
    'an index with a zero in front': good.replace('index 2', 'index 02'),
    'a negative index': good.replace('index 2', 'index -2'),
    'an index of 17 digits': good.replace('index 260', `index ${'1'.repeat(17)}`),
    'a short hash': good.replace(path[0].toString('base64'), Buffer.alloc(31).toString('base64')),
    'a path of 64 hashes': proofText(bobs, 260, Array(64).fill(path[0]), checkpoint),
    'a blank behind a hash': good.replace('=\n', '= \n'),
    'no empty line': good.replace('\n\n', '\n'),
    'no checkpoint': good.slice(0, good.indexOf('\n\n') + 2),
    'over 16 KiB': good + checkpoint.slice(checkpoint.indexOf('\n\n') + 2).repeat(40),
  }))
    add(what, 'malformed', proof);
  return cases;
}

const complete = (hashes) =>
  hashes.length === 1
    ? hashes[0]
    : sha256(Buffer.of(1), complete(hashes.slice(0, hashes.length / 2)), complete(hashes.slice(hashes.length / 2)));

/** Tiles of a whole log, in base64 by their paths without widths. */
function served(all) {
  const files = {};
  const path = (level, n) => `tile/${level}/${String(n).padStart(3, '0')}`;
  let level = all.map((entry) => sha256(Buffer.of(0), entry));
  for (let n = 0; n * 256 < all.length; n++)
    files[path('entries', n)] = bundleOf(all.slice(n * 256, n * 256 + 256)).toString('base64');
  for (let l = 0; level.length > 0; l++) {
    const above = [];
    for (let n = 0; n * 256 < level.length; n++) {
      const some = level.slice(n * 256, n * 256 + 256);
      files[path(l, n)] = Buffer.concat(some).toString('base64');
      if (some.length === 256) above.push(complete(some));
    }
    level = above;
  }
  return files;
}
/**
 * What watchers see one step after the other. The log shows the beginnings of `files`, but for what a step replaces (`altered`); `found`: indices. A
 * step that is refused changes nothing of what a watcher remembers.
 */
function watching(certificate) {
  const mine = (n) => entryOf(tagOf(ADDRESS), sha256(Buffer.from(`mine ${n}`)), certificate.notAfter / 1000);
  const all = Array.from({ length: 600 }, (_, i) => ([3, 255, 256, 511, 599].includes(i) ? mine(i) : anyEntry(i)));
  const signed = (list) => {
    const text = headText(list);
    return `${text}\n${logLine(log, text)}${witnessLine(w2, text, NOON + list.length)}${witnessLine(w3, text, NOON + list.length)}`;
  };
  const files = served(all);
  /** The log signed a tree of `list` and shows `shown`, of which what lies behind is as in `all`. */
  const state = (list, shown = list) => {
    const differ = Object.entries(served([...shown, ...all.slice(shown.length)])).filter(
      ([path, tile]) => files[path] !== tile,
    );
    return { checkpoint: b64(signed(list)), ...(differ.length > 0 ? { altered: Object.fromEntries(differ) } : {}) };
  };
  const first = (n) => all.slice(0, n);
  const changed = (n, at) => first(n).map((entry, i) => (i === at ? anyEntry(1e6) : entry));
  const alone = (list) => ({ ...state(list), checkpoint: b64(`${headText(list)}\n${logLine(log, headText(list))}`) });
  const reader = (what, from, steps) => ({ what, from, steps });
  const readers = [
    reader('from the beginning', 0, [
      { ...state(first(300)), found: [3, 255, 256] },
      { ...state(first(300)), found: [] },
      { ...state(first(512)), found: [511] },
      { ...state(first(600)), found: [599] },
    ]),
    reader('from the middle of a tile', 200, [
      { ...state(first(300)), found: [255, 256] },
      { ...state(first(511)), found: [] },
    ]),
    reader('from 256, of a log of 256', 256, [
      { ...state(first(256)), found: [] },
      { ...state(first(257)), found: [256] },
    ]),
    reader('from beyond the end', 1000, [
      { ...state(first(300)), found: [] },
      { ...state(first(600)), found: [511, 599] },
    ]),
    reader('an empty log', 0, [
      { ...state([]), found: [] },
      { ...state(first(4)), found: [3] },
    ]),
    reader('what goes wrong', 0, [
      { ...state(first(300)), found: [3, 255, 256] },
      { ...state(first(299)), verdict: 'smaller-tree' },
      { ...state(changed(300, 7)), verdict: 'forked' },
      { ...state(changed(512, 7)), verdict: 'inconsistent' },
      { ...state(first(512), changed(512, 511)), verdict: 'inconsistent' },
      { ...state(first(512), [...first(511), Buffer.alloc(105, 2)]), verdict: 'malformed' },
      { ...state(first(512), [...first(511), Buffer.alloc(3)]), verdict: 'malformed' },
      { ...alone(first(512)), verdict: 'too-few-witnesses' },
      { ...state(first(512)), found: [511] },
    ]),
    reader('what goes wrong at first', 0, [
      { ...state(first(300), changed(300, 7)), verdict: 'inconsistent' },
      { ...alone(first(300)), verdict: 'too-few-witnesses' },
      { ...state(first(300)), found: [3, 255, 256] },
    ]),
    reader('an edge that is wrong', 256, [
      { ...state(first(300), changed(300, 7)), verdict: 'inconsistent' },
      { ...state(first(300)), found: [256] },
    ]),
  ];
  return { files, readers };
}
