// How an address is confirmed by mail, and the server for it: what the add-on says.
export const proof = {
  'setup.back': 'Zurück',
  'setup.server.title': 'Welcher Server?',
  'setup.server.lead':
    'Man erreicht Sie über einen Server Ihrer Wahl, und hier ist noch keiner bekannt. Fragen Sie, wer Ihnen von Starling erzählt hat oder wer sich um die Mail von {domain} kümmert.',
  'setup.server.field': 'Adresse des Servers',
  'setup.server.use': 'Weiter',
  'setup.server.looking': 'Wird gesucht …',
  'setup.server.trust':
    'Er reicht Nachrichten und Anrufe weiter und kann sie weder lesen noch hören. Er sieht, mit wem Sie sprechen und wann.',
  'setup.server.other': 'Anderen Server verwenden',
  'error.server.address': 'Das ist keine Adresse eines Servers. Sie sieht aus wie starling.example.org.',
  'error.server.none': 'Unter {server} ist kein Starling-Server, oder er antwortet nicht. Prüfen Sie die Adresse.',
  'proof.title': '{address} wird bestätigt',
  'proof.ca': 'der Bestätigungsstelle',
  'proof.mail': 'Eine Mail von {from} kommt an',
  'proof.answer': 'Thunderbird beantwortet sie',
  'proof.judged': 'Die Antwort wird geprüft',
  'proof.step.now': 'läuft',
  'proof.step.done': 'erledigt',
  'proof.step.failed': 'gescheitert',
  'proof.waiting': 'Sie müssen nichts tun: Die Mail wird von selbst beantwortet und abgelegt.',
  'proof.sending':
    'Die Mail ist da und wird beantwortet. Kurz kann sich ein Fenster öffnen; fragt Thunderbird Sie dort etwas, antworten Sie.',
  'proof.sent': 'Die Antwort ist unterwegs. Meist kommt sie in Sekunden an; manche Mailserver brauchen Minuten.',
  'proof.code': 'Der Code aus der Mail wird verwendet …',
  'proof.failed': 'Die Mail ist da, konnte aber nicht beantwortet werden.',
  'proof.done': 'Ihre Adresse ist bestätigt.',
  'proof.late':
    'Die Mail ist noch nicht da. Drücken Sie in Thunderbird „Abrufen“ und sehen Sie im Junk-Ordner nach. Ist sie nirgends, lassen Sie eine neue senden.',
  'proof.look': 'Noch einmal nachsehen',
  'proof.looked': 'Ihre Mail wurde durchgesehen.',
  'proof.again': 'Neue Mail senden',
  'proof.sent-again': 'Eine neue Mail ist unterwegs.',
  'proof.by-hand': 'Code eintippen',
  'proof.instead.no-account':
    'Kein Konto hier sendet unter dieser Adresse; darum wird der Code aus der Mail verwendet.',
  'proof.instead.unsent': 'Die Antwort ließ sich nicht senden; darum wird der Code aus der Mail verwendet.',
  'proof.instead.stuck':
    'Das Senden der Antwort hat zu lange gedauert; vielleicht zeigt Thunderbird einen Fehler oder fragt nach einem Passwort. Darum wird der Code aus der Mail verwendet.',
  'proof.instead.unsigned':
    'Ihr Mailanbieter unterschreibt nicht richtig, was er sendet; darum zählt die Antwort nicht. Der Code aus der Mail wird verwendet.',
  'proof.instead.refused': 'Die Antwort wurde nicht angenommen: {why} Darum wird der Code aus der Mail verwendet.',
  'proof.instead.late': 'Die Antwort ist seit Minuten nicht angekommen; darum wird der Code aus der Mail verwendet.',
  'proof.instead.generic': 'Die Antwort war nicht zu gebrauchen; darum wird der Code aus der Mail verwendet.',
  'notice.by-code.no-account':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Kein Konto hier sendet unter dieser Adresse. Alles funktioniert.',
  'notice.by-code.unsent':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Die Antwort ließ sich nicht senden. Alles funktioniert.',
  'notice.by-code.stuck':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Das Senden der Antwort hat zu lange gedauert; vielleicht zeigt Thunderbird einen Fehler oder fragt nach einem Passwort. Alles funktioniert.',
  'notice.by-code.unsigned':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Ihr Mailanbieter unterschreibt nicht richtig, was er sendet. Alles funktioniert; eine unterschriebene Antwort bewiese mehr.',
  'notice.by-code.refused':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Die Antwort wurde nicht angenommen ({why}). Alles funktioniert.',
  'notice.by-code.late':
    'Ihre Adresse wurde durch den Code aus der Mail bestätigt: Die Antwort kam nicht rechtzeitig an. Alles funktioniert.',
  'notice.by-code.ok': 'Verstanden',
};
