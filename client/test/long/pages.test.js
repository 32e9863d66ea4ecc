// Every surface at every width, each looked at by axe where it can differ: what `./build` leaves out of e2e/pages.test.js.
process.env.STARLING_LOOKS = 'all';
await import('../e2e/pages.test.js');
