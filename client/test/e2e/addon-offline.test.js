// A message to somebody who is away, written in Debian's Thunderbird: it arrives once when they are back, whatever happens to the program meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { memoryStore } from '../../core/store/memory.js';
import { agent, eventually, until } from './agents.js';
import { newcomer, personAt } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { thunderbird } from './thunderbird.js';

const [ALICE, BOB] = ['alice@example.net', 'bob@example.net'];
let around, alice, bob;
const store = memoryStore();

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
});
after(async () => {
  await bob?.close();
  await alice?.tb.close();
  await around?.close();
});

const texts = async (who, address) => (await who.messages(address)).map((each) => each.text);
const sent = async () =>
  (await alice.asked(`return await core.messages('${BOB}')`)).map(({ text, state }) => [text, state]);

test('two people are contacts, and one of them goes away', async () => {
  alice = await newcomer(around, ALICE);
  await alice.press(`Use ${ALICE}`);
  await alice.seen((s) => s.me.status === 'online', 'online');
  bob = await agent(around.bases, { store });
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
  await alice.asked(`await core.requestContact('${BOB}', {})`);
  await until(bob, (s) => s.requests.length === 1, 'the request', 60_000);
  await bob.acceptRequest(ALICE);
  await alice.seen((s) => s.contacts[0]?.presence === 'online', 'bob here');
  await bob.close();
  await alice.seen((s) => s.contacts[0]?.presence === 'offline', 'bob away');
});

test('what is written meanwhile waits for them, also when Thunderbird is killed, and arrives once', async () => {
  await alice.asked(`await core.sendMessage('${BOB}', 'before the crash')`);
  await eventually(async () => (await sent()).some(([, state]) => state === 'sent'), 'sent', 60_000, 200);
  const { profile } = alice.tb;
  await alice.tb.kill();
  alice = personAt(await thunderbird({ folder: profile }));
  await eventually(
    () =>
      alice.open().then(
        () => true,
        () => false,
      ),
    'the space',
  );
  await alice.seen((s) => s.me.status === 'online', 'online again');
  await alice.asked(`await core.sendMessage('${BOB}', 'after it')`);
  await eventually(async () => (await sent()).every(([, state]) => state === 'sent'), 'both sent', 60_000, 200);
  bob = await agent(around.bases, { store });
  await eventually(async () => (await texts(bob, ALICE)).length === 2, 'both there', 60_000, 200);
  await eventually(async () => (await sent()).every(([, state]) => state === 'delivered'), 'delivered', 60_000, 200);
  assert.deepEqual(await texts(bob, ALICE), ['before the crash', 'after it']);
});

test('nothing comes twice when they come back once more, and each is saved as one mail', async () => {
  await bob.close();
  bob = await agent(around.bases, { store });
  await until(bob, (s) => s.me.status === 'online', 'online', 60_000);
  // What comes after it shows that all that waited was looked at.
  await alice.asked(`await core.sendMessage('${BOB}', 'the last one')`);
  await eventually(async () => (await texts(bob, ALICE)).includes('the last one'), 'the last one', 60_000, 200);
  assert.deepEqual(await texts(bob, ALICE), ['before the crash', 'after it', 'the last one']);
  await eventually(async () => (await alice.mails('Conversations')).length === 3, 'three saved', 60_000, 200);
});
