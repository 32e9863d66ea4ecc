// People: who is a contact, the tokens and keys exchanged with them, the roots remembered of them, and the devices that their owner listed.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as sha256Now } from '@noble/hashes/sha2.js';
import { encode, random, same, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { revokedIn } from '../locate/locator.js';
import { peerUri } from '../identity/device.js';
import { encodeCbor } from '../record/cbor.js';
import { headOf, relation } from '../record/devices.js';
import { formerKeys, laterKey } from './friends-keys.js';
import { newRoots } from './new-roots.js';
import { flagValue, keyValue, personValue } from './shared.js';
import { advanced, furthest, revokedSince, revokers, stillRevoked, tips, undisputed } from './versions.js';

/** Their tokens and those blocked must fit into one PUBLISH: docs/protocols/sip.md, section 4. */
const MAX_CONTACTS = 1400;
const MAX_BLOCKED = 300;
const MAX_HINTS = 200;
const CONSENT_MILLIS = 5000;
/** So old may be what is known of where a contact is; whoever watches them looks more often. */
const WITHIN_MILLIS = 600_000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Contact} Contact */
/** @typedef {import('./reception.js').Change} Change */
/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */

/** @param {Context} ctx */
export function contactBook(ctx) {
  /** @type {Map<string, Contact>} */
  const book = new Map();
  /** @type {Set<string>} */
  const blocked = new Set();
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  function show() {
    const people = [...book.values()].filter(
      ({ address, state }) => (state !== 'removed' || !ctx.lines.has(address)) && !ctx.moves.isMoved(address),
    );
    const contacts = [...people.map((c) => ({ at: lastOf(c.address), row: row(c) })), ...ctx.lines.rows()]
      .sort((a, b) => b.at - a.at)
      .map((each) => each.row);
    ctx.update({ contacts, blocked: [...blocked].sort() });
  }

  /** Under any address of theirs. @param {string} address */
  const lastOf = (address) =>
    Math.max(...[address, ...ctx.moves.earlier(address)].map((each) => book.get(each)?.lastAt ?? 0));

  /** @param {Contact} c @returns {import('../types.js').Contact} */
  function row(c) {
    const { presence, note } = ctx.presence.of(c.address);
    const trust = c.changed ? 'changed' : c.level === 'test' ? 'test' : c.chain ? 'verified' : 'unverified';
    const { address, name, state } = c;
    const earlier = ctx.moves.earlier(address);
    // One person, whichever address was written to.
    const all = [c, ...earlier.flatMap((each) => book.get(each) ?? [])];
    const unread = all.reduce((sum, each) => sum + each.unread, 0);
    const last = all.reduce(
      (/** @type {Contact['last']} */ a, { last: b }) => ((b?.at ?? 0) > (a?.at ?? 0) ? b : a),
      null,
    );
    const more = {
      ...(earlier.length ? { earlier } : {}),
      ...(c.moved ? { moved: c.moved.now, movedHidden: !!c.moved.hidden } : {}),
    };
    return { address, name, state, presence, note, trust, unread, last, ...more };
  }

  /** @param {Contact} contact @returns {Change} */
  function put(contact) {
    const told = ctx.own.note(`contact ${contact.address}`, personValue(contact));
    return {
      writes: [['contacts', contact.address, contact], ...told.writes],
      done() {
        const before = book.get(contact.address);
        book.set(contact.address, contact);
        told.done();
        show();
        known(contact, before);
      },
    };
  }

  /** What they wrote before we knew that they accepted us. @param {Contact} contact @param {Contact} [before] */
  function known({ address, state }, before) {
    if (state === 'accepted' && before?.state !== 'accepted') void ctx.boxes.welcome(address);
  }

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

  const roots = newRoots(ctx, { get: (address) => book.get(address), note });

  /** What may be told: hashes of our tokens, whether strangers ring, whom we blocked. */
  async function publishConsent() {
    const known = [...book.values()].filter((c) => c.state !== 'removed');
    const tokens = await Promise.all(known.map((c) => sha256(c.ourToken)));
    const hidden = await Promise.all([...blocked].map((address) => sha256(encode(address))));
    const { strangersRing, linesRing } = ctx.state.settings;
    await consent(tokens, strangersRing, hidden, linesRing);
  }

  /** @param {Uint8Array[]} tokens @param {boolean} strangersRing @param {Uint8Array[]} hidden @param {boolean} [linesRing] */
  async function consent(tokens, strangersRing, hidden, linesRing = false) {
    const ua = ctx.ua;
    if (!ua) return;
    const body = encodeCbor(
      new Map(
        /** @type {[number, any][]} */ ([
          [1, tokens],
          [2, strangersRing],
          [3, hidden],
          ...(linesRing ? [[4, true]] : []),
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

  /**
   * Brings the remembered list of devices up to date by what was found.
   * @param {string} address @param {import('../locate/locator.js').Found} found
   * @returns {Promise<string[]>} the devices that count
   */
  async function remember(address, found) {
    const contact = book.get(address);
    if (!contact?.chain) return first(address, found.chains, found);
    const before = contact.chain;
    // Remembered: a store that keeps the revocation back later does not bring the device in again.
    const kept = stillRevoked(found, contact.revokedBy ?? {}, contact.revoked ?? []);
    const chain = await advanced(found, before, kept);
    const listed = headOf(chain).devices;
    const out = new Set([...kept, ...revokedSince(found, before, chain)].filter((id) => listed.has(id)));
    const sure = await undisputed(chain, found.chains);
    const patch = {
      ...(chain === before ? {} : { chain, level: levelOf(found, chain) || contact.level, ...rootIn(contact, chain) }),
      revoked: [...out].sort(),
      disputed: [...listed.keys()].filter((id) => !sure.includes(id)).sort(),
      revokedBy: revokers(found, [...out], contact.revokedBy ?? {}, [before, chain]),
    };
    // All of it at once: what one half says without the other would be believed after a crash.
    if (chain !== before || !isSame(patch, contact)) await note(address, patch);
    const lost = [...headOf(before).devices.keys()].some((id) => !listed.has(id));
    if (lost && contact.state === 'accepted') await renew(address, headOf(chain).hash);
    if (!ctx.moves.isMoved(address)) await roots.look(address, found, chain, out);
    return sure.filter((id) => !out.has(id));
  }

  /**
   * The list of somebody of whom none is remembered here; where another device of ours remembers one, it must be that.
   * @param {string} address @param {DeviceChain[]} chains @param {import('../locate/locator.js').Found} found
   * @returns {Promise<string[]>} the devices that count
   */
  async function first(address, chains, found) {
    const contact = book.get(address);
    const known = contact?.root ? chains.filter((each) => has(each, contact.root ?? '')) : chains;
    if (!known.length) {
      if (contact && !contact.changed && !has(chains[0], contact.refused) && !ctx.moves.isMoved(address))
        await roots.suspect(address, chains[0], found);
      return [];
    }
    // No memory and two roots: nothing is sent to either.
    if (known.some((each) => relation(each, known[0]) === 'new-root')) return [];
    const best = furthest(known);
    if (contact && best) await note(address, { chain: best, level: levelOf(found, best), ...rootIn(contact, best) });
    // Nor is one of two versions remembered.
    const heads = best ? [best] : tips(known);
    const out = new Set(heads.flatMap((each) => [...revokedIn(found, each)]));
    return [...headOf(heads[0]).devices.keys()].filter(
      (id) => !out.has(id) && heads.every((each) => headOf(each).devices.has(id)),
    );
  }

  /** @param {DeviceChain} chain @param {string} hash */
  const has = (chain, hash) => chain.some((link) => link.hash === hash);
  /** @param {Contact} contact @param {DeviceChain} chain */
  const rootIn = (contact, chain) => (contact.root && has(chain, contact.root) ? {} : { root: chain[0].hash });

  /** A device that they removed knows the token we gave them: they get another one, the same from each of our devices. @param {string} address @param {string} head */
  async function renew(address, head) {
    await ctx.inTurn(async () => {
      const contact = book.get(address);
      if (contact?.state !== 'accepted') return;
      const word = ctx.requests.welcome({ ...contact, ourToken: tokenFor(`${address} ${head}`) });
      await ctx.store.batch(word.writes);
      word.done();
    });
  }

  /** The same on each of our devices, should two of them accept somebody at once. @param {string} whom */
  const tokenFor = (whom) => new Uint8Array(hmac(sha256Now, profile().ownKey, encode(`token ${whom}`)));

  /** What helps to find somebody. @param {string} address @returns {import('../locate/locator.js').HowToFind} */
  function howToFind(address) {
    const own = address === profile().address;
    const contact = book.get(address);
    return {
      friendsKey: own ? profile().friendsKey : (contact?.friendsKey ?? null),
      chain: own ? ctx.devices.chain() : (contact?.chain ?? null),
      revoked: contact?.revoked,
      within: contact?.state === 'accepted' ? WITHIN_MILLIS : 0,
      keep: contact?.state === 'accepted',
    };
  }

  /** @param {string} address @param {boolean} fresh */
  const find = (address, fresh) => ctx.locator.find(address, { ...howToFind(address), fresh });

  /** Where the list that we remember does not do. @param {string} address */
  const findAll = (address) =>
    ctx.locator.find(address, { ...howToFind(address), fresh: true, whole: true, once: !book.has(address) });

  /** Those of our own devices to which something is sent. @param {import('../locate/locator.js').Found} found */
  async function ours(found) {
    const chain = ctx.devices.chain();
    const out = revokedIn(found, chain);
    return chain ? (await undisputed(chain, found.chains)).filter((id) => !out.has(id)) : [];
  }

  return {
    show,
    howToFind,
    put,
    changed,
    publishConsent,
    lastOf,
    /** Nobody is let through any more. */
    withdrawConsent: () => consent([], false, []),
    get: (/** @type {string} */ address) => book.get(address),
    all: () => [...book.values()],
    blocked: (/** @type {string} */ address) => blocked.has(address),
    isFull: () => book.size >= MAX_CONTACTS,

    async load() {
      for (const [address, contact] of await ctx.store.list('contacts')) book.set(address, contact);
      for (const [address] of await ctx.store.list('blocked')) blocked.add(address);
      for (const { address, changed: asked } of book.values())
        if (asked && !ctx.moves.isMoved(address)) roots.tell(address);
      show();
    },

    /** @param {string} address @param {string} name @returns {Contact} */
    blank: (address, name) => ({
      address,
      name,
      state: 'waiting',
      ourToken: tokenFor(address),
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

    /** The devices to send to: certified and on the list; of ours also one that is to be told that it is not. @param {string} address @param {boolean} [again] @returns {Promise<import('./ways.js').Target[]>} */
    async targets(address, again = false) {
      const found = await find(address, again);
      if (found.kind !== 'found') return [];
      const own = address === profile().address;
      const listed = own ? await ours(found) : await remember(address, found);
      return [...new Set([...listed, ...(own ? ctx.devices.guests() : [])])].flatMap((id) => {
        const device = found.devices.get(id);
        return device ? [{ id, certificate: device.certificate, location: device.location }] : [];
      });
    },

    /** Reads all that lies there, so that nothing said of their devices is missed. @param {string} address */
    async lookWhole(address) {
      const found = await findAll(address);
      if (found.kind === 'found') await remember(address, found);
      return found;
    },

    /** @param {string} address @param {string} device */
    async isListed(address, device) {
      if (address === profile().address) {
        // It may have been allowed, or have allowed us, a moment ago.
        if (!ctx.devices.lists(device)) await ctx.devices.look();
        return ctx.devices.hears(device);
      }
      const { chain, revoked, disputed } = book.get(address) ?? {};
      if (revoked?.includes(device) || disputed?.includes(device)) return false;
      if (chain && headOf(chain).devices.has(device)) return true;
      const found = await findAll(address);
      return found.kind === 'found' && (await remember(address, found)).includes(device);
    },

    /** @param {string} address @param {boolean} hide @returns {Change} */
    hide(address, hide) {
      if (hide) need(blocked.has(address) || blocked.size < MAX_BLOCKED, 'generic', 'too many blocked');
      const told = ctx.own.note(`blocked ${address}`, hide ? flagValue(true) : null);
      return {
        writes: hide || blocked.has(address) ? [['blocked', address, hide ? 1 : undefined], ...told.writes] : [],
        done() {
          if (hide) blocked.add(address);
          else blocked.delete(address);
          told.done();
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
      const before = profile().friendsKey;
      const known = book.has(address);
      await ctx.inTurn(async () => {
        const hidden = how.block ? this.hide(address, true) : { writes: [], done() {} };
        const gone = await this.dropped(address);
        const told = ctx.own.note(`contact ${address}`, null);
        const rotated = known ? this.rotated(address) : { writes: [], done() {} };
        await ctx.store.batch([...hidden.writes, ...gone.writes, ...told.writes, ...rotated.writes]);
        hidden.done();
        gone.done();
        told.done();
        rotated.done();
      });
      await ctx.locator.forget(address);
      show();
      void ctx.boxes.look();
      await Promise.all([publishConsent(), known ? ctx.devices.moveLocation(before) : undefined]);
    },

    /** A new friends key, told to every contact but one. @param {string} [but] @param {number} [above]  a version that it must be above, too @returns {Change} */
    rotated(but = '', above = 0) {
      const mine = profile();
      const next = {
        friendsKey: random(32),
        friendsVersion: Math.max(mine.friendsVersion, above) + 1,
        formerKeys: formerKeys(mine, ctx.now()),
      };
      const old = ctx.delivery.withdraw((item) => item.type === 'rotate');
      const content = { friendsKey: next.friendsKey, version: next.friendsVersion };
      const people = [...book.values()].filter((other) => other.state === 'accepted' && other.address !== but);
      const news = ctx.delivery.prepare(people.map(({ address }) => ({ to: address, type: 'rotate', content })));
      const told = ctx.own.note('friends', keyValue(next.friendsKey, next.friendsVersion), {
        time: next.friendsVersion,
      });
      return {
        writes: [...old.writes, ...news.writes, ...told.writes, ['me', 'profile', { ...mine, ...next }]],
        done() {
          Object.assign(mine, next);
          old.drop();
          news.admit();
          told.done();
        },
      };
    },

    /** Our list of devices is another one: whoever is here looks at it; the others do when they come. */
    async hint() {
      const { friendsKey, friendsVersion: version } = profile();
      const here = [...book.values()].filter((each) => ctx.presence.of(each.address).presence !== 'offline');
      const people = here.filter((each) => each.state === 'accepted').slice(0, MAX_HINTS);
      const content = { friendsKey, version };
      if (people.length)
        await ctx.delivery.enqueue(
          ...people.map(({ address }) => ({ to: address, type: /** @type {const} */ ('rotate'), content })),
        );
    },

    /** @param {string} address @returns {Promise<Change>} */
    async dropped(address) {
      const gone = ctx.delivery.withdraw((item) => item.to === address);
      // What never went out is not going to.
      const unsent = await Promise.all(gone.items.map((item) => ctx.chat.advance(item.bodyId, 'failed')));
      return {
        writes: [...gone.writes, ...unsent.flatMap((change) => change?.writes ?? []), ['contacts', address, undefined]],
        done() {
          book.delete(address);
          gone.drop();
          ctx.presence.forget(address);
        },
      };
    },

    /** What another own device says of people; null: it removed them. @param {Map<string, import('./shared.js').Person | null>} people @returns {Promise<Change>} */
    async take(people) {
      /** @type {Change[]} */
      const gone = [];
      /** @type {Contact[]} */
      const kept = [];
      /** @type {Change[]} */
      const words = [];
      /** Of whom we knew more. @type {string[]} */
      const ahead = [];
      for (const [address, person] of people) {
        const old = book.get(address);
        if (!person && old) gone.push(await this.dropped(address));
        if (!person || address === profile().address || (!old && book.size + kept.length >= MAX_CONTACTS)) continue;
        const known = old ?? { ...this.blank(address, ''), ...(await ctx.chat.newest(address)) };
        const list = agreed(old, person);
        // With another list the versions of their key begin anew.
        const key = list ? null : laterKey(known, person);
        kept.push({ ...known, ...person, ...list, ...key });
        if (key?.friendsKey && key.friendsKey !== person.friendsKey) ahead.push(address);
        // They may hold the token that we gave them here.
        if (old?.state === 'accepted' && person.state === 'accepted' && !same(old.ourToken, person.ourToken))
          words.push(ctx.requests.word(kept[kept.length - 1]));
      }
      const asked = kept
        .filter((contact) => contact.state === 'accepted')
        .map((contact) => ctx.requests.answered(contact.address, Infinity));
      return {
        writes: [...gone, ...asked, ...words]
          .flatMap((each) => each.writes)
          .concat(kept.map((contact) => ['contacts', contact.address, contact])),
        done() {
          const before = kept.map(({ address }) => book.get(address));
          for (const contact of kept) book.set(contact.address, contact);
          for (const [i, contact] of kept.entries()) known(contact, before[i]);
          for (const each of [...gone, ...asked, ...words]) each.done();
          show();
          void publishConsent();
          for (const address of ahead) void note(address, {});
          for (const { address, state } of kept) if (state === 'accepted') ctx.presence.watch(address);
        },
      };
    },

    /** @param {string} address @param {boolean} agree */
    async decide(address, agree) {
      const contact = book.get(address);
      if (!contact?.changed || ctx.moves.isMoved(address)) return;
      const { changed: other } = contact;
      if (agree) roots.check(contact);
      await ctx.locator.forget(address);
      const patch = agree
        ? { chain: other, changed: null, disputed: [], revoked: [], revokedBy: {}, version: 0, root: other[0].hash }
        : { changed: null, refused: other[0].hash };
      await note(address, patch);
      roots.tell(address);
      if (agree) void ctx.delivery.flush(address, true);
    },
    close: roots.close,

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

/** Where another own device agreed to a new list, this one does too. @param {Contact | undefined} old @param {import('./shared.js').Person} person @returns {Partial<Contact> | null} */
function agreed(old, { root }) {
  if (!old?.chain || !root || old.chain.some((link) => link.hash === root)) return null;
  const chain = old.changed?.some((link) => link.hash === root) ? old.changed : null;
  return { chain, changed: null, disputed: [], revoked: [], revokedBy: {} };
}

/** Whether nothing else is said of the devices that count, in whatever order it stood. @param {Pick<Contact, 'revoked' | 'disputed' | 'revokedBy'>} now @param {Contact} before */
const isSame = (now, { revoked = [], disputed = [], revokedBy = {} }) =>
  JSON.stringify([now.revoked, now.disputed, now.revokedBy]) ===
  JSON.stringify([[...revoked].sort(), [...disputed].sort(), revokedBy]);

/** How the listed devices proved the address. @param {import('../locate/locator.js').Found} found @param {import('../record/devices.js').DeviceChain} chain */
function levelOf(found, chain) {
  const levels = [...headOf(chain).devices.keys()].map((id) => found.devices.get(id)?.level ?? '').filter(Boolean);
  return levels.includes('test') ? 'test' : (levels[0] ?? '');
}
