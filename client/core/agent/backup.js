// A backup of this device's key, offered once: when the key is made. Between that and the answer the key can be taken out of this page's memory, and of nothing
// else; what is stored never can, whatever the answer. docs/decisions/0053-a-backup-of-the-key.md.
import { unhex } from '../bytes.js';
import { need } from '../errors.js';
import { makeSparedKey } from '../identity/device.js';

/** So long an answer is waited for. */
export const OFFERED_MILLIS = 1_800_000;
const ID_BYTES = 20;

/** @param {import('./context.js').Context} ctx */
export function keyBackup(ctx) {
  /** @type {{id: string, key: CryptoKey} | null} */
  let spare = null;
  let stop = () => {};

  function close() {
    stop();
    spare = null;
    if (ctx.state.backup) ctx.update({ backup: false });
  }

  return {
    /** The key for which a certificate is about to be asked. One that waited in the store since the mail was asked for gives way: nobody knows it yet. @param {import('./context.js').Profile} profile */
    async make(profile) {
      if (profile.chain.length || profile.restored || spare?.id === profile.key.id) return;
      const made = await makeSparedKey();
      profile.key = made.key;
      await ctx.saveProfile();
      spare = { id: made.key.id, key: made.spare };
      stop();
      stop = ctx.timer(OFFERED_MILLIS, close);
    },

    /** It is certified. */
    offer() {
      if (spare && spare.id === ctx.profile?.key.id) ctx.update({ backup: true });
    },

    /** Gives the file, with which the offer is over. @param {string} passphrase @returns {Promise<Uint8Array<ArrayBuffer>>} PKCS #12 */
    async file(passphrase) {
      const { profile } = ctx;
      need(!!spare && !!profile && spare.id === profile.key.id && profile.chain.length > 0, 'backup.over');
      const { key } = spare;
      // Needed once in the life of a device: not part of what every page loads.
      const { checkPassphrase, writePkcs12 } = await import('../identity/pkcs12-write.js');
      checkPassphrase(passphrase);
      const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key));
      try {
        const { address, chain } = profile;
        const id = unhex(profile.key.id).slice(0, ID_BYTES);
        const file = await writePkcs12({ pkcs8, chain, name: address, id, passphrase });
        close();
        return file;
      } finally {
        pkcs8.fill(0);
      }
    },

    /** The answer is no, or there is nobody any more who could give one. */
    close,
  };
}
