// Small things that appear in many places: presence, picture, marks, icons, buttons.
import { t } from '../i18n.js';
import { initials, visible } from '../names.js';
import { html } from '../html.js';

/** @typedef {import('../../core/types.js').Contact} Contact */

const SHAPES = { online: '●', away: '◐', busy: '⊖', offline: '○', unknown: '?' };

/** Shape and word, never colour alone. @param {{presence: Contact['presence'], words?: boolean}} props */
export function Presence({ presence, words = false }) {
  const name = t(`presence.${presence}`);
  return html`<span class=${`presence presence-${presence}`}>
    <span aria-hidden="true">${SHAPES[presence]}</span>
    ${words ? html`<span>${name}</span>` : html`<span class="unseen">${name}</span>`}
  </span>`;
}

/** @param {{name: string, address: string, presence?: Contact['presence'] | ''}} props */
export function Picture({ name, address, presence = '' }) {
  return html`<span class=${`picture hue-${hue(address)}`} aria-hidden="true">
    ${initials(name, address)}${presence && html`<span class=${`dot presence-${presence}`}>${SHAPES[presence]}</span>`}
  </span>`;
}

/** One of eight hues for an address, always the same. @param {string} address */
function hue(address) {
  return [...address].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 8, 0);
}

/** @param {{name: string, address: string}} props */
export function Name({ name, address }) {
  return html`<bdi dir="auto">${visible(name || address)}</bdi>`;
}

/** @param {{trust: Contact['trust']}} props */
export function Trust({ trust }) {
  const sign = trust === 'verified' || trust === 'test' ? '✓' : '!';
  return html`<span class=${`trust trust-${trust}`}
    >${t(`trust.${trust}`)} <span aria-hidden="true">${sign}</span></span
  >`;
}

const MARKS = { waiting: '◷', sent: '✓', delivered: '✓✓', read: '✔✔', failed: '!', received: '' };

/** @param {{state: import('../../core/types.js').Message['state'], line?: boolean}} props */
export function Mark({ state, line = false }) {
  if (state === 'received') return null;
  const name = t(`state.${state}`);
  return html`<span
    class=${`mark mark-${state}`}
    title=${t(line && state === 'sent' ? 'line.sent.hint' : `state.${state}.hint`)}
  >
    <span aria-hidden="true">${MARKS[state]}</span><span class="unseen">${name}</span>
  </span>`;
}

/** @type {Record<string, string>} */
const PATHS = {
  call: 'M6.6 3.5 9 8.2 7.1 9.9a12 12 0 0 0 7 7l1.7-1.9 4.7 2.4c.1 2-1.300 3.600-3.300 3.600C9.700 21 3 14.300 3 6.800c0-2 1.600-3.400 3.600-3.300z',
  end: 'M3 14.500c0-1 .3-1.800 1-2.400C6 10.400 9 9.500 12 9.500s6 .9 8 2.600c.7.600 1 1.400 1 2.400v1.200l-4.600 1-1-3a11 11 0 0 0-6.800 0l-1 3-4.600-1z',
  more: 'M12 5.500a1.500 1.500 0 1 0 0 .010zM12 12a1.500 1.500 0 1 0 0 .010zM12 18.500a1.500 1.500 0 1 0 0 .010z',
  back: 'M15 5 8 12l7 7',
  up: 'M5 15l7-7 7 7',
  down: 'M5 9l7 7 7-7',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 21 21',
  plus: 'M12 5v14M5 12h14',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 2.500v3M12 18.500v3M2.500 12h3M18.500 12h3M5.300 5.300l2.100 2.100M16.600 16.600l2.100 2.100M5.300 18.700l2.100-2.100M16.600 7.400l2.100-2.100',
  mute: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4M4 4l16 16',
  microphone: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4',
  close: 'M6 6l12 12M18 6 6 18',
  keys: 'M6 3a1.500 1.500 0 1 0 0 .010zM12 3a1.500 1.500 0 1 0 0 .010zM18 3a1.500 1.500 0 1 0 0 .010zM6 8a1.500 1.500 0 1 0 0 .010zM12 8a1.500 1.500 0 1 0 0 .010zM18 8a1.500 1.500 0 1 0 0 .010zM6 13a1.500 1.500 0 1 0 0 .010zM12 13a1.500 1.500 0 1 0 0 .010zM18 13a1.500 1.500 0 1 0 0 .010zM6 18a1.500 1.500 0 1 0 0 .010zM12 18a1.500 1.500 0 1 0 0 .010zM18 18a1.500 1.500 0 1 0 0 .010z',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20c.8-3.600 3.800-5.500 7.500-5.500s6.700 1.900 7.500 5.500z',
};
const FILLED = new Set(['call', 'end', 'keys', 'more', 'person']);

/** @param {{name: string}} props */
export function Icon({ name }) {
  return html`<svg class=${`icon ${FILLED.has(name) ? 'filled' : ''}`} viewBox="0 0 24 24" aria-hidden="true">
    <path d=${PATHS[name]} />
  </svg>`;
}

/**
 * A button that shows it works when its task takes long.
 * @param {{children?: any, label?: string, icon?: string, kind?: string, task: () => any, busy?: boolean, disabled?: boolean, pressed?: boolean, id?: string}} props
 */
export function Button({
  children,
  label = '',
  icon = '',
  kind = '',
  task,
  busy = false,
  disabled = false,
  pressed,
  id,
}) {
  return html`<button
    type="button"
    id=${id}
    class=${`button ${kind} ${icon && !children ? 'round' : ''} ${busy ? 'busy' : ''}`}
    aria-label=${label || undefined}
    title=${label || undefined}
    aria-busy=${busy ? 'true' : undefined}
    aria-pressed=${pressed}
    disabled=${disabled || busy}
    onClick=${task}
  >
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`;
}
