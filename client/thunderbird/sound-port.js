// A port of the runtime as a Link, for sound that is made in a window of the add-on itself.
export const SOUND = 'starling sound';

/** @param {any} port @returns {import('../core/media/meeting.js').Link} */
export function portLink(port) {
  let closed = false;
  /** @type {(value?: any) => void} */
  let end = () => {};
  const over = new Promise((resolve) => (end = resolve));
  /** @type {any[]} */
  const early = [];
  /** @type {(message: any) => void} */
  let listener = (message) => void early.push(message);
  const close = () => {
    if (closed) return;
    closed = true;
    try {
      port.disconnect();
    } catch {
      // Gone already.
    }
    end();
  };
  port.onMessage.addListener((/** @type {any} */ message) => listener(message));
  port.onDisconnect.addListener(close);
  return {
    send: (message) => void (closed || port.postMessage(message)),
    onMessage(fn) {
      listener = fn;
      for (const message of early.splice(0)) fn(message);
    },
    over,
    close,
  };
}
