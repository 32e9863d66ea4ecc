// Somebody new: look the address up, ask to be a contact, or invite by mail.
import { Button } from '../components/parts.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { saying } from '../errors.js';
import { resembles } from '../names.js';
import { useLine } from './line.js';
import { Pane } from './pane.js';

const MAX_HELLO = 140;

/** @param {{core: import('../../core/types.js').StarlingApi, state: import('../../core/types.js').State, wanted?: string, known?: any, back: () => void, open: (address: string) => void}} props  wanted: an address that somebody clicked; nothing is asked before the person says so; known: a part that shows whom they know already */
export function NewPerson({ core, state, wanted: clicked = '', known, back, open }) {
  const [address, setAddress] = useState(clicked);
  const [text, setText] = useState('');
  const [result, setResult] = useState(
    /** @type {'' | 'looking' | 'found' | 'absent' | 'forged' | 'unreachable'} */ (''),
  );
  const [error, setError] = useState('');
  const [line, setLine] = useState(/** @type {import('../../core/types.js').LineOffer | null} */ (null));
  const [question, askLine] = useLine(core);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const wanted = address.trim().toLowerCase();
  const like = resembles(
    wanted,
    state.contacts.map((contact) => contact.address),
  );

  const ask = async () => {
    try {
      await core.requestContact(wanted, { text });
      open(wanted);
    } catch (failure) {
      setError(saying(failure));
    }
  };
  const look = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setError('');
    if (wanted === state.me.address) return setError(t('person.self'));
    const there = state.contacts.find((contact) => contact.address === wanted);
    if (there && there.state !== 'removed') return open(wanted);
    setResult('looking');
    setLine(null);
    try {
      const found = await core.lookup(wanted);
      setResult(found);
      if (found === 'found') await ask();
      else if (found === 'absent') setLine(await core.lineOffer(wanted).catch(() => null));
    } catch (failure) {
      setResult('');
      setError(saying(failure));
      field.current?.focus();
    }
  };
  const invitation = `mailto:${encodeURIComponent(wanted)}?subject=${encodeURIComponent(t('person.invite.subject'))}&body=${encodeURIComponent(
    t('person.invite.body', { url: location.origin, address: state.me.address }),
  )}`;
  return html`<${Pane} title=${t('person.title')} back=${back}>
    <form class="narrow-form" onSubmit=${look} novalidate>
      <label class="label" for="new-address">${t('person.address')}</label>
      <input
        class="field"
        id="new-address"
        ref=${field}
        type="email"
        inputmode="email"
        autocomplete="off"
        spellcheck="false"
        autocapitalize="none"
        aria-invalid=${error ? 'true' : undefined}
        value=${address}
        onInput=${(/** @type {any} */ e) => (setAddress(e.target.value), setResult(''), setError(''), setLine(null))}
      />
      ${like && html`<p class="error">${t('request.resembles', { address: like })}</p>`}
      <label class="label" for="hello">${t('person.hello')}</label>
      <textarea
        class="field"
        id="hello"
        rows="2"
        dir="auto"
        maxlength=${MAX_HELLO}
        value=${text}
        onInput=${(/** @type {any} */ e) => setText(e.target.value)}
      ></textarea>
      <p class="small">${t('person.left', { count: MAX_HELLO - text.length })}</p>
      <p class="error" role="alert">${error}</p>
      <p role="status">
        ${result && t(result === 'looking' ? 'person.looking' : `person.${result}`, { address: wanted })}
      </p>
      <div class="row">
        <button
          class=${`button main ${result === 'looking' ? 'busy' : ''}`}
          disabled=${!wanted || result === 'looking'}
        >
          ${t('person.ask')}
        </button>
        ${result === 'absent' && html`<a class="button" href=${invitation}>${t('person.invite')}</a>`}
        ${(result === 'absent' || result === 'unreachable') && html`<${Button} kind="plain" task=${ask}>${t('person.anyway')}<//>`}
      </div>
      ${line && html`<${Line} core=${core} line=${line} inCall=${!!state.call} ask=${askLine} open=${open} />`}
    </form>
    ${known && html`<${known} core=${core} state=${state} typed=${address} />`} ${question}
  <//>`;
}

/**
 * Nobody on Starling, but perhaps somebody with a telephone at that address.
 * @param {{core: import('../../core/types.js').StarlingApi, line: import('../../core/types.js').LineOffer, inCall: boolean, ask: ReturnType<typeof useLine>[1], open: (address: string) => void}} props
 */
function Line({ core, line: { address, server, domain }, inCall, ask, open }) {
  const [error, setError] = useState('');
  const attempt = (/** @type {'call' | 'write'} */ kind) => async () => {
    setError('');
    try {
      await ask(address, kind, async () => {
        if (kind === 'call') core.callLine(address).catch((failure) => setError(saying(failure)));
        open(address);
      });
    } catch (failure) {
      setError(saying(failure));
    }
  };
  return html`<section class="bar warning line-offer" aria-label=${t('line.offer.title', { domain })}>
    <div>
      <strong>${t('line.offer.title', { domain })}</strong>
      <p>${t('line.offer.lead', { name: address, server, domain })}</p>
      <p class="error" role="alert">${error}</p>
    </div>
    <div class="row">
      <${Button} icon="call" disabled=${inCall} task=${attempt('call')}>${t('line.offer.call')}<//>
      <${Button} task=${attempt('write')}>${t('line.offer.write')}<//>
    </div>
  </section>`;
}
