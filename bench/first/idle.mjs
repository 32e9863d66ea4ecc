// What a client costs the network while nobody does anything. A window of real time shows the pings; what comes every few minutes would fall beside
// it, so each long timer of the agent is run once and its bytes are counted with its period.
import { befriend } from './world.mjs';

const WINDOW_SECONDS = 100;
const LONG_MILLIS = 60_000;
const QUIET_MILLIS = 1_500;
/** IPv4 and TCP with time stamps, for a piece and for its acknowledgement. */
const HEADER_BYTES = 2 * 52;
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** @returns {Promise<{mebibytes: number, explanation: string}>} */
export async function idleTraffic(world) {
  const own = new Map();
  for (const base of world.bases) {
    const port = Number(new URL(base).port);
    own.set(port, await world.link(port));
  }
  // One link for all connections of this client to a peer: WebSocket, DHT gateway, everything.
  const ports = [...own.values()];
  const count = async () => {
    const { bytes, pieces } = await world.links.ask({ do: 'count', ports });
    return bytes + pieces * HEADER_BYTES;
  };
  const long = new Map();
  const timer = (millis, task) => {
    if (millis >= LONG_MILLIS) {
      const key = Symbol('timer');
      long.set(key, { millis, task });
      return () => long.delete(key);
    }
    const id = setTimeout(task, millis);
    id.unref();
    return () => clearTimeout(id);
  };
  const hal = await world.enrolled('hal', [0, 1], { timer }, own);
  const ida = await world.enrolled('ida', [0, 1]);
  await befriend(hal, ida);
  await pause(5_000);

  const start = await count();
  await pause(WINDOW_SECONDS * 1000);
  const steady = ((await count()) - start) * (3600 / WINDOW_SECONDS);
  let regular = 0;
  const parts = [];
  const pending = [...long.values()];
  for (const { millis, task } of pending) {
    const before = await count();
    task();
    await pause(QUIET_MILLIS);
    const bytes = (await count()) - before;
    regular += bytes * (3_600_000 / millis);
    parts.push(`${bytes} B each ${Math.round(millis / 1000)} s`);
  }
  await Promise.allSettled([hal.close(), ida.close()]);
  const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB/h`;
  return {
    mebibytes: (steady + regular) / 1024 / 1024,
    explanation: `idle traffic: pings ${kib(steady)} (${WINDOW_SECONDS} s), regular tasks ${kib(regular)} (${parts.join(', ')}), headers included by estimate`,
  };
}
