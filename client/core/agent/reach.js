// Being reachable: flows to the peers, and whatever follows from them, brought up to date whenever one comes or goes.
import { UserAgent } from '../sip/ua.js';

/** So long the first flow waits for the second before it acts alone. */
const SETTLE_MILLIS = 150;
const FIRST_AGAIN_MILLIS = 1000;
const LAST_AGAIN_MILLIS = 60_000;
const UNREAD_MILLIS = 5_000;
/** So long none of our peers answers before others are looked for. */
const LOST_MILLIS = 600_000;
/** While all is well, the record is read back again, one of its places at a time. */
const CHECK_MILLIS = 1_440_000;

/** @param {import('./context.js').Context} ctx */
export function reachability(ctx) {
  let cancelSoon = () => {};
  /** @type {Promise<void>} */
  let settling = Promise.resolve();
  let waiting = false;
  let again = FIRST_AGAIN_MILLIS;
  let checks = 0;
  let cancelCheck = () => {};
  /** @type {(() => void) | null} */
  let cancelLost = null;
  let closed = false;

  function connect() {
    const { address, name, key, chain } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    if (ctx.ua || !chain.length) return;
    ctx.me({ address, name, deviceId: key.id, status: 'connecting' });
    const ua = new UserAgent(
      { address, device: key.id, signer: ctx.signer() },
      {
        webSocket: ctx.around.webSocket,
        timer: ctx.timer,
        now: ctx.around.now,
        steady: ctx.around.steady,
        peersToAgree: () => (ctx.local() ? 1 : Math.min(2, ctx.peers.known.size)),
        trust: ctx.trust,
        registered: () => {
          soon();
          ctx.calls.hurry();
        },
        // A peer that is away and tried again and again is no news.
        lost: (_, was) => (was || !ctx.ua?.ready.length) && soon(),
        clock: (wrong) => (wrong ? ctx.me({ status: 'clock' }) : soon()),
      },
    );
    ctx.ua = ua;
    ua.unsigned = ctx.lines.takes;
    ua.handlers.set('MESSAGE', (incoming) => (incoming.signer ? ctx.reception : ctx.lines).received(incoming));
    ua.handlers.set('NOTIFY', ctx.presence.notified);
    ua.handlers.set('INVITE', ctx.calls.received);
    ua.handlers.set('CANCEL', ctx.calls.cancelled);
    ua.handlers.set('BYE', ctx.calls.ended);
    ua.handlers.set('INFO', ctx.calls.informed);
    ua.handlers.set('ACK', ctx.calls.acknowledged);
    for (const peer of ctx.peers.known.values()) ua.connect(peer);
    // Where we are about to be can be said while the flows open: a round trip or two less until we are reachable.
    if (ctx.devices.lists(key.id)) ctx.devices.publishAll().catch(() => {});
    ctx.reception.tidy().catch((e) => console.warn('starling: tidying', e));
  }

  /** With a new certificate. The old flows end first, or their sign-off would end the new ones. */
  async function reconnect() {
    const before = ctx.ua;
    ctx.ua = null;
    await before?.close();
    ctx.devices.stale();
    connect();
  }

  function soon() {
    cancelSoon();
    const all = ctx.ua?.ready.length === ctx.ua?.flows.size;
    cancelSoon = ctx.timer(all ? 0 : SETTLE_MILLIS, () => void settle());
  }

  /** Brings the world up to date with our flows; one run at a time, and one more when something changed meanwhile. */
  function settle() {
    if (waiting) return settling;
    waiting = true;
    settling = settling
      .then(() => {
        waiting = false;
        return settleNow();
      })
      .catch(warn);
    return settling;
  }

  async function settleNow() {
    if (closed || !ctx.ua || ctx.ua.clock.isWrong) return;
    if (!ctx.ua.ready.length) {
      lost();
      ctx.contacts.show();
      const status = ctx.state.me.status === 'connecting' ? 'connecting' : 'offline';
      return ctx.me({ status, detail: 'no server answers' });
    }
    cancelLost?.();
    cancelLost = null;
    ctx.peers.hearOfOthers().catch(warn);
    if (!(await ctx.devices.settle())) {
      if (!['waiting-for-device', 'removed'].includes(ctx.state.me.status))
        ctx.me({ status: 'connecting', detail: 'the store does not answer' });
      return;
    }
    ctx.presence.watchAll();
    if (ctx.around.media) ctx.relays.prepare();
    await ctx.own.ready();
    void ctx.delivery.flushAll();
    void ctx.boxes.look();
    ctx.logs.look();
    await Promise.all([readBack(), ctx.contacts.publishConsent(), ctx.presence.publish()]);
  }

  /** Peers come and go: others may serve us as well. */
  function lost() {
    cancelLost ??= ctx.timer(LOST_MILLIS, () => {
      cancelLost = null;
      if (!closed && !ctx.ua?.ready.length) ctx.peers.findOthers().catch(warn).finally(lost);
    });
  }

  /** Only what is read back, through another peer where there is one, counts as reachable. */
  async function readBack() {
    if (!isThere()) return;
    cancelCheck();
    const written = await ctx.devices.publishAll();
    await judge(written, await ctx.locator.readBack(written));
  }

  const isThere = () => !closed && !!ctx.ua?.ready.length && !ctx.ua.clock.isWrong;

  /** @param {number} millis @param {() => unknown} what */
  function later(millis, what) {
    cancelCheck();
    cancelCheck = ctx.timer(millis, () => {
      settling = settling.then(async () => void (await what())).catch(warn);
    });
  }

  /** @param {import('../locate/locator.js').Written} written @param {import('../locate/locator.js').ReadBack} read */
  async function judge(written, { kept, shown, told, missed }) {
    const ready = ctx.ua?.ready.length ?? 0;
    if (!ready) return soon();
    const all = ctx.peers.known.size;
    if (kept.size === 0) {
      // Where nobody told what lies there, or only who took it while another is away, it may well lie there: to publish it once more would make slow peers slower.
      if (written.length && (!told || (missed && shown.size))) later(Math.max(UNREAD_MILLIS, again), readBack);
      else later(again, () => (ctx.devices.stale(), void settle()));
      again = Math.min(LAST_AGAIN_MILLIS, again * 2);
      // Flows work without the store: contacts go on from memory, new look-ups do not.
      const detail =
        shown.size && ready < all
          ? 'the other server does not answer'
          : 'your record could not be read back: people who do not know you yet cannot find you';
      return ctx.me({ status: 'one-server', detail });
    }
    again = FIRST_AGAIN_MILLIS;
    const detail =
      all === 1
        ? 'one server only'
        : ready < all
          ? 'the other server does not answer'
          : kept.size < all && !missed
            ? 'one server does not keep your record'
            : '';
    ctx.me({ status: ready > 1 ? 'online' : 'one-server', detail });
    later(CHECK_MILLIS * (0.8 + Math.random() * 0.4), check);
  }

  /** What was there may have gone: then it is published anew, and said honestly until it is back. */
  async function check() {
    if (!isThere()) return;
    const written = await ctx.devices.publishAll();
    const keys = [...new Set(written.map((each) => each.key))];
    const one = keys[checks++ % Math.max(1, keys.length)];
    const read = await ctx.locator.readBack(written.filter((each) => each.key === one));
    const all = ctx.ua?.flows.size === ctx.ua?.ready.length && !read.missed;
    const lost = all && read.kept.size < ctx.peers.known.size;
    if (!lost) return judge(written, read);
    ctx.devices.stale();
    await judge(written, read);
    if (read.kept.size) await readBack();
  }

  /** Not one of this person's devices any more. */
  async function leave() {
    cancelCheck();
    const before = ctx.ua;
    ctx.ua = null;
    await before?.close();
    ctx.contacts.show();
  }

  return {
    connect,
    leave,
    soon,
    settle,
    reconnect,
    close() {
      closed = true;
      cancelSoon();
      cancelCheck();
      cancelLost?.();
    },
  };
}

/** @param {unknown} e */
const warn = (e) => console.warn('starling: settling', e instanceof Error ? e.message : e);
