// How a person finds in Thunderbird what was said: the folder, its quick filter, and the global search.
import { eventually } from './agents.js';

const HEADERS = `
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const folder = MailServices.accounts.localFoldersServer.rootFolder.getChildNamed('Starling').getChildNamed('Conversations');`;

/** What the folder "Starling/Conversations" holds: texts. @param {{tb: any}} who @returns {Promise<string[]>} */
export const transcript = ({ tb }) =>
  tb.background(`
    const local = (await browser.accounts.list(true)).find((each) => each.type === 'none' || each.type === 'local');
    const starling = (await browser.folders.getSubFolders(local.rootFolder.id, false)).find((each) => each.name === 'Starling');
    const folder = starling && (await browser.folders.getSubFolders(starling.id, false)).find((each) => each.name === 'Conversations');
    const out = [];
    for (let page = folder && await browser.messages.list(folder.id); page; page = page.id ? await browser.messages.continueList(page.id) : null)
      for (const each of page.messages) out.push((await browser.messages.getFull(each.id)).parts[0].body.trim());
    return out;`);

/** How many mails it holds, quickly. @param {any} tb @returns {Promise<number>} */
export const savedAt = (tb) => tb.chrome(`${HEADERS} return folder.getTotalMessages(false);`);

/**
 * The quick filter above the list of mails, as typed there, leaves these.
 * @param {any} tb @param {string} what @param {string[]} wanted  texts, as listed
 */
export async function filters(tb, what, wanted) {
  await tb.chrome(`${HEADERS}
    const tabmail = document.getElementById('tabmail');
    tabmail.switchToTab(0);
    tabmail.currentAbout3Pane.displayFolder(folder.URI);`);
  const filter = (how) =>
    tb.background(
      `const [{ id }] = await browser.mailTabs.query({}); await browser.mailTabs.setQuickFilter(id, ${JSON.stringify(how)});`,
    );
  await filter({ show: true, text: { text: what, body: true, subject: true, author: true } });
  const listed = async () => {
    const ids = await tb.chrome(`
      const view = document.getElementById('tabmail').currentAbout3Pane.gDBView;
      return Array.from({ length: view?.rowCount ?? 0 }, (_, n) => view.getMsgHdrAt(n).messageId);`);
    return tb.background(`
      const out = [];
      for (const headerMessageId of ${JSON.stringify(ids)})
        for (const each of (await browser.messages.query({ headerMessageId })).messages) out.push((await browser.messages.getFull(each.id)).parts[0].body.trim());
      return out;`);
  };
  const same = async () => (await listed()).join('\n') === wanted.join('\n');
  await eventually(same, `the mails with ${what}`, 20_000).catch(async (e) => {
    throw new Error(`${e.message}: ${await listed()}`);
  });
  await filter({ show: false });
}

/** By Thunderbird's global search: what it shows of the mails. @param {any} tb @param {string} what @returns {Promise<string[]>} */
export const globally = (tb, what) =>
  tb.chrome(`
    const { GlodaMsgSearcher } = ChromeUtils.importESModule('resource:///modules/gloda/GlodaMsgSearcher.sys.mjs');
    const all = await new Promise((done) => {
      const searcher = new GlodaMsgSearcher({ onItemsAdded() {}, onItemsModified() {}, onItemsRemoved() {}, onQueryCompleted: ({ items }) => done(items) }, ${JSON.stringify(what)});
      searcher.getCollection();
    });
    return all.map((each) => each.indexedBodyText.trim());`);
