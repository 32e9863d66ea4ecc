// What the tests with several browsers have in common: one of their own for each person, the first steps on the page, and what pages complain of.
import { profile } from './browser.js';
import { code } from './servers.js';

const PATIENCE = { timeout: 30_000 };

/** @typedef {{browser: Awaited<ReturnType<typeof profile>>, page: import('playwright-core').Page, base: string, code?: string}} Who */

/**
 * A browser for each name, on the server with that number.
 * @param {string[]} bases @param {Record<string, number>} wanted
 * @returns {Promise<{people: Record<string, Who>, complaints: string[], close: () => Promise<void>}>}
 */
export async function browsers(bases, wanted) {
  /** @type {Record<string, Who>} */
  const people = {};
  const complaints = [];
  for (const [name, server] of Object.entries(wanted)) {
    const browser = await profile();
    const page = browser.context.pages()[0];
    page.on('console', (message) => message.type() === 'error' && complaints.push(`${name}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`${name}: ${error}`));
    await page.setViewportSize({ width: 1100, height: 760 });
    people[name] = { browser, page, base: bases[server] };
  }
  return {
    people,
    complaints,
    async close() {
      for (const { browser } of Object.values(people)) await browser.close();
    },
  };
}

/** Types an address on the first page. @param {import('playwright-core').Page} page @param {string} base @param {string} address */
export async function types(page, base, address) {
  await page.goto(base);
  await page.fill('#address', address);
  await page.keyboard.press('Enter');
}

/** Types the code from a mail. @param {import('playwright-core').Page} page @param {string} text */
export async function confirms(page, text) {
  await page.waitForSelector('#code');
  await page.fill('#code', text);
  await page.keyboard.press('Enter');
  await page.waitForSelector('select.availability', PATIENCE);
}

/** From nothing to online, with a code out of the test mailbox of a server. @param {import('playwright-core').Page} page @param {string} base @param {string} address @param {string} [mailbox]  base of the server with the CA @returns {Promise<string>} the code */
export async function enrols(page, base, address, mailbox = base) {
  await types(page, base, address);
  await page.waitForSelector('#code');
  const text = await code(mailbox, address);
  await confirms(page, text);
  return text;
}

/** The first asks, the second accepts. @param {Who} asking @param {string} address  of the second @param {Who} asked */
export async function befriend(asking, address, asked) {
  await asking.page.click('.list-foot button:has-text("New conversation")');
  await asking.page.fill('#new-address', address);
  await asking.page.click('button:has-text("Send contact request")');
  await asked.page.click('.list-foot button:has-text("Requests")');
  await asked.page.click('button:has-text("Accept")');
}

/** In the open conversation. @param {Who} from @param {string} text @param {Who[]} readers */
export async function write(from, text, ...readers) {
  await from.page.fill('.write textarea', text);
  await from.page.keyboard.press('Enter');
  for (const { page } of readers) await page.locator('.bubble-text', { hasText: text }).first().waitFor(PATIENCE);
}

/** Rings, is taken, is heard of by both, and ends. @param {Who} from @param {Who} to */
export async function call(from, to) {
  await from.page.click('.head button:has-text("Call")');
  await to.page.waitForSelector('.incoming', PATIENCE);
  await to.page.click('.incoming button:has-text("Accept")');
  for (const { page } of [from, to]) await page.waitForSelector('.call-bar.running', PATIENCE);
  await from.page.click('.call-bar button:has-text("Hang up")');
  for (const { page } of [from, to]) await page.waitForSelector('.call-bar', { state: 'detached' });
}
