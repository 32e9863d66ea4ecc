// The left pane: me, search, people by last activity, requests and calls.
import { Button, Icon, Mark, Name, Picture } from '../components/parts.js';
import { VirtualList } from '../components/virtual.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { brief, t } from '../i18n.js';
import { ofAddress } from '../names.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */
/** @typedef {import('../../core/types.js').Contact} Contact */
/** @typedef {import('../../core/types.js').Message} Message */
/** @typedef {import('../app.js').Place} Place */

/** @param {{core: Core, state: State, place: Place, go: (place: Place) => void}} props */
export function List({ core, state, place, go }) {
  const [query, setQuery] = useState('');
  const [hits, setHits] = useState(/** @type {Message[]} */ ([]));
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  useSlash(search);
  useEffect(() => {
    let stale = false;
    if (query.trim().length < 2) setHits([]);
    else
      core.search(query.trim()).then(
        (found) => stale || setHits(found),
        () => stale || setHits([]),
      );
    return () => void (stale = true);
  }, [query, state.contacts]);
  const people = state.contacts.filter((contact) => contact.state !== 'removed' && matches(contact, query));
  /** @type {any[]} */
  const rows = [
    ...people.map((contact) => ({ kind: 'person', key: contact.address, contact })),
    ...(hits.length ? [{ kind: 'head', key: ':messages' }] : []),
    ...hits.map((message) => ({ kind: 'hit', key: `:${message.id}`, message })),
  ];
  return html`<nav class="pane list-pane" id="list-pane" aria-label=${t('app.people')} onKeyDown=${arrows}>
    <${Me} core=${core} state=${state} go=${go} />
    <div class="search">
      <${Icon} name="search" />
      <input
        ref=${search}
        type="search"
        aria-label=${t('list.search')}
        placeholder=${t('list.search')}
        aria-keyshortcuts="/"
        value=${query}
        onInput=${(/** @type {any} */ e) => setQuery(e.target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && setQuery('')}
      />
    </div>
    ${
      rows.length
        ? html`<${VirtualList}
            rows=${rows}
            keyOf=${(/** @type {any} */ row) => row.key}
            guess=${64}
            attributes=${{ class: 'scroll people', role: 'list', 'aria-label': t('app.people'), tabindex: '-1' }}
            draw=${(/** @type {any} */ row) => html`<${Row} row=${row} state=${state} place=${place} go=${go} />`}
          />`
        : html`<p class="empty">${query ? t('list.nothing', { query }) : t('list.empty')}</p>`
    }
    <${Foot} state=${state} place=${place} go=${go} />
  </nav>`;
}

/** @param {{state: State, place: Place, go: (place: Place) => void}} props */
function Foot({ state, place, go }) {
  const missed = state.pastCalls.filter((call) => call.result === 'missed' && call.at > lastSeenCalls()).length;
  return html`<div class="list-foot">
    ${
      state.requests.length > 0 &&
      html`<${Link} here=${place.pane === 'requests'} icon="person" task=${() => go({ pane: 'requests' })}>
        ${t('list.requests', { count: state.requests.length })}
      <//>`
    }
    <${Link} here=${place.pane === 'calls'} icon="call" task=${() => go({ pane: 'calls' })}>
      ${t('list.calls')}${missed > 0 && html`<span class="badge">${t('list.missed', { count: missed })}</span>`}
    <//>
    <${Link} here=${place.pane === 'new'} icon="plus" task=${() => go({ pane: 'new' })}>${t('list.new')}<//>
  </div>`;
}

/** @param {{here: boolean, icon: string, task: () => void, children?: any}} props */
function Link({ here, icon, task, children }) {
  return html`<button type="button" class="list-link" aria-current=${here ? 'page' : undefined} onClick=${task}>
    <${Icon} name=${icon} /><span>${children}</span>
  </button>`;
}

/** @param {{core: Core, state: State, go: (place: Place) => void}} props */
function Me({ core, state, go }) {
  const { me } = state;
  const up = me.status === 'online' || me.status === 'one-server';
  return html`<header class="me">
    <${Picture} name=${me.name} address=${me.address} />
    <div class="me-text">
      <strong title=${t('list.me', { address: me.address })}><${Name} name=${me.name} address=${me.address} /></strong>
      ${
        up
          ? html`<select
              class="availability"
              aria-label=${t('availability.choose')}
              value=${me.availability}
              onChange=${(/** @type {any} */ e) => core.setAvailability(e.target.value)}
            >
              ${['available', 'away', 'busy', 'invisible'].map(
                (value) =>
                  html`<option value=${value}>${AVAILABILITY_SHAPES[value]} ${t(`availability.${value}`)}</option>`,
              )}
            </select>`
          : html`<span class="small" role="status" title=${me.detail}>${t(`status.${me.status}`)}</span>`
      }
    </div>
    <${Button} icon="gear" label=${t('list.settings')} task=${() => go({ pane: 'settings' })} />
  </header>`;
}

/** @type {Record<string, string>} */
const AVAILABILITY_SHAPES = { available: '●', away: '◐', busy: '⊖', invisible: '○' };

/** @param {{row: any, state: State, place: Place, go: (place: Place) => void}} props */
function Row({ row, state, place, go }) {
  if (row.kind === 'head') return html`<h2 class="list-head">${t('list.messages')}</h2>`;
  if (row.kind === 'hit') return html`<${Hit} message=${row.message} state=${state} go=${go} />`;
  /** @type {Contact} */
  const contact = row.contact;
  const here = place.pane === 'conversation' && place.address === contact.address;
  return html`<div role="listitem">
    <button
      type="button"
      class=${`person ${contact.unread ? 'unread' : ''}`}
      aria-current=${here ? 'page' : undefined}
      onClick=${() => go({ pane: 'conversation', address: contact.address })}
    >
      <${Picture}
        name=${contact.name}
        address=${contact.address}
        presence=${contact.state === 'line' ? '' : contact.presence}
      />
      <span class="person-text">
        <span class="person-name">
          <${Name} name=${contact.name} address=${contact.address} />
          ${(contact.trust === 'changed' || contact.trust === 'unverified') && html`<span class="trust-changed" title=${t(`trust.${contact.trust}`)}>!</span>`}
          ${contact.state !== 'line' && html`<span class="unseen">${t(`presence.${contact.presence}`)}</span>`}
        </span>
        <span class="person-last" dir="auto">
          ${contact.state === 'waiting' ? html`<em>${t('list.waiting')}</em>` : lastLine(contact)}
        </span>
      </span>
      <span class="person-side">
        <span class="small">${contact.last ? brief(contact.last.at, Date.now()) : ''}</span>
        ${
          contact.unread > 0 &&
          html`<span class="badge"
            ><span aria-hidden="true">${contact.unread}</span
            ><span class="unseen">${t('list.unread', { count: contact.unread })}</span></span
          >`
        }
      </span>
    </button>
  </div>`;
}

/** @param {{message: Message, state: State, go: (place: Place) => void}} props */
function Hit({ message, state, go }) {
  const contact = ofAddress(state.contacts, message.with);
  return html`<div role="listitem">
    <button
      type="button"
      class="person"
      onClick=${() => go({ pane: 'conversation', address: message.with, message: message.id })}
    >
      <span class="person-text">
        <span class="person-name"
          ><${Name} name=${contact?.name ?? ''} address=${message.with} /> <${Mark} state=${message.state}
        /></span>
        <span class="person-last" dir="auto">${message.text}</span>
      </span>
      <span class="person-side small">${brief(message.at, Date.now())}</span>
    </button>
  </div>`;
}

/** @param {Contact} contact */
function lastLine(contact) {
  if (!contact.last) return contact.state === 'line' ? t('line.row') : contact.note || contact.address;
  return contact.last.mine ? t('list.you', { text: contact.last.text }) : contact.last.text;
}

/** @param {Contact} contact @param {string} query */
function matches(contact, query) {
  const plain = (/** @type {string} */ s) => s.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain(`${contact.name} ${contact.address}`).includes(plain(query.trim()));
}

/** `/` anywhere outside a field goes to the search. @param {{current: HTMLInputElement | null}} field */
function useSlash(field) {
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ e) => {
      const at = /** @type {HTMLElement} */ (e.target);
      if (e.key !== '/' || e.ctrlKey || e.metaKey || at.matches('input, textarea, select, [contenteditable]')) return;
      e.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, []);
}

/** Up and down go through the people. @param {KeyboardEvent & {currentTarget: any}} e */
function arrows(e) {
  if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
  if (/** @type {HTMLElement} */ (e.target).matches('select')) return;
  const all = [...e.currentTarget.querySelectorAll('.person, .list-link')];
  const at = all.indexOf(document.activeElement);
  e.preventDefault();
  all[Math.max(0, Math.min(all.length - 1, at + (e.key === 'ArrowDown' ? 1 : -1)))]?.focus();
}

const SEEN_CALLS = 'starling.calls-seen';

/** Until when the past calls were looked at, Unix ms. */
function lastSeenCalls() {
  return Number(localStorage.getItem(SEEN_CALLS) ?? 0);
}

export function sawCalls() {
  localStorage.setItem(SEEN_CALLS, String(Date.now()));
}
