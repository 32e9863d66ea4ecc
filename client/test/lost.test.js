// When none of one's peers answers any more: others are found, by what was heard while somebody answered.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { base64, hex } from '../core/bytes.js';
import { publicMaster, rendezvous, seal } from '../core/record/rendezvous.js';
import { signRecord } from '../core/record/record.js';
import { issue } from './authority.js';
import { world } from './fake/world.js';

const ALICE = 'alice@example.net';
let it;
afterEach(() => it.close());

/** A PEERS record of `who`, under the place of `peers@example.net`. */
async function recommend(card, address, peer, { id = peer.id } = {}) {
  const now = Math.floor(it.time.now() / 1000);
  const body = new Map([
    [
      1,
      [
        new Map([
          [1, peer.relay.uri],
          [2, Uint8Array.from(Buffer.from(id, 'hex'))],
          [3, peer.base],
        ]),
      ],
    ],
  ]);
  const said = {
    kind: 'PEERS',
    address,
    device: card.key.id,
    sequence: now * 1000,
    issued: now,
    expires: now + 86_400,
  };
  const record = await signRecord(card.signer, 'local', { ...said, body });
  const place = await rendezvous(await publicMaster('peers@example.net', 'local'), 'PEERS', '2026-11-24');
  const key = hex(place.dhtKey);
  const values = it.dht.get(key) ?? new Map();
  it.dht.set(key, values.set(`x ${values.size}`, base64(await seal(place, record))));
}

async function lose(how) {
  it = await world({ peers: 3 });
  const [first, second, third] = it.peers;
  const operator = await issue(it.ca, how.address ?? 'peers@example.net', it.time.now());
  await recommend(operator, how.address ?? 'peers@example.net', third, how);
  const alice = await it.agent(ALICE, {
    peers: [first.base, second.base],
    morePeers: async () => (how.shipped ? [third.base] : []),
  });
  await it.until(alice, (s) => s.me.status === 'online', 'online');
  await it.pass(1000);
  first.die();
  second.die();
  await it.until(alice, (s) => s.me.status === 'offline', 'offline');
  await it.pass(700_000, 1000);
  return { alice, third };
}

test('a client whose peers are gone finds another by what its domain recommends', async () => {
  const { alice, third } = await lose({});
  await it.until(alice, (s) => s.me.status === 'one-server', 'at another one');
  assert.deepEqual(
    alice.ctx.ua.ready.map((flow) => flow.peer.id),
    [third.id],
  );
});

test('whoever recommends without being the domain, or with another key, is not followed', async () => {
  for (const how of [{ address: 'mallory@example.net' }, { id: 'ab'.repeat(32) }]) {
    const { alice } = await lose(how);
    assert.equal(alice.state.me.status, 'offline', JSON.stringify(how));
    await it.close();
  }
});

test('at last the list that came with the client is tried', async () => {
  const { alice, third } = await lose({ address: 'mallory@example.net', shipped: true });
  await it.until(alice, (s) => s.me.status === 'one-server', 'at another one');
  assert.deepEqual([...alice.ctx.peers.known.keys()].at(-1), third.base);
});
