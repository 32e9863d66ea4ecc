// Words of calls that Thunderbird leads: in its window, and on the page that makes the sound.
export const sound = {
  'call.here.program': 'ruft Sie hier an',
  'sound.opening': 'Die Seite für den Ton öffnet sich in Ihrem Browser …',
  'sound.asking': 'Ihr Browser fragt nach dem Mikrofon: erlauben Sie es dort.',
  'sound.here':
    'Sie sprechen im Browser, auf einer Seite von {server}: wer diesen Server betreibt, könnte mithören. Ihre Schlüssel bleiben in Thunderbird.',
  'sound.page.title': 'Anruf mit {name}',
  'sound.page.title.none': 'Ton eines Anrufs',
  'sound.page.meeting': 'Verbindet sich mit Thunderbird …',
  'sound.page.asking':
    'Ihr Browser fragt, ob diese Seite Ihr Mikrofon verwenden darf. Erlauben Sie es, sonst hört Sie niemand.',
  'sound.page.keep':
    'Lassen Sie diese Seite offen, solange Sie sprechen: sie trägt den Ton. Schließen beendet den Anruf.',
  'sound.page.trust':
    'Diese Seite kommt von {server}: wer diesen Server betreibt, könnte mithören. Ihre Schlüssel bleiben in Thunderbird.',
  'sound.page.hear': '{name} hören',
  'sound.page.over': 'Der Anruf ist beendet. Sie können diese Seite schließen.',
  'sound.page.none':
    'Diese Seite trägt den Ton eines Anrufs, den Sie in Thunderbird beginnen oder annehmen. Sie öffnet sich von selbst; jetzt gibt es keinen. Sie können sie schließen.',
  'sound.page.refused':
    'Es kam keine Verbindung zustande: dieser Link wurde schon benutzt, oder der Anruf ist beendet. Sie können diese Seite schließen.',
  'sound.lost': 'Die Seite für den Ton wurde geschlossen, damit endete der Anruf.',
  'error.call.page':
    'Die Seite für den Ton öffnete sich nicht in Ihrem Browser, der Anruf konnte nicht beginnen. Starten Sie Ihren Browser und rufen Sie noch einmal an.',
  'error.call.page-server':
    'Keiner Ihrer Server konnte gerade eine Seite für den Ton geben. Versuchen Sie es noch einmal; bleibt es so, fügen Sie in den Einstellungen einen Server hinzu.',
};
