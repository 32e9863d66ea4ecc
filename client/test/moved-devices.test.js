// Change of address by people with several devices: each comes along for itself, all know the same, and none is needed for another.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  closeAll,
  ALICE,
  NEW,
  BOB,
  DAY,
  allows,
  asksToCome,
  codeFor,
  notice,
  second,
  up,
  texts,
  stage,
  follows,
} from './fake/moving.js';
import { closeNow, contact } from './fake/world.js';

after(closeAll);

/** Has heard of the second device. */
const knowsBoth = (it, one, address) =>
  it.until(one, async () => (await one.main.ctx.contacts.targets(address)).length === 2, 'both devices');

test('our other device hears where this one went, keeps the old address meanwhile, and comes along', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  const tablet = await second(all, alice);
  await it.until(tablet, (s) => contact(s, BOB)?.presence === 'online', 'sees bob');
  await knowsBoth(it, bob, ALICE);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving')?.args.address === NEW, 'told');
  await said(bob, tablet, 'to the old one', ALICE);
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'asked');
  const { at } = bob.main.ctx.contacts.get(ALICE).moved;
  await asksToCome(all, tablet, NEW);
  await it.until(alice, (s) => s.endorsements.length === 1, 'asks the first');
  assert.equal(alice.state.endorsements[0].checkCode, tablet.state.move.checkCode);
  await allows(all, alice, tablet);
  await it.pass(4000);
  assert.equal(bob.main.ctx.contacts.get(ALICE).moved.at, at, 'bob is told by one device only');
  await follows(all, bob, ALICE, NEW);
  await it.until(tablet, (s) => contact(s, BOB)?.state === 'accepted', 'known at the tablet');
  await said(bob, tablet, 'to both', NEW);
  await said(tablet, bob, 'from the tablet', BOB);
  assert.equal(tablet.state.contacts.length, 1);
});

test('one of two devices goes back: the other one does not send its owner away again', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const alice = await person(ALICE);
  const tablet = await second(all, alice);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await asksToCome(all, tablet, NEW);
  await allows(all, alice, tablet);
  await it.pass(4000);
  await move(alice, ALICE);
  await it.until(tablet, (s) => notice({ state: s }, 'moving')?.args.address === ALICE, 'told that she is back');
  await it.pass(8000);
  await it.pass(3_700_000, 400_000);
  await it.pass(8000);
  for (const one of [alice, tablet]) {
    const old = one.everyone().find((each) => each.state.me.address === ALICE);
    assert.equal(old.ctx.own.get('moving').value.length, 0);
  }
  assert.equal(
    alice.state.notices.find((each) => each.id === 'moving'),
    undefined,
  );
});

test('who is back before the other device came along: it is not asked any more', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const alice = await person(ALICE);
  const tablet = await second(all, alice);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await move(alice, ALICE);
  await it.pass(10_000);
  assert.equal(notice(tablet, 'moving'), undefined);
});

test('what one device of a contact agrees to, the others do', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await said(alice, bob, 'before', BOB);
  const tablet = await second(all, bob);
  await it.until(tablet, (s) => contact(s, ALICE)?.presence === 'online', 'sees alice');
  await knowsBoth(it, alice, BOB);
  await said(alice, tablet, 'to both', BOB);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moved'), 'the tablet asks, too');
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'both ask');
  await follows(all, bob, ALICE, NEW);
  await it.until(tablet, (s) => s.contacts.length === 1 && contact(s, NEW), 'followed');
  assert.equal(notice(tablet, 'moved'), undefined);
  assert.deepEqual(await texts(tablet, NEW), ['to both']);
  await said(alice, tablet, 'from the new one', BOB);
});

/** Of her earlier address, as it is said to alice there. */
const former = (one) => one.state.former.map((each) => [each.address, each.people, each.waiting.length]);

test('a second device that tells nobody knows from the first who uses the new address, and the other way round', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob, carol] = [await person(ALICE), await person(BOB), await person('carol@example.net')];
  await friends(alice, bob);
  await friends(alice, carol);
  const tablet = await second(all, alice);
  await it.until(tablet, (s) => s.contacts.length === 2, 'knows both');
  await move(alice, NEW);
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'asked');
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 1, 'heard');
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await asksToCome(all, tablet, NEW);
  await allows(all, alice, tablet);
  await it.until(tablet, () => former(tablet)[0]?.[2] === 1, 'one of two');
  assert.deepEqual(former(tablet), [[ALICE, 2, 1]]);
  assert.equal(tablet.state.former[0].waiting[0].address, 'carol@example.net');
  // The first one is away when carol follows.
  await it.until(tablet, (s) => contact(s, 'carol@example.net'), 'known');
  await knowsBoth(it, bob, NEW);
  alice.everyone().forEach(closeNow);
  await it.until(carol, (s) => notice({ state: s }, 'moved'), 'asked');
  await follows(all, carol, ALICE, NEW);
  await it.until(tablet, () => former(tablet)[0]?.[2] === 0, 'all');
  const back = await person('', { store: alice.kept });
  await it.until(back, () => former(back)[0]?.[2] === 0, 'the first learns it');
});

test('a device whose others at the new address are lost begins anew there, by the user, and tells those who did not hear yet', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  const tablet = await second(all, alice);
  await it.until(tablet, (s) => contact(s, BOB)?.presence === 'online', 'sees bob');
  await knowsBoth(it, bob, ALICE);
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  alice.everyone().forEach(closeNow);
  await asksToCome(all, tablet, NEW);
  assert.equal(tablet.state.move.refused, false);
  await assert.rejects(tablet.useMoveDeviceCode('short'), (e) => e.key === 'device-code');
  await tablet.recoverMove();
  await it.until(tablet, (s) => s.me.address === NEW && up(s), 'there');
  const back = await person(BOB, { store: bob.kept });
  await it.until(back, (s) => notice({ state: s }, 'moved'), 'asked');
  const { id } = tablet.main.ctx.profile.key;
  await it.until(back, () => back.main.ctx.contacts.get(ALICE).moved?.device === id, 'by the one that is left');
  assert.ok(said);
});

test('the code of the other device is enough to stand on the list of the new address', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const alice = await person(ALICE);
  const tablet = await second(all, alice);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await asksToCome(all, tablet, NEW);
  alice.showDeviceCode();
  await it.until(alice, (s) => s.adding, 'shows a code');
  await tablet.useMoveDeviceCode(alice.state.adding.code);
  await it.until(tablet, (s) => s.me.address === NEW && up(s), 'there');
  assert.deepEqual(alice.state.endorsements, []);
});

test('a code that ran out over a reload is said, another one is sent, and the old address is as it was', async () => {
  const all = await stage();
  const { it, person } = all;
  const alice = await person(ALICE);
  await alice.changeAddress(NEW);
  await it.until(alice, (s) => s.move?.step === 'code', 'code');
  alice.everyone().forEach(closeNow);
  it.time.sleep(2 * DAY);
  const again = await person('', { store: alice.kept });
  assert.deepEqual([again.state.me.address, again.state.move?.address, again.state.move?.step], [ALICE, NEW, 'code']);
  assert.ok(again.state.move.codeExpires < it.time.now());
  await again.resendMoveCode();
  await it.until(again, (s) => s.move.codeExpires > it.time.now(), 'another code');
  await again.submitMoveCode(codeFor(all, NEW));
  await it.until(again, (s) => s.me.address === NEW && up(s), 'there');
});

test('a code that ran out can be left at that, and a page closed before the order leaves nothing', async () => {
  const all = await stage();
  const { it, person } = all;
  const alice = await person(ALICE);
  const rest = () => [...alice.kept.dump().keys()].filter((key) => /^\d:/.test(key));
  await alice.changeAddress(NEW);
  await it.until(alice, (s) => s.move?.step === 'code', 'code');
  alice.everyone().forEach(closeNow);
  it.time.sleep(2 * DAY);
  const again = await person('', { store: alice.kept });
  await again.cancelMove();
  assert.equal(again.state.move, null);
  assert.deepEqual(rest(), []);
  again.everyone().forEach(closeNow);
  const ids = await alice.kept.get('me', 'identities');
  await alice.kept.put('me', 'identities', { ...ids, coming: ids.next, next: ids.next + 1 });
  const third = await person('', { store: alice.kept });
  assert.equal(third.state.move, null);
  assert.equal((await alice.kept.get('me', 'identities')).coming, null);
});

test('who used the new address an earlier time counts again only when asked again', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  const old = () => alice.everyone().find((each) => each.state.me.address === ALICE);
  await move(alice, NEW);
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'asked');
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, () => former(alice)[0][2] === 0, 'heard');
  const first = old().ctx.own.get(`uses ${BOB}`).time;
  await move(alice, ALICE);
  await it.until(bob, (s) => notice({ state: s }, `moved ${NEW}`), 'asked about the way back');
  await follows(all, bob, NEW, ALICE);
  await it.until(alice, () => former(alice)[0][2] === 0, 'heard of it');
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  assert.deepEqual(former(alice), [[ALICE, 1, 1]]);
  const again = await person(BOB, { store: bob.kept });
  await it.until(again, (s) => notice({ state: s }, `moved ${ALICE}`), 'asked once more');
  await follows(all, again, ALICE, NEW);
  await it.until(alice, () => former(alice)[0][2] === 0, 'heard once more');
  assert.ok(old().ctx.own.get(`uses ${BOB}`).time > first);
});

test('a device that is lost is removed from an address that was left, without going back there', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  const tablet = await second(all, alice);
  await knowsBoth(it, bob, ALICE);
  await move(alice, NEW);
  await it.until(alice, (s) => s.former[0].devices.length === 1, 'seen there');
  const [lost] = alice.state.former[0].devices;
  assert.deepEqual([lost.name, lost.deviceId], ['tablet', tablet.main.ctx.profile.key.id]);
  await alice.removeDevice(lost.deviceId);
  assert.deepEqual(alice.state.former[0].devices, []);
  await it.until(tablet, (s) => s.me.status === 'removed', 'it is out');
  await it.until(bob, async () => (await bob.main.ctx.contacts.targets(ALICE, true)).length === 1, 'bob knows');
});
