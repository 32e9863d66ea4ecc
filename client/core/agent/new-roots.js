// A contact's list of devices begun anew: somebody proved the address once more, the contact or whoever reads that mailbox. It is shown at once, and offered
// for agreement only after a time in which a device that is remembered can object: docs/protocols/formats.md, section 7, and docs/decisions/0039-begun-anew.md.
import { need } from '../errors.js';
import { parseCertificate } from '../identity/certificate.js';
import { headOf, relation } from '../record/devices.js';
import { standsInLog } from './log-notes.js';
import { objectors } from './objections.js';

/** Somebody who looks at one of his devices once a day hears of it in that time. Counted from when it was seen here: what the list says of its age, its maker chose. */
export const WAIT_MILLIS = 24 * 3600 * 1000;
/** Where everything is a trial on one computer. */
const LOCAL_WAIT_MILLIS = 5_000;

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */
/** @typedef {import('../locate/locator.js').Found} Found */
/** @typedef {import('./context.js').Contact} Contact */

/** @param {DeviceChain} chain @param {string} hash */
const has = (chain, hash) => chain.some((link) => link.hash === hash);

/** @param {DeviceChain} chain */
const names = (chain) =>
  [...headOf(chain).devices.values()].map((device) => device.name || device.id.slice(0, 8)).join(', ');

/**
 * @param {import('./context.js').Context} ctx
 * @param {{get: (address: string) => Contact | undefined, note: (address: string, patch: Partial<Contact>) => Promise<void>}} book
 */
export function newRoots(ctx, { get, note }) {
  /** @type {Map<string, () => void>} */
  const timers = new Map();

  const wait = () => (ctx.local() ? LOCAL_WAIT_MILLIS : WAIT_MILLIS);
  /** When it is offered, Unix ms. @param {Contact} contact */
  const due = (contact) => (contact.changedAt ?? -Infinity) + wait();

  /** @param {string} address @param {DeviceChain} other @param {Found} [found] */
  async function suspect(address, other, found) {
    await note(address, { changed: other, changedAt: ctx.now(), changedFacts: null, objected: null });
    tell(address);
    const devices = [...headOf(other).devices.keys()].map((id) => found?.devices.get(id)?.certificate);
    const [der] = devices.filter((each) => !!each);
    if (der) void facts(address, other, der).catch(() => {});
  }

  /** What the CA's log says. Nobody waits for it. @param {string} address @param {DeviceChain} other @param {Uint8Array<ArrayBuffer>} der */
  async function facts(address, other, der) {
    const changedFacts = { certified: parseCertificate(der).notBefore, logged: await standsInLog(ctx, der) };
    if (get(address)?.changed?.[0].hash !== other[0].hash) return;
    await note(address, { changedFacts });
    tell(address);
  }

  /** @param {string} address */
  function tell(address) {
    const contact = get(address);
    timers.get(address)?.();
    timers.delete(address);
    if (!contact?.changed || ctx.moves.isMoved(address)) return;
    const left = due(contact) - ctx.now();
    if (left > 0)
      timers.set(
        address,
        ctx.timer(left + 1000, () => tell(address)),
      );
    const facts = contact.changedFacts;
    const logged = facts?.logged === true ? 'in' : facts?.logged === false ? 'not-in' : 'unknown';
    ctx.notice({
      id: `changed ${address}`,
      kind: 'warning',
      key: left > 0 ? 'changed.wait' : 'changed',
      args: {
        name: contact.name || address,
        devices: names(contact.changed),
        since: String(contact.changedAt ?? headOf(contact.changed).issued * 1000),
        until: String(due(contact)),
      },
      ...(facts ? { also: { key: `changed.log.${logged}`, args: { since: String(facts.certified) } } } : {}),
      actions:
        left > 0
          ? [{ id: 'ok', key: 'changed.ok', safe: true }]
          : [
              { id: 'keep', key: 'changed.keep', safe: true },
              { id: 'agree', key: 'changed.agree', safe: false },
            ],
    });
  }

  /** @param {string} address @param {DeviceChain} other @param {string[]} by @param {DeviceChain} chain */
  async function objected(address, other, by, chain) {
    const contact = /** @type {Contact} */ (get(address));
    const isShown = contact.changed && relation(contact.changed, other) !== 'new-root';
    const objected = { root: other[0].hash, by };
    await note(address, { objected, ...(isShown ? { changed: null } : {}) });
    tell(address);
    const device = headOf(chain).devices.get(by[0]);
    ctx.notice({
      id: `changed ${address}`,
      kind: 'warning',
      key: 'changed.objected',
      args: { name: contact.name || address, devices: device?.name || by[0].slice(0, 8) },
      actions: [{ id: 'ok', key: 'changed.ok', safe: true }],
    });
  }

  return {
    suspect,
    tell,
    /** Whether it may be agreed to now. @param {Contact} contact */
    check: (contact) => need(due(contact) <= ctx.now(), 'changed.wait'),

    /**
     * What was found beside the list that is remembered. Whose word counts: devices on that list, which nobody took out. It is remembered, so that neither silence
     * nor a certificate that is withdrawn later unsays it; whoever joins the new list takes it back.
     * @param {string} address @param {Found} found @param {DeviceChain} chain  remembered @param {Set<string>} out
     */
    async look(address, found, chain, out) {
      const listed = headOf(chain).devices;
      for (const other of found.chains) {
        const contact = get(address);
        if (!contact || relation(other, chain) !== 'new-root' || has(other, contact.refused)) continue;
        const before = contact.objected && has(other, contact.objected.root) ? contact.objected : null;
        if (before && !before.by.some((id) => headOf(other).devices.has(id))) continue;
        const by = objectors(found.objections ?? [], other).filter((id) => listed.has(id) && !out.has(id));
        if (by.length) await objected(address, other, by, chain);
        else if (!contact.changed) await suspect(address, other, found);
      }
    },

    close() {
      for (const stop of timers.values()) stop();
      timers.clear();
    },
  };
}
