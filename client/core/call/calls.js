// Calls: one INVITE and one media leg for each device; nothing of an answer is used before its signature, bound to our INVITE, says which key it comes from. docs/protocols/sip.md, section 7.
import { b64u, decode, encode, hex, random } from '../bytes.js';
import { StarlingError } from '../errors.js';
import { gruu } from '../identity/device.js';
import { elements, first, hasSdp, parameter, uriOf } from '../sip/message.js';

const RING_MILLIS = 120_000;
const JOIN_MILLIS = 300;
const STATS_MILLIS = 2000;
const ENDED_MILLIS = 6000;
const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

/** @typedef {import('../agent/context.js').Context} Context */
/** @typedef {import('../types.js').MediaLeg} MediaLeg */
/** @typedef {{callId: string, localTag: string, remoteTag: string, target: string, routes: string[], cseq: number}} Dialog */
/** @typedef {{leg: MediaLeg, device: string, callId: string, fromTag: string, cancel: (reason?: string) => void, accepted: boolean, over: boolean}} Branch */

/** @param {Context} ctx */
export function calls(ctx) {
  /** @type {Branch[]} */
  let branches = [];
  /** @type {{leg: MediaLeg, dialog: Dialog} | null} */
  let running = null;
  /** @type {{incoming: import('../sip/ua.js').Incoming, leg: MediaLeg, dialog: Dialog, sdp: string, early: boolean} | null} */
  let ringing = null;
  let begun = 0;
  let cancelTimer = () => {};
  let cancelStats = () => {};

  const ua = () => /** @type {import('../sip/ua.js').UserAgent} */ (ctx.ua);
  const current = () => ctx.state.call;
  /** @param {Partial<import('../types.js').Call>} patch */
  const change = (patch) => ctx.state.call && ctx.update({ call: { ...ctx.state.call, ...patch } });

  /** @param {string} address @param {boolean} incoming */
  function start(address, incoming) {
    const contact = ctx.contacts.get(address);
    const trust = contact?.level === 'test' ? 'test' : contact?.chain ? 'verified' : 'unverified';
    begun = ctx.around.now();
    ctx.update({
      call: {
        id: hex(random(8)),
        address,
        name: contact?.name ?? '',
        incoming,
        state: incoming ? 'ringing' : 'calling',
        since: 0,
        muted: false,
        trust,
        quality: '',
        direct: true,
        why: '',
      },
    });
  }

  /** @param {import('../types.js').PastCall['result']} result @param {string} [why] */
  async function end(result, why = '') {
    const call = current();
    if (!call || call.state === 'ended') return;
    cancelTimer();
    cancelStats();
    for (const branch of branches) branch.leg.close();
    branches = [];
    running?.leg.close();
    ringing?.leg.close();
    running = ringing = null;
    const seconds = call.since ? Math.round((ctx.around.now() - call.since) / 1000) : 0;
    const past = {
      id: call.id,
      address: call.address,
      name: call.name,
      incoming: call.incoming,
      at: begun,
      seconds,
      result,
    };
    await ctx.store.put('calls', `${String(begun).padStart(15, '0')} ${call.id}`, past);
    ctx.update({
      pastCalls: [past, ...ctx.state.pastCalls].slice(0, 500),
      call: why ? { ...call, state: 'ended', why } : null,
    });
    if (why)
      ctx.timer(
        ENDED_MILLIS,
        () => current()?.id === call.id && current()?.state === 'ended' && ctx.update({ call: null }),
      );
    if (result === 'missed') ctx.emit('missed', past);
  }

  /** The route set and target of a dialog (RFC 3261, section 12.1). @param {import('../sip/message.js').Message} message @param {boolean} caller @returns {{routes: string[], target: string}} */
  function path(message, caller) {
    const routes = elements(message, 'record-route');
    return { routes: caller ? routes.reverse() : routes, target: uriOf(first(message, 'contact')) };
  }

  /** The flow to the peer that the first Route names. @param {string[]} routes */
  function flowOf(routes) {
    const pin = /;pin=([0-9a-f]{64})/.exec(routes[0] ?? '')?.[1];
    return ua().ready.find((flow) => flow.peer.id === pin) ?? ua().ready[0];
  }

  /** @param {Dialog} dialog */
  async function bye(dialog) {
    const flow = flowOf(dialog.routes);
    if (!flow) return;
    const address = ctx.state.call?.address ?? '';
    await ua().send(flow, 'BYE', dialog.target, {
      routes: dialog.routes,
      callId: dialog.callId,
      fromTag: dialog.localTag,
      to: `<${dialog.target.split(';')[0]}>;tag=${dialog.remoteTag}`,
      cseq: ++dialog.cseq,
      signed: false,
      timeout: 5000,
      more: [['reason', `SIP;cause=200;text="${address ? 'ended' : ''}"`]],
    });
  }

  /** @param {string} address @param {import('../agent/delivery.js').Target} target */
  async function invite(address, target) {
    const media = ctx.around.media;
    const contact = ctx.contacts.get(address);
    if (!media) throw new StarlingError('call.media');
    const leg = await media.create();
    /** @type {Branch} */
    const branch = {
      leg,
      device: target.id,
      callId: b64u(random(15)),
      fromTag: hex(random(8)),
      cancel: () => {},
      accepted: false,
      over: false,
    };
    branches.push(branch);
    watchLeg(leg);
    const offer = await leg.offer();
    const uri = gruu(address, target.id);
    let failure = 480;
    for (const { flow, routes } of ctx.delivery.paths(target)) {
      if (branch.over || !current()) return failure;
      const outcome = await ua().send(flow, 'INVITE', uri, {
        routes,
        callId: branch.callId,
        fromTag: branch.fromTag,
        contact: `<${gruu(ua().us.address, ua().us.device)}>`,
        type: 'application/sdp',
        body: encode(offer),
        token: contact?.theirToken ?? null,
        timeout: RING_MILLIS,
        sent: (id, _token, cseq) =>
          (branch.cancel = (reason) =>
            void ua().cancel(flow, uri, id, {
              callId: branch.callId,
              fromTag: branch.fromTag,
              cseq,
              routes,
              to: `<${uri.split(';')[0]}>`,
              reason,
            })),
        provisional: (message, early) => void rang(branch, message, early),
      });
      if (outcome.status === 200 && outcome.message) {
        if (!outcome.signer || !hasSdp(outcome.message)) {
          // A 200 that the device did not sign is nobody's: no media, no second try over this way.
          await end('failed', 'call.not-genuine');
          return 438;
        }
        return answered(branch, outcome);
      }
      failure = outcome.status;
      if (outcome.status !== 480 && outcome.status !== 408 && outcome.status !== 503) break;
    }
    branch.over = true;
    leg.close();
    branches = branches.filter((each) => each !== branch);
    return failure;
  }

  /** @param {Branch} branch @param {import('../sip/message.js').Message} message @param {import('../sip/ua.js').Outcome} outcome */
  async function rang(branch, message, outcome) {
    if (!outcome.signer || !current()) return;
    if (current()?.state === 'calling') change({ state: 'ringing' });
    if (!hasSdp(message) || branch.accepted) return;
    // ICE and DTLS start while it rings; nothing is heard before the answer.
    branch.accepted = true;
    await branch.leg.accept(decode(message.body)).catch(() => (branch.accepted = false));
  }

  /** @param {Branch} branch @param {import('../sip/ua.js').Outcome} outcome */
  async function answered(branch, outcome) {
    const message = /** @type {import('../sip/message.js').Message} */ (outcome.message);
    const { routes, target } = path(message, true);
    const cseq = Number(first(message, 'cseq').split(' ')[0]);
    const dialog = {
      callId: branch.callId,
      localTag: branch.fromTag,
      remoteTag: parameter(first(message, 'to'), 'tag'),
      target,
      routes,
      cseq,
    };
    const flow = flowOf(routes);
    if (flow)
      ua().fire(flow, target, [
        ...routes.map((route) => /** @type {[string, string]} */ (['route', route])),
        ['from', `<${first(message, 'from').replace(/^<|>.*$/g, '')}>;tag=${branch.fromTag}`],
        ['to', first(message, 'to')],
        ['call-id', branch.callId],
        ['cseq', `${cseq} ACK`],
      ]);
    if (running || branch.over || !current()) {
      branch.leg.close();
      await bye(dialog);
      return 200;
    }
    running = { leg: branch.leg, dialog };
    for (const other of branches) if (other !== branch) stopBranch(other, ELSEWHERE);
    branches = [];
    cancelTimer();
    change({ state: 'connecting' });
    if (!branch.accepted) await branch.leg.accept(decode(message.body));
    await speak(branch.leg);
    return 200;
  }

  /** @param {Branch} branch @param {string} [reason] */
  function stopBranch(branch, reason) {
    branch.over = true;
    branch.cancel(reason);
    branch.leg.close();
  }

  /** @param {MediaLeg} leg */
  async function speak(leg) {
    try {
      await leg.speak(ctx.state.settings.microphone);
    } catch (e) {
      const key = e instanceof StarlingError ? e.key : 'microphone.blocked';
      const dialog = running?.dialog;
      await end('failed', key);
      if (dialog) await bye(dialog);
      return;
    }
    if (current()?.state === 'connecting' && connected.has(leg)) run();
    else cancelTimer = ctx.timer(15_000, () => void (current()?.state === 'connecting' && fail('call.media')));
  }

  /** @type {WeakSet<MediaLeg>} */
  const connected = new WeakSet();
  /** @param {MediaLeg} leg */
  function watchLeg(leg) {
    leg.onState((state, info) => {
      if (state === 'connected') {
        connected.add(leg);
        change({ direct: info.direct });
        if (running?.leg === leg && current()?.state === 'connecting') run();
      }
      if (state === 'failed' && running?.leg === leg) void fail('call.media');
    });
  }

  function run() {
    cancelTimer();
    change({ state: 'running', since: ctx.around.now(), quality: 'good' });
    const measure = async () => {
      if (!running) return;
      const { quality } = await running.leg.stats().catch(() => ({ quality: '' }));
      if (quality && quality !== current()?.quality) change({ quality });
      cancelStats = ctx.timer(STATS_MILLIS, () => void measure());
    };
    cancelStats = ctx.timer(STATS_MILLIS, () => void measure());
  }

  /** @param {string} why */
  async function fail(why) {
    const dialog = running?.dialog;
    await end('failed', why);
    if (dialog) await bye(dialog);
  }

  /** @param {import('../sip/ua.js').Incoming} incoming */
  async function received(incoming) {
    const { message, signer, answer } = incoming;
    const media = ctx.around.media;
    if (parameter(first(message, 'to'), 'tag')) return answer(488, 'Not Acceptable Here');
    const callId = first(message, 'call-id');
    if (ringing?.dialog.callId === callId || running?.dialog.callId === callId) return answer(482, 'Merged Request');
    if (!media || !hasSdp(message) || !signer) return answer(488, 'Not Acceptable Here');
    const contact = ctx.contacts.get(signer.address);
    const known = contact?.state === 'accepted' && !contact.changed;
    const listed = await ctx.contacts.isListed(signer.address, signer.device, signer.leaf.der);
    if (!listed || ctx.contacts.blocked(signer.address) || (!known && !ctx.state.settings.strangersRing))
      return answer(403, 'Send a contact request');
    if (current() && current()?.state !== 'ended') return answer(486, 'Busy Here');
    start(signer.address, true);
    const leg = await media.create();
    watchLeg(leg);
    const dialog = {
      callId,
      localTag: '',
      remoteTag: parameter(first(message, 'from'), 'tag'),
      cseq: 1,
      ...path(message, false),
    };
    ringing = { incoming, leg, dialog, sdp: '', early: known };
    const sdp = await leg.answer(decode(message.body)).catch(() => '');
    if (!sdp || !ringing) return answer(488, 'Not Acceptable Here');
    ringing.sdp = sdp;
    // To strangers no address is told before the answer.
    await answer(
      180,
      'Ringing',
      headers(message),
      known ? 'application/sdp' : '',
      known ? encode(sdp) : new Uint8Array(0),
    );
    ctx.emit('call', current());
    cancelTimer = ctx.timer(RING_MILLIS, () => void (ringing && missed()));
  }

  /** @param {import('../sip/message.js').Message} message @returns {[string, string][]} */
  const headers = (message) => [
    ...elements(message, 'record-route').map((route) => /** @type {[string, string]} */ (['record-route', route])),
    ['contact', `<${gruu(ua().us.address, ua().us.device)}>`],
  ];

  async function missed() {
    await ringing?.incoming.answer(480, 'No Answer');
    await end('missed');
  }

  return {
    received,

    /** @param {import('../sip/ua.js').Incoming} incoming */
    async cancelled({ message, answer }) {
      await answer(200, 'OK');
      if (!ringing || ringing.dialog.callId !== first(message, 'call-id')) return;
      await ringing.incoming.answer(487, 'Request Terminated');
      await end(/cause=200/.test(first(message, 'reason')) ? 'elsewhere' : 'missed');
    },

    /** @param {import('../sip/ua.js').Incoming} incoming */
    async ended({ message, answer }) {
      const callId = first(message, 'call-id');
      const ours = running?.dialog;
      if (!ours || ours.callId !== callId || parameter(first(message, 'from'), 'tag') !== ours.remoteTag)
        return answer(481, 'Dialog does not exist');
      await answer(200, 'OK');
      await end(current()?.since ? 'answered' : 'failed');
    },

    /** @param {string} address */
    async call(address) {
      if (current() && current()?.state !== 'ended') return;
      if (!ctx.around.media) throw new StarlingError('call.media');
      start(address, false);
      const id = current()?.id;
      cancelTimer = ctx.timer(RING_MILLIS, () => void hangUp('call.no-answer'));
      const targets = (await ctx.contacts.targets(address)).filter((target) => target.location);
      if (!targets.length) return end('failed', 'call.offline');
      const results = await Promise.all(
        targets
          .slice(0, 8)
          .map(
            (target, i) =>
              new Promise((resolve) =>
                ctx.timer(i ? Math.min(JOIN_MILLIS, i * 20) : 0, () =>
                  invite(address, target).then(resolve, (e) => (console.warn('starling: call', e), resolve(500))),
                ),
              ),
          ),
      );
      if (current()?.id !== id || running) return;
      const worst = results.find((status) => [603, 486, 403].includes(Number(status))) ?? results[0];
      const why =
        {
          603: 'call.declined',
          486: 'call.busy',
          403: 'call.refused',
          438: 'call.not-genuine',
          480: 'call.offline',
          487: '',
        }[Number(worst)] ?? 'call.no-answer';
      await end('failed', why);
    },

    async accept() {
      if (!ringing) return;
      const { incoming, leg, dialog, sdp } = ringing;
      cancelTimer();
      running = { leg, dialog };
      ringing = null;
      change({ state: 'connecting' });
      dialog.localTag = ua().tagOf(incoming.message);
      await incoming.answer(200, 'OK', headers(incoming.message), 'application/sdp', encode(sdp));
      await speak(leg);
    },

    /** @param {string} [text] */
    async decline(text) {
      const address = current()?.address ?? '';
      await ringing?.incoming.answer(603, 'Decline');
      await end('declined');
      if (text && ctx.contacts.get(address)?.state === 'accepted') await ctx.chat.send(address, text);
    },

    hangUp: () => hangUp(),
    /** @param {boolean} muted */
    mute(muted) {
      running?.leg.mute(muted);
      change({ muted });
    },
    /** @param {string} id */
    async microphone(id) {
      await running?.leg.microphone(id);
    },
    stats: () => running?.leg.stats() ?? Promise.resolve(null),
    async load() {
      ctx.update({ pastCalls: (await ctx.store.list('calls', '', '\uffff', -500)).map(([, past]) => past).reverse() });
    },
  };

  /** @param {string} [why] */
  async function hangUp(why = '') {
    if (current()?.state === 'ended') return ctx.update({ call: null });
    if (ringing) {
      await ringing.incoming.answer(603, 'Decline');
      return end('declined');
    }
    const dialog = running?.dialog;
    for (const branch of branches) stopBranch(branch);
    await end(current()?.since ? 'answered' : 'cancelled', why);
    if (dialog) await bye(dialog);
  }
}
