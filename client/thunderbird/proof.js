// How far the proof of an address by mail has come: kept, so that nothing is sent twice when Thunderbird ends in the middle, and that mails which come late are known as
// ours; the page that waits shows it.
const KEY = 'proofs';
const MOST = 8;

/**
 * One order at the CA. begins, from: what its mail has, '' where the CA does not say; at: when it was asked for, Unix ms; step: waiting for the mail, sending the answer, it is sent, the code is taken
 * instead, or what the next attempt is to begin with failed (why: key of `error.`); why: the reason of `code`; error: why it goes no further
 * though the answer or the code was sent, a key of `error.`; left: Message-IDs of mails that are to be filed away still
 * @typedef {{order: string, address: string, from: string, begins: string, at: number, step: 'waiting' | 'sending' | 'sent' | 'code' | 'failed' | 'done', why: string, detail: string, error: string, left: string[]}} Proof
 */

/** @returns {Promise<Proof[]>} newest first */
export async function proofs() {
  const { [KEY]: all } = await browser.storage.local.get({ [KEY]: [] });
  return Array.isArray(all) ? all : [];
}

/** @param {(all: Proof[]) => void} fn */
export function onProofs(fn) {
  const heard = (/** @type {any} */ changes) => changes[KEY] && fn(changes[KEY].newValue ?? []);
  browser.storage.local.onChanged.addListener(heard);
  return () => browser.storage.local.onChanged.removeListener(heard);
}

/** Writes, one after the other. */
export function proofBook() {
  let last = Promise.resolve();
  return {
    /** @param {Pick<Proof, 'order' | 'address' | 'from' | 'begins'>} awaited @param {Partial<Proof>} [change] @returns {Promise<Proof>} */
    note({ order, address, from, begins }, change = {}) {
      const turn = last.then(async () => {
        const all = await proofs();
        const fresh = {
          ...{ order, address, from, begins, at: Date.now(), left: [] },
          ...{ step: 'waiting', why: '', detail: '', error: '' },
        };
        const one = /** @type {Proof} */ ({ ...(all.find((each) => each.order === order) ?? fresh), ...change });
        const known = all.some((each) => each.order === order);
        const next = known ? all.map((each) => (each.order === order ? one : each)) : [one, ...all].slice(0, MOST);
        await browser.storage.local.set({ [KEY]: next });
        return one;
      });
      last = turn.then(
        () => {},
        () => {},
      );
      return turn;
    },
  };
}
