// Another browser of this address asks to stand on the list of devices, or we do: who asks, who allows, and what the new one is given.
import { checkCode } from './devices.js';

const MAX_ASKING = 8;

/** @typedef {import('./context.js').Context} Context */

/** @param {Context} ctx */
export function endorsement(ctx) {
  /** @type {Map<string, {spki: Uint8Array<ArrayBuffer>, name: string}>} */
  const asking = new Map();

  /** @param {string} deviceId */
  const withdraw = (deviceId) =>
    ctx.update({ endorsements: ctx.state.endorsements.filter((each) => each.deviceId !== deviceId) });

  ctx.reception.on('endorseRequest', async (signer, body) => {
    const nothing = { writes: [], done() {} };
    if (ctx.devices.lists(signer.device) || ctx.state.endorsements.length >= MAX_ASKING) return nothing;
    const { name } = body.content;
    const code = await checkCode(signer.device, signer.address);
    return {
      // Not remembered: it asks again as long as it waits.
      writes: [],
      done() {
        asking.set(signer.device, { spki: signer.spki, name });
        const request = { deviceId: signer.device, name, checkCode: code, at: ctx.around.now() };
        const { endorsements, notices } = ctx.state;
        ctx.update({
          endorsements: [...endorsements.filter((each) => each.deviceId !== signer.device), request],
          notices: notices.filter((each) => each.id !== `ghost ${signer.device}`),
        });
      },
    };
  });

  ctx.reception.on('endorseGrant', async (signer, body) => {
    const { profile } = ctx;
    if (!profile || signer.address !== profile.address) return null;
    const { ownKey, friendsKey, version, contacts } = body.content;
    const next = { ...profile, ownKey, friendsKey, friendsVersion: version };
    const fresh = contacts
      .filter((/** @type {{address: string}} */ each) => !ctx.contacts.get(each.address))
      .map((/** @type {any} */ each) =>
        ctx.contacts.put({ ...ctx.contacts.blank(each.address, each.name), ...each, state: 'accepted' }),
      );
    return {
      writes: [
        ['me', 'profile', next],
        ...fresh.flatMap((/** @type {import('./reception.js').Change} */ each) => each.writes),
      ],
      done() {
        Object.assign(profile, next);
        for (const each of fresh) each.done();
        void ctx.delivery.settled();
      },
    };
  });

  ctx.reception.on('endorseRefusal', async (signer) => ({
    writes: [],
    done: () => void (signer.address === ctx.profile?.address && ctx.me({ detail: 'your other browser refused' })),
  }));

  /** Once at a time to each device. @param {string} device @param {import('../cms/bodies.js').BodyType} type @param {any} content */
  async function ask(device, type, content) {
    const to = ctx.profile?.address ?? '';
    if (ctx.delivery.waits((item) => item.only === device && item.type === type)) await ctx.delivery.flush(to);
    else await ctx.delivery.enqueue({ to, type, content, only: device });
  }

  return {
    ask,

    /** @param {string} deviceId */
    async allow(deviceId) {
      const who = asking.get(deviceId);
      if (!who || !ctx.profile) return;
      asking.delete(deviceId);
      withdraw(deviceId);
      await ctx.devices.allow(deviceId, who.spki, who.name);
      const { ownKey, friendsKey, friendsVersion } = ctx.profile;
      const contacts = ctx.contacts.snapshot();
      await ask(deviceId, 'endorseGrant', { ownKey, friendsKey, version: friendsVersion, contacts });
    },

    /** @param {string} deviceId */
    refuse(deviceId) {
      asking.delete(deviceId);
      withdraw(deviceId);
      ctx.devices.show();
    },
  };
}
