// A person, who may have more than one address for a time: the present one, and those that were left and are still read. Each is an agent of its own with
// its own keys, store and flows; a page sees one person. docs/decisions/0043-change-of-address.md.
import { inOrder } from './agent/chat.js';
import { readEntry } from './agent/shared.js';
import { turns } from './agent/turns.js';
import { need, StarlingError } from './errors.js';
import { parseAddress } from './identity/address.js';
import { askAnew, endOf, giveBack, heard, loadTold, seeds, tellContacts, tellDevices, unheard } from './leaving.js';
import { merged, resolved, talking } from './merging.js';
import { Starling } from './starling.js';
import { tableOf, wiping, within } from './store/within.js';

const LOOK_MILLIS = 3_600_000;
const SOON_MILLIS = 1000;
const MAX_FORMER = 4;
/** What is being done has so long to come to its end. */
const CLOSE_MILLIS = 10_000;
const UP = ['online', 'one-server'];

/** @typedef {import('./leaving.js').Self} Self */
/** Agents by the number of their store. @typedef {Map<number, Starling>} Family */
/** now, coming: numbers of stores; former: the newest first; next: a number not used yet; quiet: another device of ours tells our contacts; turned: when the present one became it, Unix ms @typedef {{now: number, former: number[], coming: number | null, next: number, quiet: boolean, turned?: number}} Identities */

/** @param {unknown} e */
const warn = (e) => console.warn('starling: change of address', e instanceof Error ? e.message : e);
/** @returns {Identities} */
const one = () => ({ now: 0, former: [], coming: null, next: 1, quiet: false });

export class Person {
  /** @type {Set<(state: import('./types.js').State) => void>} */
  #listeners = new Set();
  /** @type {Map<string, Set<(what: any) => void>>} */
  #events = new Map();
  /** @type {Self[]} */
  #former = [];
  /** @type {Self | null} */
  #coming = null;
  /** @type {Map<Starling, (() => void)[]>} */
  #stops = new Map();
  /** By the address that is shown. @type {Map<string, Self>} */
  #owners = new Map();
  #ids = one();
  /** What changes the addresses, one after the other. */
  #turn = turns();
  /** The last of it. @type {Promise<unknown>} */
  #last = Promise.resolve();
  /** The user asked for something that is not done yet. */
  #busy = false;
  #looking = false;
  /** Since this began, nobody is left to be asked. */
  #askedAnew = false;
  #closed = false;
  #soon = false;
  #stopTimer = () => {};
  #stopSoon = () => {};

  /** @param {import('./types.js').Surroundings} around @returns {Promise<Person>} */
  static async open(around) {
    const ids = /** @type {Identities} */ ((await around.store.get('me', 'identities')) ?? one());
    /** @type {Family} */
    const family = new Map();
    const now = await openSelf(around, ids.now, false, family);
    const person = new Person(around, now, ids, family);
    for (const n of ids.former) person.#former.push(await openSelf(around, n, true, family));
    if (ids.coming !== null) person.#coming = await openSelf(around, ids.coming, false, family);
    for (const self of person.#everyone()) person.#follow(self);
    // No code is on its way, and none that came counts any more.
    if (person.#coming?.starling.state.me.status === 'new') await person.#withdrawComing();
    person.#draw();
    void person.#look();
    return person;
  }

  /** @param {import('./types.js').Surroundings} around @param {Self} now @param {Identities} ids @param {Family} family @private */
  constructor(around, now, ids, family) {
    this.around = around;
    this.#family = family;
    this.#now = now;
    this.#ids = ids;
    this.state = now.starling.state;
  }
  /** @type {Self} */
  #now;
  /** @type {Family} */
  #family;

  /** Those that are read. */
  #selves = () => [this.#now, ...this.#former];
  everyone = () => this.#everyone().map((each) => each.starling);
  #everyone = () => [...this.#selves(), ...(this.#coming ? [this.#coming] : [])];
  get main() {
    return this.#now.starling;
  }
  /** @param {string} address */
  #owner = (address) => (this.#owners.get(address) ?? this.#now).starling;
  /** The one with the call. */
  #caller = () => (talking(this.#selves()) ?? this.#now).starling;
  #timer = (/** @type {number} */ ms, /** @type {() => void} */ task) => this.main.ctx.timer(ms, task);

  /** @param {Self} self */
  #follow(self) {
    const { starling } = self;
    const events = /** @type {const} */ (['message', 'call', 'request', 'missed']);
    this.#stops.set(starling, [
      starling.subscribe(() => this.#changed()),
      ...events.map((event) => starling.on(event, (what) => this.#events.get(event)?.forEach((fn) => fn(what)))),
      starling.on('accepted', (address) => {
        for (const old of this.#former) if (self === this.#now) void heard(old, address).then(() => this.#draw(), warn);
      }),
    ]);
  }

  #changed() {
    this.#draw();
    if (this.#closed || this.#soon) return;
    this.#soon = true;
    this.#stopSoon = this.#timer(this.#coming ? 0 : SOON_MILLIS, () => {
      this.#soon = false;
      void this.#look();
    });
  }

  #draw() {
    const { state, owners } = merged(this.#selves(), this.#coming);
    this.state = state;
    this.#owners = owners;
    for (const listener of [...this.#listeners]) listener(state);
  }

  /** Nothing else changes the addresses meanwhile. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  #alone(task) {
    const turn = this.#turn(task);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** What the user wants waits for what is being done by itself, and for nothing else. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  async #wanted(task) {
    need(!this.#busy && !this.#closed, 'move.busy');
    this.#busy = true;
    try {
      return await this.#alone(task);
    } finally {
      this.#busy = false;
    }
  }

  /** What runs is not cut off in the middle. */
  async #ended() {
    let stop = () => {};
    const late = new Promise((resolve) => (stop = this.#timer(CLOSE_MILLIS, () => resolve(null))));
    await Promise.race([this.#last, late]);
    stop();
  }

  /** What is due; one at a time. */
  async #look() {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      await this.#alone(() => this.#due());
    } finally {
      this.#looking = false;
      this.#stopTimer();
      if (this.#former.length && !this.#closed) this.#stopTimer = this.#timer(LOOK_MILLIS, () => void this.#look());
    }
  }

  async #due() {
    if (this.#closed) return;
    try {
      if (this.#coming && UP.includes(this.#coming.starling.state.me.status)) await this.#arrive();
      await this.#agree();
      if (!this.#askedAnew) await askAnew(this.#now);
      this.#askedAnew = true;
      for (const old of [...this.#former]) if (!this.#closed) await this.#lookAt(old);
    } catch (e) {
      warn(e);
    }
  }

  /** @param {Self} old */
  async #lookAt(old) {
    if (endOf(old) <= this.around.now()) return this.#giveBack(old);
    // Also when we were interrupted before; what another device said later stands.
    const said = old.starling.ctx.own.get('moving');
    if (old === this.#former[0] && (said?.time ?? -1) < (this.#ids.turned ?? 0))
      await tellDevices(old, this.#now.starling.state.me.address);
    if (!this.#ids.quiet && UP.includes(old.starling.state.me.status)) await tellContacts(old, this.#now);
  }

  /** A contact who moved, and was followed by one of us, is followed by all: the user said so once. */
  async #agree() {
    const selves = this.#selves();
    if (selves.length === 1) return;
    for (const { starling: self } of selves)
      for (const contact of self.ctx.contacts.all()) {
        const [mark] = selves
          .flatMap((each) => each.starling.ctx.moves.marks().get(contact.address) ?? [])
          .sort((a, b) => b.at - a.at);
        if (!mark || contact.state !== 'accepted') continue;
        if (contact.moved && contact.moved.now === mark.to)
          await self.ctx.moves.follow(contact.address, mark.to).catch(() => {});
        else if (!contact.moved && (!mark.to || self.ctx.contacts.get(mark.to)?.state === 'accepted'))
          await self.ctx.inTurn(async () => {
            const change = self.ctx.moves.take(contact.address, mark);
            if (!change.writes.length) return;
            await self.ctx.store.batch(change.writes);
            change.done();
          });
      }
  }

  /** The new address can be reached: from here on it is ours. */
  async #arrive() {
    const coming = /** @type {Self} */ (this.#coming);
    const { name } = this.main.state.me;
    if (name) await coming.starling.setName(name);
    await this.#turnTo(coming, [this.#now, ...this.#former], this.#movedElsewhere(coming));
  }

  /** Another device of ours went there before, and tells. @param {Self} coming */
  #movedElsewhere(coming) {
    const entry = this.main.ctx.own.get('moving');
    const said = entry && readEntry(entry);
    return said?.kind === 'moving' && said.to === coming.starling.state.me.address;
  }

  /** @param {Self} self @param {Self[]} former @param {boolean} quiet */
  async #turnTo(self, former, quiet) {
    const [kept, over] = [former.slice(0, MAX_FORMER), former.slice(MAX_FORMER)];
    const [old] = former;
    for (const each of former) each.starling.ctx.around.former = true;
    self.starling.ctx.around.former = false;
    const ids = {
      ...this.#ids,
      now: self.n,
      former: former.map(({ n }) => n),
      coming: null,
      quiet,
      turned: this.main.ctx.now(),
    };
    // What was said the last time that this address was left says nothing of the next.
    const said = [...self.told.keys()].map(
      (each) => /** @type {[string, string, any]} */ ([tableOf(self.n, 'told'), each, undefined]),
    );
    await this.around.store.batch([...said, ['me', 'identities', ids]]);
    self.told.clear();
    this.#ids = ids;
    this.#now = self;
    this.#former = former;
    this.#coming = null;
    await tellDevices(self, '');
    await tellDevices(old, self.starling.state.me.address);
    void self.starling.enrolment.resume();
    this.#draw();
    for (const each of kept) if (!quiet && UP.includes(each.starling.state.me.status)) await tellContacts(each, self);
    for (const each of over) await this.#giveBack(each);
    this.#draw();
  }

  /** @param {Self} old */
  async #giveBack(old) {
    need(!old.starling.state.call, 'move.in-call');
    const ids = { ...this.#ids, former: this.#ids.former.filter((n) => n !== old.n) };
    await giveBack(this.around.store, old, this.#now, [['me', 'identities', ids]]);
    this.#ids = ids;
    this.#former = this.#former.filter((each) => each !== old);
    this.#forget(old);
    this.#draw();
  }

  /** @param {Self} self */
  #forget({ n, starling }) {
    this.#family.delete(n);
    for (const stop of this.#stops.get(starling) ?? []) stop();
    this.#stops.delete(starling);
  }

  /** A new address for this person: a code goes there by mail. @param {string} typed */
  async changeAddress(typed) {
    need(typed.trim() !== '', 'address.empty');
    const address = parseAddress(typed.trim());
    need(address.includes('@'), 'address.phone-syntax');
    need(address !== this.main.state.me.address, 'move.same');
    need(!this.#coming, 'move.busy');
    await this.#wanted(() => this.#changeTo(address));
  }

  /** @param {string} address */
  async #changeTo(address) {
    // It may have become ours while this waited.
    need(!this.#coming && address !== this.main.state.me.address, 'move.busy');
    need(UP.includes(this.main.state.me.status), 'move.offline');
    // One that is still ours needs no new proof.
    const back = this.#former.find((each) => each.starling.state.me.address === address);
    if (back) {
      need(UP.includes(back.starling.state.me.status), 'move.offline');
      return this.#turnTo(back, [this.#now, ...this.#former.filter((each) => each !== back)], false);
    }
    need(this.#former.length < MAX_FORMER, 'move.too-many');
    const n = this.#ids.next;
    const ids = { ...this.#ids, coming: n, next: n + 1 };
    await this.around.store.batch([...(await seeds(this.around.store, this.#ids.now, n)), ['me', 'identities', ids]]);
    this.#ids = ids;
    this.#coming = await openSelf(this.around, n, false, this.#family);
    this.#follow(this.#coming);
    try {
      await this.#coming.starling.enrol(address);
    } catch (e) {
      await this.#withdrawComing();
      throw e;
    }
    this.#draw();
  }

  /** @param {string} pasted */
  submitMoveCode = (pasted) => this.#asComing((starling) => starling.submitCode(pasted));
  resendMoveCode = () => this.#asComing((starling) => starling.resendCode());
  /** @param {(starling: Starling) => Promise<void>} task */
  async #asComing(task) {
    const coming = this.#coming?.starling;
    if (!coming) throw new StarlingError('code');
    await task(coming);
  }

  /** The old address stays as it is. */
  async cancelMove() {
    const coming = this.#coming;
    if (!coming) return;
    await this.#wanted(async () => {
      // Too late: it is the present one.
      need(this.#coming === coming, 'move.busy');
      await this.#withdrawComing();
    });
  }

  async #withdrawComing() {
    const coming = this.#coming;
    if (!coming) return;
    this.#coming = null;
    this.#forget(coming);
    if (coming.starling.ctx.profile?.chain.length) await coming.starling.ctx.devices.withdraw().catch(() => {});
    await coming.starling.close();
    const ids = { ...this.#ids, coming: null };
    await this.around.store.batch([...(await wiping(this.around.store, coming.n)), ['me', 'identities', ids]]);
    this.#ids = ids;
    this.#draw();
  }

  /** Before its time is over. @param {string} address */
  async stopUsing(address) {
    await this.#wanted(async () => {
      const old = this.#former.find((each) => each.starling.state.me.address === address);
      if (old) await this.#giveBack(old);
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

  /** @param {string} address @param {number} [before] @param {number} [limit] */
  async messages(address, before, limit = 100) {
    const selves = this.#selves();
    if (selves.length === 1) return this.main.messages(address, before, limit);
    const all = resolved(selves).of(address);
    const each = await Promise.all(selves.map(({ starling }) => starling.ctx.chat.ofAll(all, before, limit)));
    return inOrder(each.flat()).slice(-limit);
  }
  /** @param {string} query @param {string} [address] */
  async search(query, address) {
    const selves = this.#selves();
    const each = await Promise.all(selves.map(({ starling }) => starling.search(query, address)));
    return inOrder(each.flat()).slice(-200);
  }
  /** @param {string} id */
  async retry(id) {
    for (const { starling } of this.#selves()) if (await starling.ctx.chat.byId(id)) return starling.retry(id);
  }
  /** @param {string} address */
  async markRead(address) {
    const all = resolved(this.#selves()).of(address);
    for (const { starling } of this.#selves())
      for (const each of all)
        if (starling.ctx.contacts.get(each)?.unread || each === address) await starling.markRead(each);
  }

  enrol = (/** @type {string} */ address) => this.main.enrol(address);
  submitCode = (/** @type {string} */ pasted) => this.main.submitCode(pasted);
  resendCode = () => this.main.resendCode();
  cancelEnrolment = () => this.main.cancelEnrolment();
  openCertificate = (/** @type {Uint8Array} */ file, /** @type {string} */ pass) =>
    this.main.openCertificate(file, pass);
  useCertificate = (/** @type {string} */ address, /** @type {boolean} */ believe) =>
    this.main.useCertificate(address, believe);
  closeCertificate = () => this.main.closeCertificate();
  anchors = () => this.main.anchors();
  readAnchors = (/** @type {string} */ text) => this.main.readAnchors(text);
  addAnchors = (/** @type {string} */ text, /** @type {string[]} */ ids) =>
    this.#all((each) => each.addAnchors(text, ids));
  removeAnchor = (/** @type {string} */ id) => this.#all((each) => each.removeAnchor(id));
  lookup = (/** @type {string} */ address) => this.main.lookup(address);
  /** @param {(starling: Starling) => any} task */
  async #all(task) {
    for (const { starling } of this.#selves()) await task(starling);
  }
  /** @param {string} address */
  #asked = (address) =>
    (this.#selves().find((each) => each.starling.state.requests.some((one) => one.address === address)) ?? this.#now)
      .starling;

  requestContact = (/** @type {string} */ address, /** @type {{name?: string, text?: string}} */ options) =>
    this.main.requestContact(address, options);
  acceptRequest = (/** @type {string} */ address) => this.#asked(address).acceptRequest(address);
  declineRequest = (/** @type {string} */ address) => this.#asked(address).declineRequest(address);
  /** With all addresses that this person had. @param {string} address */
  block = (address) => {
    const all = resolved(this.#selves()).of(address);
    return this.#all(async (each) => {
      for (const one of all) if (!each.state.blocked.includes(one)) await each.block(one);
    });
  };
  unblock = (/** @type {string} */ address) => this.#all((each) => each.unblock(address));
  /** @param {string} address */
  removeContact = (address) => {
    const all = resolved(this.#selves()).of(address);
    return this.#all(async (each) => {
      for (const one of all) if (each.ctx.contacts.get(one)) await each.removeContact(one);
    });
  };
  decideChanged = (/** @type {string} */ address, /** @type {boolean} */ agree) =>
    this.#owner(address).decideChanged(address, agree);
  /** @param {string} address @param {string} now  as it was shown */
  followMoved = async (address, now) => {
    await this.#owner(address).followMoved(address, now);
    this.#changed();
  };
  sendMessage = (/** @type {string} */ address, /** @type {string} */ text) => {
    const now = resolved(this.#selves()).now(address);
    return this.#owner(now).sendMessage(now, text);
  };

  lineOffer = (/** @type {string} */ address) => this.main.lineOffer(address);
  agreeToLine = (/** @type {string} */ address, /** @type {string} */ server, /** @type {boolean} */ always) =>
    this.main.agreeToLine(address, server, always);
  askBeforeLine = (/** @type {string} */ address) => this.main.askBeforeLine(address);
  removeLine = (/** @type {string} */ address) => this.main.removeLine(address);
  callLine = (/** @type {string} */ address) => {
    this.#needFree();
    return this.main.callLine(address);
  };
  writeLine = (/** @type {string} */ address, /** @type {string} */ text) => this.main.writeLine(address, text);

  #needFree = () => need(!this.state.call || this.state.call.state === 'ended', 'generic', 'a call runs');
  call = (/** @type {string} */ address) => {
    this.#needFree();
    const now = resolved(this.#selves()).now(address);
    return this.#owner(now).call(now);
  };
  acceptCall = () => this.#caller().acceptCall();
  declineCall = (/** @type {string | undefined} */ text) => this.#caller().declineCall(text);
  hangUp = () => this.#caller().hangUp();
  mute = (/** @type {boolean} */ muted) => this.#caller().mute(muted);
  press = (/** @type {string} */ key) => this.#caller().press(key);
  microphones = () => this.main.microphones();

  set = (/** @type {Partial<import('./types.js').Settings>} */ change) =>
    this.#all((each) => each.set(change)).then(() => this.around.store.put('me', 'settings', this.main.state.settings));
  setName = (/** @type {string} */ name) => this.#all((each) => each.setName(name));
  setAvailability = (
    /** @type {import('./types.js').Me['availability']} */ value,
    /** @type {string | undefined} */ note,
  ) => this.#all((each) => each.setAvailability(value, note));

  allowDevice = (/** @type {string} */ id) => this.main.allowDevice(id);
  refuseDevice = (/** @type {string} */ id) => this.main.refuseDevice(id);
  removeDevice = (/** @type {string} */ id) => this.main.removeDevice(id);
  renameDevice = (/** @type {string} */ id, /** @type {string} */ name) => this.main.renameDevice(id, name);
  showDeviceCode = () => this.main.showDeviceCode();
  hideDeviceCode = () => this.main.hideDeviceCode();
  useDeviceCode = (/** @type {string} */ typed) => this.main.useDeviceCode(typed);
  askDevicesAgain = () => this.main.askDevicesAgain();
  recover = (/** @type {{revokeOld?: boolean} | undefined} */ how) => this.main.recover(how);
  addPeer = (/** @type {string} */ base) => this.#all((each) => each.addPeer(base));
  removePeer = (/** @type {string} */ base) => this.#all((each) => each.removePeer(base));
  peers = () => this.main.peers();

  /** Of an address that was left: its number stands before it. @param {string} notice @param {string} action */
  async answerNotice(notice, action) {
    const [, n, id] = /^(\d+)\|(.*)$/s.exec(notice) ?? [];
    const self = n ? this.#former.find((each) => String(each.n) === n) : this.#now;
    if (id === undefined && notice === 'moving' && action === 'go') {
      const { address } = this.main.state.notices.find((each) => each.id === 'moving')?.args ?? {};
      return this.changeAddress(address ?? '');
    }
    await self?.starling.answerNotice(id ?? notice, action);
    this.#changed();
  }

  async exportData() {
    const each = await Promise.all(this.#selves().map(async ({ starling }) => (await starling.exportData()).text()));
    const [main, ...old] = each.map((text) => JSON.parse(text));
    return new Blob([JSON.stringify(old.length ? { ...main, earlier: old } : main, null, 2)], {
      type: 'application/json',
    });
  }

  async deleteEverything() {
    this.#closed = true;
    await this.#ended();
    for (const { starling } of [...this.#everyone()].reverse()) await starling.deleteEverything();
    await this.around.store.clear();
  }

  hurry = () => this.#everyone().forEach((each) => each.starling.hurry());

  async close() {
    this.#closed = true;
    this.#stopTimer();
    this.#stopSoon();
    await this.#ended();
    for (const self of this.#everyone()) {
      this.#forget(self);
      await self.starling.close();
    }
  }
}

/** @param {import('./types.js').Surroundings} around @param {number} n @param {boolean} former @param {Family} family @returns {Promise<Self>} */
async function openSelf(around, n, former, family) {
  const busy = () =>
    [...family].some(([each, { state }]) => each !== n && !!state.call && state.call.state !== 'ended');
  const starling = await Starling.open({ ...around, store: within(around.store, n), former, busy });
  family.set(n, starling);
  /** @type {Self} */
  const self = { n, starling, told: new Map() };
  await loadTold(self);
  return self;
}
