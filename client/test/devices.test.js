// Several devices of one address, without a network: let in, told what is shared, removed, recovered.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hex } from '../core/bytes.js';
import { makeCode, readCode } from '../core/agent/endorsement.js';
import { placeOf } from '../core/agent/sync.js';
import { headOf } from '../core/record/devices.js';
import { closeNow, contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const CAROL = 'carol@example.net';
const worlds = [];
after(() => Promise.all(worlds.map((each) => each.close())));

async function friends() {
  const it = await world();
  worlds.push(it);
  const [alice, bob] = await it.friends();
  return { it, alice, bob };
}
const idOf = (one) => one.ctx.profile.key.id;
const keysOf = (one) => [hex(one.ctx.profile.ownKey), hex(one.ctx.profile.friendsKey)];
const texts = async (one, who) => (await one.messages(who)).map((m) => m.text);

/** Another browser of alice, let in by the code that the first one shows. */
async function added(it, alice, how = {}) {
  alice.showDeviceCode();
  const second = await it.agent(ALICE, { deviceName: 'phone', ...how });
  await second.useDeviceCode(alice.state.adding.code);
  await it.until(second, (s) => s.me.status === 'online', 'let in');
  await it.until(second, (s) => s.devices.length >= 2 && second.ctx.own.isJoined(), 'the keys');
  await it.until(alice, (s) => s.devices.some((d) => d.deviceId === idOf(second)), 'listed');
  return second;
}
const three = async () => {
  const { it, alice, bob } = await friends();
  const second = await added(it, alice);
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'contacts');
  await it.until(
    bob,
    () => headOf(bob.ctx.contacts.get(ALICE).chain).devices.has(idOf(second)),
    'bob knows the second',
  );
  return { it, alice, bob, second };
};

test('a code has twelve letters that are not mistaken, and is read as people type it', () => {
  const code = makeCode();
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{12}$/);
  assert.equal(readCode(` ${code.toLowerCase().replace(/(.{4})/g, '$1-')} `.replace('- ', ' ')), code);
  assert.equal(readCode('oOiI lL00-1111'), '001111001111');
  for (const bad of ['', code.slice(1), `${code}0`, `${code.slice(1)}U`, `${code.slice(1)}!`])
    assert.equal(readCode(bad), '');
});

test('the code of one browser lets another one in without a question, once', async () => {
  const { it, alice } = await friends();
  const second = await added(it, alice);
  assert.equal(alice.state.endorsements.length, 0);
  assert.equal(alice.state.adding, null);
  assert.ok(!alice.state.notices.some((n) => n.key === 'ghost'));
  assert.ok(alice.state.notices.some((n) => n.key === 'device-added' && n.args.name === 'phone'));
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'contacts');
  assert.deepEqual(keysOf(second), keysOf(alice));
  assert.deepEqual(second.state.devices.map((d) => d.name).sort(), ['phone', 'test']);
});

test('a wrong code asks the user, who compares numbers; after five wrong ones it is good for nothing', async () => {
  const { it, alice } = await friends();
  alice.showDeviceCode();
  const { code } = alice.state.adding;
  const second = await it.agent(ALICE, { deviceName: 'phone' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await assert.rejects(second.useDeviceCode('nonsense'), (e) => e.key === 'device-code');
  await second.useDeviceCode('000000000000');
  await it.until(alice, (s) => s.endorsements[0]?.checkCode === second.state.me.checkCode, 'asked');
  assert.match(second.state.me.checkCode, /^\d{12}$/);
  for (let i = 1; i < 6 && alice.state.adding; i++) {
    const [before] = alice.state.endorsements;
    await second.useDeviceCode(`00000000000${i}`);
    await it.until(alice, (s) => s.endorsements[0] !== before, 'asked again');
  }
  assert.equal(alice.state.adding, null);
  await second.useDeviceCode(code);
  await it.pass(3000);
  assert.equal(second.ctx.devices.lists(idOf(second)), false);
  await alice.allowDevice(idOf(second));
  // It was told a code, and nobody proved to know it: only when that is over the numbers alone count.
  await it.pass(5000);
  assert.equal(second.ctx.own.isJoined(), false);
  it.time.advance(600_000);
  await it.until(second, (s) => s.me.status === 'online' && second.ctx.own.isJoined(), 'allowed');
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'contacts');
});

test('a refusal is told to the browser that asks, which asks again only when the user wants it', async () => {
  const { it, alice } = await friends();
  const second = await it.agent(ALICE);
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked');
  await alice.refuseDevice(idOf(second));
  await it.until(second, (s) => s.me.refused, 'told');
  await it.pass(70_000);
  assert.equal(alice.state.endorsements.length, 0);
  assert.equal(second.state.me.status, 'waiting-for-device');
  await second.askDevicesAgain();
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked again');
  await alice.allowDevice(idOf(second));
  await it.until(second, (s) => s.me.status === 'online' && !s.me.refused, 'allowed');
});

test('contacts, blocked people, settings and the name are the same on both, whichever changes them', async () => {
  const { it, alice, second } = await three();
  const carol = await it.online(CAROL);
  await carol.requestContact(ALICE, {});
  await it.until(alice, (s) => s.requests.length === 1, 'request');
  await it.until(second, (s) => s.requests.length === 1, 'request there too');
  await second.acceptRequest(CAROL);
  await it.until(
    alice,
    (s) => contact(s, CAROL)?.state === 'accepted' && s.requests.length === 0,
    'accepted on the other',
  );
  await it.until(alice, (s) => contact(s, CAROL).presence === 'online', 'seen from the one that did not accept');
  await alice.set({ strangersRing: true });
  await second.setName('Alice');
  await it.until(second, (s) => s.settings.strangersRing, 'setting');
  await it.until(alice, (s) => s.me.name === 'Alice', 'name');
  await second.block(CAROL);
  await it.until(alice, (s) => !contact(s, CAROL) && s.blocked[0] === CAROL, 'blocked');
  await it.until(alice, () => keysOf(alice)[1] === keysOf(second)[1], 'the new friends key');
  await alice.unblock(CAROL);
  await it.until(second, (s) => s.blocked.length === 0, 'unblocked');
  await carol.requestContact(ALICE, { text: 'again' });
  await it.until(second, (s) => s.requests.length === 1, 'asked again');
  await it.until(alice, (s) => s.requests.length === 1, 'asked again');
  await alice.declineRequest(CAROL);
  await it.until(second, (s) => s.requests.length === 0, 'answered on the other');
});

test('messages and read marks are on both, and a receipt that comes before its message counts', async () => {
  const { it, alice, bob, second } = await three();
  await bob.sendMessage(ALICE, 'one');
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'here');
  await it.until(second, (s) => contact(s, BOB).unread === 1, 'there');
  await second.markRead(BOB);
  await it.until(alice, (s) => contact(s, BOB).unread === 0, 'read');
  const copies = [];
  it.alter((m) =>
    m.method === 'MESSAGE' &&
    !m.status &&
    m.uri.includes(idOf(second)) &&
    m.uri.includes('alice') &&
    copies.push(m) &&
    copies.hold
      ? null
      : m,
  );
  copies.hold = true;
  await alice.sendMessage(BOB, 'two');
  await it.until(bob, (s) => contact(s, ALICE).last.text === 'two', 'at bob');
  await it.until(alice, async () => (await alice.messages(BOB)).at(-1).state === 'delivered', 'delivered');
  copies.hold = false;
  await it.until(second, async () => (await second.messages(BOB)).at(-1)?.text === 'two', 'copy');
  await it.until(second, async () => (await second.messages(BOB)).at(-1).state === 'delivered', 'its receipt');
});

test('only what was read is read: what came later stays unread', async () => {
  const { it, alice, bob, second } = await three();
  await bob.sendMessage(ALICE, 'one');
  await it.until(alice, (s) => contact(s, BOB).unread === 1, 'here');
  await it.until(second, (s) => contact(s, BOB).unread === 1, 'there');
  const upTo = (await alice.messages(BOB)).at(-1).at;
  await bob.sendMessage(ALICE, 'two');
  await it.until(second, (s) => contact(s, BOB).unread === 2, 'two there');
  const change = await second.ctx.chat.readUpTo(BOB, upTo);
  change.done();
  assert.equal(contact(second.state, BOB).unread, 1);
});

test('a removed browser says so, learns nothing new, and keeps what it has', async () => {
  const { it, alice, bob, second } = await three();
  await bob.sendMessage(ALICE, 'before');
  await it.until(second, (s) => contact(s, BOB).unread === 1, 'message');
  const before = keysOf(second);
  const token = () => hex(bob.ctx.contacts.get(ALICE).ourToken);
  const given = token();
  await alice.removeDevice(idOf(second));
  await it.until(second, (s) => s.me.status === 'removed', 'removed');
  for (const [i, key] of keysOf(alice).entries()) assert.notEqual(key, before[i]);
  assert.deepEqual(keysOf(second), before);
  await it.until(bob, () => hex(bob.ctx.contacts.get(ALICE).friendsKey) === keysOf(alice)[1], 'bob has the new key');
  // Bob's servers let whoever shows his token through: the removed browser has only the old one.
  await it.until(bob, () => token() !== given, 'another token');
  await it.until(alice, () => hex(alice.ctx.contacts.get(BOB).theirToken) === token(), 'given to the one that is left');
  assert.equal(hex(second.ctx.contacts.get(BOB).theirToken), given);
  await it.until(alice, (s) => contact(s, BOB).presence === 'online', 'seen online with it');
  await bob.sendMessage(ALICE, 'after');
  await it.until(alice, (s) => contact(s, BOB).last.text === 'after', 'message');
  await it.pass(20_000);
  assert.deepEqual(await texts(second, BOB), ['before']);
  await assert.rejects(second.sendMessage(BOB, 'I am still here'), (e) => e.key === 'removed');
  // It is what it is after a reload, too.
  await second.close();
  const again = await it.agent(ALICE, { store: second.ctx.store });
  await it.pass(5000);
  assert.equal(again.state.me.status, 'removed');
  assert.deepEqual(await texts(again, BOB), ['before']);
  assert.equal(again.ctx.ua, null);
  // And may ask to be let in again.
  await again.askDevicesAgain();
  await it.until(alice, (s) => s.endorsements.length === 1, 'asked');
  await alice.allowDevice(idOf(again));
  await it.until(again, (s) => s.me.status === 'online', 'back');
  await it.until(again, () => keysOf(again).join() === keysOf(alice).join(), 'the keys of today');
});

test('a browser that was away for a month is told by the store what it missed, with nobody there', async () => {
  const { it, alice, second } = await three();
  await it.pass(8000);
  await second.close();
  await alice.set({ strangersRing: true });
  await it.pass(1000);
  await alice.ctx.sync.run();
  const mine = alice.ctx.delivery.withdraw((item) => item.only === idOf(second));
  assert.ok(mine.items.length > 0);
  await alice.ctx.store.batch(mine.writes);
  mine.drop();
  await alice.close();
  const again = await it.online(ALICE, { store: second.ctx.store });
  await it.until(again, (s) => s.settings.strangersRing, 'what was changed');
});

test('whoever lets a browser in writes down what is shared, for it to find should it miss what it is told', async () => {
  const { it, alice } = await friends();
  const { ownKey } = alice.ctx.profile;
  const written = async () => {
    const { master } = await placeOf(ownKey, 0);
    const all = await alice.ctx.locator.recordsAt('OWN', ALICE, master);
    return all.filter(({ record }) => record.device === idOf(alice)).length;
  };
  assert.equal(await written(), 0, 'for one browser alone nothing is written');
  const second = await added(it, alice);
  closeNow(second);
  await it.pass(8000);
  await it.until(alice, async () => (await written()) > 0, 'written down');
});

test('a browser that missed everything but is met again is brought up to date, also with a new own key', async () => {
  const { it, alice, second } = await three();
  closeNow(second);
  await alice.ctx.own.rotate();
  await alice.set({ strangersRing: true });
  await it.pass(1000);
  const mine = alice.ctx.delivery.withdraw((item) => item.only === idOf(second));
  await alice.ctx.store.batch(mine.writes);
  mine.drop();
  const again = await it.online(ALICE, { store: second.ctx.store });
  await it.until(again, (s) => s.settings.strangersRing, 'what was changed');
  await it.until(again, () => keysOf(again)[0] === keysOf(alice)[0], 'own key');
});

test('a page that was closed while news waited does nothing with what came after it', async () => {
  const { it, alice, second } = await three();
  const { locator } = second.ctx;
  await it.until(second, () => locator.isTold(ALICE), 'all is told');
  await alice.renameDevice(idOf(alice), 'desk');
  // News has come and is not looked at yet: no time passes.
  for (let n = 0; locator.isTold(ALICE) && n < 4000; n++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(locator.isTold(ALICE), false, 'news has come');
  await second.close();
  await alice.removeDevice(idOf(second));
  await it.pass(60_000);
  assert.equal(await second.ctx.store.get('me', 'removed'), undefined);
  const again = await it.agent(ALICE, { store: second.ctx.store });
  await it.until(again, (s) => s.me.status === 'removed', 'seen by the next page');
});

test('a list that was begun anew is shown to the old browsers; whoever began it may join it', async () => {
  const { it, alice, bob } = await friends();
  const second = await it.agent(ALICE, { deviceName: 'new laptop' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await second.recover();
  await it.until(second, (s) => s.me.status === 'online', 'recovered');
  await alice.ctx.devices.look();
  const notice = alice.state.notices.find((n) => n.key === 'other-list');
  assert.equal(notice.args.devices, 'new laptop');
  assert.equal(
    second.state.notices.some((n) => n.key === 'other-list'),
    false,
    'not to whoever did it',
  );
  await bob.ctx.locator.forget(ALICE);
  await bob.ctx.contacts.targets(ALICE, true);
  assert.notEqual(contact(bob.state, ALICE).trust, 'changed', 'the list that bob remembers is still there');
  await alice.answerNotice(notice.id, 'keep');
  await alice.ctx.devices.look();
  assert.equal(
    alice.state.notices.some((n) => n.key === 'other-list'),
    false,
  );
  assert.ok(alice.ctx.devices.lists(idOf(alice)));
});

test('a browser joins the list that its user began anew', async () => {
  const { it, alice } = await friends();
  const second = await it.agent(ALICE, { deviceName: 'new laptop' });
  await it.until(second, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await second.recover();
  await it.until(second, (s) => s.me.status === 'online', 'recovered');
  await alice.ctx.devices.look();
  await alice.answerNotice(alice.state.notices.find((n) => n.key === 'other-list').id, 'join');
  await it.until(second, (s) => s.endorsements.length === 1, 'asked');
  await second.allowDevice(idOf(alice));
  await it.until(alice, (s) => s.me.status === 'online' && alice.ctx.devices.lists(idOf(second)), 'on the new list');
  await it.until(second, (s) => contact(s, BOB)?.state === 'accepted', 'the contacts of the old one');
});

const told = (one) => one.state.notices.find((each) => each.key === 'fork');
/** To which of alice's devices bob would write. */
const targets = async (bob) => {
  await bob.ctx.locator.find(ALICE, { ...bob.ctx.contacts.howToFind(ALICE), fresh: true, whole: true });
  return (await bob.ctx.contacts.targets(ALICE)).map((each) => each.id).sort();
};

/** Alice's two browsers took each other off. Where bob followed the first one, the second was away. */
async function forked({ followed = false } = {}) {
  const all = await three();
  const { it, alice, bob } = all;
  let { second } = all;
  const hide = (on) => it.peers.forEach((peer) => (peer.hides = on));
  if (followed) {
    await second.close();
    await alice.removeDevice(idOf(second));
    await it.until(bob, async () => (await targets(bob)).join() === idOf(alice), 'bob follows the first');
    hide(true);
    second = await it.agent(ALICE, { store: second.ctx.store });
    await it.until(second, () => second.ctx.ua?.ready.length, 'there again');
    await second.removeDevice(idOf(alice));
  } else {
    hide(true);
    await Promise.all([alice.removeDevice(idOf(second)), second.removeDevice(idOf(alice))]);
  }
  hide(false);
  for (const one of [alice, second]) await one.ctx.devices.look();
  return { ...all, second };
}

/** Alice gives way and is let in. */
async function givenWay({ it, alice, second }) {
  await it.until(second, (s) => s.endorsements.length === 1, 'asked');
  await second.allowDevice(idOf(alice));
  await it.until(alice, (s) => s.me.status === 'online' && alice.ctx.own.isJoined(), 'on the other list');
  await it.until(alice, () => !alice.ctx.devices.isGivingWay(), 'done');
  for (const one of [alice, second]) await one.ctx.devices.look();
}

test('two browsers that took each other off are told, nobody writes to either, and one gives way', async () => {
  const all = await forked();
  const { it, alice, bob, second } = all;
  assert.equal(told(alice).args.devices, 'phone');
  assert.ok(told(second), 'the other one, too');
  assert.deepEqual(await targets(bob), []);
  await second.answerNotice(told(second).id, 'keep');
  await second.ctx.devices.look();
  assert.equal(told(second), undefined, 'it was answered');
  await it.pass(1000);
  await alice.answerNotice(told(alice).id, 'join');
  await it.until(bob, async () => (await targets(bob)).join() === idOf(second), 'the version that was left is gone');
  await givenWay(all);
  assert.equal(told(alice), undefined);
  assert.equal(told(second), undefined);
  await it.until(bob, async () => (await targets(bob)).length === 2, 'both are written to');
  assert.deepEqual(await targets(bob), [idOf(alice), idOf(second)].sort());
});

test('contacts who had followed the version that gives way come along, whatever was interrupted', async () => {
  const all = await forked({ followed: true });
  const { it, bob, second } = all;
  assert.deepEqual(await targets(bob), [idOf(all.alice)]);
  const { friendsVersion } = all.alice.ctx.profile;
  await all.alice.answerNotice(told(all.alice).id, 'join');
  // The page is gone before anything of it was said.
  closeNow(all.alice);
  const alice = await it.agent(ALICE, { store: all.alice.ctx.store });
  await it.until(alice, (s) => s.me.status === 'waiting-for-device', 'waiting');
  await givenWay({ ...all, alice });
  await it.until(second, (s) => s.me.status === 'online', 'what the first said of it was taken back');
  await it.until(bob, async () => (await targets(bob)).length === 2, 'both are written to');
  assert.ok(alice.ctx.profile.friendsVersion > friendsVersion, 'no two keys of one version');
  const known = () => hex(bob.ctx.contacts.get(ALICE).friendsKey);
  await it.until(bob, () => known() === keysOf(alice)[1] && known() === keysOf(second)[1], 'one friends key');
  await second.sendMessage(BOB, 'from the second');
  await it.until(bob, (s) => contact(s, ALICE).last?.text === 'from the second', 'heard');
});

test('two lists made at once become one, and removal wins', async () => {
  const { it, alice, second } = await three();
  const third = await added(it, alice, { deviceName: 'tablet' });
  await it.until(second, (s) => s.devices.length === 3, 'three');
  for (const peer of it.peers) peer.hides = true;
  await Promise.all([alice.ctx.devices.rename(idOf(alice), 'desk'), second.removeDevice(idOf(third))]);
  await alice.ctx.devices.rename(idOf(second), 'mobile');
  for (const peer of it.peers) peer.hides = false;
  for (let i = 0; i < 4; i++) for (const one of [alice, second]) await one.ctx.devices.look();
  const heads = [alice, second].map((one) => headOf(one.ctx.devices.chain()));
  assert.equal(heads[0].hash, heads[1].hash);
  assert.deepEqual([...heads[0].devices.values()].map((d) => d.name).sort(), ['desk', 'mobile']);
});

test('a list is changed more often than a record holds versions, and contacts follow', async () => {
  const { it, alice, bob } = await friends();
  // Where alice is answers bob at once; her list is read behind that, as soon as a stream tells of it.
  const seen = () => headOf(bob.ctx.contacts.get(ALICE).chain).devices.get(idOf(alice)).name;
  for (let i = 0; i < 70; i++) {
    await alice.renameDevice(idOf(alice), `name ${i}`);
    if (i % 10) continue;
    await it.until(bob, () => seen() === `name ${i}`, `name ${i}`);
    await it.pass(600_000, 10_000);
  }
  assert.ok(alice.ctx.devices.chain().length <= 56);
  await it.until(bob, () => seen() === 'name 69', 'the newest list');
  assert.notEqual(contact(bob.state, ALICE).trust, 'changed');
  await bob.sendMessage(ALICE, 'still there?');
  await it.until(alice, (s) => contact(s, BOB).last?.text === 'still there?', 'message');
  const carol = await it.online(CAROL);
  await carol.requestContact(ALICE, {});
  await it.until(alice, (s) => s.requests.length === 1, 'a stranger reads it, too');
});

function dice(seed) {
  let state = seed;
  return (n) => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
}

for (const seed of [3, 11])
  test(`three browsers that come and go while people are added, removed, blocked and settings change end alike, seed ${seed}`, async () => {
    const { it, alice, second } = await three();
    const third = await added(it, alice, { deviceName: 'tablet' });
    await it.until(second, (s) => s.devices.length === 3, 'three');
    const next = dice(seed);
    const crowd = ['x@example.net', 'y@example.net', 'z@example.net'];
    const here = [alice, second, third];
    for (let step = 0; step < 30; step++) {
      const at = next(3);
      const who = crowd[next(3)];
      const one = here[at];
      const kind = next(8);
      if (kind === 0) {
        // The page is gone, with whatever it had not told yet, and opened again later.
        closeNow(one);
        await it.pass(next(3) * 500);
        here[at] = await it.online(ALICE, { store: one.ctx.store });
      } else if (kind === 1) await one.set({ strangersRing: next(2) === 0 });
      else if (kind === 2) await one.setName(`Alice ${step}`);
      else if (kind === 3) await one.block(who);
      else if (kind === 4) await one.unblock(who);
      else if (kind === 5) await one.removeContact(who);
      else await one.requestContact(who, {});
      await it.pass(next(4) * 250);
    }
    const told = (one) =>
      JSON.stringify([
        one.ctx.own
          .all()
          .map(({ name, time, value }) => `${name} ${time} ${hex(value)}`)
          .sort(),
        one.state.contacts.map((c) => [c.address, c.state]).sort(),
        one.state.blocked,
        one.state.me.name,
        one.state.settings.strangersRing,
        keysOf(one),
      ]);
    await it.until(here[0], () => new Set(here.map(told)).size === 1, 'all of them alike');
  });
