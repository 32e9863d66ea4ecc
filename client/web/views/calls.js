// Past calls, newest first.
import { Button, Name, Picture } from '../components/parts.js';
import { html, useEffect } from '../html.js';
import { duration, moment, t } from '../i18n.js';
import { Pane } from './pane.js';
import { sawCalls } from './list.js';

/** @param {{core: import('../../core/types.js').StarlingApi, state: import('../../core/types.js').State, back: () => void}} props */
export function Calls({ core, state, back }) {
  useEffect(sawCalls, [state.pastCalls]);
  return html`<${Pane} title=${t('calls.title')} back=${back}>
    ${!state.pastCalls.length && html`<p class="empty">${t('calls.none')}</p>`}
    <ul class="plain-list">
      ${state.pastCalls.slice(0, 200).map(
        (call) =>
          html`<li class=${`entry ${call.result === 'missed' ? 'missed' : ''}`} key=${call.id}>
            <${Picture} name=${call.name} address=${call.address} />
            <div class="entry-text">
              <strong><${Name} name=${call.name} address=${call.address} /></strong>
              <span class="small"
                >${t(call.incoming ? 'calls.in' : 'calls.out')} ·
                ${t(`calls.${call.result}`, { time: duration(call.seconds) })} · ${moment(call.at)}</span
              >
            </div>
            <${Button}
              icon="call"
              label=${t('calls.again', { name: call.name || call.address })}
              disabled=${!!state.call}
              task=${() => core.call(call.address).catch(() => {})}
            />
          </li>`,
      )}
    </ul>
  <//>`;
}
