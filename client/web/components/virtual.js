// A list that draws only the rows near the window, so that 10,000 messages or 2,000 people scroll without a hitch.
import { html, useLayoutEffect, useRef, useState } from '../html.js';

const MARGIN_PX = 600;

/**
 * Rows may differ in height: each drawn row is measured, the others count with the guess.
 * @param {{rows: any[], keyOf: (row: any) => string, guess: number, draw: (row: any, index: number) => any, bottom?: boolean,
 *   top?: () => void, attributes?: Record<string, any>}} props  bottom: starts and stays at the end; top: called when the start is reached
 */
export function VirtualList({ rows, keyOf, guess, draw, bottom = false, top, attributes = {} }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const heights = useRef(/** @type {Map<string, number>} */ (new Map()));
  const pinned = useRef(bottom);
  const [view, setView] = useState({ from: 0, height: 800 });

  const height = (/** @type {any} */ row) => heights.current.get(keyOf(row)) ?? guess;
  let before = 0;
  let first = 0;
  while (first < rows.length && before + height(rows[first]) < view.from - MARGIN_PX) before += height(rows[first++]);
  let shown = before;
  let last = first;
  while (last < rows.length && shown < view.from + view.height + MARGIN_PX) shown += height(rows[last++]);
  let after = 0;
  for (let i = last; i < rows.length; i++) after += height(rows[i]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    let changed = false;
    for (const child of element.querySelectorAll('[data-row]')) {
      const key = /** @type {HTMLElement} */ (child).dataset.row ?? '';
      const measured = /** @type {HTMLElement} */ (child).offsetHeight;
      if (heights.current.get(key) !== measured) changed = !!heights.current.set(key, measured);
    }
    if (pinned.current) element.scrollTop = element.scrollHeight;
    const real = { from: element.scrollTop, height: element.clientHeight };
    if (changed || real.height !== view.height) setView(real);
  });

  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    pinned.current = bottom && element.scrollTop + element.clientHeight > element.scrollHeight - 40;
    if (element.scrollTop < 80) top?.();
    setView({ from: element.scrollTop, height: element.clientHeight });
  };

  return html`<div class="scroll" ref=${box} onScroll=${scrolled} tabindex="0" ...${attributes}>
    <svg class="space" width="1" height=${before} aria-hidden="true"></svg>
    ${rows
      .slice(first, last)
      .map(
        (row, i) =>
          html`<div key=${keyOf(row)} data-row=${keyOf(row)} role="presentation">${draw(row, first + i)}</div>`,
      )}
    <svg class="space" width="1" height=${after} aria-hidden="true"></svg>
  </div>`;
}
