// What the devices of this person share: contacts, consent, settings, what was read and answered. Each keeps all of it, entry by entry, and tells the others
// of changes; whoever was away is brought up to date by comparing digests. docs/protocols/formats.md, section 10.
import { random, same } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { compare } from '../identity/der.js';
import { differing, digests, pieces, Register } from './entries.js';
import { formerKeys } from './friends-keys.js';
import { flagValue, keyValue, personValue, readEntry, SETTINGS, textValue } from './shared.js';

const TABLE = 'own';
/** Changes that come together are told together. */
const TELL_MILLIS = 300;
/** An entries message must also fit into a record that waits for a device which is away. */
const MESSAGE_BYTES = 16_000;
const MESSAGE_ENTRIES = 400;
/** What was there before anybody kept entries: every change is later. */
const BEFORE = 1;
const NOTHING = new Uint8Array(0);

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./reception.js').Change} Change */
/** @typedef {import('./entries.js').Entry} Entry */

/** @param {Change[]} changes @returns {Change} */
export const together = (...changes) => ({
  writes: changes.flatMap((each) => each.writes),
  done: () => changes.forEach((each) => each.done()),
});
/** @returns {Change} */
export const nothing = () => ({ writes: [], done() {} });

/** @param {Context} ctx */
export function ownEntries(ctx) {
  const register = new Register();
  /** @type {Set<string>} */
  let untold = new Set();
  let stop = () => {};
  /** Devices to which our summary went since we are here. @type {Set<string>} */
  const greeted = new Set();
  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);
  /** Before another device gave us the keys, there is nothing to share. */
  const isJoined = () => !!ctx.profile && ctx.profile.ownVersion > 0;

  /**
   * A change of something shared: nothing when it says what is known already. Its writes belong into the batch of what it comes from.
   * @param {string} name @param {Uint8Array | null} value  null: taken away @param {{time?: number, quiet?: boolean}} [how]  quiet: the others learn it in another way, too @returns {Change}
   */
  function note(name, value, how = {}) {
    const old = register.get(name);
    const next = /** @type {Uint8Array<ArrayBuffer>} */ (value ?? NOTHING);
    if (!isJoined() || (old ? same(old.value, next) : !next.length)) return nothing();
    const entry = { name, value: next, time: how.time ?? Math.max(ctx.now(), (old?.time ?? 0) + 1) };
    return {
      writes: [[TABLE, name, entry]],
      done() {
        register.set(entry);
        ctx.sync.changed();
        if (how.quiet) return;
        untold.add(name);
        stop();
        stop = ctx.timer(TELL_MILLIS, tell);
      },
    };
  }

  function tell() {
    const names = untold;
    untold = new Set();
    const entries = register.all().filter((entry) => names.has(entry.name));
    for (const id of ctx.devices.others()) send(id, entries);
  }

  /** @param {string} only @param {import('../cms/bodies.js').BodyType} type @param {any} content @returns {import('./outbox.js').Wish} */
  const wish = (only, type, content) => ({ to: profile().address, type, content, only });

  /** @param {import('./outbox.js').Wish[]} wishes */
  const enqueue = (wishes) =>
    void (
      wishes.length &&
      ctx.delivery
        .enqueue(...wishes)
        .catch((e) => console.warn('starling: own devices', e instanceof Error ? e.message : e))
    );

  /** @param {string} id @param {Entry[]} entries */
  const send = (id, entries) =>
    enqueue(pieces(entries, MESSAGE_BYTES, MESSAGE_ENTRIES).map((each) => wish(id, 'entries', { entries: each })));

  /** @param {1|2} state */
  const summary = (state) => ({ version: profile().ownVersion, digests: digests(register.all()), state });

  /** What another device holds becomes ours where it is later. @param {Entry[]} offered @param {Partial<import('./context.js').Profile>} [keys] @returns {Promise<Change>} */
  async function merge(offered, keys = {}) {
    const news = register.news(offered, ctx.now());
    const { changes, patch } = await applied(ctx, news.flatMap(understood));
    const next = { ...patch, ...keys };
    const before = profile().friendsKey;
    return {
      writes: [
        ...news.map((entry) => /** @type {import('./outbox.js').Write} */ ([TABLE, entry.name, entry])),
        ...changes.writes,
        ...(Object.keys(next).length ? [profileWith(next)] : []),
      ],
      done() {
        for (const entry of news) register.set(entry);
        Object.assign(profile(), next);
        changes.done();
        if (patch.name !== undefined) ctx.me({ name: patch.name });
        if (patch.friendsKey) ctx.devices.moveLocation(before).catch(() => {});
      },
    };
  }

  /** @param {Partial<import('./context.js').Profile>} patch @returns {import('./outbox.js').Write} */
  const profileWith = (patch) => ['me', 'profile', { ...profile(), ...patch }];

  const isOurs = (/** @type {{address: string}} */ signer) => signer.address === ctx.profile?.address && isJoined();

  ctx.reception.on('entries', async (signer, body) => (isOurs(signer) ? merge(body.content.entries) : null));

  ctx.reception.on('ownKey', async (signer, body) => {
    if (!isOurs(signer)) return null;
    const { ownKey, version } = body.content;
    const { ownKey: ours, ownVersion } = profile();
    // Two that changed it at once end with the same one.
    if (version < ownVersion || (version === ownVersion && compare(ownKey, ours) <= 0)) return nothing();
    return keyed(ownKey, version);
  });

  ctx.reception.on('summary', async (signer, body) => {
    if (!isOurs(signer)) return null;
    const { version, state, digests: theirs } = body.content;
    const { any, entries } = differing(register.all(), theirs);
    return {
      writes: [],
      done() {
        if (version < profile().ownVersion) tellKey([signer.device]);
        if (any) send(signer.device, entries);
        if (state === 1 && (any || version > profile().ownVersion))
          enqueue([wish(signer.device, 'summary', summary(2))]);
      },
    };
  });

  /** @param {Uint8Array} ownKey @param {number} ownVersion @returns {Change} */
  function keyed(ownKey, ownVersion) {
    return {
      writes: [profileWith({ ownKey, ownVersion })],
      done() {
        Object.assign(profile(), { ownKey, ownVersion });
        ctx.sync.changed();
      },
    };
  }

  /** @param {string[]} ids */
  const tellKey = (ids) =>
    enqueue(ids.map((id) => wish(id, 'ownKey', { ownKey: profile().ownKey, version: profile().ownVersion })));

  /** What is there and has no entry yet. @returns {Change} */
  function seeds() {
    const { name, friendsKey, friendsVersion } = profile();
    const all = [
      note('friends', keyValue(friendsKey, friendsVersion), { time: friendsVersion }),
      ...(name ? [seed('name', () => textValue(name))] : []),
      ...SETTINGS.map((each) => seed(`setting ${each}`, () => flagValue(ctx.state.settings[each]))),
      ...ctx.contacts.all().map((contact) => seed(`contact ${contact.address}`, () => personValue(contact))),
      ...ctx.state.blocked.map((address) => seed(`blocked ${address}`, () => flagValue(true))),
    ];
    return together(...all);
  }
  /** @param {string} name @param {() => Uint8Array} value */
  const seed = (name, value) => (register.get(name) ? nothing() : note(name, value(), { time: BEFORE, quiet: true }));

  return {
    note,
    merge,
    isJoined,
    tellKey,
    /** @param {string} name */
    get: (name) => register.get(name),
    all: () => register.all(),

    async load() {
      for (const [, entry] of await ctx.store.list(TABLE)) register.set(entry);
      // Whoever stood on a list before there were versions has the keys already.
      if (ctx.profile && ctx.profile.ownVersion === undefined)
        ctx.profile.ownVersion = ctx.devices.lists(ctx.profile.key.id) ? 1 : 0;
    },

    /** This device stands on the list: it greets each of the others once. */
    async ready() {
      if (!isJoined()) return;
      await ctx.inTurn(async () => {
        const all = seeds();
        const old = register.stale(ctx.now());
        await ctx.store.batch([
          ...all.writes,
          ...old.map((name) => /** @type {import('./outbox.js').Write} */ ([TABLE, name, undefined])),
        ]);
        all.done();
        old.forEach(register.drop);
      });
      const strangers = ctx.devices.others().filter((id) => !greeted.has(id));
      strangers.forEach((id) => greeted.add(id));
      enqueue(strangers.map((id) => wish(id, 'summary', summary(1))));
      ctx.sync.start();
    },

    /** The first device of an address, or of a list begun anew, makes the keys. @returns {Promise<void>} */
    begin: () =>
      ctx.inTurn(async () => {
        const change = keyed(random(32), 1);
        await ctx.store.batch(change.writes);
        change.done();
      }),

    /** Not one of these devices any more, or not yet again: the keys count nothing until another device gives us its own. @returns {Change} */
    leave: () => (ctx.profile ? keyed(profile().ownKey, 0) : nothing()),

    /**
     * Another device let us in and gave us its keys.
     * @param {{ownKey: Uint8Array, ownVersion: number, friendsKey: Uint8Array<ArrayBuffer>, version: number}} keys @param {Entry[]} entries @returns {Promise<Change>}
     */
    async join({ ownKey, ownVersion, friendsKey, version }, entries) {
      const entry = { name: 'friends', value: keyValue(friendsKey, version), time: version };
      const rest = entries.filter((each) => each.name !== 'friends');
      // Contacts who were told the key that we had until now leave messages under it.
      const former = ctx.devices.isGivingWay() ? { formerKeys: formerKeys(profile(), ctx.now()) } : {};
      const merged = await merge(rest, { ownKey, ownVersion, friendsKey, friendsVersion: version, ...former });
      return {
        writes: [...merged.writes, [TABLE, entry.name, entry]],
        done() {
          register.set(entry);
          merged.done();
        },
      };
    },

    /** Everything, for a device that is new; it finds the same in the DHT, should it miss what it is told. @param {string} id */
    tellAll(id) {
      greeted.add(id);
      send(id, register.all());
      ctx.sync.changed();
    },

    /** Whoever is gone must not read what comes. @returns {Promise<void>} */
    async rotate() {
      await ctx.inTurn(async () => {
        const change = keyed(random(32), profile().ownVersion + 1);
        await ctx.store.batch(change.writes);
        change.done();
      });
      tellKey(ctx.devices.others());
    },

    close: () => stop(),
  };
}

/** Kept and passed on even when not understood: a newer version of us may know it. @param {Entry} entry @returns {import('./shared.js').Said[]} */
function understood(entry) {
  try {
    return [readEntry(entry)];
  } catch (e) {
    if (!(e instanceof StarlingError)) throw e;
    return [];
  }
}

/**
 * What entries mean for the rest of the agent.
 * @param {Context} ctx @param {import('./shared.js').Said[]} said @returns {Promise<{changes: Change, patch: Partial<import('./context.js').Profile>}>}
 */
async function applied(ctx, said) {
  /** @type {Map<string, import('./shared.js').Person | null>} */
  const people = new Map();
  /** @type {Change[]} */
  const changes = [];
  /** @type {Partial<import('../types.js').Settings>} */
  const settings = {};
  /** @type {Partial<import('./context.js').Profile>} */
  const patch = {};
  for (const each of said)
    switch (each.kind) {
      case 'contact':
        people.set(each.address, each.person);
        break;
      case 'blocked':
        changes.push(ctx.contacts.hide(each.address, each.on));
        break;
      case 'answered':
        changes.push(ctx.requests.answered(each.address, each.at));
        break;
      case 'moved':
        changes.push(ctx.moves.take(each.address, each, true));
        break;
      case 'uses':
        changes.push({ writes: [], done: () => ctx.update({}) });
        break;
      case 'moving':
        changes.push({ writes: [], done: () => ctx.moving() });
        break;
      case 'setting':
        settings[each.setting] = each.on;
        break;
      case 'name':
        patch.name = each.text;
        break;
      case 'friends':
        Object.assign(patch, { friendsKey: each.key, friendsVersion: each.version });
        // What was left under the one before is still read.
        if (ctx.profile) Object.assign(patch, { formerKeys: formerKeys(ctx.profile, ctx.now()) });
    }
  if (people.size) changes.push(await ctx.contacts.take(people));
  for (const each of said) if (each.kind === 'read') changes.push(await ctx.chat.readUpTo(each.address, each.at));
  if (Object.keys(settings).length) changes.push(set(ctx, settings));
  return { changes: together(...changes), patch };
}

/** @param {Context} ctx @param {Partial<import('../types.js').Settings>} settings @returns {Change} */
const set = (ctx, settings) => ({
  writes: [['me', 'settings', { ...ctx.state.settings, ...settings }]],
  done() {
    ctx.update({ settings: { ...ctx.state.settings, ...settings } });
    if ('strangersRing' in settings) void ctx.contacts.publishConsent();
  },
});
