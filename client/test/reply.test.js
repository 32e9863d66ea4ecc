// The answer to the CA's mail by a mail (RFC 8823), on the side of the agent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acmeClient } from '../core/enrol/acme.js';
import { beginning, replyChallenge, verdict } from '../core/enrol/reply.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { makeCsr } from '../core/identity/csr.js';
import { makeDeviceKey } from '../core/identity/device.js';
import { memoryStore } from '../core/store/memory.js';
import { fakeCa } from './acme-fake.js';
import { authority } from './authority.js';

const START = Date.UTC(2026, 10, 24, 12);
const FROM = 'acme@ca.example';
const URL = 'https://ca.example/reply/1';
const TOKEN = 'A'.repeat(32);
const fails = (key) => (e) => e.key === key || assert.fail(`${e.key} instead of ${key}: ${e.stack}`);

async function ordered(more = {}) {
  const ca = Object.assign(
    fakeCa(await authority(START), () => START),
    { replies: FROM, ...more },
  );
  const pauses = [];
  const acme = acmeClient({
    store: memoryStore(),
    fetch: (url, init) => ca.fetch(url, init),
    now: () => START,
    timer: (ms, task) => (pauses.push(ms), queueMicrotask(task), () => {}),
  });
  const pending = await acme.order(ca.directory, 'alice@example.net');
  return { ca, acme, pending, pauses, order: [...ca.orders.values()][0] };
}
const never = async () => false;

test('an answer with the right response proves the address, whether it comes before the CA looks or later', async () => {
  for (const early of [true, false]) {
    const { ca, acme, pending, pauses, order } = await ordered();
    assert.equal(pending.from, FROM);
    const text = await acme.answer(pending, ca.mails[0].code);
    if (early) await ca.reply(text);
    let asked = 0;
    const isOver = async () => (++asked === 3 && (await ca.reply(text)), false);
    await acme.answered(await acme.pending(), 60_000, isOver);
    assert.deepEqual(pauses, early ? [] : [1000, 2000, 4000]);
    assert.equal(order.tries, 0);
    const key = await makeDeviceKey();
    const proven = { ...(await acme.pending()), ready: true };
    const chain = await acme.finish(proven, '', () => makeCsr(key, 'alice@example.net'));
    assert.deepEqual(parseCertificate(chain[0]).spki, key.spki);
  }
});

test('an answer that does not count says why, and the code counts still', async () => {
  const { ca, acme, pending, order } = await ordered();
  await acme.answer(pending, ca.mails[0].code);
  order.replyError = 'The reply carries no DKIM signature.';
  await assert.rejects(acme.answered(await acme.pending(), 60_000, never), (e) => {
    assert.equal(e.args.why, 'The reply carries no DKIM signature.');
    return fails('reply.refused')(e);
  });
  const key = await makeDeviceKey();
  await acme.finish(await acme.pending(), ca.mails[0].code, () => makeCsr(key, 'alice@example.net'));
  assert.equal(order.status, 'valid');
});

test('what was wrong before the answer is not about it', async () => {
  const { ca, acme, pending, order } = await ordered();
  order.replyError = 'The mail server cannot be reached.';
  const text = await acme.answer(pending, ca.mails[0].code);
  const isOver = async () => (await ca.reply(text), false);
  await acme.answered(await acme.pending(), 60_000, isOver);
  assert.equal(order.status, 'ready');
});

test('an answer that does not arrive is not waited for without end, and nobody waits who has the certificate', async () => {
  const { acme, pauses, pending } = await ordered();
  await assert.rejects(acme.answered(pending, 60_000, never), fails('reply.late'));
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  pauses.length = 0;
  await acme.answered(pending, 60_000, async () => true);
  assert.equal(pauses.length, 1);
  const look = async () => ({ status: 'invalid' });
  await assert.rejects(verdict({ look, before: '', patience: 1, pause: never, isOver: never }), fails('reply.refused'));
});

test('a CA without answers by mail, or that offers nonsense, has none', async () => {
  const { acme, pending } = await ordered({ replies: '', begins: false });
  assert.equal(await acme.answer(pending, 'x'), '');
  assert.deepEqual([pending.from, pending.reply, pending.begins], ['', undefined, '']);
  const offer = { type: 'email-reply-00', url: URL, token: TOKEN, from: FROM };
  assert.deepEqual(replyChallenge([offer]), { from: FROM, reply: { url: URL, token: TOKEN } });
  for (const bad of [{ token: 'short' }, { token: `${TOKEN}\n` }, { token: undefined }, { url: 7 }])
    assert.equal(replyChallenge([{ ...offer, ...bad }]).reply, undefined, JSON.stringify(bad));
  assert.equal(replyChallenge([{ ...offer, from: '' }]).reply, undefined);
  assert.equal(beginning({ begins: 'AbCdEfGhIj' }), 'AbCdEfGhIj');
  for (const bad of [{}, { begins: '' }, { begins: 'a b' }, { begins: 'a'.repeat(17) }])
    assert.equal(beginning(bad), '');
});
