// A CA behind `fetch`: RFC 8555 as far as our client asks, with a mailbox to read the code from.
import { b64u, encode, unb64u, random, sha256 } from '../core/bytes.js';
import { parseDer } from '../core/identity/der.js';
import { ES256 } from '../core/identity/device.js';
import { certify, keyIdentifier } from './authority.js';

const BASE = 'https://ca.example';

/** @param {any} ca of authority.js @param {() => number} now */
export function fakeCa(ca, now) {
  const state = {
    mails: [],
    orders: new Map(),
    requests: [],
    refuse: null,
    late: false,
    dead: false,
    // A path of which the CA does what it is asked, and its answer is lost.
    unheard: '',
    level: 9,
    proofDays: 0,
    revoked: [],
    window: null,
    retryAfter: '',
    // Answers by mail: from whom its mails come; '' for none.
    replies: '',
    begins: true,
    // Keys for accounts by their ids; null: everybody gets one.
    accountKeys: null,
  };
  /** Until when an address is proven, by account. */
  const proofs = new Map();
  const proofOf = (request, address) => proofs.get(`${request.thumbprint} ${address}`) ?? 0;
  const keys = new Map();
  let nonces = new Set();
  const pem = (der) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;

  const answer = (status, body, headers = {}) => {
    const nonce = b64u(random(16));
    nonces.add(nonce);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'Replay-Nonce': nonce, ...headers },
    });
  };
  const problem = (status, type) => answer(status, { type: `urn:ietf:params:acme:error:${type}`, detail: type });

  async function open(init, url) {
    const { protected: head, payload, signature } = JSON.parse(init.body);
    const header = JSON.parse(new TextDecoder().decode(unb64u(head)));
    if (header.url !== url || header.alg !== 'ES256') throw new Error('a wrong JWS');
    if (!nonces.delete(header.nonce)) return { bad: problem(400, 'badNonce') };
    const jwk = header.jwk ?? keys.get(header.kid);
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    if (!(await crypto.subtle.verify(ES256, key, unb64u(signature), encode(`${head}.${payload}`))))
      throw new Error('a wrong signature');
    const { crv, kty, x, y } = jwk;
    const thumbprint = b64u(await sha256(encode(JSON.stringify({ crv, kty, x, y }))));
    return { jwk, thumbprint, json: payload ? JSON.parse(new TextDecoder().decode(unb64u(payload))) : null };
  }

  const shown = (id) => {
    const order = state.orders.get(id);
    return {
      status: order.status,
      authorizations: [`${BASE}/authz/${id}`],
      finalize: `${BASE}/finalize/${id}`,
      ...(order.chain ? { certificate: `${BASE}/certificate/${id}` } : {}),
    };
  };

  const replyChallenge = (id, order) => ({
    type: 'email-reply-00',
    url: `${BASE}/reply/${id}`,
    from: state.replies,
    token: order.replyToken,
    status: order.status === 'invalid' ? 'invalid' : order.status === 'pending' ? 'pending' : 'valid',
    ...(order.replyError ? { error: { detail: order.replyError } } : {}),
  });

  /** The mail with the answer: what the CA says of it. @param {any} order @param {string} text @param {string} thumbprint */
  async function replied(order, text, thumbprint) {
    const [, response] = /^-----BEGIN ACME RESPONSE-----\n(.+)\n-----END ACME RESPONSE-----\n$/.exec(text);
    const right = b64u(await sha256(encode(`${order.code}${order.replyToken}.${thumbprint}`)));
    if (response !== right) throw new Error('a wrong response');
    order.replied = true;
  }

  /** Why no account is made; '' when it is. RFC 8555, section 7.3.4. */
  async function refusing({ json, jwk }) {
    const bound = json.externalAccountBinding;
    if (!bound) return 'externalAccountRequired';
    const header = JSON.parse(new TextDecoder().decode(unb64u(bound.protected)));
    const { kid, url } = header;
    const wrong = JSON.stringify(header) !== JSON.stringify({ alg: 'HS256', kid, url });
    if (wrong || url !== `${BASE}/new-account`) throw new Error('a wrong binding');
    if (JSON.stringify(JSON.parse(new TextDecoder().decode(unb64u(bound.payload)))) !== JSON.stringify(jwk))
      throw new Error('a binding of another account');
    const mac = state.accountKeys[kid];
    if (!mac) return 'unauthorized';
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', mac, hmac, false, ['verify']);
    const input = encode(`${bound.protected}.${bound.payload}`);
    if (!(await crypto.subtle.verify(hmac, key, unb64u(bound.signature), input))) return 'unauthorized';
    delete state.accountKeys[kid];
    return '';
  }

  async function respond(path, request, id) {
    const order = state.orders.get(id);
    switch (path) {
      case 'new-account':
        if (state.accountKeys && !keys.has(`${BASE}/account/${request.thumbprint}`)) {
          const refusal = await refusing(request);
          if (refusal) return problem(403, refusal);
        }
        if (state.ended?.includes(request.thumbprint)) return problem(401, 'unauthorized');
        keys.set(`${BASE}/account/${request.thumbprint}`, request.jwk);
        return answer(201, {}, { Location: `${BASE}/account/${request.thumbprint}` });
      case 'new-order': {
        if (state.refuse) return problem(...state.refuse);
        const name = b64u(random(8));
        const address = request.json.identifiers[0].value;
        const proven = proofOf(request, address) > now();
        const made = {
          address,
          status: proven ? 'ready' : 'pending',
          code: b64u(random(24)),
          token: b64u(random(24)),
          replyToken: b64u(random(24)),
          replyError: '',
          asked: false,
          tries: 0,
        };
        state.orders.set(name, made);
        if (!proven) state.mails.push({ to: address, code: made.code });
        return answer(201, shown(name), { Location: `${BASE}/order/${name}` });
      }
      case 'authz':
        return answer(200, {
          status: order.status === 'invalid' ? 'invalid' : order.status === 'pending' ? 'pending' : 'valid',
          expires: new Date(proofOf(request, order.address) || now() + 86_400_000).toISOString(),
          challenges: [
            {
              type: 'email-code-00',
              url: `${BASE}/challenge/${id}`,
              status: order.status === 'invalid' ? 'invalid' : 'pending',
              token: order.token,
              ...(state.begins ? { begins: order.code.slice(0, 10) } : {}),
              ...(state.late ? { error: { detail: 'The mail server cannot be reached.' } } : {}),
            },
            ...(state.replies ? [replyChallenge(id, order)] : []),
          ],
        });
      case 'reply':
        order.asked ||= request.json !== null;
        if (order.asked && order.replied) order.status = 'ready';
        return answer(200, replyChallenge(id, order));
      case 'challenge': {
        // As often as `judging` says nobody has looked at the answer yet.
        if (order.judging > 0) {
          if (--order.judging === 0) order.status = 'ready';
          return answer(200, { status: order.judging > 0 ? 'processing' : 'valid' });
        }
        const right = b64u(await sha256(encode(`${order.code}${order.token}.${request.thumbprint}`)));
        if (order.status === 'pending' && request.json.response !== right) {
          if (++order.tries >= 5) order.status = 'invalid';
          return problem(403, 'incorrectResponse');
        }
        if (order.status === 'pending' && state.judging) {
          order.judging = state.judging;
          return answer(200, { status: 'processing' });
        }
        if (order.status === 'pending') order.status = 'ready';
        if (state.proofDays) proofs.set(`${request.thumbprint} ${order.address}`, now() + state.proofDays * 86_400_000);
        return answer(200, { status: 'valid' });
      }
      case 'finalize': {
        if (order.status !== 'ready') return problem(403, 'orderNotReady');
        const csr = parseDer(unb64u(request.json.csr));
        const spki = csr.items[0].items[2].der;
        order.chain = pem(
          await certify(
            ca,
            order.address,
            Uint8Array.from(spki),
            now(),
            state.level,
            state.window ? [keyIdentifier(Uint8Array.of(1, 2, 3, 4))] : [],
          ),
        );
        order.status = 'valid';
        order.making = state.making ?? 0;
        return answer(200, shown(id));
      }
      case 'order':
        // As often as `making` says it is not done yet.
        if (order.making > 0) {
          order.making--;
          const headers = state.retryAfter ? { 'Retry-After': state.retryAfter } : {};
          return answer(200, { ...shown(id), status: 'processing', certificate: undefined }, headers);
        }
        return answer(200, shown(id));
      case 'certificate':
        return answer(200, order.chain);
      case 'certificates':
        return answer(200, {
          certificates: Array.isArray(state.good)
            ? state.good.map((each) => (each instanceof Uint8Array ? { certificate: b64u(each) } : each))
            : state.good,
        });
      case 'revoke-cert':
        if (state.foreign === request.json.certificate) return problem(404, 'malformed');
        if (state.revoked.includes(request.json.certificate)) return problem(400, 'alreadyRevoked');
        state.revoked.push(request.json.certificate);
        return answer(200, '');
      default:
        return problem(404, 'malformed');
    }
  }

  return Object.assign(state, {
    directory: `${BASE}/directory`,
    /** @param {string} text */
    reply: (text) => replied([...state.orders.values()].at(-1), text, [...keys.keys()].at(-1).split('/').pop()),
    forgetNonces: () => (nonces = new Set()),
    async fetch(url, init = {}) {
      const [, path, id] = new URL(url).pathname.split('/');
      state.requests.push(path);
      if (state.dead === true || state.dead === path) throw new TypeError('fetch failed');
      if (path === 'directory')
        return answer(200, {
          newNonce: `${BASE}/new-nonce`,
          newAccount: `${BASE}/new-account`,
          newOrder: `${BASE}/new-order`,
          revokeCert: `${BASE}/revoke-cert`,
          ...(state.good ? { starlingCertificates: `${BASE}/certificates` } : {}),
          ...(state.window ? { renewalInfo: `${BASE}/renewal-info` } : {}),
        });
      if (path === 'renewal-info') return ((state.asked = id), answer(200, state.window, { 'Retry-After': '21600' }));
      if (path === 'new-nonce') return answer(200, '');
      const request = await open(init, url);
      const said = request.bad ?? (await respond(path, request, id));
      if (state.unheard === path) throw new TypeError('fetch failed');
      return said;
    },
  });
}
