// Which server is used at first: one that the person chose, else one that came with the add-on, which is asked whom the domain of the address recommends.
import { StarlingError } from '../core/errors.js';
import { isAllowed } from './server-address.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */

/** As many as a person's program keeps a line to. */
const WANTED = 2;

/** @param {unknown} each */
export const isBase = (each) => typeof each === 'string' && each.length < 300 && /^https?:\/\/[^/?#]+\/$/.test(each);

/** Those that came with the add-on. @returns {Promise<string[]>} */
export async function shipped() {
  const all = await (await fetch('/thunderbird/servers.json')).json();
  return all.filter(isBase);
}

const chosen = async () => (await browser.storage.local.get({ servers: [] })).servers.filter(isBase);

/**
 * Sees to it that there is a server. Those of the address's own domain come before others.
 * @param {Core} core @param {string} address @param {{chosen: () => Promise<string[]>, shipped: () => Promise<string[]>}} [lists] @returns {Promise<boolean>} false: the person is to be asked
 */
export async function findServers(core, address, lists = { chosen, shipped }) {
  if (core.peers().length) return true;
  await addSome(core, await lists.chosen());
  if (core.peers().length) return true;
  await addSome(core, shuffled(await lists.shipped()));
  const helped = core.peers().map(({ base }) => base);
  if (!helped.length) return false;
  const own = await core.recommended(address).catch(() => /** @type {string[]} */ ([]));
  // A server is used in the order in which it was added.
  for (const base of helped) if (own.length && !own.includes(base)) await core.removePeer(base);
  await addSome(core, own);
  if (!core.peers().length) await addSome(core, helped);
  return true;
}

/** @param {Core} core @param {string[]} bases */
async function addSome(core, bases) {
  for (const base of bases) if (core.peers().length < WANTED) await core.addPeer(base).catch(() => {});
}

/** So that no one of them gets everybody. @param {string[]} all */
function shuffled(all) {
  const left = [...all];
  return all.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
}

/** One that the person typed. @param {Core} core @param {string} typed */
export async function chooseServer(core, typed) {
  const base = isAllowed(typed);
  if (!base) throw new StarlingError('server.address');
  const before = await chosen();
  // First the list: whether a server of this computer may be believed depends on it.
  await browser.storage.local.set({ servers: [...new Set([...before, base])] });
  try {
    await core.addPeer(base);
  } catch (e) {
    await browser.storage.local.set({ servers: before });
    throw e instanceof StarlingError && e.key === 'unreachable'
      ? new StarlingError('server.none', { server: base })
      : e;
  }
}
