// What a call is while it lives: for the core, and as a page draws it.

import { first } from '../sip/message.js';

/** @typedef {import('./dialog.js').Dialog} Dialog */
/** @typedef {import('./incoming.js').IncomingLeg} IncomingLeg */
/** @typedef {import('./outgoing.js').OutgoingLeg} OutgoingLeg */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */
/**
 * @typedef {object} Live
 * @property {string} id  hex
 * @property {string} address
 * @property {number} begun  Unix ms
 * @property {Set<OutgoingLeg | import('./line.js').LineLeg>} legs  that still ring
 * @property {boolean} again  looked for a second time
 * @property {IncomingLeg | null} incoming
 * @property {MediaLeg | null} media  from here on: once it is answered
 * @property {Dialog | null} dialog
 * @property {import('./trickle.js').Trickle | null} trickle
 * @property {import('./restart.js').Restart | null} restart
 * @property {WeakSet<MediaLeg>} connected  were, at least once
 * @property {WeakSet<MediaLeg>} broken  are not now, though they were, or should be
 * @property {() => void} stopTimer
 * @property {() => void} stopStats
 */

/** @param {string} id @param {string} address @param {number} begun @param {IncomingLeg | null} incoming @returns {Live} */
export const newLive = (id, address, begun, incoming) => ({
  id,
  address,
  begun,
  legs: new Set(),
  again: false,
  incoming,
  media: null,
  dialog: null,
  trickle: null,
  restart: null,
  connected: new WeakSet(),
  broken: new WeakSet(),
  stopTimer: () => {},
  stopStats: () => {},
});

/**
 * @param {string} id @param {string} address @param {import('../agent/context.js').Contact | undefined} contact @param {boolean} incoming
 * @returns {import('../types.js').Call}
 */
export const newCall = (id, address, contact, incoming) => ({
  id,
  address,
  name: contact?.name ?? '',
  incoming,
  state: incoming ? 'ringing' : 'calling',
  since: 0,
  muted: false,
  trust: contact?.level === 'test' ? 'test' : contact?.chain ? 'verified' : 'unverified',
  quality: '',
  direct: true,
  gateway: false,
  line: '',
  link: '',
  why: '',
});

/**
 * Whether a device says of itself that it is a telephone behind a server, where the encryption of the call ends: a feature tag (RFC 3840) in its Contact,
 * which its signature covers. @param {import('../sip/message.js').Message} message
 */
export const isGateway = (message) =>
  /;\s*\+starling\.gateway\s*(;|=|$)/i.test(first(message, 'contact').replace(/<[^>]*>/g, ''));

const BY_WEIGHT = [
  'call.not-genuine',
  'call.declined',
  'call.busy',
  'call.refused',
  'call.no-answer',
  'call.page',
  'call.page-server',
  'call.media',
];

/** What is said when several devices failed for several reasons. @param {string} a @param {string} b */
export function worse(a, b) {
  return BY_WEIGHT.find((why) => why === a || why === b) ?? b;
}
