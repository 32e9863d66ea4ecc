// A person is told in time that a phone of theirs will stop.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { phoneEnds } from '../core/agent/phone-ends.js';
import { parseCertificate } from '../core/identity/certificate.js';
import { authority, issue } from './authority.js';

const DAY = 86_400_000;
let now = Date.UTC(2026, 10, 24, 12);
let ca;
let phone;
let browser;
before(async () => {
  ca = await authority(now);
  [phone, browser] = [await issue(ca, 'bob@example.net', now), await issue(ca, 'bob@example.net', now)];
});

const found = (card, capabilities) => [card.key.id, { certificate: card.chain[0], location: { capabilities } }];

function person() {
  const ctx = {
    state: { notices: [] },
    now: () => now,
    update: (change) => Object.assign(ctx.state, change),
    notice: (each) => ctx.state.notices.push(each),
  };
  const devices = new Map([
    [phone.key.id, { id: phone.key.id, name: 'Desk phone' }],
    [browser.key.id, { id: browser.key.id, name: 'Browser' }],
  ]);
  const ends = phoneEnds(ctx, () => [{ devices }]);
  const look = (...cards) =>
    ends.look({ devices: new Map([...cards.map((card) => found(card, ['phone'])), found(browser, ['message'])]) });
  return { ctx, devices, look, of: ends.of };
}

test('ten days before, once, with the name of the phone and the day; not before, and not of a browser', () => {
  const { ctx, look } = person();
  const end = parseCertificate(phone.chain[0]).notAfter;
  now = end - 10 * DAY - 1000;
  look(phone);
  assert.deepEqual(ctx.state.notices, []);
  now = end - 10 * DAY;
  look(phone);
  look(phone);
  const [notice, ...more] = ctx.state.notices;
  assert.deepEqual(more, []);
  assert.equal(notice.key, 'phone-ends');
  assert.deepEqual(notice.args, { name: 'Desk phone', until: String(end) });
  ctx.update({ notices: [] });
  look(phone);
  assert.deepEqual(ctx.state.notices, [], 'who has read it is not told again');
});

test('it is gone when the phone was renewed, and stays when the phone has stopped', async () => {
  const { ctx, look } = person();
  const end = parseCertificate(phone.chain[0]).notAfter;
  now = end - 5 * DAY;
  look(phone);
  assert.equal(ctx.state.notices.length, 1);
  look();
  assert.equal(ctx.state.notices.length, 1, 'its records are not found any more');
  look({ ...phone, chain: (await issue(ca, 'bob@example.net', now)).chain });
  assert.deepEqual(ctx.state.notices, []);
});

test('a device that is not on the list says nothing', () => {
  const { ctx, devices, look } = person();
  now = parseCertificate(phone.chain[0]).notAfter - DAY;
  devices.delete(phone.key.id);
  look(phone);
  assert.deepEqual(ctx.state.notices, []);
});

test('which device is a phone, and until when, is known while it is there', () => {
  const { look, of } = person();
  assert.deepEqual(of(phone.key.id), {});
  look(phone);
  assert.deepEqual(of(phone.key.id), { phone: { until: parseCertificate(phone.chain[0]).notAfter } });
  assert.deepEqual(of(browser.key.id), {});
  look();
  assert.deepEqual(of(phone.key.id), {});
});
