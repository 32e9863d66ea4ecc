// Devices that are certified for our address and were never on our list: shown to the user, and nothing is sent to them.

/** @typedef {import('../record/devices.js').DeviceChain} DeviceChain */

/** @param {import('./context.js').Context} ctx @param {() => DeviceChain | null} list  ours */
export function ghostWatch(ctx, list) {
  /** @type {Set<string>} */
  const seen = new Set();
  /** Allowed by the user. @type {Set<string>} */
  const expected = new Set();

  /** What stood on the list once, or is about to, is no surprise. @param {string} id */
  const isGhost = (id) => !expected.has(id) && !list()?.some((link) => link.devices.has(id));

  return {
    /** @param {import('../locate/locator.js').Found} found */
    look(found) {
      if (!list()) return;
      for (const id of found.devices.keys()) {
        if (!isGhost(id) || id === ctx.profile?.key.id || seen.has(id)) continue;
        seen.add(id);
        if (ctx.state.endorsements.some((each) => each.deviceId === id)) continue;
        ctx.notice({
          id: `ghost ${id}`,
          kind: 'warning',
          key: 'ghost',
          args: {},
          actions: [{ id: 'ok', key: 'ghost.ok', safe: true }],
        });
      }
    },

    /** @param {string} id */
    expect(id) {
      expected.add(id);
      seen.delete(id);
    },

    /** @returns {import('../types.js').DeviceInfo[]} */
    shown: () =>
      [...seen]
        .filter(isGhost)
        .map((id) => ({ deviceId: id, name: '', added: 0, self: false, listed: false, listening: false })),
  };
}
