// The add-on, where the CA takes only people to whom its operator gave a key: it asks for that once the CA has, and then goes on by itself as ever.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newcomer } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { command } from './command.js';

const ALICE = 'alice@example.net';
const PICTURES = process.env.STARLING_PICTURES ?? '';
let around, alice;

before(async () => {
  await packAddon();
  around = await world(['alice'], '--eab', 'required');
});
after(async () => {
  await alice?.tb.close();
  await around?.close();
});

test('the key is asked for when the CA wants one, and the rest is as ever', { timeout: 600_000 }, async () => {
  alice = await newcomer(around, ALICE);
  await alice.says(`Use ${ALICE}`);
  await alice.press(`Use ${ALICE}`);
  await alice.says('people to whom its operator gave a key');
  if (PICTURES) await writeFile(join(PICTURES, 'addon-account-key.png'), await alice.tb.screenshot());
  assert.equal(await around.mail.code('alice'), '', 'no mail yet');
  const { status, said } = await command(['ca', 'eab', 'Alice', '--data', around.caFolder]);
  assert.equal(status, 0, said);
  await alice.type('account-key', said);
  await alice.press('Continue');
  await alice.seen((s) => s.me.status === 'online', 'online');
  const listed = await command(['ca', 'eab', '--data', around.caFolder]);
  assert.match(listed.said, /account \S+ {2}Alice/);
});
