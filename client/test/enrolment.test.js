// First use and renewal, against a CA behind `fetch`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrolment } from '../core/agent/enrolment.js';
import { b64u, unhex } from '../core/bytes.js';
import { readAccountKey } from '../core/enrol/account-key.js';
import { acmeClient, codeIn, retryAfter } from '../core/enrol/acme.js';
import { parseCertificate, pemCertificates } from '../core/identity/certificate.js';
import { makeCsr } from '../core/identity/csr.js';
import { makeDeviceKey } from '../core/identity/device.js';
import { memoryStore } from '../core/store/memory.js';
import { fakeCa } from './acme-fake.js';
import { authority, certify } from './authority.js';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 24, 12);

/** An agent's surroundings, as far as enrolment looks at them. */
async function person({ store = memoryStore(), ca, clock, root }) {
  const timers = [];
  const ctx = {
    around: { fetch: (url, init) => ca.fetch(url, init), now: () => clock.now },
    store,
    profile: (await store.get('me', 'profile')) ?? null,
    peers: { known: new Map([['https://p/', { directory: ca.directory }]]), network: () => 'local', local: () => true },
    state: { me: { status: 'new' }, notices: [] },
    me: (patch) => Object.assign(ctx.state.me, patch),
    update: (patch) => Object.assign(ctx.state, patch),
    notice: (notice) => (ctx.state.notices = [...ctx.state.notices.filter((each) => each.id !== notice.id), notice]),
    saveProfile: () => store.put('me', 'profile', ctx.profile),
    trust: () => ({ anchors: [root.certificate], allowTest: true }),
    logs: { mine: async () => {} },
    trusted: { settled: async () => {} },
    timer(ms, task) {
      const timer = { at: clock.now + ms, task };
      timers.push(timer);
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
    },
  };
  return Object.assign(enrolment(ctx), {
    ctx,
    pass(ms) {
      clock.now += ms;
      for (const timer of timers.filter((each) => each.at <= clock.now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.task();
      }
    },
  });
}

async function world() {
  const clock = { now: START };
  const root = await authority(START);
  const ca = fakeCa(root, () => clock.now);
  const surroundings = { ca, clock, root, store: memoryStore() };
  return { ...surroundings, alice: await person(surroundings), again: () => person(surroundings) };
}

const fails = (key) => (e) => e.key === key || assert.fail(`${e.key} instead of ${key}: ${e.stack}`);
const ids = (who) => who.ctx.state.notices.map((each) => each.id);

async function enrolled() {
  const all = await world();
  await all.alice.enrol('Alice@Example.net');
  await all.alice.submit(`Subject: ACME: ${all.ca.mails[0].code}`);
  return all;
}

test('an address, a code, a certificate for the key of this device', async () => {
  const { alice, ca } = await world();
  await alice.enrol(' Alice@Example.net ');
  assert.equal(alice.ctx.state.me.status, 'code');
  assert.equal(ca.mails[0].to, 'alice@example.net');
  await alice.submit(`  ${ca.mails[0].code}\n`);
  assert.deepEqual(parseCertificate(alice.ctx.profile.chain[0]).spki, alice.ctx.profile.key.spki);
  assert.equal((await alice.ctx.store.get('enrol', 'pending')) ?? null, null);
});

test('a wrong code says so, and the right one still counts', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  await assert.rejects(alice.submit('A'.repeat(32)), fails('code'));
  await assert.rejects(alice.submit('nothing'), fails('code.none'));
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
});

test('too many wrong codes: a new mail helps', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  for (let i = 0; i < 5; i++) await assert.rejects(alice.submit('A'.repeat(32)), fails('code'));
  await assert.rejects(alice.submit(ca.mails[0].code), fails('code.over'));
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[1].code);
  assert.deepEqual(parseCertificate(alice.ctx.profile.chain[0]).spki, alice.ctx.profile.key.spki);
});

test('a reload goes on with the same order and key', async () => {
  const { alice, ca, again } = await world();
  await alice.enrol('alice@example.net');
  const reloaded = await again();
  await reloaded.resume();
  assert.equal(reloaded.ctx.state.me.status, 'code');
  await reloaded.submit(ca.mails[0].code);
  assert.equal(reloaded.ctx.profile.key.id, alice.ctx.profile.key.id);
  assert.equal(ca.mails.length, 1);
});

test('an interruption at any step is made good by pasting the code again', async () => {
  for (const step of ['challenge', 'finalize', 'order', 'certificate']) {
    const { alice, ca } = await world();
    await alice.enrol('alice@example.net');
    ca.dead = step;
    await assert.rejects(alice.submit(ca.mails[0].code), fails('ca-unreachable'));
    ca.dead = false;
    await alice.submit(ca.mails[0].code);
    assert.equal(alice.ctx.profile.chain.length, 1, step);
    assert.equal([...ca.orders.values()].length, 1);
  }
});

test('a certificate that is being made is waited for', async () => {
  const { alice, ca } = await world();
  ca.making = 1;
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
  assert.equal(ca.requests.filter((each) => each === 'finalize').length, 1);
});

test('a code that is being judged is waited for', async () => {
  const { alice, ca } = await world();
  ca.judging = 2;
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
  assert.equal(ca.requests.filter((each) => each === 'challenge').length, 3);
});

test('an order that the CA ends instead of making its certificate is over', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  const { fetch } = ca;
  ca.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    if (url.includes('/finalize/'))
      for (const order of ca.orders.values()) Object.assign(order, { status: 'invalid', chain: undefined });
    return answer;
  };
  for (let i = 0; i < 2; i++) await assert.rejects(alice.submit(ca.mails[0].code), fails('code.over'));
  ca.fetch = fetch;
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[1].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
});

test('an answer that was lost is not asked for twice', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  const { fetch } = ca;
  ca.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    if (url.includes('/finalize/')) throw new TypeError('the answer was lost');
    return answer;
  };
  await assert.rejects(alice.submit(ca.mails[0].code), fails('ca-unreachable'));
  await alice.submit(ca.mails[0].code);
  assert.equal(ca.requests.filter((each) => each === 'finalize').length, 1);
});

test('nonces that the CA has forgotten are renewed by themselves', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  ca.forgetNonces();
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
});

test('what the CA refuses is told by its own reason', async () => {
  for (const [refusal, key] of [
    [[429, 'rateLimited'], 'too-many-mails'],
    [[400, 'rejectedIdentifier'], 'rejected'],
    [[400, 'unsupportedIdentifier'], 'address'],
    [[403, 'caa'], 'domain-closed'],
    [[403, 'dns'], 'domain-no-mail'],
    [[503, 'dns'], 'domain-silent'],
    [[500, 'serverInternal'], 'generic'],
  ]) {
    const { alice, ca } = await world();
    ca.refuse = refusal;
    await assert.rejects(alice.enrol('alice@example.net'), fails(key));
    assert.equal(alice.ctx.state.me.status, 'new');
  }
  const { alice, ca } = await world();
  ca.dead = true;
  await assert.rejects(alice.enrol('alice@example.net'), fails('ca-unreachable'));
});

test('a CA that makes accounts by keys alone asks for one, and only the first time', async () => {
  const { alice, ca } = await world();
  const mac = new Uint8Array(32).fill(7);
  ca.accountKeys = { k1: mac };
  ca.proofDays = 90;
  await assert.rejects(alice.enrol('alice@example.net'), fails('account-key'));
  assert.equal(alice.ctx.state.me.status, 'new');
  await assert.rejects(alice.enrol('alice@example.net', 'k1'), fails('account-key.none'));
  await assert.rejects(alice.enrol('alice@example.net', `k2 ${b64u(mac)}`), fails('account-key.wrong'));
  await assert.rejects(alice.enrol('alice@example.net', `k1 ${b64u(new Uint8Array(32))}`), fails('account-key.wrong'));
  assert.equal(ca.mails.length, 0);
  ca.accountKeys = { k1: mac };
  await alice.enrol('alice@example.net', `key id   k1\nHMAC key ${b64u(mac)}\nFor one account. It is not shown again.`);
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
  // A renewal is by the account that there is.
  await alice.renew();
  assert.equal(alice.ctx.profile.chain.length, 1);
  // Nothing that is kept has the key.
  const kept = JSON.stringify([await alice.ctx.store.get('enrol', 'proven'), alice.ctx.profile]);
  assert.ok(!kept.includes(b64u(mac)) && !kept.includes('k1'));
});

test('the account that took a key is not lost with an address that is refused, mistyped or given up', async () => {
  const { alice, ca, again } = await world();
  const mac = new Uint8Array(32);
  ca.accountKeys = { k1: mac };
  ca.refuse = [403, 'dns'];
  await assert.rejects(alice.enrol('alice@example.nett', `k1 ${b64u(mac)}`), fails('domain-no-mail'));
  assert.deepEqual(ca.accountKeys, {}, 'used');
  ca.refuse = null;
  await alice.enrol('alcie@example.net');
  await alice.cancel();
  const reloaded = await again();
  await reloaded.enrol('alice@example.net');
  await reloaded.submit(ca.mails[1].code);
  assert.equal(reloaded.ctx.profile.chain.length, 1);
  // Taken back by the operator, who may give another one.
  ca.ended = [(await reloaded.ctx.store.get('enrol', 'proven')).kid.split('/').pop()];
  ca.accountKeys = { k3: mac };
  await assert.rejects(reloaded.enrol('alice@example.net'), fails('account-key'));
  await reloaded.enrol('alice@example.net', `k3 ${b64u(mac)}`);
  await reloaded.submit(ca.mails[2].code);
});

test('the same key may be sent again, as the form does, after an address was refused or an answer was lost', async () => {
  const { alice, ca } = await world();
  const mac = new Uint8Array(32);
  const given = `k1 ${b64u(mac)}`;
  ca.accountKeys = { k1: mac, k2: mac };
  ca.unheard = 'new-account';
  await assert.rejects(alice.enrol('alice@example.nett', given), fails('ca-unreachable'));
  assert.deepEqual(Object.keys(ca.accountKeys), ['k2'], 'used');
  ca.unheard = '';
  ca.refuse = [403, 'dns'];
  await assert.rejects(alice.enrol('alice@example.nett', given), fails('domain-no-mail'));
  ca.refuse = [429, 'rateLimited'];
  await assert.rejects(alice.enrol('alice@example.net', given), fails('too-many-mails'));
  ca.refuse = null;
  await alice.enrol('alice@example.net', given);
  await alice.submit(ca.mails[0].code);
  assert.equal(alice.ctx.profile.chain.length, 1);
  assert.deepEqual(Object.keys(ca.accountKeys), ['k2'], 'one account');
});

test('a request for an account that never arrived is made again with its key; a wrong key displaces no account', async () => {
  const { alice, ca, again } = await world();
  const mac = new Uint8Array(32);
  ca.accountKeys = { k1: mac };
  ca.dead = 'new-account';
  await assert.rejects(alice.enrol('alice@example.net', `k1 ${b64u(mac)}`), fails('ca-unreachable'));
  ca.dead = false;
  await assert.rejects(alice.enrol('alice@example.net'), fails('account-key'));
  await alice.enrol('alice@example.net', `k1 ${b64u(mac)}`);
  await alice.cancel();
  await assert.rejects(alice.enrol('alice@example.net', `k9 ${b64u(mac)}`), fails('account-key.wrong'));
  await (await again()).enrol('alicia@example.net');
  assert.equal(ca.mails.length, 2);
});

test('when the account of an address was ended, that of a newer key serves it, also where its first order failed', async () => {
  const { alice, ca } = await enrolled();
  const mac = new Uint8Array(32);
  ca.accountKeys = { k2: mac };
  ca.ended = [(await alice.ctx.store.get('enrol', 'proven')).kid.split('/').pop()];
  ca.refuse = [429, 'rateLimited'];
  await assert.rejects(alice.enrol('alice@example.net'), fails('account-key'));
  await assert.rejects(alice.enrol('alice@example.net', `k2 ${b64u(mac)}`), fails('too-many-mails'));
  ca.refuse = null;
  await alice.renew();
  await alice.submit(ca.mails[1].code);
});

test('a key for an account is read as the command prints it and as other CAs show it', () => {
  const mac = new Uint8Array(32);
  const text = b64u(mac);
  for (const good of [
    `key id   abc\nHMAC key ${text}\nFor one account. It is not shown again.\n`,
    `HMAC key ${text}\r\nkey id abc`,
    `abc ${text}`,
    ` abc\n\n${text}=\n`,
  ])
    assert.deepEqual(readAccountKey(good), { id: 'abc', mac }, good);
  for (const bad of [
    '',
    text,
    'key id abc',
    `abc ${text} more`,
    `abc ${text.slice(2)}`,
    `abc ${text.replace('A', '+')}`,
    `${'x'.repeat(101)} ${text}`,
    `schlüssel ${text}`,
    `abc ${text}${' '.repeat(1000)}`,
  ])
    assert.throws(() => readAccountKey(bad), fails('account-key.none'), bad);
});

test('a delayed mail is told, and forgotten when the code has come', async () => {
  const { alice, ca } = await world();
  ca.late = true;
  await alice.enrol('alice@example.net');
  assert.deepEqual(ids(alice), ['mail-late']);
  await alice.submit(ca.mails[0].code);
  assert.deepEqual(ids(alice), []);
});

test('a mail that is refused is told as that', async () => {
  const { alice, ca } = await world();
  const { fetch } = ca;
  ca.fetch = (url, init) => {
    for (const order of ca.orders.values()) order.status = 'invalid';
    return fetch(url, init);
  };
  await assert.rejects(alice.enrol('alice@example.net'), fails('mail-refused'));
});

// RFC 8555, section 11.1.
test('the same key asks again for the same address, another one for another address', async () => {
  const { alice, store } = await world();
  const kid = async () => (await store.get('enrol', 'pending')).kid;
  await alice.enrol('alice@example.net');
  const first = await kid();
  await alice.enrol('alice@example.net');
  assert.equal(await kid(), first);
  await alice.enrol('alice.b@example.net');
  assert.notEqual(await kid(), first);
});

// RFC 8555, section 11.4.
test('what brings a key beside the certificate is refused whole', () => {
  const block = (/** @type {string} */ name) => `-----BEGIN ${name}-----\nAAAA\n-----END ${name}-----\n`;
  assert.equal(pemCertificates(block('CERTIFICATE')).length, 1);
  for (const pem of [block('PRIVATE KEY') + block('CERTIFICATE'), block('CERTIFICATE') + block('EC PARAMETERS')])
    assert.throws(() => pemCertificates(pem), fails('malformed'));
});

test('a certificate that is not believed is not kept', async () => {
  const { alice, ca } = await world();
  await alice.enrol('alice@example.net');
  const other = await authority(START);
  alice.ctx.trust = () => ({ anchors: [other.certificate], allowTest: true });
  await assert.rejects(alice.submit(ca.mails[0].code), fails('unknown-anchor'));
  assert.deepEqual(alice.ctx.profile.chain, []);
});

test('from the notice at two thirds to a new certificate for the same key', async () => {
  const { alice, ca, clock } = await enrolled();
  const { id } = alice.ctx.profile.key;
  const first = parseCertificate(alice.ctx.profile.chain[0]);
  alice.pass(19 * DAY);
  assert.deepEqual(ids(alice), []);
  alice.pass(DAY + 1000);
  assert.deepEqual(ids(alice), ['renew']);
  await alice.renew();
  assert.equal(alice.ctx.state.me.status, 'code');
  await alice.submit(ca.mails[1].code);
  const second = parseCertificate(alice.ctx.profile.chain[0]);
  assert.equal(alice.ctx.profile.key.id, id);
  assert.deepEqual(second.spki, first.spki);
  assert.ok(second.notAfter - first.notAfter >= 20 * DAY && second.notAfter > clock.now + 29 * DAY);
  assert.deepEqual(ids(alice), []);
  alice.pass(20 * DAY + 1000);
  assert.deepEqual(ids(alice), ['renew'], 'and so on');
});

test('after a reload the notice is there again, and the mail that was sent still counts', async () => {
  const { alice, ca, again } = await enrolled();
  alice.pass(21 * DAY);
  await alice.renew();
  const reloaded = await again();
  await reloaded.resume();
  assert.deepEqual(ids(reloaded), ['renew']);
  await reloaded.renew();
  assert.equal(ca.mails.length, 2);
  await reloaded.submit(ca.mails[1].code);
  assert.equal(reloaded.ctx.profile.key.id, alice.ctx.profile.key.id);
});

test('sending the code again while renewing, or giving up, keeps key and certificate', async () => {
  const { alice, ca } = await enrolled();
  const { key, chain, friendsKey } = alice.ctx.profile;
  alice.pass(21 * DAY);
  await alice.renew();
  await alice.enrol('alice@example.net');
  assert.equal(alice.ctx.profile.key, key);
  assert.equal(alice.ctx.profile.friendsKey, friendsKey);
  assert.equal(await alice.cancel(), true);
  assert.notEqual(alice.ctx.state.me.status, 'new');
  assert.equal(alice.ctx.profile.chain, chain);
  await assert.rejects(alice.enrol('other@example.net'), fails('generic'));
  assert.equal(alice.ctx.profile.address, 'alice@example.net');
  assert.equal(ca.mails.length, 3);
});

test('a code is found in whatever was pasted', () => {
  const code = 'A1b2C3d4-E5f6_G7h8I9j0K1l2M3n4O5';
  for (const pasted of [
    code,
    ` ${code}\n`,
    `Subject: ACME: ${code}`,
    'ACME:\n A1b2C3d4-E5f6_G7h8\n I9j0K1l2M3n4O5',
    `"${code}"`,
  ])
    assert.equal(codeIn(pasted), code);
  for (const pasted of ['', 'no code', `${code}x`, code.slice(1)]) assert.equal(codeIn(pasted), '');
});

/** What waits for nothing but promises and cryptography is done. */
async function calm(ca) {
  for (let quiet = 0, last = -1; quiet < 10; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (ca.requests.length !== last) quiet = 0;
    last = ca.requests.length;
  }
}

test('while the proof is good a renewal needs no mail and no person, with the same key; after that the person is told', async () => {
  const all = await world();
  all.ca.proofDays = 45;
  const { alice, ca, clock } = all;
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[0].code);
  let told = 0;
  alice.ctx.renewed = async () => void told++;
  const first = parseCertificate(alice.ctx.profile.chain[0]);
  alice.pass(20 * DAY + 1000);
  await calm(ca);
  const second = parseCertificate(alice.ctx.profile.chain[0]);
  assert.deepEqual(second.spki, first.spki);
  assert.ok(second.notAfter > clock.now + 29 * DAY);
  assert.deepEqual([ca.mails.length, told, ids(alice)], [1, 1, []]);
  // A page that was loaded anew knows it, too.
  const reloaded = await all.again();
  await reloaded.resume();
  reloaded.pass(20 * DAY + 1000);
  await calm(ca);
  assert.equal(ca.mails.length, 1);
  assert.ok(parseCertificate(reloaded.ctx.profile.chain[0]).notAfter > clock.now + 29 * DAY);
  reloaded.pass(20 * DAY + 1000);
  await calm(ca);
  assert.deepEqual(ids(reloaded), ['renew'], 'the proof is over');
  assert.equal(ca.mails.length, 1, 'and no mail goes out unasked');
});

test('a renewal that fails is tried again by itself, and only in the last sixth somebody is asked', async () => {
  const all = await world();
  all.ca.proofDays = 90;
  const { alice, ca } = all;
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[0].code);
  ca.dead = true;
  alice.pass(20 * DAY + 1000);
  await calm(ca);
  assert.deepEqual(ids(alice), []);
  alice.pass(6 * DAY);
  await calm(ca);
  assert.deepEqual(ids(alice), ['renew']);
  ca.dead = false;
  alice.pass(3_600_000 + 1);
  await calm(ca);
  assert.deepEqual(ids(alice), []);
});

test('where the CA asks for it, it is renewed sooner, and the person can read why (RFC 9773)', async () => {
  const all = await world();
  const { alice, ca, clock } = all;
  ca.proofDays = 90;
  const at = (days) => new Date(START + days * DAY).toISOString();
  ca.window = { suggestedWindow: { start: at(20), end: at(23) } };
  await alice.enrol('alice@example.net');
  await alice.submit(ca.mails[0].code);
  await calm(ca);
  const first = alice.ctx.profile.chain[0];
  const { extensions, serial } = parseCertificate(first);
  assert.equal(ca.asked, `${b64u(extensions.authorityKey)}.${b64u(unhex(serial))}`);
  ca.window = { suggestedWindow: { start: at(1), end: at(1.01) }, explanationURL: 'https://ca.example/why' };
  alice.pass(21_600_000);
  await calm(ca);
  assert.equal(alice.ctx.profile.chain[0], first, 'not yet');
  // Of the new certificate the CA says something else.
  const renewed = () => (ca.window = { suggestedWindow: { start: at(22), end: at(23) } });
  alice.ctx.renewed = async () => void renewed();
  alice.pass(DAY);
  await calm(ca);
  assert.notEqual(alice.ctx.profile.chain[0], first);
  assert.equal(alice.ctx.state.notices.find(({ id }) => id === 'renew-why').args.url, 'https://ca.example/why');
  assert.ok(clock.now < START + 2 * DAY);
});

for (const [what, window] of [
  ['a window that ends before it begins', { start: '2026-12-20T00:00:00Z', end: '2026-12-19T00:00:00Z' }],
  ['no times', { start: 'soon', end: 7 }],
])
  test(`renewal information with ${what} is none`, async () => {
    const { alice, ca } = await world();
    ca.window = { suggestedWindow: window, explanationURL: 'javascript:alert(1)' };
    await alice.enrol('alice@example.net');
    await alice.submit(ca.mails[0].code);
    await calm(ca);
    alice.pass(19 * DAY);
    assert.deepEqual(ids(alice), []);
    alice.pass(DAY + 1000);
    assert.deepEqual(ids(alice), ['renew']);
  });

test('who has proven the mailbox withdraws certificates of earlier devices, also one that is withdrawn already', async () => {
  const { alice, ca } = await enrolled();
  const old = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];
  await alice.revoke(old);
  await alice.revoke(old);
  assert.deepEqual(ca.revoked, old.map(b64u));
  const stranger = await person({ store: memoryStore(), ca, clock: { now: START }, root: null });
  await assert.rejects(stranger.revoke(old), fails('no-proof'));
});

test('also certificates that only the CA knows of are withdrawn, and never one for the key of this device', async () => {
  const { alice, ca, root } = await enrolled();
  const hidden = await certify(root, 'alice@example.net', (await makeDeviceKey()).spki, START);
  ca.good = [alice.ctx.profile.chain[0], hidden];
  await alice.revoke([Uint8Array.of(1, 2, 3), hidden]);
  assert.deepEqual(new Set(ca.revoked), new Set([Uint8Array.of(1, 2, 3), hidden].map(b64u)));
  // One of another CA is refused, and stops no other.
  ca.good = [];
  ca.foreign = b64u(Uint8Array.of(9));
  await alice.revoke([Uint8Array.of(9), Uint8Array.of(7)]);
  assert.deepEqual(ca.revoked.at(-1), b64u(Uint8Array.of(7)));
  for (const hostile of ['x', [{ certificate: 'AQID' }], Array(201).fill(hidden)]) {
    ca.good = hostile;
    await assert.rejects(alice.revoke([]), (e) => typeof e.key === 'string');
  }
});

test('a certificate that is being made is asked for when the CA says so, within bounds', async () => {
  const pauses = [];
  const timer = (ms, task) => (pauses.push(ms), setTimeout(task, 0), () => {});
  for (const [said, millis] of [
    ['7', 7000],
    ['0', 1000],
    ['86400', 60_000],
    ['nonsense', 1000],
    [new Date(START + 9000).toUTCString(), 9000],
  ]) {
    const root = await authority(START);
    const ca = fakeCa(root, () => START);
    Object.assign(ca, { making: 2, retryAfter: said });
    const acme = acmeClient({
      store: memoryStore(),
      fetch: (url, init) => ca.fetch(url, init),
      now: () => START,
      timer,
    });
    const pending = await acme.order(ca.directory, 'alice@example.net');
    const key = await makeDeviceKey();
    await acme.finish(pending, ca.mails[0].code, () => makeCsr(key, 'alice@example.net'));
    assert.equal(pauses.shift(), millis, said);
    pauses.length = 0;
  }
  assert.equal(retryAfter(null, 0), null);
});
