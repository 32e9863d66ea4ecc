// What the add-on says otherwise than the web app: there is no browser and no page here, but Thunderbird, and devices beside it.
export const en = {
  'status.waiting-for-device': 'Waiting for your other device',
  'enrol.privacy': 'A key is made in Thunderbird and never leaves it. The mail proves that the address is yours.',
  'enrol.add.title': 'Use your address in Thunderbird, too',
  'enrol.add.lead':
    'Your other device waits for this one. A mail proves once more that the address is yours; then this Thunderbird is added by itself.',
  'waiting.title': 'Your address is already in use on another device',
  'waiting.add': 'On your other device, choose in the settings to add a device. Type the code it shows.',
  'waiting.add.field': 'Code of your other device',
  'waiting.add.told': 'Your other device is asked with this code.',
  'waiting.lead': 'Or allow this Thunderbird there by hand: compare this number on both.',
  'waiting.refused': 'Your other device refused. If that was a mistake, ask again.',
  'waiting.going': 'Waiting for your other device …',
  'waiting.lost': 'I no longer have the other device',
  'waiting.recover.title': 'Start anew with this Thunderbird?',
  'waiting.recover.lead':
    'Your contacts see that you began anew. For one day nobody can agree to it: in that time a device that you still have can object. Then each contact is asked before anything is sent to you. Use this only when every other device of yours is lost.',
  'waiting.recover.revoke': 'Also declare my earlier devices invalid',
  'removed.title': 'This Thunderbird was removed from your devices',
  'removed.lead':
    'It gets no new messages and takes no calls. What is here can still be read. If this was not you, look into the settings of your other device.',
  'chat.remove.lead': 'They can no longer see when you are online or call you. Your messages stay in Thunderbird.',
  'state.waiting.hint': 'Waiting. It is sent when your server answers and Thunderbird is running.',
  'state.sent.hint': 'Sent. It arrives also when Thunderbird is closed.',
  'move.waiting': '{address} is already in use on another device of yours, which has to let this one in.',
  'move.stop.lead':
    'What is sent there no longer reaches this Thunderbird. People who do not use your new address yet ({count}) get a contact request from it. What was said stays.',
  'move.stop.lead.all': 'What is sent there no longer reaches this Thunderbird. What was said stays.',
  'settings.devices': 'Your devices',
  'settings.devices.this': 'this Thunderbird',
  'settings.devices.add': 'Add a device',
  'adding.title': 'Add a device',
  'adding.lead': 'Scan this with the camera of your phone, or open the link on the other device.',
  'settings.notifications': 'Notify me of messages and calls',
  'settings.language.auto': 'As in Thunderbird',
  'settings.export.hint': 'A file with everything except the key in this Thunderbird, which cannot leave it.',
  'settings.delete.title': 'Delete everything of Starling in Thunderbird?',
  'settings.delete.lead':
    'Contacts, messages and the key in Thunderbird are deleted, and the address book “Starling” with them; nothing brings them back. Saved conversations are mails and stay: to delete those too, delete the folder “Starling” in the account that you chose for them (at first under Local Folders) and empty its trash. Type your address to confirm.',
  'device.asks': 'Another device would like to use your address',
  'notice.moving':
    'On another device you changed your address to {address}. Whoever uses it does not reach this Thunderbird until you confirm it here, too.',
  'notice.revoke-old':
    'Your earlier devices could not be declared invalid: the CA does not answer, or wants the address proven again.',
  'error.device-code': 'This is not a code of another device. It has twelve letters and digits.',
  'error.removed': 'This Thunderbird was removed from your devices. What is here can still be read.',
  'smime.privacy':
    'The file is opened in Thunderbird only. Its key signs once for the key that Starling made here; neither the file’s key nor the passphrase is kept.',
  'notice.renew-smime':
    'The key in this Thunderbird must be certified again: open the file with your S/MIME certificate, or with its successor, once more.',
  'error.p12.old':
    'This file is encrypted in an old way that is no longer read. Convert it: openssl pkcs12 -legacy -in old.p12 -out all.pem, then openssl pkcs12 -export -in all.pem -out new.p12, and delete all.pem.',
  'error.smime.no-subject': 'The certificate in this file names nobody; such a certificate cannot vouch for a device.',
  'error.smime.other-address': 'This Thunderbird already has another address.',
  'line.remove.lead': 'The address leaves your list. Your messages stay in Thunderbird.',
  'settings.lines.hint':
    'Anybody with an ordinary internet telephone can then call and write to you here, without being verified. The servers on the way can listen. Whoever is on Starling, or among your people, is never let in this way.',
  'error.line.interrupted': 'Thunderbird was closed before the server answered. Whether it arrived is not known.',
  'call.here': 'calling this Thunderbird',
  'backup.offer.lead':
    'Should this computer be lost, you bring your address back with it, and your contacts need not check again that it is you. It can only be made now: afterwards nothing can take the key out of Thunderbird.',
  'backup.saved.lead':
    'Look whether {file} is in your downloads, and put it in a safe place. To use it, choose “I have a backup or certificate” when you set up Starling anew.',
  'restore.lead':
    'This is a backup of the key of {address}. Thunderbird here becomes the device that the file was made on; your contacts stay as sure of you as before.',
  'error.restore.taken':
    'Thunderbird has a key already. A backup can be brought back only where Starling is not set up.',
};
