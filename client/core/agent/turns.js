// Changes of what is stored, one after the other: a change may read, decide and write without another in between.
import { need } from '../errors.js';

/** @typedef {(<T>(task: () => Promise<T>) => Promise<T>) & {end: () => void}} Turns  a task must not wait for another turn; end: those that did not begin yet are refused, and all that come */

/** @returns {Turns} */
export function turns() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let over = false;
  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  const inTurn = (task) => {
    const turn = last.then(() => {
      need(!over, 'generic', 'nothing is stored here any more');
      return task();
    });
    last = turn.catch(() => {});
    return turn;
  };
  return Object.assign(inTurn, { end: () => void (over = true) });
}
