// A server with `--classic` for the people of example.net, and beside it what the world has: a DNS server, and a Kamailio that serves classic.example over TLS.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateAuthority, dnsmasq, kamailio } from './kamailio.js';
import { freePort } from './ports.js';
import { run } from './servers.js';
import { sipPhone } from './sip-phone.js';

const PORTS = ['dns', 'http', 'sip', 'phone', 'classic', 'classicTls', 'kamailio', 'kamailioTls', 'refusing', 'busy'];

/** As operators write them: docs/operating.md. @param {Record<string, number>} ports */
function usual(ports) {
  return [
    '--naptr-record=classic.example,10,10,s,SIPS+D2T,,_sips._tcp.classic.example',
    '--naptr-record=classic.example,20,10,s,SIP+D2U,,_sip._udp.classic.example',
    `--srv-host=_sips._tcp.classic.example,sip.classic.example,${ports.kamailioTls},0,1`,
    // Nobody may go there: TLS is offered.
    `--srv-host=_sip._udp.classic.example,sip.classic.example,${ports.hostile},0,1`,
    '--host-record=sip.classic.example,127.0.0.1',
  ];
}

/**
 * @param {{records?: (ports: Record<string, number>) => string[], words?: string[]}} [how]  records: of dnsmasq, more than those of classic.example; words: more for the server
 */
export async function classicWorld({ records = () => [], words = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'starling-classic-'));
  /** @type {Record<string, number>} */
  const ports = {};
  for (const each of [...PORTS, 'hostile']) ports[each] = await freePort();
  /** @type {{close: () => void}[]} */
  const closing = [];
  const ca = certificateAuthority(folder);
  const ours = ca.issue('example.net');
  const dns = dnsmasq({ port: ports.dns, records: [...usual(ports), ...records(ports)] });
  const theirs = await kamailio({
    folder,
    domain: 'classic.example',
    udp: ports.kamailio,
    tls: ports.kamailioTls,
    others: `sip:127.0.0.1:${ports.classicTls};transport=tls`,
    root: ca.root,
    ...ca.issue('classic.example'),
  });
  const args = [
    ...['up', '--data', folder, '--port', String(ports.http), '--sip-port', String(ports.sip), '--dns', dns.place],
    ...['--phone-port', String(ports.phone), '--classic', '--classic-port', String(ports.classic)],
    ...['--classic-tls-port', String(ports.classicTls), '--classic-tls-cert', ours.certificate],
    ...['--classic-tls-key', ours.key, '--classic-anchor', ca.root],
    ...words,
  ];
  async function started() {
    try {
      return await run(args);
    } catch (e) {
      await Promise.allSettled([theirs.close(), dns.close()]);
      throw e;
    }
  }
  const it = {
    folder,
    ports,
    dns,
    theirs,
    closing,
    server: await started(),

    async restart() {
      await it.server.kill();
      it.server = await run(args);
    },

    /** Closed at the end, whatever became of the test. @param {Parameters<typeof sipPhone>[0]} how */
    async phoneOf(how) {
      const one = await sipPhone(how);
      closing.push(one);
      return one;
    },

    /** Somebody at classic.example, registered at its Kamailio. @param {string} user @param {Record<string, any>} [more] */
    async neighbour(user, more = {}) {
      const one = await it.phoneOf({ port: ports.kamailio, user, password: '', domain: 'classic.example', ...more });
      const ended = theirs.ended.then(() => Promise.reject(new Error(theirs.said())));
      const { status } = await Promise.race([one.register(), ended]);
      if (status !== 200) throw new Error(`${user} is not registered: ${status}`);
      return one;
    },

    async close() {
      for (const each of closing) each.close();
      await Promise.allSettled([it.server.kill(), theirs.close(), dns.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return it;
}

/** Whether the last half second is mostly this tone (Goertzel). @param {number[]} samples  8000 a second @param {number} hertz */
export function heard(samples, hertz) {
  const last = samples.slice(-4000);
  if (last.length < 4000) return false;
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 8000);
  let [a, b, energy] = [0, 0, 0];
  for (const each of last) {
    [a, b] = [each + turn * a - b, a];
    energy += each * each;
  }
  return (a * a + b * b - turn * a * b) / (last.length / 2) > 0.9 * energy && energy > 0;
}
