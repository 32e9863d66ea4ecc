// First use and renewal: a key on this device, a code by mail, a certificate for this device and this address.
import { b64u, random, same } from '../bytes.js';
import { keyBackup } from './backup.js';
import { acmeClient } from '../enrol/acme.js';
import { need, StarlingError } from '../errors.js';
import { parseAddress } from '../identity/address.js';
import { parseCertificate } from '../identity/certificate.js';
import { makeCsr } from '../identity/csr.js';
import { makeDeviceKey } from '../identity/device.js';
import { verifyChain } from '../identity/verifier.js';

const RENEW_AT = 2 / 3;
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1;
/** After a renewal that did not come to its end. */
const AGAIN_MILLIS = 3_600_000;
/** So long an answer that was mailed may be on its way; mail servers that do not know each other let the first mail wait for minutes. */
const ANSWER_MILLIS = 180_000;
/** cessationOfOperation: the devices are lost, or not to be used any more. RFC 5280, section 5.3.1. */
const CESSATION = 5;

/** @param {import('./context.js').Context} ctx */
export function enrolment(ctx) {
  const acme = acmeClient({ store: ctx.store, fetch: ctx.around.fetch, now: ctx.around.now });
  const backup = keyBackup(ctx);

  /** @param {string} address @param {string} [accountKey] */
  async function order(address, accountKey) {
    const peer = [...ctx.peers.known.values()].find((each) => each.directory);
    if (!peer) throw new StarlingError('ca-unreachable');
    const pending = await acme.order(peer.directory, address, accountKey);
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
    return begun(address, { key: await makeDeviceKey() });
  }

  /** @param {string} address @param {{key: import('../identity/device.js').DeviceKey, restored?: boolean}} from @returns {Promise<import('./context.js').Profile>} */
  async function begun(address, from) {
    const profile = {
      address,
      name: '',
      ...from,
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
    wish = null;
    await begin(chain[0]);
  }

  /** @param {Uint8Array<ArrayBuffer>} der */
  async function begin(der) {
    const kept = await acme.proven();
    provenUntil = kept?.address === ctx.profile?.address ? (kept?.until ?? 0) : 0;
    watch(der);
    void askWhen(der);
  }

  /** The certificate of an order whose address is proven, or proven by the code. @param {import('./context.js').Profile} profile @param {import('../enrol/acme.js').Pending} pending @param {string} pasted */
  async function take(profile, pending, pasted) {
    const chain = await acme.finish(pending, pasted, async () => {
      await backup.make(profile);
      return makeCsr(profile.key, profile.address);
    });
    await ctx.trusted.settled();
    const verified = await verifyChain(chain, profile.address, ctx.around.now(), ctx.trust());
    need(verified.device === profile.key.id, 'generic', 'a certificate for another key');
    await adopt(chain);
    backup.offer();
  }

  let stopWatching = () => {};
  let stopAsking = () => {};
  /** When the CA would like the present certificate to be renewed; null: it does not say. @type {{at: number, explanation: string} | null} */
  let wish = null;
  /** Until when an order needs no mail, Unix ms. */
  let provenUntil = 0;

  /** Renews, or says that it is time, when two thirds of the certificate's time are over or the CA asks for it: now, or when it comes to that. @param {Uint8Array} der */
  function watch(der) {
    stopWatching();
    // An address that was left is given back when its time is over.
    if (ctx.around.former) return;
    const leaf = parseCertificate(der);
    const usual = leaf.notBefore + (leaf.notAfter - leaf.notBefore) * RENEW_AT;
    const wait = (wish?.at ?? usual) - ctx.around.now();
    if (wait > 0) {
      stopWatching = ctx.timer(Math.min(wait + 1000, LONGEST_TIMER_MILLIS), () => watch(der));
      return;
    }
    if (!leaf.extensions.proxy && provenUntil > ctx.around.now()) return void renewQuietly(der);
    sayDue(leaf);
  }

  /** Without a mail, as long as the proof is good. @param {Uint8Array} der */
  async function renewQuietly(der) {
    const profile = /** @type {import('./context.js').Profile} */ (ctx.profile);
    const why = wish?.explanation ?? '';
    try {
      const pending = await order(profile.address);
      if (!pending.ready) return sayDue(parseCertificate(der));
      await take(profile, pending, '');
      if (why)
        ctx.notice({
          id: 'renew-why',
          kind: 'info',
          key: 'renew-why',
          args: { url: why },
          actions: [{ id: 'ok', key: 'renew-why.ok', safe: true }],
        });
      await ctx.renewed?.();
    } catch (e) {
      console.warn('starling: renewal', e instanceof Error ? e.message : e);
      // There is a third of its time left; whoever is to do something is told in the last sixth.
      const { notBefore, notAfter } = parseCertificate(der);
      if (ctx.around.now() > notAfter - (notAfter - notBefore) / 6) sayDue(parseCertificate(der));
      stopWatching = ctx.timer(AGAIN_MILLIS, () => watch(der));
    }
  }

  /** RFC 9773: asked again when the CA says so, for it may come to want it sooner. @param {Uint8Array<ArrayBuffer>} der */
  async function askWhen(der) {
    stopAsking();
    const directory = [...ctx.peers.known.values()].find((each) => each.directory)?.directory;
    if (!directory || parseCertificate(der).extensions.proxy) return;
    const info = await acme.renewalInfo(directory, der).catch(() => null);
    if (ctx.profile?.chain[0] !== der) return;
    if (!info) return;
    // Section 4.2: at a random time in the window, chosen once for each.
    const before = wish;
    const isSame = before && before.at >= info.start && before.at <= info.end;
    wish = {
      at: isSame ? before.at : info.start + Math.random() * (info.end - info.start),
      explanation: info.explanation,
    };
    watch(der);
    stopAsking = ctx.timer(info.again, () => void askWhen(der));
  }

  /** @param {import('../identity/certificate.js').Certificate} leaf */
  function sayDue(leaf) {
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

  const isOwn = (/** @type {Uint8Array<ArrayBuffer>} */ der) =>
    !!ctx.profile && same(parseCertificate(der).spki, ctx.profile.key.spki);

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
      await begin(/** @type {Uint8Array<ArrayBuffer>} */ (profile.chain[0]));
    },

    /** After a reload, where a code ran out meanwhile. @returns {Promise<boolean>} whether there was one */
    async showExpired() {
      const pending = await acme.pending();
      if (!ctx.profile || pending?.address !== ctx.profile.address) return false;
      ctx.me({ address: pending.address, status: 'code', codeExpires: pending.expires });
      return true;
    },

    /** @param {string} typed @param {string} [accountKey]  as the operator of the CA gave it, where it wants one */
    async enrol(typed, accountKey) {
      need(typed.trim() !== '', 'address.empty');
      const address = parseAddress(typed.trim());
      need(address.includes('@'), 'address.phone-syntax');
      // A device that is certified keeps its key: what is asked for is another mail for a renewal.
      need(!ctx.profile?.chain.length || ctx.profile.address === address, 'generic', 'this device has an address');
      const before = ctx.profile?.chain.length ? ctx.state.me.status : 'new';
      ctx.me({ status: 'enrolling', address });
      try {
        const profile = await profileFor(address);
        const pending = await order(address, accountKey);
        if (pending.ready) {
          await take(profile, pending, '');
          await ctx.renewed?.();
        } else ctx.me({ status: 'code', codeExpires: pending.expires, deviceId: profile.key.id });
      } catch (e) {
        ctx.me({ status: before });
        throw e;
      }
    },

    /** @returns {Promise<boolean>} whether this device has a certificate all the same */
    async cancel() {
      await acme.forget();
      backup.close();
      const certified = !!ctx.profile?.chain.length;
      ctx.me({ status: certified ? 'connecting' : 'new', codeExpires: 0 });
      return certified;
    },

    /** @param {string} pasted */
    async submit(pasted) {
      const profile = ctx.profile;
      const pending = await acme.pending();
      if (!profile || !pending) throw new StarlingError('code');
      await take(profile, pending, pasted);
    },
    /** The mail that is on its way. @returns {Promise<import('../types.js').AwaitedMail | null>} */
    async awaited() {
      const pending = await acme.pending();
      if (!pending || pending.ready || pending.expires <= ctx.around.now()) return null;
      const { address, from = '', expires, order: url, begins = '' } = pending;
      return { address, from, expires, order: url, begins, reply: !!pending.reply };
    },

    /** What is to be mailed back to the CA, as text; '' where it takes no such answer. @param {string} code  of its mail @returns {Promise<string>} */
    async answer(code) {
      const pending = await acme.pending();
      return pending ? await acme.answer(pending, code) : '';
    },

    /** That was sent: the certificate, when the CA has it. Throws `reply.refused` or `reply.late`; the code counts then as before. @returns {Promise<boolean>} false: nobody waits for it any more */
    async answered() {
      const profile = ctx.profile;
      const pending = await acme.pending();
      if (!profile || !pending?.reply) return false;
      const isOver = async () => (await acme.pending())?.order !== pending.order;
      await acme.answered(pending, ANSWER_MILLIS, isOver);
      if (await isOver()) return false;
      await take(profile, { ...pending, ready: true }, '');
      return true;
    },
    profileFor,
    adopt,
    backup,

    /** The key of a device, from its backup: to be certified, if what certified it is over. @param {string} address @param {import('../identity/device.js').DeviceKey} key */
    async restored(address, key) {
      need(!ctx.profile?.chain.length, 'restore.taken');
      await acme.forget();
      await begun(address, { key, restored: true });
    },

    /** A new certificate for the same key: mails a code, unless one is on its way. */
    async renew() {
      const profile = ctx.profile;
      if (!profile) return;
      const old = await acme.pending();
      const good = old?.address === profile.address && old.expires > ctx.around.now();
      const pending = good && old ? old : await order(profile.address);
      if (pending.ready) return take(profile, pending, '');
      ctx.me({ status: 'code', codeExpires: pending.expires });
    },

    /** Withdraws the certificates of all other devices of this address, by the proof of the mailbox: those that are known, and those that the CA names besides. @param {Uint8Array[]} known */
    async revoke(known) {
      const named = (await acme.good()).filter((der) => !isOwn(der));
      const seen = new Set(named.map(b64u));
      let failed = null;
      // What fails stops no other.
      for (const der of [...named, ...known.filter((each) => !seen.has(b64u(each)))])
        await acme.revoke(der, CESSATION).catch((e) => (failed ??= e));
      if (failed) throw failed;
    },

    close() {
      backup.close();
      stopWatching();
      stopAsking();
    },
  };
}
