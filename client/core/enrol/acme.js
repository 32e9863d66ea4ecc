// The user's side of RFC 8555, identifier `email`, challenge `email-code-00`. What is pending lies in the Store, so that a reload goes on where it was.
import { b64u, encode, sha256 } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { ES256 } from '../identity/device.js';
import { pemCertificates } from '../identity/certificate.js';

/** How often, and how far apart, a certificate that is being made is asked for. */
const MAX_ROUNDS = 20;
const ROUND_MILLIS = 1000;
const TABLE = 'enrol';
/** @typedef {{address: string, account: CryptoKeyPair, kid: string, order: string, challenge: string, token: string, finalize: string, expires: number, directory: string, late: boolean}} Pending  expires in Unix ms; late: the mail is not on its way yet */

/** The 32-character code in whatever was pasted: alone, the whole mail, with blanks and line breaks. @param {string} pasted @returns {string} '' when there is none */
export function codeIn(pasted) {
  const alone = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])/.exec(pasted);
  if (alone) return alone[0];
  const joined = pasted.replace(/[\s"'<>]/g, '').replace(/^.*?ACME:/i, '');
  return /^[A-Za-z0-9_-]{32}$/.test(joined) ? joined : '';
}

/** @param {{store: import('../types.js').Store, fetch: typeof fetch, now: () => number, language?: string}} around */
export function acmeClient(around) {
  let nonce = '';
  /** @type {Record<string, string>} */
  let directory = {};

  /** @param {string} url @param {RequestInit} [init] */
  async function ask(url, init) {
    let response;
    try {
      response = await around.fetch(url, { ...init, credentials: 'omit', signal: AbortSignal.timeout(20_000) });
    } catch {
      throw new StarlingError('ca-unreachable');
    }
    nonce = response.headers.get('Replay-Nonce') ?? '';
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    const type =
      String(problem.type ?? '')
        .split(':')
        .pop() ?? '';
    const key =
      {
        incorrectResponse: 'code',
        rateLimited: 'too-many-mails',
        rejectedIdentifier: 'rejected',
        unsupportedIdentifier: 'address',
        badNonce: 'bad-nonce',
      }[type] ?? 'generic';
    throw new StarlingError(key, {}, `${response.status} ${type}: ${problem.detail ?? ''}`);
  }

  /** @param {CryptoKeyPair} account @param {string} kid @param {string} url @param {any} payload  null: POST-as-GET */
  async function post(account, kid, url, payload, again = true) {
    if (!nonce) await ask(directory.newNonce, { method: 'HEAD' });
    const header = { alg: 'ES256', nonce, url, ...(kid ? { kid } : { jwk: await publicJwk(account) }) };
    const input = `${b64u(encode(JSON.stringify(header)))}.${payload === null ? '' : b64u(encode(JSON.stringify(payload)))}`;
    const signature = new Uint8Array(await crypto.subtle.sign(ES256, account.privateKey, encode(input)));
    const [head, body] = input.split('.');
    nonce = '';
    try {
      return await ask(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/jose+json',
          ...(around.language ? { 'Accept-Language': around.language } : {}),
        },
        body: JSON.stringify({ protected: head, payload: body, signature: b64u(signature) }),
      });
    } catch (e) {
      if (again && e instanceof StarlingError && e.key === 'bad-nonce') return post(account, kid, url, payload, false);
      throw e;
    }
  }

  return {
    /** @returns {Promise<Pending | undefined>} */
    pending: () => around.store.get(TABLE, 'pending'),

    /** Orders, which sends the mail. @param {string} directoryUrl @param {string} address @returns {Promise<Pending>} */
    async order(directoryUrl, address) {
      directory = await (await ask(directoryUrl)).json();
      /** @type {Pending | undefined} */
      const old = await around.store.get(TABLE, 'pending');
      const account =
        old?.account ??
        (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']));
      const kid =
        (await post(account, '', directory.newAccount, { termsOfServiceAgreed: true })).headers.get('Location') ?? '';
      const ordered = await post(account, kid, directory.newOrder, {
        identifiers: [{ type: 'email', value: address }],
      });
      const order = await ordered.json();
      const authorization = await (await post(account, kid, order.authorizations[0], null)).json();
      const challenge = authorization.challenges.find((/** @type {any} */ each) => each.type === 'email-code-00');
      need(!!challenge, 'generic', 'this CA does not offer a code by mail');
      need(challenge.status !== 'invalid', 'mail-refused', challenge.error?.detail ?? '');
      const pending = {
        address,
        account,
        kid,
        order: ordered.headers.get('Location') ?? '',
        challenge: challenge.url,
        token: challenge.token,
        finalize: order.finalize,
        expires: Date.parse(authorization.expires),
        directory: directoryUrl,
        late: !!challenge.error,
      };
      await around.store.put(TABLE, 'pending', pending);
      return pending;
    },

    /** Proves the mailbox and gets the certificate, from wherever an earlier call was interrupted. @param {Pending} pending @param {string} pasted @param {() => Promise<Uint8Array>} csr @returns {Promise<Uint8Array<ArrayBuffer>[]>} chain, leaf first */
    async finish(pending, pasted, csr) {
      const code = codeIn(pasted);
      need(code !== '', 'code.none');
      directory = await (await ask(pending.directory)).json();
      const read = async (/** @type {string} */ url) => await post(pending.account, pending.kid, url, null);
      let order = await (await read(pending.order)).json();
      if (order.status === 'pending') {
        const thumbprint = b64u(await sha256(encode(JSON.stringify(await publicJwk(pending.account)))));
        const response = b64u(await sha256(encode(`${code}${pending.token}.${thumbprint}`)));
        await post(pending.account, pending.kid, pending.challenge, { response });
        order = await (await read(pending.order)).json();
      }
      need(
        order.status !== 'invalid' && order.status !== 'pending',
        'code',
        order.error?.detail ?? 'the order is over',
      );
      if (order.status === 'ready') {
        await post(pending.account, pending.kid, pending.finalize, { csr: b64u(await csr()) });
        order = await (await read(pending.order)).json();
      }
      // RFC 8555, section 7.4: the CA is making it.
      for (let round = 0; order.status === 'processing' && round < MAX_ROUNDS; round++) {
        await new Promise((resolve) => setTimeout(resolve, ROUND_MILLIS));
        order = await (await read(pending.order)).json();
      }
      need(!!order.certificate, 'generic', 'no certificate');
      return pemCertificates(await (await read(order.certificate)).text());
    },

    forget: () => around.store.delete(TABLE, 'pending'),
  };
}

/** With members in the order of RFC 7638. @param {CryptoKeyPair} account */
async function publicJwk(account) {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', account.publicKey);
  return { crv, kty, x, y };
}
