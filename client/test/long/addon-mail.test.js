// The proof of an address by mail in Debian's Thunderbird, as far as it takes long: among hundreds of forged mails, and behind a question for a password.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../e2e/agents.js';
import { newcomer } from '../e2e/addon-person.js';
import { packAddon, world } from '../e2e/addon-world.js';
import { forgedFor } from '../e2e/forged.js';

const GRACE = 'grace@example.net';
/** Of the policy in a certificate: docs/protocols/formats.md, section 3. */
const CODE = '1';
const FLOOD = 400;
let around, who;

before(async () => {
  await packAddon();
  around = await world(['frank', 'grace']);
});
after(async () => {
  await who?.tb.close();
  await around?.close();
});

const inbox = () => who.mails('Inbox');

test('among hundreds at once the genuine one is answered, and the program stays quick', async () => {
  who = await newcomer(around, GRACE, { watched: false });
  await who.press(`Use ${GRACE}`);
  await who.says('A mail from acme@ca.example arrives');
  await eventually(() => around.mail.code('grace'), 'a mail for grace');
  const genuine = await around.mail.hold('grace');
  const many = Array.from({ length: FLOOD }, (_, i) => forgedFor(GRACE, `${i}`.padStart(32, 'x')));
  await around.mail.deliverAll('mallory@example.com', GRACE, many);
  await genuine.back();
  const slowest = who.tb.background(`
    let worst = 0;
    for (let i = 0, before = performance.now(); i < 400; i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      const now = performance.now();
      worst = Math.max(worst, now - before - 25);
      before = now;
    }
    return worst;`);
  await who.fetchMail();
  const worst = await slowest;
  await fetchedAll();
  await who.seen((s) => s.me.status === 'online', 'online');
  await eventually(async () => (await who.mails('Confirmations')).length === 2, 'both filed');
  assert.equal((await inbox()).length, FLOOD);
  assert.equal((await inbox()).filter((each) => each.read).length, 0);
  console.log(`# of ${FLOOD} forged mails the longest pause in the background page was ${Math.round(worst)} ms`);
  assert.ok(worst < 1000, `${worst} ms`);
});

const fetchedAll = () =>
  eventually(
    async () => {
      if ((await inbox()).length >= FLOOD) return true;
      await who.fetchMail();
      return false;
    },
    'all of them',
    180_000,
    1000,
  );

test('Thunderbird asks for a password, and nobody is there: the code is used after a while', async () => {
  await who.tb.close();
  who = await newcomer(around, 'frank@example.net', { password: 'not this one' });
  await who.press('Use frank@example.net');
  await eventually(async () => /password|login/i.test(await who.dialog()), 'the question');
  await who.seen((s) => s.me.status === 'online', 'online');
  assert.equal(await who.level(), CODE);
  assert.deepEqual(
    (await who.state()).notices.map((each) => each.key),
    ['by-code.stuck'],
  );
});
