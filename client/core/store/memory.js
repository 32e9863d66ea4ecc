// The Store of core/types.js in memory: for tests and for programs without a browser.

/** @returns {import('../types.js').Store & {dump: () => Map<string, any>}} */
export function memoryStore() {
  /** @type {Map<string, any>} */
  const entries = new Map();
  const name = (/** @type {string} */ table, /** @type {string} */ key) => `${table}\u0000${key}`;
  return {
    dump: () => entries,
    get: async (table, key) => entries.get(name(table, key)),
    put: async (table, key, value) => void entries.set(name(table, key), value),
    delete: async (table, key) => void entries.delete(name(table, key)),
    async batch(writes) {
      for (const [table, key, value] of writes)
        if (value === undefined) entries.delete(name(table, key));
        else entries.set(name(table, key), value);
    },
    async list(table, from = '', to = '\uffff', limit = Infinity) {
      /** @type {[string, any][]} */
      const all = [...entries]
        .filter(([key]) => key.startsWith(`${table}\u0000`))
        .map(([key, value]) => /** @type {[string, any]} */ ([key.slice(table.length + 1), value]))
        .filter(([key]) => key >= from && key < to)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      return limit < 0 ? all.slice(limit) : all.slice(0, limit);
    },
    clear: async () => entries.clear(),
  };
}
