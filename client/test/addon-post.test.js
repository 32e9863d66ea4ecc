// Encrypted mails that go out: one that cannot be made keeps nobody else's.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { post } from '../thunderbird/post.js';

const ALICE = 'alice@example.net';
const [BOB, CAROL, DAVE] = ['bob', 'carol', 'dave'].map((each) => `${each}@example.net`);
const MINUTE = 60_000;

let sent, failing, warned;
beforeEach(() => {
  [sent, failing, warned] = [[], false, 0];
  globalThis.browser = {
    storage: {
      local: {
        get: async () => ({ letters: { on: true } }),
        set: async () => {},
        onChanged: { addListener() {}, removeListener() {} },
      },
    },
    permissions: { contains: async () => true },
    accounts: { list: async () => [{ identities: [{ id: 'alice', email: ALICE }] }] },
    messages: {
      async sendMessage({ to }) {
        if (failing) throw new Error('no network');
        sent.push(to[0]);
      },
    },
  };
});
afterEach(() => delete globalThis.browser);

test('of whom no mail can be made is tried again later, and the others get theirs', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const tried = [];
  let now = 0;
  const mails = {
    due: () => [BOB, CAROL, DAVE],
    async write(to) {
      tried.push(to);
      if (to === BOB) return null;
      if (to === CAROL) throw new Error('a certificate of another kind');
      return new Uint8Array(1);
    },
  };
  const agent = { state: { me: { address: ALICE } }, ctx: { mails } };
  const warn = () => warned++;
  const { look, started } = post({ agents: () => [agent], folder: async () => null, warn, now: () => now });
  await started;
  assert.deepEqual([tried.splice(0), sent, warned], [[BOB, CAROL, DAVE], [DAVE], 1]);
  now += MINUTE;
  await look();
  assert.deepEqual([tried.splice(0), sent, warned], [[DAVE], [DAVE, DAVE], 1]);
  now += 30 * MINUTE;
  await look();
  assert.deepEqual([tried.splice(0), warned], [[BOB, CAROL, DAVE], 2]);
  // What cannot be sent is mostly the account's: then everybody's wait.
  failing = true;
  now += 30 * MINUTE;
  await look();
  failing = false;
  now += MINUTE;
  tried.length = 0;
  await look();
  assert.deepEqual(tried, []);
});
