// Change of address: what is left of an address that was left, two things at once, and what is interrupted.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { timeValue } from '../core/agent/shared.js';
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

/** What can be done at once is done. */
const onceAround = () => new Promise((resolve) => setImmediate(resolve));

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
      await onceAround();
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
  let held;
  const writing = new Promise((resolve) => (held = resolve));
  let goOn;
  const { batch } = alice.kept;
  alice.kept.batch = async (writes) => {
    held();
    await new Promise((resolve) => (goOn = resolve));
    alice.kept.batch = batch;
    return batch(writes);
  };
  const closed = [];
  for (const self of alice.everyone()) {
    const { close } = self;
    self.close = () => (closed.push(self.state.me.address), close.call(self));
  }
  const going = alice.changeAddress(ALICE);
  await writing;
  const closing = alice.close();
  await onceAround();
  assert.deepEqual(closed, [], 'nothing is closed under what is being written');
  goOn();
  await Promise.all([going, closing]);
  assert.deepEqual(closed, [ALICE, NEW]);
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
      await onceAround();
    }
    return found;
  };
  await alice.stopUsing(ALICE);
  assert.equal(await late, (await texts(alice, BOB)).includes('late') ? 'stored' : 'refused');
  assert.ok(late);
});

test('what was unread at an address that is given back stays unread, also of a contact who moved', async () => {
  const { it, alice } = await moved();
  alice.everyone().forEach((each) => (each.ctx.moves.follow = () => Promise.reject(new Error('not there'))));
  const [old, now] = [ALICE, NEW].map((at) => alice.everyone().find((each) => each.state.me.address === at).ctx);
  const at = it.time.now();
  const said = { now: BOBNEW, at, by: '', device: '', later: false, friendsKey: new Uint8Array(32), version: 1 };
  const pending = now.contacts.changed(BOB, { moved: { ...said, token: new Uint8Array(32) } });
  const mark = old.moves.take(BOB, { to: BOBNEW, at }, true);
  await now.store.batch(pending.writes);
  pending.done();
  await old.store.batch(mark.writes);
  mark.done();
  assert.equal(old.contacts.get(BOB).unread, 1);
  await alice.stopUsing(ALICE);
  for (const row of [alice.main.ctx.contacts.get(BOB), await alice.main.ctx.store.get('contacts', BOB)])
    assert.deepEqual([row.unread, row.last?.text, row.moved], [1, 'before, too', null]);
  assert.equal(alice.main.ctx.moves.marks().get(BOB).to, BOBNEW);
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

test('whoever could not be asked anew is asked at the next start', async () => {
  const all = await stage();
  const { it, person, friends, move } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  bob.everyone().forEach(closeNow);
  await move(alice, NEW);
  let failed = 0;
  alice.main.ctx.requests.request = async () => {
    failed++;
    throw new Error('too many');
  };
  await alice.stopUsing(ALICE);
  assert.equal(failed, 1);
  assert.deepEqual(
    (await alice.main.ctx.store.get('me', 'to-ask')).map((each) => each.address),
    [BOB],
  );
  alice.everyone().forEach(closeNow);
  const again = await person('', { store: alice.kept });
  await it.until(
    again,
    () => again.main.ctx.delivery.waits((item) => item.to === BOB && item.type === 'request'),
    'asked',
  );
  await it.until(again, async () => !(await again.main.ctx.store.get('me', 'to-ask')), 'once');
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

test('whoever asked at the old address, or was asked from it, is not lost with it: the new one asks them, over a reload', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const [CAROL, DAN] = ['carol@example.net', 'dan@example.net'];
  const [alice, bob, carol, dan] = [await person(ALICE), await person(BOB), await person(CAROL), await person(DAN)];
  await alice.setName('Alice');
  for (const one of [bob, dan]) await one.requestContact(ALICE, { text: 'it is me' });
  await it.until(alice, (s) => s.requests.length === 2, 'asked by two');
  await alice.requestContact(CAROL, { text: 'from the choir' });
  await it.until(carol, (s) => s.requests.length === 1, 'asked by alice');
  await move(alice, NEW);
  assert.equal(alice.state.former[0].asking, 2);
  await alice.stopUsing(ALICE);
  assert.deepEqual(alice.state.requests.map(({ address, text, via }) => [address, text, via]).sort(), [
    [BOB, 'it is me', ALICE],
    [DAN, 'it is me', ALICE],
  ]);
  await it.until(carol, (s) => s.requests.some((each) => each.address === NEW), 'asked again');
  assert.equal(carol.state.requests.find((each) => each.address === NEW).text, 'from the choir');
  await carol.acceptRequest(NEW);
  await it.until(alice, (s) => contact(s, CAROL)?.state === 'accepted', 'accepted');
  await alice.declineRequest(DAN);
  alice.everyone().forEach(closeNow);
  const again = await person('', { store: alice.kept });
  assert.deepEqual(
    again.state.requests.map((each) => each.address),
    [BOB],
  );
  await again.acceptRequest(BOB, 'You asked me at my old address.');
  assert.deepEqual([again.state.requests.length, contact(again.state, BOB).state], [0, 'waiting']);
  await it.until(bob, (s) => s.requests.some((each) => each.address === NEW), 'asked back');
  assert.deepEqual(bob.state.requests[0].text, 'You asked me at my old address.');
  await bob.acceptRequest(NEW);
  await it.until(again, (s) => contact(s, BOB).state === 'accepted', 'a contact');
  await it.pass(3000);
  assert.deepEqual(dan.state.requests, []);
  assert.equal(contact(dan.state, ALICE).state, 'waiting');
});

test('a request is not brought along by whoever knows them at the new address, blocked them, or said no there', async () => {
  const all = await stage();
  const { it, person, move } = all;
  const [CAROL, DAN] = ['carol@example.net', 'dan@example.net'];
  const alice = await person(ALICE);
  const others = [await person(BOB), await person(CAROL), await person(DAN)];
  for (const one of others) await one.requestContact(ALICE, {});
  await it.until(alice, (s) => s.requests.length === 3, 'asked');
  await move(alice, NEW);
  const old = alice.everyone().find((each) => each.state.me.address === ALICE);
  const { sent } = old.ctx.requests.all().find((each) => each.address === DAN);
  await alice.main.requestContact(BOB, {});
  await alice.main.block(CAROL);
  // As another device of hers did.
  await alice.main.ctx.inTurn(async () => {
    const said = alice.main.ctx.own.note(`answered ${DAN}`, timeValue(sent));
    await alice.main.ctx.store.batch(said.writes);
    said.done();
  });
  await alice.stopUsing(ALICE);
  assert.deepEqual(alice.state.requests, []);
});
