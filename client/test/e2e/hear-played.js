// A tone in what a page of Firefox plays. Where there is no loudspeaker its AudioContext stands still, so it is recorded and looked at afterwards.

/**
 * In the page.
 * @param {{hertz: number, clear: number}} asked  decibels of the tone above all else
 * @returns {Promise<{decibels: number}>} the best of some seconds
 */
export async function hearPlayed({ hertz, clear }) {
  const SIZE = 8192;
  const far = /** @type {any} */ (document.querySelector('audio'));
  /** Of the middle of a record, through Hann's window. @param {Float32Array} samples @param {number} rate */
  const decibels = (samples, rate) => {
    const start = (samples.length - SIZE) >> 1;
    const some = samples
      .slice(start, start + SIZE)
      .map((each, i) => each * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE)));
    const nearest = Math.round((hertz * SIZE) / rate);
    let wanted = 0;
    for (let bin = nearest - 4; bin <= nearest + 4; bin++) {
      let [re, im] = [0, 0];
      some.forEach((each, i) => {
        re += each * Math.cos((2 * Math.PI * bin * i) / SIZE);
        im += each * Math.sin((2 * Math.PI * bin * i) / SIZE);
      });
      wanted += (2 * (re * re + im * im)) / SIZE;
    }
    // Parseval: what all bins have together.
    const all = some.reduce((sum, each) => sum + each * each, 0);
    return 10 * Math.log10(wanted / Math.max(all - wanted, 1e-12));
  };
  let best = -Infinity;
  for (const end = performance.now() + 20_000; best < clear && performance.now() < end;) {
    const played = far.mozCaptureStream();
    if (!played.active) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const recorder = new MediaRecorder(played);
    const recorded = new Promise((resolve) => (recorder.ondataavailable = ({ data }) => resolve(data)));
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 600));
    recorder.stop();
    const bytes = await (await recorded).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes).catch(() => null);
    if (sound && sound.length > SIZE) best = Math.max(best, decibels(sound.getChannelData(0), sound.sampleRate));
  }
  return { decibels: best };
}
