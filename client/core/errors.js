/**
 * What went wrong, as a key of the language files (`error.<key>`) with the values to fill in. Never carries a secret.
 */
export class StarlingError extends Error {
  /** @param {string} key @param {Record<string, string>} [args] @param {string} [detail] for Details, not for people at large */
  constructor(key, args = {}, detail = '') {
    super(detail ? `${key}: ${detail}` : key);
    this.key = key;
    this.args = args;
  }
}

/** @param {boolean} ok @param {string} reason @param {string} [detail] @returns {asserts ok} */
export function need(ok, reason, detail = '') {
  if (!ok) throw new StarlingError(reason, {}, detail);
}

/** One that throws keeps neither the others from hearing nor whoever tells from going on. @template T @param {Iterable<(what: T) => void>} listeners @param {T} what */
export function tell(listeners, what) {
  for (const listener of [...listeners])
    try {
      listener(what);
    } catch (e) {
      console.error('starling: a listener', e);
    }
}
