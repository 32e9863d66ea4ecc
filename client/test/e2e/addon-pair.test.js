// Two people with Debian's Thunderbird, each with an account, the add-on and a server of their own: from the two consents to a conversation, and what a crash
// of one of them leaves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { allGreen, afterComing, bookAt } from './addon-dots.js';
import { newcomer, personAt } from './addon-person.js';
import { filters, globally, savedAt, transcript } from './addon-search.js';
import { packAddon, world } from './addon-world.js';
import { eventually } from './agents.js';
import { thunderbird } from './thunderbird.js';

const [ALICE, BOB] = ['alice@example.net', 'bob@example.net'];
/** Of the policy in a certificate: docs/protocols/formats.md, section 3. */
const ANSWERED = '2';
/** Of each, while one of them is killed. */
const MANY = 30;
let around, alice, bob;

before(async () => {
  await packAddon();
  around = await world(['alice', 'bob']);
});
after(async () => {
  await Promise.allSettled([alice?.tb.close(), bob?.tb.close()]);
  await around?.close();
});

/** @param {any} who @param {string} hash */
const go = (who, hash) => who.tb.page('space.html', `location.hash = ${JSON.stringify(hash)}`);
/** Presses what there may not be yet. @param {any} who @param {string} text */
const pressed = (who, text) =>
  eventually(
    () =>
      who.press(text).then(
        () => true,
        () => false,
      ),
    `“${text}”`,
    60_000,
  );
/** What a conversation holds: who said it (mine), text and how far it is. @param {any} who @param {string} with_ */
const said = (who, with_) =>
  who.asked(
    `const all = []; for (let before; ;) { const some = await core.messages('${with_}', before, 100); all.unshift(...some); if (some.length < 100) break; before = { at: some[0].at, id: some[0].id }; }
    return all.map(({ mine, text, state }) => ({ mine, text, state }));`,
  );
const texts = async (who, with_) => (await said(who, with_)).map(({ text }) => text).sort();

/** Each has one server, and perhaps one that somebody else runs on this computer. @param {any} s */
const isHere = (s) => s.me.status === 'one-server' || s.me.status === 'online';

test('two consents, and both are online, with nothing else to be done', async () => {
  [alice, bob] = await Promise.all([
    newcomer(around, ALICE, { servers: [around.bases[0]] }),
    newcomer(around, BOB, { servers: [around.bases[1]] }),
  ]);
  await Promise.all([alice.press(`Use ${ALICE}`), bob.press(`Use ${BOB}`)]);
  const began = performance.now();
  const late = async (who, name) => {
    await who.seen(isHere, 'online');
    console.log(`# ${name} is online after ${Math.round(performance.now() - began)} ms`);
  };
  await Promise.all([late(alice, 'alice'), late(bob, 'bob')]);
  for (const who of [alice, bob]) {
    assert.deepEqual(await who.tb.warnings(), []);
    assert.equal(await who.level(), ANSWERED);
  }
});

test('one asks the other, who accepts: both are contacts, and here', async () => {
  await go(alice, ':new');
  await alice.says('Who would you like to reach?');
  await alice.type('new-address', BOB);
  await pressed(alice, 'Send contact request');
  await bob.says('Requests (1)');
  await pressed(bob, 'Requests (1)');
  await bob.says(ALICE);
  assert.deepEqual((await bob.state()).contacts, [], 'nobody before the consent');
  await pressed(bob, 'Accept');
  for (const who of [alice, bob]) await who.seen((s) => s.contacts[0]?.presence === 'online', 'the other here');
});

test('at both the dot turns on within a second: in the list, on the card, above a mail', async () => {
  for (const [who, other, theirs, mine] of [
    [alice, bob, BOB, ALICE],
    [bob, alice, ALICE, BOB],
  ]) {
    const { openBook, chooseBook, openPlaces, placesOf } = bookAt(() => who.tb);
    await around.mail.deliver(theirs, mine, `a mail to ${mine}`);
    await openBook();
    await chooseBook('Starling');
    await openPlaces(theirs, `a mail to ${mine}`);
    const places = placesOf(theirs);
    await allGreen(places);
    const as = (how) => () => other.asked(`await core.setAvailability('${how}')`);
    /** @type {Record<string, number>} */
    let took = {};
    for (let turn = 0; turn < 2; turn++) {
      took = await afterComing(places, as('invisible'), as('available'));
      console.log(`# at ${mine} after ${JSON.stringify(took)} ms`);
    }
    for (const ms of Object.values(took)) assert.ok(ms < 1000, JSON.stringify(took));
  }
});

/** As a person writes it. @param {any} who @param {string} text */
const writes = async (who, text) => {
  await who.tb.page(
    'space.html',
    `const field = document.querySelector('.write textarea'); field.value = ${JSON.stringify(text)}; field.dispatchEvent(new Event('input', { bubbles: true }));`,
  );
  await eventually(
    () => who.tb.page('space.html', `return !document.querySelector('.write .main').disabled`),
    'the button',
  );
  await who.press('Send');
};
/** The mark beside a text. @param {any} who @param {string} text */
const markOf = (who, text) =>
  who.tb.page(
    'space.html',
    `const one = [...document.querySelectorAll('.bubble')].find((each) => each.querySelector('.bubble-text').textContent === ${JSON.stringify(text)});
    return one?.querySelector('.mark .unseen')?.textContent ?? '';`,
  );

test('messages go both ways, and say when they are delivered, and when they are read', async () => {
  await alice.open();
  await go(alice, encodeURIComponent(BOB));
  await eventually(
    () => alice.tb.page('space.html', `return !!document.querySelector('.write textarea')`),
    'the field',
  );
  await writes(alice, 'the wombat is in the garden');
  // Bob looks at his address book.
  await eventually(async () => (await markOf(alice, 'the wombat is in the garden')) === 'delivered', 'delivered');
  assert.equal((await bob.state()).contacts[0].unread, 1);
  await bob.open();
  await go(bob, encodeURIComponent(ALICE));
  await eventually(async () => (await markOf(alice, 'the wombat is in the garden')) === 'read', 'read');
  await writes(bob, 'Grüße aus der Ferne');
  await eventually(async () => (await markOf(bob, 'Grüße aus der Ferne')) === 'read', 'read by alice');
  assert.deepEqual(await texts(alice, BOB), await texts(bob, ALICE));
});

test('what was said is found at both ends, by the quick filter and by the global search', async () => {
  for (const who of [alice, bob]) {
    await eventually(async () => (await transcript(who)).length === 2, 'both saved', 60_000, 200);
    await filters(who.tb, 'wombat', ['the wombat is in the garden']);
    await filters(who.tb, 'Grüße', ['Grüße aus der Ferne']);
    await eventually(async () => (await globally(who.tb, 'wombat')).length > 0, 'found', 60_000, 200);
    assert.deepEqual(await globally(who.tb, 'wombat'), ['the wombat is in the garden']);
  }
});

/** Begins to send them all, and does not wait. @param {any} who @param {string} with_ @param {string} what */
const sendsMany = (who, with_, what) =>
  who.tb.page(
    'space.html',
    `const { remote } = await import('/thunderbird/wire.js');
    const core = await remote(browser.runtime.connect({ name: 'starling' }), () => {});
    window.taken = [];
    for (let n = 1; n <= ${MANY}; n++) core.sendMessage('${with_}', '${what} ' + n).then(() => window.taken.push('${what} ' + n), (e) => console.error(e));`,
  );
const taken = (who) => who.tb.page('space.html', 'return window.taken');

/** Started again in the same profile. @param {any} who */
async function again({ tb: { profile } }) {
  const who = personAt(await thunderbird({ folder: profile }));
  await eventually(
    () =>
      who.open().then(
        () => true,
        () => false,
      ),
    'the space',
  );
  return who;
}

/** Both sides have all, once each, in the conversation and as mail. @param {string[]} wanted */
async function bothHave(wanted) {
  const all = [...wanted].sort();
  for (const [who, other] of [
    [alice, BOB],
    [bob, ALICE],
  ]) {
    const there = async () => (await texts(who, other)).join('\n');
    await eventually(async () => (await there()) === all.join('\n'), 'all of it', 90_000, 200).catch(async (e) => {
      throw new Error(`${e.message} with ${other}:\n${await there()}\nis not\n${all.join('\n')}`);
    });
    const saved = async () => (await transcript(who)).sort().join('\n');
    await eventually(async () => (await saved()) === all.join('\n'), 'all saved', 90_000, 200).catch(async (e) => {
      throw new Error(`${e.message} with ${other}:\n${await saved()}\nis not\n${all.join('\n')}`);
    });
    const open = async () =>
      (await said(who, other)).filter(({ mine, state }) => mine && !/delivered|read/.test(state));
    await eventually(async () => (await open()).length === 0, 'all delivered', 60_000, 200).catch(async (e) => {
      throw new Error(`${e.message} with ${other}: ${JSON.stringify(await open())}`);
    });
  }
}

for (const dies of ['alice', 'bob'])
  test(`${dies}’s Thunderbird is killed while both send many and transcripts are written: nothing is lost, nothing is there twice`, async () => {
    const before = await texts(alice, BOB);
    const here = () => (dies === 'alice' ? alice : bob);
    await Promise.all([sendsMany(alice, BOB, `alice before ${dies}`), sendsMany(bob, ALICE, `bob before ${dies}`)]);
    // In the middle: some are mails, not all that it knows.
    const saved = async () => (await savedAt(here().tb)) - before.length;
    await eventually(async () => (await saved()) > 1, 'some saved', 60_000, 1);
    const accepted = await taken(here());
    const count = await saved();
    const old = here();
    await old.tb.kill();
    console.log(`# killed with ${count} saved, ${accepted.length} of its own taken`);
    assert.ok(count < 2 * MANY, 'too late: all are saved');
    const back = await again(old);
    if (dies === 'alice') alice = back;
    else bob = back;
    await back.seen(isHere, 'online again');
    const other = dies === 'alice' ? 'bob' : 'alice';
    const [me, them] = dies === 'alice' ? [BOB, ALICE] : [ALICE, BOB];
    // Of its own, those that were taken when it died, at least; of the other's, all.
    const own = (await texts(back, me)).filter((text) => text.startsWith(`${dies} before ${dies}`));
    for (const text of accepted) assert.ok(own.includes(text), `lost: ${text}`);
    assert.equal(new Set(own).size, own.length);
    await eventually(async () => (await taken(dies === 'alice' ? bob : alice)).length === MANY, `all of ${them} taken`);
    const theirs = Array.from({ length: MANY }, (_, n) => `${other} before ${dies} ${n + 1}`);
    await bothHave([...before, ...own, ...theirs]);
    // What comes after it shows that all that waited was looked at.
    await back.asked(`await core.sendMessage('${me}', 'after ${dies}')`);
    await bothHave([...before, ...own, ...theirs, `after ${dies}`]);
  });
