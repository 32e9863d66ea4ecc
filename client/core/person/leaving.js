// What happens between two addresses of one person: telling contacts, seeding the new one with what it needs, and giving the old one back.
// docs/protocols/formats.md, section 13.
import { parseCertificate } from '../identity/certificate.js';
import { signMoved } from '../record/moved.js';
import { movedValue, readEntry } from '../agent/shared.js';
import { tableOf, wiping } from '../store/within.js';

/** Before what was left for somebody who is away is over, it is said again. */
const AGAIN_MILLIS = 6 * 86_400_000;
const TOLD = 'told';
/** Who is to be asked by the present address, of table `me`. */
const TO_ASK = 'to-ask';

/** n: of the store; told: by contact, of the agent that was left @typedef {{n: number, starling: import('../starling.js').Starling, told: Map<string, Told>}} Self */
/** at: when it was said last, Unix ms; to: which address; answered: they use it @typedef {{at: number, to: string, answered: boolean}} Told */
/** @typedef {import('../types.js').Store} Store */
/** @typedef {[string, string, any]} Write */

/** What a new address begins with: the same servers, CAs, settings, and whom this person does not want to hear. @param {Store} store @param {number} from @param {number} to @returns {Promise<Write[]>} */
export async function seeds(store, from, to) {
  const wanted = ['settings', 'availability', 'note', 'anchors', 'anchors-removed', 'anchors-shipped', 'others'];
  const mine = (await store.list(tableOf(from, 'me'))).filter(([key]) => wanted.includes(key));
  const rest = await Promise.all(
    ['anchors', 'blocked', 'lines', 'moved', 'peers'].map(async (table) =>
      (await store.list(tableOf(from, table))).map(
        ([key, value]) => /** @type {Write} */ ([tableOf(to, table), key, value]),
      ),
    ),
  );
  // What was seen of people is not seen as new.
  const seen = (await store.list(tableOf(from, 'sequences'))).filter(([key]) => !key.startsWith('own '));
  for (const [key, value] of seen) rest.push([[tableOf(to, 'sequences'), key, value]]);
  // An account that took a key of the CA's operator serves the new address, too.
  const bound = await store.get(tableOf(from, 'enrol'), 'bound');
  if (bound) rest.push([[tableOf(to, 'enrol'), 'bound', bound]]);
  return [...mine.map(([key, value]) => /** @type {Write} */ ([tableOf(to, 'me'), key, value])), ...rest.flat()];
}

/** @param {Self} self */
export async function loadTold(self) {
  for (const [address, told] of await self.starling.ctx.store.list(TOLD)) self.told.set(address, told);
}

/** When a certificate ends, Unix ms. @param {Self} self */
export const endOf = ({ starling }) => parseCertificate(starling.ctx.signer().chain[0]).notAfter;

/** People of an address that was left who do not use the new one yet. @param {Self} old @param {Self} now */
export const unheard = (old, now) => {
  const address = now.starling.state.me.address;
  return old.starling.ctx.contacts
    .all()
    .filter((each) => each.state === 'accepted' && !old.starling.ctx.moves.isMoved(each.address))
    .filter((each) => each.address !== address && !uses(old, each.address, address));
};

/** Whether a contact uses our new address, as this device was told, or another one of ours. @param {Self} old @param {string} address @param {string} now */
function uses(old, address, now) {
  const told = old.told.get(address);
  if (told?.answered && told.to === now) return true;
  const [said, went] = [entryOf(old, `uses ${address}`), entryOf(old, 'moving')];
  if (said?.kind !== 'uses' || said.to !== now) return false;
  // Not of an earlier time that we went there.
  return went?.kind === 'moving' && went.to === now && said.at >= went.at;
}

/** What our devices at that address know. @param {Self} old @param {string} name */
function entryOf({ starling }, name) {
  const entry = starling.ctx.own.get(name);
  return entry && readEntry(entry);
}

/** Tells every contact of the old address whom nobody told lately. @param {Self} old @param {Self} now */
export async function tellContacts(old, now) {
  const [from, to] = [old.starling.ctx, now.starling.ctx];
  const address = now.starling.state.me.address;
  const due = unheard(old, now).filter((each) => {
    const told = old.told.get(each.address);
    return told?.to !== address || from.now() - told.at > AGAIN_MILLIS;
  });
  for (const contact of due) await tellOne(from, to, old, contact);
  if (due.length) await to.contacts.publishConsent();
}

/** The new address knows the contact first, so that the answer is let in. @param {import('../agent/context.js').Context} from @param {import('../agent/context.js').Context} to @param {Self} old @param {import('../agent/context.js').Contact} contact */
async function tellOne(from, to, old, contact) {
  const profile = /** @type {import('../agent/context.js').Profile} */ (to.profile);
  await to.inTurn(async () => {
    if (to.contacts.get(contact.address)) return;
    const { chain, root, level, name, revoked, revokedBy, disputed, lastAt } = contact;
    const kept = to.contacts.put({
      ...to.contacts.blank(contact.address, name),
      ...{ chain, root, level, revoked, revokedBy, disputed, lastAt },
    });
    await to.store.batch(kept.writes);
    kept.done();
  });
  const token = /** @type {import('../agent/context.js').Contact} */ (to.contacts.get(contact.address)).ourToken;
  const statement = await signMoved(to.signer(), to.network(), {
    from: /** @type {import('../agent/context.js').Profile} */ (from.profile).address,
    now: profile.address,
    to: contact.address,
    device: profile.key.id,
    at: from.now(),
    friendsKey: profile.friendsKey,
    version: profile.friendsVersion,
    token,
  });
  await from.inTurn(async () => {
    const stale = from.delivery.withdraw((item) => item.to === contact.address && item.type === 'moved');
    const word = from.delivery.prepare([{ to: contact.address, type: 'moved', content: { statement } }]);
    const told = { at: from.now(), to: profile.address, answered: false };
    await from.store.batch([...stale.writes, ...word.writes, [TOLD, contact.address, told]]);
    stale.drop();
    old.told.set(contact.address, told);
    word.admit();
  });
}

/** They use the new address: our other devices learn it, too, also one that told nobody. @param {Self} old @param {string} address @param {Self} now */
export async function heard(old, address, now) {
  const { ctx } = old.starling;
  const to = now.starling.state.me.address;
  if (ctx.contacts.get(address)?.state !== 'accepted' || uses(old, address, to)) return;
  await ctx.inTurn(async () => {
    const told = old.told.get(address);
    const answered = told?.to === to ? { ...told, answered: true } : null;
    const shared = ctx.own.note(`uses ${address}`, movedValue(to, ctx.now()));
    await ctx.store.batch([...shared.writes, ...(answered ? [/** @type {Write} */ ([TOLD, address, answered])] : [])]);
    if (answered) old.told.set(address, answered);
    shared.done();
  });
}

/** Our other devices learn where this one went. @param {Self} old @param {string} to  '': back */
export async function tellDevices(old, to) {
  const { ctx } = old.starling;
  const said = entryOf(old, 'moving');
  if (said?.kind === 'moving' ? said.to === to : !to) return;
  await ctx.inTurn(async () => {
    const told = ctx.own.note('moving', to ? movedValue(to, ctx.now()) : null);
    await ctx.store.batch(told.writes);
    told.done();
  });
}

/** Nobody finds the old address any more; what was said there is kept with the new one. @param {Store} store @param {Self} old @param {Self} now @param {Write[]} more  belongs into the same step */
export async function giveBack(store, old, now, more) {
  const [from, to] = [old.starling.ctx, now.starling.ctx];
  await Promise.allSettled([from.devices.withdraw(), from.contacts.withdrawConsent()]);
  await old.starling.close();
  // What came until then is kept with the rest; what comes later is not taken, so that its sender tries elsewhere.
  await from.inTurn(() => to.inTurn(() => moveAll(store, old, now, more)));
  await to.calls.load();
  await askAnew(now);
}

/** In a turn of both. @param {Store} store @param {Self} old @param {Self} now @param {Write[]} more */
async function moveAll(store, old, now, more) {
  const [from, to] = [old.starling.ctx, now.starling.ctx];
  const mine = now.starling.state.me.address;
  const left = [
    ...(await toAsk(old)),
    ...unheard(old, now).map(({ address, name }) => ({ address, name })),
    // Whom we asked from there, and who has not answered.
    ...from.contacts
      .all()
      .filter(({ address, state }) => state === 'waiting' && !to.contacts.get(address) && address !== mine)
      .map(({ address, name, hello }) => ({ address, name, text: hello })),
  ];
  const asked = left.length ? [...(await toAsk(now)), ...left] : [];
  const marked = new Map([...from.moves.marks()].map(([address, mark]) => [address, to.moves.take(address, mark)]));
  const people = from.contacts
    .all()
    .filter(({ address, state }) => to.contacts.get(address) || (state !== 'removed' && !from.moves.isMoved(address)))
    .filter(({ address }) => address !== mine)
    .map((each) => kept(to, each, marked.get(each.address)?.writes.length ? { moved: null } : {}));
  const { address } = /** @type {import('../agent/context.js').Profile} */ (from.profile);
  const requests = from.requests.all().map((each) => to.requests.bring(each, address));
  // A mark writes the contact, too, as it was: what is brought comes after it.
  const changes = [...marked.values(), ...people, ...requests];
  const writes = changes.flatMap((each) => each.writes);
  await store.batch([
    ...(await history(store, old.n, now.n)),
    ...writes.map(([table, key, value]) => /** @type {Write} */ ([tableOf(now.n, table), key, value])),
    ...(await wiping(store, old.n)),
    ...(asked.length ? [/** @type {Write} */ ([tableOf(now.n, 'me'), TO_ASK, asked])] : []),
    ...more,
  ]);
  from.inTurn.end();
  for (const each of changes) each.done();
}

/** @param {Self} self @returns {Promise<{address: string, name: string, text?: string}[]>} */
const toAsk = async ({ starling }) => (await starling.ctx.store.get('me', TO_ASK)) ?? [];

/** Who never heard of an address that was given back is asked like anybody new; also when we were interrupted before. @param {Self} now */
export async function askAnew(now) {
  const { ctx } = now.starling;
  const people = await toAsk(now);
  if (!people.length) return;
  // Before the requests: their answers must be let through.
  await ctx.contacts.publishConsent();
  const left = [];
  for (const each of people) {
    const { address, name, text } = each;
    if (ctx.contacts.get(address)?.state !== 'waiting') continue;
    try {
      await ctx.requests.request(address, { name, text, quiet: true });
    } catch (e) {
      console.warn('starling: asking anew', e instanceof Error ? e.message : e);
      left.push(each);
    }
  }
  // At the next start.
  await (left.length ? ctx.store.put('me', TO_ASK, left) : ctx.store.delete('me', TO_ASK));
}

/** @param {import('../agent/context.js').Context} to @param {import('../agent/context.js').Contact} old @param {Partial<import('../agent/context.js').Contact>} more */
function kept(to, old, more) {
  const known = to.contacts.get(old.address) ?? to.contacts.blank(old.address, old.name);
  const isNew = !to.contacts.get(old.address);
  const isLater = (old.last?.at ?? 0) > (known.last?.at ?? 0);
  const { chain, root, level } = old;
  return to.contacts.put({
    ...known,
    ...(isNew ? { chain, root, level, state: /** @type {const} */ ('waiting') } : {}),
    name: known.name || old.name,
    unread: known.unread + old.unread,
    ...(isLater ? { last: old.last, lastAt: Math.max(known.lastAt, old.lastAt) } : {}),
    ...more,
  });
}

/** What never went out is not going to. @param {Store} store @param {number} from @param {number} to @returns {Promise<Write[]>} */
async function history(store, from, to) {
  /** @type {Write[]} */
  const writes = [];
  const known = new Set((await store.list(tableOf(to, 'sequences'))).map(([key]) => key));
  for (const [key, value] of await store.list(tableOf(from, 'sequences')))
    if (!known.has(key) && !key.startsWith('own ')) writes.push([tableOf(to, 'sequences'), key, value]);
  for (const table of ['messages', 'message-keys', 'calls'])
    for (const [key, value] of await store.list(tableOf(from, table)))
      writes.push([
        tableOf(to, table),
        key,
        table === 'messages' && value.mine && value.state === 'waiting' ? { ...value, state: 'failed' } : value,
      ]);
  return writes;
}
