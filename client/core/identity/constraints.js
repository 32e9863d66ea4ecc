// Name constraints (RFC 5280, section 4.2.1.10): for which names an authority may vouch. docs/protocols/formats.md, section 3.
import { hex } from '../bytes.js';
import { need } from '../errors.js';

const MAX_SUBTREES = 512;
const RFC822_NAME = 0x81;
const DNS_NAME = 0x82;
const DIRECTORY_NAME = 0xa4;
const URI = 0x86;
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';
/** Between the parts of one relative name: no letter that a value can have. */
const AND = '\u0100';
/** UTF8String, PrintableString, IA5String: the same text may be written in each of them. */
const TEXTS = new Set([0x0c, 0x13, 0x16]);

/** tag is the identifier octet; parts are the relative names of a directory name @typedef {{tag: number, text: string, parts: string[]}} Name */
/** @typedef {{permitted: Name[], excluded: Name[]}} Constraints */
/** @typedef {import('./der.js').Item} Item */

/** @param {Item} extension @returns {Constraints} */
export function parseConstraints(extension) {
  const lists = extension.sequence(1, 2);
  const found = lists.map((list) => (list.is(0, 3) ? 'permitted' : list.is(1, 3) ? 'excluded' : ''));
  need(
    found.every((kind) => kind !== '') && (found.length === 1 || (found[0] === 'permitted' && found[1] === 'excluded')),
    'malformed',
    'name constraints',
  );
  /** @type {Constraints} */
  const all = { permitted: [], excluded: [] };
  lists.forEach((list, i) => {
    const trees = list.items;
    need(trees.length > 0 && trees.length <= MAX_SUBTREES, 'malformed', 'subtrees');
    // RFC 5280: minimum is the default and maximum absent, so neither is written.
    all[/** @type {'permitted'|'excluded'} */ (found[i])] = trees.map((tree) => base(tree.sequence(1, 1)[0]));
  });
  return all;
}

/** @param {Item} item @returns {Name} */
function base(item) {
  need(item.tagClass === 3, 'malformed', 'subtree');
  const tag = 0x80 | (item.constructed ? 32 : 0) | item.tag;
  if (tag !== DIRECTORY_NAME) return { tag, text: latin1(item.content), parts: [] };
  const names = item.items;
  need(names.length === 1, 'malformed', 'directory name');
  return { tag, text: '', parts: relativeNames(names[0]) };
}

/** As texts that are equal when the names are, whatever kind of string they are written in. @param {Item} name @returns {string[]} */
export function relativeNames(name) {
  return name.expect(16).items.map((relative) =>
    relative
      .expect(17)
      .items.map((attribute) => {
        const [type, value] = attribute.sequence(2, 2);
        const tag = value.tagClass === 1 && !value.constructed ? value.tag : -1;
        return `${type.oid}=${TEXTS.has(tag) ? `"${folded(value.content)}` : hex(value.der)}`;
      })
      .sort()
      .join(AND),
  );
}

/** @param {Uint8Array} content */
const latin1 = (content) => lower(Array.from(content, (b) => String.fromCharCode(b)).join(''));
/** Letters of ASCII only. @param {string} text */
const lower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
/** @param {Uint8Array} content */
const folded = (content) => latin1(content).replace(/ +/g, ' ').replace(/^ | $/g, '');

/** Every name that a certificate speaks of. @param {import('./certificate.js').Certificate} certificate @returns {Name[]} */
function namesOf({ subjectNames, extensions }) {
  /** @type {Name[]} */
  const names = extensions.names.map(({ tag, content, parts }) => ({ tag, text: latin1(content), parts }));
  if (subjectNames.length) names.push({ tag: DIRECTORY_NAME, text: '', parts: subjectNames });
  // RFC 5280: without a SAN the address in the subject is bound too.
  if (!extensions.named)
    for (const each of subjectNames.flatMap((relative) => relative.split(AND)))
      if (each.startsWith(`${EMAIL_ADDRESS}="`))
        names.push({ tag: RFC822_NAME, text: each.slice(EMAIL_ADDRESS.length + 2), parts: [] });
  return names;
}

/** Whether an authority with these constraints may vouch for the certificate. @param {Constraints} constraints @param {import('./certificate.js').Certificate} certificate */
export function mayVouch(constraints, certificate) {
  return namesOf(certificate).every((name) => {
    const permitted = constraints.permitted.filter((tree) => tree.tag === name.tag);
    const excluded = constraints.excluded.filter((tree) => tree.tag === name.tag);
    if (!permitted.length && !excluded.length) return true;
    const within = KINDS[name.tag];
    // A name of a kind that is constrained in a way that we cannot judge.
    if (!within || (name.tag === URI && hostOf(name.text) === null)) return false;
    return (
      (!permitted.length || permitted.some((tree) => within(tree, name))) &&
      !excluded.some((tree) => within(tree, name))
    );
  });
}

/** @type {Record<number, (tree: Name, name: Name) => boolean>} */
const KINDS = {
  [RFC822_NAME]: (tree, name) =>
    tree.text.includes('@')
      ? tree.text === name.text
      : name.text.includes('@') && isHost(tree.text, name.text.slice(name.text.lastIndexOf('@') + 1)),
  [DNS_NAME]: (tree, name) =>
    isHost(tree.text, name.text) || (!tree.text.startsWith('.') && name.text.endsWith(`.${tree.text}`)),
  [DIRECTORY_NAME]: (tree, name) => tree.parts.every((part, i) => part === name.parts[i]),
  [URI]: (tree, name) => isHost(tree.text, hostOf(name.text) ?? ''),
};

/** The host itself, or with a dot in front every host below it. @param {string} tree @param {string} host */
const isHost = (tree, host) => tree === '' || (tree.startsWith('.') ? host.endsWith(tree) : host === tree);

/** @param {string} uri @returns {string | null} */
function hostOf(uri) {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::[0-9]*)?(?:[/?#]|$)/.exec(uri);
  return match ? match[1] : null;
}
