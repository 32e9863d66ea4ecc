// The ways to a device, and one message tried along them: docs/protocols/sip.md, section 6.
import { b64u, hex, random } from '../bytes.js';
import { gruu } from '../identity/device.js';

const HEDGE_MILLIS = 300;
const PATIENCE_MILLIS = 8000;
const MAX_WAYS = 4;
const TYPE = 'application/pkcs7-mime; smime-type=authEnveloped-data';

/** @typedef {import('../call/dialog.js').Way} Way */
/** @typedef {{id: string, certificate: Uint8Array<ArrayBuffer>, location: import('../record/record.js').Location | null}} Target */
/** @typedef {'taken'|'knocked'|'refused'|'failed'} Result  taken: the device says so, signed. Everything else is only what some peer says: knocked: 202; refused: an answer that trying again soon will not change; failed: nobody there */

/**
 * How to reach a device: over a flow to its own peer when we have one, else through ours by Route; last, whether it is
 * at a peer of ours of which its record does not know yet.
 * @param {import('../sip/flow.js').Flow[]} ready
 * @param {Target} target
 * @returns {Way[]}
 */
export function waysTo(ready, target) {
  /** @type {Way[]} */
  const direct = [];
  /** @type {Way[]} */
  const routed = [];
  for (const peer of target.location?.peers ?? []) {
    const own = ready.find((flow) => flow.peer.id === peer.id);
    if (own) direct.push({ flow: own, routes: [] });
    else for (const flow of ready) routed.push({ flow, routes: [`<${peer.uri};pin=${peer.id};lr>`] });
  }
  const listed = new Set(target.location?.peers.map((peer) => peer.id));
  const perhaps = target.location ? ready.filter((flow) => !listed.has(flow.peer.id)) : [];
  return [...direct, ...routed, ...perhaps.map((flow) => ({ flow, routes: [] }))];
}

const NOBODY = [408, 480, 500, 503];

/**
 * Sends a sealed body along the first way, after a moment or a failure along the next. Every copy is the same request
 * (Call-ID, From tag, CSeq) with a signature of its own; the device answers each, and the first genuine 200 counts.
 * @param {import('../sip/ua.js').UserAgent} ua
 * @param {(ms: number, task: () => void) => () => void} timer
 * @param {{address: string, target: Target, body: Uint8Array, token: Uint8Array | null}} what
 * @param {{launched: () => void, late: () => void}} events  launched: the first copy is on its way; late: it was not answered in time
 * @returns {Promise<Result>}
 */
export function sendAlong(ua, timer, what, events) {
  const ways = waysTo(ua.ready, what.target).slice(0, MAX_WAYS);
  const same = { callId: b64u(random(15)), fromTag: hex(random(8)), cseq: 1 };
  return new Promise((resolve) => {
    let open = 0;
    let over = false;
    /** @type {Result} */
    let worst = 'failed';
    let stop = () => {};
    const end = (/** @type {Result} */ result) => {
      over = true;
      stop();
      events.launched();
      resolve(result);
    };
    const next = () => {
      stop();
      const way = ways.shift();
      if (!way) {
        if (!open && !over) end(worst);
        return;
      }
      open++;
      stop = timer(HEDGE_MILLIS, () => {
        events.late();
        if (ways.length) next();
      });
      void ua
        .send(way.flow, 'MESSAGE', gruu(what.address, what.target.id), {
          ...same,
          routes: way.routes,
          body: what.body,
          type: TYPE,
          token: what.token,
          timeout: PATIENCE_MILLIS,
          sent: () => queueMicrotask(events.launched),
        })
        .then(({ status, signer }) => {
          open--;
          if (over) return;
          if (status === 200 && signer) return end('taken');
          if (status === 202) worst = 'knocked';
          // An unsigned 200 is a lie, and says nothing about the device.
          else if (worst === 'failed' && status >= 300 && !NOBODY.includes(status)) worst = 'refused';
          next();
        });
    };
    next();
  });
}
