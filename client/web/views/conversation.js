// One person: who they are, what was said, and the line to write.
import { Button, Mark, Name, Picture, Presence, Trust } from '../components/parts.js';
import { Ask, Menu } from '../components/dialog.js';
import { useLine } from './line.js';
import { VirtualList } from '../components/virtual.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { day, hasText, midnight, t, time } from '../i18n.js';
import { saying } from '../errors.js';
import { pieces } from '../links.js';
import { ofAddress, visible } from '../names.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */
/** @typedef {import('../../core/types.js').Contact} Contact */
/** @typedef {import('../../core/types.js').Message} Message */

const PAGE = 60;
const MAX_TEXT_BYTES = 16 * 1024;

/** @param {{core: Core, state: State, address: string, focus?: string, back: () => void}} props */
export function Conversation({ core, state, address, focus = '', back }) {
  const contact = ofAddress(state.contacts, address) ?? gone(address);
  // Followed to a new address, with what was being written.
  useEffect(() => {
    if (contact.address === address) return;
    const draft = sessionStorage.getItem(`draft ${address}`);
    if (draft) sessionStorage.setItem(`draft ${contact.address}`, draft);
    sessionStorage.removeItem(`draft ${address}`);
    location.replace(`#${encodeURIComponent(contact.address)}`);
  }, [address, contact.address]);
  const asked = state.notices.some((each) => each.id.endsWith(`moved ${contact.address}`));
  const [query, setQuery] = useState(/** @type {string | null} */ (null));
  const [messages, older] = useMessages(core, state, address, query, focus);
  useEffect(() => {
    const read = () => document.visibilityState === 'visible' && contact.unread && core.markRead(address);
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [address, contact.unread]);
  return html`<main class="pane main-pane" id="main-pane" aria-label=${t('app.conversation')}>
    <${Head}
      core=${core}
      contact=${contact}
      back=${back}
      inCall=${!!state.call || state.me.status === 'removed'}
      search=${() => setQuery(query === null ? '' : null)}
    />
    ${contact.moved && !contact.movedHidden && !asked && html`<${Moved} core=${core} contact=${contact} />`}
    ${query !== null && html`<${Search} query=${query} set=${setQuery} found=${messages.length} />`}
    <${Log} core=${core} contact=${contact} messages=${messages} older=${older} />
    ${state.me.status === 'removed' ? html`<div class="write removed"><p>${t('error.removed')}</p></div>` : html`<${Write} core=${core} contact=${contact} />`}
  </main>`;
}

/** Says to have another address, and the user has not decided. @param {{core: Core, contact: Contact}} props */
function Moved({ core, contact }) {
  const [error, setError] = useState('');
  const [working, setWorking] = useState(false);
  const follow = async () => {
    setWorking(true);
    setError('');
    await core.followMoved(contact.address, contact.moved ?? '').catch((failure) => setError(saying(failure)));
    setWorking(false);
  };
  return html`<div class="bar warning" role="note">
    <div>
      <p>
        ${t('chat.moved', { name: visible(contact.name || contact.address), address: contact.moved ?? '', old: contact.address })}
      </p>
      ${error && html`<p class="error" role="alert">${error}</p>`}
    </div>
    <div class="row">
      <${Button} busy=${working} task=${follow}>${t('notice.moved.follow')}<//>
      <${Button} disabled=${working} task=${() => core.hideMoved(contact.address, true)}>${t('chat.moved.hide')}<//>
    </div>
  </div>`;
}

/** Somebody who was removed, or never was a contact: what was said can still be read. @param {string} address @returns {Contact} */
const gone = (address) => ({
  address,
  name: '',
  state: 'removed',
  presence: 'unknown',
  note: '',
  trust: 'unverified',
  unread: 0,
  last: null,
});

/** @param {{core: Core, contact: Contact, back: () => void, inCall: boolean, search: () => void}} props */
function Head({ core, contact, back, inCall, search }) {
  const [asking, setAsking] = useState(/** @type {'' | 'remove' | 'block'} */ (''));
  const [error, setError] = useState('');
  const [question, askLine] = useLine(core);
  const name = contact.name || contact.address;
  const isLine = contact.state === 'line';
  const call = () => {
    setError('');
    const { address } = contact;
    const calling = isLine ? askLine(address, 'call', () => core.callLine(address)) : core.call(address);
    calling.catch((failure) => setError(saying(failure)));
  };
  const known = contact.state !== 'removed';
  const block = () => core.block(contact.address).then(() => (isLine ? remove() : undefined));
  const remove = () => (isLine ? core.removeLine(contact.address) : core.removeContact(contact.address));
  const offline = contact.presence === 'offline' || contact.presence === 'unknown';
  return html`<header class="head">
    <span class="only-narrow"><${Button} icon="back" label=${t('chat.back')} task=${back} /></span>
    <${Picture} name=${contact.name} address=${contact.address} />
    <div class="head-text">
      <h1>
        <${Name} name=${contact.name} address=${contact.address} />
        ${known && !isLine && html`<${Presence} presence=${contact.presence} words />`}
      </h1>
      <p class="small">
        ${contact.name && html`<bdi>${contact.address}</bdi>${known && ' · '}`}
        ${known && html`<${Trust} trust=${contact.trust} />`}
        ${contact.earlier?.length ? html`${' · '}${t('chat.earlier', { address: contact.earlier[0] })}` : null}
        ${contact.note && html`${' · '}<bdi dir="auto">${contact.note}</bdi>`}
      </p>
      ${error && html`<p class="error" role="alert">${error}</p>`}
    </div>
    <${Button}
      icon="call"
      label=${offline && !isLine ? t('chat.call.offline', { name }) : ''}
      disabled=${(contact.state !== 'accepted' && !isLine) || inCall}
      task=${call}
      >${t('chat.call')}<//
    >
    <${Menu}
      label=${t('chat.more', { name })}
      items=${[
        { text: t('chat.search'), task: search },
        ...(contact.moved && contact.movedHidden
          ? [{ text: t('chat.moved.show'), task: () => core.hideMoved(contact.address, false) }]
          : []),
        ...(contact.agreed ? [{ text: t('line.ask-again'), task: () => core.askBeforeLine(contact.address) }] : []),
        ...(known ? [{ text: t('chat.remove'), task: () => setAsking('remove') }] : []),
        { text: t('chat.block'), task: () => setAsking('block') },
      ]}
    />
    ${
      asking &&
      html`<${Ask}
        title=${t(`chat.${asking}.title`, { name })}
        lead=${t(isLine && asking === 'remove' ? 'line.remove.lead' : `chat.${asking}.lead`, { name, address: contact.address })}
        yes=${t(`chat.${asking}`)}
        danger
        close=${() => setAsking('')}
        task=${() => (asking === 'block' ? block() : remove()).then(back)}
      />`
    }
    ${question}
  </header>`;
}

/** @param {{query: string, set: (query: string | null) => void, found: number}} props */
function Search({ query, set, found }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  return html`<div class="search in-conversation">
    <input
      ref=${field}
      type="search"
      aria-label=${t('chat.search')}
      placeholder=${t('chat.search')}
      value=${query}
      onInput=${(/** @type {any} */ e) => set(e.target.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && set(null)}
    />
    ${query && !found && html`<span class="small" role="status">${t('chat.search.none')}</span>`}
    <${Button} icon="close" label=${t('dialog.close')} task=${() => set(null)} />
  </div>`;
}

/** @param {{core: Core, contact: Contact, messages: Message[], older: () => void}} props */
function Log({ core, contact, messages, older }) {
  const now = Date.now();
  /** @type {any[]} */
  const rows = [];
  let shownDay = 0;
  for (const message of messages) {
    if (midnight(message.at) !== shownDay) {
      shownDay = midnight(message.at);
      rows.push({ id: `day-${shownDay}`, day: day(message.at, now) });
    }
    rows.push(message);
  }
  if (!rows.length)
    return html`<div class="scroll empty">
      ${contact.state === 'removed' ? t('chat.nothing') : t(contact.state === 'accepted' ? 'chat.empty' : contact.state === 'line' ? 'line.empty' : 'chat.waiting')}
    </div>`;
  return html`<${VirtualList}
    key=${contact.address}
    rows=${rows}
    keyOf=${(/** @type {any} */ row) => row.id}
    guess=${44}
    bottom
    top=${older}
    attributes=${{ class: 'scroll log', role: 'log', 'aria-live': 'polite', 'aria-label': t('chat.log', { name: contact.name || contact.address }) }}
    draw=${(/** @type {any} */ row) =>
      row.day
        ? html`<p class="day">${row.day}</p>`
        : html`<${Bubble}
            core=${core}
            message=${row}
            name=${contact.name || contact.address}
            address=${contact.address}
          />`}
  />`;
}

/** @param {{core: Core, message: Message, name: string, address: string}} props  address: of the conversation */
function Bubble({ core, message, name, address }) {
  const [error, setError] = useState('');
  const [question, askLine] = useLine(core);
  const again = () => core.retry(message.id);
  const retry = () => {
    setError('');
    return (message.line ? askLine(message.with, 'write', again) : again()).catch((failure) =>
      setError(saying(failure)),
    );
  };
  return html`<div class=${`bubble-row ${message.mine ? 'mine' : ''}`}>
    <div class=${`bubble ${message.state}`}>
      <span class="unseen">${message.mine ? t('chat.you') : name}: </span>
      <span class="bubble-text" dir="auto"
        >${pieces(message.text).map((piece) =>
          piece.href
            ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer">${piece.text}</a>`
            : piece.text,
        )}</span
      >
      <span class="bubble-side"
        ><time datetime=${new Date(message.at).toISOString()}>${time(message.at)}</time>
        ${message.with !== address && html`<bdi class="other-address">${message.with}</bdi>`}
        ${message.line && html`<span class="unverified">${t('trust.unverified')}</span>`}
        <${Mark} state=${message.state} line=${message.line}
      /></span>
    </div>
    ${
      message.state === 'failed' &&
      html`<p class="small failed-line">
        ${message.line && hasText(`error.${message.why}`) ? t(`error.${message.why}`, { name: message.with }) : message.why || t('state.failed')}
        <${Button} kind="plain" task=${retry}>${t('state.retry')}<//>
        ${error && html`<span class="error" role="alert">${error}</span>`}
      </p>`
    }
    ${question}
  </div>`;
}

/** @param {{core: Core, contact: Contact}} props */
function Write({ core, contact }) {
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  const [question, askLine] = useLine(core);
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => {
    setText(sessionStorage.getItem(`draft ${contact.address}`) ?? '');
    if (matchMedia('(min-width: 640px)').matches) field.current?.focus();
  }, [contact.address]);
  if (contact.state === 'removed')
    return html`<div class="write removed">
      <p>${t('chat.removed')}</p>
      <${Button} kind="main" task=${() => core.requestContact(contact.address, {})}>${t('chat.ask-again')}<//>
    </div>`;
  const isLine = contact.state === 'line';
  const open = isLine || contact.state === 'accepted';
  const over = new TextEncoder().encode(text).length - MAX_TEXT_BYTES;
  const change = (/** @type {string} */ value) => {
    setText(value);
    setError('');
    sessionStorage.setItem(`draft ${contact.address}`, value);
  };
  const failed = (/** @type {unknown} */ failure) => {
    change(text);
    setError(saying(failure));
  };
  const send = async (/** @type {Event | undefined} */ e) => {
    e?.preventDefault();
    if (!text.trim() || over > 0 || !open) return;
    if (!isLine) change('');
    const { address } = contact;
    try {
      if (isLine) await askLine(address, 'write', () => core.writeLine(address, text).then(() => change(''), failed));
      else await core.sendMessage(address, text);
    } catch (failure) {
      failed(failure);
    }
    field.current?.focus();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) send(e);
  };
  return html`<form class="write" onSubmit=${send}>
    ${isLine && html`<p class="small line-note" role="note">${t('line.note', { domain: contact.address.split('@')[1] })}${contact.agreed && ` ${t('line.agreed')}`}</p>`}
    ${(error || over > 0) && html`<p class="error" role="alert">${error || t('chat.too-long', { count: over })}</p>`}
    <textarea
      ref=${field}
      class="field"
      rows="1"
      dir="auto"
      aria-label=${t(isLine ? 'line.write' : 'chat.write')}
      placeholder=${t(isLine ? 'line.write' : 'chat.write')}
      disabled=${!open}
      value=${text}
      onInput=${(/** @type {any} */ e) => change(e.target.value)}
      onKeyDown=${key}
    ></textarea>
    <button class="button main" disabled=${!text.trim() || over > 0 || !open}>${t('chat.send')}</button>
    ${question}
  </form>`;
}

/**
 * The messages to show: the newest page and what was scrolled to, or what a search finds.
 * @param {Core} core @param {State} state @param {string} address @param {string | null} query @param {string} focus
 * @returns {[Message[], () => void]}
 */
function useMessages(core, state, address, query, focus) {
  const [messages, setMessages] = useState(/** @type {Message[]} */ ([]));
  const count = useRef(PAGE);
  const full = useRef(false);
  const load = async () => {
    const found = query ? await core.search(query, address) : await core.messages(address, undefined, count.current);
    full.current = found.length < count.current;
    return found;
  };
  useEffect(() => void (count.current = focus ? 2000 : PAGE), [address, focus]);
  useEffect(() => {
    let stale = false;
    load().then((found) => stale || setMessages(found));
    return () => void (stale = true);
  }, [address, query, focus, state]);
  const older = () => {
    if (full.current || query) return;
    count.current += PAGE * 4;
    full.current = true;
    load().then(setMessages);
  };
  return [messages, older];
}
