// Words of calls that Thunderbird leads: in its window, and on the page that makes the sound.
export const sound = {
  'call.here.program': 'calling you here',
  'sound.opening': 'Opening the page for the sound in your browser …',
  'sound.asking': 'Your browser asks for the microphone: allow it there.',
  'sound.here':
    'You speak in your browser, on a page of {server}: whoever runs that server could listen. Your keys stay in Thunderbird.',
  'sound.page.title': 'Call with {name}',
  'sound.page.title.none': 'Sound of a call',
  'sound.page.meeting': 'Connecting with Thunderbird …',
  'sound.page.asking': 'Your browser asks whether this page may use your microphone. Allow it, or nobody hears you.',
  'sound.page.keep': 'Keep this page open while you speak: it carries the sound. Closing it ends the call.',
  'sound.page.trust':
    'This page comes from {server}: whoever runs that server could listen. Your keys stay in Thunderbird.',
  'sound.page.hear': 'Let me hear {name}',
  'sound.page.over': 'The call is over. You may close this page.',
  'sound.page.none':
    'This page carries the sound of one call that you make or accept in Thunderbird. It opens by itself; now there is none. You may close it.',
  'sound.page.refused':
    'Nothing could be connected: this link was used already, or the call is over. You may close this page.',
  'sound.lost': 'The page for the sound was closed, so the call ended.',
  'error.call.page':
    'The page for the sound did not open in your browser, so the call could not begin. Start your browser and call again.',
  'error.call.page-server':
    'None of your servers could give a page for the sound now. Try again; if it stays so, add a server in the settings.',
};
