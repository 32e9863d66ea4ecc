// One store for each address of a person, within one: the first has the tables by their own names, each other one a number in front.

/** What an agent keeps. */
const TABLES = [
  'anchors', 'blocked', 'calls', 'contacts', 'crls', 'early', 'enrol', 'line-waiting', 'lines', 'logs', 'mailed', 'me', 'message-keys', 'messages', 'moved',
  'outbox', 'own', 'peers', 'phone-ends', 'places', 'receipts', 'requests', 'seen', 'sequences', 'stops', 'told',
]; // prettier-ignore
/** Of the page, whatever the address. */
const STAYS = new Set(['identities', 'settings']);

/** @typedef {import('../types.js').Store} Store */
/** @typedef {[string, string, any]} Write */

/** @param {number} number @param {string} table */
export const tableOf = (number, table) => (number ? `${number}:${table}` : table);

/** @param {Store} store @param {number} number @returns {Store} */
export function within(store, number) {
  const name = (/** @type {string} */ table) => tableOf(number, table);
  return {
    get: (table, key) => store.get(name(table), key),
    put: (table, key, value) => store.put(name(table), key, value),
    delete: (table, key) => store.delete(name(table), key),
    list: (table, from, to, limit) => store.list(name(table), from, to, limit),
    batch: (writes) => store.batch(writes.map(([table, key, value]) => [name(table), key, value])),
    clear: async () => store.batch(await wiping(store, number)),
  };
}

/** Forgets an address, its key with it. @param {Store} store @param {number} number @returns {Promise<Write[]>} */
export async function wiping(store, number) {
  const all = await Promise.all(
    TABLES.map(async (table) => (await store.list(tableOf(number, table))).map(([key]) => [table, key])),
  );
  return all
    .flat()
    .filter(([table, key]) => number !== 0 || table !== 'me' || !STAYS.has(key))
    .map(([table, key]) => [tableOf(number, table), key, undefined]);
}
