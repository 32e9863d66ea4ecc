// Phones of this person: the certificate of each lies at a server and cannot be renewed without somebody who reads mail there, so its end is said in time.
import { parseCertificate } from '../identity/certificate.js';
import { headOf } from '../record/devices.js';

/** So long before a phone stops. */
const WARN_MILLIS = 10 * 86_400_000;
const KEY = 'phone-ends';

/** @param {import('./context.js').Context} ctx @param {() => import('../record/devices.js').DeviceChain | null} list  ours */
export function phoneEnds(ctx, list) {
  /** Said once while the app is open. @type {Set<string>} */
  const said = new Set();
  /** When the certificate of each phone ends, Unix ms, as the last look showed. @type {Map<string, number>} */
  const ends = new Map();

  return {
    /** @param {string} id @returns {{phone?: {until: number}}} */
    of(id) {
      const until = ends.get(id);
      return until ? { phone: { until } } : {};
    },

    /** @param {import('../locate/locator.js').Found} found */
    look(found) {
      const chain = list();
      if (!chain) return;
      ends.clear();
      /** Of the certificates that are there. @type {Set<string>} */
      const due = new Set();
      for (const [id, { certificate, location }] of found.devices) {
        const device = headOf(chain).devices.get(id);
        if (!device || !location?.capabilities.includes('phone')) continue;
        const until = parseCertificate(certificate).notAfter;
        ends.set(id, until);
        if (until - ctx.now() > WARN_MILLIS) continue;
        const name = `${KEY} ${id} ${until}`;
        due.add(name);
        if (said.has(name)) continue;
        said.add(name);
        const args = { name: device.name || id.slice(0, 8), until: String(until) };
        ctx.notice({
          id: name,
          kind: 'warning',
          key: KEY,
          args,
          actions: [{ id: 'ok', key: `${KEY}.ok`, safe: true }],
        });
      }
      // Renewed since. What has ended is not found, and goes on being shown.
      const over = ctx.state.notices.filter(
        (each) => each.key === KEY && !due.has(each.id) && found.devices.has(each.id.split(' ')[1]),
      );
      if (over.length) ctx.update({ notices: ctx.state.notices.filter((each) => !over.includes(each)) });
    },
  };
}
