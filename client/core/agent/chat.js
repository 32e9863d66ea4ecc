// Conversations: what was written, in which state it is, and finding it again.
import { encode } from '../bytes.js';
import { need, StarlingError } from '../errors.js';

const MAX_TEXT_BYTES = 16 * 1024;
const MAX_HITS = 200;
const ORDER = ['waiting', 'sent', 'delivered', 'read'];

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../types.js').Message} Message */

/** @param {Context} ctx */
export function chat(ctx) {
  /** @param {Message} message */
  const key = (message) => `${message.with} ${String(message.at).padStart(15, '0')} ${message.id}`;

  /** @param {Message} message */
  async function keep(message) {
    await ctx.store.batch([
      ['messages', key(message), message],
      ['message-keys', message.id, key(message)],
    ]);
  }

  /** @param {string} id @param {Message['state']} state @param {string} [why] */
  async function advance(id, state, why = '') {
    const at = await ctx.store.get('message-keys', id);
    const message = at && /** @type {Message | undefined} */ (await ctx.store.get('messages', at));
    if (!message || !message.mine) return;
    const forward =
      ORDER.indexOf(state) > ORDER.indexOf(message.state) ||
      message.state === 'failed' ||
      state === 'failed' ||
      state === 'waiting';
    if (!forward || (state === 'failed' && message.state !== 'waiting')) return;
    await ctx.store.put('messages', at, { ...message, state, why });
    ctx.contacts.show();
  }

  /** @param {string} address @param {Message} message */
  async function touch(address, message) {
    const contact = ctx.contacts.get(address);
    if (!contact) return;
    contact.lastAt = Math.max(contact.lastAt, message.at);
    contact.last = { text: message.text.slice(0, 200), at: message.at, mine: message.mine };
    if (!message.mine) contact.unread++;
    await ctx.contacts.save(contact);
  }

  ctx.delivery.take('text', async (signer, body) => {
    const contact = ctx.contacts.get(signer.address);
    if (contact?.state !== 'accepted') return false;
    // Shown in the order of arrival among what is later, never from the future.
    const at = Math.min(body.sent, ctx.around.now());
    /** @type {Message} */
    const message = {
      id: body.id,
      with: signer.address,
      mine: false,
      text: body.content.text,
      at,
      state: 'received',
      why: '',
    };
    await keep(message);
    await touch(signer.address, message);
    await ctx.delivery.enqueue(signer.address, 'receipt', { ids: [body.id], state: 1 });
    ctx.emit('message', message);
    return true;
  });

  ctx.delivery.take('receipt', async (signer, body) => {
    for (const id of body.content.ids) {
      const at = /** @type {string | undefined} */ (await ctx.store.get('message-keys', id));
      // A receipt counts only from the person the message went to.
      if (at?.startsWith(`${signer.address} `)) await advance(id, body.content.state === 2 ? 'read' : 'delivered');
    }
    return true;
  });

  ctx.delivery.take('sentCopy', async (signer, body) => {
    if (signer.address !== ctx.profile?.address) return false;
    const { to, id, text, sent } = body.content;
    /** @type {Message} */
    const message = { id, with: to, mine: true, text, at: sent, state: 'sent', why: '' };
    await keep(message);
    await touch(to, message);
    return true;
  });

  ctx.delivery.take('readMark', async (signer, body) => {
    const contact = ctx.contacts.get(body.content.address);
    if (signer.address !== ctx.profile?.address || !contact) return false;
    contact.unread = 0;
    await ctx.contacts.save(contact);
    return true;
  });

  return {
    sent: (/** @type {string} */ id) => advance(id, 'sent'),
    failed: (/** @type {string} */ id) => advance(id, 'failed', ''),

    /** @param {string} address @param {string} text @returns {Promise<Message>} */
    async send(address, text) {
      need(text.trim().length > 0, 'generic');
      if (encode(text).length > MAX_TEXT_BYTES) throw new StarlingError('too-long');
      const contact = ctx.contacts.get(address);
      need(contact?.state === 'accepted', 'generic', 'not a contact');
      const { hex, random } = await import('../bytes.js');
      /** @type {Message} */
      const message = {
        id: hex(random(16)),
        with: address,
        mine: true,
        text,
        at: ctx.around.now(),
        state: 'waiting',
        why: '',
      };
      await keep(message);
      await ctx.delivery.enqueue(address, 'text', { text }, { id: message.id });
      for (const device of ctx.devices.others())
        await ctx.delivery.enqueue(
          /** @type {any} */ (ctx.profile).address,
          'sentCopy',
          { to: address, id: message.id, text, sent: message.at },
          { only: device },
        );
      await touch(address, message);
      return message;
    },

    /** @param {string} address @param {number} [before] @param {number} [limit] @returns {Promise<Message[]>} */
    async messages(address, before, limit = 100) {
      const to = before ? `${address} ${String(before).padStart(15, '0')}` : `${address}!`;
      return (await ctx.store.list('messages', `${address} `, to, -limit)).map(([, message]) => message);
    },

    /** @param {string} query @param {string} [address] @returns {Promise<Message[]>} newest last */
    async search(query, address) {
      const plain = (/** @type {string} */ text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
      const wanted = plain(query);
      const all = address
        ? await ctx.store.list('messages', `${address} `, `${address}!`, -20_000)
        : await ctx.store.list('messages', '', '\uffff', -50_000);
      return all
        .map(([, message]) => /** @type {Message} */ (message))
        .filter((message) => plain(message.text).includes(wanted))
        .slice(-MAX_HITS);
    },

    /** @param {string} address */
    async markRead(address) {
      const contact = ctx.contacts.get(address);
      if (!contact?.unread) return;
      const count = contact.unread;
      contact.unread = 0;
      await ctx.contacts.save(contact);
      const ids = (await this.messages(address, undefined, count * 3 + 20))
        .filter((m) => !m.mine)
        .slice(-count)
        .map((m) => m.id);
      if (ids.length && ctx.state.settings.sendReadMarks)
        await ctx.delivery.enqueue(address, 'receipt', { ids: ids.slice(-200), state: 2 });
    },

    /** @param {string} id */
    async retry(id) {
      const at = await ctx.store.get('message-keys', id);
      const message = at && (await ctx.store.get('messages', at));
      if (!message) return;
      await advance(id, 'waiting');
      await ctx.delivery.enqueue(message.with, 'text', { text: message.text }, { id });
    },

    all: async () => (await ctx.store.list('messages')).map(([, message]) => message),
  };
}
