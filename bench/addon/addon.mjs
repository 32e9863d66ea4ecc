// Two Thunderbirds with the same mail account, in turn: one with the add-on, enrolled, with a contact who is here; one without it.
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { addAccount, packAddon, world, XPI } from '../../client/test/e2e/addon-world.js';
import { agent, eventually, until } from '../../client/test/e2e/agents.js';
import { thunderbird } from '../../client/test/e2e/thunderbird.js';
import { median } from '../first/report.mjs';
import { family, memory, processor } from './processes.mjs';

const ROUNDS = 3;
/** What follows a start: mail is looked for, folders are read. */
const SETTLED_MILLIS = 30_000;
const WINDOW_MILLIS = 40_000;
const LIMITS = { start: 300, idle: 0.5, memory: 60 };
const ALICE = 'alice@example.net';
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** The agent, as a page of the add-on asks it. @param {any} tb @param {string} body  with `core` */
const asked = (tb, body) =>
  tb.page(
    'space.html',
    `const { remote } = await import('/thunderbird/wire.js');
    const port = browser.runtime.connect({ name: 'starling' });
    try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`,
  );

async function enrolled(around) {
  const tb = await thunderbird({ folder: '' });
  await addAccount(tb, around.mail, ALICE);
  await tb.install(XPI);
  await tb.background(`await browser.storage.local.set({ servers: ${JSON.stringify(around.bases)} })`);
  await tb.background(
    `const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`,
  );
  const there = () => asked(tb, 'return true').catch(() => false);
  await eventually(there, 'the space', 60_000, 200);
  await asked(
    tb,
    `const text = ${JSON.stringify(around.root)}; await core.addAnchors(text, (await core.readAnchors(text)).map((each) => each.id));
    for (const base of ${JSON.stringify(around.bases)}) await core.addPeer(base);
    await core.enrol('${ALICE}');`,
  );
  await eventually(async () => (await asked(tb, 'return core.state.me.status')) === 'online', 'online', 180_000, 500);
  const bob = await agent(around.bases);
  const anchors = (await bob.readAnchors(around.root)).map((each) => each.id);
  await bob.addAnchors(around.root, anchors);
  await bob.enrol('bob@example.net');
  await eventually(async () => {
    const code = await around.mail.code('bob');
    return code && (await bob.submitCode(code).then(() => true));
  }, 'a mail for bob');
  await until(bob, (s) => s.me.status === 'online', 'bob online', 60_000);
  await asked(tb, `await core.requestContact('bob@example.net', {})`);
  await until(bob, (s) => s.requests.length === 1, 'the request', 60_000);
  await bob.acceptRequest(ALICE);
  await eventually(
    async () => (await asked(tb, 'return core.state.contacts[0]?.presence')) === 'online',
    'bob here',
    120_000,
    500,
  );
  // What was open is opened again by the next start.
  await tb.background(
    `for (const { id } of await browser.tabs.query({ url: browser.runtime.getURL('*') })) await browser.tabs.remove(id);`,
  );
  return { tb, bob };
}

/** One start of one profile, and what it takes while nobody does anything. @param {string} folder @param {boolean} withAddon */
async function measured(folder, withAddon) {
  const tb = await thunderbird({ folder });
  try {
    const started = await tb.chrome(`
      const info = Services.startup.getStartupInfo();
      return { window: (info.firstPaint2 ?? info.firstPaint) - info.process, restored: info.sessionRestored ? info.sessionRestored - info.process : 0 };`);
    if (withAddon)
      await eventually(
        async () => (await tb.background('return document.readyState === "complete"').catch(() => false)) === true,
        'the add-on',
        60_000,
      );
    await pause(SETTLED_MILLIS);
    const pids = await family(tb.pid);
    const before = await processor(pids);
    await pause(WINDOW_MILLIS);
    const idle = ((await processor(pids)) - before) / (WINDOW_MILLIS / 1000);
    return { window: started.window, total: before, idle: idle * 100, memory: await memory(pids) };
  } finally {
    await tb.close();
  }
}

await packAddon();
const around = await world(['alice', 'bob']);
const load = loadavg()[0];
let bob;
try {
  const first = await enrolled(around);
  bob = first.bob;
  const withIt = first.tb.profile;
  await first.tb.command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
  await eventually(async () => (await family(first.tb.pid)).length === 1, 'its end', 30_000, 200);
  const bare = await thunderbird({});
  await addAccount(bare, around.mail, ALICE);
  const without = bare.profile;
  await bare.command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => {});
  await eventually(async () => (await family(bare.pid)).length === 1, 'its end', 30_000, 200);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 ? [true, false] : [false, true];
    const seen = {};
    for (const each of order) seen[each] = await measured(each ? withIt : without, each);
    rounds.push(seen);
    console.log(`round ${round + 1}: without ${JSON.stringify(seen.false)}, with ${JSON.stringify(seen.true)}`);
  }
  const rows = [];
  let short = 0;
  const row = (name, unit, of, limit) => {
    const differences = rounds.map((each) => each.true[of] - each.false[of]);
    const value = median(differences);
    const spread = (values) =>
      `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}-${Math.max(...values).toFixed(1)})`;
    const ok = limit === undefined || value <= limit;
    if (!ok) short++;
    const bar = limit === undefined ? '' : `<= ${limit} ${ok ? 'ok' : '**short**'}`;
    console.log(`${limit === undefined ? '' : 'BAR '}${name}: ${value.toFixed(2)} ${unit} ${bar}`);
    rows.push(
      `| ${name} | ${unit} | ${spread(rounds.map((each) => each.false[of]))} | ${spread(rounds.map((each) => each.true[of]))} | ${spread(differences)} | ${bar} |`,
    );
  };
  row('the window is drawn, after the start', 'ms', 'window', LIMITS.start);
  row('CPU of the start and half a minute', 's', 'total');
  row('CPU while nothing happens', '% of a core', 'idle', LIMITS.idle);
  row('memory (PSS of all its processes)', 'MiB', 'memory', LIMITS.memory);
  const table = [
    '# What the add-on costs Thunderbird',
    '',
    `\`./build bench addon\`, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (load of others ${load.toFixed(1)}), Debian's Thunderbird without a screen, ${ROUNDS} rounds in turn. Median (least-greatest); the difference is taken within each round. What each line means: bench/README.md.`,
    '',
    '| what | unit | without | with | difference | limit |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  console.log(table);
  if (process.argv.includes('--write')) await writeFile('docs/bench-addon.md', table);
  process.exitCode = short ? 1 : 0;
} finally {
  await bob?.close();
  await around.close();
}
