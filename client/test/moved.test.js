// Change of address: what contacts are told and believe, what thieves can do with half of it, and that one person stays one person.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { random } from '../core/bytes.js';
import { Person } from '../core/person.js';
import { signMoved } from '../core/record/moved.js';
import { memoryStore } from '../core/store/memory.js';
import { fakeCa } from './acme-fake.js';
import { issue } from './authority.js';
import { fakeMedia } from './fake/people.js';
import { closeNow, contact, world } from './fake/world.js';

const [ALICE, NEW, THIRD] = ['alice@old.example', 'alice@new.example', 'alice@third.example'];
const [BOB, BOBNEW] = ['bob@example.net', 'bob@bobs.example'];
const DAY = 86_400_000;
const open = [];
after(() => Promise.allSettled(open.map((close) => close())));

const notice = (one, start) => one.state.notices.find((each) => each.id.replace(/^\d+\|/, '').startsWith(start));
const answer = (one, start, what) => {
  const asked = notice(one, start);
  return one.answerNotice(asked.id, asked.actions.find((each) => each.id.startsWith(what)).id);
};
const up = (s) => s.me.status === 'online';
const texts = async (one, address) => (await one.messages(address)).map((each) => each.text);

async function stage() {
  const it = await world();
  const ca = fakeCa(it.ca, it.time.now);
  const people = [];
  open.push(async () => {
    for (const one of people) for (const self of one.selves()) await Promise.resolve(closeNow(self)).catch(() => {});
    await it.close();
  });
  const acme = (url) => url.includes('acme/directory') || url.startsWith('https://ca.example/');
  /** A whole person, as a page opens it. */
  const person = async (address, { store, deviceName = 'test' } = {}) => {
    const kept = store ?? (await it.card(address));
    const one = await Person.open({
      store: kept,
      fetch: (url, init) =>
        acme(String(url))
          ? ca.fetch(String(url).includes('acme/directory') ? ca.directory : String(url), init)
          : it.peers.find((each) => String(url).startsWith(each.base)).fetch(String(url), init),
      webSocket: (url) => it.peers.find((each) => each.relay.peer.ws === url).relay.open(),
      now: it.time.now,
      steady: it.time.now,
      peers: it.peers.map((each) => each.base),
      loopback: true,
      media: fakeMedia(),
      deviceName,
      timer: it.time.timer,
    });
    one.selves = () => one.everyone();
    one.kept = kept;
    people.push(one);
    await it.until(one, (s) => up(s) || s.me.status === 'waiting-for-device', `${address} there`);
    return one;
  };
  const friends = async (alice, bob) => {
    const [a, b] = [alice.state.me.address, bob.state.me.address];
    await alice.requestContact(b, {});
    await it.until(bob, (s) => s.requests.length === 1, 'request');
    await bob.acceptRequest(a);
    await it.until(alice, (s) => contact(s, b)?.presence === 'online', 'seen');
    await it.until(bob, (s) => contact(s, a)?.presence === 'online', 'seen');
  };
  const move = async (one, to) => {
    await one.changeAddress(to);
    if (one.state.move) {
      await it.until(one, (s) => s.move?.step === 'code', 'code');
      await one.submitMoveCode(ca.mails.findLast((mail) => mail.to === to).code);
    }
    await it.until(one, (s) => s.me.address === to && up(s), `at ${to}`);
  };
  const said = async (from, to, text, at) => {
    await from.sendMessage(at, text);
    await it.until(
      to,
      async (s) => {
        for (const each of s.contacts) if ((await texts(to, each.address)).includes(text)) return true;
        return false;
      },
      text,
    );
  };
  return { ...it, it, ca, person, friends, move, said };
}

/** Alice and bob know each other and wrote; alice is at her new address. */
async function moved() {
  const all = await stage();
  const [alice, bob] = [await all.person(ALICE), await all.person(BOB)];
  await all.friends(alice, bob);
  await alice.setName('Alice');
  await all.said(alice, bob, 'before', BOB);
  await all.said(bob, alice, 'before, too', ALICE);
  await all.move(alice, NEW);
  await all.it.until(bob, (s) => notice({ state: s }, 'moved'), 'told');
  return { ...all, alice, bob };
}
const follows = async (all, one, old, now) => {
  await answer(one, `moved ${old}`, 'follow');
  await all.it.until(one, (s) => contact(s, now)?.state === 'accepted' && !contact(s, old), 'followed');
};

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
  await alice.changeAddress(NEW);
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

/** Has heard of the second device. */
const knowsBoth = (it, one, address) =>
  it.until(one, async () => (await one.main.ctx.contacts.targets(address)).length === 2, 'both devices');

test('our other device hears where this one went, keeps the old address meanwhile, and comes along', async () => {
  const all = await stage();
  const { it, ca, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  alice.showDeviceCode();
  const tablet = await person(ALICE, { deviceName: 'tablet' });
  await tablet.useDeviceCode(alice.state.adding.code);
  await it.until(tablet, (s) => up(s) && contact(s, BOB)?.presence === 'online', 'allowed');
  await knowsBoth(it, bob, ALICE);
  await move(alice, NEW);
  await it.until(tablet, (s) => notice({ state: s }, 'moving')?.args.address === NEW, 'told');
  await said(bob, tablet, 'to the old one', ALICE);
  await it.until(bob, (s) => notice({ state: s }, 'moved'), 'asked');
  const { at } = bob.main.ctx.contacts.get(ALICE).moved;
  await tablet.answerNotice('moving', 'go');
  await it.until(tablet, (s) => s.move?.step === 'code', 'code');
  await tablet.submitMoveCode(ca.mails.findLast((mail) => mail.to === NEW).code);
  await it.until(tablet, (s) => s.move?.step === 'waiting-for-device', 'waits for the first');
  await it.until(alice, (s) => s.endorsements.length === 1, 'asks the first');
  assert.equal(alice.state.endorsements[0].checkCode, tablet.state.move.checkCode);
  await alice.allowDevice(alice.state.endorsements[0].deviceId);
  await it.until(tablet, (s) => s.me.address === NEW && up(s), 'there');
  await it.pass(4000);
  assert.equal(bob.main.ctx.contacts.get(ALICE).moved.at, at, 'bob is told by one device only');
  await follows(all, bob, ALICE, NEW);
  await it.until(tablet, (s) => contact(s, BOB)?.state === 'accepted', 'known at the tablet');
  await said(bob, tablet, 'to both', NEW);
  await said(tablet, bob, 'from the tablet', BOB);
  assert.equal(tablet.state.contacts.length, 1);
});

test('what one device of a contact agrees to, the others do', async () => {
  const all = await stage();
  const { it, person, friends, move, said } = all;
  const [alice, bob] = [await person(ALICE), await person(BOB)];
  await friends(alice, bob);
  await said(alice, bob, 'before', BOB);
  bob.showDeviceCode();
  const tablet = await person(BOB, { deviceName: 'tablet' });
  await tablet.useDeviceCode(bob.state.adding.code);
  await it.until(tablet, (s) => up(s) && contact(s, ALICE)?.presence === 'online', 'allowed');
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
