// Runs a suite of this folder once more with peers that store in a network of real OpenDHT nodes.
import { test } from 'node:test';
import { haveDhtnode } from './dhtnodes.js';

/** @param {string} suite  the file's name */
export async function onOpenDht(suite) {
  process.env.STARLING_E2E_DHT = 'opendht';
  if (await haveDhtnode()) await import(`./${suite}`);
  else test(`${suite} on OpenDHT`, { skip: 'dhtnode is not installed (RUNLEVEL=1 apt-get install dhtnode)' }, () => {});
}
