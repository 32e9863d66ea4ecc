// Lists of withdrawn certificates, good and bad: docs/protocols/formats.md, section 3.
import { base64, encode } from '../../core/bytes.js';
import { bits, integer, oid, sequence, tlv } from '../../core/identity/der.js';
import * as f from '../forge.js';

const URL = 'http://crl.example.net/a.crl';
const uri = (text) => tlv(0x86, encode(text));
const entry = (serial, ...more) => sequence(tlv(2, serial), f.utc(Date.UTC(2026, 10, 1)), ...more);
const number = f.extension('2.5.29.20', false, integer(7));

/** A list in DER; `but` replaces single fields. */
export async function makeCrl(by, now, serials, but = {}) {
  const entries = but.entries ?? serials.map((serial) => entry(serial));
  const extensions = but.extensions ?? [number];
  const tbs = sequence(
    but.version ?? integer(1),
    but.inner ?? by.algorithm,
    but.issuer ?? by.name,
    but.from ?? f.utc(now - 300_000),
    but.to ?? f.utc(now + 7 * f.DAY),
    ...(entries.length ? [sequence(...entries)] : []),
    ...(extensions.length ? [tlv(0xa0, sequence(...extensions))] : []),
    ...(but.more ?? []),
  );
  const signature = await by.sign(tbs);
  if (but.breakSignature) signature[signature.length - 1] ^= 1;
  return sequence(tbs, by.algorithm, bits(signature), ...(but.after ?? []));
}

export async function crls(now) {
  const root = await f.ecAuthority(f.nameOf(f.utf8('Vectors root')));
  const rsa = await f.rsaAuthority(f.nameOf(f.utf8('Vectors RSA')), 2048);
  const quiet = await f.ecAuthority(f.nameOf(f.utf8('Vectors quiet')));
  const certificate = (by, usage) =>
    f.forge(by, by.spki, now, { ...f.authorityExtensions(), ...usage }, { subject: by.name });
  const issuers = {
    root: base64(await certificate(root)),
    rsa: base64(await certificate(rsa)),
    quiet: base64(await certificate(quiet, { usage: f.keyUsage(0x04, true, 2) })),
  };
  const cases = [];
  const a = Uint8Array.of(0x40, 1);
  const b = Uint8Array.of(0, 0x80);
  const add = (what, verdict, der, more = {}) =>
    cases.push({ what, verdict, crl: base64(der), issuer: 'root', url: URL, ...more });
  const one = async (what, verdict, but = {}, more = {}, by = root) =>
    add(what, verdict, await makeCrl(by, now, [a, b], but), more);
  await one('two certificates', 'ok', {}, { serials: ['4001', '0080'] });
  await one('none', 'ok', { entries: [] }, { serials: [] });
  await one(
    'the serial number of the vectors',
    'ok',
    { entries: [entry(Uint8Array.of(0x40, 2))] },
    { serials: ['4002'] },
  );
  await one('no extensions', 'ok', { extensions: [] }, { serials: ['4001', '0080'] });
  await one('an RSA key', 'ok', {}, { issuer: 'rsa' }, rsa);
  await one(
    'a reason',
    'ok',
    { entries: [entry(a, sequence(f.extension('2.5.29.21', false, tlv(10, Uint8Array.of(1)))))] },
    { serials: ['4001'] },
  );
  await one('until now', 'ok', { to: f.utc(now) });
  await one('ten minutes ahead', 'ok', { from: f.utc(now + 600_000) });
  await one('eleven minutes ahead', 'not-yet-valid', { from: f.utc(now + 660_000) });
  await one('out of date', 'expired', { to: f.utc(now - 1000) });
  await one('of another issuer', 'wrong-issuer', {}, { issuer: 'rsa' });
  await one('by another key', 'bad-signature', {}, {}, { ...(await f.ecAuthority(root.name)), name: root.name });
  await one('a changed signature', 'bad-signature', { breakSignature: true });
  await one('by a key that may not sign lists', 'key-usage', {}, { issuer: 'quiet' }, quiet);
  await one('SHA-1', 'unsupported-algorithm', {}, {}, { ...root, algorithm: sequence(oid('1.2.840.10045.4.1')) });
  await shapes(one, a);
  await points(one);
  return { now: now / 1000, issuers, cases };
}

async function shapes(one, a) {
  const bad = (what, but) => one(what, 'malformed', but);
  await bad('version 1', { version: integer(0) });
  await bad('no version', { version: new Uint8Array() });
  await bad('two algorithms', { inner: sequence(oid('1.2.840.10045.4.3.3')) });
  await bad('no next update', { to: new Uint8Array(), entries: [] });
  await bad('a field more', { more: [integer(1)] });
  await bad('a part more', { after: [integer(1)] });
  await bad('a time without seconds', { to: tlv(0x17, encode('2612241200Z')) });
  await bad('a serial number of 21 bytes', { entries: [entry(new Uint8Array(21).fill(0x55))] });
  await bad('a negative serial number', { entries: [entry(Uint8Array.of(0xff))] });
  await bad('an entry without a date', { entries: [sequence(tlv(2, a))] });
  await bad('an extension twice', { extensions: [number, number] });
  await bad('no extensions in their place', { more: [tlv(0xa0, sequence())], extensions: [] });
  await one('a list of changes', 'delta', { extensions: [f.extension('2.5.29.27', true, integer(1))] });
  await one('a critical extension that is not known', 'unknown-critical-extension', {
    extensions: [f.extension('1.2.3.4', true, integer(1))],
  });
  await one('an extension that is not known', 'ok', { extensions: [f.extension('1.2.3.4', false, integer(1))] });
  await one('an entry of another issuer', 'unknown-critical-extension', {
    entries: [entry(a, sequence(f.extension('2.5.29.29', true, sequence(tlv(0xa4, f.nameOf(f.utf8('x')))))))],
  });
}

async function points(one) {
  const point = (...parts) => ({ extensions: [f.extension('2.5.29.28', true, sequence(...parts))] });
  const full = (...urls) => tlv(0xa0, tlv(0xa0, ...urls.map(uri)));
  await one('one of several lists', 'ok', point(full('ldap://x/', URL)));
  await one('another of several lists', 'wrong-issuer', point(full('http://crl.example.net/b.crl')));
  await one('for user certificates', 'ok', point(tlv(0x81, Uint8Array.of(255))));
  await one('for CAs', 'unknown-critical-extension', point(tlv(0x82, Uint8Array.of(255))));
  await one('for some reasons', 'unknown-critical-extension', point(tlv(0x83, Uint8Array.of(0, 0x40))));
  await one('for other issuers', 'unknown-critical-extension', point(tlv(0x84, Uint8Array.of(255))));
  await one('a distribution point that is text', 'malformed', {
    extensions: [f.extension('2.5.29.28', true, encode('x'))],
  });
  await one('a distribution point with a text inside', 'malformed', point(f.utf8('x')));
}
