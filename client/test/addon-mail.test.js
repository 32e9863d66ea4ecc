// How the add-on deals with the CA's mail, and with what only looks like it; and which server it begins with.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { StarlingError } from '../core/errors.js';
import { challengeMails } from '../thunderbird/mails.js';
import { proofBook, proofs } from '../thunderbird/proof.js';
import { isAllowed } from '../thunderbird/server-address.js';
import { findServers } from '../thunderbird/servers.js';

const BEGINS = 'AbCdEfGhIj';
const CODE = `${BEGINS}KlMnOpQrStUvWxYz012345`;
const ALICE = 'alice@example.net';
const FROM = 'acme@ca.example';
const WAITING = {
  ...{ address: ALICE, from: FROM, begins: BEGINS, reply: true },
  ...{ order: 'https://ca.example/order/1', expires: Date.now() + 86_400_000 },
};
const PAGE = 100;

let stored, box, read, arrive;
beforeEach(() => {
  [stored, box, read] = [{}, [], []];
  const page = (all, at) => ({
    id: at + PAGE < all.length ? `${at + PAGE}` : null,
    messages: all.slice(at, at + PAGE),
  });
  let found = [];
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => void Object.assign(stored, structuredClone(what)),
      },
    },
    folders: { query: async () => [{ id: 'in', specialUse: ['inbox'] }] },
    messages: {
      getFull: async (id) => (read.push(id), { headers: box.find((each) => each.id === id).headers }),
      query: async ({ headerMessageId }) => {
        found = box.filter((each) => !headerMessageId || each.headerMessageId === headerMessageId);
        return page(found, 0);
      },
      continueList: async (id) => page(found, Number(id)),
      onNewMailReceived: {
        addListener: (fn) =>
          (arrive = (mails) => {
            box.push(...mails);
            found = mails;
            fn({}, page(mails, 0));
          }),
      },
    },
  };
});
afterEach(() => delete globalThis.browser);

let next = 0;
const mail = ({ headers = {}, ...more } = {}) => ({
  ...{ id: ++next, headerMessageId: `${next}@ca.example`, subject: `ACME: ${CODE}`, recipients: [ALICE], size: 4000 },
  headers: { from: [FROM], 'auto-submitted': ['auto-generated; type=acme'], ...headers },
  ...more,
});

/** @param {any} [more] what is different around it */
function desk(more = {}) {
  const did = [];
  const around = {
    waiting: WAITING,
    all: async () => (around.waiting ? [around.waiting] : []),
    awaited: async (code) => (around.waiting && code.startsWith(around.waiting.begins) ? around.waiting : null),
    answer: async (_waiting, code) => (did.push(`answer ${code}`), 'the answer'),
    send: async (id, to, text) => void did.push(`send ${id} to ${to.from}: ${text}`),
    answered: async () => void (did.push('answered'), (around.waiting = null)),
    submit: async (_waiting, code, why) => void (did.push(`code ${why?.key ?? ''}`), (around.waiting = null)),
    file: async (id) => void (did.push(`file ${id}`), (box.find((each) => each.id === id).filed = true)),
    isFiled: async (one) => !!one.filed,
    note: proofBook().note,
    warn: () => {},
    ...more,
  };
  const { lookBack, settled } = challengeMails(around);
  const done = async () => {
    // Pages are asked for between two mails.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    await settled();
  };
  return { around, did, lookBack, done };
}

test('the CA’s mail is answered once, however many copies there are, and all are filed', async () => {
  const { did, done } = desk();
  const [one, two] = [mail(), mail()];
  arrive([one, two]);
  await done();
  assert.deepEqual(did, [
    `answer ${CODE}`,
    `send ${one.id} to ${FROM}: the answer`,
    'answered',
    `file ${one.id}`,
    `file ${two.id}`,
  ]);
  const [proof] = await proofs();
  assert.deepEqual([proof.step, proof.left], ['done', []]);
});

test('where the answer does not count the code is used, for a reason that is told', async () => {
  const say = (key, args) => async () => {
    throw new StarlingError(key, args);
  };
  const unsigned = { why: 'The reply carries no DKIM signature; ask whoever runs your mail server.' };
  for (const [more, why] of [
    [{ send: say('reply.unsent') }, 'unsent'],
    [{ send: say('reply.stuck') }, 'stuck'],
    [{ answered: say('reply.late') }, 'late'],
    [{ answered: say('reply.refused', unsigned) }, 'unsigned'],
    [{ answered: say('reply.refused', { why: 'This is an automatic answer.' }) }, 'refused'],
  ]) {
    stored = {};
    const { did, done } = desk(more);
    const one = mail();
    arrive([one]);
    await done();
    assert.deepEqual(did.slice(-2), [`code ${why}`, `file ${one.id}`]);
    assert.equal((await proofs())[0].why, why);
  }
});

test('no answer goes where only the mail wants it, and none to a CA that takes none', async () => {
  for (const [one, waiting] of [
    [mail({ headers: { 'reply-to': ['Mallory <mallory@example.com>'] } }), WAITING],
    [mail(), { ...WAITING, reply: false }],
  ]) {
    stored = {};
    const { did, around, done } = desk();
    around.waiting = waiting;
    arrive([one]);
    await done();
    assert.deepEqual(did, ['code ', `file ${one.id}`]);
  }
});

test('forged mails are neither answered nor moved, and most are not even read; among thousands the genuine one is found', async () => {
  const { did, done } = desk();
  const forged = [
    mail({ headers: { from: ['mallory@example.com'] } }),
    mail({ headers: { from: [`${FROM} <mallory@example.com>`] } }),
    mail({ headers: { from: [FROM, 'mallory@example.com'] } }),
    mail({ headers: { 'auto-submitted': ['auto-replied'] } }),
    mail({ headers: { 'auto-submitted': undefined } }),
    mail({ recipients: ['bob@example.net'] }),
    mail({ recipients: [ALICE, 'bob@example.net'] }),
  ];
  // With the right code; then those of whoever does not know it.
  arrive(forged);
  await done();
  assert.equal(read.length, forged.length);
  const others = [
    mail({ subject: `ACME: ${'x'.repeat(32)}` }),
    mail({ subject: `Re: ACME: ${CODE}` }),
    mail({ subject: `ACME: ${CODE} urgent` }),
    mail({ size: 10_000_000 }),
  ];
  const genuine = mail();
  const many = Array.from({ length: 3000 }, () => mail({ subject: `ACME: ${'y'.repeat(32)}` }));
  arrive([...others, ...many, genuine]);
  await done();
  assert.deepEqual(did, [
    `answer ${CODE}`,
    `send ${genuine.id} to ${FROM}: the answer`,
    'answered',
    `file ${genuine.id}`,
  ]);
  assert.equal(read.length, forged.length + 1);
});

test('a CA that does not say how its code begins: three tries and no more', async () => {
  const wrong = async () => {
    throw new StarlingError('code');
  };
  const did = [];
  const { around, done } = desk({ submit: async (_waiting, code) => (did.push(code), wrong()) });
  around.waiting = { ...WAITING, begins: '', reply: false };
  arrive(Array.from({ length: 5 }, (_, i) => mail({ subject: `ACME: ${String(i).repeat(32)}` })));
  await done();
  assert.equal(did.length, 3);
  assert.equal((await proofs())[0].step, 'waiting');
});

test('interrupted after the answer was sent: it is not sent again; interrupted before the mail was filed: it is', async () => {
  const cut = new Error('Thunderbird ends');
  const first = desk({ answered: () => Promise.reject(cut) });
  const one = mail();
  arrive([one]);
  await first.done();
  assert.equal((await proofs())[0].step, 'sent');
  const second = desk({ file: () => Promise.reject(cut) });
  await second.lookBack();
  await second.done();
  assert.deepEqual(second.did, ['answered']);
  const third = desk();
  third.around.waiting = null;
  await third.lookBack();
  await third.done();
  assert.deepEqual(third.did, [`file ${one.id}`]);
  const fourth = desk();
  fourth.around.waiting = null;
  await fourth.lookBack();
  await fourth.done();
  assert.deepEqual(fourth.did, []);
});

test('a mail of an order that is over comes late: filed, not answered', async () => {
  const { did, around, done } = desk();
  await around.note(WAITING);
  around.waiting = { ...WAITING, order: 'https://ca.example/order/2', begins: 'ZzZzZzZzZz' };
  const late = mail();
  arrive([late]);
  await done();
  assert.deepEqual(did, [`file ${late.id}`]);
  around.waiting = null;
  const forged = mail({ headers: { from: ['mallory@example.com'] } });
  arrive([forged]);
  await done();
  assert.deepEqual(did, [`file ${late.id}`]);
});

test('while the CA does not answer the page says so, and the mail stays where it is', async () => {
  const { did, done } = desk({ answer: () => Promise.reject(new StarlingError('unreachable')) });
  arrive([mail()]);
  await done();
  assert.deepEqual(did, []);
  const [{ step, why }] = await proofs();
  assert.deepEqual([step, why], ['failed', 'unreachable']);
});

test('what fails once the answer was sent, or its code taken, is told, until it goes on', async () => {
  const fail = (key) => () => Promise.reject(new StarlingError(key));
  for (const [more, step, error] of [
    [{ answered: fail('unknown-anchor') }, 'sent', 'unknown-anchor'],
    [{ answered: () => Promise.reject(new TypeError('a bug')) }, 'sent', 'generic'],
    [{ send: fail('reply.unsent'), submit: fail('code') }, 'code', 'code'],
  ]) {
    stored = {};
    box = [];
    const first = desk(more);
    arrive([mail()]);
    await first.done();
    const [before] = await proofs();
    assert.deepEqual([before.step, before.error], [step, error]);
    const second = desk();
    await second.lookBack();
    await second.done();
    const [after] = await proofs();
    assert.deepEqual([after.step, after.error], ['done', '']);
    assert.ok(!second.did.some((each) => each.startsWith('send')), 'not sent twice');
  }
});

test('a list of more mails than are looked at is given up', async () => {
  let given = '';
  browser.messages.abortList = async (id) => void (given = id);
  const { done } = desk();
  arrive(Array.from({ length: 6000 }, () => mail({ subject: 'another' })));
  for (let i = 0; i < 100 && !given; i++) await done();
  assert.equal(given, '5000');
});

test('each attempt that fails says its own reason', async () => {
  const first = desk({ answer: () => Promise.reject(new StarlingError('generic')) });
  arrive([mail()]);
  await first.done();
  const second = desk({ answer: () => Promise.reject(new StarlingError('too-many-mails')) });
  await second.lookBack();
  await second.done();
  assert.equal((await proofs())[0].why, 'too-many-mails');
});

test('a server is one by https, or of this computer', () => {
  for (const [typed, base] of [
    ['starling.example.org', 'https://starling.example.org/'],
    [' https://starling.example.org ', 'https://starling.example.org/'],
    ['Starling.Example.org:8443/', 'https://starling.example.org:8443/'],
    ['localhost:8080', 'http://localhost:8080/'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['[::1]:8080', 'http://[::1]:8080/'],
    ['http://starling.example.org', ''],
    ['ftp://starling.example.org', ''],
    ['javascript:alert(1)', ''],
    ['alice@example.net', ''],
    ['starling.example.org/path', ''],
    ['starling', ''],
    ['', ''],
    ['two words', ''],
    [`${'a'.repeat(300)}.example`, ''],
  ])
    assert.equal(isAllowed(typed), base, typed);
});

test('servers of one’s own choice first, then those of the address’s domain, then those that came with the add-on', async () => {
  const A = 'https://a.example/';
  const [OWN, DEAD] = ['https://own.example.net/', 'https://dead.example.net/'];
  const core = (recommended) => {
    let peers = [];
    return {
      peers: () => peers.map((base) => ({ base })),
      addPeer: async (base) => {
        if (base === DEAD) throw new StarlingError('unreachable');
        peers.push(base);
      },
      removePeer: async (base) => void (peers = peers.filter((each) => each !== base)),
      recommended: async () => recommended,
    };
  };
  const lists = (chosen, shipped) => ({ chosen: async () => chosen, shipped: async () => shipped });
  for (const [recommended, chosen, shipped, used] of [
    [[OWN], [A], ['https://s.example/'], [A]],
    [[OWN], [], [A], [OWN]],
    [[DEAD], [], [A], [A]],
    [[], [], [A], [A]],
    [[OWN, A], [], [A], [A, OWN]],
    [[OWN], [DEAD], [A], [OWN]],
    [[], [], [], []],
    [[], [DEAD], [DEAD], []],
  ]) {
    const one = core(recommended);
    assert.equal(await findServers(one, ALICE, lists(chosen, shipped)), used.length > 0);
    assert.deepEqual(
      one.peers().map(({ base }) => base),
      used,
      JSON.stringify([recommended, chosen, shipped]),
    );
  }
});
