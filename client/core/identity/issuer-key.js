// The keys and signatures that certificates may have: ECDSA on P-256 or P-384 with SHA-256 or SHA-384, RSA of 2048 to 8192 bits with PKCS #1 v1.5.
// docs/protocols/formats.md, section 3.
import { hex } from '../bytes.js';
import { parseDer, plainSignature } from './der.js';

const P256 = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';
const P384 = '3076301006072a8648ce3d020106052b8104002203620004';
const RSA = '300d06092a864886f70d0101010500';
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
const MAX_KEY_BYTES = 8192;

/** AlgorithmIdentifiers as they must be written: ECDSA without parameters, RSA with NULL. @type {Record<string, {name: string, hash: string}>} */
export const SIGNATURES = {
  '300a06082a8648ce3d040302': { name: 'ECDSA', hash: 'SHA-256' },
  '300a06082a8648ce3d040303': { name: 'ECDSA', hash: 'SHA-384' },
  '300d06092a864886f70d01010b0500': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  '300d06092a864886f70d01010c0500': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  '300d06092a864886f70d01010d0500': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
};

/** @param {Uint8Array} spki */
export const isP256 = (spki) => spki.length === 91 && hex(spki.subarray(0, 27)) === P256;
/** @param {Uint8Array} spki */
const isP384 = (spki) => spki.length === 120 && hex(spki.subarray(0, 24)) === P384;
/** @param {Uint8Array} spki */
export const isUsableKey = (spki) => isP256(spki) || isP384(spki) || isRsa(spki);

/** @param {Uint8Array} spki */
function isRsa(spki) {
  try {
    const [algorithm, key] = parseDer(spki, MAX_KEY_BYTES).sequence(2, 2);
    if (hex(algorithm.der) !== RSA) return false;
    const [modulus, exponent] = parseDer(key.wholeBits, MAX_KEY_BYTES)
      .sequence(2, 2)
      .map((number) => number.expect(2).content);
    const bits = bitLength(modulus);
    const e = Number(`0x${hex(exponent.subarray(0, 6))}`);
    return (
      modulus[0] < 128 &&
      exponent[0] < 128 &&
      bits >= MIN_RSA_BITS &&
      bits <= MAX_RSA_BITS &&
      bitLength(exponent) <= 32 &&
      e > 2 &&
      e % 2 === 1
    );
  } catch {
    return false;
  }
}

/** Of a positive number in DER form. @param {Uint8Array} number */
function bitLength(number) {
  const digits = number[0] === 0 ? number.subarray(1) : number;
  return digits.length === 0 ? 0 : digits.length * 8 - Math.clz32(digits[0]) + 24;
}

// P-256: y^2 = x^3 - 3x + b over p.
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Whether the point of a P-256 key lies on the curve; engines differ in when they look. @param {Uint8Array} spki */
export function onP256(spki) {
  const [x, y] = [spki.subarray(27, 59), spki.subarray(59, 91)].map((half) => BigInt(`0x${hex(half)}`));
  return x < P && y < P && (x * x * x - 3n * x + B - y * y) % P === 0n;
}

/**
 * Whether the key in `spki` signed the certificate. Says no to keys and signatures of other kinds.
 * @param {{tbs: Uint8Array<ArrayBuffer>, algorithm: Uint8Array, signature: Uint8Array<ArrayBuffer>}} certificate @param {Uint8Array<ArrayBuffer>} spki
 */
export async function signedBy(certificate, spki) {
  const algorithm = SIGNATURES[hex(certificate.algorithm)];
  const rsa = isRsa(spki);
  if (!algorithm || !isUsableKey(spki) || (algorithm.name !== 'ECDSA') !== rsa) return false;
  try {
    if (rsa) {
      const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify']);
      return await crypto.subtle.verify(algorithm.name, key, certificate.signature, certificate.tbs);
    }
    const namedCurve = isP256(spki) ? 'P-256' : 'P-384';
    const key = await crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve }, false, ['verify']);
    const signature = plainSignature(certificate.signature, namedCurve === 'P-256' ? 32 : 48);
    return await crypto.subtle.verify({ name: 'ECDSA', hash: algorithm.hash }, key, signature, certificate.tbs);
  } catch {
    return false;
  }
}
