// A person, who may have more than one address for a time: what a page or an add-on talks to. Parts are in person/; most of what is asked goes to the agent
// of the present address. docs/decisions/0043-change-of-address.md.
import { need } from './errors.js';
import { reportOf } from './journal.js';
import { changing } from './person/changing.js';
import { due } from './person/due.js';
import { ending } from './person/ending.js';
import { people } from './person/people.js';
import { queue } from './person/queue.js';
import { Selves } from './person/selves.js';

/** @typedef {import('./types.js').Surroundings} Surroundings */
/** @typedef {import('./starling.js').Starling} Starling */

export class Person {
  /** @param {Surroundings} around @returns {Promise<Person>} */
  static async open(around) {
    const selves = await Selves.open(around);
    const person = new Person(selves);
    await person.#changing.resume();
    const { journal } = around;
    if (journal) selves.subscribe((state) => journal.follow(state, person.peers()));
    selves.draw();
    void person.#due.look();
    return person;
  }

  /** @param {Selves} selves @private */
  constructor(selves) {
    this.#selves = selves;
    this.#queue = queue(selves);
    this.#ending = ending(selves, this.#queue);
    this.#changing = changing(selves, this.#queue, this.#ending);
    this.#due = due(selves, this.#queue, this.#changing, this.#ending);
    this.#people = people(selves);
    this.subscribe = selves.subscribe;
    this.on = selves.on;
  }
  #selves;
  #queue;
  #ending;
  #changing;
  #due;
  #people;

  get state() {
    return this.#selves.state;
  }
  get main() {
    return this.#selves.main;
  }
  everyone = () => this.#selves.everyone().map((each) => each.starling);
  /** @param {(starling: Starling) => any} task */
  async #all(task) {
    for (const { starling } of this.#selves.read()) await task(starling);
  }

  changeAddress = (/** @type {string} */ typed, accountKey = '') => this.#changing.changeAddress(typed, accountKey);
  submitMoveCode = (/** @type {string} */ pasted) => this.#changing.submitMoveCode(pasted);
  resendMoveCode = () => this.#changing.resendMoveCode();
  useMoveDeviceCode = (/** @type {string} */ typed) => this.#changing.useMoveDeviceCode(typed);
  askMoveDevicesAgain = () => this.#changing.askMoveDevicesAgain();
  recoverMove = (/** @type {{revokeOld?: boolean} | undefined} */ how) => this.#changing.recover(how);
  cancelMove = () => this.#changing.cancel();
  stopUsing = (/** @type {string} */ address) => this.#ending.stopUsing(address);

  enrol = (/** @type {string} */ address, accountKey = '') => this.main.enrol(address, accountKey);
  submitCode = (
    /** @type {string} */ pasted,
    /** @type {{key: string, args: Record<string, string>} | undefined} */ instead,
  ) => this.main.submitCode(pasted, instead);
  /** Those of this person's addresses for which a mail of the CA is on its way: a new one, or the present one. @returns {Promise<{mail: import('./types.js').AwaitedMail, starling: Starling}[]>} */
  async awaited() {
    const { coming, now } = this.#selves;
    const all = [coming, now].flatMap((each) => (each ? [each.starling] : []));
    const mails = await Promise.all(
      all.map(async (starling) => ({ mail: await starling.enrolment.awaited(), starling })),
    );
    return mails.flatMap(({ mail, starling }) => (mail ? [{ mail, starling }] : []));
  }
  recommended = (/** @type {string} */ address) => this.main.recommended(address);
  resendCode = () => this.main.resendCode();
  cancelEnrolment = () => this.main.cancelEnrolment();
  openCertificate = (/** @type {Uint8Array} */ file, /** @type {string} */ pass) =>
    this.main.openCertificate(file, pass);
  useCertificate = (/** @type {string} */ address, /** @type {boolean} */ believe) =>
    this.main.useCertificate(address, believe);
  closeCertificate = () => this.main.closeCertificate();
  backupKey = (/** @type {string} */ passphrase) => this.main.backupKey(passphrase);
  showBackup = () => this.main.showBackup();
  closeBackup = () => this.main.closeBackup();
  anchors = () => this.main.anchors();
  readAnchors = (/** @type {string} */ text) => this.main.readAnchors(text);
  addAnchors = (/** @type {string} */ text, /** @type {string[]} */ ids) =>
    this.#all((each) => each.addAnchors(text, ids));
  removeAnchor = (/** @type {string} */ id) => this.#all((each) => each.removeAnchor(id));
  lookup = (/** @type {string} */ address) => this.main.lookup(address);
  requestContact = (/** @type {string} */ address, /** @type {{name?: string, text?: string}} */ options) =>
    this.main.requestContact(address, options);
  acceptRequest = (/** @type {string} */ address, /** @type {string | undefined} */ hello) =>
    this.#people.acceptRequest(address, hello);
  declineRequest = (/** @type {string} */ address) => this.#people.declineRequest(address);
  block = (/** @type {string} */ address) => this.#people.block(address);
  unblock = (/** @type {string} */ address) => this.#all((each) => each.unblock(address));
  removeContact = (/** @type {string} */ address) => this.#people.removeContact(address);
  decideChanged = (/** @type {string} */ address, /** @type {boolean} */ agree) =>
    this.#people.decideChanged(address, agree);
  hideMoved = (/** @type {string} */ address, /** @type {boolean} */ hide) => this.#people.hideMoved(address, hide);
  followMoved = (/** @type {string} */ address, /** @type {string} */ now) => this.#people.followMoved(address, now);

  sendMessage = (/** @type {string} */ address, /** @type {string} */ text) => this.#people.sendMessage(address, text);
  messages = (
    /** @type {string} */ address,
    /** @type {import('./types.js').Place | undefined} */ before,
    /** @type {number | undefined} */ limit,
  ) => this.#people.messages(address, before, limit);
  search = (/** @type {string} */ query, /** @type {string | undefined} */ address) =>
    this.#people.search(query, address);
  retry = (/** @type {string} */ id) => this.#people.retry(id);
  markRead = (/** @type {string} */ address) => this.#people.markRead(address);

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
    return this.#people.call(address);
  };
  acceptCall = () => this.#selves.caller().acceptCall();
  declineCall = (/** @type {string | undefined} */ text) => this.#selves.caller().declineCall(text);
  hangUp = () => this.#selves.caller().hangUp();
  mute = (/** @type {boolean} */ muted) => this.#selves.caller().mute(muted);
  press = (/** @type {string} */ key) => this.#selves.caller().press(key);
  microphones = () => this.main.microphones();

  set = (/** @type {Partial<import('./types.js').Settings>} */ change) =>
    this.#all((each) => each.set(change)).then(() =>
      this.#selves.around.store.put('me', 'settings', this.main.state.settings),
    );
  setName = (/** @type {string} */ name) => this.#all((each) => each.setName(name));
  setAvailability = (
    /** @type {import('./types.js').Me['availability']} */ value,
    /** @type {string | undefined} */ note,
  ) => this.#all((each) => each.setAvailability(value, note));

  allowDevice = (/** @type {string} */ id) => this.main.allowDevice(id);
  refuseDevice = (/** @type {string} */ id) => this.main.refuseDevice(id);
  /** At whichever address it is. @param {string} id */
  removeDevice = (id) =>
    (this.everyone().find(({ state }) => state.devices.some((each) => each.deviceId === id)) ?? this.main).removeDevice(
      id,
    );
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
    const self = n ? this.#selves.former.find((each) => String(each.n) === n) : this.#selves.now;
    if (id === undefined && notice === 'moving' && action === 'go') {
      const { address } = this.main.state.notices.find((each) => each.id === 'moving')?.args ?? {};
      return this.changeAddress(address ?? '');
    }
    await self?.starling.answerNotice(id ?? notice, action);
    this.#selves.changed();
  }

  async exportData() {
    const each = await Promise.all(
      this.#selves.read().map(async ({ starling }) => (await starling.exportData()).text()),
    );
    const [main, ...old] = each.map((text) => JSON.parse(text));
    return new Blob([JSON.stringify(old.length ? { ...main, earlier: old } : main, null, 2)], {
      type: 'application/json',
    });
  }

  /** What this program did lately, as text for somebody who helps. @param {boolean} people  with addresses */
  async report(people) {
    const { journal, now, program = '' } = this.#selves.around;
    const [peers, lines] = [this.peers(), journal?.lines() ?? []];
    return reportOf({ state: this.state, peers, lines, program, now: now(), people });
  }

  async deleteEverything() {
    this.#selves.closed = true;
    await this.#queue.ended();
    this.#queue.end();
    for (const { starling } of [...this.#selves.everyone()].reverse()) await starling.deleteEverything();
    await this.#selves.around.store.clear();
  }

  hurry = () => this.#selves.everyone().forEach((each) => each.starling.hurry());

  async close() {
    this.#selves.closed = true;
    this.#due.close();
    await this.#queue.ended();
    for (const self of this.#selves.everyone()) {
      this.#selves.forget(self);
      await self.starling.close();
    }
  }
}
