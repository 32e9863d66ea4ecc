// Whole persons who change their address, over two peers in one process.
import { Person } from '../../core/person.js';
import { fakeCa } from '../acme-fake.js';
import { fakeMedia } from './people.js';
import { closeNow, contact, world } from './world.js';

export const [ALICE, NEW, THIRD] = ['alice@old.example', 'alice@new.example', 'alice@third.example'];
export const [BOB, BOBNEW] = ['bob@example.net', 'bob@bobs.example'];
export const DAY = 86_400_000;
const open = [];
/** After all tests of a file. */
export const closeAll = () => Promise.allSettled(open.map((close) => close()));

export const notice = (one, start) => one.state.notices.find((each) => each.id.replace(/^\d+\|/, '').startsWith(start));
export const answer = (one, start, what) => {
  const asked = notice(one, start);
  return one.answerNotice(asked.id, asked.actions.find((each) => each.id.startsWith(what)).id);
};
export const up = (s) => s.me.status === 'online';
export const texts = async (one, address) => (await one.messages(address)).map((each) => each.text);

export async function stage() {
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
      loopback: () => true,
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
      await one.submitMoveCode(codeFor({ ca }, to));
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

export const codeFor = ({ ca }, address) => ca.mails.findLast((mail) => mail.to === address).code;

/** Another device of somebody, added by a code. */
export async function second({ it, person }, one) {
  one.showDeviceCode();
  const tablet = await person(one.state.me.address, { deviceName: 'tablet' });
  await tablet.useDeviceCode(one.state.adding.code);
  await it.until(tablet, up, 'allowed');
  return tablet;
}

/** It was told where the first one went, and is certified for that address, too. */
export async function asksToCome(all, tablet, address) {
  await tablet.answerNotice('moving', 'go');
  await all.it.until(tablet, (s) => s.move?.step === 'code', 'code');
  await tablet.submitMoveCode(codeFor(all, address));
  await all.it.until(tablet, (s) => s.move?.step === 'waiting-for-device', 'waits for the first');
}

/** The first one lets it in. */
export async function allows({ it }, one, tablet) {
  await it.until(one, (s) => s.endorsements.length === 1, 'asks the first');
  await one.allowDevice(one.state.endorsements[0].deviceId);
  await it.until(tablet, (s) => s.me.address === one.state.me.address && up(s), 'there');
}

/** Alice and bob know each other and wrote; alice is at her new address. */
export async function moved() {
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
export const follows = async (all, one, old, now) => {
  await answer(one, `moved ${old}`, 'follow');
  await all.it.until(one, (s) => contact(s, now)?.state === 'accepted' && !contact(s, old), 'followed');
};
