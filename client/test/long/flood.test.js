// The flood of the end-to-end tests, under all four public keys.
process.env.STARLING_FLOOD = 'all';
await import('../e2e/dht-attacks.test.js');
