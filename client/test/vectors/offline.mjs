// Where the copies of messages lie, and the stamp of a KNOCK: the source of vectors/offline.json.
import { encode, hex } from '../../core/bytes.js';
import { makeInMemory } from '../../core/record/stamp.js';
import { messageValueId, rendezvous } from '../../core/record/rendezvous.js';

const COST = 10;
const BITS = 5;

export async function offline() {
  const friendsKey = new Uint8Array(32).fill(7);
  const place = await rendezvous(friendsKey, 'INBOX', '2026-11-24');
  const [from, to, other] = ['11', '22', '33'].map((two) => two.repeat(32));
  const [one, two] = ['aa', 'ab'].map((byte) => byte.repeat(16));
  const ids = [];
  for (const [sender, message, addressee] of [
    [from, one, to],
    [from, two, to],
    [from, one, other],
    [other, one, to],
  ])
    ids.push([sender, message, addressee, await messageValueId(place, sender, message, addressee)]);
  const address = 'bob@example.net';
  const cms = encode('sealed');
  const stamp = await makeInMemory(COST, BITS, address, one, cms);
  const changed = (at, value) => hex(stamp.map((byte, i) => (i === at ? value : byte)));
  return {
    inbox: { friendsKey: hex(friendsKey), day: '2026-11-24', key: hex(place.dhtKey), ids },
    stamp: {
      address,
      id: one,
      cms: hex(cms),
      cost: COST,
      bits: BITS,
      stamp: hex(stamp),
      // What each proves when this cost and these bits are wanted, or why it is refused.
      others: [
        ['nothing', '', 0],
        ['another counter', changed(10, stamp[10] ^ 1), 0],
        ['more bits than there are', changed(2, 32), 0],
        ['fewer bits than wanted', changed(2, BITS - 1), 0],
        ['another cost', changed(1, COST + 1), 0],
        ['of the first version', `01${'05'}${'00'.repeat(8)}`, 0],
        ['a cost too low', changed(1, 9), 'malformed'],
        ['a cost too high', changed(1, 16), 'malformed'],
        ['33 bits', changed(2, 33), 'malformed'],
        ['of a third version', changed(0, 3), 'malformed'],
        ['too short', hex(stamp.slice(0, 10)), 'malformed'],
        ['too long', `${hex(stamp)}00`, 'malformed'],
      ],
    },
  };
}
