// A DNS server that knows a few names (RFC 1035, RFC 3596): service records, addresses, and who takes the mail.
import { createSocket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';

const A = 1;
const MX = 15;
const AAAA = 28;
const SRV = 33;
const HEADER_BYTES = 12;

/**
 * Answers with one record a name and type; that there is no other name; and nothing where a name has no such type.
 * @param {Record<string, {port: number, target: string} | {mail: string} | string | string[]>} records  a service, a domain's mail server, an address, or one of each family
 * @param {{host?: string, port?: number}} [at]  where it listens
 */
export async function nameServer(records, { host = '127.0.0.1', port = 0 } = {}) {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  /** @type {string[]} */
  const asked = [];
  socket.on('message', (question, from) => {
    const labels = [];
    let at = HEADER_BYTES;
    for (; question[at]; at += question[at] + 1)
      labels.push(question.toString('latin1', at + 1, at + 1 + question[at]));
    const name = labels.join('.').toLowerCase();
    asked.push(name);
    const record = records[name];
    const wanted = question.readUInt16BE(at + 1);
    const data = record && resource(wanted, record);
    const head = Buffer.alloc(HEADER_BYTES);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(record ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data ? 1 : 0, 6);
    socket.send(
      Buffer.concat([head, question.subarray(HEADER_BYTES, at + 5), data ?? Buffer.alloc(0)]),
      from.port,
      from.address,
    );
  });
  await new Promise((resolve) => socket.bind(port, host, () => resolve(undefined)));
  return { asked, place: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

/** What is known of that type. @param {number} type @param {{port: number, target: string} | {mail: string} | string | string[]} record */
function resource(type, record) {
  if (typeof record === 'object' && 'mail' in record)
    return type === MX ? good(MX, Buffer.concat([Buffer.from([0, 10]), written(record.mail)])) : null;
  if (typeof record === 'object' && !Array.isArray(record)) return type === SRV ? good(SRV, service(record)) : null;
  const family = type === AAAA ? isIPv6 : type === A ? isIPv4 : () => false;
  const found = [record].flat().find(family);
  return found ? good(type, address(found)) : null;
}

/** Of the name that was asked for, good for a minute. @param {number} type @param {Buffer} data */
function good(type, data) {
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** @param {string} text */
function address(text) {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [left, right] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = right ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left;
  return Buffer.from(groups.map((each) => each.padStart(4, '0')).join(''), 'hex');
}

/** @param {{port: number, target: string}} record */
function service({ port, target }) {
  return Buffer.concat([Buffer.from([0, 1, 0, 0, port >> 8, port & 255]), written(target)]);
}

/** A name. @param {string} name */
function written(name) {
  const labels = name.split('.').map((each) => Buffer.from([each.length, ...Buffer.from(each)]));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}
