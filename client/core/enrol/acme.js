// The user's side of RFC 8555, identifier `email`, challenges `email-code-00` and, where mail can be sent, `email-reply-00`. What is pending lies in the Store, so that a
// reload goes on where it was.
import { b64u, encode, sha256, unb64u, unhex } from '../bytes.js';
import { need, StarlingError } from '../errors.js';
import { ES256 } from '../identity/device.js';
import { parseCertificate, pemCertificates } from '../identity/certificate.js';
import { binding, readAccountKey } from './account-key.js';
import { beginning, detail, replyChallenge, responseBlock, verdict } from './reply.js';

/** So long a certificate that is being made is waited for; how far apart it is asked for, the CA says, within bounds. */
const MAX_ROUNDS = 20;
const MAKING_MILLIS = 180_000;
const ROUND_MILLIS = 1000;
const LONGEST_ROUND_MILLIS = 60_000;
/** Bounds of how soon renewal information is asked for again. @type {[number, number]} */
const ASK_AGAIN_MILLIS = [3_600_000, 86_400_000];
const MAX_CERTIFICATES = 200;
const TABLE = 'enrol';

/** @param {number} ms @param {() => void} task */
function setTimer(ms, task) {
  const id = setTimeout(task, ms);
  return () => clearTimeout(id);
}
/** @typedef {{address: string, account: CryptoKeyPair, kid: string, order: string, challenge: string, token: string, finalize: string, expires: number, directory: string, late: boolean, ready?: boolean, from?: string, begins?: string, reply?: import('./reply.js').ReplyChallenge}} Pending  expires in Unix ms; from: who sends the mail, where the CA says so; begins: with what its code begins, where the CA says so; reply: where an answer by mail counts; late: the mail is not on its way yet; ready: the account's proof is still good, no mail is sent */
/** The account with which the address was proven last: a renewal needs no mail as long as the proof is good. until: Unix ms @typedef {{account: CryptoKeyPair, kid: string, directory: string, address: string, until: number}} Proven */
/** An account that was made by a key of the operator, whatever became of its order, or that was to be made: the CA's answer may be lost. id: of that key @typedef {{account: CryptoKeyPair, directory: string, id?: string}} Bound */
/** start and end in Unix ms; explanation: URL for people, or ''; again: when to ask next, in ms @typedef {{start: number, end: number, explanation: string, again: number}} RenewalInfo */

/** What `Retry-After` says, in seconds or as a date (RFC 9110, section 10.2.3), in ms; null when it says nothing. @param {string | null} said @param {number} now Unix ms */
export function retryAfter(said, now) {
  if (!said) return null;
  const millis = /^[0-9]{1,9}$/.test(said.trim()) ? Number(said) * 1000 : Date.parse(said) - now;
  return Number.isFinite(millis) ? millis : null;
}
const NONCE = /^[A-Za-z0-9_-]{1,500}$/;

/** @param {number} value @param {number} least @param {number} most */
const within = (value, least, most) => Math.min(most, Math.max(least, value));

/** The 32-character code in whatever was pasted: alone, the whole mail, with blanks and line breaks. @param {string} pasted @returns {string} '' when there is none */
export function codeIn(pasted) {
  const alone = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])/.exec(pasted);
  if (alone) return alone[0];
  const joined = pasted.replace(/[\s"'<>]/g, '').replace(/^.*?ACME:/i, '');
  return /^[A-Za-z0-9_-]{32}$/.test(joined) ? joined : '';
}

/** Of one that is over no code helps any more, whether it was right or not. @param {any} order */
function stands(order) {
  need(order.status !== 'invalid', 'code.over', order.error?.detail ?? 'the order is over');
}

/** @param {{store: import('../types.js').Store, fetch: typeof fetch, now: () => number, language?: string, timer?: (ms: number, task: () => void) => () => void}} around */
export function acmeClient(around) {
  let nonce = '';
  /** What the last answer said of when to ask again, ms. @type {number | null} */
  let wait = null;
  const later = around.timer ?? setTimer;
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
    const given = response.headers.get('Replay-Nonce') ?? '';
    // RFC 8555, section 6.5.1: what is none is ignored.
    nonce = NONCE.test(given) ? given : '';
    wait = retryAfter(response.headers.get('Retry-After'), around.now());
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
        externalAccountRequired: 'account-key',
        caa: 'domain-closed',
        dns: response.status < 500 ? 'domain-no-mail' : 'domain-silent',
      }[type] ?? 'generic';
    throw new StarlingError(key, {}, `${response.status} ${type}: ${problem.detail ?? ''}`);
  }

  /** @param {CryptoKeyPair} account @param {string} kid @param {string} url @param {any} payload  null: POST-as-GET */
  async function post(account, kid, url, payload, again = true) {
    if (!nonce) await ask(directory.newNonce, { method: 'HEAD' });
    // Another request may go out meanwhile: each takes its own.
    const mine = nonce;
    nonce = '';
    const header = { alg: 'ES256', nonce: mine, url, ...(kid ? { kid } : { jwk: await publicJwk(account) }) };
    const input = `${b64u(encode(JSON.stringify(header)))}.${payload === null ? '' : b64u(encode(JSON.stringify(payload)))}`;
    const signature = new Uint8Array(await crypto.subtle.sign(ES256, account.privateKey, encode(input)));
    const [head, body] = input.split('.');
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

  /** The account's URL: of one that is there, or made, where the CA wants it by a key that its operator gave out. @param {CryptoKeyPair} account @param {import('./account-key.js').AccountKey | null} by  that key */
  async function register(account, by) {
    const url = directory.newAccount;
    const bound = by ? { externalAccountBinding: await binding(by, await publicJwk(account), url) } : {};
    try {
      const made = await post(account, '', url, { termsOfServiceAgreed: true, ...bound });
      return { account, kid: made.headers.get('Location') ?? '' };
    } catch (e) {
      // Without a key: the operator has ended the account that there was.
      if (e instanceof StarlingError && / 40[13] unauthorized:/.test(e.message))
        throw new StarlingError(by ? 'account-key.wrong' : 'account-key', {}, e.message);
      throw e;
    }
  }

  /** By a key of the operator, for which the CA makes one account only: whoever asks again with it goes on with that one. @param {string} directoryUrl @param {string} given */
  async function boundBy(directoryUrl, given) {
    const by = readAccountKey(given);
    /** @type {Bound | undefined} */
    const before = await around.store.get(TABLE, 'bound');
    const mine = before?.directory === directoryUrl && before.id === by.id;
    const account = mine ? before.account : await newAccount();
    await around.store.put(TABLE, 'bound', { account, directory: directoryUrl, id: by.id });
    try {
      return await register(account, by);
    } catch (e) {
      if (e instanceof StarlingError && e.key === 'account-key.wrong')
        await (before ? around.store.put(TABLE, 'bound', before) : around.store.delete(TABLE, 'bound'));
      throw e;
    }
  }

  /** By an account that is there, or a new one. @param {string} directoryUrl @param {string} address */
  async function known(directoryUrl, address) {
    /** @type {[Proven | undefined, Pending | undefined, Bound | undefined]} */
    const [kept, old, bound] = [
      await proven(),
      await around.store.get(TABLE, 'pending'),
      await around.store.get(TABLE, 'bound'),
    ];
    // RFC 8555, section 11.1: no other CA, and nobody's other address, has an account by this key; but one that took a key of the operator is kept to.
    const here = [kept, old].find((each) => each?.directory === directoryUrl && each.address === address);
    const made = bound?.directory === directoryUrl ? bound.account : null;
    const account = here?.account ?? made ?? (await newAccount());
    try {
      return await register(account, null);
    } catch (e) {
      // The operator has ended it, and given a key for another one since.
      if (!made || account === made || !(e instanceof StarlingError && e.key === 'account-key')) throw e;
      return await register(made, null);
    }
  }

  /** @returns {Promise<Proven | undefined>} */
  const proven = () => around.store.get(TABLE, 'proven');

  /** @param {Pending} pending @param {any} order */
  async function remember(pending, order) {
    const { account, kid, directory: from, address } = pending;
    const authorization = await (await post(account, kid, order.authorizations[0], null)).json();
    const until = authorization.status === 'valid' ? Date.parse(authorization.expires) : NaN;
    const kept = { account, kid, directory: from, address, until: Number.isFinite(until) ? until : 0 };
    await around.store.put(TABLE, 'proven', kept);
  }

  /** RFC 8823, section 3.2, as the two challenges have it. @param {Pending} pending @param {string} code @param {string} token */
  async function response({ account }, code, token) {
    const thumbprint = b64u(await sha256(encode(JSON.stringify(await publicJwk(account)))));
    return b64u(await sha256(encode(`${code}${token}.${thumbprint}`)));
  }

  return {
    /** @returns {Promise<Pending | undefined>} */
    pending: () => around.store.get(TABLE, 'pending'),

    /** Orders, which sends the mail. @param {string} directoryUrl @param {string} address @param {string} [given]  the key by which the CA makes an account, where it wants one: it says so by `account-key` @returns {Promise<Pending>} */
    async order(directoryUrl, address, given = '') {
      directory = await (await ask(directoryUrl)).json();
      const { account, kid } = await (given.trim() ? boundBy(directoryUrl, given) : known(directoryUrl, address));
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
        ready: order.status === 'ready',
        ...replyChallenge(authorization.challenges),
        begins: beginning(challenge),
      };
      await around.store.put(TABLE, 'pending', pending);
      return pending;
    },

    /** Proves the mailbox and gets the certificate, from wherever an earlier call was interrupted. @param {Pending} pending @param {string} pasted @param {() => Promise<Uint8Array>} csr @returns {Promise<Uint8Array<ArrayBuffer>[]>} chain, leaf first */
    async finish(pending, pasted, csr) {
      const code = codeIn(pasted);
      need(code !== '' || !!pending.ready, 'code.none');
      directory = await (await ask(pending.directory)).json();
      const read = async (/** @type {string} */ url) => await post(pending.account, pending.kid, url, null);
      /** Asks for what is `processing` until it is not any more. @param {string} url @param {any} said what it was last */
      const settled = async (url, said) => {
        let waited = 0;
        for (let round = 0; said.status === 'processing' && round < MAX_ROUNDS && waited < MAKING_MILLIS; round++) {
          const pause = within(wait ?? ROUND_MILLIS, ROUND_MILLIS, LONGEST_ROUND_MILLIS);
          waited += pause;
          await new Promise((resolve) => later(pause, () => resolve(null)));
          said = await (await read(url)).json();
        }
        return said;
      };
      let order = await (await read(pending.order)).json();
      if (order.status === 'pending') {
        need(code !== '', 'code.none');
        const answer = { response: await response(pending, code, pending.token) };
        // RFC 8555, section 7.5.1: the CA may still be judging it.
        await settled(
          pending.challenge,
          await (await post(pending.account, pending.kid, pending.challenge, answer)).json(),
        );
        order = await (await read(pending.order)).json();
      }
      stands(order);
      need(order.status !== 'pending', 'code', 'it did not count');
      if (order.status === 'ready') {
        await post(pending.account, pending.kid, pending.finalize, { csr: b64u(await csr()) });
        order = await (await read(pending.order)).json();
      }
      // RFC 8555, section 7.4: the CA is making it.
      order = await settled(pending.order, order);
      stands(order);
      need(!!order.certificate, 'generic', 'no certificate');
      const chain = pemCertificates(await (await read(order.certificate)).text());
      await remember(pending, order).catch(() => {});
      return chain;
    },

    /** What is to be mailed back to the CA; '' where it takes no answers by mail. @param {Pending} pending @param {string} code @returns {Promise<string>} */
    async answer(pending, code) {
      if (!pending.reply) return '';
      directory = await (await ask(pending.directory)).json();
      // What is wrong now is about the CA's own mail.
      const before = detail(await (await post(pending.account, pending.kid, pending.reply.url, null)).json());
      // The person may have begun anew meanwhile.
      const now = await around.store.get(TABLE, 'pending');
      if (now?.order !== pending.order) throw new StarlingError('reply.over');
      await around.store.put(TABLE, 'pending', { ...now, reply: { ...pending.reply, before } });
      return responseBlock(await response(pending, code, pending.reply.token));
    },

    /**
     * The answer was sent: returns when the CA has it. RFC 8555, section 7.5.1: it is told that it may look.
     * @param {Pending} pending @param {number} patience ms @param {() => Promise<boolean>} isOver  nobody waits for it any more @returns {Promise<void>} throws `reply.refused` with the CA's reason, or `reply.late`
     */
    async answered(pending, patience, isOver) {
      directory = await (await ask(pending.directory)).json();
      const { url = '', before = '' } = pending.reply ?? {};
      const look = async (/** @type {any} */ payload) =>
        await (await post(pending.account, pending.kid, url, payload)).json();
      const pause = (/** @type {number} */ ms) => new Promise((resolve) => later(ms, () => resolve(null)));
      await verdict({ look, pause, patience, before, isOver });
    },

    forget: () => around.store.delete(TABLE, 'pending'),
    proven,

    /** Withdraws a certificate by an account that has proven its address (RFC 8555, section 7.6). @param {Uint8Array} der @param {number} reason  RFC 5280, section 5.3.1 */
    async revoke(der, reason) {
      const kept = await proven();
      need(!!kept, 'no-proof');
      directory = await (await ask(kept.directory)).json();
      try {
        await post(kept.account, kept.kid, directory.revokeCert, { certificate: b64u(der), reason });
      } catch (e) {
        // Nor is one of another CA withdrawn here (404).
        if (!(e instanceof StarlingError && /alreadyRevoked|^\S*:? ?404 malformed/.test(e.message))) throw e;
      }
    },

    /** The good certificates (DER) of the address that was proven, whether they are to be found or not; none of a CA that does not say so. @returns {Promise<Uint8Array<ArrayBuffer>[]>} */
    async good() {
      const kept = await proven();
      need(!!kept, 'no-proof');
      directory = await (await ask(kept.directory)).json();
      if (typeof directory.starlingCertificates !== 'string') return [];
      const identifier = { type: 'email', value: kept.address };
      const { certificates } = await (
        await post(kept.account, kept.kid, directory.starlingCertificates, { identifier })
      ).json();
      need(Array.isArray(certificates) && certificates.length <= MAX_CERTIFICATES, 'generic', 'no certificates');
      return certificates.map((/** @type {any} */ each) => unb64u(String(each?.certificate)));
    },

    /** When the CA would like a certificate to be renewed (RFC 9773); null where it does not say. @param {string} directoryUrl @param {Uint8Array} der @returns {Promise<RenewalInfo | null>} */
    async renewalInfo(directoryUrl, der) {
      const { renewalInfo: base } = await (await ask(directoryUrl)).json();
      const { extensions, serial } = parseCertificate(der);
      if (typeof base !== 'string' || !extensions.authorityKey) return null;
      const answer = await ask(`${base}/${b64u(extensions.authorityKey)}.${b64u(unhex(serial))}`);
      const { suggestedWindow, explanationURL } = await answer.json();
      const [start, end] = [suggestedWindow?.start, suggestedWindow?.end].map(Date.parse);
      // Section 4.2: an end before the start is none.
      if (!Number.isFinite(start) || !(end > start)) return null;
      const link = typeof explanationURL === 'string' && /^https?:\/\/[^\s<>"]{1,500}$/.test(explanationURL);
      const again = within(retryAfter(answer.headers.get('Retry-After'), around.now()) ?? 0, ...ASK_AGAIN_MILLIS);
      return { start, end, explanation: link ? explanationURL : '', again };
    },
  };
}

const newAccount = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);

/** With members in the order of RFC 7638. @param {CryptoKeyPair} account */
async function publicJwk(account) {
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', account.publicKey);
  return { crv, kty, x, y };
}
