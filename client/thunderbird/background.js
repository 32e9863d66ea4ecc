// The agent of the add-on: runs as long as Thunderbird does.
import { journal } from '../core/journal.js';
import { Person } from '../core/person.js';
import { useScrypt } from '../core/scrypt.js';
import { askToKeepStore, openStore } from '../web/store-idb.js';
import { duration, t } from '../web/i18n.js';
import { ofAddress } from '../web/names.js';
import { sendAnswer } from './answer.js';
import { watchForAttention } from './attention.js';
import { addressBook } from './book.js';
import { calling } from './calling.js';
import { composeButton } from './compose.js';
import { directoryBook } from './directory.js';
import { headerButton } from './header.js';
import { startLetters } from './letter-box.js';
import { challengeMails, localFolder } from './mails.js';
import { proofBook } from './proof.js';
import { wasmScrypt } from './scrypt.js';
import { beginReply } from './threads.js';
import { isBase, shipped } from './servers.js';
import { transcripts } from './transcripts.js';
import { PORT, serve } from './wire.js';
import { setLanguage } from './words.js';

const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\/$/;

/** Servers that the person chose, or that came with the add-on. @type {string[]} */
let servers = [];
const read = (/** @type {unknown} */ chosen) => void (servers = Array.isArray(chosen) ? chosen.filter(isBase) : []);
/** What was chosen meanwhile counts more than what was read before. */
let chosen = false;
browser.storage.local.onChanged.addListener((/** @type {any} */ changes) => {
  if (!changes.servers) return;
  chosen = true;
  read(changes.servers.newValue);
});

const storing = openStore();
askToKeepStore();
/** For a report to whoever helps. */
const lately = journal(Date.now);
lately.hear(console);

async function start() {
  useScrypt(wasmScrypt);
  const { servers: kept } = await browser.storage.local.get({ servers: [] });
  if (!chosen) read(kept);
  return Person.open({
    store: await storing,
    fetch: (input, init) => fetch(input, init),
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    now: () => Date.now(),
    peers: servers,
    // The program is the person's own, so a test CA of this computer may be believed when all servers that they chose are here.
    loopback: () => servers.length > 0 && servers.every((each) => LOOPBACK.test(each)),
    media: calls.media,
    morePeers: shipped,
    deviceName: 'Thunderbird',
    journal: lately,
    program: `add-on ${browser.runtime.getManifest().version}, ${navigator.userAgent}`,
  });
}

/** The CA's mails, and answers to them, go where they are in nobody's way. */
const confirmations = () => localFolder('Starling', 'Confirmations');
/** @param {number} id */
async function file(id) {
  await browser.messages.update(id, { read: true });
  await browser.messages.move([id], (await confirmations()).id);
}

/** Nothing of the person is left but the servers, which are asked for nowhere else. Mails that were saved are mails. */
async function deleted() {
  const { servers: chosen, book: cards } = await browser.storage.local.get({ servers: [], book: '' });
  if (cards) await browser.addressBooks.delete(cards).catch(warn('the address book'));
  await browser.storage.local.clear();
  await browser.storage.local.set({ servers: chosen });
  browser.runtime.reload();
}

const warn = (/** @type {string} */ what) => (/** @type {unknown} */ e) =>
  console.warn(`starling: ${what}`, e instanceof Error ? e.message : e);

/** The space, with somebody's conversation, or where they are asked. @param {string} address @param {string} [mail]  Message-ID of the one that is answered */
async function open(address, mail = '') {
  const [{ state }, space] = await Promise.all([opening, adding]);
  const known = ofAddress(state.contacts, address);
  if (known && mail) await beginReply(known.address, mail, known.last?.at ?? 0, Date.now());
  const place = `${known ? '' : ':new='}${encodeURIComponent(address)}`;
  const tab = await browser.spaces.open(space.id);
  await browser.tabs.update(tab.id, { url: `/thunderbird/space.html#${place}` });
}

const go = (/** @type {string} */ address, /** @type {string} */ mail = '') =>
  void open(address, mail).catch(warn('opening'));

// Pages, mails and clicks may come before it is there; listeners must be set at once.
const calls = calling({ warn: warn('a call') });
const opening = start();
browser.runtime.onConnect.addListener((/** @type {any} */ port) => {
  if (port.name === PORT) serve(opening, port, { warn: warn('a page'), deleted });
});
const button = headerButton({ open: go, warn: warn('the button above a mail') });
browser.runtime.onMessage.addListener((/** @type {any} */ message) => {
  if (typeof message?.open === 'string') go(message.open);
});
const proving = proofBook();
const awaited = async (/** @type {string} */ code) =>
  (await (await opening).awaited()).find(({ mail }) => code.startsWith(mail.begins))?.mail ?? null;
/** Whose it is: the address may be one to come. @param {string} order */
const waiting = async (order) => {
  const person = await opening;
  return (await person.awaited()).find(({ mail }) => mail.order === order)?.starling ?? person.main;
};
const mails = challengeMails({
  awaited,
  all: async () => (await (await opening).awaited()).map(({ mail }) => mail),
  answer: async ({ order }, code) => (await waiting(order)).enrolment.answer(code),
  send: async (mail, to, text) => sendAnswer(mail, to, text, await confirmations().catch(() => null)),
  answered: async ({ order }) => (await waiting(order)).mailAnswered(),
  submit: async ({ order }, code, instead) => (await waiting(order)).submitCode(code, instead),
  file,
  isFiled: (mail) =>
    confirmations().then(
      ({ id }) => mail.folder?.id === id,
      () => false,
    ),
  note: proving.note,
  warn: warn('a mail of the CA'),
});
browser.runtime.onMessage.addListener((/** @type {any} */ message) =>
  message === 'look-back' ? mails.lookBack().then(mails.settled) : undefined,
);
const adding = browser.spaces.create('starling', '/thunderbird/space.html', {
  title: 'Starling',
  defaultIcons: '/web/icons/starling.svg',
});
const [core, space] = await Promise.all([opening, adding]);
await setLanguage(core.state.settings.language);
calls.lead(core);
const book = addressBook({
  store: await storing,
  online: (count) => t('book.online', { count }),
  warn: warn('the address book'),
});
directoryBook({ core, name: t('book.directory'), note: t('book.found') });
const kept = transcripts({
  core,
  subject: (name, day) => t('transcript.subject', { name, day }),
  call: (past) =>
    `${t(past.incoming ? 'transcript.call.in' : 'transcript.call.out')}: ${t(`calls.${past.result}`, { time: duration(past.seconds) })}`,
  warn: warn('a transcript'),
});
const show = () => {
  void book.show(core.state.contacts);
  kept.keep(core.state.contacts);
  button.show(core.state.contacts);
};
core.subscribe(show);
show();
watchForAttention(core, space.id, go, calls.raise);
composeButton({ core, warn: warn('the button beside a mail') });
/** Since when a mail is waited for, the page says. */
let expires = 0;
const waits = () => {
  const { me, move } = core.state;
  const next = me.status === 'code' ? me.codeExpires : move?.step === 'code' ? move.codeExpires : 0;
  if (expires === next) return;
  expires = next;
  if (!next) return;
  void core
    .awaited()
    .then((all) => Promise.all(all.map(({ mail }) => proving.note(mail))))
    .catch(warn('the mail that is awaited'));
};
core.subscribe(waits);
waits();
startLetters(core, warn('an encrypted mail'));
await mails.lookBack();
