// Lists of withdrawn certificates come from peers, who may say anything of any length, and are wanted by certificates of many CAs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { revocations } from '../core/agent/revocations.js';
import { MAX_CRL_BYTES } from '../core/identity/crl.js';
import { memoryStore } from '../core/store/memory.js';

const MINUTE = 60_000;
const issuer = { spki: new Uint8Array(91), der: new Uint8Array(10), rules: null };
const certificate = (url) => ({ serial: '01', extensions: { crls: [url] } });

/** @param {(url: string) => Response} answer */
function scene(answer) {
  const asked = [];
  const it = { now: Date.UTC(2026, 10, 24, 12), asked, store: memoryStore() };
  it.book = revocations({
    store: it.store,
    around: {
      now: () => it.now,
      fetch: async (url) => (asked.push(decodeURIComponent(url.split('url=')[1])), answer(url)),
    },
    peers: { known: new Map([['a', { base: 'http://peer/' }]]) },
  });
  it.want = async (url) => {
    it.book.revoked(certificate(url), issuer);
    await it.book.settled();
  };
  return it;
}

test('a list without end is read up to the longest there may be', async () => {
  let read = 0;
  let ended = false;
  const endless = () =>
    new Response(
      new ReadableStream(
        {
          pull(to) {
            // What cannot be stopped would go on until the memory is full: enough is seen before.
            if (read > 4 * MAX_CRL_BYTES) return to.close();
            read += 65_536;
            to.enqueue(new Uint8Array(65_536));
          },
          cancel: () => void (ended = true),
        },
        { highWaterMark: 0 },
      ),
    );
  const it = scene(endless);
  await it.want('http://ca.example/a.crl');
  assert.equal(it.asked.length, 1);
  assert.ok(ended);
  assert.ok(read <= MAX_CRL_BYTES + 2 * 65_536, `${read} bytes`);
});

test('a new list is fetched when many are known: the one asked for longest ago makes room, one in use does not', async () => {
  const it = scene(() => new Response('', { status: 404 }));
  const url = (i) => `http://ca.example/${i}.crl`;
  for (let i = 0; i < 64; i++) await it.want(url(i));
  it.asked.length = 0;
  await it.want(url(64));
  assert.deepEqual(it.asked, [], 'all are in use');
  it.now += 2 * MINUTE;
  await it.want(url(0));
  await it.want(url(64));
  assert.deepEqual(it.asked, [url(64)]);
  await it.want(url(0));
  await it.want(url(2));
  assert.deepEqual(it.asked, [url(64)], 'still known');
  await it.want(url(1));
  assert.deepEqual(it.asked, [url(64), url(1)], 'dropped, so asked for anew');
});
