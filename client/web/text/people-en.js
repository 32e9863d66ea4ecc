// The words, in English, of the add-on beside mail: what is saved, its address book, people one knows, and a mail that is written.

/** @type {Record<string, string>} */
export const people = {
  'transcript.subject': 'Conversation with {name}, {day}',
  'transcript.call.in': 'Incoming call',
  'transcript.call.out': 'Outgoing call',
  'saving.title': 'Saved conversations',
  'saving.where': 'Save conversations and calls as mail',
  'saving.local': 'On this computer',
  'saving.none': 'Nowhere',
  'saving.gone': 'In an account that is gone',
  'saving.local.hint':
    'In the folder “Starling/Conversations” of Local Folders: find, move, delete and export them like any mail.',
  'saving.account.hint':
    'In the folder “Starling/Conversations” of that account. Whoever runs it can read what is saved there, though nobody can read it on its way. Choose it on one computer only: two would save everything twice.',
  'saving.none.hint': 'Conversations stay in Starling only. What was saved stays until you delete it.',
  'saving.people': 'Save what is said with',
  'saving.all': 'Show all {count}',
  'header.write': 'Write to {name} with Starling',
  'header.ask': 'Ask {name} to be a contact on Starling',
  'book.online': 'Online now ({count})',
  'book.directory': 'Starling directory',
  'book.found':
    'Uses Starling: the address was looked up and verified just now. To ask them, click the sip: link on this card.',
  'compose.title': 'This mail goes to',
  'compose.empty': 'Nobody yet: enter who the mail goes to.',
  'compose.nobody': 'Nobody among them is a contact of yours on Starling.',
  'compose.unknown': 'Not a contact of yours',
  'compose.write': 'Write',
  'people.recent': 'People you wrote to lately',
  'people.books': 'People in your address books',
  'people.file': 'People in the file',
  'people.ask': 'Ask',
  'people.nothing': 'Nobody here matches what you typed.',
  'people.nobody': 'Nobody whom you could ask.',
  'people.more': 'And {count} more: type a part of a name above.',
  'people.show-books': 'Look in my address books',
  'people.read': 'Open a .vcf file …',
  'people.save': 'Save my contacts as a .vcf file',
  'people.hint':
    'These lists are read on this computer only. A person is looked up, and learns that you ask, only when you press “Ask”. Nothing begins before they agree.',
  'error.vcard.none': 'This file holds no contacts in a form that can be read (.vcf).',
  'error.vcard.nobody': 'Nobody in this file has an e-mail address.',
  'error.vcard.too-big': 'This file is too large: 4 MB at most.',
  'error.vcard.too-many': 'There are too many people in this file: 5,000 at most.',
};
