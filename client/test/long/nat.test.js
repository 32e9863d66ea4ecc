// The whole matrix: every kind of router on both sides, and a few pairs beyond; each cell with new browsers and new addresses. Leaves target/nat.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cell } from '../e2e/lab/cell.js';
import { lacking, openLab } from '../e2e/lab/lab.js';
import { judge, table } from '../e2e/lab/matrix.js';
import { KINDS } from '../e2e/lab/nat.js';
import { leaveTable } from './server.js';

const MORE = [
  ['IPv6 only', 'IPv6 only'],
  ['IPv6 only', 'none'],
  ['port-restricted', 'IPv6 only'],
  ['TLS only', 'symmetric'],
  ['TLS only', 'TLS only'],
];
const ALL = [...Object.keys(KINDS).flatMap((a) => Object.keys(KINDS).map((b) => [a, b])), ...MORE];

const skip = (await lacking()) || false;
/** @type {import('../e2e/lab/lab.js').Lab} */
let lab;
/** @type {import('../e2e/lab/matrix.js').Cell[]} */
const cells = [];
before(async () => {
  if (!skip) lab = await openLab();
});
after(async () => {
  await lab?.close();
  if (cells.length) await leave();
});

async function leave() {
  const target = fileURLToPath(new URL('../../../target/', import.meta.url));
  const machine = `${cpus().length} cores, Linux ${release().split('.').slice(0, 2).join('.')}`;
  const head = `# Behind routers\n\n\`./build long\`, ${new Date().toISOString().slice(0, 10)}, ${machine}: ${cells.length} of ${ALL.length} cells measured.\n\n`;
  await mkdir(target, { recursive: true });
  await writeFile(`${target}nat.md`, head + table(cells));
  const middle = (/** @type {'enrol' | 'connect' | 'heard'} */ what, /** @type {boolean} */ relayed) => {
    const some = cells.filter(({ measured }) => measured.relayed === relayed).map(({ measured }) => measured[what]);
    return some.sort((a, b) => a - b)[some.length >> 1]?.toFixed(0);
  };
  const both = (/** @type {'enrol' | 'connect' | 'heard'} */ what) =>
    `${middle(what, false)} ms, ${middle(what, true)} ms`;
  const relayed = cells.filter(({ measured }) => measured.relayed).length;
  await leaveTable('nat', [
    [
      'cells, of them direct and relayed (target/nat.md has them all)',
      `${cells.length}, ${cells.length - relayed}, ${relayed}`,
    ],
    ['offer to connected, median, direct and relayed', both('connect')],
    ['Accept to both heard, median, direct and relayed', both('heard')],
  ]);
}

for (const [i, [a, b]] of ALL.entries())
  test(`${a} calls ${b}`, { skip, timeout: 180_000 }, async () => {
    const measured = await cell(lab, i + 1, a, b);
    cells.push({ a, b, measured });
    judge(cells[cells.length - 1]);
  });
