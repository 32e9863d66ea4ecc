import { calls } from './calls-de.js';
import { letters } from './letters-de.js';
import { people } from './people-de.js';
import { proof } from './proof-de.js';
import { keep } from './keep-de.js';

/** @type {Record<string, string>} */
export const de = {
  ...calls,
  ...keep,
  'app.name': 'Starling',
  'app.people': 'Personen',
  'app.conversation': 'Unterhaltung',
  'app.local': 'Testbetrieb: Identitäten sind nur auf diesem Rechner geprüft.',
  'app.notices': 'Hinweise',
  'app.mailbox': 'Test-Postfach öffnen',
  'app.failed': 'Starling konnte nicht starten. Starten Sie Thunderbird neu.',
  'app.other-server':
    'Diese Seite kommt von {server}. Solange Sie sie benutzen, vertrauen Sie deren Programm; Ihre Nachrichten werden trotzdem in diesem Browser verschlüsselt.',

  'status.new': 'Nicht eingerichtet',
  'status.code': 'Wartet auf den Code',
  'status.enrolling': 'Wird eingerichtet …',
  'status.waiting-for-device': 'Wartet auf Ihren anderen Browser',
  'status.removed': 'Entfernt',
  'status.connecting': 'Verbindet …',
  'status.online': 'Online',
  'status.one-server': 'Online, nur ein Server',
  'status.offline': 'Nicht verbunden',
  'status.clock': 'Die Uhr dieses Rechners geht falsch',

  'availability.available': 'Verfügbar',
  'availability.away': 'Abwesend',
  'availability.busy': 'Beschäftigt',
  'availability.invisible': 'Unsichtbar',
  'availability.choose': 'Ihr Status',

  'presence.online': 'online',
  'presence.away': 'abwesend',
  'presence.busy': 'beschäftigt',
  'presence.offline': 'offline',
  'presence.unknown': 'unbekannt',

  'trust.verified': 'geprüft',
  'trust.unverified': 'nicht geprüft',
  'trust.changed': 'Identität geändert',
  'trust.test': 'im Testbetrieb geprüft',

  'enrol.title': 'Jede E-Mail-Adresse anrufen und anschreiben',
  'enrol.lead': 'Geben Sie Ihre eigene Adresse ein. Unter ihr sind Sie hier erreichbar, ohne Passwort und ohne Konto.',
  'enrol.address': 'Ihre E-Mail-Adresse',
  'enrol.start': 'Weiter',
  'enrol.sending': 'Die Mail wird gesendet …',
  'enrol.code.title': 'Wir haben einen Code an {address} gesendet',
  'enrol.code.lead': 'Kopieren Sie den Code oder die ganze Mail und fügen Sie sie hier ein.',
  'enrol.code.field': 'Code aus der Mail',
  'enrol.code.submit': 'Bestätigen',
  'enrol.code.checking': 'Wird geprüft …',
  'enrol.code.change': 'Andere Adresse',
  'enrol.code.again': 'Noch einmal senden',
  'enrol.code.sent-again': 'Noch einmal gesendet. Sehen Sie in die neueste Mail.',
  'enrol.code.left': 'Noch {time} gültig',
  'enrol.code.expired': 'Dieser Code ist zu alt. Lassen Sie einen neuen senden.',
  'enrol.code.over.title': 'Der Code für {address} ist zu alt',
  'enrol.code.over.lead': 'Es ist nichts verloren: Lassen Sie sich einen neuen schicken.',
  'enrol.code.over.send': 'Neuen Code senden',
  'enrol.account-key': 'Schlüssel für neue Leute',
  'enrol.account-key.lead':
    'Der Dienst, der hier Adressen bestätigt, nimmt nur Leute auf, denen sein Betreiber einen Schlüssel gegeben hat. Fügen Sie ein, was Sie bekommen haben. Niemand hat Ihnen einen gegeben? Fragen Sie, wer diesen Server betreibt.',
  'enrol.about': 'Wer diesen Server betreibt',
  'enrol.privacy':
    'In diesem Browser entsteht ein Schlüssel, der ihn nie verlässt. Die Mail beweist, dass die Adresse Ihnen gehört.',

  'enrol.add.title': 'Ihre Adresse auch in diesem Browser benutzen',
  'enrol.add.lead':
    'Ihr anderer Browser wartet auf diesen. Eine Mail beweist noch einmal, dass die Adresse Ihnen gehört; dann kommt dieser Browser von selbst hinzu.',

  'waiting.title': 'Ihre Adresse wird schon in einem anderen Browser benutzt',
  'waiting.add':
    'Öffnen Sie in Ihrem anderen Browser die Einstellungen und wählen Sie „Browser oder Gerät hinzufügen“. Geben Sie den Code ein, den er zeigt.',
  'waiting.add.field': 'Code Ihres anderen Browsers',
  'waiting.add.use': 'Code benutzen',
  'waiting.add.told': 'Ihr anderer Browser wird mit diesem Code gefragt.',
  'waiting.lead': 'Oder erlauben Sie diesen Browser dort von Hand: vergleichen Sie auf beiden diese Zahl.',
  'waiting.refused': 'Ihr anderer Browser hat abgelehnt. Wenn das ein Versehen war, fragen Sie noch einmal.',
  'waiting.ask-again': 'Noch einmal fragen',
  'waiting.code': 'Zahl zum Vergleichen: {code}',
  'waiting.going': 'Wartet auf Ihren anderen Browser …',
  'waiting.lost': 'Ich habe den anderen Browser nicht mehr',
  'waiting.recover.title': 'Mit diesem Browser neu beginnen?',
  'waiting.recover.lead':
    'Ihre Kontakte sehen, dass Sie neu begonnen haben. Einen Tag lang kann niemand zustimmen: so lange kann ein Browser, den Sie doch noch haben, widersprechen. Dann wird jeder Kontakt gefragt, bevor er Ihnen etwas sendet. Nur sinnvoll, wenn alle anderen Browser verloren sind.',
  'waiting.recover.revoke': 'Meine früheren Browser auch für ungültig erklären',
  'waiting.recover.revoke.hint':
    'Wählen Sie das, wenn einer davon in fremden Händen sein kann: spätestens nach einem Tag glaubt ihm niemand mehr. Das lässt sich nicht zurücknehmen.',
  'waiting.recover.yes': 'Neu beginnen',

  'removed.title': 'Dieser Browser wurde von Ihren Geräten entfernt',
  'removed.lead':
    'Er bekommt keine neuen Nachrichten und keine Anrufe. Was hier ist, bleibt lesbar. Wenn das nicht Sie waren, sehen Sie in Ihrem anderen Browser unter „Ihre Browser und Geräte“ nach.',
  'removed.again': 'Wieder benutzen',

  'elsewhere.title': 'Starling ist in einem anderen Tab offen',
  'elsewhere.lead': 'Machen Sie dort weiter, oder benutzen Sie es hier: der andere Tab lässt dann los.',
  'elsewhere.here': 'Hier benutzen',

  'list.search': 'Personen und Nachrichten suchen',
  'list.new': 'Neue Unterhaltung',
  'list.requests': 'Anfragen ({count})',
  'list.calls': 'Anrufe',
  'list.missed': '{count} verpasst',
  'list.settings': 'Einstellungen',
  'list.empty': 'Noch niemand hier. Geben Sie eine E-Mail-Adresse ein.',
  'list.nothing': 'Nichts gefunden zu „{query}“.',
  'list.messages': 'Nachrichten',
  'list.you': 'Sie: {text}',
  'list.unread': '{count} ungelesen',
  'list.waiting': 'Anfrage gesendet',
  'list.me': 'Sie, {address}',

  'person.title': 'Wen möchten Sie erreichen?',
  'person.address': 'E-Mail-Adresse',
  'person.hello': 'Ein Wort, wer Sie sind (freiwillig)',
  'person.left': 'noch {count} Zeichen',
  'person.ask': 'Kontaktanfrage senden',
  'person.looking': '{address} wird gesucht …',
  'person.found': '{address} ist bei Starling.',
  'person.absent': '{address} ist noch nicht bei Starling oder gerade nicht zu finden.',
  'person.forged': 'Etwas gibt sich als {address} aus, ist aber nicht echt. Es wurde nichts dorthin gesendet.',
  'person.unreachable': 'Die Suche ging nicht: kein Server antwortet. Ihre Anfrage wartet und geht von selbst hinaus.',
  'person.invite': 'Per Mail einladen',
  'person.invite.subject': 'Sprechen wir über Starling',
  'person.invite.body':
    'Hallo,\n\nich möchte Sie unter dieser Adresse anschreiben und anrufen. Starling braucht kein Konto: öffnen Sie\n\n{url}\n\ngeben Sie Ihre E-Mail-Adresse ein und fügen Sie den Code aus der Mail ein. Suchen Sie dann nach mir: {address}\n',
  'person.anyway': 'Trotzdem anfragen',
  'person.self': 'Das ist Ihre eigene Adresse.',

  'chat.moved': '{name} teilt mit: Meine Adresse ist jetzt {address}. Sie schreiben noch an {old}.',
  'chat.moved.hide': 'Ausblenden',
  'chat.moved.show': 'Neue Adresse zeigen',
  'chat.earlier': 'früher: {address}',
  'chat.write': 'Nachricht schreiben …',
  'chat.send': 'Senden',
  'chat.empty': 'Noch keine Nachrichten. Sagen Sie Hallo.',
  'chat.call': 'Anrufen',
  'chat.call.offline': '{name} anrufen (offline: es klingelt wahrscheinlich nicht)',
  'chat.more': 'Mehr zu {name}',
  'chat.back': 'Zurück zur Liste',
  'chat.search': 'In dieser Unterhaltung suchen',
  'chat.search.none': 'Nichts gefunden.',
  'chat.remove': 'Aus meinen Personen entfernen',
  'chat.remove.title': '{name} entfernen?',
  'chat.remove.lead':
    'Diese Person sieht nicht mehr, wann Sie online sind, und kann nicht anrufen. Ihre Nachrichten bleiben in diesem Browser.',
  'chat.block': 'Blockieren',
  'chat.block.title': '{name} blockieren?',
  'chat.block.lead': 'Von {address} erreicht Sie nichts mehr. Die Person erfährt es nicht.',
  'chat.waiting': 'Ihre Kontaktanfrage wartet auf Antwort. Nachrichten gehen, sobald sie angenommen ist.',
  'chat.too-long': 'Diese Nachricht ist um {count} Zeichen zu lang.',
  'chat.you': 'Sie',
  'chat.log': 'Nachrichten mit {name}',
  'chat.nothing': 'Keine Nachrichten mit dieser Adresse.',
  'chat.removed': 'Nicht unter Ihren Personen. Senden Sie eine Anfrage, um zu sprechen.',
  'chat.ask-again': 'Kontaktanfrage senden',

  'state.waiting': 'wartet',
  'state.sent': 'gesendet',
  'state.delivered': 'zugestellt',
  'state.read': 'gelesen',
  'state.failed': 'nicht zugestellt',
  'state.received': '',
  'state.retry': 'Noch einmal',
  'state.waiting.hint': 'Wartet. Lassen Sie diese Seite offen, bis die Nachricht gesendet ist.',
  'state.sent.hint': 'Gesendet. Die Nachricht kommt auch an, wenn diese Seite geschlossen ist.',
  'state.delivered.hint': 'Auf mindestens einem Gerät angekommen.',
  'state.read.hint': 'Gelesen',
  'state.failed.hint': 'Nicht zugestellt: sieben Tage lang nicht abgeholt oder zurückgenommen.',

  'request.title': 'Anfragen',
  'request.lead': 'Diese Personen möchten Sie erreichen. Sie sehen nicht, ob Sie online sind.',
  'request.accept': 'Annehmen',
  'request.decline': 'Ablehnen',
  'request.block': 'Blockieren',
  'request.via':
    'Fragte bei {address} an, die Sie aufgegeben haben. „Anfragen“ sendet eine Anfrage von Ihrer jetzigen Adresse.',
  'request.via.accept': 'Anfragen',
  'request.via.hello': 'Sie haben mich bei {address} angefragt. Das ist jetzt meine Adresse.',
  'request.none': 'Keine Anfragen.',
  'request.resembles': 'Vorsicht: diese Adresse sieht nur so aus wie {address}.',

  'calls.title': 'Anrufe',
  'calls.none': 'Noch keine Anrufe.',
  'calls.in': 'Eingehend',
  'calls.out': 'Ausgehend',
  'calls.answered': '{time}',
  'calls.missed': 'Verpasst',
  'calls.declined': 'Abgelehnt',
  'calls.failed': 'Fehlgeschlagen',
  'calls.elsewhere': 'Auf anderem Gerät angenommen',
  'calls.cancelled': 'Nicht angenommen',
  'calls.again': '{name} anrufen',

  'settings.title': 'Einstellungen',
  'settings.me': 'Sie',
  'settings.name': 'Ihr Name',
  'settings.name.hint': 'Sehen Personen, die Sie anfragen oder annehmen.',
  'settings.address': 'Adresse',
  'move.start': 'Meine Adresse ändern',
  'move.lead':
    'Für eine neue E-Mail-Adresse, nach einem Wechsel des Anbieters oder des Namens. Ihre Kontakte und die Unterhaltungen bleiben. Ihre Kontakte erfahren davon und entscheiden selbst, ob sie die neue Adresse verwenden; bis dahin gilt die alte weiter.',
  'move.address': 'Neue E-Mail-Adresse',
  'move.phone':
    'Ihr Telefon „{name}“ bleibt bei {address}. Wer seinen Server betreibt, kann es danach für die neue Adresse einrichten.',
  'move.cancel': 'Adresse behalten',
  'move.going': 'Ihre Adresse wird {address}',
  'move.working': 'Die neue Adresse wird vorbereitet …',
  'move.waiting':
    '{address} wird schon in einem anderen Browser von Ihnen verwendet. Er muss diesen hier hereinlassen.',
  'move.former': 'Ihre frühere Adresse {address}',
  'move.former.until': 'Ihre frühere Adresse. Was dort ankommt, sehen Sie hier bis {until}.',
  'move.former.some': '{count} von {all} Personen verwenden schon {address}.',
  'move.former.all': 'Alle verwenden {address}.',
  'move.former.waiting': 'Noch bei der früheren: {names}',
  'move.former.devices': 'Ihre anderen Geräte bei dieser Adresse:',
  'move.former.asking': 'Dort angekommene Anfragen ohne Antwort: {count}. Sie finden sie unter „Anfragen“.',
  'move.former.phone': 'Ihr Telefon „{name}“ klingelt nur für {old}, längstens bis {until}.',
  'move.former.phone.how':
    'Damit es mitkommt, bitten Sie den Betreiber seines Servers, es für {address} hinzuzufügen und für die frühere zu entfernen. Den Code dafür bekommen Sie per Mail.',
  'move.stop': 'Diese Adresse jetzt aufgeben',
  'move.stop.title': '{address} jetzt aufgeben?',
  'move.stop.lead':
    'Was dorthin geht, erreicht diesen Browser nicht mehr. Wer Ihre neue Adresse noch nicht verwendet ({count}), bekommt von ihr eine Kontaktanfrage. Die Unterhaltungen bleiben.',
  'move.stop.lead.all': 'Was dorthin geht, erreicht diesen Browser nicht mehr. Die Unterhaltungen bleiben.',
  'move.stop.yes': 'Aufgeben',
  'move.stop.asking':
    'Dort angekommene Anfragen ohne Antwort ({count}) bleiben: Sie können von Ihrer neuen Adresse aus antworten.',
  'move.stop.phone': 'Ihr Telefon „{name}“ bleibt dort, bis sein Server es entfernt.',
  'settings.devices': 'Ihre Browser und Geräte',
  'settings.devices.this': 'dieser Browser',
  'settings.devices.since': 'seit {date}',
  'settings.devices.remove': 'Entfernen',
  'settings.devices.remove.title': '{name} entfernen?',
  'settings.devices.remove.lead':
    'Das Gerät bekommt keine neuen Nachrichten und keine Anrufe für Ihre Adresse. Was es schon hat, bleibt dort lesbar. Wenn Sie es verloren haben, entfernen Sie es hier.',
  'settings.devices.remove.which': '{name} entfernen',
  'settings.devices.rename': 'Umbenennen',
  'settings.devices.rename.which': '{name} umbenennen',
  'settings.devices.rename.title': 'Dieses Gerät umbenennen',
  'settings.devices.rename.field': 'Name des Geräts',
  'settings.devices.add': 'Browser oder Gerät hinzufügen',
  'settings.devices.hint':
    'Alle klingeln und zeigen dieselben Personen und Nachrichten. Nachrichten von früher bleiben, wo sie sind.',

  'adding.title': 'Browser oder Gerät hinzufügen',
  'adding.lead': 'Richten Sie die Kamera Ihres Telefons darauf, oder öffnen Sie den Link im anderen Browser.',
  'adding.qr': 'QR-Code mit dem Link für das neue Gerät',
  'adding.code': 'Oder öffnen Sie dort {server}, geben Sie Ihre Adresse ein und danach diesen Code:',
  'adding.left': 'Noch {time} gültig, einmal.',
  'adding.secret': 'Zeigen Sie ihn niemandem: wer ihn hat und Ihre Mail liest, kann Ihre Adresse benutzen.',
  'adding.waiting': 'Wartet auf das neue Gerät …',
  'adding.copy': 'Link kopieren',
  'adding.copied': 'Kopiert. Wartet auf das neue Gerät …',
  'settings.devices.ghost': 'Von Ihnen nicht erlaubt. Es hat ein Zertifikat für Ihre Adresse, bekommt aber nichts.',
  'settings.privacy': 'Privatsphäre',
  'settings.strangers': 'Unbekannte dürfen anrufen',
  'settings.strangers.hint': 'Sonst können sie nur eine Anfrage senden.',
  'settings.read': 'Anderen mitteilen, wenn ich ihre Nachricht gelesen habe',
  'settings.notifications': 'Mich benachrichtigen, wenn diese Seite im Hintergrund ist',
  'settings.notifications.blocked':
    'Ihr Browser unterdrückt Benachrichtigungen dieser Seite. Klicken Sie auf das Schloss neben der Adresse und erlauben Sie sie.',
  'settings.blocked': 'Blockiert',
  'settings.unblock': 'Freigeben',
  'settings.unblock.who': '{address} freigeben',
  'settings.sound': 'Ton',
  'settings.microphone': 'Mikrofon',
  'settings.microphone.standard': 'Wie im System eingestellt',
  'settings.language': 'Sprache',
  'settings.language.auto': 'Wie im Browser',
  'settings.language.en': 'English',
  'settings.language.de': 'Deutsch',
  'settings.servers': 'Server',
  'settings.servers.lead': 'Zwei Server halten Sie erreichbar. Sie sehen, mit wem Sie wann sprechen, nie was.',
  'settings.servers.connected': 'verbunden',
  'settings.servers.not': 'nicht verbunden',
  'settings.servers.add': 'Server hinzufügen',
  'settings.servers.address': 'Adresse des Servers',
  'settings.servers.about': 'Wer diesen Server betreibt, und was er sieht',
  'settings.servers.remove': 'Server {server} entfernen',
  'settings.data': 'Ihre Daten',
  'settings.export': 'Kontakte und Nachrichten sichern',
  'settings.export.hint': 'Eine Datei mit allem außer dem Schlüssel dieses Browsers, der ihn nicht verlassen kann.',
  'settings.delete': 'Alles löschen',
  'settings.delete.title': 'Alles in diesem Browser löschen?',
  'settings.delete.lead':
    'Kontakte, Nachrichten und der Schlüssel dieses Browsers werden gelöscht und sind nicht wiederherstellbar. Geben Sie zur Bestätigung Ihre Adresse ein.',
  'settings.delete.yes': 'Alles löschen',
  'settings.details': 'Details',
  'settings.details.device': 'Geräteschlüssel',
  'settings.details.status': 'Zustand',

  'hint.tab': 'Anrufe und Nachrichten erreichen Sie nur, solange dieser Tab offen ist.',
  'hint.clear': 'Wenn Sie die Daten dieses Browsers löschen, sind dieses Gerät und seine Nachrichten verloren.',
  'hint.notify': 'Im Hintergrund benachrichtigen',
  'hint.ok': 'Verstanden',

  'device.asks': 'Ein anderer Browser möchte Ihre Adresse benutzen',
  'device.asks.lead':
    '{name}. Erlauben Sie ihn nur, wenn Sie ihn gerade selbst eingerichtet haben und er die Zahl {code} zeigt.',
  'device.allow': 'Erlauben',
  'device.refuse': 'Ablehnen',

  'notice.moved': '{name} ({old}) teilt mit: Meine Adresse ist jetzt {address}. Beide Adressen bestätigen das.',
  'notice.moved.nameless': '{old} teilt mit: Meine Adresse ist jetzt {address}. Beide Adressen bestätigen das.',
  'notice.moved.doubt':
    'Bis Sie zustimmen, ändert sich nichts. Wenn Sie damit nicht gerechnet haben, fragen Sie vorher persönlich oder am Telefon nach.',
  'notice.moved.follow': 'Neue Adresse verwenden',
  'notice.moved.later': 'Nicht jetzt',
  'notice.moving':
    'In einem anderen Browser haben Sie Ihre Adresse in {address} geändert. Wer sie verwendet, erreicht diesen Browser erst, wenn Sie sie auch hier bestätigen.',
  'notice.moving.go': 'Hier bestätigen',
  'notice.moving.ok': 'Später',
  'notice.changed':
    'Jemand hat mit der Adresse von {name} neu begonnen, hier gesehen am {since}: {devices}. Einen Tag lang hat kein Gerät, das Sie kennen, widersprochen. Vielleicht sind alle Geräte verloren gegangen, vielleicht liest jemand anderes dieses Postfach. Fragen Sie auf anderem Weg nach, bevor Sie zustimmen. Bis dahin wird an die neuen Geräte nichts gesendet.',
  'notice.changed.wait':
    'Jemand hat mit der Adresse von {name} neu begonnen: {devices}. Vielleicht sind alle Geräte verloren gegangen, vielleicht liest jemand anderes dieses Postfach. An die neuen Geräte wird nichts gesendet. Die Geräte, die Sie kennen, können bis {until} widersprechen; dann werden Sie gefragt. Jetzt müssen Sie nichts tun.',
  'notice.changed.objected':
    'Jemand hat mit der Adresse von {name} neu begonnen, und ein Gerät, das Sie kennen, {devices}, sagt: das war ich nicht. Sie bleiben bei den Geräten, die Sie kennen; die neuen bekommen nichts. Vielleicht liest jemand anderes die Mail von {name}: sagen Sie es auf anderem Weg.',
  'notice.changed.ok': 'Verstanden',
  'notice.changed.log.in':
    'Das Zertifikat des neuen Geräts ist von {since} und steht im öffentlichen Verzeichnis, sagt seine CA.',
  'notice.changed.log.not-in':
    'Das Zertifikat des neuen Geräts ist von {since} und wurde im öffentlichen Verzeichnis nicht gefunden. Seien Sie besonders vorsichtig.',
  'notice.changed.log.unknown':
    'Das Zertifikat des neuen Geräts ist von {since}. Ob es im öffentlichen Verzeichnis steht, war nicht herauszufinden.',
  'notice.changed.keep': 'Nicht zustimmen',
  'notice.changed.agree': 'Ich habe gefragt, zustimmen',
  'notice.ghost':
    'Ein Gerät, das Sie nicht erlaubt haben, hat ein Zertifikat für Ihre Adresse. Es bekommt nichts. Wenn Sie es nicht kennen, hat vielleicht jemand Ihr Postfach gelesen: ändern Sie dessen Passwort.',
  'notice.ghost.ok': 'Verstanden',
  'notice.other-list':
    'Jemand hat am {since} mit Ihrer Adresse neu begonnen: {devices}. Waren Sie das? Dann benutzen Sie es auch hier. Wenn nicht, hat vielleicht jemand Ihr Postfach gelesen: ändern Sie dessen Passwort. Sagen Sie es hier innerhalb eines Tages, dann erfahren Ihre Kontakte, dass Sie es nicht waren.',
  'notice.other-list.keep': 'Das war ich nicht, widersprechen',
  'notice.other-list.join': 'Das war ich, hier benutzen',
  'notice.fork':
    'Ein anderes Gerät nimmt Ihre Geräteliste nicht an und hat eine eigene, ohne dieses Gerät: {devices}. Solange es beide gibt, können manche Ihrer Kontakte keinem davon schreiben. Wenn das andere Gerät Ihnen gehört, benutzen Sie dessen Liste auch hier; es fragt Sie dann, ob es dieses Gerät zulassen soll. Wenn jemand anderes es hat, sagen Sie es Ihren Kontakten auf anderem Weg.',
  'notice.fork.keep': 'Liste dieses Geräts behalten',
  'notice.fork.join': 'Die andere Liste hier benutzen',
  'notice.device-added': '{name} kann jetzt Ihre Adresse benutzen.',
  'notice.device-added.ok': 'Verstanden',
  'notice.peer-changed':
    'Der Server {server} zeigt eine andere Identität als bisher. Vielleicht wurde er neu aufgesetzt, vielleicht sitzt jemand dazwischen.',
  'notice.peer-changed.keep': 'Nicht benutzen',
  'notice.peer-changed.agree': 'Trotzdem benutzen',
  'notice.phone-ends':
    'Ihr Telefon „{name}“ geht nur noch bis {until}: sein Zertifikat endet dann. Bitten Sie, wer seinen Server betreibt, es zu erneuern (starling phone renew); dafür braucht man den Code, der Ihnen dann per Mail geschickt wird.',
  'notice.phone-ends.ok': 'Verstanden',
  'notice.log-foreign':
    'Jemand hat ein Zertifikat für Ihre Adresse {address} bekommen, das keines Ihrer Geräte angefordert hat (Nummer {number} im öffentlichen Verzeichnis von {authority}, gültig bis {until}). Damit kann man sich bei Menschen, die Sie noch nicht kennen, für Sie ausgeben; Ihre Nachrichten und Kontakte hier sind sicher. Wenn Sie gerade ein weiteres Gerät einrichten, ist alles in Ordnung. Wenn nicht: Ändern Sie jetzt das Passwort Ihres Postfachs, und bitten Sie {authority}, das Zertifikat zu widerrufen.',
  'notice.log-broken':
    'Das öffentliche Verzeichnis, in das {authority} jedes Zertifikat einträgt, wurde nachträglich geändert. Es kann ein Zertifikat für Ihre Adresse verbergen. Ihre Nachrichten und Kontakte hier sind sicher. Sagen Sie es dem, der {authority} betreibt, und verlassen Sie sich bei neuen Kontakten nicht darauf, bis das erklärt ist.',
  'notice.log-silent':
    'Seit einigen Tagen war im öffentlichen Verzeichnis von {authority} nichts Neues zu lesen. Solange das so ist, würde niemand ein Zertifikat für Ihre Adresse bemerken, das Sie nicht angefordert haben. Es wird jeden Tag wieder versucht.',
  'notice.log.ok': 'Verstanden',
  'notice.renew': 'Ihre Adresse muss neu bestätigt werden. Wir senden Ihnen einen Code.',
  'notice.renew.now': 'Code senden',
  'notice.renew-why': 'Ihr Zertifikat wurde früher erneuert, weil seine CA darum bat. Warum: {url}',
  'notice.renew-why.ok': 'Verstanden',
  'notice.objecting':
    'Ihre Kontakte erfahren, dass Sie es nicht waren. Wenn jemand anderes Ihr Postfach liest, ändern Sie jetzt dessen Passwort.',
  'notice.objecting.ok': 'Verstanden',
  'notice.objecting.join': 'Ich war es doch, hier benutzen',
  'notice.objected':
    'Ein Gerät Ihrer früheren Liste, {devices}, sagt, dass nicht Sie neu begonnen haben. Ihre Kontakte bleiben bei jener Liste und werden nicht um Zustimmung gebeten. Wenn das Gerät Ihnen gehört, wählen Sie dort „Das war ich“. Wenn jemand anderes es hat, sagen Sie es Ihren Kontakten auf anderem Weg.',
  'notice.objected.ok': 'Verstanden',
  'notice.revoke-old':
    'Ihre früheren Browser konnten nicht für ungültig erklärt werden: die CA antwortet nicht, oder sie will die Adresse neu bestätigt haben.',
  'notice.revoke-old.again': 'Noch einmal versuchen',
  'notice.revoke-old.leave': 'Dabei belassen',
  'notice.mail-late': 'Die Mail mit dem Code verspätet sich. Es wird von selbst wieder versucht.',
  'notice.clock':
    'Die Uhr dieses Rechners geht um mehr als zehn Minuten falsch. Stellen Sie sie richtig; Starling macht dann von selbst weiter.',
  'notice.forged': 'Etwas, das von {name} kommen sollte, war nicht echt und wurde verworfen.',
  'notice.forged.ok': 'Verstanden',
  'notice.declined': '{name} hat Ihre Kontaktanfrage abgelehnt.',
  'notice.declined.ok': 'Verstanden',
  'notice.other-network': 'Der Server {server} gehört zu einem anderen Netz als Ihre Adresse. Er wird nicht benutzt.',
  'notice.other-network.ok': 'Verstanden',

  'notify.message': 'Neue Nachricht von {name}',
  'notify.call': '{name} ruft an',
  'notify.request': '{name} möchte Sie erreichen',
  'notify.missed': 'Verpasster Anruf von {name}',

  'dialog.cancel': 'Abbrechen',
  'dialog.close': 'Schließen',

  'error.generic': 'Das ging nicht. Versuchen Sie es gleich noch einmal.',
  'error.move.same': 'Das ist schon Ihre Adresse.',
  'error.move.busy':
    'Ihre Adresse wird schon geändert. Warten Sie einen Moment, oder wählen Sie erst „Adresse behalten“.',
  'error.move.offline': 'Dafür braucht es eine Verbindung. Versuchen Sie es, wenn Sie online sind.',
  'error.move.too-many': 'Sie haben vier frühere Adressen, die noch gelesen werden. Geben Sie erst eine davon auf.',
  'error.move.in-call': 'Unter dieser Adresse läuft ein Anruf. Legen Sie erst auf.',
  'error.moved.doubted':
    'Das Gerät, von dem das kam, zählt nicht mehr zu dieser Person. Es wurde nichts geändert. Fragen Sie auf anderem Weg nach.',
  'error.moved.other':
    'Inzwischen wurde eine andere Adresse genannt. Es wurde nichts geändert. Lesen Sie die Frage noch einmal.',
  'error.moved.unread':
    'Ob das noch gilt, lässt sich gerade nicht prüfen. Es wurde nichts geändert. Versuchen Sie es später noch einmal.',
  'error.moved.not-there':
    'Die neue Adresse ist gerade nicht zu finden. Es wurde nichts geändert. Versuchen Sie es später noch einmal.',
  'error.address.empty': 'Geben Sie eine E-Mail-Adresse ein.',
  'error.address': 'Das ist keine vollständige E-Mail-Adresse. Sie sieht aus wie name@example.net.',
  'error.code': 'Das ist nicht der Code aus der Mail. Kopieren Sie ihn noch einmal oder lassen Sie einen neuen senden.',
  'error.code.over':
    'Der Code aus dieser Mail zählt nicht mehr: Er ist zu alt, war zu oft falsch, oder der Dienst hat ihn abgelehnt. Lassen Sie einen neuen senden.',
  'error.code.none': 'In dem Eingefügten steht kein Code. Er hat 32 Buchstaben und Ziffern.',
  'error.too-many-mails': 'An diese Adresse wurden zu viele Mails gesendet. Versuchen Sie es morgen wieder.',
  'error.rejected': 'Diese Adresse geht nicht: sie gehört zu einer Mailingliste oder zur Verwaltung ihrer Domain.',
  'error.mail-refused':
    'An diese Adresse kann keine Mail gesendet werden. Prüfen Sie sie und versuchen Sie es noch einmal.',
  'error.domain-closed':
    'Der Inhaber der Domain dieser Adresse lässt ihre Adressen nur von anderen Diensten bestätigen.',
  'error.account-key':
    'Der Dienst, der Adressen bestätigt, nimmt nur Leute auf, denen sein Betreiber einen Schlüssel gegeben hat. Fragen Sie, wer diesen Server betreibt.',
  'error.account-key.none':
    'Das ist nicht der Schlüssel. Er hat zwei Teile: einen Namen und eine lange Reihe von Buchstaben und Ziffern.',
  'error.account-key.wrong':
    'Dieser Schlüssel zählt nicht: Er ist falsch, wurde schon benutzt oder wurde zurückgenommen.',
  'error.domain-no-mail': 'Ein Postfach mit dieser Adresse gibt es nicht. Prüfen Sie, was hinter dem @ steht.',
  'error.domain-silent':
    'Ob diese Adresse Mails bekommt, ist gerade nicht herauszufinden. Versuchen Sie es in ein paar Minuten wieder.',
  'error.ca-unreachable':
    'Der Dienst, der den Code sendet, antwortet nicht. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.',
  'error.unreachable': 'Kein Server antwortet. Was Sie geschrieben haben, bleibt und geht von selbst hinaus.',
  'error.too-long': 'Diese Nachricht ist zu lang.',
  'error.outbox-full':
    'Zu viele Nachrichten warten auf Zustellung. Senden Sie diese, wenn einige davon zugestellt sind.',
  'error.changed.wait':
    'Die früheren Geräte können noch widersprechen. Sie werden gefragt, wenn diese Zeit vorbei ist.',
  'error.device-code': 'Das ist kein Code eines anderen Browsers. Er hat zwölf Buchstaben und Ziffern.',
  'error.removed': 'Dieser Browser wurde von Ihren Geräten entfernt. Was hier ist, bleibt lesbar.',
  'error.other-network': 'Dieser Server gehört zu einem anderen Netz als Ihre Adresse.',

  'settings.trust': 'Vertrauen',
  'trust.lead':
    'Wer die Adressen anderer Menschen bestätigen darf. Das entscheiden Sie; ein Server kann niemanden hinzufügen.',
  'trust.none':
    'Noch niemand: Keine Adresse kann geprüft werden. Fügen Sie die Zertifikatsdatei einer Zertifizierungsstelle hinzu.',
  'trust.test-ca': 'Testbetrieb, von diesem Computer',
  'trust.domains': 'für {domains}',
  'trust.every': 'für jede Adresse',
  'trust.until': 'bis {date}',
  'trust.add': 'Aus einer Datei hinzufügen',
  'trust.unreadable':
    'Diese Datei enthält keine Zertifikate von Zertifizierungsstellen, oder eine Zeile darin ist unverständlich.',
  'trust.fingerprint': 'Fingerabdruck (SHA-256)',
  'trust.compare':
    'Vergleichen Sie den Fingerabdruck mit dem, was der Eigentümer des Zertifikats veröffentlicht oder Ihnen sagt. Wen Sie hinzufügen, der kann für diese Adressen bürgen.',
  'trust.compared': 'Ich habe den Fingerabdruck verglichen',
  'trust.believe': 'Vertrauen',
  'trust.remove': 'Entfernen',
  'trust.remove.who': '{name} entfernen',
  'trust.remove.title': '{name} nicht mehr vertrauen?',
  'trust.remove.lead':
    'Wer von dort bestätigt ist, kann nicht mehr geprüft werden: Es wird nichts an ihn gesendet und nichts von ihm geglaubt.',
  'smime.title': 'Ein Schlüssel in einer Datei',
  'smime.start': 'Ich habe eine Datei: eine Sicherung meines Schlüssels oder ein S/MIME-Zertifikat (.p12)',
  'smime.lead': 'Wählen Sie Ihre Sicherung oder die Datei mit Ihrem S/MIME-Zertifikat und seinem Schlüssel.',
  'smime.file': 'Datei (.p12 oder .pfx)',
  'smime.file.none': 'Wählen Sie zuerst eine Datei.',
  'smime.passphrase': 'Ihr Kennwort',
  'smime.open': 'Öffnen',
  'smime.privacy':
    'Die Datei wird nur in dieser Seite geöffnet. Ihr Schlüssel unterschreibt einmal für den Schlüssel dieses Browsers; weder Schlüssel noch Kennwort werden aufbewahrt.',
  'smime.subject': 'Zertifikat von',
  'smime.issuer': 'Ausgestellt von',
  'smime.until': 'Gültig bis',
  'smime.address': 'Adresse, die Sie verwenden',
  'smime.unknown':
    'Sie vertrauen {issuer} noch nicht. Das Zertifikat dieser Stelle liegt in der Datei; Ihre Kontakte müssen ihr auch vertrauen.',
  'smime.other-file': 'Andere Datei',
  'smime.use': 'Dieses Zertifikat verwenden',
  'notice.renew-smime':
    'Der Schlüssel dieses Browsers muss neu bestätigt werden: Öffnen Sie die Datei mit Ihrem S/MIME-Zertifikat oder mit seinem Nachfolger noch einmal.',
  'notice.renew-smime.open': 'Einstellungen öffnen',
  'error.unknown-anchor':
    'Dieses Zertifikat kommt von einer Stelle, der Sie nicht vertrauen. Unter Einstellungen, Vertrauen können Sie eine hinzufügen.',
  'error.constrained-anchor': 'Dieses Zertifikat kommt von einer Stelle, die diese Adresse nicht bestätigen darf.',
  'error.anchors.too-many': 'Es sind zu viele Zertifizierungsstellen in Ihrer Liste.',
  'error.p12.malformed': 'Das ist keine Datei mit einem Zertifikat und seinem Schlüssel (PKCS #12).',
  'error.p12.passphrase': 'Das Kennwort ist falsch.',
  'error.p12.old':
    'Diese Datei ist auf eine alte Art verschlüsselt, die Browser nicht mehr lesen. Wandeln Sie sie um: openssl pkcs12 -legacy -in alt.p12 -out alles.pem, dann openssl pkcs12 -export -in alles.pem -out neu.p12, und löschen Sie alles.pem.',
  'error.p12.unsupported':
    'Diese Datei ist auf eine Art verschlüsselt, die nicht unterstützt wird. Exportieren Sie sie noch einmal, mit AES.',
  'error.p12.no-key': 'In dieser Datei ist kein Schlüssel mit seinem Zertifikat.',
  'error.p12.key':
    'Der Schlüssel in dieser Datei ist von einer Art, die nicht unterstützt wird. RSA, P-256 und P-384 gehen.',
  'error.smime.no-address': 'In dieser Datei ist kein Zertifikat mit einer E-Mail-Adresse.',
  'error.smime.expired': 'Das Zertifikat in dieser Datei gilt heute nicht.',
  'error.smime.no-subject':
    'Das Zertifikat in dieser Datei nennt niemanden; ein solches kann nicht für einen Browser bürgen.',
  'error.smime.use': 'Das Zertifikat in dieser Datei darf keine Mail unterschreiben.',
  'error.smime.unknown-ca':
    'Das Zertifikat in dieser Datei ist von {issuer}. Sie vertrauen dieser Stelle nicht, und ihr Zertifikat liegt nicht in der Datei. Fügen Sie es unter Einstellungen, Vertrauen hinzu.',
  'error.smime.other-address': 'Dieser Browser hat schon eine andere Adresse.',
  'line.offer.title': '{domain} ist vielleicht über eine gewöhnliche Telefonleitung zu erreichen',
  'line.offer.lead':
    'Niemand mit der Adresse {name} ist bei Starling. Wenn Sie trotzdem anrufen oder schreiben, ist nicht geprüft, wer antwortet, nichts ist durchgehend verschlüsselt, und {server} und der Server von {domain} können mithören und mitlesen.',
  'line.offer.call': 'Als Telefonleitung anrufen …',
  'line.offer.write': 'Ungeschützt schreiben …',
  'line.call.title': '{name} ungeprüft anrufen?',
  'line.write.title': '{name} ungeprüft schreiben?',
  'line.lead':
    'Niemand mit der Adresse {name} ist bei Starling. Der Anruf oder die Nachricht geht an den Server von {domain} wie an eine gewöhnliche Telefonleitung; wer dort antwortet, ist nicht geprüft.',
  'line.call.risk': '{server} und der Server von {domain} können mithören.',
  'line.write.risk': '{server} und der Server von {domain} können mitlesen.',
  'line.one-server': 'Nur ein Server wurde gefragt, ob diese Person bei Starling ist: {server}.',
  'line.call.yes': 'Trotzdem anrufen',
  'line.write.yes': 'Trotzdem schreiben',
  'line.always': 'Bei dieser Adresse nicht mehr fragen',
  'line.always.hint':
    'Sie können das in der Unterhaltung zurücknehmen. Trüge ein anderer Server es, werden Sie trotzdem gefragt; und ist die Person bei Starling, geht auf diesem Weg nichts mehr.',
  'line.agreed': 'Anrufe beginnen ohne Frage.',
  'line.ask-again': 'Vor jedem Anruf wieder fragen',
  'line.remove.lead': 'Die Adresse verschwindet aus Ihrer Liste. Ihre Nachrichten bleiben in diesem Browser.',
  'settings.lines': 'Gewöhnliche Telefonleitungen dürfen hier klingeln',
  'settings.lines.hint':
    'Wer ein gewöhnliches Internettelefon hat, kann Sie dann in diesem Browser ungeprüft anrufen und Ihnen schreiben. Die Server dazwischen können mithören. Wer bei Starling oder unter Ihren Leuten ist, kommt auf diesem Weg nie herein.',
  'line.row': 'Gewöhnliche Telefonleitung',
  'line.empty':
    'Noch nichts geschrieben. Dies ist eine gewöhnliche Telefonleitung: nicht geprüft, nicht verschlüsselt.',
  'line.write': 'Unverschlüsselt schreiben …',
  'line.note':
    'Gewöhnliche Telefonleitung: nicht geprüft, nicht verschlüsselt. Ihr Server und der Server von {domain} können mitlesen und mithören.',
  'line.sent.hint': 'Deren Server hat sie. Ob sie jemand gelesen hat, ist nicht bekannt.',
  'error.line.none': 'Ihr Server erreicht keine gewöhnlichen Telefonleitungen.',
  'error.line.known':
    '{name} war schon einmal geprüft, oder Sie haben um Kontakt gebeten. Über eine ungeschützte Telefonleitung geht dorthin nichts.',
  'error.line.found':
    '{name} ist bei Starling; über eine ungeschützte Telefonleitung geht dorthin nichts. Senden Sie eine Kontaktanfrage.',
  'error.line.forged': 'Etwas gibt sich als {name} aus, ist aber nicht echt. Es wurde nichts dorthin gesendet.',
  'error.line.unreachable': 'Der Server von {name} war nicht zu erreichen.',
  'error.line.look-up':
    'Es ließ sich nicht sicherstellen, dass {name} nicht bei Starling ist: zu wenige Server haben geantwortet. Es wurde nichts gesendet. Versuchen Sie es gleich noch einmal.',
  'error.line.ask': 'Bitte beantworten Sie erst die Frage, bevor dies über eine ungeschützte Telefonleitung geht.',
  'error.line.busy': '{name} ist besetzt.',
  'error.line.nobody': 'Der Server von {name} kennt niemanden mit dieser Adresse.',
  'error.line.refused': 'Der Server von {name} oder Ihrer lässt dies nicht durch.',
  'error.line.unfit':
    'Der Server von {name} kann damit nichts anfangen: keine gemeinsame Form des Tons oder ein Text, den er nicht annimmt.',
  'error.line.interrupted': 'Die Seite wurde geschlossen, bevor der Server antwortete. Ob es ankam, ist nicht bekannt.',
  'setup.title': 'Jeden per E-Mail-Adresse anrufen und anschreiben',
  'setup.lead': 'Wählen Sie die Adresse, unter der man Sie erreicht. Es gibt kein Passwort und kein Konto.',
  'setup.use': '{address} verwenden',
  'setup.mail':
    'Auf diesem Computer entsteht ein Schlüssel, der ihn nie verlässt. Eine E-Mail beweist, dass die Adresse Ihnen gehört; Thunderbird beantwortet sie von selbst und legt sie ab. Andere E-Mails werden nicht angerührt.',
  'setup.other': 'Eine andere Adresse',
  ...proof,
  'privacy.title': 'Was andere erfahren',
  'privacy.page': 'Wer was erfährt, und wozu Starling darf, was es darf',
  ...letters,
  ...people,
};
