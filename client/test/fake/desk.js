// The parts of an agent that keep lists of devices, without a network: what a look-up brings is given to them, and what they publish is kept.
import { nothing } from '../../core/agent/own.js';
import { turns } from '../../core/agent/turns.js';
import { makeLink, verifyDevices } from '../../core/record/devices.js';
import { parseRecord } from '../../core/record/record.js';
import { memoryStore } from '../../core/store/memory.js';

const NETWORK = 'local';

const listed = (people) => people.map((p) => ({ id: p.key.id, spki: p.key.spki, name: '', added: 1 }));

/** The next version of a list, or with none before it the first one. @param {any[]} before  a chain, or both of a merge @param {any} author  as `issue` gives it */
export async function version(before, author, people, address, at = 1) {
  const chains = Array.isArray(before[0]) ? before : [before];
  const links = [...new Map(chains.flat().map((link) => [link.hash, link.encoded])).values()];
  const parents = chains.flatMap((chain) => chain.slice(-1).map((link) => link.hash));
  const link = await makeLink(author.key, parents, listed(people), at, address, NETWORK);
  return verifyDevices([...links, link], address, NETWORK);
}

/** Each time it is read anew. */
let said = 0;

/** What a look-up of devices brings. @param {any[]} people @param {[any, any][]} revocations  by whom, whom */
export const foundOf = (chains, people, revocations = []) => ({
  kind: 'found',
  chains,
  devices: new Map(
    people.map((d) => [d.key.id, { certificate: d.chain[0], location: null, level: 'code', issuer: '' }]),
  ),
  revocations: revocations.map(([by, whom]) => ({
    signer: by.key.id,
    authority: false,
    devices: [whom.key.id],
    sequence: ++said,
  })),
  forged: 0,
  expires: Infinity,
});

/** @param {string} address @param {any} card  of the device, as `issue` gives it @param {{now: () => number, find?: () => any}} how */
export function desk(address, card, { now, find }) {
  const published = [];
  const armed = [];
  const ctx = {
    published,
    armed,
    hasLeft: false,
    store: memoryStore(),
    inTurn: turns(),
    profile: {
      address,
      key: card.key,
      chain: card.chain,
      friendsKey: new Uint8Array(32),
      ownKey: new Uint8Array(32),
    },
    own: { note: nothing, leave: nothing, rotate: async () => {} },
    endorsement: { dismiss: async () => {}, excuse: async () => {}, guests: () => [], mayJoin: () => true },
    around: { now, deviceName: 'laptop', media: null },
    state: { endorsements: [], notices: [], me: {} },
    now,
    local: () => true,
    proofs: { of: async () => null },
    network: () => NETWORK,
    signer: () => card.signer,
    update: () => {},
    me: (patch) => Object.assign(ctx.state.me, patch),
    notice: () => {},
    left: async () => void (ctx.hasLeft = true),
    timer: (ms) => (armed.push(ms), () => {}),
    peers: {
      known: new Map([['b', { sip: 'sip:192.0.2.1:5061;transport=tls', id: 'ab'.repeat(32), base: '' }]]),
      network: () => NETWORK,
    },
    presence: { of: () => ({ presence: 'offline', note: '' }) },
    delivery: { take: () => {}, flush: async () => {} },
    requests: { welcome: nothing },
    moves: { isMoved: () => false, isOver: () => false, earlier: () => [], current: (address) => address },
    lines: { has: () => false, rows: () => [] },
    boxes: { look: async () => {}, welcome: async () => {} },
    locator: {
      follow: () => {},
      isTold: () => false,
      forget: async () => {},
      find: async () => find?.() ?? { kind: 'unreachable' },
      publish: async (_signer, _address, _device, kind, bytes) => (published.push([kind, parseRecord(bytes)]), []),
    },
    contacts: { rotated: nothing, withdrawConsent: async () => {} },
  };
  return ctx;
}

/** Puts a contact into the book. */
export async function known(ctx, contacts, address, more) {
  ctx.contacts = contacts;
  const kept = contacts.put({ ...contacts.blank(address, ''), state: 'accepted', ...more });
  await ctx.store.batch(kept.writes);
  kept.done();
}
