// What a CA's log says of a certificate, for people to read. Nothing is decided by it: the head of the log is not judged here (docs/protocols/log.md, section 4).
import { same, sha256 } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { MAX_PROOF_BYTES, parseProof } from '../identity/log-proof.js';
import { fetchBytes } from './log-proofs.js';

const DIRECTORY = '/acme/directory';

/** @param {import('./context.js').Context} ctx @param {Uint8Array<ArrayBuffer>} der @returns {Promise<boolean | null>} null: nobody could be asked */
export async function standsInLog(ctx, der) {
  const bases = [...ctx.peers.known.values()].flatMap(({ directory }) =>
    directory?.endsWith(DIRECTORY) ? [directory.slice(0, -DIRECTORY.length)] : [],
  );
  for (const base of new Set(bases)) {
    try {
      const url = `${base}/acme/proof/${parseCertificate(der).serial.replace(/^00/, '')}`;
      const { entry } = parseProof(await fetchBytes(ctx.around.fetch, url, MAX_PROOF_BYTES));
      return same(entry.certificate, await sha256(der));
    } catch (e) {
      if (e instanceof Error && e.message.endsWith('status 404')) return false;
      // Another CA may answer.
    }
  }
  return null;
}
