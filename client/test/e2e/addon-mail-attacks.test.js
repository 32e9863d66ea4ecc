// Forged mails of the CA, in Debian's Thunderbird: none is answered, and none is moved. And set-up where no server is known.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { acmeClient } from '../../core/enrol/acme.js';
import { memoryStore } from '../../core/store/memory.js';
import { eventually } from './agents.js';
import { newcomer } from './addon-person.js';
import { packAddon, world } from './addon-world.js';
import { CA, forgedFor } from './forged.js';
import { freePort } from './ports.js';

const GRACE = 'grace@example.net';
let around, who;

before(async () => {
  await packAddon();
  around = await world(['grace', 'henry']);
});
after(async () => {
  await who?.tb.close();
  await around?.close();
});

const proof = async () =>
  (await who.tb.background(`return (await browser.storage.local.get({ proofs: [] })).proofs`))[0];
const inbox = () => who.mails('Inbox');
const fetched = (count) =>
  eventually(
    async () => {
      await who.fetchMail();
      return (await inbox()).length === count;
    },
    `${count} mails`,
    120_000,
    1000,
  );
/** @param {string} code @param {Parameters<typeof forgedFor>[2]} [how] */
const forged = (code, how) => forgedFor(GRACE, code, how);
let code;

test('forged mails with the right code, and genuine ones for somebody else’s order, are neither answered nor moved', async () => {
  who = await newcomer(around, GRACE, { watched: false });
  await who.press(`Use ${GRACE}`);
  await who.says('A mail from acme@ca.example arrives');
  await eventually(async () => (code = await around.mail.code('grace')), 'a mail for grace');
  await around.mail.hold('grace');
  const html = 'Content-Type: text/html';
  const script = '<img src="http://127.0.0.1:1/seen"><script>throw 1</script>';
  await around.mail.deliverAll('mallory@example.com', GRACE, [
    forged(code, { from: 'mallory@example.com' }),
    forged(code, { from: `"${CA}" <mallory@example.com>` }),
    forged(code, { more: ['From: mallory@example.com'] }),
    forged(code, { from: `${CA}, mallory@example.com` }),
    forged(code, { to: 'henry@example.net' }),
    forged(code, { to: `${GRACE}, henry@example.net` }),
    forged(code, { automatic: 'no' }),
    forged(code, { automatic: 'auto-replied' }),
    forged(code, { more: ['Auto-Submitted: auto-generated; type=acme'] }),
    forged('A'.repeat(32)),
    forged('A'.repeat(32), { more: [html], body: script }),
    forged(code.slice(0, 31), { more: [html], body: script }),
    forged(code, { body: 'x'.repeat(100_000).replace(/.{70}/g, '$&\r\n') }),
  ]);
  // Somebody else asks the CA for her address: a mail that is genuine, and not for her order.
  const { directory } = await (await fetch(`${around.bases[0]}peer.json`)).json().then(({ ca }) => ca);
  const other = acmeClient({ store: memoryStore(), fetch, now: () => Date.now() });
  await other.order(directory, GRACE);
  await fetched(14);
  await who.asked(`await browser.runtime.sendMessage('look-back')`);
  assert.equal((await inbox()).filter((each) => !each.read).length, 14);
  assert.deepEqual(await who.mails('Confirmations'), []);
  assert.equal(await who.composing(), 0);
  const { step, left } = await proof();
  assert.deepEqual([step, left], ['waiting', []]);
  assert.equal((await who.state()).me.status, 'code');
});

test('where no server is known one is asked for, in plain words, and set-up goes on with it', async () => {
  await who.tb.close();
  who = await newcomer(around, 'henry@example.net', { servers: [] });
  await who.press('Use henry@example.net');
  await who.says('Which server?');
  for (const [typed, says] of [
    ['not a server', 'This is no address of a server'],
    [`localhost:${await freePort()}`, 'There is no Starling server at'],
  ]) {
    await who.type('server', typed);
    await who.press('Continue');
    await who.says(says);
  }
  await who.press('Back');
  await who.says('Use henry@example.net');
  await who.press('Use henry@example.net');
  await who.says('Which server?');
  await who.type('server', around.bases[0].replace('http://', ''));
  await who.press('Continue');
  await who.seen((s) => ['online', 'one-server'].includes(s.me.status), 'online');
});
