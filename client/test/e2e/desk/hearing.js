// How clear a tone is in a recording: decibels of it above all else, in the clearest half second.
import { readFile } from 'node:fs/promises';

const WINDOW_SECONDS = 0.5;
const STEP_SECONDS = 0.1;

/**
 * The first channel of a WAV file of 16 bits. Whoever still writes it has not said its length yet.
 * @param {string} file @returns {Promise<{rate: number, samples: Float64Array}>}
 */
async function read(file) {
  const bytes = await readFile(file);
  let rate = 0;
  let channels = 1;
  for (let at = 12; at + 8 <= bytes.length;) {
    const kind = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const data = bytes.subarray(at + 8);
    if (kind === 'fmt ') [channels, rate] = [data.readUInt16LE(2), data.readUInt32LE(4)];
    if (kind === 'data') {
      const samples = new Float64Array(Math.floor(data.length / 2 / channels));
      for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(i * 2 * channels);
      return { rate, samples };
    }
    at += 8 + size + (size & 1);
  }
  return { rate: 8000, samples: new Float64Array(0) };
}

/** @param {Float64Array} samples @param {number} turn  radians a sample */
function clearness(samples, turn) {
  let [cosines, sines, all] = [0, 0, 0];
  samples.forEach((value, i) => {
    cosines += value * Math.cos(turn * i);
    sines += value * Math.sin(turn * i);
    all += value * value;
  });
  // Windows hold whole periods of every tone of the tests: sine and cosine do not mix.
  const tone = (2 * (cosines ** 2 + sines ** 2)) / samples.length;
  return all === 0 ? -Infinity : 10 * Math.log10(tone / Math.max(all - tone, 1e-9 * all));
}

/** @param {string} file @param {number} hertz  a multiple of 20 @returns {Promise<number>} decibels; -Infinity when there is nothing */
export async function decibels(file, hertz) {
  const { rate, samples } = await read(file);
  const [window, step] = [Math.round(WINDOW_SECONDS * rate), Math.round(STEP_SECONDS * rate)];
  let best = -Infinity;
  for (let from = 0; from + window <= samples.length; from += step)
    best = Math.max(best, clearness(samples.subarray(from, from + window), (2 * Math.PI * hertz) / rate));
  return best;
}

/** How long a recording is. @param {string} file @returns {Promise<number>} seconds */
export async function seconds(file) {
  const { rate, samples } = await read(file);
  return samples.length / rate;
}
