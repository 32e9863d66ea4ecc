// Was aufgehoben und weitergegeben wird: eine Sicherung des Schlüssels, ein Bericht für die Hilfe.
export const keep = {
  'backup.offer': 'Eine Sicherung Ihres Schlüssels aufheben?',
  'backup.offer.lead':
    'Geht dieser Browser verloren, holen Sie damit Ihre Adresse zurück, und Ihre Kontakte müssen nicht neu prüfen, ob Sie es sind. Das geht nur jetzt: Danach lässt sich der Schlüssel nicht mehr aus diesem Browser holen.',
  'backup.make': 'Sicherung machen …',
  'backup.no': 'Keine Sicherung',
  'backup.title': 'Eine Sicherung Ihres Schlüssels',
  'backup.lead':
    'Die Datei ist mit einem Kennwort verschlossen. Wer beides hat, kann als {address} schreiben und anrufen und lesen, was an Sie gesendet wurde: Bewahren Sie beides getrennt auf, und nicht nur auf diesem Computer.',
  'backup.phrase': 'Kennwort',
  'backup.phrase.again': 'Noch einmal dasselbe',
  'backup.phrase.hint':
    'Mindestens 12 Zeichen: mehrere Wörter zum Beispiel. Nur Buchstaben ohne Umlaute und Akzente, Ziffern, Satzzeichen und Leerzeichen, damit jedes Programm die Datei öffnen kann. Niemand kann helfen, wenn Sie es vergessen.',
  'backup.differ': 'Die beiden Kennwörter sind verschieden.',
  'backup.save': 'Datei speichern',
  'backup.busy': 'Die Datei wird verschlossen. Das dauert mit Absicht einige Sekunden: Es macht das Erraten langsam.',
  'backup.saved': 'Ihre Sicherung ist gemacht',
  'backup.saved.lead':
    'Sehen Sie nach, ob {file} unter Ihren Downloads liegt, und heben Sie die Datei an einem sicheren Ort auf. Um sie zu verwenden, wählen Sie „Ich habe eine Datei“, wenn Sie Starling neu einrichten.',
  'backup.again': 'Noch einmal speichern',
  'backup.done': 'Ich habe sie',
  'error.backup.short': 'Das Kennwort ist zu kurz: Es braucht mindestens 12 Zeichen.',
  'error.backup.letters': 'Bitte nur Buchstaben ohne Umlaute und Akzente, Ziffern, Satzzeichen und Leerzeichen.',
  'error.backup.over':
    'Eine Sicherung lässt sich nicht mehr machen: Der Schlüssel kann nicht mehr herausgeholt werden.',
  'setup.file': 'Ich habe eine Sicherung oder ein Zertifikat',
  'restore.lead':
    'Das ist eine Sicherung des Schlüssels von {address}. Dieser Browser wird zu dem Gerät, auf dem die Datei gemacht wurde; Ihre Kontakte bleiben so sicher wie zuvor, dass Sie es sind.',
  'restore.once':
    'Verwenden Sie sie nur, wenn jenes verloren ist oder nicht mehr benutzt wird: Zwei mit demselben Schlüssel stören einander. Nachrichten und die Liste Ihrer Kontakte stehen nicht in der Datei. Andere Geräte von Ihnen bringen die Kontakte von selbst zurück; ohne ein anderes fragen Sie Ihre Kontakte noch einmal.',
  'restore.over': 'Was die Adresse bestätigte, lief am {date} ab; darum wird eine Mail mit einem Code gesendet.',
  'restore.use': 'Zurückholen',
  'error.restore.taken':
    'Dieser Browser hat schon einen Schlüssel. Eine Sicherung lässt sich nur dort zurückholen, wo Starling noch nicht eingerichtet ist.',
  'settings.help': 'Hilfe',
  'report.make': 'Bericht für die Hilfe speichern …',
  'report.hint': 'Für jemanden, der Ihnen hilft, wenn etwas nicht geht. Sie lesen ihn, bevor Sie ihn weitergeben.',
  'report.title': 'Ein Bericht für die Hilfe',
  'report.lead':
    'Dieser Text sagt, was Starling zuletzt auf diesem Computer getan hat: wann es mit welchen Servern verbunden war, was nicht ging, wie Anrufe verliefen. Nachrichten, Namen, Schlüssel und Codes stehen nicht darin. Er wird als Datei gespeichert und an niemanden gesendet.',
  'report.people': 'Mit E-Mail-Adressen',
  'report.people.hint': 'Ohne sie steht statt jeder Adresse eine Nummer, auch statt Ihrer eigenen.',
  'report.text': 'Der Bericht',
  'report.save': 'Als Datei speichern',
  'dialog.confirm': 'Ihre Adresse, zur Bestätigung',
  'trust.smime.title': 'Ihr S/MIME-Zertifikat',
  'trust.smime': 'Ein S/MIME-Zertifikat verwenden (Datei .p12)',
};
