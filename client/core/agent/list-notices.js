// What is said of lists of our devices on which this one does not stand: docs/protocols/formats.md, section 7.
import { headOf, mergedDevices } from '../record/devices.js';

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */

/** @param {DeviceChain} list @param {'other-list'|'fork'} key @param {string} id */
const notice = (list, key, id) => ({
  id,
  kind: /** @type {const} */ ('warning'),
  key,
  args: {
    devices: [...headOf(list).devices.values()].map((device) => device.name || device.id.slice(0, 8)).join(', '),
    since: String(list[0].issued * 1000),
  },
  actions: [
    { id: 'keep', key: `${key}.keep`, safe: true },
    { id: 'join', key: `${key}.join`, safe: false },
  ],
});

/** Begun anew. @param {DeviceChain} list */
export const otherList = (list) => notice(list, 'other-list', `list ${list[0].hash}`);

/** What the user can take back. @param {DeviceChain} list @returns {import('../types.js').Notice} */
export const objecting = (list) => ({
  ...notice(list, 'other-list', `objecting ${list[0].hash}`),
  kind: 'info',
  key: 'objecting',
  actions: [
    { id: 'ok', key: 'objecting.ok', safe: true },
    { id: 'join', key: 'objecting.join', safe: false },
  ],
});

/** Whether a notice is one of these. @param {string} id */
export const isOfLists = (id) => /^(list|fork|objecting) /.test(id);

/** Another version of ours, which stays beside it. @param {DeviceChain} list */
export const fork = (list) => notice(list, 'fork', `fork ${headOf(list).hash}`);

/** Whether no device stands on both versions and on what would come of them, so that nobody can make one of the two. @param {DeviceChain} ours @param {DeviceChain} other */
export function isLasting(ours, other) {
  const [a, b] = [headOf(ours), headOf(other)];
  const wanted = mergedDevices(linksOf(ours, other), a, b);
  return ![...(wanted ?? [])].some((id) => a.devices.has(id) && b.devices.has(id));
}

/** The links of both, parents before children. @param {DeviceChain} ours @param {DeviceChain} other @returns {DeviceChain} */
export const linksOf = (ours, other) => [...ours, ...beyond(other, ours)];

/** What of a list is not in another one. @param {DeviceChain} list @param {DeviceChain} without */
export const beyond = (list, without) => list.filter((link) => !without.some((each) => each.hash === link.hash));
