// Who wrote a request, who answered one, and our own answers, signed: docs/protocols/formats.md, section 8.
import { encode } from '../bytes.js';
import { sipUri } from '../identity/address.js';
import { parseCertificate } from '../identity/certificate.js';
import { deviceId, gruu } from '../identity/device.js';
import { fresh, makeToken, parseToken, ReplayCache, sipClaims, tokenHash, verifyToken } from '../identity/passport.js';
import { all, first, hasSdp, uriOf } from './message.js';

/** @typedef {import('./message.js').Message} Message */
/** @typedef {import('../identity/verifier.js').Verified} Verified */

/** @param {Message} message */
const cseqOf = (message) => Number(first(message, 'cseq').split(' ')[0]);
/** @param {Message} message @returns {string} the PASSporT in its Identity, '' when there is none */
const compactOf = (message) => first(message, 'identity').split(';')[0];

export class Authenticity {
  #replays = new ReplayCache();

  /**
   * @param {import('./ua.js').Us} us
   * @param {() => import('../identity/verifier.js').Trust} trust
   * @param {import('./clock.js').PeerClock} clock
   */
  constructor(us, trust, clock) {
    this.us = us;
    this.trust = trust;
    this.clock = clock;
  }

  /**
   * Believes a request, or throws a StarlingError whose args.code is the answer.
   * @param {Message} message
   * @returns {Promise<{signer: Verified, token: string}>}
   */
  async ofRequest(message) {
    const contactToken = first(message, 'starling-token');
    const expected = await sipClaims({
      method: message.method,
      callId: first(message, 'call-id'),
      cseq: cseqOf(message),
      orig: uriOf(first(message, 'from')),
      dest: gruu(this.us.address, this.us.device),
      contacts: all(message, 'contact'),
      expires: first(message, 'expires'),
      body: message.body,
      sdp: hasSdp(message),
      token: contactToken ? contactTokenOf(contactToken) : null,
    });
    const compact = compactOf(message);
    const { signer } = await verifyToken(compact, expected, {
      trust: this.trust(),
      replays: this.#replays,
      now: this.clock.now(),
      started: this.clock.started,
    });
    return { signer, token: compact };
  }

  /**
   * Who answered, when the answer carries a genuine `rsp` PASSporT bound to our request.
   * @param {Message} sent
   * @param {Message} answer
   * @param {string} token
   * @returns {Promise<Verified | null>}
   */
  async ofAnswer(sent, answer, token) {
    const compact = compactOf(answer);
    if (!compact) return null;
    try {
      const {
        orig: _orig,
        msgi: _msgi,
        ...expected
      } = await sipClaims({
        method: sent.method,
        callId: first(sent, 'call-id'),
        cseq: cseqOf(sent),
        orig: uriOf(sent.uri),
        dest: gruu(this.us.address, this.us.device),
        contacts: all(answer, 'contact'),
        expires: first(answer, 'expires'),
        body: answer.body,
        sdp: hasSdp(answer),
        token: null,
      });
      const rsp = { ...expected, rsp: { code: answer.status, tok: await tokenHash(token) } };
      const { signer } = await verifyToken(compact, rsp, {
        trust: this.trust(),
        replays: null,
        now: this.clock.now(),
        form: 'rsp',
      });
      return gruu(signer.address, signer.device) === sent.uri ? signer : null;
    } catch {
      return null;
    }
  }

  /**
   * Answers of 101-299 to what was signed are signed too, bound to the request.
   * @param {Message} to
   * @param {Message} answer
   * @param {string} token
   */
  async sign(to, answer, token) {
    if (!token || answer.status <= 100 || answer.status >= 300) return answer;
    const about = await sipClaims({
      method: to.method,
      callId: first(to, 'call-id'),
      cseq: cseqOf(to),
      orig: sipUri(this.us.address),
      dest: await signerGruu(token),
      contacts: all(answer, 'contact'),
      expires: first(answer, 'expires'),
      body: answer.body,
      sdp: hasSdp(answer),
      token: null,
    });
    const claims = fresh({ ...about, rsp: { code: answer.status, tok: await tokenHash(token) } }, this.clock.now());
    const compact = await makeToken(this.us.signer, 'passport', 'rsp', claims);
    answer.headers.push(['identity', `${compact};info=<cid:x5c>;alg=ES256;ppt="rsp"`]);
    return answer;
  }
}

/** What is no base64url is covered as it stands, and so refused. @param {string} text */
function contactTokenOf(text) {
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  } catch {
    return encode(text);
  }
}

/** The device whose key signed the request. @param {string} token @returns {Promise<string>} */
async function signerGruu(token) {
  const parsed = parseToken(token);
  return `${parsed.claims.orig.uri};gr=${await deviceId(parseCertificate(parsed.chain[0]).spki)}`;
}
