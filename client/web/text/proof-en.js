// How an address is confirmed by mail, and the server for it: what the add-on says.
export const proof = {
  'setup.back': 'Back',
  'setup.server.title': 'Which server?',
  'setup.server.lead':
    'People reach you through a server of your choice, and none is known here yet. Ask whoever told you about Starling, or whoever looks after the mail of {domain}.',
  'setup.server.field': 'Address of the server',
  'setup.server.use': 'Continue',
  'setup.server.looking': 'Looking …',
  'setup.server.trust':
    'It passes messages and calls on and cannot read or hear them. It sees with whom you talk, and when.',
  'setup.server.other': 'Use another server',
  'error.server.address': 'This is no address of a server. It looks like starling.example.org.',
  'error.server.none': 'There is no Starling server at {server}, or it does not answer. Check the address.',
  'proof.title': 'Confirming {address}',
  'proof.ca': 'the confirmation service',
  'proof.mail': 'A mail from {from} arrives',
  'proof.answer': 'Thunderbird answers it',
  'proof.judged': 'The answer is checked',
  'proof.step.now': 'in progress',
  'proof.step.done': 'done',
  'proof.step.failed': 'failed',
  'proof.waiting': 'There is nothing to do: the mail is answered and filed away by itself.',
  'proof.sending':
    'The mail is here and is being answered. A window may open for a moment; if Thunderbird asks you something there, answer it.',
  'proof.sent': 'The answer is on its way. Mostly it arrives within seconds; some mail servers take minutes.',
  'proof.code': 'The code from the mail is used …',
  'proof.failed': 'The mail is here, but it could not be answered.',
  'proof.done': 'Your address is confirmed.',
  'proof.late':
    'The mail is not here yet. Press “Get Messages” in Thunderbird and look in the junk folder. If it is nowhere, have a new one sent.',
  'proof.look': 'Look again',
  'proof.looked': 'Your mail was looked through.',
  'proof.again': 'Send a new mail',
  'proof.sent-again': 'A new mail is on its way.',
  'proof.by-hand': 'Type the code',
  'proof.instead.no-account': 'No account here sends as this address, so the code from the mail is used.',
  'proof.instead.unsent': 'The answer could not be sent, so the code from the mail is used.',
  'proof.instead.stuck':
    'Sending the answer took too long; perhaps Thunderbird shows an error or asks for a password. So the code from the mail is used.',
  'proof.instead.unsigned':
    'Your mail provider does not sign what it sends as it should, so the answer does not count. The code from the mail is used.',
  'proof.instead.refused': 'The answer was not accepted: {why} So the code from the mail is used.',
  'proof.instead.late': 'The answer has not arrived for minutes, so the code from the mail is used.',
  'proof.instead.generic': 'The answer could not be used, so the code from the mail is.',
  'notice.by-code.no-account':
    'Your address was confirmed by the code from the mail: no account here sends as this address. Everything works.',
  'notice.by-code.unsent':
    'Your address was confirmed by the code from the mail: the answer could not be sent. Everything works.',
  'notice.by-code.stuck':
    'Your address was confirmed by the code from the mail: sending the answer took too long; perhaps Thunderbird shows an error or asks for a password. Everything works.',
  'notice.by-code.unsigned':
    'Your address was confirmed by the code from the mail: your mail provider does not sign what it sends as it should. Everything works; a signed answer would prove more.',
  'notice.by-code.refused':
    'Your address was confirmed by the code from the mail: the answer was not accepted ({why}). Everything works.',
  'notice.by-code.late':
    'Your address was confirmed by the code from the mail: the answer did not arrive in time. Everything works.',
  'notice.by-code.ok': 'Understood',
};
