// The kinds of routers that people stand behind, as rules of nft. RFC 4787, sections 4.1 and 5, gives them in its words (mapping and filtering);
// the names here are the older ones of RFC 3489, section 5, which everybody knows. One computer stands behind each router, so that the source port stays
// what it was, and the mapping is independent of the endpoint by itself.

/**
 * translated: whether the home has private addresses; ipv6: it has nothing else; mapping: what the outer port depends on;
 * filtering: what is let in
 * @typedef {{translated: boolean, ipv6?: boolean, mapping: 'none' | 'independent' | 'dependent', filtering: 'none' | 'independent' | 'address' | 'port' | 'udp'}} Kind
 */
/** @type {Record<string, Kind>} */
export const KINDS = {
  none: { translated: false, mapping: 'none', filtering: 'none' },
  'full-cone': { translated: true, mapping: 'independent', filtering: 'independent' },
  'address-restricted': { translated: true, mapping: 'independent', filtering: 'address' },
  'port-restricted': { translated: true, mapping: 'independent', filtering: 'port' },
  symmetric: { translated: true, mapping: 'dependent', filtering: 'port' },
  'UDP blocked': { translated: true, mapping: 'independent', filtering: 'udp' },
};
/** Beyond the classic ones: no IPv4 at all, and a network that lets out nothing but HTTPS and TURN over TLS. @type {Record<string, Kind>} */
export const MORE_KINDS = {
  'IPv6 only': { translated: false, ipv6: true, mapping: 'none', filtering: 'none' },
  'TLS only': { translated: true, mapping: 'independent', filtering: 'udp' },
};

/**
 * Whether the two hear each other without a relay. They do not when UDP does not get out, when one side's port is another one for each place it speaks to
 * while the other lets in known ports alone, and when they have no version of IP in common.
 * @param {string} a @param {string} b
 */
export function isDirect(a, b) {
  const [one, other] = [a, b].map((each) => ({ ...KINDS, ...MORE_KINDS })[each]);
  if (one.filtering === 'udp' || other.filtering === 'udp' || !!one.ipv6 !== !!other.ipv6) return false;
  const barred = (/** @type {Kind} */ from, /** @type {Kind} */ to) =>
    from.mapping === 'dependent' && to.filtering === 'port';
  return !barred(one, other) && !barred(other, one);
}

/** UDP that comes from outside to any port goes to the computer inside. @param {string} host @param {string} [from]  who may */
const open = (host, from = '') => `iifname "wan" ${from} udp dport 1024-65535 dnat to ${host}`;

/**
 * For a router with the interfaces `lan` and `wan`. New connections from outside end at it unless they are sent on.
 * @param {string} kind @param {string} host  the address of the computer inside
 */
export function rules(kind, host) {
  const { translated } = { ...KINDS, ...MORE_KINDS }[kind];
  if (!translated) return '';
  const inward =
    { 'full-cone': open(host), 'address-restricted': open(host, 'ip saddr . udp dport @known') }[kind] ?? '';
  const outward = {
    // Names are asked for by UDP everywhere: where it is blocked, the router would do it.
    'UDP blocked': 'udp dport != 53 drop',
    'TLS only': 'udp dport != 53 drop\ntcp dport != { 443, 5349 } drop',
  }[kind];
  return `
table ip home {
  set known { type ipv4_addr . inet_service; flags timeout, dynamic; timeout 5m; }
  chain arriving { type nat hook prerouting priority -100;
    ${inward}
  }
  chain leaving { type nat hook postrouting priority 100;
    ${kind === 'address-restricted' ? 'oifname "wan" update @known { ip daddr . udp sport }' : ''}
    oifname "wan" masquerade ${kind === 'symmetric' ? 'fully-random' : ''}
  }
  chain through { type filter hook forward priority 0; policy drop;
    ct state established,related accept
    ${outward ?? ''}
    iifname "lan" accept
    ct status dnat accept
  }
  chain itself { type filter hook input priority 0;
    iifname "wan" ct state new drop
  }
}`;
}
