// People who would like to be contacts: they see nothing and do not ring until accepted.
import { Button, Name, Picture, Trust } from '../components/parts.js';
import { html } from '../html.js';
import { moment, t } from '../i18n.js';
import { resembles } from '../names.js';
import { Pane } from './pane.js';

/** @param {{core: import('../../core/types.js').StarlingApi, state: import('../../core/types.js').State, back: () => void}} props */
export function Requests({ core, state, back }) {
  const known = state.contacts.map((contact) => contact.address);
  const accept = (/** @type {import('../../core/types.js').ContactRequest} */ { address, via }) =>
    core.acceptRequest(address, via && t('request.via.hello', { address: via }));
  return html`<${Pane} title=${t('request.title')} back=${back}>
    <p class="lead">${state.requests.length ? t('request.lead') : t('request.none')}</p>
    <ul class="plain-list">
      ${state.requests.map((request) => {
        const like = resembles(request.address, [...known, state.me.address]);
        return html`<li class="entry request" key=${request.address}>
          <${Picture} name=${request.name} address=${request.address} />
          <div class="entry-text">
            <strong><${Name} name=${request.name} address=${request.address} /></strong>
            <span class="small"
              ><bdi>${request.address}</bdi>${' · '}<${Trust}
                trust=${request.trust}
              />${' · '}${moment(request.at)}</span
            >
            ${request.text && html`<p dir="auto">${request.text}</p>`}
            ${like && html`<p class="error">${t('request.resembles', { address: like })}</p>`}
            ${request.via && html`<p class="small">${t('request.via', { address: request.via })}</p>`}
            <div class="row">
              <${Button} kind="main" task=${() => accept(request)}
                >${t(request.via ? 'request.via.accept' : 'request.accept')}<//
              >
              <${Button} task=${() => core.declineRequest(request.address)}>${t('request.decline')}<//>
              <${Button} kind="plain" task=${() => core.block(request.address)}>${t('request.block')}<//>
            </div>
          </div>
        </li>`;
      })}
    </ul>
  <//>`;
}
