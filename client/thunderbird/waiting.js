// While the CA's mail is on its way: what happens, and what to do when it does not.
import { Button } from '../web/components/parts.js';
import { useClock } from '../web/components/clock.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useState } from '../web/html.js';
import { hasText, t } from '../web/i18n.js';
import { Code, CodeForm } from '../web/views/enrol.js';
import { onProofs, proofs } from './proof.js';

/** A mail is there in seconds, mostly. */
const LATE_MILLIS = 60_000;

/** @type {Record<string, string>} */
const ANSWERING = { waiting: '', sending: 'now', failed: 'failed' };

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {import('./proof.js').Proof} Proof */

/** What is known of the mail that an address waits for. @param {string} address @returns {Proof | null} */
function useProof(address) {
  const [all, setAll] = useState(/** @type {Proof[]} */ ([]));
  useEffect(() => {
    void proofs().then(setAll);
    return onProofs(setAll);
  }, []);
  return all.find((each) => each.address === address) ?? null;
}

/** @param {{core: Core, state: import('../core/types.js').State}} props */
export function WaitForMail({ core, state }) {
  const { address, codeExpires } = state.me;
  const [form, again] = [html`<${Code} core=${core} state=${state} />`, () => core.resendCode()];
  const cancel = () => core.cancelEnrolment();
  return html`<${Wait} ...${{ address, expires: codeExpires, form, heading: 'h1', again, cancel }} />`;
}

/** For an address that is to come. @param {{core: Core, move: NonNullable<import('../core/types.js').State['move']>, cancel: () => Promise<any>}} props */
export function WaitForMove({ core, move, cancel }) {
  const again = () => core.resendMoveCode();
  const about = { address: move.address, expires: move.codeExpires, heading: 'h3', again, cancel };
  const cancelText = t('move.cancel');
  const submit = (/** @type {string} */ typed) => core.submitMoveCode(typed);
  const form = html`<${CodeForm} ...${{ ...about, mailbox: move.mailbox, submit, cancelText }} />`;
  return html`<${Wait} ...${{ ...about, form, cancelText }} />`;
}

/** form: to type the code @typedef {{address: string, expires: number, form: any, heading: string, again: () => Promise<any>, cancel: () => Promise<any>, cancelText?: string}} Awaited */

/** @param {Awaited} props */
function Wait(props) {
  const [byHand, setByHand] = useState(false);
  const now = useClock();
  const proof = useProof(props.address);
  if (byHand || props.expires <= now) return props.form;
  return html`<${Steps} ...${props} proof=${proof} now=${now} byHand=${() => setByHand(true)} />`;
}

/** @param {Awaited & {proof: Proof | null, now: number, byHand: () => void}} props */
function Steps({ address, heading, again, cancel, cancelText = t('enrol.code.change'), proof, now, byHand }) {
  const [error, setError] = useState('');
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState('');
  const step = proof?.step ?? 'waiting';
  const isLate = step === 'waiting' && proof && now - proof.at > LATE_MILLIS;
  const attempt = async (/** @type {string} */ which, /** @type {() => Promise<any>} */ task, done = '') => {
    setBusy(which);
    setError('');
    setNote('');
    await task().then(
      () => setNote(done),
      (failure) => setError(saying(failure)),
    );
    setBusy('');
  };
  const look = () => attempt('look', () => browser.runtime.sendMessage('look-back'), t('proof.looked'));
  const failure = step === 'failed' ? proof?.why : proof?.error;
  const judged = step === 'sent' || step === 'code' ? (failure ? 'failed' : 'now') : '';
  const why = step === 'code' && proof?.why ? `proof.instead.${proof.why}` : '';
  return html`<div>
    <${heading}>${t('proof.title', { address })}<//>
    <ol class="steps">
      <${Step}
        at=${step === 'waiting' ? 'now' : 'done'}
        text=${t('proof.mail', { from: proof?.from || t('proof.ca') })}
      />
      <${Step} at=${ANSWERING[step] ?? 'done'} text=${t('proof.answer')} />
      <${Step} at=${judged} text=${t('proof.judged')} />
    </ol>
    <p class="lead" role="status">
      ${
        isLate
          ? t('proof.late')
          : why
            ? t(hasText(why) ? why : 'proof.instead.generic', { why: proof?.detail ?? '' })
            : failure && step === 'sent'
              ? ''
              : t(`proof.${step}`)
      }
    </p>
    ${failure && html`<p class="error" role="alert">${saying({ key: failure })}</p>`}
    <p class="error" role="alert">${error}</p>
    ${
      (isLate || failure) &&
      html`<div class="row">
        <${Button} kind="main" busy=${busy === 'look'} task=${look}>${t('proof.look')}<//>
        <${Button} busy=${busy === 'again'} task=${() => attempt('again', again, t('proof.sent-again'))}>
          ${t('proof.again')}
        <//>
      </div>`
    }
    <p class="small" role="status">${note}</p>
    <div class="row spread">
      <${Button} kind="plain" task=${() => attempt('cancel', cancel)}>${cancelText}<//>
      <${Button} kind="plain" task=${byHand}>${t('proof.by-hand')}<//>
    </div>
  </div>`;
}

const SIGNS = /** @type {Record<string, string>} */ ({ done: '✓', now: '…', failed: '!' });

/** By shape and word, never by colour alone. @param {{at: string, text: string}} props */
function Step({ at, text }) {
  return html`<li class=${`step ${at}`} aria-current=${at === 'now' ? 'step' : undefined}>
    <span class="step-sign" aria-hidden="true">${SIGNS[at] ?? '○'}</span>
    <span>${text}</span>
    ${at && html`<span class="unseen">${t(`proof.step.${at}`)}</span>`}
  </li>`;
}
