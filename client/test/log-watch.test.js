// The daily look of a client into the logs of the CAs that it believes, and the proof that it publishes: docs/protocols/log.md, section 12.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { logProofs } from '../core/agent/log-proofs.js';
import { logWatch } from '../core/agent/log-watch.js';
import { anchorText, parseAnchors } from '../core/identity/anchors.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { parseProof } from '../core/identity/log-proof.js';
import { memoryStore } from '../core/store/memory.js';
import { authority, certify, issue } from './authority.js';
import { servedLog } from './vectors/log.mjs';

const NOW = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;
const BOB = 'bob@example.net';
const URL_OF_LOG = 'http://127.0.0.1:1/acme/log';
let log, ca, bob, phone, ghost, it;

const leafOf = (who) => parseCertificate(who.chain[0]);

/** Bob's client, with a log that it reads and a store of its own. */
function client() {
  const anchors = parseAnchors(`name: Example\nlog: ${log.key}\nlog-url: ${URL_OF_LOG}\n${anchorText(ca.certificate)}`);
  const state = { now: NOW, away: false, notices: [], asked: [], listed: [bob], timers: [] };
  const ctx = {
    around: {
      fetch: async (url) => {
        if (state.away) throw new TypeError('no network');
        state.asked.push(url.slice(URL_OF_LOG.length + 1));
        const path = url.slice(URL_OF_LOG.length + 1);
        if (!path.startsWith('proof/')) return new Response(log.get(path));
        return new Response(log.proof(log.entries.findIndex((each) => each.equals(log.of(leafOf(bob), BOB)))));
      },
    },
    store: memoryStore(),
    now: () => state.now,
    timer: (ms, task) => (state.timers.push({ ms, task }), () => {}),
    inTurn: (task) => task(),
    anchors,
    trust: () => ({ anchors, allowTest: true }),
    trusted: { settled: async () => {} },
    profile: { address: BOB, chain: bob.chain },
    notice: (notice) => state.notices.push(notice),
    locator: {
      find: async () => ({
        kind: 'found',
        devices: new Map(state.listed.map((who) => [who.key.id, { certificate: who.chain[0] }])),
      }),
    },
    devices: { lists: (id) => state.listed.some((who) => who.key.id === id) },
  };
  let watch = logWatch(/** @type {any} */ (ctx));
  const idle = () => new Promise((resolve) => setTimeout(resolve, 20));
  return {
    ...state,
    state,
    ctx,
    reload: () => void (watch = logWatch(/** @type {any} */ (ctx))),
    answered: (hash) => watch.answered(hash),
    proofs: logProofs(/** @type {any} */ (ctx)),
    /** What is told by a look, `days` later. */
    async look(days = 1) {
      state.now += days * DAY;
      state.notices = [];
      const before = state.timers.length;
      watch.look();
      for (let i = 0; state.timers.length === before && i < 100; i++) await idle();
      return state.notices.map((each) => [each.key, each.id.split(' ')[0]].join(' '));
    },
  };
}

beforeEach(async () => {
  log = servedLog();
  ca = await authority(NOW);
  [bob, phone, ghost] = await Promise.all([1, 2, 3].map(() => issue(ca, BOB, NOW)));
  log.entries.push(log.somebody(1), log.somebody(2), log.of(leafOf(bob), BOB), log.somebody(3));
  it = client();
});

test('the proof is fetched once, checked and kept; one that is wrong is not published', async () => {
  const profile = /** @type {any} */ (it.ctx.profile);
  const proof = await it.proofs.of(profile);
  assert.equal(parseProof(proof).index, 2);
  it.state.away = true;
  assert.deepEqual(await it.proofs.of(profile), proof);
  const renewed = { ...profile, chain: [await certify(ca, BOB, bob.key.spki, NOW)] };
  assert.equal(await it.proofs.of(renewed), null, 'the proof of the certificate before');
  it.state.away = false;
  assert.equal(await it.proofs.of(renewed), null, 'the log shows the proof of another certificate');
});

test('our own certificates and those of listed devices are no news, and each day only what is new is read', async () => {
  await it.proofs.of(/** @type {any} */ (it.ctx.profile));
  assert.deepEqual(await it.look(0), []);
  assert.equal(it.state.timers.at(-1).ms, DAY);
  log.entries.push(log.of(leafOf(phone), BOB));
  it.state.listed = [bob, phone];
  assert.deepEqual(await it.look(), []);
  it.state.asked.length = 0;
  assert.deepEqual(await it.look(0.5), []);
  assert.deepEqual(it.state.asked, [], 'the day is not over');
  assert.deepEqual(await it.look(0.5), []);
  assert.deepEqual(it.state.asked, ['checkpoint'], 'nothing is new');
});

test('a certificate that none of our devices asked for is told, until the person has read it', async () => {
  await it.proofs.of(/** @type {any} */ (it.ctx.profile));
  await it.look(0);
  log.entries.push(log.of(leafOf(ghost), BOB), log.somebody(4));
  assert.deepEqual(await it.look(), ['log-foreign logged']);
  const [notice] = it.state.notices;
  assert.equal(notice.args.number, '5');
  assert.equal(notice.args.authority, 'Example');
  assert.deepEqual(await it.look(), ['log-foreign logged']);
  await it.answered(notice.id.split(' ')[1]);
  assert.deepEqual(await it.look(), []);
});

test('what was not answered is told again after a reload, without asking the log', async () => {
  await it.proofs.of(/** @type {any} */ (it.ctx.profile));
  await it.look(0);
  log.entries.push(log.of(leafOf(ghost), BOB));
  await it.look();
  it.state.asked.length = 0;
  it.reload();
  assert.deepEqual(await it.look(0.1), ['log-foreign logged']);
  assert.deepEqual(it.state.asked, []);
});

test('one that came between our enrolment and the first look is told, too', async () => {
  await it.proofs.of(/** @type {any} */ (it.ctx.profile));
  log.entries.push(log.of(leafOf(ghost), BOB));
  assert.deepEqual(await it.look(0), ['log-foreign logged']);
});

test('while our devices cannot be looked up nobody is accused', async () => {
  await it.proofs.of(/** @type {any} */ (it.ctx.profile));
  await it.look(0);
  const { find } = it.ctx.locator;
  it.ctx.locator.find = async () => ({ kind: 'unreachable' });
  log.entries.push(log.of(leafOf(ghost), BOB));
  assert.deepEqual(await it.look(), []);
  assert.equal(it.state.timers.at(-1).ms, 3_600_000);
  it.ctx.locator.find = find;
  assert.deepEqual(await it.look(1 / 24), ['log-foreign logged']);
});

test('a log that shrank, forked or changed what was there is told, and what contradicts is kept', async () => {
  await it.look(0);
  const kept = [...log.entries];
  log.entries.pop();
  assert.deepEqual(await it.look(), ['log-broken log-broken']);
  assert.equal(it.state.notices[0].args.reason, 'smaller-tree');
  log.entries.push(log.somebody(9));
  await it.look();
  assert.equal(it.state.notices[0].args.reason, 'forked');
  log.entries.push(log.somebody(5));
  await it.look();
  assert.equal(it.state.notices[0].args.reason, 'inconsistent');
  const [, watched] = (await it.ctx.store.list('logs'))[0];
  assert.equal(Buffer.from(watched.refused).toString(), log.get('checkpoint').toString());
  log.entries.splice(0, log.entries.length, ...kept, log.somebody(6));
  assert.deepEqual(await it.look(), []);
});

test('a log that cannot be read is told after three days, not before', async () => {
  await it.look(0);
  it.state.away = true;
  assert.deepEqual(await it.look(), []);
  assert.deepEqual(await it.look(), []);
  assert.deepEqual(await it.look(1.5), ['log-silent log-silent']);
  it.state.away = false;
  assert.deepEqual(await it.look(), []);
});
