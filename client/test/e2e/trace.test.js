// `starling trace` beside a real server while two people meet and call each other through it; and what a collector is sent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agent, until } from './agents.js';
import { code, starling, twoPeers } from './servers.js';

const PATIENCE_MILLIS = 60_000;
const patiently = (one, wanted, what) => until(one, wanted, what, PATIENCE_MILLIS);

let servers;
let collector;
let alice;
let bob;
const packets = [];
before(async () => {
  collector = createSocket('udp4').on('message', (packet) => packets.push(packet));
  await new Promise((resolve) => collector.bind(0, '127.0.0.1', resolve));
  servers = await twoPeers({ moreB: ['--hep', `127.0.0.1:${collector.address().port}`, '--hep-id', '2001'] });
  alice = await enrolled('alice@example.net');
  bob = await enrolled('bob@example.net');
  await alice.requestContact('bob@example.net', {});
  await patiently(bob, (s) => s.requests.length === 1, 'request');
  await bob.acceptRequest('alice@example.net');
  await patiently(alice, (s) => s.contacts[0]?.presence === 'online', 'bob online');
});
after(async () => {
  await Promise.allSettled([alice?.close(), bob?.close()]);
  await servers?.close();
  collector?.close();
});

async function enrolled(address) {
  const one = await agent([...servers.bases]);
  await one.enrol(address);
  await one.submitCode(await code(servers.bases[0], address));
  await patiently(one, (s) => s.me.status === 'online', `${address} online`);
  return one;
}

/** A trace that runs; `until` gives its text when that fulfils what is wanted. @param {string[]} args */
function trace(args) {
  const child = spawn(starling, ['trace', '--width', '120', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let said = '';
  const heard = new EventTarget();
  child.stdout.on('data', (piece) => ((text += piece), heard.dispatchEvent(new Event('more'))));
  child.stderr.on('data', (piece) => ((said += piece), heard.dispatchEvent(new Event('more'))));
  const ended = once(child, 'exit');
  const wait = (wanted, what) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited for ${what}: ${text}\n${said}`)), PATIENCE_MILLIS);
      // Of two that wait for the same, one may wait in vain: that must not keep the finished tests alive.
      late.unref();
      const look = () => {
        if (!wanted(text, said)) return;
        clearTimeout(late);
        heard.removeEventListener('more', look);
        resolve(text);
      };
      heard.addEventListener('more', look);
      look();
    });
  return { until: wait, begun: () => wait((_, err) => err.includes('watching'), 'its beginning'), child, ended };
}

async function call() {
  void alice.call('bob@example.net');
  await patiently(bob, (s) => s.call?.state === 'ringing', 'ringing');
  await bob.acceptCall();
  await patiently(alice, (s) => s.call?.state === 'running', 'running');
  await alice.hangUp();
  await patiently(bob, (s) => s.call === null, 'ended');
}

test('a call is a ladder, with its parties, without its secrets, and an interrupt ends it', async () => {
  const a = trace(['--data', join(servers.folder, 'a'), '--method', 'INVITE,ACK,BYE', '--raw']);
  const b = trace(['--data', join(servers.folder, 'b'), '--method', 'INVITE,ACK,BYE', '--raw']);
  await Promise.all([a.begun(), b.begun()]);
  await call();
  const whole = (text) => /BYE \(/.test(text) && /200 OK \(\d+ BYE\)/.test(text);
  // The call goes through one of the two servers, whichever the device was found at first.
  const text = await Promise.race([a.until(whole, 'the call at the first'), b.until(whole, 'at the second')]);
  assert.match(text, /alice@example\.net\/[0-9a-f]{4}\??\s+this server\s/);
  assert.match(text, /bob@example\.net\/[0-9a-f]{4}/);
  assert.match(text, /\+0\.\d{3} +[│|].*INVITE \(\d+\) offer: opus/);
  assert.match(text, /200 OK/);
  assert.match(text, /answer: opus/);
  assert.match(text, /ACK \(/);
  assert.match(text, /^ {4}Identity: x+/m);
  assert.doesNotMatch(text, /eyJ|fingerprint|v=0|\u001b/);
  assert.doesNotMatch(text, /REGISTER|MESSAGE/);
  for (const each of [a, b]) {
    each.child.kill('SIGINT');
    const [status] = await each.ended;
    assert.equal(status, 130);
  }
});

test('the socket belongs to the operator alone', async () => {
  for (const [name, mode] of [
    ['trace', 0o40700],
    ['trace/socket', 0o140600],
  ])
    assert.equal((await stat(join(servers.folder, 'a', name))).mode, mode);
});

test('where no server runs it says so', async () => {
  const none = trace(['--data', servers.folder]);
  await none.until((_, said) => said.includes('No server to be watched at'), 'the refusal');
  assert.equal((await none.ended)[0], 1);
});

test('the collector gets what passes the second server, without secrets', async () => {
  const whole = Buffer.concat(packets).toString('latin1');
  assert.ok(packets.length > 0, 'packets came');
  for (const packet of packets) {
    assert.equal(packet.toString('latin1', 0, 4), 'HEP3');
    assert.equal(packet.readUInt16BE(4), packet.length);
  }
  assert.match(whole, /REGISTER sip:/);
  assert.match(whole, /Identity: x+\r\n/);
  assert.doesNotMatch(whole, /eyJ/);
  const metrics = await (await fetch(`${servers.bases[1]}metrics`)).text();
  const sent = Number(/^starling_hep_sent\S* (\S+)/m.exec(metrics)?.[1]);
  assert.ok(sent > 0, `sent ${sent}`);
  assert.match(metrics, /^starling_hep_dropped\S* 0/m);
});
