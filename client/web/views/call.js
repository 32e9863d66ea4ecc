// The call bar, and the question when somebody calls.
import { useClock } from '../components/clock.js';
import { Button, Icon, Name, Picture, Trust } from '../components/parts.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js';
import { duration, hasText, t } from '../i18n.js';

/** @typedef {import('../../core/types.js').StarlingApi} Core */
/** @typedef {import('../../core/types.js').Call} Call */

/** @param {{core: Core, call: Call, narrow: boolean, moved?: string}} props  moved: an address that the other says to have now, undecided */
export function CallSurface({ core, call, narrow, moved = '' }) {
  return call.incoming && call.state === 'ringing'
    ? html`<${Incoming} core=${core} call=${call} moved=${moved} />`
    : html`<${Bar} core=${core} call=${call} narrow=${narrow} />`;
}

/** @param {{core: Core, call: Call, moved: string}} props */
function Incoming({ core, call, moved }) {
  const name = call.name || call.address;
  const accept = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    // Whoever is typing keeps the focus: the next space or Enter must not answer a call.
    if (!document.activeElement?.matches('input, textarea, select')) accept.current?.focus();
  }, []);
  return html`<div
    class="incoming"
    role="alertdialog"
    aria-modal="false"
    aria-labelledby="incoming-name"
    aria-describedby="incoming-who"
  >
    <${Picture} name=${call.name} address=${call.address} />
    <div class="incoming-text" aria-live="assertive">
      <strong id="incoming-name">${t('call.incoming', { name })}</strong>
      <p class="small" id="incoming-who">
        <bdi>${call.address}</bdi>${' · '}${
          call.line
            ? html`<span class="call-line"
                >${t('call.line', { server: call.line })} <span aria-hidden="true">!</span></span
              >`
            : html`<${Trust} trust=${call.trust} />${' · '}${t(call.gateway ? 'call.gateway' : 'call.here')}`
        }
      </p>
      ${moved && html`<p class="small">${t('chat.moved', { name, address: moved })}</p>`}
    </div>
    <div class="row">
      <button type="button" class="button accept" ref=${accept} onClick=${() => core.acceptCall()}>
        <${Icon} name="call" />${t('call.accept')}
      </button>
      <${Button} kind="danger" icon="end" task=${() => core.declineCall()}>${t('call.decline')}<//>
      ${!call.line && html`<${Button} kind="plain" task=${() => core.declineCall(t('call.reply.text'))}>${t('call.reply')}<//>`}
    </div>
  </div>`;
}

/** On a phone it covers the page, and is then the page's main part. @param {{core: Core, call: Call, narrow: boolean}} props */
function Bar({ core, call, narrow }) {
  const now = useClock();
  const [choosing, setChoosing] = useState(false);
  const [typing, setTyping] = useState(false);
  const [small, setSmall] = useState(false);
  const name = call.name || call.address;
  useMuteKey(core, call);
  const ended = call.state === 'ended';
  const running = call.state === 'running';
  const lost = running && call.link === 'lost';
  const facts = factsOf(call, now);
  const covers = narrow && !small && !ended;
  return html`<${covers ? 'main' : 'section'}
    class=${`call-bar ${call.state} ${lost ? 'lost' : ''} ${small ? 'small-bar' : ''}`}
    role=${covers ? undefined : 'region'}
    aria-label=${t('call.bar', { name })}
  >
    <${Picture} name=${call.name} address=${call.address} />
    <div class="call-text">
      <${covers ? 'h1' : 'strong'}><${Name} name=${call.name} address=${call.address} /><//>
      <span class="call-facts" role=${running ? undefined : 'status'}
        >${facts.join(' · ')}${running && !call.line && html`${' · '}<${Trust} trust=${call.trust} />`}</span
      >
      ${call.line && html`<span class="call-line">${t('call.line', { server: call.line })} <span aria-hidden="true">!</span></span>`}
      ${running && html`<span class="unseen" role="status">${call.link && t(`call.link.${call.link}`)}</span>`}
    </div>
    ${
      ended
        ? html`<${Button} task=${() => core.hangUp()}>${t('call.close')}<//>`
        : html`<div class="row">
            <${Button}
              icon=${call.muted ? 'mute' : 'microphone'}
              label=${t(call.muted ? 'call.unmute' : 'call.mute')}
              pressed=${call.muted}
              task=${() => core.mute(!call.muted)}
            />
            ${
              running &&
              (call.gateway || !!call.line) &&
              html`<${Button} icon="keys" label=${t('call.keys')} pressed=${typing} task=${() => setTyping(!typing)} />`
            }
            <${Button}
              icon="gear"
              label=${t('call.microphone')}
              pressed=${choosing}
              task=${() => setChoosing(!choosing)}
            />
            <span class="only-narrow">
              <${Button}
                icon=${small ? 'down' : 'up'}
                label=${t(small ? 'call.large' : 'call.small')}
                task=${() => setSmall(!small)}
              />
            </span>
            <${Button} kind="danger" icon="end" task=${() => core.hangUp()}>${t('call.hang-up')}<//>
          </div>`
    }
    ${choosing && !ended && html`<${Microphone} core=${core} />`}
    ${typing && running && html`<${Keypad} core=${core} />`}
  <//>`;
}

/** What is said of a call beside its name. @param {Call} call @param {number} now  Unix ms @returns {string[]} */
export function factsOf(call, now) {
  const name = call.name || call.address;
  if (call.state !== 'running')
    return [
      call.state === 'ended' && call.why && hasText(`error.${call.why}`)
        ? t(`error.${call.why}`, { name })
        : t(`call.${call.state}`),
    ];
  return [
    call.link && t(`call.link.${call.link}`),
    duration(Math.max(0, now - call.since) / 1000),
    !call.link && call.quality && t(`call.quality.${call.quality}`),
    !call.link && !call.gateway && t(call.direct ? 'call.direct' : 'call.relayed'),
    call.gateway && !call.line && t('call.gateway'),
  ].flatMap((each) => each || []);
}

const KEYS = '123456789*0#';
const SHOWN_KEYS = 20;

/**
 * The keys of a telephone, for machines that ask for them; those of the keyboard do the same, outside of fields.
 * @param {{core: Core}} props
 */
export function Keypad({ core }) {
  const [pressed, setPressed] = useState('');
  const [refused, setRefused] = useState(false);
  const press = (/** @type {string} */ key) => {
    void Promise.resolve(core.press(key)).then((taken) => setRefused(!taken));
    setPressed((before) => (before + key).slice(-SHOWN_KEYS));
  };
  // Before the keys are seen: whoever sees them may type.
  useLayoutEffect(() => {
    const typed = (/** @type {KeyboardEvent} */ e) => {
      const at = /** @type {HTMLElement} */ (e.target);
      if (e.key.length !== 1 || !KEYS.includes(e.key) || e.ctrlKey || e.metaKey || e.altKey) return;
      if (!at.matches('input, textarea, select')) press(e.key);
    };
    document.addEventListener('keydown', typed);
    return () => document.removeEventListener('keydown', typed);
  }, []);
  return html`<div class="keypad" role="group" aria-label=${t('call.keys')}>
    <div class="keys">
      ${[...KEYS].map(
        (key) =>
          html`<button type="button" class="button" aria-label=${nameOf(key)} onClick=${() => press(key)}>
            ${key}
          </button>`,
      )}
    </div>
    <p class="small" role="status">
      ${refused ? t('call.keys.none') : pressed && t('call.keys.pressed', { keys: pressed })}
    </p>
  </div>`;
}

/** @param {string} key */
const nameOf = (key) => (key === '*' ? t('call.key.star') : key === '#' ? t('call.key.hash') : undefined);

/** @param {{core: Core}} props */
export function Microphone({ core }) {
  const [all, setAll] = useState(/** @type {{id: string, label: string}[]} */ ([]));
  useEffect(() => {
    core.microphones().then(setAll, () => setAll([]));
  }, []);
  return html`<label class="label inline">
    ${t('call.microphone')}
    <select
      class="field"
      value=${core.state.settings.microphone}
      onChange=${(/** @type {any} */ e) => core.set({ microphone: e.target.value })}
    >
      <option value="">${t('settings.microphone.standard')}</option>
      ${all.map((one) => html`<option value=${one.id}>${one.label}</option>`)}
    </select>
  </label>`;
}

/** M mutes while a call runs, outside of fields. @param {Core} core @param {Call} call */
export function useMuteKey(core, call) {
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ e) => {
      const at = /** @type {HTMLElement} */ (e.target);
      if (e.key.toLowerCase() !== 'm' || e.ctrlKey || e.metaKey || e.altKey || at.matches('input, textarea, select'))
        return;
      core.mute(!call.muted);
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, [call.muted]);
}
