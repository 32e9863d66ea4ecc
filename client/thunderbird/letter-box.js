// Encrypted mails, both ways, of the agent in the background page.
import { ofAddress } from '../web/names.js';
import { letterMails } from './letters.js';
import { localFolder } from './mails.js';
import { post } from './post.js';

const ONLINE = ['online', 'one-server'];

/** What was sent, and what was taken. */
const folder = () => localFolder('Starling', 'Letters');

/** @param {import('../core/person.js').Person} core @param {(e: unknown) => void} warn */
export function startLetters(core, warn) {
  const agents = () => core.everyone();
  const box = letterMails({
    isContact: (address) => agents().some(({ state }) => ofAddress(state.contacts, address)?.state === 'accepted'),
    /** By whichever address of ours it is for. */
    async read(mail, from) {
      for (const agent of agents()) {
        const outcome = await agent.ctx.mails.read(mail, from);
        if (outcome !== 'refused') return outcome;
      }
      return 'refused';
    },
    async file(id) {
      await browser.messages.update(id, { read: true });
      await browser.messages.move([id], (await folder()).id);
    },
    isFiled: async (mail) => mail.folder?.id === (await folder()).id,
    warn,
  });
  post({ agents, folder, warn });
  /** What nobody could judge without a server is looked at again when there is one. */
  let before = '';
  const look = () => {
    const { status } = core.state.me;
    if (ONLINE.includes(status) && !ONLINE.includes(before) && box.isLeft()) box.lookBack().catch(warn);
    before = status;
  };
  core.subscribe(look);
  box.lookBack().then(look, warn);
}
