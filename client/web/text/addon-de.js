// Was in Thunderbird anders heißt, wo es keinen Browser und keine offene Seite gibt: an Stelle des Textes ohne `.addon`.
export const addon = {
  'status.waiting-for-device.addon': 'Wartet auf ein anderes Gerät von Ihnen',
  'enrol.privacy.addon': 'In Thunderbird entsteht ein Schlüssel. Die Mail beweist, dass die Adresse Ihnen gehört.',
  'waiting.title.addon': 'Ihre Adresse wird schon auf einem anderen Gerät benutzt',
  'waiting.add.addon':
    'Öffnen Sie auf Ihrem anderen Gerät die Einstellungen von Starling und wählen Sie „Browser oder Gerät hinzufügen“. Geben Sie den Code ein, den es zeigt.',
  'waiting.add.field.addon': 'Code Ihres anderen Geräts',
  'waiting.add.told.addon': 'Ihr anderes Gerät wird mit diesem Code gefragt.',
  'waiting.lead.addon': 'Oder erlauben Sie Thunderbird dort von Hand: Vergleichen Sie auf beiden diese Zahl.',
  'waiting.refused.addon': 'Ihr anderes Gerät hat abgelehnt. Wenn das ein Versehen war, fragen Sie noch einmal.',
  'waiting.going.addon': 'Wartet auf Ihr anderes Gerät …',
  'waiting.lost.addon': 'Ich habe das andere Gerät nicht mehr',
  'waiting.recover.title.addon': 'In Thunderbird neu beginnen?',
  'waiting.recover.lead.addon':
    'Ihre Kontakte sehen, dass Sie neu begonnen haben. Einen Tag lang kann niemand zustimmen: So lange kann ein Gerät, das Sie doch noch haben, widersprechen. Dann wird jeder Kontakt gefragt, bevor er Ihnen etwas sendet. Nur sinnvoll, wenn alle anderen Geräte verloren sind.',
  'waiting.recover.revoke.addon': 'Meine früheren Geräte auch für ungültig erklären',
  'removed.title.addon': 'Thunderbird wurde von Ihren Geräten entfernt',
  'removed.lead.addon':
    'Es bekommt keine neuen Nachrichten und keine Anrufe. Was hier ist, bleibt lesbar. Wenn das nicht Sie waren, sehen Sie auf Ihrem anderen Gerät unter „Ihre Browser und Geräte“ nach.',
  'chat.remove.lead.addon':
    'Diese Person sieht nicht mehr, wann Sie online sind, und kann nicht anrufen. Ihre Nachrichten bleiben in Thunderbird.',
  'state.waiting.hint.addon': 'Wartet. Lassen Sie Thunderbird laufen, bis die Nachricht gesendet ist.',
  'state.sent.hint.addon': 'Gesendet. Die Nachricht kommt auch an, wenn Thunderbird geschlossen ist.',
  'move.waiting.addon':
    '{address} wird schon auf einem anderen Gerät von Ihnen verwendet. Es muss dieses hier hereinlassen.',
  'move.stop.lead.addon':
    'Was dorthin geht, erreicht Sie hier nicht mehr. Wer Ihre neue Adresse noch nicht verwendet ({count}), bekommt von ihr eine Kontaktanfrage. Die Unterhaltungen bleiben.',
  'move.stop.lead.all.addon': 'Was dorthin geht, erreicht Sie hier nicht mehr. Die Unterhaltungen bleiben.',
  'settings.devices.this.addon': 'dieses Thunderbird',
  'settings.notifications.addon': 'Mich bei Anrufen, Nachrichten und Anfragen benachrichtigen',
  'settings.language.auto.addon': 'Wie in Thunderbird',
  'settings.export.hint.addon': 'Eine Datei mit allem außer dem Schlüssel, der Thunderbird nicht verlassen kann.',
  'settings.lines.hint.addon':
    'Wer ein gewöhnliches Internettelefon hat, kann Sie dann hier ungeprüft anrufen und Ihnen schreiben. Die Server dazwischen können mithören. Wer bei Starling oder unter Ihren Leuten ist, kommt auf diesem Weg nie herein.',
  'settings.delete.title.addon': 'Alles von Starling in Thunderbird löschen?',
  'settings.delete.lead.addon':
    'Kontakte, Nachrichten und der Schlüssel in Thunderbird werden gelöscht, mit ihnen das Adressbuch „Starling“; nichts bringt sie zurück. Gespeicherte Unterhaltungen sind Mails und bleiben: Um auch sie zu löschen, löschen Sie den Ordner „Starling“ in dem Konto, das Sie dafür gewählt haben (zuerst unter „Lokale Ordner“), und leeren dessen Papierkorb. Geben Sie zur Bestätigung Ihre Adresse ein.',
  'device.asks.addon': 'Ein anderes Gerät möchte Ihre Adresse benutzen',
  'notice.moving.addon':
    'Auf einem anderen Gerät haben Sie Ihre Adresse in {address} geändert. Wer sie verwendet, erreicht Thunderbird erst, wenn Sie sie auch hier bestätigen.',
  'error.device-code.addon': 'Das ist kein Code eines anderen Geräts. Er hat zwölf Buchstaben und Ziffern.',
  'error.removed.addon': 'Thunderbird wurde von Ihren Geräten entfernt. Was hier ist, bleibt lesbar.',
  'smime.privacy.addon':
    'Die Datei wird nur in Thunderbird geöffnet. Der Schlüssel eines S/MIME-Zertifikats unterschreibt einmal für den Schlüssel, der hier entstand; weder er noch das Kennwort werden aufbewahrt.',
  'notice.renew-smime.addon':
    'Der Schlüssel in Thunderbird muss neu bestätigt werden: Öffnen Sie die Datei mit Ihrem S/MIME-Zertifikat oder mit seinem Nachfolger noch einmal.',
  'error.smime.no-subject.addon':
    'Das Zertifikat in dieser Datei nennt niemanden; ein solches kann nicht für ein Gerät bürgen.',
  'error.smime.other-address.addon': 'Thunderbird hat schon eine andere Adresse.',
  'line.remove.lead.addon': 'Die Adresse verschwindet aus Ihrer Liste. Ihre Nachrichten bleiben in Thunderbird.',
  'backup.offer.lead.addon':
    'Geht dieser Computer verloren, holen Sie damit Ihre Adresse zurück, und Ihre Kontakte müssen nicht neu prüfen, ob Sie es sind. Das geht nur jetzt: Danach lässt sich der Schlüssel nicht mehr aus Thunderbird holen.',
  'backup.saved.lead.addon':
    'Sehen Sie nach, ob {file} unter Ihren Downloads liegt, und heben Sie die Datei an einem sicheren Ort auf. Um sie zu verwenden, wählen Sie „Ich habe eine Sicherung oder ein Zertifikat“, wenn Sie Starling neu einrichten.',
  'restore.lead.addon':
    'Das ist eine Sicherung des Schlüssels von {address}. Thunderbird hier wird zu dem Gerät, auf dem die Datei gemacht wurde; Ihre Kontakte bleiben so sicher wie zuvor, dass Sie es sind.',
  'error.restore.taken.addon':
    'Thunderbird hat schon einen Schlüssel. Eine Sicherung lässt sich nur dort zurückholen, wo Starling noch nicht eingerichtet ist.',
};
