// Client start -> reachable with two peers on real OpenDHT nodes: a stored agent is opened again and again. The line joins the table of the Java part.
import { appendFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { agent, until } from '../../client/test/e2e/agents.js';
import { twoPeers } from '../../client/test/e2e/servers.js';
import { enrol } from '../first/world.mjs';
import { median } from '../first/report.mjs';

const WARM_UP = 3;
const RUNS = 20;
const LIMIT_MILLIS = 1_000;
const WHAT = 'client start -> reachable, two peers on 9 nodes';

async function measured(bases) {
  let one = await agent([...bases]);
  await enrol(one, bases[0], 'reach@example.net');
  const values = [];
  for (let i = 0; i < WARM_UP + RUNS; i++) {
    await one.close();
    const start = performance.now();
    one = await agent([...bases], { store: one.store });
    await until(one, (s) => s.me.status === 'online', 'online');
    if (i >= WARM_UP) values.push(performance.now() - start);
  }
  await one.close();
  return values.sort((a, b) => a - b);
}

const peers = await twoPeers({ dht: 'opendht' });
let values;
try {
  values = await measured(peers.bases);
} finally {
  await peers.close();
}
const middle = median(values).toFixed(0);
const ok = Number(middle) <= LIMIT_MILLIS;
const spread = `${middle} / ${values[Math.floor(0.99 * RUNS)].toFixed(0)} ms (${RUNS})`;
console.log(`${WHAT}: ${spread}`);
console.log(`BAR ${WHAT} ${middle} <= ${LIMIT_MILLIS} ${ok ? 'ok' : 'short'}`);
if (process.argv.includes('--write'))
  await appendFile(
    fileURLToPath(new URL('../../docs/bench-dht.md', import.meta.url)),
    `| ${WHAT} | ${spread} | <= ${LIMIT_MILLIS} ms ${ok ? 'ok' : '**short**'} |\n`,
  );
process.exit(ok ? 0 : 3);
