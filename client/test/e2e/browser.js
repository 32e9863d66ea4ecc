// Debian's Chromium under Playwright, with flags that keep it off the network.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-features=Translate,OptimizationHints,MediaRouter',
];
const MEDIA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
/** Where there is no other network. */
const LOOPBACK = ['--allow-loopback-in-peer-connection'];

/**
 * A browser profile of its own.
 * @param {{args?: string[], loopback?: boolean, options?: import('playwright-core').LaunchOptions & Record<string, any>}} [more]
 * @returns {Promise<{context: import('playwright-core').BrowserContext, close: () => Promise<void>, folder: string}>}
 */
export async function profile({ args = [], loopback = true, options = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-profile-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: [...QUIET, ...MEDIA, ...(loopback ? LOOPBACK : []), ...args],
    ...options,
  });
  context.setDefaultTimeout(20_000);
  return {
    context,
    folder,
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
