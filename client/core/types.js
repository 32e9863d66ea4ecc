// The shapes that the user interface and the core share. No code: JSDoc types only.

/**
 * What a page draws. A new object after every change; parts that did not change are the same objects.
 * @typedef {object} State
 * @property {Me} me
 * @property {Contact[]} contacts  accepted and waiting contacts, sorted by last activity, newest first
 * @property {ContactRequest[]} requests  people who ask to be a contact
 * @property {string[]} blocked  addresses from which nothing is let through
 * @property {EndorseRequest[]} endorsements  other browsers of this address that ask to be allowed
 * @property {Call | null} call  the one running or ringing call
 * @property {PastCall[]} pastCalls  newest first
 * @property {Notice[]} notices  loud bars: what happened, what it may mean, what to do
 * @property {Settings} settings
 * @property {DeviceInfo[]} devices  devices of this address
 * @property {{address: string, step: 'code'|'waiting-for-device'|'working', codeExpires: number, checkCode: string, refused: boolean, mailbox: string} | null} move  a new address that is not ours yet
 * @property {{address: string, until: number, people: number, waiting: {address: string, name: string}[], asking: number, devices: DeviceInfo[]}[]} former  addresses that were left and are still read; until: Unix ms; people: contacts there; waiting: those of them who do not use the new address yet; asking: requests there; devices: others of this person there
 * @property {boolean} backup  a backup of this device's key is offered, this once
 * @property {{code: string, expires: number} | null} adding  a code that this device shows for a new one; expires: Unix ms
 */

/**
 * @typedef {object} Me
 * @property {string} address  '' before enrolment
 * @property {string} name
 * @property {'new'|'code'|'enrolling'|'waiting-for-device'|'connecting'|'online'|'one-server'|'offline'|'clock'|'removed'} status
 *   new: nothing yet; code: a mail was sent, waiting for the code; waiting-for-device: another device must allow this one;
 *   one-server: reachable through one peer only; clock: this computer's clock is wrong; removed: another device took this one off the list
 * @property {'available'|'away'|'busy'|'invisible'} availability  as chosen
 * @property {string} detail  plain words for Details, e.g. why offline
 * @property {string} deviceId  hex, '' before the key exists
 * @property {string} checkCode  twelve digits to compare on the other device while waiting-for-device
 * @property {boolean} refused  the other device said no
 * @property {number} codeExpires  Unix ms, 0 when none
 * @property {boolean} local  local mode: show the banner
 * @property {string} mailbox  URL of the test mailbox in local mode, else ''
 */

/**
 * The CA's mail that is on its way.
 * @typedef {object} AwaitedMail
 * @property {string} address
 * @property {string} from  who sends it, '' where the CA does not say
 * @property {number} expires  Unix ms
 * @property {string} order  URL
 * @property {string} begins  with what its code begins, '' where the CA does not say
 * @property {boolean} reply  an answer by mail counts, too
 */

/**
 * @typedef {object} Contact
 * @property {string} address
 * @property {string} name
 * @property {'waiting'|'accepted'|'removed'|'line'} state  waiting: our request is not answered yet; line: nobody on Starling, reached as an ordinary phone line
 * @property {'online'|'away'|'busy'|'offline'|'unknown'} presence
 * @property {string} note
 * @property {'verified'|'unverified'|'changed'|'test'} trust  changed: a new root, the user must decide
 * @property {number} unread
 * @property {{text: string, at: number, mine: boolean} | null} last
 * @property {string[]} [earlier]  addresses that this person had before
 * @property {string} [moved]  a new address that this person says is theirs now; the user has not decided
 * @property {boolean} [movedHidden]  and does not want to see it
 * @property {string} [agreed]  of a line: the server that may listen without asking again, '' for none
 */

/**
 * @typedef {object} Message
 * @property {string} id  hex
 * @property {string} with  the contact's address
 * @property {boolean} mine
 * @property {string} text
 * @property {number} at  Unix ms
 * @property {'waiting'|'sent'|'delivered'|'read'|'failed'|'received'} state
 * @property {string} why  plain words when failed or waiting long; of a line a key of the language files
 * @property {boolean} [line]  went over an ordinary phone line, or came so: not verified, in the clear
 */

/** Where a message stands in a conversation @typedef {Pick<Message, 'at' | 'id'>} Place */
/** via: the address of ours that they asked, and that was given back since @typedef {{address: string, name: string, text: string, at: number, trust: Contact['trust'], via?: string}} ContactRequest */
/** What a person is asked before something goes over an ordinary phone line. asked: servers that say that nobody has this address; agreed: no need to ask before a text, always: nor before a call @typedef {{address: string, server: string, domain: string, asked: number, agreed: boolean, always: boolean}} LineOffer */
/** @typedef {{deviceId: string, name: string, checkCode: string, at: number}} EndorseRequest */
/** phone: an ordinary telephone at a server; until: when its certificate ends, Unix ms @typedef {{deviceId: string, name: string, added: number, self: boolean, listed: boolean, listening: boolean, phone?: {until: number}}} DeviceInfo */

/**
 * @typedef {object} Call
 * @property {string} id
 * @property {string} address
 * @property {string} name
 * @property {boolean} incoming
 * @property {'calling'|'ringing'|'connecting'|'running'|'ended'} state
 * @property {number} since  Unix ms when it began to run, else 0
 * @property {boolean} muted
 * @property {Contact['trust']} trust
 * @property {string} quality  'good' | 'fair' | 'poor' | ''
 * @property {boolean} direct
 * @property {boolean} gateway  the other device is a telephone: its server can listen
 * @property {string} line  over an ordinary phone line: the server that carries it and can listen; else ''
 * @property {''|'lost'|'back'} link  lost: nothing comes through, and it is being connected again; back: for a moment after that
 * @property {string} why  plain words when it ended badly
 */

/** @typedef {{id: string, address: string, name: string, incoming: boolean, line?: boolean, at: number, seconds: number, result: 'answered'|'missed'|'declined'|'failed'|'elsewhere'|'cancelled'}} PastCall */
/** @typedef {{id: string, kind: 'warning'|'error'|'info', key: string, args: Record<string, string>, also?: {key: string, args: Record<string, string>}, actions: {id: string, key: string, safe: boolean}[]}} Notice  texts by key from the language file */
/** linesRing: ordinary phone lines ring in this browser @typedef {{strangersRing: boolean, linesRing: boolean, sendReadMarks: boolean, notifications: boolean, microphone: string, language: string}} Settings */

/** A CA that is believed; id is the SHA-256 of its certificate, test: that of local mode @typedef {{id: string, name: string, subject: string, purposes: string[], domains: string[], notAfter: number, test: boolean}} AnchorInfo */
/** unknownCa: fingerprint of the CA in the file, when it is not believed yet; backup: the file is one of a device of ours @typedef {{addresses: string[], subject: string, issuer: string, notAfter: number, unknownCa: string, backup?: boolean}} OpenedCertificate */

/**
 * What the core needs from its surroundings.
 * @typedef {object} Surroundings
 * @property {Store} store
 * @property {typeof globalThis.fetch} fetch
 * @property {(url: string, protocols: string[]) => WebSocket} webSocket
 * @property {() => number} now  Unix ms
 * @property {string[]} peers  base URLs of peers, first = origin of the page
 * @property {() => Promise<string[]>} [morePeers]  base URLs shipped with the client, for when no other is known
 * @property {() => boolean} loopback  page from a loopback origin: local mode may be believed
 * @property {() => Promise<string>} [anchors]  CAs that came with the app, PEM with the lines of docs/protocols/formats.md, section 3
 * @property {MediaEngine | null} media  null: no calls
 * @property {string} deviceName
 * @property {string} [program]  which program of which version this is, for a report
 * @property {import('./journal.js').Journal} [journal]  what happened lately
 * @property {(ms: number, task: () => void) => () => void} [timer]  returns cancel; default setTimeout
 * @property {boolean} [former]  this address was left: its certificate is not renewed
 * @property {() => boolean} [busy]  another address of this person has a call
 * @property {() => number} [steady]  ms that no setting of the clock moves; default performance.now
 */

/**
 * Durable storage; every method is atomic. Values are structured-cloneable (CryptoKeys included).
 * @typedef {object} Store
 * @property {(table: string, key: string) => Promise<any>} get  undefined when absent
 * @property {(table: string, key: string, value: any) => Promise<void>} put
 * @property {(table: string, key: string) => Promise<void>} delete
 * @property {(table: string, from?: string, to?: string, limit?: number) => Promise<[string, any][]>} list  keys in [from, to), ascending; with a negative limit the last ones
 * @property {(writes: [string, string, any][]) => Promise<void>} batch  all or nothing; value undefined deletes
 * @property {() => Promise<void>} clear  everything
 */

/**
 * One audio call's media. Descriptions are complete SDP; `whole` waits for candidates, relays included, for the other
 * side takes none later (half trickle: RFC 8838, section 16). Others follow by `onCandidate`.
 * @typedef {object} MediaEngine
 * @property {(how?: {relays?: import('./agent/relays.js').IceServer[], room?: (name: string) => Promise<string>}) => Promise<MediaLeg>} create  room: opens one at a server of ours, whose base URL it gives (docs/protocols/media.md)
 * @property {boolean} [early]  false: only for a call that was accepted or that we make, for somebody sees that it is made
 * @property {() => Promise<{id: string, label: string}[]>} microphones
 */
/**
 * @typedef {object} MediaLeg
 * @property {(how: {whole: boolean}) => Promise<string>} offer  SDP offer, no microphone opened
 * @property {(offer: string, how: {whole: boolean}) => Promise<string>} answer  takes the remote offer, gives the SDP answer, no microphone opened
 * @property {(answer: string) => Promise<void>} accept  takes the remote answer
 * @property {(how: {whole: boolean}) => Promise<string>} restart  SDP offer with new ICE credentials
 * @property {() => Promise<void>} undo  a restart to which no answer came, or an offer that could not be answered
 * @property {(relays: import('./agent/relays.js').IceServer[]) => void} use  for the next offer or answer
 * @property {(fn: (found: {candidate: string, ufrag: string} | null) => void) => void} onCandidate  null: no more will come; candidate: without `a=`; ufrag: whose generation, '' the one in force
 * @property {(candidate: string, mid: string, ufrag: string) => void} add  of the other side; '': no more will come
 * @property {(microphone: string) => Promise<void>} speak  opens the microphone and sends
 * @property {(muted: boolean) => void} mute
 * @property {(key: string) => boolean | Promise<boolean>} press  a key of a telephone, `0` to `9`, `*` or `#`, as a tone (RFC 4733); false: the other side takes none
 * @property {(microphone: string) => Promise<void>} microphone
 * @property {(fn: (state: 'connected'|'disconnected'|'failed', info: {direct: boolean}) => void) => void} onState
 * @property {() => Promise<{quality: string, direct: boolean, energyIn: number, energyOut: number}>} stats
 * @property {() => void} close
 */

/**
 * The core as the user interface sees it: `import { Starling } from '../core/starling.js'`, `const s = await Starling.open(surroundings)`.
 * @typedef {object} StarlingApi
 * @property {State} state
 * @property {(fn: (state: State) => void) => () => void} subscribe  called after each change; returns unsubscribe
 * @property {(event: 'message'|'call'|'request'|'missed', fn: (what: any) => void) => () => void} on  for notifications
 * @property {(address: string, accountKey?: string) => Promise<void>} enrol  accountKey: for a CA that wants one, which it says by the error `account-key`; throws StarlingError with a key for the language file
 * @property {(pasted: string, instead?: {key: string, args: Record<string, string>}) => Promise<void>} submitCode  instead: why an answer by mail did not count
 * @property {() => Promise<void>} resendCode
 * @property {() => Promise<void>} cancelEnrolment
 * @property {(file: Uint8Array, passphrase: string) => Promise<OpenedCertificate>} openCertificate  a PKCS #12 file with an S/MIME key
 * @property {(address: string, believe: boolean) => Promise<void>} useCertificate  the one opened last
 * @property {() => void} closeCertificate
 * @property {(passphrase: string) => Promise<Blob>} backupKey  while it is offered; throws with a key for the language file
 * @property {() => Promise<void>} showBackup  this page shows the offer: when it goes, the answer is no
 * @property {() => void} closeBackup  the answer is no
 * @property {() => Promise<AnchorInfo[]>} anchors
 * @property {(text: string) => Promise<AnchorInfo[]>} readAnchors  what a file would add
 * @property {(text: string, ids: string[]) => Promise<void>} addAnchors  those whose fingerprints the person has looked at
 * @property {(id: string) => Promise<void>} removeAnchor
 * @property {(address: string) => Promise<'found'|'absent'|'forged'|'unreachable'>} lookup
 * @property {(address: string, options: {name?: string, text?: string}) => Promise<void>} requestContact
 * @property {(address: string, hello?: string) => Promise<void>} acceptRequest  hello: where they asked an address that was given back, and are asked from this one
 * @property {(address: string) => Promise<void>} declineRequest
 * @property {(address: string) => Promise<void>} block
 * @property {(address: string) => Promise<void>} unblock
 * @property {(address: string) => Promise<void>} removeContact
 * @property {(address: string, agree: boolean) => Promise<void>} decideChanged  after trust 'changed'
 * @property {(address: string, text: string) => Promise<Message>} sendMessage
 * @property {(address: string, before?: Place, limit?: number) => Promise<Message[]>} messages  the newest before that one, oldest first
 * @property {(query: string, address?: string) => Promise<Message[]>} search
 * @property {(id: string) => Promise<void>} retry
 * @property {(address: string) => Promise<void>} markRead
 * @property {(address: string) => Promise<void>} call
 * @property {(address: string) => Promise<LineOffer>} lineOffer  throws when nothing may go to this address unverified, or nobody carries it
 * @property {(address: string, server: string, always: boolean) => Promise<void>} agreeToLine  for one call and the texts of this session, or for good
 * @property {(address: string) => Promise<void>} askBeforeLine  takes that back
 * @property {(address: string) => Promise<void>} removeLine
 * @property {(address: string) => Promise<void>} callLine
 * @property {(address: string, text: string) => Promise<Message>} writeLine
 * @property {() => Promise<void>} acceptCall
 * @property {(text?: string) => Promise<void>} declineCall
 * @property {() => Promise<void>} hangUp
 * @property {(muted: boolean) => void} mute
 * @property {(key: string) => boolean | Promise<boolean>} press  a key of a telephone, `0` to `9`, `*` or `#`; false: nobody hears it
 * @property {() => Promise<{id: string, label: string}[]>} microphones
 * @property {(change: Partial<Settings>) => Promise<void>} set
 * @property {(name: string) => Promise<void>} setName
 * @property {(availability: Me['availability'], note?: string) => Promise<void>} setAvailability
 * @property {(deviceId: string) => Promise<void>} allowDevice
 * @property {(deviceId: string) => Promise<void>} refuseDevice
 * @property {(deviceId: string) => Promise<void>} removeDevice
 * @property {(deviceId: string, name: string) => Promise<void>} renameDevice
 * @property {() => void} showDeviceCode  for a new device, in state.adding
 * @property {() => void} hideDeviceCode
 * @property {(typed: string) => Promise<void>} useDeviceCode  what another device shows; throws with a key for the language file
 * @property {() => Promise<void>} askDevicesAgain  after a refusal, or after this device was removed
 * @property {(how?: {revokeOld?: boolean}) => Promise<void>} recover  this browser starts a new root, by the user's choice, when no other device is left; revokeOld: the certificates of the earlier ones are withdrawn
 * @property {(baseUrl: string) => Promise<void>} addPeer
 * @property {(address: string) => Promise<string[]>} recommended  servers that the domain of an address recommends, by those that are known
 * @property {(baseUrl: string) => Promise<void>} removePeer
 * @property {() => {base: string, id: string, connected: boolean, detail: string, lines: boolean}[]} peers  lines: it carries ordinary phone lines for our domain
 * @property {(typed: string, accountKey?: string) => Promise<void>} changeAddress  accountKey: as for enrol; a code goes there by mail, unless that address is still ours
 * @property {(pasted: string) => Promise<void>} submitMoveCode
 * @property {() => Promise<void>} resendMoveCode
 * @property {(typed: string) => Promise<void>} useMoveDeviceCode  as useDeviceCode, for the address to come; so the next two
 * @property {() => Promise<void>} askMoveDevicesAgain
 * @property {(how?: {revokeOld?: boolean}) => Promise<void>} recoverMove
 * @property {() => Promise<void>} cancelMove
 * @property {(address: string) => Promise<void>} stopUsing  an address that was left
 * @property {(address: string, now: string) => Promise<void>} followMoved  a contact uses a new address; now: which one, as the user read it
 * @property {(address: string, hide: boolean) => Promise<void>} hideMoved  what a contact said of a new address is not shown any more, or again
 * @property {(notice: string, action: string) => Promise<void>} answerNotice
 * @property {() => Promise<Blob>} exportData  contacts and messages as JSON
 * @property {(people: boolean) => Promise<string>} report  for support; people: with addresses
 * @property {() => Promise<void>} deleteEverything
 * @property {() => Promise<void>} close  sign-off
 */
export {};
