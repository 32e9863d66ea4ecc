// The window in which the add-on answers the CA's mail.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { sendAnswer } from '../thunderbird/answer.js';

const TO = { address: 'alice@example.net', from: 'acme@ca.example' };
const FOLDER = { id: 'confirmations' };
const SENT = { headerMessageId: '1@example.net' };
let did, chosen, send;

beforeEach(() => {
  [did, chosen, send] = [[], undefined, async () => SENT];
  const identities = [
    { id: 'bob', email: 'bob@example.net' },
    { id: 'alice', email: 'Alice@Example.net' },
  ];
  globalThis.browser = {
    accounts: { list: async () => [{ identities: [] }, { identities }] },
    compose: {
      beginReply: async (mail, how, details) => (did.push(['begin', mail, how, details]), { id: 7 }),
      getComposeDetails: async () => ({ selectedEncryptionTechnology: chosen }),
      setComposeDetails: async (_tab, details) => void did.push(['set', details.selectedEncryptionTechnology]),
      sendMessage: (tab, how) => (did.push(['send', tab, how.mode]), send()),
    },
    tabs: { remove: async (id) => void did.push(['closed', id]) },
  };
});
afterEach(() => delete globalThis.browser);
const steps = () => did.map(([what]) => what);
const fails = (key) => (e) => e.key === key || assert.fail(`${e.key ?? e} instead of ${key}`);

test('out of the account of the address, to the CA alone, as plain text, the copy filed away', async () => {
  await sendAnswer(3, TO, 'text', FOLDER);
  const [, mail, how, details] = did[0];
  assert.deepEqual([mail, how], [3, 'replyToSender']);
  const { identityId, to, cc, bcc, isPlainText, plainTextBody, attachVCard, overrideDefaultFccFolder } = details;
  assert.deepEqual([identityId, to, cc, bcc], ['alice', ['acme@ca.example'], [], []]);
  assert.deepEqual([isPlainText, plainTextBody, attachVCard], [true, 'text', false]);
  assert.equal(overrideDefaultFccFolder, FOLDER);
  assert.deepEqual(did[1], ['send', 7, 'sendNow']);
  assert.ok(steps().includes('closed'));
  did = [];
  await sendAnswer(3, TO, 'text', null);
  assert.ok(!('overrideDefaultFccFolder' in did[0][3]));
});

test('neither encrypted nor signed, whatever the account does otherwise', async () => {
  for (const [was, is] of [
    [
      { name: 'S/MIME', encryptBody: false, signMessage: true },
      { name: 'S/MIME', encryptBody: false, signMessage: false },
    ],
    [
      { name: 'OpenPGP', encryptBody: true, encryptSubject: true, signMessage: true },
      { name: 'OpenPGP', encryptBody: false, signMessage: false, encryptSubject: false },
    ],
  ]) {
    [did, chosen] = [[], was];
    await sendAnswer(3, TO, 'text', FOLDER);
    assert.deepEqual(steps().slice(0, 3), ['begin', 'set', 'send']);
    assert.deepEqual(did[1][1], is);
  }
});

test('what goes wrong is told apart, and the window is closed', async () => {
  send = async () => ({});
  await assert.rejects(sendAnswer(3, TO, 'text', FOLDER), fails('reply.unsent'));
  assert.ok(steps().includes('closed'));
  send = () => Promise.reject(new Error('compose.sendMessage failed'));
  await assert.rejects(sendAnswer(3, TO, 'text', FOLDER), fails('reply.unsent'));
  await assert.rejects(
    sendAnswer(3, { ...TO, address: 'carol@example.net' }, 'text', FOLDER),
    fails('reply.no-account'),
  );
  did = [];
  let settle;
  send = () => new Promise((resolve) => (settle = resolve));
  await assert.rejects(sendAnswer(3, TO, 'text', FOLDER, 5), fails('reply.stuck'));
  assert.equal(steps().filter((each) => each === 'closed').length, 1);
  // The dialog in front of it was answered at last.
  settle(SENT);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(steps().filter((each) => each === 'closed').length, 2);
});
