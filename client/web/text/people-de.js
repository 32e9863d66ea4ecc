// The words, in German, of the add-on beside mail: what is saved, its address book, people one knows, and a mail that is written.

/** @type {Record<string, string>} */
export const people = {
  'transcript.subject': 'Unterhaltung mit {name}, {day}',
  'transcript.call.in': 'Eingehender Anruf',
  'transcript.call.out': 'Ausgehender Anruf',
  'saving.title': 'Gespeicherte Unterhaltungen',
  'saving.where': 'Unterhaltungen und Anrufe als Mail speichern',
  'saving.local': 'Auf diesem Computer',
  'saving.none': 'Nirgends',
  'saving.gone': 'In einem Konto, das es nicht mehr gibt',
  'saving.local.hint':
    'Im Ordner „Starling/Conversations“ der lokalen Ordner: finden, verschieben, löschen und exportieren wie jede Mail.',
  'saving.account.hint':
    'Im Ordner „Starling/Conversations“ dieses Kontos. Wer es betreibt, kann lesen, was dort gespeichert ist, obwohl es unterwegs niemand kann. Wählen Sie es nur auf einem Computer: zwei würden alles doppelt speichern.',
  'saving.none.hint': 'Unterhaltungen bleiben nur in Starling. Was gespeichert wurde, bleibt, bis Sie es löschen.',
  'saving.people': 'Speichern, was gesagt wird mit',
  'saving.all': 'Alle {count} zeigen',
  'header.write': '{name} mit Starling schreiben',
  'header.ask': '{name} um Kontakt bei Starling bitten',
  'book.online': 'Jetzt online ({count})',
  'book.directory': 'Starling-Verzeichnis',
  'book.found':
    'Nutzt Starling: Die Adresse wurde eben nachgeschlagen und geprüft. Zum Anfragen klicken Sie auf den sip:-Link dieser Karte.',
  'compose.title': 'Diese Mail geht an',
  'compose.empty': 'Noch niemand: Geben Sie ein, an wen die Mail geht.',
  'compose.nobody': 'Niemand davon gehört bei Starling zu Ihren Kontakten.',
  'compose.unknown': 'Kein Kontakt von Ihnen',
  'compose.write': 'Schreiben',
  'people.recent': 'Zuletzt angeschrieben',
  'people.books': 'In Ihren Adressbüchern',
  'people.file': 'In der Datei',
  'people.ask': 'Anfragen',
  'people.nothing': 'Hier passt niemand zu dem, was Sie eingegeben haben.',
  'people.nobody': 'Niemand, den Sie anfragen könnten.',
  'people.more': 'Und {count} weitere: Geben Sie oben einen Teil des Namens ein.',
  'people.show-books': 'In meinen Adressbüchern nachsehen',
  'people.read': '.vcf-Datei öffnen …',
  'people.save': 'Meine Kontakte als .vcf-Datei speichern',
  'people.hint':
    'Diese Listen werden nur auf diesem Computer gelesen. Erst wenn Sie „Anfragen“ drücken, wird nach jemandem gesucht, und erst dann erfährt die Person davon. Nichts beginnt, bevor sie zustimmt.',
  'error.vcard.none': 'Diese Datei enthält keine lesbaren Kontakte (.vcf).',
  'error.vcard.nobody': 'Niemand in dieser Datei hat eine E-Mail-Adresse.',
  'error.vcard.too-big': 'Diese Datei ist zu groß: höchstens 4 MB.',
  'error.vcard.too-many': 'In dieser Datei sind zu viele Personen: höchstens 5.000.',
};
