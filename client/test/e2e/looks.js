// What a screenshot cannot assert by itself: nothing sticks out, nothing overlaps, axe finds nothing.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const pictures = fileURLToPath(new URL('../../../screenshots/', import.meta.url));
export const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** @param {import('playwright-core').Page} page @param {string} name */
export async function picture(page, name) {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** What sticks out, lies under something or is too small. It runs in the page, where nothing else of this file is known. @returns {string[]} */
export function faults() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth)
    found.push(`page is ${document.documentElement.scrollWidth} px wide`);
  const shown = [...document.querySelectorAll('button, input:not([type=checkbox]), select, textarea, a[href]')].filter(
    (element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.height > 0 && element.checkVisibility();
    },
  );
  const name = (element) =>
    `${element.tagName} ${element.className} "${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 30)}"`;
  for (const element of shown) {
    const box = element.getBoundingClientRect();
    if (box.left < -1 || box.right > innerWidth + 1)
      found.push(`${name(element)} sticks out: ${box.left}..${box.right}`);
    if (element.tagName === 'BUTTON' && (box.width < 32 || box.height < 32))
      found.push(`${name(element)} is ${box.width} x ${box.height}`);
    if (element.tagName === 'BUTTON' && element.scrollWidth > element.clientWidth + 1 && !element.matches('.person'))
      found.push(`${name(element)} is clipped`);
    const x = box.left + box.width / 2;
    const y = box.top + box.height / 2;
    const inView = y > 0 && y < innerHeight && !clippedByScroll(element, y);
    const top = inView ? document.elementFromPoint(x, y) : null;
    const modal = document.querySelector('dialog[open]');
    if (
      top &&
      !element.contains(top) &&
      !top.contains(element) &&
      !(modal && !modal.contains(element)) &&
      !top.closest('.menu-items')
    )
      found.push(`${name(element)} lies under ${name(top)}`);
  }
  function clippedByScroll(element, y) {
    for (let at = element.parentElement; at; at = at.parentElement) {
      const box = at.getBoundingClientRect();
      if (getComputedStyle(at).overflowY !== 'visible' && (y < box.top || y > box.bottom)) return true;
    }
    return false;
  }
  return found;
}

/** @param {import('playwright-core').Page} page @param {string} name */
export async function looksRight(page, name) {
  assert.deepEqual(await page.evaluate(faults), [], name);
}

/** @param {import('playwright-core').Page} page @param {string} name @param {string[]} [runOnly]  rules of axe; all without it */
export async function axeFindsNothing(page, name, runOnly) {
  if (!(await page.evaluate(() => 'axe' in window)))
    await page.evaluate((await import('node:fs')).readFileSync(axe, 'utf8'));
  const violations = await page.evaluate(async (runOnly) => {
    const result = await window.axe.run(document, { resultTypes: ['violations'], ...(runOnly ? { runOnly } : {}) });
    return result.violations.map(
      (v) =>
        `${v.id}: ${v.nodes
          .map((n) => `${n.target} ${n.failureSummary?.split('\n')[1] ?? ''}`)
          .slice(0, 3)
          .join(' | ')}`,
    );
  }, runOnly);
  assert.deepEqual(violations, [], name);
}
