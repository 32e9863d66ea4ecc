// The agent of one person on one device: what a page or an add-on talks to. Parts are in agent/ and call/; here they are put together and started in order.
import { calls } from './call/calls.js';
import { checkCode, ownDevices } from './agent/devices.js';
import { chat } from './agent/chat.js';
import { contactBook } from './agent/contacts.js';
import { delivery } from './agent/delivery.js';
import { enrolment } from './agent/enrolment.js';
import { anchorsOf, peerBook } from './agent/peers.js';
import { presence } from './agent/presence.js';
import { need } from './errors.js';
import { locator } from './locate/locator.js';
import { UserAgent } from './sip/ua.js';

const SETTLE_MILLIS = 150;

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
    codeExpires: 0,
    local: false,
    mailbox: '',
  },
  contacts: [],
  requests: [],
  endorsements: [],
  call: null,
  pastCalls: [],
  notices: [],
  devices: [],
  settings: { strangersRing: false, sendReadMarks: true, notifications: true, microphone: '', language: '' },
});

export class Starling {
  /** @type {Set<(state: import('./types.js').State) => void>} */
  #listeners = new Set();
  /** @type {Map<string, Set<(what: any) => void>>} */
  #events = new Map();
  #told = false;
  /** @type {Map<string, {spki: Uint8Array<ArrayBuffer>, name: string}>} */
  #asking = new Map();

  /** @param {import('./types.js').Surroundings} around @returns {Promise<Starling>} */
  static async open(around) {
    const starling = new Starling(around);
    await starling.#start();
    return starling;
  }

  /** @param {import('./types.js').Surroundings} around @private */
  constructor(around) {
    this.state = blankState();
    const timer =
      around.timer ??
      ((ms, task) => {
        const id = setTimeout(task, ms);
        return () => clearTimeout(id);
      });
    /** @type {import('./agent/context.js').Context} */
    const ctx = /** @type {any} */ ({
      around,
      store: around.store,
      timer,
      anchors: [],
      profile: null,
      ua: null,
      state: this.state,
      update: (/** @type {any} */ patch) => this.#update(patch),
      me: (/** @type {any} */ patch) => this.#update({ me: { ...this.state.me, ...patch } }),
      notice: (/** @type {any} */ notice) =>
        this.#update({ notices: [...this.state.notices.filter((n) => n.id !== notice.id), notice] }),
      emit: (/** @type {string} */ event, /** @type {any} */ what) =>
        this.#events.get(event)?.forEach((fn) => fn(what)),
      believe: (/** @type {string[]} */ pems) => (ctx.anchors = anchorsOf(pems)),
      trust: () => ({ anchors: ctx.anchors, allowTest: around.loopback }),
      saveProfile: () => around.store.put('me', 'profile', ctx.profile),
      signer: () => ({ key: /** @type {any} */ (ctx.profile).key.sign, chain: /** @type {any} */ (ctx.profile).chain }),
      network: () => [...ctx.peers.known.values()][0]?.network ?? 'starling',
      now: () => ctx.ua?.now() ?? around.now(),
    });
    this.ctx = ctx;
    ctx.peers = peerBook(ctx);
    ctx.locator = locator({
      fetch: around.fetch,
      now: () => ctx.now(),
      store: around.store,
      network: ctx.network,
      trust: ctx.trust,
      local: () => around.loopback,
      gates: () => {
        const all = [...ctx.peers.known.values()];
        const here = (/** @type {{base: string}} */ peer) => (ctx.ua?.flows.get(peer.base)?.isOpen ? 0 : 1);
        return all.sort((a, b) => here(a) - here(b));
      },
    });
    ctx.delivery = delivery(ctx);
    ctx.devices = ownDevices(ctx);
    ctx.presence = presence(ctx);
    ctx.contacts = contactBook(ctx);
    ctx.chat = chat(ctx);
    ctx.calls = calls(ctx);
    this.enrolment = enrolment(ctx);
    ctx.delivery.settled = () => this.#settle();
    this.#takeOwn();
  }

  async #start() {
    const { ctx } = this;
    const settings = await ctx.store.get('me', 'settings');
    this.#update({ settings: { ...this.state.settings, ...settings } });
    ctx.profile = (await ctx.store.get('me', 'profile')) ?? null;
    await Promise.all([ctx.peers.open(), ctx.contacts.load(), ctx.devices.load(), ctx.calls.load()]);
    const first = [...ctx.peers.known.values()][0];
    ctx.me({
      local: !!first?.local,
      mailbox: first?.local ? first.mailbox : '',
      availability: (await ctx.store.get('me', 'availability')) ?? 'available',
    });
    await this.enrolment.resume();
    if (ctx.profile?.chain.length) this.#connect();
  }

  /** Flows to the peers; everything else follows from their registration. */
  #connect() {
    const { ctx } = this;
    const profile = /** @type {import('./agent/context.js').Profile} */ (ctx.profile);
    ctx.me({ address: profile.address, name: profile.name, deviceId: profile.key.id, status: 'connecting' });
    ctx.ua = new UserAgent(
      { address: profile.address, device: profile.key.id, signer: ctx.signer() },
      {
        webSocket: ctx.around.webSocket,
        timer: ctx.timer,
        now: ctx.around.now,
        trust: ctx.trust,
        registered: () => this.#soon(),
        lost: () => this.#soon(),
        clock: () => ctx.me({ status: 'clock' }),
      },
    );
    ctx.ua.handlers.set('MESSAGE', ctx.delivery.received);
    ctx.ua.handlers.set('NOTIFY', ctx.presence.notified);
    ctx.ua.handlers.set('INVITE', ctx.calls.received);
    ctx.ua.handlers.set('CANCEL', ctx.calls.cancelled);
    ctx.ua.handlers.set('BYE', ctx.calls.ended);
    ctx.ua.handlers.set('ACK', ctx.calls.acknowledged);
    for (const peer of ctx.peers.known.values()) ctx.ua.connect(peer);
    void ctx.delivery.tidy();
  }

  #cancelSoon = () => {};
  #soon() {
    this.#cancelSoon();
    this.#cancelSoon = this.ctx.timer(
      this.ctx.ua?.ready.length === this.ctx.ua?.flows.size ? 0 : SETTLE_MILLIS,
      () => void this.#settle(),
    );
  }

  #settling = Promise.resolve();
  /** Brings the world up to date with our flows: list of devices, records, consent, presence, what waits. */
  async #settle() {
    this.#settling = this.#settling.then(() => this.#settleNow()).catch((e) => console.warn('starling: settling', e));
    return this.#settling;
  }

  async #settleNow() {
    const { ctx } = this;
    if (!ctx.ua || this.state.me.status === 'clock') return;
    const ready = ctx.ua.ready.length;
    if (!ready) {
      ctx.contacts.show();
      return ctx.me({
        status: this.state.me.status === 'connecting' ? 'connecting' : 'offline',
        detail: 'no server answers',
      });
    }
    if (!(await ctx.devices.settle())) {
      if (this.state.me.status !== 'waiting-for-device')
        ctx.me({ status: 'connecting', detail: 'the store does not answer' });
      return;
    }
    await Promise.all([ctx.devices.publishAll(), ctx.contacts.publishConsent(), ctx.presence.publish()]);
    await this.#readBack(ready);
    ctx.presence.watchAll();
    await ctx.delivery.flushAll();
  }

  /** Only what is read back counts as reachable. @param {number} ready */
  async #readBack(ready) {
    const { ctx } = this;
    const profile = /** @type {import('./agent/context.js').Profile} */ (ctx.profile);
    const back = await ctx.locator.find(profile.address, { fresh: true, friendsKey: profile.friendsKey });
    const there = back.kind === 'found' && !!back.devices.get(profile.key.id)?.location;
    const all = ctx.peers.known.size;
    if (there)
      ctx.me({
        status: ready > 1 ? 'online' : 'one-server',
        detail: all === 1 ? 'one server only' : ready < all ? 'the other server does not answer' : '',
      });
    // Flows work without the store: contacts go on from memory, new look-ups do not.
    else
      ctx.me({
        status: 'one-server',
        detail: 'your record could not be read back: people who do not know you yet cannot find you',
      });
  }

  #takeOwn() {
    const { ctx } = this;
    ctx.delivery.take('endorseRequest', async (signer, body) => {
      if (ctx.devices.lists(signer.device) || this.state.endorsements.length >= 8) return true;
      this.#asking.set(signer.device, { spki: signer.spki, name: body.content.name });
      const request = {
        deviceId: signer.device,
        name: body.content.name,
        checkCode: await checkCode(signer.device, signer.address),
        at: ctx.around.now(),
      };
      const { endorsements, notices } = this.state;
      this.#update({
        endorsements: [...endorsements.filter((e) => e.deviceId !== signer.device), request],
        notices: notices.filter((n) => n.id !== `ghost ${signer.device}`),
      });
      return true;
    });
    ctx.delivery.take('endorseGrant', async (signer, body) => {
      const profile = ctx.profile;
      if (!profile || signer.address !== profile.address) return false;
      Object.assign(profile, {
        ownKey: body.content.ownKey,
        friendsKey: body.content.friendsKey,
        friendsVersion: body.content.version,
      });
      await ctx.saveProfile();
      for (const c of body.content.contacts)
        if (!ctx.contacts.get(c.address))
          await ctx.contacts.save({
            ...c,
            state: 'accepted',
            chain: null,
            changed: null,
            lastAt: ctx.around.now(),
            unread: 0,
            last: null,
            hello: '',
            level: '',
          });
      this.#soon();
      return true;
    });
    ctx.delivery.take('endorseRefusal', async () => {
      ctx.me({ detail: 'your other browser refused' });
      return true;
    });
  }

  /** @param {Partial<import('./types.js').State>} patch */
  #update(patch) {
    this.state = { ...this.state, ...patch };
    this.ctx.state = this.state;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      for (const listener of [...this.#listeners]) listener(this.state);
    });
  }

  /** @param {(state: import('./types.js').State) => void} fn */
  subscribe(fn) {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  /** @param {'message'|'call'|'request'|'missed'} event @param {(what: any) => void} fn */
  on(event, fn) {
    const all = this.#events.get(event) ?? new Set();
    this.#events.set(event, all.add(fn));
    return () => void all.delete(fn);
  }

  enrol = (/** @type {string} */ address) => this.enrolment.enrol(address);
  resendCode = () => this.enrolment.enrol(this.state.me.address);
  cancelEnrolment = async () => void ((await this.enrolment.cancel()) && this.#settle());
  /** @param {string} pasted */
  async submitCode(pasted) {
    await this.enrolment.submit(pasted);
    // After a renewal: the flows of the old certificate end first, or their sign-off would end the new ones.
    await this.ctx.ua?.close();
    this.#connect();
  }

  /** @param {string} address */
  async lookup(address) {
    const { parseAddress } = await import('./identity/address.js');
    const found = await this.ctx.locator.find(parseAddress(address), { fresh: true });
    return found.kind;
  }

  requestContact = (/** @type {string} */ address, /** @type {{name?: string, text?: string}} */ options) =>
    this.ctx.contacts.request(address, options);
  acceptRequest = (/** @type {string} */ address) => this.ctx.contacts.accept(address);
  declineRequest = (/** @type {string} */ address) => this.ctx.contacts.decline(address);
  block = (/** @type {string} */ address) => this.ctx.contacts.block(address);
  removeContact = (/** @type {string} */ address) => this.ctx.contacts.remove(address);
  decideChanged = (/** @type {string} */ address, /** @type {boolean} */ agree) =>
    this.ctx.contacts.decide(address, agree);

  sendMessage = (/** @type {string} */ address, /** @type {string} */ text) => this.ctx.chat.send(address, text);
  messages = (
    /** @type {string} */ address,
    /** @type {number | undefined} */ before,
    /** @type {number | undefined} */ limit,
  ) => this.ctx.chat.messages(address, before, limit);
  search = (/** @type {string} */ query, /** @type {string | undefined} */ address) =>
    this.ctx.chat.search(query, address);
  retry = (/** @type {string} */ id) => this.ctx.chat.retry(id);
  markRead = (/** @type {string} */ address) => this.ctx.chat.markRead(address);

  call = (/** @type {string} */ address) => this.ctx.calls.call(address);
  acceptCall = () => this.ctx.calls.accept();
  declineCall = (/** @type {string | undefined} */ text) => this.ctx.calls.decline(text);
  hangUp = () => Promise.resolve(this.ctx.calls.hangUp());
  mute = (/** @type {boolean} */ muted) => this.ctx.calls.mute(muted);
  microphones = () => this.ctx.around.media?.microphones() ?? Promise.resolve([]);

  /** @param {Partial<import('./types.js').Settings>} change */
  async set(change) {
    this.#update({ settings: { ...this.state.settings, ...change } });
    await this.ctx.store.put('me', 'settings', this.state.settings);
    if ('strangersRing' in change) await this.ctx.contacts.publishConsent();
    if (change.microphone !== undefined) await this.ctx.calls.microphone(change.microphone);
  }

  /** @param {string} name */
  async setName(name) {
    const { ctx } = this;
    if (!ctx.profile) return;
    ctx.profile.name = [...name].slice(0, 64).join('');
    await ctx.saveProfile();
    ctx.me({ name: ctx.profile.name });
  }

  /** @param {import('./types.js').Me['availability']} availability @param {string} [note] */
  async setAvailability(availability, note) {
    const { ctx } = this;
    await ctx.store.put('me', 'availability', availability);
    if (note !== undefined) await ctx.store.put('me', 'note', note);
    ctx.me({ availability });
    await ctx.presence.publish();
  }

  /** @param {string} deviceId */
  async allowDevice(deviceId) {
    const { ctx } = this;
    const asking = this.#asking.get(deviceId);
    if (!asking || !ctx.profile) return;
    this.#update({ endorsements: this.state.endorsements.filter((e) => e.deviceId !== deviceId) });
    await ctx.devices.allow(deviceId, asking.spki, asking.name);
    const { ownKey, friendsKey, friendsVersion } = ctx.profile;
    await ctx.delivery.toOwn(deviceId, 'endorseGrant', {
      ownKey,
      friendsKey,
      version: friendsVersion,
      contacts: ctx.contacts.snapshot(),
    });
  }

  /** @param {string} deviceId */
  async refuseDevice(deviceId) {
    this.#asking.delete(deviceId);
    this.#update({ endorsements: this.state.endorsements.filter((e) => e.deviceId !== deviceId) });
    this.ctx.devices.show();
  }

  removeDevice = (/** @type {string} */ deviceId) => this.ctx.devices.remove(deviceId);
  async recover() {
    await this.ctx.devices.recover();
    this.#soon();
  }

  /** @param {string} base */
  async addPeer(base) {
    need(/^https?:\/\/[^/?#]+\/?$/.test(base), 'generic', 'not a URL');
    const info = await this.ctx.peers.learn(base.endsWith('/') ? base : `${base}/`);
    this.ctx.ua?.connect(info);
    this.#update({});
  }

  /** @param {string} base */
  async removePeer(base) {
    await this.ctx.peers.forget(base);
    this.ctx.ua?.disconnect(base);
    this.#soon();
  }

  peers() {
    return [...this.ctx.peers.known.values()].map(({ base, id }) => ({
      base,
      id,
      connected: !!this.ctx.ua?.flows.get(base)?.registered,
      detail: '',
    }));
  }

  /** @param {string} notice @param {string} action */
  async answerNotice(notice, action) {
    const [kind, about] = notice.split(' ');
    if (kind === 'changed') await this.decideChanged(about, action === 'agree');
    if (kind === 'peer' && action === 'agree') {
      await this.ctx.store.delete('peers', about);
      await this.addPeer(about);
    }
    // Stays until it is done.
    if (kind === 'renew') return await this.enrolment.renew();
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

  async deleteEverything() {
    await this.ctx.devices.withdraw();
    await this.close();
    await this.ctx.store.clear();
  }

  /** The network is back, or the page is looked at again. */
  hurry() {
    this.ctx.ua?.hurry();
  }

  async close() {
    this.ctx.presence.close();
    this.ctx.devices.close();
    await this.ctx.ua?.close();
  }
}
