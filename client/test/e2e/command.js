// Commands that end by themselves.
import { spawn } from 'node:child_process';
import { starling } from './servers.js';

/**
 * Runs `./starling` to its end.
 * @param {string[]} args @param {(said: string) => Promise<string | null> | null} [input]  what to type, once, when it has said so much
 * @returns {Promise<{status: number, said: string}>}
 */
export async function command(args, input = () => null) {
  const child = spawn(starling, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // Who is asked nothing has ended before.
  child.stdin.on('error', () => {});
  let said = '';
  let typed = false;
  const take = async (piece) => {
    said += piece;
    if (typed) return;
    const text = input(said);
    if (!text) return;
    typed = true;
    const line = await text;
    if (line === null) typed = false;
    else child.stdin.end(`${line}\n`);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const status = await new Promise((resolve) => child.on('exit', resolve));
  return { status, said };
}
