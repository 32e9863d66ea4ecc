// Encrypted mails, both ways, of the agent in the background page.
import { ofAddress } from '../web/names.js';
import { letterMails } from './letters.js';
import { localFolder, subfolder } from './mails.js';
import { post } from './post.js';

const ONLINE = ['online', 'one-server'];

/** What was sent. */
const folder = () => localFolder('Starling', 'Letters');

/** Of a mailbox that other devices see, too, a mail goes where they find it. @param {any} mail */
async function folderFor(mail) {
  try {
    const account = await browser.accounts.get(mail.folder.accountId, false);
    if (account?.type === 'imap') return await subfolder(await subfolder(account.rootFolder, 'Starling'), 'Letters');
  } catch (e) {
    console.warn('starling: a folder at the provider', e instanceof Error ? e.message : e);
  }
  return folder();
}

/** @param {import('../core/person.js').Person} core @param {(e: unknown) => void} warn */
export function startLetters(core, warn) {
  const agents = () => core.everyone();
  const box = letterMails({
    hasContacts: () => agents().some(({ state }) => state.contacts.some((each) => each.state === 'accepted')),
    isContact: (address) => agents().some(({ state }) => ofAddress(state.contacts, address)?.state === 'accepted'),
    /** By whichever address of ours it is for. */
    async read(mail, from) {
      for (const agent of agents()) {
        const outcome = await agent.ctx.mails.read(mail, from);
        if (outcome !== 'refused') return outcome;
      }
      return 'refused';
    },
    async file(mail) {
      await browser.messages.update(mail.id, { read: true });
      await browser.messages.move([mail.id], (await folderFor(mail)).id);
    },
    warn,
  });
  post({ agents, folder, warn });
  /** What nobody could judge without a server is looked at again when there is one. */
  let before = '';
  const look = () => {
    const { status } = core.state.me;
    if (ONLINE.includes(status) && !ONLINE.includes(before) && box.isLeft()) void box.lookAgain();
    before = status;
  };
  core.subscribe(look);
  box.lookBack().then(() => {
    before = '';
    look();
  }, warn);
}
