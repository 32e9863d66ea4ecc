// Conversations: what was written, in which state it is, and finding it again.
import { encode } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { timeValue } from './shared.js';

const MAX_TEXT_BYTES = 16 * 1024;
const MAX_HITS = 200;
const MAX_READ = 1000;
const EARLY = 'early';
const MAX_EARLY = 1000;
/** Longer than a copy is on its way. */
const EARLY_MILLIS = 9 * 86_400_000;
/** As their keys are. */
export const inOrder = (/** @type {Message[]} */ all) => all.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
/** What a message of ours can become; it never goes back, except that one which failed may be tried again. */
const ORDER = ['failed', 'waiting', 'sent', 'delivered', 'read'];

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./reception.js').Change} Change */
/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../types.js').Place} Place */

/** @param {string} address @param {Place} place */
const keyOf = (address, { at, id }) => `${address} ${String(at).padStart(15, '0')} ${id}`;

/** @param {Context} ctx */
export function chat(ctx) {
  /** The last time shown of each sender whose clock is ahead of ours. @type {Map<string, number>} */
  const clamped = new Map();

  /** @param {Message} message */
  const key = (message) => keyOf(message.with, message);

  /** @param {Message} message @returns {import('./outbox.js').Write[]} */
  const write = (message) => [
    ['messages', key(message), message],
    ['message-keys', message.id, key(message)],
  ];

  /**
   * The change that makes a message of ours `state`; null when it is so or further already. Only in a turn.
   * @param {string} id @param {Message['state']} state @param {boolean} [nobody]  nobody took it: what was sent may fail
   * @returns {Promise<Change | null>}
   */
  async function advance(id, state, nobody = false) {
    const at = await ctx.store.get('message-keys', id);
    const message = at && /** @type {Message | undefined} */ (await ctx.store.get('messages', at));
    if (!message?.mine) return null;
    const forward = ORDER.indexOf(state) > ORDER.indexOf(message.state);
    const given = message.state === 'waiting' || (nobody && message.state === 'sent');
    if (!forward && !(state === 'failed' && given)) return null;
    return { writes: [['messages', at, { ...message, state, why: '' }]], done: () => ctx.contacts.show() };
  }

  /** A contact with its newest message. @param {Message} message @returns {Change} */
  function touched(message) {
    const contact = ctx.contacts.get(message.with);
    if (!contact) return { writes: [], done() {} };
    return ctx.contacts.changed(contact.address, {
      lastAt: Math.max(contact.lastAt, message.at),
      last: { text: message.text.slice(0, 200), at: message.at, mine: message.mine },
      unread: contact.unread + (message.mine ? 0 : 1),
    });
  }

  /** Never from the future, and in the order in which it was written. @param {string} from @param {number} sent */
  function timeOf(from, sent) {
    const now = ctx.now();
    if (sent <= now) return sent;
    const at = Math.max(now, (clamped.get(from) ?? 0) + 1);
    clamped.set(from, at);
    return at;
  }

  ctx.reception.on('text', async (signer, body) => {
    if (ctx.contacts.get(signer.address)?.state !== 'accepted') return null;
    /** @type {Message} */
    const message = {
      id: body.id,
      with: signer.address,
      mine: false,
      text: body.content.text,
      at: timeOf(signer.address, body.sent),
      state: 'received',
      why: '',
    };
    const receipt = ctx.delivery.owe(signer.address, [body.id], 1);
    // What is shown stays as it is: another device of theirs, or somebody else, may say another thing under the same id.
    if (await ctx.store.get('message-keys', body.id)) return receipt;
    const contact = touched(message);
    return {
      writes: [...write(message), ...contact.writes, ...receipt.writes],
      done() {
        contact.done();
        receipt.done();
        ctx.emit('message', message);
      },
    };
  });

  const whose = (/** @type {string} */ address) => ctx.moves.current(address);

  /** Receipts of what another device of ours sent, of which our copy is still on its way: when they came, Unix ms, oldest first. @type {Map<string, number>} */
  const early = new Map();
  /** @param {string[]} keys  new ones @param {Message['state']} state @returns {Change} */
  function soon(keys, state) {
    const at = ctx.around.now();
    const others = [...early].filter(([key]) => !keys.includes(key));
    const tooMany = others.length + keys.length - MAX_EARLY;
    const old = others.filter(([, came], i) => i < tooMany || at - came > EARLY_MILLIS).map(([key]) => key);
    return {
      writes: [
        ...old.map((key) => /** @type {import('./outbox.js').Write} */ ([EARLY, key, undefined])),
        ...keys.map((key) => /** @type {import('./outbox.js').Write} */ ([EARLY, key, { state, at }])),
      ],
      done() {
        for (const key of [...old, ...keys]) early.delete(key);
        for (const key of keys) early.set(key, at);
      },
    };
  }

  ctx.reception.on('receipt', async (signer, body) => {
    /** @type {Change[]} */
    const changes = [];
    /** @type {string[]} */
    const unknown = [];
    const state = body.content.state === 2 ? 'read' : 'delivered';
    for (const id of new Set(/** @type {string[]} */ (body.content.ids))) {
      const at = /** @type {string | undefined} */ (await ctx.store.get('message-keys', id));
      if (!at && ctx.devices.others().length) unknown.push(`${signer.address} ${id}`);
      // A receipt counts only from the person the message went to, who may have another address now.
      if (!at || whose(at.split(' ')[0]) !== whose(signer.address)) continue;
      const change = await advance(id, state);
      if (change) changes.push(change);
    }
    const kept = unknown.length ? soon(unknown, state) : { writes: [], done() {} };
    const taken = ctx.delivery.acknowledged(signer.address, signer.device, body.content.ids);
    return {
      writes: [...changes.flatMap((each) => each.writes), ...kept.writes, ...taken.writes],
      done() {
        kept.done();
        // Shown, once for all of them.
        changes[0]?.done();
        taken.done();
      },
    };
  });

  ctx.reception.on('sentCopy', async (signer, body) => {
    if (signer.address !== ctx.profile?.address) return null;
    const { to, id, text, sent } = body.content;
    if (await ctx.store.get('message-keys', id)) return { writes: [], done() {} };
    // The receipts of it may have been quicker.
    const state = (await ctx.store.get(EARLY, `${to} ${id}`))?.state ?? 'sent';
    /** @type {Message} */
    const message = { id, with: to, mine: true, text, at: sent, state, why: '' };
    const contact = touched(message);
    return {
      writes: [...write(message), [EARLY, `${to} ${id}`, undefined], ...contact.writes],
      done() {
        early.delete(`${to} ${id}`);
        contact.done();
      },
    };
  });

  ctx.reception.on('readMark', async (signer, body) => {
    if (signer.address !== ctx.profile?.address) return null;
    return readUpTo(body.content.address, body.content.upTo);
  });

  /** Read on another device of ours; what came later is not. @param {string} address @param {number} at @returns {Promise<Change>} */
  async function readUpTo(address, at) {
    const count = ctx.contacts.get(address)?.unread ?? 0;
    if (!count) return { writes: [], done() {} };
    const among = await list(address, undefined, Math.min(MAX_READ, count * 3 + 20));
    const left = among
      .filter((m) => !m.mine)
      .slice(-count)
      .filter((m) => m.at > at).length;
    return ctx.contacts.changed(address, { unread: left });
  }

  /** Many can be of the same millisecond, which their sender says. @param {string} address @param {Place} [before] @param {number} [limit] @returns {Promise<Message[]>} */
  async function list(address, before, limit = 100) {
    const to = before ? keyOf(address, before) : `${address}!`;
    return (await ctx.store.list('messages', `${address} `, to, -limit)).map(([, message]) => message);
  }

  /** What was said under several addresses of one person. @param {string[]} addresses @param {Place} [before] @param {number} [limit] @returns {Promise<Message[]>} */
  async function ofAll(addresses, before, limit = 100) {
    const each = await Promise.all(addresses.map((address) => list(address, before, limit)));
    return each.length === 1 ? each[0] : inOrder(each.flat()).slice(-limit);
  }

  /** For this device's own other ones. @param {'sentCopy'|'readMark'} type @param {any} content @returns {import('./outbox.js').Wish[]} */
  const toOthers = (type, content) =>
    ctx.devices.others().map((only) => ({ to: ctx.profile?.address ?? '', type, content, only }));

  return {
    advance,
    written: write,

    /** @param {string} id @returns {Promise<Message | undefined>} */
    async byId(id) {
      const at = await ctx.store.get('message-keys', id);
      return at && (await ctx.store.get('messages', at));
    },

    async load() {
      const kept = (await ctx.store.list(EARLY)).map(
        ([key, { at = 0 }]) => /** @type {[string, number]} */ ([key, at]),
      );
      for (const [key, at] of kept.sort((a, b) => a[1] - b[1])) early.set(key, at);
    },

    /** @param {string} address @param {string} text @returns {Promise<Message>} */
    async send(address, text) {
      need(text.trim().length > 0, 'generic');
      need(ctx.state.me.status !== 'removed', 'removed');
      if (encode(text).length > MAX_TEXT_BYTES) throw new StarlingError('too-long');
      return ctx.inTurn(async () => {
        need(ctx.contacts.get(address)?.state === 'accepted', 'generic', 'not a contact');
        const letter = ctx.delivery.prepare([{ to: address, type: 'text', content: { text } }]);
        const [{ bodyId: id, created: at }] = letter.items;
        /** @type {Message} */
        const message = { id, with: address, mine: true, text, at, state: 'waiting', why: '' };
        const copies = ctx.delivery.prepare(toOthers('sentCopy', { to: address, id, text, sent: at }));
        const contact = touched(message);
        // Shown, and in the outbox, or neither.
        await ctx.store.batch([...write(message), ...letter.writes, ...copies.writes, ...contact.writes]);
        contact.done();
        letter.admit();
        copies.admit();
        return message;
      });
    },

    messages: (/** @type {string} */ address, /** @type {Place | undefined} */ before, limit = 100) =>
      ofAll([address, ...ctx.moves.earlier(address)], before, limit),
    ofAll,
    readUpTo,

    /** For a person who becomes known here after what was written. @param {string} address @returns {Promise<Partial<import('./context.js').Contact>>} */
    async newest(address) {
      const [message] = await list(address, undefined, 1);
      if (!message) return {};
      const { text, at, mine } = message;
      return { lastAt: at, last: { text: text.slice(0, 200), at, mine } };
    },

    /** @param {string} query @param {string} [address] @returns {Promise<Message[]>} newest last */
    async search(query, address) {
      const plain = (/** @type {string} */ text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
      const wanted = plain(query);
      const all = address
        ? await ofAll([address, ...ctx.moves.earlier(address)], undefined, 20_000)
        : (await ctx.store.list('messages', '', '\uffff', -50_000)).map(
            ([, message]) => /** @type {Message} */ (message),
          );
      return all.filter((message) => plain(message.text).includes(wanted)).slice(-MAX_HITS);
    },

    /** @param {string} address */
    async markRead(address) {
      await ctx.inTurn(async () => {
        const count = ctx.contacts.get(address)?.unread ?? 0;
        if (!count) return;
        const among = await list(address, undefined, Math.min(MAX_READ, count * 3 + 20));
        const read = among.filter((m) => !m.mine).slice(-count);
        const ids = ctx.state.settings.sendReadMarks ? read.map((m) => m.id) : [];
        const receipt = ctx.delivery.owe(address, ids, 2);
        const upTo = read.at(-1)?.at ?? 0;
        const marks = ctx.delivery.prepare(toOthers('readMark', { address, upTo }));
        const told = ctx.own.note(`read ${address}`, timeValue(upTo), { quiet: true });
        const contact = ctx.contacts.changed(address, { unread: 0 });
        await ctx.store.batch([...contact.writes, ...receipt.writes, ...marks.writes, ...told.writes]);
        contact.done();
        told.done();
        receipt.done();
        marks.admit();
      });
    },

    /** One that was given up. @param {string} id */
    async retry(id) {
      await ctx.inTurn(async () => {
        const at = await ctx.store.get('message-keys', id);
        const message = at && /** @type {Message | undefined} */ (await ctx.store.get('messages', at));
        if (message?.state !== 'failed') return;
        const letter = ctx.delivery.prepare([
          { to: whose(message.with), type: 'text', content: { text: message.text }, bodyId: id },
        ]);
        await ctx.store.batch([['messages', at, { ...message, state: 'waiting', why: '' }], ...letter.writes]);
        ctx.contacts.show();
        letter.admit();
      });
    },

    all: async () => (await ctx.store.list('messages')).map(([, message]) => message),
  };
}
