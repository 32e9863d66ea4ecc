// Who is here: our own presence, signed, to each peer; others' by SUBSCRIBE at one of their peers, shown offline only when the other peer says so too.
import { b64u, encode, random } from '../bytes.js';
import { gruu, peerUri } from '../identity/device.js';
import { PRESENCE_SECONDS, parseToken, signPresence, verifyPresence } from '../identity/passport.js';
import { first } from '../sip/message.js';
import { readPidf, writePidf } from './pidf.js';

/** Of what we say of ourselves: as long as its signature counts. */
const EXPIRES_SECONDS = PRESENCE_SECONDS;
const REFRESH_MILLIS = EXPIRES_SECONDS * 800;
/** Of following others: a flow that ends is noticed anyway, and so is a word that is not said anew. */
const FOLLOW_SECONDS = 1800;
const FOLLOW_MILLIS = 1_440_000;
const RETRY_MILLIS = 20_000;
/** Of a peer that does not know us yet: what lets us through may be on its way to it. Doubled each time. */
const PENDING_MILLIS = 2000;
/** Of a device that was not asked again for so long and speaks, the doubling is forgotten: else one that speaks in between would have us ask every two seconds. */
const CALM_MILLIS = 300_000;
/** A word that has only so long to live should have been said anew before. */
const LATE_MILLIS = 180_000;
const ANSWER_MILLIS = 5000;
const MAX_DIALOGS = 5000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./pidf.js').Said & {until: number}} Seen */
/** path: which of the ways to the device; way: through whom; listed: to a peer that the device itself names @typedef {{address: string, device: string, path: number, way: string, listed: boolean}} Watch */

/** @param {Context} ctx */
export function presence(ctx) {
  /** @type {Map<string, Map<string, Seen | null>>} address -> device -> what it says, null: gone */
  const seen = new Map();
  /** When each device signed what was seen of it last, Unix s: an older word is a replay. @type {Map<string, number>} */
  const signed = new Map();
  /** @type {Map<string, Watch>} by Call-ID */
  const dialogs = new Map();
  /** @type {Map<string, () => void>} */
  const timers = new Map();
  /** How often we asked again for a device whose peers did not know us, and when last, Unix ms; by address and device. @type {Map<string, {times: number, at: number}>} */
  const strange = new Map();
  let stop = () => {};
  let closed = false;

  /** @param {string} name @param {number} millis @param {() => void} task */
  function later(name, millis, task) {
    timers.get(name)?.();
    timers.set(
      name,
      ctx.timer(millis, () => void (timers.delete(name), closed || task())),
    );
  }

  /** @param {string} name */
  function never(name) {
    timers.get(name)?.();
    timers.delete(name);
  }

  /** Tells each peer how we are; again before the signature ends. */
  async function publish() {
    stop();
    const { ua, profile } = ctx;
    if (!ua || !profile || closed) return;
    stop = ctx.timer(REFRESH_MILLIS, () => void publish());
    const note = (await ctx.store.get('me', 'note')) ?? '';
    const body = encode(writePidf(profile.address, profile.key.id, ctx.state.me.availability, note));
    const signature = await signPresence(ctx.signer(), profile.address, profile.key.id, body, ctx.now());
    await Promise.all(
      ua.ready.map((flow) =>
        ua.send(flow, 'PUBLISH', `sip:${flow.peer.sip.replace(/^sip:/, '').split(';')[0]}`, {
          dest: peerUri(flow.peer.id),
          to: `<sip:${profile.address}>`,
          type: 'application/pidf+xml',
          body,
          expires: String(EXPIRES_SECONDS),
          more: [
            ['event', 'presence'],
            ['starling-signature', signature],
          ],
          timeout: ANSWER_MILLIS,
        }),
      ),
    );
  }

  /** @param {string} address @param {string} device @param {number} path */
  async function subscribe(address, device, path) {
    const ua = ctx.ua;
    const contact = ctx.contacts.get(address);
    if (!ua || closed || contact?.state !== 'accepted' || !contact.theirToken || ctx.moves.isMoved(address)) return;
    const target = (await ctx.contacts.targets(address)).find((each) => each.id === device);
    const ways = target ? ctx.delivery.paths(target) : [];
    if (path >= ways.length) return note(address, device, null);
    const { flow, routes } = ways[path];
    const callId = b64u(random(15));
    const way = [flow.peer.id, ...routes].join();
    const listed = routes.length > 0 || !!target?.location?.peers.some((peer) => peer.id === flow.peer.id);
    dialogs.set(callId, { address, device, path, way, listed });
    if (dialogs.size > MAX_DIALOGS) dialogs.delete(/** @type {string} */ (dialogs.keys().next().value));
    const outcome = await ua.send(flow, 'SUBSCRIBE', gruu(address, device), {
      routes,
      callId,
      contact: `<${gruu(ua.us.address, ua.us.device)}>`,
      token: contact.theirToken,
      expires: String(FOLLOW_SECONDS),
      more: [
        ['event', 'presence'],
        ['accept', 'application/pidf+xml'],
      ],
      timeout: ANSWER_MILLIS,
    });
    if (outcome.status === 200) return replaced(callId);
    if (dialogs.delete(callId)) await subscribe(address, device, path + 1);
  }

  /** What was asked before along the same way is over: 481 says so to the peer. @param {string} callId */
  function replaced(callId) {
    const now = dialogs.get(callId);
    if (!now) return;
    for (const [old, { address, device, way }] of dialogs) {
      if (old === callId) return;
      if (address === now.address && device === now.device && way === now.way) dialogs.delete(old);
    }
  }

  /** @param {string} address @param {string} device @param {Seen | null} what */
  function note(address, device, what) {
    const devices = seen.get(address) ?? new Map();
    const before = devices.get(device);
    devices.set(device, what);
    seen.set(address, devices);
    if (what && !before) void ctx.delivery.flush(address, true);
    ctx.contacts.show();
    if (!what) return;
    const left = what.until - ctx.now();
    later(`${address} ${device}`, Math.max(1000, left + 1000), () => ctx.contacts.show());
    // A peer that began anew has forgotten who follows. The other devices are heard, or asked at their own time.
    later(`late ${address} ${device}`, Math.max(RETRY_MILLIS, left - LATE_MILLIS), () => {
      void subscribe(address, device, 0);
    });
  }

  /** That device only: what the others say, they say themselves. @param {string} address @param {string} device */
  function askAgain(address, device) {
    const name = `${address} ${device}`;
    const times = strange.get(name)?.times ?? 0;
    later(`pending ${name}`, Math.min(FOLLOW_MILLIS, PENDING_MILLIS * 2 ** times), () => {
      strange.set(name, { times: times + 1, at: ctx.now() });
      void subscribe(address, device, 0);
    });
  }

  /** @param {string} address @param {string} device */
  function heard(address, device) {
    const name = `${address} ${device}`;
    never(`pending ${name}`);
    if (ctx.now() - (strange.get(name)?.at ?? 0) > CALM_MILLIS) strange.delete(name);
  }

  /** @param {import('../sip/ua.js').Incoming} incoming */
  async function notified({ message, answer }) {
    const callId = first(message, 'call-id');
    const dialog = dialogs.get(callId);
    if (!dialog) return answer(481, 'Subscription does not exist');
    await answer(200, 'OK');
    const { address, device, path, listed } = dialog;
    // The time of an old dialog is over; how things stand, its successor says.
    if (first(message, 'subscription-state').startsWith('terminated')) return void dialogs.delete(callId);
    const what = await genuine(message, address, device);
    if (what) {
      heard(address, device);
      return note(address, device, what);
    }
    // A peer where the device never was says that, too: nothing is on its way there.
    if (listed && first(message, 'subscription-state').startsWith('pending')) askAgain(address, device);
    // Not here, or not for us, says one peer: the others are asked before anybody is shown offline.
    await subscribe(address, device, path + 1);
  }

  /**
   * What the device itself says; null when nothing in the message comes from it, or not lately.
   * @param {import('../sip/message.js').Message} message @param {string} address @param {string} device
   * @returns {Promise<Seen | null>}
   */
  async function genuine(message, address, device) {
    if (!message.body.length) return null;
    const signature = first(message, 'starling-signature');
    const until = await verifyPresence(signature, message.body, address, device, ctx.now(), ctx.trust());
    if (!until) return null;
    const at = Number(parseToken(signature).claims.iat);
    if (at < (signed.get(device) ?? 0)) return null;
    signed.set(device, at);
    const said = readPidf(message.body);
    return said && { ...said, until };
  }

  /** @param {string} address */
  async function watch(address) {
    const contact = ctx.contacts.get(address);
    if (closed || contact?.state !== 'accepted' || ctx.moves.isMoved(address)) return;
    ctx.locator.follow(address, {
      friendsKey: contact.friendsKey,
      how: () => ctx.contacts.howToFind(address),
      changed: () => void watch(address),
    });
    const targets = await ctx.contacts.targets(address).catch(() => []);
    later(`watch ${address}`, targets.length ? FOLLOW_MILLIS : RETRY_MILLIS, () => void watch(address));
    const isThere = (/** @type {string} */ id) => targets.some((target) => target.id === id);
    const devices = seen.get(address);
    for (const id of devices?.keys() ?? []) if (!isThere(id)) devices?.delete(id);
    if (targets.length) drop(address, (id) => !isThere(id));
    await Promise.all(targets.map((target) => subscribe(address, target.id, 0)));
  }

  /** Nothing more is asked of devices. @param {string} address @param {(device: string) => boolean} which */
  function drop(address, which) {
    for (const [callId, each] of dialogs) if (each.address === address && which(each.device)) dialogs.delete(callId);
    for (const name of [...timers.keys(), ...strange.keys()]) {
      const [device, of, what] = name.split(' ').reverse();
      if (of !== address || !which(device)) continue;
      if (what === 'pending') never(name);
      strange.delete(name);
    }
  }

  return {
    publish,
    notified,
    watch: (/** @type {string} */ address) => void watch(address),
    watchAll: () => {
      for (const contact of ctx.contacts.all()) if (contact.state === 'accepted') void watch(contact.address);
    },
    forget(/** @type {string} */ address) {
      never(`watch ${address}`);
      drop(address, () => true);
      seen.delete(address);
    },
    /** The best of a person's devices. @param {string} address @returns {{presence: import('../types.js').Contact['presence'], note: string}} */
    of(address) {
      if (!ctx.ua?.ready.length) return { presence: 'unknown', note: '' };
      const devices = [...(seen.get(address)?.values() ?? [])];
      const here = devices.filter((each) => each && each.until > ctx.now());
      for (const wanted of ['online', 'busy', 'away']) {
        const best = here.find((each) => each?.presence === wanted);
        if (best) return { presence: best.presence, note: best.note };
      }
      return { presence: devices.length ? 'offline' : 'unknown', note: '' };
    },
    close: () => {
      closed = true;
      stop();
      for (const cancel of timers.values()) cancel();
    },
  };
}
