// What a client costs the network while nobody does anything. A window of real time shows the pings; what comes every few minutes would fall beside
// it, so each long timer of the agent is run once and its bytes are counted with its period.
import { befriend } from './world.mjs';

const WINDOW_SECONDS = 100;
/** Beyond the longest watch over streams and flows. */
const LONG_MILLIS = 150_000;
const QUIET_MILLIS = 4_000;
/** What is left of the beginning: a stream that was slow to begin is read besides once, after a minute at the latest. */
const SETTLED_MILLIS = 75_000;
const DAY_MILLIS = 86_400_000;
const LONGEST_MILLIS = 4 * 3_600_000;
/** IPv4 and TCP with time stamps, for a piece and for its acknowledgement. */
const HEADER_BYTES = 2 * 52;
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Timers of minutes do not run by themselves. */
function longTimers() {
  const long = new Map();
  return {
    timer(millis, task) {
      if (millis >= LONG_MILLIS) {
        const key = Symbol('timer');
        long.set(key, { millis, task });
        return () => long.delete(key);
      }
      const id = setTimeout(task, millis);
      id.unref();
      return () => clearTimeout(id);
    },
    has: (key) => long.has(key),
    pending: (whose) => [...long].map(([key, each]) => ({ key, ...each, whose })),
  };
}

/** @returns {Promise<{mebibytes: number, late: boolean, explanation: string}>} */
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
  const [here, there] = [longTimers(), longTimers()];
  const hal = await world.enrolled('hal', [0, 1], { timer: here.timer }, own);
  // What the contact does regularly comes here too.
  const ida = await world.enrolled('ida', [0, 1], { timer: there.timer });
  await befriend(hal, ida);
  await pause(SETTLED_MILLIS);

  const start = await count();
  await pause(WINDOW_SECONDS * 1000);
  const steady = ((await count()) - start) * (3600 / WINDOW_SECONDS);
  let regular = 0;
  const parts = [];
  const ours = here.pending('own');
  for (const { key, millis, task, whose } of [...there.pending("contact's"), ...ours]) {
    // What the contact's tasks put off each time never comes.
    if (ours.some((each) => each.key === key) && !here.has(key)) continue;
    const before = await count();
    task();
    await pause(QUIET_MILLIS);
    const bytes = (await count()) - before;
    regular += bytes * (3_600_000 / millis);
    if (bytes) parts.push(`${whose} ${bytes} B each ${Math.round(millis / 1000)} s`);
  }
  await Promise.allSettled([hal.close(), ida.close()]);
  const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB/h`;
  return {
    mebibytes: (steady + regular) / 1024 / 1024,
    // Everything is published anew when the day changes, so late in the day that timer is shorter than it is else.
    late: Date.now() % DAY_MILLIS > DAY_MILLIS - LONGEST_MILLIS,
    explanation: `idle traffic: pings ${kib(steady)} (${WINDOW_SECONDS} s), regular tasks ${kib(regular)} (${parts.join(', ')}), headers included by estimate`,
  };
}
