// Device chains with their verdicts, and how two of them relate: docs/protocols/formats.md, sections 2 and 7.
import { base64, concat, encode, hex, unhex } from '../../core/bytes.js';
import { gruu, instanceId, peerUri, sign } from '../../core/identity/device.js';
import { encodeCbor } from '../../core/record/cbor.js';
import { makeLink, verifyDevices } from '../../core/record/devices.js';

const BOB = 'bob@example.net';

export async function devices(now, network, bob, others) {
  const at = now / 1000;
  const [b2, b3] = others;
  const listed = (...people) =>
    people.map((who, i) => ({ id: who.key.id, spki: who.key.spki, name: `device ${i}`, added: at }));
  const make = (who, parents, people, issued = at) =>
    makeLink(who.key, parents, listed(...people), issued, BOB, network);
  const hashOf = async (link) => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', link[0])));
  const root = await make(bob, [], [bob]);
  const r = await hashOf(root);
  const two = await make(bob, [r], [bob, b2]);
  const t = await hashOf(two);
  const three = await make(b2, [t], [bob, b2, b3], at + 1);
  const removed = await make(bob, [t], [bob], at + 2);
  const heads = [await hashOf(three), await hashOf(removed)];
  const merged = await make(bob, heads, [bob, b3], at + 3);
  const cases = [];
  const add = (what, verdict, links, signer = bob) =>
    cases.push({ what, verdict, signer: signer.key.id, chain: base64(encodeCbor(links)) });
  const addCut = (what, verdict, links, cut = 1) => {
    add(what, verdict, links);
    cases.at(-1).cut = cut;
  };
  add('a root', 'ok', [root]);
  add('two versions', 'ok', [root, two]);
  add('a device added by one that was added', 'ok', [root, two, three]);
  add('a merge', 'ok', [root, two, three, removed, merged]);
  add('no links', 'no-root', []);
  add('no root', 'no-root', [two]);
  add('a root with a parent', 'no-root', [await make(bob, [r], [bob])]);
  add('a second root', 'bad-parent', [root, await make(bob, [], [bob], at + 9)]);
  add('a link twice', 'bad-parent', [root, two, two]);
  add('a parent that comes later', 'bad-parent', [root, three, two]);
  add('a parent nobody knows', 'bad-parent', [root, await make(bob, ['ab'.repeat(32)], [bob])]);
  add('a root signed by a stranger', 'not-a-device', [await make(b2, [], [bob])]);
  add('a device that adds itself', 'not-a-device', [root, await make(b2, [r], [bob, b2])]);
  add('a removed device that comes back', 'not-a-device', [
    root,
    two,
    removed,
    await make(b2, [heads[1]], [bob, b2], at + 4),
  ]);
  add('a merge by a device of one side', 'not-a-device', [
    root,
    two,
    three,
    removed,
    await make(b3, heads, [bob, b3], at + 3),
  ]);
  const bad = (what, people, parents = heads) =>
    make(bob, parents, people, at + 5).then((m) => add(what, 'bad-merge', [root, two, three, removed, m]));
  await bad('a merge that brings a removed device back', [bob, b2, b3]);
  await bad('a merge that forgets an addition', [bob]);
  await bad('a merge of a version with its parent', [bob, b2], [r, t]);
  await bad('a merge of a version with itself', [bob, b2, b3], [heads[0], heads[0]]);
  add('a changed signature', 'bad-link-signature', [root, [two[0], flip(two[1])]]);
  add('another network', 'bad-link-signature', [await makeLink(bob.key, [], listed(bob), at, BOB, 'other')]);
  add('another address', 'bad-link-signature', [
    await makeLink(bob.key, [], listed(bob), at, 'eve@example.net', network),
  ]);
  add('signed by a device that is not on it', 'signer-not-listed', [root], b2);
  // Two steps on one side, one on the other; two devices that merged the same at once; and the oldest left out.
  const four = await make(b3, [heads[0]], [bob, b2], at + 4);
  const far = await make(bob, [await hashOf(four), heads[1]], [bob], at + 6);
  add('a merge of versions that are two steps and one apart', 'ok', [root, two, three, removed, four, far]);
  const again = await make(b2, [t], [b2, b3, bob], at + 7);
  const sides = [await hashOf(three), await hashOf(again)];
  const [m1, m2] = [await make(bob, sides, [bob, b2, b3], at + 8), await make(b2, sides, [bob, b2, b3], at + 8)];
  const mm = await make(b3, [await hashOf(m1), await hashOf(m2)], [bob, b2, b3], at + 9);
  add('a merge of two merges of the same', 'ok', [root, two, three, again, m1, m2, mm]);
  const brought = await make(bob, [await hashOf(four), heads[1]], [bob, b3], at + 6);
  add('a far merge that brings a removed device back', 'bad-merge', [root, two, three, removed, four, brought]);
  addCut('the oldest left out', 'ok', [two, three]);
  addCut('a root that says something was left out', 'ok', [root, two]);
  addCut('a merge with both its parents and theirs', 'ok', [two, three, removed, merged]);
  addCut('a merge without one of its parents', 'bad-parent', [three, merged]);
  addCut('a first version signed by a device that is not on it', 'not-a-device', [await make(b2, [t], [bob], at + 3)]);
  addCut('two first versions', 'bad-parent', [two, await make(bob, ['ab'.repeat(32)], [bob])]);
  addCut('nothing left out, said', 'malformed', [root], 0);
  await long({ add, make, bob, root, r, at, hashOf });
  await shapes({ add, bob, at, network, root });
  return {
    now: at,
    network,
    address: BOB,
    spki: hex(bob.key.spki),
    id: bob.key.id,
    instance: instanceId(bob.key.id),
    gruu: gruu(BOB, bob.key.id),
    peer: peerUri(bob.key.id),
    cases,
    ...(await relations({ root, two, three, removed, merged, other: await make(b2, [], [b2]) }, network)),
    merges: [
      merge('one step on each side', [root, two, three, removed], 2, 3, [bob, b3]),
      merge('the other way round', [root, two, three, removed], 3, 2, [bob, b3]),
      merge('two steps and one', [root, two, three, removed, four], 4, 3, [bob]),
      merge('two merges of the same', [root, two, three, again, m1, m2], 4, 5, [bob, b2, b3]),
      merge('a version and one before it', [root, two, three], 1, 2, null),
      merge('a version and itself', [root, two], 1, 1, null),
    ],
  };
}

const merge = (what, links, a, b, people) => ({
  what,
  chain: base64(encodeCbor(links)),
  a,
  b,
  devices: people ? people.map((who) => who.key.id).sort() : 'none',
});

const flip = (bytes) => {
  const other = new Uint8Array(bytes);
  other[10] ^= 1;
  return other;
};

async function long({ add, make, bob, root, r, at, hashOf }) {
  const links = [root];
  let last = r;
  for (let i = 1; i < 65; i++) {
    const link = await make(bob, [last], [bob], at + i);
    links.push(link);
    last = await hashOf(link);
  }
  add('64 links', 'ok', links.slice(0, 64));
  add('65 links', 'too-many-links', links);
}

/** Links that our own writer cannot make. */
async function shapes({ add, bob, at, network, root }) {
  const raw = async (change) => {
    const device = (spki) =>
      new Map([
        [1, spki],
        [2, 'one'],
        [3, at],
      ]);
    const map = new Map([
      [1, []],
      [2, [device(bob.key.spki)]],
      [3, at],
      [4, bob.key.spki],
    ]);
    change(map, device);
    const payload = encodeCbor(map);
    const signed = concat(encode(`starling/1 link ${network}\0${BOB}\0`), payload);
    return [payload, await sign(bob.key.sign, signed)];
  };
  const spkis = (count) => Array.from({ length: count }, (_, i) => new Uint8Array(91).fill(i + 1));
  const sorted = async (count) => {
    const ids = await Promise.all(
      [bob.key.spki, ...spkis(count - 1)].map(async (s) => [
        hex(new Uint8Array(await crypto.subtle.digest('SHA-256', s))),
        s,
      ]),
    );
    return ids.sort((a, b) => (a[0] < b[0] ? -1 : 1)).map((each) => each[1]);
  };
  const sixteen = await sorted(16);
  const seventeen = await sorted(17);
  add('16 devices', 'ok', [await raw((m, d) => m.set(2, sixteen.map(d)))]);
  add('17 devices', 'too-many-devices', [await raw((m, d) => m.set(2, seventeen.map(d)))]);
  add('devices out of order', 'malformed', [await raw((m, d) => m.set(2, sixteen.toReversed().map(d)))]);
  add('a device twice', 'malformed', [await raw((m, d) => m.set(2, [bob.key.spki, bob.key.spki].map(d)))]);
  add('no devices', 'malformed', [await raw((m) => m.set(2, []))]);
  add('three parents', 'malformed', [await raw((m) => m.set(1, Array(3).fill(new Uint8Array(32))))]);
  add('a parent of 31 bytes', 'malformed', [await raw((m) => m.set(1, [new Uint8Array(31)]))]);
  add('a key of 90 bytes', 'malformed', [await raw((m) => m.set(4, new Uint8Array(90)))]);
  add('a name of 65 characters', 'malformed', [
    await raw((m, d) => m.set(2, [d(bob.key.spki).set(2, 'x'.repeat(65))])),
  ]);
  add('a link that is no pair', 'malformed', [[root[0]]]);
  add('a signature of 63 bytes', 'malformed', [[root[0], root[1].slice(0, 63)]]);
  add('a payload that is no map', 'malformed', [[unhex('80'), root[1]]]);
  const ghost = new Uint8Array(91).fill(9);
  add('signed by a key that is none', 'bad-link-signature', [await raw((m, d) => m.set(2, [d(ghost)]).set(4, ghost))], {
    key: { id: hex(new Uint8Array(await crypto.subtle.digest('SHA-256', ghost))) },
  });
}

async function relations({ root, two, three, removed, merged, other }, network) {
  const chains = [
    [root],
    [root, two],
    [root, two, three],
    [root, two, removed],
    [root, two, three, removed, merged],
    [other],
  ];
  for (const chain of chains) await verifyDevices(chain, BOB, network);
  chains.push([two, three], [three]);
  return {
    chains: chains.map((chain) => base64(encodeCbor(chain))),
    relations: [
      [0, 0, 'same'],
      [1, 0, 'newer'],
      [2, 0, 'newer'],
      [0, 1, 'older'],
      [2, 3, 'fork'],
      [3, 2, 'fork'],
      [4, 2, 'newer'],
      [4, 3, 'newer'],
      [3, 4, 'older'],
      [5, 0, 'new-root'],
      [0, 5, 'new-root'],
      [6, 2, 'same'],
      [6, 1, 'newer'],
      [1, 6, 'older'],
      [6, 3, 'fork'],
      [7, 3, 'new-root'],
      [7, 4, 'older'],
    ],
  };
}
