// The CAs that this person believes besides those of a test: those that came with the app, and those added by the person; each can be removed, by
// fingerprint. In local mode the peer's test CA comes with the page.
import { need } from '../errors.js';
import { anchorId, anchorText, parseAnchors } from '../identity/anchors.js';
import { parseDer } from '../identity/der.js';

const TABLE = 'anchors';
const MAX_OWN = 64;
const MAX_SHIPPED = 16;
const SHOWN = ['2.5.4.3', '2.5.4.10', '1.2.840.113549.1.9.1'];
const TEXTS = new Set([0x0c, 0x13, 0x16]);

/** @typedef {import('../identity/anchors.js').Anchor} Anchor */

/** Common name, organisation and address of a subject, for people. @param {Uint8Array} name DER @returns {string} */
export function nameText(name) {
  const found = parseDer(name).items.flatMap((relative) =>
    relative.items.flatMap((attribute) => {
      const [type, value] = attribute.items;
      return SHOWN.includes(type.oid) && TEXTS.has(value.tag)
        ? [[type.oid, new TextDecoder().decode(value.content)]]
        : [];
    }),
  );
  const texts = SHOWN.flatMap((oid) => found.filter((each) => each[0] === oid).map((each) => each[1]));
  return [...new Set(texts)].join(', ').slice(0, 200);
}

/** @param {Anchor} anchor @param {boolean} test @returns {Promise<import('../types.js').AnchorInfo>} */
const shown = async (anchor, test) => ({
  id: await anchorId(anchor),
  name: anchor.rules?.name ?? '',
  subject: nameText(anchor.subject),
  purposes: [...(anchor.rules?.purposes ?? [])],
  domains: anchor.rules?.domains ?? [],
  notAfter: anchor.notAfter,
  test,
});

/** @param {import('./context.js').Context} ctx */
export function trustBook(ctx) {
  /** @type {Anchor[]} those of the test CA of local mode */
  let local = [];
  /** @type {Map<string, Anchor>} by fingerprint */
  const own = new Map();
  /** With the app, which is as much believed as they are. @type {Map<string, Anchor>} by fingerprint */
  let shipped = new Map();
  /** Of these, what the person removed. @type {Set<string>} */
  let removed = new Set();
  const believed = () => [...shipped].filter(([id]) => !removed.has(id) && !own.has(id)).map(([, anchor]) => anchor);
  const changed = () => (ctx.anchors = [...local, ...believed(), ...own.values()]);

  /** @type {Promise<unknown>} */
  let told = Promise.resolve();

  /** @param {string} text */
  async function take(text) {
    const all = text.trim() ? parseAnchors(text).slice(0, MAX_SHIPPED) : [];
    shipped = new Map(await Promise.all(all.map(async (each) => /** @type {const} */ ([await anchorId(each), each]))));
    changed();
  }

  return {
    async load() {
      for (const [id, text] of await ctx.store.list(TABLE)) own.set(id, parseAnchors(text)[0]);
      removed = new Set((await ctx.store.get('me', 'anchors-removed')) ?? []);
      await take((await ctx.store.get('me', 'anchors-shipped')) ?? '');
      const fetched = Promise.resolve(ctx.around.anchors?.() ?? null).then(async (text) => {
        if (text === null) return;
        await take(text);
        await ctx.store.put('me', 'anchors-shipped', text);
      });
      told = fetched.catch((e) => console.warn('starling: anchors', e instanceof Error ? e.message : e));
    },
    /** Resolves when it is known what came with the app. */
    settled: () => told,
    hasLocal: () => local.length > 0,
    /** @param {string[]} texts  of the peer's test CA */
    believeLocal(texts) {
      local = texts.flatMap(parseAnchors);
      changed();
    },

    /** What a file would add; nothing is believed yet. @param {string} text */
    read: async (text) => Promise.all(parseAnchors(text).map((each) => shown(each, false))),
    list: async () =>
      Promise.all([
        ...local.map((each) => shown(each, true)),
        ...[...believed(), ...own.values()].map((each) => shown(each, false)),
      ]),

    /** The person has looked at these fingerprints. @param {string} text @param {string[]} ids */
    async add(text, ids) {
      for (const anchor of parseAnchors(text)) {
        const id = await anchorId(anchor);
        if (!ids.includes(id)) continue;
        if (removed.delete(id)) await ctx.store.put('me', 'anchors-removed', [...removed]);
        need(own.has(id) || own.size < MAX_OWN, 'anchors.too-many');
        await ctx.store.put(TABLE, id, anchorText(anchor));
        own.set(id, anchor);
      }
      changed();
      ctx.update({});
    },
    /** @param {string} id */
    async remove(id) {
      if (shipped.has(id)) await ctx.store.put('me', 'anchors-removed', [...removed.add(id)]);
      await ctx.store.delete(TABLE, id);
      own.delete(id);
      changed();
      ctx.update({});
    },
  };
}
