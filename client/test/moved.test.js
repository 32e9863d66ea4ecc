// Change of address: what contacts are told and believe, what thieves can do with half of it, and that one person stays one person.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { random } from '../core/bytes.js';
import { StarlingError } from '../core/errors.js';
import { signMoved } from '../core/record/moved.js';
import { issue } from './authority.js';
import {
  closeAll,
  ALICE,
  NEW,
  THIRD,
  BOB,
  BOBNEW,
  DAY,
  notice,
  answer,
  up,
  texts,
  stage,
  moved,
  follows,
} from './fake/moving.js';
import { closeNow, contact } from './fake/world.js';

after(closeAll);

test('a contact is asked, agrees, and history, contact and messages are one at the new address', async () => {
  const all = await moved();
  const { it, alice, bob, said } = all;
  const asked = notice(bob, 'moved');
  assert.deepEqual([asked.args.old, asked.args.address], [ALICE, NEW]);
  assert.equal(contact(bob.state, ALICE).moved, NEW);
  assert.equal(contact(bob.state, NEW), undefined, 'nothing is switched by itself');
  assert.deepEqual(
    alice.state.former.map((each) => [each.address, each.people, each.waiting.length]),
    [[ALICE, 1, 1]],
  );
  await said(alice, bob, 'still from the old one', BOB);
  await said(bob, alice, 'still to the old one', ALICE);
  await follows(all, bob, ALICE, NEW);
  assert.deepEqual(contact(bob.state, NEW).earlier, [ALICE]);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  assert.equal(alice.state.contacts.length, 1);
  await it.until(bob, (s) => contact(s, NEW).presence === 'online', 'seen at the new address');
  await said(bob, alice, 'to the new one', NEW);
  await said(alice, bob, 'from the new one', BOB);
  const whole = [
    'before',
    'before, too',
    'still from the old one',
    'still to the old one',
    'to the new one',
    'from the new one',
  ];
  assert.deepEqual(await texts(bob, NEW), whole);
  assert.deepEqual(await texts(alice, BOB), whole);
  assert.equal(bob.state.contacts.length, 1);
  assert.equal(notice(bob, 'moved'), undefined);
  await it.until(bob, async () => (await bob.messages(NEW))[4].state === 'delivered', 'receipt');
});

test('not now: the question stays with the person, also over a reload, and can be agreed to later', async () => {
  const all = await moved();
  const { it, bob, person, alice } = all;
  await answer(bob, 'moved', 'later');
  assert.equal(notice(bob, 'moved'), undefined);
  assert.equal(contact(bob.state, ALICE).moved, NEW);
  bob.everyone().forEach(closeNow);
  const again = await person(BOB, { store: bob.kept });
  assert.equal(notice(again, 'moved'), undefined);
  await again.followMoved(ALICE, NEW);
  await it.until(again, (s) => contact(s, NEW)?.state === 'accepted', 'followed');
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
});

/** A statement for bob, as a thief might put it together. */
async function forged({ alice, it }, { signer, more = {} }) {
  const said = { from: ALICE, now: NEW, to: BOB, device: signer.key.id, at: it.time.now(), version: 1 };
  const keys = { friendsKey: random(32), token: random(32) };
  const statement = await signMoved({ key: signer.key.sign, chain: signer.chain }, 'local', {
    ...said,
    ...keys,
    ...more,
  });
  await alice.ctx.delivery.enqueue({ to: BOB, type: 'moved', content: { statement } });
}

/** Two who know each other, and bob as he is after whatever comes. */
async function known() {
  const all = await stage();
  const [alice, bob] = [await all.person(ALICE), await all.person(BOB)];
  await all.friends(alice, bob);
  const nothing = async (why) => {
    await all.it.pass(8000);
    assert.equal(notice(bob, 'moved'), undefined, why);
    assert.equal(bob.main.ctx.contacts.get(ALICE).moved ?? null, null, why);
  };
  return { ...all, alice: alice.main, bob, nothing };
}

test('a device of the old address alone moves nobody: the new one must be proven, by its own key, for this contact, and lately', async () => {
  const all = await known();
  const { it, bob, nothing, alice } = all;
  const now = it.time.now();
  const theirs = await issue(it.ca, NEW, now);
  const other = await issue(it.ca, 'thief@evil.example', now);
  await forged(all, { signer: { key: alice.ctx.profile.key, chain: alice.ctx.profile.chain } });
  await nothing('signed by the old key');
  await forged(all, { signer: { key: other.key, chain: theirs.chain }, more: { device: theirs.key.id } });
  await nothing("somebody else's certificate");
  await forged(all, { signer: other });
  await nothing('a certificate for another address');
  await forged(all, { signer: theirs, more: { to: 'carol@example.net' } });
  await nothing('meant for somebody else');
  await forged(all, { signer: theirs, more: { from: 'carol@example.net' } });
  await nothing('of another old address');
  await forged(all, { signer: theirs, more: { at: now - 32 * DAY } });
  await nothing('too old');
  await forged(all, { signer: theirs, more: { at: now + DAY } });
  await nothing('from the future');
  await forged(all, { signer: other, more: { now: 'thief@evil.example' } });
  await it.until(bob, (s) => notice({ state: s }, 'moved'), "both ends are the thief's: it is shown");
  await alice.sendMessage(BOB, 'where does it go');
  assert.ok(contact(bob.state, ALICE) && !contact(bob.state, 'thief@evil.example'), 'and nothing is switched');
  await assert.rejects(bob.followMoved(ALICE, 'thief@evil.example'), (e) => e.key === 'moved.not-there');
  assert.ok(contact(bob.state, ALICE));
});

test('whoever has only the new address, or only the mailbox of the old one, is not heard', async () => {
  const all = await known();
  const { it, nothing } = all;
  const at = await it.online(NEW);
  await forged({ ...all, alice: at }, { signer: { key: at.ctx.profile.key, chain: at.ctx.profile.chain } });
  await nothing('from the new address');
  const second = await it.agent(ALICE, { deviceName: 'thief' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await second.recover();
  await it.until(second, up, 'a list begun anew');
  await forged({ ...all, alice: second }, { signer: { key: at.ctx.profile.key, chain: at.ctx.profile.chain } });
  await nothing('from a list begun anew');
});

test('a device that was taken off the list since has no say', async () => {
  const all = await stage();
  const { it, person, friends, ca, bob: _ } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  alice.showDeviceCode();
  const second = await it.agent(ALICE, { deviceName: 'stolen' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await second.useDeviceCode(alice.state.adding.code);
  await it.until(second, up, 'allowed');
  const at = await it.online('thief@evil.example');
  const more = { now: 'thief@evil.example' };
  await forged({ ...all, alice: second }, { signer: { key: at.ctx.profile.key, chain: at.ctx.profile.chain }, more });
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'shown');
  await alice.removeDevice(second.ctx.profile.key.id);
  await it.pass(3000);
  await assert.rejects(bob.followMoved(ALICE, 'thief@evil.example'), (e) => e.key === 'moved.doubted');
  assert.equal(notice(bob, 'moved'), undefined);
  assert.equal(contact(bob.state, ALICE).moved, undefined);
  assert.ok(ca);
});

test('what was said once counts once: a replay after she is back changes nothing', async () => {
  const all = await moved();
  const { it, alice, bob, move, said } = all;
  const first = bob.main.ctx.contacts.get(ALICE).moved;
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  await move(alice, ALICE);
  assert.equal(alice.state.former[0].address, NEW);
  await it.until(bob, (s) => notice({ state: s }, `moved ${NEW}`), 'told that she is back');
  await follows(all, bob, NEW, ALICE);
  assert.deepEqual(contact(bob.state, ALICE).earlier, [NEW]);
  await said(bob, alice, 'welcome back', ALICE);
  await said(alice, bob, 'thanks', BOB);
  assert.equal(bob.state.contacts.length, 1);
  const fresh = alice.everyone().find((each) => each.state.me.address === NEW);
  const old = { key: fresh.ctx.profile.key, chain: fresh.ctx.profile.chain };
  await forged({ ...all, alice: alice.main }, { signer: old, more: { at: first.at } });
  await it.pass(8000);
  assert.equal(notice(bob, 'moved'), undefined);
  assert.equal(contact(bob.state, ALICE).moved, undefined);
  // And once more, which is later.
  await move(alice, NEW);
  await it.until(bob, (s) => notice({ state: s }, `moved ${ALICE}`), 'told again');
  await follows(all, bob, ALICE, NEW);
  assert.deepEqual((await texts(bob, NEW)).slice(0, 2), ['before', 'before, too']);
});

test('moved twice: a contact who followed hears it from the second address, one who did not from the first', async () => {
  const all = await moved();
  const { it, alice, bob, person, friends, move, said } = all;
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  const carol = await person('carol@example.net');
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  await old.requestContact('carol@example.net', {});
  await it.until(carol, (s) => s.requests.length === 1, 'asked');
  await carol.acceptRequest(ALICE);
  await it.until(
    carol,
    (s) => notice({ state: s }, 'moved'),
    'a contact of the old address that came later is told, too',
  );
  assert.ok(friends);
  await move(alice, THIRD);
  assert.deepEqual(
    alice.state.former.map((each) => each.address),
    [NEW, ALICE],
  );
  await it.until(bob, (s) => notice({ state: s }, `moved ${NEW}`)?.args.address === THIRD, 'from the second');
  await it.until(carol, (s) => notice({ state: s }, `moved ${ALICE}`)?.args.address === THIRD, 'from the first');
  await follows(all, bob, NEW, THIRD);
  await follows(all, carol, ALICE, THIRD);
  assert.deepEqual(new Set(contact(bob.state, THIRD).earlier), new Set([NEW, ALICE]));
  await said(bob, alice, 'bob at the third', THIRD);
  await said(carol, alice, 'carol at the third', THIRD);
  await said(alice, carol, 'hello carol', 'carol@example.net');
  assert.deepEqual((await texts(bob, THIRD)).slice(0, 2), ['before', 'before, too']);
  await it.until(alice, (s) => s.former.every((each) => each.waiting.length === 0), 'all heard');
  assert.equal(alice.state.contacts.length, 2);
});

test('two contacts move at once: each is asked once, and both meet at their new addresses', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await said(alice, bob, 'before', BOB);
  await Promise.all([move(alice, NEW), move(bob, BOBNEW)]);
  await it.until(bob, (s) => notice({ state: s }, `moved ${ALICE}`), 'bob told');
  await it.until(alice, (s) => notice({ state: s }, `moved ${BOB}`), 'alice told');
  await answer(bob, `moved ${ALICE}`, 'follow');
  await answer(alice, `moved ${BOB}`, 'follow');
  await it.until(bob, (s) => s.contacts.length === 1 && contact(s, NEW), 'one row');
  await it.until(alice, (s) => s.contacts.length === 1 && contact(s, BOBNEW), 'one row');
  await said(bob, alice, 'from bob', NEW);
  await said(alice, bob, 'from alice', BOBNEW);
  const both = (one, address) => one.main.ctx.contacts.get(address)?.state === 'accepted';
  await it.until(alice, () => both(alice, BOBNEW) && both(bob, NEW), 'new to new');
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'alice has left');
  await it.until(bob, (s) => s.former[0].waiting.length === 0, 'bob has left');
  await it.pass(4000);
  assert.equal(notice(bob, 'moved') ?? notice(alice, 'moved'), undefined);
  await alice.stopUsing(ALICE);
  await bob.stopUsing(BOB);
  await said(bob, alice, 'bob, new to new', NEW);
  await said(alice, bob, 'alice, new to new', BOBNEW);
  const whole = ['before', 'from bob', 'from alice', 'bob, new to new', 'alice, new to new'];
  assert.deepEqual(await texts(alice, BOBNEW), whole);
  assert.deepEqual(await texts(bob, NEW), whole);
});

test('a contact who was away hears it again before it would be lost, and in time follows', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await said(alice, bob, 'before', BOB);
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  await it.pass(4000);
  const [first] = alice.everyone()[1].ctx.delivery.withdraw((item) => item.type === 'moved').items;
  for (let day = 0; day < 10; day++) {
    await it.daysPass(1, [ALICE, NEW, BOB]);
    await it.pass(3_700_000, 400_000);
    await it.pass(2000);
  }
  const again = alice.everyone()[1].ctx.delivery.withdraw((item) => item.type === 'moved').items;
  assert.equal(again.length, 1, 'one at a time');
  assert.ok(again[0].created - first.created > 5 * DAY);
  const back = await person(BOB, { store: bob.kept });
  await it.until(back, (s) => notice({ state: s }, 'moved'), 'heard');
  await back.followMoved(ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard of it');
});

test('whoever never heard is asked anew when the old address is given back; history and read marks stay', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await said(bob, alice, 'before', ALICE);
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'unread');
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  await alice.sendMessage(BOB, 'never sent');
  await alice.stopUsing(ALICE);
  assert.deepEqual(alice.state.former, []);
  const row = contact(alice.state, BOB);
  assert.deepEqual([row.state, row.unread, row.last.text], ['waiting', 1, 'never sent']);
  assert.deepEqual(await texts(alice, BOB), ['before', 'never sent']);
  const kept = [...alice.kept.dump().keys()];
  assert.equal(await alice.kept.get('me', 'profile'), undefined, 'the old key is gone');
  assert.deepEqual(
    kept.filter((key) => !/^\d:|^me\0(identities|settings)$/.test(key)),
    [],
  );
  const back = await person(BOB, { store: bob.kept });
  await it.until(back, (s) => s.requests[0]?.address === NEW, 'asked by the new address');
  await back.acceptRequest(NEW);
  await it.until(alice, (s) => contact(s, BOB).state === 'accepted', 'a contact again');
  alice.everyone().forEach(closeNow);
  const reloaded = await person('', { store: alice.kept });
  assert.equal(reloaded.state.me.address, NEW);
  assert.deepEqual(await texts(reloaded, BOB), ['before', 'never sent']);
});

test('the old address ends with its certificate, which is not renewed', async () => {
  const all = await moved();
  const { it, alice, bob } = all;
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  assert.ok(alice.state.former[0].until > it.time.now());
  it.time.sleep(31 * DAY);
  await it.pass(3_700_000, 400_000);
  await it.until(alice, (s) => s.former.length === 0, 'given back');
  assert.equal(notice(alice, 'renew')?.id.includes('|') ?? false, false);
});

test('a change may be interrupted anywhere: by a reload before the code, by cancelling, by a mistake', async () => {
  const all = await stage();
  const { it, ca, person } = all;
  const alice = await person(ALICE);
  for (const [typed, key] of [
    ['', 'address.empty'],
    ['nobody', 'no-at'],
    [ALICE, 'move.same'],
  ])
    await assert.rejects(alice.changeAddress(typed), (e) => e.key.endsWith(key), typed);
  ca.refuse = [429, 'rateLimited'];
  await assert.rejects(alice.changeAddress(NEW));
  assert.equal(alice.state.move, null);
  ca.refuse = null;
  // A CA that has come to want keys for accounts wants one for this.
  ca.accountKeys = { k2: new Uint8Array(32) };
  await assert.rejects(alice.changeAddress(NEW), (e) => e.key === 'account-key');
  assert.equal(alice.state.move, null);
  // What the key made is not lost with an attempt that fails, nor with one that is given up.
  ca.refuse = [429, 'rateLimited'];
  await assert.rejects(alice.changeAddress(NEW, `k2 ${'A'.repeat(43)}`), (e) => e.key === 'too-many-mails');
  assert.deepEqual(ca.accountKeys, {});
  ca.refuse = null;
  await alice.changeAddress(THIRD, `k2 ${'A'.repeat(43)}`);
  await alice.cancelMove();
  await alice.changeAddress(NEW);
  ca.accountKeys = null;
  // Its mail is known as ours, too: the add-on answers it by itself.
  assert.deepEqual(
    (await alice.awaited()).map(({ mail }) => mail.address),
    [NEW],
  );
  await it.until(alice, (s) => s.move?.step === 'code', 'code');
  await assert.rejects(alice.changeAddress(THIRD), (e) => e.key === 'move.busy');
  await assert.rejects(alice.submitMoveCode('no code'), (e) => e.key.startsWith('code'));
  alice.everyone().forEach(closeNow);
  const again = await person('', { store: alice.kept });
  assert.deepEqual([again.state.me.address, again.state.move.address, again.state.move.step], [ALICE, NEW, 'code']);
  await again.cancelMove();
  assert.equal(again.state.move, null);
  assert.deepEqual(
    [...alice.kept.dump().keys()].filter((key) => /^\d:/.test(key)),
    [],
  );
  await all.move(again, THIRD);
  again.everyone().forEach(closeNow);
  const later = await person('', { store: alice.kept });
  assert.deepEqual([later.state.me.address, later.state.former[0].address], [THIRD, ALICE]);
});

test('what is hidden after "not now" is hidden over reloads and when it is said again, comes back when wanted, and another address is asked about anew', async () => {
  const all = await moved();
  const { it, bob, alice, person, move } = all;
  const shown = (one) => [contact(one.state, ALICE).moved, contact(one.state, ALICE).movedHidden];
  await answer(bob, 'moved', 'later');
  assert.deepEqual(shown(bob), [NEW, false]);
  await bob.hideMoved(ALICE, true);
  assert.deepEqual(shown(bob), [NEW, true]);
  bob.everyone().forEach(closeNow);
  const again = await person(BOB, { store: bob.kept });
  assert.deepEqual(shown(again), [NEW, true]);
  const { at } = again.main.ctx.contacts.get(ALICE).moved;
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  const { key, chain } = alice.main.ctx.profile;
  await forged({ ...all, alice: old }, { signer: { key, chain }, more: { at: at + 1 } });
  await it.until(again, () => again.main.ctx.contacts.get(ALICE).moved.at > at, 'said again');
  assert.deepEqual(shown(again), [NEW, true]);
  assert.equal(notice(again, 'moved'), undefined);
  await again.hideMoved(ALICE, false);
  assert.deepEqual(shown(again), [NEW, false]);
  await again.hideMoved(ALICE, true);
  await move(alice, THIRD);
  await it.until(again, (s) => notice({ state: s }, 'moved')?.args.address === THIRD, 'asked about another one');
  assert.deepEqual(shown(again), [THIRD, false]);
  await again.followMoved(ALICE, THIRD);
  await it.until(again, (s) => contact(s, THIRD)?.state === 'accepted', 'followed all the same');
});

test('a contact whom one of our addresses follows and another cannot is looked up more and more seldom', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await move(bob, BOBNEW);
  await it.until(alice, (s) => notice({ state: s }, `moved ${BOB}`), 'alice told');
  await answer(alice, `moved ${BOB}`, 'follow');
  await it.until(bob, (s) => s.former[0].waiting.length === 0, 'heard');
  await move(alice, NEW);
  await it.until(bob, (s) => notice({ state: s }, `moved ${ALICE}`), 'bob told');
  // One of his addresses agreed, the other cannot.
  const [main, old] = bob.everyone();
  let tries = 0;
  for (const { ctx } of [main, old])
    ctx.moves.follow = async () => {
      tries++;
      throw new StarlingError('moved.unread');
    };
  const [with_, without] = main.ctx.contacts.get(ALICE)?.moved ? [old, main] : [main, old];
  await with_.ctx.inTurn(async () => {
    const change = with_.ctx.moves.take(ALICE, { to: NEW, at: without.ctx.contacts.get(ALICE).moved.at });
    await with_.ctx.store.batch(change.writes);
    change.done();
  });
  const within = async (minutes) => {
    tries = 0;
    for (let i = 0; i < minutes * 3; i++) {
      main.ctx.update({});
      await it.pass(20_000, 10_000);
    }
    return tries;
  };
  assert.equal(await within(1), 1);
  assert.equal(await within(6), 2, 'after one minute and after three');
  assert.equal(await within(7), 1, 'after seven');
});
