// From Accept to sound, in two real Chromiums: a steady tone goes in as the microphone, and what comes out of the other side's receiver is looked at
// every few milliseconds. Signalling goes over the links of the world; the media go over links of their own, made from the candidates on the way in.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profile } from '../../client/test/e2e/browser.js';
import { code } from '../../client/test/e2e/servers.js';
import { tone } from '../../client/test/e2e/tone.js';

const HERTZ = 440;

// Runs in the page: watches each peer connection for the first sound, and puts a link before each candidate of the other side.
function inPage() {
  const now = () => performance.timeOrigin + performance.now();
  window.expectSound = () =>
    (window.heard = new Promise((resolve) => {
      const look = () => {
        for (const connection of window.connections)
          for (const receiver of connection.getReceivers())
            for (const source of receiver.getSynchronizationSources())
              if ((source.audioLevel ?? 0) > 0.02) return resolve(now());
        setTimeout(look, 2);
      };
      look();
    }));
  window.connections = [];
  window.accept = () => {
    const button = [...document.querySelectorAll('.incoming button')].find((b) => b.textContent.includes('Accept'));
    const at = now();
    button.click();
    return at;
  };
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...all) {
      super(...all);
      window.connections = [this];
    }
    async setRemoteDescription(description) {
      const lines = [];
      for (const line of description.sdp.split('\r\n')) {
        const parts = line.split(' ');
        if (!line.startsWith('a=candidate:')) lines.push(line);
        // UDP only: over TCP the two would find each other around the link.
        else if (parts[2].toLowerCase() === 'udp') {
          parts[5] = String(await window.linkTo(Number(parts[5])));
          parts[4] = '127.0.0.1';
          lines.push(parts.join(' '));
        }
      }
      return super.setRemoteDescription({ type: description.type, sdp: lines.join('\r\n') });
    }
  };
}

export async function openBrowsers(world) {
  const sound = join(world.folder, 'tone.wav');
  await writeFile(sound, tone(HERTZ));
  const rules = [...world.ways].map(([port, way]) => `MAP 127.0.0.1:${port} 127.0.0.1:${way}`).join(',');
  const people = {};
  for (const name of ['xenia', 'yuri']) {
    const browser = await profile({
      args: [
        `--host-resolver-rules=${rules}`,
        `--use-file-for-fake-audio-capture=${sound}`,
        '--autoplay-policy=no-user-gesture-required',
        '--disable-features=WebRtcHideLocalIpsWithMdns',
      ],
    });
    await browser.context.exposeFunction(
      'linkTo',
      async (target) => (await world.links.ask({ do: 'udp', target })).port,
    );
    await browser.context.addInitScript(inPage);
    const page = browser.context.pages()[0];
    people[name] = { browser, page };
    await page.goto(world.bases[0]);
    await page.fill('#address', `${name}@example.net`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#code');
    await page.fill('#code', await code(world.bases[0], `${name}@example.net`));
    await page.click('button:has-text("Confirm")');
    await page.waitForSelector('select.availability', { timeout: 30_000 });
  }
  const { xenia, yuri } = people;
  await xenia.page.click('.list-foot button:has-text("New conversation")');
  await xenia.page.fill('#new-address', 'yuri@example.net');
  await xenia.page.click('button:has-text("Send contact request")');
  await yuri.page.click('.list-foot button:has-text("Requests")');
  await yuri.page.click('button:has-text("Accept")');
  await yuri.page.click('.person:has-text("xenia@example.net")');
  for (const { page } of [xenia, yuri]) await page.waitForSelector('.head .presence-online');

  /** One call from xenia to yuri. @returns {Promise<{callee: number, caller: number}>} ms from Accept to the first sound at each */
  async function call() {
    await xenia.page.click('.head button:has-text("Call")');
    await yuri.page.waitForSelector('.incoming');
    await xenia.page.getByText('Ringing').first().waitFor();
    // People do not answer in the same instant: ICE and DTLS, begun with ringing, are done.
    await yuri.page.waitForTimeout(700);
    for (const { page } of [xenia, yuri]) await page.evaluate(() => void window.expectSound());
    const accepted = await yuri.page.evaluate(() => window.accept());
    const [caller, callee] = await Promise.all(
      [xenia, yuri].map(({ page }) =>
        page.evaluate(() => Promise.race([window.heard, new Promise((r) => setTimeout(r, 15_000, NaN))])),
      ),
    );
    await xenia.page.waitForSelector('.call-bar.running');
    await xenia.page.click('.call-bar button:has-text("Hang up")');
    for (const { page } of [xenia, yuri]) await page.waitForSelector('.call-bar', { state: 'detached' });
    if (Number.isNaN(caller + callee)) throw new Error('nothing was heard');
    return { callee: callee - accepted, caller: caller - accepted };
  }

  return {
    call,
    close: () => Promise.allSettled([xenia.browser.close(), yuri.browser.close()]),
  };
}
