// Contacts who change their address: what one of their devices said, proven from both ends, asked of the user, and followed only when he says so.
// docs/protocols/formats.md, section 13, and docs/decisions/0043-change-of-address.md.
import { need, StarlingError } from '../errors.js';
import { revokedIn } from '../locate/locator.js';
import { headOf, relation } from '../record/devices.js';
import { GOOD_MILLIS, openMoved } from '../record/moved.js';
import { laterKey } from './friends-keys.js';
import { together } from './own.js';
import { movedValue } from './shared.js';

const TABLE = 'moved';
/** Addresses of one person, one after the other. */
const MAX_STEPS = 16;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Contact} Contact */
/** @typedef {import('./reception.js').Change} Change */
/** to: where this address went, '' when it is in use again since then; at: Unix ms, by the clock of whoever moved @typedef {{to: string, at: number}} Mark */
/** by: the device of the old address that said so; at as in Mark; later: the user was asked and did not want it yet; hidden: nor see it any more @typedef {import('../record/moved.js').Moved & {by: string, later: boolean, hidden?: boolean}} Pending */

/** @param {Context} ctx */
export function contactMoves(ctx) {
  /** By old address. @type {Map<string, Mark>} */
  const marks = new Map();
  const noChange = () => /** @type {Change} */ ({ writes: [], done() {} });

  /** @param {string} address @param {Mark} mark @param {boolean} [isShared] @returns {Change} */
  const mark = (address, { to, at }, isShared = false) => {
    const told = isShared ? noChange() : ctx.own.note(`moved ${address}`, movedValue(to, at));
    return {
      writes: [[TABLE, address, { to, at }], ...told.writes],
      done() {
        marks.set(address, { to, at });
        told.done();
        if (next(address)) quiet(address);
        else ctx.presence.watch(address);
        ctx.contacts.show();
      },
    };
  };

  /** Nobody follows where an address is that was left, nor is asked about a list begun anew there. @param {string} address */
  function quiet(address) {
    ctx.presence.forget(address);
    const id = `changed ${address}`;
    if (ctx.state.notices.some((each) => each.id === id))
      ctx.update({ notices: ctx.state.notices.filter((each) => each.id !== id) });
  }

  /** One step, where the person there is known. @param {string} address */
  const next = (address) => {
    const to = marks.get(address)?.to;
    return to && ctx.contacts.get(to)?.state === 'accepted' ? to : '';
  };

  /** The address under which this person is known now. @param {string} address */
  function current(address) {
    let at = address;
    for (let i = 0; i < MAX_STEPS; i++) {
      const to = next(at);
      if (!to || to === address) return at;
      at = to;
    }
    return at;
  }

  /** Addresses that this person had before, the newest first. @param {string} address @returns {string[]} */
  const earlier = (address) =>
    [...marks]
      .filter(([old]) => old !== address && next(old) && current(old) === address)
      .sort((a, b) => b[1].at - a[1].at)
      .map(([old]) => old)
      .slice(0, MAX_STEPS);

  ctx.reception.on('moved', async (signer, body) => {
    const contact = ctx.contacts.get(signer.address);
    // A device of the list that is remembered: whoever begins a list anew has no say in this.
    if (contact?.state !== 'accepted' || !contact.chain || !headOf(contact.chain).devices.has(signer.device))
      return null;
    const { address: to } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    let said;
    try {
      const how = { from: signer.address, to, network: ctx.network(), now: ctx.now(), trust: ctx.trust() };
      said = await openMoved(body.content.statement, how);
    } catch (e) {
      if (!(e instanceof StarlingError)) throw e;
      return null;
    }
    // Whom the user does not want to hear does not come back as somebody else.
    if (ctx.contacts.blocked(said.now)) return noChange();
    const known = marks.get(signer.address);
    // Said again because our answer did not come.
    if (known?.to === said.now && next(signer.address)) return answer(said.now);
    // A replay, an older word, or the word of an address that they have left already.
    if (known?.to || said.at <= Math.max(known?.at ?? 0, contact.moved?.at ?? 0)) return noChange();
    const { level: _, ...moved } = said;
    const isSame = contact.moved?.now === said.now;
    const [later, hidden] = [isSame && contact.moved?.later, isSame && contact.moved?.hidden].map(Boolean);
    const kept = ctx.contacts.changed(signer.address, { moved: { ...moved, by: signer.device, later, hidden } });
    return {
      writes: kept.writes,
      done() {
        kept.done();
        tell(signer.address);
      },
    };
  });

  /** That we use the new address. @param {string} address */
  function answer(address) {
    const contact = ctx.contacts.get(address);
    return contact ? ctx.requests.word(contact) : noChange();
  }

  /** @param {string} address */
  function tell(address) {
    const contact = ctx.contacts.get(address);
    const id = `moved ${address}`;
    if (!contact?.moved || contact.moved.later || contact.state !== 'accepted')
      return ctx.update({ notices: ctx.state.notices.filter((each) => each.id !== id) });
    ctx.notice({
      id,
      kind: 'warning',
      key: contact.name ? 'moved' : 'moved.nameless',
      args: { name: contact.name, old: address, address: contact.moved.now },
      also: { key: 'moved.doubt', args: {} },
      actions: [
        { id: `follow ${contact.moved.now}`, key: 'moved.follow', safe: false },
        { id: `later ${contact.moved.now}`, key: 'moved.later', safe: true },
      ],
    });
  }

  /** @param {string} address @param {Partial<Pending>} patch @param {string} [now]  that the user read */
  async function note(address, patch, now) {
    await ctx.inTurn(async () => {
      const moved = ctx.contacts.get(address)?.moved;
      if (!moved || moved.now !== (now ?? moved.now)) return;
      const kept = ctx.contacts.changed(address, { moved: { ...moved, ...patch } });
      await ctx.store.batch(kept.writes);
      kept.done();
    });
    tell(address);
  }

  /** @param {string} address */
  async function drop(address) {
    await ctx.inTurn(async () => {
      const kept = ctx.contacts.changed(address, { moved: null });
      await ctx.store.batch(kept.writes);
      kept.done();
    });
    tell(address);
  }

  /** The device that said so may have been removed since, and the new address must be there. @param {string} address @param {Pending} moved @returns {Promise<string>} the oldest version of the list of the new address */
  async function check(address, moved) {
    const all = await ctx.contacts.lookWhole(address);
    // What is not read may say that the device is out. Of an address that was given back nothing is left.
    const isRead = all.kind === 'found' ? all.listed : all.kind === 'absent';
    need(!!isRead && !!all.asked, 'moved.unread');
    const { chain, revoked, disputed, changed } = /** @type {Contact} */ (ctx.contacts.get(address));
    const stands = chain && headOf(chain).devices.has(moved.by) && !revoked?.includes(moved.by);
    if (!stands || disputed?.includes(moved.by) || changed) {
      if (!changed && !disputed?.includes(moved.by)) await drop(address);
      throw new StarlingError('moved.doubted');
    }
    const { friendsKey } = moved;
    const chained = ctx.contacts.get(moved.now)?.chain ?? null;
    const found = await ctx.locator.find(moved.now, {
      friendsKey,
      chain: chained,
      fresh: true,
      whole: true,
      once: true,
    });
    need(found.kind === 'found' && found.devices.has(moved.device), 'moved.not-there');
    // Where a list is remembered, it must be that.
    const lists = chained ? found.chains.filter((each) => relation(each, chained) !== 'new-root') : found.chains;
    const list = lists.find(
      (each) => headOf(each).devices.has(moved.device) && !revokedIn(found, each).has(moved.device),
    );
    need(!!list, 'moved.not-there');
    return list[0].hash;
  }

  /** The user agrees: history and contact go on under the new address. @param {string} address @param {string} now  that the user read: another one may have come meanwhile */
  async function follow(address, now) {
    const moved = ctx.contacts.get(address)?.moved;
    if (!moved) return;
    need(moved.now === now, 'moved.other');
    const root = await check(address, moved);
    await ctx.inTurn(async () => {
      const old = ctx.contacts.get(address);
      if (old?.state !== 'accepted' || old.moved?.at !== moved.at) return;
      const known = ctx.contacts.get(moved.now);
      need(!!known || !ctx.contacts.isFull(), 'generic', 'too many contacts');
      const before = known ?? ctx.contacts.blank(moved.now, old.name);
      const changes = together(
        ctx.contacts.hide(moved.now, false),
        ctx.requests.answered(moved.now, Infinity),
        ctx.contacts.changed(address, { moved: null }),
        ctx.requests.welcome({
          ...before,
          state: 'accepted',
          name: before.name || old.name,
          theirToken: moved.token,
          ...laterKey(before, moved),
          ...(before.chain || before.root ? {} : { root }),
          lastAt: Math.max(before.lastAt, old.lastAt),
        }),
        mark(address, { to: moved.now, at: moved.at }),
        ...(marks.has(moved.now) ? [mark(moved.now, { to: '', at: moved.at })] : []),
      );
      await ctx.store.batch(changes.writes);
      changes.done();
    });
    tell(address);
    ctx.contacts.show();
  }

  return {
    current,
    earlier,
    follow,
    later: (/** @type {string} */ address, /** @type {string} */ now) => note(address, { later: true }, now),
    /** What is not true, or not wanted, need not be looked at each day. @param {string} address @param {boolean} hidden */
    hide: (address, hidden) => note(address, { later: true, hidden }),
    tell,
    marks: () => new Map(marks),
    isMoved: (/** @type {string} */ address) => !!next(address),
    /** Left so long ago that what comes from there is not the word of the person who left it: it may be somebody else's by now. @param {string} address */
    isOver: (address) => !!next(address) && ctx.now() - (marks.get(address)?.at ?? 0) > GOOD_MILLIS,

    /** @param {string} address @param {Mark} said  by another address of ours @param {boolean} [isShared]  by another device of ours: it is an entry already @returns {Change} */
    take(address, said, isShared = false) {
      const known = marks.get(address);
      if (known && (known.at > said.at || (known.at === said.at && known.to === said.to))) return noChange();
      const kept = ctx.contacts.get(address)?.moved ? ctx.contacts.changed(address, { moved: null }) : noChange();
      const marked = mark(address, said, isShared);
      return together(kept, marked, { writes: [], done: () => tell(address) });
    },

    async load() {
      for (const [address, mark] of await ctx.store.list(TABLE)) marks.set(address, mark);
    },

    /** What is still to be answered is shown again. */
    show() {
      for (const { address, moved } of ctx.contacts.all()) if (moved) tell(address);
    },
  };
}
