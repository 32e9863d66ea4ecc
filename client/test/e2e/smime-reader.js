// Somebody with a key in a .p12 file, as other S/MIME programs have it, and what these programs say of a mail.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { base64 } from '../../core/bytes.js';
import { certify } from '../authority.js';

const openssl = promisify(execFile);
const PASSWORD = 'correct';

/** @param {string} label @param {Uint8Array} der */
const pem = (label, der) =>
  `-----BEGIN ${label}-----\n${base64(der).replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;

/** A device whose key may leave it. @param {any} ca  of authority.js @param {string} address @param {number} now */
export async function reader(ca, address, now) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-reader-'));
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  const certificate = await certify(ca, address, spki, now);
  const path = (/** @type {string} */ name) => join(folder, name);
  await writeFile(path('key.pem'), pem('PRIVATE KEY', pkcs8));
  await writeFile(path('cert.pem'), pem('CERTIFICATE', certificate));
  await writeFile(path('ca.pem'), pem('CERTIFICATE', ca.certificate.der));
  await openssl('openssl', [
    ...['pkcs12', '-export', '-inkey', path('key.pem'), '-in', path('cert.pem'), '-certfile', path('ca.pem')],
    ...['-out', path('key.p12'), '-passout', `pass:${PASSWORD}`],
  ]);
  return {
    certificate,
    /** What Thunderbird is to do: as a person imports the file, and believes the CA for mail. */
    importing: `
      const db = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
      const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
      file.initWithPath(${JSON.stringify(path('key.p12'))});
      if (db.importPKCS12File(file, ${JSON.stringify(PASSWORD)}) !== 0) throw new Error('the .p12 was not imported');
      const root = db.getCerts().find((each) => each.getBase64DERString() === ${JSON.stringify(base64(ca.certificate.der))});
      db.setCertTrust(root, Ci.nsIX509Cert.CA_CERT, Ci.nsIX509CertDB.TRUSTED_EMAIL);`,
    /** By OpenSSL: what is in a mail that is encrypted, and signed by somebody of that CA. @param {Uint8Array} mail @returns {Promise<string>} */
    async read(mail) {
      await writeFile(path('mail.eml'), mail);
      await openssl('openssl', [
        ...['cms', '-decrypt', '-in', path('mail.eml'), '-inkey', path('key.pem'), '-recip', path('cert.pem')],
        ...['-out', path('signed.eml')],
      ]);
      await openssl('openssl', [
        ...['cms', '-verify', '-in', path('signed.eml'), '-CAfile', path('ca.pem'), '-purpose', 'smimesign'],
        ...['-out', path('text.eml')],
      ]);
      return (await openssl('cat', [path('text.eml')])).stdout;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
