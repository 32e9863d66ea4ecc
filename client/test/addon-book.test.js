// The address book's parts that need no Thunderbird: what is written, and in which order; cards in files; links; the directory; threads; what a page is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinct, inMailbox } from '../thunderbird/acquaintances.js';
import { addressBook, cardOf, looks, plan, readdressed } from '../thunderbird/book.js';
import { recipients, summary } from '../thunderbird/compose.js';
import { applied, difference } from '../thunderbird/delta.js';
import { directory } from '../thunderbird/directory.js';
import { addressOfLink, placeOf } from '../thunderbird/link.js';
import { beginReply, repliesIn } from '../thunderbird/threads.js';
import { MAX_FILE_BYTES, readCards, readFile, vCard } from '../thunderbird/vcard.js';
import { memoryStore } from '../core/store/memory.js';

const person = (n, more = {}) => ({
  address: `p${n}@example.net`,
  name: `Person ${n}`,
  state: 'accepted',
  presence: 'offline',
  note: '',
  trust: 'verified',
  unread: 0,
  last: null,
  ...more,
});

test('whose status changed is written first, then who has no card, then the rest', () => {
  const known = new Map();
  const drawn = (n, presence) => ({ card: `c${n}`, name: `Person ${n}`, drawn: `Person ${n} ${presence}`, seen: true });
  known.set('p1@example.net', drawn(1, 'offline'));
  known.set('p2@example.net', drawn(2, 'online'));
  known.set('p3@example.net', drawn(3, 'offline'));
  known.set('p4@example.net', { ...drawn(4, 'offline'), drawn: '' });
  known.set('p6@example.net', drawn(6, 'offline'));
  const wanted = [
    person(4),
    person(5),
    person(2),
    person(1, { presence: 'away' }),
    person(3),
    person(6, { presence: 'unknown' }),
  ];
  assert.deepEqual(
    plan(wanted, known).map((each) => each.address[1]),
    ['1', '2', '5', '4'],
  );
  // Somebody of whom nothing is known stays offline, and does not stay online.
  assert.equal(looks(known.get('p1@example.net'), person(1, { presence: 'unknown' })), 'Person 1 offline');
  assert.equal(looks(known.get('p2@example.net'), person(2, { presence: 'unknown' })), 'Person 2 unknown');
});

/** Thunderbird's address books, as far as ours goes. */
function books() {
  const stored = {};
  const cards = new Map();
  const photos = new Map();
  const lists = new Map();
  const log = [];
  let book = '';
  let heard = (_card) => {};
  const there = (id) => {
    if (!cards.has(id)) throw new Error(`contact with id=${id} could not be found.`);
  };
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => void Object.assign(stored, structuredClone(what)),
      },
    },
    addressBooks: {
      list: async () => (book ? [{ id: book }] : []),
      create: async () => (book = `book${Object.keys(stored).length}`),
    },
    contacts: {
      onUpdated: { addListener: (fn) => (heard = fn) },
      async create(_book, id, { vCard: card }) {
        if (!book) throw new Error('addressBook with id= could not be found.');
        if (cards.has(id)) throw new Error(`Duplicate contact id: ${id}`);
        cards.set(id, card);
        log.push(`create ${id}`);
      },
      get: async (id) => (there(id), { properties: { vCard: cards.get(id) } }),
      async update(id, { vCard: card }) {
        there(id);
        cards.set(id, card);
        log.push(`update ${id}`);
        heard({ id, parentId: book });
      },
      async delete(id) {
        there(id);
        cards.delete(id);
        log.push(`delete ${id}`);
      },
      getPhoto: async (id) => (there(id), photos.get(id) ?? null),
      async setPhoto(id, file) {
        there(id);
        photos.set(id, file);
        log.push(`photo ${id}`);
        heard({ id, parentId: book });
      },
    },
    mailingLists: {
      list: async () => [...lists.keys()].map((id) => ({ id })),
      create: async (_book, { name }) => (lists.set('list', { name, members: new Set() }), 'list'),
      update: async (id, { name }) => void (lists.get(id).name = name),
      delete: async (id) => void lists.delete(id),
      addMember: async (id, card) => void lists.get(id).members.add(card),
      removeMember: async (id, card) => void lists.get(id).members.delete(card),
    },
  };
  globalThis.OffscreenCanvas = class {
    getContext = () =>
      new Proxy(
        {},
        { get: (_, name) => (name === 'drawImage' ? () => (this.photo = true) : () => {}), set: () => true },
      );
    convertToBlob = async () => new Blob([this.photo ? 'over a photo ' : 'a letter ']);
  };
  globalThis.createImageBitmap = async () => ({ width: 10, height: 10, close() {} });
  return {
    cards,
    photos,
    lists,
    log,
    drop() {
      book = '';
      cards.clear();
      photos.clear();
      lists.clear();
    },
    /** As the person does on the card. */
    choose(id, photo) {
      if (photo) photos.set(id, photo);
      else photos.delete(id);
      heard({ id, parentId: book });
    },
  };
}

const online = (count) => `Online now (${count})`;
const rest = () => new Promise((resolve) => setTimeout(resolve, 5));
const warnings = [];
const warn = (e) => warnings.push(String(e));

test('the book follows the contacts, writes only what changed, also over a restart, and takes nobody away whom it did not see leave', async () => {
  const thunderbird = books();
  const store = memoryStore();
  let book = addressBook({ store, online, warn });
  await book.show([person(1), person(2, { presence: 'online' }), person(3, { state: 'removed' })]);
  const [one, two] = [await cardOf('p1@example.net'), await cardOf('p2@example.net')];
  assert.deepEqual([...thunderbird.cards.keys()].sort(), [one, two].sort());
  assert.deepEqual(thunderbird.lists.get('list'), { name: 'Online now (1)', members: new Set([two]) });
  thunderbird.log.length = 0;
  await book.show([person(1, { presence: 'busy' }), person(2, { presence: 'online' })]);
  assert.deepEqual(thunderbird.log, [`photo ${one}`]);
  assert.equal(thunderbird.lists.get('list').name, 'Online now (2)');
  // Started again: nobody is known to be here, and only whose picture says otherwise is drawn.
  thunderbird.log.length = 0;
  book = addressBook({ store, online, warn });
  await book.show([person(1, { presence: 'unknown' }), person(2, { presence: 'online' })]);
  assert.deepEqual(thunderbird.log, [`photo ${one}`]);
  assert.deepEqual(thunderbird.lists.get('list').members, new Set([two]));
  await book.show([person(2, { presence: 'online' })]);
  assert.deepEqual(thunderbird.log.slice(1), [`delete ${one}`]);
  book = addressBook({ store, online, warn });
  await book.show([]);
  assert.ok(thunderbird.cards.has(two), 'it may hold what the person wrote');
  assert.deepEqual(warnings, []);
});

test('a card that was made before a crash is not made twice, and a book that was deleted is made again', async () => {
  const thunderbird = books();
  const store = memoryStore();
  await addressBook({ store, online, warn }).show([person(1, { name: '' })]);
  const card = await cardOf('p1@example.net');
  await store.delete('book-cards', 'p1@example.net');
  const book = addressBook({ store, online, warn });
  await book.show([person(1)]);
  assert.deepEqual([...thunderbird.cards.keys()], [card]);
  assert.match(thunderbird.cards.get(card), /^FN:Person 1\r$/m);
  warnings.length = 0;
  thunderbird.drop();
  await book.show([person(1, { presence: 'online' }), person(2)]);
  assert.equal(thunderbird.cards.size, 2);
  assert.equal(warnings.length, 1, warnings.join());
  warnings.length = 0;
});

test('what cannot be written is tried twice, and holds up nobody else', async () => {
  const thunderbird = books();
  const { setPhoto } = browser.contacts;
  const bad = await cardOf('p1@example.net');
  browser.contacts.setPhoto = async (id, file) => {
    if (id === bad) throw new Error('the disk is full');
    return setPhoto(id, file);
  };
  await addressBook({ store: memoryStore(), online, warn }).show([person(1), person(2)]);
  assert.deepEqual(warnings, ['Error: the disk is full', 'Error: the disk is full']);
  assert.ok(thunderbird.photos.has(await cardOf('p2@example.net')));
  warnings.length = 0;
});

test('a photo of the person’s own is kept, and drawn under the status until they take it away', async () => {
  const thunderbird = books();
  const store = memoryStore();
  const book = addressBook({ store, online, warn });
  await book.show([person(1)]);
  const card = await cardOf('p1@example.net');
  const drawn = async () => (await thunderbird.photos.get(card)?.text()) ?? '';
  const shows = async (wanted) => {
    const end = Date.now() + 20_000;
    while (!wanted.test(await drawn()) && Date.now() < end) await rest();
    assert.match(await drawn(), wanted);
  };
  assert.match(await drawn(), /^a letter /);
  thunderbird.choose(card, new File(['me at the sea'], 'x.jpeg', { type: 'image/jpeg' }));
  await shows(/^over a photo /);
  assert.equal(new TextDecoder().decode((await store.get('book-photos', 'p1@example.net')).bytes), 'me at the sea');
  await book.show([person(1, { presence: 'online' })]);
  assert.match(await drawn(), /^over a photo /);
  assert.equal(new TextDecoder().decode((await store.get('book-photos', 'p1@example.net')).bytes), 'me at the sea');
  thunderbird.choose(card, null);
  await shows(/^a letter /);
  // One that cannot be read stays as it is.
  globalThis.createImageBitmap = async () => Promise.reject(new Error('no picture'));
  thunderbird.choose(card, new File(['<svg>'], 'x.png', { type: 'image/png' }));
  await rest();
  assert.equal(await drawn(), '<svg>');
  for (const name of ['browser', 'OffscreenCanvas', 'createImageBitmap']) delete globalThis[name];
});

test('cards of a file are read as other programs write them, and what is no address is left out', async () => {
  const text = [
    'BEGIN:VCARD',
    'VERSION:4.0',
    'FN:Zoë \\, Example',
    'item1.EMAIL;TYPE="a:b;c",work:Zoe@Example.NET',
    'EMAIL:not an address',
    'NOTE:EMAIL:eve@example.net',
    'IMPP:xmpp:zoe@example.net',
    'IMPP;PREF=1:sip:zoe@exam',
    ' ple.org',
    'END:VCARD',
    'EMAIL:outside@example.net',
    'begin:vcard',
    'version:2.1',
    'N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCl=',
    'ler;Anna;;;',
    'EMAIL;INTERNET:anna@example.net',
    'END:VCARD',
    'BEGIN:VCARD',
    'FN:zoe again',
    'EMAIL:zoe@example.net',
    'END:VCARD',
  ].join('\r\n');
  assert.deepEqual(readCards(text), [
    { address: 'zoe@example.net', name: 'Zoë , Example' },
    { address: 'zoe@example.org', name: 'Zoë , Example' },
    { address: 'anna@example.net', name: 'Anna Müller' },
  ]);
  const people = [
    { address: 'bob@example.net', name: 'Bob; "B"\\' },
    { address: '+49301234567', name: '' },
  ];
  assert.deepEqual(readCards(people.map(vCard).join('')), people);
  const latin = new Uint8Array(
    [...'BEGIN:VCARD\nFN:Zo\xeb\nEMAIL:z@example.net\nEND:VCARD'].map((c) => c.charCodeAt(0)),
  );
  assert.deepEqual(await readFile(new Blob([latin])), [{ address: 'z@example.net', name: 'Zoë' }]);
});

test('a hostile file is refused, soon', { timeout: 120_000 }, async () => {
  const refused = async (what, key) => assert.rejects(async () => readFile(new Blob([what])), { key });
  await refused('hello', 'vcard.none');
  await refused('BEGIN:VCARD\0', 'vcard.none');
  await refused('BEGIN:VCARD\nFN:x\nEND:VCARD', 'vcard.nobody');
  await refused(new Uint8Array(MAX_FILE_BYTES + 1), 'vcard.too-big');
  const one = (i) => `BEGIN:VCARD\nFN:x\nEMAIL:p${i}@example.net\nEND:VCARD\n`;
  await refused(Array.from({ length: 5001 }, (_, i) => one(i)).join(''), 'vcard.too-many');
  const long = (begin, piece, size) => readFile(new Blob([begin, piece.repeat(size / piece.length)]));
  for (const piece of ['EMAIL;', ';"', '=\n', ' \n', 'IMPP:sip:', 'BEGIN:VCARD\n', 'a@', '\n ', '%'])
    await assert.rejects(() => long('BEGIN:VCARD\nEMAIL', piece, 400_000));
  // What takes time with the square of the length takes minutes.
  for (const piece of ['a=\n', '\n '])
    await assert.rejects(() => long('BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:=', piece, 3_000_000));
});

test('a link leads to somebody, and to a call never', () => {
  const cases = {
    'sip:bob@example.net': 'bob@example.net',
    'SIP:Bob@Example.NET;transport=tcp?subject=x': 'bob@example.net',
    'sip:bob@example.net:5061': 'bob@example.net',
    'sip:b%6Fb@example.net': 'bob@example.net',
    'tel:+49-(30)-12.34.567;ext=1': '+49301234567',
    'tel:110': '',
    'sip:bob:secret@example.net': '',
    'sips:bob@example.net': '',
    'sip:%zz@example.net': '',
    'javascript:alert(1)': '',
    '': '',
  };
  for (const [link, address] of Object.entries(cases)) assert.equal(addressOfLink(link), address, link);
  assert.equal(addressOfLink(`sip:${'a'.repeat(500)}@example.net`), '');
  assert.equal(addressOfLink(`sip:bob@example.net;${'a'.repeat(500)}`), '');
  const contacts = [person(1, { earlier: ['old@example.net'] })];
  assert.equal(placeOf('sip:old@example.net', contacts), '#p1%40example.net');
  assert.equal(placeOf('sip:eve@example.net', contacts), '#:new=eve%40example.net');
  assert.equal(placeOf('tel:0301234', contacts), '#:new=0301234');
  assert.equal(placeOf('sip:%zz', contacts), '#:new=');
});

test('the directory looks up whole addresses that are left alone for a moment, once, and nothing else', async () => {
  const asked = [];
  let answer = (_address) => Promise.resolve('found');
  const waits = [];
  const core = {
    state: { contacts: [person(1)] },
    lookup: (address) => (asked.push(address), answer(address)),
  };
  let time = 0;
  // Rests end at once when the test says so; the wait for an answer never does.
  const wait = (ms) => new Promise((resolve) => (ms < 5000 ? waits.push(resolve) : undefined));
  const { search } = directory({ core, note: 'verified, now', wait, now: () => time });
  const rested = () => waits.splice(0).forEach((each) => each());
  for (const typed of [undefined, '', 'bob', 'bob@', 'bob@example', 'Bob Example', '<bob@example.net>', 'a@b.c,d@e.f'])
    assert.deepEqual(await search(typed), { results: [], isCompleteResult: true });
  const half = search('bob@example.ne');
  const complete = search(' Bob@example.net ');
  rested();
  assert.deepEqual((await half).results, []);
  const [{ vCard: card }] = (await complete).results;
  assert.match(card, /^EMAIL;PREF=1:bob@example.net\r$[^]*^NOTE:verified\\, now\r\nEND:VCARD\r\n$/m);
  assert.deepEqual(asked, ['bob@example.net']);
  await search('bob@example.net');
  assert.equal(asked.length, 1, 'kept');
  time += 700_000;
  answer = async () => 'forged';
  const again = search('bob@example.net');
  rested();
  assert.deepEqual((await again).results, []);
  answer = async () => 'unreachable';
  const unknown = search('p1@example.net');
  rested();
  assert.equal((await unknown).isCompleteResult, false);
  answer = async () => 'found';
  const known = search('p1@example.net');
  rested();
  assert.match((await known).results[0].vCard, /^FN:Person 1\r$/m);
  // No more at once than a few.
  answer = () => new Promise(() => {});
  asked.length = 0;
  for (let i = 0; i < 10; i++) {
    void search(`q${i}@example.net`);
    rested();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(asked.length, 4);
});

test('the first message after the click belongs to the mail, also after a restart, and no other', async () => {
  const stored = {};
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => void Object.assign(stored, structuredClone(what)),
      },
    },
  };
  const message = (id, at, mine = true) => ({
    id,
    at,
    mine,
    with: 'bob@example.net',
    text: id,
    state: 'sent',
    why: '',
  });
  await beginReply('bob@example.net', 'mail-1@example.net', 100, 1000);
  const all = [message('old', 50), message('theirs', 1500, false), message('mine', 2000), message('next', 3000)];
  assert.deepEqual(await repliesIn('carol@example.net', all, () => false), {});
  assert.deepEqual(await repliesIn('bob@example.net', all.slice(0, 2), () => false), {});
  assert.deepEqual(await repliesIn('bob@example.net', all, () => false), { mine: 'mail-1@example.net' });
  assert.deepEqual(await repliesIn('bob@example.net', [...all, message('more', 4000)], () => false), {
    mine: 'mail-1@example.net',
  });
  for (const bad of ['', 'x>\r\nBcc: all@example.net', 'a b@example.net', 'x'.repeat(300)])
    await beginReply('bob@example.net', bad, 4000, 5000);
  assert.deepEqual(stored.threads.next, {});
  // Nobody thinks of the mail hours later.
  await beginReply('bob@example.net', 'mail-2@example.net', 4000, 5000);
  const late = [...all, message('late', 5000 + 3_700_000)];
  assert.deepEqual(await repliesIn('bob@example.net', late, () => false), { mine: 'mail-1@example.net' });
  assert.deepEqual(stored.threads.next, {});
  delete globalThis.browser;
});

test('a page is told what changed, and comes to the same', () => {
  const rows = Array.from({ length: 1000 }, (_, n) => person(n));
  const blank = { me: { status: 'new' }, contacts: [], requests: [] };
  let there = applied(null, structuredClone(difference(null, blank)));
  let before = blank;
  const step = (after, most) => {
    const delta = difference(before, after);
    assert.ok(JSON.stringify(delta).length <= most, `${JSON.stringify(delta).length}`);
    there = applied(there, structuredClone(delta));
    assert.deepEqual(there, after);
    before = after;
  };
  step({ ...before, contacts: rows }, 200_000);
  const copied = before.contacts.map((each) => ({ ...each }));
  step({ ...before, contacts: copied }, 100);
  step({ ...before, contacts: copied.map((each, n) => (n === 500 ? { ...each, presence: 'online' } : each)) }, 300);
  // Somebody writes: they go to the top.
  const last = { text: 'hi', at: 5, mine: false };
  step(
    { ...before, contacts: [{ ...before.contacts[700], last }, ...before.contacts.filter((_, n) => n !== 700)] },
    300,
  );
  step({ ...before, contacts: before.contacts.filter((_, n) => n !== 3) }, 200);
  step({ ...before, contacts: [...before.contacts.slice(0, 10), person(5000), ...before.contacts.slice(10)] }, 300);
  const kept = there.contacts[20];
  step({ ...before, me: { status: 'online' } }, 100);
  assert.equal(there.contacts[20], kept, 'what did not change is the same object');
  // Another order, and nobody changed.
  step({ ...before, contacts: [...before.contacts].reverse() }, 200_000);
  step({ ...before, contacts: [] }, 200_000);
});

test('the button beside a mail says how its recipients are', () => {
  const to = recipients({
    to: ['Bob <P1@example.net>', 'p2@example.net', { id: 'x', type: 'mailingList' }],
    cc: ['"x" <p1@example.net>', 'nobody'],
  });
  assert.deepEqual(to, ['p1@example.net', 'p2@example.net']);
  assert.equal(recipients({ to: Array.from({ length: 500 }, (_, n) => `p${n}@example.net`) }).length, 50);
  const here = [person(1, { presence: 'away' }), person(2), person(3, { state: 'waiting' })];
  assert.deepEqual(summary(to, here).badge, '1');
  assert.equal(summary(to, here).title, 'Person 1: away, Person 2: offline');
  assert.equal(summary(['p1@example.net'], here).badge, '◐');
  assert.equal(summary(['p3@example.net'], here).badge, '');
  assert.equal(summary([], here).badge, '');
});

test('people are proposed each once, with a name where anybody gave one', () => {
  const all = ['p1@example.net', '"Person, One" <P1@example.net>', 'nobody', 'Zoë <zoe@example.net>'].map(inMailbox);
  assert.deepEqual(distinct(all), [
    { address: 'p1@example.net', name: 'Person, One' },
    { address: 'zoe@example.net', name: 'Zoë' },
  ]);
});

test('whoever uses another address keeps the card, with what the person wrote on it and their photo', async () => {
  const thunderbird = books();
  const store = memoryStore();
  const book = addressBook({ store, online, warn });
  warnings.length = 0;
  await book.show([person(1)]);
  await book.show([person(1, { presence: 'online' })]);
  const card = await cardOf('p1@example.net');
  thunderbird.cards.set(
    card,
    thunderbird.cards.get(card).replace('END:VCARD', 'NOTE:likes wombats, not p1@example.net\r\nEND:VCARD'),
  );
  await book.show([person(1, { address: 'new@example.org', earlier: ['p1@example.net'], presence: 'online' })]);
  assert.deepEqual([...thunderbird.cards.keys()], [card]);
  const now = thunderbird.cards.get(card);
  assert.match(now, /^EMAIL;PREF=1:new@example\.org\r$/m);
  assert.match(now, /^IMPP;PREF=1:sip:new@example\.org\r$/m);
  assert.match(now, /^NOTE:likes wombats, not p1@example\.net\r$/m);
  await book.show([]);
  assert.equal(thunderbird.cards.size, 0, 'it is their card still');
  assert.deepEqual(warnings, []);
  assert.match(
    readdressed(
      'EMAIL:P1@Example.net\r\nITEM1.EMAIL:p11@example.net\r\nFN:p1@exam\r\n ple.net\r\n',
      'p1@example.net',
      'n@x.org',
    ),
    /^EMAIL:n@x\.org\r\nITEM1\.EMAIL:p11@example\.net\r\nFN:n@x\.org\r\n$/,
  );
});
