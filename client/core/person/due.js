// What is due for the addresses of a person, without anybody asking: the new one is there, contacts and devices are told, an old one is over.
import { askAnew, endOf, tellContacts, tellDevices } from './leaving.js';
import { UP, warn } from './selves.js';

const LOOK_MILLIS = 3_600_000;
const SOON_MILLIS = 1000;
/** What cannot be followed is tried again after so long, and then after twice as long each time. */
const AGAIN_MILLIS = 60_000;
const LONGEST_MILLIS = 12 * 3_600_000;

/** @typedef {import('./selves.js').Self} Self */

/** @param {import('./selves.js').Selves} selves @param {import('./queue.js').Queue} queue @param {import('./changing.js').Changing} changing @param {import('./ending.js').Ending} ending */
export function due(selves, queue, changing, ending) {
  let looking = false;
  /** Something changed meanwhile. */
  let again = false;
  let soon = false;
  /** What could not be followed: when it is tried again, Unix ms. @type {Map<string, {at: number, wait: number}>} */
  const tries = new Map();
  /** Since this began, nobody is left to be asked. */
  let askedAnew = false;
  let stopTimer = () => {};
  let stopSoon = () => {};

  selves.changed = () => {
    selves.draw();
    if (selves.closed || soon) return;
    soon = true;
    stopSoon = selves.timer(selves.coming ? 0 : SOON_MILLIS, () => {
      soon = false;
      void look();
    });
  };

  /** One at a time. */
  async function look() {
    if (selves.closed) return;
    if (looking) return void (again = true);
    looking = true;
    again = false;
    try {
      await queue.alone(all);
    } finally {
      looking = false;
      stopTimer();
      const isDue = again || selves.former.length > 0;
      // What looking itself changes does not keep it going without a pause.
      if (isDue && !selves.closed) stopTimer = selves.timer(again ? SOON_MILLIS : LOOK_MILLIS, () => void look());
    }
  }

  async function all() {
    if (selves.closed) return;
    try {
      await changing.arrive();
      await agree();
      if (!askedAnew) await askAnew(selves.now);
      askedAnew = true;
      // One that cannot be looked at now, for want of a server or because of a call, holds up no other.
      for (const old of [...selves.former]) if (!selves.closed) await lookAt(old).catch(warn);
    } catch (e) {
      warn(e);
    }
  }

  /** @param {Self} old */
  async function lookAt(old) {
    if (endOf(old) <= selves.around.now()) return ending.end(old);
    // Also when we were interrupted before; what another device said later stands.
    const said = old.starling.ctx.own.get('moving');
    if (old === selves.former[0] && (said?.time ?? -1) < (selves.ids.turned ?? 0))
      await tellDevices(old, selves.main.state.me.address);
    if (!selves.ids.quiet && UP.includes(old.starling.state.me.status)) await tellContacts(old, selves.now);
  }

  /** A contact who moved, and was followed by one of us, is followed by all: the user said so once. */
  async function agree() {
    const all = selves.read();
    if (all.length === 1) return;
    /** The latest of each address. @type {Map<string, import('../agent/moves.js').Mark>} */
    const marks = new Map();
    for (const { starling } of all)
      for (const [address, mark] of starling.ctx.moves.marks())
        if (mark.at > (marks.get(address)?.at ?? -1)) marks.set(address, mark);
    for (const { starling: self } of all)
      for (const contact of self.ctx.contacts.all()) {
        const mark = marks.get(contact.address);
        if (!mark || contact.state !== 'accepted') continue;
        if (contact.moved && contact.moved.now === mark.to) await follow(self, contact.address, mark.to);
        else if (!contact.moved && (!mark.to || self.ctx.contacts.get(mark.to)?.state === 'accepted'))
          await self.ctx.inTurn(async () => {
            const change = self.ctx.moves.take(contact.address, mark);
            if (!change.writes.length) return;
            await self.ctx.store.batch(change.writes);
            change.done();
          });
      }
  }

  /** Each try reads all that lies of two addresses. @param {import('../starling.js').Starling} self @param {string} address @param {string} to */
  async function follow(self, address, to) {
    const name = `${self.state.me.address} ${address} ${to}`;
    const last = tries.get(name);
    const now = selves.around.now();
    if (last && now < last.at) return;
    try {
      await self.ctx.moves.follow(address, to);
      tries.delete(name);
    } catch {
      const wait = last ? Math.min(2 * last.wait, LONGEST_MILLIS) : AGAIN_MILLIS;
      tries.set(name, { at: now + wait, wait });
    }
  }

  return {
    look,

    close() {
      stopTimer();
      stopSoon();
    },
  };
}
