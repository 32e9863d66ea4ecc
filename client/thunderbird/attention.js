// What a person notices while they do something else: the number on the space's button, and notifications of Thunderbird's own.
import { t } from '../web/i18n.js';
import { ofAddress, shownName } from '../web/names.js';

/** @param {import('../core/types.js').StarlingApi} core @param {string} space  id @param {(address: string) => void} open @param {() => Promise<boolean>} raise  the window of a call; false: there is none any more */
export function watchForAttention(core, space, open, raise) {
  let shown = '';
  const count = () => {
    const { contacts, requests } = core.state;
    const unread = contacts.reduce((sum, each) => sum + each.unread, 0) + requests.length;
    const text = unread ? String(unread) : '';
    if (text === shown) return;
    shown = text;
    void browser.spaces.update(space, { badgeText: text });
  };
  const say = (/** @type {string} */ kind, /** @type {string} */ address, /** @type {string} */ message) => {
    if (!core.state.settings.notifications) return;
    const name = shownName({ name: ofAddress(core.state.contacts, address)?.name ?? '', address });
    const options = {
      type: 'basic',
      iconUrl: '/web/icons/starling.svg',
      title: t(`notify.${kind}`, { name }),
      message,
    };
    void browser.notifications.create(`${kind} ${address}`, options);
  };
  core.subscribe(count);
  count();
  core.on('message', (message) => say('message', message.with, message.text));
  core.on('call', (call) => say('call', call.address, call.address));
  core.on('request', (request) => say('request', request.address, request.text));
  core.on('missed', (call) => say('missed', call.address, ''));
  browser.notifications.onClicked.addListener(async (/** @type {string} */ id) => {
    const [kind, address] = [id.slice(0, id.indexOf(' ')), id.slice(id.indexOf(' ') + 1)];
    if (kind !== 'call' || !(await raise())) open(address);
  });
}
