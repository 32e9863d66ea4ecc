// The words, in English, of encrypted mails to people who are away.

/** @type {Record<string, string>} */
export const letters = {
  'letters.title': 'Mail to people who are away',
  'letters.on': 'Also send an encrypted mail when somebody is away',
  'letters.hint':
    'Your message waits for them either way, and they see it once. The mail goes to your contacts only, at most one in ten minutes to each, with all that waits. Whoever has their key in a mail program can read it there, too.',
  'letters.learns':
    'Your mail provider and theirs learn that you write to each other with Starling, when, and about how much. They cannot read it.',
  'letters.no-account':
    'The last mail was not sent: no account here sends as your address. The message waits all the same.',
  'letters.failed':
    'The last mail could not be sent. The message waits all the same. Perhaps Thunderbird shows an error or asks for a password.',
  'letters.mail.1':
    'This mail holds a message that was written to you with Starling while you were away. Starling in Thunderbird shows it by itself and puts this mail into the folder “Starling/Letters”; there is nothing to do.',
  'letters.mail.2':
    'The message is in the attachment and is encrypted. A mail program that has your key opens it as a mail (S/MIME).',
};
