// Several addresses of one person, drawn as one: whose contact is whose, and what is left out.
import { parseCertificate } from '../identity/certificate.js';
import { unheard } from './leaving.js';

/** Of an address that was left, nothing is to be done about these. */
const SILENT = ['phone-ends', 'renew', 'renew-smime', 'renew-why', 'mail-late', 'revoke-old', 'moving'];
const MAX_PAST = 500;

/** @typedef {import('./leaving.js').Self} Self */
/** @typedef {import('../types.js').State} State */
/** @typedef {import('../types.js').Contact} Contact */

/** What each of our addresses knows of where people went. @param {Self[]} selves */
export function resolved(selves) {
  const moves = selves.map(({ starling }) => starling.ctx.moves);
  const now = (/** @type {string} */ address) => {
    const seen = new Set([address]);
    let at = address;
    for (;;) {
      const to = moves.map((each) => each.current(at)).find((each) => each !== at);
      if (!to || seen.has(to)) return at;
      seen.add(to);
      at = to;
    }
  };
  return {
    now,
    /** All addresses of that person. @param {string} address */
    of: (address) => {
      const wanted = now(address);
      const known = new Set(moves.flatMap((each) => [...each.marks().keys()]));
      return [wanted, ...[...known].filter((each) => each !== wanted && now(each) === wanted)];
    },
  };
}

/** @param {Self[]} selves  the present one first @param {Self | null} coming @returns {{state: State, owners: Map<string, Self>}} */
export function merged(selves, coming) {
  const [now, ...former] = selves;
  const main = now.starling.state;
  const owners = new Map();
  const more = {
    move: coming && moveOf(coming),
    former: former.map((old) => formerOf(old, now)),
  };
  if (!former.length) return { state: { ...main, ...more }, owners };
  const all = selves.map(({ starling }) => starling.state);
  const contacts = people(selves, owners);
  return {
    owners,
    state: {
      ...main,
      ...more,
      contacts,
      requests: distinct(all.flatMap((each) => each.requests)),
      blocked: [...new Set(all.flatMap((each) => each.blocked))].sort(),
      call: talking(selves)?.starling.state.call ?? null,
      pastCalls: all
        .flatMap((each) => each.pastCalls)
        .sort((a, b) => b.at - a.at)
        .slice(0, MAX_PAST),
      notices: [...main.notices, ...former.flatMap((old) => noticesOf(old, main))],
    },
  };
}

/** Whose call is the one: that which runs before one that rings, and both before one that is over. @param {Self[]} selves @returns {Self | undefined} */
export function talking(selves) {
  const weight = (/** @type {Self} */ { starling }) => {
    const { call } = starling.state;
    return !call ? 0 : call.state === 'ended' ? 1 : call.incoming && call.state === 'ringing' ? 2 : 3;
  };
  const best = selves.reduce((a, b) => (weight(b) > weight(a) ? b : a));
  return weight(best) ? best : undefined;
}

/** @param {Self} old @param {State} main */
function noticesOf(old, main) {
  const shown = new Set(main.notices.map((each) => each.id));
  return old.starling.state.notices
    .filter((each) => !SILENT.includes(each.id.split(' ')[0]) && !shown.has(each.id))
    .map((each) => ({ ...each, id: `${old.n}|${each.id}` }));
}

/** @template {{address: string}} T @param {T[]} all */
const distinct = (all) => all.filter((each, i) => all.findIndex((other) => other.address === each.address) === i);

/** @param {Self} coming @returns {State['move']} */
function moveOf({ starling: { state } }) {
  const { address, status, codeExpires, checkCode, refused, mailbox } = state.me;
  const step = status === 'code' || status === 'waiting-for-device' ? status : 'working';
  return { address, step, codeExpires, checkCode, refused, mailbox };
}

/** @param {Self} old @param {Self} now @returns {State['former'][number]} */
function formerOf(old, now) {
  const people = old.starling.ctx.contacts
    .all()
    .filter((each) => each.state === 'accepted' && !old.starling.ctx.moves.isMoved(each.address));
  const waiting = unheard(old, now).map(({ address, name }) => ({ address, name }));
  const until = parseCertificate(old.starling.ctx.signer().chain[0]).notAfter;
  const { me, requests, devices } = old.starling.state;
  const others = devices.filter((each) => each.listed && !each.self);
  return { address: me.address, until, people: people.length, waiting, asking: requests.length, devices: others };
}

/** One row for each person: that of the address at which both know each other. @param {Self[]} selves @param {Map<string, Self>} owners @returns {Contact[]} */
function people(selves, owners) {
  const { now } = resolved(selves);
  /** @type {Map<string, {self: Self, row: Contact}[]>} */
  const groups = new Map();
  for (const self of selves)
    for (const row of self.starling.state.contacts) {
      if (row.state === 'line' && self !== selves[0]) continue;
      const address = now(row.address);
      groups.set(address, [...(groups.get(address) ?? []), { self, row }]);
    }
  const rows = [...groups].map(([address, group]) => {
    const best = group.reduce((a, b) => (rank(b, address) > rank(a, address) ? b : a));
    owners.set(address, best.self);
    const rows = group.map((each) => each.row);
    const last = rows.reduce(
      (/** @type {Contact['last']} */ a, { last: b }) => ((b?.at ?? 0) > (a?.at ?? 0) ? b : a),
      null,
    );
    const earlier = [...new Set(rows.flatMap((row) => [row.address, ...(row.earlier ?? [])]))].filter(
      (each) => each !== best.row.address,
    );
    const at = Math.max(...group.map(({ self, row }) => self.starling.ctx.contacts.lastOf(row.address)), last?.at ?? 0);
    const unread = rows.reduce((sum, row) => sum + row.unread, 0);
    return { at, row: { ...best.row, last, unread, ...(earlier.length ? { earlier } : {}) } };
  });
  return rows.sort((a, b) => b.at - a.at).map((each) => each.row);
}

/** @param {{row: Contact}} one @param {string} address */
const rank = ({ row }, address) =>
  (row.state === 'accepted' ? 4 : row.state === 'line' ? 2 : row.state === 'waiting' ? 1 : 0) +
  (row.address === address ? 8 : 0);
