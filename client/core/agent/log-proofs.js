// The proof that our certificate is in the log of its CA: fetched once, checked, kept with the certificate, published with it. docs/protocols/log.md,
// section 12. A certificate is as good without it for all who do not demand it: what fails is tried again when the certificate is published again.
import { hex, sha256 } from '../bytes.js';
import { need } from '../errors.js';
import { MAX_PROOF_BYTES, parseProof, verifyProof } from '../identity/log-proof.js';
import { verifyChain } from '../identity/verifier.js';

const PATIENCE_MILLIS = 5000;

/** What an answer says, unless that is more than it may be. @param {typeof fetch} fetcher @param {string} url @param {number} most bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function fetchBytes(fetcher, url, most) {
  const answer = await fetcher(url, {
    credentials: 'omit',
    redirect: 'error',
    cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  });
  need(answer.ok && !!answer.body, 'unreachable', `status ${answer.status}`);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const parts = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > most) {
      await reader.cancel();
      need(false, 'malformed', 'too long');
    }
    parts.push(part.value);
  }
  return new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer());
}

/** @param {import('./context.js').Context} ctx */
export function logProofs(ctx) {
  return {
    /** null: its CA names no log, or that does not say so now. @param {import('./context.js').Profile} profile @returns {Promise<Uint8Array | null>} */
    async of({ address, chain }) {
      try {
        await ctx.trusted.settled();
        const { log, leaf } = await verifyChain(chain, address, ctx.now(), ctx.trust());
        if (!log) return null;
        const certificate = hex(await sha256(leaf.der));
        const verify = (/** @type {Uint8Array} */ bytes) =>
          verifyProof(parseProof(bytes), leaf.der, address, log.policy).then(
            () => bytes,
            (e) => {
              console.warn('starling: proof of the log', e instanceof Error ? e.message : e);
              return null;
            },
          );
        const kept = await ctx.store.get('me', 'log-proof');
        const good = kept?.certificate === certificate && (await verify(kept.proof));
        if (good) return good;
        const proof = await verify(
          await fetchBytes(ctx.around.fetch, `${log.url}/proof/${leaf.serial}`, MAX_PROOF_BYTES),
        );
        if (proof) await ctx.store.put('me', 'log-proof', { certificate, proof });
        return proof;
      } catch (e) {
        console.warn('starling: proof of the log', e instanceof Error ? e.message : e);
        return null;
      }
    },
  };
}
