// The frame of everything in the right pane that is not a conversation.
import { Button } from '../components/parts.js';
import { html, useEffect, useRef } from '../html.js';
import { t } from '../i18n.js';

/** @param {{title: string, back: () => void, children?: any}} props */
export function Pane({ title, back, children }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  return html`<main class="pane main-pane" id="main-pane">
    <header class="head">
      <span class="only-narrow"><${Button} icon="back" label=${t('chat.back')} task=${back} /></span>
      <h1 tabindex="-1" ref=${heading}>${title}</h1>
    </header>
    <div class="scroll sheet">${children}</div>
  </main>`;
}
