// One tab of a browser speaks for it: two would register the same device in turns and take each other's connections.

const NAME = 'starling-tab';
const RELOAD_MILLIS = 400;
const FROZEN_MILLIS = 3000;

const channel = new BroadcastChannel(NAME);
/** @type {(value?: unknown) => void} */
let release = () => {};

/**
 * Holds the lock until `release`; a browser gives it free when the tab closes or crashes.
 * @param {LockOptions} options @param {() => void} stolen @returns {Promise<boolean>} false: not given
 */
function hold(options, stolen) {
  return new Promise((given) => {
    let held = false;
    navigator.locks
      .request(NAME, options, () => {
        held = true;
        given(true);
        return new Promise((resolve) => (release = resolve));
      })
      .catch(() => (held ? stolen() : given(false)));
  });
}

/** Holds it, unless another tab does and goes on to. @param {() => void} stolen @returns {Promise<boolean>} */
async function holdUnlessHeld(stolen) {
  for (;;) {
    // A page that was just reloaded may not have let go yet.
    if (await hold({ signal: AbortSignal.timeout(RELOAD_MILLIS) }, stolen)) return true;
    // No lock after that time need not mean another tab: a busy computer is as slow.
    const { held } = await navigator.locks.query();
    if (held?.some(({ name }) => name === NAME)) return false;
  }
}

/**
 * Waits until this tab may speak.
 * @param {() => Promise<void>} wanted  another tab speaks: resolves when the person wants it here
 * @param {() => Promise<void>} leave  another tab takes over: stop speaking
 */
export async function speakFromThisTab(wanted, leave) {
  const lose = async () => {
    await leave();
    release();
  };
  if (!(await holdUnlessHeld(lose))) {
    await wanted();
    channel.postMessage('yield');
    // A frozen tab does not answer; then it is taken from it.
    const patience = { signal: AbortSignal.timeout(FROZEN_MILLIS) };
    if (!(await hold(patience, lose))) await hold({ steal: true }, lose);
  }
  channel.onmessage = (event) => {
    if (event.data === 'yield') void lose();
  };
}
