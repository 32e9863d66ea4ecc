// Where Thunderbird shows how somebody is: the list and the card of its address book, and above their mails.
import { eventually } from './agents.js';

export const GREEN = '26 127 55';

/** The colour of the dot in a picture that Thunderbird shows. @param {string} img  an expression */
const dot = (img) => `const img = ${img}; if (!img) return '';
  // The file may be exchanged just now.
  const picture = await fetch(img.src).then((each) => each.blob()).then(createImageBitmap).catch(() => null); if (!picture) return '';
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext('2d'); context.drawImage(picture, 0, 0);
  return [...context.getImageData(picture.width * 59 / 96, picture.height * 70 / 96, 1, 1).data.slice(0, 3)].join(' ');`;

/** @param {() => {chrome: (body: string) => Promise<any>, background: (body: string) => Promise<any>}} thunderbird  as it is now: it may have been started again */
export function bookAt(thunderbird) {
  /** In the address book's tab. @param {string} body  with `at`, its window */
  const inBook = (body) =>
    thunderbird().chrome(`const tabmail = document.getElementById('tabmail');
      const tab = tabmail.tabInfo.find((each) => each.mode.name === 'addressBookTab');
      const at = tab.browser.contentWindow; ${body}`);
  return {
    inBook,
    async openBook() {
      await thunderbird().background(`await browser.addressBooks.openUI()`);
      await eventually(
        async () => inBook(`return at.document.readyState === 'complete' && !!at.booksList`).catch(() => false),
        'the address book',
      );
    },
    /** @param {string} name */
    chooseBook: (name) =>
      inBook(`const row = [...at.booksList.querySelectorAll('li.bookRow')].find((each) => each.textContent.includes(${JSON.stringify(name)}));
        at.booksList.selectedIndex = [...at.booksList.rows].indexOf(row);`),
    /** Shows their row, their card, and a mail of theirs in a window of its own. @param {string} address @param {string} subject  of a mail that comes */
    async openPlaces(address, subject) {
      const rows = () => inBook(`return at.cardsPane.cardsList.view.rowCount`);
      await eventually(async () => (await rows()) >= 1, 'a row');
      await inBook(
        `const list = at.cardsPane.cardsList; const i = [...Array(list.view.rowCount).keys()].find((n) => list.view.getCardFromRow(n).primaryEmail === '${address}'); list.selectedIndex = i;`,
      );
      await eventually(
        () =>
          thunderbird().background(`
            const { messages } = await browser.messages.query({ subject: ${JSON.stringify(subject)} });
            if (!messages.length) return false;
            await browser.messageDisplay.open({ messageId: messages[0].id, location: 'window' });
            return true;`),
        'the mail',
        60_000,
      );
      await inBook(`at.cardsPane.toggleLayout(false)`);
    },
    /** What each place shows of somebody. @param {string} address @returns {Record<string, () => Promise<string>>} */
    placesOf: (address) => ({
      inList: () =>
        inBook(
          dot(
            `[...at.cardsPane.cardsList.querySelectorAll('tr')].find((row) => row.textContent.includes('${address}'))?.querySelector('contact-avatar').shadowRoot.querySelector('img:not([hidden])')`,
          ),
        ),
      onCard: () => inBook(dot(`at.document.getElementById('viewContactPhoto')`)),
      aboveMail: () =>
        thunderbird().chrome(
          `const w = [...Services.wm.getEnumerator('mail:messageWindow')][0]; ${dot(`w?.messageBrowser?.contentDocument.querySelector('#expandedfromBox .recipient-avatar img')`)}`,
        ),
    }),
  };
}

/** @param {Record<string, () => Promise<string>>} places */
export async function allGreen(places) {
  for (const [name, look] of Object.entries(places))
    await eventually(async () => (await look()) === GREEN, `${name} green`, 20_000).catch(async (e) => {
      throw new Error(`${e.message}: ${await look()}`);
    });
}

/**
 * How long after somebody is here again each place shows it, ms.
 * @param {Record<string, () => Promise<string>>} places @param {() => Promise<unknown>} leave @param {() => Promise<unknown>} come
 */
export async function afterComing(places, leave, come) {
  await leave();
  for (const look of Object.values(places))
    await eventually(async () => !['', GREEN].includes(await look()), 'not green', 20_000);
  const began = performance.now();
  await come();
  /** @type {Record<string, number>} */
  const took = {};
  for (const [name, look] of Object.entries(places)) {
    await eventually(async () => (await look()) === GREEN, `${name} green`, 20_000, 5);
    took[name] = Math.round(performance.now() - began);
  }
  return took;
}
