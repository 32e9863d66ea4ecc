// CERT records of a CA that must log, with and without proofs: docs/protocols/log.md, section 12.
import { base64, encode } from '../../core/bytes.js';
import { anchorText } from '../../core/identity/anchors.js';
import { parseCertificate } from '../../core/identity/certificate.js';
import { signRecord } from '../../core/record/record.js';
import { issue } from '../authority.js';
import { LOG_KEYS, proofOf } from './log.mjs';

const HOUR = 3600;

/** @param {number} now Unix ms */
export async function logged(now, network, ca, bob) {
  const other = await issue(ca, bob.address, now);
  const [leaf, others] = [bob, other].map((who) => parseCertificate(who.chain[0]));
  const { log, witnesses } = LOG_KEYS;
  const pem = anchorText(ca.certificate);
  const keys = witnesses.map((each) => each.text).join(' ');
  const anchors = {
    must: `log: ${log.text}\nmust-log: yes\n${pem}`,
    witnessed: `log: ${log.text}\nwitnesses: ${keys}\nmust-log: yes\n${pem}`,
    may: `log: ${log.text}\n${pem}`,
    plain: pem,
  };
  const good = proofOf(leaf, bob.address);
  const two = proofOf(leaf, bob.address, { witnesses: 2 });
  const cases = [];
  const add = async (what, anchor, verdict, proof, kind = 'CERT') => {
    const body = kind === 'CERT' ? new Map(proof ? [[1, new Uint8Array(proof)]] : []) : null;
    const at = now / 1000;
    const said = {
      kind,
      address: bob.address,
      device: bob.key.id,
      sequence: now,
      issued: at,
      expires: at + HOUR,
      body,
    };
    cases.push({ what, kind, anchor, verdict, record: base64(await signRecord(bob.signer, network, said)) });
  };
  await add('with its proof', 'must', 'ok', good);
  await add('without', 'must', 'not-logged');
  await add('without, where it may', 'may', 'ok');
  await add('without, where no log is known', 'plain', 'ok');
  await add('something else, where it may', 'may', 'ok', encode('proof'));
  await add('something else', 'must', 'malformed', encode('proof'));
  await add('cosigned by two of three', 'witnessed', 'ok', two);
  await add('cosigned by one of three', 'witnessed', 'too-few-witnesses', proofOf(leaf, bob.address, { witnesses: 1 }));
  await add('of another certificate', 'must', 'wrong-certificate', proofOf(others, bob.address));
  await add('entered for somebody else', 'must', 'wrong-owner', proofOf(leaf, 'eve@example.net'));
  await add(
    'with a head that somebody else signed',
    'must',
    'not-signed',
    proofOf(leaf, bob.address, { stranger: true }),
  );
  await add('of an entry that is not in the log', 'must', 'not-included', proofOf(leaf, bob.address, { index: 1 }));
  await add('withdrawn', 'must', 'ok', null, 'CERT');
  cases[cases.length - 1].record = base64(
    await signRecord(bob.signer, network, {
      kind: 'CERT',
      address: bob.address,
      device: bob.key.id,
      sequence: now,
      issued: now / 1000,
      expires: now / 1000 + HOUR,
      body: null,
    }),
  );
  await add('another kind of record', 'must', 'ok', null, 'LOCATION');
  return { now: now / 1000, network, address: bob.address, anchors, cases };
}
