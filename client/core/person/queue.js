// What changes the addresses of a person, one after the other.
import { turns } from '../agent/turns.js';
import { need } from '../errors.js';

/** What is being done has so long to come to its end. */
const CLOSE_MILLIS = 10_000;

/** @param {import('./selves.js').Selves} selves */
export function queue(selves) {
  const turn = turns();
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** The user asked for something that is not done yet. */
  let busy = false;

  /** Nothing else changes the addresses meanwhile. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  function alone(task) {
    const done = turn(task);
    last = done.catch(() => {});
    return done;
  }

  return {
    alone,
    /** Nothing begins any more. */
    end: turn.end,

    /** What the user wants waits for what is being done by itself, and for nothing else. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
    async wanted(task) {
      need(!busy && !selves.closed, 'move.busy');
      busy = true;
      try {
        return await alone(task);
      } finally {
        busy = false;
      }
    },

    /** What runs is not cut off in the middle. */
    async ended() {
      let stop = () => {};
      const late = new Promise((resolve) => (stop = selves.timer(CLOSE_MILLIS, () => resolve(null))));
      await Promise.race([last, late]);
      stop();
    },
  };
}

/** @typedef {ReturnType<typeof queue>} Queue */
