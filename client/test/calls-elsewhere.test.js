// Calls whose media take as long as a browser takes to start: nothing is made before somebody accepts, and whatever happens meanwhile ends well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StarlingError } from '../core/errors.js';
import { BOB, over, ringing, running, two } from './fake/two.js';

/** Media that are there when the test says so. @param {any} who */
function slow(who) {
  const { around } = who.ctx;
  const quick = around.media;
  const it = { asked: 0, legs: quick.legs, open: () => {}, fail: () => {} };
  const gate = new Promise((resolve, reject) => Object.assign(it, { open: resolve, fail: reject }));
  gate.catch(() => {});
  around.media = {
    ...quick,
    early: false,
    async create(how) {
      it.asked++;
      await gate;
      return quick.create(how);
    },
  };
  return it;
}

/** Alice calls, bob has accepted, and his media are being made. */
async function accepting() {
  const it = await two();
  const media = slow(it.bob);
  await it.alice.calls.call(BOB);
  await Promise.all([it.alice.until(ringing), it.bob.until(ringing)]);
  assert.equal(media.asked, 0, 'nothing is made while it rings');
  const accepted = it.bob.calls.accept();
  await it.bob.until((s) => s.call?.state === 'connecting');
  return { it, media, accepted };
}

test('it rings without media, and runs once they are there', async () => {
  const { it, media } = await accepting();
  assert.equal(it.alice.call.state, 'ringing');
  media.open();
  await Promise.all([it.alice.until(running), it.bob.until(running)]);
  assert.equal(media.asked, 1);
  assert.equal(it.alice.legs[0].remote, media.legs[0].local);
});

test('the caller gives up meanwhile: it is over at both sides, and what comes late is closed', async () => {
  const { it, media, accepted } = await accepting();
  await it.alice.calls.hangUp();
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.bob.past[0].result, 'missed');
  media.open();
  await accepted;
  assert.ok(media.legs.every((each) => each.closed));
  assert.equal(it.bob.call, null);
});

test('whoever accepted gives up meanwhile: the caller is told', async () => {
  const { it, media, accepted } = await accepting();
  await it.bob.calls.hangUp();
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.alice.call.why, 'call.declined');
  media.open();
  await accepted;
  assert.ok(media.legs.every((each) => each.closed));
});

test('the media do not come: both are told, and nobody waits two minutes', async () => {
  const { it, media } = await accepting();
  media.fail(new StarlingError('call.page'));
  await Promise.all([it.alice.until(over), it.bob.until(over)]);
  assert.equal(it.bob.call.why, 'call.page');
  assert.equal(it.alice.past[0].result, 'failed');
});

test('nor do those of a call that goes out', async () => {
  const it = await two();
  const media = slow(it.alice);
  await it.alice.calls.call(BOB);
  media.fail(new StarlingError('call.page-server'));
  await it.alice.until(over);
  assert.equal(it.alice.call.why, 'call.page-server');
  assert.equal(it.bob.call, null);
});
