// The address book "Starling": everybody who is a contact, with their status drawn into the picture, so that it shows in lists, on cards and above their mails.
// Only this book is written to. What the person changes on a card (name, numbers, notes) stays; picture and address are ours.
import { shownName } from '../web/names.js';
import { picture } from './picture.js';

const BOOK = 'Starling';
const LIST = 'Online now';
const HERE = new Set(['online', 'away', 'busy']);

/** @typedef {import('../core/types.js').Contact} Contact */
/** card: id of the contact; drawn: what its picture shows @typedef {{card: string, drawn: string}} Known */

/** RFC 6350, section 3.4. @param {string} text */
const escaped = (text) => text.replace(/[\\,;]/g, (c) => `\\${c}`).replace(/[\r\n]+/g, ' ');

/** @param {Contact} contact */
export function vCard({ address, name }) {
  const phone = address.startsWith('+');
  return [
    'BEGIN:VCARD',
    'VERSION:4.0',
    `FN:${escaped(shownName({ name, address }))}`,
    phone ? `TEL;VALUE=TEXT:${escaped(address)}` : `EMAIL;PREF=1:${escaped(address)}`,
    `IMPP;PREF=1:sip:${escaped(address)}`,
    'END:VCARD',
    '',
  ].join('\r\n');
}

/** The card with their name, where nothing but the address stood; else null: what the person wrote stays. @param {string} card @param {Contact} contact */
export function named(card, { address, name }) {
  const plain = new RegExp(`^FN:${address.replace(/[^a-z0-9]/gi, '\\$&')}[ \\t]*$`, 'im');
  const shown = shownName({ name, address });
  return shown !== address && plain.test(card) ? card.replace(plain, () => `FN:${escaped(shown)}`) : null;
}

/** Whose card it is. @param {string} card @returns {string} '' for one that is not ours */
export function addressOf(card) {
  const unfolded = card.replace(/\r?\n[ \t]/g, '');
  const found = /^(?:[^\s:;]*\.)?IMPP(?:;[^:\r\n]*)?:sip:([^\s]+)\s*$/im.exec(unfolded);
  return found ? found[1].replace(/\\(.)/g, '$1').toLowerCase() : '';
}

/**
 * Keeps the book as the agent's contacts are. One change after the other; while one is made, only the newest state waits.
 * @param {{warn: (e: unknown) => void}} around
 */
export function addressBook({ warn }) {
  /** @type {Map<string, Known>} */
  const known = new Map();
  let book = '';
  let list = '';
  let listed = '';
  /** @type {Contact[] | null} */
  let next = null;
  let busy = false;

  async function open() {
    const books = await browser.addressBooks.list(false);
    const { book: kept } = await browser.storage.local.get({ book: '' });
    const there = books.find((/** @type {any} */ each) => each.id === kept);
    book = there ? there.id : await browser.addressBooks.create({ name: BOOK });
    await browser.storage.local.set({ book });
    for (const each of await browser.contacts.list(book)) {
      const address = addressOf(each.properties.vCard ?? '');
      // A second card of somebody is the person's own affair.
      if (address && !known.has(address)) known.set(address, { card: each.id, drawn: '' });
    }
    const lists = await browser.mailingLists.list(book);
    const old = lists.find((/** @type {any} */ each) => each.name.startsWith(LIST));
    list = old?.id ?? '';
    listed = old?.name ?? '';
  }

  /** @param {Contact[]} contacts */
  async function make(contacts) {
    if (!book) await open();
    const wanted = contacts.filter((each) => each.state === 'accepted' || each.state === 'waiting');
    for (const contact of wanted) {
      const mine = known.get(contact.address) ?? { card: '', drawn: '' };
      if (!mine.card) mine.card = await browser.contacts.create(book, null, { vCard: vCard(contact) });
      known.set(contact.address, mine);
      const drawn = `${contact.name || contact.address} ${contact.presence}`;
      if (mine.drawn === drawn) continue;
      await browser.contacts.setPhoto(mine.card, await picture(contact.name || contact.address, contact.presence));
      mine.drawn = drawn;
      const { properties } = await browser.contacts.get(mine.card);
      const card = named(properties.vCard ?? '', contact);
      if (card) await browser.contacts.update(mine.card, { vCard: card });
    }
    const there = new Set(wanted.map((each) => each.address));
    for (const [address, { card, drawn }] of [...known]) {
      // Only of whom we saw leave: a card may hold what the person wrote on it.
      if (there.has(address) || !drawn) continue;
      await browser.contacts.delete(card).catch(warn);
      known.delete(address);
    }
    await online(wanted.filter((each) => HERE.has(each.presence)));
  }

  /** @param {Contact[]} here */
  async function online(here) {
    const name = `${LIST} (${here.length})`;
    if (!here.length && !list) return;
    if (!list) list = await browser.mailingLists.create(book, { name });
    else if (listed !== name) await browser.mailingLists.update(list, { name });
    listed = name;
    const wanted = new Set(here.map((each) => known.get(each.address)?.card));
    const members = new Set((await browser.mailingLists.listMembers(list)).map((/** @type {any} */ each) => each.id));
    for (const id of wanted) if (id && !members.has(id)) await browser.mailingLists.addMember(list, id);
    for (const id of members) if (!wanted.has(id)) await browser.mailingLists.removeMember(list, id);
  }

  return {
    /** @param {Contact[]} contacts */
    async show(contacts) {
      next = contacts;
      if (busy) return;
      busy = true;
      while (next) {
        const now = next;
        next = null;
        await make(now).catch((e) => {
          // The person may have deleted a card, the list or the book: it is looked at anew, once.
          known.clear();
          book = '';
          warn(e);
        });
      }
      busy = false;
    },
  };
}
