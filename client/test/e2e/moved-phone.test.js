// An ordinary SIP phone whose owner changes the address: it stays at the old one, the page knows it, and what the page says to do brings it along.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addPhone } from './add-phone.js';
import { eventually, until, whole } from './agents.js';
import { command } from './command.js';
import { freePort } from './ports.js';
import { code, fresh, run } from './servers.js';
import { sipPhone } from './sip-phone.js';

const [OLD, NEW, ALICE] = ['bob@old.example', 'bob@new.example', 'alice@example.net'];
let folder, server, phonePort, bob, alice, account;
const phones = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'starling-moved-phone-'));
  phonePort = await freePort();
  const ports = ['--port', await freePort(), '--sip-port', await freePort(), '--phone-port', phonePort];
  server = await run(['up', '--data', folder, ...ports.map(String)]);
});
after(async () => {
  for (const each of phones) each.close();
  await Promise.allSettled([bob?.close(), alice?.close()]);
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

const up = (s) => s.me.status === 'one-server';
const contact = (s, address) => s.contacts.find((each) => each.address === address);
const texts = async (one, address) => (await one.messages(address)).map((each) => each.text);

async function enrolled(address) {
  const one = await whole([server.base]);
  await one.enrol(address);
  await one.submitCode(await code(server.base, address));
  await until(one, up, `${address} online`);
  return one;
}

/** A phone that is registered for the address that bob has now. */
async function withPhone(address) {
  const used = await code(server.base, address);
  account = await addPhone(bob, 'Desk phone', {
    words: ['--data', folder, '--server', server.base],
    code: () => fresh(server.base, address, used),
  });
  const phone = await sipPhone({ port: phonePort, user: account.user, password: account.password });
  phones.push(phone);
  assert.equal((await phone.register()).status, 200);
  return phone;
}

/** Alice writes until the phone has it: her device may not know the phone yet. */
const reaches = (phone, address, text) =>
  eventually(
    async () => {
      if (!phone.state.texts.includes(text)) await alice.sendMessage(address, text);
      return phone.state.texts.includes(text);
    },
    text,
    60_000,
    1000,
  );

test('the phone rings for the old address, and the page knows which device is a phone', async () => {
  [bob, alice] = [await enrolled(OLD), await enrolled(ALICE)];
  await alice.requestContact(OLD, {});
  await until(bob, (s) => s.requests.length === 1, 'asked');
  await bob.acceptRequest(ALICE);
  await until(alice, (s) => contact(s, OLD)?.state === 'accepted', 'accepted');
  const phone = await withPhone(OLD);
  await until(bob, (s) => s.devices.some((each) => each.name === 'Desk phone' && each.phone), 'a phone', 60_000);
  assert.equal(bob.state.devices.filter((each) => each.phone).length, 1);
  await reaches(phone, OLD, 'to the old one');
});

test('after the change it stays there: the page says so, and whoever uses the new address does not reach it', async () => {
  const [phone] = phones;
  await bob.changeAddress(NEW);
  await until(bob, (s) => s.move?.step === 'code', 'code');
  await bob.submitMoveCode(await code(server.base, NEW));
  await until(bob, (s) => s.me.address === NEW && up(s), 'there', 60_000);
  await until(bob, (s) => s.former[0].devices.length === 1, 'said');
  const [{ name, phone: what }] = bob.state.former[0].devices;
  assert.equal(name, 'Desk phone');
  assert.ok(what.until > Date.now());
  await until(alice, (s) => contact(s, OLD)?.moved === NEW, 'asked');
  await alice.followMoved(OLD, NEW);
  await until(alice, (s) => contact(s, NEW)?.state === 'accepted', 'followed');
  await alice.sendMessage(NEW, 'to the new one');
  await eventually(async () => (await texts(bob, ALICE)).includes('to the new one'), 'bob has it');
  assert.equal(phone.state.texts.includes('to the new one'), false);
});

test('added for the new address, and removed for the old one, it is there again', async () => {
  const { user } = account;
  const phone = await withPhone(NEW);
  await reaches(phone, NEW, 'to the phone');
  const { status, said } = await command(['phone', 'remove', user, '--data', folder]);
  assert.equal(status, 0, said);
  // As that command says.
  await bob.removeDevice(bob.state.former[0].devices[0].deviceId);
  await until(bob, (s) => s.former[0].devices.length === 0, 'removed there, too');
  assert.equal(bob.state.devices.filter((each) => each.name === 'Desk phone').length, 1);
  await bob.stopUsing(OLD);
  assert.deepEqual(bob.state.former, []);
  await reaches(phone, NEW, 'and again');
});
