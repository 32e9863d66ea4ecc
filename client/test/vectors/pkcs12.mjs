// S/MIME certificates with their keys in PKCS #12 files, made by OpenSSL (3.0 or newer must be at hand): what people bring along.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { base64 } from '../../core/bytes.js';
import { oid, sequence, setOf } from '../../core/identity/der.js';
import * as f from '../forge.js';

const run = promisify(execFile);
const PASSPHRASE = 'Bürger & Söhne';
const pem = (kind, bytes) =>
  `-----BEGIN ${kind}-----\n${base64(bytes).replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${kind}-----\n`;

/** A company's CA with a list of withdrawn certificates, and one that it issued. */
export async function company(now, { crl = {}, kind = 'rsa', san, to = now + 365 * f.DAY, subject } = {}) {
  const attribute = (type, text) => setOf(sequence(oid(type), f.utf8(text)));
  const name = sequence(attribute('2.5.4.10', 'Example Ltd'), attribute('2.5.4.3', 'Example Ltd CA'));
  const root = await f.rsaAuthority(name, 2048);
  const rootDer = await f.forge(root, root.spki, now, f.authorityExtensions(), {
    subject: name,
    to: f.utc(now + 3650 * f.DAY),
  });
  const person = sequence(attribute('2.5.4.10', 'Example Ltd'), attribute('2.5.4.3', 'Bob'));
  const key =
    kind === 'rsa'
      ? await f.rsaAuthority(person, 2048)
      : await f.curveAuthority(person, kind, kind === 'P-256' ? 'SHA-256' : 'SHA-384');
  const der = await f.forge(
    root,
    key.spki,
    now,
    {
      san: f.san(san ?? [f.email('Bob@example.net'), f.email('robert@example.net')], false),
      usage: f.keyUsage(0xa0, true, 5),
      extended: f.extendedUsage(f.EMAIL_PROTECTION, '1.3.6.1.5.5.7.3.2'),
      ...crl,
    },
    { subject: subject ?? person, to: f.utc(to) },
  );
  return { root, rootDer, der, pkcs8: await key.pkcs8() };
}

/** @param {string[]} how  options of `openssl pkcs12 -export` @param {{passphrase?: string, withRoot?: boolean}} [more] */
export async function pkcs12({ rootDer, der, pkcs8 }, how = [], { passphrase = PASSPHRASE, withRoot = true } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-p12-'));
  try {
    const file = (name) => join(folder, name);
    await writeFile(
      file('all.pem'),
      pem('PRIVATE KEY', pkcs8) + pem('CERTIFICATE', der) + (withRoot ? pem('CERTIFICATE', rootDer) : ''),
    );
    await writeFile(file('pass'), `${passphrase}\n`);
    await run('openssl', [
      'pkcs12',
      '-export',
      '-in',
      file('all.pem'),
      '-name',
      'Bob ü',
      '-passout',
      `file:${file('pass')}`,
      ...how,
      '-out',
      file('x.p12'),
    ]);
    return new Uint8Array(await readFile(file('x.p12')));
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function pkcs12s(now) {
  const good = [];
  const bad = [];
  const rsa = await company(now);
  const add = async (what, by, how) =>
    good.push({ what, file: base64(await pkcs12(by, how)), certificate: base64(by.der) });
  await add('RSA, as OpenSSL writes today', rsa, []);
  await add('a P-256 key', await company(now, { kind: 'P-256' }), []);
  await add('a P-384 key', await company(now, { kind: 'P-384' }), []);
  await add('AES-128, a MAC with SHA-1', rsa, [
    '-keypbe',
    'AES-128-CBC',
    '-certpbe',
    'AES-128-CBC',
    '-macalg',
    'sha1',
    '-iter',
    '1000',
  ]);
  await add('AES-192, a MAC with SHA-512', rsa, [
    '-keypbe',
    'AES-192-CBC',
    '-certpbe',
    'AES-192-CBC',
    '-macalg',
    'sha512',
  ]);
  await add('certificates in clear', rsa, ['-certpbe', 'NONE']);
  await add('no MAC', rsa, ['-nomac']);
  const refuse = async (what, reason, file, passphrase = PASSPHRASE) =>
    bad.push({ what, reason, file: base64(file), passphrase });
  await refuse(
    '3DES',
    'p12.old',
    await pkcs12(rsa, ['-legacy', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES']),
  );
  await refuse('RC2', 'p12.old', await pkcs12(rsa, ['-legacy']));
  await refuse('3DES in PBES2', 'p12.old', await pkcs12(rsa, ['-keypbe', 'des-ede3-cbc', '-certpbe', 'des-ede3-cbc']));
  const whole = await pkcs12(rsa);
  await refuse('a wrong passphrase', 'p12.passphrase', whole, 'burger');
  await refuse('no passphrase', 'p12.passphrase', whole, '');
  await refuse('a wrong passphrase, no MAC', 'p12.passphrase', await pkcs12(rsa, ['-nomac']), 'burger');
  await refuse('no key', 'p12.no-key', await pkcs12(rsa, ['-nokeys']));
  await refuse('cut off', 'p12.malformed', whole.slice(0, -1));
  await refuse('no file', 'p12.malformed', new Uint8Array());
  await refuse('a certificate', 'p12.malformed', rsa.der);
  return { now: now / 1000, passphrase: PASSPHRASE, good, bad };
}
