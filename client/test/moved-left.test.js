// Change of address: what is left of an address that was left, two things at once, and what is interrupted.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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

test('an address that was left is not watched, and after 31 days what comes from it is not heard: no text, no request, no call', async () => {
  const all = await moved();
  const { it, alice, bob, person, said } = all;
  assert.equal(bob.main.ctx.presence.of(ALICE).presence, 'online');
  await follows(all, bob, ALICE, NEW);
  await it.pass(4000);
  assert.equal(bob.main.ctx.presence.of(ALICE).presence, 'unknown');
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  await old.sendMessage(BOB, 'still on its way');
  await it.until(bob, async () => (await texts(bob, NEW)).includes('still on its way'), 'heard meanwhile');
  assert.equal((await bob.messages(NEW)).findLast((each) => each.text === 'still on its way').with, ALICE);
  bob.everyone().forEach(closeNow);
  await bob.kept.put('moved', ALICE, { to: NEW, at: it.time.now() - 31 * DAY - 1 });
  const later = await person(BOB, { store: bob.kept });
  await it.until(later, (s) => contact(s, NEW).presence === 'online', 'the new one is watched');
  assert.equal(later.main.ctx.presence.of(ALICE).presence, 'unknown');
  await old.sendMessage(BOB, 'too late');
  await old.ctx.inTurn(async () => {
    const again = old.ctx.requests.again(BOB);
    await old.ctx.store.batch(again.writes);
    again.done();
  });
  const token = later.main.ctx.contacts.get(ALICE).theirToken;
  await said(alice, later, 'from the new one', BOB);
  await old.call(BOB);
  await it.until(old, (s) => s.call?.state === 'ended' || !s.call, 'refused');
  await it.pass(8000);
  assert.equal(later.state.call, null);
  assert.equal((await texts(later, NEW)).includes('too late'), false);
  assert.deepEqual(later.main.ctx.contacts.get(ALICE).theirToken, token);
  assert.deepEqual(later.state.requests, []);
});

test('nobody is asked about a list begun anew at an address that was left', async () => {
  const all = await moved();
  const { it, bob } = all;
  await follows(all, bob, ALICE, NEW);
  const stranger = await it.agent(ALICE, { deviceName: 'stranger' });
  await it.until(stranger, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await stranger.recover();
  await it.until(stranger, up, 'a list begun anew');
  await bob.main.ctx.contacts.lookWhole(ALICE);
  assert.equal(notice(bob, 'changed'), undefined);
  assert.equal(bob.main.ctx.contacts.get(ALICE).changed ?? null, null);
});

test('whoever talks at one address is busy at the other, and the call that runs is the one that is shown', async () => {
  const all = await moved();
  const { it, alice, bob, person } = all;
  await follows(all, bob, ALICE, NEW);
  const carol = await person('carol@example.net');
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  await old.requestContact('carol@example.net', {});
  await it.until(carol, (s) => s.requests.length === 1, 'asked');
  await carol.acceptRequest(ALICE);
  await it.until(alice, (s) => contact(s, 'carol@example.net')?.state === 'accepted', 'known');
  await carol.call(ALICE);
  await it.until(alice, (s) => s.call?.state === 'ringing', 'rings');
  await alice.acceptCall();
  await it.until(alice, (s) => s.call?.state !== 'ringing', 'accepted');
  assert.equal(alice.state.call.address, 'carol@example.net');
  await it.until(bob, (s) => contact(s, NEW).presence !== 'unknown', 'there');
  await bob.call(NEW);
  await it.until(bob, (s) => s.call?.state === 'ended', 'busy');
  assert.equal(bob.state.call.why, 'call.busy');
  assert.equal(alice.state.call.address, 'carol@example.net');
  assert.equal(alice.main.state.call, null, 'nothing rang');
  await assert.rejects(async () => alice.call(BOB));
  // However it came to two: the one that runs.
  alice.main.ctx.update({ call: { ...old.state.call, address: BOB, incoming: true, state: 'ringing' } });
  await it.until(alice, () => alice.main.state.call?.state === 'ringing', 'rings');
  assert.equal(alice.state.call.address, 'carol@example.net');
  alice.main.ctx.update({ call: null });
  await alice.hangUp();
  assert.equal(old.state.call, null);
});

/** Does something else in the middle of the write that makes another address the present one. */
function meanwhile(one, task) {
  const { batch } = one.kept;
  const result = { done: null };
  one.kept.batch = async (writes) => {
    if (!result.done && writes.some(([, key]) => key === 'identities')) {
      result.done = Promise.resolve(task()).then(
        () => 'done',
        (e) => e.key,
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return batch(writes);
  };
  return result;
}

test('two things wanted at once are done one after the other, or refused, and nothing is wiped', async () => {
  const all = await stage();
  const { it, ca, person, friends } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await alice.changeAddress(NEW);
  await it.until(alice, (s) => s.move?.step === 'code', 'code');
  const cancelled = meanwhile(alice, () => alice.cancelMove());
  await alice.submitMoveCode(ca.mails.findLast((mail) => mail.to === NEW).code);
  await it.until(alice, (s) => s.me.address === NEW && up(s), 'there');
  assert.equal(await cancelled.done, 'move.busy', 'too late to cancel');
  assert.equal((await alice.kept.get('1:me', 'profile')).address, NEW);
  await it.pass(3000);
  const twice = meanwhile(alice, () => alice.changeAddress(ALICE));
  await alice.changeAddress(ALICE);
  assert.equal(await twice.done, 'move.busy');
  assert.deepEqual([alice.state.me.address, alice.state.former.map((each) => each.address)], [ALICE, [NEW]]);
  await it.pass(3000);
  const stopped = meanwhile(alice, () => alice.stopUsing(NEW));
  await alice.changeAddress(NEW);
  assert.equal(await stopped.done, 'move.busy');
  assert.deepEqual([alice.state.me.address, alice.state.former.map((each) => each.address)], [NEW, [ALICE]]);
  const ids = await alice.kept.get('me', 'identities');
  assert.deepEqual([ids.now, ids.former], [1, [0]]);
});

test('closing waits for what is being done', async () => {
  const all = await moved();
  const { it, alice } = all;
  await it.pass(3000);
  let closed = false;
  let last = 0;
  const { batch } = alice.kept;
  alice.kept.batch = async (writes) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await batch(writes);
    last = closed ? last + 1 : last;
  };
  const going = alice.changeAddress(ALICE);
  const closing = alice.close().then(() => (closed = true));
  await Promise.all([going, closing]);
  assert.equal(last, 0);
  assert.deepEqual((await alice.kept.get('me', 'identities')).now, 0);
});

test('what comes to the old address while it is given back is kept, or not taken', async () => {
  const all = await moved();
  const { it, alice, bob } = all;
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  const { list } = alice.kept;
  let late = null;
  alice.kept.list = async (table, ...rest) => {
    const found = await list(table, ...rest);
    if (table === 'messages' && !rest.length && !late) {
      const message = { id: 'x', with: BOB, mine: false, text: 'late', at: it.time.now(), state: 'received', why: '' };
      late = old.ctx
        .inTurn(() => old.ctx.store.batch(old.ctx.chat.written(message)))
        .then(
          () => 'stored',
          () => 'refused',
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return found;
  };
  await alice.stopUsing(ALICE);
  assert.equal(await late, (await texts(alice, BOB)).includes('late') ? 'stored' : 'refused');
  assert.ok(late);
});

test('whoever never heard is asked also when the page was closed in the middle of it', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  alice.main.ctx.requests.request = () => new Promise(() => {});
  void alice.stopUsing(ALICE);
  await it.until(alice, async () => (await alice.kept.get('me', 'identities')).former.length === 0, 'given back');
  alice.everyone().forEach(closeNow);
  const again = await person('', { store: alice.kept });
  assert.equal(contact(again.state, BOB).state, 'waiting');
  await it.pass(4000);
  assert.ok(again.main.ctx.delivery.waits((item) => item.to === BOB && item.type === 'request'));
  const back = await person(BOB, { store: bob.kept });
  await it.until(back, (s) => s.requests[0]?.address === NEW, 'asked');
  await it.until(again, async () => !(await again.main.ctx.store.get('me', 'to-ask')), 'once');
});

test('one of two devices goes back: the other one does not send its owner away again', async () => {
  const all = await stage();
  const { it, ca, person, move } = all;
  const alice = await person(ALICE);
  alice.showDeviceCode();
  const tablet = await person(ALICE, { deviceName: 'tablet' });
  await tablet.useDeviceCode(alice.state.adding.code);
  await it.until(tablet, up, 'allowed');
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await tablet.answerNotice('moving', 'go');
  await it.until(tablet, (s) => s.move?.step === 'code', 'code');
  await tablet.submitMoveCode(ca.mails.findLast((mail) => mail.to === NEW).code);
  await it.until(alice, (s) => s.endorsements.length === 1, 'asks the first');
  await alice.allowDevice(alice.state.endorsements[0].deviceId);
  await it.until(tablet, (s) => s.me.address === NEW && up(s), 'there');
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

test('an answer counts for the address that was read, and not while what is said of the old one cannot be read', async () => {
  const all = await moved();
  const { it, bob, alice } = all;
  const asked = notice(bob, 'moved');
  await assert.rejects(bob.followMoved(ALICE, THIRD), (e) => e.key === 'moved.other');
  await assert.rejects(bob.answerNotice(asked.id, `follow ${THIRD}`), (e) => e.key === 'moved.other');
  await bob.answerNotice(asked.id, `later ${THIRD}`);
  assert.ok(notice(bob, 'moved'));
  const { find } = bob.main.ctx.locator;
  for (const said of [{ kind: 'unreachable' }, { kind: 'forged', asked: 1 }, { listed: false }, { asked: 0 }]) {
    bob.main.ctx.locator.find = async (address, how) => ({
      ...(await find(address, how)),
      ...(address === ALICE ? said : {}),
    });
    await assert.rejects(bob.followMoved(ALICE, NEW), (e) => e.key === 'moved.unread', JSON.stringify(said));
  }
  // The device at the new address was withdrawn.
  const { id } = alice.main.ctx.profile.key;
  bob.main.ctx.locator.find = async (address, how) => {
    const found = await find(address, how);
    if (address !== NEW) return found;
    const signer = found.devices.get(id).issuer;
    return { ...found, revocations: [{ signer, authority: true, devices: [id], sequence: 1 }] };
  };
  await assert.rejects(bob.followMoved(ALICE, NEW), (e) => e.key === 'moved.not-there');
  bob.main.ctx.locator.find = find;
  await answer(bob, 'moved', 'follow');
  await it.until(bob, (s) => contact(s, NEW)?.state === 'accepted', 'followed');
});

test('a code that ran out over a reload, or a page closed before the order, leaves the old address as it is', async () => {
  const all = await stage();
  const { it, person } = all;
  const alice = await person(ALICE);
  await alice.changeAddress(NEW);
  await it.until(alice, (s) => s.move?.step === 'code', 'code');
  alice.everyone().forEach(closeNow);
  it.time.sleep(2 * DAY);
  const again = await person('', { store: alice.kept });
  assert.equal(again.state.move, null);
  assert.deepEqual(
    [...alice.kept.dump().keys()].filter((key) => /^\d:/.test(key)),
    [],
  );
  await again.changeAddress(NEW);
  await it.until(again, (s) => s.move?.step === 'code', 'a new code');
  await again.cancelMove();
  again.everyone().forEach(closeNow);
  const ids = await alice.kept.get('me', 'identities');
  await alice.kept.put('me', 'identities', { ...ids, coming: ids.next, next: ids.next + 1 });
  const third = await person('', { store: alice.kept });
  assert.equal(third.state.move, null);
  assert.equal((await alice.kept.get('me', 'identities')).coming, null);
});

test('whoever is blocked is blocked at every address that this person had, whichever of ours knows of it', async () => {
  const all = await moved();
  const { it, bob, move, alice } = all;
  await move(bob, BOBNEW);
  await it.pass(3000);
  await follows(all, bob, ALICE, NEW);
  await it.until(alice, (s) => s.former[0].waiting.length === 0, 'heard');
  await bob.block(NEW);
  for (const self of bob.everyone()) assert.deepEqual(self.state.blocked, [NEW, ALICE].sort());
});

test('who is back before the other device came along: it is not asked any more', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const alice = await person(ALICE);
  alice.showDeviceCode();
  const tablet = await person(ALICE, { deviceName: 'tablet' });
  await tablet.useDeviceCode(alice.state.adding.code);
  await it.until(tablet, up, 'allowed');
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving'), 'told');
  await move(alice, ALICE);
  await it.pass(10_000);
  assert.equal(notice(tablet, 'moving'), undefined);
});
