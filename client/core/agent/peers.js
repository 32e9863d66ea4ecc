// The peers this client uses: known by their key, asked for what they say about themselves.
import { StarlingError } from '../errors.js';
import { peersByDns } from '../locate/dns.js';

const TABLE = 'peers';
const PATIENCE_MILLIS = 5000;
const MAX_PEERS = 2;
const MAX_DOMAINS = 64;
/** Heard of, for when none of ours answers any more. */
const MAX_OTHERS = 32;
const DAY_MILLIS = 86_400_000;

/** heard: found when none of ours answered; chosen: by the user, not only recommended; classic: domains whose people it lets call ordinary SIP domains @typedef {{classic?: string[], base: string, id: string, ws: string, sip: string, network: string, local: boolean, directory: string, mailbox: string, recommends: string[], heard?: boolean, chosen?: boolean}} PeerInfo */

/** @param {any} value @returns {string} */
const text = (value) => (typeof value === 'string' && value.length < 500 ? value : '');

/** @param {string} base @param {typeof fetch} fetcher @returns {Promise<PeerInfo & {anchors: string[]}>} */
export async function fetchPeer(base, fetcher) {
  let json;
  try {
    const answer = await fetcher(`${base}peer.json`, {
      credentials: 'omit',
      signal: AbortSignal.timeout(PATIENCE_MILLIS),
    });
    json = await answer.json();
  } catch {
    throw new StarlingError('unreachable', { server: base });
  }
  if (!/^[0-9a-f]{64}$/.test(text(json.id)))
    throw new StarlingError('unreachable', { server: base }, 'no Starling server');
  return {
    base,
    id: json.id,
    ws: text(json.ws),
    sip: text(json.sip),
    network: text(json.network),
    local: json.local === true,
    directory: text(json.ca?.directory),
    mailbox: text(json.ca?.mailbox),
    classic: Array.isArray(json.classic) ? json.classic.map(text).filter(Boolean).slice(0, MAX_DOMAINS) : [],
    recommends: Array.isArray(json.peers) ? json.peers.map(text).filter(Boolean).slice(0, 8) : [],
    anchors: Array.isArray(json.anchors) ? json.anchors.map((/** @type {any} */ each) => String(each.pem ?? '')) : [],
  };
}

/** Loads, remembers and renews what is known of peers. @param {import('./context.js').Context} ctx */
export function peerBook(ctx) {
  /** @type {Map<string, PeerInfo>} in the order in which they are used: the page's own first, at last those heard of */
  const known = new Map();

  /** Before enrolment the network is that of the page's own peer, afterwards the one in which the address was enrolled. */
  const first = () => known.get(ctx.around.peers[0]) ?? [...known.values()][0];

  /** @param {string} key @param {string} base */
  const refuse = (key, base) =>
    ctx.notice({
      id: `peer ${base}`,
      kind: 'error',
      key,
      args: { server: base },
      actions:
        key === 'peer-changed'
          ? [
              { id: 'keep', key: 'peer-changed.keep', safe: true },
              { id: 'agree', key: 'peer-changed.agree', safe: false },
            ]
          : [{ id: 'ok', key: 'other-network.ok', safe: true }],
    });

  /** @param {string} base @param {{id?: string, heard?: boolean, chosen?: boolean}} [how]  id: as somebody else says; chosen: by the user */
  async function learn(base, { id = '', heard = false, chosen = false } = {}) {
    const { anchors, ...kept } = await fetchPeer(base, ctx.around.fetch);
    if (id && id !== kept.id) throw new StarlingError('unreachable', { server: base }, 'another key');
    const old = /** @type {PeerInfo | undefined} */ (await ctx.store.get(TABLE, base));
    if (old && old.id !== kept.id) {
      refuse('peer-changed', base);
      drop(base);
      throw new StarlingError('unreachable', { server: base }, 'another key');
    }
    const network = ctx.profile?.network || first()?.network;
    if (network && network !== kept.network) {
      refuse('other-network', base);
      drop(base);
      await ctx.store.delete(TABLE, base);
      throw new StarlingError('other-network', { server: base });
    }
    // A test CA is believed only by a page that itself comes from this computer.
    if (kept.local && ctx.around.loopback() && !ctx.trusted.hasLocal()) {
      const pems = anchors.slice(0, 4);
      await ctx.store.put('me', 'anchors', pems);
      ctx.believe(pems);
    }
    if (old?.ws !== kept.ws) ctx.ua?.disconnect(base);
    if (!chosen && (heard || old?.heard)) kept.heard = true;
    if (chosen || old?.chosen) kept.chosen = true;
    known.set(base, kept);
    ctx.watching.soon();
    await ctx.store.put(TABLE, base, kept);
    ctx.ua?.connect(kept);
    return kept;
  }

  /** Not used any more; what was remembered of it stays. @param {string} base */
  function drop(base) {
    known.delete(base);
    ctx.watching.soon();
    ctx.ua?.disconnect(base);
  }

  async function learnAll() {
    // The page's own peer says which network this is.
    const alone = first() ? [] : ctx.around.peers.slice(0, 1);
    for (const base of alone) await learn(base).catch(() => {});
    const wanted = [...new Set([...ctx.around.peers, ...known.keys()])].slice(0, MAX_PEERS + 2);
    await Promise.allSettled(wanted.filter((base) => !alone.includes(base)).map((base) => learn(base)));
    for (const info of [...known.values()])
      for (const base of info.recommends)
        if (known.size < MAX_PEERS && !known.has(base)) await learn(base).catch(() => {});
  }

  /**
   * Where else one could be, asked while somebody answers: what our peers recommend, then what the domain of our address does, by the DNS and by
   * its PEERS record. At most once a day; what was heard before comes after it.
   */
  async function hearOfOthers() {
    const kept = (await ctx.store.get('me', 'others')) ?? { at: 0, places: [] };
    const age = ctx.around.now() - kept.at;
    const domain = ctx.profile?.address.split('@')[1];
    if (!domain || (age >= 0 && age < DAY_MILLIS)) return;
    const gates = () => [...known.values()];
    const [named, signed] = await Promise.all([
      peersByDns({ fetch: ctx.around.fetch, gates, local: ctx.local }, domain),
      ctx.locator.recommended(domain),
    ]);
    const ids = new Map(signed.map((each) => [each.base, each.id]));
    const bases = [
      ...gates().flatMap((info) => info.recommends),
      ...named,
      ...ids.keys(),
      ...kept.places.map((/** @type {{base: string}} */ each) => each.base),
    ];
    for (const { base, id } of kept.places) if (!ids.has(base)) ids.set(base, id);
    const places = [...new Set(bases)].slice(0, MAX_OTHERS).map((base) => ({ base, id: ids.get(base) ?? '' }));
    await ctx.store.put('me', 'others', { at: ctx.around.now(), places });
  }

  /** None of ours has answered for long: in the order of docs/decisions/0017-peers-by-dns.md. */
  async function findOthers() {
    const kept = (await ctx.store.get('me', 'others')) ?? { places: [] };
    const shipped = ((await ctx.around.morePeers?.()) ?? []).map((base) => ({ base, id: '' }));
    for (const { base, id } of [...kept.places, ...shipped]) {
      if (ctx.ua?.ready.length) return;
      if (known.has(base)) continue;
      try {
        const found = await learn(base, { id, heard: true });
        if (found) return;
      } catch (e) {
        console.warn('starling: another peer', e instanceof Error ? e.message : e);
      }
    }
  }

  return {
    known,
    learn: (/** @type {string} */ base) => learn(base, { chosen: true }),
    hearOfOthers,
    findOthers,
    network: () => ctx.profile?.network || first()?.network || 'starling',
    local: () => ctx.around.loopback() && (ctx.profile?.network ? ctx.profile.local : !!first()?.local),
    mailbox: () => (first()?.local ? first().mailbox : ''),

    /** With peers remembered nobody waits for what they say today. */
    async open() {
      const remembered = await ctx.store.list(TABLE);
      remembered.sort(([, a], [, b]) => Number(!!a.heard) - Number(!!b.heard));
      for (const [base, info] of remembered) known.set(base, info);
      ctx.believe((await ctx.store.get('me', 'anchors')) ?? []);
      const learnt = learnAll();
      if (!known.size) await learnt;
      else learnt.catch((e) => console.warn('starling: peers', e instanceof Error ? e.message : e));
    },
    /** @param {string} base */
    async forget(base) {
      drop(base);
      await ctx.store.delete(TABLE, base);
    },
  };
}
