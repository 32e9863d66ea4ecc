// A core without a network, for the tests of the page: believable people, messages and events.

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 24, 9, 40);
/** Nobody on Starling. */
const LINE = 'reception@a.rather.long.subdomain.of.classic.example';

const browser = (id, name) => ({
  deviceId: id.repeat(32),
  name,
  added: NOW - 9_000_000,
  self: false,
  listed: true,
  listening: false,
});
const phone = { ...browser('ef', 'Desk phone'), phone: { until: NOW + 21 * 24 * 60 * MINUTE } };

/** @param {Record<string, string>} options  from the URL's query: surface, people, messages */
export function fakeState(options) {
  const surface = options.surface ?? 'conversation';
  const person = (name, address, presence, more = {}) => ({
    address,
    name,
    presence,
    note: '',
    state: 'accepted',
    trust: 'verified',
    unread: 0,
    last: null,
    ...more,
  });
  const contacts = [
    person('Bob Example', 'bob@example.net', 'online', {
      last: { text: 'See you at nine. I bring the maps and the tent.', at: NOW - 2 * MINUTE, mine: false },
      unread: 2,
    }),
    person('Carol Núñez', 'carol@example.org', 'away', {
      ...(surface.startsWith('moved-later')
        ? {
            moved: 'carol@nunez.example',
            movedHidden: surface === 'moved-later-hidden',
            earlier: ['c.nunez@example.org'],
          }
        : {}),
      note: 'In a meeting until four',
      last: { text: 'Thank you!', at: NOW - 50 * MINUTE, mine: true },
    }),
    person('Dora', 'dora@example.com', 'busy', {
      last: {
        text: 'https://example.com/a/rather/long/address/that/does/not/fit',
        at: NOW - 26 * 60 * MINUTE,
        mine: false,
      },
    }),
    person('', 'erik.with.a.very.long.address@subdomain.of.an.example.org', 'offline', {
      trust: 'changed',
      last: { text: 'ok', at: NOW - 3 * 24 * 60 * MINUTE, mine: false },
    }),
    person('Fatima', 'fatima@example.net', 'unknown', { state: 'waiting' }),
    person('Evil\u202Eeman', 'g@example.net', 'offline', { trust: 'unverified' }),
    person('', LINE, 'unknown', {
      state: 'line',
      trust: 'unverified',
      agreed: surface === 'line' ? 'peer.example.net' : '',
      last: { text: 'Hello, are you there?', at: NOW - 4 * 24 * 60 * MINUTE, mine: true },
    }),
  ];
  for (let i = 0; i < Number(options.people ?? 0); i++)
    contacts.push(person(`Person ${i}`, `person${i}@example.net`, 'offline'));
  const early = {
    new: 'new',
    code: 'code',
    waiting: 'waiting-for-device',
    refused: 'waiting-for-device',
    gone: 'removed',
  }[surface];
  return {
    me: {
      address: early === 'new' ? '' : 'alice@example.net',
      name: early ? '' : 'Alice Example',
      status: early ?? 'online',
      availability: 'available',
      detail: '',
      deviceId: 'c0ffee'.repeat(10) + 'beef',
      checkCode: '402917118204',
      refused: surface === 'refused',
      codeExpires: Date.now() + 23 * 60 * MINUTE,
      local: true,
      mailbox: '/mailbox/',
    },
    contacts: early && surface !== 'gone' ? [] : contacts,
    move: fakeMove(surface),
    former:
      surface === 'former'
        ? [
            {
              address: 'alice@a-former-provider.example.org',
              until: NOW + 26 * 24 * 60 * MINUTE,
              people: 5,
              asking: 2,
              devices: [browser('ab', 'Firefox, Windows'), phone],
              waiting: [
                { address: 'dora@example.com', name: 'Dora' },
                { address: 'erik.with.a.very.long.address@subdomain.of.an.example.org', name: '' },
              ],
            },
          ]
        : [],
    backup: surface === 'backup',
    requests:
      surface === 'requests' || surface === 'everything'
        ? [
            {
              address: 'b0b@example.net',
              name: 'Bob Example',
              text: 'Hello, it is me with my new address.',
              at: NOW - MINUTE,
              trust: 'verified',
            },
            { address: 'hal@example.org', name: 'Hal', text: '', at: NOW - 9 * MINUTE, trust: 'verified' },
            {
              address: 'ida@example.org',
              name: 'Ida',
              text: 'From the choir',
              at: NOW - 99 * MINUTE,
              trust: 'verified',
              via: 'alice@a-former-provider.example.org',
            },
          ]
        : [],
    blocked: surface === 'everything' || surface === 'conversation' ? ['mallory@example.org'] : [],
    endorsements:
      surface === 'everything'
        ? [{ deviceId: 'ab'.repeat(32), name: 'Firefox, Android', checkCode: '118204402917', at: NOW }]
        : [],
    call: fakeCall(surface),
    pastCalls: [
      {
        id: '1',
        address: 'bob@example.net',
        name: 'Bob Example',
        incoming: true,
        at: NOW - 40 * MINUTE,
        seconds: 0,
        result: 'missed',
      },
      {
        id: '2',
        address: 'carol@example.org',
        name: 'Carol Núñez',
        incoming: false,
        at: NOW - 90 * MINUTE,
        seconds: 754,
        result: 'answered',
      },
    ],
    adding: surface === 'adding' ? { code: 'K7QX2M9TRD4H', expires: Date.now() + 9.6 * MINUTE } : null,
    notices:
      surface === 'everything'
        ? [
            {
              id: 'n1',
              kind: 'warning',
              key: 'changed',
              args: { name: 'erik', devices: 'Firefox, Windows', since: String(NOW - 25 * 60 * MINUTE) },
              also: { key: 'changed.log.in', args: { since: String(NOW - 26 * 60 * MINUTE) } },
              actions: [
                { id: 'keep', key: 'changed.keep', safe: true },
                { id: 'agree', key: 'changed.agree', safe: false },
              ],
            },
            {
              id: 'n3',
              kind: 'warning',
              key: 'phone-ends',
              args: { name: 'Desk phone', until: String(NOW + 30 * 24 * 60 * MINUTE) },
              actions: [{ id: 'ok', key: 'phone-ends.ok', safe: true }],
            },
          ]
        : surface === 'logs'
          ? logWarnings()
          : surface === 'moved'
            ? moved()
            : surface === 'begun-anew'
              ? begunAnew()
              : surface === 'other-list'
                ? [
                    {
                      id: 'n2',
                      kind: 'warning',
                      key: 'other-list',
                      args: { devices: 'Firefox, Windows', since: String(NOW - 60 * MINUTE) },
                      actions: [
                        { id: 'keep', key: 'other-list.keep', safe: true },
                        { id: 'join', key: 'other-list.join', safe: false },
                      ],
                    },
                    {
                      id: 'n4',
                      kind: 'warning',
                      key: 'fork',
                      args: { devices: 'Firefox, Android' },
                      actions: [
                        { id: 'keep', key: 'fork.keep', safe: true },
                        { id: 'join', key: 'fork.join', safe: false },
                      ],
                    },
                    {
                      id: 'n3',
                      kind: 'info',
                      key: 'device-added',
                      args: { name: 'Firefox, Android' },
                      actions: [{ id: 'ok', key: 'device-added.ok', safe: true }],
                    },
                  ]
                : [],
    settings: {
      strangersRing: false,
      linesRing: false,
      sendReadMarks: true,
      notifications: false,
      microphone: '',
      language: options.language ?? 'en',
    },
    devices: [
      {
        deviceId: 'c0ffee'.repeat(10) + 'beef',
        name: 'Chrome, Linux',
        added: NOW - 86_400_000,
        self: true,
        listed: true,
        listening: true,
      },
      {
        deviceId: 'ab'.repeat(32),
        name: 'Firefox, Windows',
        added: NOW - 9_000_000,
        self: false,
        listed: true,
        listening: false,
      },
      { deviceId: 'cd'.repeat(32), name: '', added: NOW, self: false, listed: false, listening: false },
      ...(surface === 'phone' ? [phone] : []),
    ],
  };
}

const ca = (name, id, more = {}) => ({
  id: id.repeat(32),
  name,
  subject: `CN=${name}`,
  purposes: ['smime'],
  domains: ['*'],
  notAfter: NOW + 900 * 1440 * MINUTE,
  test: false,
  ...more,
});
const OTHER_CA = ca('Example Certification Authority for Persons, Second Generation', '5a', {
  domains: ['example.net', 'subdomain.of.an.example.org'],
});
const fakeAnchors = () => [
  ca('Starling Example CA', 'e1', { purposes: ['mail'] }),
  ca('Example Ltd', 'b7', { domains: ['example.com'] }),
  ca('Test CA of this computer', '0c', { test: true }),
];

function fakeCall(surface) {
  const call = {
    id: 'c',
    address: 'bob@example.net',
    name: 'Bob Example',
    incoming: true,
    state: 'ringing',
    since: 0,
    muted: false,
    trust: 'verified',
    quality: '',
    direct: true,
    gateway: false,
    line: '',
    link: '',
    why: '',
  };
  if (surface === 'ringing') return call;
  const line = { ...call, address: LINE, name: '', line: 'peer.example.net', gateway: true, trust: 'unverified' };
  if (surface === 'line-ringing') return { ...line, name: 'Reception' };
  if (surface === 'line-calling') return { ...line, incoming: false, state: 'ringing' };
  if (surface === 'line-call')
    return { ...line, incoming: false, state: 'running', since: Date.now() - 133_000, quality: 'good' };
  if (surface === 'line-failed') return { ...line, incoming: false, state: 'ended', why: 'line.nobody' };
  if (surface === 'calling') return { ...call, incoming: false, state: 'ringing' };
  if (surface === 'call' || surface === 'everything')
    return { ...call, state: 'running', since: Date.now() - 133_000, quality: 'good' };
  if (surface === 'call-lost') return { ...call, state: 'running', since: Date.now() - 133_000, link: 'lost' };
  if (surface === 'call-back') return { ...call, state: 'running', since: Date.now() - 140_000, link: 'back' };
  if (surface === 'call-failed') return { ...call, incoming: false, state: 'ended', why: 'call.not-genuine' };
  return null;
}

function fakeMessages(count) {
  const texts = [
    'Good morning! Did you see the weather for Saturday?',
    'Yes. Dry until the evening, then rain. Shall we start at nine?',
    'Nine is fine. The route: https://example.com/route/(north)?stage=3 – I also have it on paper.',
    'ok',
    'A longer message, to see how lines break when somebody has more to say than fits in one line of a narrow window, and goes on for a while.',
    'مرحبا، كيف حالك؟',
  ];
  const states = ['read', 'read', 'delivered', 'sent', 'waiting', 'failed'];
  return Array.from({ length: count }, (_, i) => {
    const mine = i % 3 === 1 || i >= count - 3;
    return {
      id: `m${i}`,
      with: 'bob@example.net',
      mine,
      text: texts[i % texts.length],
      at: NOW - (count - i) * 37 * MINUTE,
      state: mine ? (i >= count - 3 ? states[3 + i - (count - 3)] : states[i % 3]) : 'received',
      why: '',
    };
  });
}

/** Over an ordinary phone line. */
function fakeLine() {
  const message = (id, more) => ({
    id,
    with: LINE,
    mine: true,
    text: 'Hello, are you there?',
    at: NOW - 9 * MINUTE,
    state: 'sent',
    why: '',
    line: true,
    ...more,
  });
  return [
    message('l1', {}),
    message('l2', { mine: false, state: 'received', text: 'We open at nine.', at: NOW - 8 * MINUTE }),
    message('l3', { state: 'failed', why: 'line.unreachable', at: NOW - 7 * MINUTE, text: 'Thank you' }),
  ];
}

/** @returns {any} */
export function fakeCore(options) {
  const listeners = new Set();
  const messages = fakeMessages(Number(options.messages ?? 14));
  const nothing = async () => {};
  const core = {
    state: fakeState(options),
    change(part) {
      core.state = { ...core.state, ...part };
      for (const listener of listeners) listener(core.state);
    },
    subscribe: (fn) => (listeners.add(fn), () => listeners.delete(fn)),
    on: () => () => {},
    messages: async (address, before, limit) =>
      address === 'bob@example.net' ? messages.slice(-(limit ?? 50)) : address === LINE ? fakeLine() : [],
    search: async (query, address) =>
      messages
        .filter((m) => m.text.toLowerCase().includes(query.toLowerCase()) && (!address || m.with === address))
        .slice(0, 100),
    async sendMessage(address, text) {
      messages.push({
        id: `n${messages.length}`,
        with: address,
        mine: true,
        text,
        at: Date.now(),
        state: 'waiting',
        why: '',
      });
      core.change({ contacts: [...core.state.contacts] });
    },
    async enrol(address, accountKey = '') {
      const asks = address.startsWith('new.colleague');
      if (asks) throw Object.assign(new Error(), { key: accountKey ? 'account-key.wrong' : 'account-key' });
      if (!address.includes('@')) throw Object.assign(new Error(), { key: 'address.no-at' });
      core.change({ me: { ...core.state.me, address, status: 'code' } });
    },
    async submitCode(code) {
      if (code.length < 32) throw Object.assign(new Error(), { key: 'code.none' });
      core.change({ me: { ...core.state.me, status: 'online' } });
    },
    mute: (muted) => core.change({ call: { ...core.state.call, muted } }),
    press: (key) => key !== '#',
    hangUp: async () => core.change({ call: null }),
    acceptCall: async () => core.change({ call: { ...core.state.call, state: 'running', since: Date.now() } }),
    declineCall: async () => core.change({ call: null }),
    markRead: async (address) =>
      core.change({ contacts: core.state.contacts.map((c) => (c.address === address ? { ...c, unread: 0 } : c)) }),
    lookup: async (address) => (address.startsWith('nobody') ? 'absent' : 'found'),
    async lineOffer(address) {
      return {
        address,
        server: 'peer.example.net',
        domain: address.split('@')[1],
        asked: 1,
        agreed: false,
        always: false,
      };
    },
    microphones: async () => [{ id: 'a', label: 'Built-in microphone' }],
    peers: () => [
      { base: 'https://peer.example.net/', id: 'ab', connected: true, detail: '', lines: true },
      { base: 'https://other.example.org/', id: 'cd', connected: false, detail: '', lines: false },
    ],
    anchors: async () => core.believed,
    believed: fakeAnchors(),
    async readAnchors(text) {
      if (!text.includes('CERTIFICATE')) throw Object.assign(new Error(), { key: 'certificate-file' });
      return [OTHER_CA];
    },
    async addAnchors() {
      core.believed = [...core.believed, OTHER_CA];
      core.change({});
    },
    async removeAnchor(id) {
      core.believed = core.believed.filter((each) => each.id !== id);
      core.change({});
    },
    async openCertificate(_, passphrase) {
      if (passphrase !== 'right') throw Object.assign(new Error(), { key: 'p12.passphrase' });
      if (core.opensBackup)
        return { addresses: ['alice@example.net'], subject: '', issuer: '', notAfter: 0, unknownCa: '', backup: true };
      return {
        addresses: ['alice@example.net', 'alice.with.a.very.long.address@subdomain.of.an.example.org'],
        subject: 'Alice Example, Example Ltd, Department of Long Names',
        issuer: OTHER_CA.name,
        notAfter: OTHER_CA.notAfter,
        unknownCa: OTHER_CA.id,
      };
    },
    useCertificate: async (address) => core.change({ me: { ...core.state.me, address, status: 'online' } }),
    closeCertificate() {},
    exportData: async () => new Blob(['{}']),
    async backupKey(phrase) {
      if (phrase.length < 12) throw Object.assign(new Error(), { key: 'backup.short' });
      core.change({ backup: false });
      return new Blob(['{}']);
    },
    closeBackup: () => core.change({ backup: false }),
    report: async () => `Starling: a report for support\n${'2026-11-24T09:40:00.000Z status: online\n'.repeat(80)}`,
    set: async (change) => core.change({ settings: { ...core.state.settings, ...change } }),
  };
  for (const name of [
    'resendCode',
    'cancelEnrolment',
    'requestContact',
    'acceptRequest',
    'declineRequest',
    'block',
    'unblock',
    'removeContact',
    'changeAddress',
    'submitMoveCode',
    'resendMoveCode',
    'cancelMove',
    'stopUsing',
    'followMoved',
    'decideChanged',
    'retry',
    'call',
    'agreeToLine',
    'askBeforeLine',
    'removeLine',
    'callLine',
    'writeLine',
    'setName',
    'setAvailability',
    'allowDevice',
    'refuseDevice',
    'removeDevice',
    'renameDevice',
    'showDeviceCode',
    'hideDeviceCode',
    'useDeviceCode',
    'askDevicesAgain',
    'recover',
    'showBackup',
    'addPeer',
    'removePeer',
    'answerNotice',
    'deleteEverything',
    'close',
  ])
    core[name] ??= nothing;
  return core;
}

/** What the daily look into the log of a CA may find. */
const logWarnings = () =>
  ['log-foreign', 'log-broken', 'log-silent'].map((key) => ({
    id: key,
    kind: 'error',
    key,
    args: {
      address: 'alice@example.net',
      authority: 'Example CA',
      number: '4711',
      until: String(NOW + 20 * 24 * 60 * MINUTE),
      reason: 'forked',
    },
    actions: [{ id: 'ok', key: 'log.ok', safe: true }],
  }));

/** A new address that is not hers yet. */
function fakeMove(surface) {
  const steps = { code: 'code', expired: 'code', waiting: 'waiting-for-device', refused: 'waiting-for-device' };
  const about = surface.startsWith('move-') ? surface.slice('move-'.length) : '';
  const step = about && (steps[about] ?? 'working');
  const rest = {
    codeExpires: Date.now() + (about === 'expired' ? -9 : 23) * 60 * MINUTE,
    checkCode: '402917118204',
    refused: about === 'refused',
    mailbox: '/mailbox/',
  };
  return step ? { address: 'alice@new.example.org', step, ...rest } : null;
}

/** A contact who moved, and another browser of hers that did. */
function moved() {
  const action = (id, key, safe) => ({ id, key, safe });
  return [
    {
      id: 'moved bob@example.net',
      kind: 'warning',
      key: 'moved',
      args: { name: 'Bob Example', old: 'bob@example.net', address: 'bob.example@a-new-provider.example.org' },
      also: { key: 'moved.doubt', args: {} },
      actions: [action('follow', 'moved.follow', false), action('later', 'moved.later', true)],
    },
    {
      id: 'moving',
      kind: 'warning',
      key: 'moving',
      args: { address: 'alice@new.example.org' },
      actions: [action('go', 'moving.go', true), action('ok', 'moving.ok', false)],
    },
  ];
}

/** What is said of lists that were begun anew, to everybody concerned. */
function begunAnew() {
  const since = String(NOW - 60 * MINUTE);
  const ok = (key) => [{ id: 'ok', key, safe: true }];
  return [
    {
      id: 'changed erik',
      kind: 'warning',
      key: 'changed.wait',
      args: { name: 'Erik', devices: 'Firefox, Windows', since, until: String(NOW + 23 * 60 * MINUTE) },
      also: { key: 'changed.log.not-in', args: { since } },
      actions: ok('changed.ok'),
    },
    {
      id: 'changed dora',
      kind: 'warning',
      key: 'changed.objected',
      args: { name: 'Dora', devices: 'Thunderbird, Linux' },
      actions: ok('changed.ok'),
    },
    {
      id: 'objected x',
      kind: 'warning',
      key: 'objected',
      args: { devices: 'Thunderbird, Linux' },
      actions: ok('objected.ok'),
    },
    {
      id: 'objecting x',
      kind: 'info',
      key: 'objecting',
      args: { devices: 'Firefox, Windows' },
      actions: [...ok('objecting.ok'), { id: 'join', key: 'objecting.join', safe: false }],
    },
    {
      id: 'revoke-old',
      kind: 'warning',
      key: 'revoke-old',
      args: {},
      actions: [
        { id: 'again', key: 'revoke-old.again', safe: true },
        { id: 'leave', key: 'revoke-old.leave', safe: false },
      ],
    },
    {
      id: 'renew-why',
      kind: 'info',
      key: 'renew-why',
      args: { url: 'https://ca.example.net/news/2026-11-30' },
      actions: ok('renew-why.ok'),
    },
  ];
}
