// The end of an address that was left: by its time, or because the user gives it back.
import { need } from '../errors.js';
import { giveBack } from './leaving.js';

/** @typedef {import('./selves.js').Self} Self */
/** @typedef {ReturnType<typeof ending>} Ending */

/** @param {import('./selves.js').Selves} selves @param {import('./queue.js').Queue} queue */
export function ending(selves, queue) {
  /** @param {Self} old */
  async function end(old) {
    need(!old.starling.state.call, 'move.in-call');
    const ids = { ...selves.ids, former: selves.ids.former.filter((n) => n !== old.n) };
    await giveBack(selves.around.store, old, selves.now, [['me', 'identities', ids]]);
    selves.ids = ids;
    selves.former = selves.former.filter((each) => each !== old);
    selves.forget(old);
    selves.draw();
  }

  return {
    end,

    /** Before its time is over. @param {string} address */
    stopUsing: (address) =>
      queue.wanted(async () => {
        const old = selves.former.find((each) => each.starling.state.me.address === address);
        if (old) await end(old);
      }),
  };
}
