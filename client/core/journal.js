// What this program did lately, for a report that a person may give to somebody who helps. In memory only and bounded; no secret, no message, no name is ever
// put in, and addresses are taken out of the report unless the person wants them there.

const MAX_LINES = 400;
const MAX_LETTERS = 240;
/** Keys, hashes, tokens, codes: enough of them to compare. */
const LONG = /[A-Za-z0-9_\-+/=]{20,}/g;
/** Only where it went: what stands behind may name people or places of the store. */
const PLACE = /\b((?:https?|wss?):\/\/[^\s/?#"'<>]+)[^\s"'<>]*/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** With all that a local part may hold (RFC 5322, section 3.2.3), though before an address it may be something else. */
const PEOPLE = /(?:[^\s<>"()[\],;:@%]|%(?!40))+(?:@|%40)[^\s<>"'()[\],;:@/?&=%]+|\+\d{6,15}\b/gi;
/** The end of it that is surely of the address, by which it gets its number. */
const CERTAIN = /[^'/?&=%]*(?:@|%40)?[^'/?&=%@]*$/i;

/** @typedef {ReturnType<typeof journal>} Journal */
/** @typedef {import('./types.js').State} State */
/** @typedef {{base: string, connected: boolean, detail: string}} PeerState */

/** Without the last word, where it was cut: half an address is not known as one. @param {string} text @param {number} most */
const cut = (text, most) =>
  text.length > most ? `${text.slice(0, most - 1).replace(/[^\s<>"()[\],;:]*$/, '')}…` : text;

/** One line, without what must not be kept. @param {string} text */
export const cleaned = (text) =>
  cut(
    cut(text, 4 * MAX_LETTERS)
      .replace(CONTROL, ' ')
      .replace(PLACE, '$1')
      .replace(LONG, (all) => `${all.slice(0, 8)}…`),
    MAX_LETTERS,
  );

/** @param {() => number} now  Unix ms */
export function journal(now) {
  /** @type {string[]} */
  const lines = [];
  /** @param {string} text */
  function note(text) {
    lines.push(`${new Date(now()).toISOString()} ${cleaned(text)}`);
    if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
  }
  return {
    note,
    lines: () => [...lines],

    /** What the program warns of, besides; other programs' lines are not ours. @param {Pick<Console, 'warn' | 'error'>} to */
    hear(to) {
      for (const kind of /** @type {const} */ (['warn', 'error'])) {
        const say = to[kind].bind(to);
        to[kind] = (...what) => {
          say(...what);
          if (!String(what[0]).startsWith('starling')) return;
          note(`${kind}: ${what.map((each) => (each instanceof Error ? each.message : String(each))).join(' ')}`);
        };
      }
    },

    /** What changed of a person's state. */
    follow: follower(note),
  };
}

/** @param {(text: string) => void} note */
function follower(note) {
  /** What was said last, by what it is about. @type {Map<string, string>} */
  const said = new Map();
  const say = (/** @type {string} */ about, /** @type {string} */ text) => {
    if ((said.get(about) ?? '') === text) return;
    said.set(about, text);
    if (text) note(`${about}: ${text}`);
  };
  return (/** @type {State} */ state, /** @type {PeerState[]} */ peers) => {
    const { me, call, notices, contacts, devices } = state;
    say('status', [me.status, me.detail].filter(Boolean).join(', '));
    for (const { base, connected, detail } of peers)
      say(`server ${base}`, [connected ? 'connected' : 'not connected', detail].filter(Boolean).join(', '));
    say('people', `${contacts.length}, of whom ${contacts.filter((each) => each.trust === 'changed').length} changed`);
    say('devices', String(devices.length));
    say('notices', notices.map((each) => each.key).join(' '));
    if (!call) return void said.delete('call');
    const { incoming, trust, line, gateway, direct, quality, link, why } = call;
    const how = [trust, line && 'ordinary line', gateway && 'telephone', direct && 'direct', quality, link, why];
    say('call', [incoming ? 'in' : 'out', call.state, ...how].filter(Boolean).join(', '));
  };
}

/**
 * The report, as a person reads it before they give it away.
 * @param {{state: State, peers: PeerState[], lines: string[], program: string, now: number, people: boolean}} what  people: with their addresses
 */
export function reportOf({ state, peers, lines, program, now, people }) {
  const { me, settings } = state;
  const on = Object.entries(settings).filter(([, value]) => value === true);
  const all = [
    'Starling: a report for support',
    `made: ${new Date(now).toISOString()}`,
    `program: ${cleaned(program)}`,
    `status: ${cleaned([me.status, me.detail].filter(Boolean).join(', '))}${me.local ? ', test mode' : ''}`,
    `address: ${me.address || 'none yet'}`,
    `device: ${me.deviceId.slice(0, 8)}`,
    ...peers.map(({ base, connected }) => `server: ${cleaned(base)} ${connected ? 'connected' : 'not connected'}`),
    `people: ${state.contacts.length}, requests: ${state.requests.length}, devices: ${state.devices.length}`,
    `notices: ${state.notices.map((each) => each.key).join(' ') || 'none'}`,
    `switched on: ${on.map(([name]) => name).join(' ') || 'nothing'}`,
    '',
    'What happened lately, the newest last (UTC):',
    ...(lines.length ? lines : ['nothing']),
  ];
  return `${people ? all.join('\n') : withoutPeople(all.join('\n'), me.address)}\n`;
}

/** Each address becomes a number, the same one wherever it stands. @param {string} text @param {string} own */
function withoutPeople(text, own) {
  /** @type {Map<string, string>} */
  const numbers = new Map(own ? [[own.toLowerCase(), '<own address>']] : []);
  return text.replace(PEOPLE, (found) => {
    const whole = found.toLowerCase().replace('%40', '@');
    const who = numbers.has(whole) ? whole : (CERTAIN.exec(whole)?.[0] ?? whole);
    if (!numbers.has(who)) numbers.set(who, `<person ${numbers.size + (own ? 0 : 1)}>`);
    return /** @type {string} */ (numbers.get(who));
  });
}
