// People: asked, asking, accepted, removed, blocked; the tokens and keys exchanged with them, and the roots remembered of them.
import { encode, random, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { revokedIn } from '../locate/locator.js';
import { headOf, relation } from '../record/devices.js';
import { encodeCbor } from '../record/cbor.js';
import { peerUri } from '../identity/device.js';

const MAX_REQUESTS = 200;
const MAX_CONTACTS = 4000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Contact} Contact */

/** @param {Context} ctx */
export function contactBook(ctx) {
  /** @type {Map<string, Contact>} */
  const book = new Map();
  /** @type {Map<string, any>} */
  const requests = new Map();
  /** @type {Set<string>} */
  const blocked = new Set();
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  function show() {
    const rows = [...book.values()]
      .sort((a, b) => b.lastAt - a.lastAt)
      .map((c) => {
        const { presence, note } = ctx.presence.of(c.address);
        const trust = /** @type {import('../types.js').Contact['trust']} */ (
          c.changed ? 'changed' : c.level === 'test' ? 'test' : c.chain ? 'verified' : 'unverified'
        );
        return {
          address: c.address,
          name: c.name,
          state: c.state,
          presence,
          note,
          trust,
          unread: c.unread,
          last: c.last,
        };
      });
    ctx.update({
      contacts: rows,
      requests: [...requests.values()].map(({ address, name, text, at, trust }) => ({
        address,
        name,
        text,
        at,
        trust,
      })),
    });
  }

  /** @param {Contact} contact */
  async function save(contact) {
    book.set(contact.address, contact);
    await ctx.store.put('contacts', contact.address, contact);
    show();
  }

  /** @param {string} address @param {string} name @returns {Contact} */
  const blank = (address, name) => ({
    address,
    name,
    state: 'waiting',
    ourToken: random(32),
    theirToken: null,
    friendsKey: null,
    version: 0,
    chain: null,
    changed: null,
    lastAt: ctx.around.now(),
    unread: 0,
    last: null,
    hello: '',
    level: '',
  });

  /** What may be told: hashes of our tokens, whether strangers ring, whom we blocked. */
  async function publishConsent() {
    const ua = ctx.ua;
    if (!ua) return;
    const tokens = await Promise.all(
      [...book.values()].filter((c) => c.state !== 'removed').map((c) => sha256(c.ourToken)),
    );
    const hidden = await Promise.all([...blocked].map((address) => sha256(encode(address))));
    const body = encodeCbor(
      new Map(
        /** @type {[number, any][]} */ ([
          [1, tokens],
          [2, ctx.state.settings.strangersRing],
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
      if (contact) {
        contact.chain = best;
        contact.level = [...found.devices.values()][0]?.level ?? '';
        await save(contact);
      }
      return best;
    }
    for (const chain of found.chains) if (relation(chain, contact.chain) === 'newer') contact.chain = chain;
    if (!roots.has(contact.chain[0].hash) && found.chains.length && !contact.changed) {
      contact.changed = found.chains[0];
      ctx.notice({
        id: `changed ${address}`,
        kind: 'warning',
        key: 'changed',
        args: { name: contact.name || address },
        actions: [
          { id: 'keep', key: 'changed.keep', safe: true },
          { id: 'agree', key: 'changed.agree', safe: false },
        ],
      });
    }
    // Remembered: a store that keeps the revocation back later does not bring the device in again.
    const out = revokedIn(found, contact.chain);
    for (const id of contact.revoked ?? []) if (headOf(contact.chain).devices.has(id)) out.add(id);
    contact.revoked = [...out];
    await save(contact);
    return contact.chain;
  }

  const api = {
    show,
    save,
    publishConsent,
    get: (/** @type {string} */ address) => book.get(address),
    all: () => [...book.values()],
    blocked: (/** @type {string} */ address) => blocked.has(address),

    async load() {
      for (const [address, contact] of await ctx.store.list('contacts')) book.set(address, contact);
      for (const [address, request] of await ctx.store.list('requests')) requests.set(address, request);
      for (const [address] of await ctx.store.list('blocked')) blocked.add(address);
      for (const contact of book.values())
        if (contact.changed)
          ctx.notice({
            id: `changed ${contact.address}`,
            kind: 'warning',
            key: 'changed',
            args: { name: contact.name || contact.address },
            actions: [
              { id: 'keep', key: 'changed.keep', safe: true },
              { id: 'agree', key: 'changed.agree', safe: false },
            ],
          });
      show();
    },

    /** The devices to send to: certified and on the list. @param {string} address @param {boolean} [again] @returns {Promise<import('./delivery.js').Target[]>} */
    async targets(address, again = false) {
      const own = address === profile().address;
      const found = await ctx.locator.find(address, {
        friendsKey: own ? profile().friendsKey : (book.get(address)?.friendsKey ?? null),
        fresh: again,
      });
      if (found.kind !== 'found') return [];
      const chain = own ? found.chains[0] : await remember(address, found);
      if (!chain) return [];
      const out = new Set([...revokedIn(found, chain), ...(book.get(address)?.revoked ?? [])]);
      return [...headOf(chain).devices.keys()].flatMap((id) => {
        const device = out.has(id) ? null : found.devices.get(id);
        return device ? [{ id, certificate: device.certificate, location: device.location }] : [];
      });
    },

    /** @param {string} address @param {string} device @param {Uint8Array} _certificate */
    async isListed(address, device, _certificate) {
      if (address === profile().address) return ctx.devices.lists(device);
      const remembered = book.get(address)?.chain;
      if (book.get(address)?.revoked?.includes(device)) return false;
      if (remembered && headOf(remembered).devices.has(device)) return true;
      const found = await ctx.locator.find(address, { fresh: true });
      if (found.kind !== 'found') return false;
      const chain = await remember(address, found);
      return !!chain && headOf(chain).devices.has(device) && !revokedIn(found, chain).has(device);
    },

    /** @param {string} typed @param {{name?: string, text?: string}} options */
    async request(typed, options) {
      const address = parseAddress(typed);
      need(address !== profile().address, 'address.self');
      need(book.size < MAX_CONTACTS, 'generic');
      if (requests.has(address)) return api.accept(address);
      blocked.delete(address);
      await ctx.store.delete('blocked', address);
      const old = book.get(address);
      const contact =
        old && old.state !== 'removed' ? old : { ...blank(address, options.name ?? ''), lastAt: ctx.around.now() };
      contact.state = old?.state === 'accepted' ? 'accepted' : 'waiting';
      contact.hello = [...(options.text ?? '')].slice(0, 140).join('');
      await save(contact);
      await publishConsent();
      await ctx.delivery.drop((item) => item.to === address && item.type === 'request');
      const { friendsKey, friendsVersion, name } = profile();
      await ctx.delivery.enqueue(address, 'request', {
        name,
        text: contact.hello,
        friendsKey,
        version: friendsVersion,
        token: contact.ourToken,
      });
    },

    /** @param {string} address */
    async accept(address) {
      const request = requests.get(address);
      if (!request) return;
      const contact = book.get(address) ?? blank(address, request.name);
      Object.assign(contact, {
        state: 'accepted',
        name: contact.name || request.name,
        theirToken: request.token,
        friendsKey: request.friendsKey,
        version: request.version,
        lastAt: ctx.around.now(),
      });
      requests.delete(address);
      await ctx.store.delete('requests', address);
      await save(contact);
      await welcome(contact);
    },

    /** @param {string} address */
    async decline(address) {
      if (!requests.delete(address)) return;
      await ctx.store.delete('requests', address);
      show();
    },

    /** @param {string} address */
    async block(address) {
      blocked.add(address);
      await ctx.store.put('blocked', address, 1);
      requests.delete(address);
      await ctx.store.delete('requests', address);
      await api.remove(address);
    },

    /** The friends key is changed, so that whoever was removed no longer finds the good copy. @param {string} address */
    async remove(address) {
      const contact = book.get(address);
      if (contact) {
        book.delete(address);
        await ctx.store.delete('contacts', address);
        await ctx.delivery.drop((item) => item.to === address);
        const mine = profile();
        mine.friendsKey = random(32);
        mine.friendsVersion++;
        await ctx.saveProfile();
        for (const other of book.values())
          if (other.state === 'accepted')
            await ctx.delivery.enqueue(other.address, 'rotate', {
              friendsKey: mine.friendsKey,
              version: mine.friendsVersion,
            });
        void ctx.devices.publishLocation();
      }
      ctx.presence.forget(address);
      show();
      await publishConsent();
    },

    /** @param {string} address @param {boolean} agree */
    async decide(address, agree) {
      const contact = book.get(address);
      if (!contact?.changed) return;
      if (agree) contact.chain = contact.changed;
      contact.changed = null;
      ctx.locator.forget(address);
      await save(contact);
      if (agree) void ctx.delivery.flush(address);
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

  /** @param {Contact} contact */
  async function welcome(contact) {
    await publishConsent();
    const { friendsKey, friendsVersion, name } = profile();
    await ctx.delivery.enqueue(contact.address, 'accept', {
      name,
      friendsKey,
      version: friendsVersion,
      token: contact.ourToken,
    });
    ctx.presence.watch(contact.address);
  }

  ctx.delivery.take('request', async (signer, body) => {
    const { address } = signer;
    if (blocked.has(address)) return false;
    const contact = book.get(address);
    const { name, text, friendsKey, version, token } = body.content;
    if (contact && contact.state !== 'removed') {
      // Both asked, or they ask anew: that is an acceptance.
      Object.assign(contact, { state: 'accepted', theirToken: token, friendsKey, version, name: contact.name || name });
      await ctx.delivery.drop((item) => item.to === address && item.type === 'request');
      await save(contact);
      await welcome(contact);
      return true;
    }
    if (!requests.has(address) && requests.size >= MAX_REQUESTS) return false;
    const request = {
      address,
      name,
      text,
      at: ctx.around.now(),
      friendsKey,
      version,
      token,
      trust: signer.level === 'test' ? 'test' : 'verified',
    };
    const fresh = !requests.has(address);
    requests.set(address, request);
    await ctx.store.put('requests', address, request);
    show();
    if (fresh) ctx.emit('request', request);
    return true;
  });

  ctx.delivery.take('accept', async (signer, body) => {
    const contact = book.get(signer.address);
    if (!contact || contact.state === 'removed') return false;
    const { name, friendsKey, version, token } = body.content;
    Object.assign(contact, {
      state: 'accepted',
      theirToken: token,
      friendsKey,
      version,
      name: contact.name || name,
      lastAt: ctx.around.now(),
    });
    await ctx.delivery.drop((item) => item.to === signer.address && item.type === 'request');
    await save(contact);
    ctx.presence.watch(signer.address);
    void ctx.delivery.flush(signer.address);
    return true;
  });

  ctx.delivery.take('decline', async () => true);
  ctx.delivery.take('rotate', async (signer, body) => {
    const contact = book.get(signer.address);
    if (contact?.state !== 'accepted' || body.content.version < contact.version) return false;
    Object.assign(contact, { friendsKey: body.content.friendsKey, version: body.content.version });
    await save(contact);
    return true;
  });
  return api;
}
