// Whole agents over two peers and one store, in one process: what is on its way can be dropped, delayed, altered,
// counted, and the store of a person cut off at any write. Time passes only while nothing else happens.
import { base64, hex, random } from '../../core/bytes.js';
import { sipUri } from '../../core/identity/address.js';
import { first, request, response } from '../../core/sip/message.js';
import { Starling } from '../../core/starling.js';
import { memoryStore } from '../../core/store/memory.js';
import { authority, issue } from '../authority.js';
import { fakeMedia } from './people.js';
import { relay, simulatedTime } from './relay.js';

const STEP_MILLIS = 20;
const PATIENCE_MILLIS = 60_000;

export const pem = (der) => `-----BEGIN CERTIFICATE-----\n${base64(der)}\n-----END CERTIFICATE-----\n`;

/** @param {{peers?: number}} [how] */
export async function world({ peers = 2 } = {}) {
  const time = simulatedTime(Date.UTC(2026, 10, 24, 12));
  const ca = await authority(time.now());
  const dht = new Map();
  const all = Array.from({ length: peers }, () => peer(time, dht, ca));
  for (const one of all) for (const other of all) if (one !== other) one.relay.others.set(other.id, other.relay);
  const bases = all.map((each) => each.base);
  const agents = [];
  const it = {
    time,
    ca,
    dht,
    peers: all,
    /** What is said between people, as it passes. */
    alter: (fn) => all.forEach((each) => (each.alter = fn)),

    /** A store with a certificate for the address in it. */
    async card(address) {
      const store = memoryStore();
      const { key, chain } = await issue(ca, address, time.now());
      const friendsKey = random(32);
      const profile = { address, name: '', key, chain, friendsKey, friendsVersion: 1, ownKey: random(32) };
      await store.put('me', 'profile', { ...profile, network: 'local', local: true });
      await store.put('me', 'anchors', [pem(ca.certificate.der)]);
      return store;
    },

    async agent(address, { store, ...more } = {}) {
      const media = fakeMedia();
      const one = await Starling.open({
        store: store ?? (await it.card(address)),
        fetch: (url, init) => all.find((each) => String(url).startsWith(each.base)).fetch(String(url), init),
        webSocket: (url) => all.find((each) => each.relay.peer.ws === url).relay.open(),
        now: time.now,
        steady: time.now,
        peers: bases,
        loopback: true,
        media,
        deviceName: 'test',
        timer: time.timer,
        ...more,
      });
      agents.push(one);
      return Object.assign(one, { media });
    },

    async online(address, how) {
      const one = await it.agent(address, how);
      await it.until(one, (s) => s.me.status === 'online', `${address} online`);
      return one;
    },

    /** Two people who accepted each other. */
    async friends(a = 'alice@example.net', b = 'bob@example.net') {
      const [alice, bob] = [await it.online(a), await it.online(b)];
      await alice.requestContact(b, {});
      await it.until(bob, (s) => s.requests.length === 1, 'request');
      await bob.acceptRequest(a);
      await it.until(alice, (s) => contact(s, b)?.presence === 'online', 'bob seen online');
      await it.until(bob, (s) => contact(s, a)?.presence === 'online', 'alice seen online');
      return [alice, bob];
    },

    /** Lets things happen, and time pass while nothing does, until it is so. */
    async until(one, holds, what) {
      const end = Date.now() + PATIENCE_MILLIS;
      while (!(await holds(one.state))) {
        if (Date.now() > end) throw new Error(`waited for ${what}: ${JSON.stringify(one.state)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        time.advance(STEP_MILLIS);
      }
      return one.state;
    },

    /** So much time passes, in steps, with what happens in it. */
    async pass(millis) {
      for (let left = millis; left > 0; left -= 250) {
        time.advance(Math.min(250, left));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },

    close: () => Promise.allSettled(agents.map((each) => each.reach && closeNow(each))),
  };
  return it;
}

/** Signs nobody off: the process is gone. */
export function closeNow(one) {
  one.reach.close();
  one.ctx.presence.close();
  one.ctx.devices.close();
  one.ctx.delivery.close();
  for (const flow of one.ctx.ua?.flows.values() ?? []) flow.close();
}

export const contact = (state, address) => state.contacts.find((each) => each.address === address);

/** A relay with what a peer does for presence, and the gate to the store. */
function peer(time, dht, ca) {
  const one = relay({ id: hex(random(32)), now: time.now });
  const documents = new Map();
  const watchers = new Map();
  const base = one.peer.base;
  const it = {
    id: one.id,
    base,
    relay: one,
    /** Attacks of this peer. */
    alter: (message) => message,
    down: false,
    swallows: false,
    hides: false,
    requests: [],
    /** Lists of withdrawn certificates by URL. */
    lists: new Map(),
    network: 'local',
    die() {
      it.down = true;
      one.die();
    },
    rise() {
      it.down = false;
      one.dead = false;
    },
    fetch,
  };
  one.alter = (message) => {
    const passed = it.alter(message, it);
    return passed && !passed.answer && !passed.status ? serve(passed) : passed;
  };
  one.ended = (instance) => {
    for (const key of documents.keys())
      if (instance.slice(0, 12) === key.slice(0, 12)) {
        documents.delete(key);
        tell(key);
      }
  };

  function serve(message) {
    const event = first(message, 'event');
    if (message.method === 'PUBLISH') {
      if (event === 'presence') {
        const key = /tuple id="d([0-9a-f]{16})"/.exec(new TextDecoder().decode(message.body))[1];
        documents.set(key, message);
        queueMicrotask(() => tell(key));
      }
      return { answer: response(message, 200, 'OK') };
    }
    if (message.method === 'SUBSCRIBE') {
      const key = /gr=([0-9a-f]{16})/.exec(message.uri)?.[1];
      if (first(message, 'route').includes(one.id) || !first(message, 'route')) {
        watchers.set(first(message, 'call-id'), { key, message });
        setTimeout(() => tell(key, first(message, 'call-id')), 0);
        return { answer: response(message, 200, 'OK') };
      }
    }
    return message;
  }

  function tell(key, only) {
    for (const [callId, watcher] of watchers) if (watcher.key === key && (!only || only === callId)) notify(watcher);
  }

  function notify({ key, message }) {
    const said = documents.get(key);
    const to = /<([^>]*)>/.exec(first(message, 'contact'))[1];
    one.pass(
      request(
        'NOTIFY',
        to,
        [
          ['via', `SIP/2.0/TLS x;branch=z9hG4bK${hex(random(8))}`],
          ['from', first(message, 'to')],
          ['to', first(message, 'from')],
          ['call-id', first(message, 'call-id')],
          ['cseq', '1 NOTIFY'],
          ['event', 'presence'],
          ['subscription-state', 'active;expires=600'],
          ...(said ? [['starling-signature', first(said, 'starling-signature')]] : []),
        ],
        said ? 'application/pidf+xml' : '',
        said?.body,
      ),
      () => {},
    );
  }

  async function fetch(url, init = {}) {
    it.requests.push(`${init.method ?? 'GET'} ${url.slice(base.length)}`);
    if (it.down) throw new TypeError('fetch failed');
    const path = url.slice(base.length);
    if (path === 'peer.json') return Response.json(describe());
    if (path.startsWith('crl?url=')) {
      const list = it.lists.get(decodeURIComponent(path.slice('crl?url='.length)));
      return list ? new Response(list) : new Response('', { status: 404 });
    }
    const key = path.slice('key/'.length);
    const values = dht.get(key) ?? new Map();
    if (init.method === 'POST') {
      const { id, data } = JSON.parse(new TextDecoder().decode(init.body));
      if (!it.swallows) dht.set(key, values.set(`${it.id} ${id}`, data));
      return new Response('{}');
    }
    const lines = it.hides ? [] : [...values].map(([slot, data]) => JSON.stringify({ id: slot.split(' ')[1], data }));
    return new Response(lines.map((line) => `${line}\n`).join(''));
  }

  const describe = () => ({
    id: it.id,
    ws: one.peer.ws,
    sip: one.uri,
    network: it.network,
    local: true,
    ca: { directory: `${base}acme/directory` },
    anchors: [{ pem: pem(ca.certificate.der) }],
    peers: [],
  });
  return it;
}

/** A stranger's request to one of us, signed by a certificate of its own, along a peer. */
export const gruuOf = (address, device) => `${sipUri(address)};gr=${device}`;
