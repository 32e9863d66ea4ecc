// Ordinary SIP domains: bob's phone calls carol@classic.example, whose server is a Kamailio that a real DNS server names, over TLS; and she calls him. Nobody there
// is verified, and whoever was ever verified goes no such way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { agent, eventually, until } from './agents.js';
import { certificateAuthority, dnsmasq, kamailio, missing } from './kamailio.js';
import { freePort } from './ports.js';
import { code, run, starling } from './servers.js';
import { sipPhone } from './sip-phone.js';

const lacking = missing();
const skip = lacking ? `${lacking} not installed (RUNLEVEL=1 apt-get install ${lacking})` : false;
/** @type {Record<string, number>} */
const ports = {};
let folder;
let args;
let server;
let dns;
let theirs;
let bob;
let dave;
let account;
let phone;
let carol;
/** @type {{close: () => void}[]} */
const closing = [];

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'starling-classic-'));
  for (const each of ['dns', 'http', 'sip', 'phone', 'classic', 'classicTls', 'kamailio', 'kamailioTls'])
    ports[each] = await freePort();
  for (const each of ['refusing', 'busy', 'hostile']) ports[each] = await freePort();
  const ca = certificateAuthority(folder);
  const ours = ca.issue('example.net');
  dns = dnsmasq({ port: ports.dns, records: records() });
  theirs = await kamailio({
    folder,
    domain: 'classic.example',
    udp: ports.kamailio,
    tls: ports.kamailioTls,
    others: `sip:127.0.0.1:${ports.classicTls};transport=tls`,
    root: ca.root,
    ...ca.issue('classic.example'),
  });
  args = [
    ...['up', '--data', folder, '--port', String(ports.http), '--sip-port', String(ports.sip), '--dns', dns.place],
    ...['--phone-port', String(ports.phone), '--classic', '--classic-port', String(ports.classic)],
    ...['--classic-tls-port', String(ports.classicTls), '--classic-tls-cert', ours.certificate],
    ...['--classic-tls-key', ours.key, '--classic-anchor', ca.root],
  ];
  server = await run(args);
  bob = await agent([server.base]);
  await bob.enrol('bob@example.net');
  await bob.submitCode(await code(server.base, 'bob@example.net'));
  await until(bob, (s) => s.me.status === 'one-server', 'bob online');
  bob.showDeviceCode();
  await until(bob, (s) => !!s.adding, 'a code');
  account = await add('bob@example.net', bob.state.adding.code);
  await until(bob, (s) => s.devices.some((each) => each.name === 'Desk phone'), 'the phone on the list', 60_000);
  await eventually(async () => (await standing()) === 'ready', 'the phone’s device ready');
  phone = await phoneOf({ port: ports.phone, ...account, name: 'Bob' });
  assert.equal((await phone.register()).status, 200);
  carol = await phoneOf({ ...hers('carol'), name: 'Carol', hertz: 700 });
  const ended = theirs.ended.then(() => Promise.reject(new Error(theirs.said())));
  assert.equal((await Promise.race([carol.register(), ended])).status, 200);
});
after(async () => {
  for (const each of closing) each.close();
  await Promise.allSettled([bob?.close(), dave?.close()]);
  await Promise.allSettled([server?.kill(), theirs?.close(), dns?.close()]);
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** As operators write them: docs/operating.md. */
function records() {
  const at = (service, domain, target, port, priority = 0) =>
    `--srv-host=${service}.${domain},${target},${port},${priority},1`;
  return [
    '--naptr-record=classic.example,10,10,s,SIPS+D2T,,_sips._tcp.classic.example',
    '--naptr-record=classic.example,20,10,s,SIP+D2U,,_sip._udp.classic.example',
    at('_sips._tcp', 'classic.example', 'sip.classic.example', ports.kamailioTls),
    // Nobody may go there: TLS is offered.
    at('_sip._udp', 'classic.example', 'sip.classic.example', ports.hostile),
    '--host-record=sip.classic.example,127.0.0.1',
    at('_sips._tcp', 'other.example', 'sip.classic.example', ports.kamailioTls),
    at('_sip._udp', 'private.example', 'inside.private.example', 5060),
    '--host-record=inside.private.example,10.1.2.3',
    at('_sip._udp', 'failing.example', 'sip.classic.example', ports.refusing, 10),
    at('_sip._udp', 'failing.example', 'sip.classic.example', ports.busy, 20),
    at('_sip._udp', 'hostile.example', 'sip.classic.example', ports.hostile),
  ];
}

/** Closed at the end, whatever became of the test. @param {Parameters<typeof sipPhone>[0]} how */
async function phoneOf(how) {
  const one = await sipPhone(how);
  closing.push(one);
  return one;
}

/** What the server says of the phone, as `phone list` shows it. */
const standing = () => readFile(join(folder, 'phones', account.user, 'standing'), 'utf8').catch(() => '');

const hers = (user) => ({ port: ports.kamailio, user, password: '', domain: 'classic.example' });

/** `starling phone add --classic-calls`. @returns {Promise<{user: string, password: string}>} */
function add(address, deviceCode) {
  const words = ['phone', 'add', address, '--name', 'Desk phone', '--data', folder, '--server', server.base];
  const child = spawn(starling, [...words, '--code', deviceCode, '--classic-calls']);
  let said = '';
  let mailed = false;
  return new Promise((resolve, reject) => {
    const hear = async (piece) => {
      said += piece;
      if (mailed || !/Paste the code/.test(said)) return;
      mailed = true;
      let all = [];
      await eventually(async () => {
        all = await (await fetch(`${server.base}mailbox/api/${encodeURIComponent(address)}`)).json();
        return all.length > 1;
      }, 'a second mail');
      child.stdin.end(`${all[0].text}\n`);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (status) =>
      status
        ? reject(new Error(said))
        : resolve({ user: /account\s+(\S+)/.exec(said)[1], password: /Password\s+(\S+)/.exec(said)[1] }),
    );
  });
}

/** A SIP server that is a socket: what it is asked, and what it answers. @param {number} port @param {(request: string) => string[]} answers */
async function socket(port, answers) {
  const udp = createSocket('udp4');
  const asked = /** @type {string[]} */ ([]);
  udp.on('message', (bytes, from) => {
    asked.push(bytes.toString());
    for (const each of answers(bytes.toString())) udp.send(each, from.port, from.address);
  });
  await new Promise((resolve) => udp.bind(port, '127.0.0.1', () => resolve(undefined)));
  closing.push(udp);
  return { asked, send: (text, to) => udp.send(text, to, '127.0.0.1') };
}

/** @param {string} request @param {string} status @param {string} [more]  header lines and a body */
function answer(request, status, more = 'Content-Length: 0\r\n\r\n') {
  const lines = request.split('\r\n').filter((line) => /^(via|from|call-id|cseq):/i.test(line));
  const to = request.split('\r\n').find((line) => /^to:/i.test(line));
  return [`SIP/2.0 ${status}`, ...lines, to.includes('tag=') ? to : `${to};tag=theirs`, more].join('\r\n');
}

const hears = (one, hertz) => eventually(() => heard(one.state.heard, hertz), `${hertz} Hz heard`, 20_000);
/** Whether the last half second is mostly this tone (Goertzel). */
function heard(samples, hertz) {
  const last = samples.slice(-4000);
  if (last.length < 4000) return false;
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 8000);
  let [a, b, energy] = [0, 0, 0];
  for (const each of last) {
    [a, b] = [each + turn * a - b, a];
    energy += each * each;
  }
  return (a * a + b * b - turn * a * b) / (last.length / 2) > 0.9 * energy && energy > 0;
}

async function bothHear() {
  phone.state.heard.length = 0;
  carol.state.heard.length = 0;
  await Promise.all([hears(phone, 700), hears(carol, 440)]);
}

test(
  'bob’s phone calls carol: NAPTR, SRV, TLS with a certificate of her domain, sound both ways',
  { skip },
  async () => {
    const said = await phone.call('carol@classic.example');
    assert.equal(said.status, 200, said.start);
    assert.match(carol.state.from, /<sip:bob@example\.net>/);
    await bothHear();
    assert.match(theirs.said(), /asked INVITE sip:carol@classic\.example by tls, identity [1-9]/);
    assert.equal((await phone.hangUp()).status, 200);
    await eventually(() => carol.state.ended === 1, 'carol hears the end');
  },
);

test('she hangs up as well', { skip }, async () => {
  const before = phone.state.ended;
  assert.equal((await phone.call('carol@classic.example')).status, 200);
  await bothHear();
  assert.equal((await carol.hangUp()).status, 200);
  await eventually(() => phone.state.ended > before, 'the phone hears the end');
});

test('busy, nobody, given up', { skip }, async () => {
  const busy = await phoneOf({ ...hers('busy'), answers: 'busy' });
  await busy.register();
  assert.equal((await phone.call('busy@classic.example')).status, 486);
  assert.equal((await phone.call('nobody@classic.example')).status, 404);
  const slow = await phoneOf({ ...hers('slow'), answers: false });
  await slow.register();
  const calling = phone.call('slow@classic.example');
  await eventually(() => phone.state.status === 180, 'ringing', 20_000);
  phone.cancel();
  assert.equal((await calling).status, 487);
  await eventually(() => slow.state.ended === 1, 'it stops ringing there');
});

test('a stranger is told to send a contact request, whoever is asked for', { skip }, async () => {
  const refused = await carol.call('bob@example.net');
  assert.equal(refused.start, 'SIP/2.0 403 Send a contact request');
  assert.equal((await carol.text('bob@example.net', 'hello')).start, refused.start);
  assert.equal((await carol.call('nobody@example.net')).start, refused.start);
  assert.equal(phone.state.texts.length, 0);
});

test('once strangers may ring, carol calls bob, and his phone shows that she is not verified', { skip }, async () => {
  await bob.set({ strangersRing: true });
  // His phone's device hears of it a moment later; each try counts against carol's share.
  let said = await carol.call('bob@example.net');
  for (let i = 0; i < 5 && said.status === 403; i++) {
    await setTimeout(1000);
    said = await carol.call('bob@example.net');
  }
  assert.equal(said.status, 200, said.start);
  assert.match(phone.state.from, /^"not verified: Carol" <sip:carol@classic\.example>/);
  await bothHear();
  assert.match(theirs.said(), /asked INVITE sip:bob@example\.net by udp/);
  const before = phone.state.ended;
  assert.equal((await carol.hangUp()).status, 200);
  await eventually(() => phone.state.ended > before, 'the phone hears the end');
});

test('bob hangs up a call of hers; one that she gives up stops ringing', { skip }, async () => {
  const ended = carol.state.ended;
  assert.equal((await carol.call('bob@example.net')).status, 200);
  await bothHear();
  assert.equal((await phone.hangUp()).status, 200);
  await eventually(() => carol.state.ended > ended, 'carol hears the end');
  const slow = await phoneOf({ port: ports.phone, ...account, answers: false });
  await slow.register();
  const calling = carol.call('bob@example.net');
  await eventually(() => carol.state.status === 180, 'ringing', 20_000);
  carol.cancel();
  assert.equal((await calling).status, 487);
  await eventually(() => slow.state.ended === 1, 'it stops ringing');
  await slow.register(0);
  await phone.register();
});

test('either side holds the call and takes it up again', { skip }, async () => {
  assert.equal((await carol.call('bob@example.net')).status, 200);
  await bothHear();
  for (const [holder, held] of [
    [carol, phone],
    [phone, carol],
  ]) {
    const said = await holder.offer('sendonly');
    assert.equal(said.status, 200, said.start);
    assert.match(said.body, /a=recvonly/);
    assert.equal(held.state.direction, 'sendonly');
    assert.equal((await holder.offer('sendrecv')).status, 200);
    assert.equal(held.state.direction, 'sendrecv');
    await bothHear();
  }
  assert.equal((await carol.hangUp()).status, 200);
});

test('texts go both ways', { skip }, async () => {
  assert.equal((await phone.text('carol@classic.example', 'from bob')).status, 200);
  assert.deepEqual(carol.state.texts, ['from bob']);
  assert.equal((await carol.text('bob@example.net', 'from carol')).status, 200);
  assert.deepEqual(phone.state.texts, ['from carol']);
});

test(
  'nobody is let in under an address that is found, and who was ever verified is not called unverified',
  { skip },
  async () => {
    dave = await agent([server.base]);
    await dave.enrol('dave@classic.example');
    await dave.submitCode(await code(server.base, 'dave@classic.example'));
    await until(dave, (s) => s.me.status === 'one-server', 'dave online');
    const forged = await phoneOf(hers('dave'));
    await forged.register();
    assert.equal((await forged.call('bob@example.net')).start, 'SIP/2.0 403 Whoever has this address calls verified');
    assert.equal((await forged.text('bob@example.net', 'trust me')).status, 403);
    // To his devices, and to nobody who has the same address elsewhere.
    const ringing = forged.state.ringing;
    assert.notEqual((await phone.text('dave@classic.example', 'are you there?')).status, 200);
    assert.deepEqual(forged.state.texts, []);
    // Now the store, and the server with it, has forgotten him.
    await dave.close();
    await server.kill();
    for (const file of ['dht.db', 'memory.db', 'publications.db', 'served.db', 'consent.db'])
      for (const end of ['', '-wal', '-shm']) await rm(join(folder, file + end), { force: true });
    server = await run(args);
    await eventually(
      async () => (await phone.call('busy@classic.example')).status === 486,
      'the phone is back',
      60_000,
    );
    const said = await phone.call('dave@classic.example');
    assert.equal(said.start, 'SIP/2.0 480 Verified before and not found now: not called unverified');
    assert.equal(forged.state.ringing, ringing);
  },
);

test('the next server is asked when one says 503', { skip }, async () => {
  const first = await socket(ports.refusing, (m) => (m.startsWith('INVITE') ? [answer(m, '503 Gone')] : []));
  const second = await socket(ports.busy, (m) => (m.startsWith('INVITE') ? [answer(m, '486 Busy')] : []));
  assert.equal((await phone.call('anna@failing.example')).status, 486);
  assert.equal(first.asked.filter((m) => m.startsWith('INVITE')).length, 1);
  assert.equal(second.asked.filter((m) => m.startsWith('INVITE')).length, 1);
});

test('a certificate of another domain is not believed, whatever the DNS says', { skip }, async () => {
  const said = await phone.call('carol@other.example');
  assert.equal(said.start, 'SIP/2.0 480 The certificate of their server is not for other.example');
});

test('the DNS cannot lead into a private network, and the log names who tried', { skip }, async () => {
  assert.equal((await phone.call('anna@private.example')).status, 603);
  assert.match(
    server.log(),
    /Names an address that is not allowed, from network 10\.1\.2\.0\/24 \(private\.example at 10\.1\.2\.3\)/,
  );
});

test(
  'nor can the Contact and the Record-Route of a neighbour: what follows goes where the call came about',
  { skip },
  async () => {
    const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'];
    const body = [...sdp, `m=audio ${ports.busy} RTP/AVP 0`, ''].join('\r\n');
    const hostile = await socket(ports.hostile, (m) => {
      if (m.startsWith('BYE')) return [answer(m, '200 OK')];
      if (!m.startsWith('INVITE')) return [];
      const more = [
        'Contact: <sip:anna@10.9.9.9>',
        'Record-Route: <sip:10.8.8.8;lr>',
        'Content-Type: application/sdp',
        `Content-Length: ${body.length}`,
        '',
        body,
      ];
      return [answer(m, '200 OK', more.join('\r\n'))];
    });
    assert.equal((await phone.call('anna@hostile.example')).status, 200);
    const asked = (method) => hostile.asked.find((m) => m.startsWith(method));
    await eventually(() => asked('ACK'), 'an ACK', 10_000);
    assert.match(asked('ACK'), /^ACK sip:anna@10\.9\.9\.9 /);
    assert.match(asked('ACK'), /^Route: <sip:10\.8\.8\.8;lr>/m);
    assert.equal((await phone.hangUp()).status, 200);
    await eventually(() => asked('BYE'), 'a BYE', 10_000);
    assert.match(
      server.log(),
      /Names an address that is not allowed, from network 127\.0\.0\.0\/24 \(10\.8\.8\.8 at 10\.8\.8\.8\)/,
    );
  },
);

test('it relays for nobody', { skip }, async () => {
  assert.equal((await carol.call('someone@elsewhere.example')).status, 403);
  assert.match(server.log(), /Asked to relay, from network 127\.0\.0\.0\/24 \(elsewhere\.example\)/);
});

test('Kamailio and the DNS server are still there', { skip }, () => {
  assert.ok(theirs.isRunning(), theirs.said());
  assert.ok(dns.said().length > 0);
});
