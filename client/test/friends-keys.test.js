// Which friends key of a contact counts: the later one, whichever comes last.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hex, random } from '../core/bytes.js';
import { laterKey } from '../core/agent/friends-keys.js';
import { cardOf, leave, letter } from './fake/letters.js';
import { contact, world } from './fake/world.js';

const BOB = 'bob@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

const key = (byte, version) => ({ friendsKey: byte === null ? null : new Uint8Array(32).fill(byte), version });

test('the higher version counts, of two with the same one the greater key, and some key rather than none', () => {
  const cases = [
    [key(1, 1), key(2, 2), 2],
    [key(1, 2), key(2, 1), 1],
    [key(1, 2), key(2, 2), 2],
    [key(2, 2), key(1, 2), 2],
    [key(null, 9), key(1, 1), 1],
    [key(1, 1), key(null, 9), 1],
  ];
  for (const [known, said, byte] of cases) assert.equal(laterKey(known, said).friendsKey[0], byte);
  assert.deepEqual(laterKey(key(null, 0), key(null, 3)), { friendsKey: null, version: 0 });
});

/** Bob, away, was accepted by alice, who knows the second of his friends keys. */
async function scene() {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  await bob.close();
  const [old, young] = [random(32), random(32)];
  const says = async (type, content) => {
    const sent = it.time.now();
    await leave(it, alice, await letter(it, cardOf(bob), alice, { body: { type, content, sent }, sequence: sent }));
  };
  const known = () => hex(alice.ctx.contacts.get(BOB).friendsKey);
  await says('rotate', { friendsKey: young, version: 5 });
  await it.until(alice, () => known() === hex(young), 'rotated');
  return { it, alice, says, known, old, young };
}

for (const type of ['request', 'accept'])
  test(`a friends key in ${type} that is older than the known one does not bring it back, a newer one counts`, async () => {
    const { it, alice, says, known, old, young } = await scene();
    const word = (friendsKey, version, token) => ({
      name: 'Bob',
      friendsKey,
      version,
      token,
      ...(type === 'request' ? { text: '' } : {}),
    });
    const [first, second, newest] = [random(32), random(32), random(32)];
    const took = (token) =>
      it.until(alice, () => hex(alice.ctx.contacts.get(BOB).theirToken) === hex(token), 'their token');
    await says(type, word(old, 4, first));
    await took(first);
    assert.deepEqual([known(), alice.ctx.contacts.get(BOB).version], [hex(young), 5]);
    await says(type, word(newest, 6, second));
    await took(second);
    assert.equal(known(), hex(newest));
  });

test('another device of ours that knows an older key takes ours, and does not give us its own', async () => {
  const { it, alice, known, old, young } = await scene();
  const { ctx } = alice;
  assert.ok(contact(alice.state, BOB));
  const noted = [];
  const { note } = ctx.own;
  ctx.own.note = (name, value, how) => (noted.push([name, hex(value)]), note(name, value, how));
  const mine = ctx.contacts.get(BOB);
  const { name, state, ourToken, theirToken, root } = mine;
  const take = (friendsKey, version) =>
    ctx.inTurn(async () => {
      const person = { name, state, ourToken, theirToken, root: root ?? '', friendsKey, version };
      const change = await ctx.contacts.take(new Map([[BOB, person]]));
      await ctx.store.batch(change.writes);
      change.done();
    });
  await take(old, 3);
  assert.equal(known(), hex(young));
  await it.until(alice, () => noted.length > 0, 'said again');
  assert.equal(noted[0][0], `contact ${BOB}`);
  assert.ok(noted[0][1].includes(hex(young)));
  await take(old, 6);
  assert.equal(known(), hex(old));
});
