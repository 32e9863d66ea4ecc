// Asking somebody to be a contact, and being asked: requests, acceptance, decline, and new friends keys.
import { need } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { laterKey } from './friends-keys.js';
import { together } from './own.js';
import { readEntry, timeValue } from './shared.js';

const MAX_REQUESTS = 200;
const MAX_HELLO = 140;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Contact} Contact */
/** @typedef {import('./reception.js').Change} Change */
/** @typedef {import('../types.js').ContactRequest & {friendsKey: Uint8Array, version: number, token: Uint8Array, sent?: number}} Request  sent: by the clock of whoever asks; via: the address of ours that they asked, where it was given back */

/** @param {Context} ctx */
export function contactRequests(ctx) {
  /** @type {Map<string, Request>} */
  const requests = new Map();
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  function show() {
    const rows = [...requests.values()].map(({ address, name, text, at, trust, via }) => ({
      address,
      name,
      text,
      at,
      trust,
      ...(via ? { via } : {}),
    }));
    ctx.update({ requests: rows });
  }

  /** @param {string} address @returns {Change} */
  const erase = (address) => ({
    writes: [['requests', address, undefined]],
    done() {
      if (requests.delete(address)) show();
    },
  });

  /** What a contact gets of us. @param {Contact} contact */
  const ours = (contact) => ({
    name: profile().name,
    friendsKey: profile().friendsKey,
    version: profile().friendsVersion,
    token: contact.ourToken,
  });

  /** @param {Contact} contact @returns {Change} */
  function word(contact) {
    const { writes, admit } = ctx.delivery.prepare([{ to: contact.address, type: 'accept', content: ours(contact) }]);
    return { writes, done: admit };
  }

  /** An accepted contact, and our word to them, in one step. @param {Contact} contact @returns {Change} */
  function welcome(contact) {
    const kept = ctx.contacts.put(contact);
    const stale = ctx.delivery.withdraw((item) => item.to === contact.address && item.type === 'request');
    const said = word(contact);
    return {
      writes: [...kept.writes, ...stale.writes, ...said.writes],
      done() {
        kept.done();
        stale.drop();
        void ctx.contacts.publishConsent();
        said.done();
        ctx.presence.watch(contact.address);
      },
    };
  }

  /** @param {Change[]} changes */
  async function commit(...changes) {
    await ctx.store.batch(changes.flatMap((each) => each.writes));
    for (const each of changes) each.done();
  }

  /** hello: to whoever asked an address that was given back, and is now asked by this one @param {string} address @param {string} [hello] */
  const accept = (address, hello) =>
    requests.get(address)?.via ? ask(address, { name: requests.get(address)?.name, text: hello }) : welcomed(address);

  /** @param {string} address */
  const welcomed = (address) =>
    ctx.inTurn(async () => {
      const request = requests.get(address);
      if (!request) return;
      const old = ctx.contacts.get(address) ?? ctx.contacts.blank(address, request.name);
      /** @type {Contact} */
      const contact = {
        ...old,
        state: 'accepted',
        name: old.name || request.name,
        theirToken: request.token,
        ...laterKey(old, request),
        lastAt: ctx.now(),
      };
      await commit(erase(address), welcome(contact));
    });

  ctx.reception.on('request', async (signer, body) => {
    const { address } = signer;
    const contact = ctx.contacts.get(address);
    const { name, text, friendsKey, version, token } = body.content;
    // Another device of ours said no to it.
    if (body.sent <= answeredUntil(address)) return { writes: [], done() {} };
    // Both asked, or they ask anew: that is an acceptance.
    if (contact && contact.state !== 'removed')
      return together(
        welcome({
          ...contact,
          state: 'accepted',
          theirToken: token,
          ...laterKey(contact, { friendsKey, version }),
          name: contact.name || name,
        }),
        { writes: [], done: () => ctx.emit('accepted', address) },
      );
    if (!requests.has(address) && requests.size >= MAX_REQUESTS) return null;
    const trust = signer.level === 'test' ? 'test' : 'verified';
    /** @type {Request} */
    const request = { address, name, text, at: ctx.now(), trust, friendsKey, version, token, sent: body.sent };
    return {
      writes: [['requests', address, request]],
      done() {
        const fresh = !requests.has(address);
        requests.set(address, request);
        show();
        if (fresh) ctx.emit('request', request);
      },
    };
  });

  ctx.reception.on('accept', async (signer, body) => {
    const contact = ctx.contacts.get(signer.address);
    if (!contact || contact.state === 'removed') return null;
    const { name, friendsKey, version, token } = body.content;
    const stale = ctx.delivery.withdraw((item) => item.to === signer.address && item.type === 'request');
    const kept = ctx.contacts.put({
      ...contact,
      state: 'accepted',
      theirToken: token,
      ...laterKey(contact, { friendsKey, version }),
      name: contact.name || name,
      lastAt: contact.state === 'accepted' ? contact.lastAt : ctx.now(),
    });
    return {
      writes: [...kept.writes, ...stale.writes],
      done() {
        kept.done();
        stale.drop();
        ctx.presence.watch(signer.address);
        void ctx.delivery.flush(signer.address);
        ctx.emit('accepted', signer.address);
      },
    };
  });

  ctx.reception.on('decline', async (signer) => {
    const contact = ctx.contacts.get(signer.address);
    if (contact?.state !== 'waiting') return null;
    const stale = ctx.delivery.withdraw((item) => item.to === signer.address && item.type === 'request');
    const kept = ctx.contacts.changed(signer.address, { state: 'removed' });
    return {
      writes: [...kept.writes, ...stale.writes],
      done() {
        kept.done();
        stale.drop();
        ctx.notice({
          id: `declined ${signer.address}`,
          kind: 'info',
          key: 'declined',
          args: { name: contact.name || signer.address },
          actions: [{ id: 'ok', key: 'declined.ok', safe: true }],
        });
      },
    };
  });

  ctx.reception.on('rotate', async (signer, body) => {
    const contact = ctx.contacts.get(signer.address);
    if (contact?.state !== 'accepted') return null;
    const { friendsKey, version } = body.content;
    // Their list of devices may be another one now, too.
    void ctx.contacts.targets(signer.address, true).catch(() => {});
    const later = laterKey(contact, { friendsKey, version });
    if (later.friendsKey === contact.friendsKey) return { writes: [], done() {} };
    return ctx.contacts.changed(signer.address, later);
  });

  /** Also at our other devices. @param {Request} request */
  const refused = (request) => ctx.own.note(`answered ${request.address}`, timeValue(request.sent ?? 0));

  /** quiet: that they may answer is published already. @param {string} address @param {{name?: string, text?: string, quiet?: boolean}} options */
  const ask = (address, options) =>
    ctx.inTurn(async () => {
      const known = ctx.contacts.get(address);
      const old = known?.state === 'removed' ? undefined : known;
      need(!!old || !ctx.contacts.isFull(), 'generic', 'too many contacts');
      /** @type {Contact} */
      const contact = {
        ...(old ?? ctx.contacts.blank(address, options.name ?? '')),
        state: old?.state === 'accepted' ? 'accepted' : 'waiting',
        hello: [...(options.text ?? '')].slice(0, MAX_HELLO).join(''),
      };
      const stale = ctx.delivery.withdraw((item) => item.to === address && item.type === 'request');
      const word = ctx.delivery.prepare([
        { to: address, type: 'request', content: { ...ours(contact), text: contact.hello } },
      ]);
      const request = requests.get(address);
      const changes = together(
        ctx.contacts.put(contact),
        ctx.contacts.hide(address, false),
        { writes: stale.writes, done: stale.drop },
        ...(request ? [erase(address), refused(request)] : []),
      );
      await ctx.store.batch([...changes.writes, ...word.writes]);
      changes.done();
      // Before the request, along the same flow: their answer must be let through.
      if (!options.quiet) void ctx.contacts.publishConsent();
      word.admit();
    });

  /** @param {string} address */
  function answeredUntil(address) {
    const entry = ctx.own.get(`answered ${address}`);
    const said = entry && readEntry(entry);
    return said?.kind === 'answered' ? said.at : 0;
  }

  return {
    accept,
    welcome,
    word,

    /** To a contact who seems to have missed a new friends key of theirs, or whom we never told: asks anew, which a contact grants unasked. Only in a turn. @param {string} address @returns {Change | null} */
    again(address) {
      const contact = ctx.contacts.get(address);
      const asked = ctx.delivery.waits((item) => item.to === address && item.type === 'request');
      if (contact?.state !== 'accepted' || asked) return null;
      const word = ctx.delivery.prepare([{ to: address, type: 'request', content: { ...ours(contact), text: '' } }]);
      return { writes: word.writes, done: word.admit };
    },
    /** Another own device answered what was asked until then. @param {string} address @param {number} until @returns {Change} */
    answered: (address, until) =>
      (requests.get(address)?.sent ?? 0) <= until ? erase(address) : { writes: [], done() {} },

    async load() {
      for (const [address, request] of await ctx.store.list('requests')) requests.set(address, request);
      show();
    },

    /** @param {string} typed @param {{name?: string, text?: string, quiet?: boolean}} options */
    async request(typed, options) {
      const address = parseAddress(typed);
      need(address !== profile().address, 'address.self');
      const request = requests.get(address);
      return request && !request.via ? welcomed(address) : ask(address, options);
    },

    all: () => [...requests.values()],

    /** What was asked at an address of ours that is given back; nothing where it is answered by this one. @param {Request} request @param {string} via @returns {Change} */
    bring(request, via) {
      const { address, sent = 0 } = request;
      const known = ctx.contacts.get(address);
      const isKnown = (known && known.state !== 'removed') || ctx.contacts.blocked(address) || requests.has(address);
      if (isKnown || address === profile().address || answeredUntil(address) >= sent || requests.size >= MAX_REQUESTS)
        return { writes: [], done() {} };
      const kept = { ...request, via: request.via ?? via };
      return {
        writes: [['requests', address, kept]],
        done() {
          requests.set(address, kept);
          show();
        },
      };
    },

    /** Says no, politely; whoever should learn nothing is blocked instead. @param {string} address */
    decline: (address) =>
      ctx.inTurn(async () => {
        const request = requests.get(address);
        if (!request) return;
        const { token, friendsKey, via } = request;
        // They know nothing of this address.
        if (via) return commit(erase(address), refused(request));
        const word = ctx.delivery.prepare([{ to: address, type: 'decline', content: {}, token, friendsKey }]);
        await commit(erase(address), refused(request), { writes: word.writes, done: word.admit });
      }),

    /** They see nothing of us any more, and we nothing of them. @param {string} address */
    async block(address) {
      const request = requests.get(address);
      await ctx.inTurn(() => commit(erase(address), ...(request ? [refused(request)] : [])));
      await ctx.contacts.remove(address, { block: true });
    },
  };
}
