// Ordinary SIP domains: people of whom nothing is known but an address, reached as by telephone through a peer of ours, not verified and in the
// clear. What may go there is decided here, whatever the peer says. docs/protocols/classic.md, section 3.
import { encode, hex, random } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { addressOfUri, parseAddress, sipUri } from '../identity/address.js';
import { first, parameter, uriOf } from '../sip/message.js';
import { lineOutcome } from '../call/line.js';

const TABLE = 'lines';
const WAITING = 'line-waiting';
const SEQUENCES = 'sequences';
const MAX_LINES = 500;
const MAX_TEXT_BYTES = 16 * 1024;
/** Being judged at once; more are told to come later. */
const MAX_JUDGED = 20;
const MAX_NAME = 64;
const TEXT_MILLIS = 32_000;
/** Whoever can be looked up leaves these. */
const KINDS = ['CERT', 'DEVICES', 'LOCATION'];

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../sip/flow.js').Flow} Flow */
/** agreed: the server to which the person agreed for good, '' for none
 * @typedef {{address: string, agreed: string, lastAt: number, unread: number, last: {text: string, at: number, mine: boolean} | null}} Line */
/** @typedef {'nobody'|'known'|'found'|'forged'|'unreachable'} Whom  nobody: several peers say that nothing lies there, and nothing ever did */

/** name: as they say themselves; server: that brings it and can listen @typedef {{address: string, name: string, server: string}} Caller */

/** What From says somebody is called, in one line. @param {string} from @returns {string} */
function nameIn(from) {
  const quoted = /^\s*"((?:[^"\\]|\\.)*)"\s*</.exec(from)?.[1].replace(/\\(.)/g, '$1');
  const name = quoted ?? /^([^<"]*)</.exec(from)?.[1] ?? '';
  return name
    .replace(/[^ -~]/g, '')
    .trim()
    .slice(0, MAX_NAME);
}

/** @param {Context} ctx */
export function lines(ctx) {
  /** @type {Map<string, Line>} */
  const book = new Map();
  /** Servers to which the person agreed in this session: for one call, and for texts. @type {Map<string, {server: string, call: boolean}>} */
  const agreed = new Map();

  const isContact = (/** @type {string} */ address) =>
    ['waiting', 'accepted'].includes(ctx.contacts.get(address)?.state ?? '');

  /** Whether anything of this address was ever verified here. @param {string} address */
  async function wasVerified(address) {
    const { chain, changed, root, theirToken } = ctx.contacts.get(address) ?? {};
    if (chain || changed || root || theirToken) return true;
    for (const kind of KINDS) {
      const seen = await ctx.store.list(SEQUENCES, `${kind} ${address} `, `${kind} ${address}!`, 1);
      if (seen.length) return true;
    }
    return false;
  }

  /** The downgrade rule. @param {string} address @returns {Promise<{whom: Whom, asked: number}>} */
  async function whom(address) {
    const known = { whom: /** @type {Whom} */ ('known'), asked: 0 };
    if (address === ctx.profile?.address || isContact(address) || ctx.contacts.blocked(address)) return known;
    if (await wasVerified(address)) return known;
    const found = await ctx.locator.find(address, { fresh: true, whole: true });
    const asked = found.asked ?? 0;
    if (found.kind !== 'absent') return { whom: found.kind, asked };
    // One peer may lie, and another one that would contradict it may be kept away.
    if (asked < Math.min(2, ctx.peers.known.size)) return { whom: 'unreachable', asked };
    return (await wasVerified(address)) ? known : { whom: 'nobody', asked };
  }

  /** Whether that peer does so for people of our domain. @param {string} base */
  const carries = (base) => !!ctx.peers.known.get(base)?.classic?.includes(ctx.profile?.address.split('@')[1] ?? '');

  /** @returns {{flow: Flow, server: string} | null} */
  function way() {
    const flow = ctx.ua?.ready.find(({ peer }) => carries(peer.base));
    return flow ? { flow, server: nameOf(flow) } : null;
  }

  const nameOf = (/** @type {Flow} */ flow) => new URL(flow.peer.base).host;

  let judged = 0;
  /** Who calls or writes, when that one may be heard; null: not, or the look-up failed. @param {import('../sip/message.js').Message} message @param {Flow} flow @returns {Promise<Caller | null>} */
  async function caller(message, flow) {
    if (judged >= MAX_JUDGED) return null;
    judged++;
    try {
      const from = first(message, 'from');
      const address = addressOfUri(uriOf(from));
      const { whom: is } = await whom(address);
      return is === 'nobody' ? { address, name: nameIn(from), server: nameOf(flow) } : null;
    } catch {
      return null;
    } finally {
      judged--;
    }
  }

  /** @param {string} typed @returns {Promise<{address: string, flow: Flow, server: string, asked: number}>} */
  async function reach(typed) {
    const address = parseAddress(typed);
    const along = way();
    if (!along || !address.includes('@')) throw new StarlingError('line.none');
    const { whom: is, asked } = await whom(address);
    if (is !== 'nobody')
      throw new StarlingError(is === 'unreachable' ? 'line.look-up' : `line.${is}`, { name: address });
    return { address, ...along, asked };
  }

  /** @param {string} address */
  const isAgreed = (address, /** @type {string} */ server) =>
    book.get(address)?.agreed === server || agreed.get(address)?.server === server;

  /** @param {string} address @param {Partial<Line>} patch @param {import('./outbox.js').Write[]} [more]  in the same batch */
  async function change(address, patch, more = []) {
    const blank = { address, agreed: '', lastAt: ctx.now(), unread: 0, last: null };
    const line = { ...(book.get(address) ?? blank), ...patch };
    /** @type {import('./outbox.js').Write[]} */
    const writes = [...more, [TABLE, address, line]];
    if (!book.has(address) && book.size >= MAX_LINES) {
      // What the person agreed to stays longest: strangers must not push it out.
      const [oldest] = [...book.values()].sort(
        (a, b) => Number(!!a.agreed) - Number(!!b.agreed) || a.lastAt - b.lastAt,
      );
      book.delete(oldest.address);
      writes.push([TABLE, oldest.address, undefined]);
    }
    book.set(address, line);
    await ctx.store.batch(writes);
    ctx.contacts.show();
  }

  /** @param {Message} message @returns {Promise<void>} */
  async function keep(message) {
    const line = book.get(message.with);
    const last = { text: message.text.slice(0, 200), at: message.at, mine: message.mine };
    const unread = (line?.unread ?? 0) + (message.mine ? 0 : 1);
    await change(message.with, { last, lastAt: message.at, unread }, ctx.chat.written(message));
  }

  /** @param {Message} message @param {Flow} flow */
  async function deliver(message, flow) {
    const { status } = await /** @type {import('../sip/ua.js').UserAgent} */ (ctx.ua).send(
      flow,
      'MESSAGE',
      sipUri(message.with),
      { type: 'text/plain;charset=utf-8', body: encode(message.text), timeout: TEXT_MILLIS },
    );
    const sent = status >= 200 && status < 300;
    const done = sent ? { state: 'sent', why: '' } : { state: 'failed', why: lineOutcome(status) };
    await ctx.inTurn(() => settle({ ...message, .../** @type {Partial<Message>} */ (done) }));
  }

  /** @param {Message} message */
  const settle = async (message) => {
    await ctx.store.batch([...ctx.chat.written(message), [WAITING, message.id, undefined]]);
    ctx.contacts.show();
  };

  return {
    /** Rows of the list with when something happened there last, without people who are contacts by now. @returns {{at: number, row: import('../types.js').Contact}[]} */
    rows: () =>
      [...book.values()]
        .filter(({ address }) => !isContact(address))
        .map(({ address, agreed: server, lastAt: at, unread, last }) => ({
          at,
          row: {
            address,
            name: '',
            state: 'line',
            presence: 'unknown',
            note: '',
            trust: 'unverified',
            unread,
            last,
            agreed: server,
          },
        })),

    /**
     * What the person is to be asked before something goes to this address. Throws when nothing may, or there is no way.
     * @param {string} typed @returns {Promise<import('../types.js').LineOffer>}
     */
    async offer(typed) {
      const { address, server, asked } = await reach(typed);
      return {
        address,
        server,
        domain: address.split('@')[1],
        asked,
        agreed: isAgreed(address, server),
        always: book.get(address)?.agreed === server,
      };
    },

    /** The person agreed to that server, for one call and the texts of this session, or for good. @param {string} typed @param {string} server @param {boolean} always */
    async agree(typed, server, always) {
      const address = parseAddress(typed);
      agreed.set(address, { server, call: true });
      await ctx.inTurn(() => change(address, always ? { agreed: server } : {}));
    },

    /** From now on the person is asked again. @param {string} address */
    async disagree(address) {
      agreed.delete(address);
      if (book.has(address)) await ctx.inTurn(() => change(address, { agreed: '' }));
    },

    /** @param {string} address */
    async remove(address) {
      agreed.delete(address);
      await ctx.inTurn(async () => {
        book.delete(address);
        await ctx.store.delete(TABLE, address);
        ctx.contacts.show();
      });
    },

    /** @param {string} typed */
    async call(typed) {
      const { address, flow, server } = await reach(typed);
      const once = agreed.get(address);
      need(book.get(address)?.agreed === server || (once?.server === server && once.call), 'line.ask');
      if (once) once.call = false;
      await ctx.inTurn(() => change(address, { lastAt: ctx.now() }));
      await ctx.calls.callLine(address, flow, server);
    },

    /** @param {string} typed @param {string} text @param {string} [again]  id of the one that failed @returns {Promise<Message>} */
    async write(typed, text, again = '') {
      need(text.trim().length > 0, 'generic');
      if (encode(text).length > MAX_TEXT_BYTES) throw new StarlingError('too-long');
      const { address, flow, server } = await reach(typed);
      need(isAgreed(address, server), 'line.ask');
      const id = again || hex(random(16));
      const at = (again && (await ctx.chat.byId(again))?.at) || ctx.now();
      /** @type {Message} */
      const message = { id, with: address, mine: true, text, at, state: 'waiting', why: '', line: true };
      await ctx.inTurn(async () => {
        await ctx.store.put(WAITING, id, 1);
        await keep(message);
      });
      void deliver(message, flow).catch((e) => console.warn('starling: a text', e instanceof Error ? e.message : e));
      return message;
    },

    /** @param {string} address */
    async markRead(address) {
      if (book.get(address)?.unread) await ctx.inTurn(() => change(address, { unread: 0 }));
    },

    has: (/** @type {string} */ address) => book.has(address),

    carries,
    caller,

    /** Whether a request that nobody signed is heard: within a call that a peer carries, or anew where the person wants that. @param {import('../sip/message.js').Message} message @param {Flow} flow */
    takes(message, flow) {
      if (ctx.calls.isAlongPeer(message, flow)) return true;
      const begins = !parameter(first(message, 'to'), 'tag') && message.method !== 'INFO';
      return begins && ctx.state.settings.linesRing && carries(flow.peer.base);
    },

    /** A text, which a peer brings. @param {import('../sip/ua.js').Incoming} incoming */
    async received({ message, flow, answer }) {
      if (!/^text\/plain\s*(;|$)/i.test(first(message, 'content-type')))
        return answer(415, 'Unsupported Media Type', [['accept', 'text/plain']]);
      if (message.body.length > MAX_TEXT_BYTES) return answer(413, 'At most 16 KiB');
      let text;
      try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(message.body);
      } catch {
        return answer(400, 'The text is not UTF-8');
      }
      const from = await caller(message, flow);
      if (!from) return answer(403, 'Send a contact request');
      /** @type {Message} */
      const shown = {
        id: hex(random(16)),
        with: from.address,
        mine: false,
        text,
        at: ctx.now(),
        state: 'received',
        why: '',
        line: true,
      };
      await ctx.inTurn(() => keep(shown));
      ctx.emit('message', shown);
      await answer(200, 'OK');
    },

    async load() {
      for (const [address, line] of await ctx.store.list(TABLE)) book.set(address, line);
      // The page was closed before their server answered: nobody knows.
      for (const [id] of await ctx.store.list(WAITING)) {
        const message = await ctx.chat.byId(id);
        if (message?.state === 'waiting') await settle({ ...message, state: 'failed', why: 'line.interrupted' });
      }
    },
  };
}
