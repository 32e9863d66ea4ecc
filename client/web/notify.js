// What a person notices while the page is in the background: a notification, and a number in the title.
import { t } from './i18n.js';
import { ofAddress } from './names.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */

export const notificationsBlocked = () => 'Notification' in window && Notification.permission === 'denied';

/** The browser was not asked yet. */
export const mayAskToNotify = () => 'Notification' in window && Notification.permission === 'default';

/** Asks the browser when needed. @returns {Promise<boolean>} */
export async function mayNotify() {
  if (!('Notification' in window)) return false;
  return Notification.permission === 'granted' || (await Notification.requestPermission()) === 'granted';
}

/** @param {Core} core */
export function watchForNotifications(core) {
  core.on('message', (message) => show(core, 'message', message.with, message.text));
  core.on('call', (call) => show(core, 'call', call.address, call.address));
  core.on('request', (request) => show(core, 'request', request.address, request.text));
  core.on('missed', (call) => show(core, 'missed', call.address, ''));
  core.subscribe((state) => title(state));
  title(core.state);
}

/** @param {Core} core @param {string} kind @param {string} address @param {string} body */
async function show(core, kind, address, body) {
  if (!core.state.settings.notifications || document.visibilityState === 'visible') return;
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  const name = ofAddress(core.state.contacts, address)?.name || address;
  const options = {
    body,
    tag: `${kind} ${address}`,
    icon: '/web/icons/starling.svg',
    data: { address },
    requireInteraction: kind === 'call',
  };
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration) await registration.showNotification(t(`notify.${kind}`, { name }), options);
  else new Notification(t(`notify.${kind}`, { name }), options).onclick = () => window.focus();
}

/** @param {import('../core/types.js').State} state */
function title(state) {
  const unread = state.contacts.reduce((sum, contact) => sum + contact.unread, 0) + state.requests.length;
  document.title = unread ? `(${unread}) Starling` : 'Starling';
}
