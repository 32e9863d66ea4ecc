// `starling phone add` as its user types it: answers what it asks, and waits until the phone is one of the person's devices.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, until } from './agents.js';
import { starling } from './servers.js';

/**
 * @param {Awaited<ReturnType<typeof import('./agents.js').agent>>} owner @param {string} name  of the phone
 * @param {{words: string[], code: () => Promise<string>, env?: Record<string, string>}} how  words: where the server and its CA are; code: of the mail that comes
 * @returns {Promise<{user: string, password: string, said: string}>}
 */
export async function addPhone(owner, name, { words, code, env = {} }) {
  owner.showDeviceCode();
  await until(owner, (s) => !!s.adding, 'a code');
  const { address } = owner.state.me;
  const args = ['phone', 'add', address, '--name', name, '--code', owner.state.adding?.code ?? '', ...words];
  const child = spawn(starling, args, { env: { ...process.env, ...env } });
  let said = '';
  let asked = false;
  const hear = async (/** @type {Buffer} */ piece) => {
    said += piece;
    if (asked || !/Paste the code/.test(said)) return;
    asked = true;
    child.stdin.end(`${await code()}\n`);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const status = await new Promise((resolve) => child.on('exit', resolve));
  if (status !== 0) throw new Error(said);
  await until(owner, (s) => s.devices.some((each) => each.name === name), `${name} on the list`, 60_000);
  const of = (/** @type {RegExp} */ what) => what.exec(said)?.[1] ?? '';
  // The server says there what `starling phone list` shows.
  const standing = join(words[words.indexOf('--data') + 1], 'phones', of(/account\s+(\S+)/), 'standing');
  await eventually(
    () =>
      readFile(standing, 'utf8').then(
        (text) => text === 'ready',
        () => false,
      ),
    `${name} ready`,
  );
  return { user: of(/account\s+(\S+)/), password: of(/Password\s+(\S+)/), said };
}
