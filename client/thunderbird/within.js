// What Thunderbird does for us may never come to an end: behind a question that it asks, or on a connection that is used for something else.

/** @template T @param {Promise<T>} task @param {number} ms @param {string} what  for the log @returns {Promise<T>} */
export function within(task, ms, what) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes too long`)), ms);
  });
  return Promise.race([task, late]).finally(() => clearTimeout(timer));
}
