// The fifteen bodies, and each limit passed by one: docs/protocols/formats.md, section 9. The layout is written down here a second time, by intention.
import { hex, unhex } from '../../core/bytes.js';
import { encodeCbor } from '../../core/record/cbor.js';

const KEYS = {
  text: [1, { text: 1 }],
  receipt: [2, { ids: 1, state: 2 }],
  request: [3, { name: 1, text: 2, friendsKey: 3, version: 4, token: 5 }],
  accept: [4, { name: 1, friendsKey: 3, version: 4, token: 5 }],
  decline: [5, {}],
  rotate: [6, { friendsKey: 3, version: 4 }],
  endorseRequest: [7, { name: 1, spki: 2, proof: 3 }],
  endorseGrant: [8, { ownKey: 1, friendsKey: 2, version: 3, contacts: 4, ownVersion: 5, proof: 6 }],
  sentCopy: [9, { to: 1, id: 2, text: 3, sent: 4 }],
  endorseRefusal: [10, {}],
  readMark: [11, { address: 1, upTo: 2 }],
  ownKey: [12, { ownKey: 1, version: 2 }],
  entries: [13, { entries: 1 }],
  summary: [14, { version: 1, digests: 2, state: 3 }],
  moved: [15, { statement: 1 }],
};
const ENTRY = { name: 1, time: 2, value: 3 };
const CONTACT = { address: 1, name: 2, theirToken: 3, ourToken: 4, friendsKey: 5, version: 6 };
const BYTES = new Set([
  'friendsKey',
  'token',
  'spki',
  'ownKey',
  'id',
  'theirToken',
  'ourToken',
  'proof',
  'digests',
  'value',
  'statement',
]);

const value = (name, said) =>
  BYTES.has(name)
    ? unhex(said)
    : name === 'ids'
      ? said.map(unhex)
      : name === 'contacts'
        ? said.map((each) => map(CONTACT, each))
        : name === 'entries'
          ? said.map((each) => map(ENTRY, each))
          : said;
const map = (keys, said) =>
  new Map(Object.keys(said).flatMap((name) => (name in keys ? [[keys[name], value(name, said[name])]] : [])));

export const layout = (said) =>
  new Map([
    [1, KEYS[said.type][0]],
    [2, unhex(said.id)],
    [3, said.sent],
    [4, said.from],
    [5, said.to],
    [6, unhex(said.device)],
    [7, map(KEYS[said.type][1], said.content)],
  ]);

const key = (n) => hex(new Uint8Array(32).fill(n));
const id = (n) => hex(new Uint8Array(16).fill(n));
const contact = {
  address: 'carol@example.net',
  name: 'Carol',
  theirToken: key(1),
  ourToken: key(2),
  friendsKey: key(3),
  version: 4,
};
const CONTENTS = {
  text: { text: 'Grüße 👋' },
  receipt: { ids: [id(1), id(2)], state: 2 },
  request: { name: 'Alice', text: 'It is me.', friendsKey: key(1), version: 1, token: key(2) },
  accept: { name: 'Bob', friendsKey: key(1), version: 3, token: key(2) },
  decline: {},
  rotate: { friendsKey: key(1), version: 2 },
  endorseRequest: { name: 'Firefox', spki: hex(new Uint8Array(91).fill(7)) },
  endorseGrant: { ownKey: key(1), friendsKey: key(2), version: 1, contacts: [contact] },
  sentCopy: { to: 'carol@example.net', id: id(3), text: 'hello', sent: 1795521600000 },
  endorseRefusal: {},
  readMark: { address: 'carol@example.net', upTo: 1795521600000 },
  ownKey: { ownKey: key(1), version: 2 },
  entries: {
    entries: [
      { name: 'setting strangersRing', time: 1795521600000, value: 'a101f5' },
      { name: 'contact carol@example.net', time: 1795521600001, value: '' },
    ],
  },
  summary: { version: 2, digests: hex(new Uint8Array(128).fill(8)), state: 1 },
  moved: { statement: hex(new Uint8Array(500).fill(9)) },
};

export const body = (type, content, more = {}) => ({
  type,
  id: id(9),
  sent: 1795521600000,
  from: 'alice@example.net',
  to: 'bob@example.net',
  device: key(5),
  content,
  ...more,
});

/** What a writer can be asked to write has `said`; what only hostile bytes can say has `cbor` alone. */
export function bodies() {
  const cbor = (said) => hex(encodeCbor(layout(said)));
  const good = Object.entries(CONTENTS).map(([type, content]) => body(type, content));
  for (const content of [{ text: '' }, { text: 'ü'.repeat(8192) }]) good.push(body('text', content));
  good.push(body('request', { ...CONTENTS.request, name: 'n'.repeat(64), text: '😀'.repeat(70) }));
  good.push(body('receipt', { ids: Array(200).fill(id(1)), state: 1 }));
  good.push(body('endorseGrant', { ...CONTENTS.endorseGrant, contacts: [] }));
  good.push(body('readMark', { address: '+4930123456', upTo: 2 ** 50 }));
  good.push(body('endorseRequest', { ...CONTENTS.endorseRequest, proof: key(4) }));
  good.push(body('endorseGrant', { ...CONTENTS.endorseGrant, ownVersion: 3, proof: key(4) }));
  good.push(body('moved', { statement: 'ab'.repeat(12288) }));
  good.push(body('entries', { entries: [{ name: 'n'.repeat(300), time: 0, value: 'ab'.repeat(1024) }] }));
  const bad = limits().map(([what, verdict, said]) => ({ what, verdict, said, cbor: cbor(said) }));
  for (const [what, verdict, change] of hostile()) {
    const whole = layout(body('text', CONTENTS.text));
    change(whole);
    bad.push({ what, verdict, cbor: hex(encodeCbor(whole)) });
  }
  bad.push({ what: 'no map', verdict: 'malformed', cbor: hex(encodeCbor([1])) });
  bad.push({ what: 'bytes behind', verdict: 'malformed', cbor: `${cbor(good[0])}00` });
  const unknown = layout(good[0]);
  unknown.set(40, 'later').get(7).set(40, 'later');
  return {
    good: [
      ...good.map((said) => ({ said, cbor: cbor(said) })),
      { what: 'unknown keys are passed over', said: good[0], cbor: hex(encodeCbor(unknown)), readOnly: true },
    ],
    bad,
  };
}

function limits() {
  const entry = { name: 'x', time: 1, value: '' };
  const over = (type, content, more) => body(type, { ...CONTENTS[type], ...content }, more);
  const cases = [
    ['a text of 16 KiB and a byte', 'too-long', over('text', { text: `${'ü'.repeat(8192)}x` })],
    ['a copy of 16 KiB and a byte', 'too-long', over('sentCopy', { text: 'x'.repeat(16385) })],
    ['no receipts', 'too-few', over('receipt', { ids: [] })],
    ['201 receipts', 'too-many', over('receipt', { ids: Array(201).fill(id(1)) })],
    ['a receipt of 15 bytes', 'wrong-length', over('receipt', { ids: [id(1), id(1).slice(2)] })],
    ['a state 0', 'out-of-range', over('receipt', { state: 0 })],
    ['a state 3', 'out-of-range', over('receipt', { state: 3 })],
    ['a hello of 141 characters', 'too-long', over('request', { text: 'x'.repeat(141) })],
    [
      '501 contacts',
      'too-many',
      over('endorseGrant', {
        contacts: Array(501).fill({
          address: 'a@b.example',
          name: '',
          theirToken: '',
          ourToken: '',
          friendsKey: '',
          version: 0,
        }),
      }),
    ],
    ['no entries', 'too-few', over('entries', { entries: [] })],
    ['501 entries', 'too-many', over('entries', { entries: Array(501).fill({ name: '', time: 0, value: '' }) })],
    ['an entry of 1025 bytes', 'too-long', over('entries', { entries: [{ ...entry, value: 'ab'.repeat(1025) }] })],
    ['an entry with a name of 301', 'too-long', over('entries', { entries: [{ ...entry, name: 'n'.repeat(301) }] })],
    ['an entry before 1970', 'out-of-range', over('entries', { entries: [{ ...entry, time: -1 }] })],
    ['an entry after the end', 'out-of-range', over('entries', { entries: [{ ...entry, time: 2 ** 50 + 1 }] })],
    ['a summary of 127 bytes', 'wrong-length', over('summary', { digests: hex(new Uint8Array(127)) })],
    ['a summary in state 3', 'out-of-range', over('summary', { state: 3 })],
    ['a statement of 12 KiB and a byte', 'too-long', over('moved', { statement: 'ab'.repeat(12289) })],
    ['a proof of 31 bytes', 'wrong-length', over('endorseRequest', { proof: key(1).slice(2) })],
    ['a proof of 33 bytes', 'wrong-length', over('endorseGrant', { proof: `${key(1)}00` })],
    ['an own version below 0', 'out-of-range', over('endorseGrant', { ownVersion: -1 })],
    ['a key of 90 bytes', 'wrong-length', over('endorseRequest', { spki: hex(new Uint8Array(90)) })],
    ['a copy to nowhere', 'bad-address', over('sentCopy', { to: 'carol' })],
    ['a copy of a message id of 17 bytes', 'wrong-length', over('sentCopy', { id: `${id(1)}00` })],
    ['a copy sent before 1970', 'out-of-range', over('sentCopy', { sent: -1 })],
    ['read marks of nobody', 'bad-address', over('readMark', { address: '' })],
    ['read after the end of time', 'out-of-range', over('readMark', { upTo: 2 ** 50 + 1 })],
    ['from an address in another form', 'bad-address', over('text', {}, { from: 'Alice@example.net' })],
    ['to no address', 'bad-address', over('text', {}, { to: 'bob' })],
    ['a message id of 15 bytes', 'wrong-length', over('text', {}, { id: id(1).slice(2) })],
    ['a device id of 33 bytes', 'wrong-length', over('text', {}, { device: `${key(1)}00` })],
    ['sent before 1970', 'out-of-range', over('text', {}, { sent: -1 })],
    ['sent after the end of time', 'out-of-range', over('text', {}, { sent: 2 ** 50 + 1 })],
  ];
  for (const type of ['request', 'accept', 'endorseRequest'])
    cases.push([`${type}: a name of 65 characters`, 'too-long', over(type, { name: 'n'.repeat(65) })]);
  for (const [type, names] of Object.entries({
    request: ['friendsKey', 'token'],
    accept: ['friendsKey', 'token'],
    rotate: ['friendsKey'],
    endorseGrant: ['ownKey', 'friendsKey'],
    ownKey: ['ownKey'],
  })) {
    for (const name of names)
      cases.push([`${type}: ${name} of 31 bytes`, 'wrong-length', over(type, { [name]: key(1).slice(2) })]);
    cases.push([`${type}: a version below 0`, 'out-of-range', over(type, { version: -1 })]);
  }
  for (const [name, said, verdict] of [
    ['address', 'CAROL@example.net', 'bad-address'],
    ['name', 'n'.repeat(65), 'too-long'],
    ['theirToken', key(1).slice(2), 'wrong-length'],
    ['ourToken', `${key(1)}00`, 'wrong-length'],
    ['friendsKey', '', 'wrong-length'],
    ['version', 2 ** 50 + 1, 'out-of-range'],
  ])
    cases.push([`a contact's ${name}`, verdict, over('endorseGrant', { contacts: [{ ...contact, [name]: said }] })]);
  return cases;
}

const hostile = () => [
  ['type 0', 'unknown-type', (b) => b.set(1, 0)],
  ['type 16', 'unknown-type', (b) => b.set(1, 16)],
  ['a type that is text', 'malformed', (b) => b.set(1, 'text')],
  ['no id', 'malformed', (b) => b.delete(2)],
  ['an id that is text', 'malformed', (b) => b.set(2, 'x')],
  ['a time that is text', 'malformed', (b) => b.set(3, 'x')],
  ['an address that is bytes', 'malformed', (b) => b.set(4, new Uint8Array(3))],
  ['no addressee', 'malformed', (b) => b.delete(5)],
  ['no device', 'malformed', (b) => b.delete(6)],
  ['no content', 'malformed', (b) => b.delete(7)],
  ['a content that is no map', 'malformed', (b) => b.set(7, [])],
  ['a content without its text', 'malformed', (b) => b.get(7).delete(1)],
  ['a text that is a number', 'malformed', (b) => b.get(7).set(1, 1)],
];
