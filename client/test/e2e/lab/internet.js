// An internet of our own, in which every address is public: a core that knows the way everywhere, servers, and homes behind routers. Its addresses are of the
// public ranges because servers refuse all others; nothing leaves the computer.
import { KINDS, MORE_KINDS, rules } from './nat.js';

/** The core's own addresses: of the services in it, and of its DNS. */
export const CORE = { v4: '5.5.5.1', v6: '2a05:5::1', dns: ['5.5.5.53', '2a05:5::53'] };

/** @typedef {{namespace: string, close: () => Promise<void>}} Home */

/** @param {import('./namespaces.js').Namespaces} namespaces */
export async function internet(namespaces) {
  const { add, ip } = namespaces;
  const core = await add('core');
  await ip(
    core,
    `link add br0 type bridge
     link set br0 up
     addr add ${CORE.v4}/24 dev br0
     addr add ${CORE.dns[0]}/24 dev br0
     addr add ${CORE.v6}/64 dev br0
     addr add ${CORE.dns[1]}/64 dev br0`,
  );

  return {
    core,

    /** A computer in the core's own network. @param {number} number  the last of its addresses */
    async server(number) {
      const addresses = [`5.5.5.${number}`, `2a05:5::${number}`];
      const namespace = await add(`server${number}`);
      await ip(
        core,
        `link add s${number} type veth peer name eth0 netns ${namespace}
         link set s${number} master br0 up`,
      );
      await ip(
        namespace,
        `link set eth0 up
         addr add ${addresses[0]}/24 dev eth0
         addr add ${addresses[1]}/64 dev eth0
         route add default via ${CORE.v4}
         route add default via ${CORE.v6}`,
      );
      return { namespace, addresses };
    },

    /**
     * A router and one computer behind it, with networks of their own, as every home has: servers have limits for each.
     * @param {0 | 1} side @param {number} number  1 to 254, another one each time @param {string} kind
     * @returns {Promise<Home>}
     */
    async home(side, number, kind) {
      const { translated, ipv6 } = { ...KINDS, ...MORE_KINDS }[kind];
      const mark = `${'ab'[side]}${number}`;
      const router = await add(`router-${mark}`);
      const host = await add(`host-${mark}`);
      const four = {
        wan: `5.${6 + side}.${number}`,
        lan: translated ? `192.168.${1 + side}` : `5.${8 + side}.${number}`,
      };
      const six = { wan: `2a05:${6 + side}:${number}`, lan: `2a05:${8 + side}:${number}` };
      await ip(
        core,
        `link add w${mark} type veth peer name wan netns ${router}
         link set w${mark} up`,
      );
      await ip(
        router,
        `link set wan up
         link add lan type veth peer name eth0 netns ${host}
         link set lan up`,
      );
      await ip(host, 'link set eth0 up');
      const ways = ipv6
        ? [
            `addr add ${six.wan}::1/64 dev w${mark}
             route add ${six.lan}::/64 via ${six.wan}::2`,
            `addr add ${six.wan}::2/64 dev wan
             addr add ${six.lan}::1/64 dev lan
             route add default via ${six.wan}::1`,
            `addr add ${six.lan}::2/64 dev eth0
             route add default via ${six.lan}::1`,
          ]
        : [
            `addr add ${four.wan}.1/24 dev w${mark}
             ${translated ? '' : `route add ${four.lan}.0/24 via ${four.wan}.2`}`,
            `addr add ${four.wan}.2/24 dev wan
             addr add ${four.lan}.1/24 dev lan
             route add default via ${four.wan}.1`,
            `addr add ${four.lan}.2/24 dev eth0
             route add default via ${four.lan}.1`,
          ];
      await ip(core, ways[0]);
      await ip(router, ways[1]);
      await ip(host, ways[2]);
      await namespaces.filter(router, rules(kind, `${four.lan}.2`));
      return {
        namespace: host,
        async close() {
          await ip(core, `link del w${mark}`);
          await namespaces.remove(host);
          await namespaces.remove(router);
        },
      };
    },
  };
}
