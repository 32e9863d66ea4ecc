// A folder that holds 100,000 saved messages, in Debian's Thunderbird: what is said now is saved, once, also when Thunderbird is killed in the middle and has to read
// the whole folder again; the window goes on answering, and memory stays bounded. The agent is made up and handed to what saves; the mails lie there before the start.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { asMail } from '../../thunderbird/as-mail.js';
import { packAddon, XPI } from '../e2e/addon-world.js';
import { eventually } from '../e2e/agents.js';
import { thunderbird } from '../e2e/thunderbird.js';

const MAILS = Number(process.env.STARLING_TRANSCRIPTS ?? 100_000);
/** So many are said at once now. */
const NEW = 150;
const PEOPLE = 20;
/** From one to the next, ms. */
const STEP = 600_000;
/** Thunderbird's index for its global search reads all mails when it is idle: its own matter, and not measured here. */
const PREFS = { 'mailnews.database.global.indexer.enabled': false };
const MORE_MEBIBYTES = 60;
/** So late the window may answer, 99 times of 100, on a machine that does other things. */
const LATE_MILLIS = 1000;
const ME = { address: 'alice@example.net', name: 'Alice' };

const address = (who) => `p${who}@example.net`;
const begin = Date.now() - MAILS * STEP - 86_400_000;
let profile, tb;

/** A mail as it is saved, once for each person and direction; `ID`, `ROOT` and `DATE` are put in. @param {number} who @param {boolean} mine */
function template(who, mine) {
  const other = { address: address(who), name: `Person ${who}` };
  const text = 'What was said long ago, and a few words more, so that it is as long as such things are.';
  const one = { id: 'ID', with: other.address, mine, text, at: 0, state: /** @type {const} */ ('received'), why: '' };
  const mail = asMail(one, 'ROOT', { me: ME, other, subject: `Conversation with ${other.name}` });
  const top = 'From - Mon Nov 30 12:00:00 2026\r\nX-Mozilla-Status: 0001\r\nX-Mozilla-Status2: 00000000\r\n';
  return `${top}${new TextDecoder().decode(mail)}\r\n`.replace(/^Date: .*/m, 'Date: DATE');
}

/** As Thunderbird keeps mails on disk. @param {string} file */
async function writeFolder(file) {
  const all = Array.from({ length: 2 * PEOPLE }, (_, n) => template(n >> 1, n % 2 === 0));
  const pieces = [];
  for (let n = 0; n < MAILS; n++)
    pieces.push(
      all[2 * (n % PEOPLE) + (n % 3 ? 1 : 0)]
        .replace('<ID@', `<old-${n}@`)
        .replaceAll('<ROOT@', `<old-${n - (n % 500) + (n % PEOPLE)}@`)
        .replace('DATE', new Date(begin + n * STEP).toUTCString().replace('GMT', '+0000')),
    );
  await writeFile(file, pieces.join(''));
}

before(async () => {
  await packAddon();
  profile = await mkdtemp(join(tmpdir(), 'starling-transcripts-'));
  tb = await thunderbird({ folder: profile, prefs: PREFS });
  const file = await tb.chrome(`
    const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
    try { MailServices.accounts.localFoldersServer; } catch { MailServices.accounts.createLocalMailAccount(); }
    const root = MailServices.accounts.localFoldersServer.rootFolder;
    root.createSubfolder('Starling', null);
    root.getChildNamed('Starling').createSubfolder('Conversations', null);
    return root.getChildNamed('Starling').getChildNamed('Conversations').filePath.path;`);
  await tb.close();
  await writeFolder(file);
  await rm(`${file}.msf`, { force: true });
  console.log(`# ${MAILS} mails, ${Math.round((await stat(file)).size / 1024 / 1024)} MiB`);
  tb = await thunderbird({ folder: profile, prefs: PREFS });
  await tb.install(XPI);
});
after(async () => {
  await tb?.close();
  await rm(profile, { recursive: true, force: true });
});

const FOLDER = `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  // Whoever asks for them all has them found on disk.
  const below = (parent, name) => (void parent.subFolders.length, parent.getChildNamed(name));
  const folder = below(below(MailServices.accounts.localFoldersServer.rootFolder, 'Starling'), 'Conversations');`;
const count = () => tb.chrome(`${FOLDER} return folder.getTotalMessages(false);`);

/** In the background page; `kept` lives from one call to the next. @param {string} body */
const run = (body) => tb.background(`const kept = (window.kept ??= {}); ${body}`);

/** What saves, with an agent that is made up: everybody has said all that lies in the folder, and what is said now. @param {string} name  of what is said now */
const start = (name) =>
  run(`
  const { transcripts } = await import('/thunderbird/transcripts.js');
  kept.warnings ??= [];
  kept.said = new Map();
  const old = (who) => {
    const all = [];
    for (let n = who; n < ${MAILS}; n += ${PEOPLE}) all.push({ id: 'old-' + n, with: 'p' + who + '@example.net', mine: n % 3 === 0, text: 'old', at: ${begin} + n * ${STEP}, state: 'received', why: '' });
    return all;
  };
  kept.asked = 0;
  kept.core = {
    state: { me: ${JSON.stringify(ME)}, pastCalls: [] },
    on() {},
    async messages(address, before, limit) {
      kept.asked++;
      if (!kept.said.has(address)) kept.said.set(address, old(Number(address.slice(1, address.indexOf('@')))));
      const all = kept.said.get(address);
      const end = before ? all.findIndex((each) => each.id === before.id) : all.length;
      return all.slice(Math.max(0, end - limit), end);
    },
  };
  kept.contact = (who) => {
    const last = kept.said.get('p' + who + '@example.net')?.at(-1) ?? null;
    return { address: 'p' + who + '@example.net', name: 'Person ' + who, state: 'accepted', presence: 'online', note: '', trust: 'verified', unread: 0, last };
  };
  kept.transcripts = transcripts({ core: kept.core, subject: (name, day) => 'Conversation with ' + name + ', ' + day, call: () => '', warn: (e) => kept.warnings.push(String(e)) });
  for (let who = 0; who < ${PEOPLE}; who++) await kept.core.messages('p' + who + '@example.net', undefined, 1);
  // As it is remembered of those that were saved lately: transcripts.js.
  for (const [address, all] of kept.said) {
    const key = 'saved ' + address;
    const { [key]: ids } = await browser.storage.local.get({ [key]: null });
    if (!ids) await browser.storage.local.set({ [key]: Object.fromEntries(all.filter(({ at }) => at > ${Date.now()} - 9 * 86_400_000).map(({ id, at }) => [id, at])) });
  }
  kept.say = (name, many) => {
    for (let n = 0; n < many; n++) {
      const all = kept.said.get('p' + (n % ${PEOPLE}) + '@example.net');
      all.push({ id: name + '-' + n, with: all[0].with, mine: n % 2 === 0, text: name + ' ' + n, at: ${Date.now()} + n, state: 'received', why: '' });
    }
    kept.transcripts.keep(Array.from({ length: ${PEOPLE} }, (_, who) => kept.contact(who)));
  };
  kept.say(${JSON.stringify(name)}, ${NEW});`);

/** How late the main thread of Thunderbird runs what is due every 10 ms. */
const watchWindow = () =>
  tb.chrome(`const w = Services.wm.getMostRecentWindow('mail:3pane'); w.lags = []; let due = w.performance.now() + 10;
    w.clearInterval(w.lagTimer); w.lagTimer = w.setInterval(() => { const now = w.performance.now(); w.lags.push(Math.max(0, now - due)); due = now + 10; }, 10);`);
const lags = () =>
  tb.chrome(`const w = Services.wm.getMostRecentWindow('mail:3pane'); const all = w.lags.sort((a, b) => a - b); w.lags = [];
    const at = (part) => Math.round(all[Math.min(all.length - 1, Math.floor(all.length * part))]);
    return { half: at(0.5), 'of 100': at(0.99), most: at(1), count: all.length };`);

/** Of Thunderbird and its processes, each page counted once, MiB. */
async function memory() {
  let sum = 0;
  for (const pid of await readdir('/proc')) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (pid !== String(tb.pid) && /^PPid:\s*(\d+)/m.exec(status)?.[1] !== String(tb.pid)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    sum += Number(/^Pss:\s*(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return Math.round(sum / 1024);
}

/** What lies in the folder, by its Message-IDs: how many mails, and which of them more than once. */
const lies = () =>
  tb.chrome(
    `${FOLDER} const seen = new Set(), twice = []; let all = 0; for (const each of folder.messages) { all++; if (seen.has(each.messageId)) twice.push(each.messageId); seen.add(each.messageId); } return { all, twice };`,
  );

test(`among ${MAILS} mails, what is said now is saved, and the window answers`, { timeout: 1_800_000 }, async () => {
  const beganIndex = performance.now();
  await tb.chrome(
    `${FOLDER} folder.QueryInterface(Ci.nsIMsgLocalMailFolder); try { folder.getDatabaseWithReparse(null, null); } catch { folder.updateFolder(null); }`,
  );
  await eventually(async () => (await count()) === MAILS, 'Thunderbird’s index of the folder', 600_000, 500);
  console.log(`# Thunderbird reads the folder in ${Math.round(performance.now() - beganIndex)} ms`);
  const before = await memory();
  await watchWindow();
  const began = performance.now();
  await start('now');
  await eventually(async () => (await count()) >= MAILS + NEW, 'all saved', 600_000, 100).catch(async (e) => {
    throw new Error(`${e.message}: ${await count()}, ${await run('return kept.warnings')}`);
  });
  const took = Math.round(performance.now() - began);
  const late = await lags();
  const now = await memory();
  console.log(
    `# ${NEW} saved in ${took} ms, ${(took / NEW).toFixed(1)} ms each; the window is late by ${JSON.stringify(late)} ms; ${before} MiB before, ${now} MiB after; pages asked of the agent: ${await run('return kept.asked')}`,
  );
  assert.deepEqual(await run('return kept.warnings'), []);
  assert.deepEqual(await lies(), { all: MAILS + NEW, twice: [] });
  assert.ok(late['of 100'] < LATE_MILLIS, JSON.stringify(late));
  assert.ok(now - before < MORE_MEBIBYTES, `${now - before} MiB`);
});

test(
  'killed while some are saved, and started again: Thunderbird reads the folder anew, nothing is lost and nothing there twice',
  { timeout: 1_800_000 },
  async () => {
    const before = await count();
    await run(`kept.say('killed', ${NEW})`);
    await eventually(async () => (await count()) > before + NEW / 3, 'some saved', 60_000, 5);
    const there = await count();
    await tb.kill();
    assert.ok(there < before + NEW, 'too late: all are saved');
    tb = await thunderbird({ folder: profile, prefs: PREFS });
    await eventually(() => tb.background('return true').catch(() => false), 'the add-on');
    const began = performance.now();
    await watchWindow();
    await start('killed');
    const wanted = before + NEW;
    await eventually(async () => (await count()) >= wanted, 'all saved', 600_000, 200).catch(async (e) => {
      throw new Error(`${e.message}: ${await count()} of ${wanted}, ${await run('return kept.warnings')}`);
    });
    console.log(
      `# killed with ${there - before} of ${NEW} saved; all there ${Math.round(performance.now() - began)} ms after the start; the window is late by ${JSON.stringify(await lags())} ms; warnings ${JSON.stringify(await run('return kept.warnings'))}`,
    );
    assert.deepEqual(await lies(), { all: MAILS + 2 * NEW, twice: [] });
  },
);
