// Two servers for everybody with a certificate of their own each, and two people behind routers, in network namespaces: they enrol, write, and call, directly
// where that is possible, else by a relay. One pair of each outcome; the whole matrix is client/test/long/nat.test.js.
import { after, before, test } from 'node:test';
import { cell } from './lab/cell.js';
import { lacking, openLab } from './lab/lab.js';
import { judge, table } from './lab/matrix.js';

const CELLS = [
  ['port-restricted', 'port-restricted'],
  ['UDP blocked', 'symmetric'],
];

const skip = (await lacking()) || false;
/** @type {import('./lab/lab.js').Lab | undefined} */
let lab;
/** @type {import('./lab/matrix.js').Cell[]} */
const cells = [];
before(async () => {
  if (!skip) lab = await openLab();
});
after(async () => {
  await lab?.close();
  if (cells.length) console.log(table(cells));
});

for (const [i, [a, b]] of CELLS.entries())
  test(`${a} calls ${b}`, { skip }, async () => {
    const measured = await cell(lab, i + 1, a, b);
    cells.push({ a, b, measured });
    judge(cells.at(-1));
  });
