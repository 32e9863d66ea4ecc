// Conversations saved in a mailbox at the provider (IMAP, Debian's Dovecot), as the person chose it in the settings. Killed while it saves, Thunderbird does not know after its
// start what had just arrived there (docs/decisions/0045-the-add-on.md).
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agent, eventually, until } from '../e2e/agents.js';
import { newcomer, personAt } from '../e2e/addon-person.js';
import { packAddon, world } from '../e2e/addon-world.js';
import { thunderbird } from '../e2e/thunderbird.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const [ROUNDS, MANY] = [4, 20];
let around, who, bob;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
});
after(async () => {
  await bob?.close();
  await who?.tb.close();
  await around?.close();
});

/** What lies at the provider in the folder for conversations: each mail whole. @returns {Promise<string[]>} */
async function atProvider() {
  const root = join(around.mail.folder, 'mail', 'alice');
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const mails = files.filter((each) => each.isFile() && /Conversations\/(cur|new)$/.test(each.parentPath));
  const all = await Promise.all(
    mails.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8').catch(() => '')),
  );
  return all.filter(Boolean);
}
const said = (mail) =>
  Buffer.from(
    mail
      .split(/\r?\n\r?\n/)
      .slice(1)
      .join(''),
    'base64',
  ).toString();
const texts = async () => (await atProvider()).map(said).sort();

/** Of those in Local Folders, how many are ours. */
const here = () => who.mails('Conversations');

test('the person chooses the mailbox at their provider, and what is said is saved there and nowhere else', async () => {
  who = await newcomer(around, ALICE);
  await who.press(`Use ${ALICE}`);
  await who.seen((s) => s.me.status === 'online', 'online');
  bob = await agent(around.bases);
  await bob.addAnchors(
    around.root,
    (await bob.readAnchors(around.root)).map((each) => each.id),
  );
  await bob.enrol(BOB);
  await eventually(async () => {
    const code = await around.mail.code('bob');
    return code && (await bob.submitCode(code).then(() => true));
  }, 'a mail for bob');
  await until(bob, (s) => s.me.status === 'online', 'online', 60_000);
  await who.tb.page('space.html', `location.hash = '#:settings'`);
  await eventually(() => who.tb.page('space.html', `return !!document.getElementById('saving-where')`), 'the settings');
  const offered = await who.tb.page(
    'space.html',
    `return [...document.getElementById('saving-where').options].map((each) => [each.value, each.textContent.trim()])`,
  );
  const [account] = offered.find(([, name]) => name.includes(ALICE)) ?? assert.fail(JSON.stringify(offered));
  await who.tb.page(
    'space.html',
    `const where = document.getElementById('saving-where'); where.value = ${JSON.stringify(account)}; where.dispatchEvent(new Event('change', { bubbles: true }));`,
  );
  await who.says('Whoever runs it can read what is saved there');
  await who.asked(`await core.requestContact('${BOB}', {})`);
  await until(bob, (s) => s.requests.length === 1, 'the request', 60_000);
  await bob.acceptRequest(ALICE);
  await who.seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
  await who.asked(`await core.sendMessage('${BOB}', 'the wombat is in the garden')`);
  await until(bob, (s) => s.contacts[0]?.last?.text.includes('wombat'), 'the message', 60_000);
  await bob.sendMessage(ALICE, 'Grüße aus der Ferne');
  await eventually(async () => (await atProvider()).length === 2, 'two at the provider', 60_000, 200);
  assert.deepEqual(await texts(), ['Grüße aus der Ferne', 'the wombat is in the garden']);
  assert.equal((await here()).length, 2, 'and in no folder of this computer');
});

test('killed while it saves, and started again: all is at the provider, once', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const wanted = Array.from({ length: MANY }, (_, n) => `round ${round}, ${n}`);
    for (const text of wanted) await bob.sendMessage(ALICE, text);
    const ours = async () => (await texts()).filter((each) => each.startsWith(`round ${round},`));
    // Not at the same place each time.
    await eventually(async () => (await ours()).length >= (MANY / (ROUNDS + 1)) * round, 'some saved', 60_000, 5);
    const { profile } = who.tb;
    await who.tb.kill();
    const there = (await ours()).length;
    assert.ok(there < MANY, 'too late: all are saved');
    who = personAt(await thunderbird({ folder: profile }));
    await who.open();
    // One more, which is surely not there: what is uncertain waits for it.
    await eventually(() => who.asked('return core.state.me.status').then((status) => status === 'online'), 'online');
    await bob.sendMessage(ALICE, `round ${round}, after`);
    await eventually(async () => (await ours()).length > MANY, 'all at the provider', 120_000, 200);
    assert.deepEqual(await ours(), [...wanted, `round ${round}, after`].sort());
    console.log(`# killed when ${there} of ${MANY} were saved; all are there, once`);
  }
});
