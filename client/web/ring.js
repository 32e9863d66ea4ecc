// What is heard while it rings: two soft notes for a call that comes in, one for a call that goes out. Made here, so that no sound file is loaded.

const VOLUME = 0.12;
/** @type {Record<'incoming' | 'outgoing', {notes: number[], seconds: number, pauseMillis: number}>} */
const TONES = {
  incoming: { notes: [659, 880], seconds: 0.35, pauseMillis: 2400 },
  outgoing: { notes: [425], seconds: 1, pauseMillis: 5000 },
};

/** @param {import('../core/types.js').StarlingApi} core @param {() => AudioContext} [open]  for tests */
export function ringWithCalls(core, open = () => new AudioContext()) {
  /** @type {AudioContext | null} */
  let sound = null;
  let ringing = '';
  let timer = 0;

  const play = (/** @type {'incoming' | 'outgoing'} */ kind) => {
    const { notes, seconds, pauseMillis } = TONES[kind];
    sound ??= open();
    // Without a click on the page the browser keeps it silent; the question and the notification are still shown.
    void sound.resume().catch(() => {});
    notes.forEach((hertz, i) => tone(/** @type {AudioContext} */ (sound), hertz, i * seconds, seconds));
    timer = window.setTimeout(() => play(kind), pauseMillis);
  };

  const look = (/** @type {import('../core/types.js').State} */ { call }) => {
    const kind = call?.state === 'ringing' ? (call.incoming ? 'incoming' : 'outgoing') : '';
    if (kind === ringing) return;
    ringing = kind;
    window.clearTimeout(timer);
    if (kind) return play(kind);
    void sound?.close();
    sound = null;
  };
  core.subscribe(look);
  // It may ring already: a window that opens for a call comes after it.
  look(core.state);
}

/** @param {AudioContext} sound @param {number} hertz @param {number} after  seconds from now @param {number} seconds */
function tone(sound, hertz, after, seconds) {
  const start = sound.currentTime + after;
  const oscillator = new OscillatorNode(sound, { frequency: hertz });
  const gain = new GainNode(sound, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.03);
  gain.gain.setValueAtTime(VOLUME, start + seconds - 0.08);
  gain.gain.linearRampToValueAtTime(0, start + seconds);
  oscillator.connect(gain).connect(sound.destination);
  oscillator.start(start);
  oscillator.stop(start + seconds);
}
