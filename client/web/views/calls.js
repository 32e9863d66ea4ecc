// Past calls, newest first.
import { Button, Name, Picture } from '../components/parts.js';
import { saying } from '../errors.js';
import { html, useEffect, useState } from '../html.js';
import { duration, moment, t } from '../i18n.js';
import { useLine } from './line.js';
import { Pane } from './pane.js';
import { sawCalls } from './list.js';

/** @param {{core: import('../../core/types.js').StarlingApi, state: import('../../core/types.js').State, back: () => void}} props */
export function Calls({ core, state, back }) {
  const [error, setError] = useState('');
  useEffect(sawCalls, [state.pastCalls]);
  const [question, ask] = useLine(core);
  const call = (/** @type {import('../../core/types.js').PastCall} */ { address, line = false }) => {
    setError('');
    const calling = line ? ask(address, 'call', () => core.callLine(address)) : core.call(address);
    return calling.catch((failure) => setError(saying(failure)));
  };
  return html`<${Pane} title=${t('calls.title')} back=${back}>
    ${question}
    <p class="error" role="alert">${error}</p>
    ${!state.pastCalls.length && html`<p class="empty">${t('calls.none')}</p>`}
    <ul class="plain-list">
      ${state.pastCalls.slice(0, 200).map(
        (past) =>
          html`<li class=${`entry ${past.result === 'missed' ? 'missed' : ''}`} key=${past.id}>
            <${Picture} name=${past.name} address=${past.address} />
            <div class="entry-text">
              <strong><${Name} name=${past.name} address=${past.address} /></strong>
              <span class="small"
                >${[
                  t(past.incoming ? 'calls.in' : 'calls.out'),
                  t(`calls.${past.result}`, { time: duration(past.seconds) }),
                  moment(past.at),
                  past.line && t('trust.unverified'),
                ]
                  .filter(Boolean)
                  .join(' · ')}</span
              >
            </div>
            <${Button}
              icon="call"
              label=${t('calls.again', { name: past.name || past.address })}
              disabled=${!!state.call}
              task=${() => call(past)}
            />
          </li>`,
      )}
    </ul>
  <//>`;
}
