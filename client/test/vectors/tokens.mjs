// Tokens with what they are about, and each claim changed: docs/protocols/formats.md, section 8.
import { b64u, base64, encode, hmac } from '../../core/bytes.js';
import { gruu, makeDeviceKey, peerUri, sign } from '../../core/identity/device.js';
import * as f from '../forge.js';
import { makeCsr } from '../../core/identity/csr.js';
import {
  canonical,
  fresh,
  httpClaims,
  makeToken,
  mky,
  signPresence,
  sipClaims,
  tokenHash,
} from '../../core/identity/passport.js';

const JOIN = 'a join token of the operator';
const sdp = encode(
  'v=0\r\na=fingerprint:SHA-256 ab:CD\r\na=fingerprint:sha-256 AB:CD\r\na=fingerprint:sha-1 00:11\r\n',
);
const pidf = encode('<presence/>');

/** `expected`: the claims that the verifier computes from the message itself; `code`: 0 is believed. */
export async function tokens(now, ca, alice, bob) {
  const cases = [];
  const iat = now / 1000;
  const add = (what, code, token, expected, more = {}) => cases.push({ what, code, token, expected, ...more });
  const signed = (claims, form = '', type = 'passport', signer = alice.signer) => makeToken(signer, type, form, claims);
  const about = await messages(alice, bob);
  for (const [name, expected] of Object.entries(about)) {
    const form = name === 'rsp' ? 'rsp' : '';
    const token = await signed(fresh(expected, now), form);
    add(name, 0, token, expected, { form });
    add(`${name}, seen before`, 403, token, expected, { form, again: true });
    for (const claim of Object.keys(expected)) {
      const rest = Object.fromEntries(Object.entries(expected).filter(([key]) => key !== claim));
      add(`${name} without ${claim}`, 438, await signed(fresh(rest, now), form), expected, { form });
      add(`${name} about another ${claim}`, 438, token, { ...expected, [claim]: other(expected[claim]) }, { form });
    }
  }
  const m = about.message;
  const good = await signed(fresh(m, now));
  add('no token', 428, '', m);
  add('an answer in place of a request', 436, await signed(fresh(m, now), 'rsp'), m);
  add('a request in place of an answer', 436, good, m, { form: 'rsp' });
  add('another type', 436, await signed(fresh(m, now), '', 'starling-presence'), m);
  add('the name of another', 438, await signed(fresh({ ...m, orig: { uri: 'sip:eve@example.net' } }, now)), {
    ...m,
    orig: { uri: 'sip:eve@example.net' },
  });
  for (const [what, code, at] of [
    ['61 seconds old', 403, iat - 61],
    ['60 seconds old', 0, iat - 60],
    ['60 seconds ahead', 0, iat + 60],
    ['61 seconds ahead', 403, iat + 61],
    ['a time that is text', 403, String(iat)],
  ])
    add(what, code, await signed({ ...fresh(m, now), iat: at }), m);
  const { iat: _, ...timeless } = fresh(m, now);
  add('no time', 403, await signed(timeless), m);
  const { jti: _jti, ...nameless } = fresh(m, now);
  add('no jti', 403, await signed(nameless), m);
  add('a short jti', 403, await signed({ ...fresh(m, now), jti: 'x' }), m);
  add('a long jti', 403, await signed({ ...fresh(m, now), jti: 'x'.repeat(65) }), m);
  add('a jti that is a number', 403, await signed({ ...fresh(m, now), jti: 7 }), m);
  add(
    'signed by another key',
    438,
    await signed(fresh(m, now), '', 'passport', { key: bob.key.sign, chain: alice.chain }),
    m,
  );
  add('another certificate', 438, await signed(fresh(m, now), '', 'passport', bob.signer), m);
  add('no certificate believed', 437, await signed(fresh(m, now)), m, { anchors: [] });
  for (const [what, token] of await shapes(alice, fresh(m, now), good)) add(what, 436, token, m);
  return {
    now: iat,
    anchor: base64(ca.certificate.der),
    device: alice.key.id,
    destination: gruu(bob.address, bob.key.id),
    sdp: base64(sdp),
    mky: mky(sdp),
    cases,
    ...(await joins(now)),
    ...(await presences(alice, bob, now)),
    csr: base64(await makeCsr(bob.key, bob.address)),
  };
}

async function messages(alice, bob) {
  const about = {
    method: 'MESSAGE',
    callId: 'c1',
    cseq: 7,
    orig: 'sip:alice@example.net',
    dest: gruu(bob.address, bob.key.id),
    contacts: ['<sip:a@b>'],
    expires: '600',
    body: encode('hello'),
    sdp: false,
    token: new Uint8Array(32).fill(9),
  };
  const invite = { ...about, method: 'INVITE', contacts: [], expires: '', body: sdp, sdp: true };
  const request = await makeToken(alice.signer, 'passport', '', fresh(await sipClaims(invite), 0));
  return {
    message: await sipClaims(about),
    register: await sipClaims({
      ...about,
      method: 'REGISTER',
      dest: peerUri('ab'.repeat(32)),
      body: new Uint8Array(),
      token: null,
    }),
    invite: await sipClaims(invite),
    rsp: {
      ...(await sipClaims({ ...invite, dest: gruu(alice.address, alice.key.id), token: null })),
      rsp: { code: 200, tok: await tokenHash(request) },
    },
    http: await httpClaims({
      method: 'POST',
      path: '/key/00',
      orig: 'sip:alice@example.net',
      dest: peerUri('ab'.repeat(32)),
      body: encode('{}'),
    }),
  };
}

const other = (value) =>
  typeof value === 'number'
    ? value + 1
    : typeof value === 'string'
      ? `${value}x`
      : Array.isArray(value)
        ? []
        : { ...value, x: 1 };

async function shapes(alice, claims, good) {
  const [head, body, signature] = good.split('.');
  const part = (text) => b64u(encode(text));
  const header = { alg: 'ES256', typ: 'passport', x5c: alice.chain.map(base64) };
  const resigned = async (h, b) => `${h}.${b}.${b64u(await sign(alice.signer.key, encode(`${h}.${b}`)))}`;
  const headed = (change) => resigned(part(canonical({ ...header, ...change })), body);
  const deep = `{"a":${'['.repeat(9)}${']'.repeat(9)}}`;
  return [
    ['two parts', `${head}.${body}`],
    ['four parts', `${good}.x`],
    ['padding', `${head}.${body}.${signature}==`],
    [
      'bits behind the signature',
      `${head}.${body}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : lastBits(signature)}`,
    ],
    ['a signature of 63 bytes', `${head}.${body}.${b64u(new Uint8Array(63))}`],
    ['too long', `${good}${'x'.repeat(16 * 1024)}`],
    ['no JSON', await resigned(part('x'), body)],
    ['white space', await resigned(part(JSON.stringify(header, null, 1)), body)],
    ['members out of order', await resigned(head, part(`{"jti":"x","iat":1}`))],
    ['a member twice', await resigned(head, part(`{"iat":1,"iat":1}`))],
    ['null', await resigned(head, part('{"a":null}'))],
    ['a fraction', await resigned(head, part('{"a":1.5}'))],
    ['an exponent', await resigned(head, part('{"a":1e3}'))],
    ['minus zero', await resigned(head, part('{"a":-0}'))],
    ['a number past 2^53', await resigned(head, part('{"a":9007199254740993}'))],
    ['nested nine deep', await resigned(head, part(deep))],
    ['letters beyond ASCII', await resigned(head, part('{"a":"ü"}'))],
    ['an escaped letter', await resigned(head, part('{"a":"\\u0041"}'))],
    ['a list in place of claims', await resigned(head, part('[]'))],
    ['no algorithm', await headed({ alg: 'none' })],
    ['HS256', await headed({ alg: 'HS256' })],
    ['a critical header', await headed({ crit: ['b64'] })],
    ['an empty ppt', await headed({ ppt: '' })],
    ['a ppt that is a number', await headed({ ppt: 1 })],
    ['no certificates', await headed({ x5c: [] })],
    ['six certificates', await headed({ x5c: Array(6).fill(header.x5c[0]) })],
    ['certificates as text', await headed({ x5c: header.x5c[0] })],
    [
      'a certificate with white space',
      await headed({ x5c: [`${header.x5c[0].slice(0, 4)} ${header.x5c[0].slice(4)}`] }),
    ],
    ['a certificate in base64url', await headed({ x5c: ['__8='] })],
    ['a certificate that is a number', await headed({ x5c: [1234] })],
  ];
}

/** The same 64 bytes, with bits set that do not count. */
const lastBits = (signature) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(signature.at(-1)) ^ 1];
};

/** Put authorization between peers: signed with the peer's own key, with a proof of the operator's join token. */
async function joins(now) {
  const key = await makeDeviceKey();
  const self = await f.ecAuthority(f.nameOf(f.utf8('peer')), key);
  const peer = { key: key.sign, chain: [await f.forge(self, key.spki, now, {}, { subject: self.name })] };
  const about = { method: 'POST', path: '/key/00', orig: peerUri(key.id), dest: peerUri('ab'.repeat(32)) };
  const expected = await httpClaims({ ...about, body: encode('{}') });
  const proof = async (claims, secret = JOIN) =>
    b64u(await hmac(encode(secret), encode(`${claims.jti}.${claims.iat}.${claims.dig}`)));
  const joined = async (claims, secret) => ({ ...claims, join: await proof(claims, secret) });
  const make = (claims, signer = peer) => makeToken(signer, 'passport', '', JSON.parse(JSON.stringify(claims)));
  const good = await joined(fresh(expected, now));
  const cases = [];
  const add = (what, code, token, wanted = expected) => cases.push({ what, code, token, expected: wanted });
  add('a peer that knows the join token', 0, await make(good));
  for (const claim of Object.keys(expected)) {
    add(`without ${claim}`, 438, await make({ ...good, [claim]: undefined }));
    add(`about another ${claim}`, 438, await make(good), { ...expected, [claim]: other(expected[claim]) });
  }
  add('without a proof', 403, await make({ ...good, join: undefined }));
  add('the proof of another join token', 403, await make(await joined(fresh(expected, now), 'guessed')));
  add('the proof of another token', 403, await make({ ...fresh(expected, now), join: good.join }));
  const stranger = { ...expected, orig: { uri: peerUri('cd'.repeat(32)) } };
  add('the name of another peer', 438, await make(await joined(fresh(stranger, now))), stranger);
  const forger = await makeDeviceKey();
  add('signed by another key', 438, await make(good, { key: forger.sign, chain: peer.chain }));
  add('too old', 403, await make(await joined(fresh(expected, now - 61_000))));
  return { peers: { join: JOIN, cases } };
}

async function presences(alice, bob, now) {
  const iat = now / 1000;
  const good = await signPresence(alice.signer, alice.address, alice.key.id, pidf, now);
  const claims = JSON.parse(atob(good.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  const changed = (change, type = 'starling-presence', signer = alice.signer) =>
    makeToken(signer, type, '', { ...claims, ...change });
  return {
    pidf: base64(pidf),
    presence: [
      ['good', iat + 1200, good],
      ['for over twenty minutes', 0, await changed({ exp: iat + 1201 })],
      ['over', 0, await changed({ iat: iat - 1200, exp: iat })],
      ['begins too late', 0, await changed({ iat: iat + 61, exp: iat + 100 })],
      ['an end that is text', 0, await changed({ exp: String(iat + 1200) })],
      ['no end', 0, await changed({ exp: false })],
      ['about another body', 0, await changed({ dig: 'x' })],
      ['about another device', 0, await changed({ orig: { uri: gruu(alice.address, bob.key.id) } })],
      ['by somebody else', 0, await changed({}, 'starling-presence', bob.signer)],
      ['a PASSporT', 0, await changed({}, 'passport')],
      ['by another key', 0, await changed({}, 'starling-presence', { key: bob.key.sign, chain: alice.chain })],
    ],
  };
}
