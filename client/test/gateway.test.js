// What a device says of itself in Contact: that it is a telephone, at whose server the encryption of a call ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGateway } from '../core/call/live.js';
import { request } from '../core/sip/message.js';

const contact = (value) => isGateway(request('INVITE', 'sip:bob@example.net', [['contact', value]]));

test('a telephone is known by its feature tag, wherever it stands among the parameters', () => {
  const gruu = '<sip:bob@example.net;gr=ab>';
  for (const yes of [
    `${gruu};+starling.gateway`,
    `${gruu};x=1;+starling.gateway;y`,
    `${gruu} ; +Starling.Gateway="true"`,
  ])
    assert.ok(contact(yes), yes);
  for (const no of [
    gruu,
    `${gruu};+starling.gateways`,
    `${gruu};starling.gateway`,
    '<sip:bob@example.net;+starling.gateway>',
  ])
    assert.ok(!contact(no), no);
});
