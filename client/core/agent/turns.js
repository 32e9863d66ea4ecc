// Changes of what is stored, one after the other: a change may read, decide and write without another in between.

/** @returns {<T>(task: () => Promise<T>) => Promise<T>} a task must not wait for another turn */
export function turns() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (task) => {
    const turn = last.then(task);
    last = turn.catch(() => {});
    return turn;
  };
}
