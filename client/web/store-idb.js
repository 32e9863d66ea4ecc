// The core's Store (core/types.js) on IndexedDB. One object store holds all tables: keys are [table, key], so that a batch over several
// tables is one transaction, and nothing has to be migrated when a table is added.

const NAME = 'starling';
const ENTRIES = 'entries';

/** @param {IDBRequest} request @returns {Promise<any>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Asks the browser to keep the store when space runs short; a refusal means that it may be cleared then. Firefox puts it to the person: nothing may wait for it. */
export const askToKeepStore = () => void navigator.storage?.persist?.().catch(() => {});

/**
 * @returns {Promise<import('../core/types.js').Store>}
 */
export async function openStore() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(ENTRIES);
  const database = await done(opening);

  /** @param {[string, string, any][]} writes */
  async function batch(writes) {
    const transaction = database.transaction(ENTRIES, 'readwrite', { durability: 'strict' });
    const entries = transaction.objectStore(ENTRIES);
    for (const [table, key, value] of writes)
      if (value === undefined) entries.delete([table, key]);
      else entries.put(value, [table, key]);
    await committed(transaction);
  }

  return {
    get: (table, key) => done(database.transaction(ENTRIES).objectStore(ENTRIES).get([table, key])),
    put: (table, key, value) => batch([[table, key, value]]),
    delete: (table, key) => batch([[table, key, undefined]]),
    batch,
    list: (table, from = '', to = '\uffff', limit = Infinity) => list(database, table, from, to, limit),
    async clear() {
      const transaction = database.transaction(ENTRIES, 'readwrite');
      transaction.objectStore(ENTRIES).clear();
      await committed(transaction);
    },
  };
}

/**
 * @param {IDBDatabase} database
 * @param {string} table
 * @param {string} from
 * @param {string} to
 * @param {number} limit  negative: the last ones
 * @returns {Promise<[string, any][]>} ascending by key
 */
function list(database, table, from, to, limit) {
  return new Promise((resolve, reject) => {
    /** @type {[string, any][]} */
    const found = [];
    const range = IDBKeyRange.bound([table, from], [table, to], false, true);
    const cursor = database
      .transaction(ENTRIES)
      .objectStore(ENTRIES)
      .openCursor(range, limit < 0 ? 'prev' : 'next');
    cursor.onerror = () => reject(cursor.error);
    cursor.onsuccess = () => {
      const at = cursor.result;
      if (!at || found.length >= Math.abs(limit)) return resolve(limit < 0 ? found.reverse() : found);
      found.push([/** @type {string[]} */ (at.key)[1], at.value]);
      at.continue();
    };
  });
}
