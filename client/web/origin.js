// Where the page comes from.

/** In an extension: no server gave it, no tab must stay open for it. */
export const isAddon = globalThis.location?.protocol === 'moz-extension:';

/** From this computer itself: local mode may be believed, and the program is the person's own. */
export const fromThisComputer =
  isAddon || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(globalThis.location?.hostname ?? '');
