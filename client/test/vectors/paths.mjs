// Chains as company and commercial CAs have them: name constraints, uses of CAs, policies, proxies of S/MIME certificates, anchors with limits.
import { base64, concat, encode } from '../../core/bytes.js';
import { anchorText, parseAnchors } from '../../core/identity/anchors.js';
import { keyText } from '../../core/identity/log-note.js';
import { parseCertificate } from '../../core/identity/certificate.js';
import { integer, octets, oid, sequence, setOf, tlv } from '../../core/identity/der.js';
import { deviceId } from '../../core/identity/device.js';
import { PROXY_INFO } from '../../core/identity/extensions.js';
import { DEVICE_LANGUAGE, makeProxy } from '../../core/identity/proxy.js';
import * as f from '../forge.js';
import { LOG_KEYS } from './log.mjs';

const BOB = 'bob@example.net';
const leaf = f.leafExtensions;
const dns = (host) => tlv(0x82, encode(host));
const uri = (text) => tlv(0x86, encode(text));
const directory = (...relatives) => tlv(0xa4, sequence(...relatives));
const ip = (...bytes) => tlv(0x87, Uint8Array.from(bytes));
const attribute = (type, value) => sequence(oid(type), value);
const COUNTRY = setOf(attribute('2.5.4.6', f.utf8('DE', 0x13)));
const organisation = (name, tag = 0x0c) => setOf(attribute('2.5.4.10', f.utf8(name, tag)));
const common = (name) => setOf(attribute('2.5.4.3', f.utf8(name)));
const subtrees = (tag, names) => (names.length ? [tlv(tag, ...names.map((name) => sequence(name)))] : []);

/** @param {Uint8Array[]} permitted @param {Uint8Array[]} [excluded] */
const constraints = (permitted, excluded = [], critical = true) =>
  f.extension('2.5.29.30', critical, sequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)));

export async function paths(it) {
  await names(it);
  await names2(it);
  await uses(it);
  await proxies(it);
  await realLife(it);
  await limits(it);
}

/** An intermediate with an extension more, and a leaf below it. */
function below({ root, device, now, add }) {
  return async (what, verdict, more, extensions = {}, but = {}, rest = {}) => {
    const ca = await f.ecAuthority(f.nameOf(f.utf8('Company')));
    const middle = await f.forge(
      root,
      ca.spki,
      now,
      { ...f.authorityExtensions(0), ...(more instanceof Uint8Array ? { more } : more) },
      { subject: rest.caName ?? ca.name },
    );
    const by = rest.caName ? { ...ca, name: rest.caName } : ca;
    add(what, verdict, [await f.forge(by, device.spki, now, { ...leaf(BOB), ...extensions }, but), middle], {
      ...rest,
      caName: undefined,
    });
  };
}

async function names(it) {
  const under = below(it);
  const no = 'name-constraints';
  await under('a domain permitted', 'ok', constraints([f.email('example.net')]));
  await under('a domain permitted in other letters', 'ok', constraints([f.email('EXAMPLE.Net')]));
  await under('constraints that are not critical count too', no, constraints([f.email('example.org')], [], false));
  await under('another domain permitted', no, constraints([f.email('example.org')]));
  await under('one of several permitted', 'ok', constraints([f.email('example.org'), f.email('example.net')]));
  await under('only hosts below the domain permitted', no, constraints([f.email('.example.net')]));
  await under(
    'a host below the domain permitted',
    'ok',
    constraints([f.email('.example.net')]),
    leaf('bob@mail.example.net'),
    {},
    { address: 'bob@mail.example.net' },
  );
  await under(
    'a host below is not the host',
    no,
    constraints([f.email('example.net')]),
    leaf('bob@mail.example.net'),
    {},
    { address: 'bob@mail.example.net' },
  );
  await under('a domain that only ends alike', no, constraints([f.email('.ample.net')]), leaf('bob@example.net'));
  await under('a mailbox permitted', 'ok', constraints([f.email(BOB)]));
  await under('another mailbox permitted', no, constraints([f.email('eve@example.net')]));
  await under('every address permitted', 'ok', constraints([f.email('')]));
  await under('the domain excluded', no, constraints([], [f.email('example.net')]));
  await under('the mailbox excluded', no, constraints([], [f.email('Bob@example.net')]));
  await under('permitted and excluded', no, constraints([f.email('example.net')], [f.email(BOB)]));
  await under('another excluded', 'ok', constraints([], [f.email('example.org'), f.email('.example.net')]));
  await under(
    'constraints on names that are not there',
    'ok',
    constraints([dns('example.org'), directory(COUNTRY)], [ip(0, 0, 0, 0, 0, 0, 0, 0)]),
  );
  await under(
    'an address that has no host',
    no,
    constraints([f.email('example.net')]),
    { san: f.san([f.email('bob')]) },
    {},
    { address: null },
  );
  await under('a second name out of bounds', no, constraints([f.email('example.net'), dns('example.net')]), {
    san: f.san([f.email(BOB), dns('example.org')]),
  });
  await under('a second name within', 'more-than-one-name', constraints([dns('example.net')]), {
    san: f.san([f.email(BOB), dns('www.example.net')]),
  });
  await under('a host of the same letters', no, constraints([dns('ample.net')]), {
    san: f.san([f.email(BOB), dns('example.net')]),
  });
  await under('a kind of name that is not judged', no, constraints([ip(10, 0, 0, 0, 255, 0, 0, 0)]), {
    san: f.san([f.email(BOB), ip(10, 0, 0, 1)]),
  });
  await under('a web address within', 'more-than-one-name', constraints([uri('.example.net')]), {
    san: f.san([f.email(BOB), uri('https://me@www.example.net:8443/x')]),
  });
  await under('a web address without', no, constraints([uri('example.net')]), {
    san: f.san([f.email(BOB), uri('https://www.example.net/')]),
  });
  await under(
    'a number under constraints on web addresses',
    no,
    constraints([uri('example.net')]),
    leaf('+4930123456', 3),
    {},
    {
      address: '+4930123456',
    },
  );
}

async function names2(it) {
  const { root, device, now, add } = it;
  const under = below(it);
  const no = 'name-constraints';
  const bad = 'malformed';
  const san = { san: f.san([f.email(BOB)], false) };
  const company = sequence(COUNTRY, organisation('Example Ltd'), common('Bob'));
  await under(
    'a subject below the permitted one',
    'ok',
    constraints([directory(COUNTRY, organisation('Example Ltd'))]),
    san,
    { subject: company },
  );
  await under(
    'the same in another kind of string',
    'ok',
    constraints([directory(COUNTRY, organisation('EXAMPLE  ltd', 0x13))]),
    san,
    { subject: company },
  );
  await under('another organisation', no, constraints([directory(COUNTRY, organisation('Example'))]), san, {
    subject: company,
  });
  await under(
    'a subject shorter than the permitted one',
    no,
    constraints([directory(COUNTRY, organisation('Example Ltd'))]),
    san,
    { subject: sequence(COUNTRY) },
  );
  await under(
    'the organisation excluded',
    no,
    constraints([], [directory(COUNTRY, organisation('example ltd'))]),
    san,
    { subject: company },
  );
  await under(
    'parts that only look alike when joined',
    no,
    constraints([directory(setOf(attribute('2.5.4.6', f.utf8('DE')), attribute('2.5.4.10', f.utf8('x'))))]),
    san,
    {
      subject: sequence(setOf(attribute('2.5.4.6', f.utf8('DE+2.5.4.10="x')))),
    },
  );
  const mail = sequence(setOf(attribute('1.2.840.113549.1.9.1', tlv(0x16, encode('ca@example.org')))));
  await twoLevels(it, mail);
  // Shapes.
  await under('empty constraints', bad, f.extension('2.5.29.30', true, sequence()));
  await under('an empty list of subtrees', bad, f.extension('2.5.29.30', true, sequence(tlv(0xa0))));
  await under(
    'excluded before permitted',
    bad,
    f.extension('2.5.29.30', true, sequence(...subtrees(0xa1, [dns('a.test')]), ...subtrees(0xa0, [dns('b.test')]))),
  );
  await under(
    'permitted twice',
    bad,
    f.extension('2.5.29.30', true, sequence(...subtrees(0xa0, [dns('a.test')]), ...subtrees(0xa0, [dns('b.test')]))),
  );
  await under(
    'a maximum',
    bad,
    f.extension('2.5.29.30', true, sequence(tlv(0xa0, sequence(f.email('example.net'), tlv(0x81, Uint8Array.of(1)))))),
  );
  await under(
    'a subtree that is text',
    bad,
    f.extension('2.5.29.30', true, sequence(tlv(0xa0, sequence(f.utf8('x'))))),
  );
  const bound = await f.forge(
    root,
    root.spki,
    now,
    { ...f.authorityExtensions(), more: constraints([f.email('example.org')]) },
    { subject: root.name },
  );
  add("the anchor's own constraints", no, [await f.forge(root, device.spki, now, leaf(BOB))], {
    anchors: [base64(bound)],
  });
}

/** The constraints of the upper CA bind the names of the lower one. */
async function twoLevels({ root, device, now, add }, mail) {
  const upper = await f.ecAuthority(f.nameOf(f.utf8('Upper')));
  const first = await f.forge(
    root,
    upper.spki,
    now,
    { ...f.authorityExtensions(1), more: constraints([f.email('example.net')]) },
    { subject: upper.name },
  );
  for (const [what, verdict, name] of [
    ['an address in the name of a CA below constraints', 'name-constraints', mail],
    ['a CA without an address below constraints', 'ok', f.nameOf(f.utf8('Lower'))],
    ['a CA that issued itself is not bound', 'ok', upper.name],
  ]) {
    const lower = await f.ecAuthority(name);
    const second = await f.forge(upper, lower.spki, now, f.authorityExtensions(0), { subject: name });
    add(what, verdict, [await f.forge(lower, device.spki, now, leaf(BOB)), second, first]);
  }
  const again = await f.ecAuthority(upper.name);
  const roll = await f.forge(upper, again.spki, now, f.authorityExtensions(0), { subject: upper.name });
  const short = await f.forge(root, upper.spki, now, f.authorityExtensions(0), { subject: upper.name });
  add('what issued itself does not lengthen the path', 'ok', [
    await f.forge(again, device.spki, now, leaf(BOB)),
    roll,
    short,
  ]);
}

async function uses(it) {
  const under = below(it);
  await under('a CA for mail', 'ok', f.extendedUsage('1.3.6.1.5.5.7.3.2', f.EMAIL_PROTECTION));
  await under('a CA for any purpose', 'ok', f.extendedUsage('2.5.29.37.0'));
  await under('a CA for servers only', 'extended-key-usage', f.extendedUsage('1.3.6.1.5.5.7.3.1'));
  const policy = (id, value) => f.extension(id, true, value);
  await under('no policy may be mapped', 'ok', policy('2.5.29.36', sequence(tlv(0x81, Uint8Array.of(0)))));
  await under(
    'policies must be explicit',
    'explicit-policy',
    policy('2.5.29.36', sequence(tlv(0x80, Uint8Array.of(0)))),
  );
  await under(
    'policies must be explicit, not critical',
    'explicit-policy',
    f.extension('2.5.29.36', false, sequence(tlv(0x80, Uint8Array.of(0)))),
  );
  await under('empty policy constraints', 'malformed', policy('2.5.29.36', sequence()));
  await under('policy constraints that are text', 'malformed', policy('2.5.29.36', sequence(f.utf8('x'))));
  await under('anyPolicy inhibited', 'ok', policy('2.5.29.54', integer(0)));
  await under('a policy mapped', 'ok', policy('2.5.29.33', sequence(sequence(oid('1.2.3'), oid('1.2.4')))));
  await under('another critical extension of a CA', 'unknown-critical-extension', policy('1.2.3.4', sequence()));
  const point = (...names) => sequence(tlv(0xa0, tlv(0xa0, ...names)));
  const list = (...points) => f.extension('2.5.29.31', false, sequence(...points));
  await under(
    'distribution points of every kind',
    'ok',
    {},
    {
      more: list(
        point(uri('ldap://x/'), uri('http://crl.example.net/a.crl')),
        sequence(tlv(0xa0, tlv(0xa1, attribute('2.5.4.3', f.utf8('x'))))),
        sequence(tlv(0xa2, directory(COUNTRY))),
      ),
    },
  );
  await under(
    'distribution points that are text',
    'malformed',
    {},
    { more: f.extension('2.5.29.31', false, encode('http://x/')) },
  );
  await under('no distribution points', 'malformed', {}, { more: list() });
}

/** Somebody with an S/MIME certificate, and what he signs. */
async function person({ root, now }, name, kind, extensions = {}, but = {}) {
  const subject = but.subject ?? sequence(COUNTRY, common(name));
  const key =
    kind === 'rsa'
      ? await f.rsaAuthority(subject, 2048)
      : kind === 'P-384'
        ? await f.curveAuthority(subject, 'P-384', 'SHA-384')
        : await f.ecAuthority(subject);
  const der = await f.forge(
    root,
    key.spki,
    now,
    {
      san: f.san([f.email(BOB), f.email('Robert@Example.net')], false),
      usage: f.keyUsage(0xa0, true, 5),
      extended: f.extendedUsage(f.EMAIL_PROTECTION, '1.3.6.1.5.5.7.3.2'),
      key: f.subjectKey(Uint8Array.of(1, 2, 3)),
      ...extensions,
    },
    { to: f.utc(now + 365 * f.DAY), ...but, subject },
  );
  return { ...key, name: subject, der, certificate: parseCertificate(der) };
}

const info = (...parts) => f.extension(PROXY_INFO, true, sequence(...parts));
const ours = (address = BOB, language = DEVICE_LANGUAGE) => sequence(oid(language), octets(encode(address)));

async function proxies(it) {
  const { root, device, now, add } = it;
  const owner = await person(it, 'Bob', 'rsa');
  const common64 = setOf(attribute('2.5.4.3', f.utf8(device.id, 0x13)));
  const good = {
    proxy: info(integer(0), ours()),
    usage: f.keyUsage(0x88, true, 3),
    extended: f.extendedUsage(f.EMAIL_PROTECTION),
  };
  const subject = sequence(COUNTRY, common('Bob'), common64);
  const proxy = (extensions = {}, but = {}, by = owner) =>
    f.forge(by, device.spki, now, { ...good, ...extensions }, { subject, ...but });
  const made = await makeProxy({ ...owner }, BOB, device, now);
  add('a proxy as we make it', 'ok', [made, owner.der], { level: 'smime', device: device.id });
  add(
    'a proxy for a name of the certificate',
    'ok',
    [await makeProxy(owner, 'robert@example.net', device, now), owner.der],
    { address: null, named: 'robert@example.net', level: 'smime' },
  );
  const one = async (what, verdict, extensions, but, more, by) =>
    add(what, verdict, [await proxy(extensions, but, by), (by ?? owner).der], more);
  await one('a proxy', 'ok', {}, {}, { level: 'smime' });
  await one(
    'a proxy for an address that is not in it',
    'wrong-name',
    { proxy: info(integer(0), ours('eve@example.net')) },
    {},
    { address: null },
  );
  await one('a proxy for another address than asked for', 'wrong-name', {
    proxy: info(integer(0), ours('robert@example.net')),
  });
  await one('a proxy for an address in another form', 'wrong-name', {
    proxy: info(integer(0), ours('Bob@example.net')),
  });
  await one(
    'a proxy for a number',
    'wrong-name',
    { proxy: info(integer(0), ours('+4930123456')) },
    {},
    { address: null },
  );
  const bad = (what, extensions, but) => one(what, 'bad-proxy', extensions, but);
  await bad('a proxy, not critical', { proxy: f.extension(PROXY_INFO, false, sequence(integer(0), ours())) });
  await bad('a proxy without a path length', { proxy: info(ours()) });
  await bad('a proxy with proxies below', { proxy: info(integer(1), ours()) });
  await bad('a proxy that inherits all', { proxy: info(integer(0), sequence(oid('1.3.6.1.5.5.7.21.1'))) });
  await bad('a proxy of another language', { proxy: info(integer(0), ours(BOB, '1.3.6.1.5.5.7.21.2')) });
  await bad('a proxy without an address', { proxy: info(integer(0), sequence(oid(DEVICE_LANGUAGE))) });
  await bad('a proxy with a name', { san: f.san([f.email(BOB)]) });
  await bad('a proxy with a name of its issuer', { more: f.extension('2.5.29.18', false, sequence(f.email(BOB))) });
  await bad('a proxy that is a CA', { basic: f.basic(f.isCa) });
  await bad('a proxy with the name of its owner', {}, { subject: owner.name });
  await bad('a proxy with another name', {}, { subject: sequence(COUNTRY, common('Eve'), common64) });
  await bad('a proxy with two names more', {}, { subject: sequence(COUNTRY, common('Bob'), common64, common64) });
  await bad('a proxy with an organisation more', {}, { subject: sequence(COUNTRY, common('Bob'), organisation('x')) });
  await bad('a proxy that began before its owner', {}, { from: f.utc(now - 400_000) });
  await bad('a proxy that outlives its owner', {}, { to: f.utc(now + 366 * f.DAY) });
  await one('an expired proxy', 'expired', {}, { to: f.utc(now - 1000) });
  await one('a proxy that may not sign', 'key-usage', { usage: f.keyUsage(0x08, true, 3) });
  await one('a proxy for servers', 'extended-key-usage', { extended: f.extendedUsage('1.3.6.1.5.5.7.3.1') });
  const shape = (what, value) => one(what, 'malformed', { proxy: f.extension(PROXY_INFO, true, value) });
  await shape('proxy information that is text', encode('x'));
  await shape('proxy information without a policy', sequence());
  await shape('a negative path length of a proxy', sequence(tlv(2, Uint8Array.of(0xff)), ours()));
  await shape('a policy that is no octets', sequence(integer(0), sequence(oid(DEVICE_LANGUAGE), f.utf8(BOB))));
  await owners(it, { proxy, made, owner });
  add('a proxy alone', 'unknown-anchor', [made]);
  add('a proxy below the anchor itself', 'bad-proxy', [
    await f.forge(root, device.spki, now, good, { subject: sequence(...[common('Vectors root')], common64) }),
  ]);
  const second = await f.ecAuthority(subject);
  const middle = await f.forge(owner, second.spki, now, good, { subject });
  add('a proxy of a proxy', 'bad-proxy', [
    await proxy({}, { subject: sequence(COUNTRY, common('Bob'), common64, common64) }, second),
    middle,
    owner.der,
  ]);
  add('a proxy whose signature was changed', 'bad-signature', [await proxy({}, { breakSignature: true }), owner.der]);
  await revoked(it, { made, owner });
}

async function revoked({ add, device }, { made, owner }) {
  add("the owner's serial number revoked", 'revoked', [made, owner.der], { revoked: [owner.certificate.serial] });
  add("the owner's key revoked", 'revoked', [made, owner.der], { revoked: [await deviceId(owner.spki)] });
  add('the device of a proxy revoked', 'revoked', [made, owner.der], { revoked: [device.id] });
}

/** What the S/MIME certificate must be. */
async function owners(it, { made, owner }) {
  const { device, now, add } = it;
  const below = async (what, verdict, extensions = {}, but = {}, kind = 'P-256', more = {}) => {
    const other = await person(it, 'Bob', kind, extensions, but);
    add(what, verdict, [await makeProxyOf(other, device, now), other.der], more);
  };
  await below('a proxy of a P-256 key', 'ok', {}, {}, 'P-256', { level: 'smime' });
  await below('a proxy of a P-384 key', 'ok', {}, {}, 'P-384', { level: 'smime' });
  await below('an expired owner', 'expired', {}, { to: f.utc(now - 1000) });
  await below('an owner without addresses', 'no-name', { san: null });
  await below('an owner who may only encrypt', 'key-usage', { usage: f.keyUsage(0x20, true, 5) });
  await below('an owner for servers', 'extended-key-usage', { extended: f.extendedUsage('1.3.6.1.5.5.7.3.1') });
  await below('an owner without key usage', 'ok', { usage: null, extended: null });
  await below('an owner with a test policy', 'ok', { policies: leaf(BOB, 9).policies }, {}, 'P-256', { level: 'test' });
  await below(
    'an owner with a test policy where none counts',
    'test-certificate',
    { policies: leaf(BOB, 9).policies },
    {},
    'P-256',
    { allowTest: false },
  );
  await below('an owner with another policy', 'ok', { policies: leaf(BOB, 2).policies }, {}, 'P-256', {
    level: 'smime',
  });
  await below('an owner without a name', 'malformed', { san: f.san([f.email(BOB)]) }, { subject: sequence() });
  await below('an owner with an unknown critical extension', 'unknown-critical-extension', {
    more: f.extension('1.2.3.4', true, sequence()),
  });
  add('an S/MIME certificate with an RSA key itself', 'unsupported-algorithm', [owner.der]);
  add('a proxy of somebody else', 'bad-signature', [made, (await person(it, 'Bob', 'P-256')).der]);
  const ca = await person(it, 'Bob', 'P-256', { ...f.authorityExtensions(0), san: null, extended: null });
  add('a proxy of a CA', 'bad-proxy', [await makeProxyOf(ca, device, now), ca.der]);
}

/** Also of what cannot be an owner. */
async function makeProxyOf(owner, device, now) {
  const above = owner.certificate.subject.subarray(owner.certificate.subject[1] > 0x80 ? 3 : 2);
  const to = Math.min(now + 20 * f.DAY, Math.max(owner.certificate.notAfter, owner.certificate.notBefore));
  return f.forge(
    owner,
    device.spki,
    now,
    {
      proxy: info(integer(0), ours()),
      usage: f.keyUsage(0x88, true, 3),
    },
    { subject: tlv(0x30, concat(above, setOf(attribute('2.5.4.3', f.utf8(device.id, 0x13))))), to: f.utc(to) },
  );
}

/** As large as they come: RSA root, two intermediates, a leaf with all that commercial ones carry. */
async function realLife(it) {
  const { device, now, add } = it;
  const root = await f.rsaAuthority(sequence(COUNTRY, organisation('Commerce'), common('Root')), 4096);
  const anchor = await f.forge(root, root.spki, now, f.authorityExtensions(), { subject: root.name });
  const policyCa = await f.rsaAuthority(
    sequence(COUNTRY, organisation('Commerce'), common('Policy CA')),
    2048,
    'SHA-384',
    12,
  );
  const issuing = await f.rsaAuthority(sequence(COUNTRY, organisation('Commerce'), common('S/MIME CA')), 2048);
  const uses = f.extendedUsage('1.3.6.1.5.5.7.3.2', f.EMAIL_PROTECTION);
  const first = await f.forge(
    root,
    policyCa.spki,
    now,
    { ...f.authorityExtensions(1), policies: f.policies('2.5.29.32.0') },
    { subject: policyCa.name },
  );
  const crl = f.extension(
    '2.5.29.31',
    false,
    sequence(sequence(tlv(0xa0, tlv(0xa0, uri('http://crl.commerce.example/s.crl'))))),
  );
  const second = await f.forge(
    policyCa,
    issuing.spki,
    now,
    {
      ...f.authorityExtensions(0),
      uses,
      crl,
      more: constraints([f.email('example.net'), directory(COUNTRY)], [dns(''), ip(0, 0, 0, 0, 0, 0, 0, 0)]),
    },
    { subject: issuing.name },
  );
  const access = f.extension(
    '1.3.6.1.5.5.7.1.1',
    false,
    sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), uri('http://ocsp.commerce.example'))),
  );
  const owner = await person({ root: issuing, now }, 'Bob', 'rsa', {
    crl,
    access,
    policies: f.policies('2.23.140.1.5.1.3', '1.3.6.1.4.1.99999.1'),
    usage: f.keyUsage(0xe0, true, 5),
  });
  const chain = [await makeProxy(owner, BOB, device, now), owner.der, second, first];
  const anchors = [base64(anchor)];
  add('a commercial chain', 'ok', chain, { anchors, level: 'smime', allowTest: false });
  add('a commercial chain with its root', 'ok', [...chain, anchor], { anchors, level: 'smime', allowTest: false });
  add('a commercial chain with a link missing', 'unknown-anchor', chain.slice(0, 3), { anchors });
  add('a commercial chain in the wrong order', 'bad-signature', [chain[0], chain[2], chain[1], chain[3]], { anchors });
}

/** Anchors that may speak for some addresses only. */
async function limits(it) {
  const { root, anchor, device, now, add } = it;
  const body = anchorText(parseCertificate(anchor));
  const chain = [await f.forge(root, device.spki, now, leaf(BOB, 1))];
  const owner = await person(it, 'Bob', 'P-256');
  const smime = [await makeProxy(owner, BOB, device, now), owner.der];
  const phone = [await f.forge(root, device.spki, now, leaf('+4930123456', 3))];
  const no = 'constrained-anchor';
  const one = (what, verdict, lines, of = chain, more = {}) =>
    add(what, verdict, of, { anchors: undefined, anchorText: `${lines}\n${body}`, ...more });
  one('an anchor for the domain', 'ok', 'domains: example.org example.net');
  one('an anchor for another domain', no, 'domains: example.org');
  one('an anchor for what is below the domain', no, 'domains: .example.net');
  one('an anchor for every address', 'ok', 'domains: *');
  one('an anchor for numbers', no, 'domains: +');
  one('a number of an anchor for addresses', no, 'domains: *', phone, { address: '+4930123456' });
  one('a number that begins so', 'ok', 'domains: +49', phone, { address: '+4930123456' });
  one('a number that begins otherwise', no, 'domains: +43', phone, { address: '+4930123456' });
  one('an anchor for another level', no, 'levels: reply');
  one('an anchor for this level', 'ok', 'levels: reply code');
  one('an anchor without devices', no, 'purposes: smime revoke');
  one('an anchor for devices', 'ok', 'purposes: address');
  one('a proxy under an anchor for devices', no, 'purposes: address', smime);
  one('a proxy under an anchor for S/MIME', 'ok', 'purposes: smime\ndomains: example.net\nlevels: smime', smime);
  one('a wrong name comes before a wrong anchor', 'wrong-name', 'domains: example.org', chain, {
    address: 'eve@example.net',
  });
}

const logOf = (log) =>
  log
    ? {
        key: keyText(log.policy.log),
        witnesses: log.policy.witnesses.map(keyText),
        quorum: log.policy.quorum,
        url: log.url,
        must: log.must,
      }
    : {};

/** Anchor files: what they say, and what is refused. */
export async function anchorFiles(now) {
  const root = await f.ecAuthority(f.nameOf(f.utf8('Vectors root')));
  const der = await f.forge(root, root.spki, now, f.authorityExtensions(), { subject: root.name });
  const pem = anchorText(parseCertificate(der));
  const plain = pem.replace(/\n/g, '\r\n');
  const witnesses = LOG_KEYS.witnesses.map((each) => each.text).join(' ');
  const good = [
    ['plain', plain],
    [
      'everything',
      `# our own CA\nname: Example Ltd: "the" CA ü\npurposes: smime, revoke\ndomains: example.net .example.net +49\nlevels: smime other\ncrls: http://crl.example.net/a.crl\n${pem}`,
    ],
    ['two of them', `domains: xn--bcher-kva.example\n${pem}\n\nname: second\n${pem}`],
    ['a log', `log: ${LOG_KEYS.log.text}\n${pem}`],
    [
      'a log that must be shown, with witnesses',
      `log: ${LOG_KEYS.log.text}\nlog-url: http://127.0.0.1:8787/acme/log\nwitnesses: ${witnesses}\nquorum: 3\nmust-log: yes\n${pem}`,
    ],
    ['more than half of the witnesses', `log: ${LOG_KEYS.log.text}\nwitnesses: ${witnesses}\nmust-log: no\n${pem}`],
    ['blanks around', `  domains:\t*  \n ${pem.trimEnd()} \n\n`],
  ].map(([what, text]) => ({
    what,
    text,
    anchors: parseAnchors(text).map((each) => ({
      certificate: base64(each.der),
      name: each.rules.name,
      purposes: [...each.rules.purposes].sort(),
      domains: each.rules.domains,
      levels: [...each.rules.levels].sort(),
      crls: each.rules.crls,
      log: logOf(each.rules.log),
    })),
  }));
  const lines = (text) => `${text}\n${pem}`;
  const bad = [
    ['nothing', ''],
    ['only comments', '# nothing\n'],
    ['a slip in a word', lines('domain: example.net')],
    ['a line twice', lines('domains: example.net\ndomains: *')],
    ['text', lines('Subject: CN=x')],
    ['no values', lines('domains: ,')],
    ['an unknown purpose', lines('purposes: everything')],
    ['an unknown level', lines('levels: high')],
    ['a domain in capitals', lines('domains: Example.net')],
    ['a single label', lines('domains: net')],
    ['a star inside', lines('domains: *.example.net')],
    ['an address', lines('domains: bob@example.net')],
    ['letters beyond ASCII', lines('domains: bücher.example')],
    ['a number that is none', lines('domains: +49x')],
    ['a list by https', lines('crls: https://example.net/a.crl')],
    ['a list with a user', lines('crls: http://me@example.net/a.crl')],
    ['a name that is too long', lines(`name: ${'x'.repeat(101)}`)],
    ['lines and no certificate', `${pem}name: x\n`],
    ['no end', pem.replace(/-----END.*\n/, '')],
    ['a private key', pem.replace(/CERTIFICATE/g, 'PRIVATE KEY')],
    ['bytes that are no certificate', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'],
    ['letters that are not base64', pem.replace('M', '*')],
    ['base64 with bits behind', '-----BEGIN CERTIFICATE-----\nMAB=\n-----END CERTIFICATE-----\n'],
    ['too many', pem.repeat(65)],
    ['a log to show and no log', lines('must-log: yes')],
    ['witnesses and no log', lines(`witnesses: ${witnesses}`)],
    ['a log that is a witness', lines(`log: ${LOG_KEYS.witnesses[0].text}`)],
    ['a witness that is a log', lines(`log: ${LOG_KEYS.log.text}\nwitnesses: ${LOG_KEYS.log.text}`)],
    ['a key with another id', lines(`log: ${LOG_KEYS.log.text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')}`)],
    ['more than all of the witnesses', lines(`log: ${LOG_KEYS.log.text}\nwitnesses: ${witnesses}\nquorum: 4`)],
    ['a quorum in words', lines(`log: ${LOG_KEYS.log.text}\nwitnesses: ${witnesses}\nquorum: two`)],
    ['must-log, perhaps', lines(`log: ${LOG_KEYS.log.text}\nmust-log: perhaps`)],
    ['a log at a file', lines(`log: ${LOG_KEYS.log.text}\nlog-url: file:///etc/passwd`)],
    ['a log with a slash behind', lines(`log: ${LOG_KEYS.log.text}\nlog-url: https://ca.example/log/`)],
  ];
  return { good, bad };
}
