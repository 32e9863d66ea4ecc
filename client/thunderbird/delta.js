// What changed of a state, so that a page is told that and no more: with thousands of people, one who comes online costs one row.

/** @typedef {import('../core/types.js').State} State */
/** @typedef {import('../core/types.js').Contact} Contact */
/** people: rows that are gone, and rows that are new or different, with their places, ascending @typedef {{parts: Partial<State>, people: {gone: string[], set: [number, Contact][]} | null}} Delta */

/** @param {any} a @param {any} b */
const alike = (a, b) => a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));

/** @param {any} a @param {any} b */
function same(a, b) {
  const keys = Object.keys(b);
  return Object.keys(a).length === keys.length && keys.every((key) => alike(a[key], b[key]));
}

/** @param {State | null} before  null: nothing is known there @param {State} after @returns {Delta} */
export function difference(before, after) {
  if (!before) return { parts: after, people: null };
  const keys = /** @type {(keyof State)[]} */ (Object.keys(after));
  /** @type {any} */
  const parts = Object.fromEntries(keys.filter((key) => before[key] !== after[key]).map((key) => [key, after[key]]));
  if (!parts.contacts) return { parts, people: null };
  const people = rows(before.contacts, after.contacts);
  if (people) delete parts.contacts;
  return { parts, people };
}

/** @param {Contact[]} before @param {Contact[]} after @returns {Delta['people']} null: all of them are to be said */
function rows(before, after) {
  const old = new Map(before.map((each) => [each.address, each]));
  /** @type {[number, Contact][]} */
  const set = [];
  /** @type {Set<string>} */
  const kept = new Set();
  after.forEach((row, place) => {
    const was = old.get(row.address);
    if (was && same(was, row)) kept.add(row.address);
    else set.push([place, row]);
  });
  if (set.length > after.length / 2) return null;
  const [a, b] = [before, after].map((all) => all.filter((each) => kept.has(each.address)));
  if (a.length !== b.length || a.some((each, i) => each.address !== b[i].address)) return null;
  return { gone: before.flatMap(({ address }) => (kept.has(address) ? [] : [address])), set };
}

/** @param {State | null} before @param {Delta} delta @returns {State} what did not change are the same objects */
export function applied(before, { parts, people }) {
  const state = /** @type {State} */ ({ ...before, ...parts });
  if (!people) return state;
  const gone = new Set(people.gone);
  const kept = state.contacts.filter((each) => !gone.has(each.address));
  const places = new Map(people.set);
  let next = 0;
  state.contacts = Array.from({ length: kept.length + places.size }, (_, i) => places.get(i) ?? kept[next++]);
  return state;
}
