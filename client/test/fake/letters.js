// What tests ask of conversations, and letters as whoever knows a place can leave them there: honest but for what is said.
import { base64, hex, random } from '../../core/bytes.js';
import { boxes } from '../../core/agent/boxes.js';
import { sealBody } from '../../core/cms/bodies.js';
import { inboxBody, knockBody } from '../../core/record/bodies.js';
import { signRecord } from '../../core/record/record.js';
import { publicMaster, rendezvous, seal } from '../../core/record/rendezvous.js';

export const textsOf = async (one, who) => (await one.messages(who, undefined, 5000)).map((m) => m.text);
export const stateOf = async (one, who, text) => (await one.messages(who)).find((m) => m.text === text)?.state;
export const knownKeys = { address: (address) => publicMaster(address, 'local') };

/** In place of the stream from the peers: what an agent watches is given to it when the test says so. */
export function heldBack(one) {
  const watched = new Map();
  one.ctx.boxes.close();
  one.ctx.boxes = boxes(one.ctx);
  one.ctx.watching = { ...one.ctx.watching, tells: (key) => watched.has(key) };
  one.ctx.watch = (key, each) => {
    watched.set(key, each);
    return () => void watched.delete(key);
  };
  return { keys: () => new Set(watched.keys()), give: (key, value) => watched.get(key)?.(value) };
}

/** Somebody who signs, as `issue` of authority.js gives it. */
export const cardOf = (one) => ({
  address: one.ctx.profile.address,
  key: one.ctx.profile.key,
  signer: one.ctx.signer(),
});

/** A body signed by a card and sealed for a device of `to`. */
export function sealedBy(it, card, to, { type = 'text', id, content, sent = it.time.now(), device, certificate } = {}) {
  const { address, key, chain } = to.ctx.profile;
  const body = { type, id, sent, from: card.address, to: address, device: device ?? key.id, content };
  return sealBody(card.signer, certificate ?? chain[0], body, it.time.now());
}

/** The bytes of a record of a card for `to`, whatever `how` changes about it. */
export async function letter(it, card, to, how = {}) {
  const now = it.time.now();
  const id = how.id ?? hex(random(16));
  const kind = how.kind ?? 'INBOX';
  const cms = how.cms ?? (await sealedBy(it, how.inner ?? card, to, { content: { text: how.text }, id, ...how.body }));
  const issued = how.issued ?? Math.floor(now / 1000);
  const body =
    kind === 'KNOCK'
      ? knockBody({ id, cms, stamp: how.stamp ? await how.stamp(id, cms) : new Uint8Array() })
      : inboxBody({ id, device: how.device ?? to.ctx.profile.key.id, cms, sent: Math.floor(now / 1000) });
  return signRecord(card.signer, 'local', {
    kind,
    address: how.address ?? card.address,
    device: how.signerDevice ?? card.key.id,
    sequence: how.sequence ?? now,
    issued,
    expires: how.expires ?? issued + 7 * 86_400,
    body,
  });
}

let slots = 0;

/** Puts bytes where `to` looks for letters. @param {{kind?: string, master?: Uint8Array, day?: string}} [where] */
export async function leave(it, to, bytes, { kind = 'INBOX', master, day } = {}) {
  const place = await rendezvous(
    master ?? (kind === 'KNOCK' ? await knownKeys.address(to.ctx.profile.address) : to.ctx.profile.friendsKey),
    kind,
    day ?? new Date(it.time.now()).toISOString().slice(0, 10),
  );
  return leaveValue(it, place, await seal(place, bytes));
}

export function leaveValue(it, place, value) {
  const key = hex(place.dhtKey);
  it.dht.set(key, (it.dht.get(key) ?? new Map()).set(`left ${slots++}`, base64(value)));
}
