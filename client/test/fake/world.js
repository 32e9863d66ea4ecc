// Whole agents over two peers and one store, in one process: what is on its way can be dropped, delayed, altered,
// counted, and the store of a person cut off at any write. Time passes only while nothing else happens.
import { base64, hex, random, unbase64 } from '../../core/bytes.js';
import { sipUri } from '../../core/identity/address.js';
import { publicMaster, rendezvous, seal, unseal } from '../../core/record/rendezvous.js';
import { first, request, response } from '../../core/sip/message.js';
import { Starling } from '../../core/starling.js';
import { memoryStore } from '../../core/store/memory.js';
import { authority, issue } from '../authority.js';
import { fakeMedia } from './people.js';
import { relay, simulatedTime } from './relay.js';

const STEP_MILLIS = 20;
const PATIENCE_MILLIS = 180_000;

export const pem = (der) => `-----BEGIN CERTIFICATE-----\n${base64(der)}\n-----END CERTIFICATE-----\n`;

/** @param {{peers?: number, start?: number}} [how] */
export async function world({ peers = 2, start = Date.UTC(2026, 10, 24, 12) } = {}) {
  const time = simulatedTime(start);
  const ca = await authority(time.now());
  const dht = new Told();
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
        loopback: () => true,
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
    async pass(millis, step = 250) {
      for (let left = millis; left > 0; left -= step) {
        time.advance(Math.min(step, left));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },

    /** Days go by while nobody is there; the peers go on sealing what they keep for these addresses: CERT and DEVICES. */
    async daysPass(days, addresses, on = () => {}) {
      for (let day = 1; day <= days; day++) {
        const before = time.now();
        time.sleep(86_400_000);
        for (const address of addresses) for (const kind of ['CERT', 'DEVICES']) await reseal(address, kind, before);
        await on(day);
      }
    },

    now: time.now,

    /** What lies under the keys of a place now. @param {Uint8Array} master @param {string} kind */
    async under(master, kind, at = time.now()) {
      const place = await rendezvous(master, kind, dayOf(at));
      return { place, values: dht.get(hex(place.dhtKey)) ?? new Map() };
    },

    close: () => Promise.allSettled(agents.map((each) => each.reach && closeNow(each))),
  };
  async function reseal(address, kind, before) {
    const master = await publicMaster(address, 'local');
    const old = await it.under(master, kind, before);
    const now = await it.under(master, kind);
    for (const [slot, data] of old.values)
      now.values.set(slot, base64(await seal(now.place, await unseal(old.place, unbase64(data)))));
    dht.set(hex(now.place.dhtKey), now.values);
  }

  return it;
}

const dayOf = (at) => new Date(at).toISOString().slice(0, 10);

/** Signs nobody off: the process is gone. */
export function closeNow(one) {
  one.reach.close();
  one.ctx.locator.close();
  one.ctx.presence.close();
  one.ctx.devices.close();
  one.ctx.own.close();
  one.ctx.sync.close();
  one.ctx.delivery.close();
  one.ctx.places.close();
  one.ctx.watching.close();
  one.ctx.boxes.close();
  for (const flow of one.ctx.ua?.flows.values() ?? []) flow.close();
}

export const contact = (state, address) => state.contacts.find((each) => each.address === address);

/** Values by slot by key; whoever watches is told of what is new under a key. */
class Told extends Map {
  told = new Set();
  before = new Map();

  set(key, values) {
    super.set(key, values);
    const before = this.before.get(key);
    const news = [...values].filter(([slot, data]) => before?.get(slot) !== data);
    this.before.set(key, new Map(values));
    for (const tell of this.told) tell(key, news);
    return this;
  }
}

/** A relay with what a peer does for presence, and the gate to the store. */
function peer(time, dht, ca) {
  const one = relay({ id: hex(random(32)), now: time.now });
  const documents = new Map();
  const watchers = new Map();
  const streams = new Set();
  /** Until when a value is kept; what a test planted stays. */
  const ends = new Map();
  const base = one.peer.base;
  const it = {
    id: one.id,
    base,
    relay: one,
    /** Attacks of this peer. */
    alter: (message) => message,
    down: false,
    /** So many SUBSCRIBEs come before what lets their watchers through. */
    early: 0,
    /** The device that lets nobody through here, by the first half of its GRUU's parameter. */
    strange: '',
    swallows: false,
    hides: false,
    full: 0,
    requests: [],
    streams,
    /** Lists of withdrawn certificates by URL. */
    lists: new Map(),
    /** Where the DNS says that the peers of any domain are; null: it does not answer. */
    dns: null,
    recommends: [],
    classic: [],
    network: 'local',
    die() {
      it.down = true;
      one.die();
      for (const stop of [...streams]) stop(new TypeError('terminated'));
    },
    /** As after beginning anew: nobody is told of anybody. */
    forgetWatchers: () => watchers.clear(),
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
        if (it.early > 0 || (key && it.strange === key)) {
          if (it.early > 0) it.early--;
          setTimeout(() => notify({ key: '', message }, 'pending'), 0);
          return { answer: response(message, 200, 'OK') };
        }
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

  function notify({ key, message }, state = 'active') {
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
          ['subscription-state', `${state};expires=600`],
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
    if (path === 'relay') return Response.json({ uris: [], username: 'nobody', password: 'nothing', ttl: 3600 });
    if (path === 'listen') return listen(JSON.parse(init.body).keys, init.signal);
    if (path.startsWith('crl?url=')) {
      const list = it.lists.get(decodeURIComponent(path.slice('crl?url='.length)));
      return list ? new Response(list) : new Response('', { status: 404 });
    }
    if (path.startsWith('peers?domain='))
      return it.dns ? Response.json({ peers: it.dns }) : new Response('', { status: 502 });
    const [key, query] = path.slice('key/'.length).split('?');
    const values = dht.get(key) ?? new Map();
    if (init.method === 'POST') {
      const { id, data, until } = JSON.parse(new TextDecoder().decode(init.body));
      if (it.swallows) return new Response('{}');
      if (it.full && values.size >= it.full) return new Response('', { status: 429 });
      dht.set(key, values.set(`${it.id} ${id}`, data));
      ends.set(`${key} ${it.id} ${id}`, until);
      return new Response('{}');
    }
    if (init.method === 'DELETE') {
      values.delete(`${it.id} ${query.slice('id='.length)}`);
      return new Response('{}');
    }
    for (const slot of values.keys()) if (ends.get(`${key} ${slot}`) <= time.now() / 1000) values.delete(slot);
    const lines = it.hides ? [] : [...values].map(([slot, data]) => JSON.stringify({ id: slot.split(' ')[1], data }));
    return new Response(lines.map((line) => `${line}\n`).join(''));
  }

  /** What changes under many keys, until the peer dies or the reader goes. */
  function listen(keys, signal) {
    let told, stop;
    const wanted = new Set(keys);
    const body = new ReadableStream({
      start(to) {
        const say = (line) => to.enqueue(new TextEncoder().encode(`${line && JSON.stringify(line)}\n`));
        stop = (why) => {
          if (!streams.delete(stop)) return;
          dht.told.delete(told);
          if (why) to.error(why);
        };
        told = (key, values) => {
          if (wanted.has(key) && !it.hides)
            for (const [slot, data] of values) say({ key, id: slot.split(' ')[1], data });
        };
        dht.told.add(told);
        streams.add(stop);
        for (const key of keys) {
          if (!it.hides) for (const [slot, data] of dht.get(key) ?? []) say({ key, id: slot.split(' ')[1], data });
          say({ key, complete: true });
        }
        const alive = () => streams.has(stop) && (say(''), time.timer(20_000, alive));
        time.timer(20_000, alive);
      },
      cancel: () => stop(),
    });
    signal?.addEventListener('abort', () => stop(new DOMException('aborted', 'AbortError')));
    return new Response(body);
  }

  const describe = () => ({
    id: it.id,
    ws: one.peer.ws,
    sip: one.uri,
    network: it.network,
    local: true,
    ca: { directory: `${base}acme/directory` },
    anchors: [{ pem: pem(ca.certificate.der) }],
    peers: it.recommends,
    classic: it.classic,
  });
  return it;
}

/** A stranger's request to one of us, signed by a certificate of its own, along a peer. */
export const gruuOf = (address, device) => `${sipUri(address)};gr=${device}`;
