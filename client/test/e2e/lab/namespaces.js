// Network namespaces of this computer (Linux, root): made, joined by cables, and taken away with every process in them. What a run that was cut off left
// behind, the next one takes away.
import { execFile, spawnSync } from 'node:child_process';

const PREFIX = 'starling-lab-';
const OURS = new RegExp(`^${PREFIX}(\\d+)-`);
const PROGRAMS = { ip: 'iproute2', nft: 'nftables' };

/** Why there can be none here; '' when there can. */
export function unable() {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [program, debian] of Object.entries(PROGRAMS))
    if (spawnSync(program, ['-V']).error) return `${program} is not installed (apt-get install ${debian})`;
  const { status, stderr } = spawnSync('unshare', ['-n', 'true'], { encoding: 'utf8' });
  return status === 0 ? '' : `no network namespaces: ${stderr.trim()}`;
}

/** Runs a program to its end. @param {string} program @param {string[]} args @param {string} [input] @returns {Promise<string>} what it said */
function must(program, args, input = '') {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) =>
      error ? reject(new Error(`${program} ${args.join(' ')}: ${stderr || error.message}`)) : resolve(stdout),
    );
    // Who ends early says why on its own.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** With every process in it. @param {string} name */
async function remove(name) {
  for (const pid of (await must('ip', ['netns', 'pids', name])).split('\n').filter(Boolean))
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  await must('ip', ['netns', 'del', name]);
}

/** @param {number} pid */
function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (e) {
    return /** @type {NodeJS.ErrnoException} */ (e).code === 'EPERM';
  }
}

/** Takes away what belongs to runs that are no more. */
async function sweep() {
  for (const line of (await must('ip', ['netns', 'list'])).split('\n')) {
    const [name] = line.split(' ');
    const pid = Number(OURS.exec(name)?.[1]);
    // Perhaps another run does the same.
    if (pid && !alive(pid)) await remove(name).catch(() => {});
  }
}

/** @typedef {Awaited<ReturnType<typeof namespaces>>} Namespaces */

export async function namespaces() {
  await sweep();
  /** @type {Set<string>} */
  const all = new Set();

  /** Several commands of `ip`, one a line, as a computer of that namespace would give them. @param {string} where @param {string} commands */
  const ip = (where, commands) =>
    must('ip', ['-n', where, '-batch', '-'], commands.trim().replace(/^\s+/gm, '') + '\n');

  return {
    ip,

    /** @param {string} what  a name of at most a few letters @returns {Promise<string>} as `ip netns` knows it */
    async add(what) {
      const name = `${PREFIX}${process.pid}-${what}`;
      await must('ip', ['netns', 'add', name]);
      all.add(name);
      // No wait for a neighbour that might have the same address.
      const settings = ['accept_dad=0', 'forwarding=1'].flatMap((each) =>
        ['all', 'default'].map((which) => `net.ipv6.conf.${which}.${each}`),
      );
      await must('ip', ['netns', 'exec', name, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', ...settings]);
      await ip(name, 'link set lo up');
      return name;
    },

    /** @param {string} where @param {string} rules  of nft, in place of those before */
    filter: (where, rules) => must('ip', ['netns', 'exec', where, 'nft', '-f', '-'], `flush ruleset\n${rules}`),

    /** @param {string} name */
    async remove(name) {
      all.delete(name);
      await remove(name);
    },

    async close() {
      for (const name of all) await remove(name);
      all.clear();
    },
  };
}
