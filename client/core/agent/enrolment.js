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
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1;

/** @param {import('./context.js').Context} ctx */
export function enrolment(ctx) {
  const acme = acmeClient({ store: ctx.store, fetch: ctx.around.fetch, now: ctx.around.now });

  /** @param {string} address */
  async function order(address) {
    const peer = [...ctx.peers.known.values()].find((each) => each.directory);
    if (!peer) throw new StarlingError('ca-unreachable');
    const pending = await acme.order(peer.directory, address);
    if (pending.late) ctx.notice({ id: 'mail-late', kind: 'warning', key: 'mail-late', args: {}, actions: [] });
    return pending;
  }

  /** The profile of this device for an address: a device that is certified keeps its key and address. @param {string} address */
  async function profileFor(address) {
    need(
      !ctx.profile?.chain.length || ctx.profile.address === address,
      'smime.other-address',
      'this device has an address',
    );
    if (ctx.profile?.address === address) return ctx.profile;
    const profile = {
      address,
      name: '',
      key: await makeDeviceKey(),
      chain: [],
      friendsKey: random(32),
      friendsVersion: 1,
      ownKey: random(32),
      ownVersion: 0,
      network: ctx.peers.network(),
      local: ctx.peers.local(),
    };
    ctx.profile = profile;
    await ctx.saveProfile();
    return profile;
  }

  /** This device is certified, by mail or by an S/MIME certificate. @param {Uint8Array<ArrayBuffer>[]} chain */
  async function adopt(chain) {
    const profile = /** @type {import('./context.js').Profile} */ (ctx.profile);
    profile.chain = chain;
    await ctx.saveProfile();
    await ctx.logs.mine(chain[0]);
    await acme.forget();
    ctx.update({
      notices: ctx.state.notices.filter((each) => !['renew', 'renew-smime', 'mail-late'].includes(each.id)),
    });
    watch(chain[0]);
  }

  let stopWatching = () => {};
  /** Says so when two thirds of the certificate's time are over, now or when it comes to that. @param {Uint8Array} der */
  function watch(der) {
    stopWatching();
    const leaf = parseCertificate(der);
    const wait = leaf.notBefore + (leaf.notAfter - leaf.notBefore) * RENEW_AT - ctx.around.now();
    if (wait > 0) {
      stopWatching = ctx.timer(Math.min(wait + 1000, LONGEST_TIMER_MILLIS), () => watch(der));
      return;
    }
    // What an S/MIME key signed, only that key can renew: the person opens its file again.
    if (leaf.extensions.proxy)
      return ctx.notice({ id: 'renew-smime', kind: 'warning', key: 'renew-smime', args: {}, actions: [] });
    ctx.notice({
      id: 'renew',
      kind: 'warning',
      key: 'renew',
      args: {},
      actions: [{ id: 'now', key: 'renew.now', safe: true }],
    });
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
      watch(profile.chain[0]);
    },

    /** @param {string} typed */
    async enrol(typed) {
      need(typed.trim() !== '', 'address.empty');
      const address = parseAddress(typed.trim());
      need(address.includes('@'), 'address.phone-syntax');
      // A device that is certified keeps its key: what is asked for is another mail for a renewal.
      need(!ctx.profile?.chain.length || ctx.profile.address === address, 'generic', 'this device has an address');
      const before = ctx.profile?.chain.length ? ctx.state.me.status : 'new';
      ctx.me({ status: 'enrolling', address });
      try {
        const profile = await profileFor(address);
        const pending = await order(address);
        ctx.me({ status: 'code', codeExpires: pending.expires, deviceId: profile.key.id });
      } catch (e) {
        ctx.me({ status: before });
        throw e;
      }
    },

    /** @returns {Promise<boolean>} whether this device has a certificate all the same */
    async cancel() {
      await acme.forget();
      const certified = !!ctx.profile?.chain.length;
      ctx.me({ status: certified ? 'connecting' : 'new', codeExpires: 0 });
      return certified;
    },

    /** @param {string} pasted */
    async submit(pasted) {
      const profile = ctx.profile;
      const pending = await acme.pending();
      if (!profile || !pending) throw new StarlingError('code');
      const chain = await acme.finish(pending, pasted, () => makeCsr(profile.key, profile.address));
      await ctx.trusted.settled();
      const verified = await verifyChain(chain, profile.address, ctx.around.now(), ctx.trust());
      need(verified.device === profile.key.id, 'generic', 'a certificate for another key');
      await adopt(chain);
    },
    profileFor,
    adopt,

    /** A new certificate for the same key: mails a code, unless one is on its way. */
    async renew() {
      const profile = ctx.profile;
      if (!profile) return;
      const old = await acme.pending();
      const good = old?.address === profile.address && old.expires > ctx.around.now();
      const pending = good && old ? old : await order(profile.address);
      ctx.me({ status: 'code', codeExpires: pending.expires });
    },
  };
}
