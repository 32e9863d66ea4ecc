// What the key of a new address says to one contact, and what is refused: docs/protocols/formats.md, section 13. The layout is written down here a second
// time, by intention.
import { base64, concat, encode, unhex } from '../../core/bytes.js';
import { sign } from '../../core/identity/device.js';
import { encodeCbor } from '../../core/record/cbor.js';
import { issue } from '../authority.js';

const DAY = 86_400_000;
const map = (pairs) => encodeCbor(new Map(pairs));

/** @param {number} now Unix ms */
export async function moves(now, network, ca, other) {
  const [from, at, to] = ['alice@old.example', 'alice@new.example', 'bob@example.net'];
  const fresh = await issue(ca, at, now);
  const thief = await issue(ca, 'thief@evil.example', now);
  const stranger = await issue(other, at, now);
  const good = {
    1: from,
    2: at,
    3: to,
    4: unhex(fresh.key.id),
    5: now,
    6: new Uint8Array(32).fill(6),
    7: 3,
    8: new Uint8Array(32).fill(8),
  };
  const made = async (
    said,
    { signer = fresh, chain = signer.chain, context = 'moved', net = network, alg = -7, plain = new Map() } = {},
  ) => {
    const payload =
      said instanceof Uint8Array ? said : map(Object.entries(said).map(([key, value]) => [Number(key), value]));
    const head = map([
      [1, alg],
      [33, chain],
    ]);
    const signed = encodeCbor(['Signature1', head, encode(`starling/1 ${context} ${net}`), payload]);
    return concat(Uint8Array.of(0xd2), encodeCbor([head, plain, payload, await sign(signer.key.sign, signed)]));
  };
  const cases = [];
  const add = async (what, verdict, change = {}, how = {}) =>
    cases.push({ what, verdict, statement: base64(await made({ ...good, ...change }, how)) });
  const raw = (what, bytes) => cases.push({ what, verdict: 'malformed', statement: base64(bytes) });
  const without = ({ [8]: _, ...rest }) => rest;
  await add('genuine', 'ok');
  await add('ten minutes ahead', 'ok', { 5: now + 600_000 });
  await add('almost 31 days old', 'ok', { 5: now - 31 * DAY + 1 });
  await add('of another old address', 'wrong-address', { 1: 'carol@example.net' });
  await add('for another contact', 'not-for-us', { 3: 'carol@example.net' });
  await add('to the address it was', 'same-address', { 2: from });
  await add("to the reader's own address", 'same-address', { 2: to });
  await add('from the future', 'not-yet', { 5: now + 600_001 });
  await add('31 days old', 'expired', { 5: now - 31 * DAY });
  await add('certified for another address', 'wrong-name', { 4: unhex(thief.key.id) }, { signer: thief });
  await add(
    'certified by nobody who is believed',
    'unknown-anchor',
    { 4: unhex(stranger.key.id) },
    { signer: stranger },
  );
  await add('of another device', 'wrong-device', { 4: unhex(thief.key.id) });
  await add("with somebody else's certificate", 'bad-signature', {}, { signer: thief, chain: fresh.chain });
  await add('of another network', 'bad-signature', {}, { net: 'elsewhere' });
  await add('signed as a record', 'bad-signature', {}, { context: 'record' });
  await add('an address in another form', 'malformed', { 2: 'Alice@new.example' });
  await add('no address', 'malformed', { 2: 'alice' });
  await add('a device of 31 bytes', 'malformed', { 4: new Uint8Array(31) });
  await add('a time before 1970', 'malformed', { 5: -1 });
  await add('a key of 33 bytes', 'malformed', { 6: new Uint8Array(33) });
  await add('a version after the end', 'malformed', { 7: 2 ** 50 + 1 });
  await add('a token that is text', 'malformed', { 8: 'token' });
  await add('a field too many', 'malformed', { 9: 1 });
  await add('another algorithm', 'malformed', {}, { alg: -35 });
  await add('an unprotected header', 'malformed', {}, { plain: new Map([[1, -7]]) });
  const whole = await made(good);
  raw('a field too few', await made(without(good)));
  raw('a payload that is no map', await made(encodeCbor([1])));
  raw('nothing', new Uint8Array(0));
  raw('without its tag', concat(Uint8Array.of(0xd3), whole.subarray(1)));
  raw('cut off', whole.subarray(0, whole.length - 1));
  raw('bytes behind', concat(whole, Uint8Array.of(0)));
  raw('12 KiB and a byte', concat(whole, new Uint8Array(12_289 - whole.length)));
  return { now: now / 1000, network, anchor: base64(ca.certificate.der), from, to, address: at, cases };
}
