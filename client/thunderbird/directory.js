// A book in which nobody stands, but in which anybody may be looked for: a whole address that was typed is looked up, and only what is genuine is shown.
// Whoever serves the look-up may learn that somebody looked for this address, so nothing else is ever looked up: no part of an address, no name.
import { parseAddress } from '../core/identity/address.js';
import { ofAddress } from '../web/names.js';
import { escaped, vCard } from './vcard.js';

/** Thunderbird searches while one types; what was typed is looked up when it has been left alone for so long. */
const REST_MILLIS = 800;
const MOST_AT_ONCE = 4;
const WAIT_MILLIS = 20_000;
const FOUND_MILLIS = 600_000;
const ABSENT_MILLIS = 60_000;
const MAX_KEPT = 200;

const NOTHING = { results: [], isCompleteResult: true };
const NO_ANSWER = { results: [], isCompleteResult: false };

/** @param {string | undefined} typed @returns {string} '' for what is not a whole address */
function whole(typed) {
  try {
    return parseAddress((typed ?? '').trim());
  } catch {
    return '';
  }
}

/**
 * Answers searches.
 * @param {{core: Pick<import('../core/types.js').StarlingApi, 'state' | 'lookup'>, note: string, wait?: (ms: number) => Promise<void>, now?: () => number}} around  note: what a card says of whom was found
 */
export function directory({ core, note, wait = (ms) => new Promise((done) => setTimeout(done, ms)), now = Date.now }) {
  /** @type {Map<string, {found: boolean, until: number}>} */
  const kept = new Map();
  /** @type {Map<string, Promise<boolean | null>>} */
  const running = new Map();
  let newest = '';

  /** @param {string} address @returns {Promise<boolean | null>} null: nobody could say */
  async function find(address) {
    const there = kept.get(address);
    if (there && there.until > now()) return there.found;
    const one = running.get(address);
    if (one) return one;
    if (running.size >= MOST_AT_ONCE) return null;
    const asking = ask(address).finally(() => running.delete(address));
    running.set(address, asking);
    return asking;
  }

  /** @param {string} address */
  async function ask(address) {
    const said = await Promise.race([core.lookup(address).catch(() => 'unreachable'), wait(WAIT_MILLIS)]);
    if (said !== 'found' && said !== 'absent' && said !== 'forged') return null;
    const found = said === 'found';
    kept.delete(address);
    kept.set(address, { found, until: now() + (found ? FOUND_MILLIS : ABSENT_MILLIS) });
    if (kept.size > MAX_KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    return found;
  }

  return {
    /** @param {string} [typed] */
    async search(typed) {
      const address = whole(typed);
      newest = address;
      if (!address) return NOTHING;
      if (!kept.has(address)) await wait(REST_MILLIS);
      if (newest !== address) return NOTHING;
      const found = await find(address);
      if (found === null) return NO_ANSWER;
      if (!found) return NOTHING;
      const contact = ofAddress(core.state.contacts, address);
      const card = vCard({ address, name: contact?.name ?? '' }).replace('END:', () => `NOTE:${escaped(note)}\r\nEND:`);
      return { results: [{ vCard: card }], isCompleteResult: true };
    },
  };
}

/** @param {{core: import('../core/types.js').StarlingApi, name: string, note: string}} around */
export function directoryBook({ core, name, note }) {
  const { search } = directory({ core, note });
  browser.addressBooks.provider.onSearchRequest.addListener(
    (/** @type {any} */ _book, /** @type {string | undefined} */ typed) => search(typed),
    { addressBookName: name, isSecure: true, id: 'starling-directory' },
  );
}
