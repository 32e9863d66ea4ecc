// First use and renewal: a key on this device, a code by mail, a certificate for this device and this address.
import { random } from '../bytes.js';
import { acmeClient } from '../enrol/acme.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { parseCertificate } from '../identity/certificate.js';
import { makeCsr } from '../identity/csr.js';
import { makeDeviceKey } from '../identity/device.js';
import { verifyChain } from '../identity/verifier.js';

const RENEW_AT = 2 / 3;

/** @param {import('./context.js').Context} ctx */
export function enrolment(ctx) {
  const acme = acmeClient({ store: ctx.store, fetch: ctx.around.fetch, now: ctx.around.now });

  /** @param {string} address */
  async function order(address) {
    const peer = [...ctx.peers.known.values()].find((each) => each.directory);
    if (!peer) throw new StarlingError('ca-unreachable');
    return acme.order(peer.directory, address);
  }

  return {
    /** After a reload: go on where it was. */
    async resume() {
      const profile = ctx.profile;
      const pending = await acme.pending();
      if (!profile) return;
      if (!profile.chain.length) {
        if (pending && pending.expires > ctx.around.now())
          ctx.me({ address: profile.address, status: 'code', codeExpires: pending.expires });
        else ctx.me({ address: profile.address, status: 'new' });
        return;
      }
      const leaf = parseCertificate(profile.chain[0]);
      const renewAt = leaf.notBefore + (leaf.notAfter - leaf.notBefore) * RENEW_AT;
      if (ctx.around.now() > renewAt)
        ctx.notice({
          id: 'renew',
          kind: 'warning',
          key: 'renew',
          args: {},
          actions: [{ id: 'now', key: 'renew.now', safe: true }],
        });
    },

    /** @param {string} typed */
    async enrol(typed) {
      need(typed.trim() !== '', 'address.empty');
      const address = parseAddress(typed.trim());
      need(address.includes('@'), 'address.phone-syntax');
      ctx.me({ status: 'enrolling', address });
      try {
        if (ctx.profile?.address !== address || ctx.profile.chain.length) {
          ctx.profile = {
            address,
            name: '',
            key: await makeDeviceKey(),
            chain: [],
            friendsKey: random(32),
            friendsVersion: 1,
            ownKey: random(32),
            network: ctx.peers.network(),
            local: ctx.peers.local(),
          };
          await ctx.saveProfile();
        }
        const pending = await order(address);
        ctx.me({ status: 'code', codeExpires: pending.expires, deviceId: ctx.profile.key.id });
      } catch (e) {
        ctx.me({ status: 'new' });
        throw e;
      }
    },

    async cancel() {
      await acme.forget();
      ctx.me({ status: 'new', codeExpires: 0 });
    },

    /** @param {string} pasted */
    async submit(pasted) {
      const profile = ctx.profile;
      const pending = await acme.pending();
      if (!profile || !pending) throw new StarlingError('code');
      const chain = await acme.finish(pending, pasted, () => makeCsr(profile.key, profile.address));
      const verified = await verifyChain(chain, profile.address, ctx.around.now(), ctx.trust());
      need(verified.device === profile.key.id, 'generic', 'a certificate for another key');
      profile.chain = chain;
      await ctx.saveProfile();
      await acme.forget();
    },

    /** A new certificate for the same key. */
    async renew() {
      const profile = ctx.profile;
      if (!profile) return;
      const pending = await order(profile.address);
      ctx.me({ status: 'code', codeExpires: pending.expires });
    },
  };
}
