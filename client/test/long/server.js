// What a long test watches in a peer's process, and the table it leaves in target/long.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const target = fileURLToPath(new URL('../../../target/long/', import.meta.url));
const jcmd = join(process.env.JAVA_HOME ?? '', 'bin/jcmd');
const KIB = 1024;
const MIB = 1024 * KIB;

/** @typedef {{heap: number, threads: number, files: number, stored: number}} Sample  bytes after a full collection, count, open file handles, bytes of all databases */

/** @param {number} pid @param {string} data  the peer's folder @returns {Promise<Sample>} */
export async function sample(pid, data) {
  await promisify(execFile)(jcmd, [String(pid), 'GC.run']);
  const { stdout } = await promisify(execFile)(jcmd, [String(pid), 'GC.heap_info']);
  const used = [...stdout.matchAll(/\b(?:DefNew|Tenured)\s+total \d+K, used (\d+)K/g)];
  if (used.length !== 2) throw new Error(`no heap in ${stdout}`);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    heap: used.reduce((sum, [, kib]) => sum + Number(kib) * KIB, 0),
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    files: (await readdir(`/proc/${pid}/fd`)).length,
    stored: await size(data),
  };
}

/** @param {string} folder @returns {Promise<number>} */
async function size(folder) {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }))
    if (/\.db(-wal)?$/.test(name))
      bytes += await stat(join(folder, name)).then(
        (s) => s.size,
        () => 0,
      );
  return bytes;
}

const LIMITS = {
  heap: (/** @type {number} */ early) => early * 1.3 + 24 * MIB,
  threads: (/** @type {number} */ early) => early + 15,
  files: (/** @type {number} */ early) => early + 25,
  stored: (/** @type {number} */ early) => early * 2 + 8 * MIB,
};

/**
 * What grew beyond what a steady load explains, between the first and the last third.
 * @param {Sample[]} samples
 * @returns {{grown: string[], rows: string[][]}}
 */
export function steadiness(samples) {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const mean = (/** @type {Sample[]} */ some, /** @type {keyof Sample} */ what) =>
    some.reduce((sum, each) => sum + each[what], 0) / some.length;
  const grown = [];
  const rows = [];
  for (const what of /** @type {(keyof Sample)[]} */ (Object.keys(LIMITS))) {
    const early = mean(samples.slice(0, third), what);
    const late = mean(samples.slice(-third), what);
    const limit = LIMITS[what](early);
    if (!(late <= limit)) grown.push(`${what}: ${early} -> ${late}, limit ${limit}`);
    const shown = (/** @type {number} */ value) =>
      what === 'heap' || what === 'stored' ? `${(value / MIB).toFixed(1)} MiB` : value.toFixed(0);
    const name = { heap: 'heap after collection', threads: 'threads', files: 'file handles', stored: 'databases' }[
      what
    ];
    rows.push([`first peer: ${name}, first third -> last third`, `${shown(early)} -> ${shown(late)}`]);
  }
  return { grown, rows };
}

/** @param {string} name @param {string[][]} rows */
export async function leaveTable(name, rows) {
  const text = rows.map(([what, value]) => `| ${name} | ${what} | ${value} |\n`).join('');
  await mkdir(target, { recursive: true });
  await writeFile(join(target, `${name}.md`), text);
  console.log(text);
}
