// Stands between agents and a peer's WebSocket, reads and changes what passes, as a peer that lies could.
import WebSocket, { WebSocketServer } from 'ws';
import { parseMessage, writeMessage } from '../../core/sip/message.js';

/** @param {string} base of the peer @returns {Promise<{url: string, alter: (fn: (message: any, up: boolean) => any) => void, close: () => void}>} */
export async function liar(base) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'sip' });
  await new Promise((resolve) => server.once('listening', resolve));
  let alter = (message) => message;
  server.on('connection', (near) => {
    const far = new WebSocket(`${base.replace(/^http/, 'ws')}sip`, ['sip']);
    const waiting = [];
    const pass = (bytes, up) => {
      const to = up ? far : near;
      // null: dropped; an array: all of them; {back}: answered in the peer's name.
      for (const each of [alter(parseMessage(new Uint8Array(bytes)), up)].flat())
        if (each?.back) near.send(writeMessage(each.back));
        else if (each) to.send(writeMessage(each));
    };
    near.on('message', (bytes) => (far.readyState === 1 ? pass(bytes, true) : waiting.push(bytes)));
    far.on('open', () => waiting.splice(0).forEach((bytes) => pass(bytes, true)));
    far.on('message', (bytes) => near.readyState === 1 && pass(bytes, false));
    far.on('close', () => near.close());
    far.on('error', () => near.terminate());
    near.on('close', () => far.close());
    near.on('error', () => far.close());
  });
  return {
    url: `ws://127.0.0.1:${server.address().port}/sip`,
    alter: (fn) => (alter = fn),
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
