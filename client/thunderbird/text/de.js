// Was das Add-on anders sagt als die Web-App: hier ist kein Browser und keine Seite, sondern Thunderbird, und Geräte daneben.
export const de = {
  'status.waiting-for-device': 'Wartet auf Ihr anderes Gerät',
  'enrol.privacy':
    'In Thunderbird entsteht ein Schlüssel, der es nie verlässt. Die Mail beweist, dass die Adresse Ihnen gehört.',
  'enrol.add.title': 'Ihre Adresse auch in Thunderbird benutzen',
  'enrol.add.lead':
    'Ihr anderes Gerät wartet auf dieses. Eine Mail beweist noch einmal, dass die Adresse Ihnen gehört; dann kommt dieses Thunderbird von selbst hinzu.',
  'waiting.title': 'Ihre Adresse wird schon auf einem anderen Gerät benutzt',
  'waiting.add':
    'Wählen Sie auf Ihrem anderen Gerät in den Einstellungen, ein Gerät hinzuzufügen. Geben Sie den Code ein, der dort steht.',
  'waiting.add.field': 'Code Ihres anderen Geräts',
  'waiting.add.told': 'Ihr anderes Gerät wird mit diesem Code gefragt.',
  'waiting.lead': 'Oder erlauben Sie dieses Thunderbird dort von Hand: vergleichen Sie auf beiden diese Zahl.',
  'waiting.refused': 'Ihr anderes Gerät hat abgelehnt. Wenn das ein Versehen war, fragen Sie noch einmal.',
  'waiting.going': 'Wartet auf Ihr anderes Gerät …',
  'waiting.lost': 'Ich habe das andere Gerät nicht mehr',
  'waiting.recover.title': 'Mit diesem Thunderbird neu beginnen?',
  'waiting.recover.lead':
    'Ihre Kontakte sehen, dass Sie neu begonnen haben. Einen Tag lang kann niemand zustimmen: so lange kann ein Gerät, das Sie doch noch haben, widersprechen. Dann wird jeder Kontakt gefragt, bevor er Ihnen etwas sendet. Nur sinnvoll, wenn alle anderen Geräte verloren sind.',
  'waiting.recover.revoke': 'Meine früheren Geräte auch für ungültig erklären',
  'removed.title': 'Dieses Thunderbird wurde von Ihren Geräten entfernt',
  'removed.lead':
    'Es bekommt keine neuen Nachrichten und keine Anrufe. Was hier ist, bleibt lesbar. Wenn das nicht Sie waren, sehen Sie in den Einstellungen Ihres anderen Geräts nach.',
  'chat.remove.lead':
    'Diese Person sieht nicht mehr, wann Sie online sind, und kann nicht anrufen. Ihre Nachrichten bleiben in Thunderbird.',
  'state.waiting.hint': 'Wartet. Die Nachricht geht hinaus, wenn Ihr Server antwortet und Thunderbird läuft.',
  'state.sent.hint': 'Gesendet. Die Nachricht kommt auch an, wenn Thunderbird beendet ist.',
  'move.waiting': '{address} wird schon auf einem anderen Gerät von Ihnen verwendet. Es muss dieses hier hereinlassen.',
  'move.stop.lead':
    'Was dorthin geht, erreicht dieses Thunderbird nicht mehr. Wer Ihre neue Adresse noch nicht verwendet ({count}), bekommt von ihr eine Kontaktanfrage. Die Unterhaltungen bleiben.',
  'move.stop.lead.all': 'Was dorthin geht, erreicht dieses Thunderbird nicht mehr. Die Unterhaltungen bleiben.',
  'settings.devices': 'Ihre Geräte',
  'settings.devices.this': 'dieses Thunderbird',
  'settings.devices.add': 'Gerät hinzufügen',
  'adding.title': 'Gerät hinzufügen',
  'adding.lead': 'Richten Sie die Kamera Ihres Telefons darauf, oder öffnen Sie den Link auf dem anderen Gerät.',
  'settings.notifications': 'Mich bei Nachrichten und Anrufen benachrichtigen',
  'settings.language.auto': 'Wie in Thunderbird',
  'settings.export.hint':
    'Eine Datei mit allem außer dem Schlüssel in diesem Thunderbird, der es nicht verlassen kann.',
  'settings.delete.title': 'Alles von Starling in Thunderbird löschen?',
  'settings.delete.lead':
    'Kontakte, Nachrichten und der Schlüssel in Thunderbird werden gelöscht, mit ihnen das Adressbuch „Starling“; nichts bringt sie zurück. Gespeicherte Unterhaltungen sind Mails und bleiben: Um auch sie zu löschen, löschen Sie den Ordner „Starling“ in dem Konto, das Sie dafür gewählt haben (zuerst unter „Lokale Ordner“), und leeren dessen Papierkorb. Geben Sie zur Bestätigung Ihre Adresse ein.',
  'device.asks': 'Ein anderes Gerät möchte Ihre Adresse benutzen',
  'notice.moving':
    'Auf einem anderen Gerät haben Sie Ihre Adresse in {address} geändert. Wer sie verwendet, erreicht dieses Thunderbird erst, wenn Sie sie auch hier bestätigen.',
  'notice.revoke-old':
    'Ihre früheren Geräte konnten nicht für ungültig erklärt werden: die CA antwortet nicht, oder sie will die Adresse neu bestätigt haben.',
  'error.device-code': 'Das ist kein Code eines anderen Geräts. Er hat zwölf Buchstaben und Ziffern.',
  'error.removed': 'Dieses Thunderbird wurde von Ihren Geräten entfernt. Was hier ist, bleibt lesbar.',
  'smime.privacy':
    'Die Datei wird nur in Thunderbird geöffnet. Ihr Schlüssel unterschreibt einmal für den, den Starling hier gemacht hat; weder der Schlüssel der Datei noch das Kennwort wird aufbewahrt.',
  'notice.renew-smime':
    'Der Schlüssel in diesem Thunderbird muss neu bestätigt werden: Öffnen Sie die Datei mit Ihrem S/MIME-Zertifikat oder mit seinem Nachfolger noch einmal.',
  'error.p12.old':
    'Diese Datei ist auf eine alte Art verschlüsselt, die nicht mehr gelesen wird. Wandeln Sie sie um: openssl pkcs12 -legacy -in alt.p12 -out alles.pem, dann openssl pkcs12 -export -in alles.pem -out neu.p12, und löschen Sie alles.pem.',
  'error.smime.no-subject':
    'Das Zertifikat in dieser Datei nennt niemanden; ein solches kann nicht für ein Gerät bürgen.',
  'error.smime.other-address': 'Dieses Thunderbird hat schon eine andere Adresse.',
  'line.remove.lead': 'Die Adresse verschwindet aus Ihrer Liste. Ihre Nachrichten bleiben in Thunderbird.',
  'settings.lines.hint':
    'Wer ein gewöhnliches Internettelefon hat, kann Sie dann hier ungeprüft anrufen und Ihnen schreiben. Die Server dazwischen können mithören. Wer bei Starling oder unter Ihren Leuten ist, kommt auf diesem Weg nie herein.',
  'error.line.interrupted': 'Thunderbird wurde beendet, bevor der Server antwortete. Ob es ankam, ist nicht bekannt.',
  'call.here': 'ruft dieses Thunderbird an',
  'backup.offer.lead':
    'Geht dieser Computer verloren, holen Sie damit Ihre Adresse zurück, und Ihre Kontakte müssen nicht neu prüfen, ob Sie es sind. Das geht nur jetzt: Danach lässt sich der Schlüssel nicht mehr aus Thunderbird holen.',
  'backup.saved.lead':
    'Sehen Sie nach, ob {file} unter Ihren Downloads liegt, und heben Sie die Datei an einem sicheren Ort auf. Um sie zu verwenden, wählen Sie „Ich habe eine Sicherung oder ein Zertifikat“, wenn Sie Starling neu einrichten.',
  'restore.lead':
    'Das ist eine Sicherung des Schlüssels von {address}. Thunderbird hier wird zu dem Gerät, auf dem die Datei gemacht wurde; Ihre Kontakte bleiben so sicher wie zuvor, dass Sie es sind.',
  'error.restore.taken':
    'Thunderbird hat schon einen Schlüssel. Eine Sicherung lässt sich nur dort zurückholen, wo Starling noch nicht eingerichtet ist.',
};
