// Ten thousand people in the add-on's address book, in Debian's Thunderbird: how long it takes to write them, and one change; and whether the window goes on answering
// meanwhile. The agent itself knows fewer (core/agent/contacts.js), so they are made up and handed to the book.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packAddon, XPI } from '../e2e/addon-world.js';
import { thunderbird } from '../e2e/thunderbird.js';

const PEOPLE = Number(process.env.STARLING_PEOPLE ?? 10_000);
const HERE = Math.floor(PEOPLE / 50);
const ROUND_MILLIS = 2000;
const MOST_MILLIS = 3_600_000;

/** In the background page; `kept` lives from one call to the next. @param {any} tb @param {string} body */
const run = (tb, body) => tb.background(`const kept = (window.kept ??= {}); ${body}`);

const begin = `
  const { addressBook } = await import('/thunderbird/book.js');
  const { openStore } = await import('/web/store-idb.js');
  kept.warnings ??= [];
  kept.book = addressBook({ store: await openStore(), online: (n) => 'Online now (' + n + ')', warn: (e) => kept.warnings.push(String(e)) });
  kept.person = (n) => ({ address: 'p' + n + '@example.net', name: 'Person ' + n, state: 'accepted', presence: n < ${HERE} ? 'online' : 'offline', note: '', trust: 'verified', unread: 0, last: null });
  kept.people ??= Array.from({ length: ${PEOPLE} }, (_, n) => kept.person(n));
  kept.show = () => { const began = performance.now(); kept.took = 0; kept.book.show(kept.people).then(() => (kept.took = performance.now() - began)); };`;

/** Until what is asked for has been written. @param {any} tb @param {(cards: number) => void} [each] @returns {Promise<number>} ms */
async function written(tb, each = () => {}) {
  const until = Date.now() + MOST_MILLIS;
  while (Date.now() < until) {
    const took = await run(tb, 'return kept.took');
    if (took) return Math.round(took);
    each(await cards(tb));
    await new Promise((resolve) => setTimeout(resolve, ROUND_MILLIS));
  }
  throw new Error('it does not end');
}
const cards = (tb) =>
  tb.chrome(`const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
    return MailServices.ab.directories.find((each) => each.dirName === 'Starling')?.childCardCount ?? 0`);

/** How late the main thread of Thunderbird runs what is due every 10 ms. */
const watchWindow = (tb) =>
  tb.chrome(`const w = Services.wm.getMostRecentWindow('mail:3pane'); w.lags = []; let due = w.performance.now() + 10;
    w.clearInterval(w.lagTimer); w.lagTimer = w.setInterval(() => { const now = w.performance.now(); w.lags.push(Math.max(0, now - due)); due = now + 10; }, 10);`);
const lags = (tb) =>
  tb.chrome(`const w = Services.wm.getMostRecentWindow('mail:3pane'); const all = w.lags.sort((a, b) => a - b); w.lags = [];
    const at = (part) => Math.round(all[Math.min(all.length - 1, Math.floor(all.length * part))]);
    return { half: at(0.5), 'of 100': at(0.99), most: at(1), count: all.length };`);

test(`${PEOPLE} people: the book is written, and the window answers`, { timeout: 2 * MOST_MILLIS }, async () => {
  await packAddon();
  const tb = await thunderbird();
  const say = async (what, ms) =>
    console.log(`# ${what}: ${ms} ms; the window is late by ${JSON.stringify(await lags(tb))} ms`);
  try {
    await tb.install(XPI);
    await watchWindow(tb);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await say('idle', 5000);
    await run(tb, `${begin} kept.show();`);
    const began = Date.now();
    let all = 0;
    const fill = await written(tb, (count) => {
      if (!all && count >= PEOPLE) all = Date.now() - began;
    });
    await say(`all cards after ${all} ms, all pictures`, fill);
    assert.ok((await cards(tb)) >= PEOPLE);
    const change = async (what, body) => {
      await run(tb, `${body} kept.show();`);
      const took = await written(tb);
      await say(what, took);
      return took;
    };
    const nothing = await change('nothing changed', 'kept.people = kept.people.map((each) => ({ ...each }));');
    const one = await change(
      'one comes online',
      `kept.people = kept.people.with(${PEOPLE - 1}, { ...kept.people.at(-1), presence: 'online' });`,
    );
    const told = await run(
      tb,
      `const { difference } = await import('/thunderbird/delta.js'); const began = performance.now();
      const { people } = difference({ contacts: kept.people }, { contacts: kept.people.map((each, n) => ({ ...each, presence: n === 5 ? 'busy' : each.presence })) });
      return [people.set.length, Math.round(performance.now() - began)];`,
    );
    console.log(`# what a page is told of one change: ${told[0]} row, found in ${told[1]} ms`);
    await change(
      `${HERE} come online`,
      `kept.people = kept.people.map((each, n) => (n >= ${HERE} && n < ${2 * HERE} ? { ...each, presence: 'online' } : each));`,
    );
    await tb.background(`await browser.addressBooks.openUI()`);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    await say('the address book is opened', 10_000);
    await change(
      'one goes, while it is open',
      `kept.people = kept.people.with(3, { ...kept.people[3], presence: 'offline' });`,
    );
    const again = await change('the add-on starts again', begin);
    console.log(`# ${JSON.stringify({ nothing, one, again, memory: await tb.memory?.() })}`);
    assert.deepEqual(await run(tb, 'return kept.warnings'), []);
    assert.ok(one < 1000, `${one} ms`);
  } finally {
    await tb.close();
  }
});
