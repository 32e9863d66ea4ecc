// The agent of one person on one device: what a page or an add-on talks to. Parts are in agent/ and call/; here they are put together and started in order.
import { boxes } from './agent/boxes.js';
import { chat } from './agent/chat.js';
import { contactBook } from './agent/contacts.js';
import { delivery } from './agent/delivery.js';
import { ownDevices } from './agent/devices.js';
import { ownEntries, together } from './agent/own.js';
import { endorsement } from './agent/endorsement.js';
import { enrolment } from './agent/enrolment.js';
import { inbox } from './agent/inbox.js';
import { lines } from './agent/lines.js';
import { mails } from './agent/mails.js';
import { contactMoves } from './agent/moves.js';
import { logProofs } from './agent/log-proofs.js';
import { logWatch } from './agent/log-watch.js';
import { knocks } from './agent/knock.js';
import { peerBook } from './agent/peers.js';
import { presence } from './agent/presence.js';
import { reachability } from './agent/reach.js';
import { reception } from './agent/reception.js';
import { relays } from './agent/relays.js';
import { rooms } from './agent/rooms.js';
import { contactRequests } from './agent/requests.js';
import { flagValue, readEntry, SETTINGS, textValue } from './agent/shared.js';
import { ownRecords } from './agent/sync.js';
import { revocations } from './agent/revocations.js';
import { smimeIdentity } from './agent/smime.js';
import { trustBook } from './agent/trust.js';
import { turns } from './agent/turns.js';
import { calls } from './call/calls.js';
import { need, tell } from './errors.js';
import { parseAddress } from './identity/address.js';
import { locator } from './locate/locator.js';
import { placesWatched } from './locate/places.js';
import { watcher } from './locate/watch.js';

/** @returns {import('./types.js').State} */
const blankState = () => ({
  me: {
    address: '',
    name: '',
    status: 'new',
    availability: 'available',
    detail: '',
    deviceId: '',
    checkCode: '',
    refused: false,
    codeExpires: 0,
    local: false,
    mailbox: '',
  },
  contacts: [],
  requests: [],
  blocked: [],
  endorsements: [],
  call: null,
  pastCalls: [],
  notices: [],
  devices: [],
  adding: null,
  backup: false,
  move: null,
  former: [],
  settings: {
    strangersRing: false,
    linesRing: false,
    sendReadMarks: true,
    notifications: true,
    microphone: '',
    language: '',
  },
});

const RECONNECT_MILLIS = 60_000;

/** @param {number} ms @param {() => void} task @returns {() => void} cancels */
function timeout(ms, task) {
  const id = setTimeout(task, ms);
  return () => clearTimeout(id);
}

export class Starling {
  /** @type {Set<(state: import('./types.js').State) => void>} */
  #listeners = new Set();
  /** @type {Map<string, Set<(what: any) => void>>} */
  #events = new Map();
  #told = false;

  /** @param {import('./types.js').Surroundings} around @returns {Promise<Starling>} */
  static async open(around) {
    const starling = new Starling(around);
    await starling.#start();
    return starling;
  }

  /** @param {import('./types.js').Surroundings} around @private */
  constructor(around) {
    this.state = blankState();
    /** @type {import('./agent/context.js').Context} */
    const ctx = /** @type {any} */ ({
      ...this.#basics(around),
      ua: null,
      profile: null,
      anchors: [],
      state: this.state,
    });
    this.ctx = ctx;
    ctx.trusted = trustBook(ctx);
    ctx.revocations = revocations(ctx);
    ctx.proofs = logProofs(ctx);
    ctx.logs = logWatch(ctx);
    ctx.peers = peerBook(ctx);
    const gates = () => [...ctx.peers.known.values()];
    ctx.watching = watcher({ fetch: around.fetch, timer: ctx.timer, gates });
    ctx.watch = ctx.watching.watch;
    ctx.places = placesWatched({ now: ctx.now, timer: ctx.timer, watch: ctx.watching });
    ctx.locator = locator({
      fetch: around.fetch,
      now: ctx.now,
      timer: ctx.timer,
      store: around.store,
      network: ctx.network,
      trust: ctx.trust,
      local: ctx.local,
      gates,
      places: ctx.places,
    });
    ctx.delivery = delivery(ctx);
    ctx.reception = reception(ctx);
    ctx.inbox = inbox(ctx);
    ctx.mails = mails(ctx);
    ctx.knocks = knocks(ctx);
    ctx.boxes = boxes(ctx);
    ctx.devices = ownDevices(ctx);
    ctx.own = ownEntries(ctx);
    ctx.sync = ownRecords(ctx);
    ctx.presence = presence(ctx);
    ctx.lines = lines(ctx);
    ctx.contacts = contactBook(ctx);
    ctx.requests = contactRequests(ctx);
    ctx.moves = contactMoves(ctx);
    ctx.moving = () => this.#moving();
    ctx.chat = chat(ctx);
    ctx.endorsement = endorsement(ctx);
    ctx.relays = relays(ctx);
    ctx.rooms = rooms(ctx);
    ctx.calls = calls(ctx);
    this.enrolment = enrolment(ctx);
    this.smime = smimeIdentity(ctx, this.enrolment);
    this.reach = reachability(ctx);
    ctx.delivery.settled = this.reach.settle;
    ctx.left = this.reach.leave;
    // Not in the middle of a call, whose dialog would be lost.
    ctx.renewed = async () => {
      if (this.state.call) ctx.timer(RECONNECT_MILLIS, () => void ctx.renewed?.());
      else await this.reach.reconnect();
    };
  }

  /** What every part needs. @param {import('./types.js').Surroundings} around */
  #basics(around) {
    const ctx = () => this.ctx;
    return {
      around,
      store: around.store,
      timer: around.timer ?? timeout,
      inTurn: turns(),
      update: (/** @type {any} */ patch) => this.#update(patch),
      me: (/** @type {any} */ patch) => this.#update({ me: { ...this.state.me, ...patch } }),
      notice: (/** @type {any} */ notice) =>
        this.#update({ notices: [...this.state.notices.filter((n) => n.id !== notice.id), notice] }),
      emit: (/** @type {string} */ event, /** @type {any} */ what) => tell(this.#events.get(event) ?? [], what),
      believe: (/** @type {string[]} */ pems) => ctx().trusted.believeLocal(pems),
      trust: () => ({ anchors: ctx().anchors, allowTest: ctx().local(), revocations: ctx().revocations }),
      saveProfile: () => around.store.put('me', 'profile', ctx().profile),
      signer: () => {
        const { key, chain } = /** @type {import('./agent/context.js').Profile} */ (ctx().profile);
        return { key: key.sign, chain };
      },
      network: () => ctx().peers.network(),
      local: () => ctx().peers.local(),
      now: () => ctx().ua?.now() ?? around.now(),
    };
  }

  async #start() {
    const { ctx } = this;
    const settings = await ctx.store.get('me', 'settings');
    this.#update({ settings: { ...this.state.settings, ...settings } });
    ctx.profile = (await ctx.store.get('me', 'profile')) ?? null;
    await Promise.all([ctx.trusted.load(), ctx.revocations.load()]);
    await Promise.all([
      ctx.peers.open(),
      ctx.delivery.load(),
      ctx.mails.load(),
      ctx.moves.load(),
      ctx.contacts.load(),
      ctx.requests.load(),
      ctx.devices.load(),
      ctx.calls.load(),
      ctx.chat.load(),
      ctx.endorsement.load(),
    ]);
    await ctx.lines.load();
    await ctx.own.load();
    ctx.moves.show();
    this.#moving();
    ctx.me({
      local: ctx.local(),
      mailbox: ctx.peers.mailbox(),
      availability: (await ctx.store.get('me', 'availability')) ?? 'available',
    });
    await this.enrolment.resume();
    if (await ctx.store.get('me', 'removed')) return this.#removed();
    if (await ctx.store.get('me', 'to-revoke')) void this.#revokeOld();
    if (ctx.profile?.chain.length) this.reach.connect();
  }

  /** Another device of ours went to a new address: this one can be certified for it, too. */
  #moving() {
    const { ctx } = this;
    const entry = ctx.own.get('moving');
    const said = entry && readEntry(entry);
    if (said?.kind !== 'moving' || !said.to || ctx.around.former || said.to === ctx.profile?.address) {
      const notices = this.state.notices.filter(({ id }) => id !== 'moving');
      return void (notices.length < this.state.notices.length && this.#update({ notices }));
    }
    const actions = [
      { id: 'go', key: 'moving.go', safe: true },
      { id: 'ok', key: 'moving.ok', safe: false },
    ];
    ctx.notice({ id: 'moving', kind: 'warning', key: 'moving', args: { address: said.to }, actions });
  }

  /** What is here can be read; nothing else happens. */
  #removed() {
    const { address = '', name = '', key } = this.ctx.profile ?? {};
    this.ctx.me({ address, name, deviceId: key?.id ?? '', status: 'removed' });
  }

  /** @param {Partial<import('./types.js').State>} patch */
  #update(patch) {
    this.state = { ...this.state, ...patch };
    this.ctx.state = this.state;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      tell(this.#listeners, this.state);
    });
  }

  /** @param {(state: import('./types.js').State) => void} fn */
  subscribe(fn) {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  /** @param {'message'|'call'|'request'|'missed'|'accepted'} event @param {(what: any) => void} fn */
  on(event, fn) {
    const all = this.#events.get(event) ?? new Set();
    this.#events.set(event, all.add(fn));
    return () => void all.delete(fn);
  }

  enrol = (/** @type {string} */ address, accountKey = '') => this.enrolment.enrol(address, accountKey);
  resendCode = () => this.enrolment.enrol(this.state.me.address);
  cancelEnrolment = async () => void ((await this.enrolment.cancel()) && this.reach.settle());
  /** @param {string} pasted @param {{key: string, args: Record<string, string>}} [instead]  why the answer by mail did not count, which would prove more */
  async submitCode(pasted, instead) {
    await this.enrolment.submit(pasted);
    if (instead) {
      const actions = [{ id: 'ok', key: 'by-code.ok', safe: true }];
      this.ctx.notice({ id: 'by-code', kind: 'info', key: `by-code.${instead.key}`, args: instead.args, actions });
    }
    await this.reach.reconnect();
  }
  /** The answer to the CA's mail was sent: see enrolment. */
  async mailAnswered() {
    if (await this.enrolment.answered()) await this.reach.reconnect();
  }
  /** Servers that the domain of an address recommends, as far as those that are known can say. @param {string} address @returns {Promise<string[]>} */
  async recommended(address) {
    const domain = parseAddress(address).split('@')[1];
    return domain ? (await this.ctx.locator.recommended(domain)).map(({ base }) => base) : [];
  }

  openCertificate = (/** @type {Uint8Array} */ file, /** @type {string} */ passphrase) =>
    this.smime.open(file, passphrase);
  closeCertificate = () => this.smime.close();
  /** @param {string} address @param {boolean} believe */
  async useCertificate(address, believe) {
    await this.smime.use(address, believe);
    await this.reach.reconnect();
  }

  /** A backup of the key, while it is offered. @param {string} passphrase @returns {Promise<Blob>} */
  async backupKey(passphrase) {
    const file = await this.enrolment.backup.file(passphrase);
    return new Blob([file], { type: 'application/x-pkcs12' });
  }
  /** Nothing to be done here: whoever serves pages notes it (thunderbird/wire.js). */
  showBackup = async () => {};
  closeBackup = () => this.enrolment.backup.close();

  anchors = () => this.ctx.trusted.list();
  readAnchors = (/** @type {string} */ text) => this.ctx.trusted.read(text);
  addAnchors = (/** @type {string} */ text, /** @type {string[]} */ ids) => this.ctx.trusted.add(text, ids);
  removeAnchor = (/** @type {string} */ id) => this.ctx.trusted.remove(id);

  /** @param {string} address */
  async lookup(address) {
    const found = await this.ctx.locator.find(parseAddress(address), { fresh: true, whole: true });
    return found.kind;
  }

  requestContact = (/** @type {string} */ address, /** @type {{name?: string, text?: string}} */ options) =>
    this.ctx.requests.request(address, options);
  acceptRequest = (/** @type {string} */ address, /** @type {string | undefined} */ hello) =>
    this.ctx.requests.accept(address, hello);
  declineRequest = (/** @type {string} */ address) => this.ctx.requests.decline(address);
  /** With all addresses that this person had. @param {string} address */
  block = async (address) => {
    for (const each of [...this.ctx.moves.earlier(address), address]) await this.ctx.requests.block(each);
  };
  unblock = (/** @type {string} */ address) => this.ctx.contacts.unblock(address);
  /** With all addresses that this person had. @param {string} address */
  removeContact = async (address) => {
    for (const each of [...this.ctx.moves.earlier(address), address]) await this.ctx.contacts.remove(each);
  };
  hideMoved = (/** @type {string} */ address, /** @type {boolean} */ hide) => this.ctx.moves.hide(address, hide);
  followMoved = (/** @type {string} */ address, /** @type {string} */ now) => this.ctx.moves.follow(address, now);
  decideChanged = (/** @type {string} */ address, /** @type {boolean} */ agree) =>
    this.ctx.contacts.decide(address, agree);

  sendMessage = (/** @type {string} */ address, /** @type {string} */ text) =>
    this.ctx.chat.send(this.ctx.moves.current(address), text);
  messages = (
    /** @type {string} */ address,
    /** @type {import('./types.js').Place | undefined} */ before,
    /** @type {number | undefined} */ limit,
  ) => this.ctx.chat.messages(this.ctx.moves.current(address), before, limit);
  search = (/** @type {string} */ query, /** @type {string | undefined} */ address) =>
    this.ctx.chat.search(query, address);
  /** @param {string} id */
  async retry(id) {
    const { ctx } = this;
    const message = await ctx.chat.byId(id);
    if (!message?.line) await ctx.chat.retry(id);
    else if (message.state === 'failed') await ctx.lines.write(message.with, message.text, id);
  }
  /** @param {string} address */
  async markRead(address) {
    await this.ctx.lines.markRead(address);
    for (const each of [...this.ctx.moves.earlier(address), address]) await this.ctx.chat.markRead(each);
  }

  lineOffer = (/** @type {string} */ address) => this.ctx.lines.offer(address);
  agreeToLine = (/** @type {string} */ address, /** @type {string} */ server, /** @type {boolean} */ always) =>
    this.ctx.lines.agree(address, server, always);
  askBeforeLine = (/** @type {string} */ address) => this.ctx.lines.disagree(address);
  removeLine = (/** @type {string} */ address) => this.ctx.lines.remove(address);
  callLine = (/** @type {string} */ address) => this.ctx.lines.call(address);
  writeLine = (/** @type {string} */ address, /** @type {string} */ text) => this.ctx.lines.write(address, text);

  call = (/** @type {string} */ address) => this.ctx.calls.call(address);
  acceptCall = () => this.ctx.calls.accept();
  declineCall = (/** @type {string | undefined} */ text) => this.ctx.calls.decline(text);
  hangUp = () => Promise.resolve(this.ctx.calls.hangUp());
  mute = (/** @type {boolean} */ muted) => this.ctx.calls.mute(muted);
  press = (/** @type {string} */ key) => this.ctx.calls.press(key);
  microphones = () => this.ctx.around.media?.microphones() ?? Promise.resolve([]);

  /** @param {Partial<import('./types.js').Settings>} change */
  async set(change) {
    const { ctx } = this;
    this.#update({ settings: { ...this.state.settings, ...change } });
    await ctx.inTurn(async () => {
      const told = together(
        ...SETTINGS.filter((each) => each in change).map((each) =>
          ctx.own.note(`setting ${each}`, flagValue(!!change[each])),
        ),
      );
      await ctx.store.batch([['me', 'settings', this.state.settings], ...told.writes]);
      told.done();
    });
    if ('strangersRing' in change || 'linesRing' in change) await this.ctx.contacts.publishConsent();
    if (change.microphone !== undefined) await this.ctx.calls.microphone(change.microphone);
  }

  /** @param {string} name */
  async setName(name) {
    const { ctx } = this;
    const { profile } = ctx;
    if (!profile) return;
    profile.name = [...name].slice(0, 64).join('').slice(0, 64);
    await ctx.inTurn(async () => {
      const told = ctx.own.note('name', textValue(profile.name));
      await ctx.store.batch([['me', 'profile', profile], ...told.writes]);
      told.done();
    });
    ctx.me({ name: profile.name });
  }

  /** @param {import('./types.js').Me['availability']} availability @param {string} [note] */
  async setAvailability(availability, note) {
    const { ctx } = this;
    await ctx.store.put('me', 'availability', availability);
    if (note !== undefined) await ctx.store.put('me', 'note', note);
    ctx.me({ availability });
    await ctx.presence.publish();
  }

  allowDevice = (/** @type {string} */ deviceId) => this.ctx.endorsement.allow(deviceId);
  refuseDevice = async (/** @type {string} */ deviceId) => this.ctx.endorsement.refuse(deviceId);
  removeDevice = (/** @type {string} */ deviceId) => this.ctx.devices.remove(deviceId);
  renameDevice = (/** @type {string} */ deviceId, /** @type {string} */ name) =>
    this.ctx.devices.rename(deviceId, name);
  showDeviceCode = () => this.ctx.endorsement.show();
  hideDeviceCode = () => this.ctx.endorsement.hide();
  useDeviceCode = (/** @type {string} */ typed) => this.ctx.endorsement.use(typed);
  async askDevicesAgain() {
    const { ctx } = this;
    if (this.state.me.status === 'removed') {
      await ctx.store.delete('me', 'removed');
      ctx.devices.stale();
      ctx.me({ status: 'connecting' });
      this.reach.connect();
    }
    await ctx.endorsement.askAnew();
  }
  /** @param {{revokeOld?: boolean}} [how] */
  async recover({ revokeOld = false } = {}) {
    const old = await this.ctx.devices.recover();
    this.reach.soon();
    if (!revokeOld) return;
    await this.ctx.store.put('me', 'to-revoke', old);
    await this.#revokeOld();
  }

  /** By the CA, with the proof of the mailbox. Stays to be done until it is. */
  async #revokeOld() {
    const { ctx } = this;
    const done = this.state.notices.filter(({ id }) => id !== 'revoke-old');
    try {
      await this.enrolment.revoke((await ctx.store.get('me', 'to-revoke')) ?? []);
      await ctx.store.delete('me', 'to-revoke');
      this.#update({ notices: done });
    } catch (e) {
      console.warn('starling: withdrawing certificates', e instanceof Error ? e.message : e);
      const actions = [
        { id: 'again', key: 'revoke-old.again', safe: true },
        { id: 'leave', key: 'revoke-old.leave', safe: false },
      ];
      ctx.notice({ id: 'revoke-old', kind: 'warning', key: 'revoke-old', args: {}, actions });
    }
  }

  /** @param {string} base */
  async addPeer(base) {
    need(/^https?:\/\/[^/?#]+\/?$/.test(base), 'generic', 'not a URL');
    await this.ctx.peers.learn(base.endsWith('/') ? base : `${base}/`);
    this.#update({});
  }

  /** @param {string} base */
  async removePeer(base) {
    await this.ctx.peers.forget(base);
    this.reach.soon();
  }

  peers() {
    return [...this.ctx.peers.known.values()].map(({ base, id }) => ({
      base,
      id,
      connected: !!this.ctx.ua?.flows.get(base)?.registered,
      detail: '',
      lines: this.ctx.lines.carries(base),
    }));
  }

  /** @param {string} notice @param {string} action */
  async answerNotice(notice, action) {
    const [kind, about] = notice.split(' ');
    if (kind === 'moved') {
      const [what, now = ''] = action.split(' ');
      return await (what === 'follow' ? this.ctx.moves.follow(about, now) : this.ctx.moves.later(about, now));
    }
    if (kind === 'changed' && action !== 'ok') await this.decideChanged(about, action === 'agree');
    if (kind === 'list' || kind === 'fork' || (kind === 'objecting' && action === 'join')) {
      await this.ctx.devices.decide(about, action === 'join');
      this.reach.soon();
    }
    if (kind === 'peer' && action === 'agree') {
      await this.ctx.store.delete('peers', about);
      await this.addPeer(about);
    }
    if (kind === 'logged') await this.ctx.logs.answered(about);
    // Stays until it is done.
    if (kind === 'revoke-old' && action === 'again') return await this.#revokeOld();
    if (kind === 'revoke-old') await this.ctx.store.delete('me', 'to-revoke');
    if (kind === 'renew') {
      await this.enrolment.renew();
      if (this.state.me.status !== 'code') await this.reach.reconnect();
      return;
    }
    this.#update({ notices: this.state.notices.filter((n) => n.id !== notice) });
  }

  async exportData() {
    const contacts = this.ctx.contacts.all().map(({ address, name, state }) => ({ address, name, state }));
    const data = {
      format: 'starling/1',
      address: this.state.me.address,
      exported: new Date(this.ctx.around.now()).toISOString(),
      contacts,
      messages: await this.ctx.chat.all(),
      calls: this.state.pastCalls,
    };
    return new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' });
  }

  /** Also at the peers: nobody finds this device any more, and none of them lets anybody through to it. */
  async deleteEverything() {
    const { ctx } = this;
    ctx.presence.close();
    ctx.delivery.close();
    ctx.boxes.close();
    ctx.sync.close();
    await Promise.allSettled([ctx.devices.withdraw(), ctx.contacts.withdrawConsent()]);
    await this.close();
    // What was on its way to the store comes too late.
    await ctx.inTurn(() => {
      ctx.inTurn.end();
      return ctx.store.clear();
    });
  }

  /** The network is back, or the page is looked at again. */
  hurry() {
    this.ctx.ua?.hurry();
    this.ctx.calls.hurry();
    this.ctx.watching.hurry();
  }

  async close() {
    this.reach.close();
    this.ctx.logs.close();
    this.ctx.locator.close();
    this.enrolment.close();
    this.ctx.contacts.close();
    this.ctx.presence.close();
    this.ctx.devices.close();
    this.ctx.own.close();
    this.ctx.sync.close();
    this.ctx.endorsement.hide();
    this.ctx.delivery.close();
    this.ctx.places.close();
    this.ctx.watching.close();
    this.ctx.boxes.close();
    await this.ctx.ua?.close();
  }
}
