// The parts of the add-on that need no Thunderbird: which mail is the CA's, what a transcript looks like, whose a card is, and the wire between the pages.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { StarlingError } from '../core/errors.js';
import { named } from '../thunderbird/book.js';
import { isChallenge } from '../thunderbird/mails.js';
import { saveIn, saveOf } from '../thunderbird/saving.js';
import { asMail } from '../thunderbird/as-mail.js';
import { transcripts } from '../thunderbird/transcripts.js';
import { vCard } from '../thunderbird/vcard.js';
import { ASKED, remote, serve } from '../thunderbird/wire.js';

const CODE = 'AbCdEfGhIjKlMnOpQrStUvWxYz012345';
const AWAITED = {
  address: 'alice@example.net',
  from: 'acme@ca.example',
  expires: 1,
  order: 'https://ca.example/order/1',
  begins: 'AbCdEfGhIj',
};
const mail = (more = {}) => ({
  subject: `ACME: ${CODE}`,
  author: 'CA <acme@ca.example>',
  recipients: ['Alice <alice@example.net>'],
  ...more,
});
const headers = (more = {}) => ({
  'auto-submitted': ['auto-generated; type=acme'],
  from: ['CA <acme@ca.example>'],
  ...more,
});

test('only the mail of our own open order is taken for the CA’s', () => {
  assert.ok(isChallenge(mail(), headers(), AWAITED));
  assert.ok(isChallenge(mail(), headers(), { ...AWAITED, from: '' }), 'a CA that does not say who sends');
  const folded = `${CODE.slice(0, 20)}\t${CODE.slice(20)}`;
  assert.ok(isChallenge(mail({ subject: `ACME: ${folded}` }), headers(), AWAITED), 'of a folded line');
  assert.ok(isChallenge(mail(), headers({ 'auto-submitted': ['Auto-Generated'] }), AWAITED), 'a type is optional');
  const others = [
    [mail(), headers({ 'auto-submitted': ['auto-generated; type=other'] })],
    [mail({ subject: `Re: ACME: ${CODE}` }), headers()],
    [mail({ subject: `ACME: ${CODE} and more` }), headers()],
    [mail({ subject: 'ACME: short' }), headers()],
    [mail({ subject: `ACME: ${'x'.repeat(32)}` }), headers()],
    [mail(), headers({ 'auto-submitted': ['no'] })],
    [mail(), headers({ 'auto-submitted': undefined })],
    [mail(), headers({ 'auto-submitted': ['auto-generated; type=acme', 'auto-generated; type=acme'] })],
    [mail(), headers({ from: ['Mallory <mallory@example.com>'] })],
    [mail(), headers({ from: ['acme@ca.example <mallory@example.com>'] })],
    [mail(), headers({ from: ['acme@ca.example', 'mallory@example.com'] })],
    [mail({ recipients: ['bob@example.net'] }), headers()],
    [mail({ recipients: ['alice@example.net', 'bob@example.net'] }), headers()],
  ];
  for (const [one, its] of others) assert.ok(!isChallenge(one, its, AWAITED), JSON.stringify([one, its]));
});

test('a transcript is one mail of plain text, whatever names and texts hold', () => {
  const about = {
    me: { address: 'alice@example.net', name: 'Alice' },
    other: { address: 'bob@example.net', name: 'Bob\r\nBcc: all@example.com' },
    subject: 'Conversation with Zoë\r\nX-Evil: 1',
  };
  const message = {
    id: 'ab12',
    with: 'bob@example.net',
    mine: false,
    at: Date.UTC(2026, 10, 30, 9),
    state: 'received',
    why: '',
  };
  const text = new TextDecoder().decode(asMail({ ...message, text: '<script>\n.\nFrom x' }, 'cd34', about));
  const [head, body] = text.split('\r\n\r\n');
  const names = head.split('\r\n').map((line) => line.split(':')[0]);
  assert.deepEqual(names, [
    ...['From', 'To', 'Date', 'Message-ID', 'In-Reply-To', 'References', 'Subject', 'MIME-Version'],
    ...['Content-Type', 'Content-Transfer-Encoding', 'X-Starling'],
  ]);
  assert.match(head, /^From: bob@example.net$/m, 'a name that may be taken for an address is none');
  assert.match(head, /^Date: Mon, 30 Nov 2026 09:00:00 \+0000$/m);
  assert.match(head, /^Message-ID: <ab12@conversations\.starling\.invalid>$/m);
  assert.match(head, /^References: <cd34@conversations\.starling\.invalid>$/m);
  assert.match(head, /^Subject: =\?UTF-8\?B\?/m);
  assert.equal(Buffer.from(body, 'base64').toString(), '<script>\r\n.\r\nFrom x');
  const first = new TextDecoder().decode(asMail({ ...message, text: '', mine: true }, 'ab12', about));
  assert.ok(!/References|In-Reply-To/.test(first));
  assert.match(first, /^From: "Alice" <alice@example.net>/);
  // A long one does not overflow anybody's stack.
  assert.ok(asMail({ ...message, text: 'é'.repeat(16_384) }, 'ab12', about).length > 40_000);
});

test('nothing in a name adds a line to a card', () => {
  const card = vCard({ address: 'bob@example.net', name: 'Bob\r\nTEL:1;x,y\\' });
  assert.equal(card.split('\r\n').length, 7);
  assert.match(card, /^FN:Bob TEL:1\\;x\\,y\\\\$/m);
  const bob = vCard({ address: 'bob@example.net', name: '' });
  assert.match(named(bob, { address: 'bob@example.net', name: 'Bob $& Example' }), /^FN:Bob \$& Example$/m);
  assert.equal(named(bob.replace('FN:bob@example.net', 'FN:Bobby'), { address: 'bob@example.net', name: 'Bob' }), null);
  assert.match(vCard({ address: '+491234567', name: '' }), /^TEL;VALUE=TEXT:\+491234567$/m);
});

test('a message that comes late is saved too, each once, and none comes back that was deleted', async () => {
  const stored = {};
  let told = (_changes) => {};
  const mails = [];
  let failing = false;
  let patience = 200;
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => void Object.assign(stored, structuredClone(what)),
        onChanged: { addListener: (fn) => (told = fn) },
      },
    },
    accounts: { list: async () => [{ type: 'none', rootFolder: { id: 'root' } }] },
    folders: { getSubFolders: async () => [], create: async (_parent, name) => ({ id: name }) },
    messages: {
      import: async (file) => {
        if (failing) throw new Error('the disk is full');
        mails.push(/^Message-ID: <([\w-]+)@/m.exec(await file.text())[1]);
      },
    },
  };
  const NOW = Date.UTC(2026, 10, 30, 9);
  const said = [];
  const say = (id, at) => {
    said.push({ id, at, with: 'bob@example.net', mine: false, text: id, state: 'received', why: '' });
    said.sort((a, b) => a.at - b.at);
  };
  let heard = (_message) => {};
  const core = {
    state: { me: { address: 'alice@example.net', name: '' }, pastCalls: [] },
    messages: async (_who, before, limit) => {
      const to = before ? said.findIndex((each) => each.id === before.id && each.at === before.at) : said.length;
      assert.ok(to >= 0);
      return said.slice(Math.max(0, to - limit), to);
    },
    on: (_event, fn) => ((heard = fn), () => {}),
  };
  const warnings = [];
  let time = NOW;
  const begin = () =>
    transcripts({
      core,
      subject: () => 'x',
      call: (past) => `${past.seconds} s`,
      warn: (e) => warnings.push(e.message),
      now: () => time,
    });
  const turn = async (kept) => {
    kept.keep([
      { address: 'bob@example.net', name: 'Bob', last: { at: said.at(-1).at, mine: false, text: said.at(-1).id } },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
  };
  let kept = begin();
  say('second', NOW);
  await turn(kept);
  say('first', NOW - 3_600_000);
  heard({ with: 'bob@example.net' });
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first']);
  // Started again; the person has deleted one meanwhile.
  kept = begin();
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first']);
  failing = true;
  say('third', NOW + 1000);
  await turn(kept);
  assert.deepEqual(warnings, ['the disk is full']);
  failing = false;
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first'], 'not at each change');
  time += 30_000;
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first', 'third']);
  assert.deepEqual(Object.keys(stored), ['saved bob@example.net'], 'each person for themselves');
  core.state.pastCalls = [
    { id: 'c1', address: 'bob@example.net', incoming: true, at: NOW + 2000, seconds: 61, result: 'answered' },
  ];
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first', 'third', 'call-c1']);
  // What is said while nothing is saved is not saved later either.
  await saveOf('bob@example.net', false, NOW);
  told({ saving: {} });
  say('unsaved', NOW + 3000);
  await turn(kept);
  await saveOf('bob@example.net', true, NOW + 4000);
  told({ saving: {} });
  say('fifth', NOW + 5000);
  await turn(kept);
  assert.deepEqual(mails, ['second', 'first', 'third', 'call-c1', 'fifth']);
  await saveIn('', NOW + 6000);
  told({ saving: {} });
  say('sixth', NOW + 7000);
  await turn(kept);
  await saveIn('local', NOW + 8000);
  told({ saving: {} });
  say('seventh', NOW + 9000);
  await turn(kept);
  assert.deepEqual(mails.slice(4), ['fifth', 'seventh']);
  // A call while the clock was a month ahead keeps out nothing that comes when it is right again, and brings nothing back.
  core.state.pastCalls = [
    {
      id: 'ahead',
      address: 'bob@example.net',
      incoming: false,
      at: NOW + 30 * 86_400_000,
      seconds: 0,
      result: 'failed',
    },
    ...core.state.pastCalls,
  ];
  await turn(kept);
  say('eighth', NOW + 10_000);
  heard({ with: 'bob@example.net' });
  await turn(kept);
  assert.deepEqual(mails.slice(5), ['seventh', 'call-ahead', 'eighth']);
  await saveIn('an account that is gone', NOW + 8000);
  told({ saving: {} });
  await turn(kept);
  assert.deepEqual(warnings.slice(1), ['the account for conversations is gone']);
  // Of one moment, as their sender says, and more than a page.
  await saveIn('local', NOW + 20_000);
  told({ saving: {} });
  for (let i = 0; i < 250; i++) say(`at${i}`, NOW + 21_000);
  time += 30_000;
  await turn(kept);
  const page = () => new Set(mails.filter((id) => id.startsWith('at'))).size;
  while (page() < 250 && patience-- > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(page(), 250);
  delete globalThis.browser;
});

/** Two ends of a port, as the runtime connects them. */
function ports() {
  const end = () => ({ messages: [], ends: [] });
  const [a, b] = [end(), end()];
  const port = (own, other) => ({
    postMessage: (message) => queueMicrotask(() => other.messages.forEach((fn) => fn(structuredClone(message)))),
    onMessage: { addListener: (fn) => own.messages.push(fn) },
    onDisconnect: { addListener: (fn) => own.ends.push(fn) },
  });
  return { here: port(a, b), there: port(b, a), cut: () => [...a.ends, ...b.ends].forEach((fn) => fn()) };
}

test('a page sees state, answers, refusals and events through its port, and nothing that is not asked for', async () => {
  const listeners = new Set();
  const events = {};
  const core = {
    state: { me: { address: 'alice@example.net' } },
    peers: () => [{ base: 'https://a.example/' }],
    subscribe: (fn) => (listeners.add(fn), () => listeners.delete(fn)),
    on: (event, fn) => ((events[event] = fn), () => delete events[event]),
    sendMessage: async (address, text) => ({ id: '1', with: address, text }),
    enrol: async () => {
      throw new StarlingError('too-many-mails', { when: 'later' });
    },
    close: () => assert.fail('closed by a page'),
  };
  const { here, there, cut } = ports();
  let ended = false;
  const page = remote(there, () => (ended = true));
  serve(Promise.resolve(core), here, { warn: assert.fail, deleted: async () => {} });
  const seen = await page;
  assert.equal(seen.state.me.address, 'alice@example.net');
  assert.deepEqual(seen.peers(), [{ base: 'https://a.example/' }]);
  assert.deepEqual(await seen.sendMessage('bob@example.net', 'hi'), { id: '1', with: 'bob@example.net', text: 'hi' });
  await assert.rejects(
    seen.enrol('x'),
    (e) => e instanceof StarlingError && e.key === 'too-many-mails' && e.args.when === 'later',
  );
  there.postMessage({ id: 99, method: 'close', args: [] });
  const heard = new Promise((resolve) => seen.on('message', resolve));
  events.message({ text: 'hello' });
  assert.deepEqual(await heard, { text: 'hello' });
  const waiting = seen.search('x');
  cut();
  await assert.rejects(waiting);
  assert.ok(ended);
  assert.equal(listeners.size, 0);
});

test('a page that comes before the agent and goes again leaves nothing behind', async () => {
  const listeners = new Set();
  const core = {
    state: {},
    peers: () => [],
    subscribe: (fn) => (listeners.add(fn), () => listeners.delete(fn)),
    on: () => () => {},
  };
  const warnings = [];
  const around = { warn: (e) => warnings.push(e.message), deleted: async () => {} };
  const early = ports();
  let open = (_core) => {};
  serve(new Promise((resolve) => (open = resolve)), early.here, around);
  early.cut();
  open(core);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(listeners.size, 0);
  // One whose end is not told: the first message shows it.
  const dead = ports();
  dead.here.postMessage = () => {
    throw new Error('disconnected');
  };
  serve(Promise.resolve(core), dead.here, around);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(listeners.size, 0);
  assert.deepEqual(warnings, ['disconnected']);
});

test('a page is told that the agent could not start', async () => {
  const { here, there } = ports();
  const page = remote(there, () => {});
  serve(Promise.reject(new StarlingError('generic', {}, 'no store')), here, {
    warn: assert.fail,
    deleted: async () => {},
  });
  await assert.rejects(page, /no store/);
});

test('whatever the web app’s parts ask of the agent can be asked from a page of the add-on', async () => {
  const asked = new Set(['state', 'peers', 'subscribe', 'on', 'close', ...ASKED]);
  const folder = new URL('../web/', import.meta.url);
  for (const part of ['views', 'components'])
    for (const name of await readdir(new URL(`${part}/`, folder)))
      for (const [, method] of (await readFile(new URL(`${part}/${name}`, folder), 'utf8')).matchAll(/\bcore\.(\w+)/g))
        assert.ok(asked.has(method), `${name}: ${method}`);
});

test('a long name of any script becomes encoded words that are whole', () => {
  const about = {
    me: { address: 'a@example.net', name: '' },
    other: { address: 'b@example.net', name: '字'.repeat(100) },
    subject: 'x',
  };
  const message = { id: 'ab12', with: 'b@example.net', mine: false, at: 0, state: 'received', why: '', text: '' };
  const head = new TextDecoder().decode(asMail(message, 'ab12', about)).split('\r\n\r\n')[0];
  const from = /^From: ((?:.*\r\n )*.*)$/m.exec(head)[1];
  const words = from.match(/=\?UTF-8\?B\?[^?]*\?=/g);
  assert.ok(words.every((each) => each.length <= 75));
  assert.equal(words.map((each) => Buffer.from(each.slice(10, -2), 'base64').toString()).join(''), '字'.repeat(100));
});
