// What a person does at the command line in the life of an address: certify a device, see which there are, withdraw one that is lost, renew.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agent, eventually, until } from './agents.js';
import { command } from './command.js';
import { freePort } from './ports.js';
import { code, run } from './servers.js';

const ALICE = 'alice@example.net';

let folder, server;
const people = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-e2e-'));
  const ports = ['--port', String(await freePort()), '--sip-port', String(await freePort())];
  server = await run(['up', '--data', join(folder, 'data'), ...ports]);
});
after(async () => {
  await Promise.allSettled(people.map((each) => each.close()));
  await server?.kill();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const at = () => ['--server', server.base];

/** `./starling enrol`, with the code out of the test mailbox when it is asked for. @param {string} key @param {string[]} more */
async function enrol(key, ...more) {
  const before = await mails();
  return command(['enrol', ALICE, ...at(), '--out', join(folder, key), ...more], async (said) => {
    if (!/Paste the code/.test(said)) return null;
    await eventually(async () => (await mails()) > before, 'a mail');
    return code(server.base, ALICE);
  });
}

const mails = async () => (await (await fetch(`${server.base}mailbox/api/${encodeURIComponent(ALICE)}`)).json()).length;

/** A browser's agent, without the browser. @param {string} status  what becomes of it */
async function device(status) {
  const one = await agent([server.base]);
  people.push(one);
  await one.enrol(ALICE);
  await one.submitCode(await code(server.base, ALICE));
  await until(one, (s) => s.me.status === status, status);
  return one;
}

const list = (key) => command(['devices', 'list', ALICE, ...at(), '--key', join(folder, key)]);

/** How many certificates of hers the CA says are withdrawn. */
async function withdrawn() {
  const { said } = await command(['ca', 'list', ALICE, '--data', join(folder, 'data', 'ca')]);
  return said.split('\n').filter((line) => /^ +[0-9a-f]+ +withdrawn/.test(line)).length;
}

test('a device that nobody has listed is not found; one of a browser is, by its id', async () => {
  assert.equal((await enrol('cli.p12')).status, 0);
  const none = await list('none.p12');
  assert.deepEqual([none.status, none.said.trim()], [2, `No device of ${ALICE} is to be found.`]);
  const own = await list('cli.p12');
  assert.match(
    own.said,
    /^[0-9a-f]{64} {2}certified by the CA, and cannot be found: nothing is sent to it {2}THIS ONE$/m,
  );
  await device('one-server');
  const one = await list('cli.p12');
  assert.equal(one.status, 0, one.said);
  assert.match(one.said, /^[0-9a-f]{64} {2}Node {2}certified until 20\d\d-/);
});

test('the lost one is withdrawn by the first digits of its id, and nothing else', async () => {
  const id = (await list('cli.p12')).said.slice(0, 64);
  const remove = (text) => command(['devices', 'remove', ALICE, text, ...at(), '--key', join(folder, 'cli.p12')]);
  for (const [text, why] of [
    ['ffff', /64 hexadecimal digits/],
    ['00000000', /No device/],
  ]) {
    const refused = await remove(text);
    assert.equal(refused.status, 1);
    assert.match(refused.said, why);
  }
  assert.equal(await withdrawn(), 0);
  const done = await remove(id.slice(0, 8));
  assert.equal(done.status, 0, done.said);
  assert.match(done.said, /^Its certificate is withdrawn\./);
  assert.equal(await withdrawn(), 1);
});

test('run again it renews only when told to, with the same key and without a mail', async () => {
  const before = await mails();
  const early = await enrol('cli.p12');
  assert.match(early.said, /^Still good until/);
  const renewed = await enrol('cli.p12', '--renew');
  assert.equal(renewed.status, 0, renewed.said);
  assert.match(renewed.said, /^Certified until/);
  assert.equal(await mails(), before);
});

test('who lost everything proves the mailbox and has all others withdrawn', async () => {
  // A second one, that the first has not let in.
  await device('waiting-for-device');
  const done = await enrol('new.p12', '--revoke-old');
  assert.equal(done.status, 0, done.said);
  // The second browser, and the key of the first enrolment, which was never to be found: certified and renewed.
  assert.match(done.said, /^2 other device\(s\) had their certificate withdrawn\.$/m);
  assert.equal(await withdrawn(), 4);
  assert.match((await list('new.p12')).said, /^[0-9a-f]{64} {2}certified by the CA.*THIS ONE$/m);
});

const CAROL = 'carol@example.net';
const BOB = 'bob@example.net';

/** Another person's or device's agent. @param {string} address @param {string} status */
async function agentOf(address, status) {
  const one = await agent([server.base]);
  people.push(one);
  const { length } = await mailbox(address);
  await one.enrol(address);
  await eventually(async () => (await mailbox(address)).length > length, 'a mail');
  await one.submitCode((await mailbox(address))[0].text);
  await until(one, (s) => s.me.status === status, status);
  return one;
}
const mailbox = async (address) => (await fetch(`${server.base}mailbox/api/${encodeURIComponent(address)}`)).json();
const noticeOf = (one, id) => one.state.notices.find((each) => each.id === id);

test('a person whose only device is lost begins anew; the contact is told, waits, agrees, and both write again', async () => {
  const carol = await agentOf(CAROL, 'one-server');
  const bob = await agentOf(BOB, 'one-server');
  await carol.requestContact(BOB, { text: 'hello' });
  await until(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest(CAROL);
  await until(carol, (s) => s.contacts.find((c) => c.address === BOB)?.state === 'accepted', 'accepted');
  await carol.close();
  const again = await agentOf(CAROL, 'waiting-for-device');
  await again.recover({ revokeOld: true });
  await until(again, (s) => s.me.status === 'one-server', 'on a list of its own');
  // Her contacts were on the lost device: she asks anew.
  await again.requestContact(BOB, { text: 'it is me' });
  await until(bob, () => !!noticeOf(bob, `changed ${CAROL}`), 'told', 60_000);
  const id = `changed ${CAROL}`;
  await until(bob, () => noticeOf(bob, id)?.actions.some((each) => each.id === 'agree'), 'may agree', 60_000);
  await bob.answerNotice(id, 'agree');
  await until(
    bob,
    (s) => !noticeOf(bob, id) && s.contacts.find((c) => c.address === CAROL)?.state === 'accepted',
    'agreed',
  );
  const { said } = await command(['ca', 'list', CAROL, '--data', join(folder, 'data', 'ca')]);
  assert.equal(said.split('\n').filter((line) => /^ +[0-9a-f]+ +withdrawn/.test(line)).length, 1, said);
  assert.equal(said.split('\n').filter((line) => /^ +[0-9a-f]+ +good/.test(line)).length, 1, said);
  await until(again, (s) => s.contacts.find((c) => c.address === BOB)?.state === 'accepted', 'a contact again', 60_000);
  await bob.sendMessage(CAROL, 'welcome back');
  await eventually(async () => (await again.messages(BOB)).some((m) => m.text === 'welcome back'), 'the text');
});
