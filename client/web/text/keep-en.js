// What is kept and given away: a backup of the key, a report for support.
export const keep = {
  'backup.offer': 'Keep a backup of your key?',
  'backup.offer.lead':
    'Should this browser be lost, you bring your address back with it, and your contacts need not check again that it is you. It can only be made now: afterwards nothing can take the key out of this browser.',
  'backup.make': 'Make a backup …',
  'backup.no': 'No backup',
  'backup.title': 'A backup of your key',
  'backup.lead':
    'The file is locked with a pass phrase. Whoever has both can write and call as {address}, and read what was sent to you: keep them apart from each other, and not only on this computer.',
  'backup.phrase': 'Pass phrase',
  'backup.phrase.again': 'The same once more',
  'backup.phrase.hint':
    'At least 12 characters: several words, say. Only letters without accents, digits, signs and spaces, so that every program can open the file. Nobody can help if you forget it.',
  'backup.differ': 'The two pass phrases are different.',
  'backup.save': 'Save the file',
  'backup.busy': 'The file is being locked. This takes some seconds on purpose: it makes guessing slow.',
  'backup.saved': 'Your backup is made',
  'backup.saved.lead':
    'Look whether {file} is in your downloads, and put it in a safe place. To use it, choose “I have a file” when you set up Starling anew.',
  'backup.again': 'Save it again',
  'backup.done': 'I have it',
  'error.backup.short': 'The pass phrase is too short: it takes at least 12 characters.',
  'error.backup.letters': 'Please use only letters without accents, digits, signs and spaces.',
  'error.backup.over': 'A backup can no longer be made: the key cannot be taken out any more.',
  'setup.file': 'I have a backup or certificate',
  'restore.lead':
    'This is a backup of the key of {address}. This browser becomes the device that the file was made on; your contacts stay as sure of you as before.',
  'restore.once':
    'Use it only if that one is lost or will not be used any more: two with the same key disturb each other. Messages and the list of your contacts are not in the file. Other devices of yours bring the contacts back by themselves; without one, ask your contacts again.',
  'restore.over': 'What confirmed the address ran out on {date}, so a mail with a code is sent.',
  'restore.use': 'Bring it back',
  'error.restore.taken':
    'This browser has a key already. A backup can be brought back only where Starling is not set up.',
  'settings.help': 'Help',
  'report.make': 'Save a report for support …',
  'report.hint': 'For somebody who helps you when something does not work. You read it before you give it away.',
  'report.title': 'A report for support',
  'report.lead':
    'This text says what Starling did lately on this computer: when it was connected and to which servers, what failed, how calls went. Messages, names, keys and codes are not in it. It is saved as a file and sent to nobody.',
  'report.people': 'With e-mail addresses',
  'report.people.hint': 'Without them, each address is replaced by a number, yours too.',
  'report.text': 'The report',
  'report.save': 'Save as a file',
  'dialog.confirm': 'Your address, to confirm',
  'trust.smime.title': 'Your S/MIME certificate',
  'trust.smime': 'Use an S/MIME certificate (file .p12)',
};
