// An internet of our own, in which every address is public: a core that knows the way everywhere, servers, and homes behind routers. Its addresses are of the
// public ranges because servers refuse all others; nothing leaves the computer.
import { KINDS, MORE_KINDS, rules } from './nat.js';

/** The core's own addresses: of the services in it, and of its DNS. */
export const CORE = { v4: '5.5.5.1', v6: '2a05:5::1', dns: ['5.5.5.53', '2a05:5::53'] };

/** @typedef {{namespace: string, close: () => Promise<void>}} Home */

/**
 * The addresses of a home: of the core and of the router's two sides on the way to the computer, and the network of that one.
 * @typedef {{length: number, core: string, wan: string, lan: string, host: string, inner: string}} Plan
 */

/** @param {0 | 1} side @param {number} number @param {boolean} translated @returns {Plan} */
function plan4(side, number, translated) {
  const outer = `5.${6 + side}.${number}`;
  const inner = translated ? `192.168.${1 + side}` : `5.${8 + side}.${number}`;
  const [core, wan, lan, host] = [`${outer}.1`, `${outer}.2`, `${inner}.1`, `${inner}.2`];
  return { length: 24, core, wan, lan, host, inner: `${inner}.0` };
}

/** @param {0 | 1} side @param {number} number @returns {Plan} */
function plan6(side, number) {
  const [outer, inner] = [`2a05:${6 + side}:${number}:`, `2a05:${8 + side}:${number}:`];
  const [core, wan, lan, host] = [`${outer}:1`, `${outer}:2`, `${inner}:1`, `${inner}:2`];
  return { length: 64, core, wan, lan, host, inner: `${inner}:` };
}

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
      const at = (ipv6 ? plan6 : plan4)(side, number, translated);
      const mark = `${'ab'[side]}${number}`;
      const router = await add(`router-${mark}`);
      const host = await add(`host-${mark}`);
      await ip(
        core,
        `link add w${mark} type veth peer name wan netns ${router}
         link set w${mark} up
         addr add ${at.core}/${at.length} dev w${mark}`,
      );
      await ip(
        router,
        `link add lan type veth peer name eth0 netns ${host}
         link set wan up
         link set lan up
         addr add ${at.wan}/${at.length} dev wan
         addr add ${at.lan}/${at.length} dev lan
         route add default via ${at.core}`,
      );
      await ip(
        host,
        `link set eth0 up
         addr add ${at.host}/${at.length} dev eth0
         route add default via ${at.lan}`,
      );
      if (!translated) await ip(core, `route add ${at.inner}/${at.length} via ${at.wan}`);
      await namespaces.filter(router, rules(kind, at.host));
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
