// What the parts of the agent share.

/**
 * @typedef {object} Contact  as stored; DeviceChain and tokens included
 * @property {string} address  @property {string} name  @property {'waiting'|'accepted'|'removed'} state
 * @property {Uint8Array} ourToken  what we gave them  @property {Uint8Array | null} theirToken  what they gave us
 * @property {Uint8Array | null} friendsKey  theirs  @property {number} version
 * @property {import('../record/devices.js').DeviceChain | null} chain  remembered  @property {import('../record/devices.js').DeviceChain | null} changed  a new root, waiting for a decision  @property {number} [changedAt]  when it was first seen here, Unix ms  @property {{certified: number, logged: boolean | null} | null} [changedFacts]  certified: Unix ms; logged: null when nobody could be asked  @property {{root: string, by: string[]} | null} [objected]  a new root to which remembered devices objected  @property {string} refused  hash of a root that the user did not agree to
 * @property {string} [root]  the oldest version of their list that is remembered, shared among own devices
 * @property {string[]} [revoked]  listed devices that somebody entitled took out  @property {import('./versions.js').RevokedBy} [revokedBy]
 * @property {string[]} [disputed]  listed devices that another version of the list leaves out, while neither continues the other
 * @property {import('./moves.js').Pending | null} [moved]  a new address, waiting for a decision
 * @property {number} lastAt  @property {number} unread  @property {{text: string, at: number, mine: boolean} | null} last  @property {string} hello  @property {string} level
 */

/**
 * @typedef {object} Profile
 * @property {string} address  @property {string} name  @property {import('../identity/device.js').DeviceKey} key  @property {Uint8Array[]} chain  certificates, leaf first; empty before enrolment
 * @property {Uint8Array} friendsKey  @property {number} friendsVersion  @property {{key: Uint8Array, until: number}[]} [formerKeys]  friends keys before a rotation, under which is read until then (Unix ms)
 * @property {Uint8Array} ownKey  shared by own devices @property {number} ownVersion  of it; 0: no other device gave it to us yet
 * @property {boolean} [restored]  the key is from a backup, so that it may stand on a list already
 * @property {string} network  in which the address was enrolled; everything signed and sealed is bound to it  @property {boolean} local  whether that is the network of this computer
 */

/**
 * @typedef {object} Context
 * @property {import('../types.js').Surroundings} around
 * @property {import('../types.js').Store} store
 * @property {import('../types.js').State} state
 * @property {(patch: Partial<import('../types.js').State>) => void} update
 * @property {(patch: Partial<import('../types.js').Me>) => void} me
 * @property {(notice: import('../types.js').Notice) => void} notice
 * @property {(event: 'message'|'call'|'request'|'missed'|'accepted', what: any) => void} emit
 * @property {(ms: number, task: () => void) => () => void} timer
 * @property {import('../identity/anchors.js').Anchor[]} anchors
 * @property {(texts: string[]) => void} believe  a test CA of local mode
 * @property {ReturnType<typeof import('./trust.js').trustBook>} trusted
 * @property {ReturnType<typeof import('./revocations.js').revocations>} revocations
 * @property {ReturnType<typeof import('./log-proofs.js').logProofs>} proofs
 * @property {ReturnType<typeof import('./log-watch.js').logWatch>} logs
 * @property {() => import('../identity/verifier.js').Trust} trust
 * @property {Profile | null} profile
 * @property {() => Promise<void>} saveProfile
 * @property {() => import('../identity/passport.js').Signer} signer
 * @property {() => string} network
 * @property {() => boolean} local  local mode: test certificates and private addresses count
 * @property {import('./turns.js').Turns} inTurn  changes of what is stored, one after the other; a task must not wait for another turn
 * @property {() => number} now  corrected
 * @property {import('../sip/ua.js').UserAgent | null} ua
 * @property {ReturnType<typeof import('../locate/locator.js').locator>} locator
 * @property {ReturnType<typeof import('../locate/watch.js').watcher>} watching
 * @property {ReturnType<typeof import('../locate/watch.js').watcher>['watch']} watch  what comes to lie under a key of 40 hex digits
 * @property {ReturnType<typeof import('../locate/places.js').placesWatched>} places  the same for records, over the change of days
 * @property {ReturnType<typeof import('./peers.js').peerBook>} peers
 * @property {ReturnType<typeof import('./devices.js').ownDevices>} devices
 * @property {ReturnType<typeof import('./contacts.js').contactBook>} contacts
 * @property {ReturnType<typeof import('./requests.js').contactRequests>} requests
 * @property {ReturnType<typeof import('./moves.js').contactMoves>} moves
 * @property {() => void} moving  another device of ours went to a new address: the user is told
 * @property {ReturnType<typeof import('./delivery.js').delivery>} delivery
 * @property {ReturnType<typeof import('./reception.js').reception>} reception
 * @property {ReturnType<typeof import('./boxes.js').boxes>} boxes
 * @property {ReturnType<typeof import('./inbox.js').inbox>} inbox
 * @property {ReturnType<typeof import('./mails.js').mails>} mails
 * @property {ReturnType<typeof import('./knock.js').knocks>} knocks
 * @property {() => Promise<void>} left  this device was taken off the list: its flows end
 * @property {() => Promise<void>} [renewed]  this device has a new certificate, without the user's doing
 * @property {ReturnType<typeof import('./own.js').ownEntries>} own
 * @property {ReturnType<typeof import('./sync.js').ownRecords>} sync
 * @property {ReturnType<typeof import('./endorsement.js').endorsement>} endorsement
 * @property {ReturnType<typeof import('./lines.js').lines>} lines
 * @property {ReturnType<typeof import('./chat.js').chat>} chat
 * @property {ReturnType<typeof import('./presence.js').presence>} presence
 * @property {ReturnType<typeof import('../call/calls.js').calls>} calls
 * @property {ReturnType<typeof import('./relays.js').relays>} relays
 * @property {ReturnType<typeof import('./rooms.js').rooms>} rooms
 */
export {};
