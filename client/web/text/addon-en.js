// What is said otherwise in Thunderbird, where there is no browser and no page to keep open: in place of the text without `.addon`.
export const addon = {
  'status.waiting-for-device.addon': 'Waiting for another device of yours',
  'enrol.privacy.addon': 'A key is made in Thunderbird. The mail proves that the address is yours.',
  'waiting.title.addon': 'Your address is already in use on another device',
  'waiting.add.addon':
    'On your other device, open Starling’s settings and choose “Add a browser or device”. Type the code it shows.',
  'waiting.add.field.addon': 'Code of your other device',
  'waiting.add.told.addon': 'Your other device is asked with this code.',
  'waiting.lead.addon': 'Or allow Thunderbird there by hand: compare this number on both.',
  'waiting.refused.addon': 'Your other device refused. If that was a mistake, ask again.',
  'waiting.going.addon': 'Waiting for your other device …',
  'waiting.lost.addon': 'I no longer have the other device',
  'waiting.recover.title.addon': 'Start anew in Thunderbird?',
  'waiting.recover.lead.addon':
    'Your contacts see that you began anew. For one day nobody can agree to it: in that time a device that you still have can object. Then each contact is asked before anything is sent to you. Use this only when every other device of yours is lost.',
  'waiting.recover.revoke.addon': 'Also declare my earlier devices invalid',
  'removed.title.addon': 'Thunderbird was removed from your devices',
  'removed.lead.addon':
    'It gets no new messages and takes no calls. What is here can still be read. If this was not you, look at “Your browsers and devices” on your other device.',
  'chat.remove.lead.addon':
    'They can no longer see when you are online or call you. Your messages stay in Thunderbird.',
  'state.waiting.hint.addon': 'Waiting. Leave Thunderbird running until it is sent.',
  'state.sent.hint.addon': 'Sent. It arrives also when Thunderbird is closed.',
  'move.waiting.addon': '{address} is already in use on another device of yours, which has to let this one in.',
  'move.stop.lead.addon':
    'What is sent there no longer reaches you here. People who do not use your new address yet ({count}) get a contact request from it. What was said stays.',
  'move.stop.lead.all.addon': 'What is sent there no longer reaches you here. What was said stays.',
  'settings.devices.this.addon': 'this Thunderbird',
  'settings.notifications.addon': 'Notify me of calls, messages and requests',
  'settings.language.auto.addon': 'As in Thunderbird',
  'settings.export.hint.addon': 'A file with everything except the key, which cannot leave Thunderbird.',
  'settings.lines.hint.addon':
    'Anybody with an ordinary internet telephone can then call and write to you here, without being verified. The servers on the way can listen. Whoever is on Starling, or among your people, is never let in this way.',
  'settings.delete.title.addon': 'Delete everything of Starling in Thunderbird?',
  'settings.delete.lead.addon':
    'Contacts, messages and the key in Thunderbird are deleted, and the address book “Starling” with them; nothing brings them back. Saved conversations are mails and stay: to delete those too, delete the folder “Starling” in the account that you chose for them (at first under Local Folders) and empty its trash. Type your address to confirm.',
  'device.asks.addon': 'Another device would like to use your address',
  'notice.moving.addon':
    'On another device you changed your address to {address}. Whoever uses it does not reach Thunderbird until you confirm it here, too.',
  'error.device-code.addon': 'This is not a code of another device. It has twelve letters and digits.',
  'error.removed.addon': 'Thunderbird was removed from your devices. What is here can still be read.',
  'smime.privacy.addon':
    'The file is opened in Thunderbird only. The key of an S/MIME certificate signs once for the key that was made here; neither it nor the passphrase is kept.',
  'notice.renew-smime.addon':
    'The key in Thunderbird must be certified again: open the file with your S/MIME certificate, or with its successor, once more.',
  'error.smime.no-subject.addon':
    'The certificate in this file names nobody; such a certificate cannot vouch for a device.',
  'error.smime.other-address.addon': 'Thunderbird already has another address.',
  'line.remove.lead.addon': 'The address leaves your list. Your messages stay in Thunderbird.',
  'backup.offer.lead.addon':
    'Should this computer be lost, you bring your address back with it, and your contacts need not check again that it is you. It can only be made now: afterwards nothing can take the key out of Thunderbird.',
  'backup.saved.lead.addon':
    'Look whether {file} is in your downloads, and put it in a safe place. To use it, choose “I have a backup or certificate” when you set up Starling anew.',
  'restore.lead.addon':
    'This is a backup of the key of {address}. Thunderbird here becomes the device that the file was made on; your contacts stay as sure of you as before.',
  'error.restore.taken.addon':
    'Thunderbird has a key already. A backup can be brought back only where Starling is not set up.',
};
