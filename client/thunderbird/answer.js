// Sends the answer to the CA's mail as the person would: in a window of Thunderbird's own, out of their own account, so that their provider signs it. It is open for a
// second; whatever goes wrong, it is closed.
import { StarlingError } from '../core/errors.js';

/** When sending fails, or a password is wrong, Thunderbird opens a dialog, and nothing comes back until somebody has closed it. A provider is slower than this seldom. */
const PATIENCE_MILLIS = 45_000;

/** The identity that sends as this address; '' when there is none. @param {string} address */
export async function identityOf(address) {
  const accounts = await browser.accounts.list(false);
  const all = accounts.flatMap((/** @type {any} */ account) => account.identities);
  return all.find((/** @type {any} */ each) => String(each.email).toLowerCase() === address)?.id ?? '';
}

/** @template T @param {Promise<T>} task @param {number} ms @returns {Promise<T>} */
function within(task, ms) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new StarlingError('reply.stuck')), ms);
  });
  return Promise.race([task, late]).finally(() => clearTimeout(timer));
}

/**
 * @param {number} mail  the CA's @param {{address: string, from: string}} to @param {string} text @param {any} folder  for the copy; null: where the account puts it @param {number} [patience] ms
 * @returns {Promise<void>} throws `reply.unsent` or `reply.stuck`
 */
export async function sendAnswer(mail, to, text, folder, patience = PATIENCE_MILLIS) {
  const identityId = await identityOf(to.address);
  if (!identityId) throw new StarlingError('reply.no-account');
  /** @type {any} */
  let tab = null;
  const begun = (async () => {
    // RFC 8823, section 3.2: plain text, nothing else; to whom the CA says that it writes from, and to nobody else whatever the mail says.
    tab = await browser.compose.beginReply(mail, 'replyToSender', {
      ...{ identityId, to: [to.from], cc: [], bcc: [], replyTo: [], followupTo: [], newsgroups: [] },
      ...{ isPlainText: true, plainTextBody: text, attachVCard: false, returnReceipt: false },
      ...(folder ? { overrideDefaultFcc: true, overrideDefaultFccFolder: folder } : {}),
    });
    await plain(tab.id);
    const sent = await browser.compose.sendMessage(tab.id, { mode: 'sendNow' });
    // When the message about a failure is closed this may settle as if all were well; then it names no mail.
    if (!sent?.headerMessageId) throw new StarlingError('reply.unsent');
  })();
  const closed = async () => tab && (await browser.tabs.remove(tab.id).catch(() => {}));
  try {
    await within(begun, patience);
  } catch (e) {
    throw e instanceof StarlingError ? e : new StarlingError('reply.unsent', {}, String(e).slice(0, 200));
  } finally {
    // Behind a dialog it stays until that is answered.
    begun.then(closed, closed);
    await closed();
  }
}

/** Neither encrypted, which the CA cannot read, nor signed by OpenPGP or S/MIME, which makes another form of it. @param {number} tab */
async function plain(tab) {
  const { selectedEncryptionTechnology: chosen } = await browser.compose.getComposeDetails(tab);
  if (!chosen?.encryptBody && !chosen?.signMessage) return;
  const { name } = chosen;
  const off = {
    name,
    encryptBody: false,
    signMessage: false,
    ...(name === 'OpenPGP' ? { encryptSubject: false } : {}),
  };
  await browser.compose.setComposeDetails(tab, { selectedEncryptionTechnology: off });
}
