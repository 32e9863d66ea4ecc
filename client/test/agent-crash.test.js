// The page may be gone between any two writes: no message is lost, none is shown twice, none is "sent" that was not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeNow, contact, world } from './fake/world.js';

const ALICE = 'alice@example.net';
const BOB = 'bob@example.net';
const CUTS = 8;

let it;
let alice;
let bob;
before(async () => {
  it = await world();
  [alice, bob] = await it.friends();
  [alice, bob] = [await again(alice, ALICE), await again(bob, BOB)];
});
after(() => it.close());

/** A store that ends at the n-th write from when it is told. */
function cuttable(store) {
  let left = Infinity;
  const writing = (fn) =>
    async function write(...args) {
      if (left <= 0) throw new Error('the page is gone');
      left--;
      return fn(...args);
    };
  return {
    ...store,
    put: writing(store.put),
    delete: writing(store.delete),
    batch: writing(store.batch),
    whole: store,
    cutAfter: (writes) => (left = writes),
    isCut: () => left <= 0,
  };
}

async function again(one, address) {
  await one.close();
  return it.online(address, { store: cuttable(one.ctx.store) });
}

const own = (one) => one.ctx.store.whole ?? one.ctx.store;

/** The page is gone with everything that it was about to do. */
async function reload(one, address) {
  one.ctx.store.cutAfter(0);
  closeNow(one);
  return it.online(address, { store: cuttable(own(one)) });
}

const texts = async (one, who) => (await one.messages(who)).map((m) => m.text);

test('the sender is gone after any write: what it shows arrives once, and is sent only when it was', async () => {
  for (let writes = 0; writes < CUTS; writes++) {
    alice = await reload(alice, ALICE);
    const text = `cut at the sender's write ${writes}`;
    alice.ctx.store.cutAfter(writes);
    await alice.sendMessage(BOB, text).catch(() => {});
    await it.pass(2000);
    const shown = (await own(alice).list('messages')).map(([, m]) => m).find((m) => m.text === text);
    const there = (await texts(bob, ALICE)).includes(text);
    if (shown?.state !== 'waiting' && shown) assert.ok(there, `${shown.state}, but not there`);
    alice = await reload(alice, ALICE);
    const state = async () => (await alice.messages(BOB)).find((m) => m.text === text)?.state;
    if (shown) await it.until(alice, async () => (await state()) === 'delivered', `delivered after write ${writes}`);
    assert.equal((await texts(bob, ALICE)).filter((t) => t === text).length, shown ? 1 : 0, `after write ${writes}`);
    if (writes === 0) assert.equal(shown, undefined, 'what was not kept is not shown');
  }
});

test('the receiver is gone after any write: the message is shown once, counted once, and acknowledged', async () => {
  for (let writes = 0; writes < CUTS; writes++) {
    bob = await reload(bob, BOB);
    await bob.markRead(ALICE);
    await it.until(alice, (s) => contact(s, BOB).presence === 'online', 'bob is there');
    const text = `cut at the receiver's write ${writes}`;
    bob.ctx.store.cutAfter(writes);
    await alice.sendMessage(BOB, text);
    await it.pass(2000);
    const [message] = (await alice.messages(BOB)).filter((m) => m.text === text);
    const kept = (await own(bob).list('messages')).some(([, m]) => m.text === text);
    if (message.state !== 'waiting') assert.ok(kept, `${message.state}, but not kept`);
    bob = await reload(bob, BOB);
    const state = async () => (await alice.messages(BOB)).find((m) => m.text === text).state;
    await it.until(alice, async () => (await state()) === 'delivered', `delivered after write ${writes}`);
    assert.equal((await texts(bob, ALICE)).filter((t) => t === text).length, 1);
    assert.equal(contact(bob.state, ALICE).unread, 1, `counted once after write ${writes}`);
  }
});

/** Only copies pass, and they wait at the peers. */
const apart = () => it.alter((m) => (m.method === 'MESSAGE' && !m.status ? null : m));
const together = () => it.alter((m) => m);

test('the sender is gone after any write while a copy is given away: it is given, comes once, and is sent only when it was', async () => {
  await bob.close();
  for (let writes = 0; writes < CUTS; writes++) {
    alice = await reload(alice, ALICE);
    const text = `copied, and cut at write ${writes}`;
    alice.ctx.store.cutAfter(writes);
    await alice.sendMessage(BOB, text).catch(() => {});
    await it.pass(1000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const shown = (await own(alice).list('messages')).map(([, m]) => m).find((m) => m.text === text);
    if (shown && shown.state !== 'waiting') {
      const items = (await own(alice).list('outbox'))
        .map(([, item]) => item)
        .filter((item) => item.bodyId === shown.id);
      assert.ok(Object.values(items[0].held)[0].kept.length === 2, 'sent, and remembered as held');
    }
    alice = await reload(alice, ALICE);
    const state = async () => (await alice.messages(BOB)).find((m) => m.text === text)?.state;
    if (shown) await it.until(alice, async () => (await state()) === 'sent', `sent after write ${writes}`);
  }
  const wanted = (await texts(alice, BOB)).filter((text) => text.startsWith('copied'));
  assert.ok(wanted.length >= CUTS - 1);
  closeNow(alice);
  bob = await it.online(BOB, { store: cuttable(own(bob)) });
  const came = async () => (await texts(bob, ALICE)).filter((text) => text.startsWith('copied'));
  await it.until(bob, async () => (await came()).length === wanted.length, 'all copies');
  assert.deepEqual(await came(), wanted);
  alice = await it.online(ALICE, { store: cuttable(own(alice)) });
});

test('the receiver is gone after any write while it reads what was left: shown once, counted once, acknowledged', async () => {
  for (let writes = 0; writes < CUTS; writes++) {
    await bob.markRead(ALICE);
    closeNow(bob);
    const wanted = [`left, and cut at write ${writes}: one`, `left, and cut at write ${writes}: two`];
    for (const text of wanted) await alice.sendMessage(BOB, text);
    const state = async (text) => (await alice.messages(BOB)).find((m) => m.text === text).state;
    for (const text of wanted) await it.until(alice, async () => (await state(text)) === 'sent', 'sent');
    apart();
    const store = cuttable(own(bob));
    const short = await it.agent(BOB, { store });
    store.cutAfter(writes);
    await it.pass(1000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    closeNow(short);
    bob = await it.online(BOB, { store: cuttable(own(bob)) });
    const came = async () => (await texts(bob, ALICE)).filter((text) => wanted.includes(text));
    await it.until(bob, async () => (await came()).length === 2, `both after write ${writes}`);
    assert.deepEqual(await came(), wanted);
    await it.until(bob, (s) => contact(s, ALICE).unread === 2, `counted once after write ${writes}`);
    together();
    for (const text of wanted) await it.until(alice, async () => (await state(text)) === 'delivered', 'delivered');
    assert.equal(contact(bob.state, ALICE).unread, 2);
  }
});

test('a request and its acceptance survive a cut after any write', async () => {
  for (let writes = 0; writes < 5; writes++) {
    const who = `carol${writes}@example.net`;
    const carol = await it.online(who);
    alice = await reload(alice, ALICE);
    await carol.requestContact(ALICE, {});
    await it.until(alice, (s) => s.requests.some((r) => r.address === who), 'request');
    alice.ctx.store.cutAfter(writes);
    await alice.acceptRequest(who).catch(() => {});
    await it.pass(1000);
    alice = await reload(alice, ALICE);
    const accepted = contact(alice.state, who)?.state === 'accepted';
    assert.equal(
      alice.state.requests.some((r) => r.address === who),
      !accepted,
      'either a request or a contact',
    );
    if (!accepted) await alice.acceptRequest(who);
    await it.until(carol, (s) => contact(s, ALICE)?.state === 'accepted', `accepted after write ${writes}`);
    closeNow(carol);
  }
});
