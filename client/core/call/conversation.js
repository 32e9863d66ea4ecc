// A call from its answer on: the microphone, the media that connect, are lost and come back.
import { StarlingError } from '../errors.js';
import { Restart } from './restart.js';

const CONNECT_MILLIS = 15_000;
/** For the browser's question whether the microphone may be used, which comes with the first call. */
const ASK_MILLIS = 60_000;
const STATS_MILLIS = 2000;
const BACK_MILLIS = 4000;

/** @typedef {import('./live.js').Live} Live */
/** @typedef {import('./dialog.js').Dialog} Dialog */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */

/**
 * @param {object} around
 * @param {import('../agent/context.js').Context} around.ctx
 * @param {() => Live | null} around.live  the one call
 * @param {(patch: Partial<import('../types.js').Call>) => void} around.change
 * @param {(result: import('../types.js').PastCall['result'], why?: string) => Promise<void>} around.end
 */
export function conversation({ ctx, live, change, end }) {
  /** @returns {import('../types.js').PastCall['result']} */
  const ended = () => (ctx.state.call?.since ? 'answered' : 'failed');

  /** @param {Live} own  the call it belongs to @param {MediaLeg} media */
  function watch(own, media) {
    media.onState((state, info) => {
      if (live() !== own) return;
      if (state !== 'connected') own.broken.add(media);
      else {
        own.broken.delete(media);
        own.connected.add(media);
        if (own.media && own.media !== media) return;
        change({ direct: info.direct });
        run(own);
      }
      if (own.media === media) own.restart?.media(state);
    });
  }

  /**
   * Both answered: the dialog is confirmed.
   * @param {Live} own @param {import('./outgoing.js').OutgoingLeg | import('./line.js').LineLeg | import('./incoming.js').IncomingLeg} leg
   */
  function confirmed(own, leg) {
    own.dialog = /** @type {Dialog} */ (leg.dialog);
    own.media = /** @type {MediaLeg} */ (leg.media);
    own.trickle = leg.trickle;
    if (!own.dialog.peer) own.dialog.others = () => waysTo(own);
    own.restart = new Restart({
      ua: own.dialog.ua,
      timer: ctx.timer,
      dialog: own.dialog,
      media: own.media,
      trickle: leg.trickle,
      caller: !own.incoming,
      takes: leg.takes,
      remote: leg.remote,
      relays: () => ctx.relays.servers(),
      changed: (lost) => void (live() === own && link(own, lost)),
      over: () => void (live() === own && end(ended(), 'call.lost')),
    });
  }

  /** @param {Live} own @param {boolean} lost */
  function link(own, lost) {
    change({ link: lost ? 'lost' : 'back' });
    const said = () => live() === own && ctx.state.call?.link === 'back' && change({ link: '' });
    if (!lost) ctx.timer(BACK_MILLIS, said);
  }

  /** Where the other device can be reached now, when the flow of the call is gone. @param {Live} own */
  async function waysTo(own) {
    const device = own.dialog?.shape.uri.split(';gr=')[1];
    const target = (await ctx.contacts.targets(own.address).catch(() => [])).find((each) => each.id === device);
    const token = ctx.contacts.get(own.address)?.theirToken ?? null;
    return target ? ctx.delivery.paths(target).map((way) => ({ ...way, token })) : [];
  }

  /** Opens the microphone. @param {Live} own @param {MediaLeg} media */
  async function talk(own, media) {
    own.stopTimer();
    own.stopTimer = ctx.timer(ASK_MILLIS, () => void (live() === own && end('failed', 'microphone.blocked')));
    change({ state: 'connecting' });
    // Muted before anything can be heard.
    if (ctx.state.call?.muted) media.mute(true);
    try {
      await media.speak(ctx.state.settings.microphone);
    } catch (e) {
      if (live() === own) await end('failed', e instanceof StarlingError ? e.key : 'microphone.blocked');
      return;
    }
    if (live() !== own) return media.close();
    if (ctx.state.call?.muted) media.mute(true);
    if (ctx.state.call?.state === 'connecting') {
      own.stopTimer();
      own.stopTimer = ctx.timer(CONNECT_MILLIS, () => void (live() === own && end('failed', 'call.media')));
    }
    run(own);
    // The network changed while it rang.
    if (own.broken.has(media)) own.restart?.media('failed');
  }

  /** @param {Live} own */
  function run(own) {
    if (ctx.state.call?.state !== 'connecting' || !own.media || !own.connected.has(own.media)) return;
    own.stopTimer();
    change({ state: 'running', since: ctx.around.now(), quality: 'good' });
    const again = () => (own.stopStats = ctx.timer(STATS_MILLIS, () => void measure()));
    const measure = async () => {
      const now = await own.media?.stats().catch(() => null);
      if (live() !== own) return;
      const call = ctx.state.call;
      // An end that sent before it was named turns out to be a relay.
      if (now && (now.quality !== call?.quality || now.direct !== call?.direct))
        change({ quality: now.quality, direct: now.direct });
      again();
    };
    again();
  }

  return { watch, confirmed, talk };
}
