// Another browser of this address asks to stand on the list of devices, or we do: who asks, who allows, and what the new one is given.
// A code that one device shows and the other is told makes it certain, both ways: docs/protocols/formats.md, section 11.
import { concat, encode, hmac, random, same, unhex } from '../bytes.js';
import { need } from '../errors.js';
import { headOf } from '../record/devices.js';
import { checkCode } from './devices.js';
import { personValue } from './shared.js';

const MAX_ASKING = 8;
const CODE_MILLIS = 600_000;
const CODE_LETTERS = 12;
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const MAX_TRIES = 5;
/** Whoever was refused is not shown again at once. */
const REFUSED_MILLIS = 60_000;

/** @typedef {import('./context.js').Context} Context */

/** Sixty bits, in letters that are not taken for others. */
export const makeCode = () => Array.from(random(CODE_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join('');

/** As typed or pasted; '' when it is none. @param {string} typed */
export function readCode(typed) {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return letters.length === CODE_LETTERS && [...letters].every((letter) => LETTERS.includes(letter)) ? letters : '';
}

/** @param {string} code @param {'add'|'grant'} step @param {string} address @param {...string} devices ids */
export const proofOf = (code, step, address, ...devices) =>
  hmac(encode(code), concat(encode(`starling/1 ${step}\0${address}\0`), ...devices.map(unhex)));

/** @param {Context} ctx */
export function endorsement(ctx) {
  /** @type {Map<string, {spki: Uint8Array<ArrayBuffer>, name: string}>} */
  const asking = new Map();
  /** Devices that we answer although they are not listed: refused or removed. @type {Set<string>} */
  const guests = new Set();
  /** @type {Map<string, number>} */
  const refused = new Map();
  /** The code with which a device was let in, for its answer. @type {Map<string, string>} */
  const known = new Map();
  /** What this device shows. @type {{code: string, until: number, tries: number} | null} */
  let shown = null;
  let stop = () => {};
  /** What this new device was told, and who answered with it. @type {{code: string, until: number} | null} */
  let told = null;
  let admittedBy = '';

  const address = () => ctx.profile?.address ?? '';
  /** What was refused before, when this device had a list of its own, says nothing. Unix ms. */
  let since = 0;
  const self = () => ctx.profile?.key.id ?? '';
  const heard = () => (told && told.until > ctx.now() ? told.code : '');

  /** @param {string} deviceId */
  const withdraw = (deviceId) =>
    ctx.update({ endorsements: ctx.state.endorsements.filter((each) => each.deviceId !== deviceId) });

  /** A genuine proof counts once; whoever guesses has few tries. @param {string} device @param {Uint8Array | undefined} proof */
  async function isProven(device, proof) {
    if (!proof || !shown || shown.until < ctx.now()) return false;
    const { code } = shown;
    if (same(proof, await proofOf(code, 'add', address(), device))) {
      known.set(device, code);
      endShowing();
      return true;
    }
    if (shown && ++shown.tries >= MAX_TRIES) endShowing();
    return false;
  }

  function endShowing() {
    stop();
    shown = null;
    ctx.update({ adding: null });
  }

  ctx.reception.on('endorseRequest', async (signer, body) => {
    const nothing = { writes: [], done() {} };
    const { device, spki } = signer;
    // It did not get our answer.
    if (ctx.devices.hears(device)) return { writes: [], done: () => void grant(device) };
    const { name, proof } = body.content;
    const proven = await isProven(device, proof);
    const recently = (refused.get(device) ?? 0) > ctx.now() - REFUSED_MILLIS;
    if (!proven && (recently || ctx.state.endorsements.length >= MAX_ASKING)) return nothing;
    const code = await checkCode(device, signer.address);
    return {
      // Not remembered: it asks again as long as it waits.
      writes: [],
      done() {
        asking.set(device, { spki, name });
        const { endorsements, notices } = ctx.state;
        ctx.update({ notices: notices.filter((each) => each.id !== `ghost ${device}`) });
        if (proven) return void admit(device, name);
        const request = { deviceId: device, name, checkCode: code, at: ctx.around.now() };
        ctx.update({ endorsements: [...endorsements.filter((each) => each.deviceId !== device), request] });
      },
    };
  });

  /** @param {string} device @param {string} name */
  async function admit(device, name) {
    try {
      await allow(device);
      ctx.notice({
        id: `added ${device}`,
        kind: 'info',
        key: 'device-added',
        args: { name },
        actions: [{ id: 'ok', key: 'device-added.ok', safe: true }],
      });
    } catch (e) {
      console.warn('starling: a new device', e instanceof Error ? e.message : e);
    }
  }

  ctx.reception.on('endorseGrant', async (signer, body) => {
    if (!ctx.profile || signer.address !== address()) return null;
    const { ownKey, friendsKey, version, contacts, ownVersion = 1, proof } = body.content;
    // Whoever knows the code that our other device showed is that device.
    const code = heard();
    const proven = !!code && !!proof && same(proof, await proofOf(code, 'grant', address(), signer.device, self()));
    // Without one it counts only where there is no other list of our address, and once.
    if (!proven && (code || ctx.own.isJoined() || !ctx.devices.isPlain())) return { writes: [], done() {} };
    /** @type {import('./entries.js').Entry[]} */
    const entries = contacts.map((/** @type {any} */ each) => ({
      name: `contact ${each.address}`,
      time: 0,
      value: personValue({ ...each, state: 'accepted', root: '' }),
    }));
    const joined = await ctx.own.join({ ownKey, ownVersion, friendsKey, version }, entries);
    return {
      writes: [...joined.writes, ['me', 'adding', undefined]],
      done() {
        joined.done();
        admittedBy = signer.device;
        ctx.me({ refused: false });
        void ctx.delivery.settled();
      },
    };
  });

  ctx.reception.on('endorseRefusal', async (signer, body) => ({
    writes: [],
    done() {
      if (signer.address !== address() || body.sent < since) return;
      // Off the list, or never on it: what the list itself says counts.
      if (ctx.devices.lists(self())) void ctx.devices.look().catch(() => {});
      else if (!heard()) ctx.me({ refused: true });
    },
  }));

  /** Once at a time to each device. @param {string} device @param {import('../cms/bodies.js').BodyType} type @param {any} content */
  async function once(device, type, content) {
    const to = address();
    if (ctx.delivery.waits((item) => item.only === device && item.type === type)) await ctx.delivery.flush(to);
    else await ctx.delivery.enqueue({ to, type, content, only: device });
  }

  /** @param {string} device */
  async function grant(device) {
    if (!ctx.profile || !ctx.own.isJoined()) return;
    const { ownKey, ownVersion, friendsKey, friendsVersion } = ctx.profile;
    const contacts = ctx.contacts.snapshot();
    const code = known.get(device);
    const proof = code ? await proofOf(code, 'grant', address(), self(), device) : undefined;
    const content = { ownKey, friendsKey, version: friendsVersion, contacts, ownVersion, proof };
    await once(device, 'endorseGrant', content);
    // The grant holds some contacts for a start; the whole comes after it.
    ctx.own.tellAll(device);
  }

  /** @param {string} device */
  async function allow(device) {
    const who = asking.get(device);
    if (!who || !ctx.profile) return;
    asking.delete(device);
    refused.delete(device);
    guests.delete(device);
    withdraw(device);
    await ctx.devices.allow(device, who.spki, who.name);
    // It may have asked again meanwhile.
    asking.delete(device);
    withdraw(device);
    await grant(device);
    await ctx.contacts.hint();
  }

  /** What is not to be said any more. @param {(item: import('./outbox.js').Item) => boolean} which */
  async function takeBack(which) {
    const stale = ctx.delivery.withdraw(which);
    await ctx.inTurn(() => ctx.store.batch(stale.writes));
    stale.drop();
  }

  /** A device that read the list itself, and left, can no longer be told, and need not be. */
  async function excuse() {
    const isGone = (/** @type {import('./outbox.js').Item} */ item) =>
      item.type === 'endorseRefusal' && ctx.devices.hasWithdrawn(item.only);
    if (ctx.delivery.waits(isGone)) await takeBack(isGone);
  }

  return {
    allow,
    guests: () => [...guests].filter((id) => ctx.delivery.waits((item) => item.only === id)),

    /** Before we stand on a list its devices are heard with their answer. @param {string} device @param {import('../cms/bodies.js').BodyType} type */
    mayAnswer: (device, type) =>
      ['endorseGrant', 'endorseRefusal'].includes(type) &&
      !ctx.own.isJoined() &&
      ctx.devices.askable().includes(device),

    /** A list that names us is ours when whoever let us in stands on it, too. @param {import('../record/devices.js').DeviceChain} chain */
    mayJoin: (chain) => (admittedBy ? headOf(chain).devices.has(admittedBy) : ctx.devices.isPlain() && !heard()),

    /** From now on this device wants to stand on another list. */
    beginAnew() {
      const now = ctx.now();
      return {
        writes: [/** @type {import('./outbox.js').Write} */ (['me', 'asks-since', now])],
        done() {
          since = now;
          admittedBy = '';
        },
      };
    },

    /** Asks a listed device to allow this one. @param {string} device */
    async ask(device) {
      const code = heard();
      // Of two lists nobody is asked for nothing but a number: whoever answers would be believed.
      if (!ctx.profile || ctx.state.me.refused || (!code && !ctx.devices.isPlain())) return;
      const proof = code ? await proofOf(code, 'add', address(), self()) : undefined;
      await once(device, 'endorseRequest', {
        name: ctx.around.deviceName.slice(0, 64),
        spki: ctx.profile.key.spki,
        proof,
      });
    },

    /** @param {string} device */
    async refuse(device) {
      asking.delete(device);
      refused.set(device, ctx.now());
      guests.add(device);
      withdraw(device);
      ctx.devices.show();
      await once(device, 'endorseRefusal', {});
    },

    /** Tells a device that it was taken off the list. @param {string} device */
    async dismiss(device) {
      guests.add(device);
      known.delete(device);
      const to = address();
      await takeBack((item) => item.to === to && item.only === device);
      await once(device, 'endorseRefusal', {});
      await excuse();
    },
    excuse,

    /** Shows a code for a new device. */
    show() {
      stop();
      shown = { code: makeCode(), until: ctx.now() + CODE_MILLIS, tries: 0 };
      ctx.update({ adding: { code: shown.code, expires: ctx.around.now() + CODE_MILLIS } });
      stop = ctx.timer(CODE_MILLIS, endShowing);
    },
    hide: endShowing,

    async load() {
      told = (await ctx.store.get('me', 'adding')) ?? null;
      since = (await ctx.store.get('me', 'asks-since')) ?? 0;
    },

    /** What the other device shows; asked anew with it. @param {string} typed */
    async use(typed) {
      const code = readCode(typed);
      need(!!code, 'device-code');
      told = { code, until: ctx.now() + CODE_MILLIS };
      await ctx.store.put('me', 'adding', told);
      await this.askAnew();
    },

    /** After a refusal, or with a code. */
    async askAnew() {
      ctx.me({ refused: false });
      await takeBack((item) => item.type === 'endorseRequest');
      if (ctx.state.me.status === 'waiting-for-device') await ctx.delivery.settled();
    },
  };
}
