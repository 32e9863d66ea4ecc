// Whom one wrote to lately, and the listeners of the settings.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { lately } from '../thunderbird/acquaintances.js';
import { onLettersChanged } from '../thunderbird/letter-setting.js';

const HOUR = 3_600_000;
afterEach(() => delete globalThis.browser);

test('each folder is gone through once, one after the other, and not again for an hour', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = [];
  let [running, most, fails] = [0, 0, true];
  const mail = (i, to) => ({ date: new Date(i), recipients: [to], ccList: [] });
  // The oldest first, as Thunderbird gives them.
  const all = [...Array.from({ length: 1500 }, (_, i) => mail(i, 'old@example.net')), mail(2000, 'new@example.net')];
  const page = (at) => ({ id: at + 100 < all.length ? String(at + 100) : null, messages: all.slice(at, at + 100) });
  globalThis.browser = {
    accounts: { list: async () => [{ identities: [{ email: 'Alice@example.net' }] }] },
    folders: {
      async query() {
        if (fails) throw new Error('not now');
        return [{ id: 'one' }, { id: 'two' }];
      },
    },
    messages: {
      async query({ folderId, fromDate }) {
        asked.push([folderId, fromDate.getTime()]);
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return folderId === 'one' ? page(0) : { id: null, messages: [mail(3000, 'Bob <bob@example.net>')] };
      },
      continueList: async (id) => page(Number(id)),
    },
  };
  const now = 100 * 24 * HOUR;
  await assert.rejects(lately(now));
  fails = false;
  const looking = lately(now);
  for (let i = 0; i < 100; i++) await Promise.resolve();
  assert.equal(asked.length, 1, 'a pause before the next');
  t.mock.timers.tick(500);
  const people = await looking;
  assert.deepEqual(
    people.map(({ address }) => address),
    ['bob@example.net', 'new@example.net', 'old@example.net'],
  );
  const from = now - 30 * 24 * HOUR;
  assert.deepEqual(
    [asked, most],
    [
      [
        ['one', from],
        ['two', from],
      ],
      1,
    ],
  );
  assert.equal(await lately(now + HOUR - 1), people);
  assert.equal(asked.length, 2);
  void lately(now + HOUR).catch(() => {});
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assert.equal(asked.length, 3);
});

test('whoever has heard enough of the setting is not told any more', () => {
  const listeners = new Set();
  const onChanged = { addListener: (fn) => listeners.add(fn), removeListener: (fn) => listeners.delete(fn) };
  globalThis.browser = { storage: { local: { onChanged } } };
  let told = 0;
  const stop = onLettersChanged(() => told++);
  for (const fn of listeners) fn({ letters: {} });
  for (const fn of listeners) fn({ other: {} });
  stop();
  assert.deepEqual([told, listeners.size], [1, 0]);
});
