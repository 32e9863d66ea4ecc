// Below the field for somebody new: people whom one knows already, each with a button to ask. Only that button looks anybody up.
import { Button, Name, Picture } from '../web/components/parts.js';
import { saying } from '../web/errors.js';
import { html, useEffect, useMemo, useRef, useState } from '../web/html.js';
import { t } from '../web/i18n.js';
import { inBooks, lately } from './acquaintances.js';
import { readFile, vCard } from './vcard.js';

const MOST_SHOWN = 100;

/** @typedef {import('../core/types.js').StarlingApi} Core */
/** @typedef {import('../core/types.js').State} State */
/** @typedef {import('./vcard.js').Named} Named */

/** @param {{core: Core, state: State, typed: string}} props  typed: what stands in the field */
export function Known({ core, state, typed }) {
  const [recent, setRecent] = useState(/** @type {Named[]} */ ([]));
  const [people, setPeople] = useState(/** @type {{from: 'books' | 'file', all: Named[]} | null} */ (null));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => void lately().then(setRecent, () => {}), []);
  const busily = async (/** @type {() => Promise<void>} */ task) => {
    setBusy(true);
    setError('');
    await task().catch((e) => setError(saying(e)));
    setBusy(false);
  };
  const books = () => busily(async () => setPeople({ from: 'books', all: await inBooks() }));
  const read = (/** @type {any} */ e) => {
    const [chosen] = e.target.files;
    e.target.value = '';
    if (chosen) void busily(async () => setPeople({ from: 'file', all: await readFile(chosen) }));
  };
  return html`<section class="narrow-form known">
    ${recent.length > 0 && html`<${People} core=${core} state=${state} title=${t('people.recent')} people=${recent} typed=${typed} most=${8} />`}
    <p class="error" role="alert">${error}</p>
    <div class="row">
      <${Button} busy=${busy} task=${books}>${t('people.show-books')}<//>
      <input type="file" accept=".vcf,text/vcard" tabindex="-1" aria-hidden="true" ref=${file} onChange=${read} />
      <${Button} disabled=${busy} task=${() => file.current?.click()}>${t('people.read')}<//>
      <${Button} disabled=${!state.contacts.length} task=${() => save(state)}>${t('people.save')}<//>
    </div>
    <p class="small">${t('people.hint')}</p>
    ${people && html`<${People} core=${core} state=${state} title=${t(`people.${people.from}`)} people=${people.all} typed=${typed} most=${MOST_SHOWN} evenNobody />`}
  </section>`;
}

/** Everybody who is a contact, as one file. @param {State} state */
function save({ me, contacts }) {
  const cards = contacts.filter((each) => each.state === 'accepted' || each.state === 'waiting').map(vCard);
  const url = URL.createObjectURL(new Blob(cards, { type: 'text/vcard' }));
  Object.assign(document.createElement('a'), { href: url, download: `starling-${me.address}.vcf` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {{core: Core, state: State, title: string, people: Named[], typed: string, most: number, evenNobody?: boolean}} props  evenNobody: it is said when there is nobody */
function People({ core, state, title, people, typed, most, evenNobody = false }) {
  const others = useMemo(() => strangers(people, state), [people, state.contacts, state.blocked, state.me.address]);
  if (!others.length && !evenNobody) return null;
  const wanted = typed.trim().toLowerCase();
  const found = wanted
    ? others.filter(({ name, address }) => `${name} ${address}`.toLowerCase().includes(wanted))
    : others;
  return html`<h2>${title}</h2>
    ${
      found.length
        ? html`<ul class="people-list">
            ${found.slice(0, most).map((person) => html`<${Person} key=${person.address} core=${core} person=${person} />`)}
          </ul>`
        : html`<p class="small">${t(others.length ? 'people.nothing' : 'people.nobody')}</p>`
    }
    ${found.length > most && html`<p class="small">${t('people.more', { count: found.length - most })}</p>`}`;
}

/** Those who are no contacts. One who was asked just now stays, so that one sees it. @param {Named[]} people @param {State} state */
function strangers(people, { me, contacts, blocked }) {
  const known = new Set(
    contacts.flatMap((each) => (each.state === 'accepted' ? [each.address, ...(each.earlier ?? [])] : [])),
  );
  const out = new Set([me.address, ...blocked]);
  return people.filter(({ address }) => !known.has(address) && !out.has(address));
}

/** @param {{core: Core, person: Named}} props */
function Person({ core, person: { address, name } }) {
  const [said, setSaid] = useState('');
  const [step, setStep] = useState(/** @type {'' | 'working' | 'asked' | 'anyway'} */ (''));
  const waiting = core.state.contacts.some((each) => each.address === address && each.state === 'waiting');
  const send = async () => {
    setStep('working');
    try {
      await core.requestContact(address, { name });
      setStep('asked');
      setSaid('');
    } catch (e) {
      setStep('');
      setSaid(saying(e));
    }
  };
  const ask = async () => {
    setStep('working');
    setSaid(t('person.looking', { address }));
    const found = await core.lookup(address).catch(() => /** @type {const} */ ('unreachable'));
    if (found === 'found') return send();
    setSaid(t(`person.${found}`, { address }));
    setStep(found === 'forged' ? '' : 'anyway');
  };
  const text = t(step === 'anyway' ? 'person.anyway' : 'people.ask');
  return html`<li class="people-row">
    <${Picture} name=${name} address=${address} />
    <span class="people-text">
      <strong><${Name} name=${name} address=${address} /></strong>
      ${name && html`<bdi class="small">${address}</bdi>`}
      <span class="small" role="status">${said}</span>
    </span>
    ${
      waiting || step === 'asked'
        ? html`<span class="small">${t('list.waiting')}</span>`
        : html`<${Button}
            busy=${step === 'working'}
            label=${`${text}: ${name || address}`}
            task=${step === 'anyway' ? send : ask}
            >${text}<//
          >`
    }
  </li>`;
}
