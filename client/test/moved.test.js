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
  await one.answerNotice(notice(one, `moved ${old}`).id, 'follow');
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
