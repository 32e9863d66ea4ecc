// Sends what waits for people who are away as an encrypted mail, too, where the person wants that: an ordinary mail out of their account, which says in plain words what it
// is, with the encrypted one attached, because Thunderbird lets no extension send a mail that is encrypted as a whole. docs/protocols/letter.md
import { letters as german } from '../web/text/letters-de.js';
import { letters as english } from '../web/text/letters-en.js';
import { identityOf } from './answer.js';
import { MARK, SUBJECT } from './letters.js';
import { letters, maySend, onLettersChanged, setLetters } from './letter-setting.js';
import { within } from './within.js';

const LOOK_MILLIS = 15_000;
/** Thunderbird may ask for a password meanwhile. */
const PATIENCE_MILLIS = 45_000;
/** After one that could not be sent: everybody's waits, for it is mostly the account. After one that could not be made: that person's alone. */
const FAILED_MILLIS = 1_800_000;

/** Lines stay lines only in HTML; what goes out is plain text. */
const BODY = `<html><body>${[english, german].map((each) => `<p>${each['letters.mail.1']}<br>${each['letters.mail.2']}</p>`).join('')}</body></html>`;

/**
 * @param {{agents: () => import('../core/starling.js').Starling[], folder: () => Promise<any>, warn: (e: unknown) => void, now?: () => number}} around  folder: for the copy of what was sent
 */
export function post({ agents, folder, warn, now = () => Date.now() }) {
  let wanted = false;
  let busy = false;
  let pausedUntil = 0;
  /** From which of our addresses to whom no mail can be made now, and until when. @type {Map<string, number>} */
  const paused = new Map();
  /** @type {any} */
  let timer;

  /** @param {import('../core/starling.js').Starling} agent @param {string} to */
  async function send(agent, to) {
    const { mails } = agent.ctx;
    const identityId = await identityOf(agent.state.me.address);
    if (!identityId) return void (await setLetters({ why: 'no-account' }));
    const copy = await folder().catch(() => null);
    const pair = `${agent.state.me.address} ${to}`;
    if (paused.has(pair)) return;
    paused.set(pair, now() + FAILED_MILLIS);
    const letter = await mails.write(to, SUBJECT).catch(warn);
    if (!letter) return;
    paused.delete(pair);
    const sending = browser.messages.sendMessage(
      {
        ...{ identityId, to: [to], subject: SUBJECT, body: BODY, deliveryFormat: 'plaintext', attachVCard: false },
        ...{ customHeaders: [{ name: 'X-Starling', value: MARK }] },
        attachments: [{ file: new File([letter], 'message.eml', { type: 'message/rfc822' }) }],
        ...(copy ? { overrideDefaultFccFolder: copy } : {}),
      },
      { mode: 'sendNow' },
    );
    await within(sending, PATIENCE_MILLIS, 'sending a mail');
    await setLetters({ why: '' });
  }

  async function look() {
    if (!wanted || busy || now() < pausedUntil) return;
    busy = true;
    try {
      if (!(await maySend())) return;
      for (const [pair, until] of paused) if (until <= now()) paused.delete(pair);
      for (const agent of agents()) for (const to of agent.ctx.mails.due()) await send(agent, to);
    } catch (e) {
      // It is not tried again: the message waits where it always does.
      pausedUntil = now() + FAILED_MILLIS;
      await setLetters({ why: 'failed' }).catch(warn);
      warn(e);
    } finally {
      busy = false;
    }
  }

  async function read() {
    wanted = (await letters()).on;
    clearInterval(timer);
    if (!wanted) return void (pausedUntil = 0);
    timer = setInterval(() => void look(), LOOK_MILLIS);
    await look();
  }
  onLettersChanged(() => void read().catch(warn));
  /** Settles when what the person wants was read, and what was due then has been tried. */
  const started = read().catch(warn);
  return { look, started };
}
