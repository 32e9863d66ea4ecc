// The whole page: banner, notices, list, the pane beside it, the call on top.
import { takeLink } from './adding.js';
import { Notices } from './components/notices.js';
import { html, useEffect, useMemo, useState } from './html.js';
import { t } from './i18n.js';
import { CallSurface } from './views/call.js';
import { Calls } from './views/calls.js';
import { Conversation } from './views/conversation.js';
import { Enrol } from './views/enrol.js';
import { List } from './views/list.js';
import { NewPerson } from './views/person.js';
import { Requests } from './views/requests.js';
import { Settings } from './views/settings.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {{pane: 'list' | 'conversation' | 'requests' | 'calls' | 'new' | 'settings', address?: string, message?: string}} Place */

const BEFORE_ENROLMENT = new Set(['new', 'code', 'enrolling', 'waiting-for-device']);

/** @typedef {(props: {core: Core, state: import('../core/types.js').State}) => any} Part */

/** @param {{core: Core, begin?: Part, more?: Part, known?: any, wait?: any}} props  wait: as in views/move.js; begin: shown in place of the field for an address, and until there is a certificate; more: settings of whatever this runs in; known: shows whom one knows already */
export function App({ core, begin = Enrol, more, known, wait }) {
  const [state, setState] = useState(core.state);
  const [place, go] = usePlace();
  useEffect(() => core.subscribe(setState), [core]);
  usePaneKeys(() => go({ pane: 'list' }));
  const narrow = useNarrow();
  const enrolling = BEFORE_ENROLMENT.has(state.me.status);
  // A link for a new browser, opened in one that has an address.
  useEffect(() => void (!enrolling && takeLink()), [enrolling, place]);
  return html`<div class=${`page ${place.pane === 'list' ? 'at-list' : 'at-pane'} ${state.call ? 'in-call' : ''}`}>
    ${
      state.me.local &&
      html`<header>
        <p class="bar local" role="note">
          ${t('app.local')}${' '}
          ${state.me.mailbox && html`<a href=${state.me.mailbox} target="_blank" rel="noopener">${t('app.mailbox')}</a>`}
        </p>
      </header>`
    }
    ${state.call && html`<${CallSurface} core=${core} call=${state.call} narrow=${narrow} moved=${movedOf(state)} />`}
    <section class="bars" aria-label=${t('app.notices')}><${Notices} core=${core} state=${state} /></section>
    ${
      enrolling
        ? html`<${begin} core=${core} state=${state} />`
        : html`<div class="panes" role=${place.pane === 'list' && narrow ? 'main' : undefined}>
            ${place.pane === 'list' && narrow && html`<h1 class="unseen">${t('app.people')}</h1>`}
            <${List} core=${core} state=${state} place=${place} go=${go} />
            <${Beside} core=${core} state=${state} place=${place} go=${go} more=${more} known=${known} wait=${wait} />
          </div>`
    }
  </div>`;
}

/** What the other end of the call says of its address, undecided. @param {import('../core/types.js').State} state */
const movedOf = ({ call, contacts }) => contacts.find((each) => each.address === call?.address)?.moved ?? '';

/** @param {{core: Core, state: import('../core/types.js').State, place: Place, go: (place: Place) => void, more?: Part, known?: any, wait?: any}} props */
function Beside({ core, state, place, go, more, known, wait }) {
  const back = () => go({ pane: 'list' });
  switch (place.pane) {
    case 'conversation':
      return html`<${Conversation}
        key=${place.address}
        core=${core}
        state=${state}
        address=${place.address}
        focus=${place.message}
        back=${back}
      />`;
    case 'requests':
      return html`<${Requests} core=${core} state=${state} back=${back} />`;
    case 'calls':
      return html`<${Calls} core=${core} state=${state} back=${back} />`;
    case 'new':
      return html`<${NewPerson}
        key=${place.address}
        core=${core}
        wanted=${place.address}
        known=${known}
        state=${state}
        back=${back}
        open=${(/** @type {string} */ address) => go({ pane: 'conversation', address })}
      />`;
    case 'settings':
      return html`<${Settings} core=${core} state=${state} back=${back} more=${more} wait=${wait} />`;
    default:
      return html`<main class="pane main-pane welcome" id="main-pane">
        <img src="/web/icons/starling.svg" alt="" width="96" height="96" />
        <h1>${t('app.name')}</h1>
        <p class="lead">${t(state.contacts.length ? 'enrol.title' : 'list.empty')}</p>
        <button type="button" class="button main" onClick=${() => go({ pane: 'new' })}>${t('list.new')}</button>
      </main>`;
  }
}

/** Where we are stands in the URL's fragment, so that back and reload work. @returns {[Place, (place: Place) => void]} */
function usePlace() {
  const [place, setPlace] = useState(read());
  useEffect(() => {
    const moved = () => setPlace(read());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const go = (/** @type {Place} */ next) => {
    location.hash =
      next.pane === 'conversation'
        ? encodeURIComponent(next.address ?? '')
        : next.pane === 'list'
          ? ''
          : `:${next.pane}`;
    setPlace(next);
  };
  return [place, go];
}

/** @returns {Place} */
function read() {
  const hash = location.hash.slice(1);
  if (!hash || hash.startsWith('add=')) return { pane: 'list' };
  if (hash.startsWith(':new=')) return { pane: 'new', address: decoded(hash.slice(':new='.length)) };
  if (hash.startsWith(':')) {
    const pane = /** @type {Place['pane']} */ (hash.slice(1));
    return { pane: ['requests', 'calls', 'new', 'settings'].includes(pane) ? pane : 'list' };
  }
  const address = decoded(hash);
  return address ? { pane: 'conversation', address } : { pane: 'list' };
}

/** @param {string} text @returns {string} '' when it is none */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Below 640 px only one pane is shown. */
function useNarrow() {
  const query = useMemo(() => matchMedia('(max-width: 639px)'), []);
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const changed = () => setNarrow(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return narrow;
}

/** F6 between the panes, Esc back to the list. @param {() => void} back */
function usePaneKeys(back) {
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ e) => {
      if (e.key === 'F6') {
        const panes = ['list-pane', 'main-pane'].map((id) => document.getElementById(id));
        const next = panes[0]?.contains(document.activeElement) ? panes[1] : panes[0];
        /** @type {HTMLElement | null | undefined} */ (
          next?.querySelector('textarea:enabled, [aria-current], input, button, [tabindex]')
        )?.focus();
        e.preventDefault();
      } else if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('dialog[open]')) back();
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, []);
}
