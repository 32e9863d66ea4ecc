// What is saved as mail of somebody who has another address now, and what happens when Thunderbird never says what became of one.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { saveIn, saveOf } from '../thunderbird/saving.js';
import { transcripts } from '../thunderbird/transcripts.js';

const [OLD, NEW] = ['bob@old.example', 'bob@new.example'];
const NOW = Date.UTC(2026, 10, 30, 9);
const DAY = 86_400_000;
let stored, mails, said, asked, imports;

beforeEach(() => {
  [stored, mails, said, asked] = [{}, [], [], 0];
  imports = async () => {};
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => void Object.assign(stored, structuredClone(what)),
        onChanged: { addListener: () => {} },
      },
    },
    accounts: { list: async () => [{ type: 'none', rootFolder: { id: 'root' } }] },
    folders: { getSubFolders: async () => [], create: async (_parent, name) => ({ id: name }) },
    messages: {
      import: async (file) => {
        const id = /^Message-ID: <([\w-]+)@/m.exec(await file.text())[1];
        await imports(id);
        if (mails.includes(id)) throw new Error('Destination folder already contains a message with this id');
        mails.push(id);
      },
    },
  };
});
afterEach(() => delete globalThis.browser);

const say = (id, at) =>
  said.push({ id, at, with: NEW, mine: false, text: id, state: /** @type {const} */ ('received'), why: '' });
const agent = (pastCalls = []) => ({
  state: { me: { address: 'alice@example.net', name: '' }, pastCalls },
  messages: async (_who, before, limit) => {
    asked++;
    const to = before ? said.findIndex((each) => each.id === before.id) : said.length;
    return said.slice(Math.max(0, to - limit), to);
  },
  on: () => () => {},
});
/** @param {any} core @param {any} contact @param {string[]} [warnings] */
async function saved(core, contact, warnings = []) {
  const kept = transcripts({
    core,
    subject: () => 'x',
    call: () => 'a call',
    warn: (e) => warnings.push(e.message),
    now: () => NOW,
  });
  const { at, text } = said.at(-1);
  kept.keep([{ name: 'Bob', last: { at, mine: false, text }, ...contact }]);
  for (let n = 0; n < 500; n++) await new Promise((resolve) => setImmediate(resolve));
  return kept;
}

test('of somebody who has another address now, nothing that was saved before comes again, deleted or not', async () => {
  say('first', NOW - 2 * DAY);
  await saved(agent(), { address: OLD });
  assert.deepEqual(mails.splice(0), ['first']);
  say('second', NOW);
  const call = { id: 'c1', address: OLD, incoming: true, at: NOW - DAY, seconds: 3, result: 'answered' };
  await saved(agent([call]), { address: NEW, earlier: [OLD] });
  assert.deepEqual(mails.splice(0), ['call-c1', 'second']);
  await saved(agent([call]), { address: NEW, earlier: [OLD] });
  assert.deepEqual(mails, []);
});

test('whoever was not to be saved under an earlier address is not under the new one', async () => {
  await saveOf(OLD, false, NOW - DAY);
  say('private', NOW - 1000);
  await saved(agent(), { address: NEW, earlier: [OLD] });
  assert.deepEqual(mails, []);
  // Switched on for the person, whichever address it was.
  await saveOf(NEW, true, NOW, [OLD]);
  say('public', NOW + 1000);
  await saved(agent(), { address: NEW, earlier: [OLD] });
  assert.deepEqual(mails, ['public']);
});

test('what is not to be saved is not read either', async () => {
  await saveIn('', NOW - DAY);
  await saveIn('local', NOW);
  for (let n = 0; n < 5000; n++) say(`old-${n}`, NOW - 40 * DAY + n);
  say('now', NOW + 1000);
  await saved(agent(), { address: NEW });
  assert.deepEqual(mails, ['now']);
  assert.ok(asked <= 2, `${asked} pages`);
});

test('one of which Thunderbird never says what became of it holds up nobody for good', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const warnings = [];
  say('stuck', NOW);
  imports = (id) => (id === 'stuck' ? new Promise(() => {}) : Promise.resolve());
  const kept = await saved(agent(), { address: NEW }, warnings);
  kept.keep([{ address: OLD, name: 'Bob', last: { at: NOW, mine: false, text: 'stuck' } }]);
  assert.deepEqual([mails, warnings], [[], []]);
  t.mock.timers.tick(60_000);
  for (let n = 0; n < 500; n++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(warnings, ['saving a message takes too long']);
});

test('what took long is put once more, so that Thunderbird leaves the index of the folder open, and an error of that changes nothing', async () => {
  const [tried, warnings] = [[], []];
  let time = 0;
  const clock = mock.method(performance, 'now', () => time);
  imports = async (id) => {
    tried.push(id);
    time += tried.length === 1 ? 60 : 5;
    if (tried.length === 2) throw new Error('the connection is gone');
  };
  for (const id of ['one', 'two', 'three']) say(id, NOW - 1000);
  try {
    await saved(agent(), { address: NEW }, warnings);
  } finally {
    clock.mock.restore();
  }
  assert.deepEqual(tried, ['one', 'one', 'two', 'three']);
  assert.deepEqual(mails, ['one', 'two', 'three']);
  assert.deepEqual(warnings, ['the connection is gone']);
});

/** A mailbox at a provider: Thunderbird knows what lies there after it has put something there. */
function mailbox() {
  const [at, known] = [[], new Set()];
  globalThis.browser.accounts.list = async () => [{ id: 'a1', type: 'imap', rootFolder: { id: 'root' } }];
  imports = async (id) => {
    if (known.has(id)) throw new Error('Destination folder already contains a message with this id');
    at.push(id);
    for (const each of at) known.add(each);
  };
  return { at, forget: (id) => known.delete(id) };
}

test('killed while one goes to the provider, Thunderbird does not know that it is there: it is put once more only when that is known', async () => {
  const box = mailbox();
  await saveIn('a1', NOW - DAY);
  say('one', NOW - 3000);
  await saved(agent(), { address: NEW });
  say('two', NOW - 2000);
  await saved(agent(), { address: NEW });
  assert.deepEqual(box.at, ['one', 'two']);
  // As if the last note had not been written any more.
  delete stored[`saved ${NEW}`].two;
  box.forget('two');
  const carol = 'carol@example.net';
  const core = agent();
  const ofBob = core.messages;
  core.messages = async (who, ...rest) => (who === NEW ? ofBob(who, ...rest) : [{ ...said[0], id: 'carols' }]);
  const kept = await saved(core, { address: NEW });
  assert.deepEqual(box.at, ['one', 'two'], 'nothing else is to be saved yet');
  kept.keep([{ address: carol, name: 'Carol', last: { at: NOW - 3000, mine: false, text: 'carols' } }]);
  for (let n = 0; n < 500; n++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(box.at, ['one', 'two', 'carols']);
  assert.ok(stored[`saved ${NEW}`].two, 'and it is noted');
});

test('killed in the middle of many, the newest goes first, and all are there once', async () => {
  const box = mailbox();
  await saveIn('a1', NOW - DAY);
  const ids = Array.from({ length: 6 }, (_, n) => `n${n}`);
  for (const [n, id] of ids.entries()) say(id, NOW - 6000 + n * 1000);
  const put = imports;
  imports = async (id) => {
    await put(id);
    if (id === 'n3') await new Promise(() => {});
  };
  await saved(agent(), { address: NEW });
  assert.deepEqual(box.at, ['n0', 'n1', 'n2', 'n3']);
  imports = put;
  for (const id of ['n2', 'n3']) box.forget(id);
  await saved(agent(), { address: NEW });
  assert.deepEqual(box.at, ['n0', 'n1', 'n2', 'n3', 'n5', 'n4']);
});
