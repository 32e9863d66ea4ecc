// People: who is a contact, the tokens and keys exchanged with them, the roots remembered of them, and the devices that their owner listed.
import { encode, random, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { revokedIn } from '../locate/locator.js';
import { peerUri } from '../identity/device.js';
import { encodeCbor } from '../record/cbor.js';
import { headOf, relation } from '../record/devices.js';
import { formerKeys } from './friends-keys.js';

/** Their tokens and those blocked must fit into one PUBLISH: docs/protocols/sip.md, section 4. */
const MAX_CONTACTS = 1400;
const MAX_BLOCKED = 300;
const CONSENT_MILLIS = 5000;
/** So old may be what is known of where a contact is; whoever watches them looks more often. */
const WITHIN_MILLIS = 600_000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Contact} Contact */
/** @typedef {import('./reception.js').Change} Change */

/** @param {Context} ctx */
export function contactBook(ctx) {
  /** @type {Map<string, Contact>} */
  const book = new Map();
  /** @type {Set<string>} */
  const blocked = new Set();
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  function show() {
    const contacts = [...book.values()].sort((a, b) => b.lastAt - a.lastAt).map(row);
    ctx.update({ contacts, blocked: [...blocked].sort() });
  }

  /** @param {Contact} c @returns {import('../types.js').Contact} */
  function row(c) {
    const { presence, note } = ctx.presence.of(c.address);
    const trust = c.changed ? 'changed' : c.level === 'test' ? 'test' : c.chain ? 'verified' : 'unverified';
    const { address, name, state, unread, last } = c;
    return { address, name, state, presence, note, trust, unread, last };
  }

  /** @param {Contact} contact @returns {Change} */
  const put = (contact) => ({
    writes: [['contacts', contact.address, contact]],
    done() {
      book.set(contact.address, contact);
      show();
    },
  });

  /** @param {string} address @param {Partial<Contact>} patch @returns {Change} */
  function changed(address, patch) {
    const contact = book.get(address);
    return contact ? put({ ...contact, ...patch }) : { writes: [], done() {} };
  }

  /** Without a turn: for what is looked up, and so comes again. @param {string} address @param {Partial<Contact>} patch */
  const note = (address, patch) =>
    ctx.inTurn(async () => {
      const change = changed(address, patch);
      if (change.writes.length) await ctx.store.batch(change.writes);
      change.done();
    });

  /** What may be told: hashes of our tokens, whether strangers ring, whom we blocked. */
  async function publishConsent() {
    const known = [...book.values()].filter((c) => c.state !== 'removed');
    const tokens = await Promise.all(known.map((c) => sha256(c.ourToken)));
    const hidden = await Promise.all([...blocked].map((address) => sha256(encode(address))));
    await consent(tokens, ctx.state.settings.strangersRing, hidden);
  }

  /** @param {Uint8Array[]} tokens @param {boolean} strangersRing @param {Uint8Array[]} hidden */
  async function consent(tokens, strangersRing, hidden) {
    const ua = ctx.ua;
    if (!ua) return;
    const body = encodeCbor(
      new Map(
        /** @type {[number, any][]} */ ([
          [1, tokens],
          [2, strangersRing],
          [3, hidden],
        ]),
      ),
    );
    await Promise.all(
      ua.ready.map((flow) =>
        ua.send(flow, 'PUBLISH', `sip:${flow.peer.sip.replace(/^sip:/, '').split(';')[0]}`, {
          dest: peerUri(flow.peer.id),
          type: 'application/cbor',
          body,
          more: [['event', 'starling-consent']],
          to: `<sip:${ua.us.address}>`,
          timeout: CONSENT_MILLIS,
        }),
      ),
    );
  }

  /** The remembered list of devices, brought up to date by what was found. @param {string} address @param {import('../locate/locator.js').Found} found */
  async function remember(address, found) {
    const contact = book.get(address);
    const roots = new Set(found.chains.map((chain) => chain[0].hash));
    if (!contact?.chain) {
      // No memory and two roots: nothing is sent to either.
      if (roots.size !== 1) return null;
      const best = found.chains.reduce((a, b) => (relation(b, a) === 'newer' ? b : a));
      if (contact) await note(address, { chain: best, level: levelOf(found, best) });
      return best;
    }
    let { chain } = contact;
    for (const other of found.chains) if (relation(other, chain) === 'newer') chain = other;
    if (chain !== contact.chain) await note(address, { chain, level: levelOf(found, chain) || contact.level });
    const other = found.chains.find((each) => each[0].hash !== chain[0].hash);
    const isNew = other && !roots.has(chain[0].hash) && other[0].hash !== contact.refused;
    if (isNew && !contact.changed) {
      await note(address, { changed: other });
      warn(address);
    }
    // Remembered: a store that keeps the revocation back later does not bring the device in again.
    const before = (contact.revoked ?? []).filter((id) => headOf(chain).devices.has(id));
    const out = [...new Set([...before, ...revokedIn(found, chain)])];
    if (out.length !== (contact.revoked ?? []).length) await note(address, { revoked: out });
    return chain;
  }

  /** @param {string} address */
  function warn(address) {
    ctx.notice({
      id: `changed ${address}`,
      kind: 'warning',
      key: 'changed',
      args: { name: book.get(address)?.name || address },
      actions: [
        { id: 'keep', key: 'changed.keep', safe: true },
        { id: 'agree', key: 'changed.agree', safe: false },
      ],
    });
  }

  /** @param {string} address @param {boolean} fresh */
  function find(address, fresh) {
    const own = address === profile().address;
    const contact = book.get(address);
    return ctx.locator.find(address, {
      friendsKey: own ? profile().friendsKey : (contact?.friendsKey ?? null),
      fresh,
      within: contact?.state === 'accepted' ? WITHIN_MILLIS : 0,
      keep: contact?.state === 'accepted',
    });
  }

  /** The devices of a list which no other version of it lacks. @param {import('../record/devices.js').DeviceChain} chain @param {import('../record/devices.js').DeviceChain[]} all */
  const undisputed = (chain, all) =>
    [...headOf(chain).devices.keys()].filter((id) =>
      all.every((other) => relation(other, chain) !== 'fork' || headOf(other).devices.has(id)),
    );

  return {
    show,
    put,
    changed,
    publishConsent,
    /** Nobody is let through any more. */
    withdrawConsent: () => consent([], false, []),
    get: (/** @type {string} */ address) => book.get(address),
    all: () => [...book.values()],
    blocked: (/** @type {string} */ address) => blocked.has(address),
    isFull: () => book.size >= MAX_CONTACTS,

    async load() {
      for (const [address, contact] of await ctx.store.list('contacts')) book.set(address, contact);
      for (const [address] of await ctx.store.list('blocked')) blocked.add(address);
      for (const contact of book.values()) if (contact.changed) warn(contact.address);
      show();
    },

    /** @param {string} address @param {string} name @returns {Contact} */
    blank: (address, name) => ({
      address,
      name,
      state: 'waiting',
      ourToken: random(32),
      theirToken: null,
      friendsKey: null,
      version: 0,
      chain: null,
      changed: null,
      refused: '',
      lastAt: ctx.now(),
      unread: 0,
      last: null,
      hello: '',
      level: '',
    }),

    /** The devices to send to: certified and on the list. @param {string} address @param {boolean} [again] @returns {Promise<import('./ways.js').Target[]>} */
    async targets(address, again = false) {
      const found = await find(address, again);
      if (found.kind !== 'found') return [];
      const chain = address === profile().address ? ctx.devices.chain() : await remember(address, found);
      if (!chain) return [];
      const out = new Set([...revokedIn(found, chain), ...(book.get(address)?.revoked ?? [])]);
      return undisputed(chain, found.chains).flatMap((id) => {
        const device = out.has(id) ? null : found.devices.get(id);
        return device ? [{ id, certificate: device.certificate, location: device.location }] : [];
      });
    },

    /** @param {string} address @param {string} device */
    async isListed(address, device) {
      if (address === profile().address) {
        // It may have been allowed, or have allowed us, a moment ago.
        if (!ctx.devices.lists(device)) await ctx.devices.look();
        return ctx.devices.lists(device);
      }
      const remembered = book.get(address)?.chain;
      if (book.get(address)?.revoked?.includes(device)) return false;
      if (remembered && headOf(remembered).devices.has(device)) return true;
      const found = await find(address, true);
      if (found.kind !== 'found') return false;
      const chain = await remember(address, found);
      return !!chain && headOf(chain).devices.has(device) && !revokedIn(found, chain).has(device);
    },

    /** @param {string} address @param {boolean} hide @returns {Change} */
    hide(address, hide) {
      if (hide) need(blocked.has(address) || blocked.size < MAX_BLOCKED, 'generic', 'too many blocked');
      return {
        writes: hide || blocked.has(address) ? [['blocked', address, hide ? 1 : undefined]] : [],
        done() {
          if (hide) blocked.add(address);
          else blocked.delete(address);
          show();
        },
      };
    },

    /** They may ask again. @param {string} address */
    async unblock(address) {
      await ctx.inTurn(async () => {
        const shown = this.hide(address, false);
        await ctx.store.batch(shown.writes);
        shown.done();
      });
      await publishConsent();
    },

    /** The friends key is changed, so that whoever was removed no longer finds the good copy. @param {string} address @param {{block?: boolean}} [how] */
    async remove(address, how = {}) {
      const mine = profile();
      const before = mine.friendsKey;
      const known = book.has(address);
      await ctx.inTurn(async () => {
        const hidden = how.block ? this.hide(address, true) : { writes: [], done() {} };
        const gone = ctx.delivery.withdraw((item) => item.to === address || (known && item.type === 'rotate'));
        const rotated = {
          ...mine,
          friendsKey: random(32),
          friendsVersion: mine.friendsVersion + 1,
          formerKeys: formerKeys(mine, ctx.now()),
        };
        const news = ctx.delivery.prepare(
          [...book.values()]
            .filter((other) => known && other.state === 'accepted' && other.address !== address)
            .map((other) => ({
              to: other.address,
              type: 'rotate',
              content: { friendsKey: rotated.friendsKey, version: rotated.friendsVersion },
            })),
        );
        // What never went out is not going to.
        const unsent = await Promise.all(gone.items.map((item) => ctx.chat.advance(item.bodyId, 'failed')));
        await ctx.store.batch([
          ...hidden.writes,
          ...gone.writes,
          ...news.writes,
          ...unsent.flatMap((change) => change?.writes ?? []),
          ['contacts', address, undefined],
          ...(known ? [/** @type {import('./outbox.js').Write} */ (['me', 'profile', rotated])] : []),
        ]);
        if (known) Object.assign(mine, rotated);
        book.delete(address);
        hidden.done();
        gone.drop();
        news.admit();
      });
      ctx.presence.forget(address);
      await ctx.locator.forget(address);
      show();
      void ctx.boxes.look();
      await Promise.all([publishConsent(), known ? ctx.devices.moveLocation(before) : undefined]);
    },

    /** @param {string} address @param {boolean} agree */
    async decide(address, agree) {
      const contact = book.get(address);
      if (!contact?.changed) return;
      const { changed: other } = contact;
      await ctx.locator.forget(address);
      await note(address, agree ? { chain: other, changed: null } : { changed: null, refused: other[0].hash });
      if (agree) void ctx.delivery.flush(address, true);
    },

    /** For another own device. */
    snapshot: () =>
      [...book.values()]
        .filter((c) => c.state === 'accepted' && c.theirToken && c.friendsKey)
        .slice(0, 200)
        .map((c) => ({
          address: c.address,
          name: c.name,
          theirToken: c.theirToken,
          ourToken: c.ourToken,
          friendsKey: c.friendsKey,
          version: c.version,
        })),
  };
}

/** How the listed devices proved the address. @param {import('../locate/locator.js').Found} found @param {import('../record/devices.js').DeviceChain} chain */
function levelOf(found, chain) {
  const levels = [...headOf(chain).devices.keys()].map((id) => found.devices.get(id)?.level ?? '').filter(Boolean);
  return levels.includes('test') ? 'test' : (levels[0] ?? '');
}
