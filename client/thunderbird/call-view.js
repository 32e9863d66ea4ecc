import { Button, Icon, Name, Picture, Trust } from '../web/components/parts.js';
import { useClock } from '../web/components/clock.js';
import { html, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { factsOf, Keypad, Microphone, useMuteKey } from '../web/views/call.js';

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {import('../core/types.js').Call} Call */
/** @typedef {import('../core/media/far.js').Sound} Sound */

/** @param {{core: Core, call: Call | null, over: boolean, sound: Sound, close: () => void}} props  over: the call is the last one, which has ended */
export function CallWindow({ core, call, over, sound, close }) {
  if (!call) return null;
  const ended = over || call.state === 'ended';
  const ringing = call.incoming && call.state === 'ringing' && !ended;
  return html`<main class=${`sound call-window ${ringing ? 'ringing' : ''}`}>
    <${Picture} name=${call.name} address=${call.address} />
    <h1><${Name} name=${call.name} address=${call.address} /></h1>
    <p class="small">
      ${call.name && html`<bdi>${call.address}</bdi>${' · '}`}${
        call.line
          ? html`<span class="call-line"
              >${t('call.line', { server: call.line })} <span aria-hidden="true">!</span></span
            >`
          : html`<${Trust} trust=${call.trust} />`
      }
    </p>
    ${
      ended
        ? html`<${Ended} call=${call} sound=${sound} close=${close} />`
        : ringing
          ? html`<${Ringing} core=${core} call=${call} />`
          : html`<${Running} core=${core} call=${call} sound=${sound} />`
    }
  </main>`;
}

/** @param {{call: Call, sound: Sound, close: () => void}} props */
function Ended({ call, sound, close }) {
  const text = sound.phase === 'lost' ? t('sound.lost') : factsOf({ ...call, state: 'ended' }, 0).join(' · ');
  return html`<p class="lead" role="alert">${text}</p>
    <${Button} kind="main" task=${close}>${t('call.close')}<//>`;
}

/** No button has the focus: whoever is typing a mail must not answer with the next space. @param {{core: Core, call: Call}} props */
function Ringing({ core, call }) {
  return html`<p class="lead" role="alert">${t(call.gateway ? 'call.gateway' : 'call.here.program')}</p>
    <div class="row">
      <button type="button" class="button accept" onClick=${() => core.acceptCall()}>
        <${Icon} name="call" />${t('call.accept')}
      </button>
      <${Button} kind="danger" icon="end" task=${() => core.declineCall()}>${t('call.decline')}<//>
      ${!call.line && html`<${Button} kind="plain" task=${() => core.declineCall(t('call.reply.text'))}>${t('call.reply')}<//>`}
    </div>`;
}

/** @param {{core: Core, call: Call, sound: Sound}} props */
function Running({ core, call, sound }) {
  const now = useClock();
  const [open, setOpen] = useState('');
  useMuteKey(core, call);
  const toggle = (/** @type {string} */ what) => setOpen(open === what ? '' : what);
  const running = call.state === 'running';
  const keys = running && (call.gateway || !!call.line);
  return html`<p class="lead" role=${running ? undefined : 'status'}>${factsOf(call, now).join(' · ')}</p>
    ${running && html`<span class="unseen" role="status">${call.link && t(`call.link.${call.link}`)}</span>`}
    <div class="row">
      <${Button}
        icon=${call.muted ? 'mute' : 'microphone'}
        label=${t(call.muted ? 'call.unmute' : 'call.mute')}
        pressed=${call.muted}
        task=${() => core.mute(!call.muted)}
      />
      ${keys && html`<${Button} icon="keys" label=${t('call.keys')} pressed=${open === 'keys'} task=${() => toggle('keys')} />`}
      <${Button}
        icon="gear"
        label=${t('call.microphone')}
        pressed=${open === 'microphone'}
        task=${() => toggle('microphone')}
      />
      <${Button} kind="danger" icon="end" task=${() => core.hangUp()}>${t('call.hang-up')}<//>
    </div>
    ${open === 'microphone' && html`<${Microphone} core=${core} />`}
    ${open === 'keys' && keys && html`<${Keypad} core=${core} />`}
    <${Where} sound=${sound} />`;
}

/** Where the sound is made, and who could listen there. @param {{sound: Sound}} props */
function Where({ sound }) {
  const { phase, server } = sound;
  return html`<p class="ask-microphone" role="status" hidden=${phase !== 'opening' && phase !== 'asking'}>
      ${phase === 'opening' || phase === 'asking' ? t(`sound.${phase}`) : ''}
    </p>
    ${server && html`<p class="small">${t('sound.here', { server: new URL(server).host })}</p>`}`;
}
