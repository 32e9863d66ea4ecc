// First use: one field and one button, then the code from the mail.
import { useClock } from '../components/clock.js';
import { Button } from '../components/parts.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { aboutServer, duration, t } from '../i18n.js';
import { AccountKey, isOfAccountKey, wantsAccountKey } from '../components/account-key.js';
import { codeIn } from '../../core/enrol/acme.js';
import { saying } from '../errors.js';
import { takeLink } from '../adding.js';
import { isAddon } from '../origin.js';
import { SmimeForm } from './smime.js';
import { Waiting } from './waiting.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').State} State */

/** @param {{core: Core, state: State, needsKey?: boolean, back?: () => void}} props  needsKey: the CA has said that it wants a key for an account; back: to where another address can be chosen */
export function Enrol({ core, state, needsKey, back }) {
  const { me } = state;
  return html`<main class="card-page">
    <section class="card">
      <img class="logo" src="/web/icons/starling.svg" alt="" width="56" height="56" />
      ${
        me.status === 'waiting-for-device'
          ? html`<${Waiting} core=${core} state=${state} />`
          : me.status === 'code'
            ? html`<${Code} core=${core} state=${state} />`
            : html`<${Start} core=${core} state=${state} needsKey=${needsKey} back=${back} />`
      }
    </section>
  </main>`;
}

/** By a code, or by a certificate that the person has already. @param {{core: Core, state: State, needsKey?: boolean, back?: () => void}} props */
function Start({ core, state, needsKey, back }) {
  const [smime, setSmime] = useState(false);
  if (smime)
    return html`<div>
      <h1>${t('smime.title')}</h1>
      <${SmimeForm} core=${core} close=${() => setSmime(false)} />
    </div>`;
  return html`<div>
    <${AddressForm} core=${core} state=${state} needsKey=${needsKey} />
    <div class="row spread">
      <${Button} kind="plain" task=${() => setSmime(true)}>${t('smime.start')}<//>
      ${back && html`<${Button} kind="plain" task=${back}>${t('setup.back')}<//>`}
    </div>
  </div>`;
}

/** @param {{core: Core, state: State, needsKey?: boolean}} props */
function AddressForm({ core, state, needsKey = false }) {
  const [link, setLink] = useState(takeLink);
  const [address, setAddress] = useState(link?.address ?? state.me.address);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [keyed, setKeyed] = useState(needsKey);
  const [key, setKey] = useState('');
  const [wrongKey, setWrongKey] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    // The link may be pasted into a page that is open already.
    const moved = () => {
      const next = takeLink();
      if (!next) return;
      setLink(next);
      setAddress(next.address);
    };
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const start = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      if (link && link.address === address.trim()) await core.useDeviceCode(link.code);
      await core.enrol(address.trim(), key.trim());
    } catch (failure) {
      if (wantsAccountKey(failure)) setKeyed(true);
      setWrongKey(isOfAccountKey(failure));
      setError(wantsAccountKey(failure) && !keyed ? '' : saying(failure));
      field.current?.focus();
    }
    setBusy(false);
  };
  const working = busy || state.me.status === 'enrolling';
  return html`<form onSubmit=${start} novalidate>
    <h1>${t(link ? 'enrol.add.title' : 'enrol.title')}</h1>
    <p class="lead">${t(link ? 'enrol.add.lead' : 'enrol.lead')}</p>
    <label class="label" for="address">${t('enrol.address')}</label>
    <input
      class="field"
      id="address"
      ref=${field}
      type="email"
      inputmode="email"
      autocomplete="email"
      spellcheck="false"
      autocapitalize="none"
      aria-invalid=${error && !wrongKey ? 'true' : undefined}
      aria-describedby="enrol-error"
      value=${address}
      onInput=${(/** @type {any} */ e) => setAddress(e.target.value)}
    />
    ${keyed && html`<${AccountKey} value=${key} input=${setKey} error=${wrongKey ? error : ''} describedBy="enrol-error" />`}
    <p class="error" id="enrol-error" role="alert">${error}</p>
    <button class=${`button main wide ${working ? 'busy' : ''}`} disabled=${working}>
      ${working ? t('enrol.sending') : t('enrol.start')}
    </button>
    <p class="small">
      ${t('enrol.privacy')}${' '}
      ${!isAddon && html`<a href=${aboutServer()} target="_blank" rel="noopener">${t('enrol.about')}</a>`}
    </p>
  </form>`;
}

/** @param {{core: Core, state: State}} props */
export function Code({ core, state }) {
  const { me } = state;
  return html`<${CodeForm}
    heading="h1"
    address=${me.address}
    expires=${me.codeExpires}
    mailbox=${me.mailbox}
    submit=${(/** @type {string} */ typed) => core.submitCode(typed)}
    again=${() => core.resendCode()}
    cancel=${() => core.cancelEnrolment()}
    cancelText=${t('enrol.code.change')}
  />`;
}

/**
 * The code from a mail, for a first address or a new one.
 * @param {{heading: 'h1' | 'h3', address: string, expires: number, mailbox: string, submit: (typed: string) => Promise<void>, again: () => Promise<void>, cancel: () => Promise<void>, cancelText: string}} props
 */
export function CodeForm({ heading, address, expires, mailbox, submit: use, again, cancel, cancelText }) {
  const [code, setCode] = useState('');
  const [error, setError] = useState('');
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  // Sent since this is shown: by whichever clock.
  const [fresh, setFresh] = useState(false);
  const now = useClock();
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const left = Math.max(0, Math.ceil((expires - now) / 1000));
  const isOver = !left && !fresh;
  useEffect(() => field.current?.focus(), [isOver]);
  const attempt = async (/** @type {() => Promise<void>} */ task, done = '') => {
    setBusy(true);
    setError('');
    setNote('');
    try {
      await task();
      setNote(done);
    } catch (failure) {
      setError(saying(failure));
      field.current?.focus();
    }
    setBusy(false);
  };
  const submit = (/** @type {string} */ typed) => attempt(() => use(typed));
  const resend = () => attempt(() => again().then(() => setFresh(true)), t('enrol.code.sent-again'));
  // A paste that holds a code needs no further key; the whole mail may be pasted.
  const pasted = (/** @type {ClipboardEvent} */ e) => {
    const text = e.clipboardData?.getData('text') ?? '';
    if (busy || !codeIn(text)) return;
    e.preventDefault();
    setCode(text.trim());
    submit(text);
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    if (!busy && code.trim()) submit(code);
  };
  if (isOver)
    return html`<div>
      <${heading}>${t('enrol.code.over.title', { address })}<//>
      <p class="lead" role="status">${t('enrol.code.over.lead')}</p>
      <p class="error" role="alert">${error}</p>
      <${Button} kind="main" busy=${busy} task=${resend}>${t('enrol.code.over.send')}<//>
      <${Button} kind="plain" disabled=${busy} task=${() => attempt(cancel)}>${cancelText}<//>
    </div>`;
  return html`<form onSubmit=${(/** @type {Event} */ e) => (e.preventDefault(), submit(code))}>
    <${heading}>${t('enrol.code.title', { address })}<//>
    <p class="lead">${t('enrol.code.lead')}</p>
    <label class="label" for="code">${t('enrol.code.field')}</label>
    <textarea
      class="field code"
      id="code"
      ref=${field}
      rows="2"
      spellcheck="false"
      autocomplete="one-time-code"
      autocapitalize="none"
      aria-invalid=${error ? 'true' : undefined}
      aria-describedby="code-error"
      value=${code}
      onInput=${(/** @type {any} */ e) => setCode(e.target.value)}
      onPaste=${pasted}
      onKeyDown=${key}
    ></textarea>
    <p class="error" id="code-error" role="alert">${error}</p>
    <button class=${`button main wide ${busy ? 'busy' : ''}`} disabled=${busy || !code.trim()}>
      ${busy ? t('enrol.code.checking') : t('enrol.code.submit')}
    </button>
    <p class="small" role="status">
      ${note || (left ? t('enrol.code.left', { time: left > 5400 ? `${Math.round(left / 3600)} h` : duration(left) }) : t('enrol.code.expired'))}
    </p>
    <div class="row spread">
      <${Button} kind="plain" task=${() => attempt(cancel)}>${cancelText}<//>
      <${Button} kind="plain" disabled=${busy} task=${resend}> ${t('enrol.code.again')} <//>
    </div>
    ${mailbox && html`<p class="small"><a href=${mailbox} target="_blank" rel="noopener">${t('app.mailbox')}</a></p>`}
  </form>`;
}
