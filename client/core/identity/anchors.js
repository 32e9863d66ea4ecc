// The CAs that a person or an operator believes, and for what: a text of PEM certificates with a few lines above each. docs/protocols/formats.md, section 3.
import { base64, hex, sha256, unbase64 } from '../bytes.js';
import { need } from '../errors.js';
import { parseAddress } from './address.js';
import { parseCertificate } from './certificate.js';
import { isCrlUrl } from './extensions.js';
import { keyText, logPolicy, MAX_WITNESSES } from './log-note.js';

const MAX_TEXT = 200_000;
const MAX_ANCHORS = 64;
const MAX_VALUES = 64;
const MAX_NAME = 100;
const MAX_URL = 500;
const PURPOSES = ['address', 'smime', 'revoke'];
const LEVELS = ['code', 'reply', 'call', 'test', 'other', 'smime'];
const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** Where a CA enters what it certifies, docs/protocols/log.md, section 12. url: without a slash at the end; must: its certificates count only with a proof that they are in it @typedef {{policy: import('./log-note.js').LogPolicy, url: string, must: boolean}} AnchorLog */
/** name: '' when none was given @typedef {{name: string, purposes: Set<string>, domains: string[], levels: Set<string>, crls: string[], log?: AnchorLog}} Rules */
/** A certificate without rules may vouch for everything. @typedef {import('./certificate.js').Certificate & {rules?: Rules}} Anchor */

/** @param {string} text @returns {Anchor[]} */
export function parseAnchors(text) {
  need(text.length <= MAX_TEXT, 'malformed', 'too long');
  /** @type {Anchor[]} */
  const anchors = [];
  /** @type {Map<string, string>} */
  let said = new Map();
  /** @type {string[] | null} */
  let body = null;
  for (const line of text.split(/\r?\n/).map((each) => each.replace(/^[ \t]+|[ \t]+$/g, ''))) {
    if (body) {
      if (line !== END) {
        body.push(line);
        continue;
      }
      anchors.push({ ...parseCertificate(decoded(body.join(''))), rules: rules(said) });
      need(anchors.length <= MAX_ANCHORS, 'malformed', 'too many anchors');
      [said, body] = [new Map(), null];
    } else if (line === BEGIN) body = [];
    else if (line && !line.startsWith('#')) {
      const match =
        /^(name|purposes|domains|levels|crls|log|log-url|witnesses|quorum|must-log):[ \t]*([^\0-\x1f\x7f]+)$/.exec(
          line,
        );
      need(!!match && !said.has(match[1]), 'malformed', `a line that is not understood: ${line.slice(0, 40)}`);
      said.set(match[1], match[2]);
    }
  }
  need(!body && said.size === 0 && anchors.length > 0, 'malformed', 'no certificate behind the last lines');
  return anchors;
}

/** @param {string} text */
function decoded(text) {
  need(/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0, 'malformed', 'PEM');
  const bytes = unbase64(text);
  need(base64(bytes) === text, 'malformed', 'PEM');
  return bytes;
}

/** @param {Map<string, string>} said @returns {Rules} */
function rules(said) {
  const list = (/** @type {string} */ key, /** @type {string[]} */ otherwise) =>
    said.has(key) ? words(said.get(key) ?? '') : otherwise;
  const purposes = list('purposes', PURPOSES);
  const levels = list('levels', LEVELS);
  const crls = list('crls', []);
  const name = said.get('name') ?? '';
  need(name.length <= MAX_NAME, 'malformed', 'name');
  need(
    purposes.every((each) => PURPOSES.includes(each)),
    'malformed',
    'purposes',
  );
  need(
    levels.every((each) => LEVELS.includes(each)),
    'malformed',
    'levels',
  );
  need(crls.every(isCrlUrl), 'malformed', 'crls');
  const domains = list('domains', ['*', '+']);
  need(domains.every(isDomain), 'malformed', 'domains');
  return { name, purposes: new Set(purposes), domains, levels: new Set(levels), crls, ...logOf(said) };
}

/** @param {Map<string, string>} said @returns {{log?: AnchorLog}} */
function logOf(said) {
  const log = said.get('log');
  if (log === undefined) {
    // What only restricts is not passed over.
    need(!LOG_LINES.some((key) => said.has(key)), 'malformed', 'no log');
    return {};
  }
  const witnesses = said.has('witnesses') ? [...new Set(words(said.get('witnesses') ?? ''))] : [];
  need(witnesses.length <= MAX_WITNESSES, 'malformed', 'witnesses');
  // More than half: two heads that exclude each other are not both believed then.
  const quorum = said.get('quorum') ?? String(witnesses.length ? Math.floor(witnesses.length / 2) + 1 : 0);
  need(/^(0|[1-9][0-9]?)$/.test(quorum), 'malformed', 'quorum');
  const must = said.get('must-log') ?? 'no';
  need(must === 'yes' || must === 'no', 'malformed', 'must-log');
  const policy = logPolicy(log, witnesses, Number(quorum));
  const url = said.get('log-url') ?? `https://${policy.log.name}`;
  need(url.length <= MAX_URL && LOG_URL.test(url), 'malformed', 'log-url');
  return { log: { policy, url, must: must === 'yes' } };
}

const LOG_LINES = ['log-url', 'witnesses', 'quorum', 'must-log'];
const LOG_URL = /^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~-]+)*$/;

/** @param {AnchorLog} log */
function logLines({ policy, url, must }) {
  const lines = [`log: ${keyText(policy.log)}`, `log-url: ${url}`];
  if (policy.witnesses.length)
    lines.push(`witnesses: ${policy.witnesses.map(keyText).join(' ')}`, `quorum: ${policy.quorum}`);
  return must ? [...lines, 'must-log: yes'] : lines;
}

/** @param {string} values */
function words(values) {
  const all = values.split(/[ \t,]+/).filter(Boolean);
  need(all.length > 0 && all.length <= MAX_VALUES, 'malformed', 'values');
  return all;
}

/** `*` every e-mail address, `example.net`, `.example.net` below it, `+` every number, `+49` numbers that begin so. @param {string} text */
function isDomain(text) {
  if (text === '*' || /^\+[0-9]{0,15}$/.test(text)) return true;
  const address = `a@${text.startsWith('.') ? text.slice(1) : text}`;
  try {
    return parseAddress(address) === address;
  } catch {
    return false;
  }
}

/** @param {Anchor} anchor @param {string} address @param {string} level @param {boolean} proxy */
export function mayCertify({ rules }, address, level, proxy) {
  if (!rules) return true;
  return (
    rules.purposes.has(proxy ? 'smime' : 'address') &&
    rules.levels.has(level) &&
    rules.domains.some((domain) => speaksFor(domain, address))
  );
}

/** @param {string} domain @param {string} address */
function speaksFor(domain, address) {
  const at = address.lastIndexOf('@');
  if (at < 0) return domain.startsWith('+') && address.startsWith(domain);
  const host = address.slice(at + 1);
  return domain === '*' || (domain.startsWith('.') ? host.endsWith(domain) : host === domain);
}

/** As a text that reads back the same. @param {Anchor} anchor @returns {string} */
export function anchorText({ der, rules }) {
  const lines = [];
  if (rules) {
    if (rules.name) lines.push(`name: ${rules.name}`);
    for (const key of /** @type {const} */ (['purposes', 'domains', 'levels', 'crls']))
      if ([...rules[key]].length) lines.push(`${key}: ${[...rules[key]].join(' ')}`);
    if (rules.log) lines.push(...logLines(rules.log));
  }
  const body = base64(der).replace(/.{64}(?=.)/g, '$&\n');
  return `${[...lines, BEGIN, body, END].join('\n')}\n`;
}

/** @param {Anchor} anchor @returns {Promise<string>} SHA-256 of the certificate, hex */
export const anchorId = async (anchor) => hex(await sha256(anchor.der));
