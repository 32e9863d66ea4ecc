// Who is here: our own presence, signed, to each peer; others' by SUBSCRIBE at one of their peers, shown offline only when the other peer says so too.
import { b64u, decode, encode, random } from '../bytes.js';
import { gruu, peerUri } from '../identity/device.js';
import { signPresence, verifyPresence } from '../identity/passport.js';
import { first } from '../sip/message.js';

const EXPIRES_SECONDS = 600;
const REFRESH_MILLIS = 480_000;
const RETRY_MILLIS = 20_000;

/** @typedef {import('./context.js').Context} Context */
/** @typedef {{presence: 'online'|'away'|'busy', note: string, until: number}} Seen */

/** @param {Context} ctx */
export function presence(ctx) {
  /** @type {Map<string, Map<string, Seen | null>>} address -> device -> what it says, null: gone */
  const seen = new Map();
  /** @type {Map<string, {address: string, device: string, path: number}>} by Call-ID */
  const dialogs = new Map();
  /** @type {Map<string, () => void>} */
  const timers = new Map();
  let stop = () => {};

  /** @param {string} availability @param {string} note */
  function pidf(availability, note) {
    const { address, key } = /** @type {import('./context.js').Profile} */ (ctx.profile);
    const activity = availability === 'away' ? '<rpid:away/>' : availability === 'busy' ? '<rpid:busy/>' : '';
    const escaped = note.slice(0, 140).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    return `<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:${address.replace(/[<>&"]/g, '')}"><tuple id="d${key.id.slice(0, 16)}"><status><basic>${availability === 'invisible' ? 'closed' : 'open'}</basic></status>${activity && `<rpid:activities>${activity}</rpid:activities>`}<note>${escaped}</note></tuple></presence>`;
  }

  /** @param {Uint8Array} body @returns {{presence: Seen['presence'], note: string} | null} */
  function read(body) {
    const text = body.length <= 4096 ? decode(body) : '';
    if (!/<basic>open<\/basic>/.test(text)) return null;
    const note =
      /<note>([^<]{0,200})<\/note>/
        .exec(text)?.[1]
        .replace(/&lt;/g, '<')
        .replace(/&gt;/g, '>')
        .replace(/&amp;/g, '&') ?? '';
    return {
      presence: text.includes('<rpid:busy/>') ? 'busy' : text.includes('<rpid:away/>') ? 'away' : 'online',
      note,
    };
  }

  /** Tells each peer how we are; again before the signature ends. */
  async function publish() {
    stop();
    const ua = ctx.ua;
    const profile = ctx.profile;
    if (!ua || !profile) return;
    stop = ctx.timer(REFRESH_MILLIS, () => void publish());
    const note = (await ctx.store.get('me', 'note')) ?? '';
    const body = encode(pidf(ctx.state.me.availability, note));
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
        }),
      ),
    );
  }

  /** @param {string} address @param {string} device @param {number} path  which of the ways to the device */
  async function subscribe(address, device, path) {
    const ua = ctx.ua;
    const contact = ctx.contacts.get(address);
    if (!ua || contact?.state !== 'accepted' || !contact.theirToken) return;
    const target = (await ctx.contacts.targets(address)).find((each) => each.id === device);
    if (!target) return;
    const ways = ctx.delivery.paths(target);
    if (!ways.length) return;
    const { flow, routes } = ways[path % ways.length];
    const callId = b64u(random(15));
    dialogs.set(callId, { address, device, path });
    if (dialogs.size > 5000) dialogs.delete(/** @type {string} */ (dialogs.keys().next().value));
    const outcome = await ua.send(flow, 'SUBSCRIBE', gruu(address, device), {
      routes,
      callId,
      contact: `<${gruu(ua.us.address, ua.us.device)}>`,
      token: contact.theirToken,
      expires: String(EXPIRES_SECONDS),
      more: [
        ['event', 'presence'],
        ['accept', 'application/pidf+xml'],
      ],
      timeout: 5000,
    });
    if (outcome.status !== 200) {
      dialogs.delete(callId);
      if (path + 1 < ways.length) await subscribe(address, device, path + 1);
      else note(address, device, null);
    }
  }

  /** @param {string} address @param {string} device @param {Seen | null} what */
  function note(address, device, what) {
    const devices = seen.get(address) ?? new Map();
    const before = devices.get(device);
    devices.set(device, what);
    seen.set(address, devices);
    if (what && !before) void ctx.delivery.flush(address);
    ctx.contacts.show();
    if (what) {
      const key = `${address} ${device}`;
      timers.get(key)?.();
      timers.set(
        key,
        ctx.timer(Math.max(1000, what.until - ctx.now() + 1000), () => ctx.contacts.show()),
      );
    }
  }

  /** @param {import('../sip/ua.js').Incoming} incoming */
  async function notified({ message, answer }) {
    const dialog = dialogs.get(first(message, 'call-id'));
    if (!dialog) return answer(481, 'Subscription does not exist');
    await answer(200, 'OK');
    const state = first(message, 'subscription-state');
    // The time of an old dialog is over; how things stand, its successor says.
    if (state.startsWith('terminated')) return void dialogs.delete(first(message, 'call-id'));
    if (state.startsWith('pending')) return note(dialog.address, dialog.device, null);
    const signature = first(message, 'starling-signature');
    const until = message.body.length
      ? await verifyPresence(signature, message.body, dialog.address, dialog.device, ctx.now(), ctx.trust())
      : 0;
    const what = until ? read(message.body) : null;
    if (what) return note(dialog.address, dialog.device, { ...what, until });
    // Not here, says one peer: ask the other before anybody is shown offline.
    if (dialog.path === 0) return subscribe(dialog.address, dialog.device, 1);
    note(dialog.address, dialog.device, null);
  }

  /** @param {string} address */
  async function watch(address) {
    timers.get(`watch ${address}`)?.();
    const targets = await ctx.contacts.targets(address).catch(() => []);
    timers.set(
      `watch ${address}`,
      ctx.timer(targets.length ? REFRESH_MILLIS : RETRY_MILLIS, () => void watch(address)),
    );
    await Promise.all(targets.map((target) => subscribe(address, target.id, 0)));
  }

  return {
    publish,
    notified,
    watch: (/** @type {string} */ address) => void watch(address),
    watchAll: () => {
      for (const contact of ctx.contacts.all()) if (contact.state === 'accepted') void watch(contact.address);
    },
    forget(/** @type {string} */ address) {
      timers.get(`watch ${address}`)?.();
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
      stop();
      for (const cancel of timers.values()) cancel();
    },
  };
}
