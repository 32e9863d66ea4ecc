// Cells of the matrix, judged by what theory says of them, and their table.
import assert from 'node:assert/strict';
import { MIN_DECIBELS } from './cell.js';
import { isDirect } from './nat.js';

/** @typedef {import('./cell.js').Measured} Measured */
/** @typedef {{a: string, b: string, measured: Measured}} Cell */

/** @param {Cell} cell */
export function judge({ a, b, measured }) {
  const { heard, decibels, relayed, path } = measured;
  assert.ok(heard >= 0 && decibels >= MIN_DECIBELS, `both hear the other: the tone stands out by ${decibels} dB`);
  assert.equal(relayed, !isDirect(a, b), `${a} and ${b}: ${path}`);
}

const COLUMNS = ['caller', 'callee', 'way', 'candidates', 'enrol', 'message', 'ring', 'connect', 'heard', 'tone dB'];

/** In Markdown; times in ms. @param {Cell[]} cells */
export function table(cells) {
  const rows = cells.map(({ a, b, measured }) => {
    const { enrol, message, ring, connect, heard, decibels, path, relayed } = measured;
    const numbers = [enrol, message, ring, connect, heard, decibels].map((each) => each.toFixed(0));
    return [a, b, relayed ? 'relay' : 'direct', path, ...numbers];
  });
  return [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
