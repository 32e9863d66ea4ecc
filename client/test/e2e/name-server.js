// A DNS server on the loopback that knows a few names (RFC 1035): service records and IPv4 addresses.
import { createSocket } from 'node:dgram';

const A = 1;
const SRV = 33;
const HEADER_BYTES = 12;

/**
 * Answers with one record a name and type; that there is no other name; and nothing where a name has no such type.
 * @param {Record<string, {port: number, target: string} | string>} records  a service, or an IPv4 address
 */
export async function nameServer(records) {
  const socket = createSocket('udp4');
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
    const data = typeof record === 'string' ? (wanted === A ? address(record) : null) : record && service(record);
    const head = Buffer.alloc(HEADER_BYTES);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(record ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(data ? 1 : 0, 6);
    socket.send(Buffer.concat([head, question.subarray(HEADER_BYTES, at + 5), data ?? Buffer.alloc(0)]), from.port);
  });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(undefined)));
  return { asked, place: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

/** Of the name that was asked for, good for a minute. @param {number} type @param {Buffer} data */
function resource(type, data) {
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** @param {string} text */
const address = (text) => resource(A, Buffer.from(text.split('.').map(Number)));

/** @param {{port: number, target: string}} record */
function service({ port, target }) {
  const labels = target.split('.').map((each) => Buffer.from([each.length, ...Buffer.from(each)]));
  const head = Buffer.from([0, 1, 0, 0, port >> 8, port & 255]);
  return resource(SRV, Buffer.concat([head, ...labels, Buffer.alloc(1)]));
}
