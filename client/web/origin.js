// Where the page comes from.

/** From this computer itself: local mode may be believed, and the program is the person's own. */
export const fromThisComputer = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
