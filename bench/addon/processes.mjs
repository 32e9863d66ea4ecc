// What the processes of one program take, from /proc.
import { readdir, readFile } from 'node:fs/promises';

const TICKS_A_SECOND = 100;

/** @param {number} root  pid @returns {Promise<number[]>} it and whatever it started */
export async function family(root) {
  const parents = new Map();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // The name, in brackets, may hold blanks.
    if (stat) parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const all = [root];
  for (const pid of all) for (const [child, parent] of parents) if (parent === pid) all.push(child);
  return all;
}

/** What is shared counts in parts. @param {number[]} pids @returns {Promise<number>} MiB */
export async function memory(pids) {
  let kibibytes = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    kibibytes += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return kibibytes / 1024;
}

/** @param {number[]} pids @returns {Promise<number>} s of CPU so far */
export async function processor(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    ticks += (user ?? 0) + (system ?? 0);
  }
  return ticks / TICKS_A_SECOND;
}
