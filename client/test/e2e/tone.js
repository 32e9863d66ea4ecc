// A steady tone as a microphone, in a WAV file: 16 bit, mono.
const RATE = 48_000;
const SECONDS = 10;

/** @param {number} hertz */
export function tone(hertz) {
  const samples = Buffer.alloc(RATE * SECONDS * 2);
  for (let i = 0; i < RATE * SECONDS; i++)
    samples.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / RATE)), i * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  for (const [value, at, size] of [
    [16, 16, 4],
    [1, 20, 2],
    [1, 22, 2],
    [RATE, 24, 4],
    [RATE * 2, 28, 4],
    [2, 32, 2],
    [16, 34, 2],
  ])
    head.writeUIntLE(value, at, size);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}
