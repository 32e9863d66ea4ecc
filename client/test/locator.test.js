// A store that lies, floods and replays, seen through the gates of peers: none of it is shown as true, and the genuine device still gets through.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { hex, random } from '../core/bytes.js';
import { anchorText, parseAnchors } from '../core/identity/anchors.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { gruu } from '../core/identity/device.js';
import { locator, revokedIn } from '../core/locate/locator.js';
import { locationBody, revokedBody } from '../core/record/bodies.js';
import { makeLink } from '../core/record/devices.js';
import { signRecord } from '../core/record/record.js';
import { publicMaster, rendezvous, seal } from '../core/record/rendezvous.js';
import { memoryStore } from '../core/store/memory.js';
import { authority, issue } from './authority.js';
import { LOG_KEYS, proofOf } from './vectors/log.mjs';

const NOW = Date.UTC(2026, 10, 24, 12);
const NETWORK = 'starling';
const BOB = 'bob@example.net';
const PLACE = 'sip:192.0.2.1:5061;transport=tls';
const GATE = 'https://peer.example.net/';
const timer = (ms, task) => {
  const id = setTimeout(task, ms);
  return () => clearTimeout(id);
};
let ca, other, bob, phone, ghost, eve;
before(async () => {
  ca = await authority(NOW);
  other = await authority(NOW);
  [bob, phone, ghost] = await Promise.all([1, 2, 3].map(() => issue(ca, BOB, NOW)));
  eve = await issue(ca, 'eve@example.net', NOW);
});

const until = async (holds) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A store behind one gate, and whoever reads it. */
function world({ local = false, trust = { anchors: [ca.certificate], allowTest: true }, gates = [GATE] } = {}) {
  /** Lines. @type {Map<string, string[]>} */
  const values = new Map();
  /** What a bound of the gate cuts off. @type {Set<string>} */
  const cuts = new Set();
  let sequence = NOW;
  let now = NOW;
  let asked = 0;
  const around = {
    fetch: async (url, { signal } = {}) => {
      asked++;
      if (signal?.aborted) throw signal.reason;
      const lines = values.get(url.slice(url.lastIndexOf('/') + 1)) ?? [];
      return new Response(new Blob([...lines, cuts.has(url) ? '{"cut":true}\n' : '']));
    },
    now: () => now,
    timer,
    store: memoryStore(),
    network: () => NETWORK,
    trust: () => trust,
    gates: () => gates.map((base) => ({ base, id: 'ab'.repeat(32) })),
    local: () => local,
    places: /** @type {any} */ ({
      watch: (kind, _, take) => (streams.set(kind, take), { tells: () => true, stop() {} }),
    }),
  };
  /** What a stream tells, by kind. @type {Map<string, (bytes: Uint8Array) => unknown>} */
  const streams = new Map();
  const place = async (kind, master) => rendezvous(master ?? (await publicMaster(BOB, NETWORK)), kind, '2026-11-24');
  const raw = async (kind, value, master) => {
    const key = hex((await place(kind, master)).dhtKey);
    const all = values.get(key) ?? [];
    values.set(key, all);
    all.push(`${JSON.stringify({ id: '1', data: Buffer.from(value).toString('base64') })}\n`);
  };
  const put = async (kind, bytes, master) => raw(kind, await seal(await place(kind, master), bytes), master);
  const finder = locator(around);
  const record = (who, kind, body, more = {}) =>
    signRecord(who.signer, NETWORK, {
      kind,
      address: BOB,
      device: who.key.id,
      sequence: sequence++,
      issued: NOW / 1000,
      expires: NOW / 1000 + 3600,
      body,
      ...more,
    });
  const publish = async (who, kind, body, more) => put(kind, await record(who, kind, body, more));
  const link = (who, parents, people) =>
    makeLink(
      who.key,
      parents,
      people.map((p) => ({ id: p.key.id, spki: p.key.spki, name: '', added: 1 })),
      NOW / 1000,
      BOB,
      NETWORK,
    );
  return {
    raw,
    put,
    record,
    publish,
    link,
    /** @returns {Promise<() => void>} undoes it */
    async cut(kind, base = GATE) {
      const url = `${base}key/${hex((await place(kind)).dhtKey)}`;
      cuts.add(url);
      return () => void cuts.delete(url);
    },
    asked: () => asked,
    /** The record comes by the stream; once it is taken in. */
    tell: (kind, bytes, how) =>
      new Promise((resolve) => {
        finder.follow(BOB, { friendsKey: how.friendsKey, how: () => how, changed: () => resolve(undefined) });
        void until(() => streams.has(kind)).then(() => streams.get(kind)?.(bytes));
      }),
    /** @param {number} ms */
    advance: (ms) => void (now += ms),
    find: (how) => (how ? finder : locator(around)).find(BOB, how ?? { fresh: true }),
    /** Until what goes on in the background is over. */
    async settled() {
      let before = -1;
      for (let quiet = 0; quiet < 5; quiet = before === asked ? quiet + 1 : 0) {
        before = asked;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    enrol: async (...people) => {
      for (const who of people) await publish(who, 'CERT', new Map());
      await publish(people[0], 'DEVICES', new Map([[1, [await link(people[0], [], people)]]]));
    },
    revoke: (who, ...devices) => publish(who, 'REVOKED', revoked(devices)),
  };
}

const revoked = (devices) => revokedBody({ devices: devices.map((d) => d.key.id), reason: '', since: NOW / 1000 });
const location = (who, uri = PLACE, base = '') =>
  locationBody({ peers: [{ uri, id: 'ab'.repeat(32), base }], gruu: gruu(BOB, who.key.id), capabilities: [] });
const placeOf = (found, who) => found.devices.get(who.key.id)?.location?.peers[0];

/** The devices that something would be sent to. */
function verified(found) {
  const [chain] = found.chains;
  const out = revokedIn(found, chain);
  return [...chain[chain.length - 1].devices.keys()].filter((id) => found.devices.has(id) && !out.has(id)).sort();
}
const ids = (...people) => people.map((who) => who.key.id).sort();

test('a record by another key, for another address, or older than one seen is not believed', async () => {
  const w = world();
  await w.enrol(bob);
  await w.publish(bob, 'LOCATION', location(bob), { sequence: NOW + 50 });
  assert.equal(placeOf(await w.find(), bob).uri, PLACE);
  const evil = 'sip:198.51.100.66:5061;transport=tls';
  await w.publish(
    { key: bob.key, signer: { key: ghost.key.sign, chain: bob.chain } },
    'LOCATION',
    location(bob, evil),
    { sequence: NOW + 99 },
  );
  await w.publish(eve, 'LOCATION', location(eve, evil), { address: 'eve@example.net' });
  await w.publish(bob, 'LOCATION', location(bob, evil), { sequence: NOW + 49 });
  const found = await w.find({ fresh: true, whole: true });
  assert.equal(placeOf(found, bob).uri, PLACE);
  assert.equal(found.forged, 2);
  assert.deepEqual(verified(found), ids(bob));
});

test('a flood of 500 values hides nothing and takes bounded CPU', async () => {
  const w = world();
  const genuine = await w.record(bob, 'CERT', new Map());
  const junk = new Uint8Array(32768);
  for (let i = 0; i < 500; i++) {
    crypto.getRandomValues(junk);
    junk[0] = 1;
    await w.raw('CERT', junk.slice());
  }
  for (let i = 0; i < 200; i++) {
    const changed = genuine.slice();
    changed[changed.length - 1 - (i % 60)] ^= 1;
    await w.put('CERT', changed);
    await w.put('CERT', random(2000));
  }
  await w.enrol(bob);
  const start = process.cpuUsage();
  const found = await w.find();
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 5_000_000, `${user + system} microseconds of CPU`);
  assert.deepEqual(verified(found), ids(bob));
  assert.equal(found.forged, 400);
});

test('more than a look-up takes in is not read to its end', async () => {
  const w = world();
  for (let i = 0; i < 4096; i++) await w.raw('CERT', new Uint8Array(1024));
  await w.enrol(bob);
  assert.equal((await w.find()).kind, 'unreachable', 'he may be there');
});

test('a private target is dropped out of local mode, and kept in it', async () => {
  for (const host of ['127.0.0.1', '10.0.0.1', '[::1]', 'localhost', '127.1', 'localhost.']) {
    const w = world();
    await w.enrol(bob);
    await w.publish(bob, 'LOCATION', location(bob, `sip:${host}:5061;transport=tls`));
    const found = await w.find();
    assert.equal(placeOf(found, bob), undefined, host);
    assert.deepEqual(verified(found), ids(bob), 'the device itself is still there');
  }
  const here = world({ local: true });
  await here.enrol(bob);
  await here.publish(bob, 'LOCATION', location(bob, 'sip:127.0.0.1:5061;transport=tls', 'http://127.0.0.1:8787/'));
  assert.equal(placeOf(await here.find(), bob).base, 'http://127.0.0.1:8787/');
});

test('a private base URL is left out', async () => {
  const w = world();
  await w.enrol(bob);
  await w.publish(bob, 'LOCATION', location(bob, PLACE, 'http://169.254.169.254/'));
  assert.deepEqual(placeOf(await w.find(), bob), { uri: PLACE, id: 'ab'.repeat(32), base: '' });
});

test('a ghost is shown and never verified', async () => {
  const w = world();
  await w.enrol(bob);
  await w.publish(ghost, 'CERT', new Map());
  await w.publish(ghost, 'LOCATION', location(ghost));
  await w.publish(ghost, 'DEVICES', new Map([[1, [await w.link(bob, [], [bob])]]]));
  const found = await w.find();
  assert.ok(found.devices.has(ghost.key.id));
  assert.equal(found.chains.length, 1);
  assert.deepEqual(verified(found), ids(bob));
});

test('a listed device and the issuing CA take a device out', async () => {
  const byBob = world();
  await byBob.enrol(bob, phone);
  assert.deepEqual(verified(await byBob.find()), ids(bob, phone));
  await byBob.revoke(bob, phone);
  assert.deepEqual(verified(await byBob.find()), ids(bob));
  await byBob.publish(bob, 'REVOKED', null);
  assert.deepEqual(verified(await byBob.find()), ids(bob, phone), 'withdrawn');
  const byCa = world();
  await byCa.enrol(bob, phone);
  await byCa.revoke(signing(ca), phone);
  assert.deepEqual(verified(await byCa.find()), ids(bob));
});

const signing = (by) => ({ key: by.key, signer: { key: by.key.sign, chain: [by.certificate.der] } });

test('a stranger, a ghost, a CA that did not issue, and the device itself take nobody out', async () => {
  const w = world({ trust: { anchors: [ca.certificate, other.certificate], allowTest: true } });
  await w.enrol(bob, phone);
  for (const who of [eve, ghost, signing(other), signing(await authority(NOW))]) await w.revoke(who, bob, phone);
  await w.revoke(phone, phone);
  assert.deepEqual(verified(await w.find()), ids(bob, phone));
});

test('two that revoke each other are both out; one that was removed has no say', async () => {
  const w = world();
  await w.enrol(bob, phone);
  await w.revoke(bob, phone);
  await w.revoke(phone, bob);
  assert.deepEqual(verified(await w.find()), []);
  const root = await w.link(bob, [], [bob, phone]);
  const parent = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', root[0])));
  await w.publish(bob, 'DEVICES', new Map([[1, [root, await w.link(bob, [parent], [bob])]]]));
  assert.deepEqual(verified(await w.find()), ids(bob));
});

test('a gate that breaks off is passed over, and what came before counts', async () => {
  const w = world();
  await w.enrol(bob);
  assert.equal((await w.find()).kind, 'found');
  assert.ok(w.asked() >= 4);
  const dead = {
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    now: () => NOW,
    timer,
    store: memoryStore(),
    network: () => NETWORK,
    trust: () => ({ anchors: [], allowTest: true }),
    gates: () => [{ base: GATE, id: '' }],
    local: () => false,
  };
  assert.equal((await locator(dead).find(BOB)).kind, 'unreachable');
});

test('what was cut off may hold a root, a fork or a revocation: then nothing is concluded', async () => {
  const friendsKey = random(32);
  const w = world();
  await w.enrol(bob, phone);
  await w.publish(bob, 'LOCATION', location(bob));
  const [chain] = (await w.find()).chains;
  for (const who of [bob, phone]) await w.put('LOCATION', await w.record(who, 'LOCATION', location(who)), friendsKey);
  for (const kind of /** @type {const} */ (['DEVICES', 'REVOKED'])) {
    const uncut = await w.cut(kind);
    assert.equal((await w.find()).kind, 'unreachable', kind);
    assert.equal((await w.find({ fresh: true, friendsKey, chain })).kind, 'found', 'a contact');
    assert.equal((await w.find({ whole: true, fresh: true, friendsKey, chain })).kind, 'found');
    uncut();
  }
  await w.cut('CERT');
  assert.deepEqual(verified(await w.find()), ids(bob, phone), 'all devices have shown theirs');
  await w.settled();
});

test('nobody is called unknown because of an answer that was cut off', async () => {
  for (const kind of /** @type {const} */ (['DEVICES', 'CERT'])) {
    const w = world();
    assert.equal((await w.find()).kind, 'absent');
    await w.cut(kind);
    assert.equal((await w.find()).kind, 'unreachable');
  }
});

test('a gate that cuts off does not win against one that tells all', async () => {
  const w = world({ gates: [GATE, 'https://cut.example.net/'] });
  await w.enrol(bob);
  for (const kind of /** @type {const} */ (['DEVICES', 'REVOKED', 'CERT']))
    await w.cut(kind, 'https://cut.example.net/');
  assert.deepEqual(verified(await w.find()), ids(bob));
});

/** Bob among friends and in public, with 2,000 values of junk in front of everything that is public. */
async function flooded(w, { friendsKey = null } = {}) {
  const cert = await w.record(bob, 'CERT', new Map());
  for (const kind of ['CERT', 'DEVICES', 'LOCATION', 'REVOKED']) {
    for (let i = 0; i < 400; i++) await w.raw(kind, random(1024));
    const sealed = [];
    // With the genuine certificate in them, so that only the signature tells.
    for (let i = 0; i < 60; i++) {
      const changed =
        kind === 'CERT' ? cert.slice() : await w.record(bob, kind, new Map(), { expires: NOW / 1000 + 60 + i });
      changed[changed.length - 1 - (i % 60)] ^= 1;
      sealed.push(changed);
    }
    for (const each of sealed) await w.put(kind, each);
    for (let i = 0; i < 1500; i++) await w.raw(kind, random(900));
  }
  await w.enrol(bob, phone);
  if (friendsKey)
    for (const who of [bob, phone]) await w.put('LOCATION', await w.record(who, 'LOCATION', location(who)), friendsKey);
}

test('a contact is found among friends in 300 ms, whatever lies in public', async () => {
  const friendsKey = random(32);
  const quiet = world();
  await quiet.enrol(bob, phone);
  const [chain] = (await quiet.find()).chains;
  const w = world();
  await flooded(w, { friendsKey });
  const began = performance.now();
  const found = await w.find({ friendsKey, chain, fresh: true });
  const took = performance.now() - began;
  assert.ok(took <= 300, `${took} ms`);
  assert.deepEqual([...found.devices.keys()].sort(), ids(bob, phone));
  assert.equal(placeOf(found, bob).uri, PLACE);
  assert.ok(w.asked() < 4, 'and nothing else was read for it');
  await w.settled();
});

test('whoever tries again every few seconds reads all that lies in public once a minute', async () => {
  const w = world();
  await w.enrol(bob);
  const friendsKey = new Uint8Array(32).fill(7);
  await w.put('LOCATION', await w.record(bob, 'LOCATION', location(bob)), friendsKey);
  const how = { friendsKey, chain: (await w.find()).chains[0], fresh: true };
  const costs = async () => {
    const before = w.asked();
    assert.equal((await w.find(how)).kind, 'found');
    await w.settled();
    return w.asked() - before;
  };
  const whole = await costs();
  const among = await costs();
  assert.ok(among < whole / 3, `${among} of ${whole}`);
  w.advance(50_000);
  assert.equal(await costs(), among);
  // Told among friends does not count as looked at in public.
  w.advance(11_000);
  assert.equal(await costs(), whole);
  w.advance(-61_000);
  assert.equal(await costs(), whole, 'a clock that was set back');
});

test('where a contact is now comes by the stream, and nothing is read for it; for a new list all is', async () => {
  const w = world();
  for (const who of [bob, phone]) await w.publish(who, 'CERT', new Map());
  const list = new Map([[1, [await w.link(bob, [], [bob, phone])]]]);
  await w.publish(bob, 'DEVICES', list);
  await w.revoke(bob, ghost);
  const friendsKey = new Uint8Array(32).fill(7);
  const at = (who, uri) => w.record(who, 'LOCATION', uri && location(who, uri));
  await w.put('LOCATION', await at(bob, PLACE), friendsKey);
  const how = { friendsKey, chain: (await w.find()).chains[0], whole: true };
  await w.find(how);
  how.whole = false;
  const before = w.asked();
  await w.tell('LOCATION', await at(phone, 'sip:192.0.2.2:5061;transport=tls'), how);
  await w.tell('LOCATION', await at(bob, 'sip:192.0.2.3:5061;transport=tls'), how);
  let found = await w.find(how);
  assert.equal(placeOf(found, bob).uri, 'sip:192.0.2.3:5061;transport=tls');
  assert.equal(placeOf(found, phone).uri, 'sip:192.0.2.2:5061;transport=tls');
  await w.tell('LOCATION', await at(phone, null), how);
  found = await w.find(how);
  assert.equal(placeOf(found, phone), undefined);
  assert.deepEqual(verified(found), ids(bob, phone));
  const published = async (kind, body) => {
    const bytes = await w.record(bob, kind, body);
    await w.put(kind, bytes);
    return w.tell(kind, bytes, how);
  };
  await published('DEVICES', list);
  await published('REVOKED', revoked([ghost]));
  assert.equal(w.asked(), before, 'the same list again is no news');
  // Somebody of whom nothing was read before.
  await w.tell('LOCATION', await at(ghost, PLACE), how);
  assert.ok(w.asked() > before);
  const then = w.asked();
  await published('REVOKED', revoked([ghost, phone]));
  assert.ok(w.asked() > then);
  assert.deepEqual(verified(await w.find(how)), ids(bob));
  w.advance(600_000);
  const later = w.asked();
  await w.tell('LOCATION', await at(bob, PLACE), how);
  assert.ok(w.asked() > later, 'what was read is old');
});

test('lists that a flood cut off do not count as read: the next news makes them be read again', async () => {
  const w = world();
  await w.enrol(bob);
  const friendsKey = new Uint8Array(32).fill(7);
  await w.put('LOCATION', await w.record(bob, 'LOCATION', location(bob)), friendsKey);
  const how = { friendsKey, chain: (await w.find()).chains[0], whole: true };
  const mend = await w.cut('DEVICES');
  const move = async () => {
    const before = w.asked();
    await w.tell('LOCATION', await w.record(bob, 'LOCATION', location(bob)), how);
    return w.asked() - before;
  };
  assert.equal((await w.find(how)).kind, 'found');
  how.whole = false;
  assert.ok((await move()) > 0, 'cut off before');
  assert.ok((await move()) > 0, 'and again');
  mend();
  assert.ok((await move()) > 0, 'read now');
  assert.equal(await move(), 0);
});

test('a stranger under 2,000 values of junk is found, and nobody else', async () => {
  const w = world();
  await flooded(w);
  const found = await w.find();
  assert.equal(found.kind, 'found');
  assert.deepEqual(verified(found), ids(bob, phone));
  assert.equal(found.devices.size, 2);
});

test('what comes last is not hidden by what comes first: a second root, a fork, a revocation', async () => {
  const forked = world();
  await forked.enrol(bob);
  await forked.publish(bob, 'LOCATION', location(bob));
  for (let i = 0; i < 500; i++) await forked.raw('DEVICES', random(1024));
  await forked.publish(ghost, 'DEVICES', new Map([[1, [await forked.link(ghost, [], [ghost])]]]));
  await forked.publish(ghost, 'CERT', new Map());
  assert.equal(new Set((await forked.find()).chains.map((c) => c[0].hash)).size, 2);
  const revoking = world();
  await revoking.enrol(bob, phone);
  for (const who of [bob, phone]) await revoking.publish(who, 'LOCATION', location(who));
  for (let i = 0; i < 500; i++) await revoking.raw('REVOKED', random(1024));
  await revoking.revoke(bob, phone);
  assert.deepEqual(verified(await revoking.find()), ids(bob));
});

test('a place that was withdrawn among friends is not found in public either', async () => {
  const friendsKey = random(32);
  const w = world();
  await w.enrol(bob);
  await w.publish(bob, 'LOCATION', location(bob));
  assert.equal(placeOf(await w.find({ friendsKey, fresh: true }), bob).uri, PLACE);
  await w.put('LOCATION', await w.record(bob, 'LOCATION', null), friendsKey);
  assert.equal(placeOf(await w.find({ friendsKey, fresh: true }), bob), undefined);
});

test('a list that the store keeps back is not forgotten by who remembers it', async () => {
  const friendsKey = random(32);
  const w = world();
  await w.enrol(bob);
  const [chain] = (await w.find()).chains;
  const later = world();
  await later.put('LOCATION', await later.record(bob, 'LOCATION', location(bob)), friendsKey);
  const found = await later.find({ friendsKey, chain, fresh: true });
  assert.deepEqual(verified(found), ids(bob));
  await later.settled();
});

/** The CA of these tests must log: its anchor, and the proof of a certificate. */
function mustLog() {
  const text = `log: ${LOG_KEYS.log.text}\nmust-log: yes\n${anchorText(ca.certificate)}`;
  const proof = ({ chain }) => new Map([[1, new Uint8Array(proofOf(parseCertificate(chain[0]), BOB))]]);
  return { trust: { anchors: parseAnchors(text), allowTest: true }, proof };
}

test('of a CA that must log a device counts once its proof was seen, and is remembered', async () => {
  const { trust, proof } = mustLog();
  const it = world({ trust });
  const friendsKey = random(32);
  await it.publish(bob, 'CERT', new Map());
  await it.publish(bob, 'DEVICES', new Map([[1, [await it.link(bob, [], [bob])]]]));
  await it.publish(bob, 'LOCATION', location(bob));
  assert.equal((await it.find()).kind, 'forged', 'certified, but in no log');
  await it.publish(bob, 'CERT', proof(bob));
  const found = await it.find();
  assert.deepEqual([...found.devices.keys()], [bob.key.id]);
  // As after a reload: where contacts look there is no CERT.
  await it.put('LOCATION', await it.record(bob, 'LOCATION', location(bob)), friendsKey);
  const again = await it.find({ friendsKey, chain: found.chains[0] });
  assert.deepEqual([...again.devices.keys()], [bob.key.id]);
});

test('whom a CA certified behind its log lists nobody, and does not stand beside the genuine list', async () => {
  const { trust, proof } = mustLog();
  const it = world({ trust });
  await it.publish(bob, 'CERT', proof(bob));
  await it.publish(bob, 'DEVICES', new Map([[1, [await it.link(bob, [], [bob])]]]));
  await it.publish(ghost, 'CERT', new Map());
  await it.publish(ghost, 'DEVICES', new Map([[1, [await it.link(ghost, [], [ghost])]]]));
  await it.publish(ghost, 'LOCATION', location(ghost));
  const found = await it.find({ whole: true });
  assert.deepEqual([...found.devices.keys()], [bob.key.id]);
  assert.equal(found.chains.length, 1);
});
