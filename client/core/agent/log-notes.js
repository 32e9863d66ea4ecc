// What a CA's log says of a certificate, for people to read. Nothing is decided by it: the head of the log is not judged here (docs/protocols/log.md, section 4).
import { same, sha256 } from '../bytes.js';
import { parseCertificate } from '../identity/certificate.js';
import { MAX_PROOF_BYTES, parseProof } from '../identity/log-proof.js';

const PATIENCE_MILLIS = 10_000;
const DIRECTORY = '/acme/directory';

/** @param {import('./context.js').Context} ctx @param {Uint8Array<ArrayBuffer>} der @returns {Promise<boolean | null>} null: nobody could be asked */
export async function standsInLog(ctx, der) {
  const bases = [...ctx.peers.known.values()].flatMap(({ directory }) =>
    directory?.endsWith(DIRECTORY) ? [directory.slice(0, -DIRECTORY.length)] : [],
  );
  for (const base of new Set(bases)) {
    try {
      const url = `${base}/acme/proof/${parseCertificate(der).serial.replace(/^00/, '')}`;
      const answer = await ctx.around.fetch(url, { credentials: 'omit', signal: AbortSignal.timeout(PATIENCE_MILLIS) });
      if (answer.status === 404) return false;
      if (!answer.ok || Number(answer.headers.get('content-length') ?? 0) > MAX_PROOF_BYTES) continue;
      const { entry } = parseProof(new Uint8Array(await answer.arrayBuffer()));
      return same(entry.certificate, await sha256(der));
    } catch {
      // Another CA may answer.
    }
  }
  return null;
}
