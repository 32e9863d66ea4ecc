// The address book "Starling": everybody who is a contact, with their status drawn into the picture, so that it shows in lists, on cards and above their mails.
// Only this book is written to. What the person changes on a card (name, numbers, notes, photo) stays; the dot and the address are ours.
//
// There may be thousands of them, and Thunderbird does each change in its own time. So a pass takes a second or so: first those whose status changed,
// then those who have no card yet, then the rest; what is left is planned anew, by the newest state. What each card shows is remembered, so that a start
// of Thunderbird writes only what changed, and asks for no list of cards, which would come with all photos.
import { encode, hex, sha256 } from '../core/bytes.js';
import { shownName } from '../web/names.js';
import { isOurs, over, picture } from './picture.js';
import { escaped, vCard } from './vcard.js';

const BOOK = 'Starling';
const HERE = new Set(['online', 'away', 'busy']);
const PASS_MILLIS = 1000;
/** So soon a newer state is looked at. */
const NEWER_MILLIS = 200;
/** A card that takes Thunderbird so long to change (it has its own list of thousands open) is followed by a pause so many times as long, unless somebody waits to see it. */
const SLOW_MILLIS = 50;
const PAUSES = 4;
/** Of one card, before it is left alone until the next change. */
const TRIES = 2;
/** Tables of the store, both by address. */
const CARDS = 'book-cards';
const PHOTOS = 'book-photos';

/** @typedef {import('../core/types.js').Contact} Contact */
/** card: id of the contact; drawn: what its picture shows, `name presence`; seen: was a contact since we started @typedef {{card: string, name: string, drawn: string, seen: boolean}} Known */

/** The card with their name, where nothing but the address stood; else null: what the person wrote stays. @param {string} card @param {{address: string, name: string}} contact */
export function named(card, { address, name }) {
  const plain = new RegExp(`^FN:${address.replace(/[^a-z0-9]/gi, '\\$&')}[ \\t]*$`, 'im');
  const shown = shownName({ name, address });
  return shown !== address && plain.test(card) ? card.replace(plain, () => `FN:${escaped(shown)}`) : null;
}

/** The card of somebody who uses another address now; whatever else stands on it stays. @param {string} card @param {string} from @param {string} to */
export function readdressed(card, from, to) {
  const old = escaped(from).replace(/[^a-z0-9]/gi, '\\$&');
  const line = new RegExp(`^((?:[^\\s:;]*\\.)?(?:FN|EMAIL|IMPP)(?:;[^:\\r\\n]*)?:(?:sip:)?)${old}[ \\t]*$`, 'gim');
  return card.replace(/\r?\n[ \t]/g, '').replace(line, (_, begin) => `${begin}${escaped(to)}`);
}

/** Always the same for an address: a card is not made twice, whatever is interrupted. @param {string} address */
export const cardOf = async (address) => `starling-${hex(await sha256(encode(address))).slice(0, 32)}`;

/** What a picture is to show. Of whom we know nothing yet, a picture may go on saying that they are away. @param {Known} mine @param {Contact} contact */
export function looks(mine, { address, name, presence }) {
  const shown = presence === 'unknown' && mine.drawn.endsWith(' offline') ? 'offline' : presence;
  return `${shownName({ name, address })} ${shown}`;
}

/**
 * What is to be done, the most urgent first: whose status changed, who has no card, whose name changed.
 * @param {Contact[]} wanted @param {Map<string, Known>} known
 */
export function plan(wanted, known) {
  /** @type {Contact[]} */
  const urgent = [];
  /** @type {Contact[]} */
  const fresh = [];
  /** @type {Contact[]} */
  const rest = [];
  for (const contact of wanted) {
    const mine = known.get(contact.address);
    if (!mine) fresh.push(contact);
    else if (mine.drawn !== looks(mine, contact)) (here(contact) || isHere(mine) ? urgent : rest).push(contact);
    else if (mine.name !== contact.name) rest.push(contact);
  }
  return [...urgent.filter(here), ...urgent.filter((each) => !here(each)), ...fresh, ...rest];
}

/** @param {Contact} contact */
const here = ({ presence }) => HERE.has(presence);

/** @param {{drawn: string}} mine */
const isHere = ({ drawn }) => HERE.has(drawn.slice(drawn.lastIndexOf(' ') + 1));

/**
 * Keeps the book as the agent's contacts are. While something is written, only the newest state waits.
 * @param {{store: import('../core/types.js').Store, online: (count: number) => string, warn: (e: unknown) => void}} around  online: the name of the list of those who are here
 */
export function addressBook({ store, online, warn }) {
  /** @type {Map<string, Known>} */
  const known = new Map();
  /** What is remembered of cards that were written, not stored yet. @type {Map<string, Known | undefined>} */
  const unsaved = new Map();
  /** Changes of cards that are ours, and of which Thunderbird will tell us. @type {Map<string, number>} */
  const expected = new Map();
  let book = '';
  let list = '';
  let listed = '';
  /** Who is on the list, by card. @type {Set<string>} */
  const members = new Set();
  /** @type {Contact[] | null} */
  let next = null;
  /** @type {Contact[]} */
  let last = [];
  let busy = false;
  let wake = () => {};
  /** How often each could not be written. @type {Map<string, number>} */
  const failed = new Map();

  async function open() {
    const { book: kept, list: old } = await browser.storage.local.get({ book: '', list: '' });
    const books = await browser.addressBooks.list(false);
    const there = books.some((/** @type {any} */ each) => each.id === kept);
    const before = await store.list(CARDS);
    if (!there) await store.batch(before.map(([address]) => [CARDS, address, undefined]));
    else for (const [address, mine] of before) if (!known.has(address)) known.set(address, { ...mine, seen: false });
    book = there ? kept : await browser.addressBooks.create({ name: BOOK });
    // Nobody is here until they say so; and the list is made anew in one step, not name by name.
    const lists = there ? await browser.mailingLists.list(book) : [];
    if (lists.some((/** @type {any} */ each) => each.id === old)) await browser.mailingLists.delete(old);
    forgetList();
    await browser.storage.local.set({ book, list: '' });
  }

  function forgetList() {
    list = '';
    listed = '';
    members.clear();
  }

  /** Thunderbird says of each change that a card was changed, also of ours. @param {string} card @param {() => Promise<void>} change */
  async function ours(card, change) {
    expected.set(card, (expected.get(card) ?? 0) + 1);
    await change().catch((e) => {
      expected.delete(card);
      throw e;
    });
  }

  /** Whoever moved keeps the card of the old address. @param {Contact} contact @param {Set<string>} there  addresses of contacts */
  async function follow({ address, earlier = [] }, there) {
    const old = known.has(address) ? '' : (earlier.find((each) => known.has(each) && !there.has(each)) ?? '');
    const mine = known.get(old);
    if (!mine) return;
    const { properties } = await browser.contacts.get(mine.card);
    const card = readdressed(properties.vCard ?? '', old, address);
    await ours(mine.card, () => browser.contacts.update(mine.card, { vCard: card }));
    const photo = await store.get(PHOTOS, old);
    if (photo) await store.put(PHOTOS, address, photo);
    await store.delete(PHOTOS, old);
    known.delete(old);
    known.set(address, { ...mine, seen: true });
    unsaved.set(old, undefined);
    unsaved.set(address, mine);
  }

  /** @param {Contact} contact */
  async function write(contact) {
    const { address, name } = contact;
    const mine = known.get(address) ?? { card: await cardOf(address), name: '', drawn: '', seen: true };
    const fresh = !known.has(address);
    if (fresh && (await create(mine.card, contact))) mine.name = name;
    // Everybody is to be found before the last picture is drawn.
    if (!fresh || here(contact)) await draw(mine, contact);
    if (mine.name !== name) {
      const { properties } = await browser.contacts.get(mine.card);
      const card = named(properties.vCard ?? '', contact);
      if (card) await ours(mine.card, () => browser.contacts.update(mine.card, { vCard: card }));
      mine.name = name;
    }
    known.set(address, mine);
    unsaved.set(address, mine);
  }

  /** @param {string} card @param {Contact} contact @returns {Promise<boolean>} false: it was there already */
  async function create(card, contact) {
    try {
      await browser.contacts.create(book, card, { vCard: vCard(contact) });
      return true;
    } catch (e) {
      if (!/Duplicate contact id/.test(String(e))) throw e;
      return false;
    }
  }

  /** The person's own photo is kept before anything is drawn over it. @param {Known} mine @param {Contact} contact */
  async function draw(mine, contact) {
    const drawn = looks(mine, contact);
    if (mine.drawn === drawn) return;
    const { address } = contact;
    const presence = drawn.slice(drawn.lastIndexOf(' ') + 1);
    const there = await browser.contacts.getPhoto(mine.card);
    const own = there && !(await isOurs(there)) ? there : null;
    if (own) await store.put(PHOTOS, address, { type: own.type, bytes: new Uint8Array(await own.arrayBuffer()) });
    const kept = there ? await store.get(PHOTOS, address) : undefined;
    const photo = own ?? (kept ? new Blob([kept.bytes], { type: kept.type }) : null);
    const file = photo ? await over(photo, presence) : await picture(shownName(contact), presence);
    if (file) await ours(mine.card, () => browser.contacts.setPhoto(mine.card, file));
    mine.drawn = drawn;
  }

  /** Ends early when there is something new. @param {number} ms */
  const pause = (ms) =>
    new Promise((resolve) => {
      wake = () => resolve(undefined);
      setTimeout(wake, ms);
    });

  /** Who is here, as a list of the book. @param {Contact[]} wanted @param {number} until */
  async function group(wanted, until) {
    const cards = new Set(wanted.flatMap((each) => (here(each) ? (known.get(each.address)?.card ?? []) : [])));
    if (!cards.size && !list) return false;
    const name = online(cards.size);
    if (!list) {
      list = await browser.mailingLists.create(book, { name });
      await browser.storage.local.set({ list });
    } else if (listed !== name) await browser.mailingLists.update(list, { name });
    listed = name;
    for (const card of cards) {
      if (members.has(card)) continue;
      if (Date.now() > until) return true;
      await browser.mailingLists.addMember(list, card);
      members.add(card);
    }
    for (const card of members) {
      if (cards.has(card)) continue;
      if (Date.now() > until) return true;
      await browser.mailingLists.removeMember(list, card);
      members.delete(card);
    }
    return false;
  }

  /** Only of whom we saw leave: a card may hold what the person wrote on it. @param {Contact[]} wanted */
  async function clear(wanted) {
    const there = new Set(wanted.map((each) => each.address));
    for (const [address, { card, seen }] of known) {
      if (there.has(address) || !seen) continue;
      await browser.contacts.delete(card).catch(warn);
      members.delete(card);
      known.delete(address);
      unsaved.set(address, undefined);
      await store.delete(PHOTOS, address);
    }
  }

  async function save() {
    /** @type {[string, string, any][]} */
    const writes = [...unsaved].map(([address, mine]) => [
      CARDS,
      address,
      mine && { card: mine.card, name: mine.name, drawn: mine.drawn },
    ]);
    unsaved.clear();
    if (writes.length) await store.batch(writes);
  }

  /** For a second at most. @param {Contact[]} contacts @returns {Promise<boolean>} whether something is left */
  async function pass(contacts) {
    if (!book) await open();
    const wanted = contacts.filter((each) => each.state === 'accepted' || each.state === 'waiting');
    const there = new Set(wanted.map((each) => each.address));
    for (const contact of wanted) {
      if (contact.earlier?.length) await follow(contact, there).catch(warn);
      const mine = known.get(contact.address);
      if (mine) mine.seen = true;
    }
    const began = Date.now();
    let left = false;
    for (const contact of plan(wanted, known)) {
      if ((failed.get(contact.address) ?? 0) >= TRIES) continue;
      const passed = Date.now() - began;
      if (passed > PASS_MILLIS || (next && passed > NEWER_MILLIS)) {
        left = true;
        break;
      }
      const urgent = here(contact) || isHere(known.get(contact.address) ?? { drawn: '' });
      const from = Date.now();
      await write(contact).catch((e) => lost(contact.address, e));
      if (!book) return true;
      const took = Date.now() - from;
      if (took > SLOW_MILLIS && !urgent && !next) await pause(PAUSES * took);
      // Made without a picture, or to be tried again.
      left ||= !known.get(contact.address)?.drawn;
    }
    await clear(wanted);
    left = (await group(wanted, Date.now() + PASS_MILLIS)) || left;
    await save();
    return left;
  }

  /** The person may have deleted the card, or the book: it is made again, once. @param {string} address @param {unknown} e */
  async function lost(address, e) {
    warn(e);
    failed.set(address, (failed.get(address) ?? 0) + 1);
    known.delete(address);
    unsaved.set(address, undefined);
    const books = await browser.addressBooks.list(false);
    if (books.some((/** @type {any} */ each) => each.id === book)) return;
    known.clear();
    book = '';
  }

  // A photo that the person puts on a card of ours, or takes away, is seen at once.
  browser.contacts.onUpdated.addListener((/** @type {any} */ { id, parentId }) => {
    if (parentId !== book) return;
    const count = expected.get(id) ?? 0;
    if (count > 1) expected.set(id, count - 1);
    else if (count) expected.delete(id);
    else
      for (const mine of known.values())
        if (mine.card === id) {
          mine.drawn = '';
          void show(last);
        }
  });

  /** @param {Contact[]} contacts */
  async function show(contacts) {
    next = last = contacts;
    wake();
    failed.clear();
    if (busy) return;
    busy = true;
    while (next) {
      /** @type {Contact[]} */
      const now = next;
      next = null;
      const more = await pass(now).catch((e) => {
        warn(e);
        forgetList();
        book = '';
        return false;
      });
      if (more) next ??= now;
    }
    busy = false;
  }

  return { show };
}
