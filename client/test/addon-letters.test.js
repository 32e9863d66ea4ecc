// Which mails the add-on looks into for messages, what it does with them, and when it sends some.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MAX_MAIL } from '../core/cms/letter.js';
import { letters, setLetters } from '../thunderbird/letter-setting.js';
import { letterMails, MARK, SUBJECT } from '../thunderbird/letters.js';
import { post } from '../thunderbird/post.js';

const [ALICE, BOB] = ['alice@example.net', 'bob@example.net'];
let stored, changed, box, opened, asked, folders, arrive, counts, sent, allowed, refuse;
beforeEach(() => {
  [stored, changed, box, opened, asked, sent, allowed, refuse] = [{}, [], [], [], [], [], true, null];
  folders = [{ id: 'in', specialUse: ['inbox'], unread: 0 }];
  globalThis.browser = {
    storage: {
      local: {
        get: async (otherwise) => structuredClone({ ...otherwise, ...stored }),
        set: async (what) => {
          Object.assign(stored, structuredClone(what));
          for (const fn of changed) fn(what);
        },
        onChanged: { addListener: (fn) => void changed.push(fn) },
      },
    },
    permissions: { contains: async () => allowed },
    folders: {
      onFolderInfoChanged: { addListener: (fn) => (counts = fn) },
      query: async ({ specialUse, hasUnreadMessages, name }) =>
        folders.filter((each) =>
          name ? each.name === name : hasUnreadMessages ? each.unread > 0 : each.specialUse.includes(specialUse[0]),
        ),
      getFolderInfo: async (id) => ({ unreadMessageCount: folders.find((each) => each.id === id).unread }),
    },
    accounts: { list: async () => [{ identities: [{ id: 'id1', email: 'Alice@example.net' }] }] },
    messages: {
      getFull: async (id) => (opened.push(id), { headers: box.find((each) => each.id === id).headers }),
      listAttachments: async (id) => box.find((each) => each.id === id).attached,
      getAttachmentFile: async (id, part) =>
        box.find((each) => each.id === id).attached.find((a) => a.partName === part).file,
      query: async (how) => {
        asked.push(how.folderId);
        return { id: null, messages: box.filter((each) => [how.folderId].flat().includes(each.folder.id)) };
      },
      onNewMailReceived: {
        addListener: (fn) =>
          (arrive = (mails) => {
            box.push(...mails);
            fn({ id: 'in' }, { id: null, messages: mails });
          }),
      },
      sendMessage: async (details, options) => {
        sent.push({ details, options });
        if (refuse) throw refuse;
        return { headerMessageId: 'x' };
      },
    },
  };
});
afterEach(() => delete globalThis.browser);

let next = 0;
const eml = (text = 'genuine', more = {}) => ({
  ...{ contentType: 'message/rfc822', partName: '1.2', size: text.length, file: new File([text], 'message.eml') },
  ...more,
});
const mail = ({ headers = { 'x-starling': [MARK] }, ...more } = {}) => ({
  ...{
    id: ++next,
    headerMessageId: `${next}`,
    subject: SUBJECT,
    author: `Bob <${BOB}>`,
    size: 9000,
    folder: { id: 'in', specialUse: ['inbox'] },
  },
  ...{ headers: { from: [`Bob <${BOB}>`], ...headers }, attached: [eml()], ...more },
});

/** @param {Record<string, string>} [outcomes]  by what is attached @param {object} [more]  what is different around it */
function watched(outcomes = { genuine: 'taken' }, more = {}) {
  const filed = [];
  const read = [];
  const one = letterMails({
    isContact: (address) => address === BOB,
    read: async (bytes, from) => {
      const text = new TextDecoder().decode(bytes);
      read.push([text, from]);
      return outcomes[text] ?? 'refused';
    },
    file: async ({ id }) => void filed.push(id),
    hasContacts: () => true,
    warn: assert.fail,
    ...more,
  });
  return { ...one, filed, read };
}
const settled = async (one) => {
  await new Promise((resolve) => setTimeout(resolve));
  await one.settled();
};

test('a marked mail of a contact is read, and filed when what is in it was taken', async () => {
  const one = watched();
  const genuine = mail();
  arrive([genuine, mail({ attached: [eml('forged')] })]);
  await settled(one);
  assert.deepEqual(one.read, [
    ['genuine', BOB],
    ['forged', BOB],
  ]);
  assert.deepEqual(one.filed, [genuine.id]);
});

test('no other mail is opened, and none that could be read in two ways is judged', async () => {
  const one = watched();
  arrive([
    mail({ subject: `Re: ${SUBJECT}` }),
    mail({ subject: 'hello' }),
    mail({ author: 'mallory@example.com' }),
    mail({ author: `${BOB} <mallory@example.com>` }),
    mail({ author: undefined }),
    mail({ size: MAX_MAIL * 2 + 1 }),
    mail({ folder: { id: 'sent', specialUse: ['sent'] } }),
    mail({ folder: { id: 'trash', specialUse: ['trash'] } }),
    mail({ folder: { id: 'old', specialUse: ['archives'] } }),
  ]);
  await settled(one);
  assert.deepEqual(opened, []);
  arrive([
    mail({ headers: {} }),
    mail({ headers: { 'x-starling': ['conversation'] } }),
    mail({ headers: { 'x-starling': [MARK, MARK] } }),
    mail({ headers: { 'x-starling': [MARK], from: [`${BOB}, mallory@example.com`] } }),
    mail({ headers: { 'x-starling': [MARK], from: [BOB, 'mallory@example.com'] } }),
    mail({ attached: [] }),
    mail({ attached: [eml(), eml()] }),
    mail({ attached: [eml('genuine', { contentType: 'application/pkcs7-mime' })] }),
    mail({ attached: [eml('genuine', { size: MAX_MAIL + 1 })] }),
    mail({ attached: [eml('x'.repeat(MAX_MAIL + 1), { size: 1 })] }),
  ]);
  await settled(one);
  assert.equal(opened.length, 10);
  assert.deepEqual([one.read, one.filed], [[], []]);
});

test('what nobody could judge is looked at again; what was refused stays where it is', async () => {
  const outcomes = { genuine: 'later' };
  const one = watched(outcomes);
  const genuine = mail();
  arrive([genuine, mail({ attached: [eml('forged')] })]);
  await settled(one);
  assert.deepEqual([one.filed, one.isLeft()], [[], true]);
  await one.lookAgain();
  assert.deepEqual([one.filed, one.isLeft()], [[], true]);
  outcomes.genuine = 'taken';
  await one.lookAgain();
  assert.deepEqual([one.filed, one.isLeft()], [[genuine.id], false]);
  // No folder was gone through for that.
  assert.deepEqual(asked, []);
});

test('what nobody can ever judge is given up after a while', async () => {
  const one = watched({ genuine: 'later' });
  arrive([mail()]);
  await settled(one);
  for (let n = 0; n < 100; n++) await one.lookAgain();
  assert.equal(one.isLeft(), false);
  assert.ok(one.read.length > 5 && one.read.length < 30, `${one.read.length} times`);
});

test('a mail that Thunderbird cannot read is tried a few times, later and later, and nothing else with it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const warned = [];
  const one = watched({ genuine: 'taken' }, { warn: (e) => warned.push(e.message) });
  const { listAttachments } = globalThis.browser.messages;
  let isBroken = true;
  globalThis.browser.messages.listAttachments = async (id) => {
    if (isBroken) throw new TypeError('subParts[0] is undefined');
    return listAttachments(id);
  };
  const quiet = async () => {
    for (let n = 0; n < 50; n++) await null;
    await one.settled();
  };
  const broken = mail();
  arrive([broken]);
  await quiet();
  for (let hours = 0; hours < 48; hours++) {
    t.mock.timers.tick(3_600_000);
    await quiet();
  }
  assert.equal(opened.length, 5);
  assert.equal(warned.length, 5);
  assert.deepEqual(asked, []);
  // One that can be read at the second time.
  const slow = mail();
  arrive([slow]);
  await quiet();
  isBroken = false;
  t.mock.timers.tick(120_000);
  await quiet();
  assert.deepEqual(one.filed, [slow.id]);
});

test('a mail of which Thunderbird says only that there is one more is found, and each is judged once', async () => {
  const one = watched({ genuine: 'taken', other: 'refused' });
  await one.settled();
  const genuine = mail();
  box.push(genuine, mail({ attached: [eml('other')] }));
  for (let n = 0; n < 3; n++) counts({ id: 'in' }, { unreadMessageCount: 2 });
  counts({ id: 'in' }, { favorite: true });
  const end = Date.now() + 20_000;
  while (!one.filed.length && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  await settled(one);
  arrive([{ ...genuine }]);
  await settled(one);
  assert.deepEqual(one.filed, [genuine.id]);
  assert.equal(one.read.length, 2);
});

test('a folder is gone through only when more came than Thunderbird told of, not when one of its mails was read', async () => {
  folders.push({ id: 'full', specialUse: [], unread: 4000 });
  const one = watched();
  await one.settled();
  counts({ id: 'full' }, { unreadMessageCount: 3999 });
  counts({ id: 'bin', specialUse: ['trash'] }, { unreadMessageCount: 1 });
  counts({ id: 'in' }, { unreadMessageCount: 3 });
  arrive([mail(), mail(), mail()]);
  counts({ id: 'in' }, { unreadMessageCount: 2 });
  counts({ id: 'other' }, { unreadMessageCount: 0 });
  // The last of these is looked at after those before it.
  const last = mail({ folder: { id: 'last', specialUse: [] } });
  box.push(last);
  counts({ id: 'last' }, { unreadMessageCount: 1 });
  const end = Date.now() + 20_000;
  while (!one.filed.includes(last.id) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(asked, ['last']);
  assert.equal(one.filed.length, 4);
});

test('what came while Thunderbird did not run is found where mails come in and where some are unread', async () => {
  folders.push(
    { id: 'list', specialUse: [], unread: 2 },
    { id: 'read', specialUse: [], unread: 0 },
    { id: 'trash', specialUse: ['trash'], unread: 9 },
    { id: 'all', specialUse: [], unread: 9, isVirtual: true },
    { id: 'unified', specialUse: ['inbox'], unread: 9, isUnified: true },
  );
  const taken = { id: 'taken', name: 'Letters', path: '/Starling/Letters', specialUse: [], unread: 0 };
  folders.push(taken, { id: 'own', name: 'Letters', path: '/Letters', specialUse: [], unread: 0 });
  const [here, there] = [mail(), mail({ folder: { id: 'list', specialUse: [] } })];
  // Another device of theirs was quicker: it is shown here, too, and lies where it lies.
  const other = mail({ folder: taken, attached: [eml('other')] });
  box.push(here, there, other, mail({ folder: { id: 'read', specialUse: [] } }));
  const one = watched({ genuine: 'taken', other: 'taken' });
  await one.lookBack();
  assert.deepEqual(asked, ['in', 'list', 'taken']);
  assert.deepEqual(
    [one.filed, one.read.map(([text]) => text)],
    [
      [here.id, there.id],
      ['genuine', 'genuine', 'other'],
    ],
  );
  assert.ok(Date.now() - stored['letters-looked'] < 60_000);
});

test('without anybody who could have written one no folder is gone through', async () => {
  const one = watched({}, { hasContacts: () => false });
  await one.lookBack();
  assert.deepEqual(asked, []);
});

/** @param {string[]} due */
const agent = (due, address = ALICE) => {
  const written = [];
  const mails = {
    due: () => due.filter((to) => !written.includes(to)),
    write: async (to) => (written.push(to), new TextEncoder().encode(`for ${to}`)),
  };
  return { state: { me: { address } }, ctx: { mails }, written };
};
const posted = async (agents, more = {}) => {
  const one = post({ agents: () => agents, folder: async () => ({ id: 'letters' }), warn: () => {}, ...more });
  await one.started;
  await one.look();
  return one;
};
/** As the person switches it off: nothing of it goes on. */
afterEach(() => {
  stored.letters = { on: false };
  globalThis.browser = {
    storage: { local: { get: async (otherwise) => ({ ...otherwise, ...stored }) } },
    permissions: { contains: async () => false },
  };
  for (const fn of changed) fn({ letters: {} });
});

test('nothing is sent before it is switched on and Thunderbird lets us', async () => {
  const alice = agent([BOB]);
  await posted([alice]);
  assert.deepEqual([sent, alice.written], [[], []]);
  allowed = false;
  await setLetters({ on: true });
  await posted([alice]);
  assert.deepEqual([sent, alice.written], [[], []]);
});

test('a mail says what it is in both languages, as text, and carries the encrypted one', async () => {
  await setLetters({ on: true });
  await posted([agent([BOB])]);
  assert.equal(sent.length, 1);
  const { details, options } = sent[0];
  assert.deepEqual([details.to, details.identityId, options], [[BOB], 'id1', { mode: 'sendNow' }]);
  assert.deepEqual(details.customHeaders, [{ name: 'X-Starling', value: 'letter' }]);
  assert.match(details.body, /written to you with Starling.*mit Starling geschrieben/s);
  assert.equal(details.deliveryFormat, 'plaintext');
  assert.equal(details.overrideDefaultFccFolder.id, 'letters');
  assert.deepEqual([details.attachments.length, details.attachments[0].file.type], [1, 'message/rfc822']);
  assert.equal(await details.attachments[0].file.text(), `for ${BOB}`);
  assert.deepEqual(await letters(), { on: true, why: '' });
});

test('what cannot be sent is said, not tried again, and nothing goes for half an hour', async () => {
  await setLetters({ on: true });
  refuse = new Error('no');
  let now = Date.now();
  const due = [BOB];
  const alice = agent(due);
  const one = await posted([alice], { now: () => now });
  assert.deepEqual([sent.length, await letters()], [1, { on: true, why: 'failed' }]);
  due.push('carol@example.net');
  refuse = null;
  await one.look();
  assert.equal(sent.length, 1);
  now += 1_800_001;
  await one.look();
  assert.deepEqual(
    [sent.length, alice.written, await letters()],
    [2, [BOB, 'carol@example.net'], { on: true, why: '' }],
  );
});

test('where no account sends as the address nothing is sent, nor marked as sent, and it is said', async () => {
  await setLetters({ on: true });
  const other = agent([BOB], 'other@example.net');
  await posted([other]);
  assert.deepEqual([sent, other.written, (await letters()).why], [[], [], 'no-account']);
});
