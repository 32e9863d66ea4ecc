// What was measured, as lines while it runs and as one table at the end.
import { cpus, release } from 'node:os';

const rows = [];
const columns = ['RTT 0', 'RTT 50 ms'];
let short = 0;

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Runs `task` and says how long it took, in ms. */
export async function timed(task) {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

/**
 * @param {string} name
 * @param {number} rtt  0 or 50
 * @param {number[]} values
 * @param {{limit?: number, unit?: string, digits?: number}} [how]  limit: what DESIGN asks of the median
 */
export function report(name, rtt, values, { limit, unit = 'ms', digits = 1 } = {}) {
  const shown = (value) => value.toFixed(digits);
  const value = median(values);
  const full = `${name}, RTT ${rtt}`;
  const spread = `min ${shown(Math.min(...values))}, max ${shown(Math.max(...values))}, ${values.length} runs`;
  console.log(`${full}: ${shown(value)} ${unit} (${spread})`);
  let row = rows.find((each) => each.name === name);
  if (!row) rows.push((row = { name, unit, cells: ['', ''], bars: [] }));
  row.cells[rtt === 0 ? 0 : 1] =
    `${shown(value)} (${shown(Math.min(...values))}-${shown(Math.max(...values))}, ${values.length})`;
  if (limit === undefined) return;
  const ok = value <= limit;
  if (!ok) short++;
  console.log(`BAR ${full} ${shown(value)} <= ${limit} ${ok ? 'ok' : 'short'}`);
  row.bars.push(`RTT ${rtt}: <= ${limit} ${ok ? 'ok' : '**short**'}`);
}

export const isShort = () => short > 0;

export function table() {
  const { model } = cpus()[0] ?? { model: 'unknown' };
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${model.trim()}), Linux ${release().split('.').slice(0, 2).join('.')}, Node ${process.versions.node.split('.')[0]}.`,
    'Median (least-greatest, runs).',
    '',
    `| what | unit | ${columns.join(' | ')} | bar |`,
    '|---|---|---|---|---|',
    ...rows.map(({ name, unit, cells, bars }) => `| ${name} | ${unit} | ${cells.join(' | ')} | ${bars.join('; ')} |`),
    '',
  ].join('\n');
}
