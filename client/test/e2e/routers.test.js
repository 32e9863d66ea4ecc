// The routers of the laboratory are what they are called: mapping and filtering, as RFC 4787 has it, found out from outside. Without it a matrix says little.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { internet } from './lab/internet.js';
import { namespaces, unable } from './lab/namespaces.js';
import { KINDS, isDirect } from './lab/nat.js';

const PROBE = fileURLToPath(new URL('lab/probe.js', import.meta.url));

const skip = unable() || false;
/** @type {import('./lab/namespaces.js').Namespaces} */
let spaces;
/** @type {Awaited<ReturnType<typeof internet>>} */
let net;
/** @type {import('node:child_process').ChildProcess} */
let echo;
before(async () => {
  if (skip) return;
  spaces = await namespaces();
  net = await internet(spaces);
  echo = probe(net.core, 'echo');
  await once(echo, 'message');
});
after(async () => {
  echo?.disconnect();
  await spaces?.close();
});

/** @param {string} namespace @param {string} what */
const probe = (namespace, what) =>
  fork(PROBE, [what], { execPath: 'ip', execArgv: ['netns', 'exec', namespace, process.execPath] });

for (const [i, [kind, { translated, mapping, filtering }]] of Object.entries(KINDS).entries())
  test(`${kind}: mapping ${mapping}, filtering ${filtering}`, { skip }, async () => {
    const home = await net.home(0, i + 1, kind);
    try {
      const [found] = await once(probe(home.namespace, 'ask'), 'message');
      const nothing = translated ? mapping : 'independent';
      assert.equal(found.filtering, filtering === 'none' ? 'independent' : filtering);
      if (filtering !== 'udp') assert.equal(found.mapping, nothing);
    } finally {
      await home.close();
    }
  });

test('what theory says of each pair', () => {
  const kinds = Object.keys(KINDS);
  const relayed = kinds.flatMap((a) => kinds.filter((b) => !isDirect(a, b)).map((b) => `${a}, ${b}`));
  const barred = ['port-restricted, symmetric', 'symmetric, port-restricted', 'symmetric, symmetric'];
  const blocked = kinds.flatMap((each) => [`${each}, UDP blocked`, `UDP blocked, ${each}`]);
  assert.deepEqual(relayed.sort(), [...new Set([...barred, ...blocked])].sort());
});
