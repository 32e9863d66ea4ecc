// The messages that the server's parser is tortured with: vectors/sip-torture.json. Both agree, or the case says why not.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { StarlingError } from '../core/errors.js';
import { first, parseMessage, writeMessage } from '../core/sip/message.js';

const { cases } = JSON.parse(await readFile(new URL('../../vectors/sip-torture.json', import.meta.url), 'utf8'));

const bytes = ({ raw, lines, body }) => Buffer.from(raw ?? `${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');

for (const each of cases) {
  const accepts = each.js?.accepts ?? each.status === 0;
  test(`${each.name} is ${accepts ? 'read' : 'refused'}${each.js ? `: ${each.js.why}` : ''}`, () => {
    if (each.js) assert.notEqual(accepts, each.status === 0, 'a difference is named only where there is one');
    if (!accepts) {
      assert.throws(
        () => parseMessage(bytes(each)),
        (e) => e instanceof StarlingError && e.key === 'bad-message',
      );
      return;
    }
    const message = parseMessage(bytes(each));
    for (const [name, value] of Object.entries(each.reads ?? {})) assert.equal(first(message, name), value);
    if (each.status === 0)
      assert.deepEqual(parseMessage(Buffer.from(writeMessage(message))).body.length, message.body.length);
  });
}
