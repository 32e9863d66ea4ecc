// What this device publishes of itself: where it is, its certificate, the list of devices, who was removed. Everything again on a fixed schedule, and at a new day.
import { TRICKLE } from '../call/trickle.js';
import { parseCertificate } from '../identity/certificate.js';
import { gruu } from '../identity/device.js';
import { untilNextDay } from '../locate/places.js';
import { locationBody } from '../record/bodies.js';
import { signRecord } from '../record/record.js';
import { daysAround } from '../record/rendezvous.js';
import { removals } from './removals.js';

const DAY_SECONDS = 86_400;
const LOCATION_SECONDS = 12 * 3600;
const REFRESH_MILLIS = 4 * 3600 * 1000;
/** What a peer did not take is offered again, ever more rarely. */
const AGAIN_MILLIS = 60_000;
const LAST_AGAIN_MILLIS = 900_000;

/**
 * @param {import('./context.js').Context} ctx
 * @param {() => Map<number, any> | 'withdrawn' | null} list  the body of DEVICES; null while this device stands on no list, withdrawn when it left one
 */
export function ownRecords(ctx, list) {
  let stop = () => {};
  /** The last publication of where we are; ready: the peers we were at; left: some peer did not take all of it. @type {{of: string, ready: string, left: boolean, written: Promise<import('../locate/locator.js').Written>} | null} */
  let last = null;
  let again = AGAIN_MILLIS;
  let closed = false;

  const profile = () => /** @type {import('./context.js').Profile} */ (ctx.profile);

  /** Strictly rising, also over a reload: readers remember it. @param {import('../record/rendezvous.js').Kind} kind */
  const nextSequence = (kind) =>
    ctx.inTurn(async () => {
      const before = (await ctx.store.get('sequences', `own ${kind}`)) ?? 0;
      const sequence = Math.max(before + 1, ctx.now());
      await ctx.store.put('sequences', `own ${kind}`, sequence);
      return sequence;
    });

  /**
   * @param {import('../record/rendezvous.js').Kind} kind @param {Map<number, any> | null} body  null: a tombstone
   * @param {number} seconds @param {(Uint8Array | null)[]} [masters]
   */
  async function publish(kind, body, seconds, masters) {
    const { address, key } = profile();
    const sequence = await nextSequence(kind);
    const latest = Math.floor(parseCertificate(ctx.signer().chain[0]).notAfter / 1000);
    const issued = Math.floor(ctx.now() / 1000);
    const bytes = await signRecord(ctx.signer(), ctx.network(), {
      kind,
      address,
      device: key.id,
      sequence,
      issued,
      expires: Math.min(issued + seconds, latest),
      body,
    });
    return ctx.locator.publish(ctx.signer(), address, key.id, kind, bytes, masters);
  }

  const revoked = removals(ctx, publish);

  /** With the proof that it is in the log of its CA, once that can be had. */
  async function publishCertificate() {
    const proof = await ctx.proofs.of(profile());
    return publish('CERT', new Map(proof ? [[1, proof]] : []), 30 * DAY_SECONDS);
  }

  /** null: this device stands on no list. */
  async function publishDevices() {
    const body = list();
    return body ? publish('DEVICES', body === 'withdrawn' ? null : body, 30 * DAY_SECONDS) : null;
  }

  /** Something new is to be said: what was not taken before says nothing of it. */
  async function publishChange() {
    again = AGAIN_MILLIS;
    const written = await publishDevices();
    if (written) offerAgain([written]);
  }

  /** What a peer did not take is offered once more, with all the rest; what none took, soon. @param {import('../locate/locator.js').Written[]} all @returns {boolean} whether something is left */
  function offerAgain(all) {
    const gates = ctx.peers.known.size;
    if (all.every((each) => new Set(each.map(({ base }) => base)).size >= gates)) return false;
    if (all.some((each) => !each.length)) again = AGAIN_MILLIS;
    if (closed) return true;
    stop();
    stop = ctx.timer(again, () => {
      again = Math.min(LAST_AGAIN_MILLIS, 2 * again);
      republish();
    });
    return true;
  }

  /** Our peers, those that answer first: one that is away for a moment serves us again before anybody reads of it. */
  function placesOfOurs() {
    const ready = new Set(ctx.ua?.ready.map((flow) => flow.peer.id));
    const known = [...ctx.peers.known.values()];
    return [...known.filter((peer) => ready.has(peer.id)), ...known.filter((peer) => !ready.has(peer.id))].slice(0, 4);
  }

  /** One record in both places: readers remember one sequence for it. */
  function publishLocation() {
    const { address, key, friendsKey } = profile();
    const peers = placesOfOurs().map((peer) => ({ uri: peer.sip, id: peer.id, base: peer.base }));
    const capabilities = ['message', ...(ctx.around.media ? ['audio', TRICKLE] : [])];
    const body = locationBody({ peers, gruu: gruu(address, key.id), capabilities });
    return publish('LOCATION', body, LOCATION_SECONDS, [null, friendsKey]);
  }

  /**
   * Publishes everything this device has to say, unless it did so just now; again on a fixed schedule.
   * @returns {Promise<import('../locate/locator.js').Written>} where we are
   */
  function publishAll() {
    const of = [...placesOfOurs().map((peer) => peer.id), daysAround(ctx.now()).sort().at(-1)].sort().join(' ');
    const ready = (ctx.ua?.ready ?? []).map((flow) => flow.peer.id).join(' ');
    // What is left is offered again in its time, and as soon as one more peer is there.
    if (last?.of === of && (!last.left || last.ready === ready)) return last.written;
    const written = publishLocation();
    const it = { of, ready, left: false, written };
    last = it;
    stop();
    stop = ctx.timer(Math.min(REFRESH_MILLIS, untilNextDay(ctx.now())), republish);
    Promise.all([publishCertificate(), publishDevices(), revoked.publish(), written]).then(
      (all) => {
        if (!offerAgain(all.flatMap((each) => (each ? [each] : [])))) again = AGAIN_MILLIS;
        else it.left = true;
      },
      (e) => {
        last = null;
        console.warn('starling: publishing', e instanceof Error ? e.message : e);
      },
    );
    return written;
  }

  function republish() {
    last = null;
    publishAll().catch(() => {});
  }

  /** Under a new friends key; the old place says that nobody is there any more. @param {Uint8Array} before */
  async function moveLocation(before) {
    await publish('LOCATION', null, LOCATION_SECONDS, [before]);
    again = AGAIN_MILLIS;
    last = null;
    await publishAll();
  }

  /** Tombstones: nobody should go on looking for this device. @param {boolean} hasList */
  async function withdraw(hasList) {
    if (!ctx.profile?.chain.length) return;
    stop();
    await Promise.allSettled([
      publish('LOCATION', null, LOCATION_SECONDS, [null, profile().friendsKey]),
      publish('CERT', null, 30 * DAY_SECONDS),
      ...(hasList ? [publish('DEVICES', null, 30 * DAY_SECONDS)] : []),
    ]);
  }

  return {
    publish,
    publishDevices: publishChange,
    publishAll,
    moveLocation,
    withdraw,
    revoked,
    /** That we are certified, where we are to be asked, and what we take back: whoever let us in would be out by it. */
    publishPlace: () => Promise.all([publishCertificate(), publishLocation(), publishDevices(), revoked.publish()]),
    /** What was published counts no more. */
    stale: () => void (last = null),
    close() {
      closed = true;
      stop();
    },
  };
}
