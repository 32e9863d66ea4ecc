// The words, in German, of encrypted mails to people who are away.

/** @type {Record<string, string>} */
export const letters = {
  'letters.title': 'Mail an Abwesende',
  'letters.on': 'Auch eine verschlüsselte Mail schicken, wenn jemand nicht da ist',
  'letters.hint':
    'Die Nachricht wartet ohnehin, und sie erscheint einmal. Die Mail geht nur an Kontakte, an jeden höchstens eine in zehn Minuten, mit allem, was wartet. Wer seinen Schlüssel in einem Mailprogramm hat, kann sie auch dort lesen.',
  'letters.learns':
    'Ihr Mailanbieter und der des Kontakts erfahren, dass Sie einander mit Starling schreiben, wann, und etwa wie viel. Lesen können sie es nicht.',
  'letters.no-account':
    'Die letzte Mail wurde nicht geschickt: Kein Konto hier sendet unter Ihrer Adresse. Die Nachricht wartet trotzdem.',
  'letters.failed':
    'Die letzte Mail ließ sich nicht senden. Die Nachricht wartet trotzdem. Vielleicht zeigt Thunderbird einen Fehler oder fragt nach einem Passwort.',
  'letters.mail.1':
    'In dieser Mail ist eine Nachricht, die Ihnen mit Starling geschrieben wurde, während Sie nicht da waren. Starling in Thunderbird zeigt sie von selbst und legt diese Mail in den Ordner „Starling/Letters“; Sie müssen nichts tun.',
  'letters.mail.2':
    'Die Nachricht ist im Anhang und verschlüsselt. Ein Mailprogramm, das Ihren Schlüssel hat, öffnet ihn als Mail (S/MIME).',
};
