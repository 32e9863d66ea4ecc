// A question over the page: the browser's own <dialog>, which keeps the focus and closes with Esc.
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { Button } from './parts.js';

/**
 * @param {{title: string, lead?: string, yes: string, danger?: boolean, confirm?: string, close: () => void, task: () => any, children?: any}} props
 *   confirm: what must be typed before the answer can be yes
 */
export function Ask({ title, lead = '', yes, danger = false, confirm = '', close, task, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [typed, setTyped] = useState('');
  useEffect(() => box.current?.showModal(), []);
  const answer = async () => {
    close();
    await task();
  };
  return html`<dialog class="ask" ref=${box} onClose=${close} aria-labelledby="ask-title">
    <h2 id="ask-title">${title}</h2>
    ${lead && html`<p>${lead}</p>`}${children}
    ${
      confirm &&
      html`<input
        class="field"
        aria-label=${t('dialog.confirm')}
        autocomplete="off"
        value=${typed}
        onInput=${(/** @type {any} */ e) => setTyped(e.target.value)}
      />`
    }
    <div class="row end">
      <${Button} task=${close}>${t('dialog.cancel')}<//>
      <${Button} kind=${danger ? 'danger' : 'main'} disabled=${!!confirm && typed.trim() !== confirm} task=${answer}>
        ${yes}
      <//>
    </div>
  </dialog>`;
}

/**
 * A menu behind a button.
 * @param {{label: string, items: {text: string, task: () => void}[]}} props
 */
export function Menu({ label, items }) {
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!open) return;
    /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector('[role=menuitem]'))?.focus();
    const away = (/** @type {Event} */ e) => {
      if (!root.current?.contains(/** @type {Node} */ (e.target))) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);
  const key = (/** @type {KeyboardEvent} */ e) => {
    const all = [...(root.current?.querySelectorAll('[role=menuitem]') ?? [])];
    const at = all.indexOf(/** @type {Element} */ (document.activeElement));
    if (e.key === 'Escape') {
      e.stopPropagation();
      setOpen(false);
      /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector('button'))?.focus();
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      /** @type {HTMLElement} */ (all[(at + (e.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length])?.focus();
    }
  };
  return html`<div class="menu" ref=${root} onKeyDown=${open ? key : undefined}>
    <button
      type="button"
      class="button round"
      aria-label=${label}
      title=${label}
      aria-haspopup="menu"
      aria-expanded=${open}
      onClick=${() => setOpen(!open)}
    >
      <svg class="icon filled" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="5" r="1.700" />
        <circle cx="12" cy="12" r="1.700" />
        <circle cx="12" cy="19" r="1.700" />
      </svg>
    </button>
    ${
      open &&
      html`<div class="menu-items" role="menu" aria-label=${label}>
        ${items.map(
          (item) =>
            html`<button
              type="button"
              role="menuitem"
              class="menu-item"
              onClick=${() => {
                setOpen(false);
                item.task();
              }}
            >
              ${item.text}
            </button>`,
        )}
      </div>`
    }
  </div>`;
}
